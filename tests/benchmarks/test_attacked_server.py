"""Memory and processor time are those of a whole tree of processes."""

import os
import signal
import subprocess
import sys
import time

import attacked_server
import pytest
from attacked_server import NotStarted, Server, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

TREE = "sleep 60 & sleep 60 & wait"


@pytest.fixture
def tree(tmp_path):
    """A shell with two children."""
    with subprocess.Popen(["sh", "-c", TREE]) as shell:
        server = Server(shell.pid, 0, tmp_path)
        deadline = time.monotonic() + 60
        while len(server.processes()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        yield server
        for pid in server.processes():
            os.kill(pid, signal.SIGKILL)


def test_memory_is_summed_over_all_processes(tree):
    assert tree.processes()[0] == tree.pid
    assert len(tree.processes()) == 3
    sizes = [attacked_server.resident_bytes(pid) for pid in tree.processes()]
    assert all(size > 0 for size in sizes)
    assert tree.memory_bytes() == sum(sizes)


def test_workers_are_all_but_the_first_process(tree):
    assert sorted(tree.workers()) == sorted(tree.processes()[1:])


def test_process_that_has_ended_takes_nothing():
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert attacked_server.resident_bytes(process.pid) == 0
        assert attacked_server.processor_s(process.pid) == 0


def test_processor_time_includes_that_of_children_that_have_ended(tmp_path):
    burn = "python = [number * number for number in range(5_000_000)]"
    command = f'"{sys.executable}" -c "{burn}"; echo burned; read line'
    with subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        assert shell.stdout.readline() == b"burned\n"
        assert Server(shell.pid, 0, tmp_path).processor_s() > 0
        shell.communicate(b"\n")


def test_server_that_does_not_start_is_shown_with_what_it_printed(tmp_path):
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho No port is free. >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(NotStarted, match="No port is free"), serving(tmp_path):
        pass
