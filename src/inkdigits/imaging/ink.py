"""Any drawing -> the 28x28 picture that MNIST would have made of it.

MNIST's own pictures were made so: the digit is scaled, antialiased, until its longer side is
20 pixels, and laid into 28x28 with its centre of mass in the middle. They pass through here
(almost) unchanged.
"""

import numpy as np

from inkdigits.arrays import Array, Pixels

SIDE = 28  # of the picture, in pixels
BOX = 20  # longer side of the digit in it
MIDDLE = 14  # row and column of MNIST's centre of mass, where the first is number 0

FAINTEST = 24  # of 255: what stands out less from the sheet, all over the picture, is no ink
FAINT_SHARE = 0.12  # of the strongest ink: what is fainter is a stroke's soft edge, or JPEG noise


def clean(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one drawing.

    rgba     uint8 (H, W, 4)   any size, colours and polarity, transparent or not
    returns  uint8 (28, 28)    0 is the sheet and 255 full ink; all 0 if the sheet is blank
    """
    return fit(contrast(rgba))


def clean_batch(pictures: Pixels) -> Pixels:
    """Make the 28x28 pictures of many, all 28x28 with light ink on black, as MNIST's are.

    pictures  uint8 (N, 28, 28)
    returns   uint8 (N, 28, 28), as `clean` makes of each
    """
    return np.stack([fit(picture) for picture in pictures]) if len(pictures) else pictures


def contrast(rgba: Pixels) -> Pixels:
    """Tell ink from sheet: how far each pixel is from the sheet's colour.

    The sheet is what most of the picture's border is. A transparent sheet is taken for white, or
    for black if on white nothing would be seen.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H, W), 0 is the sheet's colour
    """
    on_white = _distance_from_sheet(_lay_on(255, rgba))
    if on_white.max() >= FAINTEST or rgba[..., 3].min() == 255:
        return on_white
    return _distance_from_sheet(_lay_on(0, rgba))


def fit(strength: Pixels) -> Pixels:
    """Crop to the ink, scale its longer side to 20 pixels, bring its centre of mass to the middle.

    strength  uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (28, 28), 255 the strongest ink; all 0 if nothing stands out
    """
    picture = np.zeros((SIDE, SIDE), np.uint8)
    peak = int(strength.max())
    if peak < FAINTEST:
        return picture
    # In a picture of MNIST's size the soft edges are a good part of the digit, and they count.
    faint = int(FAINT_SHARE * peak) if max(strength.shape) > SIDE else 0
    rows = np.flatnonzero((strength > faint).any(axis=1))
    columns = np.flatnonzero((strength > faint).any(axis=0))
    digit: Array = strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    digit[digit <= faint] = 0

    scale = BOX / max(digit.shape)
    height, width = (max(1, round(scale * side)) for side in digit.shape)
    digit = _resampling(len(digit), height) @ digit @ _resampling(digit.shape[1], width).T
    digit *= 255 / float(digit.max())

    mass = digit.sum()
    top = round(MIDDLE - float(digit.sum(axis=1) @ np.arange(height)) / float(mass))
    left = round(MIDDLE - float(digit.sum(axis=0) @ np.arange(width)) / float(mass))
    top, left = np.clip(top, 0, SIDE - height), np.clip(left, 0, SIDE - width)
    picture[top : top + height, left : left + width] = np.rint(digit)
    return picture


def _lay_on(grey: int, rgba: Pixels) -> Pixels:
    """Lay the picture on a grey sheet, so that nothing is transparent any more."""
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return rgba[..., :3]
    laid = rgba[..., :3] * alpha + grey * (255 - alpha)
    return ((laid + 127) // 255).astype(np.uint8)


def _distance_from_sheet(rgb: Pixels) -> Pixels:
    """The largest difference in any of the three colours, so that yellow on white counts too."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    sheet = np.median(border, axis=0).astype(np.uint8)
    # Written so because unsigned numbers wrap round below zero.
    difference: Pixels = np.maximum(rgb, sheet) - np.minimum(rgb, sheet)
    return np.max(difference, axis=2)


def _resampling(size: int, new_size: int) -> Array:
    """Make the matrix that resamples a line of `size` pixels to `new_size`, antialiased.

    Each new pixel is the mean over the area that it covers; where the line grows, it is
    interpolated between the two nearest. Of the same size, it is the identity.

    returns  float32 (new_size, size), rows of sum 1
    """
    scale = size / new_size
    centres = (np.arange(new_size) + 0.5) * scale
    distances = np.abs(centres[:, None] - (np.arange(size) + 0.5))
    weights: Array = np.clip((max(scale, 1) + 1) / 2 - distances, 0, 1)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
