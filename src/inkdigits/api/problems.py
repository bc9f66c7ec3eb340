"""stub to be merged"""

import json
from http import HTTPStatus


def problem_body(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    return json.dumps(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
            "request_id": request_id,
        }
    ).encode()
