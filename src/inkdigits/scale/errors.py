"""The errors of this package that are meant for the user."""

from inkdigits.storage.files import FileError


class ScaleError(FileError):
    """Ray cannot be used this way; the message says why and what to do.

    As a FileError, it is reported by every command, even one that does not import this module.
    """
