"""Recipes and layers as typed JSON: every field, and nothing else."""

import json
from dataclasses import dataclass, fields, is_dataclass, replace

import pytest
from forged import deep

from inkdigits.dataclass_json import from_json, to_json
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.initializers import Initializer, glorot, inverse_square_root
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU, Sigmoid
from inkdigits.nn.losses import LabelSmoothing, SoftTargets
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, Cosine, OneCycle
from inkdigits.recipes import CNN, INFERENCE_LAYERS, INITIALIZERS, MILD, MLP, RECIPES, Recipe

LAYERS = [
    Flatten(),
    AddChannel(),
    ZeroPad2D(3),
    Conv2D(2, 5, 4, glorot),
    MaxPool2D(3),
    Dense(6, 7, bias=False, initializer=inverse_square_root),
    ReLU(),
    Sigmoid(),
    Dropout(0.25),
    BatchNorm(9, 0.5),
]
CHOICES = {Layer: [type(layer) for layer in LAYERS], Initializer: INITIALIZERS}
each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())


def through_text(content):
    """Write JSON as text, and parse it again."""
    return json.loads(json.dumps(content))


# Round trips


@each_recipe
def test_recipe_survives_a_round_trip(recipe):
    assert Recipe.from_json(through_text(recipe.to_json())) == recipe


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layer_survives_a_round_trip(layer):
    assert from_json(through_text(to_json(layer)), Layer, CHOICES) == layer


def test_every_type_of_layer_is_among_the_examples():
    assert {type(layer) for layer in LAYERS} == {*INFERENCE_LAYERS, BatchNorm}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("targets", LabelSmoothing(0.5)),
        ("targets", SoftTargets(0.9, 0.1)),
        ("optimizer", SGD(0.5, 0.25)),
        ("optimizer", AdamW(0.5, 0.25, 0.125, 0.1)),
        ("schedule", Constant(0.5)),
        ("schedule", Cosine(0.5, 0.25)),
        ("schedule", OneCycle(0.5, 0.25, 0.125, 0.1)),
        ("augment", None),
    ],
    ids=repr,
)
def test_every_part_of_a_recipe_survives_a_round_trip(field, value):
    recipe = replace(MLP, **{field: value})
    assert Recipe.from_json(through_text(recipe.to_json())) == recipe


# Every field


def assert_has_every_field(value, content):
    """Compare a dataclass with its JSON, field by field, all the way down."""
    if is_dataclass(value):
        assert content["type"] == type(value).__name__
        names = [field.name for field in fields(value)]
        assert sorted(content) == sorted(["type", *names])
        for name in names:
            assert_has_every_field(getattr(value, name), content[name])
    elif isinstance(value, tuple):
        for item, item_content in zip(value, content, strict=True):
            assert_has_every_field(item, item_content)
    elif callable(value):
        assert content == {"type": value.__name__}
    else:
        assert content == value
        assert type(content) is type(value)


@each_recipe
def test_json_of_a_recipe_has_every_field(recipe):
    assert_has_every_field(recipe, recipe.to_json())


def changes(value):
    """Yield a value with each single field changed, all the way down."""
    if is_dataclass(value):
        for field in fields(value):
            for changed in changes(getattr(value, field.name)):
                yield replace(value, **{field.name: changed})
    elif isinstance(value, tuple):
        yield value[:-1]
        for index, item in enumerate(value):
            for changed in changes(item):
                yield (*value[:index], changed, *value[index + 1 :])
    elif callable(value):
        yield glorot
    else:
        yield changed_scalar(value)


def changed_scalar(value):
    match value:
        case None:
            return MILD
        case bool():
            return not value
        case str():
            return value + "?"
        case _:
            return value + 1


@each_recipe
def test_each_changed_field_changes_the_json_and_is_read_back(recipe):
    before, changed = recipe.to_json(), list(changes(recipe))
    assert len(changed) > 25
    for other in changed:
        content = through_text(other.to_json())
        assert content != before
        assert Recipe.from_json(content) == other


@each_recipe
def test_json_of_a_recipe_contains_no_repr(recipe):
    assert not set("()<>=") & set(json.dumps(recipe.to_json()))


@pytest.mark.parametrize(
    "value", [object(), [1], {"a": 1}, {1}, b"bytes", 1j], ids=lambda value: type(value).__name__
)
def test_value_without_a_json_form_is_a_type_error(value):
    with pytest.raises(TypeError, match="has no JSON form"):
        to_json(Dense(1, value))


# Invalid JSON


def rejection(content):
    with pytest.raises(ValueError, match=r".") as caught:
        Recipe.from_json(content)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 300
    return message


def changed_recipe(*path, value):
    """Return the JSON of the recipe `cnn` with the value at a path changed."""
    content = through_text(CNN.to_json())
    target = content
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return content


def test_changed_recipe_without_a_fault_is_read():
    """The changes below are rejected for their fault only."""
    assert Recipe.from_json(changed_recipe("epochs", value=40)) == CNN
    assert Recipe.from_json(changed_recipe("network", "layers", 1, "width", value=1)) == CNN


LAYER_1 = ("network", "layers", 1)


@pytest.mark.parametrize(
    ("path", "value", "cause"),
    [
        (("type",), "Network", "type 'Network' is not one of Recipe"),
        (("type",), None, "type None is not one of Recipe"),
        (("network", "type"), "Recipe", "type 'Recipe' is not one of Network"),
        (("optimizer", "type"), "Adam", "type 'Adam' is not one of SGD, AdamW"),
        (("optimizer", "type"), ["AdamW"], "type a list is not one of SGD, AdamW"),
        (("optimizer", "type"), "\x1b[2J" * 100, "type '\\x1b[2J"),
        (("optimizer",), {"type": "Constant", "rate": 0.1}, "'Constant' is not one of SGD, AdamW"),
        (("schedule",), {"type": "eval"}, "type 'eval' is not one of Constant, Cosine, OneCycle"),
        (("targets",), {"type": "SoftTargets"}, "targets: SoftTargets lacks the field 'on'"),
        (LAYER_1, {"type": "LSTM", "size": 3}, "type 'LSTM' is not one of Flatten, "),
        (LAYER_1, {"type": "ZeroPad2D"}, "layers[1]: ZeroPad2D lacks the field 'width'"),
        (LAYER_1, {"type": "ReLU", "slope": 0.1}, "ReLU has no field 'slope'"),
        (LAYER_1, {"width": 1}, "type None is not one of"),
        (LAYER_1, "ZeroPad2D", "expected an object, got 'ZeroPad2D'"),
        (LAYER_1, None, "expected an object, got None"),
        (LAYER_1, [], "expected an object, got a list"),
        ((*LAYER_1, "width"), True, "network.layers[1].width: expected int, got True"),
        ((*LAYER_1, "width"), 1.5, "expected int, got 1.5"),
        ((*LAYER_1, "width"), 1.0, "expected int, got 1.0"),
        ((*LAYER_1, "width"), "1", "expected int, got '1'"),
        ((*LAYER_1, "width"), None, "expected int, got None"),
        ((*LAYER_1, "width"), [1], "expected int, got a list"),
        ((*LAYER_1, "width"), {}, "expected int, got an object"),
        (("epochs",), 40.0, "expected int, got 40.0"),
        (("shuffle",), 1, "expected bool, got 1"),
        (("tta",), None, "expected bool, got None"),
        (("validation",), True, "expected float, got True"),
        (("validation",), "0.1", "expected float, got '0.1'"),
        (("validation",), None, "expected float, got None"),
        (("validation",), 2**53 + 1, "expected float, got 9007199254740993"),
        (("validation",), int("9" * 300), "expected float, got 999"),
        (("validation",), int("9" * 400), "expected float, got an integer that is too large"),
        (("name",), 1, "expected str, got 1"),
        (("name",), None, "expected str, got None"),
        (("augment",), 0, "expected an object, got 0"),
        (("augment",), {}, "type None is not one of Augment"),
        (("augment", "blur"), None, "expected float, got None"),
        (("network", "layers"), {}, "expected a list, got an object"),
        (("network", "layers"), "Flatten", "expected a list, got 'Flatten'"),
        (("network", "layers"), None, "expected a list, got None"),
        (("extra",), 1, "Recipe has no field 'extra'"),
        (("\x1b[2J",), 1, "Recipe has no field '\\x1b[2J'"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_other_json_is_rejected(path, value, cause):
    assert cause in rejection(changed_recipe(*path, value=value))


@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_missing_field_is_rejected(name):
    """Even if it has a default: a file must be complete."""
    content = CNN.to_json()
    del content[name]
    assert f"Recipe lacks the field '{name}'" in rejection(content)


@pytest.mark.parametrize("content", [None, True, 1, 1.5, "Recipe", [], {}, [{"type": "Recipe"}]])
def test_json_that_is_not_a_recipe_is_rejected(content):
    rejection(content)


@pytest.mark.parametrize("depth", [10, 500, 20_000])
@pytest.mark.parametrize("path", [("name",), ("epochs",), LAYER_1, ("network",), ("extra",)])
def test_deeply_nested_junk_is_rejected(path, depth):
    rejection(changed_recipe(*path, value=deep(depth)))


def test_integer_is_accepted_for_a_float():
    recipe = Recipe.from_json(changed_recipe("validation", value=0))
    assert recipe.validation == 0.0
    assert type(recipe.validation) is float


def test_function_takes_no_fields():
    layer = to_json(Dense(1, 2)) | {"initializer": {"type": "he", "scale": 2}}
    with pytest.raises(ValueError, match="initializer: he has no field 'scale'"):
        from_json(layer, Layer, CHOICES)


def test_only_the_choices_are_built():
    """Not any class of that name: the same JSON is rejected if the choices lack it."""
    assert from_json({"type": "ReLU"}, Layer, {Layer: [ReLU]}) == ReLU()
    with pytest.raises(ValueError, match="type 'ReLU' is not one of Sigmoid"):
        from_json({"type": "ReLU"}, Layer, {Layer: [Sigmoid]})


def test_field_added_to_a_dataclass_is_in_the_json():
    @dataclass(frozen=True)
    class Dilated(Conv2D):
        dilation: int = 2

    assert to_json(Dilated(1, 2)) == {
        "type": "Dilated",
        "channels": 1,
        "filters": 2,
        "kernel_size": 3,
        "initializer": {"type": "he"},
        "dilation": 2,
    }


def test_network_survives_a_round_trip():
    network = CNN.network.inference_network
    assert from_json(through_text(to_json(network)), Network, CHOICES) == network


# Files that people write


def test_misspelled_names_are_told_with_the_nearest():
    content = changed_recipe("epochs", value=40)
    content["epoch"] = content.pop("epochs")
    assert rejection(content) == "Recipe has no field 'epoch'; did you mean 'epochs'?"
    message = rejection(changed_recipe(*LAYER_1, value={"type": "Relu"}))
    assert message.startswith("network.layers[1]: type 'Relu' is not one of Flatten, ")
    assert message.endswith("; did you mean 'ReLU'?")


def test_fields_with_a_default_may_be_left_out_if_the_caller_says_so():
    content = {"layers": [{"type": "Flatten"}, {"type": "Dense", "inputs": 784, "outputs": 10}]}
    network = from_json(content, Network, CHOICES, complete=False)
    assert network == Network((Flatten(), Dense(784, 10)))
    with pytest.raises(ValueError, match=r"^type None is not one of Network$"):
        from_json(content, Network, CHOICES)
    del content["layers"][1]["outputs"]
    with pytest.raises(ValueError, match=r"^layers\[1\]: Dense lacks the field 'outputs'$"):
        from_json(content, Network, CHOICES, complete=False)
    with pytest.raises(ValueError, match=r"^layers\[0\]: type None is not one of"):
        from_json({"layers": [{}]}, Network, CHOICES, complete=False)
