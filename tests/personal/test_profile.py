"""A profile keeps samples and versions, and gives a recognizer for each base model."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from profile_samples import base_model, ids, made_samples
from sqlalchemy import update

from inkdigits.personal import CONSENT_VERSION, Profile, adaptation, profile, sampling
from inkdigits.personal.cache import CACHE
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
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.personal.tables import models


@pytest.fixture
def ada(database_url):
    return Profile.create("Ada", consent=True, database=database_url)


@pytest.fixture
def fits(monkeypatch):
    """Count how often a model is fitted, to how many samples; models are stored as NumPy files."""
    calls = []

    def counted(base, samples):
        calls.append(len(samples))
        return PersonalModel(base.digest, {"0.bias": np.float32(len(samples))})

    def read(file, base):
        return PersonalModel(base.digest, {"0.bias": np.frombuffer(file, np.float32)[0]})

    monkeypatch.setattr(profile, "adapt", counted)
    monkeypatch.setattr(PersonalModel, "to_bytes", lambda self: self.tensors["0.bias"].tobytes())
    monkeypatch.setattr(PersonalModel, "from_bytes", staticmethod(read))
    monkeypatch.setattr(PersonalModel, "recognizer", lambda self, base: base)
    return calls


def forget_process(handle):
    """Do as if another process asked: nothing is kept in memory."""
    CACHE.forget(handle.id)


def fitted_to(handle, base):
    return int(handle.personal_model(base).tensors["0.bias"])


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


def test_full_profile_takes_nothing_more(ada, monkeypatch):
    monkeypatch.setattr(profile, "MAX_SAMPLES", 4)
    ada.add(made_samples(3))
    with pytest.raises(ProfileFull, match="at most 4 samples"):
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


def test_recognizer_is_that_of_the_samples(ada):
    base = base_model()
    assert ada.recognizer(base).predict_candidates([made_samples(1)[0].seen[None]])
    samples = made_samples(2)
    ada.add(samples)
    expected = adaptation.adapt(base, samples).recognizer(base)
    recognizer, version = ada.recognizer_and_version(base)
    assert np.array_equal(recognizer.model.vector, expected.model.vector)
    assert version == 1
    assert ada.recognizer(base) is recognizer  # kept


def test_undo_restores_the_model_of_the_version_before(ada, fits):
    base = base_model()
    ada.add(made_samples(2))
    assert fitted_to(ada, base) == 2
    ada.add(made_samples(3, seed=1))
    assert fitted_to(ada, base) == 5
    ada.undo()
    forget_process(ada)
    assert fitted_to(ada, base) == 2
    assert fits == [2, 5]


def test_model_that_was_fitted_to_a_removed_sample_is_gone(ada, fits):
    base, samples, more = base_model(), made_samples(2), made_samples(1, seed=1)
    for added in (samples, more):
        ada.add(added)
        ada.personal_model(base)
    ada.remove([samples[0].id])
    forget_process(ada)
    assert fitted_to(ada, base) == 2
    ada.add([samples[0]])  # the same samples as in version 2, but it was fitted anew
    ada.personal_model(base)
    assert fits == [2, 3, 2, 3]


def test_no_model_of_a_sample_that_was_added_again_outlives_it(ada, fits):
    base, (kept, other) = base_model(), made_samples(2)
    ada.add([kept])
    ada.add([other])
    ada.personal_model(base)
    ada.remove([other.id])
    ada.add([other])
    ada.personal_model(base)
    assert stored_versions(ada) == [4]
    ada.remove([other.id])
    assert stored_versions(ada) == []
    assert fits == [2, 2]


def test_other_sample_with_an_id_that_was_used_before_is_fitted_anew(ada, fits):
    base, (sample,) = base_model(), made_samples(1)
    ada.add([sample])
    ada.personal_model(base)
    with ada._database.read() as rows:
        before = rows.state(ada.id)
    ada.remove([sample.id])
    ada.add([replace(sample, label=9)])
    with ada._database.read() as rows:  # by which other processes keep models in memory
        assert rows.state(ada.id).fingerprint != before.fingerprint


def stored_versions(handle):
    """Return of which versions a model is stored."""
    with handle._database.read() as rows:
        return [model.version for model in rows.get_models(handle.id)]


def test_model_is_stored_for_each_base_and_refitted_for_a_changed_one(ada, fits):
    ada.add(made_samples(2))
    bases = [base_model("mlp"), base_model("cnn-small")]
    for base in bases * 2:
        forget_process(ada)
        ada.personal_model(base)
    assert fits == [2, 2]
    changed = base_model("mlp")
    changed = type(changed)(replace(changed.model, digest="0" * 64), "mlp")
    ada.personal_model(changed)
    assert fits == [2, 2, 2]


def test_model_without_a_digest_is_not_taken_for_another(ada, fits):
    base = base_model()
    unsaved = type(base)(replace(base.model, digest=""), "mlp")
    ada.add(made_samples(1))
    ada.personal_model(unsaved)
    ada.personal_model(unsaved)
    assert fits == [1, 1]


def test_stored_model_is_read_and_a_damaged_one_fitted_again(ada, monkeypatch):
    base, calls = base_model(), []
    adapt = profile.adapt
    monkeypatch.setattr(profile, "adapt", lambda *given: calls.append(1) or adapt(*given))
    ada.add(made_samples(2))
    expected = ada.recognizer(base).model.vector
    forget_process(ada)
    assert np.array_equal(ada.recognizer(base).model.vector, expected)
    assert len(calls) == 1
    with ada._database.writing() as connection:
        connection.execute(update(models).values(file=b"damaged"))
    forget_process(ada)
    assert np.array_equal(ada.recognizer(base).model.vector, expected)
    assert len(calls) == 2


def test_only_the_newest_models_are_kept(ada, fits, monkeypatch):
    from inkdigits.personal import store

    monkeypatch.setattr(store, "MAX_VERSIONS_WITH_MODELS", 2)
    base = base_model()
    for seed in range(3):
        ada.add(made_samples(1, seed=seed))
        ada.personal_model(base)
    for _ in range(2):
        ada.undo()
        forget_process(ada)
        ada.personal_model(base)
    assert fits == [1, 2, 3, 1]


def test_old_models_of_another_profile_are_kept(ada, database_url, fits, monkeypatch):
    from inkdigits.personal import store

    base, other = base_model(), Profile.create("Bob", consent=True, database=database_url)
    other.add(made_samples(1))
    other.personal_model(base)
    monkeypatch.setattr(store, "MAX_VERSIONS_WITH_MODELS", 1)
    for seed in (1, 2):
        ada.add(made_samples(1, seed=seed))
        ada.personal_model(base)
    forget_process(other)
    other.personal_model(base)
    assert fits == [1, 1, 2]


def test_model_is_not_stored_if_its_samples_are_removed_meanwhile(ada, fits, monkeypatch):
    base, samples = base_model(), made_samples(2)
    ada.add(samples)
    adapt = profile.adapt

    def adapt_slowly(base, samples):
        model = adapt(base, samples)
        if len(samples) == 2:
            ada.remove([samples[0].id])
        return model

    monkeypatch.setattr(profile, "adapt", adapt_slowly)
    ada.personal_model(base)
    forget_process(ada)
    assert fitted_to(ada, base) == 1
    assert stored_versions(ada) == [2]


def test_threads_that_ask_at_once_fit_one_model(ada, fits):
    base = base_model()
    ada.add(made_samples(2))
    run_at_once([lambda: ada.personal_model(base)] * 6)
    assert fits == [2]


def test_every_addition_of_several_threads_is_kept(ada, database_url):
    handles = [ada, Profile.open("Ada", database_url)]
    batches = [made_samples(1, seed=seed) for seed in range(12)]
    versions = run_at_once(
        [
            lambda handle=handles[index % 2], batch=batch: handle.add(batch)
            for index, batch in enumerate(batches)
        ]
    )
    assert sorted(version.number for version in versions) == list(range(1, 13))
    assert [version.number for version in ada.versions()] == list(range(1, 13))
    assert {sample.id for sample in ada.samples()} == {id for batch in batches for id in ids(batch)}


def test_samples_of_another_preprocessing_are_preprocessed_anew():
    base = base_model("classic")
    drawn, picture = made_samples(1)[0], made_samples(1, drawn=False)[0]
    as_drawn, as_picture = sampling.prepare(base, [drawn, picture])
    assert {sample.preprocessing for sample in (as_drawn, as_picture)} == {"classic"}
    assert np.array_equal(as_picture.seen, base.preprocess_mnist(picture.seen[None])[0])
    redrawn = sampling.sample_from_strokes(base, drawn.strokes, 0)
    assert np.array_equal(as_drawn.seen, redrawn.seen)
    assert (as_drawn.id, as_drawn.label) == (drawn.id, drawn.label)
    older = replace(drawn, revision=1)
    (renewed,) = sampling.prepare(base_model(), [older])
    assert renewed.revision == 2
    assert not np.array_equal(renewed.seen, older.seen)
    assert sampling.prepare(base_model(), [drawn]) == [drawn]


def run_at_once(calls):
    """Run functions in a thread each, and return what they return; raise what they raise."""
    results, errors = [], []
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
