import pytest
from crossover import crossings, line, write_pictures

from inkdigits.imaging.decode import decode

ONE = {"start_s": 1.0, "picture_ms": 4.0}
TWO = {"start_s": 2.0, "picture_ms": 2.0}


def test_line_through_times_that_lie_on_one():
    assert line({10: 1.05, 100: 1.5, 1000: 6.0}) == pytest.approx(
        {"start_s": 1.0, "picture_ms": 5.0}
    )


def test_way_with_the_later_start_is_faster_from_where_the_lines_cross():
    (crossing,) = crossings({"one": ONE, "two": TWO})
    assert crossing == {"faster": "two", "than": "one", "from_pictures": pytest.approx(500)}


@pytest.mark.parametrize(
    ("way", "pictures"),
    [
        ({"start_s": 2.0, "picture_ms": 4.0}, None),  # never
        ({"start_s": 2.0, "picture_ms": 5.0}, None),
        ({"start_s": 0.5, "picture_ms": 2.0}, 0.0),  # always
    ],
)
def test_ways_that_do_not_cross(way, pictures):
    (crossing,) = crossings({"one": ONE, "other": way})
    assert crossing["from_pictures"] == pictures


def test_pictures_are_as_many_as_named(tmp_path):
    write_pictures(tmp_path / "pictures", 12)
    files = sorted((tmp_path / "pictures").iterdir())
    assert len(files) == 12
    assert decode(files[-1].read_bytes()).shape[:2] == (280, 280)
