"""The random conditions under which the drawing simulator draws a digit."""

from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Generator

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
MIN_PX = 16  # longer side of a digit
MIN_ON_PAPER_PX = 40  # of a digit that is photographed or saved as a JPEG


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


def _level(value: float, bounds: tuple[float, ...]) -> str:
    """Name the interval between two bounds that contains a value."""
    number = sum(value >= bound for bound in bounds)
    names = [f"{bound:.0%}" for bound in bounds]
    if number == 0:
        return f"under {names[0]}"
    if number == len(bounds):
        return f"{names[-1]} or more"
    return f"{names[number - 1]} to {names[number]}"
