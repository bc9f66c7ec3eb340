"""Results as tables: corrections and marks, cells that spreadsheets must not run, atomic files."""

import csv
import json
from dataclasses import replace

import made_results as made
import pytest

from inkdigits.forms.export import export, export_again, exporting
from inkdigits.forms.form import Field
from inkdigits.forms.store import SheetResult, Store, StoredForm
from inkdigits.storage.files import FileError


@pytest.fixture
def path(tmp_path):
    return made.make_results(tmp_path, sheets=1)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_has_a_row_for_each_row_of_a_sheet_and_tells_what_could_not_be_read(path):
    bad, *rows = rows_of(path.with_suffix(".csv"))
    assert bad["source"] == "blurred.jpg"
    assert bad["problem"] == "It is too blurred."
    assert bad["row"] == bad["student"] == bad["total_review"] == ""
    assert [row["row"] for row in rows] == list("123456")
    assert {(row["source"], row["page"], row["copy"], row["problem"]) for row in rows} == {
        ("scan.pdf", "1", "1", "")
    }
    assert [row["first_review"] for row in rows] == [
        *("low confidence", "", "struck out", "", "low confidence", "")
    ]
    assert rows[0]["first"] == "17"
    assert rows[0]["first_confidence"] == "0.56"
    assert rows[4]["second"] == rows[4]["second_review"] == ""
    assert rows[5]["total_review"] == "sum rule"


def test_corrections_and_a_new_threshold_reach_every_table_that_was_written(path):
    with Store.open(path) as store:
        export(store, path.with_suffix(".json"))
        low, struck = (
            field
            for field in store.fields()
            if field.name == "first" and field.row < 4 and field.row != 2
        )
        store.correct(low.id, "17", "Ada")
        store.correct(struck.id, "23", "Ada")
        store.threshold = 0.999999
        export_again(store)
    rows = rows_of(path.with_suffix(".csv"))[1:]
    assert [(row["first"], row["first_review"]) for row in rows[:3:2]] == [
        ("17", "confirmed"),
        ("23", "corrected"),
    ]
    assert rows[1]["first_review"] == "low confidence"
    sheets = json.loads(path.with_suffix(".json").read_text())["sheets"]
    field = sheets[1]["rows"][2]["fields"]["first"]
    assert (field["value"], field["recognized"], field["review"]) == ("23", "", False)
    assert [(each["who"], each["old"], each["new"]) for each in field["corrections"]] == [
        ("Ada", None, "23")
    ]


def test_no_cell_is_a_formula_and_no_name_breaks_the_table(tmp_path):
    names = ["=1+1", "page", "page_", "a,b"]
    form = StoredForm("F", "t", tuple(Field(name, 2) for name in names))
    path = tmp_path / "results.sqlite"
    sources = ["=cmd|' /C calc'!A0.pdf", "@x.png", "+1\n2.png", "bad\udcff.png", "ö.png"]
    with Store.create(path, form) as store:
        for number, source in enumerate(sources):
            fields = tuple(made.field(1, name, "12", 2) for name in names)
            store.add(SheetResult(source, f"{number:064x}", 1, 1, 1, number, None, fields))
        store.add(SheetResult("x.pdf", "f" * 64, 1, 1, problem="-1+1"))
        export(store, path.with_suffix(".csv"))
    content = path.with_suffix(".csv").read_bytes().decode()
    rows = list(csv.reader(content.splitlines(keepends=True)))
    assert len({len(row) for row in rows}) == 1
    assert len(set(rows[0])) == len(rows[0])
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert {row[0] for row in rows[1:]} == {
        *("'=cmd|' /C calc'!A0.pdf", "'@x.png", "'+1\\n2.png", "bad\\udcff.png", "ö.png", "x.pdf")
    }


def test_a_file_of_another_kind_or_place_is_not_noted(path, tmp_path):
    other = tmp_path / "else"
    other.mkdir()
    with Store.open(path) as store:
        with pytest.raises(FileError, match=r"end it in \.csv"):
            export(store, tmp_path / "results.xlsx")
        export(store, other / "copy.csv")
        assert store.exports() == [path.with_suffix(".csv")]
        assert (other / "copy.csv").read_bytes() == path.with_suffix(".csv").read_bytes()
        # The names in a file from elsewhere do not lead out of its folder.
        store.add_export("../victim.csv")
        (tmp_path.parent / "victim.csv").write_text("mine")
        path.with_suffix(".csv").unlink()
        export(store, path.with_suffix(".json"))
        for table in (other / "copy.csv", path.with_suffix(".json")):
            table.write_text("old")
        export_again(store, path.with_suffix(".json"))
        assert path.with_suffix(".json").read_text() == "old"
        export_again(store)
        assert (other / "copy.csv").read_text() == "old"
        assert path.with_suffix(".json").read_text() != "old"
    assert (tmp_path.parent / "victim.csv").read_text() == "mine"
    assert not path.with_suffix(".csv").exists()  # deleted by a person, not to come back


def test_a_thread_writes_the_table_again_after_each_answer(path):
    table = path.with_suffix(".csv")
    with exporting(path) as update, Store.open(path) as store:
        for value in ("1", "2", "3"):
            store.correct(1, value, "Ada")
            update()
    assert rows_of(table)[1]["student"] == "3"


@pytest.mark.extras
def test_parquet_has_the_same_table_with_types(path):
    from pyarrow import parquet

    with Store.open(path) as store:
        store.add(replace(made.sheet(2), source="bad\udcff.png"))
        export(store, path.with_suffix(".parquet"))
        export(store, path.with_suffix(".csv"))
    table = parquet.read_table(path.with_suffix(".parquet")).to_pylist()
    for typed, text in zip(table, rows_of(path.with_suffix(".csv")), strict=True):
        assert {name: "" if cell is None else str(cell) for name, cell in typed.items()} == text
    assert table[-6]["first_confidence"] == 0.56
    assert table[-6]["copy"] == 1
