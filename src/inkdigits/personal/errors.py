"""Errors of profiles: each message is one sentence with the cause and what to do."""

from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "damaged",
    "newer",
    "busy",
    "full",
    "read-only",
    "missing",
    "no driver",
    "unreachable",
    "address",
]


class ProfileError(Exception):
    """Something about profiles cannot be done."""


class ConsentMissing(ProfileError):
    """A profile cannot be made before its person has agreed."""


class ProfileNotFound(ProfileError):
    """There is no such profile, or it has been deleted."""


class SampleNotFound(ProfileError):
    """A profile has none of the samples that are to be removed."""


class NameTaken(ProfileError):
    """Another profile of the database has the name."""


class InvalidName(ProfileError):
    """A name is empty, too long, or has characters that cannot be printed."""


class InvalidSample(ProfileError):
    """A sample cannot be stored."""


class ProfileFull(ProfileError):
    """A profile has as many samples as it may."""


class NothingToUndo(ProfileError):
    """A profile has no samples that could be undone."""


class AccessDenied(ProfileError):
    """A token belongs to no profile."""


class ExtraMissing(ProfileError):
    """The packages for profiles are not installed."""


class DatabaseError(ProfileError):
    """The database cannot be used.

    cause  what is wrong, for programs: "busy" may pass by itself, the others need somebody
    """

    def __init__(self, message: str, cause: Cause = "damaged") -> None:
        super().__init__(message)
        self.cause = cause
