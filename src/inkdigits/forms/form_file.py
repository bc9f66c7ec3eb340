"""Forms in files that people write: TOML, with the fields of `Form` and `Field` as keys."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from inkdigits import strict_toml
from inkdigits.dataclass_json import from_json
from inkdigits.escaping import printable, shown
from inkdigits.forms.form import Field, Form, FormError
from inkdigits.forms.layout import PAGE_SIZES, layout
from inkdigits.numbers.constraints import MAX_LENGTH, ConstraintError, Constraints
from inkdigits.numbers.patterns import Pattern
from inkdigits.storage.files import FileError, read_file

MAX_FORM_BYTES = 2**19  # choices of 10,000 numbers are 230 KB
MAX_CHOICES_BYTES = 2**19
MAX_FIELDS = 60
MAX_TITLE, MAX_INSTRUCTIONS, MAX_NAME = 80, 300, 40  # characters
ARRANGEMENTS = ("columns", "rows")


def load_form(path: Path) -> Form:
    """Read a form from a TOML file.

    raises   FileError, with the key and the cause, if it cannot be read or printed
    """
    try:
        content = strict_toml.parse(strict_toml.decode(read_file(path, MAX_FORM_BYTES)))
        if "reference" in content:
            raise FileError(
                f"{path} is a form on a scan, which is not printed; use it with "
                "`inkdigits form read`."
            )
        form = from_json(with_choices(content, path.parent), Form, {}, complete=False)
        return check_form(form)
    except ValueError as error:
        raise FileError(
            f"{path} is not a valid form ({error}): correct it, or start from the output of "
            "`inkdigits form new`."
        ) from None


def check_form(form: Form, is_printed: bool = True) -> Form:
    """Check everything about a form that its types do not say.

    is_printed  whether it must fit on its page
    returns  the form, with its texts' spaces and line breaks as one space each
    raises   FormError, with the key and the cause as a clause
    """
    form = replace(
        form,
        title=_text("title", form.title, 1, MAX_TITLE),
        fields=tuple(_checked(field, number) for number, field in enumerate(form.fields, 1)),
        instructions=_text("instructions", form.instructions, 0, MAX_INSTRUCTIONS),
    )
    _check_one_of("page", form.page, tuple(PAGE_SIZES))
    _check_one_of("arrangement", form.arrangement, ARRANGEMENTS)
    if not 1 <= len(form.fields) <= MAX_FIELDS:
        raise FormError(
            f"fields: there are {len(form.fields)}, not 1 to {MAX_FIELDS}; each begins with a line "
            "[[fields]]"
        )
    names: set[str] = set()
    for field in form.fields:
        if field.name in names:
            raise FormError(f"fields: two have the name {shown(field.name)}; rename one")
        names.add(field.name)
    _check_sums({field.name: field for field in form.fields})
    if is_printed:
        layout(form, form.rows)
    return form


def with_choices(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Replace the name of a file as a field's `choices` by the file's lines."""
    fields = content.get("fields")
    if not isinstance(fields, list):
        return content
    return content | {"fields": [_with_lines(field, folder) for field in fields]}


def _with_lines(field: Any, folder: Path) -> Any:
    if not isinstance(field, dict) or not isinstance(field.get("choices"), str):
        return field
    name = field["choices"]
    try:
        lines = strict_toml.decode(read_file(folder / name, MAX_CHOICES_BYTES)).splitlines()
    except FileError as error:
        raise FormError(
            f"choices = {shown(name)} is not a file beside the form, with a number a line: {error}"
        ) from None
    return field | {"choices": [line.strip() for line in lines if line.strip()]}


def _checked(field: Field, number: int) -> Field:
    """Check a field by itself."""
    name = _text(f"name of field {number}", field.name, 1, MAX_NAME)
    key = f"field {shown(name)}"
    label = _text(f"{key}: label", field.label, 0, MAX_NAME)
    if not 1 <= field.length <= MAX_LENGTH:
        raise FormError(f"{key}: length = {shown(field.length)} is not 1 to {MAX_LENGTH}")
    try:
        Constraints(pattern=field.pattern, choices=field.choices, checksum=field.checksum)
    except ConstraintError as error:
        raise FormError(f"{key}: {_clause(error)}") from None
    if field.pattern is not None and not Pattern.parse(field.pattern).matches_up_to(field.length):
        raise FormError(
            f"{key}: pattern = {shown(field.pattern)} matches no number of at most {field.length} "
            "digits; change it, or the length"
        )
    for choice in field.choices or ():
        if len(choice) > field.length:
            raise FormError(
                f"{key}: choices has {shown(choice)}, and there are only {field.length} boxes; "
                "remove it, or increase the length"
            )
    if field.range is not None:
        _check_range(key, field.range, field.length)
    return replace(field, name=name, label=label)


def _check_range(key: str, limits: tuple[int, ...], length: int) -> None:
    if len(limits) != 2 or not 0 <= limits[0] <= limits[1]:
        raise FormError(
            f"{key}: range is not the least number and the largest, such as [0, 100]; neither may "
            "be negative"
        )
    if limits[1] >= 10**length:
        raise FormError(
            f"{key}: range ends at {shown(limits[1])}, and there are only {length} boxes; decrease "
            "it, or increase the length"
        )


def _check_sums(fields: Mapping[str, Field]) -> None:
    for field in fields.values():
        if field.sum is None:
            continue
        key = f"field {shown(field.name)}"
        if len(field.sum) < 2 or len(set(field.sum)) < len(field.sum):
            raise FormError(
                f'{key}: sum is not a list of two or more different names, such as ["a", "b"]'
            )
        for name in field.sum:
            if name not in fields:
                raise FormError(
                    f"{key}: sum names {shown(name)}, which is not the name of a field; correct it"
                )
        _check_no_circle(field, fields)


def _check_no_circle(field: Field, fields: Mapping[str, Field]) -> None:
    """Check that a sum does not, directly or by other sums, include itself."""
    seen: set[str] = set()
    todo = list(field.sum or ())
    while todo:
        name = todo.pop()
        if name == field.name:
            raise FormError(
                f"field {shown(field.name)}: sum includes the field itself, directly or by another "
                "sum; remove it"
            )
        if name not in seen and name in fields:
            seen.add(name)
            todo += fields[name].sum or ()


def _text(key: str, text: str, least: int, most: int) -> str:
    """Check a text that is printed; return it with one space for each run of white space."""
    text = " ".join(text.split())
    if not least <= len(text) <= most:
        raise FormError(f"{key} has {len(text):,} characters, not {least} to {most}")
    if printable(text) != text:
        raise FormError(f"{key} has characters that cannot be printed: {shown(text)}; remove them")
    return text


def _check_one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise FormError(f"{key} = {shown(value)} is not one of {', '.join(known)}")


def _clause(error: Exception) -> str:
    """Turn a sentence into a clause."""
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]
