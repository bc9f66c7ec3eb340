"""Hypothesis strategies that give Schemathesis real images wherever the API takes one."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
KINDS = ("blank", "noise", "stroke")
MAX_SIDE = 60
# Pillow does not write HEIC.
HEIC = Path(__file__).parents[1] / "tests" / "imaging" / "files"


@dataclass(frozen=True)
class Picture:
    """What is in an image file."""

    kind: str  # one of KINDS
    mode: str  # Pillow's, one of MODES for the format
    width: int
    height: int
    gray: int
    seed: int

    def encode(self, image_format: str) -> bytes:
        """Return the bytes of a file of a format."""
        pixels = np.full((self.height, self.width), self.gray, np.uint8)
        match self.kind:
            case "noise":
                rng = np.random.default_rng(self.seed)
                pixels = rng.integers(0, 256, pixels.shape, np.uint8)
            case "stroke":
                pixels[:, self.width // 3 : self.width // 2 + 1] ^= 255
        if self.mode == "I;16":
            image = Image.fromarray(pixels.astype(np.uint16) * 257)
        else:
            image = Image.fromarray(pixels).convert(self.mode)
        file = io.BytesIO()
        image.save(file, image_format)
        return file.getvalue()


def image_files(image_format: str) -> st.SearchStrategy[bytes]:
    """Draw image files of a format: blank, noise or a stroke, in any mode and size."""
    side = st.integers(1, MAX_SIDE)
    pictures = st.builds(
        Picture,
        kind=st.sampled_from(KINDS),
        mode=st.sampled_from(MODES[image_format]),
        width=side,
        height=side,
        gray=st.integers(0, 255),
        seed=st.integers(0, 2**32),
    )
    return pictures.map(lambda picture: picture.encode(image_format))


def prepared_image_files(image_format: str) -> st.SearchStrategy[bytes]:
    """Draw from a few image files of each kind and mode, which are made once.

    Schemathesis draws thousands of them to find one that is, say, a single byte long.
    """
    rng = np.random.default_rng(0)
    pictures = [
        Picture(kind, mode, width, height, gray, seed)
        for kind in KINDS
        for mode in MODES[image_format]
        for seed, gray in enumerate((0, 90, 255))
        for width, height in rng.integers(1, MAX_SIDE, (1, 2), endpoint=True).tolist()
    ]
    files = [picture.encode(image_format) for picture in pictures]
    return st.integers(0, len(files) - 1).map(lambda index: files[index])


def base64_images(image_format: str, files: st.SearchStrategy[bytes]) -> st.SearchStrategy[str]:
    """Draw image files of a format in base64, some of them as data URLs."""
    encoded = files.map(lambda data: base64.b64encode(data).decode())
    prefixes = st.sampled_from(["", f"data:image/{image_format.lower()};base64,"])
    return st.builds(str.__add__, prefixes, encoded)


def digit_patterns() -> st.SearchStrategy[str]:
    """Draw regular expressions over digits, which numbers of up to 20 digits match."""
    atoms = st.sampled_from(["7", "\\d", ".", "[1-6]", "[^0]", "(1|23)", "(4?5)"])
    repeats = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}"])
    parts = st.lists(st.builds(str.__add__, atoms, repeats), max_size=4)
    return st.builds("{}{}".format, atoms, parts.map("".join))


def register(
    strategy: Callable[[str], st.SearchStrategy[bytes]] = image_files,
) -> None:
    """Register the strategies with Schemathesis, by string format and by media type."""
    files = {name: strategy(name) for name in MODES}
    schemathesis.openapi.format("digit-pattern", digit_patterns())
    in_base64 = st.one_of([base64_images(name, files[name]) for name in MODES])
    schemathesis.openapi.format("digit-image", in_base64)
    for name in MODES:
        schemathesis.openapi.media_type(f"image/{name.lower()}", files[name])
    heic = st.sampled_from([path.read_bytes() for path in sorted(HEIC.glob("*.heic"))])
    for name in ("heic", "heif"):
        schemathesis.openapi.media_type(f"image/{name}", heic)
    schemathesis.openapi.media_type("application/octet-stream", st.one_of(list(files.values())))
