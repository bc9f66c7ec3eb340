"""The preprocessing step by step: the same functions that the recognizer uses, looked at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.explain.explanation import Step
from inkdigits.preprocessing import plain
from inkdigits.preprocessing.clutter import remove_ruled_lines
from inkdigits.preprocessing.resample import resize
from inkdigits.preprocessing.stages import Stage

MAX_STEP_PX = 320  # longer side of a step's picture; larger ones are reduced for display

TITLES = {
    "image": "The image",
    "gray": "In grayscale",
    "ink": "Background removed",
    "lines": "Ruled lines removed",
    "digit": "The digit alone, cropped",
    "strokes": "Stroke width like MNIST's",
    "scaled": "Scaled: the longer side has 20 pixels",
    "resized": "Scaled to 28x28 pixels",
    "blank": "Blank: no ink is stronger than noise",
    "centered": "Center of mass in the middle",
    "stretched": "Full contrast",
    "binary": "Black and white",
    "shifted": "Bounding box in the middle",
    "edges": "Gray edges",
}


def describe_steps(stages: Sequence[Stage], rgba: Pixels | None = None) -> tuple[Step, ...]:
    """Turn the stages of the preprocessing into pictures with titles.

    stages  of the candidate that the network saw
    rgba    uint8 (H, W, 4), the image that they begin with; None if they begin with ink
    """
    shown = list(stages)
    if rgba is not None and shown[0].name != "gray":
        shown.insert(0, Stage("image", plain.stages(rgba)[0][0].picture))
    names = [stage.name for stage in shown]
    if "digit" in names:
        place = names.index("digit")
        ink = shown[place - 1].picture
        # The first thing that is done to isolate a digit, except in an image of MNIST's size.
        cleaned = remove_ruled_lines(ink) if max(ink.shape) > IMAGE_SIDE else ink
        if cleaned is not ink:
            shown.insert(place, Stage("lines", cleaned))
    return tuple(Step(stage.name, TITLES[stage.name], _picture(stage.picture)) for stage in shown)


def _picture(picture: NDArray[Any]) -> Pixels:
    """Convert a stage's picture to 8 bits, and reduce it if it is large."""
    if picture.dtype != np.uint8:  # bool, or float from 0 to 1
        picture = np.rint(255 * np.clip(picture.astype(np.float32), 0, 1)).astype(np.uint8)
    longer = max(picture.shape)
    if longer <= MAX_STEP_PX:
        return picture
    height, width = (max(1, round(side * MAX_STEP_PX / longer)) for side in picture.shape)
    return np.rint(resize(picture, (height, width))).astype(np.uint8)
