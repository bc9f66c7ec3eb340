"""`inkdigits predict` on real drawings, in a real process."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from inkdigits.imaging.decode import encode_png

GOLDEN = Path(__file__).parents[1] / "golden"


def test_predict_prints_the_digit_the_confidence_and_a_bar_per_digit(run_inkdigits):
    result = run_inkdigits("predict", GOLDEN / "7.png")
    assert result.returncode == 0
    first, *bars = result.stdout.splitlines()
    # The confidence is higher, but no prediction is shown as certain.
    assert first == f"{GOLDEN / '7.png'}: 7 (99.9%)"
    assert [bar.split()[0] for bar in bars] == list("0123456789")
    lengths = [bar.count("█") for bar in bars]
    assert max(lengths) == lengths[7] > 20


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
