"""Cut the picture of a number into its digits, where a person says which number it is."""

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import DIGITS
from inkdigits.imaging.inputs import ImageInput, to_rgba
from inkdigits.numbers import decoding
from inkdigits.numbers.constraints import MAX_LENGTH, ConstraintError, Constraints
from inkdigits.numbers.line import Line, normalize_line
from inkdigits.numbers.line_model import SYMBOLS, load_line_model
from inkdigits.numbers.picture import inks_of
from inkdigits.numbers.pieces import Pieces
from inkdigits.recognizer import Recognizer
from inkdigits.threads import one_blas_thread

# What is corrected may look like other digits to the line network. So in each column, each digit is
# at least this likely, as a logarithm, compared with all digits together. Of UNIPEN's numbers, cut
# by texts in which every digit is wrong, 97% of the pieces are recognized; without it 70%.
ANY_DIGIT = -1.0
# How much less likely than the likeliest text one of as many digits as the person says may be, as a
# logarithm. For 307 numbers it was 2.5 at most; with a digit more or less, five in six exceed it.
MAX_BELOW = 5.0

_DIGIT_COLUMNS = [1 + SYMBOLS.index(digit) for digit in DIGITS]


class NumberError(ValueError):
    """A picture cannot be cut into the digits of a text; the message is for people."""


def cut_digits(recognizer: Recognizer, image: ImageInput, text: str) -> list[Pixels]:
    """Cut the picture of a number into the pictures of its digits.

    recognizer  of single digits; it tells which way to understand the picture is the right one
    image       as `Recognizer.recognize` takes it
    text        what was written: 1 to 20 digits, without separators
    returns     for each digit its ink, uint8 (h, w), 0 is background, as `Recognizer.recognize_ink`
                and `personal.sample_from_ink` take it
    raises      NumberError if the text is not digits, or the picture does not show as many digits;
                ImageError or OSError as `Recognizer.recognize`
    """
    check_text(text)
    model = load_line_model()
    best: tuple[float, list[Pixels]] | None = None
    with one_blas_thread():
        for picture in inks_of(to_rgba(image)):
            line = normalize_line(picture.ink)
            if line is None:
                continue
            columns = model.log_probabilities(line.pixels)
            found = _best_text(columns, text)
            if found is None:
                continue
            digits = _cut(line, model.columns(len(columns)), columns, found)
            if digits is None:
                continue
            score = _likelihood(recognizer, digits, text)
            if best is None or score > best[0]:
                best = score, digits
    if best is None:
        count = "1 digit" if len(text) == 1 else f"{len(text)} digits"
        raise NumberError(
            f"The picture does not show {count} that can be told apart, so it cannot be cut into "
            f"those of {text}: check the number, or write its digits with space between."
        )
    return best[1]


def check_text(text: str) -> None:
    """Raise NumberError unless a text is that of a number: 1 to 20 digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_LENGTH):
        raise NumberError(
            f"A number has 1 to {MAX_LENGTH} digits from 0 to 9 and nothing else; leave separators "
            "out."
        )


def _best_text(columns: Array, text: str) -> str | None:
    """Find the likeliest separators of a text; None if there are not as many digits.

    columns  float64 (T, 16), what the line network says of each column
    """
    likeliest = decoding.search(columns)
    try:
        as_long = decoding.search(columns, Constraints(length=len(text)))
    except ConstraintError:
        return None
    if not as_long or not likeliest or as_long[0].score < likeliest[0].score - MAX_BELOW:
        return None
    # The separators of the likeliest text of this length, between the digits that were written.
    digits = iter(text)
    return "".join(next(digits) if symbol.isdigit() else symbol for symbol in as_long[0].written)


def _cut(line: Line, centers: Array, columns: Array, written: str) -> list[Pixels] | None:
    """Cut out the digits of a text; None if one of them has no ink."""
    (places,) = decoding.align(_any_digit(columns), [written])
    pieces = Pieces(line).of(centers[places])
    digits = [piece for symbol, piece in zip(written, pieces, strict=True) if symbol.isdigit()]
    if any(box is None for _, box in digits):
        return None
    return [picture for picture, _ in digits]


def _any_digit(columns: Array) -> Array:
    """Make each digit as likely as all of them together, less a penalty, where that is more."""
    digits = columns[:, _DIGIT_COLUMNS]
    together = np.logaddexp.reduce(digits, axis=1, keepdims=True)
    columns = columns.copy()
    columns[:, _DIGIT_COLUMNS] = np.maximum(digits, together + ANY_DIGIT)
    return columns


def _likelihood(recognizer: Recognizer, digits: list[Pixels], text: str) -> float:
    """Return how likely the digits are those of the text, summed over them."""
    seen = np.stack([recognizer.preprocess_ink(digit) for digit in digits])
    batch = recognizer.predict_batch(seen)
    labels = [int(digit) for digit in text]
    right = batch.probabilities[np.arange(len(text)), labels]
    return float(np.log(np.maximum(right, 1e-6)).sum() - batch.rejected.sum())
