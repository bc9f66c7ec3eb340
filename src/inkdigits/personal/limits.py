"""What a profile may hold, and what its name may be."""

import unicodedata

from inkdigits.constants import MAX_NAME
from inkdigits.data import profile_files
from inkdigits.personal.errors import InvalidName

MAX_SAMPLES = profile_files.MAX_SAMPLES  # so that each profile can be exported
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
