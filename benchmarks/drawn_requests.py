"""Real pictures for Schemathesis to send, wherever the service's document asks for one."""

import base64
import io
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
}


@st.composite
def pictures(draw: Any, kind: str) -> bytes:
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
        picture = Image.fromarray(pixels.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(pixels).convert(mode)
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def texts(kind: str) -> st.SearchStrategy[str]:
    """The same in base64, some as data URLs."""
    encoded = pictures(kind).map(lambda data: base64.b64encode(data).decode())
    prefixes = st.sampled_from(["", f"data:image/{kind.lower()};base64,"])
    return st.builds(str.__add__, prefixes, encoded)


def register() -> None:
    """Tell Schemathesis what to send as a format, or a media type, of the document's."""
    schemathesis.openapi.format("digit-image", st.one_of([texts(kind) for kind in MODES]))
    for kind in MODES:
        schemathesis.openapi.media_type(f"image/{kind.lower()}", pictures(kind))
    any_kind = st.one_of([pictures(kind) for kind in MODES])
    schemathesis.openapi.media_type("application/octet-stream", any_kind)
