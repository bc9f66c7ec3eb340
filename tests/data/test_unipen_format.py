"""The UNIPEN parser: which strokes a segment has, where its ink is, and what is damaged."""

import numpy as np
import pytest
from sentences import assert_sentence

from inkdigits.data.folders import DataError
from inkdigits.data.unipen_format import read_segments

PATH = "data/1a/ced/some.dat"
# Stroke n has the points (n, 10), (n, 11), (n, 12), ..., three at least, y upwards.
INK = b".WRITER_ID Some Body\n" + b"".join(
    b".PEN_DOWN\n%s.PEN_UP\n" % b"".join(b"%d %d\n" % (n, 10 + i) for i in range(3 + n))
    for n in range(9)
)
DOCUMENTATION = b'.VERSION 1.0\n.ALPHABET "0" "1"\n     "." "/"\n.COORD X Y\n'


def stroke(number, first=0, last=None):
    """Return the expected points of a stroke, y downwards, from one point to another."""
    points = [(number, -10 - i) for i in range(3 + number)]
    return points[first : None if last is None else last + 1]


def files(segments, ink=INK, **others):
    head = b".VERSION 1.0\n.INCLUDE ced/some.doc\n.INCLUDE ced/data/some.dat\n"
    return {
        PATH: head + segments,
        "include/ced/some.doc": DOCUMENTATION,
        "include/ced/data/some.dat": ink,
        **others,
    }


def segment(extent, label="7"):
    return f'.SEGMENT CHARACTER {extent} ? "{label}"\n'.encode()


def read(contents, labels="[0-9]"):
    return read_segments(PATH, contents, labels)


def assert_strokes(strokes, expected):
    assert len(strokes) == len(expected)
    for points, expected_points in zip(strokes, expected, strict=True):
        np.testing.assert_array_equal(points, np.float32(expected_points), strict=True)


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ("0", [stroke(0)]),
        ("3", [stroke(3)]),
        ("3-3", [stroke(3)]),
        ("3-5", [stroke(3), stroke(4), stroke(5)]),
        ("3,5", [stroke(3), stroke(5)]),
        ("5,0-1", [stroke(5), stroke(0), stroke(1)]),
        ("3:2-4:1", [stroke(3, 2), stroke(4, 0, 1)]),
        ("3:2-4", [stroke(3, 2), stroke(4)]),
        ("3-4:0", [stroke(3), stroke(4, 0, 0)]),
        ("7:2-7:5", [stroke(7, 2, 5)]),
        ("7:2-7:99", [stroke(7, 2)]),
        ("1,7:2-8:1", [stroke(1), stroke(7, 2), stroke(8, 0, 1)]),
    ],
)
def test_segment_has_the_strokes_of_its_range(extent, expected):
    (parsed,) = read(files(segment(extent)))
    assert_strokes(parsed.strokes, expected)
    assert (parsed.extent, parsed.label, parsed.writer) == (extent, "7", "some body")


def test_segments_are_in_the_order_of_the_file_and_others_are_left_out():
    contents = files(segment("5", "1") + segment("2", "x") + segment("3", "42") + segment("1", "1"))
    assert [parsed.extent for parsed in read(contents)] == ["5", "1"]
    assert [parsed.label for parsed in read(contents, "[0-9]{2,5}")] == ["42"]
    assert [parsed.label for parsed in read(contents, ".*")] == ["1", "x", "42", "1"]


def test_segments_in_the_ink_are_not_read():
    contents = files(segment("0"), INK + segment("1", "8"))
    assert [parsed.label for parsed in read(contents)] == ["7"]


@pytest.mark.parametrize(
    "line",
    [
        b'.SEGMENT CHARACTER 1 OK "7"\n',
        b'.SEGMENT DIGIT 1 ? "7" \t\n\n',
        b'.SEGMENT\tDIGIT   1  GOOD  "7"\r\n',
        b'  .segment digit 1 ? "7"',
    ],
)
def test_segment_is_parsed_in_all_its_spellings(line):
    (parsed,) = read(files(line))
    assert_strokes(parsed.strokes, [stroke(1)])


@pytest.mark.parametrize(
    "line",
    [
        b".SEGMENT DIGIT 1 ?\n",
        b".SEGMENT DIGIT 1\n",
        b'.SEGMENT DIGIT one ? "7"\n',
        b'.SEGMENT DIGIT 1 ? "7\n',
        b'.SEGMENT DIGIT 1 ? "7" more\n',
        b'.SEGMENT DIGIT 1 ? "7"\nmore\n',
        b'.SEGMENT DIGIT 1- ? "7"\n',
        b'.SEGMENT DIGIT 1:2 ? "7"\n',
        b'.SEGMENT DIGIT 1,,2 ? "7"\n',
        b'.SEGMENT DIGIT 9 ? "7"\n',
        b'.SEGMENT DIGIT 8-9 ? "7"\n',
        b'.SEGMENT DIGIT 4-3 ? "7"\n',
        b'.SEGMENT DIGIT 3:99-3 ? "7"\n',
        b'.SEGMENT DIGIT 0-9999999 ? "7"\n',
        b'.SEGMENT DIGIT 99999999999999999999 ? "7"\n',
    ],
)
def test_damaged_segment_is_an_error(line):
    with pytest.raises(DataError, match=rf"^{PATH} is damaged") as error:
        read(files(line))
    assert_sentence(error.value)


def test_pen_up_strokes_are_counted_where_the_indices_say_so():
    ink = b".WRITER_ID a\n" + b"".join(
        b".PEN_DOWN\n%d 1\n%d 2\n.PEN_UP\n%d 5\n" % (n, n, n) for n in range(10)
    )
    # The last of 10 pen-down strokes is 9, or 18 where pen-up strokes are counted too.
    (parsed,) = read(files(segment("9"), ink))
    assert_strokes(parsed.strokes, [[(9, -1), (9, -2)]])
    first, last = read(files(segment("4-6") + segment("18"), ink))
    assert_strokes(first.strokes, [[(2, -1), (2, -2)], [(3, -1), (3, -2)]])
    assert_strokes(last.strokes, [[(9, -1), (9, -2)]])
    # The number of a point is not an index.
    (parsed,) = read(files(segment("4:0-4:99"), ink))
    assert_strokes(parsed.strokes, [[(4, -1), (4, -2)]])
    # Also if the largest index is that of a label which is not read.
    (parsed,) = read(files(segment("4-6") + segment("18", "x"), ink))
    assert_strokes(parsed.strokes, [[(2, -1), (2, -2)], [(3, -1), (3, -2)]])


def test_pen_up_without_points_is_not_a_stroke():
    ink = b".WRITER_ID a\n" + 3 * b".PEN_DOWN\n1 2\n.PEN_UP\n4 4\n" + b".PEN_DOWN\n5 6\n.PEN_UP\n"
    for extent in ("0-6", "6"):
        (parsed,) = read(files(segment(extent), ink))
        assert_strokes(parsed.strokes[-1:], [[(5, -6)]])
    with pytest.raises(DataError, match="outside its ink"):
        read(files(segment("7"), ink))


def test_segment_of_pen_up_strokes_alone_has_no_ink():
    ink = b".WRITER_ID a\n" + 3 * b".PEN_DOWN\n1 2\n.PEN_UP\n4 4\n"
    with pytest.raises(DataError, match="segment 5 has no ink"):
        read(files(segment("5"), ink))


@pytest.mark.parametrize(
    ("coordinates", "line"), [(b"X Y", b"1 2"), (b"Y X", b"2 1"), (b"X Y T", b"1 2 77"),
                              (b"T P Y X", b"0 9 2 1"), (b"x y", b"1 2")]
)  # fmt: skip
def test_columns_are_those_of_the_coordinates(coordinates, line):
    ink = b".COORD %s\n.WRITER_ID a\n.PEN_DOWN\n%s\n%s\n.PEN_UP\n" % (coordinates, line, line)
    (parsed,) = read(files(segment("0"), ink))
    assert_strokes(parsed.strokes, [[(1, -2), (1, -2)]])


def test_columns_hold_from_their_entry_on():
    ink = b".WRITER_ID a\n.PEN_DOWN\n1 2\n.COORD Y X\n.PEN_DOWN\n1 2\n"
    (parsed,) = read(files(segment("0-1"), ink))
    assert_strokes(parsed.strokes, [[(1, -2)], [(2, -1)]])


@pytest.mark.parametrize(
    "points",
    [
        b"1 2\n3\n",
        b"1 2\n3 x\n",
        b"1 2\n3 nan\n",
        b"1 2\n3 inf\n",
        b"1 2\n3 4e99\n",
        b"-1000001 2\n",
    ],
)
def test_damaged_point_is_an_error(points):
    ink = b".WRITER_ID a\n.PEN_DOWN\n" + points
    with pytest.raises(DataError, match=r"^include/ced/data/some.dat is damaged") as error:
        read(files(segment("0"), ink))
    assert_sentence(error.value)


def test_coordinates_without_y_are_an_error():
    with pytest.raises(DataError, match="is damaged"):
        read(files(segment("0"), b".COORD X Z\n.WRITER_ID a\n.PEN_DOWN\n1 2\n"))


def test_ink_is_that_of_all_included_files_in_order():
    first, second = (b".PEN_DOWN\n%d %d\n.PEN_UP\n" % (number, number) for number in (1, 2))
    contents = files(segment("0-3", "7"), INK[:0])
    contents["include/ced/data/some.dat"] = (
        b".INCLUDE ced/data/first.dat\n"
        + second
        + b".INCLUDE ced/data/third.dat\n"
        + b".WRITER_ID z\n"
    )
    contents["include/ced/data/first.dat"] = first
    contents["include/ced/data/third.dat"] = first + second + b".WRITER_ID of the third\n"
    (parsed,) = read(contents)
    assert_strokes(parsed.strokes, [[(1, -1)], [(2, -2)], [(1, -1)], [(2, -2)]])
    assert parsed.writer == "z"


@pytest.mark.parametrize(
    "name", ["ced/data/more.dat", "CED/Data/More.DAT", "more.dat", "./more.dat", "../data/more.dat"]
)
def test_included_file_is_found(name):
    contents = files(segment("9"), INK + b".INCLUDE %s\n" % name.encode())
    contents["include/ced/data/more.dat"] = b".PEN_DOWN\n1 2\n"
    (parsed,) = read(contents)
    assert_strokes(parsed.strokes, [[(1, -2)]])


@pytest.mark.parametrize("name", ["ced/data/more.dat", "../../../../etc/passwd", "/etc/passwd", ""])
def test_ink_that_is_missing_is_an_error(name):
    with pytest.raises(DataError, match=r"^include/ced/data/some.dat includes .*missing") as error:
        read(files(segment("0"), INK + b".INCLUDE %s\n" % name.encode()))
    assert_sentence(error.value)


def test_documentation_may_be_missing():
    contents = files(segment("0"), INK + b".INCLUDE ced/some.lex\n")
    del contents["include/ced/some.doc"]
    (parsed,) = read(contents)
    assert_strokes(parsed.strokes, [stroke(0)])


def test_file_is_included_once_even_if_it_includes_itself():
    contents = files(segment("8"), b".INCLUDE ced/data/some.dat\n.INCLUDE ced/data/b.dat\n" + INK)
    contents["include/ced/data/b.dat"] = b".INCLUDE ced/data/some.dat\n.INCLUDE ced/data/b.dat\n"
    (parsed,) = read(contents)
    assert_strokes(parsed.strokes, [stroke(8)])


def test_files_that_include_each_other_too_deeply_are_damaged():
    contents = files(segment("8"), b".INCLUDE ced/data/0.dat\n" + INK)
    for depth in range(1000):
        content = f".INCLUDE ced/data/{depth + 1}.dat\n".encode()
        contents[f"include/ced/data/{depth}.dat"] = content
    with pytest.raises(DataError, match="levels deep"):
        read(contents)


@pytest.mark.parametrize(("count", "is_read"), [(100, True), (101, False)])
def test_segment_of_many_strokes_is_damaged(count, is_read):
    contents = files(segment(f"0-{count - 1}"), b".WRITER_ID a\n" + count * b".PEN_DOWN\n1 2\n")
    if is_read:
        assert len(read(contents)[0].strokes) == count
    else:
        with pytest.raises(DataError, match="more than 100 strokes: 0-100"):
            read(contents)


def test_text_is_latin_1():
    contents = files(
        segment("0", "7") + '.SEGMENT DIGIT 0 ? "\u00e9"\n'.encode("latin-1"),
        ".COMMENT Telecomunicaci\u00f3n\n.WRITER_ID Andr\u00c9\n".encode("latin-1") + INK[21:],
    )
    seven, accented = read(contents, ".")
    assert seven.writer == "andr\u00e9"
    assert accented.label == "\u00e9"
    # A digit is one of ten, whatever Unicode calls a digit.
    assert [parsed.label for parsed in read(files(segment("0", "\u0663")))] == []


@pytest.mark.parametrize("ink", [INK[21:], b".WRITER_ID\n" + INK[21:]])
def test_unknown_writer_is_an_error(ink):
    with pytest.raises(DataError, match=f"^{PATH} does not name a writer"):
        read(files(segment("0"), ink))


def test_other_entries_are_skipped():
    ink = INK.replace(b".PEN_UP\n", b".PEN_UP\n.DT 10\n.START_BOX\n.H_LINE 1 2\n")
    (parsed,) = read(files(b".COMMENT 1\n  .2\n..\n" + segment("3"), ink))
    assert_strokes(parsed.strokes, [stroke(3)])


def test_file_without_segments_has_no_digits():
    assert read({PATH: b""}) == []
    assert read(files(b"")) == []
