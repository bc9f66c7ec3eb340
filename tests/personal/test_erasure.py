"""Nothing of what was deleted is left in SQLite's files, whenever the process ends."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from itertools import count

import pytest
from profile_writers import group_of, members, sample

from inkdigits.personal import Profile
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError

FIRST, SECOND = members(group_of(0, 1)), members(group_of(0, 2))


def made(path):
    """A profile with two additions, in a database that is closed."""
    profile = Profile.create("Ada", consent=True, database=path)
    for ids in (FIRST, SECOND):
        profile.add([sample(one) for one in ids])
    close_database(open_database(path))
    return profile


def bytes_of(path):
    """All bytes of the database and of the files beside it."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def is_there(ids, path):
    content = bytes_of(path)
    return any(sample(one).seen.tobytes()[:64] in content for one in ids)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_process_killed_while_it_deletes_leaves_nothing_after_the_next_opening(writers, tmp_path):
    left = 0
    for number in count(1, 5):
        path = tmp_path / str(number) / "profiles.sqlite3"
        profile = made(path)
        inject = ["-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=KILL:when={number}"]
        job = {"database": str(path), "profile": profile.id, "strace": inject}
        done = writers.run(action="undo", **job)
        before = is_there(SECOND, path)
        profile = Profile.open(profile.id, database=path)
        ids = {one.id for one in profile.samples()}
        assert ids in ({*FIRST}, {*FIRST, *SECOND})
        undone = ids == {*FIRST}
        assert is_there(SECOND, path) is not undone
        assert is_there(FIRST, path)
        left += before and undone
        close_database(open_database(path))
        if done["status"] == 0:
            break
        assert done["status"] == -signal.SIGKILL
    # Some were killed after the deletion, and before its bytes were erased.
    assert left > 1


def test_undo_on_a_full_disk_is_done_once_and_erased_later(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr}")
    path = disk / "profiles.sqlite3"
    try:
        profile = made(path)
        profile = Profile.open(profile.id, database=path)
        other = disk / "other"
        other.write_bytes(bytes(shutil.disk_usage(disk).free // 4096 * 4096 - 16384))
        # Make room until the log of the deletion has enough: that of a new file needs more.
        while True:
            assert len(profile.samples()) == len(FIRST + SECOND)
            with suppress(DatabaseError):
                profile.undo()
                break
            os.truncate(other, other.stat().st_size - 8192)
        assert {one.id for one in profile.samples()} == {*FIRST}
        other.unlink()
        assert is_there(SECOND, path)
        close_database(open_database(path))
        profile = Profile.open(profile.id, database=path)
        assert {one.id for one in profile.samples()} == {*FIRST}
        assert not is_there(SECOND, path)
        close_database(open_database(path))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
