"""What a person may type for a field, and which fields are shown together."""

from dataclasses import replace

import cv2
import made_results as made
import numpy as np
import pytest

from inkdigits.forms.answers import hint, impossible, unusual
from inkdigits.forms.form import Field
from inkdigits.forms.likeness import MAX_GROUP, group_alike

ROW = {"a": "12", "b": ""}


@pytest.mark.parametrize(
    ("field", "right", "wrong", "part"),
    [
        (Field("x", 2, range=(3, 40)), "40", "41", "3 to 40"),
        (Field("x", 3, choices=("101", "202")), "202", "102", "2 numbers"),
        (Field("x", 3, pattern="[1-3]\\d*"), "31", "41", "[1-3]"),
        (Field("x", 4, checksum="luhn"), "0018", "0019", "checksum"),
        (Field("x", 3, sum=("a", "b")), "12", "13", "12 + 0 is 12"),
    ],
)
def test_a_value_that_breaks_a_rule_is_unusual_but_possible(field, right, wrong, part):
    assert unusual(field, right, ROW) is None
    assert unusual(field, "", ROW) is None
    message = unusual(field, wrong, ROW)
    assert part in message
    assert message.endswith(".")
    assert impossible(field, wrong) is None
    assert hint(field).startswith(f"at most {field.length} digits, ")


@pytest.mark.parametrize("value", ["1x", "-1", " ", "٣", "123"])
def test_what_no_box_can_hold_is_impossible(value):
    assert impossible(Field("x", 2), value).endswith(".")


def test_the_least_certain_come_first_and_alike_ones_of_the_same_value_follow():
    # Recognized as 17; every second one has its ink elsewhere.
    fields = [made.result("17", seed=n, confidence=0.5 + 0.05 * n) for n in range(6)]
    fields.append(made.result("17", seed=9, confidence=0.1, value="11"))
    crops = [field.crop for field in fields]
    for number in (1, 3, 5):
        picture = cv2.imdecode(np.frombuffer(crops[number], np.uint8), cv2.IMREAD_COLOR)
        wide = cv2.copyMakeBorder(picture, 0, 0, 150, 0, cv2.BORDER_REPLICATE)
        crops[number] = made.png(wide)
    groups = group_alike(fields, crops)
    assert [[fields.index(field) for field in group] for group in groups] == [
        *([6], [0, 2, 4], [1, 3, 5])
    ]


def test_what_was_not_recognized_is_not_alike():
    fields = [made.result("88", seed=0) for _ in range(3)]
    fields = [replace(field, recognized="", reason="struck_out") for field in fields]
    assert len(group_alike(fields, [field.crop for field in fields])) == 3


def test_a_group_fits_on_the_page_and_a_picture_may_be_damaged():
    fields = [made.result("17", seed=n, confidence=0.5) for n in range(MAX_GROUP + 2)]
    crops = [field.crop for field in fields]
    assert list(map(len, group_alike(fields, crops))) == [MAX_GROUP, 2]
    bomb = crops[0][:16] + (2**31 - 1).to_bytes(4, "big") * 2 + crops[0][24:]
    groups = group_alike(fields[:4], [crops[0], b"", b"\x89PNG" + bytes(60), bomb])
    assert sum(map(len, groups)) == 4
