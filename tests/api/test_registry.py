"""The models in service: taken by name, and exchanged with their files."""

import os
import shutil

import pytest
from serving import SEVEN
from untrained import untrained

from inkdigits.api.registry import Shelf
from inkdigits.model_file import save_model, shipped_models
from inkdigits.recognizer import ArtifactError


@pytest.fixture
def path(tmp_path):
    return shutil.copy(shipped_models()["mlp"], tmp_path / "mine.safetensors")


def test_the_first_is_the_default_and_each_is_found_by_its_name(path):
    shelf = Shelf([str(path), "classic"])
    assert shelf.default == "mine"
    assert shelf.get() is shelf.get("mine")
    assert shelf.get("classic").name == "classic"
    assert shelf.get("nothing") is None
    assert [recognizer.name for recognizer in shelf] == ["mine", "classic"]


def test_two_models_of_one_name_are_refused(path, tmp_path):
    (tmp_path / "other").mkdir()
    other = shutil.copy(path, tmp_path / "other" / "mine.safetensors")
    with pytest.raises(ArtifactError, match="Two models are named mine"):
        Shelf([str(path), str(other)])


def test_a_file_that_is_exchanged_is_taken_up_and_whoever_has_the_old_one_keeps_it(path, tmp_path):
    shelf = Shelf([str(path)])
    old = shelf.get()
    shelf.look()
    assert shelf.get() is old
    save_model(tmp_path / "new", untrained())
    os.replace(tmp_path / "new", path)
    shelf.look()
    assert shelf.get().digest != old.digest
    assert old.recognize(SEVEN).digit == 7


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_bad_file_is_not_taken_and_a_good_one_after_it_is(path, tmp_path, damage):
    shelf = Shelf([str(path)])
    old = shelf.get()
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[:-1])
    shelf.look()
    assert shelf.get() is old
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    shelf.look()
    assert shelf.get() is not old
    assert shelf.get().digest == old.digest
