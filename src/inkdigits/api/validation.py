"""Holds what a client sent against the schemas, and says in one sentence what does not fit."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, UnprocessableEntity

T = TypeVar("T")

# Instead of pydantic's own words, where these name a class, or could be plainer.
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "model_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be an array",
    "float_type": "should be a number",
    "string_type": "should be a string",
}


def validated(schema: TypeAdapter[T], value: Any) -> T:
    """Make what the schema says of a value that JSON gave.

    raises   UnprocessableEntity if it does not fit; BadRequest for a text that is no Unicode
    """
    try:
        return schema.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "string_unicode":
        raise BadRequest("A text in the body is no Unicode: half of a surrogate pair is missing.")
    raise UnprocessableEntity(_sentence(first))


def query(*names: str) -> dict[str, str]:
    """Give the parameters of the address's query.

    names    those that there may be
    raises   UnprocessableEntity if there is another, or one twice
    """
    for name, values in request.args.lists():
        if name not in names:
            known = f"known: {', '.join(names)}" if names else "there are none here"
            raise UnprocessableEntity(
                f"The query parameter {json.dumps(name[:40])} is unknown; {known}."
            )
        if len(values) > 1:
            raise UnprocessableEntity(f'The query parameter "{name}" occurs twice; send it once.')
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
    """Write where a field is as in JavaScript, without the names of the classes on the way."""
    path = ""
    for index, step in enumerate(location):
        if isinstance(step, int):
            path += f"[{step}]"
        elif index or step not in _CLASSES:
            path += f".{step[:40]}" if path else step[:40]
    return json.dumps(path)


_CLASSES = {"ImageDrawing", "StrokesDrawing", "PixelsDrawing"}
