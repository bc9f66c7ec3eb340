"""Paint over what lies beyond a straight edge of the paper: black corners, a table's corner.

A photo that was turned, or a scan that was deskewed, has corners of one color, mostly black. They
may cover most of the border, from which the color of the paper is estimated afterwards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST


@dataclass(frozen=True)
class CornerSettings:
    """Tuning constants of the test whether a corner lies beyond the edge of the paper."""

    sample_px: int = 512  # longer side of the image in which edges are searched for, at most
    inset: float = 0.004  # of the side; on the border itself two corners may seem to be one
    min_leg_px: int = 2  # of the triangle at a corner
    max_depth: float = 0.35  # of the side; how far a strip along a whole side reaches in
    soft_px: int = 2  # on both sides of an edge
    beside: float = 0.04  # of the side; how much paper beside an edge is examined
    min_contrast: int = 2 * MIN_CONTRAST  # of 255, between a corner and the paper beside it
    min_square: float = 0.95  # length of a mean of directions, 1 for exactly right angles
    min_upright: float = -0.9  # cosine of four times the angle, -1 for 45 degrees
    min_uniform: float = 0.97  # of a corner
    flat: float = 0.25  # of the contrast; paper beside an edge deviates less
    min_paper_beside: float = 0.9  # of what is examined
    min_border: float = 0.9  # paper's share of the rest of the border
    min_ink: float = 0.001  # of the rest of the image; without ink it is a stroke, not paper


CORNERS = CornerSettings()


@dataclass(frozen=True)
class Edge:
    """A straight edge of the paper: what has a negative distance lies beyond it.

    ends    float64 (2, 2), x and y of two of its points
    normal  float64 (2,), of length 1, towards the paper
    """

    ends: Array
    normal: Array

    def distances(self, shape: tuple[int, ...]) -> Array:
        """Return the distance of each pixel of an image, float64 (H, W)."""
        x, y = np.arange(shape[1]), np.arange(shape[0])[:, None]
        return self.normal[0] * (x - self.ends[0, 0]) + self.normal[1] * (y - self.ends[0, 1])

    def fractions(self, shape: tuple[int, ...]) -> Array:
        """Return where along the edge each pixel is, float64 (H, W); 0 and 1 are its ends."""
        along = self.ends[1] - self.ends[0]
        along = along / (along @ along)
        x, y = np.arange(shape[1]), np.arange(shape[0])[:, None]
        return along[0] * (x - self.ends[0, 0]) + along[1] * (y - self.ends[0, 1])

    def beyond(self, scale: int, margin_px: float) -> NDArray[np.int32]:
        """Return a polygon, in an image `scale` times as large, int32 (4, 2)."""
        start, end = scale * self.ends + margin_px * self.normal
        far = 3 * (end - start)
        away = 2 * float(np.hypot(*far)) * self.normal
        corners = [start - far, end + far, end + far - away, start - far - away]
        return np.rint(corners).astype(np.int32)


@dataclass(frozen=True)
class Corner:
    """What lies beyond an edge of the paper.

    paper      level of the paper beside the edge, for each color of the image
    clearest   number of the color in which corner and paper differ most ...
    threshold  and the level between the two ...
    is_dark    and whether the corner is the darker one
    """

    edge: Edge
    paper: tuple[int, ...]
    clearest: int
    threshold: float
    is_dark: bool

    def is_paper(self, samples: Sequence[Pixels]) -> NDArray[np.bool_]:
        """Return which pixels are more like the paper than like the corner, bool (H, W)."""
        return (samples[self.clearest] > self.threshold) == self.is_dark


def paint_corners(channels: Sequence[Pixels]) -> Sequence[Pixels]:
    """Paint each corner beyond an edge of the paper with the color of the paper beside it.

    channels  uint8 (H, W), one for each color
    returns   the same; the input itself if there is no such corner
    """
    inner = [_inner(channel) for channel in channels]
    if all(_has_even_border(channel) for channel in inner):
        return channels  # the usual case, at once
    scale = math.ceil(max(channels[0].shape) / CORNERS.sample_px)
    samples = [channel[::scale, ::scale] for channel in inner]
    edges = [edge for number in range(4) if (edge := _edge(samples, number))]
    corners = [corner for edge in edges if (corner := _corner(samples, edge))]
    if not corners or not _are_of_one_sheet(corners) or not _rest_is_paper(samples, corners):
        return channels
    painted = [channel.copy() for channel in channels]
    for corner in corners:
        polygon = corner.edge.beyond(scale, scale * (CORNERS.soft_px + 1))
        for channel, level in zip(painted, corner.paper, strict=True):
            cv2.fillConvexPoly(channel, polygon + _inset(channel), level)
    return painted


def _inset(channel: Pixels) -> tuple[int, int]:
    """Return the margin, x and y, inside which two neighboring corners are apart."""
    height, width = channel.shape
    return tuple(min(1 + int(CORNERS.inset * side), (side - 1) // 2) for side in (width, height))


def _inner(channel: Pixels) -> Pixels:
    x, y = _inset(channel)
    return channel[y : len(channel) - y, x : channel.shape[1] - x]


def _has_even_border(channel: Pixels) -> bool:
    lines = channel[0], channel[-1], channel[:, 0], channel[:, -1]
    return all((line == channel[0, 0]).all() for line in lines)


def _edge(samples: Sequence[Pixels], corner: int) -> Edge | None:
    """Find the edge that would cut off a corner, by how far the corner's color extends.

    samples  uint8 (H, W), one for each color
    corner   0 to 3
    """
    flip = np.array([corner % 2, corner // 2])  # x and y
    ends = _ends([sample[:: 1 - 2 * flip[1], :: 1 - 2 * flip[0]] for sample in samples])
    if ends is None:
        return None
    normal = np.array([ends[0, 1] - ends[1, 1], ends[1, 0] - ends[0, 0]])
    normal *= np.sign(normal @ ends[0]) / np.hypot(*normal)  # away from the corner
    opposite = np.array(samples[0].shape[::-1]) - 1
    return Edge(np.where(flip, opposite - ends, ends), np.where(flip, -normal, normal))


def _ends(views: Sequence[Pixels]) -> Array | None:
    """Return where the color of the upper left corner ends on two sides of the image.

    views    uint8 (H, W), one for each color
    returns  float64 (2, 2), x and y; None if it does not end, or not at a straight edge
    """
    height, width = views[0].shape
    color = [int(view[0, 0]) for view in views]

    def run(*where: int | slice) -> int:
        """Return how many pixels of a row or column have this color, up to the first other."""
        differences = [
            np.abs(view[where].astype(int) - level)
            for view, level in zip(views, color, strict=True)
        ]
        off = reduce(np.maximum, differences)
        others = np.flatnonzero(off > max(MIN_CONTRAST, 0.5 * off.max()))
        return int(others[0]) if len(others) else len(off)

    top, left = run(0, slice(None)), run(slice(None), 0)
    if CORNERS.min_leg_px <= top < width and CORNERS.min_leg_px <= left < height:
        ends = (top, 0), (0, left)
    elif top == width and left < (deepest := CORNERS.max_depth * height):
        right = run(slice(None), -1)
        if right >= deepest:
            return None
        ends = (width, right), (0, left)
    elif left == height and top < (deepest := CORNERS.max_depth * width):
        bottom = run(-1, slice(None))
        if bottom >= deepest:
            return None
        ends = (bottom, height), (top, 0)
    else:
        return None
    return np.array(ends, float) - 0.5


def _corner(samples: Sequence[Pixels], edge: Edge) -> Corner | None:
    """Compare both sides of an edge; None if it is not an edge of the paper.

    samples  uint8 (H, W), one for each color
    """
    shape = samples[0].shape
    distances, fractions = edge.distances(shape), edge.fractions(shape)
    depth = CORNERS.soft_px + max(3, CORNERS.beside * max(shape))
    beyond = distances < -CORNERS.soft_px
    beside = (distances > CORNERS.soft_px) & (distances < depth)
    beside &= np.abs(fractions - 0.5) < 0.45  # at its ends another corner may begin
    if not beyond.any() or not beside.any():
        return None
    levels = np.array([[np.median(s[part]) for part in (beyond, beside)] for s in samples])
    contrasts = np.abs(np.ptp(levels, axis=1))
    clearest = int(contrasts.argmax())
    if contrasts[clearest] < CORNERS.min_contrast:
        return None
    color, paper = levels[clearest]
    corner = Corner(
        edge,
        tuple(levels[:, 1].astype(int).tolist()),
        clearest,
        (color + paper) / 2,
        bool(color < paper),
    )
    if corner.is_paper(samples)[beyond].mean() > 1 - CORNERS.min_uniform:
        return None
    # The edge of a shadow is softer.
    off = np.abs(samples[clearest][beside] - paper) < CORNERS.flat * abs(color - paper)
    return corner if off.mean() >= CORNERS.min_paper_beside else None


def _are_of_one_sheet(corners: Sequence[Corner]) -> bool:
    """Return whether the edges meet at right angles, and are not those of an upright octagon.

    A 0 that is cropped to its ink leaves four corners as well.
    """
    if len(corners) < 3:
        return True
    # Four times the angle of an edge is the same for all sides of a rectangle.
    turned = [complex(*corner.edge.normal) ** 4 for corner in corners]
    mean = np.mean(turned)
    is_rectangle = abs(mean) > CORNERS.min_square
    return bool(is_rectangle and mean.real > CORNERS.min_upright)


def _rest_is_paper(samples: Sequence[Pixels], corners: Sequence[Corner]) -> bool:
    """Return whether what the edges leave has a border of paper, and some ink on it.

    Otherwise they are the edges of a broad stroke.
    """
    shape = samples[0].shape
    rest = np.ones(shape, bool)
    for corner in corners:
        rest &= corner.edge.distances(shape) > 2 * CORNERS.soft_px
    border = _border(rest)
    if border.any() and _border(corners[0].is_paper(samples))[border].mean() < CORNERS.min_border:
        return False
    return bool(rest.any()) and any(
        np.mean(np.abs(sample[rest].astype(int) - level) > MIN_CONTRAST) > CORNERS.min_ink
        for sample, level in zip(samples, corners[0].paper, strict=True)
    )


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Follow the border around, bool (N,)."""
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
