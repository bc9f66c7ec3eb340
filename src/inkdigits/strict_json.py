"""Strict, bounded parsing of JSON that anyone may have written.

Whatever `parse` returns can be written as JSON in UTF-8 again by any library: its depth and its
numbers stay well within the limits of Python's and of other implementations.
"""

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

MAX_DEPTH = 16  # of nested lists and objects; a model file has 8
MAX_INTEGER_BITS = 128  # the size of the integers in a random generator's state
_MAX_INTEGER_DIGITS = 40  # a sign and 39 digits, for 128 bits


def parse(data: bytes | str) -> Any:
    """Parse JSON, rejecting whatever the standard leaves to the implementation.

    data     UTF-8 if it is bytes
    returns  dictionaries, lists, text, numbers, booleans and None
    raises   ValueError, with the cause as a clause: for invalid JSON, a duplicate name in an
             object, NaN, a float or an integer out of range, half a surrogate pair, or lists and
             objects that are nested too deep
    """
    text = data.decode() if isinstance(data, bytes) else data
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    check_depth(value)
    return value


def canonical(value: Any) -> str:
    """Return the canonical JSON of a value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def check_depth(value: Any) -> None:
    """Check all strings and the depth of a parsed value, level by level.

    raises   ValueError, with the cause as a clause
    """
    level, depth = [value], 0
    while level:
        for item in level:
            if isinstance(item, str):
                item.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
        holders = [item for item in level if isinstance(item, list | dict)]
        if holders and depth == MAX_DEPTH:
            raise ValueError("it is nested too deep")
        level, depth = [], depth + 1
        for holder in holders:
            level += holder
            if isinstance(holder, dict):
                level += holder.values()


def strict_decoder(parse_int: Callable[[str], float] | None = None) -> json.JSONDecoder:
    """Make a decoder that raises ValueError where JSON parsers disagree: RFC 7493 (I-JSON).

    parse_int  converts a number without a fraction; None makes it a float, as in JavaScript
    """
    return json.JSONDecoder(
        object_pairs_hook=_unique,
        parse_float=_finite,
        parse_int=parse_int or _finite,
        parse_constant=_reject_constant,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("an object has a duplicate name")
    return fields


def _integer(digits: str) -> int:
    # The length first: int() takes time quadratic in it.
    number = int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else None
    if number is None or number.bit_length() > MAX_INTEGER_BITS:
        raise ValueError("an integer is too large")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = strict_decoder(_integer)
