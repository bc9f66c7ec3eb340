"""Outliers with a round or symmetric outline: clothes and bottles, hearts, flowers and trees."""

import math

import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.outliers.canvas import DigitsByLabel, draw_strokes
from inkdigits.preprocessing import ink

LOBES = 6  # frequencies of an outline's radius
OUTLINE_POINTS = 64


def silhouette(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Fill a shape with an upright axis, mostly symmetric, evenly, shaded or patterned."""
    side = int(rng.integers(IMAGE_SIDE, 2 * IMAGE_SIDE))
    down, across = np.mgrid[:side, :side] / (side - 1)
    from_axis = across - 0.5 - rng.normal(0, 0.05) * (down - 0.5)
    half_width = _half_widths(rng, down[:, :1])
    if rng.random() < 0.25:  # as of shoes
        half_width = np.where(from_axis < 0, half_width, _half_widths(rng, down[:, :1]))
    inside = half_width - np.abs(from_axis)
    canvas = np.clip(inside * side, 0, 1) * _shade(rng, down, across, inside)
    return ink.from_ink(np.rint(255 * canvas / canvas.max()).astype(np.uint8))


def _half_widths(rng: Generator, down: Array) -> Array:
    """Make the half width of a shape at each height; negative above and below it."""
    knots = rng.integers(2, 6)
    heights, half_widths = np.sort(rng.uniform(0.1, 0.9, knots)), rng.uniform(0.04, 0.48, knots)
    heights[[0, -1]] = rng.uniform([0.02, 0.75], [0.25, 0.98])
    heights.sort()
    if rng.random() < 0.4:  # in steps, as between sleeves and waist
        half_width = half_widths[np.searchsorted(heights[1:-1], down)]
    else:
        half_width = np.interp(down, heights, half_widths)
    half_width = half_width + rng.uniform(0, 0.05) * np.cos(rng.uniform(5, 40) * down)
    return np.where((down >= heights[0]) & (down <= heights[-1]), half_width, -1)


def _shade(rng: Generator, down: Array, across: Array, inside: Array) -> Array:
    """Choose how dark a shape is at each point.

    inside   distance from the outline
    returns  (H, W), from slightly more than 0 to slightly more than 1
    """
    shade = np.ones_like(down)
    if rng.random() < 0.5:  # paler toward one side, or both
        ridge = rng.uniform(-1, 1) + rng.normal() * down
        shade -= rng.uniform(0, 0.6) * np.abs(across - ridge)
    if rng.random() < 0.3:  # darker at the outline, or only there
        shade -= rng.uniform(0.2, 1) * np.clip(inside * rng.uniform(4, 20), 0, 1)
    if rng.random() < 0.3:  # stripes
        angle = rng.choice([0, math.pi / 2, rng.uniform(0, math.pi)])
        phase = rng.uniform(15, 70) * (math.cos(angle) * down + math.sin(angle) * across)
        shade -= rng.uniform(0.1, 0.8) * (np.cos(phase) > 0.3)
    if rng.random() < 0.4:  # a print, a button or a hole
        row, column = rng.uniform(0.3, 0.7, 2)
        depth = rng.uniform(0.04, 0.2) - np.hypot(down - row, across - column)
        shade -= rng.uniform(0.3, 1) * np.clip(depth * len(down), 0, 1)
    if rng.random() < 0.3:  # coarse cloth
        shade -= rng.uniform(0.1, 0.5) * rng.random(shade.shape)
    return np.clip(shade, 0, 1) + 0.02


def lobed_outline(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a closed curve with lobes and cusps, as of hearts, flowers and clouds."""
    return draw_strokes(rng, [_lobes(rng)])


def lobed_patch(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Fill a closed curve with lobes and cusps, as of leaves, stars and splashes."""
    return draw_strokes(rng, [_lobes(rng)], filled=True)


def on_a_stalk(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a closed curve, empty or filled, on a stalk: a balloon, a flower or a tree."""
    outline = _lobes(rng)
    foot = outline[outline[:, 1].argmax()]
    length = rng.uniform(0.3, 1.2) * np.ptp(outline[:, 1])
    stalk = foot + np.array([[0, 0], [rng.normal(0, 0.1) * length, length]])
    return draw_strokes(rng, [outline, stalk], filled=rng.random() < 0.4)


def _lobes(rng: Generator) -> Array:
    """Make a closed curve around the origin: its radius is a sum of waves, or has peaks."""
    angle = np.linspace(0, 2 * math.pi, OUTLINE_POINTS)
    radius = _peaks(rng, angle) if rng.random() < 0.25 else _waves(rng, angle)
    radius[-1] = radius[0]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _peaks(rng: Generator, angle: Array) -> Array:
    """Make a radius with one to six peaks, as broad as a finger or as an arm."""
    radius = np.ones_like(angle)
    for _ in range(rng.integers(1, 7)):
        from_peak = np.abs((angle - rng.uniform(0, 2 * math.pi)) % (2 * math.pi) - math.pi)
        radius += rng.uniform(0.3, 2) * np.exp(-((from_peak / rng.uniform(0.12, 0.5)) ** 4))
    return radius


def _waves(rng: Generator, angle: Array) -> Array:
    """Make a radius that is a sum of waves, with cusps or without."""
    frequency = np.arange(1, LOBES + 1)[:, None]
    phase = rng.uniform(0, 2 * math.pi, (LOBES, 1))
    if rng.random() < 0.6:  # with cusps
        waves = rng.choice([-1, 1], (LOBES, 1)) * np.abs(np.sin((frequency * angle + phase) / 2))
    else:
        waves = np.sin(frequency * angle + phase)
    amplitudes = rng.exponential(1, (LOBES, 1)) / frequency**0.5
    if rng.random() < 0.4:  # one number of lobes, nearly
        amplitudes *= np.where(frequency == rng.integers(1, LOBES + 1), 1, 0.1)
    radius: Array = (amplitudes * waves).sum(axis=0)
    radius += rng.uniform(0.05, 0.7) * np.ptp(radius) + 0.05 - radius.min()
    return radius
