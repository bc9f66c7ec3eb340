"""Labeled images from exported profiles: each of them is one writer."""

import hashlib
from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np

from inkdigits.data import labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages
from inkdigits.data.profile_files import ProfileFile, read_content, read_profile_file
from inkdigits.data.samples import Sample
from inkdigits.preprocessing import PREPROCESSORS


def read_profiles(paths: Sequence[Path]) -> LabeledImages:
    """Read the samples of exported profiles, as those who consented wrote them.

    raises   DataError if a file cannot be read or has no samples, or two of them share some
    """
    samples: list[Sample] = []
    writers: list[str] = []
    hashes: dict[str, str] = {}
    profiles: dict[str, ProfileFile] = {}
    for path in paths:
        content = read_content(path)
        name = _unique(labeled.file_name(path), hashes)
        profile = read_profile_file(content, name)
        if not profile.samples:
            raise DataError(f"{name} has no samples: add some to the profile, and export it again.")
        ids = {sample.id for sample in profile.samples}
        for other, earlier in profiles.items():
            if not ids.isdisjoint(sample.id for sample in earlier.samples):
                raise DataError(
                    f"{other} and {name} have samples in common, as exports of the same profile: "
                    "name only one of them."
                )
        writer = _unique(profile.name, set(writers))
        hashes[name] = hashlib.sha256(content).hexdigest()
        profiles[name] = profile
        samples += profile.samples
        writers += [writer] * len(profile.samples)
    names = list(hashes)
    return LabeledImages(
        np.stack([sample.seen for sample in samples]),
        np.array([sample.label for sample in samples], np.uint8),
        np.array(writers),
        hashes,
        name=names[0] if len(names) == 1 else f"{len(names)} profiles",
        preprocessing=_preprocessing(samples),
    )


def _preprocessing(samples: Sequence[Sample]) -> str | None:
    """Return what all samples have been through, if that is still what it would be today."""
    ((name, revision), count) = Counter(
        (sample.preprocessing, sample.revision) for sample in samples
    ).most_common(1)[0]
    is_current = count == len(samples) and revision == PREPROCESSORS[name].revision
    return name if is_current else None


def _unique(name: str, others: Container[str]) -> str:
    """Return a name, with a number if another one is the same."""
    number, unique = 2, name
    while unique in others:
        number, unique = number + 1, f"{name} ({number})"
    return unique
