"""`inkdigits evaluate` on real digits, in a real process: terminal, JSON and report."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from untrained import untrained

from inkdigits.data import mnist, pendigits
from inkdigits.metrics import measure
from inkdigits.model_file import locate, save_model
from inkdigits.recognizer import Recognizer


@pytest.fixture(scope="module")
def evaluated(run_inkdigits, tmp_path_factory):
    """The shipped model's evaluation on the small test set, as JSON, and its report."""
    report = tmp_path_factory.mktemp("report") / "report.html"
    result = run_inkdigits("evaluate", "mlp", "--json", "--report", report)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), report.read_text(encoding="utf-8")


def test_json_says_what_measure_says(evaluated, small_test_digits):
    values, _ = evaluated
    recognizer = Recognizer.load("mlp")
    metrics = measure(recognizer.read(small_test_digits.images), small_test_digits.labels)
    assert values["total"] == metrics.total == 500
    assert values["correct"] == metrics.correct
    assert values["accuracy"] == metrics.accuracy
    assert values["interval"] == list(metrics.interval)
    assert values["confusion"] == [list(row) for row in metrics.confusion]
    for name in ("log_loss", "brier", "calibration_error"):
        assert values[name] == pytest.approx(getattr(metrics, name))
    assert values["digest"] == recognizer.digest
    assert values["recipe"] == "mlp"
    assert set(values["data"]) == {mnist.TEST_IMAGES, mnist.TEST_LABELS}


def test_json_counts_refusals_and_answers_above_a_confidence(evaluated, small_test_digits):
    values, _ = evaluated
    recognizer = Recognizer.load("mlp")
    cleaned = recognizer.preprocess_mnist(small_test_digits.images)
    assert values["refused"] == recognizer.refused(cleaned).sum()
    confidence = recognizer.probabilities(cleaned).max(axis=1)
    first, *others = values["coverage"]
    assert first == {"threshold": 0.0, "answered": 500, "wrong": 500 - values["correct"]}
    for row in others:
        assert row["answered"] == np.count_nonzero(confidence >= row["threshold"])


def test_the_pen_writers_that_nobody_trains_on_are_read_too(evaluated, small_mnist):
    people = evaluated[0]["pen_writers"]
    by_writer = people["by_writer"]
    assert people["total"] == 10 * 4
    assert set(by_writer["writers"]) == {str(writer) for writer in range(21, 31)}
    assert by_writer["worst"] == min(by_writer["writers"].values())
    assert by_writer["mean"] == pytest.approx(np.mean(list(by_writer["writers"].values())))
    # Made-up digits, but nobody would take them for others.
    assert by_writer["mean"] > 0.8


def test_without_the_pen_writers_file_the_rest_is_measured(
    run_inkdigits, evaluated, small_mnist, tmp_path
):
    for path in small_mnist.iterdir():
        if not path.name.startswith(pendigits.NAME):
            (tmp_path / path.name).symlink_to(path)
    result = run_inkdigits("evaluate", "mlp", "--json", "--data-dir", tmp_path)
    values = json.loads(result.stdout)
    assert values["pen_writers"] is None
    assert values["correct"] == evaluated[0]["correct"]


class Outline(HTMLParser):
    """Collects what a page loads from elsewhere, and its pictures."""

    def __init__(self):
        super().__init__()
        self.sources, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_report_is_self_contained_and_says_the_same(evaluated):
    values, html = evaluated
    outline = Outline()
    outline.feed(html)
    mistakes = min(24, values["total"] - values["correct"])
    assert len(outline.sources) == mistakes
    assert all(source.startswith("data:image/png;base64,") for source in outline.sources)
    assert "url(" not in html
    assert f"{100 * values['accuracy']:.2f}%" in outline.text
    assert values["digest"] in outline.text
    assert html.count("<circle") == len(values["bins"])


def test_the_report_shows_the_surest_mistakes_first(run_inkdigits, small_test_digits, tmp_path):
    path, report = tmp_path / "untrained.safetensors", tmp_path / "report.html"
    save_model(path, untrained())
    assert run_inkdigits("evaluate", path, "--report", report).returncode == 0
    html = report.read_text(encoding="utf-8")
    shown = re.findall(r"<b>(\d)</b> read as <b>(\d)</b><br>([\d.]+)% sure", html)

    probabilities = Recognizer.load(path).read(small_test_digits.images)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != small_test_digits.labels)
    worst = sorted(wrong, key=lambda number: -confidence[number])[:24]
    assert len(worst) == 24
    assert shown == [
        (str(small_test_digits.labels[n]), str(answers[n]), f"{100 * confidence[n]:.1f}")
        for n in worst
    ]


def test_the_terminal_shows_accuracy_table_and_mistakes(run_inkdigits, evaluated):
    values, _ = evaluated
    result = run_inkdigits("evaluate", "mlp")
    assert f"{values['accuracy']:.2%}" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if re.match(r" +\d +\d", line)]
    assert [row[0] for row in rows] == list("0123456789")
    assert [int(row[3 + digit]) for digit, row in enumerate(rows)] == [
        values["confusion"][digit][digit] for digit in range(10)
    ]
    assert re.search(r"^ +0\.0% +500 +100\.00% ", result.stdout, re.MULTILINE)
    assert "Of 10 pen writers that it never saw" in result.stdout
    assert len(re.findall(r"^  writer \d+  \d", result.stdout, re.MULTILINE)) == 10
    assert result.stdout.count(" read as ") == min(4, values["total"] - values["correct"])


def test_a_file_is_a_model_too(run_inkdigits, evaluated):
    values, _ = evaluated
    result = run_inkdigits("evaluate", locate("mlp"), "--json")
    assert json.loads(result.stdout)["correct"] == values["correct"]


def test_an_unknown_model_is_one_sentence(run_inkdigits):
    result = run_inkdigits("evaluate", "resnet")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "resnet" in line
    assert "mlp" in line


def test_a_report_that_cannot_be_written_is_one_sentence(run_inkdigits, tmp_path):
    result = run_inkdigits("evaluate", "mlp", "--report", tmp_path / "missing" / "report.html")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "missing" in result.stderr.splitlines()[-1]
