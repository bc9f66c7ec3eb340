"""HEIC and AVIF: what the container and the codec declare is checked before either is decoded."""

import io
import struct
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from test_decode import count_decoded, decoded_by_pillow, drawing, exif_block, file_of

from inkdigits import Recognizer
from inkdigits.imaging import heif
from inkdigits.imaging.coded_size import av1_sizes, hevc_parameters
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage
from inkdigits.imaging.limits import Limits

FILES = Path(__file__).parent / "files"
HEIC = {path.stem: path.read_bytes() for path in sorted(FILES.glob("*.heic"))}
NEEDS_AVIF = pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")


def box(kind, *bodies, version=None):
    body = (b"" if version is None else struct.pack(">I", version << 24)) + b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def item_parts(data):
    """The properties and the compressed pixels of the picture in a real file of one item."""
    found = heif._Boxes(data)
    ((start, end),) = [
        (start, end) for kind, start, end in found.within(0, len(data)) if kind == b"meta"
    ]
    items, primary, _ = heif._read_meta(data, found, start, end)
    ((place, length),) = items[primary].extents
    return dict(items[primary].properties), data[place : place + length]


def ispe(width, height):
    return box(b"ispe", struct.pack(">II", width, height), version=0)


def heic_of(items, references=b"", brand=b"heic", primary=1, extra=b""):
    """A file of items: type, properties (each a whole box), data."""
    entries, associations, locations, properties, datas = b"", b"", b"", b"", b""
    for number, (kind, item_properties, data) in enumerate(items, 1):
        entries += box(b"infe", struct.pack(">HH", number, 0), kind, b"\0", version=2)
        first = properties.count(b"\0\0\0\0four") + 1
        indices = [0x80 | (first + place) for place in range(len(item_properties))]
        associations += struct.pack(">HB", number, len(indices)) + bytes(indices)
        properties += b"".join(b"\0\0\0\0four" + each for each in item_properties)
        locations += struct.pack(">HHHHII", number, 1, 0, 1, len(datas), len(data))
        datas += data
    meta = box(
        b"meta",
        box(b"hdlr", bytes(4), b"pict", bytes(13), version=0),
        box(b"pitm", struct.pack(">H", primary), version=0),
        box(
            b"iloc",
            struct.pack(">HH", 0x4400, len(items)),
            locations,
            version=1,
        ),
        box(b"iinf", struct.pack(">H", len(items)), entries, version=0),
        box(
            b"iprp",
            box(b"ipco", properties.replace(b"\0\0\0\0four", b"")),
            box(b"ipma", struct.pack(">I", len(items)), associations, version=0),
        ),
        *([box(b"iref", references, version=0)] if references else []),
        box(b"idat", datas),
        version=0,
    )
    return box(b"ftyp", brand, bytes(4), b"mif1", brand) + meta + extra


def picture(size=(88, 96), **changed):
    """The item of a real picture, declaring a size, with some properties replaced."""
    properties, data = item_parts(HEIC["7"])
    boxes = {b"hvcC": box(b"hvcC", properties[b"hvcC"]), b"ispe": ispe(*size)} | changed
    return b"hvc1", list(boxes.values()), data


def grid(columns, rows, size):
    head = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    return b"grid", [ispe(*size)], head


def tiles(*numbers, of=1):
    return box(b"dimg", struct.pack(f">HH{len(numbers)}H", of, len(numbers), *numbers))


# Decoded


@pytest.mark.parametrize("name", HEIC)
def test_heic_is_recognized(name):
    pytest.importorskip("pi_heif")
    assert decode(HEIC[name], "image/heic").shape == (96, 88, 4)
    assert Recognizer.load().recognize(HEIC[name]).label == "7"


def test_heic_decodes_to_its_colors():
    pytest.importorskip("pi_heif")
    with Image.open(FILES.parents[1] / "golden" / "7.png") as image:
        saved = image.convert("RGB").resize((96, 96)).crop((0, 0, 88, 96))
    for name, mode in (("7", "RGB"), ("7-gray", "L")):
        pixels = decode(HEIC[name])
        wanted = np.asarray(saved.convert(mode).convert("RGBA"))
        assert np.abs(pixels.astype(int) - wanted).mean() < 8
    assert (decode(HEIC["7-alpha"])[..., 3] == 200).all()


def test_grid_of_tiles_is_decoded():
    pytest.importorskip("pi_heif")
    alone = decode(HEIC["7"])
    data = heic_of([grid(2, 1, (170, 90)), picture(), picture()], tiles(2, 3))
    pixels = decode(data)
    assert pixels.shape == (90, 170, 4)
    np.testing.assert_array_equal(pixels[:, :88], alone[:90])
    np.testing.assert_array_equal(pixels[:, 88:], alone[:90, : 170 - 88])


def test_heic_is_turned_as_its_container_says_whatever_its_exif_says():
    pytest.importorskip("pi_heif")
    turned = heic_of([picture(irot=box(b"irot", b"\1"))])
    np.testing.assert_array_equal(decode(turned), np.rot90(decode(HEIC["7"])))


@NEEDS_AVIF
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_avif_is_decoded(mode):
    data = file_of(drawing(mode), "AVIF", quality=100, subsampling="4:4:4")
    pixels = decode(data, "image/avif")
    np.testing.assert_array_equal(pixels, decoded_by_pillow(data))
    assert np.abs(pixels.astype(int) - np.asarray(drawing(mode).convert("RGBA"))).max() < 20


@NEEDS_AVIF
@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned(orientation):
    image = Image.new("L", (24, 16))
    image.paste(255, (0, 0, 6, 4))  # a corner
    exif = b"Exif\0\0" + exif_block(orientation)
    pixels = decode(file_of(image, "AVIF", exif=exif, quality=100))
    expected = decode(file_of(image, "PNG", exif=exif))
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() < 40


# Not installed


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(UnsupportedImage, match=r"pip install 'inkdigits\[heif\]'"):
        decode(HEIC["7"])


@NEEDS_AVIF
def test_pillow_without_avif_is_told(monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(UnsupportedImage, match="Pillow cannot read AVIF; export"):
        decode(file_of(drawing(), "AVIF"))


# Refused


def sps(width, height, color=(1, 0, 0)):
    """A sequence parameter set that declares a size: as bits, with nothing after the bit depths."""

    def exp_golomb(number):
        return "0" * ((number + 1).bit_length() - 1) + f"{number + 1:b}"

    chroma, luma_bits, chroma_bits = color
    bits = "0000" + "000" + "1" + "0" * 96 + exp_golomb(0) + exp_golomb(chroma)
    bits += "0" * (chroma == 3) + exp_golomb(width) + exp_golomb(height)
    bits += "0" + exp_golomb(luma_bits) + exp_golomb(chroma_bits)
    bits += "0" * (-len(bits) % 8)
    return b"\x42\1" + int(bits, 2).to_bytes(len(bits) // 8).replace(b"\0\0", b"\0\0\3")


def hvcc(*units):
    """A configuration with other parameter sets than the real file's."""
    properties, _ = item_parts(HEIC["7"])
    arrays = b"".join(b"\x21" + struct.pack(">HH", 1, len(unit)) + unit for unit in units)
    return box(b"hvcC", properties[b"hvcC"][:22] + bytes([len(units)]) + arrays)


def test_size_of_the_codec_is_found():
    properties, _ = item_parts(HEIC["7"])
    (real,) = hevc_parameters(heif._parameter_sets(properties[b"hvcC"]))
    assert real.size == (88, 96)
    for size in ((1, 1), (88, 96), (65_535, 40_000)):
        for color in ((0, 0, 0), (1, 2, 2), (3, 0, 0)):
            (parsed,) = hevc_parameters([sps(*size, color)])
            assert (parsed.size, parsed.color) == (size, color)


@NEEDS_AVIF
@pytest.mark.parametrize("size", [(1, 1), (23, 17), (640, 480), (1, 900)])
def test_size_of_the_codec_in_an_avif_is_found(size):
    container = heif.read(file_of(Image.new("RGB", size), "AVIF", speed=10))
    assert (container.codec, container.size) == ("AVIF", size)
    assert container.sizes == [size, size]


HOSTILE = {
    "20,000 x 20,000": lambda: [picture((20_000, 20_000))],
    "a large codec size": lambda: [picture(hvcC=hvcc(sps(20_000, 20_000)))],
    "a second, large codec size": lambda: [picture(hvcC=hvcc(sps(88, 96), sps(20_000, 20_000)))],
    "a large preview": lambda: [picture(), picture((20_000, 20_000))],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_large_sizes_are_refused_before_anything_is_decoded(monkeypatch, kind):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    items = HOSTILE[kind]()
    # The new property must take the place of the real one.
    items = [(name, [p for p in boxes if not is_replaced(p, boxes)], data)
             for name, boxes, data in items]  # fmt: skip
    with pytest.raises(ImageTooLarge, match="20,000 x 20,000"):
        decode(heic_of(items))


def is_replaced(own, boxes):
    return any(own[4:8] == each[4:8] for each in boxes[boxes.index(own) + 1 :])


def test_large_size_among_the_compressed_pixels_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    kind, properties, data = picture()
    unit = sps(20_000, 20_000)
    hidden = data + struct.pack(">I", len(unit)) + unit
    with pytest.raises(ImageTooLarge):
        decode(heic_of([(kind, properties, hidden)]))


def test_tile_that_is_used_thousands_of_times_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    data = heic_of([grid(100, 100, (88, 96)), picture()], tiles(*[2] * 10_000))
    with pytest.raises(ImageTooLarge, match="tiles"):
        decode(data)


@pytest.mark.parametrize(
    ("size", "color", "is_allowed"),
    [
        ((5712, 4284), (1, 0, 0), True),  # an iPhone's photo
        ((5712, 4284), (3, 0, 0), False),
        ((4032, 3024), (1, 2, 2), True),
        ((4032, 3024), (3, 2, 2), False),
    ],
)
def test_memory_of_a_heic_is_limited(monkeypatch, size, color, is_allowed):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    kind, properties, data = picture(size)
    chroma, luma_bits, chroma_bits = color
    configuration = bytearray(hvcc(sps(*size, color)))
    configuration[8 + 16 : 8 + 19] = bytes([chroma, luma_bits, chroma_bits])
    with pytest.raises(UnsupportedImage if is_allowed else ImageTooLarge):
        decode(heic_of([(kind, [properties[1], bytes(configuration)], data)]))


@NEEDS_AVIF
def test_pixels_of_an_avif_are_limited():
    data = file_of(Image.new("L", (300, 200)), "AVIF")
    assert decode(data, limits=Limits(webp_pixels=60_000)).shape == (200, 300, 4)
    with pytest.raises(ImageTooLarge, match="allowed in an AVIF"):
        decode(data, limits=Limits(webp_pixels=59_999))


@pytest.mark.parametrize("color", [(1, 2, 0), (1, 0, 2), (0, 0, 0), (3, 0, 0), (1, 8, 8)])
def test_headers_that_contradict_each_other_are_damaged(monkeypatch, color):
    """A reader that goes by one and a decoder that goes by the other overwrite memory."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    kind, properties, data = picture()
    with pytest.raises(DamagedImage, match="contradict"):
        decode(heic_of([(kind, [properties[1], hvcc(sps(88, 96, color))], data)]))


@pytest.mark.parametrize(
    ("kind", "what"),
    [(b"unci", "variant"), (b"mski", "variant"), (b"j2k1", "variant"), (b"iovl", "variant"),
     (b"iden", "variant"), (b"av01", "variant"), (b"jpeg", "variant"), (b"hev1", "variant")],
)  # fmt: skip
def test_other_kinds_of_items_are_unsupported(kind, what):
    with pytest.raises(UnsupportedImage, match=what):
        decode(heic_of([picture(), (kind, [ispe(8, 8)], b"x")]))


@pytest.mark.parametrize("brand", [b"avis", b"msf1", b"hevc", b"hevx"])
def test_sequences_are_animated(brand):
    with pytest.raises(UnsupportedImage, match="animated"):
        decode(heic_of([picture()], brand=brand))
    with pytest.raises(UnsupportedImage, match="animated"):
        decode(heic_of([picture()], extra=box(b"moov", b"")))


@NEEDS_AVIF
def test_animated_avif_is_unsupported():
    frames = [drawing(), drawing().transpose(Image.Transpose.ROTATE_180)]
    data = file_of(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedImage, match="animated"):
        decode(data)


BROKEN = {
    "no meta": lambda: box(b"ftyp", b"heic", bytes(4)),
    "two metas": lambda: heic_of([picture()], extra=box(b"meta", version=0)),
    "an empty meta": lambda: box(b"ftyp", b"heic", bytes(4)) + box(b"meta", version=0),
    "no picture": lambda: heic_of([picture()], primary=7),
    "picture without pixels": lambda: heic_of([(*picture()[:2], b"")]),
    "no size": lambda: heic_of([(b"hvc1", picture()[1][:1], picture()[2])]),
    "no header": lambda: heic_of([(b"hvc1", picture()[1][1:], picture()[2])]),
    "no pixels": lambda: heic_of([picture((0, 96))]),
    "missing tile": lambda: heic_of([grid(1, 1, (8, 8)), picture()], tiles(5)),
    "tile of itself": lambda: heic_of([grid(1, 1, (8, 8)), picture()], tiles(1)),
    "picture that is text": lambda: heic_of([(b"mime", [], b"x"), picture()]),
    "many boxes": lambda: heic_of([picture()], extra=box(b"free") * (heif.MAX_BOXES + 1)),
    "many items": lambda: heic_of([picture()] + [(b"mime", [], b"x")] * heif.MAX_ITEMS),
    "box longer than the file": lambda: HEIC["7"] + struct.pack(">I4s", 99, b"free"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_container_is_damaged(monkeypatch, kind):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(DamagedImage):
        decode(BROKEN[kind]())


@pytest.mark.parametrize("name", ["HEIC", "AVIF"])
def test_truncated_file_is_damaged(name):
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow was built without AVIF")
    data = HEIC["7"] if name == "HEIC" else file_of(drawing(), "AVIF")
    for length in range(12, len(data), 7):
        with pytest.raises(DamagedImage):
            decode(data[:length])


@pytest.mark.parametrize("label", ["image/png", "image/avif", "image/tiff"])
def test_heic_labeled_as_another_format_is_unsupported(label):
    with pytest.raises(UnsupportedImage, match="labeled"):
        decode(HEIC["7"], label)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\x0a",
        b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        b"\x0a\x40",
        b"\x0a\x01\x18",
        b"\x12\0" * 20_000,
    ],
)
def test_broken_av1_is_damaged_or_empty(header):
    with suppress(DamagedImage):
        assert av1_sizes(header) == []


def test_av1_whose_frames_may_be_larger_than_declared_is_unsupported():
    """16 bits for the width and the height of frames, of which the sequence declares 23 x 17."""
    bits = "000" + "0" * 4 + "00000" + "0" * 12 + "00000" + "1111" * 2 + f"{22:016b}{16:016b}"
    payload = int(bits + "0" * (-len(bits) % 8), 2).to_bytes(-(-len(bits) // 8))
    with pytest.raises(UnsupportedImage):
        av1_sizes(b"\x0a" + bytes([len(payload)]) + payload)


# Attacked


def real_files(name):
    if name == "AVIF":
        for mode in ("L", "RGB", "RGBA"):
            yield file_of(drawing(mode), "AVIF", exif=b"Exif\0\0" + exif_block(6))
        return
    yield from HEIC.values()
    yield heic_of([grid(2, 1, (170, 90)), picture(), picture()], tiles(2, 3))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["HEIC", "AVIF"])
def test_any_bytes_decode_or_raise_an_image_error(name, seed):
    if name == "HEIC":
        pytest.importorskip("pi_heif")
    elif not features.check("avif"):
        pytest.skip("Pillow was built without AVIF")
    limits = Limits(pixels=20_000)
    decoded = count_decoded(
        seed, list(real_files(name)), limits, mutations=1_200, in_place_share=0.8
    )
    assert 30 < decoded < 1_100


def test_file_object_is_recognized():
    pytest.importorskip("pi_heif")
    assert Recognizer.load().recognize(io.BytesIO(HEIC["7"])).label == "7"


def heic_with(locations, associations=(), references=b"", items=1, item_data=b""):
    """A file whose description has these boxes."""
    entries = b"".join(
        box(b"infe", struct.pack(">HH", number, 0), b"hvc1", b"\0", version=2)
        for number in range(1, items + 1)
    )
    _, properties, _ = picture()
    meta = box(
        b"meta",
        box(b"pitm", struct.pack(">H", 1), version=0),
        box(b"iloc", locations, version=1),
        box(b"iinf", struct.pack(">H", items), entries, version=0),
        box(b"iprp", box(b"ipco", *properties), *associations),
        box(b"iref", references, version=0),
        box(b"idat", item_data),
        version=0,
    )
    return box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic") + meta


def associations_of(count, indices):
    entry = struct.pack(">HB", 1, len(indices)) + indices
    return box(b"ipma", struct.pack(">I", count), count * entry, version=0)


NOWHERE = struct.pack(">HHHHII", 1, 1, 0, 1, 0, 1)  # the place of one item
EXHAUSTING = {  # what a file of a few bytes can repeat very often
    "extents": lambda: heic_with(
        struct.pack(">HH", 0, heif.MAX_ITEMS) + heif.MAX_ITEMS * struct.pack(">4H", 9, 1, 0, 1000)
    ),
    "places": lambda: heic_with(
        struct.pack(">HH", 0, 60_000) + 60_000 * struct.pack(">4H", 9, 1, 0, 0)
    ),
    "associations": lambda: heic_with(
        struct.pack(">HH", 0x4400, 1) + NOWHERE, [associations_of(20, bytes(255))] * 3
    ),
    "associations without properties": lambda: heic_with(
        struct.pack(">HH", 0x4400, 1) + NOWHERE, [associations_of(10_001, b"")]
    ),
    "references": lambda: heic_with(
        struct.pack(">HH", 0x4400, 1) + NOWHERE,
        [associations_of(1, b"\1\2")],
        tiles(*[1] * 2000) * 6,
    ),
}


@pytest.mark.parametrize("kind", EXHAUSTING)
def test_lists_in_a_container_are_limited(kind):
    with pytest.raises(DamagedImage, match="more than"):
        heif.read(EXHAUSTING[kind]())


def test_parts_of_a_file_that_overlap_are_damaged():
    """Each extent, and each item, would be copied: gigabytes for a small file."""
    _, _, data = picture()
    whole = struct.pack(">II", 0, 0)  # all that follows
    both = associations_of(1, b"\1\2")
    one_item = struct.pack(">HH", 0x4400, 1) + struct.pack(">4H", 1, 1, 0, 900) + 900 * whole
    with pytest.raises(DamagedImage, match="overlap"):
        heif.read(heic_with(one_item, [both], item_data=data))
    places = [struct.pack(">4H", number, 1, 0, 1) + whole for number in range(1, 41)]
    many_items = struct.pack(">HH", 0x4400, 40) + b"".join(places)
    all_of_them = [
        box(b"ipma", struct.pack(">I", 1), struct.pack(">HB", number, 2), b"\1\2", version=0)
        for number in range(1, 41)
    ]
    with pytest.raises(DamagedImage, match="overlap"):
        heif.read(heic_with(many_items, all_of_them, items=40, item_data=data * 9))
