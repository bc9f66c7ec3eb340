"""Models whose classes are not the digits, in every response."""

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from requests_to import (
    BATCH,
    BLANK,
    EXPLANATION,
    NUMBER,
    ONE,
    PREDICT,
    assert_problem,
    base64_of,
    file_of,
    serving,
)

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.api.metrics import Metrics
from inkdigits.client import Client
from inkdigits.explain import PARTS
from inkdigits.model_file import Model, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network

CLASSES = ("coat", '<b>"boot"} 1\\', "bag")
STROKES = {"strokes": [{"points": [[0, 0], [18, 0], [7, 30]], "width": 3}]}


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """A service with a model that finds the second of three classes in every drawing."""
    network = Network((Flatten(), Dense(784, len(CLASSES))))
    vector = np.zeros(785 * len(CLASSES), np.float32)
    network.unflatten(vector)["1.bias"][1] = 5
    path = tmp_path_factory.mktemp("models") / "clothes.safetensors"
    save_model(path, Model(network, vector, "ink", tta=False, recipe="mine", classes=CLASSES))
    return create_app(ModelRegistry([str(path)]), Settings())


def test_prediction_has_the_label_and_one_probability_for_each_class(clothes):
    client = clothes.test_client()
    response = client.post(ONE, json=STROKES).json
    assert (response["digit"], response["label"], response["reason"]) == (None, CLASSES[1], None)
    assert len(response["probabilities"]) == 3
    blank = client.post(BATCH, json={"drawings": [BLANK]}).json["predictions"][0]
    assert (blank["digit"], blank["label"], blank["reason"]) == (None, None, "blank")
    assert blank["probabilities"] == [1 / 3] * 3
    assert client.get("/api/v1/models/clothes").json["class_names"] == list(CLASSES)


def test_number_needs_a_model_of_digits(clothes):
    response = clothes.test_client().post(NUMBER, json=STROKES)
    assert "not the digits" in assert_problem(response, 422)


def test_explanation_is_of_any_class(clothes):
    client = clothes.test_client()
    explanation = client.post(EXPLANATION, json=STROKES | {"target": "bag", "parts": [*PARTS]}).json
    assert explanation["prediction"]["label"] == CLASSES[1]
    assert explanation["target"] == {"index": 2, "label": "bag"}
    assert explanation["rejection"]["threshold"] is None
    assert explanation["neighbors"] is None
    assert "No training digits ship" in explanation["neighbors_reason"]
    wrong = client.post(EXPLANATION, json=STROKES | {"target": "7"})
    assert "list its classes" in assert_problem(wrong, 422)


def test_write_ups_format_has_the_name_of_the_class(clothes, png):
    client = clothes.test_client()
    response = client.post(PREDICT, json={"image": base64_of(png)}).json
    assert response["predicted_digit"] == CLASSES[1]
    assert len(response["probabilities"]) == 3
    blank = file_of(np.zeros((28, 28), np.uint8))
    response = client.post(PREDICT, json={"image": base64_of(blank)}).json
    assert response["predicted_digit"] == "none"


def test_description_of_the_service_is_of_its_classes(clothes, client):
    example = clothes.test_client().get("/").json["example"]["response"]
    assert example["predicted_digit"] == '<the name of a class, or "none">'
    assert "0 to 9" in client.get("/").json["example"]["response"]["predicted_digit"]


def test_python_client_has_the_label(clothes):
    with serving(clothes) as address, Client(address) as client:
        prediction = client.predict(STROKES["strokes"])
    assert (prediction.digit, prediction.label) == (None, CLASSES[1])


def test_class_names_are_never_html(clothes):
    with serving(clothes) as address:
        for accept in ("application/json", "text/html", "*/*"):
            response = httpx.post(address + ONE, json=STROKES, headers={"Accept": accept})
            if response.is_success:
                assert response.headers["Content-Type"] == "application/json"
                assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_predictions_are_counted_by_class(clothes):
    metrics = Metrics()
    with clothes.test_request_context(ONE, method="POST", json=STROKES) as context:
        clothes.full_dispatch_request()
        metrics.observe_request(context.request.environ, "POST", 200, 0.003)
    labels = {"model": "clothes", "digit": CLASSES[1]}
    assert metrics.value("inkdigits_predictions_total", **labels) == 1
    # The name cannot end its label, or its line.
    text = metrics.text([("clothes", "0" * 64)]).decode()
    [family] = [
        each
        for each in text_string_to_metric_families(text)
        if each.name == "inkdigits_predictions"
    ]
    samples = {sample.labels["digit"]: sample.value for sample in family.samples}
    assert samples[CLASSES[1]] == 1
