"""What is deleted is nowhere in the bytes of SQLite's files: not in the log, nor in a copy."""

import gc
import logging
import os
import random
import sqlite3
import weakref
from contextlib import closing

import numpy as np
import pytest
from older_database import OWNER, older_database
from profile_samples import base_model, files_beside, made_samples

from inkdigits.personal import Profile, Profiles, erasure
from inkdigits.personal.database import open_database
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.personal.records import sample_row, to_time
from inkdigits.personal.tokens import token_hash


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profiles.sqlite3"


def traces(sample):
    """Return bytes that are in a database only because of a sample."""
    row = sample_row(sample)
    parts = [row["id"].encode(), row["seen"][:64], row["seen"][-64:]]
    if row["strokes"] is not None:
        parts += [row["strokes"][:48], row["strokes"][-24:]]
    return parts


def found(path, parts):
    """Return which of the bytes are in a file in the folder."""
    everything = b"".join(files_beside(path).values())
    return [part for part in parts if part in everything]


def drawn(seed, points):
    """Make a sample of any length: it may fill pages of its own."""
    (sample,) = made_samples(1, seed=seed)
    rng = np.random.default_rng(seed)
    strokes = tuple(
        type(stroke)(rng.random((points, 2)).astype(np.float32)) for stroke in sample.strokes
    )
    return type(sample)(**vars(sample) | {"strokes": strokes})


def test_removed_samples_leave_nothing(path):
    """Rows of many lengths come and go, so that SQLite moves them between pages."""
    ada = Profile.create("Ada", consent=True, database=str(path))
    order = random.Random(0)
    kept, gone = {}, []
    for round_number in range(8):
        added = [drawn(100 * round_number + i, order.choice([1, 20, 300])) for i in range(12)]
        ada.add(added)
        kept |= {sample.id: sample for sample in added}
        for sample in added[:2]:
            assert found(path, traces(sample)) == traces(sample)  # they would be found
        if round_number % 3 == 2:
            ada.undo()
            removed = [sample.id for sample in added]
        else:
            removed = order.sample(sorted(kept), len(kept) // 2)
            ada.remove(removed)
        gone += [kept.pop(id) for id in removed]
        assert found(path, [part for sample in gone for part in traces(sample)]) == []
    assert {sample.id for sample in ada.samples()} == set(kept)
    assert len(gone) > 40


def test_deleted_profile_leaves_nothing_and_another_stays(path, monkeypatch):
    monkeypatch.setattr(PersonalModel, "to_bytes", lambda self: b"the personal model" * 100)
    profiles = Profiles(str(path))
    ada = profiles.create("Ada Augusta King", consent=True)
    bob = profiles.create("Bob", consent=True)
    samples = made_samples(30)
    ada.add(samples)
    bob.add(made_samples(5, seed=1))
    secrets = [ada.new_token(), ada.new_token()]  # the old one's hash, too
    ada.recognizer(base_model())
    parts = [part for sample in samples for part in traces(sample)]
    parts += [b"Ada Augusta King", ada.id.encode(), to_time(ada.created).encode()]
    parts += [b"the personal model"]
    assert found(path, parts) == parts
    parts += [token_hash(token).encode() for token in secrets]
    parts += [token.encode() for token in secrets]
    ada.delete()
    assert found(path, parts) == []
    assert len(bob.samples()) == 5
    assert profiles.count() == 1


def test_copy_of_an_older_revision_is_erased_with_the_first_deletion(path, tmp_path_factory):
    samples = made_samples(2)
    older_database(str(path), samples)
    ada = Profile.open("Ada", str(path))
    (copy,) = path.parent.glob("*.revision-0001*")
    same_bytes = tmp_path_factory.mktemp("links") / "copy"
    os.link(copy, same_bytes)
    half_made = path.with_name("profiles.revision-0001.sqlite3.tmp")
    half_made.write_bytes(samples[0].seen.tobytes())
    ada.remove([samples[0].id])
    assert list(path.parent.glob("*.revision-*")) == []
    assert not any(same_bytes.read_bytes())
    assert found(path, traces(samples[0])) == []
    assert ada.id == OWNER


def test_other_files_are_not_taken_for_copies_of_older_revisions(path):
    ada = Profile.create("Ada", consent=True, database=str(path))
    named_alike = path.with_name("profiles.revision-2-of-my-thesis.odt")
    named_alike.write_text("a thesis")
    linked = path.with_name("letter.txt")
    linked.write_text("a letter")
    path.with_name("profiles.revision-0001.sqlite3").symlink_to(linked)
    ada.delete()
    assert named_alike.read_text() == "a thesis"
    assert linked.read_text() == "a letter"


def test_deletion_while_another_one_is_erased_is_erased_later(path, monkeypatch):
    database = open_database(str(path))
    ada = Profile.create("Ada", consent=True, database=str(path))
    ada.add(made_samples(2))
    pragma = erasure._pragma

    def pragma_after_a_deletion(database, name):
        if name.startswith("wal_checkpoint"):
            with database.writing() as connection:
                erasure.mark(connection)
        return pragma(database, name)

    monkeypatch.setattr(erasure, "_pragma", pragma_after_a_deletion)
    ada.undo()
    assert pragma(database, "user_version") != (0,)
    monkeypatch.undo()
    erasure.erase_deleted(database)
    assert pragma(database, "user_version") == (0,)


def test_nothing_of_a_deleted_profile_stays_in_memory(path):
    ada = Profile.create("Ada", consent=True, database=str(path))
    ada.add(made_samples(1))
    model = weakref.ref(ada.recognizer(base_model()))
    assert model() is not None
    ada.delete()
    gc.collect()
    assert model() is None


def test_reader_that_holds_the_log_delays_the_erasing(path, caplog):
    database = open_database(str(path))
    ada = Profile.create("Ada", consent=True, database=str(path))
    samples = made_samples(4)
    ada.add(samples)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM samples").fetchone()
        shorten_waiting(database)
        with caplog.at_level(logging.WARNING):
            ada.remove([samples[0].id])
        assert "erased later" in caplog.text
        assert len(ada.samples()) == 3
    ada.remove([samples[1].id])
    assert found(path, traces(samples[0]) + traces(samples[1])) == []


def shorten_waiting(database):
    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA busy_timeout = 50")
