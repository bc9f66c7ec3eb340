"""docs/export.md: its examples work as printed, and it names every format and operator."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inkdigits.cli.model import FORMATS
from inkdigits.interchange import onnx_file, onnx_operators, protobuf
from inkdigits.interchange.onnx_import import MIN_OPSET

TESTS = Path(__file__).parents[1]
DOCUMENT = (TESTS.parent / "docs/export.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def block(word):
    """The one example of Python that contains a word."""
    (code,) = (code for code in BLOCKS if word in code)
    return code


def run(code, folder):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_example_of_preprocessing(tmp_path):
    shutil.copy(TESTS / "golden/7.png", tmp_path / "digit.png")
    code = block("preprocess_image") + "print(pixels.shape, pixels.dtype, pixels.max() <= 1)"
    assert run(code, tmp_path) == "(1, 28, 28) float32 True\n"


def test_example_of_numpy(run_inkdigits, tmp_path):
    run_inkdigits("model", "export", "cnn-small", "-o", tmp_path / "cnn-small.npz", check=True)
    shape, names = run(block("np.load"), tmp_path).splitlines()
    assert shape == "(3, 3, 1, 20)"
    assert "non-digit" in names


@pytest.mark.extras
def test_example_of_onnx(run_inkdigits, tmp_path):
    command = ["model", "export", "cnn-small", "--to", "onnx", "-o", "cnn-small.onnx"]
    assert " ".join(command) in DOCUMENT
    run_inkdigits(*command, check=True, cwd=tmp_path)
    assert run(block("onnxruntime"), tmp_path).startswith('(5, 10) ["0", "1",')


@pytest.mark.parity
def test_example_of_pytorch(run_inkdigits, tmp_path):
    command = ["model", "export", "cnn-small", "--to", "torch", "-o", "cnn_small.pt"]
    assert " ".join(command) in DOCUMENT
    run_inkdigits(*command, check=True, cwd=tmp_path)
    assert len(run(block("torch.load"), tmp_path).split()) == 5


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_row(name):
    assert re.search(rf"^\| \[`{name}`\]", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("name", onnx_operators.OPERATORS)
def test_every_operator_is_named(name):
    assert f"`{name}`" in DOCUMENT


def test_limits_match_the_code():
    text = " ".join(DOCUMENT.split())
    assert f"in version {MIN_OPSET} or later" in text
    assert (
        f"at most {onnx_file.MAX_ONNX_BYTES >> 20} MiB, {onnx_file.MAX_NODES:,} nodes, "
        f"{onnx_file.MAX_TENSORS:,} tensors and {protobuf.MAX_FIELDS:,} fields"
    ) in text
