"""One path: pictures sent as files get the same answers as pictures sent as arrays."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.inference import CHUNK, forward_batches, read
from inkdigits.model_file import save_model
from inkdigits.nn.losses import softmax
from inkdigits.recipes import RECIPES
from inkdigits.recognizer import DamagedImage, Prediction, UnsupportedImage

GOLDEN = Path(__file__).parent / "golden"  # drawings, each named after its digit


@pytest.fixture(scope="module", params=list(RECIPES))
def recognizer(request, tmp_path_factory):
    """Every recipe, with a model file that holds its first weights."""
    path = tmp_path_factory.mktemp("model") / f"{request.param}.safetensors"
    save_model(path, untrained(request.param, temperature=0.7))
    return Recognizer.load(path)


def test_files_and_arrays_get_the_same_answers(recognizer, digits):
    pictures = digits.images[-200:]
    as_arrays = recognizer.read(pictures)
    predictions = [recognizer.recognize(encode_png(picture), "image/png") for picture in pictures]
    np.testing.assert_allclose([p.probabilities for p in predictions], as_arrays, atol=1e-4, rtol=0)
    assert [p.digit for p in predictions] == as_arrays.argmax(axis=1).tolist()


def test_probabilities_are_a_distribution(recognizer, digits):
    pictures = digits.images[: CHUNK * 5 // 2]
    probabilities = recognizer.read(pictures)
    assert probabilities.shape == (len(pictures), 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    assert np.isfinite(probabilities).all()


def test_a_prediction_agrees_with_itself(recognizer, digits):
    prediction = recognizer.recognize(encode_png(digits.images[0]))
    assert isinstance(prediction, Prediction)
    assert prediction.confidence == max(prediction.probabilities)
    assert prediction.probabilities[prediction.digit] == prediction.confidence
    assert (prediction.seen.shape, prediction.seen.dtype) == ((28, 28), np.uint8)


def test_the_temperature_of_the_file_is_applied(digits):
    hot, cold = (Recognizer(untrained(temperature=t), "test") for t in (2.0, 0.5))
    log_hot, log_cold = (np.log(r.read(digits.images[:20])) for r in (hot, cold))
    # Differences of logarithms are differences of logits, over the temperature.
    spread_hot, spread_cold = (log - log[:, :1] for log in (log_hot, log_cold))
    np.testing.assert_allclose(spread_hot * 4, spread_cold, atol=1e-4)


def test_what_leaves_it_unsure_is_read_again(digits):
    recognizer = Recognizer.load("mlp")
    cleaned = recognizer.preprocess_mnist(digits.images[:2000])
    params = recognizer.recipe.network.inference_network.layer_params(recognizer.model.vector)
    x = cleaned / np.float32(255)
    again, once = (
        softmax(way(recognizer.recipe, params, x)[:, :10] / recognizer.temperature)
        for way in (read, forward_batches)
    )
    answers = recognizer.probabilities(cleaned)
    np.testing.assert_allclose(answers, again, atol=1e-5)
    assert np.abs(answers - once).max() > 0.1


def test_b46_a_blank_sheet_is_no_digit(recognizer):
    prediction = recognizer.recognize(encode_png(np.full((60, 40), 255, np.uint8)))
    assert prediction.digit is None
    assert prediction.probabilities == (0.1,) * 10
    assert prediction.confidence == 0.1
    assert not prediction.seen.any()


def test_b47_inverted_colors_give_the_same_digit(recognizer, digits):
    for picture in digits.images[:50]:
        as_is = recognizer.recognize(encode_png(picture))
        inverted = recognizer.recognize(encode_png(255 - picture))
        assert as_is.digit == inverted.digit


def test_errors_of_the_picture_reach_the_caller(recognizer, digits):
    with pytest.raises(DamagedImage):
        recognizer.recognize(b"")
    with pytest.raises(UnsupportedImage):
        recognizer.recognize(encode_png(digits.images[0]), "image/jpeg")


def test_many_threads_share_one_recognizer(recognizer, digits):
    batches = np.split(digits.images[:50], 10)
    alone = [recognizer.read(batch) for batch in batches]
    answers = [None] * 8

    def read(place):
        answers[place] = [recognizer.read(batch) for batch in batches]

    threads = [Thread(target=read, args=(place,)) for place in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        np.testing.assert_array_equal(answer, alone)


def test_the_shipped_model_is_the_default_and_reads_the_golden_drawings():
    recognizer = Recognizer.load()
    assert recognizer.name == "cnn-small"
    drawings = {path.stem: path.read_bytes() for path in sorted(GOLDEN.glob("*.png"))}
    answers = {name: str(recognizer.recognize(data).digit) for name, data in drawings.items()}
    assert answers == {str(digit): str(digit) for digit in range(10)}
