"""The sentence with which a file is refused."""

import pytest

from inkdigits.storage.files import FileError


def refusal_of(read, data, **options):
    """Return the message of the FileError that `read(data)` raises: one printable sentence."""
    with pytest.raises(FileError) as caught:
        read(data, **options)
    message = str(caught.value)
    assert message.isprintable()
    assert message.endswith(".")
    assert len(message) < 600
    return message
