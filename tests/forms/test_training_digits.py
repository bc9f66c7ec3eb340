"""Digits that people confirmed, as training data that the readers of own data accept."""

from collections import Counter

import made_results as made
import numpy as np
import pytest

from inkdigits.data import labeled, sources
from inkdigits.forms.store import Store
from inkdigits.forms.training_digits import write_digits
from inkdigits.storage.files import FileError


def test_the_reader_of_own_data_accepts_them_with_their_writers(tmp_path):
    path = made.make_results(tmp_path, sheets=2)
    folder = tmp_path / "digits"
    with Store.open(path) as store:
        answered = [field for field in store.fields() if field.name == "student"]
        for field in answered:
            store.correct(field.id, field.value, "Ada")
        # Two boxes have ink, so that it is not known where the digit is.
        doubtful = next(field for field in store.fields() if field.reason == "struck_out")
        store.correct(doubtful.id, "7", "Ada")
        written = write_digits(store, folder)
        with pytest.raises(FileError, match="not an empty folder"):
            write_digits(store, folder)
    text = "".join(field.value for field in answered)
    assert written.counts == dict(sorted(Counter(text).items()))
    assert written.skipped == 1

    data = sources.load(str(folder))
    assert len(data) == len(text) == 60
    assert data.notes == ()
    assert Counter(np.array(data.classes)[data.labels].tolist()) == Counter(text)
    assert Counter(data.writers.tolist()) == {"sheet-1": 30, "sheet-2": 30}
    # No name of a file or a person is in the folder.
    names = b"".join(each.read_bytes() for each in folder.glob("*.csv"))
    assert b"Ada" not in names
    assert b"scan" not in names

    digits = labeled.preprocess(data, "ink")
    assert digits.images.shape == (60, 28, 28)
    assert (digits.images.max((1, 2)) > 200).all()


def test_nothing_answered_writes_nothing(tmp_path):
    path = made.make_results(tmp_path, sheets=1)
    with Store.open(path) as store:
        written = write_digits(store, tmp_path / "digits")
    assert written.counts == {}
    assert not (tmp_path / "digits").exists()
