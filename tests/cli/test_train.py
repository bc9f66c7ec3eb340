"""Training as its user sees it, and what its faults leave behind: rows F1 to F8."""

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from xml.etree import ElementTree

import numpy as np
import pytest
import small_pendigits
import staged
from untrained import untrained

from inkdigits.cli.train import _calibration, train_command
from inkdigits.data import pendigits
from inkdigits.inference import forward_batches, read
from inkdigits.model_file import load_model, read_tensors
from inkdigits.recipes import CLASSES, RECIPES, rejection_scores
from inkdigits.runs import Run
from inkdigits.training import fit_rejection_threshold, fit_temperature
from inkdigits.version import __version__

# Two test processes share two cores; and one thread gives the same bits everywhere.
ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
# MNIST's digits, of which about 80 validate. With 40 of pen writers, and 80 pictures of no digit,
# that makes 14 steps an epoch, 140 in all.
LIMIT = 800


@pytest.fixture(scope="module")
def train(small_mnist):
    """Start `inkdigits train` in a process, after the lines of Python that set the scene."""

    def start(*arguments, lines="", before=(), **options):
        return subprocess.Popen(
            [*before, sys.executable, staged.__file__, small_mnist, lines, "train"]
            + [str(argument) for argument in arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            **options,
        )

    return start


@pytest.fixture(scope="module")
def trained(train, tmp_path_factory):
    """The model file that each recipe comes to when nobody disturbs its training."""
    models = {}

    def bytes_of(recipe="mlp", limit=LIMIT):
        if recipe not in models:
            folder = tmp_path_factory.mktemp("undisturbed")
            ends(train(recipe, "--limit", limit, "--run-dir", folder))
            models[recipe] = (folder / f"{recipe}.safetensors").read_bytes()
        return models[recipe]

    return bytes_of


def ends(process):
    """What a training prints that ends well."""
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return out


def fails(process, status=1):
    """What a training prints that fails, and the sentence that it fails with."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == status
    assert_one_sentence(err)
    return out, err


def assert_one_sentence(err):
    assert re.fullmatch(r"Error: [^\n]+\.\n", err), err


def wait_for(process, text):
    """Read what it prints up to the line with a text."""
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"{text!r} was never printed, but {process.stderr.read()}")


def wait_until_paused(process):
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("checkpoint-*"))


def epochs_in(printed):
    """How many epochs it said that it had done."""
    return len(re.findall(r"^ *\d+/\d+ ", printed, re.MULTILINE))


# How it goes when all is well.


@pytest.fixture(scope="module")
def inference_params(run_inkdigits, tmp_path_factory):
    """The folder of a training that ended, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "a [/] :smile: folder"
    done = run_inkdigits(
        *("train", "mlp", "--seed", 7, "--limit", 200, "--run-dir", folder), env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def test_it_prints_a_line_an_epoch_and_where_the_model_is(finished):
    folder, printed = finished
    assert epochs_in(printed) == 10
    counts = re.search(
        r"(\d+) digits of MNIST to train on, 8 of pen writers, (\d+) pictures of no digit, "
        r"(\d+) of MNIST to validate on; clean-up: ink\n",
        printed,
    )
    trained_on, unknown, kept_out = map(int, counts.groups())
    assert trained_on + kept_out == 200
    assert unknown == round((trained_on + 8) / 10)
    assert f"\nModel: {folder}/mlp.safetensors\n" in printed
    assert printed.endswith(f": inkdigits evaluate {folder}/mlp.safetensors\n")


def test_the_folder_holds_all_that_a_run_is_known_by(finished):
    folder, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "checkpoint-00000036.safetensors",
        "checkpoint-00000040.safetensors",
        "learning-curves.svg",
        "metrics.jsonl",
        "mlp.safetensors",
        "settings.json",
    ]


def test_the_settings_say_all_that_decides_the_model(finished, small_mnist):
    settings = json.loads((finished[0] / "settings.json").read_text())
    assert (settings["recipe"], settings["seed"], settings["limit"]) == ("mlp", 7, 200)
    assert settings["data"] == {
        name: source.sha256
        for name, source in staged.small_mnist.sources_of(small_mnist).items()
        if "train" in name
    } | {pendigits.NAME: hashlib.sha256(small_pendigits.unipen()).hexdigest()}
    assert settings["epochs"] == 10
    assert settings["optimizer"].startswith("AdamW(beta1=0.9, ")
    assert settings["augment"].startswith("Augment(rotation_degrees=")
    assert (settings["pendigits_copies"], settings["outliers"]) == (1, 0.1)
    assert "initializer=he)" in settings["network"]
    assert settings["versions"] == {
        "inkdigits": __version__,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    assert settings["machine"]["OPENBLAS_NUM_THREADS"] == "1"
    assert settings["machine"]["device"] == "cpu"


def test_the_metrics_are_a_line_of_json_an_epoch(finished):
    folder, printed = finished
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == list(range(1, 11))
    assert records[-1]["accuracy"] > records[0]["accuracy"]
    for record in records:
        assert f"{record['epoch']}/10  {record['loss']:.4f} " in printed
        assert f"{record['validation_loss']:.4f}  {record['validation_accuracy']:8.2%} " in printed
        assert record["seconds"] > 0


def test_the_learning_curves_are_a_picture(finished):
    picture = ElementTree.parse(finished[0] / "learning-curves.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_model_says_where_it_comes_from(finished):
    folder, _ = finished
    model = load_model(folder / "mlp.safetensors")
    settings = json.loads((folder / "settings.json").read_text())
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    for name in ("recipe", "seed", "limit", "data", "versions"):
        assert model.training[name] == settings[name]
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    assert model.metrics == {name: last[name] for name in names}
    assert model.temperature != 1
    average = read_tensors(folder / "checkpoint-00000040.safetensors")[0]["average"]
    network = RECIPES["mlp"].network
    last_layer = list(network.inference_network.shapes)[-1]
    np.testing.assert_array_equal(
        network.inference_network.unflatten(model.vector)[last_layer],
        network.unflatten(average)[list(network.shapes)[-1]],
    )


def test_temperature_and_threshold_are_fitted_to_what_the_recognizer_reads():
    recipe, vector = RECIPES["mlp"], untrained("mlp").vector
    rng = np.random.default_rng(0)
    x, labels = rng.random((50, 28, 28), np.float32), rng.integers(CLASSES, size=50)
    again, once = (
        way(recipe, recipe.network.inference_network.layer_params(vector), x)
        for way in (read, forward_batches)
    )
    assert _calibration(recipe, vector, (x, labels)) == (
        fit_temperature(again[:, :CLASSES], labels),
        fit_rejection_threshold(rejection_scores(again)),
    )
    assert fit_rejection_threshold(rejection_scores(once)) != fit_rejection_threshold(
        rejection_scores(again)
    )


def test_the_seed_decides_the_model(train, finished, tmp_path):
    """The same one in another folder, with no plots, gives the same bytes; another one, others."""
    ends(train("mlp", "--limit", 200, "--seed", 7, "--run-dir", tmp_path / "7"))
    out = ends(train("mlp", "--limit", 200, "--seed", 8, "--run-dir", tmp_path / "8"))
    assert "No learning curves: pip install 'inkdigits[plots]'" in out
    same, other = (tmp_path / seed / "mlp.safetensors" for seed in "78")
    assert same.read_bytes() == (finished[0] / "mlp.safetensors").read_bytes()
    assert not np.array_equal(load_model(same).vector, load_model(other).vector)


def test_a_folder_that_holds_a_training_is_refused_without_resume(train, finished):
    folder, _ = finished
    before = {path: path.read_bytes() for path in folder.iterdir()}
    out, err = fails(train("mlp", "--limit", 200, "--run-dir", folder))
    assert out == ""
    assert str(folder) in err
    assert "--resume" in err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (["mlp", "--seed", "8", "--limit", "200"], "seed 7, not 8"),
        (["mlp", "--seed", "7", "--limit", "201"], "limit 200, not 201"),
        (["classic", "--seed", "7", "--limit", "200"], "recipe 'mlp', not 'classic'"),
    ],
)
def test_another_training_is_not_resumed(train, finished, options, difference):
    out, err = fails(train(*options, "--run-dir", finished[0], "--resume"))
    assert out == ""
    assert difference in err


def test_other_digits_are_not_trained_on(train, finished, small_mnist, tmp_path):
    without_writers(small_mnist, tmp_path)
    resume = ("--run-dir", finished[0], "--resume", "--data-dir", tmp_path)
    _, err = fails(train("mlp", "--seed", "7", "--limit", 200, *resume))
    assert "begun with data" in err


def test_a_training_by_another_recipe_of_the_same_name_is_not_resumed(train, finished):
    options = ("mlp", "--seed", "7", "--limit", 200, "--run-dir", finished[0], "--resume")
    _, err = fails(train(*options, lines="change(batch_size=32)"))
    assert "begun with batch_size 64, not 32" in err


def test_output_that_cannot_be_written_is_one_sentence(small_mnist, tmp_path):
    command = [sys.executable, staged.__file__, small_mnist, "", "train", "mlp", "--limit", "200"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, "--run-dir", tmp_path],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_resumed_where_nothing_was_begun(train, tmp_path):
    _, err = fails(train("mlp", "--limit", 200, "--run-dir", tmp_path, "--resume"))
    assert "without --resume" in err


def test_a_finished_training_is_resumed_to_the_same_model(train, trained, tmp_path):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    ends(train(*options))
    (tmp_path / "mlp.safetensors").unlink()
    out = ends(train(*options, "--resume"))
    assert "Resumed at step 140, with 10 epochs done." in out
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


def without_writers(small_mnist, folder):
    for path in small_mnist.iterdir():
        if not path.name.startswith("qmnist"):
            (folder / path.name).symlink_to(path)


def test_without_the_writers_it_splits_at_random_and_says_so(train, small_mnist, tmp_path):
    without_writers(small_mnist, tmp_path)
    run = tmp_path / "run"
    out = ends(train("mlp", "--limit", 200, "--run-dir", run, "--data-dir", tmp_path))
    assert "qmnist-train-labels-idx2-int, is missing" in out
    assert "drawn at random" in out
    assert "180 digits of MNIST to train on" in out
    assert "20 of MNIST to validate on" in out


def without_pens(small_mnist, folder):
    for path in small_mnist.iterdir():
        if not path.name.startswith(pendigits.NAME):
            (folder / path.name).symlink_to(path)


def test_without_the_pen_writers_it_learns_from_mnist_alone_and_says_so(
    train, small_mnist, tmp_path
):
    without_pens(small_mnist, tmp_path)
    run, same = tmp_path / "run", tmp_path / "same"
    out = ends(train("mlp", "--limit", 100, "--run-dir", run, "--data-dir", tmp_path))
    assert f"file, {pendigits.NAME}, is missing" in out
    assert " of pen writers" not in out
    out = ends(train("mlp", "--limit", 100, "--run-dir", same, "--no-pens"))
    assert "is missing" not in out
    assert (run / "mlp.safetensors").read_bytes() == (same / "mlp.safetensors").read_bytes()
    assert json.loads((run / "settings.json").read_text())["pendigits_copies"] == 0


def test_pen_writers_that_are_asked_for_must_be_there(train, small_mnist, tmp_path):
    without_pens(small_mnist, tmp_path)
    _, err = fails(train("mlp", "--pens", "--run-dir", tmp_path / "run", "--data-dir", tmp_path))
    assert pendigits.NAME in err
    assert "--no-pens" in err or "UCI" in err


def test_cuda_without_cupy_is_one_sentence(train, tmp_path):
    if importlib.util.find_spec("cupy"):
        pytest.skip("CuPy is here")
    _, err = fails(train("mlp", "--limit", 100, "--run-dir", tmp_path, "--device", "cuda"))
    assert "pip install 'inkdigits[cuda]', or use --device cpu." in err


def test_classic_has_no_validation_and_is_not_calibrated(train, tmp_path):
    out = ends(train("classic", "--limit", 100, "--run-dir", tmp_path))
    assert "\n100 digits of MNIST to train on; clean-up: classic\n" in out
    model = load_model(tmp_path / "classic.safetensors")
    assert (model.temperature, model.rejection_threshold) == (1.0, None)
    assert set(model.metrics) == {"loss", "accuracy"}


def test_as_many_epochs_are_trained_as_are_asked_for(train, tmp_path):
    printed = ends(train("mlp", "--limit", 200, "--epochs", 2, "--run-dir", tmp_path))
    assert epochs_in(printed) == 2
    assert load_model(tmp_path / "mlp.safetensors").training["epochs"] == 2


def test_the_folder_is_named_after_the_recipe_and_the_seed(train, tmp_path):
    ends(train("mlp", "--limit", 100, "--seed", 3, cwd=tmp_path))
    assert (tmp_path / "runs" / "mlp-seed-3" / "mlp.safetensors").exists()


def test_every_option_has_its_help():
    assert all(option.help for option in train_command.params if option.opts[0].startswith("--"))


# Killed, and gone on with.


@pytest.mark.parametrize("recipe", ["mlp", "classic"])
def test_f1_killed_within_an_epoch_it_ends_with_the_same_bytes(train, trained, tmp_path, recipe):
    limit = {"mlp": LIMIT, "classic": 200}[recipe]
    options = (recipe, "--limit", limit, "--run-dir", tmp_path)
    for resume in ([], ["--resume"], ["--resume"]):
        steps = {"mlp": 40, "classic": 500}[recipe]
        lines = pause_at_step(steps, recipe)
        process = train(*options, *resume, lines=lines)
        wait_until_paused(process)
        process.kill()
        process.communicate()
        assert not (tmp_path / f"{recipe}.safetensors").exists()
    ends(train(*options, "--resume"))
    assert (tmp_path / f"{recipe}.safetensors").read_bytes() == trained(recipe, limit)


@pytest.mark.parametrize(
    "text", ["mlp: ", "digits of MNIST to train on", "epoch ", " 1/10 ", " 4/10 "]
)
def test_f1_killed_after_any_line_it_ends_with_the_same_bytes(train, trained, tmp_path, text):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options)
    wait_for(process, text)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    ends(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


def test_f1_killed_while_it_cleans_pictures_it_ends_with_the_same_bytes(train, trained, tmp_path):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=PAUSE_IN_CLEANING)
    wait_until_paused(process)
    process.kill()
    process.communicate()
    assert checkpoints(tmp_path) == ["checkpoint-00000000.safetensors"]
    ends(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


PAUSE_IN_CLEANING = (
    "from inkdigits.preprocessing import ink; ink.from_ink = pausing(ink.from_ink, 300)"
)


def pause_at_step(number, recipe="mlp"):
    """The lines that stop training there; the schedule is asked once a step."""
    return (
        f"schedule = type(RECIPES[{recipe!r}].schedule); "
        f"schedule.__call__ = pausing(schedule.__call__, {number})"
    )


# At each system call, of a training so small that there are few.

TINY = """
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
network = Network((Flatten(), Dense(784, 8), ReLU(), Dense(8, 11)))
change(epochs=2, batch_size=200, network=network)
"""
TINY_EPOCHS = 2  # of one step
TINY_CHECKPOINTS = ["checkpoint-00000001.safetensors", "checkpoint-00000002.safetensors"]


@dataclass
class Outcome:
    """How a tiny training ended; `calls` are the system calls that strace saw."""

    status: int
    out: str
    err: str
    calls: list[str]

    @property
    def hit(self):
        """The call that the fault was injected into, if any."""
        return next((call for call in self.calls if call.endswith("(INJECTED)")), None)


@pytest.fixture(scope="module")
def tiny(small_mnist, tmp_path_factory):
    """Run a tiny training to its end, whatever that is, in a process of its own."""
    command = [sys.executable, staged.__file__, str(small_mnist), TINY]
    scratch = tmp_path_factory.mktemp("scratch")
    out, err, log = (scratch / name for name in ("out", "err", "log"))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as server:

        def run(folder, *options, inject=None, limit=None):
            log.write_text("")
            arguments = ["train", "mlp", "--limit", "100", "--run-dir", str(folder), *options]
            order = {
                "arguments": arguments,
                "stdout": str(out),
                "stderr": str(err),
                "limit": limit,
                "strace": inject and ["-y", "-o", str(log), "-e", inject],
            }
            print(json.dumps(order), file=server.stdin, flush=True)
            status = int(server.stdout.readline())
            return Outcome(status, out.read_text(), err.read_text(), log.read_text().splitlines())

        yield run
        server.stdin.close()


@pytest.fixture(scope="module")
def tiny_model(tiny, tmp_path_factory):
    """The model file of the tiny training when nobody disturbs it."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert tiny(folder).status == 0
    assert checkpoints(folder) == TINY_CHECKPOINTS
    return (folder / "mlp.safetensors").read_bytes()


@pytest.fixture(scope="module")
def strace():
    if shutil.which("strace") is None:
        missing = "strace is missing, which injects the faults: apt-get install strace"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


def assert_nothing_is_lost(folder, outcome):
    """All that it said was done is there, and whatever is there is whole."""
    for path in folder.glob("*.safetensors"):
        read_tensors(path)
    for path in folder.glob("settings.json"):
        json.loads(path.read_text())
    for path in folder.glob("metrics.jsonl"):
        lines = path.read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    if "mlp: " in outcome.out:
        state, records = Run(folder).latest(pytest.fail)
        assert len(records) >= epochs_in(outcome.out)
        assert state.step == len(records)


def assert_goes_on(tiny, tiny_model, folder):
    """The next training takes what is there to the same end as if nothing had happened."""
    begun = (folder / "settings.json").exists()
    outcome = tiny(folder, *["--resume"] * begun)
    assert (outcome.status, outcome.err) == (0, "")
    assert (folder / "mlp.safetensors").read_bytes() == tiny_model
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == TINY_EPOCHS
    assert checkpoints(folder)[-2:] == TINY_CHECKPOINTS


OPEN, RENAME, UNLINK = "/^open(at)?$", "/^rename", "/^unlink"  # each machine has its own


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("call", "least"), [(OPEN, 20), ("write", 14), ("fsync", 18), (RENAME, 9), (UNLINK, 2)]
)
def test_f2_killed_at_each_call_it_goes_on(tiny, tiny_model, tmp_path, call, least):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:signal=KILL:when={number}")
        if outcome.status == 0:
            break
        assert outcome.status == -signal.SIGKILL
        assert_nothing_is_lost(folder, outcome)
        assert_goes_on(tiny, tiny_model, folder)
    assert number > least


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("call", "error", "least"),
    [
        (OPEN, "ENOSPC", 20),
        ("write", "ENOSPC", 14),
        ("close", "EIO", 20),
        ("fsync", "EIO", 18),
        (RENAME, "ENOSPC", 9),
        (UNLINK, "EIO", 2),
    ],
)
def test_f3_each_call_that_fails_ends_it_with_a_sentence(
    tiny, tiny_model, tmp_path, call, error, least
):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:error={error}:when={number}")
        if outcome.hit is None:
            assert outcome.status == 0
            break
        assert_nothing_is_lost(folder, outcome)
        # What was only read may be closed as it likes.
        written = f"{folder}/.inkdigits-" if call == "close" else str(folder)
        if written in outcome.hit:
            assert outcome.status == 1, outcome.hit
            assert_one_sentence(outcome.err)
            assert str(folder) in outcome.err
            assert_goes_on(tiny, tiny_model, folder)
        assert not list(folder.glob(".inkdigits-*"))
    assert number > least


@pytest.mark.usefixtures("strace")
def test_f3_without_a_lock_it_does_not_start(tiny, tmp_path):
    """A network's disk may have none to give."""
    outcome = tiny(tmp_path, inject="inject=flock:error=ENOLCK:when=1")
    assert (outcome.status, outcome.out) == (1, "")
    assert_one_sentence(outcome.err)
    assert str(tmp_path) in outcome.err


@pytest.mark.usefixtures("strace")
def test_f3_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tiny, tmp_path):
    assert tiny(tmp_path).status == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    calls = tiny(tmp_path, inject=f"inject={OPEN}:error=EACCES:when=1000").calls
    opened = [call for call in calls if call.startswith("open")]
    listing = next(n for n, call in enumerate(opened, 1) if "O_DIRECTORY" in call)
    outcome = tiny(tmp_path, inject=f"inject={OPEN}:error=EACCES:when={listing}")
    assert "O_DIRECTORY" in outcome.hit
    assert (outcome.status, outcome.out) == (1, "")
    assert_one_sentence(outcome.err)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, and how to make it hold so many KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size, *options):
        options = ",".join([f"size={size}k", *options])
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, text=True)

    mounted = mount(4)
    if mounted.returncode:
        pytest.skip(f"no small disk can be had here, only a limit to files: {mounted.stderr}")
    yield folder, lambda size: mount(size, "remount").check_returncode()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_f3_on_a_full_disk_it_ends_with_a_sentence(tiny, tiny_model, small_disk):
    disk, resize = small_disk
    epochs = set()
    for size in count(4, 12):
        resize(size)
        folder = disk / "run"
        outcome = tiny(folder)
        if outcome.status == 0:
            break
        assert outcome.status == 1
        assert_one_sentence(outcome.err)
        assert "No space left on device" in outcome.err
        assert_nothing_is_lost(folder, outcome)
        assert not list(folder.glob(".inkdigits-*"))
        epochs.add(epochs_in(outcome.out))
        resize(1024)
        assert_goes_on(tiny, tiny_model, folder)
        shutil.rmtree(folder)
    assert epochs == {0, 1}  # in place of the oldest checkpoint there is room for the model


def test_f3_where_a_file_may_not_grow_it_ends_with_a_sentence(tiny, tiny_model, tmp_path):
    """The file is cut short there, as on a full disk, and this needs no rights."""
    assert tiny(tmp_path / "whole").status == 0
    size = (tmp_path / "whole" / TINY_CHECKPOINTS[1]).stat().st_size
    # An epoch's record takes more than 200 bytes of a checkpoint.
    for limit, epochs in ((512, 0), (size // 2, 0), (size - 100, 1)):
        folder = tmp_path / str(limit)
        outcome = tiny(folder, limit=limit)
        assert outcome.status == 1
        assert_one_sentence(outcome.err)
        assert str(folder) in outcome.err
        assert_nothing_is_lost(folder, outcome)
        assert epochs_in(outcome.out) == epochs
        assert_goes_on(tiny, tiny_model, folder)


# Folders that cannot be trained in.


@pytest.fixture
def read_only(tmp_path):
    """A folder that cannot be written to, and what takes away root's right to do it all the same.

    Without that right nothing can be read that is another user's, as the folders of tests may be.
    """
    folder = tmp_path / "read-only"
    folder.mkdir()
    (folder / ".lock").touch()
    folder.chmod(0o555)
    before = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.fail("setpriv is missing, which takes root's rights: apt-get install util-linux")
        before = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    yield folder, before
    folder.chmod(0o755)


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_f4_a_read_only_folder_is_an_error_at_the_start(train, read_only, options):
    folder, before = read_only
    out, err = fails(train("mlp", "--run-dir", folder, *options, before=before))
    assert out == ""
    assert f"{folder} cannot be written to (Permission denied)" in err


def test_f4_where_no_folder_can_be_made_is_an_error_at_the_start(train, read_only):
    folder, before = read_only
    out, err = fails(train("mlp", "--run-dir", folder / "new", before=before))
    assert out == ""
    assert f"{folder}/new cannot be written to (Permission denied)" in err


def test_f4_a_file_in_the_place_of_the_folder_is_an_error_at_the_start(train, tmp_path):
    (tmp_path / "file").touch()
    out, err = fails(train("mlp", "--run-dir", tmp_path / "file"))
    assert out == ""
    assert f"{tmp_path}/file cannot be written to (File exists)" in err


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: shutil.copy(path.with_name("mlp.safetensors"), path),
    ],
    ids=["a bit", "the end", "all of it", "another file"],
)
def test_f5_of_a_damaged_checkpoint_the_one_before_is_used(tiny, tiny_model, tmp_path, damage):
    assert tiny(tmp_path).status == 0
    damage(tmp_path / TINY_CHECKPOINTS[1])
    (tmp_path / "mlp.safetensors").unlink()
    outcome = tiny(tmp_path, "--resume")
    assert (outcome.status, outcome.err) == (0, "")
    said, resumed, *_ = outcome.out.splitlines()
    assert str(tmp_path / TINY_CHECKPOINTS[1]) in said
    assert said.endswith("The checkpoint before it is used.")
    assert resumed == "Resumed at step 1, with 1 epochs done."
    assert (tmp_path / "mlp.safetensors").read_bytes() == tiny_model


def test_f5_with_every_checkpoint_damaged_it_says_so(tiny, tmp_path):
    assert tiny(tmp_path).status == 0
    for name in TINY_CHECKPOINTS:
        flip_a_bit(tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    outcome = tiny(tmp_path, "--resume")
    assert outcome.status == 1
    assert_one_sentence(outcome.err)
    assert "no checkpoint that is whole" in outcome.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_f6_a_second_training_in_the_folder_is_refused(train, trained, tmp_path, options):
    command = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    first = train(*command, lines=pause_at_step(40))
    wait_until_paused(first)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    out, err = fails(train(*command, *options))
    assert out == ""
    assert f"Another training is at work in {tmp_path}" in err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    first.send_signal(signal.SIGCONT)
    ends(first)
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


# Numbers that grow beyond all bounds.


@pytest.mark.parametrize(
    ("recipe", "limit", "rate", "step", "kept"),
    [
        ("mlp", LIMIT, "1e30", 38, 28),
        ("mlp", LIMIT, "1e30", 41, 28),
        ("classic", 200, "math.inf", 399, 200),
    ],
    ids=["within an epoch", "before it is validated", "where nothing is validated"],
)
def test_f7_when_the_loss_is_no_number_it_keeps_the_last_good_weights(
    train, tmp_path, recipe, limit, rate, step, kept
):
    rates = f"{rate} if step == {step} else 0.01"
    lines = f"import math; change({recipe!r}, schedule=lambda step, steps: {rates})"
    options = (recipe, "--limit", limit, "--run-dir", tmp_path)
    out, err = fails(train(*options, lines=lines))
    assert f"not a number at step {step + 1};" in err
    assert epochs_in(out) == len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert checkpoints(tmp_path)[-1] == f"checkpoint-{kept:08}.safetensors"
    state, records = Run(tmp_path).latest(pytest.fail)
    assert len(records) == epochs_in(out)
    assert np.isfinite(state.params).all()
    assert not (tmp_path / f"{recipe}.safetensors").exists()


def test_f7_when_stopped_before_the_loss_shows_it_it_keeps_the_last_good_weights(train, tmp_path):
    rate = "0.01 if step < 20 else os.kill(os.getpid(), signal.SIGTERM) or math.inf"
    lines = f"import math; change(schedule=lambda step, steps: {rate})"
    _, err = fails(train("mlp", "--limit", LIMIT, "--run-dir", tmp_path, lines=lines))
    assert "not a number at step 21;" in err
    assert checkpoints(tmp_path) == [f"checkpoint-{step:08}.safetensors" for step in (0, 14)]


# Asked to stop.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_f8_a_signal_ends_it_with_a_checkpoint(train, trained, tmp_path, number):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=pause_at_step(40))
    wait_until_paused(process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, "")
    path = tmp_path / "checkpoint-00000040.safetensors"
    kept, stopped = out.splitlines()[-2:]
    assert kept == f"Step 40 is kept in {path}; --resume goes on."
    assert stopped == f"Stopped by {number.name}."
    assert path.exists()
    assert not (tmp_path / "mlp.safetensors").exists()

    out = ends(train(*options, "--resume"))
    assert "Resumed at step 40, with 2 epochs done." in out
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


def test_f8_a_second_signal_changes_nothing(train, tmp_path):
    process = train("mlp", "--limit", LIMIT, "--run-dir", tmp_path, lines=pause_at_step(40))
    wait_until_paused(process)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert err == ""
    assert "checkpoint-00000040.safetensors" in checkpoints(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_f8_a_signal_while_it_cleans_pictures_ends_it(train, trained, tmp_path, number):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    process = train(*options, lines=PAUSE_IN_CLEANING)
    wait_until_paused(process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, "")
    assert out.endswith(f"\nStopped by {number.name}.\n")
    assert checkpoints(tmp_path) == ["checkpoint-00000000.safetensors"]
    ends(train(*options, "--resume"))
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("ever_again", ["", "+"], ids=["once", "from then on"])
@pytest.mark.parametrize(("call", "least"), [("write", 14), ("fsync", 18), (RENAME, 9)])
def test_f8_a_signal_at_any_call_ends_it_with_all_that_was_done(
    tiny, tiny_model, tmp_path, call, least, ever_again
):
    for number in count(1):
        folder = tmp_path / str(number)
        outcome = tiny(folder, inject=f"inject={call}:signal=TERM:when={number}{ever_again}")
        if outcome.status == 0:
            break
        assert (outcome.status, outcome.err) == (128 + signal.SIGTERM, "")
        assert outcome.out.endswith("Stopped by SIGTERM.\n")
        assert_nothing_is_lost(folder, outcome)
        assert_goes_on(tiny, tiny_model, folder)
    assert number > least


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told")
def test_memory_that_a_step_frees_is_kept_for_the_next():
    script = """if True:
        import sys
        import numpy as np
        from inkdigits.cli.train import _keep_freed_memory

        def resident():
            pages = open("/proc/self/statm", encoding="ascii").read().split()[1]
            return int(pages) * 4096

        if sys.argv[1] == "kept":
            _keep_freed_memory()
        before = resident()
        arrays = [np.ones(1 << 22, np.float32) for _ in range(20)]  # 16 MiB each
        del arrays
        print(resident() - before)
    """
    left = {
        way: int(subprocess.run([sys.executable, "-c", script, way], capture_output=True).stdout)
        for way in ("kept", "returned")
    }
    assert left["kept"] > 300 << 20
    assert left["returned"] < 100 << 20
