"""What a form asks for: its page, its title and the fields that people fill in."""

import base64
import hashlib
import json
from dataclasses import dataclass

DEFAULT_INSTRUCTIONS = (
    "Write one digit in each box with a dark pen, without touching the lines. If a number has "
    "fewer digits, leave boxes empty. Cross out a mistake; it will be checked by a person."
)


class FormError(ValueError):
    """A form cannot be used; the message is a clause that names the key and what to do."""


@dataclass(frozen=True)
class Field:
    """A number that a form asks for.

    name      heading of its column in the results, unique in the form
    length    the number of its boxes; a number may have fewer digits
    label     what is printed beside or above the boxes; the name if empty
    pattern   a pattern of `numbers.Constraints` that the digits match
    range     the least and the largest number
    choices   the only texts that are possible
    checksum  the name of the checksum that the last digits are
    sum       names of the fields in the same row that this one is the sum of
    """

    name: str
    length: int
    label: str = ""
    pattern: str | None = None
    range: tuple[int, int] | None = None
    choices: tuple[str, ...] | None = None
    checksum: str | None = None
    sum: tuple[str, ...] | None = None

    @property
    def heading(self) -> str:
        """What is printed beside or above the boxes."""
        return self.label or self.name


@dataclass(frozen=True)
class Form:
    """A form: rows of the same fields.

    title         printed on every page; also tells two forms with equal fields apart
    fields        the numbers that each row asks for
    page          the size of the paper, "A4" or "Letter"
    arrangement   "columns": each field is a column of a table, and each row is a line of it;
                  "rows": each field of a row has a line of its own
    rows          how many rows are printed, unless the command says otherwise
    instructions  for the people who fill it in
    """

    title: str
    fields: tuple[Field, ...]
    page: str = "A4"
    arrangement: str = "columns"
    rows: int = 20
    instructions: str = DEFAULT_INSTRUCTIONS

    @property
    def identity(self) -> str:
        """Eight characters (A-Z, 2-7) that tell this form's printed sheets from other forms'.

        Covers the title, the page, and the fields' names and lengths in order. Patterns, ranges,
        choices, checksums and sums may still be corrected when sheets have been printed.
        """
        fields = [(field.name, field.length) for field in self.fields]
        content = json.dumps([self.title, self.page, self.arrangement, fields])
        return base64.b32encode(hashlib.sha256(content.encode()).digest())[:8].decode()
