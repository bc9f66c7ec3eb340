"""The notebooks of docs/course run, and their checks accept solutions and explain mistakes."""

import contextlib
import importlib
import io
import json
import os
import re
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import build
import click
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import small_mnist as small
import start
import worksheet
from coursework import built, data
from coursework.exercise import ConditionCheck, FunctionCheck, NotYet, ValueCheck

from inkdigits.cli import main

SOURCES = build.sources()
NAMES = [source.stem for source in SOURCES]
COURSE = build.COURSE
READER = "10_reader"


@pytest.fixture(autouse=True)
def no_windows(monkeypatch):
    """Make plots, but do not show them, as in a notebook without a screen."""
    matplotlib.use("agg")
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    yield
    plt.close("all")


@pytest.fixture
def small_data(small_mnist, monkeypatch):
    """Let the notebooks find the small MNIST, and train for one epoch."""
    for module, name, value in small.accepted(small_mnist):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("INKDIGITS_DATA", str(small_mnist))
    train = built.train
    monkeypatch.setattr(
        built,
        "train",
        lambda network, x, labels, epochs, **options: train(
            network, x[::4], labels[::4], 1, **options
        ),
    )


def code_cells(source):
    return [cell for cell in build.cells(source) if not cell.is_markdown]


def run(text, names):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(text, "cell", "exec"), names)
    return printed.getvalue()


def record(checks, used):
    """Return the checks of a notebook; each notes in `used` that it was called, and with what."""

    def call(name, check, answer, *context):
        check(answer, *context)
        used[name] = check, context

    checks_by_name = {
        name: check
        for name, check in vars(checks).items()
        if isinstance(check, FunctionCheck | ValueCheck | ConditionCheck)
    }
    recorders = {name: partial(call, name, check) for name, check in checks_by_name.items()}
    return SimpleNamespace(**recorders), set(checks_by_name)


def assert_typical_mistakes_are_explained(check, context):
    assert len(check.mistakes) >= 2
    for message, mistake in check.mistakes.items():
        if isinstance(check, FunctionCheck):
            calls = [check._call(mistake, case) for case in check.cases()]
            assert not all(isinstance(result, Exception) for result in calls), message
            answer = mistake
        else:
            answer = mistake(*context)
        with pytest.raises(NotYet, match=re.escape(message)):
            check(answer, *context)


@pytest.mark.usefixtures("small_data")
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_notebook_runs_solved_and_every_check_fails_on_gaps_and_typical_mistakes(
    source, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    names, used, expected = {}, {}, None
    cells = code_cells(source)
    for number, cell in enumerate(cells):
        if cell.is_exercise:
            without_answer = dict(names)
            run(cell.unsolved, without_answer)
            following = next(c for c in cells[number + 1 :] if "check." in c.solved)
            with pytest.raises(NotYet):
                run(following.solved, without_answer)
        printed = run(cell.solved, names)
        if "check." in cell.solved:
            assert " is right." in printed
        if expected is None:
            names["check"], expected = record(names["check"], used)
    assert set(used) == expected
    assert len(used) >= 4
    for check, context in used.values():
        assert_typical_mistakes_are_explained(check, context)
    if source.stem == READER:
        assert names["prediction"].seen.shape == (28, 28)


def test_missing_digits_are_told_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(NotYet, match="inkdigits data"):
        data.load_digits()


def test_drawing_of_a_student_is_loaded(tmp_path):
    golden = Path(__file__).parent / "golden/7.png"
    picture = data.load_picture(str(golden))
    assert picture.shape[2] == 3
    assert not np.array_equal(picture, data.load_picture(str(tmp_path / "missing.png")))


# The notebooks


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_notebook_is_up_to_date_and_without_solutions(source):
    text = build.notebook_path(source).read_text(encoding="utf-8")
    assert text == build.to_text(build.notebook(source)), "run `python docs/course/build.py`"
    assert "SOLUTION" not in text
    assert any(
        "..." in "".join(cell["source"]) or "# change" in "".join(cell["source"])
        for cell in json.loads(text)["cells"]
    )


def prose(source):
    return "\n\n".join(cell.text for cell in build.cells(source) if cell.is_markdown)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_notebook_says_what_it_is_for_and_what_to_read(source):
    text = prose(source)
    assert re.match(rf"# {int(source.stem[:2])} · .+\n\n\*About 30 minutes\.", text)
    assert "At the end you" in text
    assert "## Read on in inkdigits" in text
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (COURSE / link).exists(), link


def resolve(name):
    """Import what a dotted name names."""
    found = importlib.import_module("inkdigits")
    for number, part in enumerate(parts := name.split(".")[1:], start=1):
        if not hasattr(found, part):
            found = importlib.import_module(".".join(["inkdigits", *parts[:number]]))
        else:
            found = getattr(found, part)
    return found


TEXTS = {source.stem: prose(source) for source in SOURCES} | {
    path.name: path.read_text(encoding="utf-8") for path in COURSE.glob("*.md")
}


@pytest.mark.parametrize("name", TEXTS)
def test_names_and_commands_exist(name):
    named = re.findall(r"`(inkdigits(?:\.\w+)+)`", TEXTS[name])
    assert named or name not in NAMES
    for dotted in named:
        resolve(dotted)
    commands = set(main.list_commands(click.Context(main)))
    assert set(re.findall(r"`inkdigits (\w+)", TEXTS[name])) <= commands


# The worksheet


def numbers(name):
    """The numbers of a table of the worksheet, or of one place in its text."""
    html = worksheet.FILE.read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
    text = re.search(rf' id="{name}">(.*?)</(?:table|span)>', html, re.DOTALL)[1]
    rows = [re.findall(r"<td[^>]*>([^<]+)</td>", row) for row in text.split("</tr>")]
    return [[float(value) for value in row] for row in rows if row] or float(text)


def test_worksheet_is_up_to_date():
    text = worksheet.FILE.read_text(encoding="utf-8")
    assert text == worksheet.worksheet(), "run `python docs/course/worksheet.py`"


def test_answers_of_the_worksheet_follow_from_its_tables():
    weight, bias = numbers("weight"), -2
    for image, answer in (("seven", "score-a"), ("one", "score-b")):
        rows = zip(numbers(image), weight, strict=True)
        products = [x * w for row in rows for x, w in zip(*row, strict=True)]
        assert sum(products) + bias == numbers(answer)
    assert numbers("score-blank") == bias

    image, kernel, answers = numbers("strokes"), numbers("kernel"), numbers("convolution")
    for row, column in np.ndindex(4, 4):
        products = [image[row + i][column + j] * kernel[i][j] for i, j in np.ndindex(3, 3)]
        assert sum(products) == answers[row][column]
    for row, column in np.ndindex(2, 2):
        square = [answers[2 * row + i][2 * column + j] for i, j in np.ndindex(2, 2)]
        assert numbers("pooled")[row][column] == max(0, *square)

    # One step of learning on half the ink, by hand.
    y = 1 / (1 + np.exp(-1))
    step = worksheet.learned()
    assert step["score"] == 0.5 * 6 - 2
    assert step["error"] == pytest.approx(y - 1)
    assert step["top_left"] == pytest.approx(2 - 0.5 * (y - 1))
    assert step["bottom_left"] == 0
    assert step["bias"] == pytest.approx(-2 - (y - 1))
    new_score = 1 - (y - 1) * (7 * 0.25 + 1)
    assert step["new_score"] == pytest.approx(new_score)
    assert step["new_says"] == pytest.approx(1 / (1 + np.exp(-new_score)))


# Starting


def test_copies_keep_what_students_have_written(tmp_path):
    folder = tmp_path / "mine"
    assert len(start.copy_to(folder)) == 10
    first = folder / "01-pixels.ipynb"
    first.write_text("my answers", encoding="utf-8")
    (folder / "02-neuron.ipynb").unlink()
    (folder / "coursework/built.py").unlink()
    assert start.copy_to(folder) == ["02-neuron.ipynb"]
    assert first.read_text(encoding="utf-8") == "my answers"
    assert (folder / "coursework/checks/pixels.py").exists()
    assert (folder / "coursework/built.py").exists()


def test_start_without_jupyterlab_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="make course"):
        start.main(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_start_runs_jupyterlab_with_inkdigits_on_the_path(tmp_path, monkeypatch):
    package = tmp_path / "modules/jupyterlab"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(
        "import os, pathlib, sys\n"
        "pathlib.Path(sys.argv[1], 'seen').write_text(os.environ['PATH'])\n"
        "sys.exit(3)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setattr(start, "find_spec", lambda name: name)
    with pytest.raises(SystemExit) as stopped:
        start.main(tmp_path / "mine")
    assert stopped.value.code == 3
    seen = (tmp_path / "mine/seen").read_text(encoding="utf-8")
    assert seen.startswith(str(Path(sys.executable).parent) + os.pathsep)


@pytest.mark.extras
def test_jupyter_runs_a_solved_notebook_and_shows_the_message_of_a_gap(monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for source in SOURCES:
        nbformat.validate(build.notebook(source))
    source = next(s for s in SOURCES if s.stem == "04_chain_rule")  # needs no data
    monkeypatch.setenv("PYTHONPATH", str(COURSE), prepend=os.pathsep)
    gaps = nbformat.reads(build.to_text(build.notebook(source)), 4)
    solved = nbformat.reads(build.to_text(build.notebook(source)), 4)
    for cell, source_cell in zip(solved.cells, build.cells(source), strict=True):
        cell.source = source_cell.solved
    nbclient.NotebookClient(solved, timeout=120).execute()
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        nbclient.NotebookClient(gaps, timeout=120).execute()
    (error,) = [
        output
        for cell in gaps.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    assert error.traceback == ["Not yet. `by_hand` still needs your code in place of the `...`."]
