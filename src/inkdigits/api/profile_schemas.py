"""Schemas of the JSON in requests and responses for profiles: one person's handwriting."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter
from pydantic_core import PydanticCustomError

from inkdigits.api.schemas import (
    ImageDrawing,
    ModelName,
    PixelsDrawing,
    Probability,
    StrictModel,
    Stroke,
    StrokesDrawing,
    Whole,
    drawing_kind,
)
from inkdigits.numbers.constraints import MAX_LENGTH
from inkdigits.personal import Action

MAX_NEW_SAMPLES = 100  # in one request
MAX_NAME = 48  # characters; the stored name is longer: see profile_responses.unique_name

# Requests.


def _is_true(value: Any) -> Any:
    """Reject what only equals true, such as 1: nobody agrees by chance."""
    if value is not True:
        raise PydanticCustomError("consent", "Input should be true")
    return value


class NewProfile(StrictModel):
    """A profile to create."""

    consent: Annotated[Literal[True], BeforeValidator(_is_true)] = Field(
        description="Whether the person has agreed to GET /api/v1/profiles/consent."
    )
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = Field(
        None,
        description="A name for people: printable characters. Other profiles may have it as well. "
        "If it is left out, the service makes one.",
    )


class Labeled(StrictModel):
    """A drawing's digit, and where the drawing is from."""

    label: Annotated[int, Field(ge=0, le=9), Whole] = Field(description="The digit that it is.")
    source: Literal["drawn", "image"] | None = Field(
        None,
        description="Whether it was drawn or is an image; without it, strokes and pixels were "
        "drawn.",
    )


class ImageSample(ImageDrawing, Labeled):
    """An image file of one digit, with its label."""


class StrokesSample(StrokesDrawing, Labeled):
    """Pen strokes of one digit, with its label."""


class PixelsSample(PixelsDrawing, Labeled):
    """An image of MNIST's size, with its label."""


LabeledDrawing = Annotated[
    Annotated[ImageSample, Tag("ImageSample")]
    | Annotated[StrokesSample, Tag("StrokesSample")]
    | Annotated[PixelsSample, Tag("PixelsSample")],
    Discriminator(
        drawing_kind(
            {"image": "ImageSample", "strokes": "StrokesSample", "pixels": "PixelsSample"}
        ),
        custom_error_type="drawing",
        custom_error_message='a sample is an object with "label" and "image", "strokes" or '
        '"pixels"',
    ),
]


class NewSamples(StrictModel):
    """Samples to add, all of them or none."""

    samples: list[LabeledDrawing] = Field(min_length=1, max_length=MAX_NEW_SAMPLES, fail_fast=True)


class Corrected(StrictModel):
    """What a drawing is."""

    text: str = Field(
        pattern="^[0-9]+$",
        max_length=MAX_LENGTH,
        description="The digit that it is; or all digits of the number.",
    )
    kind: Literal["digit", "number"] = Field(
        description="Whether it is one digit, or a number, whose picture is cut into its digits."
    )


class ImageCorrection(ImageDrawing, Corrected):
    """An image file that was recognized wrongly."""


class StrokesCorrection(StrokesDrawing, Corrected):
    """Pen strokes that were recognized wrongly."""


class PixelsCorrection(PixelsDrawing, Corrected):
    """An image of MNIST's size that was recognized wrongly; it is never a number."""


Correction = Annotated[
    Annotated[ImageCorrection, Tag("ImageCorrection")]
    | Annotated[StrokesCorrection, Tag("StrokesCorrection")]
    | Annotated[PixelsCorrection, Tag("PixelsCorrection")],
    Discriminator(
        drawing_kind(
            {
                "image": "ImageCorrection",
                "strokes": "StrokesCorrection",
                "pixels": "PixelsCorrection",
            }
        ),
        custom_error_type="drawing",
        custom_error_message='a correction is an object with "text", "kind", and "image", '
        '"strokes" or "pixels"',
    ),
]

NEW_PROFILE = TypeAdapter(NewProfile)
NEW_SAMPLES = TypeAdapter(NewSamples)
CORRECTION: TypeAdapter[ImageCorrection | StrokesCorrection | PixelsCorrection] = TypeAdapter(
    Correction
)

# Responses.

Identifier = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0)]
Time = Annotated[str, Field(description="ISO 8601, with the time zone.", min_length=1)]
ByDigit = Annotated[
    list[Count],
    Field(min_length=10, max_length=10, description="A count for each digit from 0 to 9."),
]


class Consent(StrictModel):
    """What a person agrees to before the first sample is kept."""

    version: Annotated[int, Field(ge=1)] = Field(description="Of the text.")
    text: str = Field(min_length=1)


class GivenConsent(StrictModel):
    """The consent that a person has given."""

    version: Annotated[int, Field(ge=1)] = Field(description="Of the text.")
    time: Time


class ProfileVersion(StrictModel):
    """What one change made of a profile."""

    number: Annotated[int, Field(ge=1)] = Field(description="Grows by 1 with each change.")
    time: Time
    action: Action
    added: Count = Field(description="How many samples were added.")
    removed: Count = Field(description="How many samples were removed.")
    samples: Count = Field(description="How many samples there were then.")


class Profile(StrictModel):
    """A profile: one person's samples, and the versions of the model fitted to them."""

    id: Identifier
    name: str = Field(min_length=1)
    created: Time
    consent: GivenConsent
    version: Count = Field(description="The number of the current version; 0 before the first.")
    samples: Count = Field(description="How many samples there are.")
    by_digit: ByDigit
    max_samples: Annotated[int, Field(ge=1)] = Field(
        description="How many samples a profile can have."
    )
    versions: list[ProfileVersion] = Field(description="Oldest first.")


class CreatedProfile(Profile):
    """A new profile, with its token."""

    token: str = Field(
        min_length=32,
        description="The secret that opens the profile, in the header Authorization: Bearer TOKEN. "
        "It is shown this once: the service keeps only its hash.",
    )


class ProfileToken(StrictModel):
    """A new token; the one before no longer opens the profile."""

    token: str = Field(min_length=32)


class ProfileSample(StrictModel):
    """A sample of a profile."""

    id: Identifier
    label: Annotated[int, Field(ge=0, le=9)]
    source: Literal["drawn", "image", "correction", "number", "form"]
    time: Time
    seen: str = Field(description="What the network sees of it: 28x28 pixels as a PNG data URL.")
    strokes: list[Stroke] | None = Field(description="How it was drawn; null if it was not.")


class ProfileSamples(StrictModel):
    """The samples of a profile, oldest first."""

    samples: list[ProfileSample]


class Recognized(StrictModel):
    """What a model recognizes."""

    digit: Annotated[int, Field(ge=0, le=9)] | None = Field(
        description="Null if the drawing is rejected."
    )
    confidence: Probability = Field(description="The highest probability.")


class ChangedSample(StrictModel):
    """A sample that was added, and what it changed."""

    id: Identifier
    label: Annotated[int, Field(ge=0, le=9)]
    before: Recognized = Field(description="By the model that everybody uses.")
    after: Recognized = Field(description="By the personal model that was also fitted to it.")


class PersonalModel(StrictModel):
    """The personal model, and what it costs other people's digits."""

    model: ModelName = Field(description="The model that it was made of.")
    strength: Probability = Field(
        description="1 for the change as it was fitted; less if it was weakened because other "
        "people's digits suffered; 0 if the model is left as it was."
    )
    others_before: Probability | None = Field(
        description="The share of other people's digits that the model recognizes; null if none "
        "ship for it, so that nothing was checked."
    )
    others_after: Probability | None = Field(description="The same of the personal model.")


class ProfileChange(StrictModel):
    """The outcome of adding samples."""

    version: Annotated[int, Field(ge=1)] = Field(description="The number of the new version.")
    samples: list[ChangedSample] = Field(min_length=1)
    personal_model: PersonalModel
    profile: Profile


class ProfileAccuracy(StrictModel):
    """How many of a person's samples are recognized.

    Each sample is recognized by a personal model that was fitted to all others (leave-one-out).
    """

    samples: Count
    right_before: Count = Field(description="By the model that everybody uses.")
    right_after: Count = Field(description="By personal models.")
    by_digit: list["DigitAccuracy"] = Field(
        min_length=10, max_length=10, description="The same for each digit from 0 to 9."
    )
    personal_model: PersonalModel


class DigitAccuracy(StrictModel):
    """How many samples of one digit are recognized."""

    samples: Count
    right_before: Count
    right_after: Count


ProfileAccuracy.model_rebuild()
