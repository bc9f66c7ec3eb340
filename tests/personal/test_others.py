"""Features of other people's digits: the files that ship, and what they are checked for."""

from dataclasses import replace

import numpy as np
import pytest
from profile_samples import base_model

from inkdigits.calibration import rejection_scores
from inkdigits.model_file import shipped_models
from inkdigits.personal.head import Head
from inkdigits.personal.others import (
    FOLDER,
    Others,
    are_recognized,
    load_others,
    path_for,
    read_others,
    write_others,
)
from inkdigits.storage.files import FileError
from inkdigits.storage.tensors import write_tensors


def small_others(digest="0" * 64):
    """Make features for the model mlp: nine that are protected, three that are checked."""
    rng = np.random.default_rng(0)
    return Others(
        digest=digest,
        features=rng.integers(0, 256, (12, 128), dtype=np.uint8),
        scale=np.full(128, 0.01, np.float32),
        labels=np.array([*range(9), 1, 2, 3], np.uint8),
        is_checked=np.array([0] * 9 + [1] * 3, np.uint8),
        digits=1000,
        recognized=990,
    )


def test_each_shipped_model_has_its_file_and_no_other_is_there():
    digests = [base_model(name).digest for name in shipped_models()]
    assert {path.name for path in FOLDER.iterdir()} == {path_for(each).name for each in digests}
    for name in shipped_models():
        base = base_model(name)
        head, others = Head.of(base), load_others(base.digest)
        features, labels = others.protected()
        assert features.shape[1:] == (head.network.layers[0].inputs,)
        assert set(labels[labels < 10]) == set(range(10))
        assert (labels == 10).any() == (base.rejection_threshold is not None)
        # What is protected is right before, as the files' rounding leaves it.
        is_digit = labels < 10
        right = are_recognized(head, features[is_digit], labels[is_digit], head.vector)
        assert right.mean() > 0.95
        if base.rejection_threshold is not None:
            scores = rejection_scores(head.logits(features[~is_digit], head.vector))
            assert (scores > head.threshold).mean() > 0.95
        checked, labels = others.checked()
        assert 100 <= len(checked) < others.digits / 9
        assert others.share_recognized(head, head.vector) == others.recognized / others.digits
        # Those that are the least certain: some are right, others wrong.
        assert 0.2 < are_recognized(head, checked, labels, head.vector).mean() < 0.98


def test_share_recognized_counts_what_changes():
    base = base_model()
    head, others = Head.of(base), load_others(base.digest)
    checked, labels = others.checked()
    right = int(are_recognized(head, checked, labels, head.vector).sum())
    nothing = np.zeros_like(head.vector)
    zeros = int((labels == 0).sum())  # equal logits are a 0, and its score is low
    expected = (others.recognized - right + zeros) / others.digits
    assert others.share_recognized(head, nothing) in (
        expected,
        (others.recognized - right) / others.digits,
    )
    assert others.share_recognized(head, nothing) < others.recognized / others.digits


def test_file_is_read_as_it_was_written(tmp_path):
    path, others = tmp_path / "others.safetensors", small_others()
    write_others(path, others)
    read = read_others(path)
    for name in ("features", "scale", "labels", "is_checked"):
        np.testing.assert_array_equal(getattr(read, name), getattr(others, name))
    assert (read.digest, read.digits, read.recognized) == ("0" * 64, 1000, 990)
    features, labels = read.protected()
    assert labels.tolist() == list(range(9))
    np.testing.assert_allclose(features, others.features[:9] * np.float32(0.01))
    assert read.checked()[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"features": np.zeros((12, 128), np.float32)},
        {"features": np.zeros(12, np.uint8)},
        {"scale": np.ones(127, np.float32)},
        {"labels": np.arange(12, dtype=np.uint8)},  # 11 is no class
        {"labels": np.array([0] * 11 + [10], np.uint8)},  # a non-digit is not checked
        {"is_checked": np.zeros(12, np.uint8)},
        {"is_checked": np.ones(12, np.uint8)},
        {"is_checked": np.array([2] + [0] * 10 + [1], np.uint8)},
        {"recognized": 1001},
        {"digits": "1000"},
        {"digest": 5},
    ],
    ids=lambda changes: f"{next(iter(changes))}",
)
def test_file_with_other_content_is_refused(tmp_path, changes):
    path, values = tmp_path / "others.safetensors", vars(small_others()) | changes
    names = ("features", "scale", "labels", "is_checked")
    document = {name: values[name] for name in ("digest", "digits", "recognized")}
    write_tensors(path, {n: values[n] for n in names}, document, {"float32", "uint8"})
    with pytest.raises(FileError, match="does not hold features of other people's digits"):
        read_others(path)


def test_models_that_do_not_ship_have_none(tmp_path, monkeypatch):
    assert load_others("") is None
    assert load_others("f" * 64) is None
    # A file of another model whose digest begins in the same way.
    monkeypatch.setattr("inkdigits.personal.others.FOLDER", tmp_path)
    monkeypatch.setattr("inkdigits.personal.others.path_for", lambda digest: path)
    path = tmp_path / "others.safetensors"
    write_others(path, small_others("e" * 64))
    assert load_others.__wrapped__("e" * 63 + "f") is None
    assert load_others.__wrapped__("e" * 64).digest == "e" * 64


def test_score_above_the_threshold_is_not_recognized():
    head = replace(Head.of(base_model()), threshold=-np.inf)
    checked, labels = load_others(base_model().digest).checked()
    assert not are_recognized(head, checked, labels, head.vector).any()
