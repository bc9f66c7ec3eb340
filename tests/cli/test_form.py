"""`inkdigits form new` and `inkdigits form print`."""

import sys

import pytest
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.forms.form_file import load_form


def run(*arguments):
    return CliRunner().invoke(main, ["form", *map(str, arguments)])


@pytest.fixture
def sheet(tmp_path):
    """The form that `inkdigits form new` writes."""
    path = tmp_path / "sheet.toml"
    assert run("new", "-o", path).exit_code == 0
    return path


def refusal(*arguments, status=1):
    """Return the error of a command that fails: one sentence, and no traceback."""
    result = run(*arguments)
    assert result.exit_code == status
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def test_new_writes_a_form_and_says_what_is_next(tmp_path):
    path = tmp_path / "sheet.toml"
    result = run("new", "-o", path)
    assert (
        result.stdout == f"{path}: edit it, then run `inkdigits form print {path} -o sheet.pdf`\n"
    )
    assert load_form(path).rows == 30


def test_new_replaces_a_file_only_with_force(sheet):
    sheet.write_text("mine", encoding="utf-8")
    assert "exists; choose another name, or replace" in refusal("new", "-o", sheet)
    assert sheet.read_text(encoding="utf-8") == "mine"
    assert run("new", "-o", sheet, "--force").exit_code == 0
    assert load_form(sheet)


@pytest.mark.extras
def test_print_writes_a_pdf(sheet, tmp_path):
    output = tmp_path / "sheet.pdf"
    result = run("print", sheet, "-o", output, "--copies", 2, "--first", 6, "--rows", 40)
    assert result.stdout == f"{output}: 2 copies; print at actual size, not scaled to the page\n"
    pypdfium2 = pytest.importorskip("pypdfium2")
    document = pypdfium2.PdfDocument(output)
    assert len(document) == 4
    assert "Sheet 7, page 2 of 2" in document[3].get_textpage().get_text_bounded()


def test_print_does_not_replace_the_form(sheet):
    assert "is the form itself; choose another name" in refusal("print", sheet, "-o", sheet)
    assert load_form(sheet)


@pytest.mark.extras
def test_print_says_what_cannot_be_printed(sheet, tmp_path):
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace("Mathematics", "Математика"), encoding="utf-8")
    message = refusal("print", sheet, "-o", tmp_path / "sheet.pdf")
    assert "which the font lacks; name a TrueType font that has it with --font." in message
    assert not (tmp_path / "sheet.pdf").exists()


def test_print_without_its_extra_says_how_to_install_it(sheet, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    for name in [name for name in sys.modules if name.startswith("reportlab.")]:
        monkeypatch.delitem(sys.modules, name)
    message = refusal("print", sheet, "-o", tmp_path / "sheet.pdf")
    assert message == (
        "Error: Printing a form needs the package reportlab; install it with "
        "`pip install 'inkdigits[forms]'`.\n"
    )


def test_print_tells_mistakes_in_the_form(sheet, tmp_path):
    sheet.write_text("title = 3", encoding="utf-8")
    message = refusal("print", sheet, "-o", tmp_path / "sheet.pdf")
    assert "is not a valid form (" in message
    missing = refusal("print", tmp_path / "no.toml", "-o", tmp_path / "sheet.pdf")
    assert "no.toml cannot be read (No such file or directory); check the name." in missing
    assert "0 is not in the range" in refusal("print", sheet, "-o", "x", "--copies", 0, status=2)
