"""A profile keeps samples and versions."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from profile_samples import base_model, ids, made_samples

from inkdigits.personal import CONSENT_VERSION, Profile, profile
from inkdigits.personal.errors import (
    ConsentMissing,
    InvalidName,
    InvalidSample,
    NameTaken,
    NothingToUndo,
    ProfileFull,
    ProfileNotFound,
    SampleNotFound,
)


def same(one, other):
    return (
        np.array_equal(one.seen, other.seen)
        and (one.id, one.label, one.source, one.time)
        == (other.id, other.label, other.source, other.time)
        and (one.preprocessing, one.revision) == (other.preprocessing, other.revision)
        and (one.strokes is None) == (other.strokes is None)
        and all(
            np.array_equal(a.points, b.points)
            and a.width == b.width
            and b.points.dtype == np.float32
            for a, b in zip(one.strokes or (), other.strokes or (), strict=True)
        )
    )


def test_samples_come_back_as_they_were_added(ada, database_url):
    added = [*made_samples(3), *made_samples(2, drawn=False, source="correction")]
    version = ada.add(added)
    again = Profile.open("Ada", database_url)
    assert (again.id, again.created, again.consent) == (ada.id, ada.created, ada.consent)
    assert Profile.open(ada.id, database_url).name == "Ada"
    assert len(again.samples()) == len(added)
    assert all(map(same, added, again.samples()))
    assert (version.number, version.action, version.added, version.removed, version.samples) == (
        1,
        "add",
        5,
        0,
        5,
    )
    assert again.versions() == (version,)
    assert (datetime.now(UTC) - version.time).total_seconds() < 60


def test_nothing_is_kept_without_consent(database_url):
    for consent in (False, None, 0):
        with pytest.raises(ConsentMissing, match="ask, then give consent=True"):
            Profile.create("Ada", consent=consent, database=database_url)
    handle = Profile.create("Ada", consent=True, database=database_url)
    assert handle.consent.version == CONSENT_VERSION
    assert handle.consent.time.tzinfo is not None


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\nb", "a\0", "a\u202eb", "\ud800"])
def test_name_that_cannot_be_shown_is_refused(database_url, name):
    with pytest.raises(InvalidName, match="1 to 64 characters"):
        Profile.create(name, consent=True, database=database_url)


def test_name_is_unique_however_it_is_typed(database_url):
    Profile.create("Zo\u00eb", consent=True, database=database_url)
    with pytest.raises(NameTaken, match="choose another name"):
        Profile.create(" Zoe\u0308", consent=True, database=database_url)
    assert Profile.open("Zoe\u0308", database_url).name == "Zo\u00eb"


@pytest.mark.parametrize("name", ["Ad", "nobody", "\0", "\ud800", "a" * 10_000])
def test_unknown_profile_is_said_with_similar_names(ada, database_url, name):
    with pytest.raises(ProfileNotFound) as raised:
        Profile.open(name, database_url)
    assert ("did you mean 'Ada'?" in str(raised.value)) == (name == "Ad")
    assert len(str(raised.value)) < 120


def test_each_change_makes_one_version(ada):
    first, second = made_samples(3), made_samples(2, seed=1)
    ada.add(first)
    ada.add(second)
    removed = ada.remove([first[0].id, "f" * 32])
    undone = ada.undo()
    assert (removed.action, removed.removed, removed.samples) == ("remove", 1, 4)
    assert (undone.action, undone.removed, undone.samples) == ("undo", 2, 2)
    assert [version.number for version in ada.versions()] == [1, 2, 3, 4]
    assert ada.version() == 4
    assert ids(ada.samples()) == ids(first[1:])
    assert ada.undo().samples == 0  # what is left of the first addition
    with pytest.raises(NothingToUndo):
        ada.undo()
    with pytest.raises(SampleNotFound):
        ada.remove([first[0].id])


def test_sample_that_is_added_twice_is_one(ada):
    samples = made_samples(3)
    version = ada.add([samples[0], samples[0], samples[1]])
    assert (version.added, version.samples) == (2, 2)
    assert ada.add(samples[:2]) == version
    assert ada.add(samples).added == 1
    with pytest.raises(ValueError, match="no samples"):
        ada.add([])
    assert ada.add(sample for sample in made_samples(1, seed=1)).samples == 4
    with pytest.raises(ValueError, match="no samples"):
        ada.add(sample for sample in [])


def test_full_profile_takes_nothing_more(ada, monkeypatch):
    monkeypatch.setattr(profile, "MAX_SAMPLES", 4)
    ada.add(made_samples(3))
    with pytest.raises(ProfileFull, match="at most 4 samples, and this one would have 5;"):
        ada.add(made_samples(2, seed=1))
    assert len(ada.samples()) == 3
    ada.add(made_samples(1, seed=2))


def test_invalid_sample_adds_none_of_the_others(ada):
    good, bad = made_samples(2)
    with pytest.raises(InvalidSample):
        ada.add([good, replace(bad, label=10)])
    assert (ada.samples(), ada.versions()) == ((), ())


def test_deleted_profile_is_gone_for_every_handle(ada, database_url):
    ada.add(made_samples(2))
    other = Profile.open("Ada", database_url)
    ada.delete()
    for call in (
        other.samples,
        other.versions,
        other.undo,
        other.delete,
        other.new_token,
        other.export,
        lambda: other.add(made_samples(1)),
        lambda: other.remove(["f" * 32]),
        lambda: other.recognizer(base_model()),
    ):
        with pytest.raises(ProfileNotFound):
            call()
    Profile.create("Ada", consent=True, database=database_url)
