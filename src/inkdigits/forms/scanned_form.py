"""Forms that were not printed by inkdigits: fields are rectangles on a scan of an empty one.

In the file of such a form, the table `reference` names the scan, and each field has a rectangle.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomli_w

from inkdigits import strict_toml
from inkdigits.dataclass_json import from_json, to_json
from inkdigits.escaping import shown
from inkdigits.forms.form import Form, FormError
from inkdigits.forms.form_file import MAX_FORM_BYTES, check_form, load_form, with_choices
from inkdigits.forms.reference import Area
from inkdigits.storage.files import FileError, read_file, write_atomically

MIN_SIDE_PX = 6  # of a field's rectangle
MAX_SIDE_PX = 65_535  # of the scan
_PLACE_KEYS = ("rectangle", "boxes")


@dataclass(frozen=True)
class Scan:
    """The scan of an empty form.

    file    its path, relative to the form's file
    sha256  of its content, in hexadecimal
    size    width and height of the page, in pixels: rectangles are measured in them
    page    of a PDF or TIFF, from 1
    """

    file: str
    sha256: str
    size: tuple[int, int]
    page: int = 1


@dataclass(frozen=True)
class Place:
    """Where a field is on the scan.

    rectangle  left, top, width and height, in pixels
    boxes      whether it has boxes of equal width, one for each digit; if not, a number is
               written freely
    """

    rectangle: Area
    boxes: bool = True


_NO_SCAN = Scan("", "", (0, 0))


@dataclass(frozen=True)
class ScannedForm(Form):
    """A form with its fields on a scan; a sheet has one row.

    scan    of the empty form
    places  of the fields, in order
    folder  of the form's file
    """

    scan: Scan = _NO_SCAN
    places: tuple[Place, ...] = ()
    folder: Path = Path()

    @property
    def identity(self) -> str:
        """Characters that tell this form's results from other forms'.

        Covers the title, the scan, and the fields' names, lengths and rectangles in order.
        """
        names = [(field.name, field.length) for field in self.fields]
        places = [(place.rectangle, place.boxes) for place in self.places]
        content = json.dumps([self.title, self.scan.sha256, self.scan.page, names, places])
        return f"scan-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    @property
    def scan_path(self) -> Path:
        """The path of the scan."""
        return self.folder / self.scan.file


def load_any_form(path: Path) -> Form:
    """Read a form from a TOML file, whether it is printed by inkdigits or on a scan.

    raises   FileError, with the key and the cause
    """
    try:
        content = strict_toml.parse(strict_toml.decode(read_file(path, MAX_FORM_BYTES)))
        if "reference" not in content:
            return load_form(path)
        return parse_scanned_form(content, path.parent)
    except ValueError as error:
        raise FileError(
            f"{path} is not a valid form ({error}): correct it, or write it with "
            "`inkdigits form from-scan`."
        ) from None


def parse_scanned_form(
    content: Mapping[str, Any], folder: Path, scan: Scan | None = None
) -> ScannedForm:
    """Check what the file of a form on a scan says.

    content  of the TOML file
    folder   of the file
    scan     in place of the table `reference`
    raises   ValueError, with the key and the cause as a clause
    """
    content = dict(content)
    reference = content.pop("reference", None)
    if scan is None:
        scan = from_json(reference, Scan, {}, complete=False, path="reference")
    _check_scan(scan)
    listed = content.get("fields")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise FormError("fields is not a list of tables, each of which begins with [[fields]]")
    places = []
    for number, each in enumerate(listed, 1):
        keys = {key: each[key] for key in _PLACE_KEYS if key in each}
        if "rectangle" not in keys:
            raise FormError(
                f"field {shown(str(each.get('name', number)))}: rectangle is missing; it is [left, "
                "top, width, height], in pixels of the scan"
            )
        place: Place = from_json(keys, Place, {}, complete=False, path=f"fields[{number - 1}]")
        _check_place(str(each.get("name", number)), place, scan)
        places.append(place)
    content["fields"] = [
        {key: value for key, value in each.items() if key not in _PLACE_KEYS} for each in listed
    ]
    content.setdefault("title", Path(scan.file).stem[:80] or "form")
    form = check_form(
        from_json(with_choices(content, folder), Form, {}, complete=False), is_printed=False
    )
    own = {field.name: getattr(form, field.name) for field in fields(Form)}
    return ScannedForm(**own | {"rows": 1}, scan=scan, places=tuple(places), folder=folder)


def write_scanned_form(form: ScannedForm, path: Path) -> None:
    """Write the file of a form on a scan."""
    described = []
    for field, place in zip(form.fields, form.places, strict=True):
        keys = to_json(field) | to_json(place)
        described.append({key: value for key, value in keys.items() if _is_said(key, value)})
    reference = to_json(form.scan)
    del reference["type"]
    content = {"title": form.title, "reference": reference, "fields": described}
    text = (
        "# Fields on a scan of an empty form, for `inkdigits form read`. A rectangle is left,\n"
        "# top, width and height in pixels of the scan. Without boxes a number is free.\n"
        "\n"
    )
    write_atomically(path, (text + tomli_w.dumps(content)).encode())


def _is_said(key: str, value: Any) -> bool:
    return key != "type" and value is not None and value != ""


def _check_scan(scan: Scan) -> None:
    if not scan.file or "\0" in scan.file:
        raise FormError("reference.file is empty; name the scan of the empty form")
    if len(scan.sha256) != 64 or set(scan.sha256) - set("0123456789abcdef"):
        raise FormError(
            "reference.sha256 is not a SHA-256 of 64 characters; leave it to "
            "`inkdigits form from-scan`"
        )
    if len(scan.size) != 2 or not all(1 <= side <= MAX_SIDE_PX for side in scan.size):
        raise FormError("reference.size is not the scan's width and height in pixels")
    if scan.page < 1:
        raise FormError("reference.page is not a number from 1")


def _check_place(name: str, place: Place, scan: Scan) -> None:
    left, top, width, height = place.rectangle if len(place.rectangle) == 4 else (0, 0, 0, 0)
    if min(left, top) < 0 or min(width, height) < MIN_SIDE_PX:
        raise FormError(
            f"field {shown(name)}: rectangle is not [left, top, width, height] of at least "
            f"{MIN_SIDE_PX} by {MIN_SIDE_PX} pixels"
        )
    if left + width > scan.size[0] or top + height > scan.size[1]:
        raise FormError(
            f"field {shown(name)}: rectangle reaches beyond the scan, which has {scan.size[0]:,} x "
            f"{scan.size[1]:,} pixels"
        )
