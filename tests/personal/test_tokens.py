"""Tokens that nobody can guess, and of which only the hash is kept."""

import hashlib

import pytest

from inkdigits.personal.tokens import MAX_CHARACTERS, PREFIX, new_token, token_hash


def test_token_has_256_random_bits():
    first, second = new_token(), new_token()
    assert first != second
    assert first.startswith(PREFIX)
    assert len(first.removeprefix(PREFIX)) == 43  # 6 bits each


def test_hash_of_a_token_is_its_sha256():
    token = new_token()
    assert token_hash(token) == hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["", "a" * 43, f"{PREFIX}\u00e9", PREFIX + "a" * MAX_CHARACTERS],
    ids=["empty", "no prefix", "not ASCII", "too long"],
)
def test_what_cannot_be_a_token_is_not_hashed(text):
    assert token_hash(text) is None
