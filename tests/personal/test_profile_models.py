"""A profile gives a recognizer for each base model, and stores what was fitted."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from profile_samples import base_model, ids, made_samples
from sqlalchemy import update

from inkdigits.personal import Profile, adaptation, profile, sampling
from inkdigits.personal.cache import CACHE
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.personal.tables import models


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
