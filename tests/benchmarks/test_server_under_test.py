"""Memory and CPU time are summed over a whole process tree."""

import os
import signal
import subprocess
import sys
import time

import pytest
from process_times import cpu_s, resident_bytes
from server_under_test import Server, StartError, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

TREE = "sleep 60 & sleep 60 & wait"


@pytest.fixture
def tree(tmp_path):
    """A shell with two children."""
    with subprocess.Popen(["sh", "-c", TREE]) as shell:
        server = Server(shell.pid, 0, tmp_path)
        deadline = time.monotonic() + 60
        sizes = None  # the children's memory changes until they have started
        while time.monotonic() < deadline:
            sizes, before = [*map(resident_bytes, server.processes())], sizes
            if len(sizes) == 3 and sizes == before:
                break
            time.sleep(0.05)
        yield server
        for pid in server.processes():
            os.kill(pid, signal.SIGKILL)


def test_memory_is_summed_over_all_processes(tree):
    assert tree.processes()[0] == tree.pid
    assert len(tree.processes()) == 3
    sizes = [resident_bytes(pid) for pid in tree.processes()]
    assert all(size > 0 for size in sizes)
    assert tree.memory_bytes() == sum(sizes)


def test_workers_are_all_but_the_main_process(tree):
    assert sorted(tree.workers()) == sorted(tree.processes()[1:])


def test_exited_process_uses_no_memory_and_cpu_time():
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert resident_bytes(process.pid) == 0
        assert cpu_s(process.pid) == 0


def test_cpu_time_includes_exited_children(tmp_path):
    burn = "python = [number * number for number in range(5_000_000)]"
    command = f'"{sys.executable}" -c "{burn}"; echo burned; read line'
    with subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        assert shell.stdout.readline() == b"burned\n"
        assert Server(shell.pid, 0, tmp_path).cpu_s() > 0
        shell.communicate(b"\n")


def test_start_error_shows_what_the_server_printed(tmp_path):
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho No port is free. >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(StartError, match="No port is free"), serving(tmp_path):
        pass
