"""Databases of profiles under faults: kills, full disks, several processes, damage."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing, suppress
from itertools import count

import numpy as np
import pytest
import small_disks
from profile_writers import Expected, Writers, group_of, members, sample
from serving import until

from inkdigits.personal import Profile
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.profiles import Profiles

KILLS = 12
MANY = 10_000  # changes, more than are made before the writer is killed
FULL_SENTENCE = "its disk is full or fails"


@pytest.fixture
def profile(database_url):
    """A profile in an own database, with samples that were added before any fault."""
    profile = Profile.create("Ada", consent=True, database=database_url)
    profile.add([sample(one) for one in members(group_of(999, 0))])
    yield profile
    close_database(open_database(database_url))


def expected(profile):
    return Expected({one.id for one in profile.samples()})


def job(profile, url, **options):
    """A job of writers on a profile."""
    defaults = {"action": "write", "seed": 0, "changes": MANY}
    return defaults | {"database": url, "profile": profile.id} | options


def state(writers, profile, url):
    """What is in a profile, as another process sees it."""
    return writers.check(database=url, profile=profile.id)


def is_sentence(message):
    return message[0].isupper() and message.endswith(".") and "\n" not in message


# Killed writers.


def test_writer_killed_at_any_moment_loses_nothing_it_acknowledged(writers, profile, database_url):
    wanted = expected(profile)
    rng = np.random.default_rng(0)
    for seed in range(KILLS):
        kill_after = int(rng.integers(1, 8)), float(rng.uniform(0, 4))
        done = writers.run(**job(profile, database_url, seed=seed, kill_after=kill_after))
        assert done["status"] == -signal.SIGKILL, done
        wanted.follow(done["lines"])
        assert wanted.settle(state(writers, profile, database_url)) is None
    assert wanted.changes > KILLS


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "ftruncate"])
def test_writer_killed_at_any_system_call_loses_nothing(writers, tmp_path, call):
    url = f"sqlite:///{tmp_path / 'profiles.sqlite3'}"
    profile = Profile.create("Ada", consent=True, database=url)
    close_database(open_database(url))
    wanted = Expected()
    for number in count(1):
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        done = writers.run(**job(profile, url, seed=number, changes=1, strace=inject))
        wanted.follow(done["lines"])
        assert wanted.settle(state(writers, profile, url)) is None
        if done["status"] == 0:
            break
        assert done["status"] == -signal.SIGKILL, done
    assert number > {"pwrite64": 8, "fdatasync": 1, "ftruncate": 0}[call]


# Full disks.


def test_full_disk_is_said_and_loses_nothing(writers, tmp_path):
    url = f"sqlite:///{tmp_path / 'profiles.sqlite3'}"
    profile = Profile.create("Ada", consent=True, database=url)
    close_database(open_database(url))
    wanted = Expected()
    size = os.path.getsize(url.removeprefix("sqlite:///"))
    for seed in range(4):
        # A limit on the size of files cuts writes short, as a full disk does, without privileges.
        limit = size + 30_000 * seed
        done = writers.run(**job(profile, url, seed=seed, size_limit=limit))
        assert done["status"] == 1, done
        wanted.follow(done["lines"])
        error = done["lines"][-1]
        assert error["cause"] == "full"
        assert FULL_SENTENCE in error["message"]
        assert is_sentence(error["message"])
        # Nothing half-made is left of the change that did not fit, and the next one works.
        assert wanted.settle(state(writers, profile, url)) is None
    assert wanted.changes > 0


@pytest.fixture
def small_disk(tmp_path):
    with small_disks.small_disk(tmp_path / "disk", 400) as disk:
        yield disk


def test_writing_goes_on_when_a_full_disk_has_room_again(writers, small_disk):
    disk, resize = small_disk
    url = f"sqlite:///{disk / 'profiles.sqlite3'}"
    profile = Profile.create("Ada", consent=True, database=url)
    wanted = Expected()
    writers.start(**job(profile, url, changes=MANY))
    done = writers.finish()
    wanted.follow(done["lines"])
    error = done["lines"][-1]
    assert (error["event"], error["cause"]) == ("error", "full"), error
    # The process that met the full disk can still read everything and, once there is room, add.
    assert {one.id for one in profile.samples()} == wanted.samples
    wanted.pending = None
    for number in count():
        more = members(group_of(998, number))
        try:
            profile.add([sample(one) for one in more])
        except DatabaseError as error:
            assert FULL_SENTENCE in str(error)  # noqa: PT017
            break
        wanted.samples |= set(more)
    resize(4000)
    profile.add([sample(one) for one in more])
    wanted.samples |= set(more)
    close_database(open_database(url))
    assert wanted.settle(state(writers, profile, url)) is None


# Several at once.


def test_processes_that_write_at_once_lose_nothing(writers, profile, database_url):
    with Writers() as others:
        both = [(writers, 1), (others, 2)]
        for writer, seed in both:
            writer.start(**job(profile, database_url, seed=seed, changes=12, shared=True))
        told = [writer.finish() for writer, _ in both]
        assert [done["status"] for done in told] == [0, 0], told
        found = state(writers, profile, database_url)
    assert found["wrong"] is None
    versions = profile.versions()[: found["version"]]
    added = [version.added for version in versions]
    removed = [version.removed for version in versions]
    assert set(added) | set(removed) == {0, 3}
    begun = [line for done in told for line in done["lines"] if line["event"] == "begin"]
    assert sum(added) == 3 + sum(len(line["adds"]) for line in begun)
    assert len(found["samples"]) == sum(added) - sum(removed)


# PostgreSQL.


@pytest.mark.postgres
def test_killed_postgresql_loses_nothing_it_acknowledged(writers, postgres):
    url = postgres.new_database()
    profile = Profile.create("Ada", consent=True, database=url)
    wanted = Expected()
    for seed in range(2):
        # The writer only adds, and tries again until the server is back.
        enough = len(profile.samples()) + 10 * (seed + 1)
        writers.start(**job(profile, url, seed=seed, changes=120, adds_only=True, retries=True))
        until(lambda enough=enough: len(profile.samples()) > enough)
        postgres.kill()
        with pytest.raises(DatabaseError, match="cannot be reached") as error:
            profile.samples()
        assert is_sentence(str(error.value))
        assert error.value.cause == "unreachable"
        postgres.start()
        done = writers.finish()
        assert done["status"] == 0, done["lines"][-1]
        failures = [line for line in done["lines"] if line["event"] == "failed"]
        assert failures
        assert all(is_sentence(line["message"]) for line in failures)
        wanted.follow(done["lines"])
        assert wanted.settle(state(writers, profile, url)) is None
    # The connections of this process were cut too; it connects again.
    assert {one.id for one in profile.samples()} == wanted.samples
    close_database(open_database(url))


@pytest.mark.postgres
def test_cut_connection_is_said_or_made_again(postgres):
    url = postgres.new_database()
    profile = Profile.create("Ada", consent=True, database=url)
    profile.add([sample(one) for one in members(group_of(1, 0))])
    database = url.rpartition("/")[2]
    postgres.disconnect(database)
    assert len(profile.samples()) == 3

    def cut_in_a_transaction():
        with open_database(url).writing() as connection:
            connection.exec_driver_sql("DELETE FROM samples")
            postgres.disconnect(database)

    with pytest.raises(DatabaseError, match="cannot be reached") as error:
        cut_in_a_transaction()
    assert is_sentence(str(error.value))
    assert len(profile.samples()) == 3
    close_database(open_database(url))


@pytest.mark.postgres
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://nobody:wrong@127.0.0.1:{port}/postgres",
        "postgresql+psycopg://inkdigits:wrong@127.0.0.1:1/postgres",
        "postgresql://127.0.0.1:{port}/no-such-database",
    ],
)
def test_postgresql_that_cannot_be_reached_is_said_without_the_password(postgres, url):
    with pytest.raises(DatabaseError, match="cannot be reached or refuses the login") as error:
        Profiles(url.format(port=postgres.port))
    assert is_sentence(str(error.value))
    assert "wrong" not in str(error.value)


# Damage, and other files.


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a whole database, and the ID of its profile."""
    path = tmp_path_factory.mktemp("whole") / "profiles.sqlite3"
    profile = Profile.create("Ada", consent=True, database=str(path))
    for number in range(20):
        profile.add([sample(one) for one in members(group_of(0, number))])
    close_database(open_database(str(path)))
    assert not path.with_name(f"{path.name}-wal").exists()
    return path.read_bytes(), profile.id


def outcome_of_using(path, profile):
    """Use everything of a profile; return the message of the error, or the samples read."""
    url = str(path)
    try:
        one = Profile.open(profile, database=url)
        samples = one.samples()
        one.versions()
        one.add([sample(members(group_of(1, 0))[0])])
        Profiles(url).all()
        return {found.id: found for found in samples}
    except DatabaseError as error:
        return str(error)
    finally:
        with suppress(DatabaseError):
            close_database(open_database(url))


def test_damaged_database_is_said_in_a_sentence(whole, tmp_path):
    data, profile = whole
    said = 0
    rng = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / f"{number}.sqlite3"
        damaged = bytearray(data)
        # A block as a failing disk leaves it, at each place in turn.
        at = len(data) * number // 40 + int(rng.integers(64))
        damaged[at : at + 64] = rng.bytes(64)
        path.write_bytes(damaged[: len(data)])
        outcome = outcome_of_using(path, profile)
        if isinstance(outcome, str):
            assert is_sentence(outcome), outcome
            assert "is damaged" in outcome
            said += 1
        else:
            for one in outcome.values():
                assert np.array_equal(one.seen, sample(one.id).seen)
                assert one.label == sample(one.id).label
    assert said > 10


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_truncated_database_is_said_in_a_sentence(whole, tmp_path, share):
    data, profile = whole
    path = tmp_path / "profiles.sqlite3"
    path.write_bytes(data[: int(len(data) * share)])
    before = path.read_bytes()
    outcome = outcome_of_using(path, profile)
    assert is_sentence(outcome)
    assert "is damaged" in outcome
    assert path.read_bytes() == before


def other_database(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name)")
        connection.commit()


OTHER_FILES = {
    "text": lambda path: path.write_text("Dear diary,\n" * 1000),
    "zeros": lambda path: path.write_bytes(bytes(20_000)),
    "another program's": other_database,
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_files_are_said_in_a_sentence(tmp_path, kind):
    path = tmp_path / "profiles.sqlite3"
    OTHER_FILES[kind](path)
    before = path.read_bytes()
    with pytest.raises(
        DatabaseError, match=r"is damaged, or is another program's|is not a database"
    ) as error:
        Profiles(str(path)).all()
    assert is_sentence(str(error.value))
    assert path.read_bytes() == before


def test_folder_in_the_place_of_a_database_is_said_in_a_sentence(tmp_path):
    with pytest.raises(DatabaseError) as error:
        Profiles(str(tmp_path)).all()
    assert is_sentence(str(error.value))


def test_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "profiles.sqlite3"
    path.touch()
    assert Profiles(str(path)).count() == 0
