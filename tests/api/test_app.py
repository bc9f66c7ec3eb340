import base64
import io
import json
import re
import socket
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkdigits.api import DEFAULT_ORIGINS, MAX_BODY_BYTES, create_app
from inkdigits.recognizer import Recognizer
from inkdigits.version import __version__

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.fixture(scope="module")
def client(recognizer):
    return create_app(recognizer).test_client()


@pytest.fixture(scope="module")
def seven():
    """Pixels of a drawn seven, (28, 28, 3): dark ink on white."""
    with Image.open(GOLDEN / "7.png") as image:
        return np.asarray(image.resize((28, 28), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def png(seven):
    return picture_file(seven)


def picture_file(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def base64_of(data):
    return base64.b64encode(data).decode()


def post(client, body, content_type="application/json", **headers):
    return client.post("/predict", data=body, content_type=content_type, headers=headers)


def predict(client, image):
    return post(client, json.dumps({"image": image}))


def assert_problem(answer, status):
    problem = answer.get_json(force=True)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    # One sentence, and no trace, path or name of a class.
    assert re.fullmatch(r"[^\n<]+\.", problem["detail"])
    assert not re.search(r"Traceback|\.py|/home/|/usr/|\b[A-Z][a-z]+[A-Z][a-z]+", problem["detail"])
    return problem["detail"]


# What is answered.


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:Image/PNG; Base64,"])
def test_the_front_end_of_the_write_up_works_unchanged(client, recognizer, png, prefix):
    answer = predict(client, prefix + base64_of(png))
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert set(answer.json) == {"predicted_digit", "probabilities"}
    assert answer.json["predicted_digit"] == 7
    assert answer.json["probabilities"] == list(recognizer.recognize(png).probabilities)
    assert len(answer.json["probabilities"]) == 10
    assert sum(answer.json["probabilities"]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_each_kind_of_picture_is_taken_with_its_own_label(client, seven, kind):
    image = base64_of(picture_file(seven.repeat(8, 0).repeat(8, 1), kind))
    answer = predict(client, f"data:image/{kind.lower()};base64,{image}")
    assert answer.json["predicted_digit"] == 7


@pytest.mark.parametrize("digit", range(10))
def test_every_golden_digit_is_read(client, digit):
    image = base64_of((GOLDEN / f"{digit}.png").read_bytes())
    assert predict(client, image).json["predicted_digit"] == digit


def test_mnists_digits_get_the_same_answers_as_png_files_as_they_get_as_arrays(
    client, recognizer, unseen_digits
):
    pictures = unseen_digits.images[:1000]
    answers = [predict(client, base64_of(picture_file(picture))).json for picture in pictures]
    as_arrays = recognizer.read(pictures)
    refused = recognizer.refused(recognizer.clean(pictures))
    assert refused.mean() < 0.02
    assert [answer["predicted_digit"] for answer in answers] == [
        "none" if none else digit
        for none, digit in zip(refused, as_arrays.argmax(axis=1).tolist(), strict=True)
    ]
    as_files = [answer["probabilities"] for answer in answers]
    np.testing.assert_allclose(as_files, as_arrays, atol=1e-4, rtol=0)


def test_b46_a_blank_sheet_is_no_digit(client):
    for sheet in (np.zeros((28, 28), np.uint8), np.full((200, 300, 3), 255, np.uint8)):
        answer = predict(client, base64_of(picture_file(sheet)))
        assert answer.status_code == 200
        assert answer.json["predicted_digit"] == "none"
        assert sum(answer.json["probabilities"]) == pytest.approx(1)


def test_b47_inverted_colours_are_the_same_digit(client, seven):
    image = picture_file(255 - seven)
    assert predict(client, base64_of(image)).json["predicted_digit"] == 7


def test_the_root_says_what_answers_and_how_to_use_it(client, recognizer):
    answer = client.get("/")
    assert answer.content_type == "application/json"
    assert answer.json["name"] == "inkdigits"
    assert answer.json["version"] == __version__
    assert answer.json["model"] == {"name": recognizer.name, "digest": recognizer.digest}
    assert "image" in answer.json["use"]["POST /predict"]["send"]


def test_a_charset_after_the_content_type_is_taken(client, png):
    body = json.dumps({"image": base64_of(png)})
    assert post(client, body, "application/json; charset=utf-8").status_code == 200


# What is refused: HTTP.


def test_b1_an_empty_body_is_400(client):
    assert_problem(post(client, b""), 400)


@pytest.mark.parametrize("body", [b"image=7", b"{", b'{"image": "a"} x', b"{'image': 'a'}", b"\0"])
def test_b2_what_is_not_json_is_400(client, body):
    assert_problem(post(client, body), 400)


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "text/json", "multipart/form-data; boundary=x", "application/json-seq"],
)
def test_b3_a_wrong_or_missing_content_type_is_415(client, png, content_type):
    body = json.dumps({"image": base64_of(png)})
    assert "application/json" in assert_problem(post(client, body, content_type), 415)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", {"POST", "OPTIONS"}),
        ("PUT", "/predict", {"POST", "OPTIONS"}),
        ("TRACE", "/predict", {"POST", "OPTIONS"}),
        ("POST", "/", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_b5_a_wrong_method_is_405_with_allow(client, method, path, allowed):
    answer = client.open(path, method=method)
    assert_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path", ["/nothing", "/predict/7", "/predict//", "/static/app.py", "/../etc/passwd", "/\u2603"]
)
def test_b6_an_unknown_path_is_404(client, path):
    # The path as a server hands it over, which the client's own reading of addresses would change.
    answer = client.get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    assert_problem(answer, 404)


@pytest.mark.parametrize("path", ["", "/", "//", "/predict", "//predict", "/predict/"])
def test_no_address_is_answered_with_a_redirect_or_html(client, path):
    for method in ("GET", "POST"):
        answer = client.open("/", method=method, environ_overrides={"PATH_INFO": path})
        assert answer.status_code in {200, 404, 405, 415}
        assert answer.content_type in {"application/json", "application/problem+json"}


def test_b7_a_body_over_the_limit_is_413(client):
    assert "16 MiB" in assert_problem(post(client, b" " * (MAX_BODY_BYTES + 1)), 413)
    assert_problem(post(client, b" " * MAX_BODY_BYTES), 400)


def test_b7_a_picture_of_16_mib_passes_and_one_byte_more_is_413(client):
    prefix = "data:image/png;base64,"
    assert len(base64_of(bytes(16 * 2**20))) < MAX_BODY_BYTES < 22_400_000
    assert_problem(predict(client, prefix + base64_of(bytes(16 * 2**20))), 415)
    too_large = predict(client, prefix + base64_of(bytes(16 * 2**20 + 1)))
    assert "16,777,217 bytes" in assert_problem(too_large, 413)


def test_a_failure_is_500_and_leaks_nothing(recognizer, png, caplog):
    class Failing(Recognizer):
        def recognize(self, data, media_type=None):
            raise RuntimeError("secret in /home/someone/model.py")

    client = create_app(Failing(recognizer.model, "failing")).test_client()
    answer = predict(client, base64_of(png))
    assert "log" in assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "secret" in caplog.text
    assert client.get("/").status_code == 200


# What is refused: JSON.


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"image":['])
def test_b17_json_400_000_deep_is_400(client, opening):
    assert_problem(post(client, opening * 400_000), 400)
    assert_problem(post(client, opening * 400_000 + b"1" + b"]" * 400_000), 400)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_b18_nan_or_infinity_is_400(client, number):
    assert_problem(post(client, f'{{"image": {number}}}'), 400)
    assert_problem(post(client, f'{{"image": [[{number}]]}}'), 400)


def test_b19_duplicate_keys_are_400(client, png):
    image = base64_of(png)
    assert "twice" in assert_problem(
        post(client, f'{{"image": "{image}", "image": "{image}"}}'), 400
    )
    assert_problem(post(client, f'{{"image": "{image}", "im\\u0061ge": "{image}"}}'), 400)
    assert_problem(post(client, '{"image": {"a": 1, "a": 1}}'), 400)


@pytest.mark.parametrize("sign", ["", "-"])
def test_b20_a_5_000_digit_integer_is_400(client, sign):
    answer = post(client, f'{{"image": {sign}{"7" * 5000}}}')
    assert "too large" in assert_problem(answer, 400)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_b21_other_encodings_are_400(client, png, encoding):
    body = json.dumps({"image": base64_of(png)})
    assert_problem(post(client, body.encode(encoding)), 400)


@pytest.mark.parametrize(
    "data", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"]
)
def test_b21_bad_utf_8_is_400(client, data):
    assert "UTF-8" in assert_problem(post(client, b'{"image": "' + data + b'"}'), 400)


@pytest.mark.parametrize("body", ["null", "[]", '["image"]', '"image"', "7", "true"])
def test_b22_a_top_level_that_is_no_object_is_400(client, body):
    assert "object" in assert_problem(post(client, body), 400)


@pytest.mark.parametrize("name", ["img", "Image", "", "\ud800", "__class__", "x" * 100_000])
def test_b23_an_unknown_field_is_422(client, png, name):
    answer = post(client, json.dumps({"image": base64_of(png), name: 1}))
    assert "image" in assert_problem(answer, 422)
    assert len(answer.data) < 500


@pytest.mark.parametrize("image", [None, 7, 7.5, True, [], ["AAAA"], {}, {"data": "AAAA"}])
def test_b24_an_image_of_the_wrong_type_is_422(client, image):
    assert "image" in assert_problem(post(client, json.dumps({"image": image})), 422)


def test_b24_a_missing_image_is_422(client):
    assert "image" in assert_problem(post(client, "{}"), 422)


# What is refused: images.


@pytest.mark.parametrize("image", ["", "data:image/png;base64,"])
def test_b26_empty_base64_is_400(client, image):
    assert "empty" in assert_problem(predict(client, image), 400)


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:8] + "\n" + text[8:],
        lambda text: " " + text,
        lambda text: text[:8] + "*" + text[9:],
        lambda text: text[:8] + "-_" + text[10:],
        lambda text: text[:8] + "\u00e9" + text[9:],
        lambda text: text[:8] + "\ud800" + text[9:],
        lambda text: text[:8] + "\0" + text[9:],
        lambda text: text[:8] + "=" + text[9:],
        lambda text: text.rstrip("=") + "A====",
        lambda text: text[:8] + "====",
        lambda text: text[:9],
        lambda text: text[:11],
        lambda text: "=",
    ],
)
def test_b27_bad_alphabet_or_padding_is_400(client, png, prefix, damage):
    answer = predict(client, prefix + damage(base64_of(png)))
    assert "is not base64" in assert_problem(answer, 400)


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/pdf", "image/tiff", "", "png", "*/*"]
)
def test_b28_a_data_url_of_another_media_type_is_415(client, png, media_type):
    assert_problem(predict(client, f"data:{media_type};base64,{base64_of(png)}"), 415)


@pytest.mark.parametrize(
    "header", ["image/png", "image/png;base64", "image/png;base32,", "image/png;base64;a=b,", ","]
)
def test_a_data_url_that_is_not_base64_is_400(client, png, header):
    assert "base64" in assert_problem(predict(client, f"data:{header}{base64_of(png)}"), 400)


def test_a_data_url_may_carry_parameters(client, png):
    answer = predict(client, f"data:image/png;name=seven.png;base64,{base64_of(png)}")
    assert answer.json["predicted_digit"] == 7


def test_b32_a_label_of_another_kind_is_415(client, png):
    assert_problem(predict(client, f"data:image/jpeg;base64,{base64_of(png)}"), 415)


def test_what_is_no_picture_is_415_and_a_cut_one_400(client, png):
    assert_problem(predict(client, base64_of(b"not a picture")), 415)
    assert_problem(predict(client, base64_of(png[:-20])), 400)


def test_b48_an_address_is_400_and_nothing_is_fetched(client, png, tmp_path):
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
            assert "address" in assert_problem(predict(client, image), 400)
        for image in (f"//{host}/digit.png", str(tmp_path / "digit.png")):
            assert_problem(predict(client, image), 400)
        with pytest.raises(BlockingIOError):
            server.accept()


# Calls from a browser.


def cors_headers(answer):
    return {
        name.lower(): value
        for name, value in answer.headers
        if name.lower().startswith("access-control-")
    }


def preflight(client, origin):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-other",
    }
    return client.options("/predict", headers=headers)


def test_the_default_origins_are_those_of_the_drawing_page():
    hosts = [f"http://{host}" for host in ("localhost", "127.0.0.1")]
    assert set(DEFAULT_ORIGINS) == {
        f"{host}:{port}" for host in hosts for port in (3000, 5173, 8080)
    }


@pytest.mark.parametrize("origin", DEFAULT_ORIGINS)
def test_an_allowed_origin_may_call(client, png, origin):
    answer = post(client, json.dumps({"image": base64_of(png)}), Origin=origin)
    assert cors_headers(answer) == {"access-control-allow-origin": origin}
    assert answer.vary.to_header() == "Origin"
    asked = preflight(client, origin)
    assert asked.status_code == 200
    assert cors_headers(asked) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type",
    }


def test_an_allowed_origin_may_read_errors(client):
    for answer in (
        post(client, b"", Origin=DEFAULT_ORIGINS[0]),
        client.get("/nothing", headers={"Origin": DEFAULT_ORIGINS[0]}),
    ):
        assert cors_headers(answer) == {"access-control-allow-origin": DEFAULT_ORIGINS[0]}


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost:3000.evil.example",
        "http://evil.example/http://localhost:3000",
        "http://xlocalhost:3000",
        "http://localhost:30000",
        "http://localhost",
        "https://localhost:3000",
        "http://LOCALHOST:3000",
        "http://localhost:3000/",
        "http://localhost:3000, http://evil.example",
        "http://127a0.0.1:3000",
        "http://127.0.0.1x:3000",
        "*",
        "",
    ],
)
def test_b66_another_origin_gets_no_cors_headers(client, png, origin):
    answer = post(client, json.dumps({"image": base64_of(png)}), Origin=origin)
    assert cors_headers(answer) == cors_headers(preflight(client, origin)) == {}
    # Or a cache could hand an answer without these headers to a page that is allowed.
    assert answer.vary.to_header() == "Origin"


def test_no_origin_gets_no_cors_headers(client):
    assert cors_headers(client.get("/")) == {}


def test_origins_are_configured_and_compared_exactly(recognizer):
    allowed = ["https://digits.example.org", "http://[::1]:3000"]
    client = create_app(recognizer, allowed).test_client()
    for origin in allowed:
        assert cors_headers(client.get("/", headers={"Origin": origin}))
    for origin in ("https://digitsxexample.org", "http://:3000", *DEFAULT_ORIGINS):
        assert not cors_headers(client.get("/", headers={"Origin": origin}))


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "localhost:3000", "http://localhost:3000/", "http://*.example", "http://.*"],
)
def test_what_is_no_origin_is_refused(recognizer, origin):
    with pytest.raises(ValueError, match="is no origin"):
        create_app(recognizer, [origin])


# The document.


def test_every_route_is_documented(client):
    document = DOCUMENT.read_text()
    for rule in client.application.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"`{method} {rule}`" in document


def test_every_status_is_documented():
    document = DOCUMENT.read_text()
    for status in (400, 404, 405, 413, 415, 422, 500):
        assert re.search(rf"^\| {status} \|", document, re.MULTILINE), HTTPStatus(status)
