"""Responses of the prediction routes, for every way to send a drawing."""

import base64
import io
import json
import socket
import struct
import tracemalloc
import zipfile
import zlib
from operator import eq

import numpy as np
import pytest
from PIL import Image
from requests_to import (
    BATCH,
    BLANK,
    FIELDS,
    FILES,
    MODELS,
    ONE,
    PREDICT,
    assert_problem,
    assert_problem_details,
    base64_of,
    file_of,
    post,
)

from inkdigits.api import Settings, create_app
from inkdigits.api.bodies import MAX_FORM_PARTS

PATHS = (PREDICT, ONE, BATCH)


@pytest.fixture(params=FILES)
def send(request, client):
    """Send an image file in each possible way, with or without its media type."""
    return lambda data, media_type=None: FILES[request.param](client, data, media_type)


@pytest.fixture(params=FIELDS)
def send_image(request, client):
    """Send a string as the image in each possible way."""
    return lambda image: FIELDS[request.param](client, {"image": image})


@pytest.fixture(scope="session")
def ink(recognizer, png):
    """A seven as the API's pixels: 0 is the background and 255 full ink."""
    return recognizer.recognize(png).seen.astype(float)


def assert_rejected(outcome, status, words=""):
    assert outcome.status == status, outcome
    assert words in outcome.detail


# Predictions.


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_format_is_accepted_with_and_without_its_media_type(send, seven, kind):
    data = file_of(seven.repeat(8, 0).repeat(8, 1), kind)
    assert send(data).digit == send(data, f"image/{kind.lower()}").digit == 7


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:Image/PNG; Base64,"])
def test_write_ups_client_works_unchanged(client, recognizer, png, prefix):
    response = client.post(PREDICT, json={"image": prefix + base64_of(png)})
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert set(response.json) == {"predicted_digit", "probabilities"}
    assert response.json["predicted_digit"] == 7
    assert response.json["probabilities"] == list(recognizer.recognize(png).probabilities)
    assert sum(response.json["probabilities"]) == pytest.approx(1, abs=1e-6)


def test_write_ups_canvas_is_recognized(client):
    canvas = np.full((28, 28, 3), (93, 212, 248), np.uint8)
    canvas[6:23, 13:15] = 0
    response = client.post(PREDICT, json={"image": base64_of(file_of(canvas))})
    assert response.json["predicted_digit"] == 1


def test_prediction_has_all_fields(client, recognizer, png):
    response = post(client, ONE, png, "image/png")
    expected = recognizer.recognize(png)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert 0 < response.json.pop("duration_ms") < 60_000
    assert response.json == response.json | {
        "digit": 7,
        "label": "7",
        "reason": None,
        "confidence": expected.confidence,
        "probabilities": list(expected.probabilities),
        "seen": None,
        "model": {"name": recognizer.name, "digest": recognizer.digest},
    }


@pytest.mark.parametrize("path", [ONE, BATCH])
def test_seen_is_returned_on_request(client, recognizer, png, path):
    fields = {"image": base64_of(png)}
    body = {"drawings": [fields]} if path == BATCH else fields
    for seen, shown in (("?seen=true", True), ("?seen=false", False), ("", False)):
        response = client.post(path + seen, json=body).json
        url = (response["predictions"][0] if path == BATCH else response)["seen"]
        if not shown:
            assert url is None
            continue
        prefix, _, text = url.partition(",")
        assert prefix == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(text))) as image:
            np.testing.assert_array_equal(np.asarray(image), recognizer.recognize(png).seen)


@pytest.mark.parametrize("path", [ONE, BATCH])
@pytest.mark.parametrize("name", MODELS)
def test_query_chooses_the_model(client, registry, png, path, name):
    fields = {"image": base64_of(png)}
    body = {"drawings": [fields]} if path == BATCH else fields
    response = client.post(f"{path}?model={name}", json=body).json
    response = response["predictions"][0] if path == BATCH else response
    assert response["model"] == {"name": name, "digest": registry.get(name).digest}
    assert response["probabilities"] == list(registry.get(name).recognize(png).probabilities)


@pytest.mark.parametrize("path", [ONE, BATCH])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("model=gpt", "no model"),
        ("model=", "no model"),
        ("model=mlp&model=mlp", "repeated"),
        ("seen=1", "true or false"),
        ("seen=", "true or false"),
        ("seen=True", "true or false"),
        ("saw=true", "unknown"),
        ("%FF=1", "unknown"),
        ("x" * 5000, "unknown"),
    ],
)
def test_invalid_query_returns_422(client, path, query, words):
    body = {"drawings": [BLANK]} if path == BATCH else BLANK
    assert words in assert_problem(client.post(f"{path}?{query}", json=body), 422)


@pytest.mark.parametrize("digit", range(10))
def test_strokes_are_recognized_at_any_scale(client, digit):
    lines = DRAWN[digit]
    for scale, width in ((1, 0.3), (100, 30), (0.001, 0.0003)):
        strokes = [
            {"points": [[scale * x + 7, scale * y - 3] for x, y in line], "width": width}
            for line in lines
        ]
        assert client.post(ONE, json={"strokes": strokes}).json["digit"] == digit


DRAWN = {
    0: [[(1, 0), (0.3, 0.5), (0, 1.5), (0.3, 2.5), (1, 3), (1.7, 2.5), (2, 1.5),
         (1.7, 0.5), (1, 0)]],
    1: [[(0, 0), (0, 3)]],
    2: [[(0, 0.6), (0.5, 0.05), (1.3, 0), (1.8, 0.5), (1.6, 1.3), (0, 3), (2, 3)]],
    3: [[(0, 0.3), (0.8, 0), (1.5, 0.4), (1.3, 1.1), (0.6, 1.4), (1.4, 1.7), (1.7, 2.3),
         (1.2, 2.9), (0.5, 3), (0, 2.7)]],
    4: [[(0.3, 0), (0, 1.7), (1.6, 1.7)], [(1.3, 0), (1.3, 3)]],
    5: [[(1.6, 0), (0.3, 0), (0.2, 1.3), (1, 1.2), (1.6, 1.7), (1.6, 2.5), (0.9, 3), (0, 2.8)]],
    6: [[(1.3, 0), (0.4, 1), (0, 2), (0.3, 2.8), (1, 3), (1.5, 2.5), (1.3, 1.8),
         (0.6, 1.7), (0.1, 2.2)]],
    7: [[(0, 0), (1.8, 0), (0.7, 3)]],
    8: [[(1, 1.4), (0.3, 0.9), (0.4, 0.2), (1, 0), (1.6, 0.3), (1.5, 0.9), (1, 1.4), (0.3, 2),
         (0.2, 2.7), (0.9, 3), (1.6, 2.7), (1.6, 2), (1, 1.4)]],
    9: [[(1.6, 0.6), (1, 0), (0.3, 0.3), (0.2, 1), (0.8, 1.4), (1.5, 1), (1.6, 0.5), (1.5, 3)]],
}  # fmt: skip


def test_pixels_are_recognized_like_mnist_images(client, recognizer, unseen_digits):
    images = unseen_digits.images[:32]
    responses = client.post(
        f"{BATCH}?seen=true", json={"drawings": [{"pixels": image.tolist()} for image in images]}
    ).json["predictions"]
    expected = [recognizer.recognize_ink(image) for image in images]
    assert [response["probabilities"] for response in responses] == [
        list(prediction.probabilities) for prediction in expected
    ]
    labels = unseen_digits.labels[:32].tolist()
    digits = [response["digit"] for response in responses]
    assert sum(map(eq, digits, labels)) >= 30


def test_fractional_pixels_are_rounded(client, recognizer, unseen_digits):
    image = unseen_digits.images[0]
    near = np.clip(image - 0.4, 0, 255)
    response = client.post(ONE, json={"pixels": near.tolist()}).json
    assert response["probabilities"] == list(recognizer.recognize_ink(image).probabilities)


def test_png_files_get_the_same_predictions_as_arrays(client, recognizer, unseen_digits):
    images = unseen_digits.images[:500]
    responses = [
        client.post(PREDICT, json={"image": base64_of(file_of(image))}).json for image in images
    ]
    expected = recognizer.predict_batch(recognizer.preprocess_mnist(images))
    assert expected.rejected.mean() < 0.02
    digits = expected.probabilities.argmax(axis=1).tolist()
    assert [response["predicted_digit"] for response in responses] == [
        "none" if rejected else digit
        for rejected, digit in zip(expected.rejected, digits, strict=True)
    ]
    probabilities = [response["probabilities"] for response in responses]
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-4, rtol=0)


def test_batch_is_in_order_and_errors_are_per_drawing(client, png, unseen_digits):
    one, two = (
        next(
            image
            for image, label in zip(unseen_digits.images, unseen_digits.labels, strict=True)
            if label == digit
        ).tolist()
        for digit in (1, 2)
    )
    drawings = [
        {"pixels": one},
        {"image": "%"},
        {"image": base64_of(png)},
        {"image": base64_of(b"not an image")},
        7,
        None,
        {"pixels": two[:27]},
        {"strokes": []},
        {"pixels": two},
        {"image": ""},
    ]
    response = client.post(BATCH, json={"drawings": drawings})
    assert response.status_code == 200
    items = response.json["predictions"]
    assert [item.get("digit", item.get("status")) for item in items] == [
        *(1, 400, 7, 415, 422, 422, 422, 422, 2, 400)
    ]
    for item in items:
        if "status" in item:
            assert_problem_details(item, item["status"])
            assert item["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("drawings", [[], {}, None, "x", [BLANK] * 33])
def test_empty_or_oversized_batch_returns_422(client, drawings):
    assert "drawings" in assert_problem(client.post(BATCH, json={"drawings": drawings}), 422)


def test_batch_limit_is_a_setting(registry):
    client = create_app(registry, Settings(batch_limit=2)).test_client()
    assert client.post(BATCH, json={"drawings": [BLANK] * 2}).status_code == 200
    assert "2" in assert_problem(client.post(BATCH, json={"drawings": [BLANK] * 3}), 422)
    assert client.get("/openapi.json").json["paths"][BATCH]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]["properties"]["drawings"]["maxItems"] == 2  # fmt: skip


# Rejections: HTTP.


@pytest.mark.parametrize("path", PATHS)
def test_empty_body_returns_400(client, path):
    assert_problem(post(client, path, b""), 400)


def test_empty_image_file_returns_400(client):
    assert_problem(post(client, ONE, b"", "image/png"), 400)
    assert_problem(client.post(ONE, data={"image": (io.BytesIO(), "digit.png")}), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"image=7", b"{", b'{"image": "a"} x', b"{'image': 'a'}", b"\0"])
def test_invalid_json_returns_400(client, path, body):
    assert_problem(post(client, path, body), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "text/json",
        "application/json-seq",
        "text/html",
        "video/png",
        "image",
    ],
)
def test_wrong_or_missing_content_type_returns_415(client, png, path, content_type):
    for body in (json.dumps({"image": base64_of(png)}), png):
        assert "application/json" in assert_problem(post(client, path, body, content_type), 415)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("content_type", ["image/png", "image/svg+xml", "application/pdf"])
def test_json_labeled_as_a_file_returns_415(client, png, path, content_type):
    body = json.dumps({"image": base64_of(png)})
    assert_problem(post(client, path, body, content_type), 415)


@pytest.mark.parametrize("path", [PREDICT, BATCH])
@pytest.mark.parametrize("content_type", ["image/png", "multipart/form-data; boundary=x"])
def test_image_file_returns_415_where_only_json_is_accepted(client, png, path, content_type):
    assert_problem(post(client, path, png, content_type), 415)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"]
)
@pytest.mark.parametrize("path", [PREDICT, ONE])
def test_content_type_is_case_insensitive_and_takes_parameters(client, png, path, content_type):
    body = json.dumps({"image": base64_of(png)})
    assert post(client, path, body, content_type).status_code == 200


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"photo": "file"},
        {"image": "field"},
        {"file": "field"},
        {"image": "file", "file": "file"},
        {"image": "file", "file": "field"},
        {"image": "field", "file": "file"},
        {"image": "file", "other": "file"},
        {"image": "file", "other": "field"},
        {"file": ["file", "file"]},
        {"image": ["file", "file"]},
        {f"image{index}": "field" for index in range(MAX_FORM_PARTS + 1)},
    ],
)
def test_form_that_is_not_one_image_returns_422(client, png, parts):
    def part(kind):
        return (io.BytesIO(png), "digit.png") if kind == "file" else "text"

    fields = {
        name: [part(kind) for kind in kinds] if isinstance(kinds, list) else part(kinds)
        for name, kinds in parts.items()
    }
    response = client.post(ONE, data=fields, content_type="multipart/form-data")
    assert "form" in assert_problem(response, 422)


@pytest.mark.parametrize("name", ["image", "file"])
@pytest.mark.parametrize("media_type", ["image/jpeg", "text/plain", "application/x-sh", ""])
def test_file_of_a_form_is_opened_by_its_content(client, png, name, media_type):
    file = (io.BytesIO(png), "7.jpg", media_type)
    response = client.post(ONE, data={name: file})
    assert (response.status_code, response.json["digit"]) == (200, 7)


@pytest.mark.parametrize("name", ["image", "file"])
@pytest.mark.parametrize("filename", ["../../etc/passwd", "7.png\0.sh", "<svg onload=alert(1)>"])
def test_file_name_of_a_form_is_never_used(client, png, name, filename):
    response = client.post(ONE, data={name: (io.BytesIO(png), filename)})
    assert (response.status_code, response.json["digit"]) == (200, 7)
    response = client.post(ONE, data={name: (io.BytesIO(b"not an image"), filename)})
    assert filename not in assert_problem(response, 415)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=", b"--x--"),
        ("multipart/form-data; boundary=\u00e9", b"--x--"),
        ("multipart/form-data; boundary=x", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="image"'),
    ],
)
def test_malformed_form_returns_400(client, content_type, body):
    assert_problem(post(client, ONE, body, content_type), 400)


def test_parsing_stops_after_the_maximum_of_form_parts(client):
    def response_to(parts):
        part = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n1\r\n'
        broken = b"--x\r\nno header\r\n\r\n1\r\n--x--"
        return post(client, ONE, part * parts + broken, "multipart/form-data; boundary=x")

    assert_problem(response_to(MAX_FORM_PARTS - 1), 400)
    assert_problem(response_to(MAX_FORM_PARTS + 1), 422)


@pytest.mark.parametrize("way", sorted(set(FILES) - {"batch"}))  # its body has more drawings
def test_image_of_16_mib_is_accepted_and_one_byte_more_returns_413(client, way):
    assert_rejected(FILES[way](client, b"?" * 16 * 2**20, "image/png"), 415)
    too_large = FILES[way](client, b"?" * (16 * 2**20 + 1), "image/png")
    assert_rejected(too_large, 413, "16,777,217 bytes")


# Rejections: JSON.


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"image":[', b'{"drawings":['])
def test_json_nested_400_000_deep_returns_400(client, path, opening):
    assert_problem(post(client, path, opening * 400_000), 400)
    assert_problem(post(client, path, opening * 400_000 + b"1" + b"]" * 400_000), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_nan_or_infinity_returns_400(client, path, number):
    for name in ("image", "pixels", "drawings"):
        assert_problem(post(client, path, f'{{"{name}": {number}}}'), 400)
        assert_problem(post(client, path, f'{{"{name}": [[{number}]]}}'), 400)


@pytest.mark.parametrize("path", PATHS)
def test_duplicate_keys_return_400(client, png, path):
    image = base64_of(png)
    for body in (
        f'{{"image": "{image}", "image": "{image}"}}',
        f'{{"image": "{image}", "im\\u0061ge": "{image}"}}',
        '{"image": {"a": 1, "a": 1}}',
        f'{{"drawings": [{{"image": "{image}", "image": "{image}"}}]}}',
    ):
        assert "duplicate name" in assert_problem(post(client, path, body), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_integer_of_5_000_digits_returns_400(client, path, sign):
    response = post(client, path, f'{{"image": {sign}{"7" * 5000}}}')
    assert "too large" in assert_problem(response, 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_other_encodings_return_400(client, png, path, encoding):
    body = json.dumps({"image": base64_of(png)})
    assert_problem(post(client, path, body.encode(encoding)), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "data", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"]
)
def test_invalid_utf_8_returns_400(client, path, data):
    assert "UTF-8" in assert_problem(post(client, path, b'{"image": "' + data + b'"}'), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", ["null", "[]", '["image"]', '"image"', "7", "true"])
def test_json_that_is_not_an_object_returns_400(client, path, body):
    assert "object" in assert_problem(post(client, path, body), 400)


@pytest.mark.parametrize("name", ["img", "Image", "", "\ud800", "__class__", "x" * 100_000])
def test_unknown_field_returns_422(client, png, name):
    response = client.post(PREDICT, json={"image": base64_of(png), name: 1})
    assert "image" in assert_problem(response, 422)


@pytest.mark.parametrize("name", ["img", "pixels", "", "x" * 100_000])
@pytest.mark.parametrize("send", ["one", "batch"])
def test_unknown_field_of_a_drawing_returns_422(client, png, send, name):
    outcome = FIELDS[send](client, {"image": base64_of(png), name: 1})
    assert_rejected(outcome, 422, f'"{name[:40]}" is unknown')


def test_unknown_field_of_a_batch_returns_422(client):
    response = client.post(BATCH, json={"drawings": [BLANK], "model": "mlp"})
    assert '"model" is unknown' in assert_problem(response, 422)


@pytest.mark.parametrize("image", [None, 7, 7.5, True, [], ["AAAA"], {}, {"data": "AAAA"}])
def test_image_of_the_wrong_type_returns_422(send_image, image):
    assert_rejected(send_image(image), 422, "image")


@pytest.mark.parametrize("way", FIELDS)
def test_missing_image_returns_422(client, way):
    assert_rejected(FIELDS[way](client, {}), 422, "image")


STROKE = {"points": [[0, 0], [1, 1]], "width": 1}


@pytest.mark.parametrize("way", ["one", "batch"])
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strokes": []}, '"strokes" should have at least 1 item'),
        ({"strokes": {}}, '"strokes" should be an array'),
        ({"strokes": [7]}, '"strokes[0]" should be an object'),
        ({"strokes": [STROKE, {"width": 1}]}, '"strokes[1].points" is missing'),
        ({"strokes": [STROKE | {"width": 0}]}, '"strokes[0].width" should be greater than 0'),
        ({"strokes": [STROKE | {"width": True}]}, '"strokes[0].width" should be a number'),
        ({"strokes": [STROKE | {"color": 1}]}, '"strokes[0].color" is unknown'),
        ({"strokes": [STROKE | {"points": [[0, 1, 2]]}]}, '"strokes[0].points[0]" should have'),
        ({"strokes": [STROKE | {"points": [[0, "1"]]}]}, '"strokes[0].points[0][1]" should be a'),
        ({"strokes": [STROKE | {"points": [[0, 2e6]]}]}, '"strokes[0].points[0][1]" should be le'),
        ({"strokes": [STROKE] * 201}, '"strokes" should have at most 200 items, not 201'),
        ({"strokes": [STROKE], "width": 1}, '"width" is unknown'),
        ({"pixels": [[0] * 28] * 27}, '"pixels" should have at least 28 items, not 27'),
        ({"pixels": [[0] * 29] * 28}, '"pixels[0]" should have at most 28 items'),
        ({"pixels": [[256] * 28] * 28}, '"pixels[0][0]" should be less than or equal to 255'),
        ({"pixels": [[-1] * 28] * 28}, '"pixels[0][0]" should be greater than or equal to 0'),
        ({"pixels": "0" * 784}, '"pixels" should be an array'),
        ({"drawing": BLANK}, '"image", "strokes" or "pixels"'),
    ],
)
def test_invalid_strokes_or_pixels_return_422(client, way, fields, words):
    assert_rejected(FIELDS[way](client, fields), 422, words)


def test_too_many_points_return_422(client):
    point = [0, 0]
    strokes = {"strokes": [{"points": [point] * 10_000, "width": 1}] * 2}
    assert FIELDS["one"](client, strokes).status == 200
    strokes["strokes"].append({"points": [point], "width": 1})
    assert_rejected(FIELDS["one"](client, strokes), 422, "20,001 points")
    strokes = {"strokes": [{"points": [point] * 10_001, "width": 1}]}
    assert_rejected(FIELDS["one"](client, strokes), 422, "10000")


@pytest.mark.parametrize("path", PATHS)
def test_one_million_values_return_422_without_being_parsed(client, path):
    body = b'{"strokes": [' + b"[1],[1]," * 500_000 + b"1]}"
    tracemalloc.start()
    try:
        response = post(client, path, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "50,000 values" in assert_problem(response, 422)
    assert peak < 3 * len(body)


# Rejections: images.


@pytest.mark.parametrize("image", ["", "data:image/png;base64,"])
def test_empty_base64_returns_400(send_image, image):
    assert_rejected(send_image(image), 400, "empty")


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:8] + "\n" + text[8:],
        lambda text: " " + text,
        lambda text: text[:8] + "*" + text[9:],
        lambda text: text[:8] + "-_" + text[10:],
        lambda text: text[:8] + "\u00e9" + text[9:],
        lambda text: text[:8] + "\0" + text[9:],
        lambda text: text[:8] + "=" + text[9:],
        lambda text: text.rstrip("=") + "A====",
        lambda text: text[:8] + "====",
        lambda text: text[:9],
        lambda text: text[:11],
        lambda text: "=",
    ],
)
def test_invalid_base64_returns_400(send_image, png, prefix, damage):
    assert_rejected(send_image(prefix + damage(base64_of(png))), 400, "base64 data is invalid")


def test_lone_surrogate_returns_400(send_image, png):
    assert_rejected(send_image("\ud800" + base64_of(png)), 400)


@pytest.mark.parametrize("data", [b"<svg/>", None])
@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "text/plain", "png", "*/*"])
def test_data_url_of_another_media_type_returns_415(send_image, png, media_type, data):
    url = f"data:{media_type};base64,{base64_of(data or png)}"
    assert_rejected(send_image(url), 415, "media type")


@pytest.mark.parametrize(
    "media_type", ["", "image/jpeg", "image/x-unheard-of", "application/octet-stream"]
)
def test_data_url_is_opened_by_its_content(send_image, png, media_type):
    assert send_image(f"data:{media_type};base64,{base64_of(png)}").digit == 7
    html = base64_of(b"<!doctype html><title>7</title>")
    assert_rejected(send_image(f"data:{media_type};base64,{html}"), 415)


@pytest.mark.parametrize(
    "header", ["image/png", "image/png;base64", "image/png;base32,", "image/png;base64;a=b,", ","]
)
def test_data_url_without_base64_returns_400(send_image, png, header):
    assert_rejected(send_image(f"data:{header}{base64_of(png)}"), 400, "base64")


def test_data_url_may_have_parameters(send_image, png):
    assert send_image(f"data:image/png;name=seven.png;base64,{base64_of(png)}").digit == 7


SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%s<rect width="9" height="9"/></svg>'


@pytest.mark.parametrize(
    "data",
    [
        SVG % b"<script>alert(1)</script>",
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + SVG % b"&x;",
    ],
)
def test_svg_returns_415(send, data):
    outcome = send(data)
    assert_rejected(outcome, 415)
    assert "root:" not in outcome.detail


def test_html_returns_415(send):
    assert_rejected(send(b"<!doctype html><title>7</title>"), 415)


@pytest.mark.parametrize("kind", ["PDF", "EPS", "ICO", "FITS"])
def test_other_file_formats_return_415(send, seven, kind):
    data = b"SIMPLE  =" + bytes(2871) if kind == "FITS" else file_of(seven, kind)
    assert_rejected(send(data), 415)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/tiff", "image/heic"])
def test_content_determines_the_format_whatever_the_media_type(send, png, media_type):
    assert send(png, media_type).digit == 7


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animation_returns_415(send, seven, kind):
    frames = [Image.fromarray(255 - seven), Image.fromarray(seven)]
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:])
    assert_rejected(send(data), 415, "animated")


def chunk(name, body=b""):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width, height, *chunks):
    """A PNG file of gray pixels that declares a size, whatever its chunks hold."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND")


def pixels_of(count):
    return chunk(b"IDAT", zlib.compress(bytes(count)))


def test_image_without_pixels_returns_400(send):
    assert_rejected(send(png_of(0, 0, pixels_of(0))), 400)


def test_tiny_file_of_178_megapixels_returns_413(send):
    assert_rejected(send(png_of(1, 178_000_000, pixels_of(9))), 413)


def test_rejecting_178_megapixels_takes_no_memory(client):
    data = png_of(1, 178_000_000, pixels_of(9))
    post(client, ONE, data, "image/png")
    tracemalloc.start()
    try:
        assert post(client, ONE, data, "image/png").status_code == 413
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


def test_image_of_20_000_by_20_000_returns_413(send):
    assert_rejected(send(png_of(20_000, 20_000, pixels_of(9))), 413)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_file_returns_400(send, seven, kind):
    data = file_of(seven, kind)
    assert_rejected(send(data[: len(data) // 2]), 400)


def test_wrong_checksum_returns_400(send, png):
    position = png.index(b"IDAT") - 5  # the last byte of the checksum before
    damaged = png[:position] + bytes([png[position] ^ 1]) + png[position + 1 :]
    assert_rejected(send(damaged), 400, "checksum")


def test_png_without_its_end_returns_400(send, png):
    assert_rejected(send(png[:-12]), 400)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_zip_appended_to_an_image_is_ignored(send, seven, kind):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "hidden")
    assert send(file_of(seven.repeat(8, 0).repeat(8, 1), kind) + file.getvalue()).digit == 7


def test_pixels_beyond_the_declared_size_return_400(send):
    assert_rejected(send(png_of(28, 28, pixels_of(28 * 29 + 1))), 400)
    assert_rejected(send(png_of(28, 28, pixels_of(50_000_000))), 400)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_text_or_profile_that_inflates_to_megabytes_returns_400(send, name):
    text = chunk(name, b"a\0\0" + zlib.compress(bytes(5_000_000)))
    assert_rejected(send(png_of(28, 28, text, pixels_of(28 * 29))), 400)


def test_100_000_text_chunks_return_400(send):
    texts = chunk(b"tEXt", b"a\0b") * 100_000
    assert_rejected(send(png_of(28, 28, texts, pixels_of(28 * 29))), 400)


def test_exif_orientation_is_applied_and_metadata_not_returned(client, seven):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010E] = "a secret place"
    data = file_of(np.ascontiguousarray(seven[::-1, ::-1]), "PNG", exif=exif)
    response = post(client, f"{ONE}?seen=true", data, "image/png")
    assert response.json["digit"] == 7
    assert b"secret" not in response.data
    assert b"secret" not in base64.b64decode(response.json["seen"].partition(",")[2])


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("I;16", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("1", "PNG"), ("CMYK", "JPEG")],
)
def test_every_color_mode_is_accepted(send, seven, mode, kind):
    if mode == "I;16":
        data = file_of(seven[:, :, 0].astype(np.uint16) * 257)
    else:
        data = file_of(Image.fromarray(seven).convert(mode), kind)
    outcome = send(data)
    assert outcome.status == 200
    assert np.isfinite(outcome.probabilities).all()
    assert sum(outcome.probabilities) == pytest.approx(1, abs=1e-6)
    assert outcome.digit == 7


def test_blank_image_has_no_digit(send):
    for blank in (np.zeros((28, 28), np.uint8), np.full((200, 300, 3), 255, np.uint8)):
        outcome = send(file_of(blank))
        assert (outcome.status, outcome.digit) == (200, None)
        assert sum(outcome.probabilities) == pytest.approx(1)


def test_reason_is_blank_or_not_a_digit(client):
    assert client.post(ONE, json=BLANK).json["reason"] == "blank"
    board = (np.indices((28, 28)).sum(axis=0) % 2 * 255).astype(np.uint8)
    response = client.post(ONE, json={"pixels": board.tolist()}).json
    assert (response["digit"], response["reason"]) == (None, "not_a_digit")
    response = client.post(PREDICT, json={"image": base64_of(file_of(board))}).json
    assert response["predicted_digit"] == "none"


@pytest.mark.parametrize("way", ["one", "batch"])
def test_pixels_from_0_to_1_are_rejected_with_the_factor(client, ink, way):
    assert FIELDS[way](client, {"pixels": ink.tolist()}).digit == 7
    for pixels in (ink / 255, (ink > 127).astype(float), np.full((28, 28), 0.001)):
        outcome = FIELDS[way](client, {"pixels": pixels.tolist()})
        assert_rejected(outcome, 422, "multiply them by 255")


@pytest.mark.parametrize("way", ["one", "batch"])
@pytest.mark.parametrize("paper", [128, 200, 255])
def test_dark_ink_on_a_light_background_is_rejected_with_the_direction(client, ink, way, paper):
    pixels = np.minimum(255 - ink, paper)
    outcome = FIELDS[way](client, {"pixels": pixels.tolist()})
    assert_rejected(outcome, 422, "255 minus")


def test_frames_and_thick_ink_are_no_light_background(client, ink):
    framed = ink.copy()
    framed[[0, -1]] = framed[:, [0, -1]] = 255
    thick = np.full((28, 28), 255.0)
    thick[[0, -1]] = thick[:, [0, -1]] = 0
    for pixels in (framed, thick):
        assert client.post(ONE, json={"pixels": pixels.tolist()}).status_code == 200


def test_width_of_strokes_may_be_left_out(client):
    points = [[0, 0], [18, 0], [7, 30]]
    for scale in (1e-6, 1, 1e4):
        stroke = {"points": [[scale * x, scale * y] for x, y in points]}
        for width in ({}, {"width": None}):
            response = client.post(ONE, json={"strokes": [stroke | width]})
            assert (response.status_code, response.json["digit"]) == (200, 7)
    for dots in ([[0, 0]], [[5e-324, 0], [0, 0]], [[1e6, -1e6]] * 2):
        assert client.post(ONE, json={"strokes": [{"points": dots}]}).status_code == 200


def test_inverted_colors_give_the_same_digit(send, seven):
    assert send(file_of(255 - seven)).digit == send(file_of(seven)).digit == 7


def test_url_as_image_returns_400_and_is_not_fetched(send_image, png, tmp_path):
    (tmp_path / "digit.png").write_bytes(png)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        host = f"127.0.0.1:{server.getsockname()[1]}"
        for image in (
            f"http://{host}/digit.png",
            f"HTTPS://{host}/digit.png",
            f"ftp://{host}/digit.png",
            (tmp_path / "digit.png").as_uri(),
            "javascript:7",
        ):
            assert_rejected(send_image(image), 400, "URLs are never fetched")
        for image in (f"//{host}/digit.png", str(tmp_path / "digit.png")):
            assert_rejected(send_image(image), 400)
        with pytest.raises(BlockingIOError):
            server.accept()
