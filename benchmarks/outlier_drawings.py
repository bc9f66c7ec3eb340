"""Non-digits that visitors draw: hand signs, smileys, plus signs and stars."""

import math

import numpy as np
from outlier_shapes import Point, regular, round_line
from outlier_sources import Sources
from outlier_strokes import CANVAS
from outlier_text import pictogram, rotation
from PIL import Image, ImageDraw

from inkdigits.arrays import Array, Generator

# Where fingers begin on the palm, which is a disk of radius 1, and how far they reach, from the
# thumb to the little finger. Angles are in degrees from upright, clockwise.
FINGER_ANGLES = (-75, -24, -7, 9, 26)
FINGER_LENGTHS = (1.7, 2.2, 2.4, 2.3, 1.9)
FINGER_WIDTH = 0.42
HAND_SIGNS = {
    "fist": (), "thumb": (0,), "two": (1, 2), "gun": (0, 1), "horns": (1, 4), "call": (0, 4),
    "three": (1, 2, 3), "three with the thumb": (0, 1, 2), "four": (1, 2, 3, 4),
    "open hand": (0, 1, 2, 3, 4), "ring": (2, 3, 4),
}  # fmt: skip


def hand_sign(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a hand that counts or gestures, as an outline or filled, with its wrist."""
    sign = str(rng.choice(list(HAND_SIGNS)))
    scale, mirrored = rng.uniform(20, 26), rng.choice([-1, 1])
    linear = scale * rotation(rng.normal(0, 0.3)) @ np.diag([mirrored * rng.uniform(0.8, 1.1), 1])
    limbs = [(np.array([[0.0, 0.0], [0.0, 1.9]]), 1.3)]  # the wrist
    for finger in HAND_SIGNS[sign]:
        angle = math.radians(FINGER_ANGLES[finger] + rng.normal(0, 5))
        direction = np.array([math.sin(angle), -math.cos(angle)])
        reach = FINGER_LENGTHS[finger] * rng.uniform(0.9, 1.1)
        limbs.append((np.stack([0.7 * direction, reach * direction]), FINGER_WIDTH))
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen_px = int(rng.integers(3, 7))
    is_filled = sign != "fist" and rng.random() < 0.3
    middle = np.array([CANVAS / 2, CANVAS * 0.55])
    for ink, border_px in ((0, pen_px), (0 if is_filled else 255, 0)):
        pen = ImageDraw.Draw(image)
        for limb, width in limbs:
            _capsule(pen, limb @ linear.T + middle, scale * width / 2 + border_px, ink)
        _capsule(pen, np.array([middle, middle]), scale + border_px, ink)
    if not is_filled and sign in ("fist", "two", "ring", "gun"):  # folded fingers
        for x in (-0.4, 0, 0.4):
            line = np.array([[x, -0.7], [x, 0]]) @ linear.T + middle
            ImageDraw.Draw(image).line(line.ravel().tolist(), fill=0, width=pen_px)
    return image


def _capsule(pen: ImageDraw.ImageDraw, ends: Array, radius: float, ink: int) -> None:
    """Draw a thick line with round ends."""
    pen.line(ends.ravel().tolist(), fill=ink, width=round(2 * radius))
    for x, y in ends:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def smiley(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a face that smiles, frowns, winks or is astonished; sometimes without its outline."""
    mouth = str(rng.choice(["smile", "frown", "grin", "straight", "astonished"]))
    eyes = str(rng.choice(["dots", "rings", "strokes", "wink"]))
    lines: list[list[Point]] = [round_line(0, 0, 1, 1)] if rng.random() < 0.8 else []
    height, spread = rng.uniform(-0.4, -0.2), rng.uniform(0.3, 0.45)
    for side in (-1, 1):
        if eyes == "rings":
            lines.append(round_line(side * spread, height, 0.14, 0.16))
        elif eyes == "wink" and side > 0:
            lines.append([(spread - 0.15, height), (spread + 0.15, height)])
        else:
            length = 0.05 if eyes == "dots" else 0.2
            lines.append([(side * spread, height - length), (side * spread, height + length)])
    lines += {
        "smile": [round_line(0, 0.15, 0.5, 0.4, 0.05, 0.45)],
        "frown": [round_line(0, 0.65, 0.45, 0.35, 0.55, 0.95)],
        "grin": [[*round_line(0, 0.2, 0.5, 0.45, 0, 0.5), (0.5, 0.2)]],
        "straight": [[(-0.4, 0.45), (0.4, 0.4)]],
        "astonished": [round_line(0, 0.45, 0.16, 0.2)],
    }[mouth]
    return _freehand(rng, [np.array(line) for line in lines])


def plus_or_star(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a plus sign, a star, an asterisk or a check mark, freehand or in a font."""
    form = str(rng.choice(["font", "plus", "asterisk", "star", "check mark"]))
    if form == "font":
        return pictogram(rng, sources)
    lines: list[list[Point]]
    if form == "plus":
        lines = [[(-1, 0), (1, 0)], [(0, -1), (0, 1)]]
    elif form == "asterisk":
        lines = [[point, (-point[0], -point[1])] for point in regular(6)[:3]]
    elif form == "star":
        corners = regular(5)
        lines = [[corners[number] for number in (0, 2, 4, 1, 3, 0)]]
    else:
        lines = [[(-0.8, 0.1), (-0.2, 0.9), (1, -0.8)]]
    return _freehand(rng, [np.array(line) for line in lines])


def _freehand(rng: Generator, lines: list[Array]) -> Image.Image:
    """Draw lines that are (N, 2) in a box from -1 to 1, slightly distorted."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen, width = ImageDraw.Draw(image), int(rng.integers(3, 10))
    distortion = rng.uniform(35, 50) * (np.eye(2) + rng.normal(0, 0.1, (2, 2)))
    for line in lines:
        points = (line + rng.normal(0, 0.03, 2)) @ distortion + CANVAS / 2
        pen.line(points.ravel().tolist(), fill=0, width=width, joint="curve")
    return image
