"""Write amounts with digits of one writer, from pen trajectories, and signs as people make them."""

import numpy as np
from pens import coverage

from inkdigits.arrays import Array, Generator
from inkdigits.data.traces import Traces

MIN_DIGITS = 30  # digits that a writer must have
DIGIT_PX = (34, 110)  # height of digits in a picture


def written_amount(traces: Traces, written: str, rng: Generator) -> Array:
    """Write an amount with digits of one writer, and signs as people make them.

    returns  float64 (H, W), how much of each pixel the pen covers
    """
    height_px = rng.uniform(*DIGIT_PX)
    pen_px = rng.uniform(0.04, 0.11) * height_px
    names, counts = np.unique(traces.writers, return_counts=True)
    writer = rng.choice(names[counts >= MIN_DIGITS])
    strokes: list[Array] = []
    x = 0.0
    for symbol in written:
        sign = _sign(symbol, rng) if not symbol.isdigit() else _traced(traces, writer, symbol, rng)
        points = np.concatenate(sign)
        gap = rng.uniform(0.08, 0.3)
        moved = np.array([0.0, x - float(points[:, 1].min())])
        strokes += [stroke + moved for stroke in sign]
        x += float(np.ptp(points[:, 1])) + gap
    placed = [stroke * height_px for stroke in strokes]
    points = np.concatenate(placed)
    corner = points.min(axis=0) - pen_px / 2 - 1
    extent = np.ceil(points.max(axis=0) - corner + pen_px / 2 + 1)
    return coverage(
        [stroke - corner for stroke in placed], pen_px, (int(extent[0]), int(extent[1]))
    )


def _traced(traces: Traces, writer: str, symbol: str, rng: Generator) -> list[Array]:
    """Choose a digit of a writer, 1 high, rows and columns."""
    is_label = traces.labels == int(symbol)
    found = np.flatnonzero(is_label & (traces.writers == writer))
    strokes = traces.strokes[int(rng.choice(found if len(found) else np.flatnonzero(is_label)))]
    points = np.concatenate(strokes)
    extent = np.maximum(np.ptp(points, axis=0), 1e-6)
    scale = rng.normal(1, 0.06) / max(extent[1], extent[0] / 1.5)
    top = rng.normal(0, 0.04)
    return [(stroke - points.min(axis=0))[:, ::-1] * scale + (top, 0) for stroke in strokes]


def _sign(symbol: str, rng: Generator) -> list[Array]:
    """Make a sign, where a digit has rows 0 to 1."""
    if symbol == ".":
        return [np.array([[0.97, 0.0], [1.0, 0.02]])]
    if symbol == ",":
        return [np.array([[0.9, 0.1], [1.0, 0.1], [1.2, rng.uniform(-0.05, 0.05)]])]
    if symbol == "-":
        row = rng.uniform(0.4, 0.6)
        return [np.array([[row, 0.0], [row + rng.normal(0, 0.03), rng.uniform(0.35, 0.7)]])]
    turn = np.linspace(0, 1, 30)
    s_curve = np.stack([0.1 + 0.8 * turn, 0.3 - 0.28 * np.sin(2 * np.pi * (turn - 0.03))], axis=1)
    return [s_curve, np.array([[-0.1, 0.3], [1.1, rng.uniform(0.25, 0.35)]])]
