"""What goes over the wire: requests and answers, from which validation and OpenAPI both follow."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

SIDE = 28  # of a picture in pixels
MOST_STROKES = 200
MOST_POINTS = 10_000  # of one stroke
FARTHEST = 1e6  # a coordinate


class Wire(BaseModel):
    """Nothing unknown, and nothing of another type, is taken."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


# Requests. Their lists fail fast: one error is told, and a list of bad items would make a million.

Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2, fail_fast=True)]
Level = Annotated[float, Field(ge=0, le=255)]
Row = Annotated[list[Level], Field(min_length=SIDE, max_length=SIDE, fail_fast=True)]


class ImageDrawing(Wire):
    """The file of a picture."""

    image: str = Field(
        description="PNG, JPEG, WebP, GIF or BMP, in base64 or as a base64 data URL",
        # That it is not empty is left to the decoder of base64, like all that is wrong with it.
        json_schema_extra={"format": "digit-image", "minLength": 1},
    )


class Stroke(Wire):
    """What a round pen draws without being lifted."""

    points: list[Point] = Field(
        min_length=1,
        max_length=MOST_POINTS,
        fail_fast=True,
        description="x and y of each, y downwards",
    )
    width: float = Field(gt=0, le=FARTHEST, description="of the pen, in the unit of the points")


class StrokesDrawing(Wire):
    """What pens drew, in any unit: the sheet is as large as the strokes."""

    strokes: list[Stroke] = Field(min_length=1, max_length=MOST_STROKES, fail_fast=True)


class PixelsDrawing(Wire):
    """A picture of MNIST's size."""

    pixels: list[Row] = Field(
        min_length=SIDE,
        max_length=SIDE,
        fail_fast=True,
        description="28 rows of 28 numbers from 0, the sheet, to 255, full ink",
    )


def _kind(drawing: Any) -> str | None:
    """Tell which of the three a drawing is, by the one field that makes it so."""
    if not isinstance(drawing, dict):
        return type(drawing).__name__ if isinstance(drawing, Wire) else None
    kinds = {"image": "ImageDrawing", "strokes": "StrokesDrawing", "pixels": "PixelsDrawing"}
    return next((kind for name, kind in kinds.items() if name in drawing), None)


Drawing = Annotated[
    Annotated[ImageDrawing, Tag("ImageDrawing")]
    | Annotated[StrokesDrawing, Tag("StrokesDrawing")]
    | Annotated[PixelsDrawing, Tag("PixelsDrawing")],
    Discriminator(
        _kind,
        custom_error_type="drawing",
        custom_error_message='a drawing is an object with "image", "strokes" or "pixels"',
    ),
]


class Batch(Wire):
    """Several drawings, answered in order."""

    drawings: list[Any] = Field(
        min_length=1, description="each as for one prediction; a bad one spoils no other"
    )


# Answers.

Probability = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the model's file")]


class ModelName(Wire):
    """Which model answered."""

    name: str
    digest: Digest


class WriteUpPrediction(Wire):
    """What the default model reads, in the words of the write-up."""

    predicted_digit: Annotated[int, Field(ge=0, le=9)] | Literal["none"] = Field(
        description="none if the sheet is blank or shows no digit"
    )
    probabilities: list[Probability] = Field(
        min_length=10, max_length=10, description="of the digits from 0 to 9; their sum is 1"
    )


class Prediction(Wire):
    """What a model reads in one drawing."""

    digit: Annotated[int, Field(ge=0, le=9)] | None = Field(description="null if there is none")
    reason: Literal["blank", "not_a_digit"] | None = Field(description="why there is none")
    confidence: Probability = Field(description="probability of the likeliest digit")
    probabilities: list[Probability] = Field(
        min_length=10, max_length=10, description="of the digits from 0 to 9; their sum is 1"
    )
    seen: str | None = Field(
        description="what the network looked at, 28x28, as a PNG data URL, if it was asked for"
    )
    model: ModelName
    duration_ms: float = Field(ge=0, description="from the body read to the answer known")


class Problem(Wire):
    """What is wrong with a request: RFC 9457."""

    type: Literal["about:blank"]
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="the cause, and what to do, in one sentence")
    request_id: str = Field(description="as in the header X-Request-ID and the service's log")


class Predictions(Wire):
    """What is read in the drawings of a batch, in order."""

    predictions: list[Prediction | Problem] = Field(min_length=1)


class Model(Wire):
    """A model in service."""

    name: str
    digest: Digest
    recipe: str
    summary: str
    preprocessing: str = Field(description="classic or ink")
    parameters: int = Field(gt=0)
    size_bytes: int = Field(gt=0, description="of its parameters, 4 bytes each")
    refuses: bool = Field(description="whether it tells what is no digit")
    metrics: dict[str, Any] = Field(description="what was measured when it was trained")
    training: dict[str, Any] = Field(description="where it comes from: seed, data, versions")


class Models(Wire):
    """The models in service."""

    default: str = Field(description="which one answers when none is named")
    models: list[Model] = Field(min_length=1)


class Service(Wire):
    """Which service answers here, and how it is used."""

    name: Literal["inkdigits"]
    version: str
    model: ModelName = Field(description="which answers when none is named")
    use: dict[str, Any] = Field(description="an example of the simplest request")
    more: dict[str, str] = Field(description="where all requests are described")


class Health(Wire):
    """Whether the service is alive, or ready."""

    status: Literal["alive", "ready"]
