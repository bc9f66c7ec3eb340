"""Every operation of the OpenAPI document works with its examples, as Swagger UI fills them in."""

import itertools

import httpx
import pytest
from requests_to import ONE, PREDICT, serving

from inkdigits.api import examples


@pytest.fixture(scope="module")
def service(app):
    with serving(app) as address, httpx.Client(base_url=address) as client:
        yield client


def bodies_of(operation):
    """The JSON bodies that Swagger UI fills in; [None] for an operation without a body."""
    if "requestBody" not in operation:
        return [None]
    media_types = operation["requestBody"]["content"]
    name, media_type = next(iter(media_types.items()))  # what is selected at first
    assert name == "application/json"
    if "examples" in media_type:
        return [example["value"] for example in media_type["examples"].values()]
    return [media_type["example"]]


def requests_of(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            filled = {
                place: {
                    parameter["name"]: parameter.get("example", parameter["schema"].get("default"))
                    for parameter in parameters
                    if parameter["in"] == place
                }
                for place in ("path", "query")
            }
            assert None not in itertools.chain(*(values.values() for values in filled.values()))
            for body in bodies_of(operation):
                url = path.format(**filled["path"])
                yield operation, method, url, filled["query"], body


def test_every_example_gets_the_documented_200(service):
    document = service.get("/openapi.json").json()
    sent = set()
    for operation, method, url, query, body in requests_of(document):
        query = {name: str(value).lower() for name, value in query.items()}
        response = service.request(method, url, params=query, json=body)
        assert response.status_code == 200, (url, response.text)
        media_type = response.headers["Content-Type"].partition(";")[0]
        assert media_type in operation["responses"]["200"]["content"]
        sent.add(operation["operationId"])
        for answer in response.json().get("predictions", []) if "batch" in url else ():
            assert answer["digit"] == 7
    assert len(sent) == sum(len(operations) for operations in document["paths"].values()) >= 9


def test_examples_are_sevens(service):
    assert service.post(PREDICT, json=examples.IMAGE_DRAWING).json()["predicted_digit"] == 7
    for drawing in (examples.IMAGE_DRAWING, examples.STROKES_DRAWING):
        assert service.post(ONE, json=drawing).json()["digit"] == 7
