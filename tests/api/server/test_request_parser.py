"""The request parser by itself: what it reports, and what it rejects."""

import pytest

from inkdigits.api.server.rejections import Rejected
from inkdigits.api.server.request_parser import (
    MAX_CHUNKS,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    RequestParser,
    check_head,
)

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


class Recorder:
    """A handler that records what the parser reports."""

    def __init__(self, max_body_bytes=10**9):
        self.requests, self.reasons = [], []
        self.parser = RequestParser(self, "192.0.2.1", max_body_bytes)

    def request_started(self):
        pass

    def headers_received(self, request):
        self.requests.append(request)

    def body_received(self, request, part):
        request.body += part

    def request_completed(self, request):
        assert request.is_complete

    def request_rejected(self, rejected):
        self.reasons.append(rejected.reason)
        self.parser.close()

    def feed(self, *parts):
        for part in parts:
            self.parser.feed(memoryview(part))
        return self


def test_requests_are_reported_however_the_bytes_are_split():
    sent = HEAD + b"Content-Length: 2\r\n\r\n{}" + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    at_once = Recorder().feed(sent)
    in_bytes = Recorder().feed(*(sent[index : index + 1] for index in range(len(sent))))
    for recorder in (at_once, in_bytes):
        post, get = recorder.requests
        assert (post.method, post.target, post.body) == ("POST", b"/predict", b"{}")
        assert (get.method, get.target, get.body) == ("GET", b"/", b"")
        assert post.headers == [("host", "x"), ("content-length", "2")]
        assert post.client == "192.0.2.1"
        assert recorder.reasons == []
        assert recorder.parser.request is None


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([b"nonsense\r\n\r\n"], "malformed"),
        ([b"GET /", b"a" * (MAX_HEAD_BYTES + 1)], "headers_too_large"),
        (
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * (MAX_CHUNKS + 1)],
            "too_many_chunks",
        ),
        (
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", *[b"a" * 2**18] * 2],
            "body_too_large",
        ),
    ],
)
def test_violations_are_rejected_and_the_rest_is_ignored(parts, reason):
    recorder = Recorder().feed(*parts)
    assert recorder.reasons == [reason]
    assert recorder.parser.is_closed


def test_head_is_checked():
    (request,) = Recorder().feed(HEAD + b"Content-Length: 11\r\n\r\n").requests
    check_head(request, max_body_bytes=11)
    with pytest.raises(Rejected) as rejected:
        check_head(request, max_body_bytes=10)
    assert rejected.value.reason == "body_too_large"
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(MAX_HEADERS))
    (request,) = Recorder().feed(HEAD + many + b"\r\n").requests
    with pytest.raises(Rejected) as rejected:
        check_head(request, max_body_bytes=10)
    assert rejected.value.reason == "headers_too_large"
