"""The fields of JSON objects that anyone may have written, each of which must have its type.

Every error is a ValueError with the path of the field and the cause as a clause, such as
"samples[3].label: expected a whole number from 0 to 9, got 12".
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from inkdigits.constants import MAX_NAME
from inkdigits.escaping import shown

MAX_NUMBER = 2**31 - 1

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Fields:
    """The fields of a JSON object, each of which must have its type."""

    def __init__(self, value: Any, path: str, names: str) -> None:
        """Check that the fields are exactly the names, which are separated by spaces."""
        self._path = path
        if not isinstance(value, dict):
            raise self.error("", f"expected an object, got {shown(value)}")
        expected = names.split()
        for name in value:
            if name not in expected:
                raise self.error("", f"unknown field {shown(name)}")
        for name in expected:
            if name not in value:
                raise self.error(name, "it is missing")
        self._value = value

    def error(self, name: str, cause: str) -> ValueError:
        """Make the error for a field."""
        path = ".".join(part for part in (self._path, name) if part)
        return ValueError(f"{path}: {cause}" if path else cause)

    def get(self, name: str) -> Any:
        """Return a field of any type."""
        return self._value[name]

    def number(self, name: str, least: int = 0, most: int = MAX_NUMBER) -> int:
        """Return a whole number within limits."""
        value = self._value[name]
        if type(value) is not int or not least <= value <= most:
            raise self.error(
                name, f"expected a whole number from {least} to {most:,}, got {shown(value)}"
            )
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._value[name]
        if not isinstance(value, str):
            raise self.error(name, f"expected text, got {shown(value)}")
        return value

    def name(self, name: str) -> str:
        """Return a name for people."""
        value = self.text(name)
        if not 1 <= len(value) <= MAX_NAME or not value.isprintable() or not value.strip():
            raise self.error(
                name, f"expected 1 to {MAX_NAME} printable characters, got {shown(value)}"
            )
        return value

    def matching(self, name: str, pattern: re.Pattern[str], what: str) -> str:
        """Return a text of a certain form."""
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise self.error(name, f"expected {what}, got {shown(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> Any:
        """Return one of several texts."""
        value = self.text(name)
        if value not in choices:
            raise self.error(name, f"{shown(value)} is not one of {', '.join(choices)}")
        return value

    def time(self, name: str) -> datetime:
        """Return a time in UTC, which was given with its zone."""
        value = self.matching(name, _TIME, "a time with its zone")
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.error(name, f"{shown(value)} is not a time") from None

    def bytes(self, name: str, limit: int) -> bytes:
        """Return what a text encodes in base 64."""
        value = self.text(name)
        if len(value) > 4 * (limit // 3 + 1):
            raise self.error(name, f"it has more than {limit:,} bytes")
        try:
            return b64decode(value, validate=True)
        except ValueError:  # for what is not ASCII, not binascii.Error
            raise self.error(name, "it is not base64") from None

    def object(self, name: str, names: str) -> "Fields":
        """Return the fields of an object."""
        return Fields(self._value[name], self._child(name), names)

    def objects(self, name: str, limit: int, names: str) -> list["Fields"]:
        """Return the fields of each object of a list."""
        value = self._value[name]
        if not isinstance(value, list):
            raise self.error(name, f"expected a list, got {shown(value)}")
        if len(value) > limit:
            raise self.error(name, f"there are {len(value):,}, more than {limit:,}")
        path = self._child(name)
        return [Fields(item, f"{path}[{number}]", names) for number, item in enumerate(value)]

    def _child(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
