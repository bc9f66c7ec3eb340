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

from inkdigits.data.batches import Batches
from inkdigits.model_file import ArtifactError, load_model, read_tensors, save_model
from inkdigits.nn.layers import Dense, Dropout, Flatten
from inkdigits.nn.losses import smoothed
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant
from inkdigits.recipes import CLASSIC, MLP
from inkdigits.runs import Run, RunError
from inkdigits.training import DivergenceError, Record, Tally, TrainState, fit, init_state

SETTINGS = {"recipe": "mlp", "seed": 0, "limit": None, "data": {"images": "5e" * 32}}
RECORDS = [Record(epoch, 0.1 + epoch, 0.5, 1 / 3, 0.25, 0.01, 1.5, 200.0) for epoch in (1, 2, 3)]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def progress_at(step):
    rng = np.random.default_rng(step)
    shapes = 50, (2, 50), 50
    params, memory, average = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    rng.random(3, np.float32)  # an odd number leaves half a draw in its state
    return TrainState(params, memory, average, rng, step, Tally(64, 1 / 3, 7, 0.125))


def checkpoints(run):
    return sorted(path.name for path in run.folder.glob("checkpoint-*"))


def damage(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def never(warning):
    pytest.fail(warning)


# Checkpoints.


def test_what_is_saved_is_read_again_to_the_last_bit(run):
    saved = progress_at(41)
    run.save(saved, RECORDS)
    state, records = run.latest(never)
    assert state.params.tobytes() == saved.params.tobytes()
    assert state.optimizer_state.tobytes() == saved.memory.tobytes()
    assert state.ema.tobytes() == saved.average.tobytes()
    assert saved.rng.bit_generator.state["has_uint32"]
    assert state.rng.bit_generator.state == saved.rng.bit_generator.state
    assert (state.step, state.tally) == (41, saved.tally)
    assert records == RECORDS


def test_save_says_where_and_the_same_state_gives_the_same_bytes(run, tmp_path):
    path = run.save(progress_at(41), RECORDS)
    assert path == tmp_path / "checkpoint-00000041.safetensors"
    before = path.read_bytes()
    run.save(*run.latest(never))
    assert path.read_bytes() == before


def test_the_metrics_are_the_records(run):
    run.save(progress_at(0), [])
    path = run.folder / "metrics.jsonl"
    assert path.read_text() == ""
    run.save(progress_at(1), RECORDS)
    assert [Record(**json.loads(line)) for line in path.read_text().splitlines()] == RECORDS


def test_the_newest_two_are_kept(run):
    for step in (0, 9, 10, 100):
        run.save(progress_at(step), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (10, 100)]
    assert run.latest(never)[0].step == 100


def test_without_averaging_the_average_is_the_parameters(run):
    saved = replace(progress_at(41), average=None)
    saved = replace(saved, average=saved.params)
    run.save(saved, [])
    state, _ = run.latest(never)
    assert state.ema is state.params
    assert state.params.tobytes() == saved.params.tobytes()


@pytest.mark.parametrize("recipe", ["dropout", "averaged", "one by one"])
def test_f1_what_is_read_goes_on_to_the_same_bits(run, digits, recipe):
    """Stopped in the middle of an epoch, where the layers have drawn what they forget."""
    if recipe != "one by one":
        network = Network((Flatten(), Dropout(0.3), Dense(784, 10)))
        ema_decay = 0.9 if recipe == "averaged" else 0.0
        recipe = replace(
            MLP,
            network=network,
            targets=smoothed(10, 0.1),
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
    undisturbed = init_state(recipe, 0)
    expected = list(fit(recipe, batches, undisturbed))

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
    assert state.params.tobytes() == undisturbed.params.tobytes()
    assert state.optimizer_state.tobytes() == undisturbed.optimizer_state.tobytes()
    assert state.ema.tobytes() == undisturbed.ema.tobytes()
    for record, same in zip(records, expected, strict=True):
        assert (record.epoch, record.loss, record.accuracy) == (
            same.epoch,
            same.loss,
            same.accuracy,
        )


def test_f5_of_a_damaged_checkpoint_the_one_before_is_used(run):
    run.save(progress_at(1), RECORDS[:1])
    path = run.save(progress_at(2), RECORDS[:2])
    damage(path)
    warnings = []
    state, records = run.latest(warnings.append)
    assert (state.step, records) == (1, RECORDS[:1])
    (warning,) = warnings
    assert str(path) in warning
    assert warning.endswith("The checkpoint before it is used.")


def test_f5_with_all_damaged_it_is_an_error(run):
    for step in (1, 2):
        damage(run.save(progress_at(step), []))
    warnings = []
    with pytest.raises(RunError, match="no checkpoint that is whole"):
        run.latest(warnings.append)
    assert len(warnings) == 2


def test_f5_a_damaged_checkpoint_takes_no_place_from_whole_ones(run):
    """Two whole ones are kept beside it, and it is written over when its step comes again."""
    for step in (10, 20, 30):
        path = run.save(progress_at(step), [])
    damage(path)
    for step in (21, 22):
        run.save(progress_at(step), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (21, 22, 30)]
    warnings = []
    assert run.latest(warnings.append)[0].step == 22
    assert len(warnings) == 1
    run.save(progress_at(30), [])
    assert checkpoints(run) == [f"checkpoint-{step:08}.safetensors" for step in (22, 30)]
    assert run.latest(never)[0].step == 30


def test_a_model_file_is_no_checkpoint_and_a_checkpoint_no_model_file(run):
    path = run.save(progress_at(1), [])
    with pytest.raises(ArtifactError, match="name a model file, not a checkpoint"):
        load_model(path)
    save_model(path, untrained())
    run.save(progress_at(0), [])
    warnings = []
    assert run.latest(warnings.append)[0].step == 0
    assert "is no checkpoint" in warnings[0]


def test_what_a_killed_process_leaves_is_no_checkpoint(run):
    (run.folder / ".inkdigits-0123456789abcdef.tmp").write_bytes(b"half a checkpo")
    assert run.latest(never) is None
    run.begin(SETTINGS)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["params", "memory", "average"])
def test_f7_what_is_no_number_is_not_saved(run, name, number):
    run.save(progress_at(1), RECORDS[:1])
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    state = progress_at(2)
    getattr(state, name)[..., 7] = number
    with pytest.raises(DivergenceError, match="at step 2"):
        run.save(state, RECORDS[:2])
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


# Checkpoints that inkdigits did not write, under a right digest.


def tensors_and_document():
    saved = progress_at(41)
    tensors = {"params": saved.params, "memory": saved.memory, "average": saved.average}
    document = {
        "checkpoint": 1,
        "step": 41,
        "rng": saved.rng.bit_generator.state,
        "tally": asdict(saved.tally),
        "records": [asdict(record) for record in RECORDS],
    }
    return tensors, document


def put(document, place, value):
    """Change what is at a place: names and indices, from the outside in."""
    *way, last = place
    for step in way:
        document = document[step]
    document[last] = value


def assert_the_one_before_is_used(run, tensors, document):
    """Of a checkpoint that is as the given says; nothing is changed by looking at it."""
    run.save(progress_at(40), RECORDS[:1])
    path = run.folder / "checkpoint-00000041.safetensors"
    forge_tensors(path, tensors, document)
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    warnings = []
    state, records = run.latest(warnings.append)
    assert (state.step, records) == (40, RECORDS[:1])
    (warning,) = warnings
    assert str(path) in warning
    assert "\n" not in warning
    assert warning.endswith(". The checkpoint before it is used.")
    assert len(warning) < 400 + len(str(path))
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def test_a_right_forgery_is_read(run):
    """The forgeries below are refused for what is wrong with them, and for nothing else."""
    tensors, document = tensors_and_document()
    forge_tensors(run.folder / "checkpoint-00000041.safetensors", tensors, document)
    state, records = run.latest(never)
    assert (state.step, records) == (41, RECORDS)
    assert state.rng.bit_generator.state == document["rng"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("checkpoint",), True),
        (("checkpoint",), 2),
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
def test_a_document_that_is_not_a_checkpoints_is_not_used(run, place, value):
    tensors, document = tensors_and_document()
    put(document, place, value)
    assert_the_one_before_is_used(run, tensors, document)


@pytest.mark.parametrize("name", ["checkpoint", "step", "rng", "tally", "records"])
def test_a_document_that_lacks_a_field_is_not_used(run, name):
    tensors, document = tensors_and_document()
    del document[name]
    assert_the_one_before_is_used(run, tensors, document)


@pytest.mark.parametrize(
    "change",
    [
        {"params": None},
        {"memory": None},
        {"params": np.zeros((50, 1), np.float32)},
        {"params": np.array(1, np.float32)},
        {"params": np.zeros(49, np.float32)},
        {"memory": np.zeros(50, np.float32)},
        {"memory": np.array(1, np.float32)},
        {"memory": np.zeros((2, 49), np.float32)},
        {"memory": np.zeros((2, 50, 1), np.float32)},
        {"average": np.zeros(49, np.float32)},
        {"extra": np.zeros(50, np.float32)},
        {"params": np.zeros(50, np.float64)},
        {"average": np.full(50, np.nan, np.float32)},
    ],
    ids=lambda change: "{} {}".format(*next(iter(change.items())))[:20],
)
def test_arrays_that_are_not_a_checkpoints_are_not_used(run, change):
    tensors, document = tensors_and_document()
    changed = {name: x for name, x in (tensors | change).items() if x is not None}
    assert_the_one_before_is_used(run, changed, document)


def test_any_change_under_a_right_digest_gives_a_whole_state_or_the_typed_error(run):
    rng = random.Random(0)
    whole, document = tensors_and_document()
    path = run.folder / "checkpoint-00000041.safetensors"
    accepted = 0
    for _ in range(300):
        is_changed = rng.random() < 0.7
        tensors = whole if is_changed else mutated_tensors(whole, rng)
        forge_tensors(path, tensors, mutated(document, rng) if is_changed else document)
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


def test_a_state_of_this_training_is_one(run):
    """In the middle of an epoch, between two, and at the end."""
    run.check_state(progress_at(41), RECORDS, SMALL, steps_per_epoch=12)
    run.check_state(progress_at(36), RECORDS, SMALL, steps_per_epoch=12)
    run.check_state(progress_at(48), [*RECORDS, RECORDS[0]], SMALL, steps_per_epoch=12)
    run.check_state(progress_at(0), [], SMALL, steps_per_epoch=12)


@pytest.mark.parametrize(
    ("recipe", "steps_per_epoch", "cause"),
    [
        (SMALL, 10, "41 steps, and there are fewer in all"),
        (replace(SMALL, epochs=1000), 1, "41 steps, and has records of 3 epochs"),
        (SMALL, 41, "41 steps, and has records of 3 epochs"),
        (SMALL, 100, "41 steps, and has records of 3 epochs"),
        (MLP, 12, "its arrays"),
        (replace(SMALL, optimizer=SGD()), 12, "its arrays"),
        (replace(SMALL, ema_decay=0.0), 12, "average"),
    ],
)
def test_a_state_of_another_training_is_an_error(run, recipe, steps_per_epoch, cause):
    with pytest.raises(RunError, match=r"checkpoint-00000041.* does not belong") as caught:
        run.check_state(progress_at(41), RECORDS, recipe, steps_per_epoch)
    assert cause in str(caught.value)
    assert "remove it" in str(caught.value)


def test_a_state_without_the_average_that_the_recipe_takes_is_an_error(run):
    state = progress_at(41)
    state.ema = state.params
    with pytest.raises(RunError, match="average"):
        run.check_state(state, RECORDS, SMALL, 12)


# The settings.


def test_a_folder_is_begun_once(run):
    run.begin(SETTINGS)
    assert json.loads((run.folder / "settings.json").read_text()) == SETTINGS
    run.begin(SETTINGS)  # killed before there was a checkpoint
    assert run.latest(never) is None
    run.save(progress_at(0), [])
    with pytest.raises(RunError, match="holds a training already: continue it with --resume"):
        run.begin(SETTINGS | {"seed": 1})
    run.check_settings(SETTINGS)


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "classic"},
        {"seed": 1},
        {"limit": 100},
        {"data": {"images": "00" * 32}},
        {"new": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_training_is_not_resumed(run, change):
    run.begin(SETTINGS | {"versions": {"numpy": "2.0.0"}})
    run.check_settings(SETTINGS)
    with pytest.raises(RunError, match=f"was begun with {next(iter(change))} "):
        run.check_settings(SETTINGS | change)


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
def test_without_settings_nothing_is_resumed(run, content):
    if content is not None:
        (run.folder / "settings.json").write_bytes(content)
    with pytest.raises(RunError, match=r"settings\.json is missing, damaged or not"):
        run.check_settings(SETTINGS)


@pytest.mark.parametrize(
    "value", [True, 0.0, -0.0, "0", [0], {"seed": 0}, None, -5, 2**100, "\x1b[2J\n" * 10_000]
)
def test_a_setting_of_another_type_is_another(run, value):
    run.begin(SETTINGS | {"seed": value})
    with pytest.raises(RunError, match="was begun with seed ") as caught:
        run.check_settings(SETTINGS)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 3000


def test_a_setting_that_is_not_known_or_missing_is_another(run):
    run.begin(SETTINGS | {"\x1b[2J": 1, "versions": {}, "machine": {}})
    with pytest.raises(RunError, match=r"was begun with '\\x1b\[2J', a setting that this version"):
        run.check_settings(SETTINGS)
    run.begin({name: value for name, value in SETTINGS.items() if name != "seed"})
    with pytest.raises(RunError, match="was begun with seed unset, not 0"):
        run.check_settings(SETTINGS)


def test_any_change_of_the_settings_is_the_same_training_or_the_typed_error(run):
    rng = random.Random(0)
    path = run.folder / "settings.json"
    begun = SETTINGS | {"versions": {"numpy": "2.0.0"}, "machine": {"processors": 2}}
    for _ in range(1000):
        changed = mutated(begun, rng)
        path.write_text(json.dumps(changed))
        try:
            run.check_settings(SETTINGS)
        except RunError:
            continue
        assert {name: changed[name] for name in SETTINGS} == SETTINGS


# The lock.


def test_f6_a_second_training_is_refused_and_a_later_one_is_not(run):
    with run.locked():
        before = sorted(run.folder.iterdir())
        for _ in range(2):
            with pytest.raises(RunError, match="Another training is at work"), run.locked():
                pytest.fail("two have the folder")
        assert sorted(run.folder.iterdir()) == before
    with pytest.raises(ZeroDivisionError), run.locked():
        _ = 1 / 0
    with run.locked():
        pass


def test_f6_of_many_that_start_at_once_one_has_the_folder(tmp_path):
    outcomes = []
    ready, tried = Barrier(8), Barrier(8)

    def contend():
        ready.wait()
        try:
            with Run(tmp_path / "new" / "folder").locked():
                outcomes.append("has it")
                tried.wait(timeout=30)
        except RunError as error:
            outcomes.append(str(error)[:27])
            tried.wait(timeout=30)

    threads = [Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Another training is at work"] * 7 + ["has it"]


HOLD = """
import sys
from pathlib import Path
from inkdigits.runs import Run
with Run(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_f6_the_lock_of_a_killed_process_is_lifted(run):
    command = [sys.executable, "-c", HOLD, str(run.folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match="Another training is at work"), run.locked():
            pytest.fail("two have the folder")
        process.send_signal(signal.SIGKILL)
    with run.locked():
        pass


def test_f4_what_is_no_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        match = r"cannot be written to \(.+\): make it writable"
        with pytest.raises(RunError, match=match), Run(path).locked():
            pytest.fail("it was locked")


def test_the_lock_leaves_nothing_but_its_file(run):
    with run.locked():
        pass
    assert os.listdir(run.folder) == [".lock"]


def test_a_checkpoint_is_a_file_that_anyone_can_read(run):
    """An ordinary .safetensors file with the three arrays."""
    tensors, document, _ = read_tensors(run.save(progress_at(3), RECORDS))
    assert {name: array.shape for name, array in tensors.items()} == {
        "params": (50,),
        "memory": (2, 50),
        "average": (50,),
    }
    assert document["step"] == 3
