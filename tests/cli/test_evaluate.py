"""`inkdigits evaluate` on real digits: terminal, JSON and report."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import small_mnist as small
from click.testing import CliRunner
from untrained import untrained

from inkdigits import inference
from inkdigits.cli import main
from inkdigits.cli.report import Mistake, render_report
from inkdigits.data import development, mnist
from inkdigits.metrics import measure, risk_coverage
from inkdigits.model_file import Model, locate, save_model
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recognizer import Recognizer


@pytest.fixture(scope="module")
def evaluated(run_inkdigits, tmp_path_factory):
    """The shipped model's evaluation on the small test set, as JSON, and its report."""
    report = tmp_path_factory.mktemp("report") / "report.html"
    result = run_inkdigits("evaluate", "mlp", "--json", "--report", report)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def batch(small_test_digits):
    """The shipped model's predictions for the small test set."""
    recognizer = Recognizer.load("mlp")
    return recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images))


# JSON


def test_json_contains_the_metrics(evaluated, batch, small_test_digits):
    values, _ = evaluated
    metrics = measure(batch.probabilities, small_test_digits.labels)
    assert values["total"] == metrics.total == 500
    assert values["correct"] == metrics.correct
    assert values["accuracy"] == metrics.accuracy
    assert values["interval"] == list(metrics.interval)
    assert values["confusion"] == [list(row) for row in metrics.confusion]
    for name in ("log_loss", "brier", "calibration_error"):
        assert values[name] == pytest.approx(getattr(metrics, name))
    assert values["digest"] == Recognizer.load("mlp").digest
    assert values["recipe"] == "mlp"
    assert set(values["data"]) == {mnist.TEST_IMAGES, mnist.TEST_LABELS}


def test_json_contains_rejections_and_the_risk_coverage_curve(evaluated, batch):
    values, _ = evaluated
    assert values["rejected"] == batch.rejected.sum()
    confidence = batch.probabilities.max(axis=1)
    first, *others = values["risk_coverage"]
    assert first == {"threshold": 0.0, "accepted": 500, "wrong": 500 - values["correct"]}
    for point in others:
        assert point["accepted"] == np.count_nonzero(confidence >= point["threshold"])


def test_writers_of_other_sources_are_evaluated_too(evaluated):
    sources = evaluated[0]["writers"]
    assert tuple(sources) == development.SOURCES
    for contributor, name in development.UNIPEN.items():
        writers = sources[name]["by_writer"]["writers"]
        assert len(writers) == 2
        assert all(writer.startswith(f"{contributor}/") for writer in writers)
    writers = sources[development.PENDIGITS]
    by_writer = writers["by_writer"]
    assert writers["total"] == 10 * 4
    assert set(by_writer["writers"]) == {str(writer) for writer in range(21, 31)}
    assert by_writer["worst"] == min(by_writer["writers"].values())
    assert by_writer["mean"] == pytest.approx(np.mean(list(by_writer["writers"].values())))
    # The digits are synthetic but clear.
    assert by_writer["mean"] > 0.8
    assert writers["worst_writers"] == []  # of writers with at least 20 digits


def test_without_files_of_other_people_mnist_is_evaluated(
    run_inkdigits, evaluated, small_mnist, tmp_path
):
    for path in small_mnist.iterdir():
        if path.stem in mnist.SOURCES:
            (tmp_path / path.name).symlink_to(path)
    result = run_inkdigits("evaluate", "mlp", "--json", "--data-dir", tmp_path)
    values = json.loads(result.stdout)
    assert values["writers"] == {}
    assert values["correct"] == evaluated[0]["correct"]


# The network


@pytest.fixture
def small_files(small_mnist, monkeypatch):
    """Make inkdigits accept the small MNIST in this process."""
    monkeypatch.setattr(mnist, "SOURCES", small.sources_of(small_mnist))
    monkeypatch.setattr(development, "load", lambda data_dir: {})
    monkeypatch.setenv("INKDIGITS_DATA", str(small_mnist))


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_network_runs_once_over_the_images(tmp_path, monkeypatch, options):
    counts = []
    predict_logits = inference.predict_logits

    def counted(network, params, x, tta):
        counts.append(len(x))
        return predict_logits(network, params, x, tta)

    monkeypatch.setattr(inference, "predict_logits", counted)
    report = tmp_path / "report.html"
    result = CliRunner().invoke(main, ["evaluate", "mlp", "--report", str(report), *options])
    assert result.exit_code == 0, result.output
    assert report.exists()
    assert counts == [small.TEST]


OWN_NETWORKS = {
    "another hidden size": Network((Flatten(), Dense(784, 40), ReLU(), Dense(40, 11))),
    "another CNN": Network(
        (
            AddChannel(),
            Conv2D(1, 6, kernel_size=5),
            MaxPool2D(3),
            ReLU(),
            Flatten(),
            Dense(384, 10),
        )
    ),
}


@pytest.mark.parametrize("network", OWN_NETWORKS.values(), ids=OWN_NETWORKS.keys())
def test_network_without_a_recipe_is_evaluated(run_inkdigits, small_test_digits, tmp_path, network):
    threshold = 0.0 if network.output_shapes((28, 28))[-1] == (11,) else None
    vector = network.init(np.random.default_rng(0))
    path = tmp_path / "mine.safetensors"
    model = Model(
        network, vector, "ink", tta=False, recipe="my recipe", rejection_threshold=threshold
    )
    save_model(path, model)
    result = run_inkdigits("evaluate", path, "--json", "--report", tmp_path / "report.html")
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)

    recognizer = Recognizer(model, "mine")
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images))
    metrics = measure(batch.probabilities, small_test_digits.labels)
    assert (values["model"], values["recipe"]) == ("mine", "my recipe")
    assert (values["total"], values["correct"]) == (500, metrics.correct)
    assert values["rejected"] == batch.rejected.sum()
    assert "my recipe" in (tmp_path / "report.html").read_text(encoding="utf-8")


# Report


class Outline(HTMLParser):
    """Collects a page's text and everything that it loads."""

    def __init__(self):
        super().__init__()
        self.sources, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_report_is_self_contained_and_agrees_with_the_json(evaluated):
    values, html = evaluated
    outline = Outline()
    outline.feed(html)
    mistakes = min(24, values["total"] - values["correct"])
    assert len(outline.sources) == mistakes
    assert all(source.startswith("data:image/png;base64,") for source in outline.sources)
    assert "url(" not in html.replace("url(#", "")
    assert f"{100 * values['accuracy']:.2f}%" in outline.text
    assert values["digest"] in outline.text
    assert html.count("<circle") == len(values["bins"])


def test_report_shows_the_most_confident_mistakes_first(run_inkdigits, small_test_digits, tmp_path):
    path, report = tmp_path / "untrained.safetensors", tmp_path / "report.html"
    save_model(path, untrained())
    assert run_inkdigits("evaluate", path, "--report", report).returncode == 0
    html = report.read_text(encoding="utf-8")
    shown = re.findall(r"<b>(\d)</b> as <b>(\d)</b><br>([\d.]+)%", html)

    recognizer = Recognizer.load(path)
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images))
    predicted, confidence = batch.probabilities.argmax(axis=1), batch.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != small_test_digits.labels)
    expected = sorted(wrong, key=lambda number: -confidence[number])[:24]
    assert len(expected) == 24
    assert shown == [
        (str(small_test_digits.labels[n]), str(predicted[n]), f"{100 * confidence[n]:.1f}")
        for n in expected
    ]


def cells(html, region):
    """The texts of the cells of a table, row by row."""
    part = html[html.index(f'aria-label="{region}"') :]
    rows = part[: part.index("</table>")].split("<tr>")[1:]
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]


def test_report_has_rejections_and_the_risk_coverage_curve(evaluated):
    values, html = evaluated
    rejected = values["rejected"]
    assert f"<dt>Rejected</dt><dd>{rejected}</dd>" in html
    assert f"The model rejects {rejected} of these 500 digits" in html
    _, *rows = cells(html, "Accepted predictions by confidence")
    assert [(row[0], int(row[1]), int(row[3])) for row in rows] == [
        (f"{point['threshold']:.1%}", point["accepted"], point["wrong"])
        for point in values["risk_coverage"]
    ]


def test_report_has_the_accuracy_on_other_people(evaluated):
    values, html = evaluated
    _, *rows = cells(html, "Accuracy by source")
    assert [(row[0], row[2]) for row in rows] == [
        (name, f"{source['by_writer']['mean']:.2%}") for name, source in values["writers"].items()
    ]


def test_confusion_matrix_of_the_report_is_labeled(evaluated):
    values, html = evaluated
    axis, headings, *rows = cells(html, "Precision, recall and confusion matrix")
    assert axis == ["", "Predicted as"]
    assert headings == ["Label", "Precision", "Recall", *"0123456789"]
    assert [row[0] for row in rows] == list("0123456789")
    assert [
        [0 if count == "&middot;" else int(count) for count in row[3:]] for row in rows
    ] == values["confusion"]


def test_report_of_a_run_has_its_learning_curves(run_inkdigits, evaluated, tmp_path):
    run, report = tmp_path / "run", tmp_path / "report.html"
    options = ("--limit", 100, "--mnist-only", "--epochs", 2, "--run-dir", run)
    assert run_inkdigits("train", "mlp", *options).returncode == 0
    assert run_inkdigits("evaluate", run / "mlp.safetensors", "--report", report).returncode == 0
    html = report.read_text(encoding="utf-8")
    assert "<h2>Learning curves</h2>" in html
    assert html.count('over the epochs"') == 2
    assert "<h2>Learning curves</h2>" not in evaluated[1]  # of a shipped model


def rendered(classes, labels):
    """The report of a model with these classes, which is random, on a few images."""
    network = Network((Flatten(), Dense(784, len(classes))))
    vector = network.init(np.random.default_rng(0))
    model = Model(network, vector, "ink", False, "mine", classes=classes)
    probabilities = np.full((len(labels), len(classes)), 1 / len(classes))
    metrics = measure(probabilities, labels)
    mistake = Mistake(0, np.zeros((28, 28), np.uint8), 1, 0, 0.5)
    coverage = risk_coverage(probabilities, labels)
    return render_report(
        Recognizer(model, "mine"),
        metrics,
        [mistake],
        "images",
        rejected=0,
        coverage=coverage,
        writers={},
    )


def test_names_of_classes_are_escaped():
    html = rendered(("<script>a</script>", "b & <b>c"), np.array([0, 1, 1]))
    assert "<script>" not in html
    assert "<b>c" not in html
    assert "<b>b &amp; &lt;b&gt;c</b> as <b>&lt;script&gt;a&lt;/script&gt;</b>" in html
    assert "The model does not reject images that are not images" not in html


def test_report_on_many_classes_has_the_most_frequent_confusions():
    labels = np.repeat(np.arange(41), np.arange(41))
    html = rendered(tuple(f"class {n}" for n in range(41)), labels)
    _, first, second, *others = cells(html, "Most frequent confusions")
    assert (first, second) == (["class 40", "class 0", "40"], ["class 39", "class 0", "39"])
    assert len(others) == 38
    assert "Precision, recall and confusion matrix" not in html


def test_unwritable_report_gives_a_one_sentence_error(run_inkdigits, tmp_path):
    result = run_inkdigits("evaluate", "mlp", "--report", tmp_path / "missing" / "report.html")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "missing" in result.stderr.splitlines()[-1]


# Terminal


def test_terminal_shows_accuracy_table_and_mistakes(run_inkdigits, evaluated):
    values, _ = evaluated
    result = run_inkdigits("evaluate", "mlp")
    assert f"mlp: accuracy {values['accuracy']:.2%} on 500 test digits" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if re.match(r" +\d +\d", line)]
    assert [row[0] for row in rows] == list("0123456789")
    assert [int(row[3 + digit]) for digit, row in enumerate(rows)] == [
        values["confusion"][digit][digit] for digit in range(10)
    ]
    assert re.search(r"^ +0\.0% +500 +100\.00% ", result.stdout, re.MULTILINE)
    for name, metrics in values["writers"].items():
        by_writer = metrics["by_writer"]
        row = rf"^{name} +{len(by_writer['writers'])} +{by_writer['mean']:.2%} "
        assert re.search(row, result.stdout, re.MULTILINE)
    mistakes = re.findall(r"\d as \d \(\d+%\)", result.stdout)
    assert len(mistakes) == min(4, values["total"] - values["correct"])


def test_model_may_be_a_file(run_inkdigits, evaluated):
    values, _ = evaluated
    result = run_inkdigits("evaluate", locate("mlp"), "--json")
    assert json.loads(result.stdout)["correct"] == values["correct"]


def test_unknown_model_is_reported_in_one_sentence(run_inkdigits):
    result = run_inkdigits("evaluate", "resnet")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "resnet" in line
    assert "mlp" in line
