"""Runs `inkdigits serve` as a process, and talks to it over real sockets."""

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

# With Ctrl-C as at a terminal: where the tests run in the background of a shell, it is ignored.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from inkdigits.cli import main; main(prog_name='inkdigits')"
)
COMMAND = [sys.executable, "-c", CODE, "serve"]
SEVEN = (Path(__file__).parent / "golden" / "7.png").read_bytes()


@contextmanager
def serving(*arguments, settings=None, **options):
    """Run the server; give the process, and what it printed once it was ready.

    settings  of the environment: max_body_bytes=1000 is INKDIGITS_MAX_BODY_BYTES=1000
    options   those of subprocess.Popen
    """
    # On a busy machine the default deadline would pass in tests of something else.
    chosen = {"log_level": "warning", "workers": 1, "drain_s": 0, "deadline_s": 120}
    chosen |= settings or {}
    environment = options.pop("env", os.environ)
    environment = environment | {f"INKDIGITS_{k.upper()}": str(v) for k, v in chosen.items()}
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    ) as process:
        try:
            printed = []
            while not printed or not printed[-1].startswith("Ctrl-C"):
                line = process.stdout.readline()
                assert line, process.stderr.read()
                printed.append(line)
            yield process, "".join(printed)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # SIGKILL would leave its workers behind
                try:
                    process.communicate(timeout=30)
                finally:
                    process.kill()


def workers_of(process):
    """The processes that answer: children of the server that Python's multiprocessing started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def address_in(printed):
    return re.search(r"^  (http://[^ ]+)/$", printed, re.MULTILINE)[1]


def request(address, method, path, body=None, headers=None, **options):
    """Send one request; give its status, its headers and its body, read if it is JSON."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        given = {"Content-Type": "application/json"} | (headers or {})
        connection.request(method, path, body, given, **options)
        answer = connection.getresponse()
        data = answer.read()
        is_json = answer.headers.get_content_subtype().endswith("json")
        is_json &= not answer.headers["Content-Encoding"]
        return answer.status, answer.headers, json.loads(data) if is_json and data else data
    finally:
        connection.close()


def predict(address, data=SEVEN):
    body = json.dumps({"image": base64.b64encode(data).decode()})
    return request(address, "POST", "/predict", body)


def connect(address):
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def exchange(address, sent):
    """Send bytes as they are; give all that comes back before the other side is silent."""
    with connect(address) as client:
        client.sendall(sent)
        with client.makefile("rb") as answer:
            return answer.readline()


def head(*lines):
    """The head of a request to read a picture, with these lines in it."""
    return "\r\n".join(["POST /predict HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def until(condition, seconds=60):
    """Wait for what must come; the time is only for what never comes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come about within {seconds} s"
        time.sleep(0.02)


@contextmanager
def load(ask, clients):
    """Let clients ask again and again, until the end.

    ask     sends one request, and gives what came of it
    yields  a Counter of what came; of a connection that failed, the name of the error
    """
    outcomes, ended = Counter(), threading.Event()

    def go_on():
        while not ended.wait(0.01):
            try:
                outcomes[ask()] += 1
            except (OSError, http.client.HTTPException) as error:
                outcomes[type(error).__name__] += 1

    # As daemons: a test that fails must not wait for them.
    threads = [threading.Thread(target=go_on, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        ended.set()
        for thread in threads:
            thread.join()
