"""The documentation names every command, option, recipe, dependency and setting that there is."""

import json
import re
import statistics
import tomllib
from pathlib import Path

import click
import pytest

from inkdigits import Recognizer
from inkdigits.cli import main
from inkdigits.recipes import RECIPES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands(group=main, prefix="inkdigits"):
    """Every command by its full name."""
    for name, command in group.commands.items():
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
    assert not missing, f"docs/command-line.md says nothing of {missing} of `{name}`"


def test_every_section_is_of_a_command():
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


def test_every_setting_in_the_environment_is_documented():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    settings = set(re.findall(r"\bINKDIGITS_[A-Z]+\b", sources))
    assert settings
    for setting in settings:
        assert f"`{setting}`" in text


def dependencies():
    """The name of every package that pyproject.toml asks for."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    return sorted({re.match(r"[\w-]+", item)[0] for items in lists for item in items})


def test_every_dependency_has_its_reason():
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    named = {name.strip() for row in rows for name in row.split(",")}
    assert set(dependencies()) <= named


@pytest.mark.parametrize("name", ["run", "test", "compare"])
def test_the_lock_files_hold_every_dependency(name):
    locked = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    wanted = [*PROJECT["project"]["dependencies"]]
    for extra, requirements in PROJECT["project"]["optional-dependencies"].items():
        if extra != "cuda":  # which build of CuPy fits depends on the machine
            wanted += requirements
    if name != "run":
        wanted += PROJECT["dependency-groups"]["test"] + PROJECT["dependency-groups"]["lint"]
    if name == "compare":
        wanted += PROJECT["dependency-groups"]["compare"]
        locked += (ROOT / "requirements/torch.txt").read_text(encoding="utf-8")
    for requirement in wanted:
        package = re.match(r"[\w-]+", requirement)[0]
        assert re.search(rf"^{package}==", locked, re.MULTILINE), f"run `make lock`: {package}"


def result(name):
    """The figures that a benchmark kept."""
    path = ROOT / f"benchmarks/results/{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["figures"]


def test_the_readme_shows_what_the_shipped_model_answers():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    prediction = Recognizer.load().recognize((ROOT / "tests/golden/7.png").read_bytes())
    (line,) = re.findall(r'^\{"predicted_digit".*\}$', readme, re.MULTILINE)
    shown = json.loads(line)
    assert shown["predicted_digit"] == prediction.digit
    assert shown["probabilities"] == pytest.approx(prediction.probabilities, rel=0.05)
    assert f"7.png: {prediction.digit} ({min(prediction.confidence, 0.999):.1%})" in readme


@pytest.mark.parametrize("name", RECIPES)
def test_the_table_of_recipes_says_for_how_many_epochs_each_learns(name):
    lines = (ROOT / "docs/command-line.md").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{name}` | ")]
    assert re.search(rf"\b{RECIPES[name].epochs} epochs", row)


def test_the_readme_says_what_was_measured():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| ")]
    for recipe, figures in result("accuracy").items():
        for data in set(figures) - {"published"}:
            (row,) = [row for row in rows if f"| `{recipe}` |" in row and f"| {data} |" in row]
            mean, spread = (figures[data][f"accuracy_{name}"] for name in ("mean", "spread"))
            accuracy = f"{mean:.2%}" if spread is None else f"{mean:.2%} ± {100 * spread:.2f}"
            assert f"| {accuracy} | {len(figures[data]['runs'])} |" in row
            if "writers_mean_mean" in figures[data]:
                mean, worst = (figures[data][f"writers_{name}_mean"] for name in ("mean", "worst"))
                assert f"| {mean:.2%}, {worst:.2%} |" in row
    ratios = result("training")["ratios"]
    ratios["one forward pass"] = result("latency")["ratio"]
    for name, ratio in ratios.items():
        assert any(f"{ratio:.2f}" in row for row in rows), name
    assert any(f"{result('clean_up')['ratio classic / loops']:.3f}" in row for row in rows)
    for side in (28, 280):
        cases = [c for c in result("serving")["cases"] if c["side_px"] == side]
        ratio = statistics.median([case["ratio"] for case in cases if case["connections"] > 1])
        assert any(f"{ratio:.2f} " in row for row in rows if "Gunicorn" in row), ratio


def test_every_recipe_of_the_makefile_is_listed():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    for target in phony:
        assert re.search(rf"^{target}:.*## \w", text, re.MULTILINE), target
