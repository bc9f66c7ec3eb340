"""`inkdigits form read`: a folder of photos becomes a table, whatever happens on the way."""

import csv
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from sheet_pictures import Photo, draw_page, photograph, write_digits

from inkdigits.cli import main
from inkdigits.forms.form_file import load_form
from inkdigits.forms.layout import layout

FORM = """
title = "Points"
rows = 2
[[fields]]
name = "points"
length = 2
range = [0, 50]
"""
VALUE = "17"


def write_photo(path, form, copy, seed=0):
    page = draw_page(form, form.rows, copy)
    for cell in layout(form, form.rows).pages[0].cells[:1]:
        write_digits(page, cell.boxes, VALUE, np.random.default_rng(4), digits=straight)
    data = photograph(page, Photo(megapixels=1, tilt=5), np.random.default_rng(seed))
    path.write_bytes(data)


def straight(digit, rng):
    stroke = {1: [(0, 0), (0, 2)], 7: [(0, 0), (1, 0), (0.4, 2)]}[digit]
    return [np.array(stroke, float)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "form.toml").write_text(FORM)
    form = load_form(tmp_path / "form.toml")
    photos = tmp_path / "photos"
    photos.mkdir()
    for copy in (1, 2):
        write_photo(photos / f"{copy}.jpg", form, copy)
    return tmp_path


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_photos_become_a_table_and_bad_ones_are_listed(folder, run_inkdigits):
    form = load_form(folder / "form.toml")
    photos = folder / "photos"
    write_photo(photos / "3-again.jpg", form, 1, seed=1)
    (photos / "4-same.jpg").write_bytes((photos / "1.jpg").read_bytes())
    cv2.imwrite(str(photos / "5-blank.png"), np.full((400, 300), 255, np.uint8))
    (photos / "6-damaged.jpg").write_bytes(b"\xff\xd8\xff")
    (photos / "notes.txt").write_text("not a picture")
    command = ("form", "read", "form.toml", "photos", "-o", "out.csv", "--workers", "2")
    done = run_inkdigits(*command, cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "out.csv: 2 sheets read, 4 not read in" in done.stderr
    assert "3-again.jpg: This is page 1 of copy 1, which was read from" in done.stderr
    assert "4-same.jpg: The file is the same as" in done.stderr
    assert "5-blank.png: No markers were found" in done.stderr
    assert "6-damaged.jpg: The image is damaged" in done.stderr
    read = [row for row in rows_of(folder / "out.csv") if not row["problem"]]
    assert [(row["copy"], row["row"], row["points"]) for row in read] == [
        ("1", "1", VALUE), ("1", "2", ""), ("2", "1", VALUE), ("2", "2", ""),
    ]  # fmt: skip
    # Only what failed is tried again: now with what the reason of the duplicate says to do.
    (folder / "form.toml").write_text(FORM.replace("50", "9"))
    again = run_inkdigits(*command[:-1], "1", "--photocopies", cwd=folder)
    assert "1 sheet read, 3 not read, 2 read before" in again.stderr
    assert again.returncode == 1
    assert "The form has other rules than before" in again.stderr
    read_now = [row for row in rows_of(folder / "out.csv") if not row["problem"]]
    assert len(read_now) == 6
    assert [row for row in read_now if row in read] == read


def test_killed_command_continues_where_it_stopped(folder, inkdigits_command, run_inkdigits):
    form = load_form(folder / "form.toml")
    for copy in range(3, 5):
        write_photo(folder / f"photos/{copy}.jpg", form, copy)
    command = ("form", "read", "form.toml", "photos", "-o", "out.json", "--workers", "1")
    process = subprocess.Popen([*inkdigits_command, *command], cwd=folder)
    stored = 0
    while process.poll() is None and not stored:
        time.sleep(0.02)
        stored = count_sheets(folder / "out.sqlite")
    process.send_signal(signal.SIGKILL)
    process.wait()
    stored = count_sheets(folder / "out.sqlite")
    assert stored >= 1
    done = run_inkdigits(*command, cwd=folder)
    assert done.returncode == 0
    assert f"{4 - stored} sheet" in done.stderr
    assert f"{stored} read before" in done.stderr
    assert count_sheets(folder / "out.sqlite") == 4
    assert VALUE in json.dumps(json.loads((folder / "out.json").read_text()))


def count_sheets(path):
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM sheets").fetchone()[0]
        except sqlite3.OperationalError:  # being created or written
            return 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("form.toml", "photos", "-o", "out.txt"), "is not a name of a table"),
        (("form.toml", "photos", "-o", "folder.csv"), "folder.csv is a folder"),
        (("form.toml", "empty", "-o", "out.csv"), "contains no sheets"),
        (("missing.toml", "photos", "-o", "out.csv"), "missing.toml"),
        (("form.toml", "photos", "-o", "missing/out.csv"), "The folder missing does not exist"),
    ],
)
def test_mistake_of_the_user_is_one_sentence(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "photos", "folder.csv"):
        Path(name).mkdir()
    Path("form.toml").write_text(FORM)
    Path("photos/1.jpg").write_bytes(b"not looked at")
    done = CliRunner().invoke(main, ["form", "read", *arguments])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code != 0
    assert sentence in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert not list(Path().glob("*.sqlite"))
