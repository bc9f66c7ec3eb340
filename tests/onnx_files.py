"""Write ONNX files by hand, from the description of the format alone: valid ones and any others.

source   https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import struct

import numpy as np

FLOAT, INT64 = 1, 7
TYPES = {"float32": 1, "int32": 6, "int64": 7, "float16": 10, "float64": 11, "uint8": 2}


def varint(value):
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number, value):
    """Encode one field: an integer, a float, text, or the bytes of a message."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(array, name="", dims=None, kind=None, more=b""):
    """Encode a tensor; what it declares may be untrue."""
    array = np.asarray(array)
    dims = array.shape if dims is None else dims
    kind = TYPES[str(array.dtype)] if kind is None else kind
    encoded = b"".join(field(1, size) for size in dims) + field(2, kind)
    return encoded + field(8, name) + field(9, array.tobytes()) + more


def attribute(name, value):
    kinds = {int: (3, 2), float: (2, 1), str: (4, 3)}
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)
    if isinstance(value, np.ndarray):
        return field(1, name) + field(5, tensor(value)) + field(20, 4)
    place, kind = kinds[type(value)]
    return field(1, name) + field(place, value) + field(20, kind)


def node(operator, inputs, output, domain="", **attributes):
    encoded = b"".join(field(1, name) for name in inputs.split()) + field(2, output)
    encoded += field(4, operator) + (field(7, domain) if domain else b"")
    return encoded + b"".join(field(5, attribute(*item)) for item in attributes.items())


def value(name, shape=("N", 28, 28), kind=FLOAT):
    """Encode an input or an output."""
    dims = b"".join(
        field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape
    )
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def graph(nodes, tensors=(), inputs=None, outputs=None, more=b""):
    """Encode a graph; `tensors` is a dictionary of arrays, or a list of encoded tensors."""
    if isinstance(tensors, dict):
        tensors = [tensor(array, name) for name, array in tensors.items()]
    inputs = [value("x")] if inputs is None else inputs
    outputs = [value("y", ())] if outputs is None else outputs
    parts = [(1, nodes), (5, tensors), (11, inputs), (12, outputs)]
    return b"".join(field(number, item) for number, items in parts for item in items) + more


def model(encoded_graph, opset=17, metadata=None, more=b""):
    encoded = field(1, 8) + field(7, encoded_graph) + field(8, field(1, "") + field(2, opset))
    for key, text in (metadata or {}).items():
        encoded += field(14, field(1, key) + field(2, text))
    return encoded + more


def chain(*operations, tensors=(), opset=17, shape=("N", 28, 28), **options):
    """Encode a model whose nodes follow each other.

    operations   each the operator, the constant inputs after the first, and the attributes
    """
    nodes, name = [], "x"
    for number, (operator, constants, attributes) in enumerate(operations):
        output = "y" if number == len(operations) - 1 else f"v{number}"
        nodes.append(node(operator, f"{name} {constants}", output, **attributes))
        name = output
    return model(graph(nodes, tensors, inputs=[value("x", shape)]), opset, **options)
