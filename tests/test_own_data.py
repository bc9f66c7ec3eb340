"""Recipes adapted to other classes, and the checks of data before training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import own_images
import pytest
from sentences import assert_sentence

from inkdigits import own_data, training, training_data
from inkdigits.calibration import calibrate
from inkdigits.constants import DIGITS
from inkdigits.data import labeled, sources
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages, match_classes, with_class_names
from inkdigits.imaging.decode import encode_png
from inkdigits.model_file import Model, load_model, save_model
from inkdigits.nn.layers import ReLU
from inkdigits.nn.network import Network
from inkdigits.own_data import adapt
from inkdigits.recipes import RECIPES
from inkdigits.recognizer import Recognizer

MLP = RECIPES["mlp"]


def data_of(count=80, names=own_images.NAMES, writers=None, seed=0):
    images, labels = own_images.images_of(count, len(names), seed)
    writers = None if writers is None else np.array(writers)
    return LabeledImages(
        images, labels.astype(np.uint8), writers, {"file": "hash"}, tuple(names), "mine.csv"
    )


def error_of(function, *arguments):
    with pytest.raises(DataError) as raised:
        function(*arguments)
    assert_sentence(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_network_gets_an_output_for_each_class_and_nothing_for_digits_is_left(recipe):
    adapted = adapt(recipe, tuple("abcdefg"))
    assert adapted.network.output_shapes((28, 28))[-1] == (7,)
    assert adapted.network.layers[:-1] == recipe.network.layers[:-1]
    assert adapted.classes == tuple("abcdefg")
    assert adapted.preprocessing == recipe.preprocessing
    assert not training_data._uses_more_than_mnist(adapted)
    assert adapted.target_table.shape == (7, 7)


def test_digits_keep_all_of_the_recipe():
    assert adapt(MLP, DIGITS) == MLP
    assert adapt(MLP, DIGITS, "ink") == MLP


@pytest.mark.parametrize("preprocessing", ["plain", "classic"])
def test_digits_with_another_preprocessing_are_only_digits(preprocessing):
    adapted = adapt(MLP, DIGITS, preprocessing)
    assert adapted.network.output_shapes((28, 28))[-1] == (10,)
    assert not training_data._uses_more_than_mnist(adapted)
    assert (adapted.augment is None) == (preprocessing == "plain")


def test_network_without_a_dense_layer_at_its_end_is_refused():
    recipe = replace(MLP, network=Network((*MLP.network.layers, ReLU())))
    assert "ends in ReLU" in error_of(adapt, recipe, ("a", "b"))


@pytest.mark.parametrize(
    "names",
    [("a",), ("a", "\x1b[2J"), ("a", "../x\n"), ("a", " b"), ("a", "x" * 65), ("a", "non-digit")],
)
def test_labels_that_cannot_be_names_of_classes_are_refused(names):
    assert "The labels cannot be classes" in error_of(adapt, MLP, names)


def test_validation_share_is_taken_evenly_of_the_classes():
    recipe = adapt(MLP, own_images.NAMES)
    prepared = training_data.prepare(recipe, own_data.load(recipe, data_of()), 0)
    assert list(prepared.held_out) == ["validation"]
    assert np.bincount(prepared.held_out["validation"].labels).tolist() == [2, 2, 2, 2]
    assert prepared.counts == {"mine.csv images": 72, "held out": 8}
    assert len(prepared.validation[1]) == 8


def test_validation_is_split_by_writer_if_there_are_writers():
    recipe = adapt(replace(MLP, validation=0.25), own_images.NAMES)
    data = data_of(writers=[f"writer {number // 8}" for number in range(80)])
    prepared = training_data.prepare(recipe, own_data.load(recipe, data), 0)
    (held_out,) = prepared.held_out.values()
    writers, counts = np.unique(held_out.writers, return_counts=True)
    assert (len(writers), set(counts)) == (2, {8})


def test_other_data_are_validated_on_whole_and_recorded():
    recipe = adapt(replace(MLP, validation=0.0), own_images.NAMES)
    other = data_of(8, own_images.NAMES[::-1], seed=1)
    sources = own_data.load(recipe, data_of(), other)
    assert sources.hashes == {"file": "hash", "validation: file": "hash"}
    prepared = training_data.prepare(recipe, sources, 0)
    assert prepared.counts == {"mine.csv images": 80, "held out": 8}
    assert prepared.validation[1].tolist() == [3, 2, 1, 0, 3, 2, 1, 0]
    unknown = data_of(8, (*own_images.NAMES[:3], "new"))
    assert "has the label 'new'" in error_of(own_data.load, recipe, data_of(), unknown)


def test_data_that_cannot_be_split_are_refused():
    recipe = adapt(MLP, own_images.NAMES)
    one = data_of(5, (*own_images.NAMES, "e"))
    assert "has only one image" in error_of(own_data.load, recipe, one)
    assert "less than one" in error_of(own_data.load, recipe, data_of(8))
    same = data_of(writers=["ann"] * 80)
    assert "have the same writer" in error_of(own_data.load, recipe, same)
    large = replace(recipe, validation=0.7)
    assert "at most 0.5 is possible" in error_of(own_data.load, large, data_of())
    # A class that only one person has written.
    data = data_of(writers=[own_images.NAMES[number % 4] for number in range(80)])
    sources = own_data.load(recipe, data)
    message = error_of(training_data.prepare, recipe, sources, 0)
    assert "All images of the class" in message


def test_limit_takes_images_of_all_classes_though_they_are_sorted():
    data = data_of(80)
    data = data.take(np.argsort(data.labels, kind="stable"))
    recipe = adapt(MLP, own_images.NAMES)
    sources = own_data.load(recipe, data, limit=40)
    assert np.bincount(sources.digits.labels).tolist() == [10] * 4


@pytest.mark.parametrize("preprocessing", ["plain", "ink", "classic"])
def test_model_of_other_classes_predicts_a_file_as_the_array(tmp_path, preprocessing):
    recipe = adapt(replace(MLP, epochs=8, batch_size=16), own_images.NAMES, preprocessing)
    data = data_of(400)
    images = np.kron(data.images, np.ones((1, 4, 4), np.uint8))[:, 2:30, 2:30]  # 28x28
    images[:, :2] = images[:, -2:] = images[:, :, :2] = images[:, :, -2:] = 0
    data = replace(data, images=images)
    prepared = training_data.prepare(recipe, own_data.load(recipe, data), 0)
    state = training.init_state(recipe, 0)
    list(training.fit(recipe, prepared.batches, state, prepared.validation))
    vector = training.inference_params(recipe, prepared.batches, state)
    model = Model.from_recipe(recipe, vector, *calibrate(recipe, vector, prepared.held_out))
    save_model(tmp_path / "model", model)
    recognizer = Recognizer(load_model(tmp_path / "model"), "mine")
    assert recognizer.model.classes == own_images.NAMES
    assert recognizer.model.temperature != 1
    batch = recognizer.predict_batch(labeled.preprocess(data, preprocessing).images[:20])
    right = 0
    for image, label, expected in zip(images, data.labels, batch.probabilities, strict=False):
        prediction = recognizer.recognize(encode_png(image))
        np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-5)
        assert prediction.digit is None
        right += prediction.label == own_images.NAMES[label]
    if preprocessing == "plain":  # the patterns are not ink on paper
        assert right >= 18


# Names.


def test_classes_of_numbers_get_names():
    data = with_class_names(data_of(8, ("0", "2", "3", "5")), tuple("abcdef"))
    assert data.classes == tuple("abcdef")
    assert data.labels.tolist() == [0, 2, 3, 5] * 2
    for names in (("a", "b"), ()):
        assert "names of classes do not fit" in error_of(
            with_class_names, data_of(8, ("0", "2", "3", "5")), names
        )
    told = error_of(with_class_names, data_of(8), tuple("abcd"))
    assert "are names already, such as" in told
    assert "leave the other names out" in told


def test_labels_are_matched_to_the_classes_of_a_model():
    classes = ("box", "cross", "left", "new", "top")
    data = match_classes(data_of(8), classes)
    assert [classes[label] for label in data.labels] == [*own_images.NAMES] * 2
    numbers = match_classes(data_of(8, ("0", "1", "2", "4")), classes)
    assert numbers.labels.tolist() == [0, 1, 2, 4] * 2
    assert "label 'cross', which is not one of the 2 classes 'a', 'b'" in error_of(
        match_classes, data_of(8), ("a", "b")
    )
    # Numbers are names, if the model has some.
    assert "label '0'" in error_of(match_classes, data_of(8, tuple("0123")), ("1", "2", "x"))
    told = error_of(match_classes, data_of(8, ("0", "2", "9", "10")), tuple("abc"))
    assert "the label '10', and the model has only 3 classes, for which 0 to 2 stand" in told


def test_more_than_256_classes_are_numbered_right():
    names = tuple(f"class {number}" for number in range(300))
    images = np.zeros((600, 4, 4), np.uint8)
    data = LabeledImages(images, (np.arange(600) % 300).astype(np.uint16), None, {}, names, "x")
    recipe = adapt(MLP, names)
    prepared = training_data.prepare(recipe, own_data.load(recipe, data), 0)
    labels = np.concatenate([prepared.batches.labels, prepared.validation[1]])
    assert sorted(labels.tolist()) == sorted(data.labels.tolist())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fashion-mnst", r"did you mean fashion-mnist\?$"),
        ("images.npy", r"numpy\.savez\('data\.npz', x=images, y=labels\)\.$"),
        ("picture.png", "save the file as CSV in UTF-8, or name a Parquet, NumPy"),
    ],
)
def test_wrong_kind_of_data_is_told_with_the_right_one(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.zeros((2, 8, 8), np.uint8))
    Path("picture.png").write_bytes(encode_png(np.zeros((8, 8), np.uint8)))
    with pytest.raises(DataError, match=message):
        sources.load(name)
