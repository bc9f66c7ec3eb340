"""Run a program many times, each time in a fork of a process that has already imported it.

A fork is a process of its own, but it starts in a tenth of the time.
"""

import json
import os
import signal
import subprocess
import sys

TIMEOUT_S = 120
STREAMS = ("stdin", "stdout", "stderr")
# Two sets with the same strings have different orders in these processes.
HASH_SEEDS = ("1", "2")
# Variables that nothing reads before the fork.
READ_LATE = {"COLUMNS", "PYTEST_CURRENT_TEST"}


def redirect(job):
    """Open the files of a job as this process's standard streams."""
    for number, name in enumerate(STREAMS):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        file = os.open(job.get(name, os.devnull), flags, 0o666)
        os.dup2(file, number)
        os.close(file)


def wait_for_job():
    """Return once for each job, in a fork; its arguments are in sys.argv. Never return elsewhere.

    Each line of standard input is a job, a JSON object, and each line of standard output is the
    exit status of its fork, negative for a signal:

    arguments       for sys.argv
    folder          working directory
    stdout, stderr  files for its output
    environment     variables to set
    encoding        of its output, as PYTHONIOENCODING would set it, or null
    """
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _become(json.loads(line))
            return
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit()


def _become(job):
    redirect(job)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (the old one has read ahead)
    if job["encoding"] is not None:
        sys.stdout.reconfigure(encoding=job["encoding"], errors="strict")
        sys.stderr.reconfigure(encoding=job["encoding"], errors="backslashreplace")
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    sys.argv[1:] = job["arguments"]
    signal.alarm(TIMEOUT_S)


class Forks:
    """Runs of a program that calls wait_for_job, in turn by one process for each hash seed."""

    def __init__(self, command, scratch):
        self._command = command
        self._files = {name: scratch / name for name in ("stdout", "stderr")}
        self._environment = dict(os.environ)
        self._processes = []
        self._count = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for process in self._processes:
            process.communicate(timeout=TIMEOUT_S)

    def can_run(self, options):
        """Whether a fork would behave as a process of subprocess.run does."""
        if not hasattr(os, "fork") or options.keys() - {"cwd", "env", "text"}:
            return False
        before, now = (
            {name: value for name, value in environment.items() if name not in READ_LATE}
            for environment in (self._environment, options.get("env", os.environ))
        )
        return before == now

    def run(self, arguments, *, cwd=".", env=os.environ, text=True, encoding=None):
        """Run the program; return what subprocess.run returns."""
        if not self._processes:
            self._processes = [self._start(seed) for seed in HASH_SEEDS]
        process = self._processes[self._count % len(self._processes)]
        self._count += 1
        job = {
            "arguments": arguments,
            "folder": os.path.abspath(cwd),
            "environment": {name: env[name] for name in READ_LATE & env.keys()},
            "encoding": encoding,
            **{name: str(path) for name, path in self._files.items()},
        }
        print(json.dumps(job), file=process.stdin, flush=True)
        status = int(process.stdout.readline())
        read = [path.read_text() if text else path.read_bytes() for path in self._files.values()]
        return subprocess.CompletedProcess([*self._command, *arguments], status, *read)

    def _start(self, hash_seed):
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment | {"PYTHONHASHSEED": hash_seed},
        )
