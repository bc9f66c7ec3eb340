"""`inkdigits form print`: a form as PDF."""

from pathlib import Path

import click

from inkdigits.forms.form import FormError
from inkdigits.forms.form_file import load_form
from inkdigits.forms.layout import MAX_ROWS
from inkdigits.forms.print_form import MAX_COPIES, print_form
from inkdigits.forms.sheet_code import MAX_COPY
from inkdigits.storage.files import FileError, write_atomically


@click.command("print")
@click.argument("form", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The PDF to write."
)
@click.option(
    "--rows",
    type=click.IntRange(1, MAX_ROWS),
    help="Rows on each copy, over as many pages as they need.  [default: the form's]",
)
@click.option(
    "--copies",
    type=click.IntRange(1, MAX_COPIES),
    default=1,
    show_default=True,
    help="Number of copies; each has a number of its own.",
)
@click.option(
    "--first",
    type=click.IntRange(1, MAX_COPY),
    default=1,
    show_default=True,
    help="Number of the first copy, to go on from where an earlier print ended.",
)
@click.option(
    "--font",
    type=click.Path(path_type=Path),
    help="TrueType font for all texts.  [default: Bitstream Vera, for western languages]",
)
def print_command(
    form: Path, output: Path, rows: int | None, copies: int, first: int, font: Path | None
) -> None:
    """Draw a form as a PDF, to be printed at its actual size.

    FORM is a TOML file, such as `inkdigits form new` writes.
    """
    described = load_form(form)
    if output.exists() and output.samefile(form):
        raise FileError(f"{output} is the form itself; choose another name for the PDF.")
    try:
        data = print_form(described, rows=rows, copies=copies, first=first, font=font)
    except FormError as error:
        raise FileError(f"{form} cannot be printed: {error}.") from None
    write_atomically(output, data)
    copies_text = "1 copy" if copies == 1 else f"{copies} copies"
    click.echo(f"{output}: {copies_text}; print at actual size, not scaled to the page")
