"""Shards as users make them, and as attackers would."""

import gzip
import io
import struct
import tarfile
import tracemalloc

import pytest

from inkdigits.imaging.formats import SUFFIXES
from inkdigits.scale import shard_parts, tar_stream
from inkdigits.scale.parts import MAX_PICTURE_BYTES
from inkdigits.scale.shard_parts import ShardPart
from inkdigits.scale.storages import LocalStorage

KIB, MIB = 2**10, 2**20


def member(name, content=b"", **attributes):
    header = tarfile.TarInfo(name)
    header.size = len(content)
    for attribute, value in attributes.items():
        setattr(header, attribute, value)
    return header, content


def tar(*members, kind=tarfile.PAX_FORMAT):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for header, content in members:
            archive.addfile(header, io.BytesIO(content))
    return file.getvalue()


def header(name, size=0, kind=tarfile.REGTYPE):
    """Make a header alone, in which anything may be declared."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


DIGITS = tar(*(member(f"{number:03d}.png", b"%d" % number * 700) for number in range(5)))


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a shard with the given content; the key of the shard itself is SHARD."""
    monkeypatch.chdir(tmp_path)

    def read(content, name="SHARD", **limits):
        (tmp_path / name).write_bytes(content)
        storage = LocalStorage(str(tmp_path))
        return list(ShardPart(storage, storage.find(name), SUFFIXES, **limits).read())

    return read


def check_damaged(pictures, cause):
    """Check that the last picture says why the rest cannot be read; return the others."""
    key, error = pictures[-1]
    assert key.split("/")[0] in ("SHARD", "SHARD.tar.gz")
    assert "/" not in key
    assert isinstance(error, OSError)
    assert cause in str(error)
    assert str(error).endswith("; make the shard again.")
    return pictures[:-1]


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("name", ["SHARD", "SHARD.tar.gz", "SHARD.TGZ"])
def test_pictures_of_a_shard_have_its_name_and_theirs(read, kind, name):
    long = "z/" + "n" * 90 + ".jpg" if kind == tarfile.USTAR_FORMAT else "é" * 300 + "/1.jpg"
    content = tar(
        member("./1.png", b"one"),
        member("1.json", b"{}"),
        member("a", type=tarfile.DIRTYPE),
        member("a/2.PNG", b"two" * 1000),
        member("a/.hidden.png", b"no"),
        member(long, b"long"),
        kind=kind,
    )
    found = read(gzip.compress(content) if name != "SHARD" else content, name)
    expected = [("1.png", b"one"), ("a/2.PNG", b"two" * 1000), (long, b"long")]
    assert found == [(f"{name}/{key}", content) for key, content in expected]


@pytest.mark.ray
def test_shard_of_webdataset_is_read(read, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    path = tmp_path / "written.tar"
    with webdataset.TarWriter(str(path)) as writer:
        for number in range(3):
            writer.write({"__key__": f"s/{number:05d}", "png": b"%d" % number, "cls": number})
    expected = [(f"SHARD/s/{number:05d}.png", b"%d" % number) for number in range(3)]
    assert read(path.read_bytes()) == expected


def test_empty_archive_has_no_pictures(read):
    assert read(tar()) == []


@pytest.mark.parametrize("end", range(0, len(DIGITS) - tarfile.RECORDSIZE // 2, 512))
def test_truncated_shard_keeps_its_whole_pictures_and_says_so(read, end):
    pictures = check_damaged(read(DIGITS[:end]), "it is truncated") if end < 5 * 1536 else []
    assert len(pictures) == (end // 1536 if end < 5 * 1536 else 0)
    assert all(content == b"%d" % i * 700 for i, (_, content) in enumerate(pictures))


def test_every_damaged_header_is_noticed(read):
    for number in range(5):
        damaged = bytearray(DIGITS)
        damaged[1536 * number + 3] ^= 1
        pictures = check_damaged(read(bytes(damaged)), "the header of a file in it is wrong")
        assert len(pictures) == number


def test_damaged_or_truncated_compression_is_noticed(read):
    content = gzip.compress(DIGITS)
    check_damaged(read(content[:-100], "SHARD.tar.gz"), "ended before")
    flipped = bytearray(content)
    flipped[-6] ^= 1  # of the checksum
    check_damaged(read(bytes(flipped), "SHARD.tar.gz"), "CRC check failed")
    check_damaged(read(DIGITS, "SHARD.tar.gz"), "Not a gzipped file")


def test_of_two_files_with_the_same_name_the_first_is_read(read):
    assert read(tar(member("1.png", b"first"), member("1.png", b"second"))) == [
        ("SHARD/1.png", b"first")
    ]


def test_names_lead_nowhere_and_links_are_left_out(read, tmp_path):
    found = read(
        tar(
            member("../../outside.png", b"1"),
            member("/absolute.png", b"2"),
            member("link.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("hard.png", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
            member("pipe.png", type=tarfile.FIFOTYPE),
            member("sparse.png", b"\0" * 512, type=tarfile.GNUTYPE_SPARSE),
            member("last.png", b"3"),
        )
    )
    assert [key for key, _ in found] == [
        "SHARD/../../outside.png",
        "SHARD//absolute.png",
        "SHARD/last.png",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["SHARD"]


def test_name_that_is_not_utf8_has_a_key_that_is(read):
    content = header("?.png", 1).replace(b"?", b"\xff", 1)
    content = content[:148] + b"%06o\0 " % tarfile.calc_chksums(content)[0] + content[156:]
    [(key, picture)] = read(content + b"1".ljust(512, b"\0") + bytes(1024))
    assert (key, picture) == ("SHARD/\\udcff.png", b"1")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (header("a.png", -512), "negative size"),
        (header("a.png", 2**60), "it is truncated"),
        (header("x", 2**40, tarfile.XHDTYPE), "name of a file in it is too long"),
        (header("x", 2**40, tarfile.GNUTYPE_LONGNAME), "name of a file in it is too long"),
        (header("x", 2**40, tarfile.GNUTYPE_LONGLINK), "it is truncated"),
        (header("x", 9, tarfile.XHDTYPE) + b"9 path=\n".ljust(512, b"\0"), "attributes"),
        (header("x", 12, tarfile.XHDTYPE) + b"0 path=a.png".ljust(512, b"\0"), "attributes"),
        (header("x", 12, tarfile.XHDTYPE) + b"12 size=-9 \n".ljust(512, b"\0"), "not a number"),
        (header("x", 29, tarfile.XHDTYPE) + b"29 GNU.sparse.realsize=99999\n".ljust(512, b"\0"),
         "sparse"),
        (b"not a tar" * 100, "the header of a file in it is wrong"),
        (b"", "it is truncated"),
        (header("a", 0)[:300], "it is truncated"),
    ],
)  # fmt: skip
def test_hostile_header_is_noticed(read, content, cause):
    assert check_damaged(read(content), cause) == []


def test_global_attributes_and_long_links_do_not_name_the_next_file(read):
    content = header("x", 16, tarfile.XGLTYPE) + b"16 path=evil.gif".ljust(512, b"\0")
    content += header("x", 9, tarfile.GNUTYPE_LONGLINK) + b"evil.png".ljust(512, b"\0")
    content += header("a.png", 1) + b"1".ljust(512, b"\0") + bytes(1024)
    assert read(content) == [("SHARD/a.png", b"1")]


def test_large_picture_is_cut_where_it_is_known_to_be_too_large(read, monkeypatch):
    monkeypatch.setattr(shard_parts, "MAX_PICTURE_BYTES", 1000)
    found = read(tar(member("1.png", b"1" * 5000), member("2.png", b"2" * 1000)))
    assert [len(content) for _, content in found] == [1001, 1000]
    assert MAX_PICTURE_BYTES == 128 * MIB


def test_archive_that_expands_without_end_is_read_in_little_memory(read):
    # 64 MiB that compress to 300 KB: a file that is no picture, and a picture.
    zeros = bytes(MIB)
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(header("labels.bin", 64 * MIB))
        for _ in range(64):
            file.write(zeros)
        file.write(header("a.png", 1) + b"1".ljust(512, b"\0") + bytes(1024))
    tracemalloc.start()
    found = read(packed.getvalue(), "SHARD.tar.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [("SHARD.tar.gz/a.png", b"1")]
    assert peak < 32 * MIB
    limited = read(packed.getvalue(), "SHARD.tar.gz", max_bytes=MIB)
    assert check_damaged(limited, "it has more than 1,048,576 bytes") == []


def test_number_of_files_is_limited(read, monkeypatch):
    monkeypatch.setattr(shard_parts, "MAX_ENTRIES", 4)
    assert len(check_damaged(read(DIGITS), "it has more than 4 entries")) == 4


def test_size_in_base_256_is_understood(read):
    content = bytearray(header("a.png", 3))
    content[124:136] = b"\x80" + struct.pack(">11s", (3).to_bytes(11, "big"))
    content[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(content))[0]
    assert read(bytes(content) + b"abc".ljust(512, b"\0") + bytes(1024)) == [
        ("SHARD/a.png", b"abc")
    ]


def test_fingerprint_tells_whether_a_shard_has_changed(tmp_path):
    storage = LocalStorage(str(tmp_path))
    seen = set()
    for content in (b"1", b"22"):
        (tmp_path / "a.tar").write_bytes(content)
        seen.add(ShardPart(storage, storage.find("a.tar"), SUFFIXES).fingerprint)
    assert len(seen) == 2


def test_pieces_that_are_skipped_are_small():
    assert tar_stream.PIECE_BYTES <= MIB
    assert tar_stream.MAX_NAME_BYTES <= 64 * KIB
