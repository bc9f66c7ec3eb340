"""Schemas of the JSON in requests and responses, for validation and the OpenAPI document."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from inkdigits.constants import IMAGE_SIDE
from inkdigits.imaging.strokes import MAX_PX as MAX_COORDINATE

MAX_STROKES = 200
MAX_POINTS_PER_STROKE = 10_000  # a whole drawing may have more: drawings.MAX_POINTS_PER_DRAWING


class StrictModel(BaseModel):
    """Rejects unknown fields, values of another type, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _whole(value: Any) -> Any:
    """Convert a number without a fraction: the JSON parser makes every number a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Requests. Their lists fail fast: only the first error is reported, and a list of a million invalid
# items would produce a million errors.

Whole = BeforeValidator(_whole)
Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2, fail_fast=True)]
Ink = Annotated[float, Field(ge=0, le=255)]
Row = Annotated[list[Ink], Field(min_length=IMAGE_SIDE, max_length=IMAGE_SIDE, fail_fast=True)]


class ImageDrawing(StrictModel):
    """An image file."""

    image: str = Field(
        description="An image file of a supported format, such as PNG or JPEG, in base64 or as a "
        "base64 data URL. The content of the file determines its format.",
        # The decoder rejects an empty string, like everything else that is wrong with base64.
        json_schema_extra={"format": "digit-image", "minLength": 1},
    )


class Stroke(StrictModel):
    """The path of a round pen, from pen down to pen up."""

    points: list[Point] = Field(
        min_length=1,
        max_length=MAX_POINTS_PER_STROKE,
        fail_fast=True,
        description="The x and y coordinates of each point; y points down.",
    )
    width: Annotated[float, Field(gt=0, le=MAX_COORDINATE)] | None = Field(
        None,
        description="The width of the pen, in the unit of the points. If it is left out, a tenth "
        "of the longer side of the drawing.",
    )


class StrokesDrawing(StrictModel):
    """Pen strokes, in any unit: the canvas is fitted to them."""

    strokes: list[Stroke] = Field(min_length=1, max_length=MAX_STROKES, fail_fast=True)


class PixelsDrawing(StrictModel):
    """An image of MNIST's size."""

    pixels: list[Row] = Field(
        min_length=IMAGE_SIDE,
        max_length=IMAGE_SIDE,
        fail_fast=True,
        description="28 rows of 28 numbers, from 0 (background) to 255 (full ink). Numbers that "
        "run from 0 to 1, or dark ink on a light background, are rejected.",
    )


def drawing_kind(kinds: Mapping[str, str]) -> Callable[[Any], str | None]:
    """Return a function that determines the kind of a drawing.

    kinds  the name of the class for each field by which one is recognized
    """

    def kind_of(drawing: Any) -> str | None:
        if not isinstance(drawing, dict):
            return type(drawing).__name__ if isinstance(drawing, StrictModel) else None
        return next((kind for name, kind in kinds.items() if name in drawing), None)

    return kind_of


Drawing = Annotated[
    Annotated[ImageDrawing, Tag("ImageDrawing")]
    | Annotated[StrokesDrawing, Tag("StrokesDrawing")]
    | Annotated[PixelsDrawing, Tag("PixelsDrawing")],
    Discriminator(
        drawing_kind(
            {"image": "ImageDrawing", "strokes": "StrokesDrawing", "pixels": "PixelsDrawing"}
        ),
        custom_error_type="drawing",
        custom_error_message='a drawing is an object with "image", "strokes" or "pixels"',
    ),
]


class Batch(StrictModel):
    """Several drawings."""

    drawings: list[Any] = Field(
        min_length=1,
        description="Each as for a single prediction. An invalid one does not affect the others.",
    )


# Responses.

Probability = Annotated[float, Field(ge=0, le=1)]
Probabilities = Annotated[
    list[Probability],
    Field(
        min_length=2,
        description="The probability of each class, in the order of the model's class_names; they "
        "add up to 1. The classes of a digit model are the digits from 0 to 9.",
    ),
]
Digest = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the model file.")
]
Size = Annotated[int, Field(gt=0)]


class ModelName(StrictModel):
    """The model that made a prediction."""

    name: str
    digest: Digest


class UsedProfile(StrictModel):
    """The profile whose personal model made a prediction."""

    version: int = Field(ge=0, description="The number of the profile's version.")


Used = Annotated[
    UsedProfile | None,
    Field(
        description="The profile that the header Authorization names; null if the request has "
        "none, so that the model is everybody's."
    ),
]


class WriteUpPrediction(StrictModel):
    """A prediction of the default model, in the format of the write-up."""

    predicted_digit: Annotated[int, Field(ge=0, le=9)] | str = Field(
        description='The digit, or "none" for a blank image or one that is not a digit. If the '
        "classes of the model are not the digits, the name of the class."
    )
    probabilities: Probabilities


class Prediction(StrictModel):
    """A prediction."""

    digit: Annotated[int, Field(ge=0, le=9)] | None = Field(
        description="The digit, or null if none was recognized or the classes of the model are "
        "not the digits."
    )
    label: str | None = Field(
        description="The name of the recognized class, or null if none was recognized. For a digit "
        'model it is the digit as a string, such as "7".'
    )
    reason: Literal["blank", "not_a_digit"] | None = Field(
        description="Why no class was recognized; null if one was."
    )
    confidence: Probability = Field(description="The highest probability.")
    may_be_number: bool = Field(
        description="Whether a drawing that is not a digit may be a number of several digits; then "
        "/api/v1/numbers can recognize it."
    )
    probabilities: Probabilities
    seen: str | None = Field(
        description="The 28x28 input of the network as a PNG data URL, if requested."
    )
    model: ModelName
    profile: Used
    duration_ms: float = Field(
        ge=0,
        description="Time that the prediction took, in milliseconds, without receiving and parsing "
        "the request.",
    )


class Problem(StrictModel):
    """Problem details (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="One sentence: the cause, and what to do.")
    request_id: str = Field(description="The X-Request-ID header of the response.")


class Predictions(StrictModel):
    """The predictions of a batch, in the order of its drawings."""

    predictions: list[Prediction | Problem] = Field(min_length=1)


class Preprocessing(StrictModel):
    """How a drawing becomes the network's input."""

    name: str
    revision: int = Field(ge=1)


class Layer(StrictModel):
    """One layer of a network."""

    type: str = Field(description="The class of the layer, such as Conv2D.")
    output_shape: list[Size] = Field(description="Without the batch axis.")
    parameters: int = Field(ge=0)
    options: dict[str, bool | int | float | str | None] = Field(
        description="The settings of the layer by name, such as kernel_size."
    )


class Model(StrictModel):
    """A model being served."""

    name: str
    digest: Digest
    recipe: str = Field(description="The name of the recipe that it was trained with.")
    summary: str
    preprocessing: Preprocessing
    input_shape: list[Size] = Field(min_length=1)
    class_names: list[str] = Field(
        min_length=2, description="The class of each output of the network."
    )
    layers: list[Layer] = Field(min_length=1, description="From input to output.")
    parameters: Size = Field(description="The number of parameters.")
    size_bytes: Size = Field(description="The size of the parameters, 4 bytes each.")
    rejects_non_digits: bool = Field(
        description="Whether the model rejects images that are not digits."
    )
    test_time_augmentation: bool = Field(
        description="Whether the model averages over shifted copies of an image when it is unsure."
    )
    metrics: dict[str, Any] = Field(description="The metrics measured after training.")
    training: dict[str, Any] = Field(
        description="How the model was trained: recipe, seed, data and versions."
    )


class Models(StrictModel):
    """The models being served."""

    default: str = Field(description="The model for requests that do not name one.")
    models: list[Model] = Field(min_length=1)
    profiles: bool = Field(
        description="Whether this server keeps profiles, which learn a person's handwriting."
    )


class ExampleRequest(StrictModel):
    """An example of a request."""

    method: str
    path: str
    body: dict[str, str]


class Example(StrictModel):
    """A request and its response."""

    request: ExampleRequest
    response: dict[str, str]


class Service(StrictModel):
    """The service: its version, its default model, and how to use it."""

    name: Literal["inkdigits"]
    version: str
    model: ModelName = Field(description="The model for requests that do not name one.")
    example: Example = Field(description="The simplest request.")
    links: dict[str, str] = Field(description="Paths of the documentation.")


class Health(StrictModel):
    """The state of the service."""

    status: Literal["alive", "ready"]
