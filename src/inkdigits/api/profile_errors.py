"""Responses to what goes wrong with profiles, in the format of every error."""

from http import HTTPStatus

import structlog
from flask import Response, request

from inkdigits.api.errors import problem_response
from inkdigits.api.profile_access import unknown_token
from inkdigits.personal.errors import (
    ConsentMissing,
    DatabaseError,
    InvalidName,
    InvalidSample,
    NameTaken,
    NothingToUndo,
    ProfileError,
    ProfileFull,
    ProfileNotFound,
    SampleNotFound,
)

log = structlog.get_logger()

# The message of each of these is for whoever sent the request.
_STATUS: dict[type[ProfileError], HTTPStatus] = {
    ConsentMissing: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidName: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidSample: HTTPStatus.UNPROCESSABLE_ENTITY,
    NameTaken: HTTPStatus.CONFLICT,
    ProfileFull: HTTPStatus.CONFLICT,
    NothingToUndo: HTTPStatus.CONFLICT,
    SampleNotFound: HTTPStatus.NOT_FOUND,
}
BUSY_RETRY_S, RETRY_S = 1, 30


def profile_error_response(error: ProfileError) -> Response:
    """Respond to an error of profiles."""
    if isinstance(error, ProfileNotFound):  # deleted since the token was looked up
        unknown = unknown_token()
        return problem_response(
            HTTPStatus.UNAUTHORIZED, unknown.description or "", unknown.get_headers()
        )
    status = _STATUS.get(type(error))
    return _database_problem(error) if status is None else problem_response(status, str(error))


def _database_problem(error: ProfileError) -> Response:
    """Respond to a database that cannot be used; only the log may have its address."""
    cause = error.cause if isinstance(error, DatabaseError) else "other"
    log.error("profiles_unavailable", cause=cause, reason=str(error))
    request.environ["inkdigits.profile_failure"] = cause  # the server counts it
    is_busy = cause == "busy"
    detail = (
        "The profiles are in use by another program; try again in a moment."
        if is_busy
        else "The profiles cannot be used now, and the server's log says why; without a profile, "
        "everything else works."
    )
    retry = {"Retry-After": str(BUSY_RETRY_S if is_busy else RETRY_S)}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry)
