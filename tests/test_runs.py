import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from threading import Barrier, Thread

import numpy as np
import pytest
from untrained import untrained

from inkdigits.artifacts import ArtifactError, load_model, read_tensors, save_model
from inkdigits.data.batches import Batches
from inkdigits.models import CLASSIC, MLP
from inkdigits.nn.layers import Dense, Dropout, Flatten
from inkdigits.nn.losses import smoothed
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.nn.schedules import Constant
from inkdigits.runs import Run, RunError
from inkdigits.training import DivergenceError, Progress, Record, Tally, fit, start

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
    return Progress(params, memory, average, rng, step, Tally(64, 1 / 3, 7, 0.125))


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
    progress, records = run.latest(never)
    assert progress.params.tobytes() == saved.params.tobytes()
    assert progress.memory.tobytes() == saved.memory.tobytes()
    assert progress.average.tobytes() == saved.average.tobytes()
    assert saved.rng.bit_generator.state["has_uint32"]
    assert progress.rng.bit_generator.state == saved.rng.bit_generator.state
    assert (progress.step, progress.tally) == (41, saved.tally)
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
    progress, _ = run.latest(never)
    assert progress.average is progress.params
    assert progress.params.tobytes() == saved.params.tobytes()


@pytest.mark.parametrize("recipe", ["dropout", "averaged", "one by one"])
def test_f1_what_is_read_goes_on_to_the_same_bits(run, digits, recipe):
    """Stopped in the middle of an epoch, where the layers have drawn what they forget."""
    if recipe != "one by one":
        network = Network((Flatten(), Dropout(0.3), Dense(784, 10)))
        averaging = 0.9 if recipe == "averaged" else 0.0
        recipe = replace(
            MLP,
            network=network,
            targets=smoothed(10, 0.1),
            batch_size=64,
            optimizer=AdamW(),
            schedule=Constant(0.01),
            epochs=2,
            averaging=averaging,
        )
    else:
        recipe = replace(CLASSIC, epochs=2)
    x, labels = digits.images[:200] / np.float32(255), digits.labels[:200]
    batches = Batches(x, labels, recipe.batch_size, 0, recipe.shuffle)
    undisturbed = start(recipe, 0)
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

    progress, records = start(recipe, 0), []
    with pytest.raises(Stop):
        records.extend(fit(recipe, Half(), progress))
    run.save(progress, records)
    del progress
    progress, records = run.latest(never)
    records.extend(fit(recipe, batches, progress))
    assert progress.params.tobytes() == undisturbed.params.tobytes()
    assert progress.memory.tobytes() == undisturbed.memory.tobytes()
    assert progress.average.tobytes() == undisturbed.average.tobytes()
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
    progress, records = run.latest(warnings.append)
    assert (progress.step, records) == (1, RECORDS[:1])
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
    progress = progress_at(2)
    getattr(progress, name)[..., 7] = number
    with pytest.raises(DivergenceError, match="at step 2"):
        run.save(progress, RECORDS[:2])
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


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
    "content", [None, b"", b'{"seed": 0', b"\xff", b"[1]", b"null", b"0", b'"seed"']
)
def test_without_settings_nothing_is_resumed(run, content):
    if content is not None:
        (run.folder / "settings.json").write_bytes(content)
    with pytest.raises(RunError, match=r"settings\.json is missing or damaged"):
        run.check_settings(SETTINGS)


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
