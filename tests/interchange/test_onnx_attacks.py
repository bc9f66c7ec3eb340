"""ONNX files that somebody forged: each is a valid model or one sentence, and little memory."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx_files as onnx
import pytest
from refusals import refusal_of
from untrained import untrained

from inkdigits.interchange.onnx_file import MAX_NODES, MAX_ONNX_BYTES, MAX_TENSORS
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.interchange.protobuf import MAX_FIELDS
from inkdigits.model_file import load_model, save_model, to_document
from inkdigits.model_limits import MAX_LAYERS
from inkdigits.storage.files import FileError
from inkdigits.strict_json import canonical

W = (np.random.default_rng(0).standard_normal((784, 10)) / 28).astype(np.float32)
B = np.linspace(-1, 1, 10, dtype=np.float32)
FLAT = ("N", 784)


def valid(**options):
    nodes = [onnx.node("MatMul", "x w", "a"), onnx.node("Add", "a b", "y")]
    return onnx.graph(nodes, {"w": W, "b": B}, inputs=[onnx.value("x", FLAT)], **options)


def refusal(data):
    return refusal_of(import_onnx, data)


def with_tensor(encoded):
    nodes = [onnx.node("MatMul", "x w", "y")]
    return onnx.model(onnx.graph(nodes, [encoded], inputs=[onnx.value("x", FLAT)]))


def test_valid_file_is_accepted():
    """The forgeries below are refused for their fault only."""
    import_onnx(onnx.model(valid()))
    import_onnx(with_tensor(onnx.tensor(W, "w")))


# The format


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08",
        b"\x08\x07",
        b"GIF89a",
        b"\x0b" * 100,
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xff" * 100,
        b"\x00" * 100,
        b"\x3a\x00" * 2 + b"\x42\x00",
        b"\x3a\x80\x80\x80\x80\x10" + b"x" * 100,
        bytes(range(256)),
    ],
    ids=str,
)
def test_what_is_not_onnx_is_refused(data):
    assert "the ONNX file cannot be imported: it" in refusal(data)


def test_truncated_file_is_refused():
    data = onnx.model(valid())
    for length in [*range(200), *range(0, len(data), 97)]:
        refusal(data[:length])


def test_large_file_is_refused_before_it_is_parsed():
    data = onnx.model(valid()) + onnx.field(6, bytes(MAX_ONNX_BYTES))
    assert f"more than the limit of {MAX_ONNX_BYTES}" in refusal(data)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (onnx.field(25, onnx.field(1, "f")), "functions of its own"),
        (onnx.field(7, valid()), "does not have one graph"),
        (onnx.field(8, onnx.field(1, "") + onnx.field(2, 6)), "uses version 6 of the operators"),
        (onnx.field(8, onnx.field(1, "") + onnx.field(2, -3)), "uses version -3 of the operators"),
        (onnx.field(14, onnx.field(1, b"\xff\xfe")), "codec"),
        (onnx.field(14, 7), "text has another type"),
        (onnx.field(14, onnx.field(1, "k")) * 1, None),
        (b"".join(onnx.field(14, onnx.field(1, str(n))) for n in range(1001)), "1000 metadata"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_parts_of_a_model(more, words):
    data = onnx.model(valid(), more=more)
    if words is None:
        import_onnx(data)
    else:
        assert words in refusal(data)


# Tensors


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        (onnx.tensor(W, "w", dims=(784, 11)), "'w' does not have the values of its shape"),
        (onnx.tensor(W, "w", dims=(2**62, 2**62)), "'w' has an invalid shape"),
        (onnx.tensor(W, "w", dims=(2**31 - 1,) * 8), "does not have the values of its shape"),
        (onnx.tensor(W, "w", dims=(-784, -10)), "'w' has an invalid shape"),
        (onnx.tensor(W, "w", dims=(0, 10)), "does not have the values of its shape"),
        (onnx.tensor(W, "w", dims=(1,) * 9), "'w' has an invalid shape"),
        (onnx.tensor(W, "w", dims=(1,) * 1000), "'w' has an invalid shape"),
        (onnx.tensor(W[:0], "w"), "a matrix of shape (0, 10)"),
        (onnx.tensor(W[:, :0], "w"), "or none"),
        (onnx.tensor(W, "w", kind=2), "'w' has the type 2, which is not supported"),
        (onnx.tensor(W, "w", kind=8), "'w' has the type 8, which is not supported"),
        (onnx.tensor(W, "w", kind=0), "'w' has the type 0, which is not supported"),
        (onnx.tensor(W, "w", kind=-1), "'w' has the type -1, which is not supported"),
        (onnx.tensor(W, "w", kind=7), "'w' does not have the values of its shape"),
        (onnx.tensor(W, "w")[:-40] + bytes(39), "it ends too early"),
        (onnx.tensor(W, "w", more=onnx.field(14, 1)), "its weights are in another file"),
        (
            onnx.tensor(
                W, "w", more=onnx.field(13, onnx.field(1, "location") + onnx.field(2, "/a"))
            ),
            "its weights are in another file",
        ),
        (onnx.tensor(W, "w", more=onnx.field(3, onnx.field(1, 0))), "'w' has segments"),
        (onnx.tensor(W, "w", more=onnx.field(6, "text")), "'w' has segments, text"),
        (onnx.tensor(np.full_like(W, np.nan), "w"), "not a finite float32 number"),
        (onnx.tensor(np.full_like(W, -np.inf), "w"), "not a finite float32 number"),
        (onnx.tensor(np.full(W.shape, 1e300), "w"), "not a finite float32 number"),
        (onnx.tensor(np.full_like(W, 3e38), "w"), "overflow float32"),
        (onnx.tensor(W, "\x1b]0;title\x07"), "a node 'MatMul' has 2 inputs that are computed"),
        (onnx.tensor(W, "w" * 10**6), "a node 'MatMul' has 2 inputs that are computed"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_forged_tensor_is_refused(encoded, words):
    assert words in refusal(with_tensor(encoded))


def test_other_file_is_not_opened(tmp_path):
    """With a place in another file, a reader of ONNX would open any path."""
    secret = tmp_path / "secret"
    secret.write_bytes(W.tobytes())
    place = onnx.field(13, onnx.field(1, "location") + onnx.field(2, str(secret)))
    encoded = b"".join(onnx.field(1, size) for size in W.shape) + onnx.field(2, 1)
    encoded += onnx.field(8, "w") + place + onnx.field(14, 1)
    assert "export it with them inside" in refusal(with_tensor(encoded))


def test_overflow_of_folded_weights_is_refused():
    tiny = np.full(10, 1e-38, np.float32)
    nodes = [onnx.node("MatMul", "x w", "a"), onnx.node("Div", "a tiny", "y")]
    data = onnx.model(onnx.graph(nodes, {"w": W, "tiny": tiny}, inputs=[onnx.value("x", FLAT)]))
    assert "overflow" in refusal(data)
    zero = {"w": W, "tiny": np.zeros(10, np.float32)}
    data = onnx.model(onnx.graph(nodes, zero, inputs=[onnx.value("x", FLAT)]))
    assert "not a finite float32 number" in refusal(data)
    norm = onnx.node("BatchNormalization", "a b b b b", "y")
    data = onnx.model(onnx.graph([nodes[0], norm], {"w": W, "b": B}, [onnx.value("x", FLAT)]))
    assert "not a finite float32 number" in refusal(data)  # a negative variance


# Graphs


def graph_of(*nodes, **options):
    options = {"inputs": [onnx.value("x", FLAT)]} | options
    return onnx.model(onnx.graph(nodes, {"w": W, "b": B}, **options))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (graph_of(), "nothing computes the value 'y'"),
        (graph_of(onnx.node("MatMul", "gone w", "y")), "nothing computes the value 'gone'"),
        (graph_of(onnx.node("Relu", "y", "y")), "its nodes form a loop"),
        (
            graph_of(
                *(onnx.node("Relu", f"v{n}", f"v{(n + 1) % 9}") for n in range(9)),
                onnx.node("MatMul", "v3 w", "y"),
            ),
            "its nodes form a loop",
        ),
        (
            graph_of(onnx.node("MatMul", "x w", "a"), onnx.node("Add", "a x", "y")),
            "a node 'Add' has 2 inputs that are computed",
        ),
        (graph_of(onnx.node("MatMul", "w w", "y")), "has 0 inputs that are computed"),
        (graph_of(onnx.node("MatMul", "", "y")), "has 0 inputs that are computed"),
        (graph_of(onnx.node("Relu", "x", "w")), "two values have the name 'w'"),
        (graph_of(onnx.node("Relu", "x", "x")), "two values have the name 'x'"),
        (
            graph_of(onnx.node("Relu", "x", "y"), onnx.node("Sigmoid", "x", "y")),
            "two values have the name 'y'",
        ),
        (graph_of(onnx.node("Identity", "x", "y"), inputs=[]), "it has 0 inputs"),
        (
            graph_of(onnx.node("Relu", "x", "y"), inputs=[onnx.value("x"), onnx.value("z")]),
            "it has 2 inputs",
        ),
        (graph_of(onnx.node("Relu", "x", "y"), outputs=[]), "it has 0 outputs"),
        (
            graph_of(onnx.node("Relu", "x", "y"), outputs=[onnx.value("y"), onnx.value("z")]),
            "it has 2 outputs",
        ),
        (graph_of(onnx.node("Relu", "x", "y"), outputs=[onnx.value("x")]), "it has no layers"),
        (graph_of(more=onnx.field(15, b"")), "sparse tensors"),
        (
            graph_of(onnx.node("Constant", "", "c"), onnx.node("Add", "x c", "y")),
            "a node Constant does not have one value",
        ),
        (
            graph_of(onnx.node("Constant", "", "c", value="text"), onnx.node("Add", "x c", "y")),
            "a node Constant does not have one value",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_forged_graph_is_refused(data, words):
    assert words in refusal(data)


def test_second_output_of_a_node_is_refused():
    dropout = onnx.node("Dropout", "x", "a") + onnx.field(2, "mask")
    data = graph_of(dropout, onnx.node("MatMul", "mask w", "y"))
    assert "it uses the second output of 'Dropout'" in refusal(data)


@pytest.mark.parametrize("number", [6, 9, 10, 11, 14, 15, 21, 22, 23])
def test_graphs_and_lists_inside_a_node_are_refused(number):
    hidden = onnx.field(1, "body") + onnx.field(number, valid())
    data = graph_of(onnx.node("Relu", "x", "y") + onnx.field(5, hidden))
    assert "the attribute 'body' holds a graph" in refusal(data)


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (onnx.field(1, "axis") + onnx.field(20, 7) + onnx.field(8, 1) * 65, "more than 64 numbers"),
        (onnx.field(1, "axis") + onnx.field(8, onnx.varint(1) * 65), "more than 64 integers"),
        (onnx.field(1, "axis") + onnx.field(7, bytes(4 * 65)), "holds a graph, a list"),
        (onnx.field(1, "axis") + onnx.field(7, bytes(7)), "multiple of element size"),
        (onnx.field(1, "axis"), "the attribute 'axis' has no value"),
        (onnx.field(1, "axis") + onnx.field(2, b"abc"), "a number has another type"),
        (onnx.field(1, "axis") + onnx.field(3, 1.0), "an integer has another type"),
        (onnx.field(1, "axis") + onnx.field(3, "1"), "an integer has another type"),
        (
            onnx.field(1, "axis") + onnx.field(4, "1"),
            "the attribute axis of Flatten is not a number",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_forged_attribute_is_refused(attribute, words):
    node = onnx.node("Flatten", "x", "a") + onnx.field(5, attribute)
    assert words in refusal(graph_of(node, onnx.node("MatMul", "a w", "y")))


def test_deep_graph_takes_no_recursion():
    def deep(count):
        steps = [onnx.node("Identity", f"v{n}", f"v{n + 1}") for n in range(count - 1)]
        first = onnx.node("MatMul", "x w", "v0")
        return graph_of(first, *steps, outputs=[onnx.value(f"v{count - 1}")])

    import_onnx(deep(MAX_NODES))
    assert f"more than {MAX_NODES} nodes" in refusal(deep(MAX_NODES + 1))
    # In any order, and computed shapes as well.
    nodes = [onnx.node("Identity", f"v{n}", f"v{n + 1}") for n in reversed(range(900))]
    data = graph_of(*nodes, onnx.node("MatMul", "x w", "v0"), outputs=[onnx.value("v900")])
    import_onnx(data)
    sizes = [onnx.node("Unsqueeze", f"s{n}", f"s{n + 1}") for n in range(900)]
    data = graph_of(onnx.node("Shape", "x", "s0"), *sizes, onnx.node("Reshape", "x s900", "y"))
    assert "must be constant" in refusal(data)


def test_too_many_layers_and_tensors_are_refused():
    steps = [onnx.node("Relu", f"v{n}", f"v{n + 1}") for n in range(MAX_LAYERS)]
    data = graph_of(*steps, inputs=[onnx.value("v0", FLAT)], outputs=[onnx.value(f"v{MAX_LAYERS}")])
    assert "and logits or a softmax" in refusal(data)
    steps.append(onnx.node("Relu", f"v{MAX_LAYERS}", "y"))
    data = graph_of(*steps, inputs=[onnx.value("v0", FLAT)])
    assert f"more than {MAX_LAYERS} layers" in refusal(data)
    tensors = {f"t{number}": np.float32(number) for number in range(MAX_TENSORS + 1)}
    assert f"{MAX_TENSORS} tensors" in refusal(onnx.model(onnx.graph([], tensors)))
    many = b"".join(onnx.field(13, b"") for _ in range(MAX_FIELDS))
    assert f"more than {MAX_FIELDS} fields" in refusal(onnx.model(valid(more=many)))
    twice = [onnx.tensor(W, "w"), onnx.tensor(W, "w")]
    assert "two tensors have the name 'w'" in refusal(onnx.model(onnx.graph([], twice)))


# A document of our own that somebody has changed


def exported(change=lambda document: document, text=None):
    """A file in the form that inkdigits exports, with its document changed."""
    model = untrained("classic")
    document = to_document(model)
    del document["network"]
    document = change(document)
    metadata = {"inkdigits": canonical(document) if text is None else text}
    params = model.network.unflatten(model.vector)
    operations = [("Flatten", "", {})]
    for name in params:
        operations += [("MatMul", name, {}), ("Sigmoid", "", {})]
    nodes, name = [], "x"
    for number, (operator, constants, attributes) in enumerate(operations[:-1]):
        output = "logits" if number == len(operations) - 2 else f"v{number}"
        nodes.append(onnx.node(operator, f"{name} {constants}", output, **attributes))
        name = output
    return onnx.model(onnx.graph(nodes, params, outputs=[onnx.value("logits")]), metadata=metadata)


def test_own_document_is_taken_over():
    model = import_onnx(exported(lambda document: document | {"recipe": "mine"}))
    assert (model.recipe, model.preprocessing, model.tta) == ("mine", "classic", False)
    assert np.array_equal(model.vector, untrained("classic").vector)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format 99"),
        ({"class_names": ["a"] * 10}, "two classes have the same name"),
        ({"class_names": list("0123456789A")}, "class names do not fit"),
        ({"class_names": [*"012345678", "\x1b"]}, "cannot be the name of a class"),
        ({"preprocessing": {"name": "ink", "revision": 99}}, "needs revision 99"),
        ({"calibration": {"temperature": 0.0, "rejection_threshold": None}}, "temperature"),
        ({"calibration": {"temperature": 1.0, "rejection_threshold": 1.0}}, "rejection threshold"),
        ({"input_shape": [29, 29]}, "input shape"),
        ({"training": []}, "field"),
        ({"metrics": None}, "field"),
        ({"more": 1}, "field"),
    ],
    ids=str,
)
def test_forged_document_is_refused(change, words):
    assert words in refusal(exported(lambda document: document | change))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "7", "{" * 10_000, '{"a":NaN}', "x" * 300_000, '{"a": 1}']
)
def test_metadata_that_are_not_a_document_are_refused(text):
    refusal(exported(text=text))


def test_options_for_an_own_file_are_refused():
    with pytest.raises(FileError, match="it needs no options; leave them out"):
        import_onnx(exported(), classes=list("ABCDEFGHIJ"))


# Mutations


def mutate(data, rng):
    """Change, remove, repeat or swap some bytes; mostly those that are not weights."""
    data = bytearray(data)
    structure = [n for n in range(len(data)) if n < 200 or n > len(data) - 400 or n % 500 < 2]
    for _ in range(rng.randrange(1, 4)):
        place = rng.choice(structure) % max(1, len(data))
        match rng.randrange(5):
            case 0:
                data[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[place : place + rng.randrange(1, 5)]
            case 2:
                data[place:place] = data[place : place + rng.randrange(1, 9)]
            case 3:
                data[place : place + 1] = bytes([data[place] ^ 1 << rng.randrange(8)])
            case 4:
                data[place:place] = onnx.varint(rng.choice([0, 1, 127, 2**31, 2**63, 2**64 - 1]))
    return bytes(data)


def test_any_mutation_gives_a_valid_model_or_one_sentence(tmp_path):
    rng = random.Random(0)
    small = {
        "k": np.ones((2, 1, 3, 3), np.float32) / 9,
        "s": np.ones(2, np.float32),
        "w": np.ones((2, 2), np.float32),
        "shape": np.array([0, -1]),
    }
    operations = [
        ("Conv", "k s", {"pads": [1, 1, 1, 1]}),
        ("BatchNormalization", "s s s s", {"epsilon": 1e-3}),
        ("Relu", "", {}),
        ("MaxPool", "", {"kernel_shape": [28, 28], "strides": [28, 28]}),
        ("Reshape", "shape", {}),
        ("Gemm", "w s", {"transB": 1}),
        ("Softmax", "", {"axis": 1}),
    ]
    data = onnx.chain(*operations, tensors=small, shape=("N", 1, 28, 28))
    classes = ["a", "b"]
    import_onnx(data, classes=classes)
    accepted = 0
    for number in range(4000):
        try:
            model = import_onnx(mutate(data, rng), classes=classes)
        except FileError as error:
            message = str(error)
            assert message.isprintable(), number
            assert message.endswith("."), number
            assert len(message) < 600, number
            continue
        accepted += 1
        save_model(tmp_path / "model", model)
        load_model(tmp_path / "model")
    assert 100 < accepted < 2500


# Memory


MEASURE = """
import sys
from pathlib import Path
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.storage.files import FileError

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

import_onnx(Path(sys.argv[1]).read_bytes())
for path in sys.argv[2:]:
    data = Path(path).read_bytes()
    before = peak()
    try:
        import_onnx(data)
    except FileError:
        print((peak() - before) / 1000)
    else:
        sys.exit("accepted " + path)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc gives the peak memory")
def test_refused_file_takes_little_memory(tmp_path):
    size = MAX_ONNX_BYTES - 10_000
    some = bytes(size)
    convolution = onnx.tensor(np.zeros((2**18, 1, 1, 1), np.float32), "w")
    image = [onnx.value("x", ("N", 1, 28, 28))]
    files = {
        "valid": lambda: onnx.model(valid()),
        "empty nodes": lambda: onnx.model(onnx.field(1, b"") * (size // 2)),
        "empty tensors": lambda: onnx.model(onnx.field(5, b"") * (size // 2)),
        "empty values": lambda: onnx.model(onnx.field(13, b"") * (size // 2)),
        "packed dimensions": lambda: with_tensor(onnx.field(1, some) + onnx.field(8, "w")),
        "packed integers": lambda: with_tensor(onnx.field(7, some) + onnx.field(2, 7)),
        "bytes of text": lambda: with_tensor(onnx.field(6, some)),
        "declared sizes": lambda: with_tensor(onnx.tensor(W, "w", dims=(2**31 - 1,) * 8)),
        "values of a layer": lambda: onnx.model(
            onnx.graph([onnx.node("Conv", "x w", "y")], [convolution], inputs=image)
        ),
        "padding": lambda: onnx.model(
            onnx.graph(
                [onnx.node("Conv", "x w", "y", pads=[2**16] * 4)],
                {"w": np.zeros((1, 1, 1, 1), np.float32)},
                inputs=image,
            )
        ),
        "nested messages": lambda: onnx.model(onnx.field(1, some)),
    }
    for name, make in files.items():  # one at a time: each has 32 MB
        (tmp_path / name).write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *(str(tmp_path / name) for name in files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    megabytes = dict(zip([*files][1:], map(float, done.stdout.split()), strict=True))
    assert max(megabytes.values()) < 20, megabytes


def test_parser_does_not_use_the_package_onnx():
    """Its parser has no limit on memory, and its tensors may be read from any path."""
    folder = Path(import_onnx.__code__.co_filename).parent
    for name in ("protobuf", "onnx_file", "onnx_import", "onnx_operators", "layer_builder"):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert "import onnx\n" not in text
        assert "from onnx " not in text
