"""The examples in docs/python.md work as they are."""

import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from inkdigits.imaging.formats import FORMAT_NAMES

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
EXAMPLES = [
    token.content
    for token in MarkdownIt().parse(GUIDE)
    if token.type == "fence" and token.info == "python"
]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(tmp_path, number):
    script = tmp_path / "example.py"
    script.write_text(EXAMPLES[number], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "7" in done.stdout
    assert "Error" not in done.stdout


def test_every_format_is_named():
    assert FORMAT_NAMES in GUIDE
