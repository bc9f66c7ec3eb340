"""What an explanation consists of: data alone, each part a frozen dataclass."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from inkdigits.arrays import Array, Pixels
from inkdigits.recognizer import Prediction

# What `explain` can be asked for; a unit's explanation comes with its `unit` argument.
PARTS = (
    "steps",
    "layers",
    "weights",
    "saliency",
    "occlusion",
    "change",
    "neighbors",
    "rejection",
)

Kind: TypeAlias = Literal["dense", "convolution", "pool", "activation", "other"]
Pixel: TypeAlias = tuple[int, int]  # row and column of the 28x28 picture


class Box(NamedTuple):
    """A part of a picture or of a layer's input, in pixels or positions."""

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the preprocessing.

    name     such as "ink"
    title    what the step did, for people
    picture  uint8 (H, W), neither side longer than 320 pixels: larger ones are reduced for
             display. In "image" and "gray" 0 is black; in all others 0 is background, 255 full ink.
             The last one is 28x28, exactly what the network sees
    """

    name: str
    title: str
    picture: Pixels


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer of the network computed for the image.

    index         0 is the first layer
    type          such as "Conv2D"
    output_shape  of an example after the layer
    activation    float32, of that shape
    contribution  float32, of that shape: the activation times the gradient of the target's logit.
                  In a network of ReLU, convolution, pooling and dense layers, the contributions of
                  one layer add up to the logit, apart from what later biases contribute
    """

    index: int
    type: str
    output_shape: tuple[int, ...]
    activation: Array
    contribution: Array


@dataclass(frozen=True, eq=False)
class FirstWeights:
    """The weights of the first layer that has any, as pictures.

    layer   index of the layer
    values  float32 (28, 28, U), a picture for each of a dense layer's U units; or (K, K, 1, F), the
            kernels of a convolution's F filters
    """

    layer: int
    values: Array


@dataclass(frozen=True)
class Unit:
    """One unit of a layer.

    layer  index of the layer, 0 is the first
    index  as in the layer's output shape: (i,) or (row, column, channel)
    """

    layer: int
    index: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class UnitExplanation:
    """How the value of one unit was computed.

    unit      which one
    type      of its layer, such as "Conv2D"
    kind      "dense" and "convolution": result = total of inputs x weights, + bias. "pool": the
              largest input. "activation": the layer's function of one input. "other": one input is
              copied, or none, and the result is 0, in the margin that a padding layer adds
    inputs    float32: (I,), or in the shape before a Flatten layer, for dense; (K, K, C) for a
              convolution; (P, P) for pooling; (1,) for an activation; (1,) or (0,) for others
    weights   float32, of the inputs' shape; None for a layer without
    bias      0 for a layer without
    total     of the products of inputs and weights, added up in float64; None for a layer without
              weights
    result    what the network computed, in float32
    where     of a convolution or a pooling: the part of the layer's input
    field     the receptive field: the part of the 28x28 picture on which the unit depends; height
              and width are 0 if it depends on none
    gradient  float32 (28, 28), of the unit's value at the pixels
    drives    float32 (28, 28), pixels x gradient: which pixels drive the unit, up or down
    """

    unit: Unit
    type: str
    kind: Kind
    inputs: Array
    weights: Array | None
    bias: float
    total: float | None
    result: float
    where: Box | None
    field: Box
    gradient: Array
    drives: Array


@dataclass(frozen=True, eq=False)
class Change:
    """A small change of ink after which the recognizer predicts something else.

    It is found greedily, so a smaller one may exist: the number of pixels is an upper bound.

    found    whether there is one within the limits
    goal     what was tried, such as "7", "any other" or "accepted"
    reason   why none was found; None if one was
    added    pixels of the 28x28 picture that become full ink
    removed  pixels that become background
    before   the prediction for the picture as it was
    after    the prediction for the changed picture, by the recognizer; None if none was found
    """

    found: bool
    goal: str
    reason: str | None
    added: tuple[Pixel, ...]
    removed: tuple[Pixel, ...]
    before: Prediction
    after: Prediction | None


@dataclass(frozen=True, eq=False)
class Neighbor:
    """A training digit that looks similar to the network.

    number    its index among MNIST's 60,000 training images
    label     the digit that it is
    distance  between the two images' values in the last hidden layer
    picture   uint8 (28, 28), MNIST's image; None where MNIST is not installed
    """

    number: int
    label: str
    distance: float
    picture: Pixels | None


@dataclass(frozen=True, eq=False)
class RejectionExplanation:
    """Why the image is rejected as a non-digit, or is not.

    score      log odds of "not a digit" against all digits; None for a model that rejects nothing
    threshold  images with a higher score are rejected; None for a model that rejects nothing
    penalty    part of the score, if the recognizer took another candidate than the likeliest
    rejected   whether the image is rejected, also as blank
    reason     "blank" or "not_a_digit", if it is rejected
    margin     threshold - score: how far from being rejected; negative if the image is rejected
    change     the change of ink that makes a rejected image accepted; None if it is not rejected,
               is blank, or the model rejects nothing
    """

    score: float | None
    threshold: float | None
    penalty: float
    rejected: bool
    reason: str | None
    margin: float | None
    change: Change | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """How a network came to its prediction for one image; a part that was not asked for is None.

    prediction        what the recognizer predicts
    model             its name
    digest            SHA-256 of its file
    class_names       of the network's outputs, in order; the last may be that for non-digits
    logits            of the plain forward pass, one for each of the class names. All parts below
                      explain this pass
    augmented         whether the prediction is of averaged logits (test-time augmentation), so that
                      its probabilities differ from what these logits give
    temperature       probabilities are softmax(logits / temperature), without augmentation
    target            index of the class that is explained, in class_names
    preprocessed      whether the image was preprocessed, or only scaled
    candidate         which of the candidates for the digit the recognizer took; 0 is the likeliest
    steps             of the preprocessing; the last one is what the network sees
    layers            of the network, in order
    weights           of the first layer that has any; None if they are not pictures
    saliency          float32 (28, 28), the gradient of the target's logit at the pixels
    occlusion         float32 (28, 28), by how much the target's logit falls where a window of 5x5
                      pixels around the pixel is blank
    unit              how one unit's value was computed
    change            a small change of ink that changes the answer
    neighbors         the nearest training digits, the nearest first; None for a model whose
                      training digits do not ship
    neighbors_reason  why there are no neighbors; None if there are, or they were not asked for
    rejection         why the image is rejected, or is not
    """

    prediction: Prediction
    model: str
    digest: str
    class_names: tuple[str, ...]
    logits: tuple[float, ...]
    augmented: bool
    temperature: float
    target: int
    preprocessed: bool
    candidate: int
    steps: tuple[Step, ...] | None = None
    layers: tuple[Layer, ...] | None = None
    weights: FirstWeights | None = None
    saliency: Array | None = None
    occlusion: Array | None = None
    unit: UnitExplanation | None = None
    change: Change | None = None
    neighbors: tuple[Neighbor, ...] | None = None
    neighbors_reason: str | None = None
    rejection: RejectionExplanation | None = None

    @property
    def target_name(self) -> str:
        """The name of the class that is explained."""
        return self.class_names[self.target]
