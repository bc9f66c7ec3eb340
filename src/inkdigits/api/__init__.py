"""The Flask service: takes an image of a digit over HTTP and responds with the digit as JSON."""

from inkdigits.api.app import create_app
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.settings import DEFAULT_ORIGINS, MAX_BODY_BYTES, Settings

__all__ = ["DEFAULT_ORIGINS", "MAX_BODY_BYTES", "ModelRegistry", "Settings", "create_app"]
