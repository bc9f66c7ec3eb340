"""Make samples of a person's digits, and prepare them for any model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.data.samples import Sample, Source, Stroke
from inkdigits.imaging.inputs import ImageInput
from inkdigits.imaging.stroke_canvas import render_strokes
from inkdigits.personal.errors import InvalidSample
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recognizer import Recognizer


def sample(
    recognizer: Recognizer, image: ImageInput, label: int, source: Source = "image"
) -> Sample:
    """Make a sample of an image of one digit.

    recognizer  whose preprocessing is applied
    image       as `Recognizer.recognize` takes it
    label       which digit it is
    raises      as `Recognizer.recognize`; InvalidSample if the image is blank
    """
    return _sample(recognizer, recognizer.recognize(image).seen, label, source)


def sample_from_ink(
    recognizer: Recognizer, ink: NDArray[Any], label: int, source: Source = "image"
) -> Sample:
    """Make a sample of a digit that is already segmented from its background.

    ink      as `Recognizer.recognize_ink` takes it
    raises   as `Recognizer.recognize_ink`; InvalidSample if there is no ink
    """
    return _sample(recognizer, recognizer.recognize_ink(ink).seen, label, source)


def sample_from_strokes(
    recognizer: Recognizer, strokes: Sequence[Stroke], label: int, source: Source = "drawn"
) -> Sample:
    """Make a sample of a digit that was drawn; it keeps the strokes.

    raises   InvalidSample if there are no strokes, or one has no points; ValueError if a
             coordinate is not finite
    """
    if not strokes or not all(len(stroke.points) for stroke in strokes):
        raise InvalidSample("The drawing has no strokes, or one has no points; write a digit.")
    seen = recognizer.recognize_ink(_ink(strokes)).seen
    return replace(_sample(recognizer, seen, label, source), strokes=tuple(strokes))


def prepare(recognizer: Recognizer, samples: Sequence[Sample]) -> list[Sample]:
    """Preprocess samples anew which another preprocessing, or revision of it, has made.

    A sample with strokes is drawn again; of any other, only its picture is left.

    returns  the samples, in the same order, all as the recognizer sees them
    """
    name = recognizer.model.preprocessing
    revision = PREPROCESSORS[name].revision
    return [
        sample
        if (sample.preprocessing, sample.revision) == (name, revision)
        else replace(
            sample, seen=_seen_anew(recognizer, sample), preprocessing=name, revision=revision
        )
        for sample in samples
    ]


def _sample(recognizer: Recognizer, seen: Pixels, label: int, source: Source) -> Sample:
    if not seen.any():
        raise InvalidSample("The picture is blank; write a digit.")
    name = recognizer.model.preprocessing
    return Sample(
        seen,
        label,
        source=source,
        preprocessing=name,
        revision=PREPROCESSORS[name].revision,
    )


def _seen_anew(recognizer: Recognizer, sample: Sample) -> Pixels:
    if sample.strokes:
        return recognizer.recognize_ink(_ink(sample.strokes)).seen
    return recognizer.preprocess_mnist(sample.seen[None])[0]


def _ink(strokes: Sequence[Stroke]) -> Pixels:
    points = [np.asarray(stroke.points, np.float64) for stroke in strokes]
    return render_strokes(points, [stroke.width for stroke in strokes]).ink
