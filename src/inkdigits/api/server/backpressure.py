"""Backpressure: unread responses count against the memory budget, and must be read in time."""

from inkdigits.api.server.admission import ByteBudget, Reservation

READ_TIMEOUT_S = 30.0
MIN_READ_BYTES = 2**15  # that a client must read of a response within READ_TIMEOUT_S


class UnreadResponses:
    """The bytes of one connection's responses that its client has not read.

    is_blocked     whether the next response must wait
    read_deadline  event loop time by which the client must have read more; None if it has
                   read everything
    """

    def __init__(self, budget: ByteBudget) -> None:
        self._reservation = Reservation(budget)
        self._size = 0  # bytes, when last checked
        self.is_blocked = False
        self.read_deadline: float | None = None

    def pause(self, client: str, size: int, now: float) -> None:
        """Reserve memory for `size` unread bytes; raises Rejected if the budget is used up."""
        self.is_blocked = True
        self._size, self.read_deadline = size, now + READ_TIMEOUT_S
        self._reservation.resize(client, size)

    def resume(self) -> None:
        """Release the memory."""
        self.is_blocked = False
        self.read_deadline = None
        self._reservation.resize("", 0)

    def has_progressed(self, size: int, now: float) -> bool:
        """Check at the deadline whether the client has read enough, and set the next deadline.

        size  bytes that are still unread
        """
        count = self._size - size
        self._size, self.read_deadline = size, now + READ_TIMEOUT_S
        return count >= MIN_READ_BYTES
