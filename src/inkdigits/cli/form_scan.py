"""`inkdigits form from-scan`: draw the fields of an existing form on a scan of it."""

from pathlib import Path

import click

from inkdigits.cli.console import printable
from inkdigits.cli.local_page import open_option, port_option, serve_page
from inkdigits.forms.scan_fields import earlier_fields, open_empty_form, read_fields
from inkdigits.storage.files import FileError


@click.command("from-scan")
@click.argument("reference", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The TOML file to write; one that was written before is opened again.",
)
@click.option(
    "--page",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Page of a PDF or TIFF.",
)
@click.option(
    "--rectangles",
    type=click.Path(path_type=Path),
    help="TOML file with the fields and their rectangles; no page is opened.",
)
@click.option("--force", is_flag=True, help="Replace an output file that is something else.")
@open_option
@port_option
def from_scan_command(
    reference: Path,
    output: Path,
    page: int,
    rectangles: Path | None,
    force: bool,
    opens: bool,
    port: int,
) -> None:
    """Draw the fields of an existing form on a scan of an empty one, on a page in the browser.

    REFERENCE is a scan of the empty form: a picture or a PDF. `inkdigits form read` then finds the
    form in photos and scans by what is printed on it.
    """
    empty = open_empty_form(reference, page, output)
    if rectangles is not None:
        if output.exists() and not force:
            raise FileError(
                f"{output} exists; choose another name, or replace the file with the option "
                "--force."
            )
        try:
            form = empty.save(read_fields(rectangles))
        except ValueError as error:
            raise FileError(f"{rectangles} cannot be used: {str(error).rstrip('.')}.") from None
        click.echo(f"{printable(str(output))}: {_fields(len(form.fields))}")
        return
    try:
        from inkdigits.forms.scan_page import FILES, MAX_BODY_BYTES, PAGE, create_routes
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise click.ClickException(
            f"The package {package} is not installed; run pip install 'inkdigits[forms]', or "
            "describe the fields in a file with --rectangles."
        ) from None
    serve_page(
        PAGE,
        FILES,
        create_routes(empty, earlier_fields(empty, force)),
        port=port,
        opens=opens,
        max_body_bytes=MAX_BODY_BYTES,
        texts=(
            "Draw the fields on a page that only this computer can open:",
            "Save them there, and press Ctrl-C to stop.",
        ),
    )
    saved = read_fields(output) if output.exists() else {}
    count = len(saved.get("fields", ()))
    click.echo(f"\n{printable(str(output))}: {_fields(count)}" if count else "\nNothing was saved.")


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
