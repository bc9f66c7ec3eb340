"""What of each batch a process computes in training: all of it, unless workers share it."""

from inkdigits.arrays import Array


class Share:
    """What of each batch this process computes: all of it, or in a subclass some of its rows."""

    def examples(self, step: int, rows: int) -> int:
        """Return how many examples the batch of a step has, of which `rows` are computed here."""
        return rows

    def total(self, gradient: Array, loss: float, correct: int) -> tuple[float, int]:
        """Add up over the rows of all processes, the gradient in place; return loss and correct."""
        return loss, correct


WHOLE_BATCH = Share()
