"""Validate the container of a HEIC or AVIF file before a decoder sees it.

Only still pictures of one item, or of a grid of items, are let through. The size of each item is
checked as the container and as the codec declare it: decoders allocate for either.

source  ISO/IEC 14496-12 (boxes) and 23008-12 (items, grids); AV1 Image File Format, version 1.1
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from inkdigits.imaging.coded_size import (
    HevcParameters,
    Size,
    av1_sizes,
    hevc_parameters,
    nal_units,
)
from inkdigits.imaging.errors import UnsupportedImage, damaged

MAX_BOXES = 10_000  # of a file, all levels together; a photo of 48 megapixels has some 500
MAX_ITEMS = 1_000  # a photo of 48 megapixels has some 200 tiles
MAX_ENTRIES = 10_000  # extents, properties of items, and references, each; it has some 1,000
_SEQUENCES = (b"avis", b"msf1", b"hevc", b"hevx")
_BRANDS = (b"heic", b"heix", b"mif1", b"mif2", b"avif", b"miaf", b"heim", b"heis", b"MA1A", b"MA1B")
# Types of items that are no pictures, or that refer to others and are not decoded here.
_OTHER_ITEMS = (b"Exif", b"mime", b"uri ", b"tmap")
_GRID = b"grid"
_CODECS = {b"hvc1": "HEIC", b"av01": "AVIF"}

_UNSUPPORTED = "This HEIC or AVIF variant is not supported; export the image as a PNG or JPEG."


@dataclass
class _Item:
    """A part of the file: a picture, a tile of one, or metadata.

    extents     where its data are: offset and length, in the file or in the box of item data
    in_box      whether they are in the box
    properties  types and bodies
    tiles       the items that a grid consists of
    """

    kind: bytes = b""
    extents: list[tuple[int, int]] = field(default_factory=list)
    in_box: bool = False
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    tiles: list[int] = field(default_factory=list)

    def size(self) -> Size:
        """The declared width and height."""
        for kind, body in self.properties:
            if kind == b"ispe":
                width, height = struct.unpack_from(">II", body, 4)
                return width, height
        raise damaged("it does not declare its size")


@dataclass(frozen=True)
class Container:
    """What a file declares.

    codec  HEIC or AVIF
    size   width and height of the picture
    sizes  of everything that a decoder may allocate for: tiles, alpha, previews, as the container
           and as the codec declare them
    tiled  pixels of all tiles together; one that is used more than once counts each time
    bytes  of a HEIC, the memory that all that is decoded takes together
    """

    codec: str
    size: Size
    sizes: list[Size]
    tiled: int
    bytes: int = 0


def is_heif(data: bytes) -> bool:
    """Whether a file starts as one of this family does, whatever is in it."""
    return data[4:8] == b"ftyp" and data[8:12] in (*_BRANDS, *_SEQUENCES)


def read(data: bytes) -> Container:
    """Parse and validate a container.

    raises  UnsupportedImage, DamagedImage, or IndexError or struct.error at a missing byte
    """
    if data[8:12] in _SEQUENCES:
        raise UnsupportedImage("The image is animated; send a single frame.")
    boxes = _Boxes(data)
    top = list(boxes.within(0, len(data)))
    if any(kind == b"moov" for kind, _, _ in top):
        raise UnsupportedImage("The image is animated; send a single frame.")
    metas = [(start, end) for kind, start, end in top if kind == b"meta"]
    if len(metas) != 1:
        raise damaged("it does not describe its picture")
    items, primary, item_data = _read_meta(data, boxes, *metas[0])
    if primary not in items:
        raise damaged("its picture is missing")
    kinds = {item.kind for item in items.values()}
    codecs = kinds & set(_CODECS)
    if len(codecs) != 1 or kinds - codecs - {_GRID, *_OTHER_ITEMS}:
        raise UnsupportedImage(_UNSUPPORTED)
    sizes: list[Size] = []
    tiled = plane_bytes = coded_bytes = 0
    for item in items.values():
        if item.kind == _GRID:
            sizes.append(item.size())
            for tile in item.tiles:
                if tile not in items or items[tile].kind not in _CODECS:
                    raise damaged("a tile of its picture is missing")
                width, height = items[tile].size()
                tiled += width * height
        elif item.kind in _CODECS:
            coded = _coded(data, item, item_data)
            # So that parsing takes no longer than the file is large.
            coded_bytes += len(coded)
            if coded_bytes > len(data):
                raise damaged("its parts overlap")
            if item.kind == b"av01":
                coded_sizes = av1_sizes(coded)
            else:
                parameters = _hevc_parameters(item, coded)
                coded_sizes = [each.size for each in parameters]
                plane_bytes += max((each.plane_bytes for each in parameters), default=0)
            if not coded_sizes:
                raise damaged("the header of its pixels is missing")
            sizes += [item.size(), *coded_sizes]
    depths = {
        body[17] & 7 for item in items.values() for kind, body in item.properties if kind == b"hvcC"
    }
    if len(depths) > 1:
        raise UnsupportedImage(_UNSUPPORTED)
    (codec,) = codecs
    if items[primary].kind not in (codec, _GRID):
        raise damaged("its picture is missing")
    return Container(_CODECS[codec], items[primary].size(), sizes, tiled, plane_bytes)


class _Boxes:
    """Walks through the boxes of a file, as many as a real one has."""

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, MAX_BOXES

    def within(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Yield the type of each box, and where its body starts and ends."""
        while start < end:
            self._left -= 1
            if self._left < 0:
                raise damaged(f"it has more than {MAX_BOXES:,} boxes")
            length, kind = struct.unpack_from(">I4s", self._data, start)
            body = start + 8
            if length == 1:
                (length,) = struct.unpack_from(">Q", self._data, body)
                body += 8
            stop = end if length == 0 else start + length
            if not body <= stop <= end:
                raise damaged("it is truncated")
            yield kind, body, stop
            start = stop


def _read_meta(
    data: bytes, boxes: _Boxes, start: int, end: int
) -> tuple[dict[int, _Item], int, bytes]:
    """Read the box that describes the items.

    returns  the items by number, the number of the picture, and the body of the box of item data
    """
    found: dict[bytes, tuple[int, int]] = {}
    for kind, first, last in boxes.within(start + 4, end):
        if kind in found:
            raise damaged("it describes its picture twice")
        found[kind] = first, last
    try:
        bodies = {kind: data[first:last] for kind, (first, last) in found.items()}
        primary = _Numbers(bodies[b"pitm"][4:]).read(2 if bodies[b"pitm"][0] == 0 else 4)
        items = _read_kinds(data, boxes, *found[b"iinf"])
        _read_locations(bodies[b"iloc"], items)
        _read_properties(data, boxes, found[b"iprp"], items)
        if b"iref" in found:
            _read_tiles(data, boxes, *found[b"iref"], items)
    except KeyError:
        raise damaged("it does not describe its picture") from None
    return items, primary, bodies.get(b"idat", b"")


class _Numbers:
    """Reads unsigned numbers one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def read(self, count: int) -> int:
        if self._place + count > len(self._data):
            raise damaged("it is truncated")
        self._place += count
        return int.from_bytes(self._data[self._place - count : self._place])


def _read_kinds(data: bytes, boxes: _Boxes, start: int, end: int) -> dict[int, _Item]:
    items: dict[int, _Item] = {}
    first = start + (6 if data[start] == 0 else 8)
    for kind, body, _ in boxes.within(first, end):
        version = data[body]
        if kind != b"infe" or version not in (2, 3):
            raise UnsupportedImage(_UNSUPPORTED)
        numbers = _Numbers(data[body + 4 : body + 14])
        number = numbers.read(2 if version == 2 else 4)
        numbers.read(2)
        items[number] = _Item(numbers.read(4).to_bytes(4))
        if len(items) > MAX_ITEMS:
            raise damaged(f"it has more than {MAX_ITEMS:,} items")
    return items


def _read_locations(body: bytes, items: dict[int, _Item]) -> None:
    version, numbers = body[0], _Numbers(body[4:])
    lengths = numbers.read(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (
        lengths >> shift & 0xF for shift in (12, 8, 4, 0)
    )
    wide = 4 if version == 2 else 2
    count = numbers.read(wide)
    if count > MAX_ITEMS:
        raise damaged(f"it has more than {MAX_ITEMS:,} items")
    left = MAX_ENTRIES  # an extent may take no bytes in the file
    for _ in range(count):
        number = numbers.read(wide)
        method = numbers.read(2) & 0xF if version else 0
        reference = numbers.read(2)
        base, extents = numbers.read(base_bytes), []
        parts = numbers.read(2)
        left = _spend(left, parts)
        for _ in range(parts):
            numbers.read(index_bytes if version else 0)
            extents.append((base + numbers.read(offset_bytes), numbers.read(length_bytes)))
        if reference or method > 1:
            raise UnsupportedImage(_UNSUPPORTED)
        if number in items:
            items[number].extents, items[number].in_box = extents, method == 1


def _read_properties(
    data: bytes, boxes: _Boxes, span: tuple[int, int], items: dict[int, _Item]
) -> None:
    properties: list[tuple[bytes, bytes]] = []
    left = MAX_ENTRIES
    for kind, start, end in list(boxes.within(*span)):
        if kind == b"ipco":
            properties += [(name, data[a:b]) for name, a, b in boxes.within(start, end)]
        if kind != b"ipma":
            continue
        version, wide = data[start], data[start + 3] & 1
        numbers = _Numbers(data[start + 4 : end])
        count = numbers.read(4)
        left = _spend(left, count)
        for _ in range(count):
            item = items.get(numbers.read(4 if version else 2), _Item())
            indices = numbers.read(1)
            left = _spend(left, indices)
            for _ in range(indices):
                index = numbers.read(2) & 0x7FFF if wide else numbers.read(1) & 0x7F
                if index > len(properties):
                    raise damaged("a property of its picture is missing")
                if index:
                    item.properties.append(properties[index - 1])


def _read_tiles(data: bytes, boxes: _Boxes, start: int, end: int, items: dict[int, _Item]) -> None:
    wide = 4 if data[start] else 2
    left = MAX_ENTRIES
    for kind, first, last in boxes.within(start + 4, end):
        numbers = _Numbers(data[first:last])
        item = items.get(numbers.read(wide), _Item())
        count = numbers.read(2)
        left = _spend(left, count)
        tiles = [numbers.read(wide) for _ in range(count)]
        if kind == b"dimg":
            item.tiles += tiles


def _spend(left: int, count: int) -> int:
    """Return how many entries are left after some more; raise DamagedImage if they are too many."""
    if count > left:
        raise damaged(f"it has more than {MAX_ENTRIES:,} entries of a kind")
    return left - count


def _coded(data: bytes, item: _Item, item_data: bytes) -> bytes:
    """Return the compressed pixels of an item."""
    source = item_data if item.in_box else data
    # A length of 0 means all that follows.
    spans = [(offset, length or len(source) - offset) for offset, length in item.extents]
    if any(length < 0 or offset + length > len(source) for offset, length in spans):
        raise damaged("it is truncated")
    if sum(length for _, length in spans) > len(source):
        raise damaged("its parts overlap")
    coded = b"".join(source[offset : offset + length] for offset, length in spans)
    if not coded:
        raise damaged("its compressed pixels are missing")
    return coded


def _hevc_parameters(item: _Item, coded: bytes) -> list[HevcParameters]:
    configurations = [body for kind, body in item.properties if kind == b"hvcC"]
    if len(configurations) != 1:
        raise damaged("the header of its pixels is missing")
    (configuration,) = configurations
    units = [*_parameter_sets(configuration), *nal_units(coded, (configuration[21] & 3) + 1)]
    parameters = hevc_parameters(units)
    # A reader that makes room for 8 bits when there are 16 writes past its end.
    color = configuration[16] & 3, configuration[17] & 7, configuration[18] & 7
    if any(each.color != color for each in parameters):
        raise damaged("its headers contradict each other")
    return parameters


def _parameter_sets(configuration: bytes) -> list[bytes]:
    """Return the NAL units in the configuration of HEVC: ISO/IEC 14496-15, section 8.3.3.1."""
    units = []
    place = 23
    for _ in range(configuration[22]):
        (count,) = struct.unpack_from(">H", configuration, place + 1)
        place += 3
        for _ in range(count):
            (length,) = struct.unpack_from(">H", configuration, place)
            units.append(configuration[place + 2 : place + 2 + length])
            place += 2 + length
    return units
