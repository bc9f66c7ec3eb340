"""Many images are preprocessed in order, in this process or in several that end with it."""

import os
import signal
import subprocess
import sys
import time
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.imaging.errors import DamagedImage, UnsupportedImage
from inkdigits.preprocessing_pool import CHUNK, CHUNKS_WAITING, WorkerDied, preprocess_many
from inkdigits.recognizer import Prediction

GOLDEN = Path(__file__).parent / "golden"
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.fixture(scope="module")
def files(digits):
    """More than three chunks of image files."""
    return [encode_png(image) for image in digits.images[: 3 * CHUNK + 5]]


@pytest.mark.parametrize("workers", [1, 2])
def test_predictions_are_those_of_each_image_in_order(recognizer, files, workers):
    predictions = list(recognizer.recognize_many(files, workers))
    assert len(predictions) == len(files)
    for file, prediction in zip(files, predictions, strict=True):
        alone = recognizer.recognize(file)
        assert (prediction.digit, prediction.reason) == (alone.digit, alone.reason)
        np.testing.assert_allclose(prediction.probabilities, alone.probabilities, atol=1e-5, rtol=0)
        np.testing.assert_array_equal(prediction.seen, alone.seen)


@pytest.mark.parametrize("workers", [1, 2])
def test_file_that_cannot_be_read_gives_its_error(recognizer, tmp_path, workers):
    blank = encode_png(np.zeros((28, 28), np.uint8))
    seven = GOLDEN / "7.png"
    files = [seven, blank, tmp_path / "missing.png", b"text", str(seven), b"", tmp_path]
    results = list(recognizer.recognize_many(files, workers))
    for place in (0, 4):
        assert results[place].digit == 7
    assert results[1].reason == "blank"
    errors = FileNotFoundError, UnsupportedImage, DamagedImage, IsADirectoryError
    for place, error in zip((2, 3, 5, 6), errors, strict=True):
        with pytest.raises(error) as caught:
            raise results[place]
        if place != 2:
            continue
        assert caught.value.strerror == "No such file or directory"
        assert caught.value.filename == str(tmp_path / "missing.png")


@pytest.mark.parametrize("workers", [1, 3])
def test_only_errors_or_no_files_at_all(recognizer, workers):
    assert list(recognizer.recognize_many([], workers)) == []
    (error,) = recognizer.recognize_many([b"text"], workers)
    assert isinstance(error, UnsupportedImage)


@pytest.mark.parametrize("workers", [1, 2])
def test_endless_files_are_taken_as_they_are_needed(recognizer, files, workers):
    taken = count()
    endless = (files[next(taken) % len(files)] for _ in count())
    predictions = recognizer.recognize_many(endless, workers)
    assert all(isinstance(prediction, Prediction) for prediction in islice(predictions, 100))
    predictions.close()
    assert next(taken) <= 100 + CHUNK * (1 + CHUNKS_WAITING * workers)


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker_is_needed(workers):
    with pytest.raises(ValueError, match="must be greater than 0"):
        next(preprocess_many([b""], "ink", workers))


PROGRAM = """if True:
    import itertools, multiprocessing, sys
    from inkdigits import Recognizer

    if __name__ == "__main__":
        endless = itertools.repeat(sys.argv[1])
        for number, _ in enumerate(Recognizer.load().recognize_many(endless, workers=2)):
            if number == 0:
                print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""


@pytest.fixture
def running():
    """A process that recognizes the same image again and again with two workers, and their ids."""
    command = [sys.executable, "-c", PROGRAM, str(GOLDEN / "7.png")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        workers = [int(number) for number in process.stdout.readline().split()]
        assert len(workers) == 2
        yield process, workers
        process.kill()


def assert_ended(ids):
    for _ in range(200):
        if not any(is_running(number) for number in ids):
            return
        time.sleep(0.05)
    raise AssertionError(f"still running: {[number for number in ids if is_running(number)]}")


def is_running(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return os.path.isdir("/proc/self") is False
    return state != "Z"  # it has ended, and nobody has asked how


@POSIX
def test_worker_that_is_killed_ends_the_iteration_with_an_error(running):
    process, workers = running
    os.kill(workers[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    name = f"{WorkerDied.__module__}.{WorkerDied.__name__}"
    assert errors.splitlines()[-1].startswith(f"{name}: A process that read images ended")
    assert errors.count("Traceback") == 1
    assert_ended(workers)


@POSIX
def test_interrupt_ends_the_workers_without_a_word(running):
    process, workers = running
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, errors = process.communicate(timeout=60)
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert errors.count("Traceback") == 1
    assert_ended(workers)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_a_process_that_is_killed(running, number):
    process, workers = running
    process.send_signal(number)
    process.wait(60)
    assert_ended(workers)


def test_workers_end_when_the_iteration_is_given_up(recognizer, files):
    import multiprocessing

    predictions = recognizer.recognize_many(files * 10, workers=2)
    next(predictions)
    assert len(multiprocessing.active_children()) == 2
    predictions.close()
    assert multiprocessing.active_children() == []
