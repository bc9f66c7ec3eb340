"""The memory that parsing takes is proportional to the body, whatever it contains."""

import tracemalloc

import pytest
from requests_to import BATCH, ONE, PREDICT, assert_problem, base64_of, post

from inkdigits.api import parsing
from inkdigits.api.parsing import MAX_DATA_URL_HEADER

SIZE = 3_000_000
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
END = b"\r\n--x--\r\n"
EMOJI = "\U0001f600".encode()


def filled(before, filling, after=b""):
    """Return a function that makes a body: all of them at once would take 60 MB in all tests."""
    return lambda: before + filling * ((SIZE - len(before) - len(after)) // len(filling)) + after


# The most expensive body of each kind.
BODIES = {
    "base64": (PREDICT, "application/json", filled(b'{"image":"', b"AAAA", b'"}')),
    "the header of a data URL": (
        PREDICT,
        "application/json",
        filled(b'{"image":"data:', ";\u0130".encode(), b';base64,AAAA"}'),
    ),
    "wide characters": (PREDICT, "application/json", filled(b'{"image":"' + EMOJI, b"A", b'"}')),
    "only wide characters": (PREDICT, "application/json", filled(b'{"image":"', EMOJI, b'"}')),
    "escapes": (PREDICT, "application/json", filled(b'{"image":"', b"\\ud83d\\ude00", b'"}')),
    "brackets": (PREDICT, "application/json", filled(b"", b"[")),
    "objects": (PREDICT, "application/json", filled(b"", b'{"a":')),
    "a long name": (PREDICT, "application/json", filled(b'{"', b"a", b'":1}')),
    "a long number": (PREDICT, "application/json", filled(b'{"image":', b"1", b"}")),
    "many values": (PREDICT, "application/json", filled(b'{"image":[', b"1,", b"1]}")),
    "spaces": (PREDICT, "application/json", filled(b"{", b" ", b"}")),
    "a batch": (BATCH, "application/json", filled(b'{"drawings":[{"image":"', b"A", b'"}]}')),
    "a batch of wide text": (
        BATCH,
        "application/json",
        filled(b'{"drawings":["' + EMOJI, b"a", b'"]}'),
    ),
    "bytes": (ONE, "application/octet-stream", filled(b"", b"x")),
    "a form": (ONE, FORM, filled(PART, b"a", END)),
    "a form of line breaks": (ONE, FORM, filled(PART, b"\r\n", END)),
    "a form of boundaries": (ONE, FORM, filled(PART, b"\r\n--", END)),
    "a form of parts": (
        ONE,
        FORM,
        filled(b"", b'--x\r\nContent-Disposition: a;name="i"\r\n\r\n\r\n'),
    ),
    "a form's field": (
        ONE,
        FORM,
        filled(b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n', EMOJI, END),
    ),
}
ENDLESS = {
    "header": filled(b'--x\r\nContent-Disposition: form-data; name="', b"a", b'"\r\n\r\n' + END),
    "preamble": filled(b"", b"a"),
}


def peak_bytes(call):
    """Measure the peak of the memory that a call allocates."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("path", "content_type", "make_body"), BODIES.values(), ids=BODIES)
def test_memory_is_proportional_to_the_body(client, path, content_type, make_body):
    data = make_body()
    post(client, path, b"{}", content_type)  # allocations of the first request are permanent
    assert peak_bytes(lambda: post(client, path, data, content_type)) < 10 * len(data)


@pytest.mark.parametrize("make_body", ENDLESS.values(), ids=ENDLESS)
def test_endless_header_in_a_form_returns_422(client, make_body):
    data = make_body()
    post(client, ONE, b"{}", FORM)
    responses = []
    taken = peak_bytes(lambda: responses.append(post(client, ONE, data, FORM)))
    assert_problem(responses[0], 422)
    # The client's copy and the body; the parser does not accumulate it.
    assert taken < 2.5 * len(data)


def test_data_url_with_a_long_header_returns_400(client, png, monkeypatch):
    padding = "x" * (MAX_DATA_URL_HEADER - len("image/png;;base64"))
    longest = f"data:image/png;{padding};base64,{base64_of(png)}"
    assert client.post(PREDICT, json={"image": longest}).json["predicted_digit"] == 7
    decoded = []
    monkeypatch.setattr(parsing.base64, "b64decode", lambda *_, **__: decoded.append(1) or b"")
    for header in (f"image/png;{padding}x;base64", ";\u0130" * 100_000 + ";base64", ";" * 10**6):
        response = client.post(PREDICT, json={"image": f"data:{header},{base64_of(png)}"})
        assert "data:image/png;base64" in assert_problem(response, 400)
    assert decoded == []
