"""The options for profiles, and the recognizer of one person's handwriting."""

import os
from pathlib import Path

import click

from inkdigits.cli.console import printable
from inkdigits.data.profile_files import SUFFIX
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recognizer import Recognizer

name_argument = click.argument("name")
profile_option = click.option(
    "--profile",
    metavar="NAME|FILE",
    help="Recognize the handwriting of this profile, made by `inkdigits teach`, or exported by it.",
)
database_option = click.option(
    "--database",
    metavar="URL",
    help="Where profiles are kept: an SQLite file, or a URL such as "
    "postgresql+psycopg://HOST/NAME.  [default: INKDIGITS_DATABASE, or a file in your data folder]",
)
# In commands that change a profile.
effect_model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Model that is adapted to show the effect: a name or a file.",
)


def load_recognizer(model: str, profile: str | None) -> Recognizer:
    """Load a model, adapted to the handwriting of a profile if one is named.

    profile  its name or ID; or an exported file, which has its suffix or is in a named folder
    raises   ClickException if the profile cannot be used; as `Recognizer.load`
    """
    if profile is None:
        return Recognizer.load(model)
    from inkdigits import personal

    is_file = profile.endswith(SUFFIX) or os.path.dirname(profile)
    try:
        return personal.load(Path(profile) if is_file else profile, model)
    except personal.ProfileError as error:
        raise click.ClickException(str(error)) from None
    except ValueError as error:  # a model of other classes
        raise click.ClickException(
            f"--profile cannot be used with --model {printable(model)}: {str(error).rstrip('.')}."
        ) from None
