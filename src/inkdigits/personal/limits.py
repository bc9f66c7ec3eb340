"""What a profile may hold, and what its name may be."""

import unicodedata

from inkdigits.personal.errors import InvalidName

MAX_SAMPLES = 2_000  # of a profile
MAX_STROKES = 200  # of a sample
MAX_POINTS = 20_000  # of all strokes of a sample together
MAX_COORDINATE = 1e6  # of a point, and of the width of a pen
MAX_NAME = 64  # characters
MAX_VERSIONS_WITH_MODELS = 20  # the models of older versions are deleted; they can be fitted again


def normalize(name: str) -> str:
    """Return a name in one of the forms that look alike: composed, without spaces at its ends."""
    return unicodedata.normalize("NFC", name.strip())


def check_name(name: str) -> str:
    """Return the name of a profile as it is stored; raise InvalidName."""
    name = normalize(name)
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidName(
            f"The name of a profile must have 1 to {MAX_NAME} characters that can be printed; "
            "choose another."
        )
    return name
