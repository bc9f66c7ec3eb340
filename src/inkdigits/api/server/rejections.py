"""The server's own error responses, for requests to which the application does not respond."""

from http import HTTPStatus

RETRY_AFTER_S = 1


class Rejected(Exception):
    """A request or connection is rejected before the application can respond.

    status   of the response
    reason   label in metrics and log
    detail   one sentence: the cause, and what to do
    headers  of the response, in addition to the usual ones
    """

    def __init__(self, status: HTTPStatus, reason: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


def overloaded(reason: str) -> Rejected:
    """Reject a request that the server has no capacity for."""
    return Rejected(
        HTTPStatus.SERVICE_UNAVAILABLE,
        reason,
        f"The service is overloaded; send the request again in {RETRY_AFTER_S} s.",
        Retry_After=str(RETRY_AFTER_S),
    )


def malformed(detail: str) -> Rejected:
    """Reject a request that violates HTTP/1.1; `detail` says how."""
    return Rejected(HTTPStatus.BAD_REQUEST, "malformed", detail)


def body_too_large(limit: int) -> Rejected:
    """Reject a body of more than `limit` bytes."""
    return Rejected(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"The body is larger than {limit:,} bytes; send a smaller image.",
    )


def incomplete() -> Rejected:
    """Reject a request whose client stopped sending before it was complete."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "client_disconnected",
        "The request ended before it was complete; send it again.",
    )


def timed_out(part: str) -> Rejected:
    """Reject a request whose `part`, "header" or "body", took too long to arrive."""
    subject = "headers" if part == "header" else part
    return Rejected(
        HTTPStatus.REQUEST_TIMEOUT,
        f"{part}_timeout",
        f"The {subject} did not arrive in time; send the request again.",
    )


def too_many_chunks() -> Rejected:
    """Reject a body of too many small chunks."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "too_many_chunks",
        "The body has too many small chunks; send larger ones.",
    )


def headers_too_large() -> Rejected:
    """Reject a request with too many headers, or headers that are too long."""
    return Rejected(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        "The headers are too large; send fewer or shorter ones.",
    )


def client_disconnected() -> Rejected:
    """Drop a request whose client has disconnected."""
    return Rejected(
        HTTPStatus.BAD_REQUEST,
        "client_disconnected",
        "The connection was closed before the response.",
    )


def internal_error() -> Rejected:
    """Respond to a request that the server failed to handle."""
    return Rejected(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "The server failed to handle this request; its log says why.",
    )
