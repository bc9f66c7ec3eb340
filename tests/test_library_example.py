"""README's example trains, calibrates and saves a model with the library alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

from inkdigits import Recognizer

TESTS = Path(__file__).parent
README = (TESTS.parent / "README.md").read_text(encoding="utf-8")
# Makes the process accept the small MNIST, and runs the example on it, with few made digits.
RUN = """
import sys
from dataclasses import replace
from pathlib import Path
import small_mnist
from inkdigits import recipes
small_mnist.install(Path(sys.argv[1]))
recipes.MLP = replace(recipes.MLP, made_digits=200)
exec(compile(sys.stdin.read(), "README.md", "exec"))
"""


@pytest.fixture(scope="module")
def example():
    """The Python block of README that trains a model."""
    blocks = [
        token.content
        for token in MarkdownIt().parse(README)
        if token.type == "fence" and token.info == "python" and "training.fit" in token.content
    ]
    (block,) = blocks
    return block


def test_example_is_about_ten_lines(example):
    statements = [line for line in example.splitlines() if line and "import" not in line]
    assert len(statements) <= 12


def test_example_gives_a_model_that_recognizes_digits(
    example, small_mnist, small_test_digits, tmp_path
):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(small_mnist)],
        cwd=tmp_path,
        input=example,
        env={"PYTHONPATH": str(TESTS), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "validation accuracy" in done.stdout

    (path,) = tmp_path.glob("*.safetensors")
    recognizer = Recognizer.load(path)
    assert recognizer.temperature != 1
    assert recognizer.describe().rejects_non_digits
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images))
    correct = (batch.probabilities.argmax(axis=1) == small_test_digits.labels) & ~batch.rejected
    assert np.mean(correct) > 0.8, np.mean(correct)
