"""Checksums accept numbers that are published as valid, and none of which one digit differs."""

import pytest

from inkdigits.numbers.checksums import CHECKSUMS

VALID = [
    ("luhn", "79927398713"),  # Wikipedia's example
    ("luhn", "4111111111111111"),  # a payment card's test number
    ("ean", "4006381333931"),
    ("ean", "73513537"),
    ("ean", "9780306406157"),
    ("mod97", "79444"),  # ISO 7064's example, 794 with the check digits 44
    ("damm", "5724"),
    ("verhoeff", "2363"),
    ("verhoeff", "758722"),
]


def is_valid(name, text):
    checksum = CHECKSUMS[name]
    state = checksum.start
    for digit in text:
        state = checksum.step(state, int(digit))
    return checksum.accepts(state)


@pytest.mark.parametrize(("name", "text"), VALID)
def test_valid_number_is_accepted_and_a_single_wrong_digit_is_not(name, text):
    assert is_valid(name, text)
    for place, digit in enumerate(text):
        for other in set("0123456789") - {digit}:
            assert not is_valid(name, text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize(("name", "text"), [("damm", "5724"), ("verhoeff", "2363")])
def test_neighbors_that_changed_places_are_found(name, text):
    for place in range(len(text) - 1):
        first, second = text[place : place + 2]
        if first != second:
            assert not is_valid(name, text[:place] + second + first + text[place + 2 :])


def test_every_checksum_has_an_example():
    assert {name for name, _ in VALID} == set(CHECKSUMS)
