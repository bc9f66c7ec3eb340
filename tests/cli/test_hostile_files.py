"""Hostile model files and run folders are reported in one sentence, and nothing is lost."""

import json
import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from forged import deep, forge_format_2, forge_model, forge_tensors, layer_json
from untrained import untrained

from inkdigits.model_file import save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.storage.tensors import read_tensors

MAX_LENGTH = 600  # of a message, in characters, including its paths


def assert_one_sentence(done):
    assert done.returncode == 1
    assert re.fullmatch(r"Error: [^\n]+\.\n", done.stderr), done.stderr
    assert len(done.stderr) < MAX_LENGTH
    assert done.stderr[:-1].isprintable()


# Model files.


def overflowing(path, model):
    forge_model(path, replace(model, vector=np.full_like(model.vector, 1e20)))


def huge(path, model):
    layers = [layer_json(layer) for layer in (Flatten(), Dense(784, 2**31), Dense(2**31, 11))]
    forge_model(path, model, network={"type": "Network", "layers": layers})


HOSTILE = {
    "weights that overflow": overflowing,
    "a lone surrogate": lambda path, model: forge_model(path, model, metrics={"\ud800": 1}),
    "nested too deep": lambda path, model: forge_model(path, model, training={"a": deep(480)}),
    "an integer of 4,000 digits": lambda path, model: forge_model(
        path, model, metrics={"steps": int("9" * 4000)}
    ),
    "huge layers": huge,
    "another revision": lambda path, model: forge_model(
        path, model, preprocessing={"name": "ink", "revision": 99}
    ),
    "format 2": forge_format_2,
}


COMMANDS = [
    ["predict", "IMAGE", "--model", "MODEL"],
    ["evaluate", "MODEL"],
    ["model", "show", "MODEL"],
    ["model", "export", "MODEL", "-o", "OUT"],
    ["serve", "--model", "MODEL", "--port", "0"],
]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        *((next(iter(HOSTILE)), arguments) for arguments in COMMANDS),
        *((kind, COMMANDS[2]) for kind in list(HOSTILE)[1:]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_hostile_model_is_reported_in_one_sentence(
    run_inkdigits, blank_png, tmp_path, kind, arguments
):
    hostile, out = tmp_path / "model.safetensors", tmp_path / "out"
    HOSTILE[kind](hostile, untrained())
    names = {"IMAGE": blank_png, "MODEL": hostile, "OUT": out}
    done = run_inkdigits(*(names.get(argument, argument) for argument in arguments))
    assert_one_sentence(done)
    assert str(hostile) in done.stderr
    assert not out.exists()


def test_pickle_with_overflowing_weights_is_reported_in_one_sentence(run_inkdigits, tmp_path):
    model = untrained("classic")
    vector = np.full_like(model.vector, 1e30)
    save_model(tmp_path / "valid", model)
    run_inkdigits("model", "export", tmp_path / "valid", "-o", tmp_path / "pickle", check=True)
    data = (tmp_path / "pickle").read_bytes()
    for weight in model.network.unflatten(model.vector).values():
        valid = weight.T.astype(np.float64, order="C").tobytes()
        assert data.count(valid) == 1
        data = data.replace(valid, vector[: weight.size].astype(np.float64).tobytes())
    (tmp_path / "pickle").write_bytes(data)
    done = run_inkdigits("model", "import", tmp_path / "pickle", "-o", tmp_path / "out")
    assert_one_sentence(done)
    assert "overflow" in done.stderr
    assert not (tmp_path / "out").exists()


def test_control_characters_in_a_model_do_not_reach_the_terminal(run_inkdigits, tmp_path):
    path = tmp_path / "model.safetensors"
    training = {"\x1b[2J": "\x1b]0;title\x07", "note": ["\x9b31m", "a\nb", "é"], "\u202e": "\u2028"}
    save_model(path, untrained(training=training, version="\x1b[31m"))
    done = run_inkdigits("model", "show", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    assert r"\x1b]0;title\x07" in done.stdout
    assert "é" in done.stdout


def test_characters_outside_the_terminals_encoding_are_escaped(run_inkdigits, blank_png, tmp_path):
    path = tmp_path / "Zoë.png"
    shutil.copy(blank_png, path)
    done = run_inkdigits("predict", path, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Zo\xeb.png: blank" in done.stdout


def test_model_name_is_not_interpreted_as_markup(run_inkdigits, tmp_path):
    path = tmp_path / "[red]mine.safetensors"
    save_model(path, untrained())
    done = run_inkdigits("evaluate", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("[red]mine: accuracy ")


# Run folders.


@pytest.fixture(scope="module")
def finished(run_inkdigits, tmp_path_factory):
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    run_inkdigits(
        *("train", "mlp", "--mnist-only", "--limit", 200, "--epochs", 2, "--run-dir", folder),
        check=True,
    )
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def resume(run_inkdigits, folder):
    def resumed():
        return run_inkdigits(
            *("train", "mlp", "--mnist-only", "--limit", 200, "--epochs", 2),
            *("--run-dir", folder, "--resume"),
        )

    return resumed


def checkpoints(folder):
    return sorted(folder.glob("checkpoint-*"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def craft(path, tensors=None, **changes):
    """Change a checkpoint and give it a correct digest; None removes a field."""
    valid, document, _ = read_tensors(path)
    document = {name: x for name, x in (document | changes).items() if x is not None}
    forge_tensors(path, valid | (tensors or {}), document)


def assert_rejected_and_nothing_is_lost(resume, folder, *parts):
    before = contents(folder)
    done = resume()
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"Error: .+\.", last)
    assert len(last) < MAX_LENGTH
    assert "Traceback" not in done.stderr
    assert all(str(part) in last for part in parts)
    assert contents(folder) == before


def test_malformed_settings_are_rejected(resume, folder):
    (folder / "settings.json").write_text("[" * 100_000)
    assert_rejected_and_nothing_is_lost(resume, folder, folder / "settings.json")


def test_settings_of_another_run_are_rejected(resume, folder):
    settings = json.loads((folder / "settings.json").read_text())
    settings["recipe"]["epochs"] = -2
    (folder / "settings.json").write_text(json.dumps(settings))
    assert_rejected_and_nothing_is_lost(resume, folder, folder, "recipe.epochs -2, not 2")


def test_settings_of_version_0_1_0_are_rejected(resume, folder):
    settings = json.loads((folder / "settings.json").read_text())
    del settings["format"]
    (folder / "settings.json").write_text(json.dumps(settings | {"recipe": "mlp", "epochs": 2}))
    assert_rejected_and_nothing_is_lost(resume, folder, folder, "by another version of inkdigits")


def test_run_without_a_valid_checkpoint_is_rejected(resume, folder):
    old, new = checkpoints(folder)
    craft(old, step=-5)
    craft(new, rng=None)
    before = contents(folder)
    done = resume()
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: No checkpoint in {folder} is whole")
    assert str(old) in done.stdout
    assert str(new) in done.stdout
    assert contents(folder) == before


def test_invalid_checkpoint_is_skipped(resume, folder):
    model = (folder / "mlp.safetensors").read_bytes()
    _, new = checkpoints(folder)
    craft(new, records=[{"epoch": -1}])
    done = resume()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{new} " in done.stdout
    assert "Using the checkpoint before it." in done.stdout
    assert (folder / "mlp.safetensors").read_bytes() == model


def test_checkpoint_after_the_last_step_is_rejected(resume, folder):
    _, new = checkpoints(folder)
    later = new.with_name("checkpoint-00001000.safetensors")
    new.rename(later)
    craft(later, step=1000)
    assert_rejected_and_nothing_is_lost(resume, folder, later)


def test_checkpoint_of_another_optimizer_is_rejected(resume, folder):
    _, new = checkpoints(folder)
    craft(new, {"optimizer_state": read_tensors(new)[0]["optimizer_state"][:1].copy()})
    assert_rejected_and_nothing_is_lost(resume, folder, new)


@pytest.mark.parametrize("place", [0, 1], ids=["in the middle", "at the end"])
def test_checkpoint_with_overflowing_weights_is_rejected(resume, folder, place):
    """Such a state could belong to this run, but its loss is not finite."""
    chosen = checkpoints(folder)[place]
    if place == 0:
        checkpoints(folder)[1].unlink()
    tensors = read_tensors(chosen)[0]
    craft(chosen, {name: np.full_like(tensors[name], 1e20) for name in ("params", "ema")})
    assert_rejected_and_nothing_is_lost(resume, folder, folder)
