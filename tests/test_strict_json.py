"""Strict JSON: any JSON library can write again what was parsed."""

import json
import random

import pytest
from forged import deep, mutated

from inkdigits.strict_json import MAX_DEPTH, MAX_INTEGER_BITS, canonical, parse

LARGEST = 2**MAX_INTEGER_BITS - 1


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, -2.5, None, True, "é \U0001f600 \x00"], "": {}},
        {"state": LARGEST, "negative": -LARGEST},
        deep(MAX_DEPTH - 1),
        "text",
        1e308,
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_json_survives_a_round_trip(value):
    assert parse(canonical(value)) == value
    assert parse(json.dumps(value, ensure_ascii=False, indent=2).encode()) == value


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "Expecting value"),
        ('{"a": 1', "Expecting"),
        ("{} {}", "Extra data"),
        (b"\xff", "utf-8"),
        ("{}".encode("utf-16"), "utf-8"),
        (b"\xef\xbb\xbf{}", "Expecting value"),
        ('{"a": 1, "\\u0061": 2}', "duplicate name"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("1e999", "too large"),
        (str(LARGEST + 1), "too large"),
        (str(-LARGEST - 1), "too large"),
        ("9" * 5000, "too large"),
        ('"\\ud800"', "surrogates not allowed"),
        ('{"\\udfff": 1}', "surrogates not allowed"),
        ('[[{"a": "\\ude00\\ud83d"}]]', "surrogates not allowed"),
        (canonical(deep(MAX_DEPTH)), "nested too deep"),
        ('{"a":' * 480 + "1" + "}" * 480, "nested too deep"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_json_that_could_not_be_written_again_is_rejected(text, cause):
    with pytest.raises(ValueError, match=cause):
        parse(text)


def test_any_mutation_is_parsed_or_a_value_error():
    rng = random.Random(0)
    value = {"a": [1, 2.5, {"b": None}], "c": "text", "d": {"e": {"f": [[], {}]}}}
    parsed = 0
    for _ in range(2000):
        text = json.dumps(mutated(value, rng))
        try:
            again = parse(text)
        except ValueError:
            continue
        parsed += 1
        assert json.loads(json.dumps(again, ensure_ascii=False).encode()) == json.loads(text)
    assert 500 < parsed < 1999
