"""`inkdigits train` with a recipe of one's own, and with another number of epochs on resuming."""

import json
import re

import pytest
from training_runs import (
    checkpoints,
    contents,
    epochs_in,
    pause_at_step,
    wait_for_failure,
    wait_for_success,
    wait_until_paused,
)

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.model_file import load_model
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, Sigmoid
from inkdigits.recipe_files import to_toml
from inkdigits.recipe_options import STRONG
from inkdigits.recipes import MLP, RECIPES, Recipe

OPTIONS = [
    *("--hidden", "32,16", "--activation", "sigmoid", "--dropout", 0.2, "--epochs", 3),
    *("--learning-rate", 0.003, "--batch-size", 50, "--augment", "strong"),
]
QUICK = ["--limit", 200, "--mnist-only"]


@pytest.fixture(scope="module")
def by_options(train, tmp_path_factory):
    """The folder of a run whose recipe is made by options, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "own"
    out = wait_for_success(train("mlp", *OPTIONS, *QUICK, "--run-dir", folder))
    return folder, out


def test_options_change_the_recipe(by_options):
    folder, out = by_options
    assert "mlp-custom: mlp with --hidden 32,16 --activation sigmoid --dropout 0.2 " in out
    assert epochs_in(out) == 3
    model = load_model(folder / "mlp-custom.safetensors")
    recipe = Recipe.from_json(model.training["recipe"])
    assert [type(layer) for layer in recipe.network.layers] == (
        [Flatten] + [Dense, BatchNorm, Sigmoid, Dropout] * 2 + [Dense]
    )
    assert (recipe.batch_size, recipe.schedule.peak, recipe.augment) == (50, 0.003, STRONG)
    assert (model.recipe, recipe.name) == ("mlp-custom", "mlp-custom")


def test_recipe_of_a_run_trains_the_same_model_from_a_file(
    train, run_inkdigits, by_options, tmp_path
):
    """Shown, written to a file, and trained: the weights are bit-identical."""
    folder, _ = by_options
    for options, name in (([], "own.toml"), (["--json"], "own.json")):
        shown = run_inkdigits("recipe", "show", folder, *options)
        assert (shown.returncode, shown.stderr) == (0, "")
        (tmp_path / name).write_text(shown.stdout)
        run = tmp_path / f"run of {name}"
        wait_for_success(train(tmp_path / name, *QUICK, "--run-dir", run))
        made, same = (path / "mlp-custom.safetensors" for path in (folder, run))
        assert made.read_bytes() == same.read_bytes()


def test_own_model_is_evaluated_shown_used_and_served(run_inkdigits, by_options, blank_png):
    path = by_options[0] / "mlp-custom.safetensors"
    evaluated = run_inkdigits("evaluate", path, "--json")
    assert json.loads(evaluated.stdout)["recipe"] == "mlp-custom"
    assert "mlp-custom: mlp with --hidden" in run_inkdigits("model", "show", path).stdout
    predicted = run_inkdigits("predict", blank_png, "--model", path, "--json")
    assert json.loads(predicted.stdout)["reason"] == "blank"
    client = create_app(ModelRegistry([path]), Settings()).test_client()
    (model,) = client.get("/api/v1/models").get_json()["models"]
    assert (model["name"], model["recipe"]) == ("mlp-custom", "mlp-custom")
    response = client.post("/api/v1/predictions", json={"pixels": [[0] * 28] * 28})
    assert response.get_json()["reason"] == "blank"


def test_own_recipe_with_the_write_ups_network_is_exported(train, run_inkdigits, tmp_path):
    run = tmp_path / "run"
    options = ("classic", "--learning-rate", 0.01, "--epochs", 1, "--name", "my-classic")
    wait_for_success(train(*options, "--limit", 100, "--run-dir", run))
    exported = tmp_path / "model.pickle"
    done = run_inkdigits("model", "export", run / "my-classic.safetensors", "-o", exported)
    assert done.returncode == 0, done.stderr
    done = run_inkdigits("model", "import", exported, "-o", tmp_path / "back.safetensors")
    assert done.returncode == 0, done.stderr
    before, after = (
        load_model(run / "my-classic.safetensors"),
        load_model(tmp_path / "back.safetensors"),
    )
    assert before.vector.tobytes() == after.vector.tobytes()


def test_default_folder_has_the_name_of_the_recipe(train, tmp_path):
    options = ("mlp", "--hidden", "8", "--epochs", 1, "--name", "eight", *QUICK)
    out = wait_for_success(train(*options, cwd=tmp_path))
    assert "Model: runs/eight-seed-0/eight.safetensors\n" in out


@pytest.mark.parametrize(
    ("toml", "cause"),
    [
        (
            to_toml(MLP).replace("outputs = 64", 'outputs = "64"'),
            "network.layers[4].outputs: expected int, got '64'",
        ),
        (to_toml(MLP).replace("peak = 0.004", "peak = 0.0"), "schedule.peak: must be above 0"),
        (to_toml(MLP).replace("outliers = 0.25\n", ""), "outliers: must be above 0"),
    ],
    ids=["type", "learning rate", "outliers"],
)
def test_wrong_recipe_is_told_by_field_before_a_folder_is_made(train, tmp_path, toml, cause):
    path = tmp_path / "my.toml"
    path.write_text(toml)
    out, err = wait_for_failure(train(path, "--run-dir", tmp_path / "run"))
    assert out == ""
    assert cause in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["cnn-small", "--hidden", "32"], "network.layers: cnn-small has convolutions"),
        (["cnn", "--batch-size", "65536"], "batch_size: must be at most 3856"),
        (["mlp", "--name", "../mlp"], "name: must be 1 to 64 letters"),
        (["mpl"], "mpl is neither a file nor a recipe"),
    ],
    ids=lambda value: value[-1],
)
def test_option_that_does_not_fit_is_told_in_one_sentence(run_inkdigits, tmp_path, options, cause):
    done = run_inkdigits("train", *options, "--run-dir", tmp_path / "run")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: [^\n]+[.?]\n", done.stderr)
    assert cause in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--hidden", "3,x"),
        ("--hidden", "1," * 21 + "1"),
        ("--learning-rate", "0"),
        ("--dropout", "1"),
        ("--batch-size", "0"),
        ("--augment", "wild"),
        ("--epochs", "0"),
    ],
    ids=" ".join,
)
def test_wrong_value_of_an_option_is_told(run_inkdigits, options):
    done = run_inkdigits("train", "mlp", *options)
    assert done.returncode == 2
    assert f"Invalid value for '{options[0]}'" in done.stderr


def test_recipe_for_other_classes_needs_their_pictures(train, tmp_path):
    toml = to_toml(RECIPES["classic"]).replace("tta", 'classes = ["a", "b"]\ntta')
    path = tmp_path / "letters.toml"
    path.write_text(toml.replace("outputs = 10", "outputs = 2"))
    _, err = wait_for_failure(train(path, "--run-dir", tmp_path / "run"))
    assert "classes" in err


# Another number of epochs.


def resumed(train, folder, epochs, **options):
    return train(
        *("classic", "--limit", 100, "--epochs", epochs, "--run-dir", folder, "--resume"), **options
    )


@pytest.fixture(scope="module")
def lengthened(train, tmp_path_factory):
    """What a run of 2 epochs that is continued to 4 prints, and its model."""
    folder = tmp_path_factory.mktemp("lengthened") / "run"
    wait_for_success(train("classic", "--limit", 100, "--epochs", 2, "--run-dir", folder))
    before = (folder / "classic.safetensors").read_bytes()
    out = wait_for_success(resumed(train, folder, 4))
    after = (folder / "classic.safetensors").read_bytes()
    assert after != before
    return out, after, folder


def test_finished_run_is_continued_and_says_what_the_schedule_does(lengthened):
    out, _, folder = lengthened
    assert (
        "The run is to have 4 epochs instead of 2. From step 200 on, the learning rate is that of "
        "a schedule of 4 epochs: 0.001 before, 0.001 now, 0.001 at the end." in out
    )
    assert [line.split()[0] for line in out.splitlines() if "/4 " in line] == ["3/4", "4/4"]
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 4


def test_model_records_that_its_run_was_lengthened(lengthened):
    model = load_model(lengthened[2] / "classic.safetensors")
    assert model.training["recipe"]["epochs"] == 4
    assert model.training["changes"] == [
        {"step": 200, "setting": "epochs", "before": 2, "after": 4}
    ]


@pytest.mark.parametrize("number", [50, 150])
def test_lengthened_run_that_is_killed_resumes_to_the_same_bytes(
    train, lengthened, tmp_path, number
):
    folder = tmp_path / "run"
    wait_for_success(train("classic", "--limit", 100, "--epochs", 2, "--run-dir", folder))
    # The message asks for some rates, too.
    lines = pause_at_step(501 + number, "classic")
    process = resumed(train, folder, 4, lines=lines)
    wait_until_paused(process)
    process.kill()
    process.communicate()
    assert json.loads((folder / "settings.json").read_text())["recipe"]["epochs"] == 4
    process = train("classic", "--limit", 100, "--run-dir", folder, "--resume")
    out = wait_for_success(process)
    assert "The run is to have 4 epochs, not 10; --epochs changes it." in out
    assert (folder / "classic.safetensors").read_bytes() == lengthened[1]


def test_fewer_epochs_than_done_are_rejected(train, lengthened):
    folder = lengthened[2]
    before = contents(folder)
    _, err = wait_for_failure(resumed(train, folder, 3))
    assert "has begun epoch 4, more than 3: continue it with --epochs 4 or more" in err
    assert contents(folder) == before


def test_one_cycle_of_a_lengthened_run_rises_again(train, tmp_path):
    """And a change of anything but the epochs is rejected, with the field."""
    options = ("mlp", "--limit", 200, "--mnist-only", "--run-dir", tmp_path)
    wait_for_success(train(*options, "--epochs", 4))
    last = checkpoints(tmp_path)
    out = wait_for_success(train(*options, "--epochs", 40, "--resume"))
    rates = re.search(r"epochs: (\S+) before, (\S+) now, up to (\S+), (\S+) at the end", out)
    before, now, peak, end = map(float, rates.groups())
    assert before < 0.001 < peak == 0.004
    assert now < peak
    assert end < 0.0001
    assert checkpoints(tmp_path) != last
    metrics = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(metrics) == 40
    assert json.loads(metrics[10])["learning_rate"] > json.loads(metrics[3])["learning_rate"]
    process = train(*options, "--epochs", 50, "--resume", lines="change(batch_size=32)")
    _, err = wait_for_failure(process)
    assert "was started with recipe.batch_size 64, not 32" in err
