"""What the tests of the service send, and what they expect of its errors."""

import base64
import io
import json
import re

from PIL import Image

MODELS = ("cnn-small", "mlp", "classic")


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


def post_image(client, path, image):
    """Send a picture in base64 by the rules of JSON that hold at each address."""
    return post(client, path, json.dumps({"image": image}))


def digit_of(answer):
    """What is read, in the write-up's words or not; None is no digit."""
    if "predicted_digit" in answer.json:
        digit = answer.json["predicted_digit"]
        return None if digit == "none" else digit
    return answer.json["digit"]


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
    return problem["detail"]
