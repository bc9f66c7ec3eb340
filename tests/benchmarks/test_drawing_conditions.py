"""The conditions of simulated drawings cover every level and fit together."""

import numpy as np
import pytest
from drawing_conditions import CANVASES, MIN_ON_PAPER_PX, _level, draw_conditions


def many_conditions(count=2000):
    rng = np.random.default_rng(0)
    return [draw_conditions(rng) for _ in range(count)]


def test_conditions_cover_every_level_and_are_consistent():
    paper = ("light", "noise", "blur", "texture", "ruled", "frame", "specks")
    seen = set()
    for conditions in many_conditions():
        width, height, scale = conditions.canvas
        seen |= set(conditions.levels.items())
        assert 16 <= conditions.size_px <= min(width, height)
        assert 1 <= conditions.pen_px <= conditions.size_px / 4
        if scale > 1:
            assert not conditions.antialiased
        if conditions.file.startswith("JPEG"):
            assert conditions.size_px >= MIN_ON_PAPER_PX
        if any(getattr(conditions, factor) != "none" for factor in paper):
            assert min(width, height) >= 100
            assert conditions.file != "PNG, transparent"
    assert {level for factor, level in seen if factor == "file"} == {
        "PNG",
        "PNG, transparent",
        "JPEG 30-60",
        "JPEG 60-95",
    }
    assert len({level for factor, level in seen if factor == "canvas"}) == len(CANVASES)
    levels = {factor: sum(of == factor for of, _ in seen) for factor, _ in seen}
    expected = {"light": 4, "noise": 2, "blur": 2, "texture": 2, "ruled": 3, "frame": 3}
    expected |= {"specks": 2, "place": 2, "edges": 2, "polarity": 2, "color": 3, "pen": 2}
    assert expected.items() <= levels.items()


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.05, "under 10%"), (0.1, "10% to 25%"), (0.24, "10% to 25%"), (0.25, "25% or more")],
)
def test_level_is_the_interval_that_contains_the_value(value, level):
    assert _level(value, (0.1, 0.25)) == level
