"""Requests to the service, and checks of its responses and errors."""

import base64
import io
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image
from werkzeug.serving import make_server

MODELS = ("cnn-small", "mlp", "classic")
PREDICT, ONE, BATCH = "/predict", "/api/v1/predictions", "/api/v1/predictions/batch"
NUMBER, NUMBER_BATCH = "/api/v1/numbers", "/api/v1/numbers/batch"
EXPLANATION = "/api/v1/explanations"
PROFILES, PROFILE = "/api/v1/profiles", "/api/v1/profile"
BLANK = {"pixels": [[0] * 28] * 28}


def file_of(pixels, kind="PNG", **options):
    """Encode pixels or a Pillow image as an image file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def base64_of(data):
    return base64.b64encode(data).decode()


def post(client, path, body, content_type="application/json", **headers):
    return client.post(path, data=body, content_type=content_type, headers=headers)


def assert_problem(response, status):
    """Check an error response; return the sentence that explains it."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    problem = response.get_json(force=True)
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return assert_problem_details(problem, status)


def assert_problem_details(problem, status):
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    # One sentence without a traceback, a path or a class name.
    assert re.fullmatch(r"[^\n<]+\.", problem["detail"])
    assert not re.search(r"Traceback|\.py|/home/|/usr/|\b[A-Z][a-z]+[A-Z][a-z]+", problem["detail"])
    assert len(problem["detail"]) < 300
    return problem["detail"]


@dataclass
class Outcome:
    """The result for one drawing, however it was sent: a digit (or None), or a problem."""

    status: int
    digit: int | None = None
    probabilities: list[float] | None = None
    detail: str = ""


def by_predict(client, fields):
    response = client.post(PREDICT, json=fields)
    if response.status_code != 200:
        return Outcome(response.status_code, detail=assert_problem(response, response.status_code))
    digit = response.json["predicted_digit"]
    return Outcome(200, None if digit == "none" else digit, response.json["probabilities"])


def by_one(client, fields):
    return outcome_of(client.post(ONE, json=fields))


def by_batch(client, fields):
    response = client.post(BATCH, json={"drawings": [BLANK, fields, BLANK]})
    before, item, after = response.json["predictions"]
    assert before["reason"] == after["reason"] == "blank"
    if "detail" in item:
        return Outcome(item["status"], detail=assert_problem_details(item, item["status"]))
    return Outcome(200, item["digit"], item["probabilities"])


def outcome_of(response):
    if response.status_code != 200:
        return Outcome(response.status_code, detail=assert_problem(response, response.status_code))
    return Outcome(200, response.json["digit"], response.json["probabilities"])


def raw(client, data, media_type):
    return outcome_of(post(client, ONE, data, media_type or "application/octet-stream"))


def as_file_of_a_form(client, data, media_type):
    # Built here, because the test client leaves the temporary file of a large form open.
    head = 'Content-Disposition: form-data; name="image"; filename="digit"\r\n'
    head += f"Content-Type: {media_type or 'application/octet-stream'}\r\n"
    body = f"--=x=\r\n{head}\r\n".encode() + data + b"\r\n--=x=--\r\n"
    return outcome_of(post(client, ONE, body, 'multipart/form-data; boundary="=x="'))


def as_field(send):
    def send_file(client, data, media_type):
        prefix = f"data:{media_type};base64," if media_type else ""
        return send(client, {"image": prefix + base64_of(data)})

    return send_file


# Ways to send the fields of a drawing, and ways to send a file with or without its media type.
FIELDS = {"predict": by_predict, "one": by_one, "batch": by_batch}
FILES = {name: as_field(send) for name, send in FIELDS.items()}
FILES |= {"raw": raw, "form": as_file_of_a_form}


@contextmanager
def serving(app):
    """Serve an application on a free port, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
