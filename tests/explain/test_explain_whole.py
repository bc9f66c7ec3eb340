"""An explanation has the parts that were asked for, for any model and any image."""

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import onnx_files as onnx
import pytest
from explained import SEVEN, ink_of
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.explain import PARTS, Explanation, Unit, explain, explain_ink
from inkdigits.imaging.errors import ImageError
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.nn.losses import softmax

SEVEN_PNG = Path(__file__).parents[1] / "golden/7.png"
CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal")


def numbers_in(value):
    """Yield all arrays and floats in an explanation."""
    if isinstance(value, np.ndarray | float):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers_in(item)
    elif hasattr(value, "__dataclass_fields__"):
        for field in fields(value):
            yield from numbers_in(getattr(value, field.name))


@pytest.mark.parametrize("part", PARTS)
def test_only_the_part_asked_for_is_there(part):
    explanation = explain_ink(ink_of(SEVEN), Recognizer.load("mlp"), parts=[part])
    assert [name for name in PARTS if getattr(explanation, name) is not None] == [part]
    assert explanation.unit is None


def test_default_is_all_parts_of_the_default_model():
    explanation = explain(SEVEN_PNG)
    assert [name for name in PARTS if getattr(explanation, name) is None] == []
    assert (explanation.model, explanation.digest) == ("cnn-small", Recognizer.load().digest)
    assert explanation.prediction == Recognizer.load().recognize(SEVEN_PNG)
    assert all(np.isfinite(value).all() for value in numbers_in(explanation))


def test_blank_image_has_a_clear_explanation():
    for name in ("cnn-small", "mlp", "classic"):
        explanation = explain(np.full((50, 40), 255, np.uint8), Recognizer.load(name))
        assert explanation.prediction.reason == "blank"
        assert explanation.rejection.rejected
        assert explanation.rejection.score is explanation.rejection.margin is None
        assert "blank" in explanation.change.reason
        assert explanation.neighbors is None
        assert "blank" in explanation.neighbors_reason
        assert not explanation.occlusion.any()
        assert not explanation.augmented
        assert all(np.isfinite(value).all() for value in numbers_in(explanation))
        assert max(map(max, (step.picture.shape for step in explanation.steps))) == 50


def test_network_of_another_tool_with_its_own_classes():
    rng = np.random.default_rng(0)
    tensors = {
        "w": rng.normal(size=(784, len(CLOTHES))).astype(np.float32),
        "b": rng.normal(size=len(CLOTHES)).astype(np.float32),
    }
    operations = ("Flatten", "", {"axis": 1}), ("Gemm", "w b", {})
    model = import_onnx(onnx.chain(*operations, tensors=tensors), classes=CLOTHES)
    recognizer = Recognizer(replace(model, preprocessing="plain"), "clothes")
    pixels = rng.integers(0, 256, (28, 28), np.uint8)
    explanation = explain(pixels, recognizer, target="Dress", unit=Unit(0, (100,)))
    assert explanation.target_name == "Dress"
    assert explanation.prediction == recognizer.recognize(pixels)
    assert explanation.change.after.label == "Dress" or explanation.prediction.label == "Dress"
    assert [step.name for step in explanation.steps] == ["gray", "resized"]
    assert explanation.neighbors is None
    np.testing.assert_array_equal(explanation.saliency, tensors["w"][:, 3].reshape(28, 28))


@pytest.mark.parametrize("name", ["cnn", "cnn-small", "mlp", "classic"])
def test_untrained_network_of_each_recipe(name):
    recognizer = Recognizer(untrained(name), name)
    explanation = explain(SEVEN_PNG, recognizer, parts=["layers", "weights", "saliency"])
    assert len(explanation.layers) == len(recognizer.model.network.layers)
    assert explanation.weights.values.shape[2 if name in ("mlp", "classic") else 3] > 10


def test_augmented_says_whether_the_logits_give_the_probabilities():
    recognizer = Recognizer.load()
    seen = set()
    for path in sorted(SEVEN_PNG.parent.glob("*.png")):
        explanation = explain(path, recognizer, parts=["change"])
        for picture in (explanation.prediction.seen, explanation.change.after.seen):
            again = explain_ink(picture, recognizer, parts=[])
            logits = np.array(again.logits)[None, :10]
            plain = softmax(logits / again.temperature)[0]
            same = np.allclose(plain, again.prediction.probabilities, atol=1e-5)
            assert again.augmented == (not same)
            seen.add(again.augmented)
    assert seen == {False, True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parts": ["saliency", "magic"]}, "'magic'"),
        ({"target": "eleven"}, "'eleven'"),
        ({"target": ""}, "''"),
    ],
)
def test_mistakes_are_sentences(options, said):
    with pytest.raises(ValueError, match="is not one of") as error:
        explain(SEVEN_PNG, **options)
    assert said in str(error.value)


def test_errors_are_those_of_the_recognizer():
    with pytest.raises(ImageError):
        explain(b"no image")
    with pytest.raises(ImageError):
        explain_ink(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(FileNotFoundError):
        explain("missing.png")


def test_fields_are_documented():
    documented = re.findall(r"^    (\w+)  ", Explanation.__doc__, flags=re.MULTILINE)
    assert [field.name for field in fields(Explanation)] == documented
