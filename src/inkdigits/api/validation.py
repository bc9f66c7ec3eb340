"""Validation against the schemas. Only the first error is reported, in one sentence."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, UnprocessableEntity

T = TypeVar("T")

# Replacements for pydantic's messages that name a Python class or could be plainer.
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "model_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be an array",
    "float_type": "should be a number",
    "int_type": "should be a whole number",
    "string_type": "should be a string",
}


class InvalidField(UnprocessableEntity):
    """A body does not fit its schema.

    field    the first part of the path of the field; None if the error is about the whole body
    """

    def __init__(self, description: str, field: str | None) -> None:
        super().__init__(description)
        self.field = field


def validate(schema: TypeAdapter[T], value: Any) -> T:
    """Validate a decoded JSON value.

    returns  the validated value
    raises   InvalidField if it does not fit; BadRequest for a string that is not valid
             Unicode
    """
    try:
        return schema.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "string_unicode":
        raise BadRequest("A string in the body is not valid Unicode: it has a lone surrogate.")
    location = first["loc"]
    raise InvalidField(_sentence(first), str(location[0])[:40] if location else None)


def parse_query(*names: str) -> dict[str, str]:
    """Return the query parameters of the current request.

    names    the parameters that the route takes
    raises   UnprocessableEntity for any other parameter, and for a repeated one
    """
    if not request.query_string:
        return {}
    for name, values in request.args.lists():
        if name not in names:
            known = f"this route takes {', '.join(names)}" if names else "this route takes none"
            raise UnprocessableEntity(
                f"The query parameter {json.dumps(name[:40])} is unknown; {known}."
            )
        if len(values) > 1:
            raise UnprocessableEntity(f'The query parameter "{name}" is repeated; send it once.')
    return request.args.to_dict()


def _sentence(error: ErrorDetails) -> str:
    if error["type"] == "drawing":
        return f"{error['msg'][0].upper()}{error['msg'][1:]}."
    message = _MESSAGES.get(error["type"])
    if message is None:
        # "Input should be less than or equal to 255", "List should have at least 1 item after
        # validation, not 0"
        message = "should " + error["msg"].partition(" should ")[2].replace(" after validation", "")
    return f"The field {_path(error['loc'])} {message}."


def _path(location: Sequence[str | int]) -> str:
    """Write the path of a field as in JavaScript, without the class names that pydantic adds."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in _CLASSES:
            path += f".{step[:40]}" if path else step[:40]
    return json.dumps(path)


_CLASSES = {
    f"{kind}{what}"
    for kind in ("Image", "Strokes", "Pixels")
    for what in ("Drawing", "Number", "Explanation", "Sample", "Correction")
}
