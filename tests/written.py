"""Numbers of straight strokes, which need no data set."""

import numpy as np

from inkdigits.imaging.strokes import draw

# A digit is 1 high: x, and y downwards.
SEVEN = np.array([[0.0, 0.0], [0.6, 0.0], [0.2, 1.0]])
FOUR = [np.array([[0.4, 0.0], [0.0, 0.6], [0.6, 0.6]]), np.array([[0.4, 0.0], [0.4, 1.0]])]
DIGITS = {"4": FOUR, "7": [SEVEN]}


def number(height=60, pen=6, slope=0.0, shape=(240, 500), at=(60, 80), text="47474", gap=1.0):
    """Write a number of 4s and 7s; uint8, 255 is full ink.

    gap   from the left of one digit to that of the next, in digits' heights
    """
    strokes = []
    for place, symbol in enumerate(text):
        along = gap * place * height
        corner = np.array([at[0] + along, at[1] + slope * along])
        lean = np.array([[1, slope], [0, 1]])
        strokes += [stroke @ lean * height + corner for stroke in DIGITS[symbol]]
    return draw(strokes, pen, shape)
