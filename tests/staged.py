"""Run the command line on a small MNIST, after lines of Python that prepare the process.

python tests/staged.py DIRECTORY LINES ARGUMENTS...   once
python tests/staged.py DIRECTORY LINES                many times, each in a fork, which starts fast

Without ARGUMENTS, each line of standard input is a job, a JSON object, and each line of standard
output is the exit status of its run, negative for a signal:

arguments   of the command line
stdout      file for its standard output
stderr      file for its standard error
limit       maximum size of a file in bytes, or null
strace      options of strace, which traces the run; or null
"""

import ctypes
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import small_mnist
from forks import redirect

from inkdigits.cli import main, train

PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)


# What the lines of Python may call.


def change(name="mlp", **fields):
    """Change some fields of a recipe."""
    train.RECIPES = train.RECIPES | {name: replace(train.RECIPES[name], **fields)}


def pausing(function, number):
    """Wrap a function so that its call number `number` stops the process."""
    calls = iter(range(1, number + 1))

    def called(*arguments, **options):
        if next(calls, None) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return function(*arguments, **options)

    return called


class WithoutMatplotlib:
    """Hides Matplotlib: importing it takes longer than everything else."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "matplotlib":
            raise ModuleNotFoundError(name=name)


def run_job(job):
    process = os.fork()
    if process == 0:
        redirect(job)
        if job["limit"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
        if job["strace"] is not None:
            # Some systems let a process trace only its children; this allows a sibling too.
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY)
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            main(job["arguments"], prog_name="inkdigits")
        except SystemExit as end:
            os._exit(
                end.code
            )  # a clean shutdown of the interpreter would take longer than the training
    if job["strace"] is not None:
        os.waitpid(process, os.WUNTRACED)
        command = ["strace", "-p", str(process), *job["strace"]]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            message = strace.stderr.readline()
            if "attached" not in message:
                os.kill(process, signal.SIGKILL)
                sys.exit(message)
            os.kill(process, signal.SIGCONT)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    directory, lines, *arguments = sys.argv[1:]
    small_mnist.install(Path(directory))
    sys.meta_path.insert(0, WithoutMatplotlib)
    exec(lines)
    if arguments:
        main(arguments, prog_name="inkdigits")
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        # Do everything that happens once per process before the forks.
        warm_up = ["train", "mlp", "--limit", "100", "--run-dir", folder]
        main(warm_up, standalone_mode=False)
    for line in sys.stdin:
        print(run_job(json.loads(line)), flush=True)
