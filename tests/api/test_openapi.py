"""The OpenAPI document holds for whatever is sent: Schemathesis sends it, with every check on."""

import base64
import json
import re

import hypothesis
import numpy as np
import schemathesis
from hypothesis import strategies as st
from PIL import Image
from requests_to import MODELS, ONE, file_of
from schemathesis.config import SchemathesisConfig

from inkdigits.api import Settings, Shelf, create_app

# What the server in front answers: tested with it.
NOT_OF_THE_APPLICATION = {"/healthz", "/readyz", "/metrics"}

MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "WEBP": ["RGB", "RGBA"],
    "GIF": ["1", "L", "P"],
    "BMP": ["1", "L", "P", "RGB"],
}
KINDS = {f"image/{kind.lower()}": kind for kind in MODES}


@st.composite
def pictures(draw, kind):
    """Files of a kind: blank, of noise or of a stroke, of any mode and odd sizes."""
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pixels = np.full((height, width), draw(st.integers(0, 255)), np.uint8)
    match draw(st.sampled_from(["blank", "noise", "stroke"])):
        case "noise":
            pixels = rng.integers(0, 256, (height, width), np.uint8)
        case "stroke":
            pixels[:, width // 3 : width // 2 + 1] ^= 255
    mode = draw(st.sampled_from(MODES[kind]))
    if mode == "I;16":
        return file_of(pixels.astype(np.uint16) * 257, kind)
    return file_of(Image.fromarray(pixels).convert(mode), kind)


def texts(kind):
    """The same in base64, some as data URLs."""
    encoded = pictures(kind).map(lambda data: base64.b64encode(data).decode())
    return st.builds(
        str.__add__, st.sampled_from(["", f"data:image/{kind.lower()};base64,"]), encoded
    )


schemathesis.openapi.format("digit-image", st.one_of([texts(kind) for kind in MODES]))
for media_type, kind in KINDS.items():
    schemathesis.openapi.media_type(media_type, pictures(kind))
schemathesis.openapi.media_type(
    "application/octet-stream", st.one_of([pictures(kind) for kind in MODES])
)


schema = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    create_app(Shelf(MODELS), Settings()),
    config=SchemathesisConfig.from_dict({"seed": 0, "generation": {"max-examples": 30}}),
).exclude(path=sorted(NOT_OF_THE_APPLICATION))


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


def test_what_is_not_tested_above_is_not_of_the_application(client):
    documented = set(client.get("/openapi.json").json["paths"])
    for path in NOT_OF_THE_APPLICATION:
        assert path in documented
        assert client.get(path).status_code == 404
