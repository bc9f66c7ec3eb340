"""What is stored of profiles: the rows that are read and written in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from inkdigits.data.profile_parts import Action, StoredModel, Version
from inkdigits.data.samples import Sample
from inkdigits.escaping import shown
from inkdigits.personal import erasure
from inkdigits.personal.errors import NameTaken, ProfileNotFound
from inkdigits.personal.limits import MAX_VERSIONS_WITH_MODELS
from inkdigits.personal.records import (
    ProfileRecord,
    State,
    damaged,
    fingerprint,
    sample_row,
    to_id,
    to_model,
    to_number,
    to_profile,
    to_sample,
    to_time,
    to_version,
)
from inkdigits.personal.tables import models, profiles, samples, versions

GONE = "The profile does not exist; it may have been deleted."


class Rows:
    """The rows of a database, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_profile(self, profile: ProfileRecord) -> None:
        """Add a profile without samples; raise NameTaken."""
        try:
            self._connection.execute(
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

    def all_profiles(self) -> list[ProfileRecord]:
        """Return all profiles, in the order in which they were made."""
        query = select(profiles).order_by(profiles.c.created, profiles.c.id)
        return [to_profile(row) for row in self._connection.execute(query).mappings()]

    def count_profiles(self) -> int:
        """Return how many profiles there are."""
        return self._number(select(func.count()).select_from(profiles))

    def find_profile(self, name_or_id: str) -> ProfileRecord | None:
        """Return the profile with an ID or, if there is none, with a name."""
        if not name_or_id.isprintable():  # so it is neither, and no database could look for it
            return None
        for column in (profiles.c.id, profiles.c.name):
            row = self._first(select(profiles).where(column == name_or_id))
            if row is not None:
                return to_profile(row)
        return None

    def profile_of_token(self, token_hash: str) -> tuple[ProfileRecord, str] | None:
        """Return the profile whose token has a hash, and that hash."""
        row = self._first(select(profiles).where(profiles.c.token_hash == token_hash))
        return None if row is None else (to_profile(row), str(row["token_hash"]))

    def set_token(self, profile: str, token_hash: str) -> None:
        """Replace a profile's token; raise ProfileNotFound."""
        self.lock(profile)
        self._connection.execute(
            update(profiles).where(profiles.c.id == profile).values(token_hash=token_hash)
        )

    def lock(self, profile: str) -> None:
        """Let no other transaction change a profile until this one ends; raise ProfileNotFound."""
        query = select(profiles.c.id).where(profiles.c.id == profile).with_for_update()
        if self._connection.execute(query).first() is None:
            raise ProfileNotFound(GONE)

    def check(self, profile: str) -> None:
        """Raise ProfileNotFound if there is no such profile."""
        if self._first(select(profiles.c.id).where(profiles.c.id == profile)) is None:
            raise ProfileNotFound(GONE)

    def delete_profile(self, profile: str) -> None:
        """Delete a profile with all that it has; raise ProfileNotFound."""
        self.lock(profile)
        for table in (models, versions, samples):
            self._connection.execute(delete(table).where(table.c.profile == profile))
        self._connection.execute(delete(profiles).where(profiles.c.id == profile))
        erasure.mark(self._connection)

    def get_samples(self, profile: str) -> tuple[Sample, ...]:
        """Return a profile's samples, in the order in which they were added."""
        query = select(samples).where(samples.c.profile == profile).order_by(samples.c.number)
        found = tuple(to_sample(row) for row in self._connection.execute(query).mappings())
        last = self.last_version(profile)
        if len(found) != (0 if last is None else last.samples):
            raise damaged("a sample", "it is not where it was stored")
        return found

    def sample_ids(self, profile: str) -> list[str]:
        """Return the IDs of a profile's samples, in the order in which they were added."""
        query = select(samples.c.id).where(samples.c.profile == profile).order_by(samples.c.number)
        return list(map(to_id, self._connection.execute(query).scalars()))

    def ids_of_last_addition(self, profile: str) -> list[str]:
        """Return the IDs of the samples that were added last and are still there."""
        last = select(func.max(samples.c.added)).where(samples.c.profile == profile)
        query = select(samples.c.id).where(
            samples.c.profile == profile, samples.c.added == last.scalar_subquery()
        )
        return list(map(to_id, self._connection.execute(query).scalars()))

    def get_versions(self, profile: str) -> tuple[Version, ...]:
        """Return a profile's versions, the oldest first."""
        query = select(versions).where(versions.c.profile == profile).order_by(versions.c.number)
        return tuple(to_version(row) for row in self._connection.execute(query).mappings())

    def last_version(self, profile: str) -> Version | None:
        """Return a profile's current version; None if it never had samples."""
        query = select(versions).where(versions.c.profile == profile)
        row = self._first(query.order_by(versions.c.number.desc()).limit(1))
        return None if row is None else to_version(row)

    def insert_samples(
        self, profile: str, added: Sequence[Sample], action: Action = "add"
    ) -> Version:
        """Add samples, which the profile does not have yet, and make a version of it."""
        number = self._next_version(profile)
        query = select(func.max(samples.c.number)).where(samples.c.profile == profile)
        first = self._number(query) + 1
        rows = [
            {**sample_row(sample), "profile": profile, "number": first + index, "added": number}
            for index, sample in enumerate(added)
        ]
        self._connection.execute(insert(samples), rows)
        return self._add_version(profile, number, action, added=len(rows))

    def delete_samples(self, profile: str, ids: Sequence[str], action: Action) -> Version:
        """Delete samples, which the profile has, and every model that was fitted to one of them."""
        chosen = samples.c.profile == profile, samples.c.id.in_(ids)
        # No sample that is there was ever away, so every version since it was added had it.
        first = self._number(select(func.min(samples.c.added)).where(*chosen))
        since = models.c.profile == profile, models.c.version >= first
        self._connection.execute(delete(models).where(*since))
        self._connection.execute(
            update(versions)
            .where(versions.c.profile == profile, versions.c.number >= first)
            .values(fingerprint=None)
        )
        self._connection.execute(delete(samples).where(*chosen))
        erasure.mark(self._connection)
        number = self._next_version(profile)
        return self._add_version(profile, number, action, removed=len(ids))

    def state(self, profile: str) -> State:
        """Return what identifies the current samples of a profile; raise ProfileNotFound."""
        self.check(profile)
        of_profile = versions.c.profile == profile
        query = select(versions.c.number, versions.c.fingerprint).where(of_profile)
        row = self._first(query.order_by(versions.c.number.desc()).limit(1))
        if row is None:
            return State(0, 0, "")
        version, current = to_number(row["number"]), str(row["fingerprint"])
        first = select(func.min(versions.c.number))
        fitted = self._number(first.where(of_profile, versions.c.fingerprint == current))
        return State(version, fitted or version, current)

    def get_model(self, profile: str, version: int, digest: str) -> bytes | None:
        """Return the file of the model of a version that was adapted from a base model."""
        query = select(models.c.file).where(
            models.c.profile == profile, models.c.version == version, models.c.digest == digest
        )
        file = self._connection.execute(query).scalar()
        return file if isinstance(file, bytes) else None

    def get_models(self, profile: str) -> list[StoredModel]:
        """Return all models of a profile, the oldest first."""
        query = select(models).where(models.c.profile == profile)
        rows = self._connection.execute(query.order_by(models.c.version, models.c.digest))
        return [to_model(row) for row in rows.mappings()]

    def put_model(self, profile: str, model: StoredModel) -> None:
        """Store a model; delete those of old versions."""
        of_profile = models.c.profile == profile
        self._connection.execute(
            delete(models).where(
                of_profile, models.c.version == model.version, models.c.digest == model.digest
            )
        )
        self._connection.execute(insert(models).values(profile=profile, **vars(model)))
        stored = select(models.c.version).where(of_profile).distinct()
        newest = stored.order_by(models.c.version.desc()).limit(MAX_VERSIONS_WITH_MODELS)
        oldest = self._number(select(func.min(newest.subquery().c.version)))
        self._connection.execute(delete(models).where(of_profile, models.c.version < oldest))

    def _first(self, query: Select[Any]) -> RowMapping | None:
        return self._connection.execute(query).mappings().first()

    def _next_version(self, profile: str) -> int:
        query = select(func.max(versions.c.number)).where(versions.c.profile == profile)
        return self._number(query) + 1

    def _number(self, query: Select[Any]) -> int:
        """Return the number that a query gives, 0 for NULL."""
        return to_number(self._connection.execute(query).scalar() or 0)

    def _add_version(
        self,
        profile: str,
        number: int,
        action: Action,
        added: int = 0,
        removed: int = 0,
    ) -> Version:
        query = select(samples.c.id, samples.c.checksum).where(samples.c.profile == profile)
        rows = self._connection.execute(query.order_by(samples.c.number)).all()
        # With the checksum: an ID that is removed and used again may be that of another sample.
        ids = [f"{to_id(row.id)} {row.checksum}" for row in rows]
        version = Version(number, datetime.now(UTC), action, added, removed, len(ids))
        self._connection.execute(
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
