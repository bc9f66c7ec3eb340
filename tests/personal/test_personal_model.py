"""What is stored of a personal model, and that nothing else is taken for one."""

from dataclasses import replace

import numpy as np
import pytest
from profile_samples import base_model, made_samples

from inkdigits.personal.adaptation import adapt
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.storage.files import FileError


@pytest.fixture(scope="module")
def model():
    return adapt(base_model(), made_samples(3))


def test_bytes_are_read_as_they_were_written(model):
    base = base_model()
    data = model.to_bytes()
    assert data == model.to_bytes()
    read = PersonalModel.from_bytes(data, base)
    assert (read.strength, read.others_before) == (model.strength, model.others_before)
    assert read.others_after == model.others_after
    theirs, ours = (each.recognizer(base).model.vector for each in (read, model))
    assert (theirs == ours).all()
    assert (ours != base.model.vector).any()


def test_model_that_changes_nothing_is_kept_too():
    model = PersonalModel(base_model().digest, {}, 0.0)
    read = PersonalModel.from_bytes(model.to_bytes(), base_model())
    assert (read.tensors, read.strength, read.others_after) == ({}, 0, None)


def test_model_of_another_base_is_refused(model):
    other = base_model("cnn-small")
    with pytest.raises(ValueError, match="of another model"):
        model.recognizer(other)
    with pytest.raises(FileError, match="of another model or another version"):
        PersonalModel.from_bytes(model.to_bytes(), other)


def test_damaged_bytes_are_refused(model):
    data = model.to_bytes()
    for place in range(0, len(data), len(data) // 40):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(FileError):
            PersonalModel.from_bytes(bytes(damaged), base_model())
    for part in (b"", data[:100], data + b"x"):
        with pytest.raises(FileError):
            PersonalModel.from_bytes(part, base_model())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strength": 1.5}, "of another model or another version"),
        ({"strength": "1"}, "of another model or another version"),
        ({"others_after": "all"}, "of another model or another version"),
        ({"scale": 1e20}, "would overflow float32"),
        ({"shape": True}, "not those of the layers that are adapted"),
        ({"missing": True}, "not those of the layers that are adapted"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_content_that_no_adaptation_gives_is_refused(model, change, message):
    tensors = dict(model.tensors)
    name = next(iter(tensors))
    if "scale" in change:
        tensors = {key: tensor * np.float32(change["scale"]) for key, tensor in tensors.items()}
        change = {}
    elif "shape" in change:
        tensors[name], change = tensors[name].T.copy(), {}
    elif "missing" in change:
        del tensors[name]
        change = {}
    data = replace(model, tensors=tensors, **change).to_bytes()
    with pytest.raises(FileError, match=message):
        PersonalModel.from_bytes(data, base_model())
