"""What the tests of the service send, and what they expect of its answers and errors."""

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
BLANK = {"pixels": [[0] * 28] * 28}


def file_of(pixels, kind="PNG", **options):
    """A picture's file of pixels, or of a picture of Pillow's."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def base64_of(data):
    return base64.b64encode(data).decode()


def post(client, path, body, content_type="application/json", **headers):
    return client.post(path, data=body, content_type=content_type, headers=headers)


def assert_problem(answer, status):
    """Hold an error against the rules that all keep to; give the sentence that explains it."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json(force=True)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return assert_problem_is(problem, status)


def assert_problem_is(problem, status):
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    # One sentence, and no trace, path or name of a class.
    assert re.fullmatch(r"[^\n<]+\.", problem["detail"])
    assert not re.search(r"Traceback|\.py|/home/|/usr/|\b[A-Z][a-z]+[A-Z][a-z]+", problem["detail"])
    assert len(problem["detail"]) < 300
    return problem["detail"]


@dataclass
class Outcome:
    """What became of one drawing, however it was sent: a digit (or None), or a problem."""

    status: int
    digit: int | None = None
    probabilities: list[float] | None = None
    detail: str = ""


def by_predict(client, fields):
    answer = client.post(PREDICT, json=fields)
    if answer.status_code != 200:
        return Outcome(answer.status_code, detail=assert_problem(answer, answer.status_code))
    digit = answer.json["predicted_digit"]
    return Outcome(200, None if digit == "none" else digit, answer.json["probabilities"])


def by_one(client, fields):
    return outcome_of(client.post(ONE, json=fields))


def by_batch(client, fields):
    answer = client.post(BATCH, json={"drawings": [BLANK, fields, BLANK]})
    before, item, after = answer.json["predictions"]
    assert before["reason"] == after["reason"] == "blank"
    if "detail" in item:
        return Outcome(item["status"], detail=assert_problem_is(item, item["status"]))
    return Outcome(200, item["digit"], item["probabilities"])


def outcome_of(answer):
    if answer.status_code != 200:
        return Outcome(answer.status_code, detail=assert_problem(answer, answer.status_code))
    return Outcome(200, answer.json["digit"], answer.json["probabilities"])


def raw(client, data, media_type):
    return outcome_of(post(client, ONE, data, media_type or "application/octet-stream"))


def as_file_of_a_form(client, data, media_type):
    # By hand, for the client would leave the temporary file open that it makes of a large one.
    head = 'Content-Disposition: form-data; name="image"; filename="digit"\r\n'
    head += f"Content-Type: {media_type or 'application/octet-stream'}\r\n"
    body = f"--=x=\r\n{head}\r\n".encode() + data + b"\r\n--=x=--\r\n"
    return outcome_of(post(client, ONE, body, 'multipart/form-data; boundary="=x="'))


def as_field(send):
    def send_file(client, data, media_type):
        prefix = f"data:{media_type};base64," if media_type else ""
        return send(client, {"image": prefix + base64_of(data)})

    return send_file


# Ways to send the fields of a drawing, and ways to send a picture's file with or without a label.
FIELDS = {"predict": by_predict, "one": by_one, "batch": by_batch}
FILES = {name: as_field(send) for name, send in FIELDS.items()}
FILES |= {"raw": raw, "form": as_file_of_a_form}


@contextmanager
def serving(app):
    """Serve on a free port; give the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
