"""`inkdigits compare`: terminal, JSON and page, of runs and of models."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from untrained import untrained

from inkdigits.cli.compared import Compared, Images
from inkdigits.cli.comparison_report import render_comparison
from inkdigits.comparison import answer, compare_pairs, score
from inkdigits.metrics import mcnemar
from inkdigits.model_file import Model, load_model, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network
from inkdigits.recognizer import Recognizer

OPTIONS = ("--limit", 300, "--mnist-only")


@pytest.fixture(scope="module")
def runs(run_inkdigits, tmp_path_factory):
    """The folders of two small runs; the second has markup in its name, and other settings."""
    folder = tmp_path_factory.mktemp("runs")
    one, two = folder / "one", folder / "two <b>& [red]"
    run_inkdigits("train", "mlp", *OPTIONS, "--epochs", 2, "--run-dir", one, check=True)
    run_inkdigits(
        *("train", "mlp", *OPTIONS, "--epochs", 4, "--hidden", "16", "--run-dir", two), check=True
    )
    return one, two


@pytest.fixture(scope="module")
def compared(run_inkdigits, runs, tmp_path_factory):
    """The comparison of both runs as JSON, and as a page."""
    report = tmp_path_factory.mktemp("report") / "comparison.html"
    done = run_inkdigits("compare", *runs, "--json", "--report", report)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def predicted(runs, small_test_digits):
    """The classes that each model predicts for the test digits."""
    paths = runs[0] / "mlp.safetensors", runs[1] / "mlp-custom.safetensors"
    predictions = []
    for path in paths:
        recognizer = Recognizer.load(path)
        batch = recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images))
        predictions.append(batch.probabilities.argmax(axis=1))
    return predictions


# JSON


def test_json_has_the_accuracy_of_each_model(compared, runs, predicted, small_test_digits):
    values, _ = compared
    assert values["images"] == "MNIST's 500 test digits"
    assert len(values["data"]) == 2
    for run, path, classes in zip(values["runs"], runs, predicted, strict=True):
        correct = int((classes == small_test_digits.labels).sum())
        assert (run["name"], run["total"], run["correct"]) == (str(path), 500, correct)
        assert run["accuracy"] == correct / 500
        assert run["interval"][0] < run["accuracy"] < run["interval"][1]


def test_json_has_mcnemars_test(compared, runs, predicted, small_test_digits):
    (pair,) = compared[0]["pairs"]
    test = mcnemar(*(classes == small_test_digits.labels for classes in predicted))
    assert pair == {
        "first": str(runs[0]),
        "second": str(runs[1]),
        "only_first": test.only_first,
        "only_second": test.only_second,
        "p_value": test.p_value,
    }


def test_json_has_the_settings_that_differ(compared):
    settings = compared[0]["settings"]
    assert settings["recipe.epochs"] == [2, 4]
    assert settings["recipe.name"] == ["mlp", "mlp-custom"]
    assert "Dense(784, 16)" in settings["recipe.network.layers"][1]
    assert "seed" not in settings
    assert not [name for name in settings if name.startswith("data.")]


def test_json_has_the_learning_curves(compared):
    assert [len(run["epochs"]) for run in compared[0]["runs"]] == [2, 4]
    assert compared[0]["runs"][1]["epochs"][3]["epoch"] == 4


def test_json_has_every_image_on_which_they_differ(compared, predicted, small_test_digits):
    differences = compared[0]["differences"]
    expected = np.flatnonzero(predicted[0] != predicted[1])
    assert sorted(image["number"] for image in differences) == expected.tolist()
    for image in differences:
        number = image["number"]
        assert image["label"] == str(small_test_digits.labels[number])
        assert [p["label"] for p in image["predictions"]] == [str(c[number]) for c in predicted]


# Page


class Outline(HTMLParser):
    """Collects a page's tags, its text, and everything that it loads."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_page_is_self_contained_and_agrees_with_the_json(compared, runs):
    values, html = compared
    outline = Outline()
    outline.feed(html)
    assert all(source.startswith("data:image/png;base64,") for source in outline.sources)
    assert len(outline.sources) == min(60, len(values["differences"]))
    assert "url(" not in html.replace("url(#", "")
    for run, path in zip(values["runs"], runs, strict=True):
        assert f"{100 * run['accuracy']:.2f}%" in outline.text
        assert run["digest"] in outline.text
        assert str(path) in outline.text
    assert f"{values['pairs'][0]['p_value']:.3g}" in outline.text
    assert outline.tags.count("svg") == 2
    assert "recipe.network.layers" in outline.text
    assert f"different classes for {len(values['differences'])} of 500 images" in outline.text


def test_page_escapes_the_names_of_runs(compared):
    assert "two <b>" not in compared[1]
    assert "two &lt;b&gt;&amp; [red]" in compared[1]


def test_page_escapes_the_names_of_classes():
    classes = ("<script>alert(1)</script>", "b &amp;")
    network = Network((Flatten(), Dense(784, 2)))
    models = [
        Compared(
            f"model {seed}",
            Recognizer(
                Model(
                    network,
                    network.init(np.random.default_rng(seed)),
                    *("ink", False, "<i>recipe</i>"),
                    classes=classes,
                ),
                "any",
            ),
            [],
        )
        for seed in range(2)
    ]
    pixels = np.zeros((4, 28, 28), np.uint8)
    answers = [answer(model.recognizer, pixels) for model in models]
    images = Images("<u>images</u>", pixels, np.array([0, 1, 0, 1]), {}, answers)
    html = render_comparison(
        models,
        images,
        [score(given, images.labels) for given in answers],
        {"<em>": ("<em>", "b")},
        compare_pairs(answers, images.labels),
        [0, 1],
    )
    for tag in ("<script>", "<i>recipe", "<u>", "<em>"):
        assert tag not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "b &amp;amp;" in html


# Terminal


def test_terminal_shows_accuracy_test_and_settings(run_inkdigits, compared, runs):
    values, _ = compared
    done = run_inkdigits("compare", *runs)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("On MNIST's 500 test digits:\n")
    for letter, run in zip("AB", values["runs"], strict=True):
        assert re.search(rf"^{letter} .* {run['accuracy']:.2%} ", done.stdout, re.MULTILINE)
    pair = values["pairs"][0]
    counts = rf"^A and B +{pair['only_first']} +{pair['only_second']} +{pair['p_value']:.3g}$"
    assert re.search(counts, done.stdout, re.MULTILINE)
    assert f"different classes for {len(values['differences'])} images." in done.stdout
    assert re.search(r"^recipe\.epochs +2 +4 *$", done.stdout, re.MULTILINE)


def test_shipped_models_and_files_are_compared(run_inkdigits, runs):
    done = run_inkdigits("compare", "mlp", "classic", runs[0] / "mlp.safetensors", "--json")
    values = json.loads(done.stdout)
    assert [run["recipe"] for run in values["runs"]] == ["mlp", "classic", "mlp"]
    assert [len(run["epochs"]) for run in values["runs"]] == [0, 0, 2]
    assert [pair["second"] for pair in values["pairs"][:1]] == ["classic"]
    assert len(values["pairs"]) == 3


# The validation digits


def test_validation_digits_are_those_that_both_runs_held_out(run_inkdigits, runs):
    done = run_inkdigits("compare", *runs, "--on", "validation", "--json")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    held_out = values["runs"][0]["total"]
    assert 20 <= held_out <= 40
    assert values["images"] == f"{held_out} validation digits of MNIST"
    for run in values["runs"]:
        # Test-time augmentation may correct some.
        assert abs(run["accuracy"] - run["epochs"][-1]["validation_accuracy"]) < 0.1


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"seed": 3}, "were validated on other digits (seed 0 and 3)"),
        ({"limit": 200}, "were validated on other digits (limit 300 and 200)"),
        ({"seed": "0"}, "does not say which digits were held out"),
        ({"limit": -1}, "does not say which digits were held out"),
        ({"recipe": {}}, "does not say which digits were held out"),
        ({"data": {}}, "were validated on other digits (data."),
    ],
    ids=str,
)
def test_other_validation_digits_are_rejected(run_inkdigits, runs, tmp_path, changes, cause):
    model = load_model(runs[1] / "mlp-custom.safetensors")
    for name, value in changes.items():
        model.training[name] = value
    save_model(tmp_path / "other.safetensors", model)
    models = (runs[0], tmp_path / "other.safetensors")
    done = run_inkdigits("compare", *models, "--on", "validation")
    assert_one_sentence(done, cause)
    if "data" in changes:
        return
    assert run_inkdigits("compare", *models).returncode == 0


# Own images


@pytest.fixture
def letters(tmp_path):
    """A table of 20 images with their labels, and models of its classes."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (20, 784))
    names = np.resize(["<b>a</b>", "b"], 20)
    lines = [",".join([name, *map(str, row)]) for name, row in zip(names, pixels, strict=True)]
    header = ",".join(["label", *(f"pixel{number}" for number in range(784))])
    table = tmp_path / "letters.csv"
    table.write_text("\n".join([header, *lines]) + "\n")
    network = Network((Flatten(), Dense(784, 2)))
    paths = []
    for seed in range(2):
        vector = network.init(np.random.default_rng(seed))
        model = Model(network, vector, "plain", False, "letters", classes=("<b>a</b>", "b"))
        paths.append(tmp_path / f"{seed}.safetensors")
        save_model(paths[-1], model)
    return table, paths, names


def test_models_of_other_classes_are_compared_on_own_images(run_inkdigits, letters, tmp_path):
    table, paths, names = letters
    report = tmp_path / "report.html"
    done = run_inkdigits("compare", *paths, "--data", table, "--json", "--report", report)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["images"] == "20 images of letters.csv"
    assert list(values["data"]) == ["letters.csv"]
    differences = values["differences"]
    assert differences
    assert all(names[image["number"]] == image["label"] for image in differences)
    # Of two classes, one of the two is right wherever they differ.
    (pair,) = values["pairs"]
    assert pair["only_first"] + pair["only_second"] == len(differences)
    html = report.read_text(encoding="utf-8")
    assert "<b>a" not in html
    assert "&lt;b&gt;a&lt;/b&gt;" in html


def test_options_that_do_not_fit_together_are_told(run_inkdigits, letters):
    table, paths, _ = letters
    done = run_inkdigits("compare", *paths, "--classes", "a,b")
    assert (done.returncode, "--classes needs --data" in done.stderr) == (2, True)
    done = run_inkdigits("compare", *paths, "--data", table, "--on", "validation")
    assert (done.returncode, "does not fit --data" in done.stderr) == (2, True)
    done = run_inkdigits("compare", "mlp", "classic", "--data", table)
    assert_one_sentence(done, "letters.csv")


# Errors


def assert_one_sentence(done, cause):
    assert done.returncode == 1
    assert re.fullmatch(r"Error: [^\n]+\.\n", done.stderr), done.stderr
    assert cause in done.stderr


@pytest.mark.parametrize("names", [[], ["mlp"], ["mlp"] * 2, ["mlp"] * 9])
def test_two_to_eight_different_runs_are_needed(run_inkdigits, names):
    done = run_inkdigits("compare", *names)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_run_without_a_model_is_told(run_inkdigits, runs, tmp_path):
    folder = shutil.copytree(runs[0], tmp_path / "run")
    (folder / "mlp.safetensors").unlink()
    assert_one_sentence(run_inkdigits("compare", "mlp", folder), f"{folder} has no model")
    for name in ("a", "b"):
        save_model(folder / f"{name}.safetensors", untrained())
    done = run_inkdigits("compare", "mlp", folder)
    assert_one_sentence(done, "has several models (a.safetensors, b.safetensors)")


def test_other_classes_are_rejected(run_inkdigits, tmp_path):
    network = Network((Flatten(), Dense(784, 2)))
    vector = network.init(np.random.default_rng(0))
    path = tmp_path / "letters.safetensors"
    model = Model(network, vector, "ink", tta=False, recipe="letters", classes=("a", "b"))
    save_model(path, model)
    save_model(tmp_path / "more.safetensors", model)
    done = run_inkdigits("compare", "mlp", path)
    assert_one_sentence(done, "do not have the same classes")
    done = run_inkdigits("compare", path, tmp_path / "more.safetensors")
    assert_one_sentence(done, "are not the digits 0 to 9")


def test_control_characters_of_settings_do_not_reach_the_terminal(run_inkdigits, tmp_path):
    for name in ("a", "b"):
        model = untrained()
        model.training["note\x1b[2J"] = f"\x1b[31m{name}"
        save_model(tmp_path / f"{name}.safetensors", model)
    done = run_inkdigits("compare", *tmp_path.iterdir())
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "note\\x1b[2J" in done.stdout


def test_unknown_run_is_told(run_inkdigits, tmp_path):
    assert_one_sentence(run_inkdigits("compare", "mlp", tmp_path / "none"), "is neither a file")
