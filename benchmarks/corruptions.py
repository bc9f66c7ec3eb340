"""Fifteen ways to spoil a picture of a digit that leave it legible, after the set MNIST-C.

They are made from that set's description and hold none of its code, so that figures measured with
them stand beside one another, and not beside those published for MNIST-C's own files.

Each is a function of pictures, uint8 (N, 28, 28) with light ink on black, and a generator, from
which each picture gets chances of its own; it returns as many spoiled pictures in a new array.

source  Mu and Gilmer 2019, MNIST-C: A Robustness Benchmark for Computer Vision; the blurs, the fog
        and the spatter are those of Hendrycks and Dietterich 2019, Benchmarking Neural Network
        Robustness to Common Corruptions and Perturbations
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Array, Generator, Pixels

SIDE = 28  # of a picture, in pixels
MIDDLE = (SIDE - 1) / 2

PHOTONS = 3  # that full ink sends, on average
IMPULSES = 0.17  # share of the pixels
GLASS_BLUR_PX = 0.7  # standard deviation
GLASS_ROUNDS = 2
MOTION_PX = 3  # standard deviation
MOTION_TAPS = 10
MOTION_DEGREES = 45
SHEAR = 0.4
SHRINK = 0.7
ROTATION = 0.4  # radians
BRIGHTER = 0.5  # of full ink
TRANSLATION_PX = 3
STRIPE_PX = 7
FOG = 2.5  # times full ink
FOG_DECAY = 1.5
SPATTER_MEAN, SPATTER_SPREAD = 0.65, 0.3
SPATTER_WET = 0.65  # from here on the layer is liquid
SPATTER_BLUR_PX = 1.5
SPATTER_OPAQUE = 0.8  # what is left of it has at least this opacity
SPATTER_GREY = 63 / 255
LINE_OFFSET_PX = 7  # the most, from the middle
DOT_STEP_PX = 3
DOT_RADIUS_PX = 0.75
ZIGZAG_STEP_PX = 7  # of one zig and one zag
ZIGZAG_PX = 2.5  # to either side
LINE_WIDTH_PX = 1.5
CANNY_BLUR_PX = 1
CANNY_LOW, CANNY_HIGH = 0.1, 0.2


def shot_noise(pictures: Pixels, rng: Generator) -> Pixels:
    """Count light: a Poisson number of photons for each pixel, 3 on average where the ink is full.

    The black sheet sends none, and stays black.
    """
    return _pixels(rng.poisson(_ink(pictures) * PHOTONS) / PHOTONS)


def impulse_noise(pictures: Pixels, rng: Generator) -> Pixels:
    """Turn 17% of the pixels into black or white, either with the same chance."""
    chance = rng.random(pictures.shape)
    return np.where(chance < IMPULSES, np.where(chance < IMPULSES / 2, 0, 255), pictures).astype(
        np.uint8
    )


def glass_blur(pictures: Pixels, rng: Generator) -> Pixels:
    """Look through frosted glass: blur, swap neighbors, blur.

    Each pixel in turn changes place with one at most 1 px away in each direction, and that twice;
    both blurs are Gaussian with a standard deviation of 0.7 px.
    """
    ink = _blurred(_ink(pictures), GLASS_BLUR_PX)
    each = np.arange(len(ink))
    for _ in range(GLASS_ROUNDS):
        moves = rng.integers(-1, 2, (SIDE, SIDE, 2, len(ink)))
        for row, column in np.ndindex(SIDE, SIDE):
            there = np.clip(moves[row, column] + np.array([[row], [column]]), 0, SIDE - 1)
            here = ink[:, row, column].copy()
            ink[:, row, column] = ink[each, there[0], there[1]]
            ink[each, there[0], there[1]] = here
    return _pixels(_blurred(ink, GLASS_BLUR_PX))


def motion_blur(pictures: Pixels, rng: Generator) -> Pixels:
    """Drag the ink in one direction, up to 45 degrees from the horizontal.

    Copies at 0 to 10 px are added with the weights of half a Gaussian of 3 px.
    """
    angle = np.radians(rng.uniform(-MOTION_DEGREES, MOTION_DEGREES, len(pictures)))
    direction = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    distances = np.arange(MOTION_TAPS + 1)
    weights = np.exp(-((distances / MOTION_PX) ** 2) / 2)
    copies = (
        weight * _moved(pictures, np.eye(2), distance * direction)
        for distance, weight in zip(distances, weights / weights.sum(), strict=True)
    )
    return _pixels(sum(copies, start=np.zeros(pictures.shape)))


def shear(pictures: Pixels, rng: Generator) -> Pixels:
    """Lean to the left or to the right: a row moves by 0.4 of its height over the middle."""
    lean = SHEAR * _sign(rng, len(pictures))
    matrix = np.tile(np.eye(2), (len(pictures), 1, 1))
    matrix[:, 1, 0] = lean
    return _pixels(_moved(pictures, matrix))


def scale(pictures: Pixels, rng: Generator) -> Pixels:
    """Shrink to 0.7 of the size about the middle."""
    return _pixels(_moved(pictures, SHRINK * np.eye(2)))


def rotate(pictures: Pixels, rng: Generator) -> Pixels:
    """Turn by 0.4 radians (23 degrees) about the middle, to the left or to the right."""
    angle = ROTATION * _sign(rng, len(pictures))
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _pixels(_moved(pictures, matrix.transpose(2, 0, 1)))


def brightness(pictures: Pixels, rng: Generator) -> Pixels:
    """Add half of full ink everywhere; what would be over full ink is full ink."""
    return _pixels(_ink(pictures) + BRIGHTER)


def translate(pictures: Pixels, rng: Generator) -> Pixels:
    """Move by 3 px up or down, and by 3 px to the left or to the right."""
    shift_px = TRANSLATION_PX * _sign(rng, (len(pictures), 2))
    return _pixels(_moved(pictures, np.eye(2), shift_px))


def stripe(pictures: Pixels, rng: Generator) -> Pixels:
    """Invert a stripe of 7 px along the left border and one along the right."""
    striped = pictures.copy()
    striped[..., :STRIPE_PX] = 255 - pictures[..., :STRIPE_PX]
    striped[..., -STRIPE_PX:] = 255 - pictures[..., -STRIPE_PX:]
    return striped


def fog(pictures: Pixels, rng: Generator) -> Pixels:
    """Lay clouds of up to 2.5 times full ink over the picture, and bring the sum back to full ink.

    The clouds are a fractal whose roughness decreases by 1.5 from each scale to the next finer.
    """
    return _pixels((_ink(pictures) + FOG * _clouds(len(pictures), rng)) / (1 + FOG))


def spatter(pictures: Pixels, rng: Generator) -> Pixels:
    """Splash dark gray mud (63 of 255) on the lens.

    Normal noise (mean 0.65, standard deviation 0.3), blurred by 1 px, is wet above 0.65; the wet
    area, blurred by 1.5 px, is mud where it has an opacity of 0.8 or more.
    """
    noise = rng.normal(SPATTER_MEAN, SPATTER_SPREAD, pictures.shape)
    wet = _blurred(noise, 1) > SPATTER_WET
    mud = _blurred(wet.astype(float), SPATTER_BLUR_PX)
    mud[mud < SPATTER_OPAQUE] = 0
    return _pixels(_ink(pictures) * (1 - mud) + SPATTER_GREY * mud)


def dotted_line(pictures: Pixels, rng: Generator) -> Pixels:
    """Draw white dots along a straight line of any direction, up to 7 px off the middle.

    A dot has a radius of 0.75 px, and there is one every 3 px.
    """
    along, across = _line(len(pictures), rng)
    to_dot = along - DOT_STEP_PX * np.rint(along / DOT_STEP_PX)
    return _with_white(pictures, np.hypot(to_dot, across) - DOT_RADIUS_PX)


def zigzag(pictures: Pixels, rng: Generator) -> Pixels:
    """Draw a white zigzag about a straight line of any direction, up to 7 px off the middle.

    It goes 2.5 px to either side, comes round every 7 px, and is 1.5 px wide.
    """
    along, across = _line(len(pictures), rng)
    phase = along / ZIGZAG_STEP_PX
    off_line = ZIGZAG_PX * (4 * np.abs(phase - np.rint(phase)) - 1)
    slope = 4 * ZIGZAG_PX / ZIGZAG_STEP_PX
    distance = np.abs(across - off_line) / np.hypot(1, slope)
    return _with_white(pictures, distance - LINE_WIDTH_PX / 2)


def canny_edges(pictures: Pixels, rng: Generator) -> Pixels:
    """Leave of each picture its edges alone, white on black.

    Blur by 1 px; Sobel's gradient, which is 8 where the ink increases by 1 a pixel; a pixel is an
    edge if its gradient exceeds 0.1 and that of both neighbors across the edge, and a chain of
    such pixels counts if one of them exceeds 0.2.

    source  Canny 1986, A Computational Approach to Edge Detection
    """
    ink = _blurred(_ink(pictures), CANNY_BLUR_PX)
    down, right = _slope(ink, axis=1), _slope(ink, axis=2)
    gradient = np.hypot(down, right)
    weak = _is_ridge(gradient, down, right) & (gradient > CANNY_LOW)
    touching = np.zeros((3, 3, 3), bool)
    touching[1] = True  # the eight neighbors in a picture, none in another
    chains, count = ndimage.label(weak, touching)
    counts = np.zeros(count + 1, bool)
    counts[chains[weak & (gradient > CANNY_HIGH)]] = True
    return np.where(counts[chains], np.uint8(255), np.uint8(0))


Function: TypeAlias = Callable[[Pixels, Generator], Pixels]


class Corruption(NamedTuple):
    """A way to spoil pictures.

    function  (pictures, generator) -> spoiled pictures
    covered   whether training's augmentation makes pictures of this kind, if far milder ones:
              turned, leaning, larger or smaller, shifted, noisy
    """

    function: Function
    covered: bool


CORRUPTIONS = {
    "shot noise": Corruption(shot_noise, covered=True),
    "impulse noise": Corruption(impulse_noise, covered=True),
    "glass blur": Corruption(glass_blur, covered=False),
    "motion blur": Corruption(motion_blur, covered=False),
    "shear": Corruption(shear, covered=True),
    "scale": Corruption(scale, covered=True),
    "rotate": Corruption(rotate, covered=True),
    "brightness": Corruption(brightness, covered=False),
    "translate": Corruption(translate, covered=True),
    "stripe": Corruption(stripe, covered=False),
    "fog": Corruption(fog, covered=False),
    "spatter": Corruption(spatter, covered=False),
    "dotted line": Corruption(dotted_line, covered=False),
    "zigzag": Corruption(zigzag, covered=False),
    "Canny edges": Corruption(canny_edges, covered=False),
}


def _ink(pictures: Pixels) -> Array:
    return pictures / 255


def _pixels(ink: Array) -> Pixels:
    """Make pixels of ink; below 0 and above 1 they would wrap round."""
    return np.rint(255 * np.clip(ink, 0, 1)).astype(np.uint8)


def _sign(rng: Generator, shape: int | tuple[int, ...]) -> Array:
    """Draw 1 or -1."""
    return 2.0 * rng.integers(0, 2, shape) - 1


def _blurred(ink: Array, deviation_px: float) -> Array:
    """Blur each picture by a Gaussian, and none into the next."""
    return ndimage.gaussian_filter(ink, (0, deviation_px, deviation_px))


def _moved(pictures: Pixels, matrix: Array, shift_px: Array | float = 0) -> Array:
    """Send each point of a picture, seen from the middle, to matrix @ point + shift.

    matrix    (2, 2) or (N, 2, 2), rows and columns
    shift_px  (N, 2), down and right
    returns   ink (N, 28, 28), bilinear between the pixels, and none from beyond the border
    """
    count = len(pictures)
    back = np.broadcast_to(np.linalg.inv(matrix), (count, 2, 2))
    starts = MIDDLE - back @ (MIDDLE + np.broadcast_to(shift_px, (count, 2)))[..., None]
    moved = np.empty(pictures.shape)
    for number, picture in enumerate(_ink(pictures)):
        moved[number] = ndimage.affine_transform(
            picture, back[number], starts[number, :, 0], order=1, mode="grid-constant"
        )
    return moved


def _clouds(count: int, rng: Generator) -> Array:
    """Grow fractals from one point each to 32x32, which is cut, by diamonds and squares.

    At each scale every square gets a point in its middle, and then every edge one: the mean of the
    four points around it, and a random part. Opposite borders are neighbors.

    returns  (N, 28, 28), each from 0 to 1
    """
    heights = np.zeros((count, 1, 1))
    roughness = 1.0

    def between(one: Array, other: Array, axis: int) -> Array:
        """Take two of `other` along the axis and two of `one` across it: the four around each."""
        around = one + np.roll(one, -1, 3 - axis) + other + np.roll(other, 1, axis)
        return around / 4 + rng.uniform(-roughness, roughness, one.shape)

    while heights.shape[1] < SIDE:
        squares = heights + np.roll(heights, -1, 1)
        squares = (squares + np.roll(squares, -1, 2)) / 4
        squares += rng.uniform(-roughness, roughness, squares.shape)
        finer = np.empty((count, 2 * heights.shape[1], 2 * heights.shape[2]))
        finer[:, ::2, ::2] = heights
        finer[:, 1::2, 1::2] = squares
        finer[:, ::2, 1::2] = between(heights, squares, axis=1)
        finer[:, 1::2, ::2] = between(heights, squares, axis=2)
        heights = finer
        roughness /= FOG_DECAY
    heights = heights[:, :SIDE, :SIDE]
    heights = heights - heights.min(axis=(1, 2), keepdims=True)
    return heights / heights.max(axis=(1, 2), keepdims=True)


def _line(count: int, rng: Generator) -> tuple[Array, Array]:
    """Draw a straight line for each picture, and measure where each pixel is from it.

    returns  how far along the line, and how far across, (N, 28, 28) px each
    """
    angle = rng.uniform(0, np.pi, (count, 1, 1))
    offset = rng.uniform(-LINE_OFFSET_PX, LINE_OFFSET_PX, (count, 1, 1))
    down, right = np.mgrid[:SIDE, :SIDE] - MIDDLE
    along = np.cos(angle) * right + np.sin(angle) * down
    across = np.cos(angle) * down - np.sin(angle) * right - offset
    return along, across


def _with_white(pictures: Pixels, outside_px: Array) -> Pixels:
    """Draw in white what lies inside a shape, antialiased.

    outside_px  (N, 28, 28), how far each pixel lies outside the shape; negative inside
    """
    return np.maximum(pictures, _pixels(0.5 - outside_px))


def _slope(ink: Array, axis: int) -> Array:
    """Sobel's filter along rows or columns; SciPy's own would smooth from picture to picture too.

    axis     1 or 2
    returns  (N, 28, 28), 8 where the ink increases by 1 a pixel
    """
    difference = ndimage.correlate1d(ink, [-1, 0, 1], axis)
    return ndimage.correlate1d(difference, [1, 2, 1], 3 - axis)


def _is_ridge(gradient: Array, down: Array, right: Array) -> NDArray[np.bool_]:
    """Whether a gradient is the largest among its own and the next two in its direction.

    The direction is rounded to one of the four in which a pixel has neighbors.
    """
    eighth = np.rint(np.arctan2(down, right) / (np.pi / 4)).astype(int) % 4
    ridge = np.zeros(gradient.shape, bool)
    for number, step in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        ahead = ndimage.shift(gradient, (0, -step[0], -step[1]), order=0)
        behind = ndimage.shift(gradient, (0, *step), order=0)
        # Of two that are equal one is taken, or an edge would be two pixels wide.
        ridge |= (eighth == number) & (gradient > ahead) & (gradient >= behind)
    return ridge
