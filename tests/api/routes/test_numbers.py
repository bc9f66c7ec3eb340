"""Responses of the routes for numbers, for every way to send a drawing and its constraints."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from requests_to import (
    BLANK,
    NUMBER,
    NUMBER_BATCH,
    ONE,
    assert_problem,
    assert_problem_details,
    base64_of,
    file_of,
    post,
)

from inkdigits.api import Settings, create_app, examples
from inkdigits.api.drawings import render_strokes
from inkdigits.api.routes.numbers import CANVAS
from inkdigits.api.schemas import Stroke
from inkdigits.numbers import recognize_number

STROKES = {"strokes": examples.NUMBER_STROKES}
COMMA = [{"points": [[54, 30], [48, 42]]}, {"points": [[70, 0], [70, 34]]}]  # and a 1


@pytest.fixture(scope="module")
def ink():
    """A drawn 42, uint8 (H, W), 255 is full ink."""
    strokes = [Stroke.model_validate(stroke) for stroke in _floats(examples.NUMBER_STROKES)]
    return np.pad(render_strokes(strokes, CANVAS).ink, 10)


def _floats(strokes):
    """Make all numbers floats, as the parser of requests does."""
    return json.loads(json.dumps(strokes), parse_int=float)


@pytest.fixture(scope="module")
def png(ink):
    return file_of(255 - ink)


def test_number_has_all_fields(client, recognizer, png):
    response = post(client, NUMBER, png, "image/png")
    expected = recognize_number(png, recognizer)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert 0 < response.json["duration_ms"] < 60_000
    assert response.json == {
        "duration_ms": response.json["duration_ms"],
        "text": "42",
        "reason": None,
        "confidence": expected.confidence,
        "written": "42",
        "digits": [
            {"box": list(each.box), "digit": each.digit, "probabilities": list(each.probabilities)}
            for each in expected.digits
        ],
        "separators": [],
        "candidates": [
            {"text": each.text, "probability": each.probability} for each in expected.candidates
        ],
        "model": {"name": recognizer.name, "digest": recognizer.digest},
        "profile": None,
    }


def test_every_way_to_send_a_number_is_accepted(client, png):
    form = {"file": (io.BytesIO(png), "number.jpg")}
    for response in (
        post(client, NUMBER, png, "application/octet-stream"),
        client.post(NUMBER, json={"image": base64_of(png)}),
        client.post(NUMBER, json={"image": f"data:image/png;base64,{base64_of(png)}"}),
        client.post(NUMBER, data=form),
        client.post(NUMBER, json=STROKES),
        client.post(f"{NUMBER}?model=mlp", json=STROKES),
    ):
        assert (response.status_code, response.json["text"]) == (200, "42"), response.text


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (0.001, 5), (1000, -2e5)])
def test_boxes_of_strokes_are_in_their_unit(client, scale, shift):
    strokes = [
        {"points": [[scale * x + shift, scale * y - shift] for x, y in stroke["points"]]}
        for stroke in examples.NUMBER_STROKES + COMMA
    ]
    response = client.post(NUMBER, json={"strokes": strokes}).json
    assert (response["text"], response["written"]) == ("421", "42,1")
    boxes = [item["box"] for item in response["digits"] + response["separators"]]
    # Left, top, right and bottom of the points: the pen reaches half its width farther.
    edges = [(0, 0, 17, 34), (26, 0, 45, 33), (70, 0, 70, 34), (48, 30, 54, 42)]
    for (left, top, width, height), edge in zip(boxes, edges, strict=True):
        found = np.array([left, top, left + width, top + height]) - [shift, -shift] * 2
        np.testing.assert_allclose(found / scale, edge, atol=5)
    assert response["separators"][0]["position"] == 2


def test_constraints_are_fields_of_a_body_or_in_the_query(client, png):
    fields = {"length": 2, "pattern": r"[1-9]\d", "choices": ["17", "42"], "checksum": "luhn"}
    query = fields | {"choices": "17,42"}
    for response in (
        client.post(NUMBER, json={"image": base64_of(png), **fields}),
        client.post(NUMBER, query_string=query, data=png, content_type="image/png"),
        client.post(NUMBER, query_string=query, json=STROKES),
        client.post(NUMBER, json=STROKES | dict.fromkeys(fields)),  # null: no constraint
    ):
        assert response.json["text"] == "42", response.text
    # They decide which text is found.
    for constraint in ({"choices": ["17", "92"]}, {"pattern": "9."}):
        found = client.post(NUMBER, json=STROKES | constraint).json["candidates"]
        assert found[0]["text"] == "92"


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ({"length": 0}, '"length" should be greater than or equal to 1'),
        ({"length": 21}, '"length" should be less than or equal to 20'),
        ({"length": 2.5}, '"length" should be a whole number'),
        ({"length": "2"}, '"length" should be a whole number'),
        ({"length": True}, '"length" should be a whole number'),
        ({"pattern": ""}, '"pattern" should have at least 1 character'),
        ({"pattern": "1" * 101}, '"pattern" should have at most 100 characters'),
        ({"pattern": "(?=1)"}, "pattern"),
        ({"pattern": "\u202e" * 100}, "pattern"),
        ({"pattern": "(" * 100}, "pattern"),
        ({"pattern": r"((\d*\d*){20}){20}"}, "too large"),
        ({"choices": []}, '"choices" should have at least 1 item'),
        ({"choices": ["42"] * 10_001}, '"choices" should have at most 10000 items'),
        ({"choices": ["4 2"]}, '"choices[0]" should match pattern'),
        ({"choices": ["\u0664\u0662"]}, '"choices[0]" should match pattern'),
        ({"choices": ["4" * 21]}, '"choices[0]" should have at most 20 characters'),
        ({"choices": "42"}, '"choices" should be an array'),
        ({"choices": ["42"], "length": 3}, "None of the choices"),
        ({"pattern": r"\d{2}", "length": 3}, "No text of 3 digits"),
        ({"checksum": "crc"}, '"checksum" should be'),
        ({"checksums": "luhn"}, '"checksums" is unknown'),
    ],
)
@pytest.mark.parametrize("path", [NUMBER, NUMBER_BATCH])
def test_invalid_constraint_returns_422(client, path, constraint, words):
    body = {"drawings": [STROKES]} if path == NUMBER_BATCH else STROKES
    assert words in assert_problem(client.post(path, json=body | constraint), 422)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("length=two", "whole number"),
        ("length=", "whole number"),
        ("length=99", "less than"),
        ("choices=", "pattern"),
        ("choices=1,,2", "pattern"),
        ("length=2&length=2", "repeated"),
        ("seen=true", "unknown"),
        ("model=gpt", "no model"),
    ],
)
def test_invalid_query_returns_422(client, query, words):
    assert words in assert_problem(client.post(f"{NUMBER}?{query}", json=STROKES), 422)


def test_constraint_that_is_sent_twice_returns_422(client):
    response = client.post(f"{NUMBER}?length=2", json=STROKES | {"length": 2})
    assert '"length" is both' in assert_problem(response, 422)


def test_what_is_not_a_number_is_rejected(client):
    blank = client.post(NUMBER, data=file_of(np.full((40, 120), 255, np.uint8)))
    assert_problem(blank, 415)  # without a Content-Type
    blank = post(client, NUMBER, file_of(np.full((40, 120), 255, np.uint8)), "image/png").json
    assert (blank["text"], blank["reason"], blank["digits"]) == (None, "blank", [])
    cross = [{"points": [[0, 0], [30, 30]]}, {"points": [[30, 0], [0, 30]]}]
    word = client.post(NUMBER, json={"strokes": cross}).json
    assert (word["text"], word["reason"]) == (None, "not_a_number")


def test_batch_is_in_order_and_errors_are_per_drawing(client, png):
    drawings = [
        STROKES,
        {"image": "%"},
        {"image": base64_of(png)},
        7,
        BLANK,
        STROKES | {"length": 2},
    ]
    body = {"drawings": drawings, "choices": ["42", "43"]}
    response = client.post(NUMBER_BATCH, json=body)
    items = response.json["numbers"]
    assert [item.get("text", item.get("status")) for item in items] == [
        *("42", 400, "42", 422, 422, 422)
    ]
    for item in items:
        if "status" in item:
            assert_problem_details(item, item["status"])
            assert item["request_id"] == response.headers["X-Request-ID"]
    assert all(len(item["candidates"]) <= 2 for item in items if "text" in item)


def test_batch_limits_are_settings(registry):
    client = create_app(registry, Settings(batch_limit=2)).test_client()
    assert "2" in assert_problem(client.post(NUMBER_BATCH, json={"drawings": [STROKES] * 3}), 422)
    client = create_app(registry, Settings(batch_timeout_s=1e-9)).test_client()
    response = client.post(NUMBER_BATCH, json={"drawings": [STROKES]})
    assert response.json["numbers"][0]["status"] == 503


def test_prediction_tells_what_may_be_a_number(client, png, seven):
    assert post(client, ONE, png, "image/png").json["may_be_number"] is True
    assert client.post(ONE, json=STROKES).json["may_be_number"] is True
    assert post(client, ONE, file_of(seven), "image/png").json["may_be_number"] is False
    assert client.post(ONE, json=BLANK).json["may_be_number"] is False
    cross = [{"points": [[0, 0], [30, 30]]}, {"points": [[30, 0], [0, 30]]}]
    response = client.post(ONE, json={"strokes": cross}).json
    assert (response["reason"], response["may_be_number"]) == ("not_a_digit", False)


# Attacks: what a prediction rejects, a number rejects, with the same status and sentence.


def png_header(width, height):
    """The beginning of a PNG that declares a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def animation():
    file = io.BytesIO()
    frames = [Image.new("L", (20, 20), shade) for shade in (0, 255)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


IMAGE = base64_of(file_of(np.zeros((9, 9), np.uint8)))
JSON_BODIES = [
    b"",
    b"{",
    b"null",
    b"[" * 400_000,
    b'{"image": NaN}',
    b'{"image": ' + b"7" * 5000 + b"}",
    b'{"image": "\xff"}',
    f'{{"image": "{IMAGE}", "image": "{IMAGE}"}}'.encode("ascii"),
    b'{"strokes": [' + b"[1],[1]," * 50_000 + b"1]}",
    b'{"strokes": [{"points": [[0, 2e6]]}]}',
    b'{"strokes": []}',
    b'{"image": 7}',
    b'{"image": ""}',
    b'{"image": "%"}',
    b'{"image": "http://127.0.0.1/42.png"}',
    b'{"image": "file:///etc/passwd"}',
    b'{"image": "data:image/svg+xml;base64,AAAA"}',
    b'{"image": "data:' + b";a" * 1000 + b';base64,AAAA"}',
]
FILES = [
    b"",
    b"not an image",
    b"%PDF-1.7",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    png_header(1, 178_000_000),
    png_header(20_000, 20_000),
    png_header(0, 0),
    file_of(np.eye(99, dtype=np.uint8))[:-20],
    file_of(np.eye(99, dtype=np.uint8)).replace(b"IDAT", b"IDAT\0"),
    animation(),
]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        *(("application/json", body) for body in JSON_BODIES),
        *(("image/png", body) for body in FILES),
        ("text/plain", b"42"),
        ("multipart/form-data; boundary=x", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 300_000),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_number_rejects_what_a_prediction_rejects(client, content_type, body):
    rejected = post(client, ONE, body, content_type)
    assert rejected.status_code in (400, 413, 415, 422)
    detail = assert_problem(post(client, NUMBER, body, content_type), rejected.status_code)
    assert detail == rejected.json["detail"]


def test_other_drawings_and_too_many_points_return_422(client):
    for body in ({}, BLANK, {"drawing": STROKES}):
        assert '"image" or "strokes"' in assert_problem(client.post(NUMBER, json=body), 422)
    strokes = [{"points": [[0, 0]] * 10_000}] * 2 + [{"points": [[0, 0]]}]
    response = client.post(NUMBER, json={"strokes": strokes})
    assert "20,001 points" in assert_problem(response, 422)


@pytest.mark.parametrize("extent", [(1e6, 1e-6), (1e-6, 1e6), (1e6, 1e6), (0, 0)])
@pytest.mark.parametrize("width", [5e-324, 1e6, None])
def test_strokes_of_any_extent_fit_the_canvas(client, extent, width):
    stroke = {"points": [[0, 0], list(extent)]} | ({} if width is None else {"width": width})
    canvas = render_strokes([Stroke.model_validate(_floats(stroke))], CANVAS).ink
    assert canvas.shape[0] < 1.1 * CANVAS.height_px + 5
    assert canvas.shape[1] < 1.1 * CANVAS.width_px + 5
    assert client.post(NUMBER, json={"strokes": [stroke]}).status_code == 200
