"""`train --data` and `evaluate --data` on real files, and what goes wrong with them."""

import gzip
import json
import os
import re

import numpy as np
import own_images
import pytest
from test_hostile_files import assert_one_sentence

from inkdigits.constants import DIGITS
from inkdigits.model_file import load_model
from inkdigits.recognizer import Recognizer

NAMES = ["a", "[red]b[/]", "<i>c</i>", "../d"]
FEW = ("--epochs", 6, "--workers", 1)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of 400 pictures of four classes whose names are hostile, and their test pictures."""
    folder = tmp_path_factory.mktemp("table")
    for name, count, seed in (("train.csv", 400, 0), ("test.csv", 80, 1)):
        images, labels = own_images.images_of(count, 4, seed)
        own_images.write_csv(folder / name, images, [NAMES[label] for label in labels])
    return folder / "train.csv"


@pytest.fixture(scope="module")
def run(run_inkdigits, table, tmp_path_factory):
    """A finished run on the table: its folder, and what it printed."""
    folder = tmp_path_factory.mktemp("own") / "run"
    done = run_inkdigits(
        *("train", "mlp", "--data", table, "--preprocessing", "plain", "--run-dir", folder, *FEW)
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


@pytest.fixture(scope="module")
def model(run):
    return run[0] / "mlp.safetensors"


def evaluate(run_inkdigits, *arguments):
    done = run_inkdigits("evaluate", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Training


def test_classes_are_kept_in_the_model_file(model):
    loaded = load_model(model)
    assert loaded.classes == ("../d", "<i>c</i>", "[red]b[/]", "a")
    assert loaded.rejection_threshold is None
    assert loaded.preprocessing == "plain"
    assert list(loaded.training["data"]) == ["train.csv"]


def test_what_does_not_apply_is_said(run):
    _, printed = run
    assert "train.csv: 400 images of 4 classes: ../d, <i>c</i>, [red]b[/], a" in printed
    assert "The classes are not the ten digits" in printed
    assert "360 train.csv images, 40 held out; preprocessing: plain" in printed
    assert "MNIST's writers" not in printed
    assert "--data SOURCE" in printed


def test_images_that_are_not_ink_on_paper_are_noticed(run_inkdigits, tmp_path):
    images, labels = own_images.images_of(40)
    for level, is_noticed in ((0, False), (60, True)):
        path = own_images.write_csv(tmp_path / f"{level}.csv", images // 5 + level, labels)
        done = run_inkdigits(
            *("train", "mlp", "--data", path, "--run-dir", tmp_path / str(level)),
            *("--epochs", 1, "--workers", 1),
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert ("use --preprocessing plain" in done.stdout) == is_noticed


def test_digits_stay_digits_with_all_of_the_recipe(run_inkdigits, small_test_digits, tmp_path):
    digits = small_test_digits
    writers = np.arange(len(digits)) // 25
    path = own_images.write_csv(tmp_path / "digits.csv", digits.images, digits.labels, writers)
    done = run_inkdigits(
        *("train", "mlp", "--data", path, "--validation", "0.2", "--run-dir", tmp_path / "run"),
        *("--epochs", 2),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "500 images of 10 classes by 20 writers: 0, 1," in done.stdout
    assert re.search(r"digits\.csv images, .*non-digits, .* held out", done.stdout)
    loaded = load_model(tmp_path / "run" / "mlp.safetensors")
    assert loaded.classes == DIGITS
    assert loaded.rejection_threshold is not None
    assert {"digits.csv", "pendigits-orig.tra"} <= loaded.training["data"].keys()
    assert loaded.metrics["development"]["validation"]["writers"] == 4
    shown = run_inkdigits("evaluate", tmp_path / "run" / "mlp.safetensors", "--data", path)
    assert "500 images of digits.csv" in shown.stdout
    assert "By writer: the accuracy is the mean over writers" in shown.stdout


def test_folder_is_learned_and_a_file_of_it_is_recognized(run_inkdigits, tmp_path):
    images, labels = own_images.images_of(200)
    names = [own_images.NAMES[label] for label in labels]
    folder = own_images.write_folders(tmp_path / "things", images, names)
    (folder / "note.txt").write_text("")
    done = run_inkdigits(
        *("train", "mlp", "--data", folder, "--preprocessing", "plain"),
        *("--run-dir", tmp_path / "run", *FEW),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 entry was skipped" in done.stdout
    path = tmp_path / "run" / "mlp.safetensors"
    values = evaluate(run_inkdigits, path, "--data", folder)
    assert values["accuracy"] > 0.9
    assert values["data"] == load_model(path).training["data"]
    prediction = Recognizer.load(path).recognize(folder / names[0] / "0.png")
    assert prediction.label in own_images.NAMES


def test_labels_get_names_by_option(run_inkdigits, tmp_path):
    path = own_images.write_csv(tmp_path / "numbers.csv", *own_images.images_of(100))
    done = run_inkdigits(
        *("train", "mlp", "--data", path, "--classes", 'cat, dog,"cow, bull" ,hen'),
        *("--run-dir", tmp_path / "run", "--epochs", 1),
    )
    assert (done.returncode, done.stderr) == (0, "")
    model = tmp_path / "run" / "mlp.safetensors"
    names = ["cat", "dog", "cow, bull", "hen"]
    assert load_model(model).classes == tuple(names)
    # Numbers stand for the classes in order.
    assert evaluate(run_inkdigits, model, "--data", path)["classes"] == names


def test_run_folder_is_named_after_recipe_and_data(run_inkdigits, tmp_path):
    path = own_images.write_csv(tmp_path / "my data!.v2.csv", *own_images.images_of(40))
    run_inkdigits("train", "mlp", "--data", path, "--epochs", 1, cwd=tmp_path, check=True)
    assert (tmp_path / "runs" / "mlp-my-data-seed-0" / "mlp.safetensors").exists()


# Validation


@pytest.mark.parametrize(
    ("option", "counts"),
    [("0.25", "300 train.csv images, 100 held out"), ("0", "400 train.csv images; ")],
)
def test_validation_may_be_a_share(run_inkdigits, table, tmp_path, option, counts):
    done = run_inkdigits(
        *("train", "mlp", "--data", table, "--validation", option),
        *("--run-dir", tmp_path, "--epochs", 1),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert counts in done.stdout


def test_validation_may_be_other_data(run_inkdigits, table, tmp_path):
    arguments = ("train", "mlp", "--data", table, "--validation", table.with_name("test.csv"))
    arguments = (*arguments, "--run-dir", tmp_path, "--epochs", 1)
    done = run_inkdigits(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "400 train.csv images, 80 held out" in done.stdout
    hashes = load_model(tmp_path / "mlp.safetensors").training["data"]
    assert list(hashes) == ["train.csv", "validation: test.csv"]
    assert run_inkdigits(*arguments, "--resume").returncode == 0
    changed = run_inkdigits(*arguments[:5], table, *arguments[6:], "--resume")
    assert_one_sentence(changed)
    assert "validation" in changed.stderr


@pytest.mark.parametrize("value", ["0.6", "-1", "nan"])
def test_share_out_of_range_is_refused(run_inkdigits, table, value):
    done = run_inkdigits("train", "mlp", "--data", table, f"--validation={value}")
    assert done.returncode == 2
    assert "not a share from 0 to 0.5" in done.stderr


@pytest.mark.parametrize("option", ["validation", "classes"])
def test_options_of_own_data_need_own_data(run_inkdigits, option):
    done = run_inkdigits("train", "mlp", f"--{option}", "x")
    assert done.returncode == 2
    assert f"--{option} needs --data" in done.stderr


@pytest.mark.parametrize("arguments", [("evaluate", "mlp"), ("compare", "mlp", "cnn-small")])
def test_images_that_are_not_used_are_never_ignored(run_inkdigits, arguments):
    named = run_inkdigits(*arguments, "--classes", "x")
    assert named.returncode == 2
    assert "--classes needs --data" in named.stderr
    empty = run_inkdigits(*arguments, "--data", "")
    assert empty.returncode == 1
    assert_one_sentence(empty)


# Resume


def test_run_is_resumed_only_with_the_same_data(run_inkdigits, run, model, table, tmp_path):
    folder, _ = run
    before = model.read_bytes()
    arguments = ("train", "mlp", "--preprocessing", "plain", "--run-dir", folder, *FEW, "--resume")
    same = tmp_path / "train.csv"
    same.write_bytes(gzip.compress(table.read_bytes()))  # the content counts
    done = run_inkdigits(*arguments, "--data", same)
    assert (done.returncode, done.stderr) == (0, "")
    assert model.read_bytes() == before

    text = table.read_text(encoding="utf-8")
    same.write_text(text.replace(",1,", ",2,", 1), encoding="utf-8")
    for source in (same, None, table.with_name("test.csv")):
        done = run_inkdigits(*arguments, *(["--data", source] if source else []))
        assert done.returncode in (1, 2)
        assert "Traceback" not in done.stderr
        assert model.read_bytes() == before
    assert_one_sentence(run_inkdigits(*arguments, "--data", same))
    assert "data.train.csv" in run_inkdigits(*arguments, "--data", same).stderr


# Evaluation


def test_evaluation_has_the_classes_and_their_names(run_inkdigits, model, table, tmp_path):
    test, report = table.with_name("test.csv"), tmp_path / "report.html"
    values = evaluate(run_inkdigits, model, "--data", test, "--report", report)
    assert values["classes"] == sorted(NAMES)
    assert values["total"] == 80
    assert values["accuracy"] > 0.9
    assert np.sum(values["confusion"]) == 80
    html = report.read_text(encoding="utf-8")
    assert "&lt;i&gt;c&lt;/i&gt;" in html
    assert "<i>" not in html
    assert "80 images of test.csv" in html
    shown = run_inkdigits("evaluate", model, "--data", test)
    assert f"accuracy {values['accuracy']:.2%} on 80 images of test.csv" in shown.stdout
    for number, name in enumerate(sorted(NAMES)):
        recall = f"{values['recall'][number]:.2%}"
        assert re.search(rf"{number} {re.escape(name[:9])} .* {recall}", shown.stdout)


def test_many_classes_are_listed_by_their_recall(run_inkdigits, tmp_path):
    images, labels = own_images.images_of(400, 40)
    path = own_images.write_csv(tmp_path / "many.csv", images, [f"word {n}" for n in labels])
    run_inkdigits(
        *("train", "mlp", "--data", path, "--preprocessing", "plain", "--run-dir", tmp_path),
        *("--epochs", 1),
        check=True,
    )
    shown = run_inkdigits("evaluate", tmp_path / "mlp.safetensors", "--data", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Classes with the lowest recall, of 40:" in shown.stdout
    assert re.search(r"\d times word \d+ as word \d+", shown.stdout)
    values = evaluate(run_inkdigits, tmp_path / "mlp.safetensors", "--data", path)
    assert len(values["recall"]) == 40


def test_mnist_cannot_measure_other_classes(run_inkdigits, model):
    done = run_inkdigits("evaluate", model)
    assert_one_sentence(done)
    assert "name test data with --data" in done.stderr


def test_labels_that_the_model_does_not_know_are_refused(run_inkdigits, model, tmp_path):
    images, labels = own_images.images_of(8)
    path = own_images.write_csv(tmp_path / "other.csv", images, [f"\x1b[{n}m" for n in labels])
    done = run_inkdigits("evaluate", model, "--data", path)
    assert_one_sentence(done)
    assert r"label '\x1b[0m', which is not one of the 4 classes" in done.stderr


def test_unreadable_picture_is_named_by_evaluation(run_inkdigits, model, tmp_path):
    folder = own_images.write_folders(tmp_path / "f", own_images.images_of(4)[0], ["a"] * 4)
    (folder / "a" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    done = run_inkdigits("evaluate", model, "--data", folder)
    assert_one_sentence(done)
    assert "a/2.png cannot be used" in done.stderr


def test_run_begins_only_if_every_picture_can_be_decoded(run_inkdigits, tmp_path):
    images, labels = own_images.images_of(80)
    names = [own_images.NAMES[label] for label in labels]
    folder = own_images.write_folders(tmp_path / "things", images, names)
    (folder / "top" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    arguments = ("train", "mlp", "--data", folder, "--run-dir", tmp_path / "run", "--epochs", 1)
    done = run_inkdigits(*arguments)
    assert_one_sentence(done)
    assert "top/2.png cannot be used" in done.stderr
    (folder / "top" / "2.png").unlink()
    done = run_inkdigits(*arguments)
    assert (done.returncode, done.stderr) == (0, "")


# Hostile data


def hostile_folder(path):
    own_images.write_folders(path, own_images.images_of(8)[0], ["fine", "\x1b]0;owned\x07"] * 4)


def hostile_csv(content):
    return lambda path: path.write_bytes(content)


HOSTILE = {
    "a class with escape codes": hostile_folder,
    "a label with escape codes": hostile_csv(b"label,pixel0\n" + b"\x1b[2J,1\nfine,1\n" * 30),
    "a million columns": hostile_csv(b"label" + b",pixel0" * 1_000_000),
    "a wrong pixel": hostile_csv(b"label,pixel0\n1,1\n2,abc\n"),
    "a gzip bomb": lambda path: path.write_bytes(gzip.compress(b"label,pixel0\n" + bytes(2**26))),
    "a zip": hostile_csv(b"PK\x03\x04nothing"),
    "no Parquet": hostile_csv(b"PAR1" + bytes(100) + b"PAR1"),
    "one class": hostile_csv(b"label,pixel0\n" + b"7,1\n" * 30),
    "empty": hostile_csv(b""),
    "a pipe": os.mkfifo,
    "an empty folder": os.mkdir,
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_data_are_refused_in_one_sentence(run_inkdigits, tmp_path, kind):
    path = tmp_path / "data"
    HOSTILE[kind](path)
    done = run_inkdigits("train", "mlp", "--data", path, "--run-dir", tmp_path / "run")
    assert_one_sentence(done)
    assert "\x1b" not in done.stdout
    assert not (tmp_path / "run" / "settings.json").exists()


def test_hostile_names_of_files_do_not_reach_the_terminal(run_inkdigits, tmp_path):
    path = tmp_path / "\x1b]0;title\x07[red].csv"
    own_images.write_csv(path, *own_images.images_of(40))
    done = run_inkdigits(
        *("train", "mlp", "--data", path, "--epochs", 1, "--run-dir", tmp_path / "run")
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = run_inkdigits("evaluate", tmp_path / "run" / "mlp.safetensors", "--data", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    for printed in (done.stdout, shown.stdout):
        assert all(line.isprintable() for line in printed.split("\n"))
        assert "[red].csv" in printed
