"""Recognition on Ray under faults: the same bytes as without, or a clear end."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from fnmatch import fnmatch

import pytest
import scale_fault_kinds
import small_disks
from scale_fault_kinds import (
    Fault,
    contents,
    recognize_pictures,
    sent_to_workers,
    write_pictures,
)

from inkdigits.recognizer import Recognizer
from inkdigits.scale.attempts import MAX_DEATHS
from inkdigits.scale.result_folder import TEMPORARY

pytestmark = pytest.mark.ray

PICTURES = 24
PARTS = 6
TARGET = "000013.png"
PART = "part-000003.parquet"  # of TARGET
# A driver in another process; what it is told comes as JSON.
DRIVER = """
import json, os, sys
from pathlib import Path
from scale_fault_kinds import Fault, recognize_pictures, sent_to_workers, two_nodes
from inkdigits.recognizer import Recognizer
from inkdigits.scale.cluster import connected
from inkdigits.scale.tasks import DigitTask

told = json.loads(sys.argv[1])
fault = Fault(told["state"], "picture", told["target"], victim=told["victim"] or os.getpid())
task = DigitTask(Recognizer.load("mlp"))
with (
    sent_to_workers(),
    two_nodes() if told["victim"] == "node" else connected("ray") as cluster,
):
    recognize_pictures(cluster, task, Path(told["pictures"]), Path(told["output"]), [fault])
"""


@pytest.fixture(scope="module", autouse=True)
def _faults_are_sent():
    with sent_to_workers():
        yield


@pytest.fixture(scope="module")
def task():
    from inkdigits.scale.tasks import DigitTask

    return DigitTask(Recognizer.load("mlp"))


@pytest.fixture(scope="module")
def pictures(packaged_splits, tmp_path_factory):
    """A folder of pictures of digits."""
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder, packaged_splits[1].images[:PICTURES])
    return folder


@pytest.fixture(scope="module")
def expected(ray_cluster, task, pictures, tmp_path_factory):
    """The results without any fault."""
    output = tmp_path_factory.mktemp("expected") / "results"
    summary = recognize_pictures(ray_cluster, task, pictures, output)
    assert summary.counts["recognized"] > PICTURES * 0.8
    files = contents(output)
    assert len(files) == PARTS + 2  # and the run and the manifest
    return files


@pytest.fixture
def output(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def make_fault(tmp_path):
    """A function that makes a fault."""

    def make(moment, target, **options):
        state = tmp_path / moment
        state.mkdir()
        return Fault(str(state), moment, target, **options)

    return make


@pytest.fixture
def drive(pictures, output, tmp_path):
    """A function that recognizes the pictures in another process; returns its status and errors.

    Its fault strikes at a picture whose name ends with `target`, and kills a victim: that process,
    if it is None. A node is one of a cluster of two.
    """

    def run(victim=None, target=TARGET, **environment):
        state = tmp_path / "state"
        state.mkdir()
        told = {"pictures": str(pictures), "output": str(output)}
        told |= {"state": str(state), "target": target, "victim": victim}
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, json.dumps(told)],
            env=os.environ
            | {"PYTHONPATH": os.path.dirname(scale_fault_kinds.__file__)}
            | environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            errors = process.communicate(timeout=120)[1]
        finally:
            with contextlib.suppress(ProcessLookupError):  # Ray's processes, if any are left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert len(os.listdir(state)) == 1
        return process.returncode, errors

    return run


def test_workers_killed_at_three_moments_change_no_byte(
    ray_cluster, task, pictures, expected, output, make_fault
):
    faults = [
        make_fault("picture", TARGET),
        make_fault("writing", "part-000000.parquet"),
        make_fault("written", "part-000005.parquet"),
    ]
    summary = recognize_pictures(ray_cluster, task, pictures, output, faults)
    assert [fault.strikes() for fault in faults] == [1, 1, 1]
    assert contents(output) == expected
    assert summary.counts.total() == PICTURES


def test_picture_that_kills_every_worker_becomes_a_row_with_that_reason(
    ray_cluster, task, pictures, expected, output, make_fault
):
    import pyarrow.parquet as pq

    fault = make_fault("picture", TARGET, times=99)
    summary = recognize_pictures(ray_cluster, task, pictures, output, [fault])
    assert fault.strikes() == 2 + MAX_DEATHS
    assert summary.counts["failed"] == 1
    files = contents(output)
    changed = {name for name in expected if files.pop(name) != expected[name]}
    assert changed == {PART, "_manifest.json"}
    assert not files
    rows = pq.read_table(output / PART).to_pylist()
    assert [row["key"][-10:] for row in rows] == [f"{number:06d}.png" for number in range(12, 16)]
    errors = [row["error"] for row in rows]
    assert errors[1].startswith(f"{MAX_DEATHS} workers died while recognizing it")
    assert errors[:1] + errors[2:] == [None] * 3


def test_killed_driver_is_continued_to_the_same_bytes(
    ray_cluster, task, pictures, expected, output, drive
):
    import ray

    status, _ = drive(RAY_ADDRESS=ray.get_runtime_context().gcs_address)
    assert status == -signal.SIGKILL
    before = contents(output)
    assert 0 < len(before) < len(expected)
    summary = recognize_pictures(ray_cluster, task, pictures, output)
    assert contents(output) == expected
    assert summary.before >= sum(name.endswith(".parquet") for name in before)
    assert summary.counts.total() == PICTURES


def test_lost_node_changes_no_byte(expected, output, drive):
    status, errors = drive(victim="node", target="")
    assert status == 0, errors
    assert contents(output) == expected


@pytest.fixture
def small_disk(tmp_path):
    with small_disks.small_disk(tmp_path / "disk", 20) as disk:
        yield disk


def test_full_disk_ends_the_run_which_goes_on_when_there_is_room(
    ray_cluster, task, pictures, expected, small_disk
):
    disk, resize = small_disk
    with pytest.raises(OSError, match="part-") as raised:
        recognize_pictures(ray_cluster, task, pictures, disk / "results")
    assert raised.value.errno == errno.ENOSPC
    # Another worker, which is stopped as well, may leave a file under a name of its own.
    found = contents(disk / "results").items()
    before = {name: content for name, content in found if not fnmatch(name, TEMPORARY)}
    assert before.items() < expected.items()
    resize(4000)
    summary = recognize_pictures(ray_cluster, task, pictures, disk / "results")
    assert contents(disk / "results") == expected
    # The run's own file is no part; another worker may have ended its part after the error.
    assert summary.before >= len(before) - 1
