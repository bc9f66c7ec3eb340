"""Exported ONNX: ONNX Runtime gives our probabilities, and the import gives the model back."""

import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from test_torch_export import EVERY_LAYER, LOGITS_OF_AN_IMAGE, model_of
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.inference import forward_batches
from inkdigits.interchange.onnx_export import export_onnx
from inkdigits.interchange.onnx_file import parse_onnx
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.model_file import load_model, locate, shipped_models, to_document
from inkdigits.storage.files import FileError


def test_absence_of_the_package_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(FileError, match=r"^Exporting .* `pip install 'inkdigits\[onnx\]'`\.$"):
        export_onnx(untrained())


def run(data, pixels, threads=1):
    """Run a file with ONNX Runtime; return its outputs by name."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    parts = [
        session.run(names, {"pixels": pixels[n : n + 500]}) for n in range(0, len(pixels), 500)
    ]
    return dict(zip(names, map(np.concatenate, zip(*parts, strict=True)), strict=True))


def spacing(logits):
    """The distance between neighboring float32 numbers as large as the largest logit."""
    return float(np.spacing(np.abs(logits).max()))


@pytest.mark.extras
@pytest.mark.parametrize("name", shipped_models())
def test_onnx_runtime_gives_our_probabilities(name, unseen_digits):
    """On 1,000 digits, and on MNIST's 10,000 test digits where the data sets are."""
    pytest.importorskip("onnxruntime")  # `make test-data` does not install it
    model = replace(load_model(locate(name)), tta=False)
    recognizer = Recognizer(model, name)
    seen = recognizer.preprocess_mnist(unseen_digits.images)
    expected = recognizer.predict_batch(seen)
    outputs = run(export_onnx(model), seen / np.float32(255))
    # `classic` has logits of 280, where float32 numbers are 3e-5 apart.
    tolerance = max(1e-5, spacing(outputs["logits"]))
    difference = np.abs(outputs["probabilities"] - expected.probabilities).max()
    print(f"{name}: largest difference of {len(seen)} digits {difference:.1e}")
    assert difference <= tolerance
    assert (name == "classic") == (tolerance > 1e-5)
    if model.rejection_threshold is None:
        assert set(outputs) == {"probabilities", "logits"}
    else:
        scores = outputs["rejection_score"]
        assert scores.shape == (len(seen),)
        assert np.abs(scores - expected.rejection_scores).max() <= 2e-5


@pytest.mark.extras
@pytest.mark.parametrize("count", [1, 2, 50])
def test_batch_may_have_any_size(count):
    pixels = np.random.default_rng(0).random((count, 28, 28), np.float32)
    outputs = run(export_onnx(load_model(locate("cnn-small"))), pixels)
    assert outputs["probabilities"].shape == (count, 10)
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1, atol=1e-5)


@pytest.mark.extras
@pytest.mark.parametrize("network", [EVERY_LAYER, LOGITS_OF_AN_IMAGE], ids=["every", "image"])
def test_every_layer_is_exported_and_imported(network):
    model = model_of(network)
    x = np.random.default_rng(1).random((5, 28, 28), np.float32)
    expected, _ = network.forward(network.layer_params(model.vector), x)
    data = export_onnx(model)
    np.testing.assert_allclose(run(data, x)["logits"], expected, rtol=1e-4, atol=1e-5)
    back = import_onnx(data)
    logits = forward_batches(back.network, back.network.layer_params(back.vector), x)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.extras
@pytest.mark.parametrize("name", shipped_models())
def test_exported_model_is_imported_with_the_same_probabilities(name):
    model = load_model(locate(name))
    data = export_onnx(model)
    back = import_onnx(data)
    assert back.vector.tobytes() == model.vector.tobytes()
    assert [vars(layer).keys() for layer in back.network.layers] == [
        vars(layer).keys() for layer in model.network.layers
    ]
    before, after = to_document(model), to_document(back)
    imported = after["training"].pop("imported")
    assert imported["format"] == "onnx"
    for document in (before, after):
        del document["network"]  # which does not say how weights were once initialized
    assert after == before
    pixels = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
    first, second = (Recognizer(each, name).predict_batch(pixels) for each in (model, back))
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(first.rejected, second.rejected)


@pytest.mark.extras
def test_metadata_name_what_the_graph_does_not_contain():
    model = replace(load_model(locate("cnn-small")), classes=("<zero>", *"123456789"))
    metadata = parse_onnx(export_onnx(model)).metadata
    assert json.loads(metadata["classes"]) == list(model.classes)
    assert metadata["preprocessing"] == "ink"
    assert metadata["preprocessing_included"] == "false"
    assert metadata["test_time_augmentation"] == "true"
    assert metadata["test_time_augmentation_included"] == "false"
    assert metadata["temperature_included"] == "true"
    assert float(metadata["temperature"]) == model.temperature
    assert float(metadata["rejection_threshold"]) == model.rejection_threshold
    assert metadata["model_sha256"] == model.digest
    threshold = parse_onnx(export_onnx(untrained("classic"))).metadata["rejection_threshold"]
    assert threshold == "none"


@pytest.mark.extras
def test_our_parser_reads_what_the_package_onnx_reads():
    import onnx

    data = export_onnx(load_model(locate("mlp")))
    theirs, ours = onnx.load_model(io.BytesIO(data)), parse_onnx(data)
    assert [node.operator for node in ours.nodes] == [node.op_type for node in theirs.graph.node]
    for node, other in zip(ours.nodes, theirs.graph.node, strict=True):
        assert (list(node.inputs), list(node.outputs)) == (list(other.input), list(other.output))
        assert node.attributes == {
            each.name: onnx.helper.get_attribute_value(each) for each in other.attribute
        }
    assert set(ours.tensors) == {tensor.name for tensor in theirs.graph.initializer}
    for tensor in theirs.graph.initializer:
        np.testing.assert_array_equal(ours.tensors[tensor.name], onnx.numpy_helper.to_array(tensor))
    assert ours.metadata == {each.key: each.value for each in theirs.metadata_props}
    assert ours.opset == theirs.opset_import[0].version


@pytest.mark.extras
def test_same_model_gives_the_same_bytes():
    assert export_onnx(untrained()) == export_onnx(untrained())
