"""Profiles, their samples and their models as JSON of the service."""

import base64
import re
import secrets
from collections import Counter

import numpy as np

from inkdigits.api import profile_schemas
from inkdigits.api.profile_schemas import MAX_NAME
from inkdigits.api.schemas import ModelName, Stroke
from inkdigits.personal import Profile, Sample
from inkdigits.personal.adaptation import PersonalModel
from inkdigits.personal.limits import check_name
from inkdigits.personal.pictures import sample_png
from inkdigits.recognizer import Recognizer

# Follows the name that a person gives a profile. The names in a database are unique, and without
# it, one could find out whose profiles there are.
_SUFFIX = re.compile(r" \([0-9a-f]{8}\)$")


def unique_name(name: str) -> str:
    """Return a person's name for a profile as it is stored; raise InvalidName."""
    return f"{check_name(shown_name(name.strip())[:MAX_NAME])} ({secrets.token_hex(4)})"


def shown_name(name: str) -> str:
    """Return the name of a profile as its person gave it."""
    return _SUFFIX.sub("", name)


def describe_profile(profile: Profile, max_samples: int) -> profile_schemas.Profile:
    """Describe a profile; raise ProfileError."""
    versions = profile.versions()
    counts = Counter(sample.label for sample in profile.samples())
    return profile_schemas.Profile(
        id=profile.id,
        name=shown_name(profile.name),
        created=profile.created.isoformat(),
        consent=profile_schemas.GivenConsent(
            version=profile.consent.version, time=profile.consent.time.isoformat()
        ),
        version=versions[-1].number if versions else 0,
        samples=counts.total(),
        by_digit=[counts[digit] for digit in range(10)],
        max_samples=max_samples,
        versions=[
            profile_schemas.ProfileVersion(
                number=version.number,
                time=version.time.isoformat(),
                action=version.action,
                added=version.added,
                removed=version.removed,
                samples=version.samples,
            )
            for version in versions
        ],
    )


def describe_sample(sample: Sample) -> profile_schemas.ProfileSample:
    """Describe a sample."""
    strokes = sample.strokes
    return profile_schemas.ProfileSample(
        id=sample.id,
        label=sample.label,
        source=sample.source,
        time=sample.time.isoformat(),
        seen=f"data:image/png;base64,{base64.b64encode(sample_png(sample)).decode()}",
        strokes=None
        if strokes is None
        else [
            Stroke(points=np.asarray(stroke.points, float).tolist(), width=stroke.width)
            for stroke in strokes
        ],
    )


def describe_model(base: Recognizer, model: PersonalModel) -> profile_schemas.PersonalModel:
    """Describe a personal model."""
    return profile_schemas.PersonalModel(
        model=ModelName(name=base.name, digest=base.digest),
        strength=model.strength,
        others_before=model.others_before,
        others_after=model.others_after,
    )
