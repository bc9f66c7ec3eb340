"""The commands of `inkdigits teach` for whole profiles: make, list, export, import, delete."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click

from inkdigits.cli.console import printable
from inkdigits.cli.options import json_option
from inkdigits.cli.profile_options import database_option, name_argument
from inkdigits.cli.teach_effect import counted
from inkdigits.personal import CONSENT_TEXT, Profile, Profiles
from inkdigits.storage.files import write_atomically


def _yes_option(help_text: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option("--yes", is_flag=True, help=help_text)


@click.command("new")
@name_argument
@_yes_option("Agree to the words without being asked, for scripts.")
@database_option
def new_command(name: str, yes: bool, database: str | None) -> None:
    """Make the profile NAME, after asking whether your handwriting may be kept."""
    click.echo(click.wrap_text(CONSENT_TEXT, 88))
    if not yes and not _confirm("\nDo you agree?"):
        raise click.ClickException("Nothing is kept, because you do not agree.")
    profile = Profile.create(name, consent=True, database=database)
    shown = printable(profile.name)
    click.echo(f"\nMade the profile {shown}. Now add your digits, such as pictures of a 4:")
    click.echo(f"  inkdigits teach add {_quoted(shown)} FILE... --digit 4")


@click.command("list")
@json_option
@database_option
def list_command(as_json: bool, database: str | None) -> None:
    """List the profiles."""
    profiles = Profiles(database).all()
    rows = [(profile, len(profile.samples()), profile.version()) for profile in profiles]
    if as_json:
        listed = [
            {
                "id": profile.id,
                "name": profile.name,
                "created": profile.created.isoformat(),
                "samples": samples,
                "version": version,
            }
            for profile, samples, version in rows
        ]
        click.echo(json.dumps(listed))
        return
    for profile, samples, version in rows:
        click.echo(
            f"{printable(profile.name)}: {counted(samples, 'sample')}, version {version}, made on "
            f"{profile.created.astimezone():%Y-%m-%d}"
        )
    if not rows:
        click.echo("There are no profiles; make one: inkdigits teach new NAME")


@click.command("export")
@name_argument
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
def export_command(name: str, file: Path, database: str | None) -> None:
    """Write the profile NAME to FILE, such as ada.profile.json.

    `inkdigits teach import` and `inkdigits train --data` take it.
    """
    profile = Profile.open(name, database)
    write_atomically(file, profile.export())
    click.echo(
        f"Wrote {counted(len(profile.samples()), 'sample')} to {printable(str(file))}; whoever has "
        "this file can see them."
    )


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the profile.  [default: the name in the file]")
@database_option
def import_command(file: Path, name: str | None, database: str | None) -> None:
    """Make a profile of FILE, which `inkdigits teach export` wrote."""
    profile = Profiles(database).import_file(file, name)
    samples = counted(len(profile.samples()), "sample")
    click.echo(f"Made the profile {printable(profile.name)} with {samples}.")


@click.command("delete")
@name_argument
@_yes_option("Delete without being asked.")
@database_option
def delete_command(name: str, yes: bool, database: str | None) -> None:
    """Delete the profile NAME, with all its samples and models; nothing of it is left."""
    profile = Profile.open(name, database)
    shown, samples = printable(profile.name), counted(len(profile.samples()), "sample")
    if not yes and not _confirm(f"Delete the profile {shown} with {samples} for good?"):
        raise click.ClickException("Nothing was deleted.")
    profile.delete()
    click.echo(f"Deleted the profile {shown}. Files that were exported are not touched.")


def _confirm(question: str) -> bool:
    """Ask; raise ClickException if nobody can answer."""
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException(
            "Nobody answers, because standard input is not a terminal; use --yes to agree."
        ) from None


def _quoted(name: str) -> str:
    """Quote a name for the shell, in which "$(...)" would be run."""
    return f'"{name}"' if os.name == "nt" else shlex.quote(name)
