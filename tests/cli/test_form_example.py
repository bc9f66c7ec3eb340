"""The example of docs/forms.md: its photo is read, and its numbers are those that were written."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.forms.form_file import load_form
from inkdigits.forms.print_form import print_form

DOCUMENT = Path(__file__).parents[2] / "docs/forms.md"
EXAMPLE = DOCUMENT.parent / "example-form"
MAX_FIGURE_BYTES = 200_000  # of all of them


def rows(text):
    return list(csv.DictReader(text.splitlines()))


def test_photo_of_the_example_is_read(tmp_path):
    table = tmp_path / "results.csv"
    arguments = [EXAMPLE / "quiz.toml", EXAMPLE / "photo.jpg", "-o", table, "--workers", 1]
    read = CliRunner().invoke(main, ["form", "read", *map(str, arguments)])
    assert read.exit_code == 0, read.output
    written = rows((EXAMPLE / "written.csv").read_text(encoding="utf-8"))
    found = rows(table.read_text(encoding="utf-8"))
    assert len(found) == 12
    names = list(written[0])
    assert not any(row[name] for row in found[9:] for name in names)
    doubtful = 0
    for row, expected in zip(found[:9], written, strict=True):
        for name in names:
            doubtful += bool(row[f"{name}_review"])
            assert row[f"{name}_review"] or row[name] == expected[name]
    assert doubtful <= 6
    # The sum leaves hardly a doubt about the numbers of which it is.
    assert not any(row["total_review"] for row in found)


def test_document_shows_the_form_of_the_example():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"```toml\n{(EXAMPLE / 'quiz.toml').read_text(encoding='utf-8')}```" in text


def test_figures_are_small():
    figures = [*DOCUMENT.parent.glob("figures/form-*"), EXAMPLE / "photo.jpg"]
    assert sum(path.stat().st_size for path in figures) < MAX_FIGURE_BYTES
    assert all(path.name in DOCUMENT.read_text(encoding="utf-8") for path in figures)


@pytest.mark.extras
def test_form_of_the_example_is_printed():
    assert print_form(load_form(EXAMPLE / "quiz.toml")).startswith(b"%PDF-")
