"""Fields that are drawn on a scan of an empty form: what is shown, checked and saved."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from inkdigits import strict_toml
from inkdigits.arrays import Pixels
from inkdigits.dataclass_json import to_json
from inkdigits.forms.form_file import MAX_FORM_BYTES
from inkdigits.forms.scanned_form import (
    Scan,
    ScannedForm,
    parse_scanned_form,
    write_scanned_form,
)
from inkdigits.forms.scanned_page import prepare_reference
from inkdigits.forms.sources import PageError, load_page, open_source
from inkdigits.storage.files import FileError, read_file

SHOWN_SIDE_PX = 2400  # longer side of the scan that the page shows
_EMPTY: dict[str, Any] = {"title": "", "fields": []}


@dataclass(frozen=True, eq=False)
class EmptyForm:
    """A scan of an empty form, and the file for its fields.

    scan     of the form
    picture  uint8 (H, W, 3), blue, green, red
    output   the file to write
    """

    scan: Scan
    picture: Pixels
    output: Path

    def check(self, content: Mapping[str, Any]) -> ScannedForm:
        """Check fields that were drawn or written.

        content  title, fields and their keys, as in the file of a form on a scan
        raises   ValueError, with the key and the cause as a clause
        """
        keys = {key: value for key, value in content.items() if key != "reference"}
        form = parse_scanned_form(keys, self.output.parent, self.scan)
        prepare_reference(self.picture, form)
        return form

    def save(self, content: Mapping[str, Any]) -> ScannedForm:
        """Check the fields, and write the file.

        raises   ValueError, as `check`; OSError
        """
        form = self.check(content)
        write_scanned_form(form, self.output)
        return form

    def shown(self) -> bytes:
        """Return the scan as a JPEG file, scaled down for the page."""
        factor = min(1.0, SHOWN_SIDE_PX / max(self.picture.shape))
        small = cv2.resize(self.picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])


def open_empty_form(scan: Path, page: int, output: Path) -> EmptyForm:
    """Read the scan of an empty form.

    raises   FileError if it cannot be used
    """
    if output.exists() and scan.exists() and output.samefile(scan):
        raise FileError(f"{output} is the scan itself; choose another name for the form.")
    try:
        source = open_source(str(scan))
        if page > source.pages:
            count = "1 page" if source.pages == 1 else f"{source.pages} pages"
            raise FileError(f"{scan} has {count}; choose an earlier one with --page.")
        picture = load_page(str(scan), page)
    except PageError as error:
        raise FileError(f"{scan}: {error}") from None
    height, width = picture.shape[:2]
    return EmptyForm(
        Scan(_relative(scan, output.parent), source.digest, (width, height), page), picture, output
    )


def read_fields(path: Path) -> dict[str, Any]:
    """Read the title and the fields from a file, whatever scan it names.

    raises   FileError if it is not TOML
    """
    try:
        return strict_toml.parse(strict_toml.decode(read_file(path, MAX_FORM_BYTES)))
    except ValueError as error:
        raise FileError(f"{path} has no fields on a scan ({error}): correct it.") from None


def earlier_fields(empty: EmptyForm, force: bool = False) -> dict[str, Any]:
    """Return what the file says that is to be written, to go on from there.

    force    start without fields if it is something else than fields on this scan
    raises   FileError for something else, without `force`; or if it is not valid
    """
    if not empty.output.exists():
        return _EMPTY
    content = read_fields(empty.output)
    reference = content.get("reference")
    if not isinstance(reference, dict) or reference.get("sha256") != empty.scan.sha256:
        if force:
            return _EMPTY
        raise FileError(
            f"{empty.output} exists, and is not a form on this scan; choose another name, or "
            "replace the file with the option --force."
        )
    try:
        return describe(empty.check(content))
    except ValueError as error:
        raise FileError(f"{empty.output} cannot be used ({error}): correct it.") from None


def describe(form: ScannedForm) -> dict[str, Any]:
    """Return a form's title and fields as the page has them."""
    fields = [
        to_json(field) | to_json(place)
        for field, place in zip(form.fields, form.places, strict=True)
    ]
    return {"title": form.title, "fields": fields}


def _relative(scan: Path, folder: Path) -> str:
    """Return the path of the scan from the folder of the form's file."""
    try:
        return Path(os.path.relpath(str(scan), str(folder))).as_posix()
    except ValueError:  # on Windows, on another drive
        return scan.absolute().as_posix()
