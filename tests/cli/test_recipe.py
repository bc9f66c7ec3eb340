"""`inkdigits recipe list` and `inkdigits recipe show`."""

import json

import pytest
from click.testing import CliRunner
from untrained import untrained

from inkdigits.cli import main
from inkdigits.model_file import save_model
from inkdigits.recipe_files import read_recipe
from inkdigits.recipes import MLP, RECIPES


def run(*arguments):
    return CliRunner().invoke(main, ["recipe", *map(str, arguments)])


def test_list_has_a_line_for_each_recipe():
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    for line, recipe in zip(lines, RECIPES.values(), strict=True):
        assert f" {recipe.epochs} epochs  {recipe.summary}" in line
        assert f" {recipe.network.inference_network.size:,} parameters " in line


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(("options", "suffix"), [([], "toml"), (["--json"], "json")])
def test_shown_recipe_is_read_back_as_it_is(tmp_path, name, options, suffix):
    result = run("show", name, *options)
    assert result.exit_code == 0
    path = tmp_path / f"my.{suffix}"
    path.write_text(result.stdout, encoding="utf-8")
    assert read_recipe(path) == RECIPES[name]
    assert run("show", path, *options).stdout == result.stdout


def test_json_is_what_a_model_file_keeps():
    assert json.loads(run("show", "mlp", "--json").stdout) == MLP.to_json()


def test_recipe_of_a_model_or_a_run_is_shown(tmp_path):
    recipe = json.loads(run("show", "cnn", "--json").stdout)
    model = untrained()
    model.training["recipe"] = recipe | {"name": "mine"}
    save_model(tmp_path / "any.safetensors", model)
    (tmp_path / "settings.json").write_text(json.dumps({"recipe": recipe}))
    shown = run("show", tmp_path / "any.safetensors", "--json")
    assert json.loads(shown.stdout) == recipe | {"name": "mine"}
    assert json.loads(run("show", tmp_path, "--json").stdout) == recipe


def test_recipe_of_an_earlier_version_is_shown(tmp_path):
    """It lacks fields that have a default."""
    recipe = MLP.to_json()
    del recipe["classes"]
    (tmp_path / "settings.json").write_text(json.dumps({"recipe": recipe}))
    assert json.loads(run("show", tmp_path, "--json").stdout) == MLP.to_json()


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ("{", "is not valid JSON"),
        ("[]", "records no recipe"),
        ('{"recipe": "mlp"}', "records no recipe"),
        ('{"recipe": {"pens": 3}}', "Recipe has no field 'pens'"),
        (json.dumps({"recipe": MLP.to_json() | {"name": "\x1b[2J"}}), "name: must be 1 to 64"),
    ],
    ids=lambda value: value[:30],
)
def test_wrong_settings_are_told_in_one_sentence(tmp_path, settings, cause):
    (tmp_path / "settings.json").write_text(settings)
    result = run("show", tmp_path)
    assert result.exit_code == 1
    assert cause in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.isascii()
    assert "\x1b" not in result.stderr


def test_folder_without_a_run_and_unknown_name_are_told(tmp_path):
    assert "is a folder without settings.json; name" in run("show", tmp_path).stderr
    assert "is neither a file nor a recipe" in run("show", "resnet").stderr
