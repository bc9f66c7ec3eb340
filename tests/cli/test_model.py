"""`inkdigits model`: show a file, export it for other tools, and import from them."""

import json
import pickle
import re

import numpy as np
import onnx_files
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
    assert rows["classes"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, non-digit"
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


# Other formats


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--to", "npz"], "model"),
        ([], "model.npz"),
        ([], "model.NPZ"),
        (["--to", "huggingface"], "folder"),
    ],
)
def test_exported_model_is_imported_again(run_inkdigits, tmp_path, arguments, name):
    exported, imported = tmp_path / name, tmp_path / "again.safetensors"
    done = run_inkdigits("model", "export", "mlp", *arguments, "-o", exported)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_inkdigits("model", "import", exported, "-o", imported)
    assert (done.returncode, done.stderr) == (0, "")
    assert imported.read_bytes() == locate("mlp").read_bytes()


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("digits.pt", "digits.py"),
        ("my-net.2.pth", "my_net_2.py"),
        ("7.pt", "_7.py"),
        ("class.pt", "class_.py"),
    ],
)
def test_code_for_pytorch_is_beside_the_weights(run_inkdigits, tmp_path, output, code):
    for _ in range(2):  # our own code may be replaced
        done = run_inkdigits("model", "export", "cnn-small", "-o", tmp_path / output)
        assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {output, code}
    text = (tmp_path / code).read_text(encoding="utf-8")
    assert f"from {code[:-3]} import" in text
    assert f"torch.load('{output}', weights_only=True)" in text


@pytest.mark.parametrize("output", ["digits.pt", "digits.py"])
def test_other_code_is_not_replaced(run_inkdigits, tmp_path, output):
    (tmp_path / "digits.py").write_text("print('mine')", encoding="utf-8")
    done = run_inkdigits("model", "export", "mlp", "--to", "torch", "-o", tmp_path / output)
    assert done.returncode == 1
    assert "is another file; choose another name" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"digits.py"}
    assert (tmp_path / "digits.py").read_text(encoding="utf-8") == "print('mine')"


def test_network_from_onnx_is_imported_and_evaluated(run_inkdigits, tmp_path):
    weight = np.random.default_rng(0).standard_normal((784, 3)).astype(np.float32)
    operations = [("Flatten", "", {}), ("MatMul", "w", {}), ("Softmax", "", {})]
    (tmp_path / "net").write_bytes(onnx_files.chain(*operations, tensors={"w": weight}))
    options = ["--classes", 'A,"B, or C",Größe', "--mean", "0.5", "--std", "0.25"]
    imported = tmp_path / "net.safetensors"
    options += ["--preprocessing", "classic"]
    done = run_inkdigits("model", "import", tmp_path / "net", *options, "-o", imported)
    assert (done.returncode, done.stderr) == (0, "")
    assert "recipe onnx, SHA-256 " in done.stdout
    model = load_model(imported)
    assert model.classes == ("A", "B, or C", "Größe")
    assert model.preprocessing == "classic"
    params = model.network.unflatten(model.vector)
    np.testing.assert_allclose(params["1.weight"], 4 * weight, rtol=1e-6)
    np.testing.assert_allclose(params["1.bias"], -2 * weight.sum(axis=0), rtol=1e-3, atol=1e-3)
    shown = run_inkdigits("model", "show", imported).stdout
    assert re.search(r"^classes +A, B, or C, Größe$", shown, re.MULTILINE)
    assert re.search(r"^training.imported.format +onnx$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.onnx", b"", "the ONNX file cannot be imported: it does not have one graph"),
        ("x.onnx", b"\x80\x04.", "the ONNX file cannot be imported"),
        ("x", b"\x08\x08", "the ONNX file cannot be imported"),
        ("x", b"PK\x03\x04" + bytes(100), "the .npz file cannot be used"),
        (
            "x",
            b"PK\x03\x04" + bytes(26) + b"archive/data.pkl",
            "export the network with torch.onnx",
        ),
        ("x", b"\x80\x04.", "the pickle is damaged"),
        ("x", bytes(2**25 + 1), "more than the limit of 33554432"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_file_of_another_kind_is_refused_in_one_sentence(
    run_inkdigits, tmp_path, name, content, words
):
    (tmp_path / name).write_bytes(content)
    done = run_inkdigits("model", "import", tmp_path / name, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: [^\n]+\.\n", done.stderr), done.stderr
    assert words in done.stderr
    assert done.stderr.count(f"{tmp_path / name}") == 1
    assert not (tmp_path / "out").exists()


def test_empty_folder_is_refused_in_one_sentence(run_inkdigits, tmp_path):
    done = run_inkdigits("model", "import", tmp_path, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: {tmp_path} has no model.safetensors; name the folder of an exported model.\n"
    )


def test_options_for_onnx_are_refused_for_other_formats(run_inkdigits, pickled, tmp_path):
    for options in (["--mean", "0"], ["--classes", "a,b"], ["--preprocessing", "ink"]):
        done = run_inkdigits("model", "import", pickled, *options, "-o", tmp_path / "out")
        assert done.returncode == 2
        assert "are for ONNX networks of other tools; leave them out" in done.stderr
    assert not (tmp_path / "out").exists()


def test_unknown_format_lists_the_known_ones(run_inkdigits, tmp_path):
    done = run_inkdigits("model", "export", "mlp", "--to", "tflite", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "'onnx', 'npz', 'torch', 'huggingface', 'pickle'" in done.stderr


def test_export_to_a_missing_folder_is_told_in_one_sentence(run_inkdigits, tmp_path):
    for target in ("npz", "torch", "pickle"):
        output = tmp_path / "none" / "out"
        done = run_inkdigits("model", "export", "classic", "--to", target, "-o", output)
        assert done.returncode == 1
        assert re.fullmatch(r"Error: [^\n]+\.\n", done.stderr), done.stderr
        assert str(output.parent) in done.stderr


@pytest.mark.parametrize(
    "content", [b"label,pixel0\n1,2\n", b"\x89PNG\r\n\x1a\n", b"hello", b"", b"{}"]
)
def test_import_of_something_else_says_what_can_be_imported(run_inkdigits, tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    done = run_inkdigits("model", "import", path, "-o", tmp_path / "out.safetensors")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: [^\n]+: it is not an ONNX network, [^\n]+\.\n", done.stderr)
    assert "opcode" not in done.stderr


def test_import_of_a_model_file_says_that_it_needs_none(run_inkdigits, tmp_path):
    done = run_inkdigits("model", "import", locate("mlp"), "-o", tmp_path / "out.safetensors")
    assert done.returncode == 1
    assert "a .safetensors file needs no import; name it where a model" in done.stderr


def test_export_without_a_format_names_the_option(run_inkdigits, tmp_path):
    done = run_inkdigits("model", "export", "mlp", "-o", tmp_path / "mlp.weights")
    assert done.returncode == 1
    assert "choose one with --to, because a model of the recipe mlp does not fit" in done.stderr
    done = run_inkdigits("model", "export", "mlp", "--to", "pickle", "-o", tmp_path / "mlp.weights")
    assert done.returncode == 1
    assert "--to" not in done.stderr


@pytest.mark.extras
def test_model_is_exported_to_onnx_and_imported_again(run_inkdigits, tmp_path):
    exported, imported = tmp_path / "mlp.onnx", tmp_path / "again.safetensors"
    done = run_inkdigits("model", "export", "mlp", "-o", exported)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_inkdigits("model", "import", exported, "-o", imported)
    assert (done.returncode, done.stderr) == (0, "")
    assert load_model(imported).vector.tobytes() == load_model(locate("mlp")).vector.tobytes()
    done = run_inkdigits("model", "import", exported, "--mean", "0.5", "-o", imported)
    assert done.returncode == 1
    assert "it needs no options; leave them out" in done.stderr
