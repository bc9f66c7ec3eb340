"""What can be wrong with a request to the lab."""


class LabError(Exception):
    """A request cannot be fulfilled; the message is one sentence, without a path, for the user.

    field    the option that is wrong, such as "learning_rate"; None if it is not about one
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnknownRun(LabError):
    """There is no run with this name."""

    def __init__(self) -> None:
        super().__init__("There is no run with this name.")


class TooManyRuns(LabError):
    """As many runs are training as the limits allow."""
