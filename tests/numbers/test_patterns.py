"""Patterns match what Python's regular expressions match, and tell what can still match."""

import itertools
import re

import pytest

from inkdigits.numbers import patterns
from inkdigits.numbers.patterns import MAX_PATTERN, Pattern, PatternError

PATTERNS = [
    "12", ".", r"\d", "[13]", "[2-4]5", "[^0-8]", "1?2", "1*", "1+2", "(1|23)", "(1|2)*3", "1{3}",
    "1{1,2}2", "1{2,}", "(12){2}", "1(2|)3", "(1?)*2", "[0-13]{0,2}", "((1|2)3)+", ".*7",
]  # fmt: skip
TEXTS = ["".join(each) for n in range(5) for each in itertools.product("1237", repeat=n)]


def states_of(pattern, text):
    states = pattern.start
    for digit in text:
        states = pattern.step(states, int(digit))
    return states


@pytest.mark.parametrize("expression", PATTERNS)
def test_pattern_matches_as_re_does(expression):
    pattern = Pattern.parse(expression)
    for text in TEXTS:
        matches = re.fullmatch(expression, text) is not None
        assert pattern.accepts(states_of(pattern, text)) == matches, text


@pytest.mark.parametrize("expression", PATTERNS)
def test_no_states_are_left_exactly_if_no_text_that_begins_so_matches(expression):
    pattern = Pattern.parse(expression)
    long = ["".join(each) for n in range(7) for each in itertools.product("1237590"[:5], repeat=n)]
    matching = [text for text in long if re.fullmatch(expression, text)]
    beginnings = {text[:end] for text in matching for end in range(4)}
    for text in (text for text in TEXTS if len(text) == 3):
        if text in beginnings:
            assert states_of(pattern, text)
        elif not any(sign in expression for sign in "09"):  # beyond the texts that were tried
            assert not states_of(pattern, text), text


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("", "1 to 100 characters"),
        ("1" * (MAX_PATTERN + 1), "1 to 100 characters"),
        ("a", "character 1"),
        ("1(2", "not closed"),
        ("12)", "character 3"),
        ("[", "set of digits"),
        ("[]", "set of digits"),
        ("[4-2]", "set of digits"),
        ("[1a]", "set of digits"),
        ("[²]", "set of digits"),
        ("²", "use digits"),
        ("1{x}", "repetition"),
        ("1{", "repetition"),
        ("1{21}", "up to 20"),
        ("1{3,2}", "smaller number first"),
        ("*1", "use digits"),
        ("((((1{20}){20}){20}){20})", "too large"),
        ("\\", "use digits"),
        ("(" * 100, "not valid"),
    ],
)
def test_wrong_pattern_is_told(expression, cause):
    with pytest.raises(PatternError, match=re.escape(cause)):
        Pattern.parse(expression)


def test_pattern_on_which_others_take_years_takes_few_steps():
    pattern = Pattern.parse("(1*)*2")
    assert states_of(pattern, "1" * 20).bit_count() < 20
    assert not pattern.accepts(states_of(pattern, "1" * 20))


def test_pattern_of_more_digits_than_a_text_has_matches_none():
    assert not Pattern.parse("1{20}2").matches_up_to(20)
    assert Pattern.parse("1{19}2").matches_up_to(20)


def test_states_that_recur_in_thousands_of_texts_are_computed_once():
    pattern = Pattern.parse("((.*.*){4}){8}")
    for number in range(2000):
        assert pattern.accepts(states_of(pattern, str(number)))
    assert len(pattern._known) < 20


def test_memory_of_states_is_bounded(monkeypatch):
    monkeypatch.setattr(patterns, "MAX_KNOWN", 10)
    pattern = Pattern.parse(".*[1-5].{9}")
    for number in range(2000):
        states_of(pattern, str(number))
    assert len(pattern._known) == 10
    assert pattern.accepts(states_of(pattern, "81234567890"))
