"""The OpenAPI document holds for whatever is sent: Schemathesis sends it, with every check on."""

import json
import re

import drawn_requests
import hypothesis
import schemathesis
from requests_to import MODELS, ONE
from schemathesis.config import SchemathesisConfig

from inkdigits.api import Settings, Shelf, create_app

drawn_requests.register()

schema = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    create_app(Shelf(MODELS), Settings()),
    config=SchemathesisConfig.from_dict({"seed": 0, "generation": {"max-examples": 30}}),
)


@schema.parametrize()
@hypothesis.settings(deadline=None)
def test_whatever_is_sent_is_answered_as_the_document_says(case):
    case.call_and_validate()


def test_the_document_is_served_and_refers_to_nothing_that_is_missing(client):
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == set(document["components"]["schemas"])
    form = document["paths"][ONE]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["required"] == ["image"]
    image = document["components"]["schemas"]["ImageDrawing"]["properties"]["image"]
    assert image["format"] == "digit-image"
