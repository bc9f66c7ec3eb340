"""Who may use a profile: whoever has its token, in the header Authorization and nowhere else.

A browser never adds that header by itself, so a page of another site cannot use a profile, and the
token is in no URL, cookie or log. The database has its SHA-256 alone: it is looked up by that, so
the time which that takes tells nothing about the tokens that there are.
"""

from typing import NamedTuple

import structlog
from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import NotFound, Unauthorized, UnprocessableEntity

from inkdigits.api.schemas import UsedProfile
from inkdigits.constants import DIGITS
from inkdigits.personal import Profile, Profiles
from inkdigits.personal.adaptation import PersonalModel
from inkdigits.personal.errors import AccessDenied, ProfileError
from inkdigits.personal.tokens import PREFIX
from inkdigits.recognizer import Recognizer

log = structlog.get_logger()

NO_PROFILES = (
    "This server keeps no profiles; start it with `inkdigits serve --profiles`, or set "
    "INKDIGITS_DATABASE."
)
UNKNOWN_TOKEN = (
    "The token of the profile is missing or wrong, or its profile was deleted; send the header "
    "Authorization: Bearer TOKEN."
)
# If another device changes the profile meanwhile, its model is looked up again.
MAX_LOOKUPS = 5


class Chosen(NamedTuple):
    """The model that makes a prediction, and the profile that it is fitted to, if any."""

    recognizer: Recognizer
    profile: UsedProfile | None


class Current(NamedTuple):
    """The current version of a profile, and its personal model."""

    version: int
    model: PersonalModel
    recognizer: Recognizer


class ProfileAccess:
    """The profiles of a server, if it has a database.

    database  its URL, or the path of an SQLite file; "" for none
    """

    def __init__(self, database: str) -> None:
        self._database = database

    @property
    def is_on(self) -> bool:
        """Whether this server keeps profiles."""
        return bool(self._database)

    def check(self) -> None:
        """Open the database, and log why if that fails: the server works without it."""
        try:
            if self.is_on:
                Profiles(self._database)
        except ProfileError as error:
            log.error("profiles_unavailable", reason=str(error))

    def profiles(self) -> Profiles:
        """Open the database; it may have been mended or replaced since the last request.

        raises   NotFound without a database; ProfileError
        """
        if not self.is_on:
            raise NotFound(NO_PROFILES)
        return Profiles(self._database)

    def profile(self) -> Profile:
        """Return the profile of the current request.

        raises   Unauthorized, alike for a missing, a wrong and an old token; and as `profiles`
        """
        profiles = self.profiles()
        try:
            return profiles.authenticate(_token() or "")
        except AccessDenied:
            raise unknown_token() from None

    def choose(self, base: Recognizer) -> Chosen:
        """Return the model for the current request: of its profile, if it names one.

        base     the model for a request without a profile
        raises   Unauthorized for an unknown token; UnprocessableEntity if the model is not of
                 digits; ProfileError if the database cannot be used: then, too, there is no
                 prediction by another model than the request asks for
        """
        # Of another scheme, it is for a proxy in front of the service.
        token = _token()
        if token is None or not (self.is_on or token.startswith(PREFIX)):
            return Chosen(base, None)
        if not self.is_on:
            raise Unauthorized(NO_PROFILES, www_authenticate=WWWAuthenticate("bearer"))
        current = current_model(self.profile(), base)
        return Chosen(current.recognizer, UsedProfile(version=current.version))


def current_model(profile: Profile, base: Recognizer) -> Current:
    """Return the current version of a profile, with its model.

    raises   UnprocessableEntity if the base is not a model of digits; ProfileError
    """
    check_digits(base)
    for _ in range(MAX_LOOKUPS):
        version = profile.version()
        model, recognizer = profile.personal_model(base), profile.recognizer(base)
        if profile.version() == version:
            break
    if recognizer.name != base.name:  # the same file is served under two names
        recognizer = Recognizer(recognizer.model, base.name)
    return Current(version, model, recognizer)


def check_digits(base: Recognizer) -> None:
    """Raise UnprocessableEntity if the classes of a model are not the digits."""
    if base.model.classes != DIGITS:
        raise UnprocessableEntity(
            "Profiles are of digits, and the classes of this model are not; choose another model."
        )


def unknown_token() -> Unauthorized:
    """Make the error for a request without a profile."""
    return Unauthorized(UNKNOWN_TOKEN, www_authenticate=WWWAuthenticate("bearer"))


def _token() -> str | None:
    """Return the bearer token of the current request; None without one."""
    scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
