"""What a person types for a field, checked against what the form says about it."""

from collections.abc import Mapping

from inkdigits.forms.form import Field
from inkdigits.numbers.constraints import DIGITS, Constraints


def hint(field: Field) -> str:
    """Describe in a few words what a field may hold, such as "at most 2 digits, 0 to 40"."""
    parts = [f"at most {field.length} digit{'s' if field.length > 1 else ''}"]
    if field.range is not None:
        parts.append(f"{field.range[0]} to {field.range[1]}")
    if field.choices is not None:
        parts.append(f"one of {len(field.choices):,} numbers")
    if field.pattern is not None:
        parts.append(f"pattern {field.pattern}")
    if field.checksum is not None:
        parts.append(f"checksum {field.checksum}")
    if field.sum is not None:
        parts.append(f"the sum of {' + '.join(field.sum)}")
    return ", ".join(parts)


def impossible(field: Field, value: str) -> str | None:
    """Return why a value cannot be what the field's boxes hold, in a sentence, or None."""
    if not DIGITS.issuperset(value):
        return "Type digits only, or nothing if the field is empty."
    if len(value) > field.length:
        return f"The field has only {field.length} box{'es' if field.length > 1 else ''}."
    return None


def unusual(field: Field, value: str, row: Mapping[str, str]) -> str | None:
    """Return which rule of the form a value breaks, in a sentence, or None.

    People also write what a form forbids, so that a person who has looked may keep such a value.

    value  that is not `impossible`
    row    the present values of the row's fields, by name
    """
    if not value:
        return None
    if field.range is not None and not field.range[0] <= int(value) <= field.range[1]:
        return f"{value} is not from {field.range[0]} to {field.range[1]}."
    if field.choices is not None and value not in field.choices:
        return f"{value} is not one of the {len(field.choices):,} numbers of the form."
    if field.pattern is not None and not Constraints(pattern=field.pattern).allows(value):
        return f"{value} does not match the pattern {field.pattern}."
    if field.checksum is not None and not Constraints(checksum=field.checksum).allows(value):
        return f"The checksum of {value} is wrong."
    if field.sum is not None:
        parts = [row.get(name, "") for name in field.sum]
        total = sum(int(part or 0) for part in parts)
        if all(map(DIGITS.issuperset, parts)) and int(value) != total:
            return f"{' + '.join(part or '0' for part in parts)} is {total}, not {value}."
    return None
