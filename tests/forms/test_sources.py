"""Files with pages: pictures, TIFF files of several pages, and PDF files within limits."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits.forms import pdf
from inkdigits.forms.sources import PageError, load_page, open_source


def load_pages(path):
    return [load_page(str(path), 1 + page) for page in range(open_source(str(path)).pages)]


def test_transparent_png_is_on_white(tmp_path):
    pixels = np.zeros((40, 30, 4), np.uint8)
    pixels[:20, :, 3] = 255
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels)
    source = open_source(str(path))
    assert (source.pages, len(source.digest)) == (1, 64)
    page = load_page(str(path), 1)
    assert page.shape == (40, 30, 3)
    assert (page[0, 0], page[-1, 0]) == (pytest.approx([0, 0, 0]), pytest.approx([255, 255, 255]))


def test_pages_of_a_tiff(tmp_path):
    path = tmp_path / "scan.tiff"
    pages = [Image.new("L", (30, 20), level) for level in (10, 90, 200)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert open_source(str(path)).pages == 3
    assert [int(load_page(str(path), number)[0, 0, 0]) for number in (1, 2, 3)] == [10, 90, 200]


def test_tiff_whose_pages_go_in_circles_ends(tmp_path):
    path = tmp_path / "scan.tiff"
    Image.new("L", (30, 20), 50).save(path)
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    path.write_bytes(data)
    assert open_source(str(path)).pages == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.jpg", None, "does not exist"),
        ("text.jpg", b"no picture", "is not a PNG"),
        ("empty.jpg", b"", "empty"),
    ],
)
def test_file_that_is_no_picture(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PageError, match=sentence):
        load_pages(path)


def pdf_file(*, pages=1, box="0 0 595 842", content=b"", extra=()):
    """Write a PDF file by hand; `extra` are further objects, from number 4 on."""
    kids = " ".join(["3 0 R"] * pages)
    resources = "/Resources << /XObject << /X 4 0 R >> >>"
    packed = zlib.compress(content)
    number = 4 + len(extra)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] {resources} /Contents {number} 0 R >>"
        "".encode(),
        *extra,
        f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode()
        + packed
        + b"\nendstream",
    ]
    data, places = b"%PDF-1.7\n", []
    for count, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % count + body + b"\nendobj\n"
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def image_object(width, height):
    packed = zlib.compress(bytes(10))
    head = (
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} "
        "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode "
        f"/Length {len(packed)} >>\nstream\n"
    )
    return head.encode() + packed + b"\nendstream"


@pytest.mark.extras
def test_page_of_a_pdf_is_rendered(tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_file(pages=2, content=b"0 0 1 rg 0 421 595 421 re f"))
    assert open_source(str(path)).pages == 2
    page = load_page(str(path), 2)
    assert max(page.shape) == 2800
    assert page[100, 100].tolist() == [255, 0, 0]  # blue, green, red
    assert page[-100, 100].tolist() == [255, 255, 255]


@pytest.mark.extras
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pages": 3000}, "3,000 pages"),
        ({"box": "0 0 14400 3"}, "which no sheet is"),
        ({"content": b"0 0 1 1 re f\n" * 120_000}, "more than 100,000 objects"),
        ({"content": b"q /X Do Q", "extra": (image_object(60_000, 60_000),)}, "the pictures on"),
    ],
    ids=["pages", "size", "objects", "pixels"],
)
def test_bomb_of_a_pdf_is_refused(tmp_path, options, sentence):
    path = tmp_path / "bomb.pdf"
    path.write_bytes(pdf_file(**options))
    with pytest.raises(PageError, match=sentence):
        load_pages(path)


@pytest.mark.extras
def test_pdf_that_takes_too_long_or_is_damaged_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing else")
    with pytest.raises(PageError, match="damaged"):
        open_source(str(path))
    path.write_bytes(pdf_file())
    monkeypatch.setattr(pdf, "MAX_SECONDS", 0.001)
    with pytest.raises(PageError, match="too long"):
        open_source(str(path))
