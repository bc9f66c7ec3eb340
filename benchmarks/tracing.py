"""Trace the strokes of a digit's image: the center lines of its ink."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Array, Pixels

Stroke = NDArray[np.float64]  # (N, 2), rows and columns
Place = tuple[int, int]  # row and column of a pixel

UPSCALE = 4  # factor before thinning; the finer grid makes smoother lines
INKED = 0.4  # of the peak: threshold above which a pixel counts as inked
BLOT = 2.0  # times the usual depth of ink; what is deeper is a filled loop or a blot
RIM = 1.3  # times the usual depth; the rim of a blot that is kept
SPUR = 1.1  # times the depth of the ink at its junction; a shorter branch is the ink's rough edge
SMOOTHING = 3.0  # px of the upscaled image, standard deviation


def trace(image: Pixels) -> list[Stroke]:
    """Trace the strokes of a digit: the smoothed center lines of its ink.

    image    uint8 (28, 28), not blank
    returns  strokes in a box whose longer side is 1, from its top left corner
    """
    upscaled = ndimage.zoom(np.pad(image, 1).astype(float), UPSCALE, order=3)
    inked = upscaled > INKED * upscaled.max()
    depth = ndimage.distance_transform_edt(inked)
    thin = _thinned(inked)
    blots = _blots(depth, thin)
    if blots.any():
        thin = _thinned(inked & ~blots)
    paths = _without_spurs(list(_paths(thin)), depth)
    strokes = [_smoothed(np.array(path, float)) for path in paths]
    corner = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    opposite = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    return [(stroke - corner) / max(float((opposite - corner).max()), 1) for stroke in strokes]


def _blots(depth: Array, thin: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the insides of blots at the end of a stroke, which are mostly loops filled with ink.

    Their center line would be a short stroke. Without their insides they are loops again.

    depth    of the ink, distance to the background
    thin     the center lines
    returns  bool (H, W)
    """
    usual = float(np.median(depth[thin]))
    is_end = thin & (_neighbors(thin).sum(axis=0) == 1)
    insides, count = ndimage.label(depth > RIM * usual)
    blots = np.zeros_like(thin)
    for number in range(1, count + 1):
        inside = insides == number
        rim = ndimage.binary_dilation(inside, iterations=round(RIM * usual))
        if depth[inside].max() > BLOT * usual and (is_end & rim).any():
            blots |= inside
    return blots


def _thinned(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin ink to lines one pixel wide.

    source  Zhang and Suen 1984, A Fast Parallel Algorithm for Thinning Digital Patterns
    """
    inked = inked.copy()
    while True:
        before = inked.sum()
        for step in (0, 1):
            around = _neighbors(inked)
            north, east, south, west = around[0], around[2], around[4], around[6]
            count = around.sum(axis=0)
            turns = (~around & np.roll(around, -1, axis=0)).sum(axis=0)
            if step == 0:
                edge = ~(north & east & south) & ~(east & south & west)
            else:
                edge = ~(north & east & west) & ~(north & south & west)
            inked &= ~((count >= 2) & (count <= 6) & (turns == 1) & edge)
        if inked.sum() == before:
            return inked


def _neighbors(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each of the eight neighbors is inked, clockwise from north, bool (8, H, W)."""
    height, width = inked.shape
    framed = np.pad(inked, 1)
    starts = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    return np.stack([framed[r : r + height, c : c + width] for r, c in starts])


def _paths(thin: NDArray[np.bool_]) -> Iterator[list[Place]]:
    """Follow thin lines from each end or junction to the next, and around each ring."""
    links = _links({(int(r), int(c)) for r, c in np.argwhere(thin)})
    unvisited = {frozenset((place, other)) for place in links for other in links[place]}
    junctions = [place for place in links if len(links[place]) != 2]
    for start in junctions + list(links):
        if not links[start]:
            yield [start]
        for second in links[start]:
            path = [start]
            following: Place | None = second
            while following is not None and frozenset((path[-1], following)) in unvisited:
                unvisited.remove(frozenset((path[-1], following)))
                path.append(following)
                onward = [place for place in links[following] if place != path[-2]]
                following = onward[0] if len(links[following]) == 2 and onward else None
            if len(path) > 1:
                yield path


def _links(places: set[Place]) -> dict[Place, list[Place]]:
    """Link each pixel to its neighbors, to a diagonal one only if no other path connects them."""
    links: dict[Place, list[Place]] = {}
    for row, column in sorted(places):
        beside = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        linked = [place for place in beside if place in places]
        for down in (-1, 1):
            for right in (-1, 1):
                detour = {(row + down, column), (row, column + right)} & places
                if (row + down, column + right) in places and not detour:
                    linked.append((row + down, column + right))
        links[row, column] = linked
    return links


def _without_spurs(paths: list[list[Place]], depth: Array) -> list[list[Place]]:
    """Remove short side branches, which come from the ink's rough edge."""
    ends = [end for path in paths for end in (path[0], path[-1])]

    def is_spur(path: list[Place]) -> bool:
        free = [end for end in (path[0], path[-1]) if ends.count(end) == 1]
        joined = [end for end in (path[0], path[-1]) if ends.count(end) > 2]
        length = sum(float(np.hypot(a[0] - b[0], a[1] - b[1])) for a, b in pairwise(path))
        return len(free) == 1 and len(joined) == 1 and length < SPUR * depth[joined[0]]

    return [path for path in paths if not is_spur(path)] or paths


def _smoothed(path: Stroke) -> Stroke:
    """Smooth a path but keep its ends, so that paths that met still meet."""
    if len(path) < 4:
        return path
    is_ring = bool((path[0] == path[-1]).all())
    smooth = ndimage.gaussian_filter1d(
        path[:-1] if is_ring else path, SMOOTHING, axis=0, mode="wrap" if is_ring else "nearest"
    )
    if is_ring:
        return np.concatenate([smooth, smooth[:1]])
    smooth[0], smooth[-1] = path[0], path[-1]
    return smooth
