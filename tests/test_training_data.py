"""What a recipe trains on: sources, split, shares and preprocessing."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import small_mnist as small
import small_pendigits
from foreign import ForeignArray

from inkdigits import training_data
from inkdigits.data import chunks, mnist, pendigits
from inkdigits.data.folders import DataError
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import CLASSIC, CNN_SMALL, MILD, MLP, NON_DIGIT, RECIPES

RECIPE = replace(CNN_SMALL, restroked=0.25, pendigits_copies=2, outliers=0.5, augment=None)


@pytest.fixture(autouse=True)
def small_files(small_mnist, monkeypatch):
    """Make inkdigits accept the small files as the real ones."""
    traces = small_pendigits.unipen()
    monkeypatch.setattr(mnist, "SOURCES", small.sources_of(small_mnist))
    monkeypatch.setattr(pendigits, "SIZE", len(traces))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(traces).hexdigest())
    monkeypatch.setenv("INKDIGITS_DATA", str(small_mnist))


@pytest.fixture
def sources():
    return training_data.load(RECIPE, limit=200)


def prepare(recipe, sources, seed=0, workers=1):
    """Prepare, and return the progress too: how many images of each step are done."""
    steps = {}

    def on_progress(step, total, done):
        done_before = steps.setdefault(step, [total])
        assert done_before[0] == total
        done_before.append(done)

    return training_data.prepare(
        recipe, sources, seed, workers=workers, on_progress=on_progress
    ), steps


def images_of(data):
    """Return the training images and labels, in the order of their sources."""
    return data.batches.inputs, data.batches.labels


def by_content(digits):
    """Map each preprocessed image of MNIST, as bytes, to its place."""
    images = PREPROCESSORS["ink"].from_mnist(digits.images) / np.float32(255)
    return {image.tobytes(): place for place, image in enumerate(images)}


def link_files(source, target, without):
    """Link the files of a folder into another one, except those with a name prefix."""
    for path in source.iterdir():
        if not path.name.startswith(without):
            (target / path.name).symlink_to(path)


# load


def test_sources_are_the_files_that_the_recipe_needs(small_mnist):
    sources = training_data.load(RECIPE)
    assert len(sources.digits) == small.TRAIN
    assert set(sources.traces.writers) == set(pendigits.TRAINING_WRITERS)
    expected = {
        name: source.sha256
        for name, source in small.sources_of(small_mnist).items()
        if "train" in name
    }
    assert sources.hashes == expected | {pendigits.NAME: pendigits.SHA256}


def test_pendigits_are_loaded_only_where_the_recipe_uses_them(small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, pendigits.NAME)
    sources = training_data.load(replace(RECIPE, pendigits_copies=0), tmp_path)
    assert sources.traces is None
    assert pendigits.NAME not in sources.hashes
    assert not training_data.has_pendigits(tmp_path)
    assert training_data.has_pendigits(small_mnist)
    with pytest.raises(DataError, match=pendigits.NAME):
        training_data.load(RECIPE, tmp_path)


def test_limit_takes_the_same_share_of_both(sources):
    assert len(sources.digits) == 200
    assert len(sources.traces.labels) == 80 // 10
    assert len(set(sources.traces.writers)) == 8
    np.testing.assert_array_equal(
        sources.digits.images, training_data.load(RECIPE).digits.images[:200]
    )


# prepare


def test_counts_follow_the_recipe(sources):
    data, _ = prepare(RECIPE, sources)
    count = data.counts
    assert count["MNIST digits"] + count["for validation"] == 200
    assert 10 <= count["for validation"] <= 40
    assert count["restroked"] == round(0.25 * count["MNIST digits"])
    assert count["Pendigits"] == 2 * 8
    digits = count["MNIST digits"] + count["restroked"] + count["Pendigits"]
    assert count["non-digits"] == round(0.5 * digits)
    x, labels = images_of(data)
    assert len(x) == len(labels) == digits + count["non-digits"]
    assert np.count_nonzero(labels == NON_DIGIT) == count["non-digits"]


def test_batches_follow_the_recipe(sources):
    recipe = replace(RECIPE, batch_size=17, shuffle=False, augment=MILD)
    batches = prepare(recipe, sources, seed=5)[0].batches
    assert (batches.size, batches.seed) == (17, 5)
    assert (batches.shuffle, batches.augment) == (False, MILD)


def test_images_are_preprocessed_and_scaled(sources):
    data, _ = prepare(RECIPE, sources)
    x, labels = images_of(data)
    assert (x.dtype, x.min(), x.max()) == (np.float32, 0, 1)
    places = by_content(sources.digits)
    count = data.counts["MNIST digits"]
    chosen = [places[image.tobytes()] for image in x[:count]]
    np.testing.assert_array_equal(labels[:count], sources.digits.labels[chosen])


def test_validation_digits_are_of_other_writers_and_never_trained_on(sources):
    data, _ = prepare(RECIPE, sources)
    x, labels = data.validation
    assert (x.dtype, x.shape) == (np.float32, (data.counts["for validation"], 28, 28))
    places = by_content(sources.digits)
    held_out = [places[image.tobytes()] for image in x]
    trained_on = [places[image.tobytes()] for image in images_of(data)[0][: 200 - len(x)]]
    np.testing.assert_array_equal(labels, sources.digits.labels[held_out])
    writers = sources.digits.writers
    assert not set(writers[held_out]) & set(writers[trained_on])
    assert sorted(held_out + trained_on) == list(range(200))


def test_without_writers_the_split_is_random_and_exact(sources):
    sources = replace(sources, digits=replace(sources.digits, writers=None))
    data, _ = prepare(RECIPE, sources)
    assert (data.counts["MNIST digits"], data.counts["for validation"]) == (180, 20)


def test_classic_has_no_validation_and_mnist_only():
    data, steps = prepare(CLASSIC, training_data.load(CLASSIC, limit=100))
    assert data.counts == {"MNIST digits": 100}
    assert data.validation is None
    assert steps == {"Preprocessing the images": [100, 0, 100]}


def test_progress_counts_the_images_of_each_step(sources, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 16)
    data, steps = prepare(RECIPE, sources)
    assert {step: total for step, (total, *_) in steps.items()} == {
        "Preprocessing the images": data.counts["MNIST digits"],
        "Restroking MNIST's digits": data.counts["restroked"],
        "Rendering the Pendigits": data.counts["Pendigits"],
        "Drawing non-digits": data.counts["non-digits"],
        "Preprocessing the validation images": data.counts["for validation"],
    }
    for total, *done in steps.values():
        assert done == [*range(0, total, 16), total]


def test_images_are_the_same_for_any_number_of_processes(sources, monkeypatch):
    monkeypatch.setattr(chunks, "MIN_CHUNKS", 2)
    monkeypatch.setattr(chunks, "CHUNK", 4)
    (x, labels), (same_x, same_labels) = (
        images_of(prepare(RECIPE, sources, workers=workers)[0]) for workers in (1, 3)
    )
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_array_equal(labels, same_labels)


def test_seed_determines_everything(sources):
    (x, labels), (same_x, same_labels), (other_x, _) = (
        images_of(prepare(RECIPE, sources, seed)[0]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_array_equal(labels, same_labels)
    assert x.shape != other_x.shape or (x != other_x).any()


def test_sources_are_not_modified(sources):
    before = sources.digits.images.copy(), sources.digits.labels.copy()
    prepare(RECIPE, sources)
    np.testing.assert_array_equal(sources.digits.images, before[0])
    np.testing.assert_array_equal(sources.digits.labels, before[1])


def test_data_is_moved_to_the_device(sources, monkeypatch):
    def to_device(array, device):
        assert device == "cuda"
        return ForeignArray(array)

    monkeypatch.setattr(training_data, "to_device", to_device)
    data = training_data.prepare(replace(MLP, outliers=0.0), sources, 0, "cuda")
    arrays = (*images_of(data), *data.validation)
    assert [type(array) for array in arrays] == [ForeignArray] * 4


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_prepared(name):
    recipe = RECIPES[name]
    data, _ = prepare(recipe, training_data.load(recipe, limit=100))
    x, labels = next(iter(data.batches.epoch(0)))
    assert x.shape[1:] == (28, 28)
    assert labels.max() < len(recipe.target_table)
