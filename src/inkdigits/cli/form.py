"""The commands `inkdigits form ...`: sheets of numbers, from printing them to a table."""

from importlib import import_module

import click

# The module of each command, which is imported when the command is used.
MODULES = {
    "new": "form_new",
    "print": "form_print",
    "from-scan": "form_scan",
    "read": "form_read",
    "review": "form_review",
    "export": "form_review",
    "forget": "form_review",
}


class FormGroup(click.Group):
    """The group of the commands about forms."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help text."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command: NAME_command in its module."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"inkdigits.cli.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command


@click.group("form", cls=FormGroup)
def form_command() -> None:
    """Print forms, and recognize the numbers that people write on them."""
