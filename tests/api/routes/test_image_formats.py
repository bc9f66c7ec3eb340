"""Every image format is accepted in JSON, as a raw body and in a form."""

from pathlib import Path

import pytest
from PIL import Image, features
from requests_to import FILES, ONE, assert_problem, file_of, post

HEIC = Path(__file__).parents[2] / "imaging" / "files" / "7.heic"


def image(kind, seven):
    if kind == "HEIC":
        pytest.importorskip("pi_heif")
        return HEIC.read_bytes()
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow was built without AVIF")
    return file_of(Image.fromarray(seven).resize((96, 96)), kind)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"])
@pytest.mark.parametrize("way", FILES)
def test_every_format_is_recognized_however_it_is_sent(client, seven, kind, way):
    assert FILES[way](client, image(kind, seven), f"image/{kind.lower()}").digit == 7


def test_heif_is_another_name_of_heic(client):
    pytest.importorskip("pi_heif")
    assert post(client, ONE, HEIC.read_bytes(), "image/heif").json["digit"] == 7


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"%PDF-1.7", "PDF file; export its page"), (b"<svg/>", "SVG file, which is not made of")],
)
def test_what_to_do_with_another_file_is_told(client, data, what):
    assert what in assert_problem(post(client, ONE, data, "application/octet-stream"), 415)
