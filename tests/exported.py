"""Exported profiles for tests."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import numpy as np

from inkdigits.data.profile_files import (
    ProfileFile,
    write_profile_file,
)
from inkdigits.data.profile_parts import Consent, StoredModel, Version
from inkdigits.data.samples import Sample, Stroke

TIME = datetime(2026, 5, 4, 3, 2, 1, 123456, UTC)


def exported_sample(number, label, **changes):
    """Make a sample whose picture differs by its number."""
    seen = np.zeros((28, 28), np.uint8)
    seen[4:24, 8 : 10 + label] = 255
    seen[number % 28, number // 28 % 28] ^= 129
    values = {
        "seen": seen,
        "label": label,
        "time": TIME + timedelta(seconds=number),
        "id": f"{number:032x}",
    }
    return Sample(**values | changes)


def exported(name="Ada", labels=(4, 7, 4), first=0, **changes):
    """Make the content of an export."""
    samples = [exported_sample(first + n, label) for n, label in enumerate(labels)]
    if samples:
        stroke = Stroke(np.array([[0.1, 2], [3.25, 1e-5]], np.float32), 1.5)
        samples[0] = exported_sample(first, labels[0], strokes=(stroke,), source="drawn")
    values = {
        "name": name,
        "created": TIME,
        "consent": Consent(1, TIME),
        "samples": tuple(samples),
        "versions": (Version(1, TIME, "add", len(labels), 0, len(labels)),),
        "models": (StoredModel(1, "ab" * 32, "cnn-small", b"tensors"),),
    }
    return ProfileFile(**values | changes)


def exported_file(folder, name="Ada", labels=(4, 7, 4), first=0):
    """Write an export, and return its path."""
    path = folder / f"{name}.profile.json"
    path.write_bytes(write_profile_file(exported(name, labels, first)))
    return path


def changed_file(*path, value=None, remove=False, profile=None):
    """Return an export with another value at a path of names and numbers."""
    document = json.loads(write_profile_file(profile or exported()))
    holder = document
    for name in path[:-1]:
        holder = holder[name]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document).encode()


def encoded(data):
    """Return bytes as they are in JSON."""
    return b64encode(data).decode()
