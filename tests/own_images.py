"""Small data that a person could bring: 8x8 pictures of a few classes that are easy to tell."""

import csv

import numpy as np

from inkdigits.imaging.decode import encode_png

SIDE = 8
NAMES = ("cross", "left", "top", "box")


def images_of(count, classes=4, seed=0):
    """Pictures and labels; a class is a random pattern of its own, and each picture has noise."""
    patterns = 200 * (np.random.default_rng(99).random((classes, SIDE, SIDE)) > 0.6)
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    noise = rng.integers(0, 50, (count, SIDE, SIDE))
    return (patterns[labels] + noise).astype(np.uint8), labels


def write_csv(path, images, labels, writers=None):
    """Write a table as Kaggle does."""
    pixels = images.reshape(len(images), -1).tolist()
    columns = {"label": labels} | ({} if writers is None else {"writer": writers})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, *(f"pixel{n}" for n in range(len(pixels[0])))])
        writer.writerows(
            [*cells, *row] for *cells, row in zip(*columns.values(), pixels, strict=True)
        )
    return path


def write_folders(folder, images, names):
    """Write each picture to the folder of its class."""
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{number}.png").write_bytes(encode_png(image))
    return folder
