"""`inkdigits predict` on real drawings, in a real process."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from inkdigits.cli.predict import IMAGES_PER_WORKER
from inkdigits.imaging.decode import encode_png

MAIN = "from inkdigits.cli import main; main()"
GOLDEN = Path(__file__).parents[1] / "golden"
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX's signals and special files")


def test_predict_prints_the_digit_the_confidence_and_a_bar_per_digit(run_inkdigits):
    result = run_inkdigits("predict", GOLDEN / "0.png")
    assert result.returncode == 0
    first, *bars = result.stdout.splitlines()
    # The confidence is higher, but no prediction is shown as certain.
    assert first == f"{GOLDEN / '0.png'}: 0 (99.9%)"
    assert [bar.split()[0] for bar in bars] == list("0123456789")
    lengths = [bar.count("█") for bar in bars]
    assert max(lengths) == lengths[0] > 20


def test_json_is_one_object_per_image(run_inkdigits):
    result = run_inkdigits("predict", "--json", GOLDEN / "3.png", GOLDEN / "4.png")
    predictions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [prediction["digit"] for prediction in predictions] == [3, 4]
    for prediction in predictions:
        assert set(prediction) == {"file", "digit", "reason", "confidence", "probabilities"}
        assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-6)
        assert prediction["confidence"] == max(prediction["probabilities"])


def test_images_in_a_folder_are_sorted_by_name(run_inkdigits):
    result = run_inkdigits("predict", "--json", GOLDEN)
    predictions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(prediction["file"]).name for prediction in predictions] == [
        f"{d}.png" for d in range(10)
    ]
    assert [prediction["digit"] for prediction in predictions] == list(range(10))


def test_image_is_read_from_standard_input(run_inkdigits):
    image = (GOLDEN / "2.png").read_bytes()
    result = run_inkdigits("predict", "--json", "-", input=image, text=False)
    assert json.loads(result.stdout)["digit"] == 2


def test_blank_image_is_reported_as_blank(run_inkdigits, blank_png):
    assert run_inkdigits("predict", blank_png).stdout == f"{blank_png}: blank\n"
    prediction = json.loads(run_inkdigits("predict", "--json", blank_png).stdout)
    assert (prediction["digit"], prediction["reason"]) == (None, "blank")
    assert prediction["confidence"] == 0.1


def test_rejected_image_still_shows_the_probabilities(run_inkdigits, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    (tmp_path / "noise.png").write_bytes(encode_png(noise))
    first, *bars = run_inkdigits("predict", tmp_path / "noise.png").stdout.splitlines()
    assert first == f"{tmp_path}/noise.png: not a digit; if it is one, most likely:"
    assert len(bars) == 10


def test_invalid_image_does_not_stop_the_others(run_inkdigits, tmp_path):
    (tmp_path / "a.png").write_bytes(b"not an image")
    shutil.copy(GOLDEN / "1.png", tmp_path / "b.png")
    result = run_inkdigits("predict", "--json", tmp_path, tmp_path / "missing.png")
    assert result.returncode == 1
    assert [json.loads(line)["digit"] for line in result.stdout.splitlines()] == [1]
    errors = result.stderr.splitlines()
    assert len(errors) == 2
    assert errors[0].startswith(f"Error: {tmp_path / 'a.png'}: ")
    assert errors[1] == f"Error: {tmp_path / 'missing.png'}: No such file or directory"


def test_folder_without_images_is_an_error(run_inkdigits, tmp_path):
    result = run_inkdigits("predict", tmp_path)
    assert result.returncode == 1
    assert "contains no images" in result.stderr
    assert "Traceback" not in result.stderr


def test_invalid_model_file_is_reported_in_one_sentence(run_inkdigits):
    result = run_inkdigits("predict", "--model", GOLDEN / "1.png", GOLDEN / "1.png")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(GOLDEN / "1.png") in result.stderr


def test_output_has_colors_on_a_terminal_only(run_inkdigits):
    assert "\x1b" not in run_inkdigits("predict", GOLDEN / "7.png").stdout


@POSIX
@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_respected_on_a_terminal(inkdigits_command, no_color):
    terminal, other_end = os.openpty()
    subprocess.run(
        [*inkdigits_command, "predict", GOLDEN / "0.png"],
        stdout=other_end,
        env=os.environ | {"NO_COLOR": no_color},
        check=True,
        timeout=60,
    )
    shown = os.read(terminal, 2**16).decode()
    os.close(terminal)
    os.close(other_end)
    assert "0 (99.9%)" in shown
    assert ("\x1b[36m█" in shown) == (not no_color)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_number_of_workers_does_not_change_the_output(run_inkdigits, tmp_path, form):
    for number in range(40):
        shutil.copy(GOLDEN / f"{number % 10}.png", tmp_path / f"{number:02}.png")
    (tmp_path / "05.png").write_bytes(b"not an image")
    image = (GOLDEN / "2.png").read_bytes()
    one, several = (
        run_inkdigits(
            "predict",
            *form,
            "--workers",
            number,
            tmp_path,
            "-",
            "missing.png",
            input=image,
            text=False,
        )
        for number in (1, 2)
    )
    assert several.returncode == one.returncode == 1
    assert several.stderr == one.stderr
    assert several.stdout == one.stdout
    assert len(one.stderr.splitlines()) == 2


def test_standard_input_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    with (tmp_path / "closed").open("wb") as not_readable:
        result = subprocess.run(
            [sys.executable, "-c", MAIN, "predict", "-", GOLDEN / "7.png"],
            stdin=not_readable,
            capture_output=True,
            text=True,
        )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: -: ")
    assert result.stderr.count("\n") == 1
    assert "7.png: 7" in result.stdout


def test_many_images_are_shared_among_workers(run_inkdigits, tmp_path):
    for number in range(IMAGES_PER_WORKER * 2):
        shutil.copy(GOLDEN / f"{number % 10}.png", tmp_path / f"{number:03}.png")
    result = run_inkdigits("predict", "--json", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    digits = [json.loads(line)["digit"] for line in result.stdout.splitlines()]
    assert digits == [number % 10 for number in range(len(digits))]
    assert len(digits) == IMAGES_PER_WORKER * 2


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_invalid_number_of_workers_is_an_error(run_inkdigits, number):
    result = run_inkdigits("predict", "--workers", number, GOLDEN / "1.png")
    assert result.returncode == 2
    assert "--workers" in result.stderr


@pytest.fixture
def waiting(inkdigits_command, tmp_path):
    """A process whose two workers wait for an image from a pipe, and their ids."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    command = [*inkdigits_command, "predict", "--workers", "2", *[GOLDEN / "7.png"] * 20, pipe]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert re.search(r": 7 \(\d+\.\d%\)$", process.stdout.readline())
            yield process, workers_of(process)
        finally:
            process.kill()


def workers_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    return [
        pid for pid in map(int, children.read_text().split()) if b"spawn_main" in command_of(pid)
    ]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@POSIX
def test_killed_worker_is_reported_in_one_sentence(waiting):
    process, workers = waiting
    os.kill(workers[-1], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == (
        "Error: A worker process ended unexpectedly, perhaps because the memory was full: use "
        "fewer workers.\n"
    )


@POSIX
@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGINT, 130, "Stopped.\n"), (signal.SIGTERM, 143, "")],
)
def test_signal_ends_the_command_and_its_workers(waiting, number, status, message):
    process, workers = waiting
    assert len(workers) == 2
    os.killpg(process.pid, number)  # as Ctrl-C does
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (status, message)
    for _ in range(200):
        if not any(b"spawn_main" in command_of(worker) for worker in workers):
            break
        time.sleep(0.05)
    else:
        pytest.fail("a worker is still running")
