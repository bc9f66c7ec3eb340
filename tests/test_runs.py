"""The folder of a run: checkpoints, settings and the lock."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from threading import Barrier, Thread

import numpy as np
import pytest
from forged import forge_tensors, mutated, mutated_tensors
from untrained import untrained

from inkdigits.changes import Change
from inkdigits.data.batches import Batches
from inkdigits.model_file import load_model, save_model
from inkdigits.nn.layers import Dense, Dropout, Flatten
from inkdigits.nn.losses import LabelSmoothing
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant
from inkdigits.recipes import CLASSIC, MLP
from inkdigits.runs import Run, RunError
from inkdigits.storage.files import FileError
from inkdigits.storage.tensors import read_tensors
from inkdigits.training import DivergenceError, Record, Tally, TrainState, fit, init_state

SETTINGS = {
    "recipe": {"name": "mlp", "epochs": 10},
    "seed": 0,
    "limit": None,
    "data": {"images": "5e" * 32},
}
RECORDS = [Record(epoch, 0.1 + epoch, 0.5, 1 / 3, 0.25, 0.01, 1.5, 200.0) for epoch in (1, 2, 3)]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def state_at(step):
    rng = np.random.default_rng(step)
    shapes = 50, (2, 50), 50
    params, optimizer_state, ema = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    rng.random(3, np.float32)  # an odd number leaves half a draw in its state
    return TrainState(params, optimizer_state, ema, rng, step, Tally(64, 1 / 3, 7, 0.125))


def checkpoints(run):
    return sorted(path.name for path in run.folder.glob("checkpoint-*"))


def damage(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def never(warning):
    pytest.fail(warning)


# Checkpoints.


def test_checkpoint_keeps_every_bit_of_the_state(run):
    saved = state_at(41)
    run.save(saved, RECORDS)
    state, records = run.latest(never)
    assert state.params.tobytes() == saved.params.tobytes()
    assert state.optimizer_state.tobytes() == saved.optimizer_state.tobytes()
    assert state.ema.tobytes() == saved.ema.tobytes()
    assert saved.rng.bit_generator.state["has_uint32"]
    assert state.rng.bit_generator.state == saved.rng.bit_generator.state
    assert (state.step, state.tally) == (41, saved.tally)
    assert records == RECORDS


def test_save_returns_the_path_and_the_same_state_gives_the_same_bytes(run, tmp_path):
    path = run.save(state_at(41), RECORDS)
    assert path == tmp_path / "checkpoint-00000041.safetensors"
    before = path.read_bytes()
    run.save(*run.latest(never))
    assert path.read_bytes() == before


def test_metrics_are_the_records(run):
    run.save(state_at(0), [])
    path = run.folder / "metrics.jsonl"
    assert path.read_text() == ""
    run.save(state_at(1), RECORDS)
    assert [Record(**json.loads(line)) for line in path.read_text().splitlines()] == RECORDS


def test_newest_two_checkpoints_are_kept(run):
    for step in (0, 9, 10, 100):
        run.save(state_at(step), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (10, 100)]
    assert run.latest(never)[0].step == 100


def test_without_ema_the_parameters_are_saved_once(run):
    saved = state_at(41)
    saved.ema = saved.params
    path = run.save(saved, [])
    assert set(read_tensors(path)[0]) == {"params", "optimizer_state"}
    state, _ = run.latest(never)
    assert state.ema is state.params
    assert state.params.tobytes() == saved.params.tobytes()


@pytest.mark.parametrize("recipe", ["dropout", "EMA", "batches of one"])
def test_resumed_training_continues_with_the_same_bits(run, digits, recipe):
    """Stopped in the middle of an epoch, after dropout has drawn masks."""
    if recipe != "batches of one":
        network = Network((Flatten(), Dropout(0.3), Dense(784, 10)))
        ema_decay = 0.9 if recipe == "EMA" else 0.0
        recipe = replace(
            MLP,
            network=network,
            targets=LabelSmoothing(0.1),
            batch_size=64,
            optimizer=AdamW(),
            schedule=Constant(0.01),
            epochs=2,
            ema_decay=ema_decay,
        )
    else:
        recipe = replace(CLASSIC, epochs=2)
    x, labels = digits.images[:200] / np.float32(255), digits.labels[:200]
    batches = Batches(x, labels, recipe.batch_size, 0, recipe.shuffle)
    uninterrupted = init_state(recipe, 0)
    expected = list(fit(recipe, batches, uninterrupted))

    class Stop(Exception):
        pass

    class Half:
        def __len__(self):
            return len(batches)

        def epoch(self, number, first_step=0):
            for step, batch in enumerate(batches.epoch(number, first_step), first_step):
                if number == 1 and step == len(batches) // 2:
                    raise Stop
                yield batch

        def sample(self, count):
            return batches.sample(count)

    state, records = init_state(recipe, 0), []
    with pytest.raises(Stop):
        records.extend(fit(recipe, Half(), state))
    run.save(state, records)
    del state
    state, records = run.latest(never)
    records.extend(fit(recipe, batches, state))
    assert state.params.tobytes() == uninterrupted.params.tobytes()
    assert state.optimizer_state.tobytes() == uninterrupted.optimizer_state.tobytes()
    assert state.ema.tobytes() == uninterrupted.ema.tobytes()
    for record, same in zip(records, expected, strict=True):
        assert (record.epoch, record.loss, record.accuracy) == (
            same.epoch,
            same.loss,
            same.accuracy,
        )


def test_damaged_checkpoint_is_skipped(run):
    run.save(state_at(1), RECORDS[:1])
    path = run.save(state_at(2), RECORDS[:2])
    damage(path)
    warnings = []
    state, records = run.latest(warnings.append)
    assert (state.step, records) == (1, RECORDS[:1])
    (warning,) = warnings
    assert str(path) in warning
    assert warning.endswith("Using the checkpoint before it.")


def test_without_an_intact_checkpoint_nothing_is_resumed(run):
    for step in (1, 2):
        damage(run.save(state_at(step), []))
    warnings = []
    with pytest.raises(RunError, match=r"^No checkpoint in .* is whole: start again"):
        run.latest(warnings.append)
    assert len(warnings) == 2


def test_damaged_checkpoint_does_not_replace_intact_ones(run):
    """Two intact ones are kept next to it, and it is overwritten when its step is reached again."""
    for step in (10, 20, 30):
        path = run.save(state_at(step), [])
    damage(path)
    for step in (21, 22):
        run.save(state_at(step), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (21, 22, 30)]
    warnings = []
    assert run.latest(warnings.append)[0].step == 22
    assert len(warnings) == 1
    run.save(state_at(30), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (22, 30)]
    assert run.latest(never)[0].step == 30


def test_model_files_and_checkpoints_are_not_confused(run):
    path = run.save(state_at(1), [])
    with pytest.raises(FileError, match="name a model file, not a checkpoint"):
        load_model(path)
    save_model(path, untrained())
    run.save(state_at(0), [])
    warnings = []
    assert run.latest(warnings.append)[0].step == 0
    assert "is not a checkpoint of this version" in warnings[0]


def test_temporary_file_of_a_killed_process_is_not_a_checkpoint(run):
    (run.folder / ".inkdigits-0123456789abcdef.tmp").write_bytes(b"half a checkpo")
    assert run.latest(never) is None
    run.begin(SETTINGS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["params", "optimizer_state", "ema"])
def test_nan_or_infinity_is_not_saved(run, name, value):
    run.save(state_at(1), RECORDS[:1])
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    state = state_at(2)
    getattr(state, name)[..., 7] = value
    with pytest.raises(DivergenceError, match="at step 2"):
        run.save(state, RECORDS[:2])
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


# Forged checkpoints with a correct digest.


def tensors_and_document():
    saved = state_at(41)
    tensors = {
        "params": saved.params,
        "optimizer_state": saved.optimizer_state,
        "ema": saved.ema,
    }
    document = {
        "checkpoint": 2,
        "step": 41,
        "rng": saved.rng.bit_generator.state,
        "tally": asdict(saved.tally),
        "records": [asdict(record) for record in RECORDS],
    }
    return tensors, document


def put(document, path, value):
    """Set the value at a path of names and indices."""
    *steps, last = path
    for step in steps:
        document = document[step]
    document[last] = value


def assert_skipped(run, tensors, document):
    """Assert that a forged checkpoint gives a warning, changes nothing, and is skipped.

    returns  the warning
    """
    run.save(state_at(40), RECORDS[:1])
    path = run.folder / "checkpoint-00000041.safetensors"
    forge_tensors(path, tensors, document)
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    warnings = []
    state, records = run.latest(warnings.append)
    assert (state.step, records) == (40, RECORDS[:1])
    (warning,) = warnings
    assert str(path) in warning
    assert "\n" not in warning
    assert warning.endswith(". Using the checkpoint before it.")
    assert len(warning) < 400 + len(str(path))
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before
    return warning


def test_forged_checkpoint_without_a_fault_is_read(run):
    """The forgeries below are rejected for their fault only."""
    tensors, document = tensors_and_document()
    forge_tensors(run.folder / "checkpoint-00000041.safetensors", tensors, document)
    state, records = run.latest(never)
    assert (state.step, records) == (41, RECORDS)
    assert state.rng.bit_generator.state == document["rng"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("checkpoint",), True),
        (("checkpoint",), 2.0),
        (("checkpoint",), 3),
        (("step",), -5),
        (("step",), 42),
        (("step",), 41.0),
        (("step",), True),
        (("step",), 2**70),
        (("step",), None),
        (("extra",), 1),
        (("rng",), None),
        (("rng",), []),
        (("rng",), {}),
        (("rng", "bit_generator"), "MT19937"),
        (("rng", "has_uint32"), 0.5),
        (("rng", "has_uint32"), True),
        (("rng", "has_uint32"), 2**40),
        (("rng", "uinteger"), -1),
        (("rng", "extra"), 1),
        (("rng", "state"), [1, 2]),
        (("rng", "state", "state"), "1"),
        (("rng", "state", "state"), 1.5),
        (("rng", "state", "inc"), -1),
        (("tally",), []),
        (("tally", "examples"), -64),
        (("tally", "examples"), 1.0),
        (("tally", "correct"), 65),
        (("tally", "loss"), None),
        (("tally", "loss"), 1e300),
        (("tally", "seconds"), -1.0),
        (("tally", "extra"), 1),
        (("records",), {}),
        (("records",), [1]),
        (("records", 0), []),
        (("records", 0, "epoch"), -1),
        (("records", 1, "epoch"), 1),
        (("records", 0, "loss"), "low"),
        (("records", 0, "loss"), None),
        (("records", 0, "accuracy"), True),
        (("records", 0, "validation_loss"), []),
        (("records", 0, "seconds"), -1e101),
        (("records", 0, "extra"), 1),
        (("note",), [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_checkpoint_with_another_document_is_skipped(run, path, value):
    tensors, document = tensors_and_document()
    put(document, path, value)
    assert_skipped(run, tensors, document)


@pytest.mark.parametrize("name", ["checkpoint", "step", "rng", "tally", "records"])
def test_checkpoint_without_a_field_is_skipped(run, name):
    tensors, document = tensors_and_document()
    del document[name]
    assert_skipped(run, tensors, document)


@pytest.mark.parametrize(
    "change",
    [
        {"params": None},
        {"optimizer_state": None},
        {"params": np.zeros((50, 1), np.float32)},
        {"params": np.array(1, np.float32)},
        {"params": np.zeros(49, np.float32)},
        {"optimizer_state": np.zeros(50, np.float32)},
        {"optimizer_state": np.array(1, np.float32)},
        {"optimizer_state": np.zeros((2, 49), np.float32)},
        {"optimizer_state": np.zeros((2, 50, 1), np.float32)},
        {"ema": np.zeros(49, np.float32)},
        {"extra": np.zeros(50, np.float32)},
        {"params": np.zeros(50, np.float64)},
        {"ema": np.full(50, np.nan, np.float32)},
    ],
    ids=lambda change: "{} {}".format(*next(iter(change.items())))[:20],
)
def test_checkpoint_with_other_arrays_is_skipped(run, change):
    tensors, document = tensors_and_document()
    changed = {name: x for name, x in (tensors | change).items() if x is not None}
    assert_skipped(run, changed, document)


def test_checkpoint_of_format_1_is_skipped_and_says_so(run):
    """Version 0.1.0 used other array names."""
    tensors, document = tensors_and_document()
    old = {"params": "params", "optimizer_state": "memory", "ema": "average"}
    tensors = {old[name]: tensor for name, tensor in tensors.items()}
    warning = assert_skipped(run, tensors, document | {"checkpoint": 1})
    assert "is not a checkpoint of this version of inkdigits." in warning


def test_folder_with_only_checkpoints_of_format_1_is_not_resumed(run):
    tensors, document = tensors_and_document()
    for step in (40, 41):
        path = run.folder / f"checkpoint-{step:08}.safetensors"
        forge_tensors(path, tensors, document | {"checkpoint": 1, "step": step})
    warnings = []
    with pytest.raises(RunError, match=r"^No checkpoint in .* start again in another folder\.$"):
        run.latest(warnings.append)
    assert len(warnings) == 2


def test_any_mutation_gives_a_valid_state_or_a_run_error(run):
    rng = random.Random(0)
    valid, document = tensors_and_document()
    path = run.folder / "checkpoint-00000041.safetensors"
    accepted = 0
    for _ in range(300):
        is_document = rng.random() < 0.7
        tensors = valid if is_document else mutated_tensors(valid, rng)
        forge_tensors(path, tensors, mutated(document, rng) if is_document else document)
        try:
            state, records = run.latest(lambda warning: None)
        except RunError:
            continue
        accepted += 1
        state.rng.random(3, np.float32)
        assert run.save(state, records) == path
        run.latest(never)
    assert 20 < accepted < 150


SMALL = replace(
    MLP, network=Network((Flatten(), Dense(5, 10, bias=False))), epochs=4, ema_decay=0.9
)


def test_state_of_this_run_is_accepted(run):
    """In the middle of an epoch, between two epochs, and at the end."""
    run.check_state(state_at(41), RECORDS, SMALL, steps_per_epoch=12)
    run.check_state(state_at(36), RECORDS, SMALL, steps_per_epoch=12)
    run.check_state(state_at(48), [*RECORDS, RECORDS[0]], SMALL, steps_per_epoch=12)
    run.check_state(state_at(0), [], SMALL, steps_per_epoch=12)


@pytest.mark.parametrize(
    ("recipe", "steps_per_epoch", "cause"),
    [
        (SMALL, 10, "it is at step 41, after the last"),
        (replace(SMALL, epochs=1000), 1, "it is at step 41, but has records of 3 epochs"),
        (SMALL, 41, "it is at step 41, but has records of 3 epochs"),
        (SMALL, 100, "it is at step 41, but has records of 3 epochs"),
        (MLP, 12, "its arrays"),
        (replace(SMALL, optimizer=SGD()), 12, "its arrays"),
        (replace(SMALL, ema_decay=0.0), 12, "average"),
    ],
)
def test_state_of_another_run_is_rejected(run, recipe, steps_per_epoch, cause):
    with pytest.raises(RunError, match=r"checkpoint-00000041.* does not belong") as caught:
        run.check_state(state_at(41), RECORDS, recipe, steps_per_epoch)
    assert cause in str(caught.value)
    assert "remove it" in str(caught.value)


def test_state_without_the_ema_of_the_recipe_is_rejected(run):
    state = state_at(41)
    state.ema = state.params
    with pytest.raises(RunError, match="average"):
        run.check_state(state, RECORDS, SMALL, 12)


# Settings.


def test_folder_holds_one_run(run):
    run.begin(SETTINGS)
    assert json.loads((run.folder / "settings.json").read_text()) == {"format": 2} | SETTINGS
    run.begin(SETTINGS)  # allowed after a process was killed before its first checkpoint
    assert run.latest(never) is None
    run.save(state_at(0), [])
    with pytest.raises(RunError, match="already has a training run: continue it with --resume"):
        run.begin(SETTINGS | {"seed": 1})
    run.check_settings(SETTINGS)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"recipe": "classic"}, "recipe {'name': 'mlp', 'epochs': 10}, not 'classic'"),
        ({"recipe": {"name": "mlp", "epochs": -2}}, "recipe.epochs 10, not -2"),
        ({"recipe": {"name": "mlp"}}, "recipe.epochs 10, not unset"),
        ({"recipe": {"name": "mlp", "epochs": 10, "tta": 1}}, "recipe.tta unset, not 1"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"limit": 100}, "limit None, not 100"),
        ({"data": {"images": "00" * 32}}, f"data.images {'5e' * 32!r}, not {'00' * 32!r}"),
        ({"new": 1}, "new unset, not 1"),
    ],
    ids=str,
)
def test_another_run_is_not_resumed(run, change, difference):
    run.begin(SETTINGS | {"versions": {"numpy": "2.0.0"}})
    run.check_settings(SETTINGS)
    with pytest.raises(RunError) as caught:
        run.check_settings(SETTINGS | change)
    assert f"was started with {difference}: resume it with the same settings" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"batch_size": 64}, "recipe.batch_size 128, not 64"),
        ({"tta": False}, "recipe.tta True, not False"),
        ({"augment": None}, "recipe.augment {'type': 'Augment', "),
        ({"optimizer": AdamW(beta1=0.5)}, "recipe.optimizer.beta1 0.9, not 0.5"),
        ({"optimizer": SGD()}, "recipe.optimizer.type 'AdamW', not 'SGD'"),
        (
            {"network": Network((*MLP.network.layers[:-1], Dense(64, 10)))},
            "recipe.network.layers.7.outputs 11, not 10",
        ),
        ({"network": Network(MLP.network.layers[:-1])}, "recipe.network.layers [{"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_every_field_of_a_recipe_is_a_setting(run, change, difference):
    run.begin({"recipe": MLP.to_json()})
    run.check_settings({"recipe": MLP.to_json()})
    with pytest.raises(RunError) as caught:
        run.check_settings({"recipe": replace(MLP, **change).to_json()})
    assert f"was started with {difference}" in str(caught.value)
    assert len(str(caught.value)) < 900


def test_settings_of_version_0_1_0_are_not_resumed(run):
    """Their recipe was a name, and they had no format."""
    settings = SETTINGS | {"recipe": "mlp", "epochs": 60, "optimizer": "AdamW(beta1=0.9)"}
    (run.folder / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(RunError) as caught:
        run.check_settings(SETTINGS)
    assert str(caught.value) == (
        f"{run.folder} was started by another version of inkdigits, whose settings and checkpoints "
        "this version does not read: resume it with that version, or start again in another "
        "folder with --run-dir."
    )


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b'{"seed": 0',
        b"\xff",
        b"[1]",
        b"null",
        b"0",
        b'"seed"',
        b"[" * 100_000,
        b'{"seed":' * 10_000,
        b'{"seed": 0, "seed": 0}',
        b'{"seed": NaN}',
        b'{"seed": 1e999}',
        b'{"seed": ' + b"9" * 5000 + b"}",
        b'{"seed": "\\ud800"}',
        '{"seed": 0}'.encode("utf-16"),
        b" " * 10**6,
    ],
    ids=lambda content: ascii(content)[:30],
)
def test_without_valid_settings_nothing_is_resumed(run, content):
    if content is not None:
        (run.folder / "settings.json").write_bytes(content)
    with pytest.raises(RunError, match=r"settings\.json is missing, damaged or not"):
        run.check_settings(SETTINGS)


def test_invalid_settings_are_reported_with_the_cause(run):
    (run.folder / "settings.json").write_bytes(b"[1]")
    with pytest.raises(RunError, match=r"regular file \(it is not a JSON object\), so there is no"):
        run.check_settings(SETTINGS)


@pytest.mark.parametrize(
    "value", [True, 0.0, -0.0, "0", [0], {"seed": 0}, None, -5, 2**100, "\x1b[2J\n" * 10_000]
)
def test_setting_of_another_type_is_different(run, value):
    run.begin(SETTINGS | {"seed": value})
    with pytest.raises(RunError, match="was started with seed ") as caught:
        run.check_settings(SETTINGS)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 3000


def test_unknown_or_missing_setting_is_different(run):
    run.begin(SETTINGS | {"\x1b[2J": 1, "versions": {}, "machine": {}})
    with pytest.raises(RunError, match=r"was started with \\x1b\[2J 1, not unset"):
        run.check_settings(SETTINGS)
    run.begin({name: value for name, value in SETTINGS.items() if name != "seed"})
    with pytest.raises(RunError, match="was started with seed unset, not 0"):
        run.check_settings(SETTINGS)


def test_any_mutation_of_the_settings_is_the_same_run_or_a_run_error(run):
    rng = random.Random(0)
    path = run.folder / "settings.json"
    begun = (
        {"format": 2} | SETTINGS | {"versions": {"numpy": "2.0.0"}, "machine": {"processors": 2}}
    )
    for _ in range(1000):
        changed = mutated(begun, rng)
        path.write_text(json.dumps(changed))
        try:
            run.check_settings(SETTINGS)
        except RunError:
            continue
        assert changed["recipe"].pop("epochs") >= 1  # it may differ
        assert {name: changed[name] for name in SETTINGS} == SETTINGS | {"recipe": {"name": "mlp"}}


# Another number of epochs.


def test_number_of_epochs_may_change(run):
    run.begin(SETTINGS | {"versions": {"numpy": "2.0.0"}})
    assert (run.epochs, run.changes) == (10, [])
    run.check_settings(SETTINGS | {"recipe": {"name": "mlp", "epochs": 12}})
    run.change_epochs(12, 70)
    assert run.epochs == 12
    assert run.changes == [Change(70, "epochs", 10, 12)]
    settings = json.loads((run.folder / "settings.json").read_text())
    assert settings["recipe"] == {"name": "mlp", "epochs": 12}
    assert settings["versions"] == {"numpy": "2.0.0"}
    run.check_settings(SETTINGS)


def test_only_changes_that_affected_a_step_are_recorded(run):
    run.begin(SETTINGS)
    for epochs, step in ((12, 70), (13, 70), (20, 84), (20, 90)):
        run.change_epochs(epochs, step)
    assert run.changes == [Change(70, "epochs", 10, 13), Change(84, "epochs", 13, 20)]
    run.change_epochs(20, 77)  # the newest checkpoint was damaged, and steps are repeated
    assert [change.step for change in run.changes] == [70, 77]
    run.change_epochs(10, 70)
    assert run.changes == []
    assert "changes" not in json.loads((run.folder / "settings.json").read_text())


def test_more_checkpoints_are_kept_by_setting(tmp_path):
    run = Run(tmp_path, checkpoints_kept=4)
    for step in range(0, 70, 10):
        run.save(state_at(step), [])
    assert [path.stem[-2:] for path in run.checkpoints()] == ["30", "40", "50", "60"]
    Run(tmp_path).save(state_at(70), [])
    assert [path.stem[-2:] for path in run.checkpoints()] == ["60", "70"]


def test_run_is_rewound_to_a_checkpoint(tmp_path):
    run = Run(tmp_path, checkpoints_kept=9)
    run.begin(SETTINGS)
    for step in (0, 10, 20, 30):
        run.save(state_at(step), RECORDS[: step // 10])
    run.change_learning_rate(0.1, 0.2, 5)
    run.change_learning_rate(0.2, 0.3, 20)
    run.change_epochs(12, 30)
    state, records = run.rewind(20, 30)
    assert (state.step, records) == (20, RECORDS[:2])
    assert state.params.tobytes() == state_at(20).params.tobytes()
    assert checkpoints(run)[-1] == "checkpoint-00000020.safetensors"
    assert run.latest(never)[0].step == 20
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
    assert run.epochs == 10
    assert run.changes == [Change(5, "learning_rate", 0.1, 0.2), Change(30, "rewind", 30, 20)]
    run.check_settings(SETTINGS)


def test_run_is_not_rewound_to_a_checkpoint_that_is_missing_or_damaged(tmp_path):
    run = Run(tmp_path, checkpoints_kept=9)
    run.begin(SETTINGS)
    for step in (0, 10, 20):
        path = run.save(state_at(step), [])
        if step == 10:
            damage(path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for step in (5, 10):
        with pytest.raises(FileError):
            run.rewind(step, 20)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": {"name": "mlp"}},
        {"recipe": {"name": "mlp", "epochs": 0}},
        {"recipe": {"name": "mlp", "epochs": True}},
        {"recipe": "mlp"},
        {"epochs_changed": {}},
        {"epochs_changed": [1]},
        {"epochs_changed": [{"step": 1, "before": 2}]},
        {"epochs_changed": [{"step": -1, "before": 2, "after": 3}]},
        {"epochs_changed": [{"step": 1.5, "before": 2, "after": 3}]},
        {"changes": None},
        {"changes": [{"step": 1, "setting": "seed", "before": 2, "after": 3}]},
        {"changes": [{"step": 1, "setting": "learning_rate", "before": 0.1, "after": 11.0}]},
        {"changes": [{"step": 1, "setting": "learning_rate", "before": 0.1, "after": None}]},
        {"changes": [{"step": 1, "setting": "rewind", "before": 2, "after": 3}]},
        {"changes": [{"step": 1, "setting": "epochs", "before": 2, "after": 3}] * 1001},
    ],
    ids=str,
)
def test_wrong_numbers_of_epochs_are_run_errors(run, change):
    run.begin(SETTINGS | change)
    before = (run.folder / "settings.json").read_bytes()
    with pytest.raises(RunError, match=r"settings\.json is missing, damaged .*\), so"):
        run.change_epochs(12, 70)
    assert (run.folder / "settings.json").read_bytes() == before


@pytest.mark.parametrize(("examples", "begun"), [(0, 3), (64, 4)])
def test_fewer_epochs_than_begun_are_rejected(run, examples, begun):
    state = replace(state_at(41), tally=Tally(examples, 0.5, 7, 0.125))
    run.check_epochs(state, RECORDS, begun)
    with pytest.raises(RunError) as caught:
        run.check_epochs(state, RECORDS, begun - 1)
    assert str(caught.value) == (
        f"{run.folder} has begun epoch {begun}, more than {begun - 1}: continue it with --epochs "
        f"{begun} or more, or start again in another folder with --run-dir."
    )


# Lock.


def test_folder_that_cannot_be_used_names_the_option_of_the_command(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(RunError, match="another folder with --run-dir"),
        Run(tmp_path / "file").locked(),
    ):
        pytest.fail("locked")
    locked = Run(tmp_path / "file").locked(option="--sweep-dir")
    with pytest.raises(RunError, match="another folder with --sweep-dir"), locked:
        pytest.fail("locked")


def test_second_run_is_rejected_until_the_first_ends(run):
    with run.locked():
        before = sorted(run.folder.iterdir())
        for _ in range(2):
            with pytest.raises(RunError, match="Another training run is using"), run.locked():
                pytest.fail("both have the lock")
        assert sorted(run.folder.iterdir()) == before
    with pytest.raises(ZeroDivisionError), run.locked():
        _ = 1 / 0
    with run.locked():
        pass


def test_one_of_many_concurrent_runs_gets_the_lock(tmp_path):
    outcomes = []
    ready, tried = Barrier(8), Barrier(8)

    def contend():
        ready.wait()
        try:
            with Run(tmp_path / "new" / "folder").locked():
                outcomes.append("locked")
                tried.wait(timeout=30)
        except RunError as error:
            outcomes.append(str(error)[:20])
            tried.wait(timeout=30)

    threads = [Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Another training run"] * 7 + ["locked"]


HOLD = """
import sys
from pathlib import Path
from inkdigits.runs import Run
with Run(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_lock_of_a_killed_process_is_released(run):
    command = [sys.executable, "-c", HOLD, str(run.folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match="Another training run is using"), run.locked():
            pytest.fail("both have the lock")
        process.send_signal(signal.SIGKILL)
    with run.locked():
        pass


def test_path_that_cannot_be_a_folder_is_rejected(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        match = r"is not writable \(.+\): make it writable"
        with pytest.raises(RunError, match=match), Run(path).locked():
            pytest.fail("it was locked")


def test_lock_leaves_only_its_file(run):
    with run.locked():
        pass
    assert os.listdir(run.folder) == [".lock"]


def test_checkpoint_is_a_safetensors_file_of_three_arrays(run):
    tensors, document, _ = read_tensors(run.save(state_at(3), RECORDS))
    assert {name: array.shape for name, array in tensors.items()} == {
        "params": (50,),
        "optimizer_state": (2, 50),
        "ema": (50,),
    }
    assert document["step"] == 3


def test_option_that_was_forgotten_on_resuming_is_named(run):
    recipe = {**SETTINGS["recipe"], "validation": 0.0}
    run.begin(SETTINGS | {"recipe": recipe})
    with pytest.raises(RunError, match=r"resume it with the same settings \(--validation\), or"):
        run.check_settings(SETTINGS | {"recipe": {**recipe, "validation": 0.1}})
