"""Export a model's network and temperature as an ONNX graph."""

import json
from typing import Any

import numpy as np

from inkdigits.interchange.channels_first import channels_first
from inkdigits.interchange.onnx_import import DOCUMENT, LOGITS
from inkdigits.model_file import Model, to_document
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.storage.files import FileError
from inkdigits.strict_json import canonical

OPSET, IR_VERSION = 17, 8  # of 2022, so that older runtimes can read the file
PIXELS, PROBABILITIES, REJECTION_SCORE = "pixels", "probabilities", "rejection_score"


def export_onnx(model: Model) -> bytes:
    """Write an ONNX file for any number of images at once; it needs the extra `onnx`.

    Its input is `pixels`, float32 (N, 28, 28), ink in [0, 1], already preprocessed. Its outputs are
    `probabilities` (N, C), `logits` (N, C or C + 1), and `rejection_score` (N,) if the model
    rejects non-digits. Its metadata name the classes, the preprocessing, the temperature, the
    rejection threshold and the test-time augmentation, none of which but the temperature it
    contains.

    raises   FileError if the package onnx is not installed
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise FileError(
            "Exporting to ONNX needs the package onnx; install it with "
            "`pip install 'inkdigits[onnx]'`."
        ) from None

    nodes: list[Any] = []
    tensors: dict[str, Any] = {}

    def add(
        operator: str, name: str, output: str, *constants: tuple[str, Any], **options: Any
    ) -> str:
        for key, array in constants:
            tensors[key] = np.asarray(array)
        names = [name, *(key for key, _ in constants)]
        nodes.append(helper.make_node(operator, names, [output], output, **options))
        return output

    name = PIXELS
    steps = channels_first(model.network, model.vector)
    for number, (layer, arrays) in enumerate(steps):
        output = LOGITS if number == len(steps) - 1 else f"{number}.{type(layer).__name__}"
        weights = [(f"{number}.{key}", array) for key, array in arrays.items()]
        match layer:
            case AddChannel():
                name = add("Unsqueeze", name, output, ("channel_axis", [1]))
            case ZeroPad2D():
                edges = [0, 0, layer.width, layer.width]
                name = add("Pad", name, output, (f"{number}.pads", edges + edges))
            case Conv2D():
                name = add("Conv", name, output, *weights)
            case MaxPool2D():
                sides = [layer.pool_size] * 2
                name = add("MaxPool", name, output, kernel_shape=sides, strides=sides)
            case Flatten():
                name = add("Flatten", name, output)
            case Dense():
                name = add("Gemm", name, output, *weights, transB=1)
            case ReLU():
                name = add("Relu", name, output)
            case Sigmoid():
                name = add("Sigmoid", name, output)
            case Dropout():
                name = add("Identity", name, output)
            case _:
                raise FileError(f"The layer {type(layer).__name__} cannot be exported to ONNX.")

    outputs = {PROBABILITIES: ["N", len(model.classes)], LOGITS: ["N", len(model.class_names)]}
    classes = len(model.classes)
    axis = ("axis", [1])
    if model.rejection_threshold is not None:
        middle, end = ("classes", [classes]), ("outputs", [classes + 1])
        name = add("Slice", LOGITS, "class_logits", ("zero", [0]), middle, axis)
        add("Slice", LOGITS, "non_digit_logit", middle, end, axis)
        add("ReduceLogSumExp", name, "any_digit", axes=[1])
        nodes.append(helper.make_node("Sub", ["non_digit_logit", "any_digit"], ["log_odds"]))
        add("Squeeze", "log_odds", REJECTION_SCORE, axis)
        outputs[REJECTION_SCORE] = ["N"]
    temperature = np.float32(model.temperature)
    add("Div", name, "calibrated_logits", ("temperature", temperature))
    add("Softmax", "calibrated_logits", PROBABILITIES, axis=1)

    def info(name: str, shape: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "inkdigits",
        [info(PIXELS, ["N", 28, 28])],
        [info(name, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, key) for key, array in tensors.items()],
    )
    exported = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="inkdigits",
        producer_version=model.version,
        doc_string="Probabilities of the classes for preprocessed 28x28 pictures, ink in [0, 1].",
    )
    helper.set_model_props(exported, _metadata(model))
    onnx.checker.check_model(exported, full_check=True)
    content: bytes = exported.SerializeToString(deterministic=True)
    return content


def _metadata(model: Model) -> dict[str, str]:
    """Return what the file states about the model: for people, and as a whole for the import."""
    document = to_document(model)
    threshold = model.rejection_threshold
    stated = {
        "classes": json.dumps(model.classes),
        "preprocessing": model.preprocessing,
        "preprocessing_revision": str(document["preprocessing"]["revision"]),
        "preprocessing_included": "false",
        "test_time_augmentation": str(model.tta).lower(),
        "test_time_augmentation_included": "false",
        "temperature": repr(model.temperature),
        "temperature_included": "true",
        "rejection_threshold": "none" if threshold is None else repr(threshold),
        "model_sha256": model.digest,
    }
    del document["network"]  # the graph itself
    return stated | {DOCUMENT: canonical(document)}
