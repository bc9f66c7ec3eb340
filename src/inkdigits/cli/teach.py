"""The commands `inkdigits teach ...`: the model learns one person's handwriting."""

from importlib import import_module
from typing import Any

import click

# The module of each command, which is imported when the command is used.
MODULES = {
    "new": "teach_profiles",
    "add": "teach_samples",
    "correct": "teach_samples",
    "form": "teach_samples",
    "show": "teach_show",
    "undo": "teach_samples",
    "remove": "teach_samples",
    "export": "teach_profiles",
    "import": "teach_profiles",
    "delete": "teach_profiles",
    "list": "teach_profiles",
}


class TeachGroup(click.Group):
    """The group of the commands about profiles."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help text."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command: NAME_command in its module."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"inkdigits.cli.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of profiles becomes the last line."""
        from inkdigits.personal.errors import ProfileError

        try:
            return super().invoke(ctx)
        except ProfileError as error:
            raise click.ClickException(str(error)) from None


@click.group("teach", cls=TeachGroup)
def teach_command() -> None:
    """Teach the model your handwriting, with a few samples of your own digits.

    They are kept in a profile, in a database on this computer.
    """
