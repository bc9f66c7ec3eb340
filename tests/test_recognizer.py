"""The only inference path: image files and arrays of images get the same predictions."""

from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.calibration import ALTERNATIVE_PENALTY
from inkdigits.imaging.decode import encode_png
from inkdigits.imaging.errors import DamagedImage, UnsupportedImage
from inkdigits.inference import forward_batches, predict_logits
from inkdigits.model_file import Model, save_model, shipped_models
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import Dense, Dropout, Flatten, ReLU
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import Network
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import RECIPES
from inkdigits.recognizer import Prediction
from inkdigits.storage.files import FileError

GOLDEN = Path(__file__).parent / "golden"  # drawings, each named after its digit


@pytest.fixture(scope="module", params=list(RECIPES))
def recognizer(request, tmp_path_factory):
    """A recognizer of each recipe, with random weights, loaded from a file."""
    path = tmp_path_factory.mktemp("model") / f"{request.param}.safetensors"
    save_model(path, untrained(request.param, temperature=0.7))
    return Recognizer.load(path)


def predict(recognizer, images):
    """Predict images in MNIST's form."""
    return recognizer.predict_batch(recognizer.preprocess_mnist(images))


# Predictions


def test_files_and_arrays_get_the_same_predictions(recognizer, digits):
    images = digits.images[-200:]
    batch = predict(recognizer, images)
    predictions = [recognizer.recognize(encode_png(image), "image/png") for image in images]
    np.testing.assert_allclose(
        [p.probabilities for p in predictions], batch.probabilities, atol=1e-4, rtol=0
    )
    expected = np.where(batch.rejected, -1, batch.probabilities.argmax(axis=1))
    assert [-1 if p.digit is None else p.digit for p in predictions] == expected.tolist()


def test_probabilities_are_a_distribution(recognizer, digits):
    images = digits.images[:250]
    batch = predict(recognizer, images)
    assert batch.probabilities.shape == (len(images), 10)
    assert batch.probabilities.dtype == np.float64
    np.testing.assert_allclose(batch.probabilities.sum(axis=1), 1, atol=1e-9)
    assert np.isfinite(batch.probabilities).all()


def test_prediction_is_consistent(recognizer, digits):
    prediction = recognizer.recognize(encode_png(digits.images[0]))
    assert isinstance(prediction, Prediction)
    assert prediction.confidence == max(prediction.probabilities)
    if prediction.digit is not None:
        assert prediction.probabilities[prediction.digit] == prediction.confidence
    assert (prediction.seen.shape, prediction.seen.dtype) == ((28, 28), np.uint8)


def test_image_above_the_threshold_is_rejected(digits):
    images, model = digits.images[:50], untrained()
    scores = predict(Recognizer(model, "test"), images).rejection_scores
    middle = float(np.median(scores))
    recognizer = Recognizer(replace(model, rejection_threshold=middle), "test")
    batch = predict(recognizer, images)
    np.testing.assert_array_equal(batch.rejected, scores > middle)
    assert np.count_nonzero(batch.rejected) == 25
    for image, rejected in zip(images, batch.rejected, strict=True):
        prediction = recognizer.recognize(encode_png(image))
        assert prediction.reason == ("not_a_digit" if rejected else None)
        assert (prediction.digit is None) == rejected
        assert sum(prediction.probabilities) == pytest.approx(1)


def test_model_for_digits_only_rejects_only_blank_images(digits):
    recognizer = Recognizer(untrained("classic"), "test")
    images = digits.images[:5].copy()
    images[2] = 0
    batch = predict(recognizer, images)
    assert batch.rejected.tolist() == [False, False, True, False, False]
    assert (batch.rejection_scores == -np.inf).all()


def test_temperature_divides_the_logits(digits):
    hot, cold = (Recognizer(untrained(temperature=t), "test") for t in (2.0, 0.5))
    log_hot, log_cold = (
        np.log(predict(recognizer, digits.images[:20]).probabilities) for recognizer in (hot, cold)
    )
    # Differences of log-probabilities are differences of logits, over the temperature.
    spread_hot, spread_cold = (log - log[:, :1] for log in (log_hot, log_cold))
    np.testing.assert_allclose(spread_hot * 4, spread_cold, atol=1e-4)


@pytest.mark.parametrize("tta", [False, True])
def test_model_determines_test_time_augmentation(digits, tta):
    shipped = Recognizer.load("mlp")
    assert shipped.model.tta
    recognizer = Recognizer(replace(shipped.model, tta=tta), "test")
    preprocessed = recognizer.preprocess_mnist(digits.images[:2000])
    model, x = recognizer.model, preprocessed / np.float32(255)
    params = model.network.layer_params(model.vector)
    logits = {
        True: predict_logits(model.network, params, x, tta=True),
        False: forward_batches(model.network, params, x),
    }
    expected, other = (
        softmax(logits[choice][:, :10] / model.temperature) for choice in (tta, not tta)
    )
    probabilities = recognizer.predict_batch(preprocessed).probabilities
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert np.abs(probabilities - other).max() > 0.1


def test_blank_image_is_rejected(recognizer):
    prediction = recognizer.recognize(encode_png(np.full((60, 40), 255, np.uint8)))
    assert (prediction.digit, prediction.reason) == (None, "blank")
    assert prediction.probabilities == (0.1,) * 10
    assert prediction.confidence == 0.1
    assert not prediction.seen.any()


def test_preprocessing_and_prediction_make_up_recognition(recognizer, digits):
    files = [encode_png(image) for image in digits.images[:40]]
    files[7] = files[-1] = encode_png(np.zeros((28, 28), np.uint8))
    predictions = recognizer.predict_candidates([*map(recognizer.preprocess_image, files)])
    assert [prediction.reason for prediction in predictions].count("blank") == 2
    for file, prediction in zip(files, predictions, strict=True):
        alone = recognizer.recognize(file, "image/png")
        assert (prediction.digit, prediction.reason) == (alone.digit, alone.reason)
        np.testing.assert_allclose(prediction.probabilities, alone.probabilities, atol=1e-5, rtol=0)
        np.testing.assert_array_equal(prediction.seen, alone.seen)


def test_candidate_with_the_lowest_score_is_chosen(digits):
    recognizer = Recognizer(untrained(), "test")
    images = recognizer.preprocess_mnist(digits.images[:40])
    scores = recognizer.predict_batch(images).rejection_scores
    low, middle, high = images[np.argsort(scores)[[0, 20, 39]]]
    spread = scores.max() - scores.min()
    assert spread > 0
    for candidates in ([low, high], [high, low], [middle, high, low], [high]):
        (prediction,) = recognizer.predict_candidates([np.stack(candidates)])
        (batch,) = (recognizer.predict_batch(np.stack(candidates)),)
        priced = batch.rejection_scores + ALTERNATIVE_PENALTY * (np.arange(len(candidates)) > 0)
        chosen = int(priced.argmin())
        np.testing.assert_array_equal(prediction.seen, candidates[chosen])
        np.testing.assert_allclose(prediction.probabilities, batch.probabilities[chosen])


def test_penalty_decides_between_candidates_and_may_reject(digits, monkeypatch):
    model = replace(untrained(), rejection_threshold=0.0)
    recognizer = Recognizer(model, "test")
    images = recognizer.preprocess_mnist(digits.images[:200])
    scores = recognizer.predict_batch(images).rejection_scores
    order = np.argsort(scores)
    gap = scores[order[-1]] - scores[order[0]]
    pair = images[order[[-1, 0]]]
    recognizer = Recognizer(replace(model, rejection_threshold=scores[order[0]] + gap / 4), "test")
    for penalty, place, rejected in ((0, 1, False), (gap / 2, 1, True), (2 * gap, 0, True)):
        monkeypatch.setattr("inkdigits.calibration.ALTERNATIVE_PENALTY", penalty)
        (prediction,) = recognizer.predict_candidates([pair])
        np.testing.assert_array_equal(prediction.seen, pair[place])
        assert (prediction.digit is None) == rejected


def test_first_candidate_counts_for_a_model_that_does_not_reject(digits):
    recognizer = Recognizer(untrained("classic"), "test")
    images = recognizer.preprocess_mnist(digits.images[:3])
    for candidates in (images, images[::-1]):
        (prediction,) = recognizer.predict_candidates([candidates])
        np.testing.assert_array_equal(prediction.seen, candidates[0])


def test_images_with_different_numbers_of_candidates_are_predicted_together(recognizer, digits):
    images = recognizer.preprocess_mnist(digits.images[:6])
    batches = [images[:1], images[1:4], images[4:]]
    together = recognizer.predict_candidates(batches)
    for candidates, prediction in zip(batches, together, strict=True):
        (alone,) = recognizer.predict_candidates([candidates])
        np.testing.assert_array_equal(prediction.seen, alone.seen)
        np.testing.assert_allclose(prediction.probabilities, alone.probabilities, atol=1e-5)


def test_batch_without_images_has_no_predictions(recognizer):
    assert recognizer.predict_candidates([]) == []


def test_inverted_image_gives_the_same_digit(recognizer, digits):
    for image in digits.images[:50]:
        original = recognizer.recognize(encode_png(image))
        inverted = recognizer.recognize(encode_png(255 - image))
        assert original.digit == inverted.digit


def test_ink_gives_the_same_prediction_as_the_image(recognizer, digits):
    ink = np.pad(digits.images[0].repeat(5, axis=0).repeat(5, axis=1), 40)
    of_ink = recognizer.recognize_ink(ink)
    np.testing.assert_array_equal(of_ink.seen, recognizer.preprocess_ink(ink))
    batch = recognizer.predict_batch(of_ink.seen[None])
    np.testing.assert_allclose(of_ink.probabilities, batch.probabilities[0], atol=1e-6)


@pytest.mark.parametrize(
    "convert",
    [
        lambda ink: ink.astype(np.uint16) * 257,
        lambda ink: ink / 255,
        lambda ink: ink > 0,
    ],
)
def test_ink_may_be_of_any_type_with_a_clear_range(convert):
    recognizer = Recognizer.load()
    ink = np.zeros((100, 100), np.uint8)
    ink[20:80, 48:55] = 255
    prediction = recognizer.recognize_ink(convert(ink))
    assert prediction.digit == 1
    assert prediction == recognizer.recognize_ink(ink)
    np.testing.assert_array_equal(
        recognizer.preprocess_ink(convert(ink)), recognizer.preprocess_ink(ink)
    )


@pytest.mark.parametrize(
    ("ink", "reason"),
    [
        (np.zeros((28, 28), int), "whose range is not clear"),
        (np.full((28, 28), 2.0), "outside of 0 to 1"),
        (np.zeros((28, 28, 3), np.uint8), r"shape \(28, 28, 3\); it must be \(H, W\)"),
        (np.zeros(28, np.uint8), r"shape \(28,\)"),
        (np.zeros((0, 28), np.uint8), "not empty"),
    ],
)
def test_other_ink_is_refused(ink, reason):
    recognizer = Recognizer(untrained(), "test")
    for method in (recognizer.recognize_ink, recognizer.preprocess_ink):
        with pytest.raises(UnsupportedImage, match=reason):
            method(ink)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), np.uint8),
        np.zeros((2, 28, 28)),
        np.zeros((2, 28, 28), bool),
        np.zeros((2, 28, 27), np.uint8),
        np.zeros((2, 28, 28, 1), np.uint8),
    ],
    ids=lambda images: f"{images.dtype}-{images.shape}",
)
def test_batch_of_another_shape_or_type_is_refused(images):
    recognizer = Recognizer(untrained(), "test")
    for method in (recognizer.predict_batch, recognizer.preprocess_mnist):
        with pytest.raises(ValueError, match=r"expected uint8 \(N, 28, 28\), not"):
            method(images)


def test_predictions_are_equal_if_all_of_them_is():
    prediction = Prediction(3, "3", None, (0.1,) * 10, 0.1, np.zeros((28, 28), np.uint8))
    same = replace(prediction, seen=prediction.seen.copy())
    assert prediction == same
    assert hash(prediction) == hash(same)
    others = [
        replace(prediction, digit=4),
        replace(prediction, label="4"),
        replace(prediction, reason="not_a_digit"),
        replace(prediction, confidence=0.2),
        replace(prediction, probabilities=(0.2,) * 10),
        replace(prediction, seen=prediction.seen + np.uint8(1)),
        replace(prediction, seen=prediction.seen.reshape(14, 56)),
    ]
    assert all(prediction != other for other in [*others, 3, None])
    assert len({prediction, same, *others}) == 1 + len(others)


def test_model_of_other_classes_answers_with_their_names():
    """A network whose only parameters that are not 0 are biases, which favor the second class."""
    network = Network((Flatten(), Dense(784, 3)))
    vector = np.zeros(784 * 3 + 3, np.float32)
    network.unflatten(vector)["1.bias"][1] = 5
    classes = ("coat", "boot", "bag")
    model = Model(network, vector, "ink", tta=False, recipe="mine", classes=classes)
    drawing = np.zeros((40, 40), np.uint8)
    drawing[10:30, 18:22] = 255
    recognizer = Recognizer(model, "clothes")
    prediction = recognizer.recognize_ink(drawing)
    assert (prediction.label, prediction.digit, prediction.reason) == ("boot", None, None)
    assert prediction.confidence == prediction.probabilities[1] > 0.9
    assert recognizer.describe().class_names == classes
    blank = recognizer.recognize_ink(np.zeros((40, 40), np.uint8))
    assert (blank.label, blank.reason) == (None, "blank")
    assert blank.probabilities == (1 / 3,) * 3


def test_image_errors_reach_the_caller(recognizer, digits):
    with pytest.raises(DamagedImage):
        recognizer.recognize(b"")
    with pytest.raises(UnsupportedImage):
        recognizer.recognize(encode_png(digits.images[0]), "image/jpeg")


@pytest.mark.parametrize("blas_threads", [1, 2])
def test_many_threads_share_one_recognizer(recognizer, digits, blas_threads):
    """With two BLAS threads, the last bits would differ if a thread lifted the others' limit."""
    batches = np.split(recognizer.preprocess_mnist(digits.images[:50]), 10)

    def probabilities():
        return [recognizer.predict_batch(batch).probabilities for batch in batches]

    results = [None] * 8

    def work(place):
        results[place] = probabilities()

    with threadpool_limits(blas_threads, user_api="blas"):
        expected = probabilities()
        threads = [Thread(target=work, args=(place,)) for place in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_number_of_blas_threads_does_not_change_a_large_batch(recognizer, digits):
    images = recognizer.preprocess_mnist(digits.images[:200])
    one, two = (
        _probabilities_with_threads(recognizer, images, blas_threads) for blas_threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def _probabilities_with_threads(recognizer, images, blas_threads):
    with threadpool_limits(blas_threads, user_api="blas"):
        return recognizer.predict_batch(images).probabilities


def test_default_model_recognizes_the_golden_drawings():
    recognizer = Recognizer.load()
    assert recognizer.name == "cnn-small"
    drawings = {path.stem: path.read_bytes() for path in sorted(GOLDEN.glob("*.png"))}
    digits = {name: str(recognizer.recognize(data).digit) for name, data in drawings.items()}
    assert digits == {str(digit): str(digit) for digit in range(10)}


def test_file_whose_name_is_not_utf8_is_rejected(tmp_path):
    path = tmp_path / "model\udcff.safetensors"
    save_model(tmp_path / "model", untrained())
    (tmp_path / "model").rename(path)
    with pytest.raises(FileError, match=r"is not valid UTF-8; rename the file\."):
        Recognizer.load(path)


# Descriptions


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_model_describes_itself(name):
    recognizer = Recognizer.load(name)
    description, recipe = recognizer.describe(), RECIPES[name]
    network = recipe.network.inference_network
    assert (description.name, description.recipe) == (name, name)
    assert (description.digest, description.summary) == (recognizer.digest, recipe.summary)
    assert description.preprocessing == recipe.preprocessing
    assert description.preprocessing_revision == PREPROCESSORS[recipe.preprocessing].revision
    assert description.input_shape == (28, 28)
    assert description.class_names[:10] == tuple("0123456789")
    assert description.rejects_non_digits == (len(description.class_names) == 11)
    assert description.rejects_non_digits == (recipe.outliers > 0)
    assert description.test_time_augmentation == recipe.tta
    assert description.parameters == network.size
    assert description.size_bytes == 4 * network.size
    assert description.training["seed"] >= 0

    layers = description.layers
    assert [layer.type for layer in layers] == [type(layer).__name__ for layer in network.layers]
    assert [layer.output_shape for layer in layers] == network.output_shapes((28, 28))
    assert layers[-1].output_shape == (len(description.class_names),)
    assert sum(layer.parameters for layer in layers) == description.parameters
    for layer in layers:
        assert all(type(value) in (int, float, bool) for value in layer.options.values())


def test_description_matches_one_computed_by_hand():
    network = Network(
        (
            AddChannel(),
            Conv2D(1, 3, kernel_size=5),
            MaxPool2D(),
            ReLU(),
            Flatten(),
            Dropout(0.5),
            Dense(432, 10, bias=False),
        )
    )
    model = Model(network, np.zeros(network.size, np.float32), "ink", tta=False, recipe="mine")
    description = Recognizer(model, "name").describe()
    assert [asdict(layer) for layer in description.layers] == [
        {"type": "AddChannel", "output_shape": (28, 28, 1), "parameters": 0, "options": {}},
        {
            "type": "Conv2D",
            "output_shape": (24, 24, 3),
            "parameters": 5 * 5 * 3 + 3,
            "options": {"channels": 1, "filters": 3, "kernel_size": 5},
        },
        {
            "type": "MaxPool2D",
            "output_shape": (12, 12, 3),
            "parameters": 0,
            "options": {"pool_size": 2},
        },
        {"type": "ReLU", "output_shape": (12, 12, 3), "parameters": 0, "options": {}},
        {"type": "Flatten", "output_shape": (432,), "parameters": 0, "options": {}},
        {"type": "Dropout", "output_shape": (432,), "parameters": 0, "options": {"rate": 0.5}},
        {
            "type": "Dense",
            "output_shape": (10,),
            "parameters": 4320,
            "options": {"inputs": 432, "outputs": 10, "bias": False},
        },
    ]
    assert description.parameters == 78 + 4320
    assert description.class_names == tuple("0123456789")
    assert (description.recipe, description.name) == ("mine", "name")
    assert not description.rejects_non_digits
    assert not description.test_time_augmentation


@pytest.mark.parametrize("ink", [None, "7.png", [[0] * 28] * 28, 7])
def test_ink_that_is_not_an_array_is_refused(recognizer, ink):
    with pytest.raises(UnsupportedImage, match="must be a NumPy array"):
        recognizer.recognize_ink(ink)


@pytest.mark.parametrize("images", ["7.png", Path("7.png"), b"7"])
def test_a_single_image_is_not_many(recognizer, images):
    with pytest.raises(TypeError, match="takes a list of images"):
        next(recognizer.recognize_many(images))
