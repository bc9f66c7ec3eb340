"""Processes that write to a profile and are killed: for `profile_faults.py` and its tests.

Each line of standard input is a job, a JSON object; each line of standard output is what became of
it, another. A job runs in a fork, which has everything imported and so starts in milliseconds:

action         "write": change the profile, "undo": only undo, or "check": tell what is in it
database       its URL
profile        the ID of the profile
seed           of the changes
changes        how many to make at most
kill_after     [lines, ms]: kill it this long after that many lines of output; null for never
size_limit     maximum size of a file in bytes, or null
strace         options of strace, which traces the changes; or null
retries        whether a change that failed is made again until it works
adds_only      whether it neither removes nor undoes
shared         whether others change the profile at the same time
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from inkdigits.data.samples import Sample
from inkdigits.personal import Profile
from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.errors import DatabaseError, SampleNotFound
from inkdigits.personal.profiles import Profiles

PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)
SAMPLES = 3  # that one change adds
RETRY_S = 0.05
CHECK = "f" * 16  # the beginning of the ID of a sample that a check adds


@dataclass
class Expected:
    """What a profile must hold after the changes that were acknowledged.

    samples  the IDs of its samples
    pending  what they are if the change that was being made has been made as well
    changes  how many were acknowledged
    """

    samples: set[str] = field(default_factory=set)
    pending: set[str] | None = None
    changes: int = 0

    def follow(self, lines: list[dict[str, Any]]) -> None:
        """Take in what a writer has told."""
        for line in lines:
            if line["event"] == "begin":
                self.pending = (self.samples | set(line["adds"])) - set(line["removes"])
            elif line["event"] == "done" and self.pending is not None:
                self.samples, self.pending = self.pending, None
                self.changes += 1

    def settle(self, found: dict[str, Any]) -> str | None:
        """Compare with what a check has found; return what is wrong, or None."""
        samples = set(found["samples"])
        both = [self.samples] if self.pending is None else [self.samples, self.pending]
        if samples not in both:
            lost, foreign = self.samples - samples, samples - self.samples
            return f"of {len(self.samples)} samples {len(lost)} lost, {len(foreign)} unexpected"
        if found["wrong"]:
            return str(found["wrong"])
        self.samples, self.pending = samples, None
        return None


def sample(identity: str) -> Sample:
    """Make the sample that belongs to an ID, so that a half of one is recognized."""
    rng = np.random.default_rng(list(identity.encode()))
    seen = rng.integers(0, 256, (28, 28), np.uint8)
    return Sample(seen, int(rng.integers(10)), id=identity)


def write(job: dict[str, Any], output: int) -> None:
    """Add samples, remove some and undo, and tell before and after each change."""

    def tell(event: str, **details: Any) -> None:
        os.write(output, json.dumps({"event": event} | details).encode() + b"\n")

    rng = np.random.default_rng(job["seed"])
    profile = Profile.open(job["profile"], database=job["database"])
    kept = sorted({group(one.id) for one in profile.samples()})
    last = None  # what the change before has added
    for number in range(job["changes"]):
        kind = (
            "add"
            if len(kept) < 2 or job.get("adds_only")
            else rng.choice(["add", "add", "remove", "undo"])
        )
        # If others add too, it is not known what is undone; the check finds only halves of it.
        if kind == "undo" and (last or job.get("shared")):
            tell("begin", adds=[], removes=members(last) if last else [])
            profile.undo()
        elif kind == "remove":
            last = str(rng.choice(kept))
            tell("begin", adds=[], removes=members(last))
            # Others may have undone it.
            with (
                contextlib.suppress(SampleNotFound)
                if job.get("shared")
                else contextlib.nullcontext()
            ):
                profile.remove(members(last))
        else:
            last = group_of(job["seed"], number)
            tell("begin", adds=members(last), removes=[])
            _add(profile, members(last), job, tell)
            kept.append(last)
            tell("done")
            continue
        kept, last = [one for one in kept if one != last], None
        tell("done")


def group_of(seed: int, number: int) -> str:
    """Return the beginning of the IDs of the samples that one change adds."""
    return f"{seed:08x}{number:08x}"


def members(group: str) -> list[str]:
    """Return the IDs of the samples that one change adds."""
    return [f"{group}{index:016x}" for index in range(SAMPLES)]


def group(identity: str) -> str:
    """Return which change added a sample."""
    return identity[:16]


def _add(profile: Profile, added: list[str], job: dict[str, Any], tell: Any) -> None:
    """Add samples; if the job says so, again and again until it works."""
    while True:
        try:
            profile.add([sample(one) for one in added])
        except DatabaseError as error:
            tell("failed", cause=error.cause, message=str(error))
            if not job.get("retries"):
                raise
            time.sleep(RETRY_S)
        else:
            return


def undo(job: dict[str, Any], output: int) -> None:
    """Undo the last addition."""
    Profile.open(job["profile"], database=job["database"]).undo()
    os.write(output, json.dumps({"event": "done"}).encode() + b"\n")


def check(job: dict[str, Any], output: int) -> None:
    """Tell which samples there are and what is wrong with them, and change one more thing."""
    found: dict[str, Any] = {"event": "found", "wrong": None}
    profile = Profile.open(job["profile"], database=job["database"])
    samples, versions = profile.samples(), profile.versions()
    found["samples"] = [one.id for one in samples]
    found["version"] = versions[-1].number if versions else 0
    for one in samples:
        whole = sample(one.id)
        if one.label != whole.label or not np.array_equal(one.seen, whole.seen):
            found["wrong"] = f"the sample {one.id} is not the one that was added"
    for identity in {group(one.id) for one in samples}:
        if not set(members(identity)) <= set(found["samples"]):
            found["wrong"] = f"only a part of the samples {identity} is there"
    if [version.number for version in versions] != list(range(1, len(versions) + 1)):
        found["wrong"] = "a version is missing"
    if versions and versions[-1].samples != len(samples):
        found["wrong"] = "the newest version does not have the samples of the profile"
    again = profile.add([sample(members(CHECK)[0])])
    if again.number != found["version"] + 1:
        found["wrong"] = "the next version does not have the next number"
    profile.undo()
    Profiles(job["database"]).count()
    os.write(output, json.dumps(found).encode() + b"\n")


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job in a fork; return its status, what it told and what it complained of."""
    told, output = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(told)
        _become(job, output)
    os.close(output)
    strace = _trace(process, job["strace"]) if job.get("strace") else None
    text = _listen(told, process, job.get("kill_after"))
    _, status = os.waitpid(process, 0)
    injected = 0
    if strace is not None:
        traced = strace.communicate()[1]
        injected = traced.count("INJECTED") + ("killed by SIGKILL" in traced)
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    code = os.waitstatus_to_exitcode(status)
    return {"status": code, "lines": lines, "injected": injected}


def _become(job: dict[str, Any], output: int) -> None:
    """Do a job in a fork, and end the process."""
    if job.get("size_limit") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["size_limit"], job["size_limit"]))
    if job.get("strace"):
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY)
        os.kill(os.getpid(), signal.SIGSTOP)
    status = 0
    try:
        {"write": write, "undo": undo, "check": check}[job["action"]](job, output)
    except DatabaseError as error:
        line = {"event": "error", "cause": error.cause, "message": str(error)}
        os.write(output, json.dumps(line).encode() + b"\n")
        status = 1
    except BaseException as error:
        line = {"event": "crash", "message": repr(error)}
        os.write(output, json.dumps(line).encode() + b"\n")
        status = 2
    os._exit(status)


def _trace(process: int, options: list[str]) -> "subprocess.Popen[str]":
    """Let strace inject faults into a process that has stopped itself."""
    os.waitpid(process, os.WUNTRACED)
    command = ["strace", "-f", "-p", str(process), *options]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert strace.stderr is not None
    message = strace.stderr.readline()
    if "attached" not in message:
        os.kill(process, signal.SIGKILL)
        sys.exit(message)
    os.kill(process, signal.SIGCONT)
    return strace


def _listen(told: int, process: int, kill_after: tuple[int, float] | None) -> str:
    """Return what a process tells until it ends; kill it some time after some lines."""
    text, kill_at = b"", None
    while True:
        left = None if kill_at is None else max(kill_at - time.monotonic(), 0)
        if not select.select([told], [], [], left)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            kill_at = kill_after = None
            continue
        part = os.read(told, 65536)
        if not part:
            os.close(told)
            return text.decode()
        text += part
        if kill_at is None and kill_after is not None and text.count(b"\n") >= kill_after[0]:
            kill_at = time.monotonic() + kill_after[1] / 1000


class Writers:
    """A process that runs jobs, and this process's connection to it."""

    def __enter__(self) -> "Writers":
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, **job: Any) -> None:
        """Start a job."""
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)

    def finish(self) -> dict[str, Any]:
        """Wait for a job and return what became of it."""
        assert self._process.stdout is not None
        done: dict[str, Any] = json.loads(self._process.stdout.readline())
        return done

    def run(self, **job: Any) -> dict[str, Any]:
        """Run a job and return what became of it."""
        self.start(**job)
        return self.finish()

    def check(self, **job: Any) -> dict[str, Any]:
        """Return what is in a profile; raise RuntimeError if it cannot be opened."""
        done = self.run(action="check", **job)
        if done["status"] != 0:
            raise RuntimeError(str(done["lines"]))
        found: dict[str, Any] = done["lines"][-1]
        return found


def warm_up() -> None:
    """Import and compile what the forks would otherwise each import and compile."""
    with tempfile.TemporaryDirectory() as folder:
        url = str(Path(folder) / "profiles.sqlite3")
        profile = Profile.create("warm-up", consent=True, database=url)
        profile.add([sample(one) for one in members(CHECK)])
        profile.remove(members(CHECK)[:1])
        check({"profile": profile.id, "database": url}, os.open(os.devnull, os.O_WRONLY))
        close_database(open_database(url))


if __name__ == "__main__":
    warm_up()
    for request in sys.stdin:
        print(json.dumps(run_job(json.loads(request))), flush=True)
