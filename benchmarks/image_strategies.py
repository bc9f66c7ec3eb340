"""Hypothesis strategies that give Schemathesis real images wherever the API takes one."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import schemathesis
from hypothesis import strategies as st
from PIL import Image

MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "WEBP": ["RGB", "RGBA"],
    "GIF": ["1", "L", "P"],
    "BMP": ["1", "L", "P", "RGB"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"],
    "AVIF": ["L", "RGB", "RGBA"],
}
# Pillow does not write HEIC.
HEIC = Path(__file__).parents[1] / "tests" / "imaging" / "files"


@st.composite
def image_files(draw: Any, image_format: str) -> bytes:
    """Draw image files of a format: blank, noise or a stroke, in any mode and size."""
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pixels = np.full((height, width), draw(st.integers(0, 255)), np.uint8)
    match draw(st.sampled_from(["blank", "noise", "stroke"])):
        case "noise":
            pixels = rng.integers(0, 256, (height, width), np.uint8)
        case "stroke":
            pixels[:, width // 3 : width // 2 + 1] ^= 255
    mode = draw(st.sampled_from(MODES[image_format]))
    if mode == "I;16":
        image = Image.fromarray(pixels.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(pixels).convert(mode)
    file = io.BytesIO()
    image.save(file, image_format)
    return file.getvalue()


def base64_images(image_format: str) -> st.SearchStrategy[str]:
    """Draw image files of a format in base64, some of them as data URLs."""
    encoded = image_files(image_format).map(lambda data: base64.b64encode(data).decode())
    prefixes = st.sampled_from(["", f"data:image/{image_format.lower()};base64,"])
    return st.builds(str.__add__, prefixes, encoded)


def digit_patterns() -> st.SearchStrategy[str]:
    """Draw regular expressions over digits, which numbers of up to 20 digits match."""
    atoms = st.sampled_from(["7", "\\d", ".", "[1-6]", "[^0]", "(1|23)", "(4?5)"])
    repeats = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}"])
    parts = st.lists(st.builds(str.__add__, atoms, repeats), max_size=4)
    return st.builds("{}{}".format, atoms, parts.map("".join))


def register() -> None:
    """Register the strategies with Schemathesis, by string format and by media type."""
    schemathesis.openapi.format("digit-pattern", digit_patterns())
    schemathesis.openapi.format("digit-image", st.one_of([base64_images(name) for name in MODES]))
    for name in MODES:
        schemathesis.openapi.media_type(f"image/{name.lower()}", image_files(name))
    heic = st.sampled_from([path.read_bytes() for path in sorted(HEIC.glob("*.heic"))])
    for name in ("heic", "heif"):
        schemathesis.openapi.media_type(f"image/{name}", heic)
    any_format = st.one_of([image_files(name) for name in MODES])
    schemathesis.openapi.media_type("application/octet-stream", any_format)
