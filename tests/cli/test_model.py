"""`inkdigits model`: what a file says of itself, and the write-up's pickle in and out."""

import json
import pickle

import numpy as np
import pytest
from untrained import untrained

from inkdigits.model_file import load_model, locate, save_model
from inkdigits.preprocessing import classic

SHAPES = {"W1": (128, 784), "W2": (64, 128), "W3": (10, 64)}


@pytest.fixture
def weights():
    """Weights as the write-up draws them, float64."""
    rng = np.random.default_rng(7)
    return {name: rng.standard_normal(s) * np.sqrt(1 / s[0]) for name, s in SHAPES.items()}


@pytest.fixture
def pickled(weights, tmp_path):
    """The write-up's file."""
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(weights))
    return path


def write_ups_answers(weights, pictures):
    """The write-up's forward pass, in its own float64."""
    a = pictures.reshape(len(pictures), -1).T / 255.0
    for name in ("W1", "W2"):
        a = 1 / (1 + np.exp(-(weights[name] @ a)))
    return (weights["W3"] @ a).argmax(axis=0)


def test_show_prints_what_the_file_says(run_inkdigits):
    result = run_inkdigits("model", "show", "mlp")
    model = load_model(locate("mlp"))
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["sha256"] == model.digest
    assert rows["recipe"].startswith("mlp: ")
    assert rows["sizes"] == "784 - 128 - 64 - 11"
    assert rows["parameters"] == "109,451"
    assert rows["clean-up"] == "ink"
    assert rows["training.seed"] == str(model.training["seed"])


def test_weights_of_the_original_score_here_what_they_score_there(
    run_inkdigits, pickled, weights, small_test_digits, tmp_path
):
    imported = tmp_path / "imported.safetensors"
    result = run_inkdigits("model", "import", pickled, "-o", imported)
    assert result.returncode == 0, result.stderr
    score = json.loads(run_inkdigits("evaluate", imported, "--json").stdout)
    cleaned = classic.from_mnist(small_test_digits.images)
    right = write_ups_answers(weights, cleaned) == small_test_digits.labels
    assert score["correct"] == right.sum()


def test_export_gives_the_pickle_back(run_inkdigits, pickled, weights, tmp_path):
    imported, exported = tmp_path / "imported.safetensors", tmp_path / "exported.pkl"
    run_inkdigits("model", "import", pickled, "-o", imported)
    result = run_inkdigits("model", "export", imported, "-o", exported, "--format", "pickle")
    assert result.returncode == 0, result.stderr
    again = pickle.loads(exported.read_bytes())
    assert set(again) == set(SHAPES)
    for name, array in again.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, weights[name].astype(np.float32))


def test_a_model_that_the_pickle_cannot_hold_is_not_exported(run_inkdigits, tmp_path):
    result = run_inkdigits("model", "export", "mlp", "-o", tmp_path / "out.pkl")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.pkl").exists()


def test_b58_a_pickle_that_names_code_is_refused(run_inkdigits, tmp_path):
    trace = tmp_path / "trace"
    evil = f"cos\nsystem\n(S'touch {trace}'\ntR.".encode()
    (tmp_path / "evil.pkl").write_bytes(evil)
    result = run_inkdigits("model", "import", tmp_path / "evil.pkl", "-o", tmp_path / "out")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        save_model(tmp_path / name, untrained("classic"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
