"""Ctrl-C and SIGTERM: an exception at a safe point, and a run that ends with a checkpoint."""

import io
import os
import signal
from itertools import count

import pytest
from rich.console import Console
from training_runs import (
    LIMIT,
    PAUSE_IN_PREPROCESSING,
    RENAME,
    assert_continues,
    assert_nothing_is_lost,
    checkpoints,
    pause_at_step,
    wait_for_success,
    wait_until_paused,
)

from inkdigits.cli.signals import Signals, StopRequested

each_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def send(number):
    """Send a signal to this process, which handles it before the call returns."""
    os.kill(os.getpid(), number)


@pytest.fixture
def console():
    return Console(file=io.StringIO())


# The class Signals.


def exit_status(console, block):
    """Call a function that signals must stop; return the exit status."""
    signals = Signals()

    def run():
        with signals.caught(console):
            block(signals)

    with pytest.raises(SystemExit) as caught:
        run()
    return caught.value.code


@each_signal
def test_signal_stops_the_block_at_once_with_the_shells_status(console, number):
    steps = []

    def block(signals):
        send(number)
        steps.append("after the signal")

    assert exit_status(console, block) == 128 + number
    assert steps == []
    assert console.file.getvalue() == f"Stopped by {number.name}.\n"


@each_signal
def test_deferred_signal_is_raised_at_the_safe_point(console, number):
    steps = []

    def block(signals):
        with signals.deferred():
            signals.raise_if_received()
            send(number)
            steps.append("after the signal")
            signals.raise_if_received()
            steps.append("after the safe point")

    assert exit_status(console, block) == 128 + number
    assert steps == ["after the signal"]


def test_deferred_signal_is_raised_at_the_end_of_the_block(console):
    steps = []

    def block(signals):
        with signals.deferred():
            send(signal.SIGTERM)
            steps.append("in the block")
        steps.append("after the block")

    assert exit_status(console, block) == 128 + signal.SIGTERM
    assert steps == ["in the block"]


def test_second_signal_does_not_interrupt_the_shutdown(console):
    steps = []

    def block(signals):
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGINT)
            steps.append("shut down")

    assert exit_status(console, block) == 128 + signal.SIGTERM
    assert steps == ["shut down"]


def test_handlers_are_restored(console):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Signals().caught(console):
        assert signal.getsignal(signal.SIGINT) != before[0]
    exit_status(console, lambda signals: send(signal.SIGTERM))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_stop_request_is_not_an_ordinary_exception():
    assert not issubclass(StopRequested, Exception)


# A training run.


@each_signal
def test_signal_ends_the_run_with_a_checkpoint(train, trained, tmp_path, number):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=pause_at_step(40))
    wait_until_paused(process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, "")
    path = tmp_path / "checkpoint-00000040.safetensors"
    saved, stopped = out.splitlines()[-2:]
    assert saved == f"Step 40 is saved in {path}; continue with --resume."
    assert stopped == f"Stopped by {number.name}."
    assert path.exists()
    assert not (tmp_path / "mlp.safetensors").exists()

    out = wait_for_success(train(*options, "--resume"))
    assert "Resumed at step 40, 2 epochs done." in out
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


def test_second_signal_does_not_prevent_the_checkpoint(train, tmp_path):
    process = train("mlp", "--limit", LIMIT, "--run-dir", tmp_path, lines=pause_at_step(40))
    wait_until_paused(process)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        process.send_signal(number)
    _, err = process.communicate(timeout=60)
    # Either of two pending signals may be handled first.
    assert process.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert err == ""
    assert "checkpoint-00000040.safetensors" in checkpoints(tmp_path)


@each_signal
def test_signal_during_preprocessing_ends_the_run(train, trained, tmp_path, number):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=PAUSE_IN_PREPROCESSING)
    wait_until_paused(process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, "")
    assert out.endswith(f"\nStopped by {number.name}.\n")
    assert checkpoints(tmp_path) == ["checkpoint-00000000.safetensors"]
    wait_for_success(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("repeated", ["", "+"], ids=["once", "from then on"])
@pytest.mark.parametrize(("call", "least"), [("write", 14), ("fsync", 18), (RENAME, 9)])
def test_signal_at_any_system_call_loses_nothing(tiny, tiny_model, tmp_path, call, least, repeated):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:signal=TERM:when={number}{repeated}")
        if outcome.status == 0:
            break
        assert (outcome.status, outcome.err) == (128 + signal.SIGTERM, "")
        assert outcome.out.endswith("Stopped by SIGTERM.\n")
        assert_nothing_is_lost(folder, outcome)
        assert_continues(tiny, tiny_model, folder)
    assert number > least
