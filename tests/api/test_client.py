"""The Python client against the real application, over a real socket."""

import asyncio
import inspect
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from requests_to import MODELS, serving

from inkdigits.api import examples
from inkdigits.client import (
    AsyncClient,
    Client,
    Prediction,
    ServiceError,
    async_client,
    calls,
    clients,
    drawings,
    profile_calls,
    profile_client,
    results,
)

SEVEN = Path(__file__).parents[1] / "golden" / "7.png"
STROKES = [{"points": [(0, 0), (18, 0), (7, 30)], "width": 3}]
NUMBER = examples.NUMBER_STROKES  # 42


@pytest.fixture(scope="module")
def address(app):
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def service(address):
    with Client(address) as client:
        yield client


@pytest.fixture(scope="module")
def ink(recognizer):
    """A seven of MNIST's size, uint8 (28, 28), 255 is full ink."""
    return recognizer.recognize(SEVEN.read_bytes()).seen


def with_async_client(address, use):
    """Return the result of a coroutine function that takes a client."""

    async def run():
        async with AsyncClient(address, retries=0) as client:
            return await use(client)

    return asyncio.run(run())


def responding(status, content, content_type="application/json"):
    """A WSGI application with the same response to every request."""

    def application(environ, start_response):
        start_response(status, [("Content-Type", content_type)])
        return [content.encode()]

    return application


def same(first, second):
    """Whether two predictions differ in nothing but their duration."""
    return vars(first) | {"duration_ms": 0} == vars(second) | {"duration_ms": 0}


def test_path_bytes_and_strokes_are_accepted(service, recognizer):
    for drawing in (SEVEN, str(SEVEN), SEVEN.read_bytes(), bytearray(SEVEN.read_bytes())):
        prediction = service.predict(drawing)
        expected = recognizer.recognize(SEVEN.read_bytes())
        assert (prediction.digit, prediction.reason, prediction.seen) == (7, None, None)
        assert prediction.probabilities == list(expected.probabilities)
        assert prediction.confidence == expected.confidence
        assert prediction.model == {"name": recognizer.name, "digest": recognizer.digest}
        assert prediction.duration_ms > 0
    assert service.predict(STROKES).digit == 7


def test_points_of_strokes_may_be_an_array(service):
    arrays = [{"points": np.array(STROKES[0]["points"], np.float32), "width": np.float32(3)}]
    assert same(service.predict(arrays), service.predict(STROKES))


@pytest.mark.parametrize(
    "convert",
    [
        lambda ink: ink,
        lambda ink: ink.astype(np.uint16) * 257,
        lambda ink: ink / 255,
        lambda ink: (ink / 255).astype(np.float32),
        lambda ink: ink.tolist(),
        lambda ink: [list(row) for row in ink],
        lambda ink: tuple(ink),
    ],
    ids=["uint8", "uint16", "float64", "float32", "list", "list of NumPy's numbers", "rows"],
)
def test_pixels_are_accepted(service, recognizer, ink, convert):
    prediction = service.predict(convert(ink), seen=True)
    expected = recognizer.recognize_ink(ink)
    assert prediction.digit == 7
    assert prediction.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
    assert prediction.seen == expected.seen_png()


def test_array_of_bool_is_full_ink_where_it_is_true(service, recognizer, ink):
    prediction = service.predict(ink > 127)
    assert prediction.probabilities == list(recognizer.recognize_ink(ink > 127).probabilities)


def test_model_and_seen_are_options(service):
    prediction = service.predict(SEVEN, model="mlp", seen=True)
    assert prediction.model["name"] == "mlp"
    assert prediction.seen.startswith(b"\x89PNG\r\n")
    assert [model["name"] for model in service.models()] == list(MODELS)


# Many drawings


def test_many_drawings_are_predicted_in_order(service, ink, monkeypatch):
    monkeypatch.setattr(calls, "BATCH_DRAWINGS", 3)
    blank = np.zeros((28, 28), np.uint8)
    drawings = [SEVEN, blank, STROKES, ink, SEVEN.read_bytes(), blank, ink.tolist()]
    predictions = list(service.predict_many(iter(drawings), model="mlp", seen=True))
    assert len(predictions) == len(drawings)
    for drawing, prediction in zip(drawings, predictions, strict=True):
        assert same(prediction, service.predict(drawing, model="mlp", seen=True))
    assert [prediction.reason for prediction in predictions].count("blank") == 2


def test_drawing_with_an_error_does_not_affect_the_others(service, monkeypatch):
    monkeypatch.setattr(calls, "BATCH_DRAWINGS", 4)
    drawings = [b"not an image", SEVEN, "nothing.png", SEVEN, [], SEVEN, SEVEN, SEVEN]
    wrong, *results = service.predict_many(drawings)
    assert isinstance(wrong, ServiceError)
    assert (wrong.status, len(wrong.request_id)) == (415, 32)
    assert "PNG" in str(wrong)
    assert isinstance(results[1], FileNotFoundError)
    assert (type(results[3]), results[3].status) == (ServiceError, 422)
    assert [results[place].digit for place in (0, 2, 4, 5, 6)] == [7] * 5


def test_requests_with_many_drawings_are_limited(monkeypatch):
    sent = []

    def application(environ, start_response):
        size = int(environ["CONTENT_LENGTH"])
        drawings = json.loads(environ["wsgi.input"].read(size))["drawings"]
        sent.append((len(drawings), size))
        start_response("200 OK", [("Content-Type", "application/json")])
        item = {"digit": 7, "probabilities": []}
        return [json.dumps({"predictions": [item] * len(drawings)}).encode()]

    monkeypatch.setattr(calls, "BATCH_BYTES", 10_000)
    with serving(application) as address, Client(address) as client:
        assert len(list(client.predict_many([STROKES] * 70))) == 70
        assert [count for count, _ in sent] == [32, 32, 6]
        sent.clear()
        assert len(list(client.predict_many([bytes(3000)] * 5 + [bytes(30_000)] * 2))) == 7
        assert [count for count, _ in sent] == [2, 2, 1, 1, 1]
        assert list(client.predict_many([])) == []


def test_failure_of_a_request_with_many_drawings_is_raised(service):
    with pytest.raises(ServiceError, match="no model") as caught:
        list(service.predict_many([SEVEN], model="gpt"))
    assert caught.value.status == 422


# Numbers


def test_number_has_all_parts(service):
    number = service.recognize_number(NUMBER)
    assert (number.text, number.reason, number.written) == ("42", None, "42")
    assert number.confidence == number.candidates[0].probability > 0.9
    assert [digit.digit for digit in number.digits] == [4, 2]
    for digit in number.digits:
        assert digit.probabilities[digit.digit] == max(digit.probabilities)
    # In the unit of the strokes: the 4 is to the left of x = 20, the 2 to the right of it.
    four, two = (digit.box for digit in number.digits)
    assert -3 < four[0] < four[0] + four[2] < 20 < two[0] + 1 < two[0] + two[2] < 50
    assert number.model["name"] == "cnn-small"


def test_constraints_are_sent(service):
    assert service.recognize_number(NUMBER, length=1).text in (None, "4", "2")
    chosen = service.recognize_number(NUMBER, "mlp", choices=iter(["17", "42", "99"]))
    assert (chosen.text, chosen.model["name"]) == ("42", "mlp")
    assert service.recognize_number(NUMBER, pattern=r"\d{2}", checksum="luhn").text == "42"
    with pytest.raises(ServiceError, match="not valid at character 1") as caught:
        service.recognize_number(NUMBER, pattern="x")
    assert caught.value.status == 422


def test_many_numbers_are_recognized_in_order(address, service, monkeypatch):
    monkeypatch.setattr(calls, "BATCH_DRAWINGS", 2)
    sent = [NUMBER, "missing.png", SEVEN, b"not an image", NUMBER]
    found = list(service.recognize_numbers(sent, choices=["7", "42"]))
    assert [getattr(result, "text", None) for result in found] == ["42", None, "7", None, "42"]
    assert isinstance(found[1], FileNotFoundError)
    assert (type(found[3]), found[3].status) == (ServiceError, 415)

    async def use(client):
        assert (await client.recognize_number(NUMBER)).text == "42"
        return [result async for result in client.recognize_numbers(sent, length=2)]

    texts = [getattr(result, "text", None) for result in with_async_client(address, use)]
    assert texts[0] == texts[4] == "42"


# Explanations


def test_explanation_has_the_parts_that_are_asked_for(address, service, ink):
    options = {"parts": iter(["saliency"]), "target": "1", "unit": (5, np.array([3]))}
    explanation = service.explain(ink, "mlp", **options)
    assert (explanation["model"]["name"], explanation["target"]["index"]) == ("mlp", 1)
    assert explanation["prediction"]["digit"] == 7
    assert len(explanation["saliency"]) == 28 * 28
    assert (explanation["unit"]["index"], explanation["layers"]) == ([3], None)

    async def use(client):
        return await client.explain(SEVEN, preprocess=False)

    default = with_async_client(address, use)
    assert (default["preprocessed"], len(default["layers"])) == (False, 15)
    assert [step["name"] for step in default["steps"]][-1] == "resized"
    with pytest.raises(ServiceError, match="no class of this name") as caught:
        service.explain(ink, target="x")
    assert caught.value.status == 422
    with pytest.raises(TypeError, match="list of names"):
        service.explain(ink, parts="steps")


# Asyncio


def test_async_client_gives_the_same_results(address, service, ink, monkeypatch):
    monkeypatch.setattr(calls, "BATCH_DRAWINGS", 2)
    drawings = [SEVEN, STROKES, "nothing.png", b"not an image", ink]

    async def use(client):
        many = [result async for result in client.predict_many(drawings)]
        one = await client.predict(ink, model="mlp", seen=True)
        return many, one, await client.models()

    many, one, models = with_async_client(address, use)
    assert same(one, service.predict(ink, model="mlp", seen=True))
    assert models == service.models()
    assert [type(result).__name__ for result in many] == [
        "Prediction",
        "Prediction",
        "FileNotFoundError",
        "ServiceError",
        "Prediction",
    ]
    assert same(many[4], service.predict(ink))


def test_async_client_waits_for_several_responses_at_once(ink):
    """Each request is answered only when all three have arrived."""

    async def use():
        arrived = asyncio.Barrier(3)

        async def answer(request):
            await asyncio.wait_for(arrived.wait(), 60)
            return httpx.Response(200, json={"digit": 7, "probabilities": []})

        async with AsyncClient("http://service") as client:
            await client._http.aclose()
            client._http = httpx.AsyncClient(
                base_url="http://service", transport=httpx.MockTransport(answer)
            )
            return await asyncio.gather(*(client.predict(ink) for _ in range(3)))

    assert [prediction.digit for prediction in asyncio.run(use())] == [7, 7, 7]


def test_async_client_raises_service_error(address):
    async def use(client):
        await client.predict(b"")

    with pytest.raises(ServiceError, match="empty") as caught:
        with_async_client(address, use)
    assert caught.value.status == 400
    with pytest.raises(ServiceError, match="cannot be reached"):
        with_async_client("http://127.0.0.1:1", use)


def test_both_clients_have_the_same_methods():
    def methods(client):
        return {
            name: inspect.signature(method).parameters
            for kind in client.__mro__[:-1]
            for name, method in vars(kind).items()
            if callable(method) and not name.startswith("_")
        }

    sync, asynchronous = methods(Client), methods(AsyncClient)
    asynchronous["close"] = asynchronous.pop("aclose")
    assert sync == asynchronous


# Errors


@pytest.mark.parametrize(
    ("drawing", "model", "status", "words"),
    [
        (b"not an image", None, 415, "PNG"),
        (b"", None, 400, "empty"),
        ([], None, 422, "strokes"),
        ([[0] * 28] * 27, None, 422, "pixels"),
        (SEVEN, "gpt", 422, "no model"),
    ],
)
def test_service_error_carries_the_problem(service, drawing, model, status, words):
    with pytest.raises(ServiceError, match=words) as caught:
        service.predict(drawing, model)
    assert caught.value.status == status
    assert len(caught.value.request_id) == 32


@pytest.mark.parametrize(
    ("status", "content", "content_type"),
    [
        ("502 BAD GATEWAY", "<h1>Bad Gateway</h1>", "text/html"),
        ("502 BAD GATEWAY", "[]", "application/json"),
        ("502 BAD GATEWAY", "{}", "application/problem+json"),
    ],
)
def test_error_of_a_proxy_carries_its_reason_phrase(status, content, content_type):
    proxy = responding(status, content, content_type)
    with serving(proxy) as address, Client(address, retries=0) as client:
        with pytest.raises(ServiceError, match=r"(?i)bad gateway") as caught:
            client.models()
        assert (caught.value.status, caught.value.request_id) == (502, None)


@pytest.mark.parametrize("content", ["<h1>Welcome</h1>", "[]", "7"])
def test_success_of_something_else_than_the_service_is_an_error(content):
    with (
        serving(responding("200 OK", content)) as address,
        Client(address) as client,
        pytest.raises(ServiceError, match="not JSON; check the address"),
    ):
        client.models()


def test_fields_of_a_newer_service_are_ignored_and_those_of_an_older_one_may_lack():
    fields = {"digit": None, "reason": "blank", "confidence": 0.1, "probabilities": [0.1] * 10}
    fields |= {"seen": None, "model": {"name": "mlp", "digest": ""}, "duration_ms": 1.0}
    content = json.dumps(fields | {"ink": [1, 2], "why": "?"})
    with serving(responding("200 OK", content)) as address, Client(address) as client:
        assert client.predict(SEVEN) == Prediction(**fields, label=None)


def test_unreachable_service_raises_service_error():
    with (
        Client("http://127.0.0.1:1", retries=0) as client,
        pytest.raises(ServiceError, match="cannot be reached"),
    ):
        client.models()


def test_missing_file_raises_file_not_found(service):
    with pytest.raises(FileNotFoundError):
        service.predict("nothing.png")


@pytest.mark.parametrize("drawing", [None, 7, {"image": ""}, {1, 2}])
def test_other_objects_are_a_type_error(service, drawing):
    with pytest.raises(TypeError, match=f"send .* not {type(drawing).__name__}$"):
        service.predict(drawing)
    with pytest.raises(TypeError, match=f"send .* not {type(drawing).__name__}$"):
        list(service.predict_many([SEVEN, drawing]))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((27, 28), np.uint8), r"shape \(28, 28\), not \(27, 28\)"),
        (np.zeros((28, 28, 3), np.uint8), r"shape \(28, 28\), not \(28, 28, 3\)"),
        (np.zeros((28, 28), np.int64), "int64, whose range is not clear"),
        (np.full((28, 28), 255.0), "outside of 0 to 1"),
        (np.full((28, 28), np.nan), "outside of 0 to 1"),
    ],
)
def test_arrays_of_another_form_are_a_value_error(service, array, words):
    with pytest.raises(ValueError, match=words):
        service.predict(array)


@pytest.mark.parametrize(
    "module", [async_client, calls, clients, drawings, profile_calls, profile_client, results]
)
def test_client_stays_small(module):
    """Each module is read in minutes."""
    assert len(inspect.getsource(module).splitlines()) <= 200


@pytest.mark.parametrize("drawings", ["7.png", Path("7.png"), b"7"])
def test_a_single_drawing_is_not_many(service, drawings):
    with pytest.raises(TypeError, match="takes a list of drawings"):
        next(service.predict_many(drawings))
    with pytest.raises(TypeError, match="takes a list of drawings"):
        next(service.recognize_numbers(drawings))


def test_single_choice_is_not_taken_for_a_list_of_digits(service):
    with pytest.raises(TypeError, match="list of texts"):
        service.recognize_number(b"image", choices="42")


def test_profile_from_consent_to_deletion(teachable):
    with serving(teachable) as address, Client(address) as service:
        assert service.consent()["version"] == 1
        created = service.create_profile(consent=True, name="Ada")
        assert service.token == created["token"]
        change = service.add_samples([(SEVEN, 4), (STROKES, 4)])
        assert [sample["after"]["digit"] for sample in change["samples"]] == [4, 4]
        corrected = service.correct(NUMBER, "72")
        assert [sample["label"] for sample in corrected["samples"]] == [7, 2]
        assert service.undo()["samples"] == 2
        service.correct(SEVEN, "5")
        prediction = service.predict(SEVEN)
        assert (prediction.digit, prediction.profile) == (5, {"version": 4})
        assert service.recognize_number(NUMBER).profile == {"version": 4}
        labels = [sample["label"] for sample in service.samples()]
        assert labels == [4, 4, 5]
        assert service.remove_sample(service.samples()[0]["id"])["samples"] == 2
        assert service.accuracy()["samples"] == 2
        exported = service.export_profile()
        token = service.token
        assert service.renew_token() != token
        service.delete_profile()
        assert service.token is None
        assert service.predict(SEVEN).profile is None
        imported = service.import_profile(exported)
        assert (imported["name"], imported["samples"]) == ("Ada", 2)
        with Client(address, token=token) as other, pytest.raises(ServiceError) as error:
            other.profile()
        assert error.value.status == 401


def test_asynchronous_client_has_the_same_methods(teachable):
    async def use(client):
        created = await client.create_profile(consent=True)
        await client.add_samples([(STROKES, 4)])
        predicted = await client.predict(STROKES)
        exported = await client.export_profile()
        await client.delete_profile()
        return created, predicted, exported, client.token

    with serving(teachable) as address:
        created, predicted, exported, token = with_async_client(address, use)
    assert created["id"]
    assert predicted.digit == 4
    assert b"inkdigits-profile" in exported
    assert token is None
