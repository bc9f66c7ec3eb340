"""Constraints: which texts they allow, and what is told of those that are not valid."""

import pickle

import pytest

from inkdigits.numbers import CHECKSUMS, ConstraintError, Constraints


@pytest.mark.parametrize(
    ("constraints", "allowed", "others"),
    [
        (Constraints(), ["0", "12", "1" * 20], ["", "1" * 21]),
        (Constraints(length=3), ["123"], ["12", "1234"]),
        (Constraints(pattern="[1-6]\\d{2}"), ["123", "699"], ["723", "12", "1234"]),
        (Constraints(choices=("17", "170")), ["17", "170"], ["1", "7", "1700"]),
        (Constraints(checksum="luhn"), ["18", "0018"], ["19"]),
        (Constraints(length=2, checksum="luhn"), ["18"], ["018", "19"]),
        (Constraints(length=2, choices=("1", "17")), ["17"], ["1"]),
    ],
)
def test_texts_that_are_allowed(constraints, allowed, others):
    assert [text for text in [*allowed, *others] if constraints.allows(text)] == allowed


@pytest.mark.parametrize(
    ("constraints", "cause"),
    [
        ({"length": 0}, "length must be 1 to 20, not 0"),
        ({"length": 21}, "length must be 1 to 20, not 21"),
        ({"checksum": "crc"}, "'crc' is not one of luhn, ean, mod97, damm, verhoeff"),
        ({"choices": ()}, "There must be 1 to 10,000 choices, not 0"),
        ({"choices": tuple(map(str, range(10_001)))}, "not 10,001"),
        ({"choices": ("1", "x")}, "'x' is not a text of 1 to 20 digits"),
        ({"choices": ("",)}, "'' is not a text of 1 to 20 digits"),
        ({"choices": ("²",)}, "is not a text of 1 to 20 digits"),
        ({"pattern": "1{20}2"}, "No text of 1 to 20 digits matches"),
        (
            {"length": 3, "pattern": "12|\\d{4}"},
            r"No text of 3 digits matches the pattern '12|\d{4}'",
        ),
        ({"length": "3"}, "length must be 1 to 20, not '3'"),
        ({"choices": "351"}, "must be a list of texts"),
        ({"choices": (351,)}, "The choice 351 is not a text"),
        ({"pattern": "("}, "not valid at character 2"),
        ({"length": 2, "choices": ("1", "123")}, "None of the choices"),
    ],
)
def test_wrong_constraint_is_told(constraints, cause):
    with pytest.raises(ConstraintError) as error:
        Constraints(**constraints)
    assert cause in str(error.value)


def test_choices_that_are_named_twice_count_once():
    assert Constraints(choices=("12", "3", "12")).choices == ("12", "3")


def test_step_gives_up_a_text_that_cannot_be_completed():
    constraints = Constraints(pattern="12|34")
    assert constraints.step(constraints.start, 2) is None
    state = constraints.step(constraints.start, 1)
    assert not constraints.accepts(state)
    assert constraints.accepts(constraints.step(state, 2))


@pytest.mark.parametrize("checksum", CHECKSUMS)
def test_constraints_can_be_sent_to_another_process_after_they_have_been_used(checksum):
    constraints = Constraints(pattern=".*", checksum=checksum)
    texts = [str(number) for number in range(200)]
    allowed = list(map(constraints.allows, texts))
    assert any(allowed)
    copy = pickle.loads(pickle.dumps(constraints))
    assert copy == constraints
    assert list(map(copy.allows, texts)) == allowed
