"""Which requests the event loop runs by itself: small drawings as PNG, and nothing else."""

import base64
import json
from io import BytesIO

import pytest
from PIL import Image

from inkdigits.api.server import quick
from inkdigits.api.server.messages import Request


def png(width, height, mode="L"):
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG")
    return file.getvalue()


def jpeg(width, height):
    file = BytesIO()
    Image.new("L", (width, height)).save(file, "JPEG")
    return file.getvalue()


def in_json(image, prefix=""):
    return json.dumps({"image": prefix + base64.b64encode(image).decode()}).encode()


def is_quick(body, method="POST", target=b"/api/v1/predictions"):
    return quick.is_quick(Request("", method=method, target=target, body=bytearray(body)))


SMALL = png(280, 280)
URL = "data:image/png;base64,"


@pytest.mark.parametrize(
    "body",
    [
        SMALL,
        png(320, 320),
        png(28, 28, "RGBA"),
        in_json(SMALL),
        in_json(SMALL, URL),
        in_json(SMALL, URL).replace(b" ", b""),
        b'{\r\n  "image" :\t"' + base64.b64encode(SMALL) + b'"}',
    ],
)
def test_small_png_is_quick(body):
    assert is_quick(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        png(320, 321),
        in_json(png(321, 320)),
        in_json(png(2000, 200), URL),
        SMALL[:20],
        in_json(SMALL[:20]),
        jpeg(28, 28),
        in_json(jpeg(28, 28)),
        # The small picture is not the one that would be recognized.
        json.dumps({"x": base64.b64encode(SMALL).decode(), "image": "..."}).encode(),
        in_json(png(2000, 2000), f"data:{base64.b64encode(SMALL)[:32].decode()};base64,"),
        json.dumps({"drawings": [json.loads(in_json(SMALL))]}).encode(),
        SMALL + bytes(quick.MAX_BYTES),
        in_json(SMALL + bytes(quick.MAX_BYTES)),
    ],
)
def test_nothing_else_is_quick(body):
    assert not is_quick(body)


def test_only_posts_are_quick():
    assert not is_quick(SMALL, method="GET")


def test_only_single_digits_are_quick():
    for target in (b"/predict", b"/api/v1/predictions", b"/api/v1/predictions?seen=true"):
        assert is_quick(SMALL, target=target)
    numbers = b"/api/v1/numbers", b"/api/v1/numbers?length=1", b"/api/v1/%6eumbers"
    for target in (*numbers, b"/api/v1/explanations", b"/"):
        assert not is_quick(SMALL, target=target)
