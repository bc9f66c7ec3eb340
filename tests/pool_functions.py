"""Functions for worker processes, which import them from here."""

import os
import signal
import time

import cv2
from threadpoolctl import threadpool_info


def square(number):
    return number * number


def call(function):
    return function(60)


def process_and_threads(number):
    """Return the process and how many threads OpenCV and NumPy's BLAS library use."""
    time.sleep(0.01)  # so that every process gets some of the calls
    blas = [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas" and "opencv" not in library["filepath"]
    ]
    return os.getpid(), cv2.getNumThreads(), max(blas)


def fail_at(number, bad):
    if number == bad:
        raise ArithmeticError(f"{number} cannot be computed")
    return number


def die_at(number, bad):
    if number == bad:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def say_and_sleep(number):
    """Announce the process with one line, and stay busy for a while."""
    os.write(1, f"{os.getpid()}\n".encode())
    try:
        time.sleep(0.5)
    except KeyboardInterrupt:
        os.write(2, b"Traceback of an interrupted worker\n")
    return number
