"""The examples in docs/teach.md run, in the order of the document."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from inkdigits.api.openapi_profiles import profile_paths
from inkdigits.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/teach.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture
def folder(tmp_path):
    """A folder with the pictures that the examples name."""
    for digit in (4, 7):
        picture = (ROOT / f"tests/golden/{digit}.png").read_bytes()
        (tmp_path / f"my-{digit}.png").write_bytes(picture)
        (tmp_path / f"digits/{digit}").mkdir(parents=True)
        (tmp_path / f"digits/{digit}/1.png").write_bytes(picture)
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


def test_commands_run_in_the_order_of_the_document(folder, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATABASE", str(folder / "profiles.sqlite3"))
    monkeypatch.chdir(folder)
    assert {"new", "add", "correct", "show", "undo", "export", "delete"} <= {
        arguments[1] for program, *arguments in COMMANDS if arguments[0] == "teach"
    }
    for program, *arguments in COMMANDS:
        assert program == "inkdigits"
        done = CliRunner().invoke(main, arguments, input="yes\n")
        assert done.exit_code == 0, (arguments, done.output)


def test_requests_of_the_document_are_those_of_the_api():
    named = re.findall(r"`(GET|POST|DELETE) (/api/v1/profile[\w/{}]*)`", TEXT)
    paths = profile_paths(["cnn-small"])
    served = {
        (method.upper(), re.sub(r"{\w+}", "{id}", path))
        for path, item in paths.items()
        for method in ("get", "post", "delete")
        if getattr(item, method)
    }
    assert set(named) == served
