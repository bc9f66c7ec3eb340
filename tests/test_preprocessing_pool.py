"""Many image files are decoded, preprocessed and recognized in order, in one process or several."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkdigits import Recognizer, preprocessing_pool
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage
from inkdigits.imaging.limits import Limits
from inkdigits.preprocessing_pool import CHUNK
from inkdigits.recognizer import Prediction

GOLDEN = Path(__file__).parent / "golden"


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


@pytest.mark.parametrize("workers", [1, 2])
def test_images_may_be_of_any_form(recognizer, workers):
    path = GOLDEN / "7.png"
    pixels = decode(path.read_bytes())
    images = [str(path), path.read_bytes(), pixels, None, pixels[..., :3] / 255, 7]
    images.append(Image.open(path))
    results = list(recognizer.recognize_many(images, workers))
    assert [type(result) for result in results] == [
        UnsupportedImage if isinstance(image, int | None) else Prediction for image in images
    ]
    assert {result.digit for result in results if isinstance(result, Prediction)} == {7}


@pytest.mark.parametrize("workers", [1, 2])
def test_image_that_cannot_be_sent_to_a_worker_does_not_fail_the_others(recognizer, workers):
    path = GOLDEN / "7.png"
    truncated = io.BytesIO(path.read_bytes()[:300])
    file = io.BufferedReader(io.FileIO(path))
    images = [
        file,
        Image.open(io.BytesIO(path.read_bytes())),
        Image.open(truncated),
        lambda: None,
        np.array([[object()]]),
        memoryview(path.read_bytes()),
        bytearray(path.read_bytes()),
        io.StringIO("text"),
        OSError(5, "Input/output error"),
        path,
    ]
    results = list(recognizer.recognize_many(images, workers))
    file.close()
    labels = [result.label if isinstance(result, Prediction) else None for result in results]
    assert labels == ["7", "7", None, None, None, "7", "7", None, None, "7"]
    assert isinstance(results[2], DamagedImage)
    assert isinstance(results[8], OSError)
    for place in (3, 4, 7):
        assert isinstance(results[place], UnsupportedImage)


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_is_told_after_each_image(recognizer, files, workers):
    done = []
    results = recognizer.recognize_many([*files, b"text"], workers, done.append)
    for number, _ in enumerate(results, 1):
        assert done[-1] == number
    assert done == list(range(1, len(files) + 2))


def test_images_are_taken_as_they_are_needed(recognizer, files):
    taken = 0

    def endless():
        nonlocal taken
        for file in itertools.cycle(files):
            taken += 1
            yield file

    results = list(itertools.islice(recognizer.recognize_many(endless()), 3 * CHUNK))
    assert all(isinstance(result, Prediction) for result in results)
    assert taken <= 4 * CHUNK


def test_limits_are_those_of_each_file(recognizer, files):
    data = files[0]
    for workers in (1, 2):
        small, large = (
            next(recognizer.recognize_many([data], workers, limits=Limits(bytes=len(data) - less)))
            for less in (1, 0)
        )
        assert isinstance(small, ImageTooLarge)
        assert isinstance(large, Prediction)


@pytest.mark.parametrize(
    ("images", "cpus", "workers"),
    [(0, 8, 1), (127, 8, 1), (128, 8, 2), (10_000, 8, 8), (500, 2, 2)],
)
def test_workers_are_chosen_by_the_number_of_images_and_cpus(monkeypatch, images, cpus, workers):
    monkeypatch.setattr(preprocessing_pool, "available_cpus", lambda: cpus)
    monkeypatch.setattr(preprocessing_pool, "can_start_processes", lambda: True)
    assert preprocessing_pool.choose_workers(images) == workers
    monkeypatch.setattr(preprocessing_pool, "can_start_processes", lambda: False)
    assert preprocessing_pool.choose_workers(images) == 1


@pytest.mark.parametrize(("start", "workers"), [("if True:", 1), ('if __name__ == "__main__":', 2)])
def test_script_is_not_run_again_by_workers_that_it_did_not_ask_for(tmp_path, start, workers):
    script = tmp_path / "script.py"
    script.write_text(f"""
from pathlib import Path
from inkdigits import Recognizer, preprocessing_pool
print("started", flush=True)
preprocessing_pool.available_cpus = lambda: 2
{start}
    images = [Path({str(GOLDEN / "7.png")!r})] * 128
    print("workers", preprocessing_pool.choose_workers(len(images)))
    digits = {{prediction.digit for prediction in Recognizer.load().recognize_many(images)}}
    print("digits", digits)
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert f"workers {workers}" in lines
    assert lines[-1] == "digits {7}"
    # A worker imports the script: what is not below the check of its name runs again.
    assert (done.stdout.count("started") == 1) == (workers == 1)


def test_script_that_asks_for_workers_without_a_check_of_its_name_is_told_why(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"""
from inkdigits import Recognizer
list(Recognizer.load().recognize_many([{str(GOLDEN / "7.png")!r}] * 40, workers=2))
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    # Python's resource tracker may warn after it.
    assert 'must call this below `if __name__ == "__main__":`' in done.stderr


@pytest.mark.parametrize("workers", [1, 3])
def test_only_errors_or_no_files_at_all(recognizer, workers):
    assert list(recognizer.recognize_many([], workers)) == []
    (error,) = recognizer.recognize_many([b"text"], workers)
    assert isinstance(error, UnsupportedImage)
