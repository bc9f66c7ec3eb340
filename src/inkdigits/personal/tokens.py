"""Secret tokens, with which the person of a profile proves to a service who they are."""

import hashlib
import secrets

PREFIX = "inkdigits_"  # by which tools that look for leaked secrets can find one
RANDOM_BYTES = 32
MAX_CHARACTERS = 128  # of what is accepted for a token before it is looked at


def new_token() -> str:
    """Make a token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def token_hash(token: str) -> str | None:
    """Return what is stored of a token: its SHA-256, in hexadecimal.

    A token is random, so it needs neither salt nor a slow hash.

    returns  None for what cannot be a token
    """
    if not token.startswith(PREFIX) or len(token) > MAX_CHARACTERS or not token.isascii():
        return None
    return hashlib.sha256(token.encode()).hexdigest()
