"""The recipes' augmentation in PyTorch: the same changes to the images, with PyTorch's operations.

The random numbers are drawn separately from the arithmetic. So the pictures can be compared with
ours for the same numbers, and PyTorch can draw its own when it is measured.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from inkdigits.arrays import Generator
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.augment import GAP_HALF_WIDTHS_PX, GAP_OFFSET_PX, GRID, Augment
from inkdigits.data.sampling import standard_normal

CENTER = (IMAGE_SIDE - 1) / 2


@dataclass(frozen=True)
class Draws:
    """The random numbers of a batch, float32 tensors.

    uniform   each in [-1, 1], (N,): stroke, angle, height, aspect, shear, noise and blur; the shift
              is (N, 2)
    gap       angle, offset, whether there is one, and half width, (N,) each
    elastic   standard normal (N, 2, GRID, GRID)
    noise     standard normal (N, 28, 28)
    """

    uniform: dict[str, Any]
    gap: tuple[Any, Any, Any, Any]
    elastic: Any
    noise: Any


def draw(count: int, augment: Augment, generator: Any) -> Draws:
    """Draw the numbers of a batch with PyTorch's generator."""

    def uniform(low: float, high: float, *shape: int) -> Any:
        return torch.rand(shape or (count,), generator=generator) * (high - low) + low

    names = ("stroke", "angle", "height", "aspect", "shear", "noise", "blur")
    return Draws(
        {name: uniform(-1, 1) for name in names} | {"shift": uniform(-1, 1, count, 2)},
        (
            uniform(0, math.pi),
            uniform(-GAP_OFFSET_PX, GAP_OFFSET_PX),
            torch.rand(count, generator=generator) < augment.gap_share,
            uniform(*GAP_HALF_WIDTHS_PX),
        ),
        torch.randn((count, 2, GRID, GRID), generator=generator),
        torch.randn((count, IMAGE_SIDE, IMAGE_SIDE), generator=generator),
    )


def draw_as_ours(count: int, augment: Augment, rng: Generator) -> Draws:
    """Draw the same numbers as `augment` draws from the same generator, in the same order."""

    def uniform(low: float, high: float, *shape: int) -> Any:
        return torch.tensor(rng.uniform(low, high, shape or count), dtype=torch.float32)

    drawn = {name: uniform(-1, 1) for name in ("stroke", "angle", "height", "aspect", "shear")}
    drawn["shift"] = uniform(-1, 1, count, 2)
    elastic = torch.tensor(rng.standard_normal((count, 2, GRID, GRID), np.float32))
    angle, offset = uniform(0, math.pi), uniform(-GAP_OFFSET_PX, GAP_OFFSET_PX)
    has_gap = torch.tensor(rng.random(count) < augment.gap_share)
    gap = (angle, offset, has_gap, uniform(*GAP_HALF_WIDTHS_PX))
    drawn["noise"] = uniform(-1, 1)
    noise = torch.tensor(standard_normal(rng, (count, IMAGE_SIDE, IMAGE_SIDE)))
    drawn["blur"] = uniform(-1, 1) if augment.blur else torch.zeros(count)
    return Draws(drawn, gap, elastic, noise)


class TorchAugment:
    """An augmentation in PyTorch; constants are computed once."""

    def __init__(self, augment: Augment) -> None:
        self.augment = augment
        pixels = torch.arange(IMAGE_SIDE, dtype=torch.float32) - CENTER
        self._positions = pixels
        rows, columns = torch.meshgrid(pixels, pixels, indexing="ij")
        self._pixels = torch.stack([rows, columns]).reshape(2, -1)
        grid = torch.linspace(0, IMAGE_SIDE - 1, GRID)
        distances = torch.arange(IMAGE_SIDE)[:, None] - grid
        smoothing = torch.exp(-((distances / augment.elastic_length_scale_px) ** 2) / 2)
        self._smoothing = smoothing / smoothing.square().sum(dim=1, keepdim=True).sqrt()
        binomial = torch.tensor([1.0, 2.0, 1.0]) / 4
        self._binomial = torch.outer(binomial, binomial)[None, None]

    def __call__(self, x: Any, draws: Draws) -> Any:
        """Augment a batch, float32 (N, 28, 28)."""
        x = self._change_stroke_width(x, draws)
        x = functional.grid_sample(
            x[:, None], self._grid(len(x), draws), padding_mode="zeros", align_corners=True
        )[:, 0]
        x = self._add_gaps(x, draws)
        strength = self.augment.noise * (draws.uniform["noise"] + 1) / 2
        x = torch.addcmul(x, strength[:, None, None], draws.noise).clamp_(0, 1)
        if self.augment.blur:
            blurred = functional.conv2d(x[:, None], self._binomial, padding=1)[:, 0]
            strength = self.augment.blur * draws.uniform["blur"]
            x = torch.lerp(x, blurred, strength[:, None, None]).clamp_(0, 1)
        return x

    def _grid(self, count: int, draws: Draws) -> Any:
        """Return the source of each pixel as grid_sample has it: x, y in [-1, 1]."""
        settings, drawn = self.augment, draws.uniform
        angle = drawn["angle"] * math.radians(settings.rotation_degrees)
        height = torch.exp(drawn["height"] * math.log1p(settings.scale))
        width = height * torch.exp(drawn["aspect"] * math.log1p(settings.aspect))
        shear = drawn["shear"] * settings.shear
        cos, sin = torch.cos(angle), torch.sin(angle)
        rotation = torch.stack([cos, -sin, sin, cos], dim=1).reshape(count, 2, 2)
        scaling = torch.stack(
            [1 / height, torch.zeros_like(height), shear / width, 1 / width], dim=1
        ).reshape(count, 2, 2)
        sources = (scaling @ rotation) @ self._pixels
        sources += settings.shift_px * drawn["shift"][:, :, None]
        noise = settings.elastic_px * draws.elastic
        elastic = self._smoothing @ noise @ self._smoothing.T
        sources += elastic.reshape(count, 2, -1)
        sources /= CENTER
        return sources.flip(1).permute(0, 2, 1).reshape(count, IMAGE_SIDE, IMAGE_SIDE, 2)

    def _change_stroke_width(self, x: Any, draws: Draws) -> Any:
        strength = (self.augment.stroke * draws.uniform["stroke"])[:, None, None]
        # Each picture becomes either bolder or thinner, so only one of the two is computed.
        sign = torch.where(strength >= 0, 1.0, -1.0)
        signed = (x * sign)[:, None]
        widest = torch.maximum(
            functional.max_pool2d(signed, (3, 1), stride=1, padding=(1, 0)),
            functional.max_pool2d(signed, (1, 3), stride=1, padding=(0, 1)),
        )[:, 0]
        return torch.lerp(x, widest * sign, strength.abs())

    def _add_gaps(self, x: Any, draws: Draws) -> Any:
        angle, offset, has_gap, half_width = draws.gap
        half_width = torch.where(has_gap, half_width, -2.0)
        position = self._positions
        rows = torch.cos(angle)[:, None] * position
        columns = torch.sin(angle)[:, None] * position - offset[:, None]
        distance = (rows[:, :, None] + columns[:, None, :]).abs_()
        return x * distance.sub_(half_width[:, None, None]).clamp_(0, 1)
