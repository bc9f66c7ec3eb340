"""Parquet files as Hugging Face and others write them, and as attackers would."""

import subprocess
import sys
from pathlib import Path

import pytest

from inkdigits.scale import table_parts
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.storages import Entry
from inkdigits.scale.table_parts import UnreadableTable

pytestmark = pytest.mark.ray  # whose packages include pyarrow
MIB = 2**20


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(columns, name="t.parquet", **options):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), name, **options)


def images(count):
    """Make a column as Hugging Face's datasets has it: bytes, and the name of the file."""
    import pyarrow as pa

    rows = [{"bytes": b"%d" % number, "path": None} for number in range(count)]
    return pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def parts(**options):
    return list(plan_parts(["t.parquet"], **options))


def read(**options):
    return [picture for part in parts(**options) for picture in part.read()]


@pytest.mark.parametrize("group", [4, 10, 100])
@pytest.mark.parametrize("part_size", [3, 5, 10, 1024])
def test_rows_are_parts_whatever_the_groups_are(group, part_size):
    write({"label": range(25), "image": images(25)}, row_group_size=group)
    expected = [(f"t.parquet#{number:02d}", b"%d" % number) for number in range(25)]
    assert read(part_size=part_size) == expected
    found = parts(part_size=part_size)
    assert sum(part.pictures for part in found) == 25
    assert max(part.pictures for part in found) <= part_size
    assert len({part.fingerprint for part in found}) == len(found)


def test_large_groups_are_not_divided(monkeypatch):
    monkeypatch.setattr(table_parts, "MAX_DIVIDED_BYTES", 10)
    write({"image": images(25)}, row_group_size=10)
    assert [part.pictures for part in parts(part_size=3)] == [10, 10, 5]
    assert len(read(part_size=3)) == 25


def test_one_row_at_a_time_is_read_of_large_groups(monkeypatch):
    monkeypatch.setattr(table_parts, "LARGE_BYTES", 10)
    write({"image": images(25)}, row_group_size=10)
    assert [content for _, content in read(part_size=4)] == [b"%d" % n for n in range(25)]


@pytest.mark.parametrize("kind", ["binary", "large_binary", "dictionary"])
@pytest.mark.parametrize("column", ["image", "png"])
def test_column_of_bytes_is_one_of_pictures(kind, column):
    import pyarrow as pa

    types = {
        "binary": pa.binary(),
        "large_binary": pa.large_binary(),
        "dictionary": pa.dictionary(pa.int32(), pa.binary()),
    }
    write({"text": ["a", "b"], column: pa.array([b"1", b"2"], types[kind])})
    assert read() == [("t.parquet#0", b"1"), ("t.parquet#1", b"2")]


def test_column_called_image_is_preferred():
    write({"thumbnail": [b"no"], "image": [b"yes"]})
    assert read() == [("t.parquet#0", b"yes")]


@pytest.mark.parametrize("name", ["key", "__key__"])
def test_column_of_keys_has_the_keys(name):
    write({"image": [b"1", b"2", b"3"], name: ["b", None, "a" * 2000]})
    assert read() == [("b", b"1"), ("t.parquet#1", b"2"), ("t.parquet#2", b"3")]


def test_numbers_may_be_keys():
    write({"image": [b"1", b"2"], "key": [17, 4]})
    assert read() == [("17", b"1"), ("4", b"2")]


def test_row_without_a_picture_says_so():
    import pyarrow as pa

    rows = [None, {"bytes": None, "path": "a.png"}, {"bytes": b"1", "path": None}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    write({"image": pa.array(rows, kind)})
    contents = [content for _, content in read()]
    assert [str(content) for content in contents[:2]] == ["The row has no picture."] * 2
    assert contents[2] == b"1"


def test_large_picture_is_cut_where_it_is_known_to_be_too_large(monkeypatch):
    monkeypatch.setattr(table_parts, "MAX_PICTURE_BYTES", 1000)
    write({"image": [b"1" * 5000, b"2" * 1000]})
    assert [len(content) for _, content in read()] == [1001, 1000]


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        ({"label": [1]}, "it has no column of pictures"),
        ({"image": ["text"]}, "it has no column of pictures"),
        ({"image": [[b"1"]]}, "it has no column of pictures"),
        ({"a": [b"1"], "b": [b"2"]}, "it has several columns of pictures"),
    ],
)
def test_table_without_a_column_of_pictures_is_one_row_with_the_reason(columns, cause):
    write(columns)
    [(key, error)] = read()
    assert key == "t.parquet"
    assert cause in str(error)
    assert str(error).endswith("call the right one image); correct or replace it.")


def test_empty_table_has_no_pictures():
    write({"image": images(0)})
    with pytest.raises(Exception, match="contains no pictures"):
        parts()


def test_every_flipped_byte_is_noticed_or_harmless():
    """A damaged file may lose pictures, but only with a row that says so."""
    write({"image": images(40)}, row_group_size=10, write_page_checksum=True)
    whole = Path("t.parquet").read_bytes()
    expected = read()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        Path("t.parquet").write_bytes(damaged)
        try:
            found = read()
        except Exception as error:
            assert "contains no pictures" in str(error)  # noqa: PT017
            continue
        if not any(isinstance(content, OSError) for _, content in found):
            assert [content for _, content in found] == [content for _, content in expected]


@pytest.mark.parametrize("end", [0, 3, 4, 100, -1, -5])
def test_truncated_file_is_one_row_with_the_reason(end):
    write({"image": images(40)})
    Path("t.parquet").write_bytes(Path("t.parquet").read_bytes()[:end])
    [(key, error)] = read()
    assert key == "t.parquet"
    assert str(error).startswith("The Parquet file cannot be used (")


def test_file_that_loses_its_rows_after_the_plan_says_so():
    write({"image": images(40)}, row_group_size=10)
    [part] = parts()
    write({"image": images(30)}, row_group_size=10)
    found = list(part.read())
    assert [content for _, content in found[:-1]] == [b"%d" % n for n in range(len(found) - 1)]
    assert "The rest of the Parquet file cannot be read" in str(found[-1].content)


def test_declared_size_is_limited(monkeypatch):
    monkeypatch.setattr(table_parts, "MAX_GROUP_BYTES", 10)
    write({"image": images(40)})
    [(_, error)] = read()
    assert "more than 10" in str(error)


def test_small_file_that_repeats_a_large_picture_is_read_in_little_memory():
    import pyarrow as pa

    repeated = pa.DictionaryArray.from_arrays(
        pa.array([0] * 500, pa.int32()), pa.array([b"z" * MIB])
    )
    write({"image": repeated}, dictionary_pagesize_limit=2**30, store_schema=False)
    assert Path("t.parquet").stat().st_size < MIB
    program = (
        "import resource; from inkdigits.scale.sources import plan_parts\n"
        "count = sum(len(p.content) for part in plan_parts(['t.parquet']) for p in part.read())\n"
        "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    count, peak_kib = map(int, done.stdout.split())
    assert count == 500 * MIB
    assert peak_kib < 300 * 1024


def test_table_without_pyarrow_names_the_extra(monkeypatch):
    write({"image": images(1)})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(Exception, match=r"needs the package pyarrow: pip install"):
        parts()


def test_fingerprint_of_an_unreadable_table_is_that_of_the_file():
    first, second = (UnreadableTable(Entry("a", False, size), "cause") for size in (1, 2))
    assert first.fingerprint != second.fingerprint
