"""Parse the wire format of protocol buffers, in which ONNX files are written, within limits.

A general parser builds an object for every message in a file, so a small file could take gigabytes.
Here the caller chooses the fields of a message that it wants; the others are only skipped.
"""

import struct
from collections.abc import Iterator
from typing import TypeAlias

MAX_FIELDS = 50_000  # in a whole file, of all messages that are parsed; a large network has 1,000
MAX_VARINT_BYTES = 10

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
Value: TypeAlias = int | memoryview  # an unsigned integer for a varint, otherwise the bytes


class Parser:
    """Parses the messages of one file, and counts their fields.

    Every error of the file is a ValueError, with the cause as a clause.
    """

    def __init__(self) -> None:
        self._fields = 0

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, Value]]:
        """Yield number, wire type and value of each field of a message."""
        position = 0
        while position < len(message):
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise ValueError(f"it has more than {MAX_FIELDS} fields")
            key, position = _varint(message, position)
            number, wire_type = key >> 3, key & 7
            value: Value
            if wire_type == VARINT:
                value, position = _varint(message, position)
            else:
                size = {FIXED64: 8, FIXED32: 4}.get(wire_type)
                if wire_type == BYTES:
                    size, position = _varint(message, position)
                if size is None or number == 0:
                    raise ValueError("it is not a protocol buffer")
                if size > len(message) - position:
                    raise ValueError("it ends too early")
                value = message[position : position + size]
                position += size
            yield number, wire_type, value


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Decode an integer of variable length; return it and the position after it."""
    value = 0
    for count in range(MAX_VARINT_BYTES):
        if position + count >= len(data):
            raise ValueError("it ends too early")
        byte = data[position + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, position + count + 1
    raise ValueError("it has an integer of more than 10 bytes")


def integers(wire_type: int, value: Value, limit: int) -> list[int]:
    """Decode int64 values of one field, which may be packed; at most `limit` of them."""
    if isinstance(value, int):
        return [_signed(value)]
    if wire_type != BYTES:
        raise ValueError("an integer has another type")
    values: list[int] = []
    position = 0
    while position < len(value):
        if len(values) == limit:
            raise ValueError(f"a list has more than {limit} integers")
        number, position = _varint(value, position)
        values.append(_signed(number))
    return values


def integer(value: Value) -> int:
    """Decode one int64."""
    if not isinstance(value, int):
        raise ValueError("an integer has another type")
    return _signed(value)


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >> 63 else value


def text(value: Value) -> str:
    """Decode a string; UnicodeDecodeError is a ValueError."""
    return str(data(value), "utf-8")


def data(value: Value) -> memoryview:
    """Return the bytes of a field."""
    if isinstance(value, int):
        raise ValueError("text has another type")
    return value


def float32(wire_type: int, value: Value) -> float:
    """Decode one float."""
    if wire_type != FIXED32:
        raise ValueError("a number has another type")
    number: float = struct.unpack("<f", data(value))[0]
    return number
