"""The Python client against the real application, over a real socket."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from requests_to import MODELS, serving

import inkdigits.client
from inkdigits.client import Client, ServiceError

SEVEN = Path(__file__).parents[1] / "golden" / "7.png"


@pytest.fixture(scope="module")
def service(app):
    with serving(app) as address, Client(address) as client:
        yield client


def test_path_bytes_and_strokes_are_accepted(service, recognizer):
    for drawing in (SEVEN, str(SEVEN), SEVEN.read_bytes()):
        prediction = service.predict(drawing)
        expected = recognizer.recognize(SEVEN.read_bytes())
        assert (prediction.digit, prediction.reason, prediction.seen) == (7, None, None)
        assert prediction.probabilities == list(expected.probabilities)
        assert prediction.confidence == expected.confidence
        assert prediction.model == {"name": recognizer.name, "digest": recognizer.digest}
        assert prediction.duration_ms > 0
    assert service.predict([{"points": [(0, 0), (18, 0), (7, 30)], "width": 3}]).digit == 7


def test_model_and_seen_are_options(service):
    prediction = service.predict(SEVEN, model="mlp", seen=True)
    assert prediction.model["name"] == "mlp"
    assert prediction.seen.startswith("data:image/png;base64,")
    assert [model["name"] for model in service.models()] == list(MODELS)


@pytest.mark.parametrize(
    ("drawing", "model", "status", "words"),
    [
        (b"not an image", None, 415, "PNG"),
        (b"", None, 400, "empty"),
        ([], None, 422, "strokes"),
        (SEVEN, "gpt", 422, "no model"),
    ],
)
def test_service_error_carries_the_problem(service, drawing, model, status, words):
    with pytest.raises(ServiceError, match=words) as caught:
        service.predict(drawing, model)
    assert caught.value.status == status
    assert len(caught.value.request_id) == 32


def test_error_of_a_proxy_carries_its_reason_phrase():
    def proxy(environ, start_response):
        start_response("502 BAD GATEWAY", [("Content-Type", "text/html")])
        return [b"<h1>Bad Gateway</h1>"]

    with serving(proxy) as address, Client(address) as client:
        with pytest.raises(ServiceError, match=r"(?i)bad gateway") as caught:
            client.models()
        assert (caught.value.status, caught.value.request_id) == (502, None)


def test_unreachable_service_raises_service_error():
    with (
        Client("http://127.0.0.1:1") as client,
        pytest.raises(ServiceError, match="cannot be reached"),
    ):
        client.models()


def test_missing_file_raises_file_not_found(service):
    with pytest.raises(FileNotFoundError):
        service.predict("nothing.png")


@pytest.mark.parametrize("drawing", [np.zeros((28, 28), np.uint8), None, 7])
def test_other_objects_are_a_type_error(service, drawing):
    with pytest.raises(TypeError, match=f"send .* not {type(drawing).__name__}$"):
        service.predict(drawing)


def test_client_is_under_100_lines():
    assert len(inspect.getsource(inkdigits.client).splitlines()) < 100
