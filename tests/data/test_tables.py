"""Tables of images: the columns are found by name, and every wrong value by row and column."""

import csv
import gzip
import hashlib
import io

import numpy as np
import pytest
from hostile_data import read_or_refuse
from sentences import assert_sentence

from inkdigits.data import labeled, tables
from inkdigits.data.folders import DataError
from inkdigits.data.tables import read_csv

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 3, 3), np.uint8)
LABELS = ["7", "0", "12"]


def text_of(images=IMAGES, **columns):
    """A CSV with named columns before the pixels, as Kaggle writes it."""
    pixels = images.reshape(len(images), -1)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, *(f"pixel{n}" for n in range(pixels.shape[1]))])
    writer.writerows([*cells, *row] for *cells, row in zip(*columns.values(), pixels, strict=True))
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    def written(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.fixture
def error_of(write):
    """The message for a file that is refused: one sentence, without control characters."""

    def error(content):
        with pytest.raises(DataError) as raised:
            read_csv(write(content))
        assert_sentence(raised.value)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 400
        return str(raised.value)

    return error


def test_kaggles_form_is_read(write):
    content = text_of(label=LABELS)
    table = read_csv(write(content))
    np.testing.assert_array_equal(table.images, IMAGES, strict=True)
    assert table.classes == ("0", "7", "12")  # numbers are sorted by value
    np.testing.assert_array_equal(table.labels, np.array([1, 0, 2], np.uint8), strict=True)
    assert table.writers is None
    assert table.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_gzip_is_recognized_by_its_content_and_has_the_hash_of_the_table(write):
    content = text_of(label=LABELS)
    table = read_csv(write(gzip.compress(content.encode()), "table.csv"))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert table.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_label_and_writer_may_be_anywhere(write):
    rows = [line.split(",") for line in text_of(label=LABELS).splitlines()]
    names = ["writer", "ann", "bob", "ann"]
    moved = [[*row[1:5], name, row[0], *row[5:]] for row, name in zip(rows, names, strict=True)]
    table = read_csv(write("\n".join(",".join(row) for row in moved)))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert table.classes == ("0", "7", "12")
    assert table.writers.tolist() == names[1:]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("label", " Label "),
        lambda text: text.replace("pixel0", '"pixel0"'),
        lambda text: text.replace(",", ", "),
        lambda text: "\n".join(text.splitlines()[1:]),
    ],
    ids=["BOM", "CRLF", "no last newline", "capital", "quotes", "spaces", "no names"],
)
def test_variants_that_programs_write_are_read(write, change):
    table = read_csv(write(change(text_of(label=LABELS))))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert table.classes == ("0", "7", "12")


def test_table_without_column_names_may_have_labels_that_are_words(write):
    names = ["bag", "coat", "bag"]
    table = read_csv(write(text_of(label=names).partition("\n")[2]))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert table.classes == ("bag", "coat")


@pytest.mark.parametrize("pattern", ["pixel{n}", "{n}", "{row}x{column}", "px_{n}", "x{n}"])
@pytest.mark.parametrize("first", [0, 1])
def test_pixels_may_have_other_names(write, pattern, first):
    names = [
        pattern.format(n=n + first, row=n // 3 + first, column=n % 3 + first) for n in range(9)
    ]
    text = text_of(label=LABELS).partition("\n")[2]
    table = read_csv(write(",".join(["label", *names]) + "\n" + text))
    np.testing.assert_array_equal(table.images, IMAGES)


def test_decimal_zeros_as_pandas_writes_them_are_read(write):
    table = read_csv(write(text_of(label=LABELS).replace(f",{IMAGES[1, 0, 0]},", ",9.0,")))
    assert table.images[1, 0, 0] == 9


def test_labels_are_any_text(write):
    names = ["T-shirt, top", "山", "bag"]
    table = read_csv(write(text_of(label=names)))
    assert table.classes == ("T-shirt, top", "bag", "山")
    assert [table.classes[label] for label in table.labels] == names


def test_table_without_labels_is_read(write):
    table = read_csv(write(text_of(x=["0"] * 3).replace("x,", "", 1).replace("\n0,", "\n")))
    np.testing.assert_array_equal(table.images, IMAGES)
    assert table.labels is None


@pytest.mark.parametrize("value", ["abc", "256", "-1", "", "1e3", "0.5", "nan", "inf", "\x1b[2J"])
def test_wrong_pixel_is_named_by_row_and_column(error_of, value):
    lines = text_of(label=LABELS).splitlines()
    cells = lines[2].split(",")
    cells[4] = value
    lines[2] = ",".join(cells)
    message = error_of("\n".join(lines))
    assert message.startswith(f"table.csv: row 3, column pixel3: {value!a} is not a number from 0")


def test_row_of_another_length_is_named(error_of):
    lines = text_of(label=LABELS).splitlines()
    lines[2] += ",0"
    assert "row 3 has 11 columns, not 10" in error_of("\n".join(lines))
    assert "row 3 has 0 columns" in error_of("\n".join([*lines[:2], "", *lines[3:]]))


@pytest.mark.parametrize("label", ["", "  ", "x" * 300])
def test_wrong_label_is_named_by_its_row(error_of, label):
    assert "row 4, column label" in error_of(text_of(label=["1", "2", label]))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "label,id" + ",pixel{}" * 8,
            "column 2 is 'id', which is not 'label', 'writer' or a pixel",
        ),
        (",pixel{}" * 10, "column 1 is '', which is not"),
        ("label,label" + ",pixel{}" * 8, "two columns 'label'"),
        ("label" + ",pixel1" * 9, "does not follow the pixel before it"),
        ("label,pixel1,pixel0,pixel2", "column 3 is 'pixel0', which does not follow"),
        ("label,1x1,1x2,2x2,2x1", "column 5 is '2x1', which does not follow"),
        ("label,pixel0,1x1,pixel2,pixel3", "does not follow"),
        ("label,pixel0,pixel1,pixel2", "has 3 columns of pixels, which are not a square image"),
        ("label", "has 0 columns of pixels"),
        ("label;pixel0;pixel1", "does not separate its columns by commas"),
        ("label\tpixel0", "does not separate its columns by commas"),
        ("0,1,2,3,4,5,6,7,8,9", "10 columns of pixels"),
        ("label," + ",".join(f"pixel{n}" for n in range(129**2)), "at most 128 x 128"),
        ("\x1b]0;x\x07,pixel0", r"column 1 is '\x1b]0;x\x07'"),
        ("label,pixel99999999", "is not 'label'"),
    ],
)
def test_wrong_column_names_are_explained(error_of, header, message):
    assert message in error_of(header.format(*range(20)) + "\n" + ",".join("0" * 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"label,pixel0\n", "has 0 images"),
        ("label,pixel0\n1,1\n".encode("utf-16"), "row 1 is not UTF-8"),
        (b"label,pixel0\n\xff,1\n", "row 2 is not UTF-8"),
        (b'label,pixel0\n"1,1\n' + b"0,1\n" * 50_000, "is not CSV"),
        (b'label,pixel0\n"1"2,1\n', "row 2 is not CSV"),
        (b"\x1f\x8bnot gzip at all", "cannot be read"),
        (gzip.compress(b"label,pixel0\n" + b"1,1\n" * 9999, mtime=0)[:-20], "cannot be read"),
    ],
)
def test_other_files_are_refused(error_of, content, message):
    assert message in error_of(content)


# Limits.


def test_a_million_columns_are_refused_before_they_are_split(error_of):
    header = "label," + ",".join(f"pixel{n}" for n in range(1_000_000))
    assert "row 1 has more than 131,072 bytes" in error_of(header)
    assert "row 2 has more than 131,072 bytes" in error_of("label,pixel0\n" + "0," * 1_000_000)


@pytest.mark.parametrize("filling", [b"0", b"\n", b"0,", b"1,1\n", b'"'])
def test_gzip_bomb_stops_at_a_limit(error_of, monkeypatch, filling):
    monkeypatch.setattr(tables, "MAX_IMAGES", 1000)
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb") as file:
        file.write(b"label,pixel0\n")
        for _ in range(64):
            file.write(filling * (2**20 // len(filling)))
    assert len(bomb.getvalue()) < 2**18
    error_of(bomb.getvalue())


def test_rows_and_pixels_are_limited(error_of, monkeypatch):
    monkeypatch.setattr(tables, "MAX_IMAGES", 2)
    assert "more than 2 rows" in error_of(text_of(label=LABELS))
    monkeypatch.setattr(tables, "MAX_IMAGES", 100)
    monkeypatch.setattr(tables, "MAX_PIXELS", 18)
    assert "more than 2 rows" in error_of(text_of(label=LABELS))


def test_number_of_classes_is_limited(error_of, monkeypatch):
    monkeypatch.setattr(labeled, "MAX_CLASSES", 2)
    assert "more than 2 different labels" in error_of(text_of(label=LABELS))


def test_mutated_tables_are_read_or_refused_in_a_sentence(write):
    valid = text_of(label=LABELS, writer=["ann", "bob", "ann"]).encode()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(1000):
        content = bytearray(valid)
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(len(content)))
            kind = rng.integers(3)
            if kind == 0:
                content[place] = rng.integers(256)
            elif kind == 1:
                del content[place : place + int(rng.integers(1, 9))]
            else:
                content[place:place] = rng.choice(
                    [b",", b"\n", b'"', b"\0", b"\x1b", b"99999", b"\r", b"e9", b"\xe2\x80\xae"]
                )
        table = read_or_refuse(read_csv, write(bytes(content)))
        refused += table is None
        assert table is None or table.labels is None or len(table.labels) == len(table.images)
    assert refused > 500
