"""The people whom no recipe trains on: their digits, and how they are drawn."""

import gzip
import hashlib

import numpy as np
import pytest
import small_pendigits

from inkdigits.data import development, pendigits, unipen
from inkdigits.data.folders import DataError


@pytest.fixture
def small_file(tmp_path, monkeypatch):
    """A folder with a small file of Pendigits, which is accepted as the real one."""
    content = small_pendigits.unipen()
    monkeypatch.setattr(pendigits, "SIZE", len(content))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(content).hexdigest())
    path = tmp_path / f"{pendigits.NAME}.gz"
    path.write_bytes(gzip.compress(content, 1))
    return path


def test_source_whose_file_is_missing_is_left_out(small_file):
    sources = development.load(small_file.parent)
    assert list(sources) == [development.PENDIGITS]
    assert set(sources[development.PENDIGITS].writers) == set(range(21, 31))
    small_file.unlink()
    assert development.load(small_file.parent) == {}


def test_damaged_file_is_an_error(small_file):
    small_file.write_bytes(gzip.compress(small_pendigits.unipen()[:-1], 1))
    with pytest.raises(DataError, match=pendigits.NAME):
        development.load(small_file.parent)


def test_digits_are_drawn_as_written_and_always_the_same(small_file):
    traces = development.load(small_file.parent)[development.PENDIGITS]
    once, again = (development.render(traces, copies=2) for _ in range(2))
    assert np.array_equal(once.images, again.images)
    assert once.labels.tolist() == np.repeat(traces.labels, 2).tolist()
    assert once.writers.tolist() == np.repeat(traces.writers, 2).tolist()
    first, second = once.images[:2].astype(int)
    assert 0 < np.abs(first - second).mean() < 30  # the same digit with another pen


def test_all_candidates_of_each_image_are_kept(small_file):
    traces = development.load(small_file.parent)[development.PENDIGITS].take(slice(3))

    def candidates_from_ink(ink):
        first = np.full((28, 28), np.count_nonzero(ink) % 256, np.uint8)
        return np.stack([first, 255 - first])

    digits, candidates = development.render_candidates(traces, candidates_from_ink, copies=2)
    assert digits.labels.tolist() == np.repeat(traces.labels, 2).tolist()
    assert len(candidates) == 6
    for image, (first, second) in zip(digits.images, candidates, strict=True):
        assert np.array_equal(image, first)
        assert np.array_equal(255 - image, second)


@pytest.mark.data
@pytest.mark.usefixtures("data_folders")
def test_no_writer_is_trained_on():
    sources = development.load()
    assert tuple(sources) == development.SOURCES
    trained = unipen.select_contributors(unipen.load(), unipen.TRAINING_CONTRIBUTORS)
    pen_writers = sources.pop(development.PENDIGITS)
    assert not set(pen_writers.writers) & set(pendigits.TRAINING_WRITERS)
    for traces in sources.values():
        assert len(traces) > 1000
        assert not set(traces.writers) & set(trained.writers)
