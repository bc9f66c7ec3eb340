"""Responses conform to the OpenAPI document: Schemathesis sends requests, with every check on."""

import json
import re

import hypothesis
import image_strategies
import pytest
import schemathesis
from requests_to import ONE
from schemathesis.config import SchemathesisConfig

CONSTRAINTS = ("length", "pattern", "choices", "checksum")

image_strategies.register(image_strategies.prepared_image_files)


@pytest.fixture
def api_schema(app, request):
    # Schemathesis 4.32 changes this attribute for its reports; pytest 9.2 no longer has it.
    request.node._nodeid = request.node.nodeid
    config = SchemathesisConfig.from_dict({"seed": 0, "generation": {"max-examples": 30}})
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


# The requests are made when the test runs. Otherwise each test process would make them, which takes
# longer than sending them.
# The lab is not part of this application: server/test_lab_security.py has its hostile requests.
schema = schemathesis.pytest.from_fixture("api_schema").exclude(path_regex="^/api/v1/lab")


def put_in_range(drawing):
    """Give valid pixels a dark border and full ink: what the schema describes only in words."""
    pixels = drawing.get("pixels")
    if isinstance(pixels, list) and [len(row) for row in pixels] == [28] * 28:
        for row in pixels:
            row[0] = row[-1] = 0
        pixels[0], pixels[-1] = [0] * 28, [0] * 28
        pixels[14][14] = 255


def leave_one_constraint(case):
    """Remove the constraints of a number that may contradict each other, and those sent twice."""
    sent = [fields for fields in (case.body, case.query) if isinstance(fields, dict)]
    present = [(fields, name) for fields in sent for name in CONSTRAINTS if fields.get(name)]
    for fields, name in present[1:]:
        del fields[name]


def name_only_what_exists(case):
    """Explain a class that the model has, and a unit of its last layer; a small model is faster."""
    case.query = {"model": "mlp"}
    if case.body.get("unit") is not None:
        case.body["unit"] = {"layer": 5, "index": [3]}
    if case.body.get("target") is not None:
        case.body["target"] = str(len(case.body["target"]) % 10)


@schema.parametrize()
@hypothesis.settings(deadline=None)
def test_responses_conform_to_the_document(case):
    if isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
        put_in_range(case.body)
    if "/numbers" in case.path and case.meta.generation.mode.is_positive:
        leave_one_constraint(case)
    if "/explanations" in case.path and case.meta.generation.mode.is_positive:
        name_only_what_exists(case)
    case.call_and_validate()


def test_document_has_no_dangling_references(client):
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == set(document["components"]["schemas"])
    form = document["paths"][ONE]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["required"] == ["image"]
    image = document["components"]["schemas"]["ImageDrawing"]["properties"]["image"]
    assert image["format"] == "digit-image"
