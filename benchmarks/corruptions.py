"""The 15 corruptions of MNIST-C, which leave a digit legible.

They are reimplemented from the data set's description, so accuracies measured with them can be
compared with each other, but not with those published for MNIST-C's own files.

Each is a function of images, uint8 (N, 28, 28) with light ink on black, and a random generator. It
corrupts each image independently and returns a new array.

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
from inkdigits.constants import IMAGE_SIDE

CENTER = (IMAGE_SIDE - 1) / 2

PHOTONS = 3  # mean number for a pixel of full ink
IMPULSES = 0.17  # share of the pixels
GLASS_BLUR_PX = 0.7  # standard deviation
GLASS_ROUNDS = 2
MOTION_PX = 3  # standard deviation
MOTION_TAPS = 10
MOTION_DEGREES = 45
SHEAR = 0.4
SHRINK = 0.7
ROTATION = 0.4  # radians
BRIGHTNESS = 0.5  # of full ink
TRANSLATION_PX = 3
STRIPE_PX = 7
FOG = 2.5  # times full ink
FOG_DECAY = 1.5
SPATTER_MEAN, SPATTER_SPREAD = 0.65, 0.3
SPATTER_WET = 0.65  # threshold on the noise above which there is liquid
SPATTER_BLUR_PX = 1.5
SPATTER_OPAQUE = 0.8  # threshold on the opacity above which the liquid is mud
SPATTER_GRAY = 63 / 255
LINE_OFFSET_PX = 7  # largest distance of a line from the center
DOT_STEP_PX = 3
DOT_RADIUS_PX = 0.75
ZIGZAG_PERIOD_PX = 7
ZIGZAG_AMPLITUDE_PX = 2.5
LINE_WIDTH_PX = 1.5
CANNY_BLUR_PX = 1
CANNY_LOW, CANNY_HIGH = 0.1, 0.2


def shot_noise(images: Pixels, rng: Generator) -> Pixels:
    """Draw a Poisson number of photons for each pixel, 3 on average for full ink.

    The black background sends none and stays black.
    """
    return _pixels(rng.poisson(_ink(images) * PHOTONS) / PHOTONS)


def impulse_noise(images: Pixels, rng: Generator) -> Pixels:
    """Set 17% of the pixels to black or white, with equal probability."""
    chance = rng.random(images.shape)
    return np.where(chance < IMPULSES, np.where(chance < IMPULSES / 2, 0, 255), images).astype(
        np.uint8
    )


def glass_blur(images: Pixels, rng: Generator) -> Pixels:
    """Imitate frosted glass: blur, swap neighbors, blur.

    Each pixel in turn is swapped with one at most 1 px away in each direction, in two rounds; both
    blurs are Gaussian with a standard deviation of 0.7 px.
    """
    ink = _blurred(_ink(images), GLASS_BLUR_PX)
    each = np.arange(len(ink))
    for _ in range(GLASS_ROUNDS):
        moves = rng.integers(-1, 2, (IMAGE_SIDE, IMAGE_SIDE, 2, len(ink)))
        for row, column in np.ndindex(IMAGE_SIDE, IMAGE_SIDE):
            there = np.clip(moves[row, column] + np.array([[row], [column]]), 0, IMAGE_SIDE - 1)
            here = ink[:, row, column].copy()
            ink[:, row, column] = ink[each, there[0], there[1]]
            ink[each, there[0], there[1]] = here
    return _pixels(_blurred(ink, GLASS_BLUR_PX))


def motion_blur(images: Pixels, rng: Generator) -> Pixels:
    """Smear the ink in one direction, up to 45 degrees from the horizontal.

    The result is the sum of copies shifted by 0 to 10 px, weighted by half a Gaussian of 3 px.
    """
    angle = np.radians(rng.uniform(-MOTION_DEGREES, MOTION_DEGREES, len(images)))
    direction = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    distances = np.arange(MOTION_TAPS + 1)
    weights = np.exp(-((distances / MOTION_PX) ** 2) / 2)
    copies = (
        weight * _transformed(images, np.eye(2), distance * direction)
        for distance, weight in zip(distances, weights / weights.sum(), strict=True)
    )
    return _pixels(sum(copies, start=np.zeros(images.shape)))


def shear(images: Pixels, rng: Generator) -> Pixels:
    """Shear to the left or right: a row moves by 0.4 of its height above the center."""
    slant = SHEAR * _sign(rng, len(images))
    matrix = np.tile(np.eye(2), (len(images), 1, 1))
    matrix[:, 1, 0] = slant
    return _pixels(_transformed(images, matrix))


def scale(images: Pixels, rng: Generator) -> Pixels:
    """Shrink to 0.7 of the size about the center."""
    return _pixels(_transformed(images, SHRINK * np.eye(2)))


def rotate(images: Pixels, rng: Generator) -> Pixels:
    """Rotate by 0.4 radians (23 degrees) about the center, in either direction."""
    angle = ROTATION * _sign(rng, len(images))
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _pixels(_transformed(images, matrix.transpose(2, 0, 1)))


def brightness(images: Pixels, rng: Generator) -> Pixels:
    """Add half of full ink to every pixel and clip."""
    return _pixels(_ink(images) + BRIGHTNESS)


def translate(images: Pixels, rng: Generator) -> Pixels:
    """Shift by 3 px up or down, and by 3 px to the left or right."""
    shift_px = TRANSLATION_PX * _sign(rng, (len(images), 2))
    return _pixels(_transformed(images, np.eye(2), shift_px))


def stripe(images: Pixels, rng: Generator) -> Pixels:
    """Invert a stripe of 7 px along the left border and one along the right."""
    striped = images.copy()
    striped[..., :STRIPE_PX] = 255 - images[..., :STRIPE_PX]
    striped[..., -STRIPE_PX:] = 255 - images[..., -STRIPE_PX:]
    return striped


def fog(images: Pixels, rng: Generator) -> Pixels:
    """Add clouds of up to 2.5 times full ink, and scale the sum back to full ink.

    The clouds are a plasma fractal whose roughness decreases by a factor of 1.5 per scale.
    """
    return _pixels((_ink(images) + FOG * _clouds(len(images), rng)) / (1 + FOG))


def spatter(images: Pixels, rng: Generator) -> Pixels:
    """Splash dark gray mud (63 of 255) on the lens.

    Normal noise (mean 0.65, standard deviation 0.3), blurred by 1 px, is liquid above 0.65; the
    liquid, blurred by 1.5 px, is mud where its opacity is 0.8 or more.
    """
    noise = rng.normal(SPATTER_MEAN, SPATTER_SPREAD, images.shape)
    wet = _blurred(noise, 1) > SPATTER_WET
    mud = _blurred(wet.astype(float), SPATTER_BLUR_PX)
    mud[mud < SPATTER_OPAQUE] = 0
    return _pixels(_ink(images) * (1 - mud) + SPATTER_GRAY * mud)


def dotted_line(images: Pixels, rng: Generator) -> Pixels:
    """Draw white dots along a straight line in any direction, up to 7 px off the center.

    The dots have a radius of 0.75 px and are 3 px apart.
    """
    along, across = _line(len(images), rng)
    to_dot = along - DOT_STEP_PX * np.rint(along / DOT_STEP_PX)
    return _with_white(images, np.hypot(to_dot, across) - DOT_RADIUS_PX)


def zigzag(images: Pixels, rng: Generator) -> Pixels:
    """Draw a white zigzag about a straight line in any direction, up to 7 px off the center.

    It has an amplitude of 2.5 px, a period of 7 px and a width of 1.5 px.
    """
    along, across = _line(len(images), rng)
    phase = along / ZIGZAG_PERIOD_PX
    off_line = ZIGZAG_AMPLITUDE_PX * (4 * np.abs(phase - np.rint(phase)) - 1)
    slope = 4 * ZIGZAG_AMPLITUDE_PX / ZIGZAG_PERIOD_PX
    distance = np.abs(across - off_line) / np.hypot(1, slope)
    return _with_white(images, distance - LINE_WIDTH_PX / 2)


def canny_edges(images: Pixels, rng: Generator) -> Pixels:
    """Replace each image by its Canny edges, white on black.

    The image is blurred by 1 px. Its Sobel gradient is 8 where the ink increases by 1 per pixel. A
    pixel is an edge if its gradient exceeds 0.1 and is larger than that of both neighbors across
    the edge. A chain of such pixels is kept if one of them exceeds 0.2.

    source  Canny 1986, A Computational Approach to Edge Detection
    """
    ink = _blurred(_ink(images), CANNY_BLUR_PX)
    down, right = _sobel(ink, axis=1), _sobel(ink, axis=2)
    gradient = np.hypot(down, right)
    weak = _is_ridge(gradient, down, right) & (gradient > CANNY_LOW)
    neighbors = np.zeros((3, 3, 3), bool)
    neighbors[1] = True  # the eight in the same image, none in another
    chains, count = ndimage.label(weak, neighbors)
    is_kept = np.zeros(count + 1, bool)
    is_kept[chains[weak & (gradient > CANNY_HIGH)]] = True
    return np.where(is_kept[chains], np.uint8(255), np.uint8(0))


Function: TypeAlias = Callable[[Pixels, Generator], Pixels]


class Corruption(NamedTuple):
    """A corruption.

    function  (images, generator) -> corrupted images
    covered   whether training augmentation covers this kind, in a much milder form: rotation,
              shear, scale, shift, noise
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


def _ink(images: Pixels) -> Array:
    return images / 255


def _pixels(ink: Array) -> Pixels:
    """Convert ink to pixels; without clipping, values below 0 and above 1 would wrap around."""
    return np.rint(255 * np.clip(ink, 0, 1)).astype(np.uint8)


def _sign(rng: Generator, shape: int | tuple[int, ...]) -> Array:
    """Draw 1 or -1."""
    return 2.0 * rng.integers(0, 2, shape) - 1


def _blurred(ink: Array, deviation_px: float) -> Array:
    """Blur each image by a Gaussian, but not across images."""
    return ndimage.gaussian_filter(ink, (0, deviation_px, deviation_px))


def _transformed(images: Pixels, matrix: Array, shift_px: Array | float = 0) -> Array:
    """Move each point, relative to the center, to matrix @ point + shift.

    matrix    (2, 2) or (N, 2, 2), rows and columns
    shift_px  (N, 2), down and right
    returns   ink (N, 28, 28), bilinear between the pixels, and 0 beyond the border
    """
    count = len(images)
    inverse = np.broadcast_to(np.linalg.inv(matrix), (count, 2, 2))
    offset = CENTER - inverse @ (CENTER + np.broadcast_to(shift_px, (count, 2)))[..., None]
    result = np.empty(images.shape)
    for number, image in enumerate(_ink(images)):
        result[number] = ndimage.affine_transform(
            image, inverse[number], offset[number, :, 0], order=1, mode="grid-constant"
        )
    return result


def _clouds(count: int, rng: Generator) -> Array:
    """Make plasma fractals by the diamond-square algorithm, from one point to 32x32, and crop them.

    At each scale every square gets a point in its center, and then every edge: the mean of the four
    points around it plus a random offset. Opposite borders are neighbors.

    returns  (N, 28, 28), each from 0 to 1
    """
    heights = np.zeros((count, 1, 1))
    roughness = 1.0

    def on_edges(one: Array, other: Array, axis: int) -> Array:
        """Average four neighbors: two of `other` along the axis and two of `one` across it."""
        around = one + np.roll(one, -1, 3 - axis) + other + np.roll(other, 1, axis)
        return around / 4 + rng.uniform(-roughness, roughness, one.shape)

    while heights.shape[1] < IMAGE_SIDE:
        squares = heights + np.roll(heights, -1, 1)
        squares = (squares + np.roll(squares, -1, 2)) / 4
        squares += rng.uniform(-roughness, roughness, squares.shape)
        finer = np.empty((count, 2 * heights.shape[1], 2 * heights.shape[2]))
        finer[:, ::2, ::2] = heights
        finer[:, 1::2, 1::2] = squares
        finer[:, ::2, 1::2] = on_edges(heights, squares, axis=1)
        finer[:, 1::2, ::2] = on_edges(heights, squares, axis=2)
        heights = finer
        roughness /= FOG_DECAY
    heights = heights[:, :IMAGE_SIDE, :IMAGE_SIDE]
    heights = heights - heights.min(axis=(1, 2), keepdims=True)
    return heights / heights.max(axis=(1, 2), keepdims=True)


def _line(count: int, rng: Generator) -> tuple[Array, Array]:
    """Choose a random straight line for each image, and locate each pixel relative to it.

    returns  the distances along the line and across it, (N, 28, 28) px each
    """
    angle = rng.uniform(0, np.pi, (count, 1, 1))
    offset = rng.uniform(-LINE_OFFSET_PX, LINE_OFFSET_PX, (count, 1, 1))
    down, right = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE] - CENTER
    along = np.cos(angle) * right + np.sin(angle) * down
    across = np.cos(angle) * down - np.sin(angle) * right - offset
    return along, across


def _with_white(images: Pixels, outside_px: Array) -> Pixels:
    """Fill a shape with white, antialiased.

    outside_px  (N, 28, 28), how far each pixel is outside the shape; negative inside
    """
    return np.maximum(images, _pixels(0.5 - outside_px))


def _sobel(ink: Array, axis: int) -> Array:
    """Apply the Sobel filter along rows or columns; SciPy's own would also smooth across images.

    axis     1 or 2
    returns  (N, 28, 28), 8 where the ink increases by 1 per pixel
    """
    difference = ndimage.correlate1d(ink, [-1, 0, 1], axis)
    return ndimage.correlate1d(difference, [1, 2, 1], 3 - axis)


def _is_ridge(gradient: Array, down: Array, right: Array) -> NDArray[np.bool_]:
    """Return where a gradient is larger than those of its two neighbors in its own direction.

    The direction is rounded to one of the four in which a pixel has neighbors.
    """
    eighth = np.rint(np.arctan2(down, right) / (np.pi / 4)).astype(int) % 4
    ridge = np.zeros(gradient.shape, bool)
    for number, step in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        ahead = ndimage.shift(gradient, (0, -step[0], -step[1]), order=0)
        behind = ndimage.shift(gradient, (0, *step), order=0)
        # Of two equal gradients only one counts, or an edge would be two pixels wide.
        ridge |= (eighth == number) & (gradient > ahead) & (gradient >= behind)
    return ridge
