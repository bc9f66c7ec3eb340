"""A person's profile: their samples, and the personal models that are fitted to them."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from inkdigits.data.profile_files import ProfileFile, write_profile_file
from inkdigits.data.profile_parts import Action, Consent, StoredModel, Version
from inkdigits.data.samples import Sample
from inkdigits.escaping import shown
from inkdigits.personal.adaptation import adapt
from inkdigits.personal.cache import CACHE, Entry
from inkdigits.personal.consent import CONSENT_VERSION
from inkdigits.personal.errors import (
    ConsentMissing,
    DatabaseError,
    NothingToUndo,
    ProfileFull,
    ProfileNotFound,
    SampleNotFound,
)
from inkdigits.personal.limits import MAX_SAMPLES, check_name, normalize
from inkdigits.personal.opening import open_database
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.personal.records import ProfileRecord, State, sample_row
from inkdigits.personal.sampling import prepare
from inkdigits.personal.tokens import new_token, token_hash
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError

if TYPE_CHECKING:
    from inkdigits.personal.database import Database


class Profile:
    """A handle of a profile in a database. Each call is one transaction; any thread may call.

    id       unique
    name     for people; unique within the database
    created  when, with its time zone
    consent  that the person agreed
    """

    def __init__(self, database: "Database", record: ProfileRecord) -> None:
        self._database = database
        self.id = record.id
        self.name = record.name
        self.created = record.created
        self.consent = record.consent

    def __repr__(self) -> str:
        return f"Profile({self.name!r})"

    @classmethod
    def create(cls, name: str, *, consent: bool, database: str | Path | None = None) -> "Profile":
        """Make a profile without samples.

        name      1 to 64 printable characters
        consent   whether the person has agreed to `consent.CONSENT_TEXT`
        database  its URL, or the path of an SQLite file; None is the user's
        raises    ConsentMissing, InvalidName, NameTaken, DatabaseError
        """
        return cls._create(open_database(database), name, consent)

    @classmethod
    def open(cls, name_or_id: str, database: str | Path | None = None) -> "Profile":
        """Open a profile.

        raises   ProfileNotFound, which names those with a similar name; DatabaseError
        """
        return cls._open(open_database(database), name_or_id)

    @classmethod
    def _create(cls, database: "Database", name: str | None, consent: bool) -> "Profile":
        """Do as `create`; without a name, the profile gets one of its ID."""
        if consent is not True:
            raise ConsentMissing(
                "The person has not agreed that their handwriting is kept; show them the words and "
                "ask, then give consent=True."
            )
        now = datetime.now(UTC)
        id = uuid.uuid4().hex
        name = f"Profile {id[:8]}" if name is None else name
        record = ProfileRecord(id, check_name(name), now, Consent(CONSENT_VERSION, now))
        with database.write() as rows:
            rows.add_profile(record)
        return cls(database, record)

    @classmethod
    def _open(cls, database: "Database", name_or_id: str) -> "Profile":
        with database.read() as rows:
            record = rows.find_profile(normalize(name_or_id))
            others = [] if record else rows.all_profiles()
        if record is None:
            names = get_close_matches(name_or_id, [other.name for other in others])
            similar = " or ".join(map(shown, names))
            advice = f"did you mean {similar}?" if names else "check the name."
            raise ProfileNotFound(f"There is no profile {shown(name_or_id)}; {advice}")
        return cls(database, record)

    def samples(self) -> tuple[Sample, ...]:
        """Return all samples, in the order in which they were added; raise ProfileNotFound."""
        with self._database.read() as rows:
            rows.check(self.id)
            return rows.get_samples(self.id)

    def versions(self) -> tuple[Version, ...]:
        """Return all versions, the oldest first; the last one is the current.

        raises   ProfileNotFound, DatabaseError
        """
        with self._database.read() as rows:
            rows.check(self.id)
            return rows.get_versions(self.id)

    def version(self) -> int:
        """Return the number of the current version; 0 before the first sample.

        raises   ProfileNotFound, DatabaseError
        """
        with self._database.read() as rows:
            return rows.state(self.id).version

    def add(self, samples: Sequence[Sample]) -> Version:
        """Add samples. On return they are on the disk.

        A sample that the profile already has is left out. If it has all of them, nothing changes.

        returns  the new version, or the current one if nothing changes
        raises   ValueError for no samples; InvalidSample, ProfileFull, of which nothing is added;
                 ProfileNotFound, DatabaseError
        """
        return self._add(samples, "add")

    def _add(self, samples: Sequence[Sample], action: Action) -> Version:
        new = {sample.id: sample for sample in samples}
        if not new:  # not `samples`, which may be a generator
            raise ValueError("there are no samples to add")
        for sample in new.values():
            sample_row(sample)  # an invalid one is refused before anything is locked
        with self._database.write() as rows:
            rows.lock(self.id)
            ids = rows.sample_ids(self.id)
            for id in ids:
                new.pop(id, None)
            last = rows.last_version(self.id)
            if not new and last is not None:
                return last
            if len(ids) + len(new) > MAX_SAMPLES:
                raise ProfileFull(
                    f"A profile holds at most {MAX_SAMPLES:,} samples, and this one would have "
                    f"{len(ids) + len(new):,}; add fewer, or remove some first."
                )
            return rows.insert_samples(self.id, list(new.values()), action)

    def remove(self, ids: Sequence[str]) -> Version:
        """Remove samples for good, with every model that was fitted to one of them.

        IDs of which there is no sample are left out.

        raises   SampleNotFound if there is none of them; ProfileNotFound, DatabaseError
        """
        with self._database.write() as rows:
            rows.lock(self.id)
            wanted = set(ids)
            there = [id for id in rows.sample_ids(self.id) if id in wanted]
            if not there:
                raise SampleNotFound("The profile has no such sample; it may have been removed.")
            version = rows.delete_samples(self.id, there, "remove")
        self._erase()
        return version

    def undo(self) -> Version:
        """Remove for good what the last `add` added and is still there.

        The models of the version before are still stored, so they are not fitted again.

        raises   NothingToUndo, ProfileNotFound, DatabaseError
        """
        with self._database.write() as rows:
            rows.lock(self.id)
            ids = rows.ids_of_last_addition(self.id)
            if not ids:
                raise NothingToUndo("The profile has no samples, so nothing can be undone.")
            version = rows.delete_samples(self.id, ids, "undo")
        self._erase()
        return version

    def delete(self) -> None:
        """Delete the profile with its samples, versions and models; nothing is left of them.

        raises   ProfileNotFound, DatabaseError
        """
        with self._database.write() as rows:
            rows.delete_profile(self.id)
        self._erase()

    def _erase(self) -> None:
        """Leave nothing of what has just been deleted."""
        from inkdigits.personal import erasure

        CACHE.forget(self.id)
        erasure.erase_deleted(self._database)

    def new_token(self) -> str:
        """Make a secret token, with which a service lets in whoever has it; the old one is invalid.

        Only its SHA-256 is stored, so it cannot be shown again.

        raises   ProfileNotFound, DatabaseError
        """
        token = new_token()
        with self._database.write() as rows:
            rows.set_token(self.id, str(token_hash(token)))
        return token

    def recognizer(self, base: Recognizer) -> Recognizer:
        """Return a recognizer for the person's handwriting.

        base     the model that is adapted
        raises   ProfileNotFound, DatabaseError; ValueError if the base's classes are not the digits
        """
        return self._current(base)[1]

    def personal_model(self, base: Recognizer) -> PersonalModel:
        """Return the personal model of the current version; fit it if it is not stored.

        Samples that another preprocessing made are preprocessed anew.

        raises   as `recognizer`
        """
        return self._current(base)[0]

    def recognizer_and_version(self, base: Recognizer) -> tuple[Recognizer, int]:
        """Return what `recognizer` does, and the number of the version that it is of."""
        _, recognizer, version = self._current(base)
        return recognizer, version

    def _current(self, base: Recognizer) -> tuple[PersonalModel, Recognizer, int]:
        """Return the personal model of the current version, its recognizer, and the version."""
        while True:
            with self._database.read() as rows:
                state = rows.state(self.id)
            key = self.id, state.fingerprint, base.digest
            with CACHE.making(key):
                entry = CACHE.get(key) or self._make(base, state)
                if entry is not None:
                    CACHE.put(key, entry)
                    return *entry, state.version

    def _make(self, base: Recognizer, state: State) -> Entry | None:
        """Read the stored model or, if there is none, fit one to the samples and store it.

        returns  None if the samples are not those of the state any more
        """
        with self._database.read() as rows:
            if rows.state(self.id) != state:
                return None
            file = rows.get_model(self.id, state.fitted, base.digest)
            samples = rows.get_samples(self.id)
        model = None if file is None else _read_model(file, base)
        if model is None:
            model = adapt(base, prepare(base, samples))
            self._keep(model, base, state)
        return model, model.recognizer(base)

    def _keep(self, model: PersonalModel, base: Recognizer, state: State) -> None:
        """Store a model, if that is possible: otherwise the next process fits it again."""
        # A model that was never saved has no digest, so it could not be told from others.
        if not base.digest or not state.version:
            return
        stored = StoredModel(state.fitted, base.digest, base.name, model.to_bytes())
        with suppress(DatabaseError, ProfileNotFound), self._database.write() as rows:
            rows.lock(self.id)
            if rows.state(self.id) == state:  # no sample has been removed since
                rows.put_model(self.id, stored)

    def export(self) -> bytes:
        """Return one file with all of the profile: see `data.profile_files`.

        raises   ProfileNotFound, DatabaseError; DataError if it would be too large
        """
        with self._database.read() as rows:
            rows.check(self.id)
            samples, versions = rows.get_samples(self.id), rows.get_versions(self.id)
            models = rows.get_models(self.id)
        return write_profile_file(
            ProfileFile(self.name, self.created, self.consent, samples, versions, tuple(models))
        )


def _read_model(file: bytes, base: Recognizer) -> PersonalModel | None:
    """Return a model; None if it is damaged, or of another version of inkdigits: it is refitted."""
    with suppress(FileError):
        return PersonalModel.from_bytes(file, base)
    return None
