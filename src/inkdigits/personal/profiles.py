"""All profiles of a database."""

import hmac
from pathlib import Path

from inkdigits.personal.errors import AccessDenied
from inkdigits.personal.profile import Profile, open_database
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
        from inkdigits.personal import store

        with self._database.read() as connection:
            records = store.all_profiles(connection)
        return tuple(Profile(self._database, record) for record in records)

    def count(self) -> int:
        """Return how many profiles there are."""
        from inkdigits.personal import store

        with self._database.read() as connection:
            return store.count_profiles(connection)

    def authenticate(self, token: str) -> Profile:
        """Return the profile of a token.

        raises   AccessDenied if there is none, whatever the reason
        """
        from inkdigits.personal import store

        hashed = token_hash(token)
        found = None
        if hashed is not None:
            with self._database.read() as connection:
                found = store.profile_of_token(connection, hashed)
        if hashed is None or found is None or not hmac.compare_digest(found[1], hashed):
            raise AccessDenied("The token belongs to no profile; make a new profile or token.")
        return Profile(self._database, found[0])
