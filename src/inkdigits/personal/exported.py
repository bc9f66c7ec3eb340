"""A profile as the file that it is exported to."""

from collections.abc import Sequence
from datetime import datetime

from inkdigits.data.profile_files import (
    ConsentRecord,
    ModelRecord,
    ProfileFile,
    VersionRecord,
    write_profile_file,
)
from inkdigits.data.samples import Sample
from inkdigits.personal.consent import Consent
from inkdigits.personal.records import StoredModel, Version


def to_file(
    name: str,
    created: datetime,
    consent: Consent,
    samples: Sequence[Sample],
    versions: Sequence[Version],
    models: Sequence[StoredModel],
) -> bytes:
    """Return the file of a profile; raise DataError if it would be too large."""
    return write_profile_file(
        ProfileFile(
            name=name,
            created=created,
            consent=ConsentRecord(consent.version, consent.time),
            samples=tuple(samples),
            versions=tuple(VersionRecord(**vars(version)) for version in versions),
            models=tuple(
                ModelRecord(model.digest, model.model, model.version, model.file)
                for model in models
            ),
        )
    )
