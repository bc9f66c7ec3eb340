"""What a client has not read of its answers: bytes that are held against it, for a limited time."""

from inkdigits.api.server.admission import ByteBudget, Reservation

READ_TIMEOUT_S = 30.0
MIN_READ_BYTES = 2**15  # that a client must read of an answer in that time


class Unread:
    """The unread answers of one connection.

    is_blocked  whether the next answer must wait
    read_by     by the clock of the event loop, when the client must have read more; None if it has
                read all
    """

    def __init__(self, budget: ByteBudget) -> None:
        self._reservation = Reservation(budget)
        self._size = 0  # bytes, at the last look
        self.is_blocked = False
        self.read_by: float | None = None

    def pause(self, client: str, size: int, now: float) -> None:
        """Hold `size` bytes against a client; raises Rejected if the budget is spent."""
        self.is_blocked = True
        self._size, self.read_by = size, now + READ_TIMEOUT_S
        self._reservation.resize(client, size)

    def resume(self) -> None:
        """Hold nothing any more."""
        self.is_blocked = False
        self.read_by = None
        self._reservation.resize("", 0)

    def has_read_enough(self, size: int, now: float) -> bool:
        """Look at `read_by` whether the client reads at all, and set the next one."""
        count = self._size - size
        self._size, self.read_by = size, now + READ_TIMEOUT_S
        return count >= MIN_READ_BYTES
