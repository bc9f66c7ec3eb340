"""What is stored of profiles: the statements, each function in one transaction of its caller."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from inkdigits.data.samples import Sample
from inkdigits.escaping import shown
from inkdigits.personal.errors import NameTaken, ProfileNotFound
from inkdigits.personal.limits import MAX_VERSIONS_WITH_MODELS
from inkdigits.personal.records import (
    Action,
    ProfileRecord,
    Version,
    fingerprint,
    sample_row,
    to_profile,
    to_sample,
    to_time,
    to_version,
)
from inkdigits.personal.tables import models, profiles, samples, versions

GONE = "The profile does not exist; it may have been deleted."


def add_profile(connection: Connection, profile: ProfileRecord) -> None:
    """Add a profile without samples; raise NameTaken."""
    try:
        connection.execute(
            insert(profiles).values(
                id=profile.id,
                name=profile.name,
                created=to_time(profile.created),
                consent_version=profile.consent.version,
                consent_time=to_time(profile.consent.time),
            )
        )
    except IntegrityError:
        raise NameTaken(
            f"There is a profile named {shown(profile.name)} already; choose another name."
        ) from None


def all_profiles(connection: Connection) -> list[ProfileRecord]:
    """Return all profiles, in the order in which they were made."""
    query = select(profiles).order_by(profiles.c.created, profiles.c.id)
    return [to_profile(row) for row in connection.execute(query).mappings()]


def count_profiles(connection: Connection) -> int:
    """Return how many profiles there are."""
    count: int = connection.execute(select(func.count()).select_from(profiles)).scalar_one()
    return count


def find_profile(connection: Connection, name_or_id: str) -> ProfileRecord | None:
    """Return the profile with an ID or, if there is none, with a name."""
    for column in (profiles.c.id, profiles.c.name):
        row = connection.execute(select(profiles).where(column == name_or_id)).mappings().first()
        if row is not None:
            return to_profile(row)
    return None


def profile_of_token(connection: Connection, token_hash: str) -> tuple[ProfileRecord, str] | None:
    """Return the profile whose token has a hash, and that hash."""
    query = select(profiles).where(profiles.c.token_hash == token_hash)
    row = connection.execute(query).mappings().first()
    return None if row is None else (to_profile(row), row["token_hash"])


def set_token(connection: Connection, profile: str, token_hash: str) -> None:
    """Replace a profile's token; raise ProfileNotFound."""
    lock(connection, profile)
    connection.execute(
        update(profiles).where(profiles.c.id == profile).values(token_hash=token_hash)
    )


def lock(connection: Connection, profile: str) -> None:
    """Let no other transaction change a profile until this one ends; raise ProfileNotFound."""
    query = select(profiles.c.id).where(profiles.c.id == profile).with_for_update()
    if connection.execute(query).first() is None:
        raise ProfileNotFound(GONE)


def delete_profile(connection: Connection, profile: str) -> None:
    """Delete a profile with all that it has; raise ProfileNotFound."""
    lock(connection, profile)
    for table in (models, versions, samples):
        connection.execute(delete(table).where(table.c.profile == profile))
    connection.execute(delete(profiles).where(profiles.c.id == profile))


def get_samples(connection: Connection, profile: str) -> tuple[Sample, ...]:
    """Return a profile's samples, in the order in which they were added."""
    query = select(samples).where(samples.c.profile == profile).order_by(samples.c.number)
    return tuple(to_sample(row) for row in connection.execute(query).mappings())


def sample_ids(connection: Connection, profile: str) -> list[str]:
    """Return the IDs of a profile's samples, in the order in which they were added."""
    query = select(samples.c.id).where(samples.c.profile == profile).order_by(samples.c.number)
    return list(connection.execute(query).scalars())


def ids_of_last_addition(connection: Connection, profile: str) -> list[str]:
    """Return the IDs of the samples that were added last and are still there."""
    last = select(func.max(samples.c.added)).where(samples.c.profile == profile)
    query = select(samples.c.id).where(
        samples.c.profile == profile, samples.c.added == last.scalar_subquery()
    )
    return list(connection.execute(query).scalars())


def get_versions(connection: Connection, profile: str) -> tuple[Version, ...]:
    """Return a profile's versions, the oldest first."""
    query = select(versions).where(versions.c.profile == profile).order_by(versions.c.number)
    return tuple(to_version(row) for row in connection.execute(query).mappings())


def last_version(connection: Connection, profile: str) -> Version | None:
    """Return a profile's current version; None if it never had samples."""
    query = select(versions).where(versions.c.profile == profile)
    row = connection.execute(query.order_by(versions.c.number.desc()).limit(1)).mappings().first()
    return None if row is None else to_version(row)


def insert_samples(
    connection: Connection, profile: str, added: Sequence[Sample], action: Action = "add"
) -> Version:
    """Add samples, which the profile does not have yet, and make a version of it."""
    number = _next_version(connection, profile)
    query = select(func.max(samples.c.number)).where(samples.c.profile == profile)
    first = (connection.execute(query).scalar() or 0) + 1
    rows = [
        {**sample_row(sample), "profile": profile, "number": first + index, "added": number}
        for index, sample in enumerate(added)
    ]
    connection.execute(insert(samples), rows)
    return _add_version(connection, profile, number, action, added=len(rows))


def delete_samples(
    connection: Connection, profile: str, ids: Sequence[str], action: Action
) -> Version:
    """Delete samples, which the profile has, and every model that was fitted to one of them."""
    chosen = samples.c.profile == profile, samples.c.id.in_(ids)
    # No sample that is there was ever away, so every version since it was added had it.
    first = connection.execute(select(func.min(samples.c.added)).where(*chosen)).scalar()
    since = models.c.profile == profile, models.c.version >= first
    connection.execute(delete(models).where(*since))
    connection.execute(
        update(versions)
        .where(versions.c.profile == profile, versions.c.number >= first)
        .values(fingerprint=None)
    )
    connection.execute(delete(samples).where(*chosen))
    number = _next_version(connection, profile)
    return _add_version(connection, profile, number, action, removed=len(ids))


def same_version(connection: Connection, profile: str) -> int | None:
    """Return the first version that had the samples of the current one: its models are the same.

    returns  None if the profile never had samples
    """
    current = (
        select(versions.c.fingerprint, versions.c.number)
        .where(versions.c.profile == profile)
        .order_by(versions.c.number.desc())
        .limit(1)
    )
    row = connection.execute(current).first()
    if row is None:
        return None
    query = select(func.min(versions.c.number)).where(
        versions.c.profile == profile, versions.c.fingerprint == row.fingerprint
    )
    number: int = connection.execute(query).scalar() or row.number
    return number


def get_model(connection: Connection, profile: str, version: int, digest: str) -> bytes | None:
    """Return the file of the model of a version that was adapted from a base model."""
    query = select(models.c.file).where(
        models.c.profile == profile, models.c.version == version, models.c.digest == digest
    )
    return connection.execute(query).scalar()


def get_models(connection: Connection, profile: str) -> list[tuple[int, str, bytes]]:
    """Return all models of a profile: the version, the digest of the base model, the file."""
    query = select(models.c.version, models.c.digest, models.c.file).where(
        models.c.profile == profile
    )
    return [(row.version, row.digest, row.file) for row in connection.execute(query)]


def put_model(connection: Connection, profile: str, version: int, digest: str, file: bytes) -> None:
    """Store a model, unless its version is no longer current; delete those of old versions."""
    if same_version(connection, profile) != version:
        return
    values: dict[str, Any] = {"profile": profile, "version": version, "digest": digest}
    key = [models.c[name] == value for name, value in values.items()]
    connection.execute(delete(models).where(*key))
    connection.execute(insert(models).values(**values, file=file))
    query = select(models.c.version).where(models.c.profile == profile).distinct()
    kept = list(connection.execute(query.order_by(models.c.version.desc())).scalars())
    old = kept[MAX_VERSIONS_WITH_MODELS:]
    connection.execute(delete(models).where(models.c.profile == profile, models.c.version.in_(old)))


def _next_version(connection: Connection, profile: str) -> int:
    query = select(func.max(versions.c.number)).where(versions.c.profile == profile)
    return (connection.execute(query).scalar() or 0) + 1


def _add_version(
    connection: Connection,
    profile: str,
    number: int,
    action: Action,
    added: int = 0,
    removed: int = 0,
) -> Version:
    ids = sample_ids(connection, profile)
    version = Version(number, datetime.now(UTC), action, added, removed, len(ids))
    connection.execute(
        insert(versions).values(
            profile=profile,
            number=number,
            time=to_time(version.time),
            action=action,
            added=added,
            removed=removed,
            samples=len(ids),
            fingerprint=fingerprint(ids),
        )
    )
    return version
