"""From drawings in requests to samples of a profile, and what these change."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from werkzeug.exceptions import ServiceUnavailable, UnprocessableEntity

from inkdigits.api import profile_schemas
from inkdigits.api.drawings import content_of, render_strokes
from inkdigits.api.parsing import decode_image
from inkdigits.api.profile_schemas import (
    ImageCorrection,
    ImageSample,
    PixelsCorrection,
    PixelsSample,
    StrokesCorrection,
    StrokesSample,
)
from inkdigits.api.routes.numbers import CANVAS
from inkdigits.api.schemas import ImageDrawing, PixelsDrawing, StrokesDrawing
from inkdigits.arrays import Pixels
from inkdigits.numbers.digit_pictures import NumberError, cut_digits
from inkdigits.personal import Sample, Source, sample, sample_from_ink, sample_from_strokes
from inkdigits.personal import Stroke as PenStroke
from inkdigits.recognizer import Prediction, Recognizer

FULL_INK = 255
TINY = float(np.finfo(np.float32).tiny)  # a pen that is narrower would be stored without width

AnyDrawing: TypeAlias = ImageDrawing | StrokesDrawing | PixelsDrawing
AnySample: TypeAlias = ImageSample | StrokesSample | PixelsSample
AnyCorrection: TypeAlias = ImageCorrection | StrokesCorrection | PixelsCorrection


@dataclass(frozen=True)
class Drawn:
    """A sample of a drawing.

    recognize  recognizes the very drawing with any model
    before     what the model that everybody uses recognizes
    """

    sample: Sample
    recognize: Callable[[Recognizer], Prediction]
    before: Prediction

    def changed(self, personal: Recognizer) -> profile_schemas.ChangedSample:
        """Describe what the personal model makes of the drawing."""
        return profile_schemas.ChangedSample(
            id=self.sample.id,
            label=self.sample.label,
            before=_recognized(self.before),
            after=_recognized(self.recognize(personal)),
        )


def make_samples(base: Recognizer, drawings: Sequence[AnySample], time_s: float) -> list[Drawn]:
    """Make a sample of each drawing, within a time limit.

    raises   as `drawings.recognize`; InvalidSample for a blank drawing; ServiceUnavailable if it
             takes too long
    """
    stop_at = time.monotonic() + time_s
    made = []
    for drawing in drawings:
        if time.monotonic() > stop_at:
            raise ServiceUnavailable(
                "The samples reached the time limit of a batch, and none was added; send fewer at "
                "a time.",
                retry_after=1,
            )
        is_file = isinstance(drawing, ImageDrawing)
        source = drawing.source or ("image" if is_file else "drawn")
        made.append(_drawn(base, drawing, drawing.label, source))
    return made


def make_corrections(base: Recognizer, correction: AnyCorrection) -> list[Drawn]:
    """Make the samples of a correction: one, or of a number one for each digit.

    raises   UnprocessableEntity if a digit's text is longer, or a number cannot be cut; and as
             `make_samples`
    """
    if correction.kind == "number":
        return list(_digits_of(base, correction))
    if len(correction.text) > 1:
        raise UnprocessableEntity(
            'The text of a digit has one character; send "kind": "number" for several digits.'
        )
    return [_drawn(base, correction, int(correction.text), "correction")]


def _drawn(base: Recognizer, drawing: AnyDrawing, label: int, source: Source) -> Drawn:
    content = content_of(drawing)
    if isinstance(content, bytes):
        made = sample(base, content, label, source)
        return Drawn(made, _recognition(content), base.recognize(content))
    if isinstance(drawing, StrokesDrawing):
        strokes = [
            PenStroke(np.array(stroke.points, np.float32), stroke.width and max(stroke.width, TINY))
            for stroke in drawing.strokes
        ]
        made = sample_from_strokes(base, strokes, label, source)
    else:
        made = sample_from_ink(base, content, label, source)
    return Drawn(made, _recognition(content), base.recognize_ink(content))


def _recognition(content: bytes | Pixels) -> Callable[[Recognizer], Prediction]:
    if isinstance(content, bytes):
        return lambda recognizer: recognizer.recognize(content)
    return lambda recognizer: recognizer.recognize_ink(content)


def _digits_of(base: Recognizer, correction: AnyCorrection) -> Iterator[Drawn]:
    if isinstance(correction, ImageDrawing):
        picture: bytes | Pixels = decode_image(correction.image)
    elif isinstance(correction, StrokesDrawing):
        picture = FULL_INK - render_strokes(correction.strokes, CANVAS).ink  # dark ink on white
    else:
        raise UnprocessableEntity(
            '28x28 pixels show one digit; send a number as "image" or "strokes".'
        )
    try:
        digits = cut_digits(base, picture, correction.text)
    except NumberError as error:
        raise UnprocessableEntity(str(error)) from None
    for label, ink in zip(map(int, correction.text), digits, strict=True):
        made = sample_from_ink(base, ink, label, "number")
        yield Drawn(made, _recognition(ink), base.recognize_ink(ink))


def _recognized(prediction: Prediction) -> profile_schemas.Recognized:
    return profile_schemas.Recognized(digit=prediction.digit, confidence=prediction.confidence)
