"""Import an ONNX network that consists of our layer types."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits import dataclass_json
from inkdigits.arrays import Array
from inkdigits.constants import DIGITS
from inkdigits.escaping import shown
from inkdigits.interchange.layer_builder import LayerBuilder
from inkdigits.interchange.onnx_file import FLOAT, Graph, Input, Node, parse_onnx
from inkdigits.interchange.onnx_operators import LAST, apply_operator
from inkdigits.model_file import Model, from_document, to_document
from inkdigits.model_limits import check_class_names
from inkdigits.nn.network import Network
from inkdigits.recipes import INPUT_SHAPE
from inkdigits.storage.files import FileError
from inkdigits.strict_json import canonical, parse

DOCUMENT = "inkdigits"  # the key of the metadata that hold a model's document, without its network
LOGITS = "logits"  # the output of an exported model where its network ends
MIN_OPSET = 7  # before it, operators had other rules for shapes
MAX_DOCUMENT = 2**18


def import_onnx(
    data: bytes,
    *,
    preprocessing: str | None = None,
    classes: Sequence[str] | None = None,
    mean: float | None = None,
    deviation: float | None = None,
) -> Model:
    """Make a model from an ONNX file. One that inkdigits exported needs no options.

    data           the content of the file
    preprocessing  a name in PREPROCESSORS, for the images that the model will see; None for "ink"
    classes        the name of each class; None for the ten digits
    mean           what the network expects to be subtracted from pixels / 255; None for 0
    deviation      by what it then expects them to be divided; None for 1
    returns        a verified model; without test-time augmentation, unless inkdigits exported it
    raises         FileError if the file is damaged, or holds anything but layers of inkdigits
    """
    try:
        graph = parse_onnx(data)
        own = graph.metadata.get(DOCUMENT)
        if own is not None and (preprocessing, classes, mean, deviation) != (None,) * 4:
            raise ValueError("inkdigits exported it, so it needs no options; leave them out")
        nodes = _chain(graph, LOGITS if own is not None else _only_output(graph))
        with np.errstate(all="ignore"):  # the result is checked
            builder = _build(graph, nodes, mean or 0.0, 1.0 if deviation is None else deviation)
            vector = _vector(builder.params)
        network = Network(tuple(builder.layers))
        if own is not None:
            document = _parse_document(own)
        else:
            names = _classes(classes, len(builder.index))
            model = Model(
                network,
                vector,
                preprocessing or "ink",
                tta=False,
                recipe="onnx",
                summary="A network imported from ONNX.",
                classes=names,
            )
            document = to_document(model)
    except (ValueError, OverflowError) as error:
        raise FileError(
            f"the ONNX file cannot be imported: {str(error)[:300]}; docs/export.md describes what "
            "can."
        ) from None
    provenance = {"format": "onnx", "sha256": hashlib.sha256(data).hexdigest()}
    training = document.get("training")
    if isinstance(training, dict):
        document["training"] = training | {"imported": provenance}
    document["network"] = dataclass_json.to_json(network)
    return from_document("the ONNX file", network.unflatten(vector), document)


def _parse_document(content: str) -> dict[str, Any]:
    if len(content) > MAX_DOCUMENT:
        raise ValueError(f"its metadata have more than {MAX_DOCUMENT} characters")
    document = parse(content)
    if not isinstance(document, dict) or canonical(document) != content:
        raise ValueError("its metadata are not those of inkdigits")
    return document


def _only_output(graph: Graph) -> str:
    if len(graph.outputs) != 1:
        raise ValueError(f"it has {len(graph.outputs)} outputs, and one is needed")
    return graph.outputs[0]


def _chain(graph: Graph, output: str) -> list[Node]:
    """Return the nodes from the input to the output, one after the other.

    raises   ValueError if the input or a result is missing, or computed in a loop, or a node needs
             two results
    """
    producers: dict[str, Node] = {}
    for node in graph.nodes:
        for name in node.outputs:
            if name in producers or name in graph.tensors or name in graph.inputs:
                raise ValueError(f"two values have the name {shown(name)}")
            if name:
                producers[name] = node
    _find_constants(graph)
    if len(graph.inputs) != 1:
        raise ValueError(f"it has {len(graph.inputs)} inputs, and one is needed: the pixels")
    (source,) = graph.inputs
    chain: list[Node] = []
    name = output
    while name != source:
        if name not in producers:
            raise ValueError(f"nothing computes the value {shown(name)}")
        node = producers[name]
        if name != node.outputs[0]:
            raise ValueError(f"it uses the second output of {shown(node.operator)}")
        computed = [each for each in node.inputs if each and each not in graph.tensors]
        if node.operator == "Reshape":
            computed = computed[:1]  # the shape may be computed too; the operator rejects it
        if len(chain) == len(graph.nodes):
            raise ValueError("its nodes form a loop")
        if len(computed) != 1:
            raise ValueError(
                f"a node {shown(node.operator)} has {len(computed)} inputs that are computed, and "
                "a chain of layers has one"
            )
        chain.append(node)
        name = computed[0]
    return chain[::-1]


def _find_constants(graph: Graph) -> None:
    """Add the results of nodes that are constant to the tensors of the graph.

    Among them are shapes that some tools compute, as PyTorch does for `x.view(x.size(0), -1)`: the
    size of the batch, which is 0 here as in Reshape, and constants.
    """
    constants = graph.tensors
    shapes, batch_sizes = set[str](), set[str]()
    for node in graph.nodes:
        (name, *_), inputs = (*node.outputs, ""), node.inputs
        match node.operator, len(inputs):
            case "Constant", 0:
                constants[name] = _constant(node)
            case "Identity", 1 if inputs[0] in constants:
                constants[name] = constants[inputs[0]]
            case "Shape", 1 if inputs[0] not in constants and not node.attributes:
                shapes.add(name)
            case "Gather", 2 if inputs[0] in shapes and inputs[1] in constants:
                if not constants[inputs[1]].any():
                    batch_sizes.add(name)
            case "Unsqueeze", (1 | 2) if inputs[0] in batch_sizes:
                batch_sizes.add(name)
            case "Concat", count if count and inputs[0] in batch_sizes:
                sizes = [constants.get(each) for each in inputs[1:]]
                if all(size is not None and size.size == 1 for size in sizes):
                    values = [0, *(int(size.item()) for size in sizes if size is not None)]
                    constants[name] = np.array(values)


def _constant(node: Node) -> NDArray[Any]:
    """Return the value of a node Constant."""
    if len(node.attributes) == 1:
        ((name, value),) = node.attributes.items()
        if name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            if isinstance(value, np.ndarray):
                return value
            if not isinstance(value, str):
                return np.array(value, np.float32 if "float" in name else np.int64)
    raise ValueError("a node Constant does not have one value of numbers")


def _build(graph: Graph, nodes: list[Node], mean: float, deviation: float) -> LayerBuilder:
    if graph.opset < MIN_OPSET:
        raise ValueError(
            f"it uses version {graph.opset} of the operators, and {MIN_OPSET} is the oldest that "
            "can be imported"
        )
    ((name, source),) = graph.inputs.items()
    if source.kind != FLOAT:
        raise ValueError(f"its input {shown(name)} is not a tensor of float32")
    builder = LayerBuilder(_input_shape(source), source.shape[0])
    if not deviation > 0 or not np.isfinite([mean, deviation, 1 / deviation]).all():
        raise ValueError("the mean and the deviation must be finite, and the deviation above 0")
    if (mean, deviation) != (0.0, 1.0):
        builder.scale_and_shift(np.array(1 / deviation), np.array(-mean / deviation))
    for place, node in enumerate(nodes):
        if node.operator in LAST and place < len(nodes) - 1:
            raise ValueError(f"{node.operator} is not the last node")
        apply_operator(builder, node, graph.tensors, graph.opset)
    builder.finish()
    return builder


def _input_shape(source: Input) -> tuple[int, ...]:
    """Return the shape of one example; it must be a 28x28 image in some form."""
    shape = source.shape[1:]
    fixed = tuple(size for size in shape if size is not None)
    if len(fixed) != len(shape) or [size for size in fixed if size != 1] not in (
        list(INPUT_SHAPE),
        [INPUT_SHAPE[0] * INPUT_SHAPE[1]],
    ):
        sizes = ["N" if size is None else str(size) for size in source.shape]
        raise ValueError(
            f"its input has the shape ({', '.join(sizes)[:60]}), and (N, 28, 28), (N, 1, 28, 28), "
            "(N, 28, 28, 1) or (N, 784) is needed"
        )
    return fixed


def _classes(classes: Sequence[str] | None, outputs: int) -> tuple[str, ...]:
    if classes is None:
        if outputs != len(DIGITS):
            raise ValueError(
                f"it has {outputs} classes, not the ten digits; give their names with --classes"
            )
        return DIGITS
    if len(classes) != outputs:
        raise ValueError(f"it has {outputs} classes, and {len(classes)} names are given")
    return check_class_names(classes)


def _vector(params: list[dict[str, Array]]) -> Array:
    arrays = [array.astype(np.float32).ravel() for layer in params for array in layer.values()]
    vector = np.concatenate(arrays) if arrays else np.zeros(0, np.float32)
    if not np.isfinite(vector).all():
        raise ValueError("it contains a weight that is not a finite float32 number")
    return vector
