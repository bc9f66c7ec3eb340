"""Schemas of the JSON in requests and responses for explanations of predictions."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter

from inkdigits.api.schemas import (
    ImageDrawing,
    ModelName,
    PixelsDrawing,
    Probabilities,
    Probability,
    Size,
    StrictModel,
    StrokesDrawing,
    Used,
    Whole,
    drawing_kind,
)
from inkdigits.constants import IMAGE_SIDE, MAX_NAME

PIXELS = IMAGE_SIDE**2
Index = Annotated[int, Field(ge=0, lt=2**16), Whole]

# Requests.

Part = Literal[
    "steps", "layers", "weights", "saliency", "occlusion", "change", "neighbors", "rejection"
]
DEFAULT_PARTS: tuple[Part, ...] = ("steps", "layers", "saliency")


class UnitPlace(StrictModel):
    """Where a unit is: one number of a layer's output."""

    layer: Index = Field(description="Counts the model's layers from 0.")
    index: list[Index] = Field(
        min_length=1,
        max_length=3,
        fail_fast=True,
        description="Where in the layer's output, from 0: [i], or [row, column, channel].",
    )


class ExplanationOptions(StrictModel):
    """What to explain; all of it optional."""

    parts: list[Part] = Field(
        list(DEFAULT_PARTS),
        max_length=8,
        fail_fast=True,
        description="The parts of the explanation. The response has null for the others.",
    )
    target: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = Field(
        None,
        description='The name of the class to explain, such as "7"; the most likely one if it is '
        "left out.",
    )
    unit: UnitPlace | None = Field(None, description="A unit of the network to explain as well.")
    preprocess: bool = Field(
        True,
        description="false to scale the drawing to 28x28 without the model's preprocessing.",
    )


class ImageExplanation(ImageDrawing, ExplanationOptions):
    """An image file, and what to explain."""


class StrokesExplanation(StrokesDrawing, ExplanationOptions):
    """Pen strokes in any unit, and what to explain."""


class PixelsExplanation(PixelsDrawing, ExplanationOptions):
    """An image of MNIST's size, and what to explain."""


ExplainedDrawing = Annotated[
    Annotated[ImageExplanation, Tag("ImageExplanation")]
    | Annotated[StrokesExplanation, Tag("StrokesExplanation")]
    | Annotated[PixelsExplanation, Tag("PixelsExplanation")],
    Discriminator(
        drawing_kind(
            {
                "image": "ImageExplanation",
                "strokes": "StrokesExplanation",
                "pixels": "PixelsExplanation",
            }
        ),
        custom_error_type="drawing",
        custom_error_message='a drawing is an object with "image", "strokes" or "pixels"',
    ),
]
EXPLANATION: TypeAdapter[ImageExplanation | StrokesExplanation | PixelsExplanation] = TypeAdapter(
    ExplainedDrawing
)

# Responses.

Values = Annotated[
    list[float], Field(description="In C order: the last axis of the shape changes fastest.")
]
Map = Annotated[list[float], Field(min_length=PIXELS, max_length=PIXELS)]
Shape = Annotated[list[Size], Field(min_length=1, max_length=4)]
Picture = Annotated[str, Field(description="A PNG data URL.")]
Cell = Annotated[
    list[Annotated[int, Field(ge=0, lt=IMAGE_SIDE)]],
    Field(min_length=2, max_length=2, description="The row and the column of a pixel."),
]


class ExplainedPrediction(StrictModel):
    """A prediction: its fields are those of /api/v1/predictions."""

    digit: Annotated[int, Field(ge=0, le=9)] | None
    label: str | None
    reason: Literal["blank", "not_a_digit"] | None
    confidence: Probability
    probabilities: Probabilities


class Target(StrictModel):
    """The class that is explained."""

    index: int = Field(ge=0, description="Of the class among the model's class_names.")
    label: str


class PreprocessingStep(StrictModel):
    """The picture after one step of preprocessing."""

    name: str
    title: str
    picture: Picture


class ExplainedLayer(StrictModel):
    """What one layer computed for the drawing."""

    index: int = Field(ge=0)
    type: str
    shape: Shape
    activation: Values
    contribution: Values = Field(
        description="Each activation times the gradient of the target's logit there."
    )


class Weights(StrictModel):
    """The weights of the first layer that has any, as pictures."""

    layer: int = Field(ge=0)
    shape: Shape
    values: Values


class Region(StrictModel):
    """A rectangle of a picture or of a layer's input."""

    row: int
    column: int
    height: int = Field(ge=0)
    width: int = Field(ge=0)


class ExplainedUnit(StrictModel):
    """One unit: its result, and everything from which it can be computed by hand."""

    layer: int = Field(ge=0)
    index: list[int]
    type: str = Field(description="Of its layer.")
    kind: Literal["dense", "convolution", "pool", "activation", "other"] = Field(
        description="How it is computed. dense, convolution: sum plus bias; pool: the largest "
        "input; activation: the layer's function of its input; other: the input."
    )
    result: float
    bias: float
    sum: float | None = Field(description="Of the inputs times the weights, without the bias.")
    inputs: Values
    input_shape: list[Annotated[int, Field(ge=0)]]
    weights: Values | None = Field(description="In the shape of the inputs.")
    where: Region | None = Field(description="The part of the layer's input that the unit sees.")
    field: Region = Field(description="The part of the 28x28 pixels on which it depends.")
    drives: Map = Field(description="Each pixel times the gradient of the unit there.")


class Change(StrictModel):
    """A small change of the ink after which the answer is another one.

    It was found step by step, so there may be a smaller one.
    """

    found: bool
    goal: str = Field(description='What was tried, such as "7", "any other" or "accepted".')
    reason: str | None = Field(description="Why none was found.")
    added: list[Cell]
    removed: list[Cell]
    prediction: ExplainedPrediction | None = Field(description="Of the changed drawing.")


class Neighbor(StrictModel):
    """A similar digit among MNIST's training digits."""

    number: int = Field(ge=0, description="Of the digit in MNIST's training images, from 0.")
    label: str
    distance: float = Field(ge=0)
    picture: Picture | None = Field(description="null if MNIST is not installed on the server.")


class Rejection(StrictModel):
    """Whether the drawing is rejected as a non-digit, and by how much."""

    score: float | None
    threshold: float | None = Field(description="null if the model rejects no non-digits.")
    penalty: float = Field(
        description="Part of the score, if the drawing was understood in another than the "
        "likeliest way."
    )
    rejected: bool
    reason: Literal["blank", "not_a_digit"] | None
    margin: float | None = Field(
        description="The threshold minus the score; negative if the drawing is rejected."
    )
    change: Change | None = Field(
        description="A change after which a rejected drawing would be accepted."
    )


class Explanation(StrictModel):
    """How a prediction came about. Parts that were not requested are null."""

    model: ModelName
    profile: Used
    prediction: ExplainedPrediction
    target: Target
    logits: list[float] = Field(
        min_length=2,
        description="The network's outputs, one for each of the class_names. Every part explains "
        "these.",
    )
    class_names: list[str] = Field(
        min_length=2, description="Of the outputs; the last may be that for non-digits."
    )
    temperature: float = Field(
        gt=0, description="The probabilities are softmax(logits / temperature)."
    )
    augmented: bool = Field(
        description="Whether the prediction was averaged over shifted copies of the drawing, so "
        "that its probabilities differ from what the logits give."
    )
    preprocessed: bool
    candidate: int = Field(
        ge=0, description="Which way to understand the drawing was taken; 0 is the likeliest."
    )
    steps: list[PreprocessingStep] | None
    layers: list[ExplainedLayer] | None
    weights: Weights | None
    saliency: Map | None = Field(description="The gradient of the target's logit at each pixel.")
    occlusion: Map | None = Field(
        description="How far the target's logit falls if the 5x5 pixels around a pixel are blank."
    )
    unit: ExplainedUnit | None
    change: Change | None
    neighbors: list[Neighbor] | None
    neighbors_reason: str | None = Field(description="Why there are no neighbors.")
    rejection: Rejection | None
    duration_ms: float = Field(
        ge=0,
        description="Time that the explanation took, in milliseconds, without receiving and "
        "parsing the request.",
    )


RESPONSE: TypeAdapter[Explanation] = TypeAdapter(Explanation)


def to_response(content: dict[str, Any]) -> Explanation:
    """Validate the JSON of an explanation; NaN or infinity in it is an error of the server."""
    return RESPONSE.validate_python(content)
