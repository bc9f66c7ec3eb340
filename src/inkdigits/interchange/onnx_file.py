"""Parse an ONNX file that anyone may have made: graph, weights and metadata, within limits.

The package onnx is not used: its parser has no limit on memory, and its reader of tensors opens
other files if a tensor names them.
"""

from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.escaping import shown
from inkdigits.interchange.protobuf import Parser, data, float32, integer, integers, text

MAX_ONNX_BYTES = 32 * 2**20  # as for a model file
MAX_NODES = 1000
MAX_TENSORS = 1000
MAX_DIMENSIONS = 8
MAX_INTEGERS = 64  # in a list; shapes, axes and paddings have a few
MAX_ENTRIES = 1000  # of lists of names

FLOAT = 1
_DTYPES = {1: "<f4", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8"}  # of TensorProto.DataType
Attribute: TypeAlias = int | float | str | list[int] | list[float] | NDArray[Any]
_ZEROS: dict[int, Attribute] = {1: 0.0, 2: 0, 3: ""}  # what a writer may leave out, by type
Dimension: TypeAlias = int | None  # None if it is not fixed


@dataclass(frozen=True)
class Node:
    """One operation: its operator, the names of its inputs and outputs, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(frozen=True)
class Input:
    """An input of a graph.

    kind   of TensorProto.DataType; 0 if it is not a tensor
    shape  with the batch axis
    """

    kind: int = 0
    shape: tuple[Dimension, ...] = ()


@dataclass(frozen=True)
class Graph:
    """What a file holds.

    nodes      operations
    tensors    the constants by name, float32, float64, float16, int64 or int32
    inputs     the inputs by name, without the constants
    outputs    names
    opset      version of the operators
    metadata   what the exporting tool has added
    """

    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    opset: int = 1
    metadata: dict[str, str] = field(default_factory=dict)


def parse_onnx(content: bytes) -> Graph:
    """Parse a file.

    raises   ValueError, with the cause as a clause, if it is damaged, too large, or refers to
             another file, or contains a function or a graph within a node
    """
    if len(content) > MAX_ONNX_BYTES:
        raise ValueError(f"it has {len(content)} bytes, more than the limit of {MAX_ONNX_BYTES}")
    parser = Parser()
    graphs: list[memoryview] = []
    opset, metadata = 0, {}
    for number, _, value in parser.fields(memoryview(content)):
        match number:
            case 7:
                graphs.append(data(value))
            case 8:
                domain, version = "", 0
                for inner, _, item in parser.fields(data(value)):
                    if inner == 1:
                        domain = text(item)
                    elif inner == 2:
                        version = integer(item)
                if domain in ("", "ai.onnx"):
                    opset = version
            case 14:
                key, entry = _pair(parser, data(value))
                metadata[key] = entry
            case 25:
                raise ValueError("it defines functions of its own, which are not supported")
    if len(graphs) != 1 or not opset:
        raise ValueError("it does not have one graph and the version of its operators")
    if len(metadata) > MAX_ENTRIES:
        raise ValueError(f"it has more than {MAX_ENTRIES} metadata")
    graph = Graph(opset=opset, metadata=metadata)
    _parse_graph(parser, graphs[0], graph)
    return graph


def _parse_graph(parser: Parser, message: memoryview, graph: Graph) -> None:
    for number, _, value in parser.fields(message):
        match number:
            case 1:
                graph.nodes.append(_parse_node(parser, data(value)))
            case 5:
                name, tensor = _parse_tensor(parser, data(value))
                if name in graph.tensors:
                    raise ValueError(f"two tensors have the name {shown(name)}")
                graph.tensors[name] = tensor
            case 11:
                name, graph_input = _parse_input(parser, data(value))
                graph.inputs[name] = graph_input
            case 12:
                graph.outputs.append(_parse_input(parser, data(value))[0])
            case 15:
                raise ValueError("it has sparse tensors, which are not supported")
        if len(graph.nodes) > MAX_NODES or len(graph.tensors) > MAX_TENSORS:
            raise ValueError(f"it has more than {MAX_NODES} nodes or {MAX_TENSORS} tensors")
        if len(graph.inputs) + len(graph.outputs) > 2 * MAX_ENTRIES:
            raise ValueError(f"it has more than {2 * MAX_ENTRIES} inputs and outputs")
    for name in graph.tensors:  # old files list the constants among the inputs too
        graph.inputs.pop(name, None)


def _parse_node(parser: Parser, message: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: dict[str, Attribute] = {}
    operator, domain = "", ""
    for number, _, value in parser.fields(message):
        match number:
            case 1:
                inputs.append(text(value))
            case 2:
                outputs.append(text(value))
            case 4:
                operator = text(value)
            case 5:
                name, attribute = _parse_attribute(parser, data(value))
                attributes[name] = attribute
            case 7:
                domain = text(value)
    if domain not in ("", "ai.onnx"):
        operator = f"{domain}.{operator}"
    return Node(operator, tuple(inputs), tuple(outputs), attributes)


def _parse_attribute(parser: Parser, message: memoryview) -> tuple[str, Attribute]:
    name = ""
    result: Attribute | None = None
    floats: list[float] = []
    whole: list[int] = []
    kind = 0
    for number, wire_type, value in parser.fields(message):
        match number:
            case 1:
                name = text(value)
            case 2:
                result = float32(wire_type, value)
            case 3:
                result = integer(value)
            case 4:
                result = text(value)
            case 5:
                result = _parse_tensor(parser, data(value))[1]
            case 7 if isinstance(value, memoryview) and len(value) <= 4 * MAX_INTEGERS:
                floats += np.frombuffer(value, "<f4").tolist()
            case 8:
                whole += integers(wire_type, value, MAX_INTEGERS)
            case 13:
                pass  # documentation
            case 20:
                kind = integer(value)
            case _:
                raise ValueError(
                    f"the attribute {shown(name)} holds a graph, a list or another kind of value "
                    "that no layer needs"
                )
        if len(whole) > MAX_INTEGERS or len(floats) > MAX_INTEGERS:
            raise ValueError(f"a list has more than {MAX_INTEGERS} numbers")
    if kind == 6 or floats:
        return name, floats
    if kind == 7 or whole:
        return name, whole
    if result is None and kind in _ZEROS:
        result = _ZEROS[kind]
    if result is None:
        raise ValueError(f"the attribute {shown(name)} has no value")
    return name, result


def _parse_tensor(parser: Parser, message: memoryview) -> tuple[str, NDArray[Any]]:
    """Parse a tensor, and copy no more than the bytes that the file has for it."""
    name, kind = "", 0
    dimensions: list[int] = []
    raw: memoryview | None = None
    parts: list[NDArray[Any]] = []
    for number, wire_type, value in parser.fields(message):
        match number:
            case 1:
                dimensions += integers(wire_type, value, MAX_DIMENSIONS)
            case 2:
                kind = integer(value)
            case 4:
                parts.append(np.frombuffer(data(value), "<f4"))
            case 5:
                parts.append(np.array(integers(wire_type, value, MAX_INTEGERS), np.int64))
            case 7:
                parts.append(np.array(integers(wire_type, value, MAX_INTEGERS), np.int64))
            case 8:
                name = text(value)
            case 9:
                raw = data(value)
            case 10:
                parts.append(np.frombuffer(data(value), "<f8"))
            case 13:
                raise ValueError("its weights are in another file; export it with them inside")
            case 14 if value != 0:
                raise ValueError("its weights are in another file; export it with them inside")
            case 3 | 6 | 11:
                raise ValueError(f"the tensor {shown(name)} has segments, text or unsigned values")
    if kind not in _DTYPES:
        raise ValueError(f"the tensor {shown(name)} has the type {kind}, which is not supported")
    if len(dimensions) > MAX_DIMENSIONS or any(not 0 <= d < 2**31 for d in dimensions):
        raise ValueError(f"the tensor {shown(name)} has an invalid shape")
    if kind == 10 and raw is None:
        raise ValueError(f"the tensor {shown(name)} is of float16 without raw data")
    dtype = np.dtype(_DTYPES[kind])
    if raw is not None:
        if len(raw) % dtype.itemsize:
            raise ValueError(f"the tensor {shown(name)} does not have the bytes of its shape")
        array = np.frombuffer(raw, dtype)
    else:
        array = np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)
    if array.size != prod(dimensions):
        raise ValueError(f"the tensor {shown(name)} does not have the values of its shape")
    return name, array.reshape(dimensions)


def _parse_input(parser: Parser, message: memoryview) -> tuple[str, Input]:
    """Parse the name and the type of an input or an output."""
    name, result = "", Input()
    for number, _, value in parser.fields(message):
        if number == 1:
            name = text(value)
        elif number == 2:
            for inner, _, item in parser.fields(data(value)):
                if inner == 1:
                    result = _parse_tensor_type(parser, data(item))
    return name, result


def _parse_tensor_type(parser: Parser, message: memoryview) -> Input:
    kind = 0
    shape: list[Dimension] = []
    for number, _, value in parser.fields(message):
        if number == 1:
            kind = integer(value)
        elif number == 2:
            for inner, _, item in parser.fields(data(value)):
                if inner == 1:
                    shape.append(_parse_dimension(parser, data(item)))
    return Input(kind, tuple(shape))


def _parse_dimension(parser: Parser, message: memoryview) -> Dimension:
    for number, _, value in parser.fields(message):
        if number == 1:
            return integer(value)
    return None


def _pair(parser: Parser, message: memoryview) -> tuple[str, str]:
    key, entry = "", ""
    for number, _, value in parser.fields(message):
        if number == 1:
            key = text(value)
        elif number == 2:
            entry = text(value)
    return key, entry
