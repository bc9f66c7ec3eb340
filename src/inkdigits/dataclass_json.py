"""Dataclasses as typed JSON: every field, and nothing that is not a field.

A frozen dataclass becomes {"type": its name, field: value, ...}, and a function {"type": its name}.
Reading one back follows the fields' annotations. For a field annotated with a protocol, the caller
lists the allowed classes or functions, so a file can name nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from inkdigits.escaping import shown

Choices: TypeAlias = Mapping[Any, Sequence[Any]]  # protocol -> the classes or functions it allows
MAX_EXACT_INTEGER = 2**53  # above it, floats skip integers
MAX_COMPARED = 64  # characters of a name that is compared with the known ones


def to_json(value: Any) -> Any:
    """Convert a dataclass to JSON values.

    raises   TypeError for a value that is not a dataclass, function, tuple, number, string or None
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__} | content
    if callable(value):
        return {"type": value.__name__}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(
    value: Any, annotation: Any, choices: Choices, *, complete: bool = True, path: str = ""
) -> Any:
    """Build the value that `to_json` converted.

    value       parsed JSON
    annotation  the type to build: a dataclass, a protocol of `choices`, a tuple, a scalar, a union
    choices     the classes or functions allowed for each protocol
    complete    whether every field must be there; if not, a field that has a default may be left
                out, and so may the type where only one is possible
    path        where the value is, for errors: "" or a path like "network.layers[2]"
    raises      ValueError, with the path and the cause as a clause, if the value is anything else
    """
    if annotation in choices:
        return _build(value, choices[annotation], choices, complete, path)
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _build(value, (annotation,), choices, complete, path)
    if isinstance(annotation, UnionType):
        annotations = get_args(annotation)
        if value is None and NoneType in annotations:
            return None
        (annotation,) = (option for option in annotations if option is not NoneType)
        return from_json(value, annotation, choices, complete=complete, path=path)
    if get_origin(annotation) is tuple:
        if not isinstance(value, list):
            raise _error(path, f"expected a list, got {shown(value)}")
        item_type = get_args(annotation)[0]
        return tuple(
            from_json(item, item_type, choices, complete=complete, path=f"{path}[{number}]")
            for number, item in enumerate(value)
        )
    if annotation is float and type(value) is int and abs(value) <= MAX_EXACT_INTEGER:
        return float(value)
    if type(value) is not annotation:
        raise _error(path, f"expected {annotation.__name__}, got {shown(value)}")
    return value


def _build(
    value: Any, options: Sequence[Callable[..., Any]], choices: Choices, complete: bool, path: str
) -> Any:
    """Build a dataclass, or return a function, that is one of the options."""
    by_name = {option.__name__: option for option in options}
    if not isinstance(value, dict):
        raise _error(path, f"expected an object, got {shown(value)}")
    content = dict(value)
    only_option = options[0].__name__ if len(options) == 1 and not complete else None
    name = content.pop("type", only_option)
    if not isinstance(name, str) or name not in by_name:
        raise _error(
            path, f"type {shown(name)} is not one of {', '.join(by_name)}{_hint(name, by_name)}"
        )
    option = by_name[name]
    is_function = not is_dataclass(option)
    annotations = {} if is_function else get_type_hints(option)
    optional = set() if is_function or complete else _with_default(option)
    for key in content:
        if key not in annotations:
            hint = _hint(key, [known for known in annotations if known not in content])
            raise _error(path, f"{name} has no field {shown(key)}{hint}")
    for key in annotations:
        if key not in content and key not in optional:
            raise _error(path, f"{name} lacks the field {shown(key)}")
    values = {
        key: from_json(
            item,
            annotations[key],
            choices,
            complete=complete,
            path=f"{path}.{key}" if path else key,
        )
        for key, item in content.items()
    }
    return option if is_function else option(**values)


def _with_default(option: Any) -> set[str]:
    """Return the names of a dataclass's fields that have a default."""
    return {
        field.name
        for field in fields(option)
        if field.default is not MISSING or field.default_factory is not MISSING
    }


def _hint(name: Any, known: Iterable[str]) -> str:
    """Suggest the known name that is nearest to a misspelled one, if any is near."""
    if not isinstance(name, str) or len(name) > MAX_COMPARED:
        return ""
    by_lower_case = {known_name.lower(): known_name for known_name in known}
    nearest = get_close_matches(name.lower(), by_lower_case, n=1)
    return f"; did you mean {by_lower_case[nearest[0]]!r}?" if nearest else ""


def _error(path: str, cause: str) -> ValueError:
    return ValueError(f"{path}: {cause}" if path else cause)
