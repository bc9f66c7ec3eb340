"""The benchmark of a class sends as many drawings as thirty browsers would."""

import asyncio

import classroom


def test_browsers_send_one_drawing_per_interval_and_count_failures():
    with classroom.serving(workers=1) as server:
        row = asyncio.run(classroom.measure(server, interval_s=1.0, seconds=1.0))
    assert row["failed"] == 0
    assert 0 < row["requests_per_s"] <= 2 * classroom.BROWSERS
    assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["max_ms"]


def test_requests_are_what_the_page_sends():
    bodies = classroom.requests()
    assert len(bodies) == 10
    for body in bodies:
        head, _, text = body.partition(b"\r\n\r\n")
        assert f"content-length: {len(text)}".encode() in head.lower()
        assert text.startswith(b'{"image": "data:image/png;base64,')
