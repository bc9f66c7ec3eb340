"""Run `inkdigits serve` as a process, and talk to it over real sockets."""

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

from forked_servers import SERVERS

# Handles Ctrl-C as in a terminal; background processes of a shell would ignore it.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from inkdigits.cli import main; main(prog_name='inkdigits')"
)
COMMAND = [sys.executable, "-c", CODE, "serve"]
SEVEN = (Path(__file__).parent / "golden" / "7.png").read_bytes()


@contextmanager
def serving(*arguments, settings=None, port=0, **options):
    """Run the server until the end of the block.

    port      of the option --port; None for no option
    settings  for the environment: max_body_bytes=1000 is INKDIGITS_MAX_BODY_BYTES=1000
    options   of subprocess.Popen; without any, it is a fork, which starts faster
    yields    the process, and what it printed before it was ready
    """
    # On a busy machine the default queue timeout would expire in unrelated tests.
    chosen = {"log_level": "warning", "workers": 1, "drain_s": 0, "queue_timeout_s": 120}
    chosen |= settings or {}
    variables = {f"INKDIGITS_{k.upper()}": str(v) for k, v in chosen.items()}
    arguments = [*([] if port is None else ["--port", port]), *arguments]
    with _start(arguments, variables, options) as process:
        try:
            printed = []
            while not printed or "Ctrl-C" not in printed[-1]:
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


def _start(arguments, variables, options):
    environment = options.pop("env", os.environ) | variables
    if not options and SERVERS.can_run(environment):
        return SERVERS.run(["serve", *arguments], environment)
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def workers_of(process):
    """The ids of the worker processes: children that Python's multiprocessing started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def address_in(printed):
    return re.search(r"^  (http://[^ ]+)/$", printed, re.MULTILINE)[1]


def request(address, method, path, body=None, headers=None, **options):
    """Send one request; return status, headers and body, decoded if it is JSON."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        given = {"Content-Type": "application/json"} | (headers or {})
        connection.request(method, path, body, given, **options)
        response = connection.getresponse()
        data = response.read()
        is_json = response.headers.get_content_subtype().endswith("json")
        is_json &= not response.headers["Content-Encoding"]
        return response.status, response.headers, json.loads(data) if is_json and data else data
    finally:
        connection.close()


def predict(address, data=SEVEN):
    body = json.dumps({"image": base64.b64encode(data).decode()})
    return request(address, "POST", "/predict", body)


def connect(address):
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def exchange(address, sent):
    """Send raw bytes; return the first line of the response."""
    with connect(address) as client:
        client.sendall(sent)
        with client.makefile("rb") as response:
            return response.readline()


def head(*lines):
    """The head of a POST to /predict with these header lines."""
    return "\r\n".join(["POST /predict HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def until(condition, seconds=60):
    """Wait until a condition holds; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@contextmanager
def load(send, clients):
    """Let clients send requests continuously until the end of the block.

    send    sends one request and returns its outcome
    yields  a Counter of the outcomes; a failed connection counts by the name of its error
    """
    outcomes, ended = Counter(), threading.Event()

    def run():
        while not ended.wait(0.01):
            try:
                outcomes[send()] += 1
            except (OSError, http.client.HTTPException) as error:
                outcomes[type(error).__name__] += 1

    # Daemons, so that a failing test does not wait for them.
    threads = [threading.Thread(target=run, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        ended.set()
        for thread in threads:
            thread.join()
