"""The production server: HTTP/1.1 within limits, worker processes, and a supervisor over them."""

from inkdigits.api.server.supervisor import AddressError, ServerError, serve

__all__ = ["AddressError", "ServerError", "serve"]
