"""Whatever is wrong with a database is said in one sentence; without one, nothing is imported."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress

import pytest
from profile_samples import made_samples
from sqlalchemy import text

from inkdigits.personal import Profile, Profiles, opening
from inkdigits.personal import database as databases
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError, ExtraMissing


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profiles.sqlite3"


def error_of(call, *arguments):
    """Return the cause and the message, which must be one sentence."""
    with pytest.raises(DatabaseError) as raised:
        call(*arguments)
    message = str(raised.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert "sqlalche" not in message
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    return raised.value.cause, message


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///x.db?mode=ro",
        "mysql://ada:secret@host/db",
        "http://host/secret",
        "://",
        "postgresql://host:port/secret",
    ],
)
def test_wrong_address_is_said_without_repeating_it(url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    cause, message = error_of(open_database, url)
    assert cause == "address"
    assert "secret" not in message
    assert list(tmp_path.iterdir()) == []


def test_server_that_cannot_be_reached_is_said_without_its_password(free_port):
    url = f"postgresql://ada:secret@127.0.0.1:{free_port}/inkdigits"
    cause, message = error_of(open_database, url)
    assert cause == "unreachable"
    assert "secret" not in message
    assert "ada:***@127.0.0.1" in message


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_missing_driver_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    cause, message = error_of(open_database, "postgresql+psycopg://host/x")
    assert cause == "no driver"
    assert "pip install 'inkdigits[postgres]'" in message


def test_missing_extra_is_said(monkeypatch, path):
    for name in ("inkdigits.personal.database", "inkdigits.personal.connections"):
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ExtraMissing, match=r"run pip install 'inkdigits\[profiles\]'"):
        Profile.open("Ada", path)
    assert opening.EXTRA == ("sqlalchemy", "alembic")


def test_nothing_of_a_database_is_imported_without_one():
    code = (
        "import sys, inkdigits.personal, inkdigits.personal.adaptation\n"
        "print(sys.modules.keys() & {'sqlalchemy', 'alembic', 'psycopg'})"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout == "set()\n"


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_file_that_is_no_database_is_said_and_stays(path, content):
    path.write_bytes(content)
    assert error_of(open_database, path)[0] == "damaged"
    assert path.read_bytes() == content


def test_damaged_page_is_said(path):
    ada = Profile.create("Ada", consent=True, database=path)
    ada.add(made_samples(20))
    close_database(open_database(path))
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data) - 4096, 4096):
        data[page : page + 100] = b"\xff" * 100
    path.write_bytes(data)

    def use():
        Profile.open("Ada", path).samples()

    cause, message = error_of(use)
    assert cause == "damaged"
    assert "restore a backup" in message


def test_folder_or_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        assert error_of(open_database, tmp_path / name)[0] == "address"
    (tmp_path / "file").write_text("x")
    assert "File exists" in error_of(open_database, tmp_path / "file" / "x")[1]


def test_database_that_cannot_be_written_can_still_be_read(path, monkeypatch):
    ada = Profile.create("Ada", consent=True, database=path)
    ada.add(made_samples(2))
    database = open_database(path)
    with database.engine.connect() as connection:  # as if the file system were read-only
        connection.connection.cursor().execute("PRAGMA query_only = ON")
    assert error_of(ada.add, made_samples(1, seed=1))[0] == "read-only"
    assert len(ada.samples()) == 2


def test_busy_database_is_said(path):
    ada = Profile.create("Ada", consent=True, database=path)
    with ada._database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert error_of(ada.add, made_samples(1))[0] == "busy"
        assert ada.samples() == ()  # a writer does not keep readers waiting
    ada.add(made_samples(1))


def test_sqlite_is_set_up_to_lose_and_to_leave_nothing(path):
    with open_database(path).reading() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                "journal_mode",
                "synchronous",
                "secure_delete",
                "foreign_keys",
                "temp_store",
            )
        }
    full, memory = 2, 2
    assert values == {
        "journal_mode": "wal",
        "synchronous": full,
        "secure_delete": 1,
        "foreign_keys": 1,
        "temp_store": memory,
    }


def test_database_is_open_once_in_a_process(path, tmp_path):
    database = open_database(path)
    assert open_database(f"sqlite:///{path}") is database
    assert open_database(tmp_path / "other.sqlite3") is not database


def test_file_that_is_replaced_is_opened_again(path, tmp_path):
    Profile.create("Ada", consent=True, database=path)
    close_database(open_database(path))
    shutil.copy(path, tmp_path / "backup")
    Profile.create("Bob", consent=True, database=path)
    os.replace(tmp_path / "backup", path)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert [handle.name for handle in Profiles(path).all()] == ["Ada"]
    path.unlink()
    assert Profiles(path).count() == 0


def test_write_that_raises_changes_nothing(database_url):
    ada = Profile.create("Ada", consent=True, database=database_url)
    with suppress(KeyError), ada._database.write() as rows:
        rows.insert_samples(ada.id, made_samples(2))
        raise KeyError
    assert ada.samples() == ()


def test_reader_sees_one_moment(database_url):
    ada = Profile.create("Ada", consent=True, database=database_url)
    with ada._database.read() as rows:
        before = rows.get_versions(ada.id)
        adding = threading.Thread(target=ada.add, args=(made_samples(1),))
        adding.start()
        adding.join()
        assert rows.get_versions(ada.id) == before == ()
    assert len(ada.versions()) == 1


def test_constraint_of_a_table_is_enforced(database_url):
    Profile.create("Ada", consent=True, database=database_url)
    database = open_database(database_url)

    def insert():
        with database.writing() as connection:
            values = "('x', 1, 't', 'add', 0, 0, 0, '')"
            connection.execute(text(f"INSERT INTO versions VALUES {values}"))

    assert error_of(insert)[0] == "damaged"
    assert databases.VARIABLE == "INKDIGITS_DATABASE"
