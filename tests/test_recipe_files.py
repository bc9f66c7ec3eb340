"""Recipes in files: TOML and JSON, round trips, and files that strangers wrote."""

import json
import re
import time
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest

from inkdigits.nn.initializers import glorot
from inkdigits.nn.layers import BatchNorm, Dense, Flatten, Sigmoid
from inkdigits.nn.losses import LabelSmoothing, SoftTargets
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, Cosine, OneCycle
from inkdigits.recipe_files import MAX_RECIPE_BYTES, find_recipe, read_recipe, to_json, to_toml
from inkdigits.recipes import INFERENCE_LAYERS, MLP, RECIPES, Recipe
from inkdigits.storage.files import FileError

LETTERS = Recipe(
    name="letters",
    summary='Two letters, "a" and \u00e9.',
    network=Network((Flatten(), Dense(784, 5, initializer=glorot), Sigmoid(), Dense(5, 2))),
    preprocessing="ink",
    targets=LabelSmoothing(0.0),
    optimizer=SGD(),
    schedule=Constant(0.1),
    batch_size=8,
    epochs=2,
    classes=("a", "\u00e9 <b>&"),
)


@pytest.mark.parametrize("recipe", [*RECIPES.values(), LETTERS], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize(("write", "suffix"), [(to_toml, ".toml"), (to_json, ".json")])
def test_recipe_survives_a_round_trip(tmp_path, recipe, write, suffix):
    path = tmp_path / f"my{suffix}"
    path.write_text(write(recipe), encoding="utf-8")
    assert read_recipe(path) == recipe
    other = tmp_path / "without suffix"
    other.write_text("\ufeff" + write(recipe), encoding="utf-8", newline="\r\n")
    assert read_recipe(other) == recipe


def test_json_is_what_a_model_file_keeps():
    assert json.loads(to_json(MLP)) == MLP.to_json()


DOCUMENT = (Path(__file__).parents[1] / "docs/recipes.md").read_text(encoding="utf-8")


def test_shortest_recipe_of_the_documentation_is_complete(tmp_path):
    (toml,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    path = tmp_path / "my.toml"
    path.write_text(toml)
    recipe = read_recipe(path)
    assert recipe.network == Network((Flatten(), Dense(784, 10)))
    assert (recipe.validation, recipe.augment, recipe.outliers) == (0.1, None, 0.0)
    for line in toml.splitlines():
        if " = " in line and "type" not in line:
            path.write_text(toml.replace(line, ""))
            with pytest.raises(FileError, match=r"lacks the field|not valid TOML"):
                read_recipe(path)


@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_every_field_is_documented_with_its_default(name):
    (row,) = [row for row in DOCUMENT.splitlines() if re.match(rf"\| (.*, )?`{name}\b", row)]
    default = next(field.default for field in fields(Recipe) if field.name == name)
    shown = row.split("|")[-2].strip()
    if default is MISSING:
        assert shown == "an error"
    elif default is None:
        assert shown == "none"
    elif name != "classes":
        assert shown.lower().startswith(f"{default:g}" if default != 1 else str(default).lower())


def test_every_type_of_a_file_is_documented():
    kinds = [*INFERENCE_LAYERS, BatchNorm, LabelSmoothing, SoftTargets, SGD, AdamW]
    for kind in (*kinds, Constant, Cosine, OneCycle):
        assert f"`{kind.__name__}`" in DOCUMENT


def test_recipe_is_found_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp").write_text(to_toml(LETTERS), encoding="utf-8")
    assert find_recipe("mlp", RECIPES) == MLP
    assert find_recipe("./mlp", RECIPES) == LETTERS


def test_unknown_name_is_told_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught:
        find_recipe("cnnsmall", RECIPES)
    assert str(caught.value) == (
        "cnnsmall is neither a file nor a recipe (classic, mlp, mlp-large, cnn-small, cnn); did "
        "you mean cnn-small?"
    )
    with pytest.raises(FileError, match=r"my\.toml cannot be read \(No such file"):
        find_recipe("my.toml", RECIPES)


def rejection(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    start = time.monotonic()
    with pytest.raises(FileError) as caught:
        read_recipe(path)
    assert time.monotonic() - start < 10  # milliseconds for almost all of them
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 600
    return message.removeprefix(f"{path} is not a valid recipe ").partition(": correct it, or")[0]


def test_wrong_field_is_named(tmp_path):
    path = tmp_path / "my.toml"
    toml = to_toml(MLP)
    wrong = toml.replace("outputs = 64", 'outputs = "64"')
    assert rejection(path, wrong) == "(network.layers[4].outputs: expected int, got '64')"
    assert rejection(path, toml.replace("outputs = 64", "outputs = 65")) == (
        "(network.layers[5].channels: must be 65, which the layers before it give, not 64)"
    )
    assert rejection(path, toml.replace("epochs", "epoch")) == (
        "(Recipe has no field 'epoch'; did you mean 'epochs'?)"
    )
    assert rejection(path, toml.replace("0.004", "nan")).startswith("(schedule.peak: must be above")
    assert rejection(path, toml.replace("0.004", "2026-01-01")) == (
        "(schedule.peak: expected float, got datetime.date(2026, 1, 1))"
    )
    wrong = toml.replace("batch_size = 128", "batch_size = 0x" + "f" * 900)
    assert rejection(path, wrong) == (
        "(batch_size: must be at least 1 and at most 65536, not an integer that is too large)"
    )
    assert rejection(path, toml.replace('"mlp"', '"../mlp"')).startswith("(name: must be 1 to 64")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("a = " + "[" * 60_000, "a line has more than 1000 characters"),
        ("a = " + "[\n" * 30_000, "nested too deep"),
        ("a = [" + "[" * 300 + "]" * 300 + "]", "nested too deep"),
        ("[" + "a." * 490 + "a]", "nested too deep"),
        ("\n".join(f"b{n}." + "a." * 480 + "a = 1" for n in range(60)), "nested too deep"),
        ("a = " + "{a=" * 300, "not valid TOML"),
        ("a = 1\na = 2", "not valid TOML"),
        ("a = 1" + "0" * 5000, "a line has more than 1000 characters"),
        ("epochs", "not valid TOML"),
        ("", "Recipe lacks the field 'name'"),
        (b"a = '\xff'", "not text in UTF-8"),
        (to_json(MLP).encode("utf-16")[:-1], "not text in UTF-8"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_hostile_toml_is_rejected(tmp_path, content, cause):
    assert cause in rejection(tmp_path / "my.toml", content)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("[" * 60_000, "nested too deep"),
        ('{"a": 1, "a": 2}', "duplicate name"),
        ('{"epochs": NaN}', "NaN"),
        ('{"epochs": 1' + "0" * 5000 + "}", "an integer is too large"),
        ("[]", "expected an object, got a list"),
        ("", "Expecting value"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_hostile_json_is_rejected(tmp_path, content, cause):
    assert cause in rejection(tmp_path / "my.json", content)


def test_too_large_file_is_not_read(tmp_path):
    path = tmp_path / "my.toml"
    path.write_bytes(b"#" * (MAX_RECIPE_BYTES + 1))
    with pytest.raises(FileError, match="more than the limit of 65536"):
        read_recipe(path)


def test_link_and_folder_are_not_read(tmp_path):
    with pytest.raises(FileError):
        read_recipe(tmp_path)
    (tmp_path / "my.toml").symlink_to(tmp_path / "other.toml")
    with pytest.raises(FileError, match="is a link"):
        read_recipe(tmp_path / "my.toml")


def test_digits_need_not_be_named(tmp_path):
    assert "classes" not in to_toml(MLP)
    assert "classes" in to_toml(replace(LETTERS, classes=("0", "1")))


def test_recipe_that_powershell_wrote_is_read(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(to_toml(LETTERS), encoding="utf-16", newline="\r\n")
    assert read_recipe(path) == LETTERS
    path.write_bytes(b"\xff\xfen")
    with pytest.raises(FileError, match="it is not text in UTF-8"):
        read_recipe(path)


@pytest.mark.parametrize("name", [".", "train.csv", "x.npz", "digits.csv.gz", "a.PARQUET"])
def test_data_in_place_of_a_recipe_are_told_apart(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=f"`inkdigits train mlp --data {re.escape(name)}`"):
        find_recipe(name, RECIPES)
