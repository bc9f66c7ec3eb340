"""`train --data` and `evaluate --data` on exported profiles."""

import json

import pytest
from exported import exported_file
from test_hostile_files import assert_one_sentence

from inkdigits.constants import DIGITS
from inkdigits.model_file import load_model


@pytest.fixture(scope="module")
def profiles(tmp_path_factory):
    """The exports of three people, as options."""
    folder = tmp_path_factory.mktemp("profiles")
    paths = [
        exported_file(folder, name, labels=[*range(10)] * 2, first=100 * n)
        for n, name in enumerate(("Ada", "Ben", "Cy"))
    ]
    return ["--data", *paths]


def test_profiles_are_trained_on_and_one_writer_is_held_out(run_inkdigits, profiles, tmp_path):
    done = run_inkdigits(
        *("train", "mlp", *profiles, "--run-dir", tmp_path / "run"),
        *("--mnist-only", "--epochs", 1, "--workers", 1),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 profiles: 60 images of 10 classes by 3 writers" in done.stdout
    assert "40 3 profiles images" in done.stdout
    assert "20 held out" in done.stdout
    model = load_model(tmp_path / "run" / "mlp.safetensors")
    assert model.classes == DIGITS
    assert [*model.training["data"]][:3] == [f"{n}.profile.json" for n in ("Ada", "Ben", "Cy")]


def test_a_model_is_evaluated_on_profiles_by_writer(run_inkdigits, profiles):
    done = run_inkdigits("evaluate", "mlp", *profiles, "--json")
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["total"] == 60
    assert measured["writers"]["3 profiles"]["total"] == 60


def test_the_option_may_be_before_each_profile(run_inkdigits, profiles):
    given = [part for path in profiles[1:3] for part in ("--data", path)]
    done = run_inkdigits("evaluate", *given, "mlp", "--json")
    assert json.loads(done.stdout)["total"] == 40
    assert run_inkdigits("evaluate", "mlp", profiles[1]).returncode == 2


def test_a_single_profile_cannot_be_split(run_inkdigits, profiles, tmp_path):
    done = run_inkdigits("train", "mlp", *profiles[:2], "--run-dir", tmp_path / "run")
    assert_one_sentence(done)
    assert "--validation 0" in done.stderr


def test_a_damaged_profile_is_one_sentence(run_inkdigits, profiles, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(profiles[1].read_bytes().replace(b'"label":4', b'"label":14'))
    done = run_inkdigits("train", "mlp", "--data", path, "--run-dir", tmp_path / "run")
    assert_one_sentence(done)
    assert "label: expected a whole number from 0 to 9" in done.stderr
