"""What the name of a profile may be, and how many models are kept; see also `data.samples`."""

import unicodedata

from inkdigits.constants import MAX_NAME
from inkdigits.data.samples import MAX_SAMPLES as MAX_SAMPLES  # for the service, too
from inkdigits.personal.errors import InvalidName

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
