"""Requests that never reach the application: the reasons, and what their senders are told."""

from http import HTTPStatus

RETRY_AFTER_S = 1


class Rejected(Exception):
    """A request that the server answers itself.

    status   of the answer
    reason   a word for the metrics and the log
    detail   one sentence: the cause, and what to do
    headers  that the answer has beside the usual ones
    """

    def __init__(self, status: HTTPStatus, reason: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


def busy(reason: str) -> Rejected:
    """Reject a request that the service has no capacity for."""
    return Rejected(
        HTTPStatus.SERVICE_UNAVAILABLE,
        reason,
        f"The service is overloaded; send the request again in {RETRY_AFTER_S} s.",
        Retry_After=str(RETRY_AFTER_S),
    )


def malformed(detail: str) -> Rejected:
    """Reject a request that breaks the rules of HTTP; `detail` is the sentence."""
    return Rejected(HTTPStatus.BAD_REQUEST, "malformed", detail)


def too_large(limit: int) -> Rejected:
    """Reject a body over the limit in bytes."""
    return Rejected(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"The body is larger than {limit:,} bytes; send a smaller picture.",
    )


def incomplete() -> Rejected:
    """Reject a request whose sender stopped before its end."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "gone",
        "The request ended before it was complete; send it again, whole.",
    )


def too_slow(part: str) -> Rejected:
    """Reject a request whose `part`, the headers or the body, took too long to arrive."""
    return Rejected(
        HTTPStatus.REQUEST_TIMEOUT,
        f"slow_{part}",
        f"The {part} did not arrive in time; send the request again, whole.",
    )


def too_many_chunks() -> Rejected:
    """Reject a body in too many tiny chunks."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "tiny_chunks",
        "The body comes in too many tiny chunks; send it in larger ones.",
    )


def headers_too_large() -> Rejected:
    """Reject a request with too many headers, or too long ones."""
    return Rejected(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "large_headers",
        "The headers are too large; send fewer or shorter ones.",
    )


def client_left() -> Rejected:
    """Give up a request that nobody waits for any more."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "gone",
        "The connection was closed before the answer; keep it open until then.",
    )


def failed() -> Rejected:
    """Give up a request at which the service itself failed."""
    return Rejected(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "failed",
        "The service failed at this request; its log says why.",
    )
