"""From a picture to a number: the line network proposes texts, the network for digits weighs them.

Both networks look at the same line. The line network sees all of it, so it knows where one digit
ends; the other one was trained on many more digits, each by itself, and knows what is not a digit.
docs/numbers.md derives how their answers are combined.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import DIGITS
from inkdigits.imaging.inputs import ImageInput, to_ink, to_rgba
from inkdigits.numbers import decoding
from inkdigits.numbers.boxes import predict_side_by_side, search_boxes
from inkdigits.numbers.conclusion import Conclusion, conclude, to_prediction, weigh
from inkdigits.numbers.constraints import Constraints, distinct
from inkdigits.numbers.decoding import Text
from inkdigits.numbers.line import DIGIT_PX, MARGIN, Line, normalize_line
from inkdigits.numbers.line_model import OTHER, LineModel, load_line_model
from inkdigits.numbers.picture import NumberInk, inks_of, remove_clutter
from inkdigits.numbers.pieces import INKED, Pieces
from inkdigits.numbers.prediction import BLANK, NumberPrediction
from inkdigits.recognizer import Recognizer
from inkdigits.threads import one_blas_thread

WEIGHED = 8  # texts of the line network that the network for digits weighs
WIDE = 1.05  # times a digit's height; a line as wide as that may be several digits
TALL = 0.6  # times a digit's height; two parts as high as that, side by side, may be two digits


def recognize_number(
    image: ImageInput,
    recognizer: Recognizer | None = None,
    *,
    length: int | None = None,
    pattern: str | None = None,
    choices: Iterable[str] | None = None,
    checksum: str | None = None,
    media_type: str | None = None,
) -> NumberPrediction:
    """Recognize the number in one picture.

    image       as `Recognizer.recognize` takes it
    recognizer  of single digits; None is the default model that ships with inkdigits
    length      how many digits the number has, 1 to 20
    pattern     a regular expression for all of its digits, such as "[1-6]\\\\d{3}"
    choices     the texts that it may be
    checksum    "luhn", "ean", "mod97", "damm" or "verhoeff", which its digits satisfy
    media_type  the type that the sender of a file declares, such as "image/png", if any
    raises      ConstraintError, a ValueError, for a constraint that is not valid; ImageError or
                OSError as `Recognizer.recognize`; ValueError for a recognizer of other classes
    """
    texts = None if choices is None else distinct(choices)
    constraints = Constraints(length, pattern, texts, checksum)
    return recognize_constrained(image, recognizer or Recognizer.load(), constraints, media_type)


def recognize_constrained(
    image: ImageInput,
    recognizer: Recognizer,
    constraints: Constraints,
    media_type: str | None = None,
) -> NumberPrediction:
    """Recognize the number in one picture; for many pictures, constraints are checked only once.

    The arguments and errors are those of `recognize_number`.
    """
    _check_classes(recognizer)
    with one_blas_thread():
        found = [
            _recognize(ink, recognizer, constraints) for ink in inks_of(to_rgba(image, media_type))
        ]
    return max(found, key=_preference)


def recognize_number_in_ink(
    ink: NDArray[Any], recognizer: Recognizer, constraints: Constraints | None = None
) -> NumberPrediction:
    """Recognize the number in one picture that is already segmented from its background.

    ink     as `Recognizer.recognize_ink` takes it
    raises  UnsupportedImage, which is a ValueError, for any other array; ValueError for a
            recognizer of other classes
    """
    _check_classes(recognizer)
    with one_blas_thread():
        cleaned = remove_clutter(to_ink(ink))
        return _recognize(NumberInk(cleaned), recognizer, constraints or Constraints())


def recognize_boxes(
    boxes: Sequence[Pixels], recognizer: Recognizer, constraints: Constraints | None = None
) -> NumberPrediction:
    """Recognize a number whose digits stand each in a picture of its own, as in a form.

    boxes   ink, uint8 (H, W) each, 0 is background; one without ink has no digit
    raises  ValueError for a recognizer of other classes
    """
    _check_classes(recognizer)
    pictures = [recognizer.preprocess_ink(ink) for ink in boxes]
    inked = [picture for picture in pictures if picture.any()]
    if not inked:
        return BLANK
    with one_blas_thread():
        seen = np.stack(inked)
        batch = recognizer.predict_batch(seen)
        return search_boxes(batch, predict_side_by_side(seen), constraints or Constraints())


def may_be_number(ink: NDArray[Any]) -> bool:
    """Return whether an image of ink that is not a digit looks like several symbols side by side.

    It looks at the sizes of the ink's parts alone, and costs far less than recognizing a number.
    """
    line = normalize_line(remove_clutter(to_ink(ink)))
    if line is None:
        return False
    if line.pixels.shape[1] - 2 * MARGIN > WIDE * DIGIT_PX:
        return True
    mask = (line.pixels > INKED).view(np.uint8)
    parts = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:, :4]
    tall = parts[parts[:, 3] >= TALL * DIGIT_PX]
    tall = tall[np.argsort(tall[:, 0])]
    # Side by side: the middle of one is to the right of the one before.
    return bool((tall[1:, 0] + tall[1:, 2] / 2 > tall[:-1, 0] + tall[:-1, 2]).any())


def _check_classes(recognizer: Recognizer) -> None:
    if recognizer.model.classes != DIGITS:
        raise ValueError(
            f"The model {recognizer.name!a} does not recognize digits, of which numbers consist; "
            "choose one that does."
        )


def _preference(prediction: NumberPrediction) -> tuple[bool, float]:
    return prediction.text is not None, prediction.confidence


def _recognize(
    picture: NumberInk, recognizer: Recognizer, constraints: Constraints
) -> NumberPrediction:
    """Recognize the number in the ink of a picture."""
    line = normalize_line(picture.ink)
    if line is None:
        return BLANK
    model = load_line_model()
    conclusion = examine(line, model, recognizer, constraints)
    if conclusion is None:
        return NumberPrediction(None, "not_a_number", 0.0)
    return to_prediction(conclusion, picture, model.calibration)


def examine(
    line: Line, model: LineModel, recognizer: Recognizer, constraints: Constraints
) -> Conclusion | None:
    """Let both networks look at a line; None if no text satisfies the constraints."""
    columns = model.log_probabilities(line.pixels)
    found = decoding.search(columns)
    numbers = [text for text in found if text.digits and OTHER not in text.written]
    allowed = _allowed(columns, numbers, constraints)[:WEIGHED]
    if not allowed:
        return None
    # A text that is allowed has another score there, where columns are merged.
    known = {text.digits for text in allowed}
    violating = [
        text
        for text in numbers[:WEIGHED]
        if text.digits not in known and not constraints.allows(text.digits)
    ]
    texts = [*allowed, *violating]
    pieces = Pieces(line)
    centers = model.columns(len(columns))
    aligned = decoding.align(columns, [text.written for text in texts])
    cut = [pieces.of(centers[places]) for places in aligned]
    weighed = weigh(texts, cut, recognizer, model.calibration)
    return conclude(weighed[: len(allowed)], weighed[len(allowed) :], found)


def _allowed(columns: Array, numbers: list[Text], constraints: Constraints) -> list[Text]:
    """Find the most probable texts that satisfy the constraints.

    columns  float64 (T, 16), what the line network says of each column
    numbers  the most probable texts without constraints
    """
    if constraints.choices is not None:
        return decoding.score_choices(columns, constraints.allowed_choices)
    if constraints == Constraints():
        return numbers
    return decoding.search(columns, constraints)
