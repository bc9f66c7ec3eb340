"""`inkdigits predict` on real drawings, in a real process."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from inkdigits.imaging.decode import encode_png
from inkdigits.model_file import Model, locate, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network
from inkdigits.preprocessing_pool import IMAGES_PER_WORKER

MAIN = "from inkdigits.cli import main; main()"
GOLDEN = Path(__file__).parents[1] / "golden"
SUMMARY = r"{}, in \d+\.\d s \([\d,]+ per second\)\."
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
        assert list(prediction) == [
            *("file", "digit", "label", "reason", "confidence", "probabilities")
        ]
        assert prediction["label"] == str(prediction["digit"])
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
    assert len(errors) == 3
    assert errors[0].startswith(f"Error: {tmp_path / 'a.png'}: ")
    assert (
        errors[1]
        == f"Error: {tmp_path / 'missing.png'}: No such file or directory; check the name."
    )
    assert re.fullmatch(SUMMARY.format("1 of 3 images recognized, 2 could not be read"), errors[2])


def test_folder_without_images_is_an_error(run_inkdigits, tmp_path):
    result = run_inkdigits("predict", tmp_path)
    assert result.returncode == 1
    assert "contains no images" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def folder(tmp_path):
    """Digits in a folder and in folders of it, and files of other kinds."""
    for name in ("b.png", "A.PNG", "a/3.png", "a/deep/4.png", ".hidden/5.png", ".6.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(GOLDEN / "7.png", path)
    for name in ("scan.pdf", "drawing.svg", "notes.txt", "a/more.docx"):
        (tmp_path / name).write_bytes(b"other")
    os.symlink(tmp_path, tmp_path / "a" / "loop")
    os.symlink(GOLDEN / "1.png", tmp_path / "link.png")
    return tmp_path


def files_of(result):
    return [json.loads(line)["file"] for line in result.stdout.splitlines()]


def test_what_a_folder_contains_besides_images_is_told(run_inkdigits, folder):
    result = run_inkdigits("predict", "--json", folder)
    assert result.returncode == 0
    assert files_of(result) == [str(folder / name) for name in ("A.PNG", "b.png", "link.png")]
    skipped, _ = result.stderr.splitlines()
    assert skipped == (
        "Skipped 3 files that cannot be read as an image (drawing.svg, notes.txt, scan.pdf): "
        "export those that show digits as PNG; and 1 folder (a): use --recursive to search folders "
        "in folders."
    )


def test_recursive_searches_folders_in_folders(run_inkdigits, folder):
    result = run_inkdigits("predict", "--json", "--recursive", folder)
    names = ["A.PNG", "b.png", "link.png", "a/3.png", "a/deep/4.png"]
    assert files_of(result) == [str(folder / name) for name in names]
    assert "Skipped 4 files" in result.stderr
    assert "folder" not in result.stderr


def test_many_skipped_files_are_named_in_one_line(run_inkdigits, folder):
    for number in range(2_000):
        (folder / f"{number}\n.txt").touch()
    result = run_inkdigits("predict", folder)
    assert "Skipped 2,003 files that cannot be read as an image (0\\n.txt, " in result.stderr
    assert " and 1,998 more)" in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_deep_folders_are_searched(run_inkdigits, tmp_path):
    deep = tmp_path
    for _ in range(60):
        deep = deep / "folder" / "folder" / "folder"
    deep.mkdir(parents=True)
    shutil.copy(GOLDEN / "7.png", deep)
    assert files_of(run_inkdigits("predict", "-r", "--json", tmp_path)) == [str(deep / "7.png")]


@POSIX
def test_folder_that_cannot_be_read_is_a_failure(run_inkdigits, folder):
    if os.geteuid() == 0:
        pytest.skip("root may read every folder")
    (folder / "a").chmod(0)
    result = run_inkdigits("predict", "-r", folder)
    (folder / "a").chmod(0o700)
    assert result.returncode == 1
    assert f"Error: {folder / 'a'}: Permission denied" in result.stderr


def test_link_to_itself_does_not_stop_the_others(run_inkdigits, folder):
    os.symlink("round.png", folder / "round.png")
    result = run_inkdigits("predict", "--json", folder)
    assert result.returncode == 1
    assert f"Error: {folder / 'round.png'}: " in result.stderr
    assert len(files_of(result)) == 3


@POSIX
def test_pipe_in_a_folder_is_not_waited_for(run_inkdigits, folder):
    os.mkfifo(folder / "pipe.png")
    assert run_inkdigits("predict", folder).returncode == 0


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.pdf", b"%PDF-1.7", "This is a PDF file; export its page as a PNG."),
        ("a.svg", b"<svg/>", "This is an SVG file, which is not made of pixels; export it as"),
    ],
)
def test_what_to_do_with_a_file_that_is_named_is_told(run_inkdigits, tmp_path, name, data, what):
    (tmp_path / name).write_bytes(data)
    result = run_inkdigits("predict", tmp_path / name)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {tmp_path / name}: {what}")
    assert len(result.stderr.splitlines()) == 1


def test_large_files_are_recognized(run_inkdigits, tmp_path):
    """The API refuses both: a PNG of 19 MB, and one of 49 megapixels."""
    digit = 255 - cv2.imread(str(GOLDEN / "7.png"), cv2.IMREAD_GRAYSCALE)
    large = cv2.resize(digit, (2_500, 2_500), interpolation=cv2.INTER_CUBIC)
    color = cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)
    cv2.imwrite(str(tmp_path / "bytes.png"), color, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    cv2.imwrite(str(tmp_path / "pixels.png"), cv2.resize(digit, (7_000, 7_000)))
    assert (tmp_path / "bytes.png").stat().st_size > 17_000_000
    result = run_inkdigits("predict", "--json", tmp_path)
    assert [json.loads(line)["label"] for line in result.stdout.splitlines()] == ["7", "7"]


# Tables


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_a_row_for_each_image(run_inkdigits, tmp_path, blank_png):
    (tmp_path / "not.png").write_bytes(b"not an image")
    files = [GOLDEN / "3.png", blank_png, tmp_path / "not.png"]
    result = run_inkdigits("predict", "--csv", tmp_path / "table.csv", *files)
    assert (result.returncode, result.stdout) == (1, "")
    header, three, blank, unreadable = rows_of((tmp_path / "table.csv").read_text("utf-8"))
    assert header == ["file", "label", "reason", "confidence"] + [
        f"probability of {digit}" for digit in range(10)
    ]
    assert three[:3] == [str(files[0]), "3", ""]
    assert float(three[3]) == float(three[7]) > 0.99
    assert blank[:4] == [str(blank_png), "", "blank", "0.100000"]
    assert unreadable == [str(files[2]), "", "unreadable"] + [""] * 11


def test_csv_is_written_to_standard_output_in_utf8(run_inkdigits, tmp_path):
    name = tmp_path / "sieben-漢.png"
    shutil.copy(GOLDEN / "7.png", name)
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    result = run_inkdigits("predict", "--csv", "-", name, text=False, env=environment)
    assert rows_of(result.stdout.decode())[1][:2] == [str(name), "7"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_csv_has_no_formulas(run_inkdigits, tmp_path, start):
    name = f"{start}cmd|' -C calc'!A0,\"\n.png"
    shutil.copy(GOLDEN / "7.png", tmp_path / name)
    arguments = ["--", name] if start == "-" else [name]
    result = run_inkdigits("predict", "--csv", "out.csv", *arguments, cwd=tmp_path)
    assert result.returncode == 0
    text = (tmp_path / "out.csv").read_bytes().decode()
    ((cell, label, *_),) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert (cell, label) == (f"'{name}", "7")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--csv", "-", "--json"), "both write to standard output"),
        (("--csv", "a.png"), "would overwrite an image"),
        (("--csv", "a.JPG"), "would overwrite an image"),
    ],
)
def test_options_that_contradict_each_other_are_refused(run_inkdigits, arguments, message):
    result = run_inkdigits("predict", *arguments, GOLDEN / "1.png")
    assert result.returncode == 2
    assert message in result.stderr


def test_table_that_cannot_be_written_is_an_error(run_inkdigits, tmp_path):
    table = tmp_path / "missing" / "a.csv"
    result = run_inkdigits("predict", "--csv", table, GOLDEN / "1.png")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(table) in result.stderr


def test_names_of_classes_are_shown(run_inkdigits, tmp_path):
    network = Network((Flatten(), Dense(784, 3)))
    vector = np.zeros(784 * 3 + 3, np.float32)
    network.unflatten(vector)["1.bias"][1] = 5
    classes = ("coat", "=boot", "a very long name of a class indeed")
    model = Model(network, vector, "ink", tta=False, recipe="mine", classes=classes)
    save_model(tmp_path / "clothes.safetensors", model)
    options = ["--model", tmp_path / "clothes.safetensors", GOLDEN / "7.png"]
    first, *bars = run_inkdigits("predict", *options).stdout.splitlines()
    assert first.startswith(f"{GOLDEN / '7.png'}: =boot (9")
    assert [bar.split("  ")[-1].strip() for bar in bars]
    assert bars[2].lstrip().startswith("a very long name of a cl ")
    prediction = json.loads(run_inkdigits("predict", "--json", *options).stdout)
    assert (prediction["digit"], prediction["label"]) == (None, "=boot")
    header, row = rows_of(run_inkdigits("predict", "--csv", "-", *options).stdout)
    assert header[5] == "probability of =boot"
    assert row[1] == "'=boot"


def test_of_many_classes_the_likeliest_are_shown(run_inkdigits, tmp_path):
    classes = tuple(f"class {number}" for number in range(40))
    network = Network((Flatten(), Dense(784, len(classes))))
    vector = np.zeros(785 * len(classes), np.float32)
    network.unflatten(vector)["1.bias"][:] = np.arange(40) / 10
    path = tmp_path / "many.safetensors"
    save_model(path, Model(network, vector, "ink", tta=False, recipe="mine", classes=classes))
    done = run_inkdigits("predict", GOLDEN / "7.png", "--model", path)
    assert done.returncode == 0
    first, *bars, rest = done.stdout.splitlines()
    assert first.endswith("7.png: class 39 (9.7%)")
    assert [bar[2:10] for bar in bars] == [f"class {number}" for number in range(39, 29, -1)]
    assert rest == "  and 30 less likely classes"


def test_model_can_have_another_name_than_its_file(run_inkdigits, tmp_path):
    shutil.copy(locate("mlp"), tmp_path / "mlp.safetensors")
    named = f"mine={tmp_path / 'mlp.safetensors'}"
    result = run_inkdigits("predict", "--model", named, GOLDEN / "7.png")
    assert result.stdout.startswith(f"{GOLDEN / '7.png'}: 7")
    assert run_inkdigits("evaluate", named).stdout.startswith("mine: accuracy")
    assert run_inkdigits("model", "show", named).returncode == 0
    missing = run_inkdigits("predict", "--model", "mine=missing", GOLDEN / "7.png")
    assert missing.returncode == 1
    assert missing.stderr.startswith("Error: mine=missing is neither a file nor a shipped model")


# Progress


@POSIX
@pytest.mark.parametrize("to_terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(inkdigits_command, tmp_path, to_terminal):
    terminal, other_end = os.openpty()
    with open(tmp_path / "log", "wb") as log, open(tmp_path / "out", "wb") as out:
        process = subprocess.run(
            [*inkdigits_command, "predict", "--json", GOLDEN, "missing.png"],
            stdout=out,
            stderr=other_end if to_terminal else log,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
            timeout=60,
        )
    os.close(other_end)
    shown = os.read(terminal, 2**20).decode() if to_terminal else (tmp_path / "log").read_text()
    os.close(terminal)
    assert process.returncode == 1
    assert len((tmp_path / "out").read_text().splitlines()) == 10
    assert ("\x1b" in shown) == to_terminal
    assert ("11/11" in shown) == to_terminal
    assert ("per second \x1b" in shown) == to_terminal
    assert "Error: missing.png: No such file or directory" in shown
    assert re.search(SUMMARY.format("10 of 11 images recognized, 1 could not be read"), shown)


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
    assert several.stdout == one.stdout
    assert several.stderr.splitlines()[:-1] == one.stderr.splitlines()[:-1]
    assert len(one.stderr.splitlines()) == 3


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
    assert result.stderr.count("\n") == 2
    assert "7.png: 7" in result.stdout


def test_many_images_are_shared_among_workers(run_inkdigits, tmp_path):
    for number in range(IMAGES_PER_WORKER * 2):
        shutil.copy(GOLDEN / f"{number % 10}.png", tmp_path / f"{number:03}.png")
    result = run_inkdigits("predict", "--json", tmp_path)
    assert result.returncode == 0
    assert re.fullmatch(SUMMARY.format("128 of 128 images recognized"), result.stderr[:-1])
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
        errors="replace",  # a signal may end the output within a character
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
