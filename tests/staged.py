"""Runs the command line on a small MNIST after some lines of Python, which set a scene for it.

python tests/staged.py DIRECTORY LINES ARGUMENTS...   once
python tests/staged.py DIRECTORY LINES                many times, each in a fork, which starts fast

Each line of standard input is an order then, an object in JSON, and each line of standard output
the exit status of a run, negative for a signal:

arguments   of the command line
stdout      file for what it prints
stderr      file for what it prints there
limit       the most bytes that a file may have, or null
strace      options with which strace looks on, or null
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

from inkdigits.cli import main
from inkdigits.recipes import RECIPES

PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)


# For the lines of Python.


def change(name="mlp", **settings):
    """Change a recipe."""
    RECIPES[name] = replace(RECIPES[name], **settings)


def pausing(function, number):
    """The function, which stops the process when it has been called so many times."""
    calls = iter(range(1, number + 1))

    def called(*arguments):
        if next(calls, None) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return function(*arguments)

    return called


class WithoutMatplotlib:
    """Makes it seem not to be installed: to import it takes longer than all the rest."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "matplotlib":
            raise ModuleNotFoundError(name=name)


def carry_out(order):
    process = os.fork()
    if process == 0:
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if order["limit"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
        if order["strace"] is not None:
            # Where a process may look at its children alone, this lets a sibling do it.
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY)
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            main(order["arguments"], prog_name="inkdigits")
        except SystemExit as end:
            os._exit(end.code)  # to take the interpreter down takes longer than the training
    if order["strace"] is not None:
        os.waitpid(process, os.WUNTRACED)
        command = ["strace", "-p", str(process), *order["strace"]]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            said = strace.stderr.readline()
            if "attached" not in said:
                os.kill(process, signal.SIGKILL)
                sys.exit(said)
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
        # Whatever is done once and for all is done before the forks.
        warm_up = ["train", "mlp", "--limit", "100", "--run-dir", folder]
        main(warm_up, standalone_mode=False)
    for line in sys.stdin:
        print(carry_out(json.loads(line)), flush=True)
