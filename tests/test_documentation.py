"""The documentation covers every command, option, recipe, dependency and setting."""

import json
import re
import runpy
import tomllib
from pathlib import Path

import click
import pytest

from inkdigits import Recognizer
from inkdigits.api import Settings
from inkdigits.cli import main
from inkdigits.recipes import RECIPES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The extras that every lock file contains; the others are tested by `make test-extras`.
EVERYWHERE = ("serve", "client", "plots", "profiles", "postgres")


def commands(group=main, prefix="inkdigits"):
    """Every command by its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def sections():
    """The text of docs/command-line.md under each heading that names a command."""
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    parts = re.split(r"^## `([^`]*)`\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda value: str(value))
def test_every_command_and_option_is_documented(name, command):
    headings = [
        heading for heading in sections() if heading.split(" ")[: len(name.split())] == name.split()
    ]
    assert len(headings) == 1, f"docs/command-line.md has no section `{name}`"
    options = [o for p in command.params if isinstance(p, click.Option) for o in p.opts]
    missing = [option for option in options if f"`{option}`" not in sections()[headings[0]]]
    assert not missing, f"docs/command-line.md does not document {missing} of `{name}`"


def test_every_section_documents_a_command():
    names = [name for name, _ in commands()]
    for heading in sections():
        assert any(heading == name or heading.startswith(f"{name} ") for name in names)


def test_every_option_has_a_help_text():
    for name, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts} has no help text"


def test_every_recipe_is_documented():
    text = sections()["inkdigits train RECIPE"]
    for recipe in RECIPES:
        assert f"| `{recipe}` |" in text


def named_settings():
    """Every variable named in the code, the Makefile, the containers or the page's tests."""
    folders = ("src", "benchmarks", "deploy", "web/e2e", "web/scripts")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".pyc"]
    files += [ROOT / "Makefile", *ROOT.glob("compose*.yaml"), *(ROOT / "web").glob("*.ts")]
    texts = (path.read_bytes().decode("utf-8", "ignore") for path in files)
    found = {name for text in texts for name in re.findall(r"\bINKDIGITS(?:_[A-Z]+)+\b", text)}
    return sorted(found | {f"INKDIGITS_{name.upper()}" for name in Settings.model_fields})


@pytest.mark.parametrize("name", named_settings())
def test_every_setting_is_documented(name):
    documents = (path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    assert any(f"`{name}`" in text for text in documents), name


def test_settings_of_several_words_are_found():
    assert {"INKDIGITS_DATA", "INKDIGITS_MAX_BODY_BYTES"} <= set(named_settings())


def dependencies():
    """The name of every package that pyproject.toml requires."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    return sorted({re.match(r"[\w-]+", item)[0] for items in lists for item in items})


def test_every_dependency_is_justified():
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    named = {name.strip() for row in rows for name in row.split(",")}
    assert set(dependencies()) <= named


@pytest.mark.parametrize("name", ["run", "test", "compare", "extras", "course", "ray"])
def test_lock_files_contain_every_dependency(name):
    locked = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    wanted = [*PROJECT["project"]["dependencies"]]
    for extra, requirements in PROJECT["project"]["optional-dependencies"].items():
        # Which build of CuPy fits depends on the machine; Ray is large.
        if extra in (*EVERYWHERE, name) or (name == "extras" and extra not in ("cuda", "ray")):
            wanted += requirements
    if name not in ("run", "course"):
        for group in ("test", "lint", "develop"):
            wanted += PROJECT["dependency-groups"][group]
    if name in ("extras", "ray"):
        wanted += PROJECT["dependency-groups"][name]
    if name == "course":
        wanted += PROJECT["dependency-groups"]["course"]
    if name == "compare":
        wanted += PROJECT["dependency-groups"]["compare"]
        locked += (ROOT / "requirements/torch.txt").read_text(encoding="utf-8")
    for requirement in wanted:
        package = re.match(r"[\w-]+", requirement)[0]
        assert re.search(rf"^{package}==", locked, re.MULTILINE), f"run `make lock`: {package}"


def test_design_lists_the_layers_that_the_linter_enforces():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    assert "```\n" + "\n".join(layers) + "\n```\n" in text


def test_readme_shows_the_default_models_prediction():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    prediction = Recognizer.load().recognize((ROOT / "tests/golden/7.png").read_bytes())
    (line,) = re.findall(r'^\{"predicted_digit".*\}$', readme, re.MULTILINE)
    shown = json.loads(line)
    assert shown["predicted_digit"] == prediction.digit
    assert shown["probabilities"] == pytest.approx(prediction.probabilities, rel=0.05)
    assert f"7.png: {prediction.digit} ({min(prediction.confidence, 0.999):.1%})" in readme


@pytest.mark.parametrize("name", RECIPES)
def test_table_of_recipes_states_the_epochs(name):
    lines = (ROOT / "docs/command-line.md").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{name}` | ")]
    assert re.search(rf"\b{RECIPES[name].epochs} epochs", row)


def test_readme_tables_match_the_results():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / "docs/readme_tables.py"))
    for table in ("people", "recipes", "peers"):
        assert script[table]() in readme, "run `make cards`"


def test_every_make_target_has_a_description():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    for target in phony:
        assert re.search(rf"^{target}:.*## \w", text, re.MULTILINE), target
