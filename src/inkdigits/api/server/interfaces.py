"""The interfaces between connections and the service behind them."""

from typing import Protocol

from inkdigits.api.server.admission import ByteBudget
from inkdigits.api.server.messages import Request, Response
from inkdigits.api.server.rejections import Rejected
from inkdigits.api.server.streams import Streams
from inkdigits.api.settings import Settings


class ClientConnection(Protocol):
    """A connection, as the service sees it: see connection.Connection.

    client    address of the peer
    fd        file descriptor of the socket
    deadline  event loop time by which the client must send or read more; None while the
              service is working
    """

    client: str
    fd: int

    @property
    def deadline(self) -> float | None:
        """See above."""

    @property
    def awaits_client(self) -> bool:
        """Whether the server is waiting for the client."""

    def handle_timeout(self) -> None:
        """Handle a deadline that has passed."""

    def close_if_idle(self) -> None:
        """Close unless a request is being received or processed."""

    def abort(self) -> None:
        """Close at once."""

    def reject(self) -> None:
        """Respond that there is no capacity, and close."""


class Service(Protocol):
    """The service, as a connection sees it: see handler.Handler.

    buffer       for received data, shared by all connections; must be consumed at once
    streams      responses that go on
    is_draining  whether the worker is shutting down: each response is the last of its connection
    """

    settings: Settings
    budget: ByteBudget
    buffer: memoryview
    streams: Streams
    is_draining: bool

    def connection_opened(self, connection: ClientConnection) -> None:
        """Register a new connection, and close another one if there are too many."""

    def connection_closed(self, connection: ClientConnection) -> None:
        """Forget a connection."""

    def resolve_client(self, request: Request) -> None:
        """Set the client's address from the headers of trusted proxies."""

    def admit(self, request: Request) -> None:
        """Decide from the headers whether to accept a request; raises Rejected."""

    async def respond(self, request: Request) -> Response:
        """Respond to a complete request."""

    def reject(self, request: Request, rejected: Rejected) -> Response:
        """Respond to a request without the application."""

    def count(self, rejected: Rejected) -> None:
        """Count a request that gets no response."""
