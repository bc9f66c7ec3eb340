"""What a recipe trains on: sources, split, shares and preprocessing."""

from dataclasses import replace

import numpy as np
import pytest
import small_mnist as small
from foreign import ForeignArray

from inkdigits import training_data
from inkdigits.calibration import HeldOut
from inkdigits.data import chunks, development, made_digits, mnist, pendigits, semeion, unipen
from inkdigits.data.folders import DataError
from inkdigits.data.rendering import render
from inkdigits.data.traces import Traces
from inkdigits.data.variation import AS_MADE
from inkdigits.preprocessing import PREPROCESSORS, ink
from inkdigits.recipes import CLASSIC, CNN_SMALL, MILD, MLP, NON_DIGIT, RECIPES
from inkdigits.training_data import VALIDATION, only_mnist, without_missing

RECIPE = replace(
    CNN_SMALL,
    restroked=0.25,
    pendigits_images=20,
    unipen_images=40,
    semeion_copies=3,
    made_digits=50,
    outliers=0.5,
    augment=None,
)
# Of the data sets besides MNIST, as they are thinned to a tenth by a limit of 200 digits: 80 digits
# of 20 Pendigits writers, 40 of 4 UNIPEN writers, and 40 of Semeion.
FILES = {
    "pendigits_images": pendigits.NAME,
    "unipen_images": unipen.ARCHIVE,
    "semeion_copies": semeion.NAME,
}
SOURCES_OF_DEVELOPMENT = list(development.SOURCES)


@pytest.fixture(autouse=True)
def small_files(small_mnist, monkeypatch):
    """Make inkdigits accept the small files as the real ones."""
    for module, name, value in small.accepted(small_mnist):
        monkeypatch.setattr(module, name, value)
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
    assert list(sources.traces) == ["Pendigits", "UNIPEN"]
    assert set(sources.traces["Pendigits"].writers) == set(pendigits.TRAINING_WRITERS)
    assert set(sources.traces["UNIPEN"].writers) == {"aga/anna", "aga/bo", "apb/anna", "apb/bo"}
    assert len(sources.scans) == 40
    expected = {
        name: source.sha256
        for name, source in small.sources_of(small_mnist).items()
        if "train" in name
    }
    assert sources.hashes == expected | {
        pendigits.NAME: pendigits.SHA256,
        unipen.FOLDER: unipen.DIGITS_SHA256,
        semeion.NAME: semeion.DIGITS_SHA256,
    }


def test_nobody_is_trained_on_and_held_out():
    sources = training_data.load(RECIPE)
    assert list(sources.development) == SOURCES_OF_DEVELOPMENT
    trained_on = {writer for traces in sources.traces.values() for writer in traces.writers}
    held_out = {writer for traces in sources.development.values() for writer in traces.writers}
    assert len(held_out) == 10 + 3 * 2
    assert not trained_on & held_out


@pytest.mark.parametrize(("field", "name"), FILES.items(), ids=FILES)
def test_data_set_is_loaded_only_if_the_recipe_uses_it(field, name, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, name)
    with pytest.raises(DataError, match=name):
        training_data.load(RECIPE, tmp_path)
    sources = training_data.load(replace(RECIPE, **{field: 0}), tmp_path)
    assert len(sources.hashes) == 3 + 2
    assert len(sources.traces) + (sources.scans is not None) == 2


def test_recipe_of_mnist_alone_loads_nothing_else():
    sources = training_data.load(only_mnist(RECIPE))
    assert (sources.traces, sources.development, sources.scans) == ({}, {}, None)
    assert set(sources.hashes) == {name for name in mnist.SOURCES if "train" in name}


@pytest.mark.parametrize(
    "field",
    ["restroked", "pendigits_images", "unipen_images", "semeion_copies", "made_digits", "outliers"],
)
def test_other_images_are_not_mixed_with_the_classic_preprocessing(field):
    with pytest.raises(
        ValueError, match=r'MNIST is preprocessed as "classic", but all .* as "ink"'
    ):
        training_data.load(replace(CLASSIC, **{field: 1}))


def test_hashes_are_recorded_of_digits_that_are_only_held_out():
    """They change the calibration."""
    sources = training_data.load(replace(RECIPE, unipen_images=0))
    assert "UNIPEN val" in sources.development
    assert unipen.FOLDER in sources.hashes


def test_limit_takes_the_same_share_of_all(sources):
    assert len(sources.digits) == 200
    assert {name: len(traces) for name, traces in sources.traces.items()} == {
        "Pendigits": 80 // 10,
        "UNIPEN": 40 // 10,
    }
    assert len(set(sources.traces["Pendigits"].writers)) == 8
    assert len(sources.scans) == 40 // 10
    assert [len(traces) for traces in sources.development.values()] == [4, 2, 2, 2]
    assert sources.share == 0.1
    np.testing.assert_array_equal(
        sources.digits.images, training_data.load(RECIPE).digits.images[:200]
    )


def test_without_a_limit_everything_is_used():
    for limit in (None, small.TRAIN, 10 * small.TRAIN):
        sources = training_data.load(RECIPE, limit=limit)
        assert len(sources.digits) == small.TRAIN
        assert len(sources.traces["Pendigits"]) == 80
        assert sources.share == 1


# without_missing and only_mnist


def test_recipe_is_unchanged_if_all_files_are_there():
    assert without_missing(RECIPE) == (RECIPE, [])


@pytest.mark.parametrize(("field", "name"), FILES.items(), ids=FILES)
def test_source_whose_file_is_missing_is_left_out(field, name, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, name)
    recipe, messages = without_missing(RECIPE, tmp_path)
    assert recipe == replace(RECIPE, **{field: 0})
    (message,) = messages
    assert f"{name} not found in {tmp_path}: " in message
    assert message.endswith(".")
    # A source that the recipe does not use is not missed.
    assert without_missing(recipe, tmp_path) == (recipe, [])


def test_missing_files_are_found_where_the_setting_says(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    recipe, messages = without_missing(RECIPE)
    assert recipe == only_mnist(RECIPE)
    assert len(messages) == 3
    assert without_missing(RECIPE, small_mnist) == (RECIPE, [])


def test_mnist_alone_still_has_digits_that_need_no_file():
    recipe = only_mnist(RECIPE)
    assert recipe == replace(RECIPE, pendigits_images=0, unipen_images=0, semeion_copies=0)
    assert recipe.made_digits


# prepare


def test_counts_follow_the_recipe(sources):
    data, _ = prepare(RECIPE, sources)
    count = data.counts
    held_out = {name: len(part.labels) for name, part in data.held_out.items()}
    assert list(held_out) == [VALIDATION, *SOURCES_OF_DEVELOPMENT]
    assert 10 <= held_out[VALIDATION] <= 40
    assert count["held out"] == sum(held_out.values()) == held_out[VALIDATION] + 4 + 3 * 2
    assert count["MNIST digits"] + held_out[VALIDATION] == 200
    assert count["restroked"] == round(0.25 * count["MNIST digits"])
    # A tenth of the images of each writer whose digits are left, and of the made digits.
    assert count["Pendigits"] == 8 * 2
    assert count["UNIPEN"] == len(set(sources.traces["UNIPEN"].writers)) * 4
    assert (count["Semeion"], count["Semeion, restroked"]) == (4, 2 * 4)
    assert count["made"] == 5
    digits = sum(number for name, number in count.items() if name not in ("non-digits", "held out"))
    assert count["non-digits"] == round(0.5 * digits)
    x, labels = images_of(data)
    assert len(x) == len(labels) == digits + count["non-digits"]
    assert np.count_nonzero(labels == NON_DIGIT) == count["non-digits"]


def parts_of(data):
    """Return the images and labels of each kind of training image."""
    x, labels = images_of(data)
    names = [name for name in data.counts if name != "held out"]
    ends = np.cumsum([data.counts[name] for name in names])[:-1]
    return dict(
        zip(names, zip(np.split(x, ends), np.split(labels, ends), strict=True), strict=True)
    )


def test_labels_are_those_of_their_source(sources):
    parts = parts_of(prepare(RECIPE, sources)[0])
    expected = {
        "Pendigits": sources.traces["Pendigits"].labels.repeat(2),
        "Semeion": sources.scans.labels,
        "Semeion, restroked": sources.scans.labels.repeat(2),
        "made": made_digits.make(5, seed=0).labels,
    }
    for name, labels in expected.items():
        np.testing.assert_array_equal(parts[name][1], labels)
    np.testing.assert_array_equal(parts["Semeion"][0], sources.scans.images / np.float32(255))


def test_made_digits_get_no_feature_that_others_get(sources):
    """They are made with the features that the digits of other sources get at random."""
    recipe = replace(RECIPE, made_digits=1000, outliers=0.0)
    images, labels = parts_of(prepare(recipe, sources)[0])["made"]
    made = render(made_digits.make(100, seed=0), 1, seed=0, variation=AS_MADE)
    np.testing.assert_array_equal(labels, made.labels)
    np.testing.assert_array_equal(images, made.images / np.float32(255))


def test_every_writer_has_as_many_images():
    sources = training_data.load(RECIPE)
    data, _ = prepare(replace(RECIPE, outliers=0.0), sources)
    assert data.counts["Pendigits"] == 20 * 20
    assert data.counts["UNIPEN"] == 4 * 40


def test_restroked_digits_are_chosen_at_random(sources):
    recipe = replace(RECIPE, validation=0.0, outliers=0.0)
    one, other = (parts_of(prepare(recipe, sources, seed)[0])["restroked"][1] for seed in (1, 2))
    assert len(one) == len(other) == 50
    assert (one != other).any()


def test_non_digits_are_kept_clear_of_the_digits_of_every_source(sources, monkeypatch):
    seen = []

    def make(count, seed, images, labels, *arguments):
        seen.append((images, labels))
        return np.ones((count, 28, 28), np.uint8)

    monkeypatch.setattr(training_data.outliers, "make", make)
    parts = parts_of(prepare(RECIPE, sources)[0])
    del parts["non-digits"]
    [(images, labels)] = seen
    x = np.concatenate([part[0] for part in parts.values()])
    np.testing.assert_array_equal(images / np.float32(255), x)
    np.testing.assert_array_equal(labels, np.concatenate([part[1] for part in parts.values()]))


def test_semeion_is_used_once_without_being_restroked(sources):
    data, _ = prepare(replace(RECIPE, semeion_copies=1, outliers=0.0), sources)
    assert data.counts["Semeion"] == 4
    assert "Semeion, restroked" not in data.counts


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
    assert (x.dtype, x.shape[1:]) == (np.float32, (28, 28))
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
    assert (data.counts["MNIST digits"], len(data.validation[0])) == (180, 20)


def candidates_of(traces):
    """Return what the network may see of each digit of a development writer, likeliest first."""
    drawn = []

    def record(image):
        drawn.append(image)
        return ink.from_ink(image)

    development.render(traces, record)
    return [ink.candidates_from_ink(image) for image in drawn]


def test_held_out_digits_are_as_written_and_the_same_for_any_seed(sources):
    (one, _), (other, _) = (prepare(RECIPE, sources, seed) for seed in (1, 2))
    assert one.held_out[VALIDATION].counts is None
    for name, traces in sources.development.items():
        candidates = candidates_of(traces)
        for held_out in (one.held_out[name], other.held_out[name]):
            np.testing.assert_array_equal(held_out.counts, [len(found) for found in candidates])
            np.testing.assert_array_equal(
                held_out.x, np.concatenate(candidates) / np.float32(255), strict=True
            )
            np.testing.assert_array_equal(held_out.labels, traces.labels)
            np.testing.assert_array_equal(held_out.writers, traces.writers)
    assert set(one.held_out[VALIDATION].writers) != set(other.held_out[VALIDATION].writers)


def test_alternatives_of_held_out_digits_are_kept(sources):
    """A 7 that is underlined may have two candidates."""
    strokes = [
        np.array(points, np.float32) for points in ([[3, 0], [7, 0], [5, 7]], [[0, 8], [9, 8]])
    ]
    traces = Traces([strokes] * 3, np.full(3, 7, np.uint8), np.arange(3), {})
    data, _ = prepare(RECIPE, replace(sources, development={"underlined": traces}))
    candidates = candidates_of(traces)
    counts = [len(found) for found in candidates]
    assert max(counts) == 2
    held_out = data.held_out["underlined"]
    np.testing.assert_array_equal(held_out.counts, counts)
    np.testing.assert_array_equal(held_out.x, np.concatenate(candidates) / np.float32(255))
    np.testing.assert_array_equal(held_out.labels, traces.labels)


def test_recipe_without_validation_holds_nobody_out(sources):
    data, _ = prepare(replace(RECIPE, validation=0.0), sources)
    assert data.held_out == {}
    assert data.validation is None
    assert "held out" not in data.counts
    assert data.counts["MNIST digits"] == 200


def test_classic_has_no_validation_and_mnist_only():
    data, steps = prepare(CLASSIC, training_data.load(CLASSIC, limit=100))
    assert data.counts == {"MNIST digits": 100}
    assert data.validation is None
    assert steps == {"Preprocessing MNIST's training digits": [100, 0, 100]}


def test_progress_counts_the_images_of_each_step(sources, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 16)
    data, steps = prepare(RECIPE, sources)
    expected = {
        "Preprocessing MNIST's training digits": data.counts["MNIST digits"],
        "Restroking MNIST's digits": data.counts["restroked"],
        "Rendering Pendigits": data.counts["Pendigits"],
        "Rendering UNIPEN": data.counts["UNIPEN"],
        "Restroking Semeion's digits": data.counts["Semeion, restroked"],
        "Rendering made digits": data.counts["made"],
        "Drawing non-digits": data.counts["non-digits"],
        "Preprocessing MNIST's validation digits": len(data.validation[0]),
    }
    expected |= {
        f"Rendering {name}, held out": len(traces) for name, traces in sources.development.items()
    }
    assert {step: total for step, (total, *_) in steps.items()} == expected
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
    parts = sources.digits, sources.scans
    before = [(part.images.copy(), part.labels.copy()) for part in parts]
    prepare(RECIPE, sources)
    for part, (images, labels) in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part.images, images)
        np.testing.assert_array_equal(part.labels, labels)


def test_data_is_moved_to_the_device(sources, monkeypatch):
    def to_device(array, device):
        assert device == "cuda"
        return ForeignArray(array)

    monkeypatch.setattr(training_data, "to_device", to_device)
    data = training_data.prepare(replace(MLP, outliers=0.0), sources, 0, "cuda")
    parts = [images_of(data), *((part.x, part.labels) for part in data.held_out.values())]
    assert len(parts) == 2 + len(sources.development)
    for x, labels in parts:
        assert (type(x), type(labels)) == (ForeignArray, ForeignArray)
    assert all(isinstance(part, HeldOut) for part in data.held_out.values())


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_prepared(name):
    recipe = RECIPES[name]
    data, _ = prepare(recipe, training_data.load(recipe, limit=100))
    x, labels = next(iter(data.batches.epoch(0)))
    assert x.shape[1:] == (28, 28)
    assert labels.max() < len(recipe.target_table)
