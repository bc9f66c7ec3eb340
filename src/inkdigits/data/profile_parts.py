"""What a profile has besides samples, in a database and in an exported file alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

Action: TypeAlias = Literal["add", "remove", "undo", "import"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True)
class Consent:
    """That a person agreed.

    version  of the words that they agreed to, see personal.consent
    time     when, with its time zone
    """

    version: int
    time: datetime


@dataclass(frozen=True)
class Version:
    """One state of a profile.

    number   grows by 1 with each change
    time     of the change, with its time zone
    action   what the change was
    added    how many samples it added ...
    removed  ... and removed
    samples  how many there were then
    """

    number: int
    time: datetime
    action: Action
    added: int
    removed: int
    samples: int


@dataclass(frozen=True)
class StoredModel:
    """A personal model.

    version  the first version with the samples that it was fitted to
    digest   SHA-256 of the file of the model that was adapted ...
    model    ... and its name
    file     the personal model, which PersonalModel alone reads and checks
    """

    version: int
    digest: str
    model: str
    file: bytes
