"""The examples in docs/teach.md run, in the order of the document."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/teach.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """A folder with the pictures that the examples name."""
    for digit in (4, 7):
        picture = (ROOT / f"tests/golden/{digit}.png").read_bytes()
        (tmp_path / f"my-{digit}.png").write_bytes(picture)
    return tmp_path


def test_python_examples_run_in_the_order_of_the_document(folder, monkeypatch):
    assert len(EXAMPLES) >= 4
    monkeypatch.setenv("INKDIGITS_DATABASE", str(folder / "profiles.sqlite3"))
    # One process: examples use the names of those before.
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(EXAMPLES)],
        cwd=folder,
        input="yes\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("You make a profile")
    assert lines[1].endswith("1 2")
    assert lines[2] == "4"
    assert lines[-1] == "Ada 2"
