"""Measure the time and memory that the images of `hostile_images.py` cost, up to the prediction.

Each image passes through the Recognizer in its own process, or with --number through the
recognition of numbers, with a constraint that makes the search longer. The table shows the CPU
seconds, and the peak memory beyond what the process used before. Measure on an otherwise idle
machine, with OMP_NUM_THREADS=1.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable

from hostile_images import MAKERS

from inkdigits.imaging.errors import ImageError
from inkdigits.numbers import recognize_number
from inkdigits.recognizer import Recognizer

MAX_SECONDS, MAX_MIB = 1, 250


def measure(recognize: Callable[[bytes], object], data: bytes) -> tuple[float, float, str]:
    """Recognize an image in a child process.

    returns  CPU seconds, peak MiB beyond what the process used before, and the outcome: the digit
             or number, or the class of the error
    """

    def work() -> bytes:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        try:
            outcome = str(recognize(data))
        except ImageError as error:
            outcome = type(error).__name__
        seconds = time.process_time() - start
        increase = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return f"{seconds} {increase / 2**10} {outcome}".encode()

    seconds, memory, outcome = _in_child(work).decode().split(" ", 2)
    return float(seconds), float(memory), outcome


def _in_child(work: Callable[[], bytes]) -> bytes:
    """Run a function in a child process, so that it does not affect this process's memory."""
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
    """Measure every image and print the maxima; fail if one exceeds its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measure images whose name contains this")
    parser.add_argument("--number", action="store_true", help="recognize numbers, not digits")
    arguments = parser.parse_args()
    recognizer = Recognizer.load()

    def recognize(data: bytes) -> object:
        if arguments.number:
            return recognize_number(data, recognizer, checksum="luhn").text
        return recognizer.recognize(data).digit

    recognize(MAKERS["dots, 2048 x 2048"]())  # warm-up
    max_seconds = max_memory = 0.0
    print(f"{'image':46} {'bytes':>10} {'s':>6} {'MiB':>6}  outcome")
    for name in [name for name in MAKERS if arguments.only in name]:
        data = _in_child(MAKERS[name])
        seconds, memory, outcome = measure(recognize, data)
        max_seconds, max_memory = max(max_seconds, seconds), max(max_memory, memory)
        print(f"{name:46} {len(data):10,} {seconds:6.2f} {memory:6.0f}  {outcome}", flush=True)
    print(f"maximum: {max_seconds:.2f} s, {max_memory:.0f} MiB")
    sys.exit(max_seconds > MAX_SECONDS or max_memory > MAX_MIB)


if __name__ == "__main__":
    main()
