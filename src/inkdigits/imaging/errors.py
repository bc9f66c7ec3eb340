"""What may be wrong with a picture."""


class ImageError(ValueError):
    """The picture cannot be read; the message says why, and what to do."""


class UnsupportedImage(ImageError):
    """The file is no still PNG, JPEG, WebP, GIF or BMP, or another kind than its label says."""


class ImageTooLarge(ImageError):
    """The file has more bytes, declares more pixels, or takes more work, than the limits allow."""


class DamagedImage(ImageError):
    """The file is empty, cut off, or breaks the rules of its format."""


def damaged(reason: str) -> DamagedImage:
    """Make the error of a file whose damage a clause on "it" describes."""
    return DamagedImage(f"The picture is damaged: {reason}; save it anew and send that.")
