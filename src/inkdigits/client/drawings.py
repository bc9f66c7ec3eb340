"""Drawings in the forms in which Python programs have them, as JSON of the service."""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from inkdigits.constants import IMAGE_SIDE
from inkdigits.imaging.inputs import to_gray_levels


class Stroke(TypedDict):
    """The path of a round pen: points (x, y) in any unit; the y axis points down."""

    points: Sequence[Sequence[float]] | NDArray[Any]
    width: NotRequired[float]


Drawing: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | Sequence[Stroke]
    | Sequence[Sequence[float]]
    | NDArray[Any]
)


def as_object(drawing: Drawing) -> dict[str, Any]:
    """Return a drawing as an object of the API."""
    data = file_of(drawing)
    return fields_of(drawing) if data is None else {"image": base64.b64encode(data).decode()}


def file_of(drawing: Drawing) -> bytes | None:
    """Return the content of an image file; None if the drawing is not one."""
    if isinstance(drawing, (str, os.PathLike)):
        return Path(drawing).read_bytes()
    return bytes(drawing) if isinstance(drawing, (bytes, bytearray)) else None


def fields_of(drawing: Any) -> dict[str, Any]:
    """Return strokes or pixels as an object of the API; raise TypeError for anything else."""
    if isinstance(drawing, np.ndarray):
        if drawing.shape != (IMAGE_SIDE, IMAGE_SIDE):
            raise ValueError(
                f"send an array of shape (28, 28), not {drawing.shape}; other pictures as files"
            )
        return {"pixels": to_gray_levels(drawing)}
    if isinstance(drawing, Sequence):
        is_strokes = all(isinstance(item, Mapping) for item in drawing)
        return {"strokes" if is_strokes else "pixels": drawing}
    raise TypeError(f"send a path, a file's bytes, strokes or pixels, not {type(drawing).__name__}")


def to_json(value: dict[str, Any]) -> bytes:
    """Encode a body; raise TypeError for what JSON does not have."""
    return json.dumps(value, default=_from_numpy).encode()


def _from_numpy(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"a drawing cannot contain {type(value).__name__}")
