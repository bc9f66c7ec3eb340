"""The group of all commands: each is found, and imported only when it is used."""

import subprocess
import sys
from pathlib import Path

import click
from click.shell_completion import ShellComplete

from inkdigits.cli import COMMANDS, main

GOLDEN = Path(__file__).parents[1] / "golden"
# Packages and modules that only other commands need.
OTHERS = [
    "filelock",
    "flask",
    "matplotlib",
    "pooch",
    "pydantic",
    "requests",
    "rich",
    "tomli_w",
    "tomllib",
    "inkdigits.api",
    "inkdigits.data.download",
    "inkdigits.data.outliers",
    "inkdigits.data.pendigits",
    "inkdigits.data.semeion",
    "inkdigits.data.unipen",
    "inkdigits.runs",
    "inkdigits.training",
    "inkdigits.training_data",
    "inkdigits.cli.data",
    "inkdigits.cli.evaluate",
    "inkdigits.cli.model",
    "inkdigits.cli.recipe",
    "inkdigits.cli.serve",
    "inkdigits.cli.train",
]


def completions(arguments, incomplete):
    shell = ShellComplete(main, {}, "inkdigits", "_INKDIGITS_COMPLETE")
    return [item.value for item in shell.get_completions(arguments, incomplete)]


def test_help_lists_every_command_with_its_summary(run_inkdigits):
    result = run_inkdigits("--help")
    assert result.returncode == 0
    lines = result.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    context = click.Context(main)
    for name, line in zip(COMMANDS, lines, strict=True):
        summary = line.split(maxsplit=1)[1].removesuffix("...")
        assert len(summary) > 30
        assert summary in " ".join(main.get_command(context, name).help.split())


def test_every_module_with_a_command_is_listed():
    folder = Path(sys.modules["inkdigits.cli"].__file__).parent
    modules = [path.stem for path in folder.glob("*.py")]
    defined = [
        name for name in modules if f"def {name}_command" in (folder / f"{name}.py").read_text()
    ]
    assert sorted(defined) == list(COMMANDS)


def test_unknown_command_is_an_error(run_inkdigits):
    result = run_inkdigits("predicts")
    assert result.returncode == 2
    assert "No such command 'predicts'" in result.stderr


def test_commands_and_options_are_completed():
    assert completions([], "") == list(COMMANDS)
    assert completions([], "pre") == ["predict"]
    assert {"--model", "--json", "--workers"} <= set(completions(["predict"], "--"))
    assert completions(["model"], "") == ["export", "import", "show"]
    assert completions(["train"], "cnn") == ["cnn-small", "cnn"]


def test_predict_imports_nothing_that_only_other_commands_need():
    program = (
        "import sys; from inkdigits.cli import main\n"
        f"main(['predict', '--json', {str(GOLDEN / '7.png')!r}], standalone_mode=False)\n"
        "print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    prediction, modules = run.stdout.splitlines()
    assert '"digit": 7' in prediction
    assert "inkdigits.cli.predict" in modules.split()
    assert not set(OTHERS) & set(modules.split())
