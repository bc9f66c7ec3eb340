"""The model registry: lookup by name, and reload of changed files."""

import os
import shutil

import pytest
from serving import SEVEN
from untrained import untrained

from inkdigits.api.registry import ModelRegistry
from inkdigits.model_file import save_model, shipped_models
from inkdigits.storage.files import FileError


@pytest.fixture
def path(tmp_path):
    return shutil.copy(shipped_models()["mlp"], tmp_path / "mine.safetensors")


def test_first_model_is_the_default_and_models_are_found_by_name(path):
    registry = ModelRegistry([str(path), "classic"])
    assert registry.default_name == "mine"
    assert registry.default is registry.get("mine")
    assert registry.get("classic").name == "classic"
    assert registry.get("nothing") is None
    assert [recognizer.name for recognizer in registry] == ["mine", "classic"]


def test_duplicate_model_names_are_rejected(path, tmp_path):
    (tmp_path / "other").mkdir()
    other = shutil.copy(path, tmp_path / "other" / "mine.safetensors")
    with pytest.raises(FileError, match="Two models are named mine"):
        ModelRegistry([str(path), str(other)])


def test_file_can_be_given_another_name(path, tmp_path):
    registry = ModelRegistry(["mlp", f"mlp-2={path}"])
    assert [recognizer.name for recognizer in registry] == ["mlp", "mlp-2"]
    old = registry.get("mlp-2")
    save_model(tmp_path / "new", untrained())
    os.replace(tmp_path / "new", path)
    registry.reload_changed()
    assert registry.get("mlp-2").digest != old.digest
    assert registry.get("mlp-2").name == "mlp-2"
    with pytest.raises(FileError, match=r"another name, as in --model NAME=FILE\.$"):
        ModelRegistry(["mlp", f"mlp={path}"])


def test_replaced_file_is_loaded_and_the_old_model_stays_usable(path, tmp_path):
    registry = ModelRegistry([str(path)])
    old = registry.default
    registry.reload_changed()
    assert registry.default is old
    save_model(tmp_path / "new", untrained())
    os.replace(tmp_path / "new", path)
    registry.reload_changed()
    assert registry.default.digest != old.digest
    assert old.recognize(SEVEN).digit == 7


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_bad_file_is_rejected_and_a_later_good_one_loaded(path, tmp_path, damage):
    registry = ModelRegistry([str(path)])
    old = registry.default
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[:-1])
    registry.reload_changed()
    assert registry.default is old
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    registry.reload_changed()
    assert registry.default is not old
    assert registry.default.digest == old.digest
