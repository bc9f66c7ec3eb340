"""Read data that may be damaged."""

from sentences import assert_sentence

from inkdigits.data.folders import DataError


def read_or_refuse(read, *arguments):
    """Return what `read` reads; None if it refuses the data in a printable sentence."""
    try:
        return read(*arguments)
    except DataError as error:
        message = str(error)
    assert_sentence(message)
    assert message.isprintable()
    return None
