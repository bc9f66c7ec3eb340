"""The commands about a form's results: export, forget, and what review says without a page."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_results import make_results

from inkdigits.cli import main
from inkdigits.forms.store import Store


@pytest.fixture
def results(tmp_path):
    return make_results(tmp_path, sheets=1)


def run(*arguments):
    return CliRunner().invoke(main, ["form", *map(str, arguments)])


def test_export_writes_tables_and_digits(results, tmp_path):
    with Store.open(results) as store:
        store.correct(1, store.field(1).value, "Ada")
    table = results.with_suffix(".csv")
    written = run("export", table, "-o", tmp_path / "results.json", "--digits", tmp_path / "digits")
    assert written.exit_code == 0
    assert "Digits written to" in written.output
    assert len(list((tmp_path / "digits").glob("*/*.png"))) == 5
    assert len(json.loads((tmp_path / "results.json").read_text())["sheets"]) == 2
    before = table.read_text().count("low confidence")
    assert run("export", table, "-o", table, "--review", "1").exit_code == 0
    assert table.read_text().count("low confidence") > before


def test_forget_says_what_is_left(results):
    table = results.with_suffix(".csv")
    told = run("forget", table)
    assert told.exit_code == 0
    assert f"Left, with the values: {table}." in told.output
    assert not results.exists()
    assert table.exists()
    assert run("forget", table).exit_code == 1


def test_forget_all_deletes_the_tables(results):
    told = run("forget", results.with_suffix(""), "--all")
    assert told.exit_code == 0
    assert "Left" not in told.output
    assert not results.exists()
    assert not results.with_suffix(".csv").exists()


def test_nothing_to_review_and_bad_names_end_in_a_sentence(results, tmp_path):
    with Store.open(results) as store:
        for field in store.fields():
            store.correct(field.id, field.value, "Ada")
    done = run("review", results, "--no-open")
    assert done.exit_code == 0
    assert done.output.startswith("Nothing to review: 24 fields answered before")
    for arguments in (
        ("review", tmp_path / "none.csv"),
        ("export", tmp_path / "none.csv", "-o", "x.csv"),
        ("export", results),
        ("export", results, "-o", tmp_path / "x.txt"),
        ("export", results, "--digits", Path(__file__).parent),
        ("forget", Path(__file__)),
    ):
        failed = run(*arguments)
        assert failed.exit_code in (1, 2)
        assert failed.output.strip().splitlines()[-1].startswith("Error: ")
        assert "Traceback" not in failed.output
