"""Schemas of the JSON in requests and responses for numbers: several digits, side by side."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter

from inkdigits.api.schemas import (
    ImageDrawing,
    ModelName,
    Probability,
    Problem,
    StrictModel,
    StrokesDrawing,
    Used,
    Whole,
    drawing_kind,
)
from inkdigits.numbers.constraints import MAX_CHOICES, MAX_LENGTH
from inkdigits.numbers.patterns import MAX_PATTERN

# Requests.

Choice = Annotated[str, Field(pattern="^[0-9]+$", max_length=MAX_LENGTH)]


class NumberConstraints(StrictModel):
    """What is known about a number; all of it optional."""

    length: Annotated[int, Field(ge=1, le=MAX_LENGTH), Whole] | None = Field(
        None, description="How many digits the number has."
    )
    pattern: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_PATTERN,
        description="A regular expression for all digits of the number, of 0-9, \\d, ., [1-6], "
        "(12|34), ?, *, + and {2,4}.",
        json_schema_extra={"format": "digit-pattern"},
    )
    choices: list[Choice] | None = Field(
        None,
        min_length=1,
        max_length=MAX_CHOICES,
        fail_fast=True,
        description="The numbers that are possible.",
    )
    checksum: Literal["luhn", "ean", "mod97", "damm", "verhoeff"] | None = Field(
        None, description="How the last digit, or for mod97 the last two, checks the others."
    )


class ImageNumber(ImageDrawing, NumberConstraints):
    """An image file that shows one number."""


class StrokesNumber(StrokesDrawing, NumberConstraints):
    """Pen strokes of one number, in any unit: the canvas is fitted to them."""


_WRONG_KIND = 'a number is an object with "image" or "strokes"'

NumberDrawing = Annotated[
    Annotated[ImageNumber, Tag("ImageNumber")] | Annotated[StrokesNumber, Tag("StrokesNumber")],
    Discriminator(
        drawing_kind({"image": "ImageNumber", "strokes": "StrokesNumber"}),
        custom_error_type="drawing",
        custom_error_message=_WRONG_KIND,
    ),
]
BatchDrawing = Annotated[
    Annotated[ImageDrawing, Tag("ImageDrawing")] | Annotated[StrokesDrawing, Tag("StrokesDrawing")],
    Discriminator(
        drawing_kind({"image": "ImageDrawing", "strokes": "StrokesDrawing"}),
        custom_error_type="drawing",
        custom_error_message=_WRONG_KIND,
    ),
]
NUMBER: TypeAdapter[ImageNumber | StrokesNumber] = TypeAdapter(NumberDrawing)
BATCH_DRAWING: TypeAdapter[ImageDrawing | StrokesDrawing] = TypeAdapter(BatchDrawing)


class NumberBatch(NumberConstraints):
    """Several numbers, with the same constraints."""

    drawings: list[Any] = Field(
        min_length=1,
        description="Objects with image or strokes. An invalid one does not affect the others.",
    )


# Responses.

Box = Annotated[
    list[float],
    Field(
        min_length=4,
        max_length=4,
        description="Left, top, width and height, in pixels of the image, or in the unit of the "
        "strokes.",
    ),
]


class NumberDigit(StrictModel):
    """One digit of a number."""

    box: Box | None
    digit: int = Field(ge=0, le=9)
    probabilities: list[Probability] = Field(
        min_length=10,
        max_length=10,
        description="The probability of each digit from 0 to 9, of this part of the picture alone.",
    )


class Separator(StrictModel):
    """What stands between, before or after the digits."""

    symbol: Literal[".", ",", "-", "$"] = Field(
        description="$ represents the sign of any currency."
    )
    box: Box
    position: int = Field(ge=0, description="How many digits are to the left of it.")


class NumberCandidate(StrictModel):
    """What the number may be."""

    text: str
    probability: Probability


class Number(StrictModel):
    """A number that was recognized, or why none was."""

    text: str | None = Field(
        description="The digits of the number, without separators; null if none was recognized."
    )
    reason: Literal["blank", "not_a_number"] | None = Field(
        description="Why no number was recognized; null if one was."
    )
    confidence: Probability = Field(
        description="The probability that the whole text is right; also of the best candidate if "
        "no number was recognized."
    )
    written: str = Field(description='The best text with its separators, such as "$1,234.50".')
    digits: list[NumberDigit] = Field(description="The digits of the best text, left to right.")
    separators: list[Separator] = Field(description="Left to right.")
    candidates: list[NumberCandidate] = Field(
        max_length=5, description="The best texts, most probable first."
    )
    model: ModelName
    profile: Used
    duration_ms: float = Field(
        ge=0,
        description="Time that the recognition took, in milliseconds, without receiving and "
        "parsing the request.",
    )


class Numbers(StrictModel):
    """The numbers of a batch, in the order of its drawings."""

    numbers: list[Number | Problem] = Field(min_length=1)
