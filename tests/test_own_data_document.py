"""The examples in docs/own-data.md run, and its lists are those of the code."""

import re
import shlex
from pathlib import Path

import click
import numpy as np
import own_images
import pytest
from exported import exported_file

from inkdigits.cli import main
from inkdigits.data.named_sets import SETS
from inkdigits.preprocessing import PREPROCESSORS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/own-data.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def is_online(command):
    """Whether a command needs a data set that is not made here."""
    return any(name in argument for argument in command for name in SETS)


@pytest.fixture(scope="module")
def files(tmp_path_factory, small_test_digits):
    """A folder with small files of the names that the examples use."""
    folder = tmp_path_factory.mktemp("examples")
    digits = small_test_digits.take(slice(200))
    own_images.write_csv(folder / "train.csv", digits.images, digits.labels)
    (folder / "test.csv").write_text(
        ",".join(f"pixel{n}" for n in range(784)) + "\n" + ",".join("0" * 784) + "\n"
    )
    (folder / "7.png").write_bytes((ROOT / "tests/golden/7.png").read_bytes())
    images, labels = own_images.images_of(80)
    own_images.write_csv(folder / "numbers.csv", images, labels)
    names = [own_images.NAMES[label] for label in labels]
    np.savez(folder / "letters.npz", x=images, y=np.array(names))
    for name in ("shapes", "more-shapes"):
        own_images.write_folders(folder / name, images, names)
    for first, name in enumerate(("ada", "ben", "cy")):
        exported_file(folder, name, labels=tuple(range(10)), first=100 * first)
    return folder


def test_examples_run_in_the_order_of_the_document(run_inkdigits, files):
    commands = [command for command in COMMANDS if not is_online(command)]
    assert {command[0] for command in commands} == {"train", "evaluate", "predict", "submit"}
    for command in commands:
        options = ["--epochs", 1, "--workers", 1] if command[0] == "train" else []
        done = run_inkdigits(*command, *options, cwd=files)
        assert done.returncode == 0, (command, done.stderr)
    assert (files / "submission.csv").read_text().startswith("ImageId,Label\n1,")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_and_options_of_every_example_exist(command):
    name, *arguments = command
    found = main.get_command(click.Context(main), name)
    found.make_context(name, list(arguments), resilient_parsing=False)


def test_lists_of_the_document_are_those_of_the_code():
    (row,) = [line for line in TEXT.splitlines() if line.startswith("| a name |")]
    assert re.findall(r"`([\w-]+)`", row) == list(SETS)
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == set(PREPROCESSORS)
