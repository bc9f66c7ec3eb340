"""Digits are offered without what may not belong to them, but only where there is such a thing."""

import cv2
import numpy as np
import pytest
from sample_images import difference, drawing, rough_difference

from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.alternatives import plausible_digits

SEVEN = np.array([[30, 30], [70, 30], [45, 90]])
SIX = np.array([[60, 25], [40, 45], [32, 70], [45, 88], [64, 82], [62, 64], [46, 60], [34, 74]])
TWO = np.array([[32, 40], [40, 28], [58, 28], [64, 42], [30, 90], [70, 90]])


def drawn(*strokes, pen=6, side=400, shift=0, scale=2):
    """Strokes in a box of 100 x 100, as ink on a larger canvas."""
    placed = [np.asarray(stroke, float) * scale + side / 4 + shift for stroke in strokes]
    return draw(placed, pen, (side, side))


def line(*points, pen=4, side=400):
    return draw([np.array(points, float)], pen, (side, side))


def box(top, left, bottom, right):
    return line((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def ellipse(center, axes, side=400):
    return cv2.ellipse(np.zeros((side, side), np.uint8), center, axes, 0, 0, 360, 255, 4)


def barest(inked):
    return ink.candidates_from_ink(inked)[-1]


@pytest.mark.parametrize("digit", [SEVEN, SIX, TWO], ids="762")
@pytest.mark.parametrize("light", [1, 0.6])
@pytest.mark.parametrize(
    ("around", "is_box"),
    [
        (box(110, 110, 320, 300), True),
        (box(140, 140, 300, 260), True),
        (ellipse((200, 215), (120, 120)), False),
    ],
    ids=["box", "narrow box", "circle"],
)
def test_line_around_a_digit_is_left_out(digit, around, is_box, light):
    """A circle with a digit may be a slashed 0, so it comes first; a box with a digit does not."""
    inked = drawn(digit, pen=12)
    with_line = np.maximum(inked, np.rint(light * around).astype(np.uint8))
    candidates = ink.candidates_from_ink(with_line)
    assert len(candidates) == 2
    bare, whole = candidates if is_box else candidates[::-1]
    assert difference(whole, ink.from_ink(inked)) > 0.5
    assert difference(bare, ink.from_ink(inked)) < 0.05


@pytest.mark.parametrize("digit", [SEVEN, SIX, TWO], ids="762")
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_digit_that_touches_its_box_keeps_most_of_its_strokes(digit, side):
    inked = drawn(digit, pen=12)
    rows, columns = np.nonzero(inked)
    edges = {"top": rows.min() - 40, "left": columns.min() - 40}
    edges |= {"bottom": rows.max() + 40, "right": columns.max() + 40}
    edges[side] += 40 if side in ("top", "left") else -40
    candidates = ink.candidates_from_ink(np.maximum(inked, box(**edges)))
    assert min(rough_difference(each, ink.from_ink(inked)) for each in candidates) < 0.03


def test_stroke_that_digit_and_box_share_is_kept():
    """The left side of a 0 lies on that of the box."""
    zero = ellipse((200, 200), (60, 90))
    candidate, bare, _ = ink.candidates_from_ink(np.maximum(zero, box(70, 140, 330, 330)))
    assert rough_difference(bare, candidate) > 0
    _, hierarchy = cv2.findContours(candidate // 128, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    assert np.count_nonzero(hierarchy[0, :, 3] >= 0) == 1  # one hole
    assert rough_difference(candidate, ink.from_ink(zero)) < 0.05


def test_digit_may_reach_beyond_its_box():
    inked = drawn(SEVEN, pen=10)
    with_box = np.maximum(inked, box(110, 110, 235, 300))  # the foot ends at 280
    likeliest = ink.candidates_from_ink(with_box)[0]
    assert rough_difference(likeliest, ink.from_ink(inked)) < 0.05


def test_training_sees_a_digit_with_its_box():
    """An 8 of straight lines may be such a box."""
    with_box = np.maximum(drawn(SEVEN, pen=12), box(110, 110, 320, 300))
    np.testing.assert_array_equal(ink.from_ink(with_box), ink.candidates_from_ink(with_box)[-1])


@pytest.mark.parametrize("digit", [SEVEN, SIX], ids="76")
@pytest.mark.parametrize(("left", "right"), [(100, 300), (150, 300), (60, 250)])
@pytest.mark.parametrize("rise", [-8, 0, 8])
def test_line_under_a_digit_is_left_out(digit, left, right, rise):
    inked = drawn(digit, pen=12)
    with_line = np.maximum(inked, line((left, 310 + rise), (right, 310 - rise)))
    candidates = ink.candidates_from_ink(with_line)
    assert len(candidates) == 2
    assert difference(candidates[1], ink.from_ink(inked)) < 0.05


def test_line_that_a_digit_stands_on_is_left_out():
    inked = drawn(SEVEN, pen=12)
    with_line = np.maximum(inked, line((80, 284), (340, 284)))
    assert rough_difference(barest(with_line), ink.from_ink(inked)) < 0.05


@pytest.mark.parametrize(
    "inked",
    [
        drawn(SEVEN),
        drawn(SIX),
        drawn(TWO),
        drawn(SEVEN, [[40, 60], [66, 60]]),  # a crossed 7
        ellipse((200, 200), (60, 90)),  # 0
        np.maximum(ellipse((200, 150), (45, 45)), ellipse((200, 250), (50, 55))),  # 8
        np.maximum(ellipse((200, 150), (45, 45)), line((244, 150), (230, 300))),  # 9
        np.maximum(line((200, 100), (200, 300)), line((100, 200), (300, 200))),
        np.maximum(box(150, 120, 280, 230), ellipse((230, 215), (55, 40))),
    ],
    ids=["7", "6", "2", "crossed 7", "0", "8", "9", "plus sign", "mug"],
)
def test_plain_drawing_has_no_alternative(inked):
    assert len(list(plausible_digits(inked))) == 1
    np.testing.assert_array_equal(ink.candidates_from_ink(inked), ink.from_ink(inked)[None])


def _cut(name, side=400):
    """Something that the border cuts."""
    inked = np.zeros((side, side), np.uint8)
    if name == "stroke":
        inked[150:300, -20:-8] = inked[150:162, -20:] = 200
    elif name == "bar":
        inked[-9:, 100:300] = 220
    elif name == "thumb":
        cv2.circle(inked, (0, 250), 50, 160, cv2.FILLED)
    elif name == "nearly":
        inked[150:300, -10:-4] = 255
    return inked


@pytest.mark.parametrize("name", ["stroke", "bar", "thumb", "nearly"])
def test_what_the_border_cuts_is_left_out(name):
    inked = drawn(SEVEN, pen=12)
    first, *_, last = ink.candidates_from_ink(np.maximum(inked, _cut(name)))
    assert difference(first, ink.from_ink(inked)) > 0.2
    np.testing.assert_array_equal(last, ink.from_ink(inked))


def test_what_is_cut_may_hang_on_ruled_lines():
    inked = drawn(SEVEN, pen=12)
    ruled = np.maximum(inked, _cut("thumb"))
    ruled[20::60] = np.maximum(ruled[20::60], 60)
    assert difference(barest(ruled), ink.from_ink(inked)) < 0.1


def test_cut_digit_alone_has_no_alternative():
    cropped = 255 - drawing(100, 100, top=0, left=0, size=100)[..., 0]
    assert len(ink.candidates_from_ink(cropped)) == 1


def test_dust_is_no_digit_to_be_left_alone():
    """What remains without a cut digit must be long enough to be one."""
    inked = 255 - drawing(200, 200, top=0, left=0, size=180)[..., 0]
    inked[150:154, 150:154] = 255
    assert len(ink.candidates_from_ink(inked)) == 1


def test_line_around_nothing_is_no_alternative():
    assert len(ink.candidates_from_ink(box(100, 100, 300, 300))) == 1


def test_input_is_not_changed():
    inked = np.maximum(np.maximum(drawn(SEVEN), box(110, 110, 320, 300)), _cut("bar"))
    before = inked.copy()
    assert len(ink.candidates_from_ink(inked)) > 1
    np.testing.assert_array_equal(inked, before)
