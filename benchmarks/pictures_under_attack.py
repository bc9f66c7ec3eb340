"""Measures what the pictures of `hostile_pictures.py` cost, from their bytes to the prediction.

Each goes through the recognizer in a process of its own. Printed are the seconds of processor time
and the memory that it took on top of what the process held before. Measure on a machine that does
nothing else, with OMP_NUM_THREADS=1.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable

from hostile_pictures import MAKERS

from inkdigits.recognizer import ImageError, Recognizer

MOST_SECONDS, MOST_MIB = 1, 250


def measure(recognizer: Recognizer, data: bytes) -> tuple[float, float, str]:
    """Recognize a picture in a child process.

    returns  seconds of processor time, MiB at most above what the process held before, and the
             outcome: the digit, or the error's class
    """

    def work() -> bytes:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        since = time.process_time()
        try:
            outcome = str(recognizer.recognize(data).digit)
        except ImageError as error:
            outcome = type(error).__name__
        seconds = time.process_time() - since
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return f"{seconds} {more / 2**10} {outcome}".encode()

    seconds, memory, outcome = _in_child(work).decode().split(" ", 2)
    return float(seconds), float(memory), outcome


def _in_child(work: Callable[[], bytes]) -> bytes:
    """Run a function in a child process, so that it does not change this process's memory."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(work())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result


def main() -> None:
    """Measure every picture, and print the worst last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measure those whose name has this in it")
    arguments = parser.parse_args()
    recognizer = Recognizer.load()
    recognizer.recognize(MAKERS["dots, 2048 x 2048"]())  # loads what the first picture needs
    worst_seconds = worst_memory = 0.0
    print(f"{'picture':46} {'bytes':>10} {'s':>6} {'MiB':>6}  outcome")
    for name in [name for name in MAKERS if arguments.only in name]:
        data = _in_child(MAKERS[name])
        seconds, memory, outcome = measure(recognizer, data)
        worst_seconds, worst_memory = max(worst_seconds, seconds), max(worst_memory, memory)
        print(f"{name:46} {len(data):10,} {seconds:6.2f} {memory:6.0f}  {outcome}", flush=True)
    print(f"worst: {worst_seconds:.2f} s, {worst_memory:.0f} MiB")
    sys.exit(worst_seconds > MOST_SECONDS or worst_memory > MOST_MIB)


if __name__ == "__main__":
    main()
