"""Nothing that is in a row of the database is trusted; nothing invalid gets into one."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import product

import numpy as np
import pytest
from profile_samples import base_model, made_samples
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from inkdigits.data.samples import MAX_POINTS, MAX_STROKES, Stroke
from inkdigits.personal import Profile
from inkdigits.personal.database import open_database
from inkdigits.personal.database_errors import sentences as sentences_of
from inkdigits.personal.errors import DatabaseError, InvalidSample
from inkdigits.personal.records import sample_row, to_sample
from inkdigits.personal.store import Rows

POINTS = np.zeros((2, 2), np.float32)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"label": 10}, "label is not a digit"),
        ({"label": -1}, "label is not a digit"),
        ({"label": True}, "label is not a digit"),
        ({"label": "4"}, "label is not a digit"),
        ({"source": "stolen"}, "source is unknown"),
        ({"preprocessing": "\0"}, "preprocessing is not valid"),
        ({"revision": -1}, "whole number"),
        ({"revision": 2**40}, "whole number"),
        ({"id": "x"}, "32 hexadecimal"),
        ({"id": None}, "32 hexadecimal"),
        ({"seen": np.zeros((28, 27), np.uint8)}, "28 x 28"),
        ({"seen": np.zeros((28, 28))}, "uint8"),
        ({"time": datetime(2026, 1, 1)}, "time zone"),
        ({"strokes": ()}, "1 to 200 strokes"),
        ({"strokes": (Stroke(POINTS),) * (MAX_STROKES + 1)}, "1 to 200 strokes"),
        ({"strokes": (Stroke(np.zeros((MAX_POINTS + 1, 2), np.float32)),)}, "20,000 points"),
        ({"strokes": (Stroke(POINTS[:0]),)}, "no points"),
        ({"strokes": (Stroke(np.zeros(4)),)}, "list of points"),
        ({"strokes": (Stroke(POINTS + np.nan),)}, "not finite"),
        ({"strokes": (Stroke(POINTS + 1e7),)}, "too far away"),
        ({"strokes": (Stroke(POINTS, 0.0),)}, "width"),
        ({"strokes": (Stroke(POINTS, float("nan")),)}, "width"),
    ],
)
def test_sample_that_cannot_be_stored_is_refused_in_one_sentence(changes, cause):
    (sample,) = made_samples(1)
    with pytest.raises(InvalidSample, match=cause) as raised:
        sample_row(replace(sample, **changes))
    assert str(raised.value).startswith("A ")
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


def test_numbers_of_numpy_are_stored_as_numbers():
    (sample,) = made_samples(1)
    assert to_sample(sample_row(replace(sample, label=np.uint8(7)))).label == 7


def test_any_changed_byte_of_a_sample_is_noticed():
    (sample,) = made_samples(1)
    row = sample_row(sample)
    for name in ("seen", "strokes"):
        for place in (0, len(row[name]) // 2, len(row[name]) - 1):
            data = bytearray(row[name])
            data[place] ^= 1
            with pytest.raises(DatabaseError):
                to_sample({**row, name: bytes(data)})
    with pytest.raises(DatabaseError, match="checksum"):
        to_sample({**row, "label": 5})
    assert to_sample(row).id == sample.id


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'profiles.sqlite3'}"


# A value of SQLite may have any type, whatever its column's.
VALUES = ["'x'", "x'00ff'", "NULL", "-1", "9223372036854775807", "CAST(x'ff' AS TEXT)"]
COLUMNS = {
    "samples": ["id", "number", "label", "source", "preprocessing", "revision", "seen", "strokes",
                "time", "checksum", "added"],
    "versions": ["number", "time", "action", "added", "removed", "samples", "fingerprint"],
    "models": ["version", "digest", "model", "file"],
    "profiles": ["name", "created", "consent_version", "consent_time", "token_hash"],
}  # fmt: skip


def test_no_value_in_the_database_makes_anything_but_a_sentence(url):
    handle = Profile.create("Ada", consent=True, database=url)
    handle.add(made_samples(2))
    handle.new_token()
    database = open_database(url)
    with database.writing() as connection:
        model = {"id": handle.id, "digest": base_model().digest}
        connection.execute(text("INSERT INTO models VALUES (:id, 1, :digest, 'mlp', x'00')"), model)
    sentences = set()
    for table, columns in COLUMNS.items():
        for column, value in product(columns, VALUES):
            sentences |= set(
                errors_with(database, handle, f"UPDATE {table} SET {column} = {value}")
            )
    assert len(sentences) > 12
    for sentence in sentences:
        assert sentence.startswith("The ")
        assert sentence.endswith(".")
        assert "\n" not in sentence


def errors_with(database, handle, statement):
    """Change rows, read all that there is, undo the change, and return the messages."""
    with suppress(Undone, DatabaseError), database.writing() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        try:
            connection.exec_driver_sql(statement)
        except IntegrityError:
            raise Undone from None
        rows = Rows(connection)
        for call in (
            rows.all_profiles,
            lambda: rows.find_profile("Ada"),
            lambda: rows.get_samples(handle.id),
            lambda: rows.get_versions(handle.id),
            lambda: rows.get_models(handle.id),
            lambda: rows.get_model(handle.id, 1, base_model().digest),
            lambda: rows.state(handle.id),
            lambda: rows.insert_samples(handle.id, made_samples(1, seed=3)),
            lambda: rows.delete_samples(handle.id, rows.ids_of_last_addition(handle.id), "undo"),
        ):
            try:
                with sentences_of(database.shown):
                    call()
            except DatabaseError as error:
                yield str(error)
        raise Undone


class Undone(Exception):
    pass
