"""The augmentation written as plainly as possible: what `Augment` must agree with."""

import numpy as np

SIDE, GRID = 28, 8
POSITION = np.arange(SIDE) - (SIDE - 1) / 2


def augment(strengths, x, rng):
    """Augment images, one at a time, with the same random numbers as `Augment`, in float64."""
    count = len(x)
    stroke = symmetric(rng, count, strengths.stroke)
    angle = np.radians(symmetric(rng, count, strengths.rotation_degrees))
    height = np.exp(symmetric(rng, count, np.log1p(strengths.scale)))
    width = height * np.exp(symmetric(rng, count, np.log1p(strengths.aspect)))
    shear = symmetric(rng, count, strengths.shear)
    shift = symmetric(rng, (count, 2, 1), strengths.shift_px)[:, :, 0]
    grid = strengths.elastic_px * rng.standard_normal((count, 2, GRID, GRID), np.float32)
    gap_angle, gap_offset = rng.uniform(0, np.pi, count), rng.uniform(-7, 7, count)
    has_gap = rng.random(count) < strengths.gap_share
    gap_half_width = rng.uniform(0.4, 1.2, count)
    noise = rng.uniform(0, strengths.noise, (count, 1, 1))
    noise = noise * normal(rng, x.shape)
    blur = symmetric(rng, (count, 1, 1), strengths.blur)[:, 0, 0]

    augmented = np.empty_like(x)
    for n, image in enumerate(x.astype(np.float64)):
        changed = dilated(image) if stroke[n] > 0 else 1 - dilated(1 - image)
        image = image + abs(stroke[n]) * (changed - image)
        rows, columns = source(angle[n], height[n], width[n], shear[n])
        down, right = displacement(grid[n], strengths.elastic_length_scale_px)
        image = sampled(image, rows + shift[n, 0] + down, columns + shift[n, 1] + right)
        if has_gap[n]:
            image = image * gap(gap_angle[n], gap_offset[n], gap_half_width[n])
        image = np.clip(image + noise[n], 0, 1)
        augmented[n] = np.clip(image + blur[n] * (blurred(image) - image), 0, 1)
    return augmented


def symmetric(rng, shape, maximum):
    return rng.uniform(-maximum, maximum, shape)


def normal(rng, shape):
    """Draw from the standard normal distribution as Box and Muller do."""
    count = np.prod(shape)
    uniform = rng.random((2, (count + 1) // 2), np.float32).astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[0])), 2 * np.pi * uniform[1]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count].reshape(shape)


def dilated(image):
    padded = np.pad(image, 1, constant_values=-np.inf)
    neighbors = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return np.maximum.reduce([image, *neighbors])


def source(angle, height, width, shear):
    """Return where each pixel comes from: rows and columns before the shift."""
    rows, columns = np.meshgrid(POSITION, POSITION, indexing="ij")
    down = np.cos(angle) * rows - np.sin(angle) * columns
    right = np.sin(angle) * rows + np.cos(angle) * columns
    middle = (SIDE - 1) / 2
    return middle + down / height, middle + (shear * down + right) / width


def displacement(grid, length_scale_px):
    distances = np.arange(SIDE)[:, None] - np.linspace(0, SIDE - 1, GRID)
    weights = np.exp(-((distances / length_scale_px) ** 2) / 2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return weights @ grid @ weights.T


def sampled(image, rows, columns):
    """Interpolate bilinearly: each pixel has a weight that falls to 0 at a distance of 1."""
    pixels = np.arange(SIDE)
    row_weights = np.clip(1 - np.abs(rows[..., None] - pixels), 0, 1)
    column_weights = np.clip(1 - np.abs(columns[..., None] - pixels), 0, 1)
    return np.einsum("hwi,ij,hwj->hw", row_weights, image, column_weights, optimize=True)


def gap(angle, offset, half_width):
    distance = np.cos(angle) * POSITION[:, None] + np.sin(angle) * POSITION - offset
    return np.clip(np.abs(distance) - half_width, 0, 1)


def blurred(image):
    padded = np.pad(image, 1)
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
