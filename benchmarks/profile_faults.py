"""Kill writers of profiles, fill their disk and damage their database; count what is lost.

python benchmarks/profile_faults.py [--kills 1000] [--parts kills calls ...]

Everything happens for real: SIGKILL from outside, faults that strace injects into system calls, a
small disk that is full, and a PostgreSQL server that is killed. After each fault another process
opens the database, and compares it with what was acknowledged before.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from postgres_server import PostgresServer
from profile_writers import Expected, Writers, group_of, members, sample
from results_store import save_results

from inkdigits.personal import Profile
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError, ProfileError
from inkdigits.personal.limits import MAX_SAMPLES

NAME = "profile_faults"
MANY = 10_000  # changes, more than a writer makes before it is killed
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "openat", "mmap")
ERRORS = {"pwrite64": "ENOSPC", "fdatasync": "EIO", "ftruncate": "ENOSPC", "openat": "ENOSPC"}
DAMAGED_BYTES = 64

Figures = dict[str, Any]


class Subject:
    """A profile that writers change, and what it must hold."""

    def __init__(self, url: str, writers: Writers) -> None:
        self.url = url
        self._writers = writers
        self.seed = 0
        self.problems: list[str] = []
        self.changes = 0
        self._renew()

    def _renew(self) -> None:
        """Begin a new profile, because the number of samples in one is limited."""
        profile = Profile.create(f"profile {self.seed}", consent=True, database=self.url)
        close_database(open_database(self.url))
        self.id, self.expected = profile.id, Expected()

    def run(self, **job: Any) -> dict[str, Any]:
        """Let a writer change the profile."""
        if len(self.expected.samples) > MAX_SAMPLES // 2:
            self._renew()
        self.seed += 1
        before = self.expected.changes
        defaults = {"action": "write", "seed": self.seed, "changes": MANY, "database": self.url}
        done = self._writers.run(**(defaults | {"profile": self.id} | job))
        self.expected.follow(done["lines"])
        self.changes += self.expected.changes - before
        return done

    def settle(self) -> None:
        """Open the database anew, and note what is wrong with it."""
        try:
            problem = self.expected.settle(self._writers.check(database=self.url, profile=self.id))
        except RuntimeError as error:
            problem = str(error)
        if problem is not None:
            self.problems.append(problem)
            self._renew()


@contextmanager
def folder() -> Iterator[Path]:
    """Make a temporary folder on a disk."""
    with tempfile.TemporaryDirectory(prefix="inkdigits-faults-") as name:
        yield Path(name)


def kills(writers: Writers, url: str, number: int) -> Figures:
    """Kill a writer many times, at random moments of its changes."""
    rng = np.random.default_rng(0)
    subject = Subject(url, writers)
    started_s = time.monotonic()
    within = 0
    for _ in range(number):
        kill_after = int(rng.integers(1, 10)), float(rng.exponential(2))
        done = subject.run(kill_after=kill_after)
        within += bool(done["lines"] and done["lines"][-1]["event"] == "begin")
        subject.settle()
    return {
        "kills": number,
        "kills_within_a_change": within,
        "changes_acknowledged": subject.changes,
        "problems": subject.problems,
        "seconds": round(time.monotonic() - started_s, 1),
    }


def killed_at_calls(writers: Writers) -> Figures:
    """Kill a writer at each system call of each kind of one change."""
    figures: Figures = {}
    for call in CALLS:
        with folder() as where:
            subject = Subject(f"{where}/profiles.sqlite3", writers)
            for when in count(1):
                inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]
                done = subject.run(changes=3, strace=inject)
                subject.settle()
                if done["status"] == 0:
                    break
            figures[call] = {"kills": when - 1, "problems": subject.problems}
            print(call, figures[call], flush=True)
    return figures


def failing_calls(writers: Writers) -> Figures:
    """Let each system call of each kind fail once."""
    figures: Figures = {}
    for call, error in ERRORS.items():
        with folder() as where:
            subject = Subject(f"{where}/profiles.sqlite3", writers)
            outcomes: Counter[str] = Counter()
            for when in count(1):
                inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"]
                done = subject.run(changes=3, strace=inject)
                last = done["lines"][-1]["event"] if done["lines"] else "nothing"
                if last == "crash":
                    subject.problems.append(done["lines"][-1]["message"])
                subject.settle()
                if not done["injected"]:
                    break
                outcomes["said" if last == "error" else "went on"] += 1
            figures[call] = {"error": error} | outcomes | {"problems": subject.problems}
            print(call, figures[call], flush=True)
    return figures


def full_disk(writers: Writers, number: int = 60) -> Figures:
    """Fill a small disk, make room and go on, again and again."""
    rng = np.random.default_rng(0)
    with folder() as where:
        mount = ["mount", "-t", "tmpfs", "-o"]

        def resize(free_kib: int) -> None:
            size_kib = shutil.disk_usage(where).used // 1024 + free_kib
            options = f"remount,size={size_kib}k"
            subprocess.run([*mount, options, "tmpfs", str(where)], check=True)

        subprocess.run([*mount, "size=2000k", "tmpfs", str(where)], check=True)
        try:
            subject = Subject(f"{where}/profiles.sqlite3", writers)
            sentences: Counter[str] = Counter()
            for _ in range(number):
                resize(int(rng.integers(16, 200)))
                done = subject.run()
                sentences[done["lines"][-1].get("cause", done["lines"][-1]["event"])] += 1
                if done["lines"][-1]["event"] == "crash":
                    subject.problems.append(done["lines"][-1]["message"])
                # The check adds a sample and undoes that, for which there must be room.
                resize(2000)
                subject.settle()
            return {
                "disks_filled": number,
                "causes_said": dict(sentences),
                "changes_acknowledged": subject.changes,
                "problems": subject.problems,
            }
        finally:
            subprocess.run(["umount", "--lazy", str(where)], check=True)


def at_once(url: str, processes: int = 4, changes: int = 100) -> Figures:
    """Let several processes add, remove and undo in one profile at once."""
    profile = Profile.create("shared", consent=True, database=url)
    many = [Writers() for _ in range(processes)]
    for writer in many:
        writer.__enter__()
    try:
        started_s = time.monotonic()
        for seed, writer in enumerate(many):
            job = {"database": url, "profile": profile.id, "seed": seed, "shared": True}
            writer.start(action="write", changes=changes, **job)
        told = [writer.finish() for writer in many]
        seconds = time.monotonic() - started_s
        found = many[0].check(database=url, profile=profile.id)
    finally:
        for writer in many:
            writer.__exit__(None, None, None)
    versions = profile.versions()[: found["version"]]
    begun = [line for done in told for line in done["lines"] if line["event"] == "begin"]
    added = sum(version.added for version in versions)
    problems = [str(done["lines"][-1]) for done in told if done["status"] != 0]
    if found["wrong"]:
        problems.append(found["wrong"])
    if added != sum(len(line["adds"]) for line in begun):
        problems.append("an addition is lost")
    if len(found["samples"]) != added - sum(version.removed for version in versions):
        problems.append("a sample is lost")
    close_database(open_database(url))
    return {
        "processes": processes,
        "changes": processes * changes,
        "seconds": round(seconds, 1),
        "problems": problems,
    }


def damage(number: int = 1000) -> Figures:
    """Overwrite 64 bytes at many places of a database, truncate it, and use what is left."""
    outcomes: Counter[str] = Counter()
    with folder() as where:
        path = where / "profiles.sqlite3"
        profile = Profile.create("Ada", consent=True, database=path)
        for index in range(40):
            profile.add([sample(one) for one in members(group_of(0, index))])
        profile.new_token()
        close_database(open_database(path))
        data = path.read_bytes()
        rng = np.random.default_rng(0)
        problems: list[str] = []
        for index in range(number):
            damaged = bytearray(data)
            at = len(data) * index // number
            damaged[at : at + DAMAGED_BYTES] = rng.bytes(min(DAMAGED_BYTES, len(data) - at))
            outcomes[_outcome(where / "damaged.sqlite3", bytes(damaged), profile.id, problems)] += 1
        for index in range(number // 10):
            size = len(data) * index // (number // 10)
            outcome = _outcome(where / "damaged.sqlite3", data[:size], profile.id, problems)
            outcomes[f"truncated: {outcome}"] += 1
    return {
        "damaged": number,
        "bytes": DAMAGED_BYTES,
        "outcomes": dict(outcomes),
        "problems": problems,
    }


def _outcome(path: Path, data: bytes, profile: str, problems: list[str]) -> str:
    """Use a damaged database; return what came of it, and note a crash or a false sample."""
    path.write_bytes(data)
    try:
        opened = Profile.open(profile, database=path)
        samples = opened.samples()
        opened.versions()
        opened.add([sample(members(group_of(1, 0))[0])])
    except ProfileError as error:
        return "said" if isinstance(error, DatabaseError) else type(error).__name__
    except Exception as error:
        problems.append(repr(error))
        return "crash"
    else:
        for one in samples:
            if (
                not np.array_equal(one.seen, sample(one.id).seen)
                or one.label != sample(one.id).label
            ):
                problems.append(f"the sample {one.id} is another one")
                return "false"
        return "unharmed" if len(samples) == 120 else "samples missing"
    finally:
        with suppress(DatabaseError):
            close_database(open_database(path))
        for rest in path.parent.glob(f"{path.name}*"):
            rest.unlink()


def killed_server(writers: Writers, server: PostgresServer, number: int = 20) -> Figures:
    """Kill all processes of a PostgreSQL server while a writer adds, and start it again."""
    rng = np.random.default_rng(0)
    subject = Subject(server.new_database(), writers)
    said: Counter[str] = Counter()
    for _ in range(number):
        subject.seed += 1
        job = {"database": subject.url, "profile": subject.id, "seed": subject.seed}
        writers.start(action="write", changes=30, adds_only=True, retries=True, **job)
        # In the middle of its changes.
        enough = len(subject.expected.samples) + 3 * int(rng.integers(1, 10))
        profile = Profile.open(subject.id, database=subject.url)
        while len(profile.samples()) < enough:
            time.sleep(0.001)
        server.kill()
        server.start()
        done = writers.finish()
        subject.expected.follow(done["lines"])
        said.update(line["cause"] for line in done["lines"] if line["event"] == "failed")
        if done["status"] != 0:
            subject.problems.append(str(done["lines"][-1]))
        subject.settle()
        if len(subject.expected.samples) > MAX_SAMPLES // 2:
            subject.changes += subject.expected.changes
            subject._renew()
    return {
        "kills_of_the_server": number,
        "failures_said": dict(said),
        "changes_acknowledged": subject.changes + subject.expected.changes,
        "problems": subject.problems,
    }


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--parts", nargs="*", help="only these")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        parser.error("strace is not installed; on Debian, install it with: apt-get install strace")
    with Writers() as writers, PostgresServer() as server, folder() as where:
        parts: dict[str, Callable[[], Figures]] = {
            "kills_sqlite": lambda: kills(writers, f"{where}/profiles.sqlite3", options.kills),
            "kills_postgresql": lambda: kills(writers, server.new_database(), options.kills // 5),
            "killed_at_calls": lambda: killed_at_calls(writers),
            "failing_calls": lambda: failing_calls(writers),
            "full_disk": lambda: full_disk(writers),
            "at_once_sqlite": lambda: at_once(f"{where}/shared.sqlite3"),
            "at_once_postgresql": lambda: at_once(server.new_database()),
            "damage": damage,
            "killed_server": lambda: killed_server(writers, server),
        }
        for name, part in parts.items():
            if not options.parts or name in options.parts:
                figures = part()
                print(name, figures, flush=True)
                save_results(NAME, {name: figures}, merge=True)


if __name__ == "__main__":
    main()
