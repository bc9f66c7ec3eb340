"""PyTorch's files: what they hold, without PyTorch, and with it that they load and compute."""

import ast
import io
import pickletools
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.inference import forward_batches
from inkdigits.interchange.channels_first import channels_first
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.interchange.torch_export import CODE_MARK, export_torch, torch_code
from inkdigits.model_file import Model, load_model, locate, shipped_models
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.network import Network

EVERY_LAYER = Network(
    (
        AddChannel(),
        ZeroPad2D(2),
        Conv2D(1, 5, kernel_size=5),
        Sigmoid(),
        MaxPool2D(4),
        Dropout(0.25),
        Flatten(),
        Dropout(0.5),
        Dense(245, 7, bias=False),
        ReLU(),
        Dense(7, 11),
    )
)
# The classes are places and channels of an image: in PyTorch they come in another order.
LOGITS_OF_AN_IMAGE = Network((AddChannel(), Conv2D(1, 2, 24), MaxPool2D(2), ReLU(), Flatten()))


def model_of(network):
    outputs = network.output_shapes((28, 28))[-1][0]
    threshold = 0.5 if outputs == 11 else None
    names = tuple("abcdefghij"[:outputs])
    vector = network.init(np.random.default_rng(0))
    return Model(
        network, vector, "ink", False, "mine", rejection_threshold=threshold, classes=names
    )


def test_archive_has_the_tensors_at_aligned_places():
    model = load_model(locate("cnn-small"))
    data = export_torch(model)
    arrays = [
        array for _, step in channels_first(model.network, model.vector) for array in step.values()
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.read("archive/version") == b"3\n"
        assert archive.read("archive/byteorder") == b"little"
        for number, array in enumerate(arrays):
            content = archive.read(f"archive/data/{number}")
            assert content == array.tobytes()
            place = data.index(content)
            assert place % 64 == 0


def test_pickle_names_only_what_tensors_need():
    with zipfile.ZipFile(io.BytesIO(export_torch(untrained()))) as archive:
        opcodes = list(pickletools.genops(archive.read("archive/data.pkl")))
    names = {argument for opcode, argument, _ in opcodes if opcode.name == "GLOBAL"}
    assert names == {
        "torch FloatStorage",
        "torch._utils _rebuild_tensor_v2",
        "collections OrderedDict",
    }
    assert {opcode.name for opcode, _, _ in opcodes}.isdisjoint({"INST", "OBJ", "NEWOBJ", "BUILD"})


def test_same_model_gives_the_same_bytes():
    assert export_torch(untrained()) == export_torch(untrained())


@pytest.mark.parametrize("name", shipped_models())
def test_code_is_python_and_says_where_it_is_from(name):
    text = torch_code(load_model(locate(name)), "digits", "digits.pt")
    assert text.startswith(CODE_MARK + "\n")
    ast.parse(text)
    assert "#     from digits import CLASSES, DigitNetwork\n" in text
    assert all(line == line.rstrip() and len(line) <= 120 for line in text.splitlines())


HOSTILE = '"""\nimport os\nos.system("x")\n#\'\'\'\\\x1b{x}{0}\u2028'


def test_text_of_a_model_cannot_become_code():
    model = replace(
        untrained("classic", recipe=HOSTILE, summary=HOSTILE),
        classes=(*"012345678", "'); import os #{}"),
    )
    text = torch_code(model, "digits", HOSTILE)
    assert text.isascii()
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(imports) == 2
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    assert (values["RECIPE"], values["SUMMARY"]) == (HOSTILE, HOSTILE)
    assert values["CLASSES"] == model.classes
    assert len(tree.body) == 9


# With PyTorch: `make parity`


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def load(torch, model, path, **options):
    """Load an exported model into the module of its code."""
    path.write_bytes(export_torch(model))
    namespace = {}
    exec(torch_code(model, "digits", path.name), namespace)
    network = namespace["DigitNetwork"]().eval()
    network.load_state_dict(torch.load(path, weights_only=True, **options))
    return network


@pytest.mark.parity
@pytest.mark.parametrize("name", shipped_models())
@pytest.mark.parametrize("options", [{}, {"mmap": True}], ids=str)
def test_pytorch_gives_the_same_probabilities(torch, tmp_path, name, options):
    model = replace(load_model(locate(name)), tta=False)
    pixels = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    network = load(torch, model, tmp_path / "digits.pt", **options)
    expected = Recognizer(model, name).predict_batch(pixels)
    with torch.no_grad():
        x = torch.tensor(pixels / np.float32(255))
        assert network(x).shape == (100, len(model.class_names))
        np.testing.assert_allclose(network.probabilities(x), expected.probabilities, atol=5e-5)
        if model.rejection_threshold is not None:
            scores = network.rejection_scores(x)
            np.testing.assert_allclose(scores, expected.rejection_scores, rtol=1e-5, atol=5e-5)


@pytest.mark.parity
@pytest.mark.parametrize("network", [EVERY_LAYER, LOGITS_OF_AN_IMAGE], ids=["every", "image"])
def test_pytorch_gives_the_same_logits_for_every_layer(torch, tmp_path, network):
    model = model_of(network)
    x = np.random.default_rng(1).random((5, 28, 28), np.float32)
    expected, _ = network.forward(network.layer_params(model.vector), x)
    with torch.no_grad():
        logits = load(torch, model, tmp_path / "x.pt")(torch.tensor(x))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's older exporter
@pytest.mark.parametrize("name", ["cnn-small", "mlp"])
def test_exported_code_goes_through_pytorchs_exporter_and_back(torch, tmp_path, name):
    """From inkdigits to PyTorch, from there to ONNX, and back again."""
    model = load_model(locate(name))
    network = load(torch, model, tmp_path / "digits.pt")
    file = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(2, 28, 28),),
        file,
        dynamo=False,  # the other one needs more packages; test_onnx_import.py has one of its files
        input_names=["pixels"],
        dynamic_axes={"pixels": {0: "batch"}},
    )
    back = import_onnx(file.getvalue(), classes=[*model.classes, "something else"])
    x = np.random.default_rng(0).random((20, 28, 28), np.float32)
    expected = forward_batches(model.network, model.network.layer_params(model.vector), x)
    logits = forward_batches(back.network, back.network.layer_params(back.vector), x)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
