"""Parquet files of images; most tests need pyarrow, of the extra `parquet`."""

import subprocess
import sys

import numpy as np
import pytest
from hostile_data import read_or_refuse
from sentences import assert_sentence

from inkdigits.data import parquet
from inkdigits.data.folders import DataError
from inkdigits.data.parquet import read_parquet

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 2, 2), np.uint8)
LABELS = [3, 0, 3, 11, 0]


@pytest.fixture
def pa():
    return pytest.importorskip("pyarrow", reason="needs the extra parquet")


@pytest.fixture
def write(pa, tmp_path):
    """Write a Parquet file with the small images; columns may be added or replaced."""
    from pyarrow import parquet as writer

    def written(options=None, **columns):
        pixels = {f"pixel{n}": IMAGES[:, n // 2, n % 2].astype(np.int64) for n in range(4)}
        table = pa.table({"label": LABELS} | pixels | columns)
        path = tmp_path / "table.parquet"
        writer.write_table(table, path, **(options or {}))
        return path

    return written


def error_of(path):
    with pytest.raises(DataError) as raised:
        read_parquet(path)
    assert_sentence(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float64])
def test_table_is_read(write, compression, dtype):
    path = write({"compression": compression}, pixel0=IMAGES[:, 0, 0].astype(dtype))
    table = read_parquet(path)
    np.testing.assert_array_equal(table.images, IMAGES, strict=True)
    assert table.classes == ("0", "3", "11")
    np.testing.assert_array_equal(table.labels, np.array([1, 0, 1, 2, 0], np.uint8), strict=True)


def test_groups_of_rows_are_joined(write):
    names = ["a", "b", "c", "c", "a"]
    table = read_parquet(write({"row_group_size": 3}, label=names, writer=list("vwvwv")))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert [table.classes[label] for label in table.labels] == names
    assert table.writers.tolist() == list("vwvwv")


@pytest.mark.parametrize(
    ("column", "values", "value"),
    [
        ("pixel2", [0, 1, 256, 3, 4], "'256'"),
        ("pixel2", [0, 1, -1, 3, 4], "'-1'"),
        ("pixel2", [0.0, 1.0, 0.5, 3.0, 4.0], "'0.5'"),
        ("pixel2", [0, 1, None, 3, 4], "'nan'"),
        ("label", ["a", "b", None, "d", "e"], "'None'"),
        ("label", ["a", "b", " ", "d", "e"], "' '"),
        ("label", ["a", "b", "\x1b[2J" * 99, "d", "e"], r"'\x1b[2J"),
        ("label", [1.5, 1.0, 1.5, 1.0, 1.0], None),
        ("writer", ["a", "b", "x" * 300, "d", "e"], "'xxx"),
    ],
)
def test_wrong_value_is_named_by_row_and_column(write, column, values, value):
    row = 1 if value is None else 3
    message = error_of(write(**{column: values}))
    assert message.startswith(f"table.parquet: row {row}, column {column}: {value or ''}")


@pytest.mark.parametrize(
    "values", [["1", "2", "3", "4", "5"], [b"1"] * 5, [[1]] * 5, [{"a": 1}] * 5, [None] * 5]
)
def test_pixels_of_another_type_are_refused(write, values):
    assert "column pixel1" in error_of(write(pixel1=values))


def test_wrong_columns_are_refused(write):
    assert "column 6 is 'id'" in error_of(write(id=LABELS))
    assert "5 columns of pixels" in error_of(write(pixel4=LABELS))


def test_declared_sizes_are_limited_before_anything_is_read(write, monkeypatch):
    monkeypatch.setattr(parquet, "_levels", None)
    for name, limit, message in [
        ("MAX_IMAGES", 4, "it must have 1 to 4"),
        ("MAX_PIXELS", 16, "it must have 1 to 4"),
        ("MAX_GROUP_BYTES", 20, "group of rows"),
        ("MAX_BYTES", 20, "more than 20 bytes"),
        ("MAX_SIDE", 1, "has 5 columns"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(parquet, name, limit)
            assert message in error_of(write())


def test_small_file_of_many_equal_rows_is_limited_by_what_it_declares(pa, tmp_path):
    from pyarrow import parquet as writer

    path = tmp_path / "bomb.parquet"
    column = pa.array(np.zeros(2_000_000, np.int64))
    writer.write_table(pa.table({"label": column, "pixel0": column}), path, compression="zstd")
    assert path.stat().st_size < 20_000
    assert "it must have 1 to 1,000,000" in error_of(path)


def test_text_that_a_small_file_repeats_takes_memory_once(pa, tmp_path):
    from pyarrow import parquet as writer

    path = tmp_path / "bomb.parquet"
    places, zeros = pa.array(np.zeros(300, np.int32)), np.zeros(300, np.int64)
    long = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))
    for columns in ({"label": long, "pixel0": zeros}, {"label": zeros, "pixel0": long}):
        writer.write_table(pa.table(columns), path, store_schema=False, compression="zstd")
        assert path.stat().st_size < 20_000
        before = pa.default_memory_pool().max_memory()
        assert "'xxx" in error_of(path)
        assert pa.default_memory_pool().max_memory() < max(before, 50_000_000)


@pytest.mark.parametrize("value", [[1], {"a": 1}, None, True])
def test_labels_of_another_type_are_refused_before_they_are_read(write, value):
    assert "column label has the type" in error_of(write(label=[value] * 5))


def test_file_whose_footer_declares_fewer_or_more_rows_is_refused_or_cut(write):
    valid = write().read_bytes()
    path = write()
    counts = [place for place in range(len(valid)) if valid[place] == 10]  # 5 as a varint
    for place in counts:
        for count in (2, 20, 126):
            path.write_bytes(valid[:place] + bytes([count]) + valid[place + 1 :])
            read_or_refuse(read_parquet, path)


def test_mutated_files_are_read_or_refused_in_a_sentence(write):
    valid = write({"compression": "zstd"}).read_bytes()
    path = write()
    rng = np.random.default_rng(2)
    footer = len(valid) - 8 - int.from_bytes(valid[-8:-4], "little")
    refused = 0
    for _ in range(400):
        content = bytearray(valid)
        first = footer if rng.random() < 0.6 else 0
        for place in rng.integers(first, len(valid), rng.integers(1, 5)):
            content[place] = rng.choice([0, 127, 255, rng.integers(256)])
        path.write_bytes(content[: len(content) - int(rng.integers(3) == 0)])
        refused += read_or_refuse(read_parquet, path) is None
    assert refused > 200


def test_missing_package_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1")
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from inkdigits.data.folders import DataError\n"
        "from inkdigits.data.parquet import read_parquet\n"
        "try: read_parquet(Path(sys.argv[1]))\n"
        "except DataError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    assert "pip install 'inkdigits[parquet]'" in run.stdout
    assert_sentence(run.stdout.strip())
