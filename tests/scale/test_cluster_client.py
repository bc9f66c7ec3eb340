"""A cluster that others started, as on many machines: address, token, what is refused."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from inkdigits.scale.cluster import connected
from inkdigits.scale.errors import ScaleError

GOLDEN = Path(__file__).parents[1] / "golden"
START_SECONDS = 60


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.ray
def test_port_where_nothing_answers_is_told_at_once():
    (port,) = free_ports(1)
    for host in ("127.0.0.1", "localhost"):
        with (
            pytest.raises(ScaleError, match=f"Nothing answers at {host} on port {port}"),
            connected(f"ray://{host}:{port}"),
        ):
            pass


@pytest.fixture(scope="module")
def head():
    """The port for clients of a cluster with a token, and the variables that a client must have."""
    port, client_port = free_ports(2)
    # Ray's sockets are in the folder, whose path must be short.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block"]
    command += [f"--port={port}", f"--ray-client-server-port={client_port}", "--num-cpus=1"]
    command += [f"--temp-dir={folder}", "--include-dashboard=false", "--disable-usage-stats"]
    with (folder / "head.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        # The port for clients is opened later than the cluster says that it has started.
        while not answers(client_port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((folder / "head.log").read_text())
            time.sleep(0.2)
        yield client_port, environment
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.ray
def test_client_with_the_token_recognizes_pictures(head, tmp_path):
    import pyarrow.parquet as pq

    port, environment = head
    # RAY_AUTH_MODE is not needed.
    environment = {name: value for name, value in environment.items() if name != "RAY_AUTH_MODE"}
    arguments = ["predict", str(GOLDEN), "-o", "results", "--on", f"ray://127.0.0.1:{port}"]
    script = "from inkdigits.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert "10 of 10 rows recognized" in result.stderr
    assert result.stderr.count("\n") == 1
    rows = pq.read_table(tmp_path / "results").to_pylist()
    assert [row["digit"] for row in rows] == list(range(10))
