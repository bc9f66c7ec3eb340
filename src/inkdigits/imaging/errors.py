"""Why an image cannot be decoded."""


class ImageError(ValueError):
    """The image cannot be decoded; the message says why, and what to do."""


class UnsupportedImage(ImageError):
    """The file is not a still image in one of the formats, or is labeled as another one."""


class ImageTooLarge(ImageError):
    """The file has more bytes or pixels, or takes more work to decode, than the limits allow."""


class DamagedImage(ImageError):
    """The file is empty, truncated, or violates the specification of its format."""


def damaged(reason: str) -> DamagedImage:
    """Make the error for a damaged file; `reason` is a clause such as "it is truncated"."""
    return DamagedImage(f"The image is damaged: {reason}; save it again and send the new file.")
