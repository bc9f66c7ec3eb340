"""The file of results: transactions, other content, corrections."""

import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import made_results as made
import pytest
from sentences import assert_sentence

from inkdigits.forms.store import SheetResult, Store, database_path
from inkdigits.storage.files import FileError

# Adds sheets until it is killed, and says which are kept.
WRITER = """
import sys
from dataclasses import replace
import made_results as made
from inkdigits.forms.store import Store
base = made.sheet(1, 2)
with Store.create(sys.argv[1], made.FORM) as store:
    for copy in range(10_000):
        assert store.add(replace(base, copy=copy, sha256=f"{copy:064x}"))
        print(copy, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return made.make_results(tmp_path, sheets=1)


def error_of(path):
    with pytest.raises(FileError) as raised:
        Store.open(path)
    assert_sentence(raised.value)
    return str(raised.value)


def test_a_sheet_is_read_back_as_it_was_added(path):
    result = made.sheet(1)
    with Store.open(path) as store:
        fields = store.fields()
        assert [sheet.problem for sheet in store.sheets()] == ["It is too blurred.", None]
        assert store.form == made.FORM
        for kept, added in zip(fields, result.fields, strict=True):
            assert (kept.row, kept.name, kept.value) == (added.row, added.name, added.value)
            assert (kept.confidence, kept.candidates) == (added.confidence, added.candidates)
            assert (kept.reason, kept.review) == (added.reason, added.review)
            assert store.crop(kept.id) == added.crop
            assert store.boxes(kept.id) == added.boxes
        assert store.pages_read(result.sha256) == {result.page}
        assert store.find_copy(1, 1).source == "scan.pdf"
        assert store.find_copy(2, 1) is None


def test_no_page_is_added_twice(path):
    with Store.open(path) as store:
        count = len(store.fields())
        assert not store.add(made.sheet(1))
        second = replace(made.sheet(2), sha256="e" * 64, pages=2)
        assert store.add(second)
        assert len(store.fields()) == count + len(second.fields)
    with Store.create(path, made.FORM) as store:
        assert store.pages_read("e" * 64) == {second.page}


def test_a_page_that_could_not_be_read_may_be_read_later(path):
    failed = SheetResult("scan.pdf", "e" * 64, 1, 1, problem="It has no markers.")
    read = replace(made.sheet(2), sha256="e" * 64, pages=1, page=1)
    with Store.open(path) as store:
        assert store.add(failed)
        assert store.pages_read("e" * 64) == frozenset()
        assert store.add(read)
        assert not store.add(failed)
        kept = [sheet for sheet in store.sheets() if sheet.sha256 == "e" * 64]
        assert [sheet.problem for sheet in kept] == [None]
        assert sum(field.sheet == kept[0].id for field in store.fields()) == len(read.fields)


def test_a_killed_process_loses_no_finished_sheet_and_leaves_no_half_one(tmp_path):
    path = tmp_path / "results.sqlite"
    pause = 0.02
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path],
            stdout=subprocess.PIPE,
            cwd=made.GOLDEN.parent,
        )
        first = process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        kept = [*map(int, [first, *process.communicate()[0].splitlines()])]
        pause *= 1.7
        with Store.open(path) as store:
            sheets = {sheet.copy: sheet.id for sheet in store.sheets()}
            assert set(kept) <= set(sheets)
            assert len(sheets) <= len(kept) + 1
            fields = [field.sheet for field in store.fields()]
            assert all(fields.count(number) == 8 for number in sheets.values())
        path.unlink()


def test_another_process_reads_while_one_writes(path):
    with Store.open(path) as writer, Store.open(path) as reader:
        writer._connection.execute("BEGIN IMMEDIATE")
        writer._connection.execute("UPDATE sheets SET problem = 'none'")
        assert [sheet.problem for sheet in reader.sheets()] == ["It is too blurred.", None]
        writer._connection.execute("COMMIT")
        assert [sheet.problem for sheet in reader.sheets()] == ["none", "none"]


def test_foreign_damaged_and_other_files_are_refused_in_a_sentence(path, tmp_path):
    assert "does not exist" in error_of(tmp_path / "none.sqlite")
    assert "regular file" in error_of(tmp_path)
    foreign = tmp_path / "foreign.sqlite"
    sqlite3.connect(foreign).execute("CREATE TABLE notes (text)").connection.close()
    assert "no results of a form" in error_of(foreign)
    text = tmp_path / "text.sqlite"
    text.write_text("x" * 5000)
    assert "cannot be used" in error_of(text)
    with pytest.raises(FileError, match="cannot be used"):
        Store.create(text, made.FORM)
    assert text.read_text() == "x" * 5000

    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 5000] = bytes(5000)
    path.write_bytes(damaged)
    assert "damaged" in error_of(path)
    path.write_bytes(whole[: len(whole) // 3])
    assert "damaged" in error_of(path)
    path.write_bytes(whole)
    for statement, part in (
        ("PRAGMA user_version = 99", "version 99"),
        ("CREATE TRIGGER t AFTER INSERT ON corrections BEGIN DELETE FROM fields; END", "tables"),
    ):
        path.write_bytes(whole)
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        assert part in error_of(path)


def test_what_was_corrected_about_the_form_is_kept(path):
    fields = (replace(made.FORM.fields[0], range=(1, 5)), *made.FORM.fields[1:])
    changed = replace(made.FORM, fields=fields)
    with Store.create(path, changed) as store:
        assert store.form.fields[0].range == (1, 5)
        assert len(store.fields()) == 24
        assert store.rules_changed
    labeled = replace(changed, fields=(replace(fields[0], label="Pupil"), *fields[1:]))
    for form in (changed, labeled):
        with Store.create(path, form) as store:
            assert store.form == form
            assert not store.rules_changed


def test_results_of_another_form_are_refused(path):
    with pytest.raises(FileError, match="another form"):
        Store.create(path, replace(made.FORM, identity="OTHER"))


def test_corrections_are_kept_with_who_and_what_was_before(path):
    with Store.open(path) as store:
        field = next(field for field in store.fields() if field.needs_review(store.threshold))
        for value, who in (("5", "Ada"), ("6", "Bea"), (None, "Cem")):
            store.correct(field.id, value, who)
        assert store.field(field.id) == field
        store.correct(field.id, field.recognized, "Ada")
        assert not store.field(field.id).needs_review(1)
    with Store.open(path) as store:
        history = store.corrections()
        assert [(each.who, each.old, each.new) for each in history] == [
            ("Ada", None, "5"),
            ("Bea", "5", "6"),
            ("Cem", "6", None),
            ("Ada", None, field.recognized),
        ]
        assert all(each.time.endswith("+00:00") for each in history)
        with pytest.raises(KeyError):
            store.correct(10**6, "1", "Ada")


def test_the_threshold_decides_what_needs_review(path):
    with Store.open(path) as store:
        at = {
            threshold: sum(field.needs_review(threshold) for field in store.fields())
            for threshold in (0, 0.56, 0.98)
        }
        assert at == {0: 2, 0.56: 2, 0.98: 4}
        store.threshold = 0.5
    with Store.open(path) as store:
        assert store.threshold == 0.5


def test_names_of_results():
    for given, expected in (
        ("results", "results.sqlite"),
        ("a/results.csv", "a/results.sqlite"),
        ("scores.2026", "scores.2026.sqlite"),
        ("scores.sqlite", "scores.sqlite"),
    ):
        assert database_path(given).as_posix() == expected
