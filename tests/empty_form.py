"""A form that somebody else printed: text, black boxes, and a line to write a number on.

As a script, for the browser's tests, it makes a scan of it in a folder and lets a person draw its
fields: python empty_form.py FOLDER
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from sheet_pictures import PX_PER_MM, write_digits

from inkdigits.forms.example_digits import EXAMPLE_DIGITS
from inkdigits.forms.layout import Rectangle

SIZE = (2100, 2970)  # of an A4 page, in pixels
LINES = (
    "Meter reading", "City works, department of water and gas", "Customer number",
    "Please write clearly, with a black or blue pen", "Reading of the meter", "in cubic meters",
    "Reading before", "see your last bill", "Persons in the household", "Keep a copy of this page",
)  # fmt: skip
# Left, top, boxes and width of a box, in millimeters; one box is a line to write on.
FIELDS = {
    "customer": (110, 60, 6, 8),
    "reading": (110, 110, 5, 8),
    "before": (95, 160, 1, 60),
    "persons": (130, 210, 2, 8),
}
BOX_HEIGHT = 9  # millimeters


def draw_form(lines=LINES, seed=0):
    """Draw the empty form, uint8 (H, W, 3)."""
    page = np.full((SIZE[1], SIZE[0], 3), 252, np.uint8)
    for number, line in enumerate(lines):
        size = 2.2 if number == 0 else 1.1
        place = (200 + 13 * (number * (seed + 3) % 5), 250 + 260 * number)
        cv2.putText(page, line, place, cv2.FONT_HERSHEY_DUPLEX, size, (30, 30, 30), 3, cv2.LINE_AA)
        small = f"{line[::-1]} {number * 37 + seed}"
        below = (place[0], place[1] + 90)
        cv2.putText(page, small, below, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (60, 60, 60), 2, cv2.LINE_AA)
    for name in FIELDS:
        for box in boxes(name):
            first, last = (
                tuple(round(PX_PER_MM * side) for side in corner)
                for corner in ((box.left, box.top), (box.right, box.bottom))
            )
            if len(boxes(name)) == 1:
                cv2.line(page, (first[0], last[1]), last, (20, 20, 20), 4)
            else:
                cv2.rectangle(page, first, last, (20, 20, 20), 4)
    return page


def boxes(name):
    """Return the boxes of a field, in millimeters."""
    left, top, count, width = FIELDS[name]
    return [Rectangle(left + n * width, top, width, BOX_HEIGHT) for n in range(count)]


def rectangle(name):
    """Return where a field is, in pixels."""
    left, top, count, width = FIELDS[name]
    return [PX_PER_MM * side for side in (left, top, count * width, BOX_HEIGHT)]


def fill(page, seed=0, **texts):
    """Write numbers into the fields of a page; returns another page."""
    rng = np.random.default_rng(seed)
    page = page.copy()
    for name, text in texts.items():
        places = boxes(name)
        if len(places) == 1:
            first = places[0]
            places = [
                Rectangle(first.left + 4 + 7 * n, first.top, 7, BOX_HEIGHT)
                for n in range(len(text))
            ]
        write_digits(page, places, text, rng, digits=lambda digit, rng: EXAMPLE_DIGITS[digit])
    return page


def described():
    """Return the fields as the file of a form has them."""
    return {
        "title": "Meter reading",
        "fields": [
            {"name": "customer", "length": 6, "rectangle": rectangle("customer")},
            {"name": "reading", "length": 5, "rectangle": rectangle("reading")},
            {"name": "before", "length": 5, "rectangle": rectangle("before"), "boxes": False},
            {"name": "persons", "length": 2, "rectangle": rectangle("persons"), "range": [0, 20]},
        ],
    }


if __name__ == "__main__":
    from inkdigits.cli import main

    folder = Path(sys.argv[1])
    cv2.imwrite(str(folder / "empty.png"), draw_form())
    output = str(folder / "meter.toml")
    main(["form", "from-scan", str(folder / "empty.png"), "-o", output, "--no-open"])
