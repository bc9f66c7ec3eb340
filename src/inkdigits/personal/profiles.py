"""All profiles of a database."""

import hmac
import uuid
from collections.abc import Callable
from itertools import count
from pathlib import Path

from inkdigits.constants import MAX_NAME
from inkdigits.data.profile_files import read_profile_file
from inkdigits.personal.errors import AccessDenied, NameTaken
from inkdigits.personal.limits import check_name
from inkdigits.personal.opening import open_database
from inkdigits.personal.profile import Profile
from inkdigits.personal.records import ProfileRecord
from inkdigits.personal.tokens import token_hash


class Profiles:
    """The profiles of one database, which any thread may use.

    database  its URL, or the path of an SQLite file; None is INKDIGITS_DATABASE or, if that is not
              set, a file in the user's data folder
    raises    DatabaseError; ExtraMissing
    """

    def __init__(self, database: str | Path | None = None) -> None:
        self._database = open_database(database)

    def create(self, name: str | None = None, *, consent: bool) -> Profile:
        """Make a profile; see `Profile.create`. Without a name, it gets one of its ID."""
        return Profile._create(self._database, name, consent)

    def open(self, name_or_id: str) -> Profile:
        """Open a profile; see `Profile.open`."""
        return Profile._open(self._database, name_or_id)

    def all(self) -> tuple[Profile, ...]:
        """Return all profiles, in the order in which they were made."""
        with self._database.read() as rows:
            records = rows.all_profiles()
        return tuple(Profile(self._database, record) for record in records)

    def count(self) -> int:
        """Return how many profiles there are."""
        with self._database.read() as rows:
            return rows.count_profiles()

    def authenticate(self, token: str) -> Profile:
        """Return the profile of a token.

        raises   AccessDenied if there is none, whatever the reason
        """
        hashed = token_hash(token)
        found = None
        if hashed is not None:
            with self._database.read() as rows:
                found = rows.profile_of_token(hashed)
        if hashed is None or found is None or not hmac.compare_digest(found[1], hashed):
            raise AccessDenied("The token belongs to no profile; make a new profile or token.")
        return Profile(self._database, found[0])

    def import_file(
        self, file: str | Path | bytes, name: str | Callable[[str], str] | None = None
    ) -> Profile:
        """Make a profile of an exported one, with its samples and its person's consent.

        Its models are fitted again: anybody may have made the file.

        file     the path of the file, or its content
        name     of the new profile, or what makes it of the name in the file; None is that name,
                 with a number if it is taken
        raises   DataError for a damaged file; InvalidName, NameTaken, DatabaseError
        """
        content = read_profile_file(file)
        if callable(name):
            name = name(content.name)
        for number in count(1):
            suffix = "" if number == 1 else f" ({number})"
            chosen = content.name[: MAX_NAME - len(suffix)] + suffix if name is None else name
            record = ProfileRecord(
                uuid.uuid4().hex, check_name(chosen), content.created, content.consent
            )
            try:
                with self._database.write() as rows:
                    rows.add_profile(record)
                    if content.samples:
                        rows.insert_samples(record.id, content.samples, "import")
                break
            except NameTaken:
                if name is not None:
                    raise
        return Profile(self._database, record)
