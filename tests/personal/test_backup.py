"""Backups of the SQLite file of profiles, made while it is used, and restored."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from io import BytesIO

import pytest
from profile_writers import group_of, members, sample

from inkdigits.personal import Profile
from inkdigits.personal.backup import back_up, restore, sqlite_path
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.profiles import Profiles


@pytest.fixture
def path(tmp_path):
    """A database with one profile and one addition, which is open."""
    path = tmp_path / "kept" / "profiles.sqlite3"
    profile = Profile.create("Ada", consent=True, database=path)
    profile.add([sample(one) for one in members(group_of(0, 0))])
    yield path
    close_database(open_database(path))


def backup_of(path):
    output = BytesIO()
    back_up(str(path), output)
    return output.getvalue()


def samples_in(path):
    ids = {one.id for one in Profile.open("Ada", database=path).samples()}
    close_database(open_database(path))
    return ids


def run_module(action, database, **options):
    return subprocess.run(
        [sys.executable, "-m", "inkdigits.personal.backup", action],
        env=os.environ | ({"INKDIGITS_DATABASE": str(database)} if database else {}),
        capture_output=True,
        **options,
    )


def test_backup_is_one_whole_file_of_a_database_in_use(path, tmp_path):
    copy = tmp_path / "copy.sqlite3"
    with open_database(path).writing() as connection:
        connection.exec_driver_sql("DELETE FROM samples")
        copy.write_bytes(backup_of(path))  # of what is committed, without waiting
        assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["copy.sqlite3"]
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("BEGIN")
    assert samples_in(copy) == set(members(group_of(0, 0)))
    # Nothing of it is left beside the database.
    assert {file.name.removeprefix(path.name) for file in path.parent.iterdir()} <= {
        "",
        "-wal",
        "-shm",
    }


def test_backups_while_a_writer_adds_are_each_whole(path, tmp_path):
    profile = Profile.open("Ada", database=path)
    stop = threading.Event()

    def add():
        number = 1
        while not stop.is_set() and number < 300:
            profile.add([sample(one) for one in members(group_of(0, number))])
            number += 1

    writer = threading.Thread(target=add)
    writer.start()
    try:
        for number in range(5):
            copy = tmp_path / f"{number}.sqlite3"
            copy.write_bytes(backup_of(path))
            found = samples_in(copy)
            groups = {one[:16] for one in found}
            assert found == {one for group in groups for one in members(group)}
            assert groups == {group_of(0, index) for index in range(len(groups))}
    finally:
        stop.set()
        writer.join()


def test_restored_backup_replaces_the_database_and_keeps_it_beside(path):
    data = backup_of(path)
    profile = Profile.open("Ada", database=path)
    profile.add([sample(one) for one in members(group_of(0, 1))])
    close_database(open_database(path))
    # A log that a killed process has left belongs to the replaced file alone.
    path.with_name(f"{path.name}-wal").write_bytes(b"left")
    assert restore(f"sqlite:///{path}", BytesIO(data)) == 1
    assert not path.with_name(f"{path.name}-wal").exists()
    assert samples_in(path) == set(members(group_of(0, 0)))
    assert path.stat().st_mode & 0o777 == 0o600
    replaced = path.with_name(f"{path.name}.replaced")
    replaced.with_name(f"{replaced.name}-wal").unlink()
    assert len(samples_in(replaced)) == 6


def test_restore_takes_the_place_of_a_damaged_database_and_of_none(path, tmp_path):
    data = backup_of(path)
    for database in (tmp_path / "damaged.sqlite3", tmp_path / "new" / "profiles.sqlite3"):
        if database.name.startswith("damaged"):
            database.write_bytes(b"not a database" * 1000)
        assert restore(str(database), BytesIO(data)) == 1
        assert samples_in(database) == set(members(group_of(0, 0)))


def of_another_program():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE songs (name)")
        return connection.serialize()


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "damaged", "another program's"])
def test_backup_that_is_not_whole_changes_nothing(path, kind):
    data = backup_of(path)
    wrong = {
        "empty": b"",
        "text": b"Dear diary,\n" * 1000,
        "truncated": data[:-4096],
        "damaged": data[:8192] + b"\xff" * 4096 + data[12288:],
        "another program's": of_another_program(),
    }[kind]
    close_database(open_database(path))
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match=r"Nothing was changed\.$"):
        restore(str(path), BytesIO(wrong))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_module_backs_up_and_restores_through_pipes(path, tmp_path):
    done = run_module("backup", path)
    assert (done.returncode, done.stderr) == (0, b"Backed up the database with 1 profile.\n")
    new = tmp_path / "new.sqlite3"
    restored = run_module("restore", new, input=done.stdout)
    assert restored.stderr == b"Restored the database with 1 profile.\n"
    assert Profiles(new).count() == 1
    close_database(open_database(new))


def test_what_cannot_be_backed_up_is_said_in_a_sentence(tmp_path):
    done = run_module("backup", None, text=True)
    sentence = "INKDIGITS_DATABASE is not set, so there are no profiles to back up or to restore."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{sentence}\n")
    with pytest.raises(DatabaseError, match=r"^The database is PostgreSQL's; .*pg_dump.*\.$"):
        back_up("postgresql+psycopg://inkdigits:secret@database/inkdigits", BytesIO())
    with pytest.raises(DatabaseError, match=r"^There is no database of profiles at /.*\.$"):
        back_up(str(tmp_path / "profiles.sqlite3"), BytesIO())


def test_paths_and_urls_name_the_same_file():
    assert str(sqlite_path("/data/p.sqlite3")) == "/data/p.sqlite3"
    assert str(sqlite_path("sqlite:////data/p.sqlite3")) == "/data/p.sqlite3"
    assert str(sqlite_path("sqlite:///p.sqlite3")) == "p.sqlite3"
