"""Every operation of the OpenAPI document works with its examples, as Swagger UI fills them in."""

import httpx
import pytest
from requests_to import NUMBER, ONE, PREDICT, serving

from inkdigits.api import examples
from inkdigits.api.app import create_app
from inkdigits.api.settings import Settings


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


# Not part of every service: for the lab see server/test_lab_runs.py.
NOT_SERVED = {"lab", "profiles"}


def requests_of(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if NOT_SERVED.intersection(operation["tags"]):
                continue
            parameters = operation.get("parameters", [])
            filled = {"path": {}, "query": {}}
            for parameter in parameters:
                value = parameter.get("example", parameter["schema"].get("default"))
                if value is None:
                    assert not parameter["required"]
                else:
                    filled[parameter["in"]][parameter["name"]] = value
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
        if "batch" in url:
            key, digits = ("text", "42") if "numbers" in url else ("digit", 7)
            (items,) = response.json().values()
            assert [item[key] for item in items] == [digits] * 2
    operations = [each for item in document["paths"].values() for each in item.values()]
    assert len(sent) == sum(not NOT_SERVED.intersection(each["tags"]) for each in operations) >= 12


def test_every_example_for_profiles_gets_the_documented_success(registry, tmp_path):
    settings = Settings(database=str(tmp_path / "profiles.sqlite3"))
    with (
        serving(create_app(registry, settings)) as address,
        httpx.Client(base_url=address) as service,
    ):
        document = service.get("/openapi.json").json()
        created = service.post("/api/v1/profiles", json=examples.NEW_PROFILE).json()
        headers = {"Authorization": f"Bearer {created['token']}"}
        sent = 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                has_example = "requestBody" not in operation or "import" not in path
                # What needs an ID, or ends the profile, is tested in routes/test_profiles.py.
                if "profiles" not in operation["tags"] or not has_example or method == "delete":
                    continue
                for body in bodies_of(operation):
                    response = service.request(method, path, json=body, headers=headers)
                    assert str(response.status_code) == next(iter(operation["responses"])), path
                    sent += 1
                if path.endswith("/token"):
                    headers["Authorization"] = f"Bearer {response.json()['token']}"
        assert sent >= 11


def test_examples_are_recognized(service):
    assert service.post(PREDICT, json=examples.IMAGE_DRAWING).json()["predicted_digit"] == 7
    for drawing in (examples.IMAGE_DRAWING, examples.STROKES_DRAWING):
        assert service.post(ONE, json=drawing).json()["digit"] == 7
    for drawing in (examples.IMAGE_NUMBER, examples.STROKES_NUMBER):
        assert service.post(NUMBER, json=drawing).json()["text"] == "42"
