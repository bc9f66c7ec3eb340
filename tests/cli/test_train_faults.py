"""`inkdigits train` under faults: kills, failing system calls, full disks, damage, divergence."""

import os
import shutil
import signal
import time
from itertools import count

import numpy as np
import pytest
import small_disks
from training_runs import (
    LIMIT,
    OPEN,
    PAUSE_IN_PREPROCESSING,
    RENAME,
    TINY_CHECKPOINTS,
    UNLINK,
    assert_continues,
    assert_nothing_is_lost,
    assert_one_sentence,
    checkpoints,
    contents,
    epochs_in,
    pause_at_step,
    wait_for_failure,
    wait_for_line,
    wait_for_success,
    wait_until_paused,
)

from inkdigits.runs import Run

# Killed, and resumed.


@pytest.mark.parametrize("recipe", ["mlp", "classic"])
def test_run_killed_within_an_epoch_resumes_to_the_same_bytes(train, trained, tmp_path, recipe):
    limit, steps = {"mlp": (LIMIT, 40), "classic": (200, 500)}[recipe]
    options = (recipe, "--limit", limit, "--run-dir", tmp_path)
    for resume in ([], ["--resume"], ["--resume"]):
        process = train(*options, *resume, lines=pause_at_step(steps, recipe))
        wait_until_paused(process)
        process.kill()
        process.communicate()
        assert not (tmp_path / f"{recipe}.safetensors").exists()
    wait_for_success(train(*options, "--resume"))
    assert (tmp_path / f"{recipe}.safetensors").read_bytes() == trained(recipe, limit)


@pytest.mark.parametrize("text", ["mlp: ", "MNIST digits", "epoch ", " 1/10 ", " 4/10 "])
def test_run_killed_after_any_line_resumes_to_the_same_bytes(train, trained, tmp_path, text):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options)
    wait_for_line(process, text)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    wait_for_success(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


def test_run_killed_during_preprocessing_resumes_to_the_same_bytes(train, trained, tmp_path):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=PAUSE_IN_PREPROCESSING)
    wait_until_paused(process)
    process.kill()
    process.communicate()
    assert checkpoints(tmp_path) == ["checkpoint-00000000.safetensors"]
    wait_for_success(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("call", "least"), [(OPEN, 20), ("write", 14), ("fsync", 18), (RENAME, 9), (UNLINK, 2)]
)
def test_run_killed_at_any_system_call_can_be_resumed(tiny, tiny_model, tmp_path, call, least):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:signal=KILL:when={number}")
        if outcome.status == 0:
            break
        assert outcome.status == -signal.SIGKILL
        assert_nothing_is_lost(folder, outcome)
        assert_continues(tiny, tiny_model, folder)
    assert number > least


# Failing system calls and full disks.


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("call", "error", "least"),
    [
        (OPEN, "ENOSPC", 20),
        ("write", "ENOSPC", 14),
        ("close", "EIO", 20),
        ("fsync", "EIO", 18),
        (RENAME, "ENOSPC", 9),
        (UNLINK, "EIO", 2),
    ],
)
def test_any_failing_system_call_ends_the_run_with_one_sentence(
    tiny, tiny_model, tmp_path, call, error, least
):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:error={error}:when={number}")
        if outcome.injected is None:
            assert outcome.status == 0
            break
        assert_nothing_is_lost(folder, outcome)
        # A failure to close a file that was only read is harmless.
        written = f"{folder}/.inkdigits-" if call == "close" else str(folder)
        if written in outcome.injected:
            assert outcome.status == 1, outcome.injected
            assert_one_sentence(outcome.err)
            assert str(folder) in outcome.err
            assert_continues(tiny, tiny_model, folder)
        assert not list(folder.glob(".inkdigits-*"))
    assert number > least


@pytest.mark.usefixtures("strace")
def test_run_does_not_start_without_a_lock(tiny, tmp_path):
    """A network file system may not offer locks."""
    outcome = tiny(tmp_path, inject="inject=flock:error=ENOLCK:when=1")
    assert (outcome.status, outcome.out) == (1, "")
    assert_one_sentence(outcome.err)
    assert str(tmp_path) in outcome.err


@pytest.mark.usefixtures("strace")
def test_folder_that_cannot_be_listed_is_not_treated_as_empty(tiny, tmp_path):
    assert tiny(tmp_path).status == 0
    before = contents(tmp_path)
    calls = tiny(tmp_path, inject=f"inject={OPEN}:error=EACCES:when=1000").calls
    opened = [call for call in calls if call.startswith("open")]
    listing = next(n for n, call in enumerate(opened, 1) if "O_DIRECTORY" in call)
    outcome = tiny(tmp_path, inject=f"inject={OPEN}:error=EACCES:when={listing}")
    assert "O_DIRECTORY" in outcome.injected
    assert (outcome.status, outcome.out) == (1, "")
    assert_one_sentence(outcome.err)
    assert contents(tmp_path) == before


@pytest.fixture
def small_disk(tmp_path):
    with small_disks.small_disk(tmp_path / "disk", 4) as disk:
        yield disk


def test_full_disk_ends_the_run_with_one_sentence(tiny, tiny_model, small_disk):
    disk, resize = small_disk
    epochs = set()
    for size in count(4, 12):
        resize(size)
        folder = disk / "run"
        outcome = tiny(folder)
        if outcome.status == 0:
            break
        assert outcome.status == 1
        assert_one_sentence(outcome.err)
        assert "No space left on device" in outcome.err
        assert_nothing_is_lost(folder, outcome)
        assert not list(folder.glob(".inkdigits-*"))
        epochs.add(epochs_in(outcome.out))
        resize(1024)
        assert_continues(tiny, tiny_model, folder)
        shutil.rmtree(folder)
    assert epochs == {0, 1}  # the model fits into the space of the oldest checkpoint


def test_file_size_limit_ends_the_run_with_one_sentence(tiny, tiny_model, tmp_path):
    """Writes are cut short as on a full disk; unlike mounting one, this needs no privileges."""
    assert tiny(tmp_path / "whole").status == 0
    size = (tmp_path / "whole" / TINY_CHECKPOINTS[1]).stat().st_size
    # An epoch's record takes more than 200 bytes of a checkpoint.
    for limit, epochs in ((512, 0), (size // 2, 0), (size - 100, 1)):
        folder = tmp_path / str(limit)
        outcome = tiny(folder, limit=limit)
        assert outcome.status == 1
        assert_one_sentence(outcome.err)
        assert str(folder) in outcome.err
        assert_nothing_is_lost(folder, outcome)
        assert epochs_in(outcome.out) == epochs
        assert_continues(tiny, tiny_model, folder)


# Folders that cannot be used.


@pytest.fixture
def read_only(tmp_path):
    """A read-only folder, and a command prefix that drops root's privilege to write there anyway.

    Without that privilege, root cannot read other users' files, such as the folders of these tests.
    """
    folder = tmp_path / "read-only"
    folder.mkdir()
    (folder / ".lock").touch()
    folder.chmod(0o555)
    before = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.fail("setpriv, which drops privileges, is missing: apt-get install util-linux")
        before = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    yield folder, before
    folder.chmod(0o755)


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_read_only_folder_is_rejected_at_the_start(train, read_only, options):
    folder, before = read_only
    out, err = wait_for_failure(train("mlp", "--run-dir", folder, *options, before=before))
    assert out == ""
    assert f"{folder} is not writable (Permission denied)" in err


def test_folder_that_cannot_be_created_is_rejected_at_the_start(train, read_only):
    folder, before = read_only
    out, err = wait_for_failure(train("mlp", "--run-dir", folder / "new", before=before))
    assert out == ""
    assert f"{folder}/new is not writable (Permission denied)" in err


def test_file_instead_of_a_folder_is_rejected_at_the_start(train, tmp_path):
    (tmp_path / "file").touch()
    out, err = wait_for_failure(train("mlp", "--run-dir", tmp_path / "file"))
    assert out == ""
    assert f"{tmp_path}/file is not writable (File exists)" in err


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_second_run_in_the_folder_is_rejected(train, trained, tmp_path, options):
    command = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    first = train(*command, lines=pause_at_step(40))
    wait_until_paused(first)
    before = contents(tmp_path)
    out, err = wait_for_failure(train(*command, *options))
    assert out == ""
    assert f"Another training run is using {tmp_path}" in err
    assert contents(tmp_path) == before
    first.send_signal(signal.SIGCONT)
    wait_for_success(first)
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


# Damaged checkpoints.


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: shutil.copy(path.with_name("mlp.safetensors"), path),
    ],
    ids=["flipped bit", "truncated", "empty", "another file"],
)
def test_damaged_checkpoint_is_skipped(tiny, tiny_model, tmp_path, damage):
    assert tiny(tmp_path).status == 0
    damage(tmp_path / TINY_CHECKPOINTS[1])
    (tmp_path / "mlp.safetensors").unlink()
    outcome = tiny(tmp_path, "--resume")
    assert (outcome.status, outcome.err) == (0, "")
    warning, resumed, *_ = outcome.out.splitlines()
    assert str(tmp_path / TINY_CHECKPOINTS[1]) in warning
    assert warning.endswith("Using the checkpoint before it.")
    assert resumed == "Resumed at step 1, 1 epoch done."
    assert (tmp_path / "mlp.safetensors").read_bytes() == tiny_model


def test_without_an_intact_checkpoint_nothing_is_resumed(tiny, tmp_path):
    assert tiny(tmp_path).status == 0
    for name in TINY_CHECKPOINTS:
        flip_a_bit(tmp_path / name)
    before = contents(tmp_path)
    outcome = tiny(tmp_path, "--resume")
    assert outcome.status == 1
    assert_one_sentence(outcome.err)
    assert f"No checkpoint in {tmp_path} is whole" in outcome.err
    assert contents(tmp_path) == before


# Divergence.


@pytest.mark.parametrize(
    ("recipe", "limit", "rate", "step", "kept"),
    [
        ("mlp", LIMIT, "1e30", 38, 28),
        ("mlp", LIMIT, "1e30", 41, 28),
        ("classic", 200, "math.inf", 399, 200),
    ],
    ids=["within an epoch", "before validation", "without validation"],
)
def test_divergence_keeps_the_last_finite_weights(train, tmp_path, recipe, limit, rate, step, kept):
    rates = f"{rate} if step == {step} else 0.01"
    lines = f"import math; change({recipe!r}, schedule=lambda step, steps: {rates})"
    options = (recipe, "--limit", limit, "--run-dir", tmp_path)
    out, err = wait_for_failure(train(*options, lines=lines))
    assert f"the loss is NaN or infinite at step {step + 1};" in err
    assert epochs_in(out) == len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert checkpoints(tmp_path)[-1] == f"checkpoint-{kept:08}.safetensors"
    state, records = Run(tmp_path).latest(pytest.fail)
    assert len(records) == epochs_in(out)
    assert np.isfinite(state.params).all()
    assert not (tmp_path / f"{recipe}.safetensors").exists()


def test_signal_just_before_divergence_keeps_the_last_finite_weights(train, tmp_path):
    rate = "0.01 if step < 20 else os.kill(os.getpid(), signal.SIGTERM) or math.inf"
    lines = f"import math; change(schedule=lambda step, steps: {rate})"
    _, err = wait_for_failure(train("mlp", "--limit", LIMIT, "--run-dir", tmp_path, lines=lines))
    assert "the loss is NaN or infinite at step 21;" in err
    assert checkpoints(tmp_path) == [f"checkpoint-{step:08}.safetensors" for step in (0, 14)]


# Worker processes


def test_signal_while_images_are_prepared_ends_all_processes(train, tmp_path):
    lines = (
        "from inkdigits.data import chunks; chunks.CHUNK = 2; "
        "from rich.progress import Progress; Progress.update = pausing(Progress.update, 20)"
    )
    options = ("mlp", "--limit", LIMIT, "--workers", 2, "--run-dir", tmp_path)
    process = train(*options, lines=lines, start_new_session=True)
    wait_until_paused(process)
    os.killpg(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert out.endswith("Stopped by SIGINT.\n")
    with pytest.raises(ProcessLookupError):  # noqa: PT012
        for _ in range(400):  # until the last one has ended
            os.killpg(process.pid, 0)
            time.sleep(0.05)


def test_dead_worker_is_reported_in_one_sentence(train, tmp_path):
    lines = (
        "from inkdigits.worker_pool import WorkerDied\n"
        "def die(*arguments): raise WorkerDied('A worker process died.')\n"
        "train.training_data.prepare = die"
    )
    _, err = wait_for_failure(train("mlp", "--limit", 100, "--run-dir", tmp_path, lines=lines))
    assert err == "Error: A worker process died.\n"
