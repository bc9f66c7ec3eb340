"""A small archive of synthetic digits, laid out like UNIPEN's train_r01_v07."""

import hashlib
import io
import tarfile

import numpy as np
from small_pendigits import SHAPES

from inkdigits.data import unipen

CONTRIBUTORS = ("aga", "apb", "art", "ced", "val")  # of training, of neither, and of development
WRITERS = ("Anna", "bo")  # of each contributor


def files(per_writer=10, contributors=CONTRIBUTORS):
    """Return path -> content of the files of a few writers, no two of whose digits are equal."""
    rng = np.random.default_rng(0)
    contents = {}
    for contributor in contributors:
        contents[f"include/{contributor}/{contributor}.doc"] = ".VERSION 1.0\n.COORD X Y\n"
        for writer in WRITERS:
            includes = f"{contributor}/{contributor}.doc", f"{contributor}/data/{writer}.dat"
            segments = [f".INCLUDE {name}" for name in includes]
            ink, count = [f".WRITER_ID {writer}"], 0
            for label in np.arange(per_writer) % 10:
                last = count + len(SHAPES[label]) - 1
                segments.append(f'.SEGMENT CHARACTER {count}-{last} OK "{label}"')
                count = last + 1
                scale, offset = rng.uniform(5, 9), rng.integers(0, 5000, 2)
                for stroke in SHAPES[label]:
                    points = np.array(stroke) * scale + offset + rng.normal(0, 9, (len(stroke), 2))
                    lines = [f"{x} {y}" for x, y in points.round().astype(int)]
                    ink += [".PEN_DOWN", *lines, ".PEN_UP"]
            contents[f"data/1a/{contributor}/{writer}.dat"] = "\n".join([*segments, ""])
            contents[f"include/{includes[1]}"] = "\n".join([*ink, ""])
    return {path: content.encode() for path, content in contents.items()}


def tar(contents, mode="w:gz"):
    """Return the bytes of an archive with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for path, content in contents.items():
            entry = tarfile.TarInfo(f"{unipen.FOLDER}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def write(directory, contents=None):
    """Write the archive of the small data set, or of other files, and return its path."""
    path = directory / unipen.ARCHIVE
    path.write_bytes(tar(files() if contents is None else contents))
    return path


def sha256_of(path):
    """Return the value of unipen.DIGITS_SHA256 with which inkdigits accepts an archive."""
    return unipen.segments_sha256(unipen.read_digits(path))


def content_sha256(path):
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
