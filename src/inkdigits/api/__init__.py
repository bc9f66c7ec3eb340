"""The Flask service: a picture of a digit comes in over HTTP, the digit goes out as JSON."""

from inkdigits.api.app import DEFAULT_ORIGINS, MAX_BODY_BYTES, create_app

__all__ = ["DEFAULT_ORIGINS", "MAX_BODY_BYTES", "create_app"]
