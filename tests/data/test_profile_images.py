"""Exported profiles as images to train on."""

import numpy as np
import pytest
from exported import changed_file, exported, exported_file, exported_sample

from inkdigits.constants import DIGITS
from inkdigits.data import sources
from inkdigits.data.folders import DataError
from inkdigits.data.profile_files import write_profile_file
from inkdigits.preprocessing import PREPROCESSORS

REVISION = PREPROCESSORS["ink"].revision


def test_a_profile_is_recognized_by_its_content(tmp_path):
    path = exported_file(tmp_path).rename(tmp_path / "ada.csv")
    data = sources.load(str(path))
    assert data.classes == DIGITS
    assert data.labels.tolist() == [4, 7, 4]
    assert set(data.writers) == {"Ada"}
    assert data.images.shape == (3, 28, 28)
    np.testing.assert_array_equal(data.images[1], exported().samples[1].seen)
    assert list(data.hashes) == ["ada.csv"]


def test_each_profile_is_a_writer(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [
        exported_file(tmp_path),
        exported_file(tmp_path, "Ben", labels=(1, 2), first=10),
        exported_file(tmp_path / "other", labels=(3,), first=20),  # another Ada
    ]
    data = sources.load_all([str(path) for path in paths])
    assert data.labels.tolist() == [4, 7, 4, 1, 2, 3]
    assert data.writers.tolist() == ["Ada", "Ada", "Ada", "Ben", "Ben", "Ada (2)"]
    assert list(data.hashes) == ["Ada.profile.json", "Ben.profile.json", "Ada.profile.json (2)"]
    assert data.name == "3 profiles"


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        ((REVISION, REVISION), "ink"),
        ((REVISION, REVISION - 1), None),
        ((REVISION - 1, REVISION - 1), None),
    ],
)
def test_pictures_of_an_older_preprocessing_are_preprocessed_again(tmp_path, revisions, expected):
    samples = tuple(exported_sample(n, 4, revision=r) for n, r in enumerate(revisions))
    path = tmp_path / "a.json"
    path.write_bytes(write_profile_file(exported(samples=samples)))
    assert sources.load(str(path)).preprocessing == expected


def error_of(*paths):
    with pytest.raises(DataError) as caught:
        sources.load_all([str(path) for path in paths])
    return str(caught.value)


def test_two_exports_of_a_profile_are_an_error(tmp_path):
    path = exported_file(tmp_path)
    copy = tmp_path / "copy.json"
    copy.write_bytes(path.read_bytes())
    assert "Ada.profile.json and copy.json have samples in common" in error_of(path, copy)
    assert "in common" in error_of(path, path)


def test_only_profiles_can_be_named_together(tmp_path):
    path = exported_file(tmp_path)
    table = tmp_path / "a.csv"
    table.write_text("label,pixel0\n1,2\n")
    assert "a.csv is not an exported profile" in error_of(path, table)
    assert "fashion-mnist is not an exported profile" in error_of("fashion-mnist", path)
    assert "is not an exported profile" in error_of(path, tmp_path)
    assert "does not exist" in error_of(path, tmp_path / "b")


def test_a_profile_without_samples_or_consent_is_an_error(tmp_path):
    assert "has no samples" in error_of(exported_file(tmp_path, labels=()))
    path = tmp_path / "a.json"
    path.write_bytes(changed_file("consent", remove=True))
    assert "a.json is not a profile" in error_of(path)
    assert "consent: it is missing" in error_of(path)
