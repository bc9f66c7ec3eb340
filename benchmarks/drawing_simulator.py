"""Trace digits and render them as people draw: on any canvas, with any pen, color and light.

Pillow does the rendering, so it shares no code with what the benchmarks measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.mnist import Digits

Stroke = NDArray[np.float64]  # (N, 2), rows and columns
Place = tuple[int, int]  # row and column of a pixel

UPSCALE = 4  # factor before thinning; the finer grid makes smoother lines
INKED = 0.4  # of the peak: threshold above which a pixel counts as inked
SMOOTHING = 3.0  # px of the upscaled image, standard deviation

# Width, height and scale: a canvas of scale 8 is a bitmap that is upscaled 8 times.
CANVASES = (
    (28, 28, 1),
    (64, 64, 1),
    (150, 100, 1),
    (280, 280, 1),
    (500, 500, 1),
    (640, 480, 1),
    (1000, 1000, 1),
    (1200, 900, 1),
    (16, 16, 10),
    (32, 32, 8),
)
SEED = 0
MIN_PX = 16  # longer side of a digit
MIN_ON_PAPER_PX = 40  # of a digit that is photographed or saved as a JPEG
MIN_CONTRAST = 80  # of 255, in brightness


@dataclass(frozen=True)
class Conditions:
    """The random conditions under which a digit is drawn.

    canvas, place            size of the image, and where on it the digit is
    size_px, pen_px          longer side of the digit, and width of its strokes
    antialiased, polarity, color, file   as in a drawing program
    light ... specks         as on paper; all "none" on a small canvas or a transparent background
    """

    canvas: tuple[int, int, int]
    place: str
    size_px: float
    pen_px: float
    antialiased: bool
    polarity: str
    color: str
    file: str
    light: str = "none"
    noise: str = "none"
    blur: str = "none"
    texture: str = "none"
    ruled: str = "none"
    frame: str = "none"
    specks: str = "none"

    @property
    def levels(self) -> dict[str, str]:
        """The level of each factor, by the factor's name."""
        width, height, scale = self.canvas
        return {
            "canvas": f"{width}x{height}" + (f" upscaled {scale}x" if scale > 1 else ""),
            "place": self.place,
            "digit / canvas": _level(self.size_px / min(width, height), (0.1, 0.25, 0.5, 0.75)),
            "pen / digit": _level(self.pen_px / self.size_px, (0.02, 0.05, 0.1, 0.15, 0.2)),
            "pen": "1 px" if self.pen_px == 1 else "wider",
            "edges": "antialiased" if self.antialiased else "aliased",
            "polarity": self.polarity,
            "color": self.color,
            "file": self.file,
            "light": self.light,
            "noise": self.noise,
            "blur": self.blur,
            "texture": self.texture,
            "ruled": self.ruled,
            "frame": self.frame,
            "specks": self.specks,
        }


PLAIN = Conditions(
    canvas=(280, 280, 1),
    place="on the canvas",
    size_px=200,
    pen_px=24,
    antialiased=True,
    polarity="dark on light",
    color="black and white",
    file="PNG",
)


@dataclass(frozen=True)
class Drawing:
    """A digit drawn under random conditions.

    file   bytes of a PNG or JPEG file
    plain  bytes of a PNG file with the same strokes, drawn under PLAIN
    """

    label: int
    conditions: Conditions
    file: bytes
    plain: bytes


def drawings(digits: Digits, count: int) -> Iterator[Drawing]:
    """Simulate `count` drawings, cycling through the digits; they are always the same."""
    for number in range(count):
        # Each drawing has its own generator, so it does not depend on the others.
        rng = np.random.default_rng((SEED, number))
        strokes = trace(digits.images[number % len(digits)])
        label = int(digits.labels[number % len(digits)])
        conditions = draw_conditions(rng)
        file = draw(strokes, conditions, rng)
        yield Drawing(label, conditions, file, draw(strokes, PLAIN, rng))


def _level(value: float, bounds: tuple[float, ...]) -> str:
    """Name the interval between two bounds that contains a value."""
    number = sum(value >= bound for bound in bounds)
    names = [f"{bound:.0%}" for bound in bounds]
    if number == 0:
        return f"under {names[0]}"
    if number == len(bounds):
        return f"{names[-1]} or more"
    return f"{names[number - 1]} to {names[number]}"


def draw_conditions(rng: Generator) -> Conditions:
    """Choose the conditions of a drawing at random."""
    canvas = CANVASES[rng.integers(len(CANVASES))]
    side = min(canvas[:2])
    is_bitmap = canvas[2] > 1
    share = rng.uniform(0.85, 1) if is_bitmap else np.exp(rng.uniform(np.log(0.08), np.log(0.95)))
    size_px = max(MIN_PX, share * side)
    pen_px = 1.0 if rng.random() < 0.2 else max(1.0, rng.uniform(0.01, 0.25) * size_px)
    file = str(rng.choice(["PNG", "PNG, transparent", "JPEG 30-60", "JPEG 60-95"]))
    if size_px < MIN_ON_PAPER_PX or is_bitmap:
        file = "PNG" if rng.random() < 0.7 else "PNG, transparent"
    drawn = {
        "canvas": canvas,
        "place": "cropped to the ink" if rng.random() < 0.1 else "on the canvas",
        "size_px": size_px,
        "pen_px": pen_px,
        "antialiased": bool(rng.random() < 0.6) and not is_bitmap,
        "polarity": str(rng.choice(["dark on light", "light on dark"])),
        "color": str(rng.choice(["black and white", "gray", "colored"])),
        "file": file,
    }
    if side >= 100 and size_px >= MIN_ON_PAPER_PX and file != "PNG, transparent":
        drawn |= {
            "light": _one_of(rng, ["gradient", "vignette", "shadow"], 0.3),
            "noise": _one_of(rng, ["sensor"], 0.25),
            "blur": _one_of(rng, ["slight"], 0.25),
            "texture": _one_of(rng, ["paper"], 0.25),
            "ruled": _one_of(rng, ["lines", "squares"], 0.2),
            "frame": _one_of(rng, ["line", "table"], 0.2),
            "specks": _one_of(rng, ["dust"], 0.25),
        }
    return Conditions(**drawn)  # type: ignore[arg-type]


def _one_of(rng: Generator, levels: list[str], probability: float) -> str:
    return str(rng.choice(levels)) if rng.random() < probability else "none"


def draw(strokes: list[Stroke], conditions: Conditions, rng: Generator) -> bytes:
    """Draw a digit and encode it.

    strokes  in a box whose longer side is 1
    returns  the bytes of a PNG or JPEG file
    """
    width, height, scale = conditions.canvas
    mask = _coverage(strokes, conditions)
    ink, background = _colors(conditions, rng)
    inner = _inside_frame(conditions, rng)
    top = int(rng.integers(inner[0], max(inner[0], inner[2] - mask.shape[0]) + 1))
    left = int(rng.integers(inner[1], max(inner[1], inner[3] - mask.shape[1]) + 1))
    top, left = min(top, height - mask.shape[0]), min(left, width - mask.shape[1])
    box = (top, left, top + mask.shape[0], left + mask.shape[1])

    coverage = np.zeros((height, width))
    coverage[box[0] : box[2], box[1] : box[3]] = mask
    if conditions.file == "PNG, transparent":
        pixels = np.zeros((height, width, 4), np.uint8)
        pixels[..., 3] = np.rint(255 * coverage)
        pixels[coverage > 0, :3] = ink
    else:
        paper = _paper(conditions, box, ink, background, rng)
        image: Array = paper + coverage[..., None] * (ink - paper)
        image = _framed(image, conditions, inner, ink, background, rng)
        image = _photographed(image, conditions, rng)
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if conditions.place == "cropped to the ink":
        pixels = pixels[box[0] : box[2], box[1] : box[3]]
    return _encoded(pixels.repeat(scale, axis=0).repeat(scale, axis=1), conditions, rng)


def _coverage(strokes: list[Stroke], conditions: Conditions) -> Array:
    """Return how much of each pixel of the digit's bounding box the pen covers, 0 to 1."""
    finer = 1 if not conditions.antialiased else 4 if conditions.size_px < 300 else 2
    pen = max(1, round(conditions.pen_px * finer))
    scale = max(conditions.size_px * finer - pen, 1)
    height, width = (
        int(np.ceil((max(float(s[:, axis].max()) for s in strokes) * scale + pen) / finer))
        for axis in (0, 1)
    )
    height, width = min(height, conditions.canvas[1]), min(width, conditions.canvas[0])
    image = Image.new("L", (width * finer, height * finer))
    pencil = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(x, y) for y, x in (stroke * scale + (pen - 1) / 2).tolist()]
        pencil.line(points, 255, pen)
        if pen > 2:  # round ends and joints
            for x, y in points:
                pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
        else:
            pencil.point(points, 255)
    return np.asarray(image.reduce(finer), np.float64) / 255


def _colors(conditions: Conditions, rng: Generator) -> tuple[Array, Array]:
    """Choose random colors of ink and background that differ visibly."""
    while True:
        if conditions.color == "colored":
            colors = rng.integers(0, 256, (2, 3)).astype(float)
        elif conditions.color == "gray":
            colors = np.repeat(rng.integers(0, 256, (2, 1)), 3, axis=1).astype(float)
        else:
            colors = np.array([[0.0] * 3, [255.0] * 3])
        dark, light = sorted(colors, key=_brightness)
        if _brightness(light) - _brightness(dark) >= MIN_CONTRAST:
            return (dark, light) if conditions.polarity == "dark on light" else (light, dark)


def _brightness(color: Array) -> float:
    return float(color @ np.array([0.299, 0.587, 0.114]))


def _inside_frame(conditions: Conditions, rng: Generator) -> tuple[int, int, int, int]:
    """Return the part of the canvas inside the frame: top, left, bottom and right."""
    width, height, _ = conditions.canvas
    spare = (1 - conditions.size_px / min(width, height)) / 2
    if conditions.frame == "none" or spare <= 0.03:
        return 0, 0, height, width
    sides = [round(rng.uniform(0.015, min(spare, 0.08)) * min(width, height)) for _ in range(4)]
    return sides[0], sides[1], height - sides[2], width - sides[3]


def _paper(
    conditions: Conditions, box: tuple[int, ...], ink: Array, background: Array, rng: Generator
) -> Array:
    """Make the paper, with its texture, lines and dust.

    returns  float64 (H, W, 3)
    """
    width, height, _ = conditions.canvas
    paper = np.empty((height, width, 3))
    paper[:] = background
    if conditions.texture == "paper":
        for grain_px in (0.7, 2.0, 6.0):
            grain = ndimage.gaussian_filter(rng.standard_normal((height, width)), grain_px)
            paper += (rng.uniform(0.5, 3) * grain / grain.std())[..., None]
    if conditions.ruled != "none":
        _rule(paper, conditions, ink, background, rng)
    if conditions.specks == "dust":
        _dust(paper, conditions, box, ink, rng)
    return paper


def _rule(
    paper: Array, conditions: Conditions, ink: Array, background: Array, rng: Generator
) -> None:
    """Draw ruled lines, or squares, paler than the ink and no wider than the pen."""
    height, width, _ = paper.shape
    color = background + rng.uniform(0.2, 0.5) * (ink - background)
    line_px = min(round(rng.uniform(0.002, 0.006) * width + 0.5), int(conditions.pen_px))
    spacing_px = round(max(12, rng.uniform(0.3, 1.2) * conditions.size_px))
    for row in range(int(rng.integers(spacing_px)), height, spacing_px):
        paper[row : row + line_px] = color
    if conditions.ruled == "squares":
        for column in range(int(rng.integers(spacing_px)), width, spacing_px):
            paper[:, column : column + line_px] = color


def _dust(
    paper: Array, conditions: Conditions, box: tuple[int, ...], ink: Array, rng: Generator
) -> None:
    """Scatter specks of the ink's color over the paper, away from the digit."""
    height, width, _ = paper.shape
    rows, columns = np.mgrid[:height, :width]
    for _ in range(rng.integers(2, 12)):
        radius_px = max(0.5, min(rng.uniform(0.005, 0.025) * conditions.size_px, conditions.pen_px))
        row, column = rng.uniform(0, height), rng.uniform(0, width)
        off_px = 0.05 * conditions.size_px
        if box[0] - off_px < row < box[2] + off_px and box[1] - off_px < column < box[3] + off_px:
            continue
        paper[np.hypot(rows - row, columns - column) <= radius_px] = ink


def _framed(
    image: Array,
    conditions: Conditions,
    inner: tuple[int, int, int, int],
    ink: Array,
    background: Array,
    rng: Generator,
) -> Array:
    """Draw a line around the paper, or put the paper on a table."""
    top, left, bottom, right = inner
    if conditions.frame == "none" or top == 0:
        return image
    outside = np.ones(image.shape[:2], bool)
    outside[top:bottom, left:right] = False
    if conditions.frame == "line":
        line_px = max(1, round(rng.uniform(0.002, 0.008) * min(image.shape[:2])))
        around = slice(max(top - line_px, 0), bottom + line_px)
        outside_the_line = np.ones_like(outside)
        outside_the_line[around, max(left - line_px, 0) : right + line_px] = False
        return np.where((outside & ~outside_the_line)[..., None], ink, image)
    table = background + rng.uniform(0.4, 1) * (rng.integers(0, 256, 3) - background)
    return np.where(outside[..., None], table, image)


def _photographed(image: Array, conditions: Conditions, rng: Generator) -> Array:
    """Add uneven light, and the blur and noise of a camera."""
    height, width, _ = image.shape
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.45)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    if conditions.light == "gradient":
        image = image * (1 - strength * (along / 2.83 + 0.5))[..., None]
    elif conditions.light == "vignette":
        image = image * (1 - strength * (rows**2 + columns**2) / 2)[..., None]
    elif conditions.light == "shadow":
        edge = (along - rng.uniform(-0.5, 0.5)) / rng.uniform(0.03, 0.3)
        image = image * (1 - strength / (1 + np.exp(-4 * np.clip(edge, -9, 9))))[..., None]
    if conditions.blur == "slight":
        blur_px = min(rng.uniform(0.5, 2), 0.4 * conditions.pen_px)
        image = ndimage.gaussian_filter(image, (blur_px, blur_px, 0))
    if conditions.noise == "sensor":
        image = image + rng.uniform(1, 6) * rng.standard_normal(image.shape)
    return image


def _encoded(pixels: Pixels, conditions: Conditions, rng: Generator) -> bytes:
    file = BytesIO()
    if conditions.file.startswith("JPEG"):
        least, most = (int(bound) for bound in conditions.file.removeprefix("JPEG ").split("-"))
        Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(least, most)))
    else:
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def trace(image: Pixels) -> list[Stroke]:
    """Trace the strokes of a digit: the smoothed center lines of its ink.

    image    uint8 (28, 28), not blank
    returns  strokes in a box whose longer side is 1, from its top left corner
    """
    upscaled = ndimage.zoom(np.pad(image, 1).astype(float), UPSCALE, order=3)
    inked = upscaled > INKED * upscaled.max()
    depth = ndimage.distance_transform_edt(inked)
    paths = _without_spurs(list(_paths(_thinned(inked))), depth)
    strokes = [_smoothed(np.array(path, float)) for path in paths]
    corner = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    opposite = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    return [(stroke - corner) / max(float((opposite - corner).max()), 1) for stroke in strokes]


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
        return len(free) == 1 and len(joined) == 1 and length < 1.4 * depth[joined[0]]

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
