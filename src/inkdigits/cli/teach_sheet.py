"""A picture or a page with all samples of a profile, by digit."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.constants import DIGITS, IMAGE_SIDE
from inkdigits.data.samples import Sample
from inkdigits.imaging.decode import encode_png

SCALE = 2
GAP = 4  # pixels between samples
LABEL = 40  # width of the label of a row
COLUMNS = 20  # samples in a row of the picture
FONT_SCALE, FONT_THICKNESS = 1.0, 2

STYLE = """
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem; color: #1c1c1c; background: #fff; }
h2 { font-size: 1.1rem; margin: 1.2rem 0 0.4rem; }
ul { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; margin: 0; padding: 0; }
li { width: 84px; font-size: 12px; overflow-wrap: anywhere; }
img { width: 84px; height: 84px; image-rendering: pixelated; display: block; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } }
"""


def is_page(path: Path) -> bool:
    """Return whether a sheet of this name is an HTML page, not a PNG picture."""
    return path.suffix.lower() in (".html", ".htm")


def render_picture(samples: Sequence[Sample]) -> bytes:
    """Draw all samples as a PNG file, dark on light: in rows by digit, with the digit before them.

    returns  the file
    """
    side = SCALE * IMAGE_SIDE
    rows: list[tuple[int, list[Sample]]] = []
    for label in range(len(DIGITS)):
        of_label = [sample for sample in samples if sample.label == label]
        rows += [
            (label, of_label[first : first + COLUMNS]) for first in range(0, len(of_label), COLUMNS)
        ]
    most = max((len(row) for _, row in rows), default=0)
    height, width = len(rows) * (side + GAP) + GAP, LABEL + most * (side + GAP) + GAP
    canvas = np.full((height, width), 255, np.uint8)
    before = None
    for number, (label, row) in enumerate(rows):
        top = GAP + number * (side + GAP)
        if label != before:
            _write(canvas, str(label), top + side // 2)
        before = label
        for place, sample in enumerate(row):
            left = LABEL + place * (side + GAP)
            large = cv2.resize(sample.seen, (side, side), interpolation=cv2.INTER_NEAREST)
            canvas[top : top + side, left : left + side] = 255 - large
    return encode_png(canvas)


def _write(canvas: Pixels, text: str, middle: int) -> None:
    """Write a label, vertically around a row of pixels."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(text, font, FONT_SCALE, FONT_THICKNESS)
    place = ((LABEL - width) // 2, middle + height // 2)
    cv2.putText(canvas, text, place, font, FONT_SCALE, 0, FONT_THICKNESS, cv2.LINE_AA)


def render_page(name: str, samples: Sequence[Sample]) -> str:
    """Make a self-contained HTML page of all samples, with their IDs, sources and days.

    name  of the profile
    """
    sections = []
    for digit in DIGITS:
        of_digit = [sample for sample in samples if sample.label == int(digit)]
        if of_digit:
            items = "\n".join(map(_item, of_digit))
            sections.append(f"<h2>{digit}: {len(of_digit)}</h2>\n<ul>\n{items}\n</ul>")
    title = f"Samples of {escape(name)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def _item(sample: Sample) -> str:
    picture = b64encode(encode_png(255 - sample.seen)).decode()
    return (
        f'<li><img alt="{sample.label}" src="data:image/png;base64,{picture}">'
        f"{escape(sample.id[:8])}<br>{sample.source}<br>{sample.time:%Y-%m-%d}</li>"
    )
