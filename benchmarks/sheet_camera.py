"""Simulate photographs of a sheet of paper: perspective, light, blur, noise and JPEG.

It renders with OpenCV, but shares no code with what finds and straightens a sheet.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Generator, Pixels

Colors: TypeAlias = Pixels  # uint8 (H, W, 3), red, green, blue

MAX_TILT = 35.0  # degrees
SPOILT = ("marker covered", "corner folded", "half in the dark")


@dataclass(frozen=True)
class Camera:
    """How a sheet is photographed.

    megapixels   of the photograph
    quarter      quarter turns of the camera, clockwise: 0 to 3
    tilt         degrees between the camera's axis and the sheet's normal
    toward       direction of the tilt, degrees
    roll         degrees by which the sheet lies askew
    margin       of the frame around the sheet, as a fraction of the sheet's picture
    light        "even", "gradient" or "shadow"
    blur_mm      standard deviation, on the paper
    curl_mm      how far the paper's waves move its points sideways
    noise        standard deviation of the sensor's noise, in levels of 255
    quality      of the JPEG file
    spoilt       one of SPOILT, or None
    """

    megapixels: float
    quarter: int
    tilt: float
    toward: float
    roll: float
    margin: float
    light: str
    blur_mm: float
    curl_mm: float
    noise: float
    quality: int
    spoilt: str | None = None

    @property
    def levels(self) -> dict[str, str]:
        """The level of each factor, by which results are reported."""
        return {
            "megapixels": _level(self.megapixels, (2, 4, 8), "{} to {}", 1, 12),
            "tilt, degrees": _level(self.tilt, (10, 20, 30), "{} to {}", 0, 35),
            "quarter turns": str(self.quarter),
            "light": self.light,
            "blur, mm": _level(self.blur_mm, (0.1, 0.2), "{} to {}", 0, 0.3),
            "JPEG quality": _level(self.quality, (60, 80), "{} to {}", 45, 95),
        }


def _level(value: float, limits: tuple[float, ...], form: str, low: float, high: float) -> str:
    bounds = (low, *limits, high)
    number = int(np.searchsorted(limits, value, side="right"))
    return form.format(f"{bounds[number]:g}", f"{bounds[number + 1]:g}")


def choose_camera(rng: Generator, spoilt: str | None = None) -> Camera:
    """Choose how a sheet is photographed, at random."""
    return Camera(
        megapixels=float(np.exp(rng.uniform(np.log(1), np.log(12)))),
        quarter=int(rng.integers(4)),
        tilt=float(rng.uniform(0, MAX_TILT)),
        toward=float(rng.uniform(0, 360)),
        roll=float(rng.normal(0, 4)),
        margin=float(rng.uniform(0.03, 0.15)),
        light=str(rng.choice(["even", "gradient", "shadow"])),
        blur_mm=float(0.3 * rng.random() ** 1.5),
        curl_mm=float(rng.uniform(0, 0.8) if rng.random() < 0.3 else 0),
        noise=float(rng.uniform(1, 6)),
        quality=int(rng.integers(45, 95)),
        spoilt=spoilt,
    )


def photograph(
    page: Colors, size_mm: tuple[float, float], camera: Camera, rng: Generator,
    markers_mm: NDArray[np.floating] | None = None,
) -> bytes:  # fmt: skip
    """Photograph a page that lies on a table.

    page        the printed and filled page, upright
    size_mm     its width and height
    markers_mm  centers of the markers, (N, 2), one of which is covered if the sheet is spoilt so
    returns     a JPEG file
    """
    sheet: Array = page.astype(np.float32)
    if camera.spoilt == "corner folded":
        sheet, table = _folded(sheet, size_mm, rng)
    else:
        table = np.zeros(page.shape[:2], np.float32)
    if camera.spoilt == "marker covered":
        assert markers_mm is not None
        sheet = _covered(sheet, size_mm, markers_mm[rng.integers(len(markers_mm))], rng)
    corners, shape = _corners(size_mm, camera)
    scene = _place(sheet, table, corners, shape, size_mm, camera, rng)
    lit = scene * _light(corners, shape, camera, rng)[..., None]
    tint = np.clip(rng.normal(1, 0.04, 3), 0.88, 1.1).astype(np.float32)
    lit *= tint * np.float32(rng.uniform(0.75, 1.02))
    pixels_mm = float(np.sqrt(_area(corners) / (size_mm[0] * size_mm[1])))
    blur = max(0.4, camera.blur_mm * pixels_mm)
    lit = cv2.GaussianBlur(lit, (0, 0), blur)
    lit += camera.noise * rng.standard_normal(lit.shape, np.float32)
    levels = np.clip(lit, 0, 255).astype(np.uint8)
    turned = np.rot90(levels, -camera.quarter)
    quality = [cv2.IMWRITE_JPEG_QUALITY, camera.quality]
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(turned[..., ::-1]), quality)[1])


def scanned(page: Colors, rng: Generator, quality: int = 85) -> bytes:
    """Scan a page that lies slightly askew on a flatbed scanner; a JPEG file."""
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 0.8), 1)
    turn[:, 2] += rng.normal(0, 0.004 * width, 2)
    askew = cv2.warpAffine(page, turn, (width, height), borderValue=(250, 250, 250))
    noisy = cv2.GaussianBlur(askew, (0, 0), 0.6) + rng.normal(0, 2, askew.shape)
    levels = np.clip(noisy, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def _corners(size_mm: tuple[float, float], camera: Camera) -> tuple[Array, tuple[int, int]]:
    """Return where the sheet's corners are in the photograph, before its quarter turns.

    returns  float (4, 2), x and y of the top left, top right, bottom right and bottom left; and the
             photograph's height and width
    """
    width, height = size_mm
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    flat = np.concatenate([corners, np.zeros((4, 1))], axis=1)
    toward, tilt, roll = np.radians([camera.toward, camera.tilt, camera.roll])
    axis = np.array([np.cos(toward), np.sin(toward), 0])
    turned = flat @ cv2.Rodrigues(np.array([0, 0, roll]))[0].T @ cv2.Rodrigues(axis * tilt)[0].T
    distance = 1.45 * max(size_mm)  # a phone sees about as much as its distance
    seen = turned[:, :2] / (distance + turned[:, 2:])
    low, high = seen.min(axis=0), seen.max(axis=0)
    needed = (high - low) * (1 + 2 * camera.margin)
    aspect = 4 / 3 if needed[1] > needed[0] else 3 / 4
    if needed[1] / needed[0] > aspect:
        frame = np.array([needed[1] / aspect, needed[1]])
    else:
        frame = np.array([needed[0], needed[0] * aspect])
    shape_width = np.sqrt(camera.megapixels * 1e6 / aspect)
    scale = shape_width / frame[0]
    shape = round(shape_width * aspect), round(shape_width)
    placed = (seen - (low + high) / 2) * scale + np.array([shape[1], shape[0]]) / 2
    return placed.astype(np.float64), shape


def _place(
    page: Array, table: Array, corners: Array, shape: tuple[int, int],
    size_mm: tuple[float, float], camera: Camera, rng: Generator,
) -> Array:  # fmt: skip
    """Lay the page on a table, and look at it; float32 (H, W, 3)."""
    height, width = page.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to_photo = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    # Reduced first: a warp samples single pixels, and would make thin lines rough.
    reduction = np.sqrt(width * height / _area(corners))
    if reduction > 1.2:
        page = cv2.GaussianBlur(page, (0, 0), 0.4 * reduction)
    columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    points = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float32)
    on_page = cv2.perspectiveTransform(points, np.linalg.inv(to_photo)).reshape(*shape, 2)
    if camera.curl_mm:
        waves, phase = rng.uniform(0.5, 1.2), rng.uniform(0, 2 * np.pi)
        along = 2 * np.pi * waves * on_page[..., 1] / height + phase
        shift = np.float32(camera.curl_mm * height / size_mm[1]) * np.sin(along)
        on_page = on_page + np.stack([0.4 * shift, shift], axis=-1)
    seen = cv2.remap(page, on_page.astype(np.float32), None, cv2.INTER_LINEAR, borderValue=0)
    hole = cv2.remap(table, on_page.astype(np.float32), None, cv2.INTER_LINEAR, borderValue=1)
    hole = hole[..., None]
    surface = _table(shape, rng)
    # On a white table, the sheet's shadow makes its edges visible.
    near = cv2.GaussianBlur(1 - hole[..., 0], (0, 0), 0.004 * max(shape))[..., None]
    surface *= 1 - 0.25 * near
    return seen * (1 - hole) + surface * hole


def _table(shape: tuple[int, int], rng: Generator) -> Array:
    """Make the surface of a table: wood, stone or cloth, dark or light; float32 (H, W, 3)."""
    base = rng.uniform(40, 215)
    color = base * np.clip([1, rng.uniform(0.8, 1.02), rng.uniform(0.6, 1.02)], 0, 1.1)
    grain = rng.standard_normal((shape[0] // 8 + 1, shape[1] // 8 + 1)).astype(np.float32)
    long, wide = rng.uniform(0.5, 40), rng.uniform(0.5, 3)
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=long, sigmaY=wide)
    grain *= rng.uniform(2, 14) / max(float(grain.std()), 1e-6)
    grain = cv2.resize(grain, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(color.astype(np.float32) + grain[..., None], 0, 255)


def _light(corners: Array, shape: tuple[int, int], camera: Camera, rng: Generator) -> Array:
    """Return the share of the light that reaches each pixel; float32 (H, W)."""
    columns, rows = np.meshgrid(
        np.linspace(-1, 1, shape[1], dtype=np.float32),
        np.linspace(-1, 1, shape[0], dtype=np.float32),
    )
    light = 1 - np.float32(rng.uniform(0, 0.18)) * (columns**2 + rows**2) / 2  # vignetting
    direction = rng.uniform(0, 2 * np.pi)
    along = columns * np.float32(np.cos(direction)) + rows * np.float32(np.sin(direction))
    if camera.light == "gradient":
        light *= 1 - np.float32(rng.uniform(0.15, 0.5)) * (along + 1.42) / 2.84
    elif camera.light == "shadow":
        edge = (along - rng.uniform(-0.5, 0.5)) / rng.uniform(0.02, 0.2)
        shade = 1 / (1 + np.exp(-4 * np.clip(edge, -9, 9)))
        light *= 1 - np.float32(rng.uniform(0.25, 0.6)) * shade.astype(np.float32)
    if camera.spoilt == "half in the dark":
        middle = corners.mean(axis=0) / (shape[1] / 2, shape[0] / 2) - 1
        at_middle = middle[0] * np.cos(direction) + middle[1] * np.sin(direction)
        shade = 1 / (1 + np.exp(-np.clip((along - at_middle) / 0.02, -30, 30)))
        light *= 1 - np.float32(rng.uniform(0.93, 0.98)) * shade.astype(np.float32)
    return light


def _covered(page: Array, size_mm: tuple[float, float], center: Array, rng: Generator) -> Array:
    """Cover a place of the page by a finger or a cup."""
    page = page.copy()
    scale = page.shape[1] / size_mm[0]
    middle = tuple(int(value) for value in center * scale + rng.normal(0, 1, 2) * scale)
    radius = int(rng.uniform(9, 14) * scale)
    color = tuple((rng.uniform(60, 230) * np.array([1, 0.8, 0.7])).tolist())
    cv2.circle(page, middle, radius, color, -1, cv2.LINE_AA)
    return page


def _folded(page: Array, size_mm: tuple[float, float], rng: Generator) -> tuple[Array, Array]:
    """Fold a corner of the page over.

    returns  the page with the back of the corner on it, and where the table shows, 0 to 1
    """
    height, width = page.shape[:2]
    scale = width / size_mm[0]
    across, down = rng.uniform(28, 60, 2) * scale
    is_right, is_bottom = rng.integers(2, size=2)
    corner = np.array([is_right * width, is_bottom * height], float)
    first = corner + np.array([(1 - 2 * is_right) * across, 0])
    second = corner + np.array([0, (1 - 2 * is_bottom) * down])
    line = (second - first) / np.linalg.norm(second - first)
    onto = first + line * ((corner - first) @ line)
    tip = 2 * onto - corner  # the corner, mirrored by the fold
    page = page.copy()
    back = np.rint([first, second, tip]).astype(np.int32)
    cv2.fillPoly(page, [back], (236.0, 236.0, 233.0), cv2.LINE_AA)
    cv2.polylines(page, [back], True, (190.0, 190.0, 188.0), max(1, int(0.3 * scale)), cv2.LINE_AA)
    table = np.zeros((height, width), np.float32)
    cv2.fillPoly(table, [np.rint([first, second, corner]).astype(np.int32)], 1.0, cv2.LINE_AA)
    return page, table


def _area(corners: Array) -> float:
    return float(cv2.contourArea(corners.astype(np.float32)))


def spoil(camera: Camera, spoilt: str) -> Camera:
    """Return the same photograph, but spoilt."""
    return replace(camera, spoilt=spoilt)
