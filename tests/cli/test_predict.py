"""`inkdigits predict` on real drawings, in a real process."""

import json
import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


def test_it_shows_the_digit_the_confidence_and_a_bar_for_each(run_inkdigits):
    result = run_inkdigits("predict", GOLDEN / "7.png")
    assert result.returncode == 0
    first, *bars = result.stdout.splitlines()
    # The network is surer, but no answer is certain.
    assert first == f"{GOLDEN / '7.png'}: 7 (99.9% sure)"
    assert [bar.split()[0] for bar in bars] == list("0123456789")
    lengths = [bar.count("█") for bar in bars]
    assert max(lengths) == lengths[7] > 20


def test_json_is_one_object_a_picture(run_inkdigits):
    result = run_inkdigits("predict", "--json", GOLDEN / "3.png", GOLDEN / "4.png")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["digit"] for answer in answers] == [3, 4]
    for answer in answers:
        assert set(answer) == {"file", "digit", "reason", "confidence", "probabilities"}
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-6)
        assert answer["confidence"] == max(answer["probabilities"])


def test_a_folder_is_read_in_the_order_of_its_names(run_inkdigits):
    result = run_inkdigits("predict", "--json", GOLDEN)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(answer["file"]).name for answer in answers] == [f"{d}.png" for d in range(10)]
    assert [answer["digit"] for answer in answers] == list(range(10))


def test_standard_input(run_inkdigits):
    picture = (GOLDEN / "2.png").read_bytes()
    result = run_inkdigits("predict", "--json", "-", input=picture, text=False)
    assert json.loads(result.stdout)["digit"] == 2


def test_a_blank_sheet(run_inkdigits, blank_png):
    assert "no digit" in run_inkdigits("predict", blank_png).stdout
    answer = json.loads(run_inkdigits("predict", "--json", blank_png).stdout)
    assert (answer["digit"], answer["confidence"]) == (None, 0.1)


def test_one_bad_picture_does_not_hide_the_others(run_inkdigits, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    shutil.copy(GOLDEN / "1.png", tmp_path / "b.png")
    result = run_inkdigits("predict", "--json", tmp_path, tmp_path / "missing.png")
    assert result.returncode == 1
    assert [json.loads(line)["digit"] for line in result.stdout.splitlines()] == [1]
    problems = result.stderr.splitlines()
    assert len(problems) == 2
    assert problems[0].startswith(f"Error: {tmp_path / 'a.png'}: ")
    assert problems[1] == f"Error: {tmp_path / 'missing.png'}: No such file or directory"


def test_a_folder_without_pictures(run_inkdigits, tmp_path):
    result = run_inkdigits("predict", tmp_path)
    assert result.returncode == 1
    assert "holds no pictures" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_model_that_is_none(run_inkdigits):
    result = run_inkdigits("predict", "--model", GOLDEN / "1.png", GOLDEN / "1.png")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(GOLDEN / "1.png") in result.stderr
