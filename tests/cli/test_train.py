"""`inkdigits train` without faults: what it prints, writes, resumes and rejects."""

import hashlib
import importlib.util
import json
import platform
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import small_pendigits
import small_semeion
import small_unipen
import staged
from training_runs import (
    ENVIRONMENT,
    LIMIT,
    contents,
    epochs_in,
    wait_for_failure,
    wait_for_success,
)

from inkdigits.cli.train import train_command
from inkdigits.data import development, pendigits, semeion, unipen
from inkdigits.model_file import load_model
from inkdigits.recipes import MLP
from inkdigits.storage.tensors import read_tensors
from inkdigits.version import __version__

# A finished run.


@pytest.fixture(scope="module")
def finished(run_inkdigits, tmp_path_factory):
    """The folder of a finished run, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "a [/] :smile: folder"
    done = run_inkdigits(
        *("train", "mlp", "--seed", 7, "--limit", 200, "--run-dir", folder), env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def test_train_prints_a_line_per_epoch_and_the_path_of_the_model(finished):
    folder, printed = finished
    assert epochs_in(printed) == 10
    counts = re.search(
        r"(\d+) MNIST digits, 8 Pendigits, 4 UNIPEN, 4 Semeion, 4 Semeion, restroked, 2 made, "
        r"(\d+) non-digits, (\d+) held out; preprocessing: ink\n",
        printed,
    )
    trained_on, non_digits, held_out = map(int, counts.groups())
    assert trained_on + held_out == 200 + 4 + 3 * 2  # and development writers
    assert non_digits == round((trained_on + 8 + 4 + 4 + 4 + 2) / 10)
    assert f"\nModel: {folder}/mlp.safetensors\n" in printed
    assert printed.endswith(f": inkdigits evaluate {folder}/mlp.safetensors\n")


def test_folder_contains_every_file_of_a_run(finished):
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


def test_settings_contain_everything_that_determines_the_model(finished, small_mnist):
    settings = json.loads((finished[0] / "settings.json").read_text())
    assert (settings["format"], settings["seed"], settings["limit"]) == (2, 7, 200)
    assert settings["data"] == {
        name: source.sha256
        for name, source in staged.small_mnist.sources_of(small_mnist).items()
        if "train" in name
    } | {
        pendigits.NAME: hashlib.sha256(small_pendigits.unipen()).hexdigest(),
        unipen.FOLDER: small_unipen.sha256_of(small_mnist / unipen.ARCHIVE),
        semeion.NAME: small_semeion.sha256_of(),
    }
    assert settings["recipe"] == MLP.to_json() | staged.small_mnist.BRIEF
    assert settings["versions"] == {
        "inkdigits": __version__,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    assert settings["machine"]["OPENBLAS_NUM_THREADS"] == "1"
    assert settings["machine"]["device"] == "cpu"


def test_metrics_are_a_line_of_json_per_epoch(finished):
    folder, printed = finished
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == list(range(1, 11))
    assert records[-1]["accuracy"] > records[0]["accuracy"]
    for record in records:
        assert f"{record['epoch']}/10  {record['loss']:.4f} " in printed
        assert f"{record['validation_loss']:.4f}  {record['validation_accuracy']:8.2%} " in printed
        assert record["seconds"] > 0


def test_learning_curves_are_an_svg_image(finished):
    image = ElementTree.parse(finished[0] / "learning-curves.svg").getroot()
    assert image.tag == "{http://www.w3.org/2000/svg}svg"


def test_model_records_its_provenance(finished):
    folder, _ = finished
    model = load_model(folder / "mlp.safetensors")
    settings = json.loads((folder / "settings.json").read_text())
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    for name in ("recipe", "seed", "limit", "data", "versions"):
        assert model.training[name] == settings[name]
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    people = model.metrics.pop("development")
    assert model.metrics == {name: last[name] for name in names}
    assert set(people) == {*development.SOURCES, "MNIST validation"}
    mnist_writers = people["MNIST validation"]
    right = round(last["validation_accuracy"] * mnist_writers["digits"])
    answered, rejected = (
        round(mnist_writers[share] * mnist_writers["digits"]) for share in ("answered", "rejected")
    )
    assert right - rejected <= answered <= right + 2  # test-time augmentation may correct some
    assert all(0 <= source["answered"] <= 1 for source in people.values())
    assert model.temperature != 1


def test_model_has_the_ema_of_the_weights(finished):
    """Compared in the last layer, into which no batch normalization is folded."""
    folder, _ = finished
    model = load_model(folder / "mlp.safetensors")
    tensors = read_tensors(folder / "checkpoint-00000040.safetensors")[0]
    last_layer = list(MLP.network.shapes)[-2:]
    for name, inference_name in zip(last_layer, list(model.network.shapes)[-2:], strict=True):
        weights = model.network.unflatten(model.vector)[inference_name]
        np.testing.assert_array_equal(weights, MLP.network.unflatten(tensors["ema"])[name])
        assert (weights != MLP.network.unflatten(tensors["params"])[name]).any()


def test_seed_determines_the_model(train, finished, tmp_path):
    """In another folder and without plots, the same seed gives the same bytes."""
    wait_for_success(train("mlp", "--limit", 200, "--seed", 7, "--run-dir", tmp_path / "7"))
    out = wait_for_success(train("mlp", "--limit", 200, "--seed", 8, "--run-dir", tmp_path / "8"))
    assert "No learning curves: they need pip install 'inkdigits[plots]'." in out
    same, other = (tmp_path / seed / "mlp.safetensors" for seed in "78")
    assert same.read_bytes() == (finished[0] / "mlp.safetensors").read_bytes()
    assert not np.array_equal(load_model(same).vector, load_model(other).vector)


# Resuming.


def test_folder_of_a_run_is_rejected_without_resume(train, finished):
    folder, _ = finished
    before = contents(folder)
    out, err = wait_for_failure(train("mlp", "--limit", 200, "--run-dir", folder))
    assert out == ""
    assert str(folder) in err
    assert "--resume" in err
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (["mlp", "--seed", "8", "--limit", "200"], "seed 7, not 8"),
        (["mlp", "--seed", "7", "--limit", "201"], "limit 200, not 201"),
        (
            ["mlp", "--seed", "7", "--limit", "200", "--batch-size", "9", "--name", "mlp"],
            "recipe.batch_size 64, not 9",
        ),
        (["classic", "--seed", "7", "--limit", "200"], "recipe.name 'mlp', not 'classic'"),
    ],
)
def test_another_run_is_not_resumed(train, finished, options, difference):
    out, err = wait_for_failure(train(*options, "--run-dir", finished[0], "--resume"))
    assert out == ""
    assert f"was started with {difference}: resume it with the same settings" in err


def test_run_is_not_resumed_with_other_data(train, finished, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, without="qmnist")
    resume = ("--run-dir", finished[0], "--resume", "--data-dir", tmp_path)
    _, err = wait_for_failure(train("mlp", "--seed", "7", "--limit", 200, *resume))
    assert "was started with data.qmnist-train-labels-idx2-int " in err


def test_run_is_not_resumed_with_a_changed_recipe(train, finished):
    options = ("mlp", "--seed", "7", "--limit", 200, "--run-dir", finished[0], "--resume")
    _, err = wait_for_failure(train(*options, lines="change(batch_size=32)"))
    assert "was started with recipe.batch_size 64, not 32" in err


def test_folder_without_a_run_is_not_resumed(train, tmp_path):
    _, err = wait_for_failure(train("mlp", "--limit", 200, "--run-dir", tmp_path, "--resume"))
    assert "without --resume" in err


def test_resuming_a_finished_run_gives_the_same_model(train, trained, tmp_path):
    options = ("mlp", "--limit", LIMIT, "--run-dir", tmp_path)
    wait_for_success(train(*options))
    (tmp_path / "mlp.safetensors").unlink()
    out = wait_for_success(train(*options, "--resume"))
    assert "Resumed at step 140, 10 epochs done." in out
    assert (tmp_path / "mlp.safetensors").read_bytes() == trained()


# Data sets and options.


def link_files(source, target, without):
    """Link the files of a folder into another one, except those with a name prefix."""
    for path in source.iterdir():
        if not path.name.startswith(without):
            (target / path.name).symlink_to(path)


def test_split_without_writers_is_random_with_a_warning(train, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, without="qmnist")
    run = tmp_path / "run"
    out = wait_for_success(train("mlp", "--limit", 200, "--run-dir", run, "--data-dir", tmp_path))
    assert "qmnist-train-labels-idx2-int, is missing" in out
    assert "drawn at random" in out
    assert "\n180 MNIST digits, " in out
    held_out = 20 + 4 + 3 * 2  # with development writers
    assert f", {held_out} held out; " in out


def test_training_without_the_other_data_sets_is_possible_with_a_warning(
    train, small_mnist, tmp_path
):
    for path in small_mnist.glob("*ubyte*"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "qmnist-train-labels-idx2-int.gz").symlink_to(
        small_mnist / "qmnist-train-labels-idx2-int.gz"
    )
    run, same = tmp_path / "run", tmp_path / "same"
    out = wait_for_success(train("mlp", "--limit", 100, "--run-dir", run, "--data-dir", tmp_path))
    for name in (pendigits.NAME, unipen.ARCHIVE, semeion.NAME):
        assert f"{name} not found in {tmp_path}: get {name}" in out
    assert "recognizes other people's handwriting less accurately." in out
    assert re.search(r"\d+ MNIST digits, 1 made, \d+ non-digits, \d+ held out; ", out)
    out = wait_for_success(train("mlp", "--limit", 100, "--run-dir", same, "--mnist-only"))
    assert "not found" not in out
    assert "less accurately" not in out
    assert (run / "mlp.safetensors").read_bytes() == (same / "mlp.safetensors").read_bytes()
    recipe = json.loads((run / "settings.json").read_text())["recipe"]
    assert [recipe[name] for name in ("pendigits_images", "unipen_images")] == [0, 0]
    assert recipe["semeion_copies"] == 0


def test_missing_data_set_does_not_keep_the_others_from_being_used(train, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, without=unipen.ARCHIVE)
    run = tmp_path / "run"
    out = wait_for_success(train("mlp", "--limit", 100, "--run-dir", run, "--data-dir", tmp_path))
    assert out.count(" not found in ") == 1
    assert re.search(r"\d Pendigits, \d Semeion, ", out)
    assert "UNIPEN," not in out


def test_run_is_not_resumed_without_a_data_set_that_it_was_started_with(
    train, finished, small_mnist, tmp_path
):
    link_files(small_mnist, tmp_path, without=semeion.NAME)
    resume = ("--run-dir", finished[0], "--resume", "--data-dir", tmp_path)
    process = train("mlp", "--seed", "7", "--limit", 200, *resume)
    out, err = wait_for_failure(process)
    assert f"{semeion.NAME} not found" in out
    assert "was started with recipe.semeion_copies 2, not 0" in err


def test_damaged_data_set_is_an_error(train, small_mnist, tmp_path):
    link_files(small_mnist, tmp_path, without=semeion.NAME)
    (tmp_path / semeion.NAME).write_bytes((small_mnist / semeion.NAME).read_bytes()[:-300])
    options = ("--run-dir", tmp_path / "run", "--data-dir", tmp_path)
    _, err = wait_for_failure(train("mlp", *options))
    assert semeion.NAME in err


def test_cuda_without_cupy_is_reported_in_one_sentence(train, tmp_path):
    if importlib.util.find_spec("cupy"):
        pytest.skip("CuPy is installed")
    options = ("--limit", 100, "--run-dir", tmp_path, "--device", "cuda")
    _, err = wait_for_failure(train("mlp", *options))
    assert "pip install 'inkdigits[cuda]', or use --device cpu." in err


def test_classic_has_no_validation_and_is_not_calibrated(train, tmp_path):
    out = wait_for_success(train("classic", "--limit", 100, "--run-dir", tmp_path))
    assert "\n100 MNIST digits; preprocessing: classic\n" in out
    model = load_model(tmp_path / "classic.safetensors")
    assert (model.temperature, model.rejection_threshold) == (1.0, None)
    assert set(model.metrics) == {"loss", "accuracy"}


def test_option_epochs_changes_the_number_of_epochs(train, tmp_path):
    out = wait_for_success(train("mlp", "--limit", 200, "--epochs", 2, "--run-dir", tmp_path))
    assert epochs_in(out) == 2
    assert load_model(tmp_path / "mlp.safetensors").training["recipe"]["epochs"] == 2


def test_default_folder_is_named_after_recipe_and_seed(train, tmp_path):
    wait_for_success(train("mlp", "--limit", 100, "--seed", 3, cwd=tmp_path))
    assert (tmp_path / "runs" / "mlp-seed-3" / "mlp.safetensors").exists()


def test_unwritable_output_gives_a_one_sentence_error(small_mnist, tmp_path):
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


def test_every_option_has_help():
    assert all(option.help for option in train_command.params if option.opts[0].startswith("--"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is configured")
def test_freed_memory_is_kept_for_the_next_step():
    script = """if True:
        import sys
        import numpy as np
        from inkdigits.training_environment import keep_freed_memory

        def resident():
            pages = open("/proc/self/statm", encoding="ascii").read().split()[1]
            return int(pages) * 4096

        if sys.argv[1] == "kept":
            keep_freed_memory()
        before = resident()
        arrays = [np.ones(1 << 22, np.float32) for _ in range(20)]  # 16 MiB each
        del arrays
        print(resident() - before)
    """
    left = {
        mode: int(subprocess.run([sys.executable, "-c", script, mode], capture_output=True).stdout)
        for mode in ("kept", "returned")
    }
    assert left["kept"] > 300 << 20
    assert left["returned"] < 100 << 20
