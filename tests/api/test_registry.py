"""The model registry: lookup by name, and reload of changed files."""

import os
import shutil

import pytest
from serving import SEVEN
from untrained import untrained

from inkdigits.api.registry import ModelRegistry
from inkdigits.api.served_runs import ServedRuns
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


# Runs of the lab.


@pytest.fixture
def runs(tmp_path, path):
    """Two runs with a model."""
    for name in ("first", "second"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        shutil.copy(path, tmp_path / "runs" / name / "mlp.safetensors")
    return tmp_path / "runs"


def names(registry):
    return [recognizer.name for recognizer in registry]


def test_served_runs_appear_and_disappear_in_every_registry_at_once(runs):
    registries = [ModelRegistry(["classic"], ServedRuns(runs)) for _ in range(2)]
    assert [names(registry) for registry in registries] == [["classic"]] * 2
    ServedRuns(runs).add("second", "mlp.safetensors")
    assert [registry.get("second").name for registry in registries] == ["second"] * 2
    ServedRuns(runs).add("first", "mlp.safetensors")
    assert [names(registry) for registry in registries] == [["classic", "second", "first"]] * 2
    assert registries[0].is_fixed("classic")
    assert not registries[0].is_fixed("first")
    later = ModelRegistry(["classic"], ServedRuns(runs))
    assert names(later) == ["classic", "first", "second"]
    ServedRuns(runs).remove("second")
    ServedRuns(runs).remove("second")
    assert [registry.get("second") for registry in (*registries, later)] == [None] * 3


def test_served_run_never_replaces_a_model_of_the_server(runs):
    registry = ModelRegistry([f"first={shipped_models()['classic']}"], ServedRuns(runs))
    digest = registry.get("first").digest
    ServedRuns(runs).add("first", "mlp.safetensors")
    registry.reload_changed()
    assert registry.get("first").digest == digest
    assert names(registry) == ["first"]


def test_damaged_and_foreign_files_of_served_runs_are_left_out(runs, tmp_path):
    served = ServedRuns(runs)
    (runs / "first" / "mlp.safetensors").write_bytes(b"damaged")
    served.add("first", "mlp.safetensors")
    served.add("second", "../../mine.safetensors")
    served.add("third", "mlp.safetensors")
    (runs / ".served" / "..evil").write_bytes(b"mlp.safetensors")
    (runs / ".served" / "second").with_suffix(".d").mkdir()
    registry = ModelRegistry(["classic"], served)
    assert names(registry) == ["classic"]
    save_model(tmp_path / "new", untrained())
    os.replace(tmp_path / "new", runs / "first" / "mlp.safetensors")
    registry.reload_changed()
    assert names(registry) == ["classic", "first"]
    shutil.rmtree(runs / "first")  # by hand: it is still listed
    registry.reload_changed()
    assert names(registry) == ["classic"]
    shutil.rmtree(runs)
    registry.reload_changed()
    assert names(registry) == ["classic"]
