"""Group fields that were recognized as the same value and look alike, to be reviewed together."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 48, 16  # of the pictures that are compared, in pixels
INK = 0.5  # of the contrast of the darkest pixel; the boxes' lines have less
MAX_PIXELS = 2**22  # of a picture; larger ones are not decoded
BLUR = 1.5  # standard deviation in pixels, so that small shifts count little
MAX_DISTANCE = 0.6  # of alike pictures; one number by several people has 0.3 to 0.55
MAX_GROUP = 12  # as many as fit on the page


class Recognized(Protocol):
    """What was recognized, and with which confidence."""

    @property
    def recognized(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str | None: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102


Item = TypeVar("Item", bound=Recognized)


def group_alike(items: Sequence[Item], crops: Sequence[bytes]) -> list[list[Item]]:
    """Sort items by confidence, the lowest first, each followed by those that look like it.

    crops    the item's pictures, PNG files
    returns  groups of at most MAX_GROUP items that were recognized as the same value; those that
             were not recognized are alone
    """
    vectors = np.stack([_vector(crop) for crop in crops]) if crops else np.empty((0, 1))
    order = sorted(range(len(items)), key=lambda n: items[n].confidence)
    alike: dict[tuple[str, str | None], list[int]] = {}
    for n in order:
        alike.setdefault((items[n].recognized, items[n].reason), []).append(n)
    grouped: set[int] = set()
    groups = []
    for first in order:
        if first in grouped:
            continue
        others = [
            n for n in alike[items[first].recognized, items[first].reason] if n not in grouped
        ]
        distances = np.linalg.norm(vectors[others] - vectors[first], axis=1)
        close = distances <= (MAX_DISTANCE if items[first].recognized else -1)
        nearest = [others[n] for n in np.argsort(distances) if close[n]]
        chosen = {first, *nearest[:MAX_GROUP]}
        group = sorted(chosen, key=lambda n: (n != first, items[n].confidence))[:MAX_GROUP]
        grouped.update(group)
        groups.append([items[n] for n in group])
    return groups


def _vector(crop: bytes) -> NDArray[np.float32]:
    """Return a small blurred picture of the ink as a vector of length 1."""
    picture = _decode(crop)
    if picture is None:
        return np.zeros(WIDTH * HEIGHT, np.float32)
    height, width = picture.shape
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    contrast = np.abs(picture - np.float32(np.median(picture)))  # whatever the color of the paper
    ink = np.clip(contrast - INK * contrast.max(), 0, None)
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    padded = np.zeros((HEIGHT, WIDTH), np.float32)
    padded[: size[1], : size[0]] = small
    vector = cv2.GaussianBlur(padded, (0, 0), BLUR).ravel()
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _decode(crop: bytes) -> NDArray[np.uint8] | None:
    """Decode a PNG file to gray levels, unless it declares too many pixels."""
    width, height = (int.from_bytes(crop[start : start + 4], "big") for start in (16, 20))
    if not 0 < width * height <= MAX_PIXELS:
        return None
    picture: NDArray[np.uint8] | None = cv2.imdecode(
        np.frombuffer(crop, np.uint8), cv2.IMREAD_GRAYSCALE
    )
    return picture
