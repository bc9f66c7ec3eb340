"""Dataclasses as typed JSON: every field, and nothing that is not a field.

A frozen dataclass becomes {"type": its name, field: value, ...}, and a function {"type": its name}.
Reading one back follows the fields' annotations. For a field annotated with a protocol, the caller
lists the allowed classes or functions, so a file can name nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

Choices: TypeAlias = Mapping[Any, Sequence[Any]]  # protocol -> the classes or functions it allows
MAX_EXACT_INTEGER = 2**53  # above it, floats skip integers


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


def from_json(value: Any, annotation: Any, choices: Choices) -> Any:
    """Build the value that `to_json` converted.

    value       parsed JSON
    annotation  the type to build: a dataclass, a protocol of `choices`, a tuple, a scalar, a union
    choices     the classes or functions allowed for each protocol
    raises      ValueError, with the cause as a clause, if the value is anything else
    """
    if annotation in choices:
        return _build(value, choices[annotation], choices)
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _build(value, (annotation,), choices)
    if isinstance(annotation, UnionType):
        annotations = get_args(annotation)
        if value is None and NoneType in annotations:
            return None
        (annotation,) = (option for option in annotations if option is not NoneType)
        return from_json(value, annotation, choices)
    if get_origin(annotation) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {_shown(value)}")
        return tuple(from_json(item, get_args(annotation)[0], choices) for item in value)
    if annotation is float and type(value) is int and abs(value) <= MAX_EXACT_INTEGER:
        return float(value)
    if type(value) is not annotation:
        raise ValueError(f"expected {annotation.__name__}, got {_shown(value)}")
    return value


def _build(value: Any, options: Sequence[Callable[..., Any]], choices: Choices) -> Any:
    """Build a dataclass, or return a function, that is one of the options."""
    by_name = {option.__name__: option for option in options}
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {_shown(value)}")
    content = dict(value)
    name = content.pop("type", None)
    if not isinstance(name, str) or name not in by_name:
        raise ValueError(f"type {_shown(name)} is not one of {', '.join(by_name)}")
    option = by_name[name]
    is_function = not is_dataclass(option)
    annotations = {} if is_function else get_type_hints(option)
    if content.keys() != annotations.keys():
        different = content.keys() ^ annotations.keys()
        raise ValueError(f"{name} has a missing or an unknown field, {_shown(min(different))}")
    values = {key: from_json(item, annotations[key], choices) for key, item in content.items()}
    return option if is_function else option(**values)


def _shown(value: Any) -> str:
    """Quote a value from a file, shortened and without control characters."""
    match value:
        case list():
            return "a list"
        case dict():
            return "an object"
    return ascii(value)[:40]
