"""The text in a page's QR code."""

import pytest

from inkdigits.forms.layout import MAX_PAGES, MAX_ROWS
from inkdigits.forms.sheet_code import MAX_COPY, SheetCode


@pytest.mark.parametrize(
    "code",
    [SheetCode("AAAAAAAA", 1, 1, 1), SheetCode("Z2345677", MAX_ROWS, MAX_COPY, MAX_PAGES)],
    ids=["smallest", "largest"],
)
def test_text_fits_the_smallest_code_and_is_parsed_back(code):
    text = code.to_text()
    assert len(text) == 20
    assert SheetCode.from_text(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.org",
        "I1AAAAAAAA001000010",
        "I1AAAAAAAA00100001011",
        "I9AAAAAAAA0010000101",
        "I1AAAAAAA10010000101",
        "I1AAAAAAAA00\N{ARABIC-INDIC DIGIT ONE}0000101",
    ],
)
def test_other_texts_are_not_of_a_sheet(text):
    assert SheetCode.from_text(text) is None
