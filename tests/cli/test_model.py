"""`inkdigits model`: show a file, import and export the write-up's pickle."""

import json
import pickle
import re

import numpy as np
import pytest
from untrained import untrained

from inkdigits.model_file import Model, load_model, locate, save_model
from inkdigits.nn.convolution import AddChannel, Conv2D
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network
from inkdigits.preprocessing import PREPROCESSORS, classic

SHAPES = {"W1": (128, 784), "W2": (64, 128), "W3": (10, 64)}


@pytest.fixture
def weights():
    """Weights drawn like the write-up's initial ones, float64."""
    rng = np.random.default_rng(7)
    return {name: rng.standard_normal(s) * np.sqrt(1 / s[0]) for name, s in SHAPES.items()}


@pytest.fixture
def pickled(weights, tmp_path):
    """The write-up's file."""
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(weights))
    return path


def write_ups_predictions(weights, images):
    """Run the write-up's forward pass, in float64 as the original does."""
    a = images.reshape(len(images), -1).T / 255.0
    for name in ("W1", "W2"):
        a = 1 / (1 + np.exp(-(weights[name] @ a)))
    return (weights["W3"] @ a).argmax(axis=0)


def test_show_prints_what_the_file_contains(run_inkdigits):
    result = run_inkdigits("model", "show", "mlp")
    model = load_model(locate("mlp"))
    rows = dict(re.split("  +", line, maxsplit=1) for line in result.stdout.splitlines())
    assert rows["sha256"] == model.digest
    assert rows["recipe"] == f"mlp: {model.summary}"
    assert rows["layers"] == "Flatten 784, Dense 128, ReLU 128, Dense 64, ReLU 64, Dense 11"
    assert rows["parameters"] == "109,451"
    assert rows["preprocessing"] == f"ink, revision {PREPROCESSORS['ink'].revision}"
    assert rows["temperature"] == str(model.temperature)
    assert rows["rejection threshold"] == str(model.rejection_threshold)
    assert rows["training.seed"] == str(model.training["seed"])
    assert rows["inkdigits"] == model.version


def test_show_states_that_a_model_does_not_reject_non_digits(run_inkdigits):
    result = run_inkdigits("model", "show", "classic")
    assert re.search(r"^rejection threshold  +none: does not reject", result.stdout, re.MULTILINE)


def test_show_describes_a_network_without_a_recipe(run_inkdigits, tmp_path):
    network = Network((AddChannel(), Conv2D(1, 4, kernel_size=5), Flatten(), Dense(2304, 11)))
    vector = network.init(np.random.default_rng(0))
    model = Model(network, vector, "ink", tta=True, recipe="mine", rejection_threshold=1.0)
    save_model(tmp_path / "mine", model)
    result = run_inkdigits("model", "show", tmp_path / "mine")
    assert (result.returncode, result.stderr) == (0, "")
    assert "AddChannel 28x28x1, Conv2D 24x24x4, Flatten 2304, Dense 11\n" in result.stdout


def test_imported_weights_have_the_same_accuracy_as_in_the_write_up(
    run_inkdigits, pickled, weights, small_test_digits, tmp_path
):
    imported = tmp_path / "imported.safetensors"
    result = run_inkdigits("model", "import", pickled, "-o", imported)
    assert result.returncode == 0, result.stderr
    score = json.loads(run_inkdigits("evaluate", imported, "--json").stdout)
    preprocessed = classic.from_mnist(small_test_digits.images)
    right = write_ups_predictions(weights, preprocessed) == small_test_digits.labels
    assert score["correct"] == right.sum()


def test_export_writes_the_imported_weights(run_inkdigits, pickled, weights, tmp_path):
    imported, exported = tmp_path / "imported.safetensors", tmp_path / "exported.pkl"
    run_inkdigits("model", "import", pickled, "-o", imported)
    result = run_inkdigits("model", "export", imported, "-o", exported)
    assert result.returncode == 0, result.stderr
    read = pickle.loads(exported.read_bytes())
    assert set(read) == set(SHAPES)
    for name, array in read.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, weights[name].astype(np.float32))


def test_model_that_the_pickle_cannot_hold_is_not_exported(run_inkdigits, tmp_path):
    result = run_inkdigits("model", "export", "mlp", "-o", tmp_path / "out.pkl")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.pkl").exists()


def test_pickle_with_code_is_rejected_and_named_once(run_inkdigits, tmp_path):
    trace = tmp_path / "trace"
    evil = f"cos\nsystem\n(S'touch {trace}'\ntR.".encode()
    (tmp_path / "evil.pkl").write_bytes(evil)
    result = run_inkdigits("model", "import", tmp_path / "evil.pkl", "-o", tmp_path / "out")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.count("evil.pkl") == 1
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


def test_missing_pickle_is_named_once(run_inkdigits, tmp_path):
    result = run_inkdigits("model", "import", tmp_path / "nothing.pkl", "-o", tmp_path / "out")
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: {tmp_path}/nothing.pkl cannot be read (No such file or directory); "
        "check the name.\n"
    )


def test_same_model_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        save_model(tmp_path / name, untrained("classic"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
