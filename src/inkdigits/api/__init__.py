"""The Flask service: a picture of a digit comes in over HTTP, the digit goes out as JSON."""

from inkdigits.api.app import create_app
from inkdigits.api.registry import Shelf
from inkdigits.api.settings import DEFAULT_ORIGINS, MAX_BODY_BYTES, Settings

__all__ = ["DEFAULT_ORIGINS", "MAX_BODY_BYTES", "Settings", "Shelf", "create_app"]
