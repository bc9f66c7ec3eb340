"""`inkdigits number` on real drawings, in a real process."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.api import examples
from inkdigits.api.drawings import render_strokes
from inkdigits.api.routes.numbers import CANVAS
from inkdigits.api.schemas import Stroke
from inkdigits.cli import main
from inkdigits.cli.number_output import number_outputs
from inkdigits.imaging.decode import encode_png
from inkdigits.model_file import Model, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network
from inkdigits.numbers import NumberPrediction

GOLDEN = Path(__file__).parents[1] / "golden"
MARKS = [[[-22, 17], [-12, 17]], [[54, 30], [48, 42]], [[70, 0], [70, 34]]]  # -, a comma and a 1


def picture(strokes):
    strokes = json.loads(json.dumps(strokes), parse_int=float)
    ink = render_strokes([Stroke.model_validate(stroke) for stroke in strokes], CANVAS).ink
    return encode_png(255 - np.pad(ink, 12))


@pytest.fixture
def folder(tmp_path):
    """A drawn 42, -42,1, a blank image, and a file that is not an image."""
    (tmp_path / "a.png").write_bytes(picture(examples.NUMBER_STROKES))
    marks = [{"points": points, "width": 4} for points in MARKS]
    (tmp_path / "b.png").write_bytes(picture(examples.NUMBER_STROKES + marks))
    (tmp_path / "c.png").write_bytes(encode_png(np.full((50, 90), 255, np.uint8)))
    (tmp_path / "d.png").write_bytes(b"not an image")
    return tmp_path


def test_number_and_its_candidates_are_printed(run_inkdigits, folder):
    result = run_inkdigits("number", folder)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert re.fullmatch(rf"{folder / 'a.png'}: 42 \(\d\d\.\d%\)", lines[0])
    assert re.match(r"  42 █+·* +\d+\.\d\d%", lines[1].replace("   42", "  42"))
    assert f"{folder / 'b.png'}: 421 (" in result.stdout
    assert lines[-1] == f"{folder / 'c.png'}: blank"
    error, summary = result.stderr.splitlines()
    assert error.startswith(f"Error: {folder / 'd.png'}: ")
    assert "2 of 4 images recognized, 1 blank or rejected, 1 could not be read" in summary


def test_json_has_boxes_and_candidates(run_inkdigits, folder):
    result = run_inkdigits("number", "--json", folder, "--workers", 2)
    first, second, blank = map(json.loads, result.stdout.splitlines())
    assert list(first) == [
        *("file", "text", "reason", "confidence", "boxes", "separators", "candidates")
    ]
    assert (first["file"], first["text"], first["reason"]) == (str(folder / "a.png"), "42", None)
    (left, top, width, height), (next_left, *_) = first["boxes"]
    assert 0 <= left < left + width <= next_left + 5
    assert top >= 0
    assert 100 < height < 150
    assert first["candidates"][0] == {"text": "42", "probability": first["confidence"]}
    assert [(sign["symbol"], sign["position"]) for sign in second["separators"]] == [
        *(("-", 0), (",", 2))
    ]
    assert (blank["text"], blank["reason"], blank["boxes"]) == (None, "blank", [])


def test_csv_keeps_separators_on_request(run_inkdigits, folder):
    result = run_inkdigits("number", "--keep-separators", "--csv", "-", folder)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == ["file", "text", "reason", "confidence"]
    assert [row[1:3] for row in rows[1:]] == [
        *(["42", ""], ["-42,1", ""], ["", "blank"], ["", "unreadable"])
    ]


def test_constraints_decide_which_text_is_found(run_inkdigits, folder):
    image = (folder / "a.png").read_bytes()
    (folder / "list.txt").write_text("\ufeff17\r\n\r\n 92 \n", "utf-8")
    options = ["--choices", folder / "list.txt", "--length", 2, "--pattern", "9."]
    result = run_inkdigits("number", "--json", "-", *options, input=image, text=False)
    candidates = json.loads(result.stdout)["candidates"]
    assert [candidate["text"] for candidate in candidates] == ["92"]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--length", "21"), 2, "1 to 20"),
        (("--length", "x"), 2, "--length"),
        (("--pattern", "[a-z]"), 2, "not valid at character 1"),
        (("--checksum", "crc"), 2, "luhn"),
        (("--choices", "words.txt"), 2, "'forty-two'"),
        (("--choices", "binary.txt"), 1, "not text in UTF-8"),
        (("--choices", "missing.txt"), 1, "missing.txt"),
        (("--model", "clothes.safetensors"), 1, "not the digits"),
        (("--csv", "-", "--json"), 2, "both write to standard output"),
    ],
)
def test_wrong_option_is_one_sentence(tmp_path, monkeypatch, options, status, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("42\nforty-two\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe4\0")
    network = Network((Flatten(), Dense(784, 2)))
    vector = np.zeros(785 * 2, np.float32)
    model = Model(network, vector, "ink", tta=False, recipe="mine", classes=("coat", "bag"))
    save_model(tmp_path / "clothes.safetensors", model)
    shutil.copy(GOLDEN / "7.png", tmp_path)
    result = CliRunner().invoke(main, ["number", "7.png", *options])
    assert result.exit_code == status
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == (1 if status == 1 else 4)


@pytest.mark.parametrize(
    ("written", "cell"),
    [("-12,50", "-12,50"), ("-1-2", "'-1-2"), ("$5.00", "$5.00"), ("-", "'-"), ("1-2", "1-2")],
)
def test_written_numbers_are_never_formulas(tmp_path, written, cell):
    prediction = NumberPrediction("125", None, 0.9, written=written)
    outputs = number_outputs(keep_separators=True)
    with outputs.table(str(tmp_path / "table.csv")) as write:
        write("a.png", prediction)
    rows = list(csv.reader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert rows[1][1] == cell
