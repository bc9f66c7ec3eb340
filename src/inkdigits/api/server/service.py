"""What a connection needs of the service behind it; handler.Handler provides it."""

from typing import Protocol

from inkdigits.api.server.admission import ByteBudget
from inkdigits.api.server.messages import Answer, Request
from inkdigits.api.server.rejections import Rejected
from inkdigits.api.settings import Settings


class Peer(Protocol):
    """A connection, as the service sees it.

    client    address of the peer
    file      its file descriptor
    deadline  when its client's time is up; None while the service is working
    """

    client: str
    file: int

    @property
    def deadline(self) -> float | None:
        """By the clock of the event loop."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is the client's turn."""

    def expire(self) -> None:
        """Act on a deadline that has passed."""

    def close_if_idle(self) -> None:
        """Close unless a request is being received or answered."""

    def abort(self) -> None:
        """Close at once."""

    def turn_away(self) -> None:
        """Answer that there is no room, and close."""


class Service(Protocol):
    """What connections need of the service behind them: see handler.Handler."""

    settings: Settings
    budget: ByteBudget
    buffer: memoryview  # for what arrives on any of the connections, and is taken at once
    is_draining: bool

    def opened(self, connection: Peer) -> None:
        """Note a new connection, and make room for it."""

    def closed(self, connection: Peer) -> None:
        """Forget a connection."""

    def identify(self, request: Request) -> None:
        """Find out by the headers of trusted proxies whose request it is."""

    def admit(self, request: Request) -> None:
        """Decide by its headers whether to take a request; raises Rejected."""

    async def answer(self, request: Request) -> Answer:
        """Answer a complete request."""

    def reject(self, request: Request, rejected: Rejected) -> Answer:
        """Answer a request without running the application."""

    def count(self, rejected: Rejected) -> None:
        """Count what gets no answer."""
