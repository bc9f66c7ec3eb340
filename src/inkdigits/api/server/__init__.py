"""The production server: an HTTP/1.1 server with limits, worker processes, and a supervisor."""

from inkdigits.api.server.supervisor import AddressError, ServerError, serve

__all__ = ["AddressError", "ServerError", "serve"]
