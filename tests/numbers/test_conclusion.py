"""The conclusion from what both networks say of a few texts."""

import math

import pytest

from inkdigits.numbers.conclusion import DOUBT, Symbol, Weighed, conclude
from inkdigits.numbers.decoding import Text

SURE = tuple([0.99] + [0.01 / 9] * 9)


def weighed(written, score):
    symbols = tuple(Symbol(symbol, None, SURE, 5.0) for symbol in written)
    return Weighed(Text(written, score), symbols, score)


def test_texts_with_the_same_digits_are_added_up():
    allowed = [weighed("12", -1.0), weighed("1.2", -1.5), weighed("7", -1.2)]
    found = conclude(allowed, [], [each.text for each in allowed])
    share = math.exp(-1.0) + math.exp(-1.5)
    assert found.shares["12"] == pytest.approx(share / (share + math.exp(-1.2)))
    assert found.best.text.written == "12"


def test_text_that_violates_the_constraints_leaves_doubt_in_proportion_to_its_probability():
    allowed, violating = weighed("361", -12.0), weighed("351", 0.0)
    found = conclude([allowed], [violating], [violating.text])
    assert found.evidence.lead == pytest.approx(-12.0 - math.log(DOUBT))
    assert list(found.shares) == ["361"]
    assert found.shares["361"] < 0.01
    assert conclude([allowed], [], [violating.text]).evidence.lead > 10
