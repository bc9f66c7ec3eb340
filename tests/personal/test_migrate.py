"""An older database is migrated once, after a copy is made; a newer one is refused."""

import logging
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from older_database import OWNER, older_database
from profile_samples import base_model, ids, made_samples
from profile_writers import group_of, members, sample
from sqlalchemy import text

from inkdigits.personal import Profile
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.migrate import MIGRATIONS, REVISIONS, copies
from inkdigits.personal.tables import REVISION, VERSION_TABLE, metadata


@pytest.fixture
def sqlite_path(tmp_path):
    return tmp_path / "my profiles%20.sqlite3"


def test_migrations_make_the_tables(database_url):
    assert REVISIONS[-1] == REVISION
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [REVISION]
    assert sorted(script.revision for script in scripts.walk_revisions()) == list(REVISIONS)
    older_database(database_url)
    with open_database(database_url).reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_samples_of_an_older_database_become_the_first_version(database_url):
    samples = made_samples(3)
    older_database(database_url, samples)
    ada = Profile.open("Ada", database_url)
    assert ids(ada.samples()) == ids(samples)
    (version,) = ada.versions()
    assert (version.number, version.action, version.added, version.samples) == (1, "add", 3, 3)
    ada.recognizer(base_model())
    assert ada.add(made_samples(1, seed=1)).number == 2
    assert ada.undo().samples == 3
    with open_database(database_url).read() as rows:
        assert rows.state(ada.id).fitted == 1  # the samples of the first version


def test_older_database_is_copied_before_and_that_is_said(sqlite_path, caplog):
    url = str(sqlite_path)
    older_database(url, made_samples(2))
    with caplog.at_level(logging.WARNING):
        open_database(url)
    (copy,) = copies(sqlite_path)
    assert copy.name == "my profiles%20.revision-0001.sqlite3"
    assert str(copy) in caplog.text
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        (revision,) = connection.execute(f"SELECT * FROM {VERSION_TABLE}").fetchone()
        assert revision == "0001"
        assert connection.execute("SELECT count(*) FROM samples").fetchone() == (2,)
    close_database(open_database(url))
    caplog.clear()
    open_database(url)
    assert caplog.text == ""


def test_migration_that_fails_changes_nothing(sqlite_path, monkeypatch):
    url = str(sqlite_path)
    older_database(url, made_samples(2))
    before = dump(sqlite_path)
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", fail_after(command.upgrade))
        with pytest.raises(KeyboardInterrupt):
            open_database(url)
    assert dump(sqlite_path) == before
    assert len(Profile.open("Ada", url).samples()) == 2


def fail_after(upgrade):
    def fail(config, revision):
        upgrade(config, revision)
        raise KeyboardInterrupt

    return fail


def dump(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_newer_database_is_refused_and_left_as_it_is(database_url):
    database = open_database(database_url)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    close_database(database)
    with pytest.raises(DatabaseError, match="install the newest version") as raised:
        open_database(database_url)
    assert raised.value.cause == "newer"


def test_database_of_another_program_is_refused_and_left_as_it_is(sqlite_path):
    with closing(sqlite3.connect(sqlite_path)) as connection:
        connection.execute("CREATE TABLE samples (x)")
        connection.commit()
    before = sqlite_path.read_bytes()
    with pytest.raises(DatabaseError, match="another program's"):
        open_database(str(sqlite_path))
    assert sqlite_path.read_bytes() == before
    assert list(sqlite_path.parent.iterdir()) == [sqlite_path]


def test_processes_that_open_at_once_migrate_once(database_url, writers):
    samples = [sample(id) for id in members(group_of(0, 1))]
    older_database(database_url, samples)
    writers.start(action="check", database=database_url, profile=OWNER)
    ada = Profile.open("Ada", database_url)
    done = writers.finish()
    assert (done["status"], done["lines"][-1]["wrong"]) == (0, None)
    assert ids(ada.samples()) == ids(samples)
    assert [version.number for version in ada.versions()] == [1, 2, 3]  # a check makes two
