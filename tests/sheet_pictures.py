"""Draw filled sheets, and photograph them: perspective, turns, light, blur, size, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.data import made_digits
from inkdigits.forms.layout import LINE_COLOR, LINE_WIDTH, MARKER_DICTIONARY, layout
from inkdigits.forms.sheet_code import SheetCode

PX_PER_MM = 10  # of the drawn page
BLUE_PEN = (110, 45, 25)  # blue, green, red
TABLE = (70, 95, 120)


def to_px(*lengths):
    return [round(PX_PER_MM * length) for length in lengths]


def draw_page(form, rows=20, copy=1, page=1, identity=None):
    """Draw an empty page as it is printed, uint8 (H, W, 3)."""
    plan = layout(form, rows)
    width, height = to_px(plan.width, plan.height)
    image = np.full((height, width, 3), 255, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    for marker in plan.markers:
        left, top, side = to_px(marker.place.left, marker.place.top, marker.place.width)
        black = cv2.aruco.generateImageMarker(dictionary, marker.id, side)
        image[top : top + side, left : left + side] = black[..., None]
    text = SheetCode(identity or form.identity, rows, copy, page).to_text()
    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_M
    parameters.mode = cv2.QRCODE_ENCODER_MODE_ALPHANUMERIC
    code = cv2.QRCodeEncoder.create(parameters).encode(text)
    rows_with_ink = np.flatnonzero((code == 0).any(1))
    code = code[rows_with_ink[0] : rows_with_ink[-1] + 1, rows_with_ink[0] : rows_with_ink[-1] + 1]
    left, top, side = to_px(plan.code.left, plan.code.top, plan.code.width)
    image[top : top + side, left : left + side] = cv2.resize(
        code, (side, side), interpolation=cv2.INTER_NEAREST
    )[..., None]
    for cell in plan.pages[page - 1].cells:
        for box in cell.boxes:
            first, last = to_px(box.left, box.top), to_px(box.right, box.bottom)
            cv2.rectangle(image, first, last, LINE_COLOR[::-1], max(1, *to_px(LINE_WIDTH)))
    return image


def write_digits(image, box, text, rng, pen_mm=0.5, color=BLUE_PEN, digits=None):
    """Write digits into the boxes of a cell, in place; a space leaves a box empty."""
    for place, digit in zip(box, text, strict=False):
        if digit == " ":
            continue
        strokes = (digits or made_strokes)(int(digit), rng)
        points = np.concatenate(strokes)
        low, size = points.min(0), np.maximum(np.ptp(points, axis=0), 1e-6)
        height = rng.uniform(0.6, 0.78) * place.height
        scale = min(height / size[1], 0.75 * place.width / size[0])
        middle = np.array([place.left + place.width / 2, place.top + place.height / 2])
        middle += rng.normal(0, 0.03, 2) * (place.width, place.height)
        for stroke in strokes:
            moved = ((stroke - low - size / 2) * scale + middle) * PX_PER_MM
            line = np.rint(moved * 16).astype(np.int32).reshape(-1, 1, 2)
            cv2.polylines(image, [line], False, color, *to_px(pen_mm), cv2.LINE_AA, 4)


def made_strokes(digit, rng):
    """Make the strokes of a digit in one of the forms that the project can make."""
    forms = [form for form in made_digits.FORMS if form.label == digit]
    return forms[rng.integers(len(forms))].strokes(rng)


@dataclass(frozen=True)
class Photo:
    """How a page is photographed.

    turns        quarter turns of the camera
    tilt         degrees between the camera's axis and the page's normal
    direction    degrees, the direction of the tilt
    megapixels   of the picture
    fill         of the picture that the page takes, in its tighter direction
    shadow       how dark the shadow across the page is, 0 to 1
    blur         standard deviation in millimeters on the page
    noise        standard deviation, of 255
    jpeg         quality
    curl         height of the paper's bend in millimeters
    """

    turns: int = 0
    tilt: float = 0
    direction: float = 0
    megapixels: float = 4
    fill: float = 0.9
    shadow: float = 0
    blur: float = 0.1
    noise: float = 3
    jpeg: int = 85
    curl: float = 0


def photograph(page, photo, rng):
    """Photograph a page that lies on a table, uint8 (H, W, 3)."""
    height, width = page.shape[:2]
    area = photo.megapixels * 1e6
    rows, columns = round((area * 4 / 3) ** 0.5), round((area * 3 / 4) ** 0.5)
    if photo.turns % 2:
        rows, columns = columns, rows
    # The page bent like a part of a tube, seen by a camera one and a half page lengths away.
    y, x = np.mgrid[0 : height + 1 : height / 40, 0 : width + 1 : width / 40]
    bend = np.sin(np.pi * x / width) * photo.curl * PX_PER_MM
    points = np.stack([x - width / 2, y - height / 2, bend], -1).reshape(-1, 3)
    tilt, direction = np.radians([photo.tilt, photo.direction])
    axis = np.array([np.cos(direction), np.sin(direction), 0])
    rotation, _ = cv2.Rodrigues(axis * tilt)
    spin, _ = cv2.Rodrigues(np.array([0, 0, np.pi / 2 * photo.turns]))
    seen = points @ (spin @ rotation).T
    distance = 1.5 * height
    flat = seen[:, :2] * (distance / (distance - seen[:, 2:]))
    low, size = flat.min(0), np.ptp(flat, axis=0)
    scale = photo.fill * min(columns / size[0], rows / size[1])
    target = (flat - low - size / 2) * scale + (columns / 2, rows / 2)
    image = _warp(page, x.ravel(), y.ravel(), target, (rows, columns), scale)
    light = np.ones((rows, columns), np.float32)
    if photo.shadow:
        row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
        edge = (column / columns - 0.5) * np.cos(0.7) + (row / rows - 0.5) * np.sin(0.7)
        light -= photo.shadow / (1 + np.exp(-edge * 60))
    image = image.astype(np.float32) * light[..., None] * (0.92, 0.96, 1.0)
    if photo.blur:
        sigma = photo.blur * PX_PER_MM * scale
        image = cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3))
    image += rng.normal(0, photo.noise, image.shape[:2])[..., None]
    image = np.clip(image, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, photo.jpeg])[1].tobytes()


def _warp(page, x, y, target, shape, scale):
    """Draw the page where a grid of its points is in the picture."""
    rows, columns = shape
    factor = min(1, max(scale, 0.1) * 1.2)
    small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    side = round(len(x) ** 0.5)
    grid = target.reshape(side, side, 2)
    image = np.empty((rows, columns, 3), np.uint8)
    image[:] = TABLE
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
    sources = np.stack([x, y], -1).reshape(side, side, 2)
    step = 40 // 8
    for row in range(0, side - 1, step):
        for column in range(0, side - 1, step):
            places = [(row + step * r, column + step * c) for r, c in corners]
            source = np.float32([sources[p] * factor for p in places])
            to = np.float32([grid[p] for p in places])
            low = np.maximum(np.floor(to.min(0)).astype(int) - 1, 0)
            high = np.minimum(np.ceil(to.max(0)).astype(int) + 2, (columns, rows))
            if (high <= low).any():
                continue
            matrix = cv2.getPerspectiveTransform(source, np.float32(to - low))
            size = tuple(int(n) for n in high - low)
            patch = cv2.warpPerspective(
                small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            mask = np.zeros(size[::-1], np.uint8)
            cv2.fillConvexPoly(mask, np.rint((to - low) * 16).astype(np.int32), 1, shift=4)
            view = image[low[1] : high[1], low[0] : high[0]]
            view[mask > 0] = patch[mask > 0]
    return image
