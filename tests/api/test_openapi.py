"""Responses conform to the OpenAPI document: Schemathesis sends requests, with every check on."""

import json
import re

import hypothesis
import image_strategies
import pytest
import schemathesis
from requests_to import ONE, PROFILE, PROFILES
from schemathesis.config import SchemathesisConfig

from inkdigits.api import profile_accuracy
from inkdigits.api.examples import IMAGE, NEW_SAMPLES

CONSTRAINTS = ("length", "pattern", "choices", "checksum")

image_strategies.register(image_strategies.prepared_image_files)


@pytest.fixture
def api_schema(teachable, request, monkeypatch):
    # Schemathesis 4.32 changes this attribute for its reports; pytest 9.2 no longer has it.
    request.node._nodeid = request.node.nodeid
    config = SchemathesisConfig.from_dict(
        {
            "seed": 0,
            "generation": {"max-examples": 30},
            # The drawings are those of predictions, and each change waits for the disk.
            "operations": [
                {
                    "include-path-regex": f"^{PROFILE}",
                    "generation": {"max-examples": 5},
                    "phases": {"coverage": {"enabled": False}},
                }
            ],
        }
    )
    monkeypatch.setattr(
        profile_accuracy, "leave_one_out", lambda base, samples: [None] * len(samples)
    )
    return schemathesis.openapi.from_wsgi("/openapi.json", teachable, config=config)


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


def make_teachable(case):
    """Leave what the schema describes only in words: ink, one digit, a name, an exported file."""
    if "/import" in case.path:
        headers = open_profile(case)
        case.body = (
            case.operation.schema.app.test_client().get(f"{PROFILE}/export", headers=headers).json
        )
        return
    body = case.body
    for drawing in body.get("samples", [body]):
        put_in_range(drawing)
        if "image" in drawing:
            drawing["image"] = IMAGE
    if "text" in body:
        body |= {"text": body["text"][:1], "kind": "digit"}
    if body.get("name"):
        body["name"] = f"A{''.join(filter(str.isprintable, body['name']))}"[:48]


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


def open_profile(case):
    """Return the header that opens a profile: one for all that keep it."""
    app = case.operation.schema.app
    ends = (case.method == "DELETE" and case.path == PROFILE) or case.path == f"{PROFILE}/token"
    if ends or "PROFILE_HEADER" not in app.config:
        client = app.test_client()
        token = client.post(PROFILES, json={"consent": True}).json["token"]
        app.config["PROFILE_HEADER"] = {"Authorization": f"Bearer {token}"}
        client.post(f"{PROFILE}/samples", json=NEW_SAMPLES, headers=app.config["PROFILE_HEADER"])
    return app.config.pop("PROFILE_HEADER") if ends else app.config["PROFILE_HEADER"]


def has_wrong_header(case):
    """Whether the case is about a header that is missing or wrong."""
    kinds = {kind.value: info.mode for kind, info in case.meta.components.items()}
    return "header" in kinds and kinds["header"].is_negative


@schema.parametrize()
@hypothesis.settings(deadline=None)
def test_responses_conform_to_the_document(case):
    is_positive = case.meta.generation.mode.is_positive
    headers = None
    if re.match(f"{PROFILE}(/|$)", case.path) and not has_wrong_header(case):
        headers = open_profile(case)
    if is_positive and isinstance(case.body, dict) and case.path.startswith(PROFILE):
        make_teachable(case)
    if isinstance(case.body, dict) and is_positive:
        put_in_range(case.body)
    if "/numbers" in case.path and is_positive:
        leave_one_constraint(case)
    if "/explanations" in case.path and is_positive:
        name_only_what_exists(case)
    case.call_and_validate(headers=headers)


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
