"""Many image files are decoded, preprocessed and recognized in order, in one process or several."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkdigits import Recognizer
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.imaging.errors import DamagedImage, UnsupportedImage
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


@pytest.mark.parametrize("workers", [1, 3])
def test_only_errors_or_no_files_at_all(recognizer, workers):
    assert list(recognizer.recognize_many([], workers)) == []
    (error,) = recognizer.recognize_many([b"text"], workers)
    assert isinstance(error, UnsupportedImage)
