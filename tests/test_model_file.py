"""Model files: valid ones load, and everything else is rejected with one sentence.

The networks in them are tested in test_model_file_networks.py.
"""

import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forged import (
    ZEROS,
    deep,
    entry,
    forge,
    forge_format_2,
    forge_header,
    forge_model,
    forge_network,
    forge_tensors,
    mutated,
    mutated_tensors,
    network_json,
    rejection,
)
from untrained import untrained

from inkdigits import model_file
from inkdigits.model_file import (
    DEFAULT_MODEL,
    load_model,
    locate,
    save_model,
    shipped_models,
    split_name,
)
from inkdigits.model_limits import MAX_SIZE
from inkdigits.nn.convolution import AddChannel, Conv2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recipes import MLP, RECIPES
from inkdigits.storage.files import FileError, write_atomically
from inkdigits.storage.tensors import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    read_tensors,
    write_tensors,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def model():
    return untrained(
        temperature=1.25,
        metrics={"validation": {"accuracy": 0.98, "correct": 5880}},
        training={"seed": 0, "data": {"train-images-idx3-ubyte": "5e" * 32}},
    )


def calibration(temperature=1.0, rejection_threshold=0.5, **more):
    """Return the change to a forged document that sets these."""
    values = {"temperature": temperature, "rejection_threshold": rejection_threshold}
    return {"calibration": values | more}


# Valid files


@pytest.mark.parametrize("recipe", RECIPES)
def test_model_of_each_recipe_survives_a_round_trip(path, recipe):
    model = untrained(
        recipe,
        temperature=1.25,
        metrics={"validation": {"accuracy": 0.98, "correct": 5880}},
        training={"seed": 0},
        version="0.0.1",
    )
    saved = save_model(path, model)
    loaded = load_model(path)
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert loaded.vector.dtype == np.float32
    assert not loaded.vector.flags.writeable
    for name in ("network", "preprocessing", "tta", "recipe", "summary", "temperature"):
        assert getattr(loaded, name) == getattr(model, name), name
    for name in ("rejection_threshold", "metrics", "training", "version", "class_names"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.digest == saved.digest
    assert len(loaded.digest) == 64


def test_forged_model_without_a_fault_is_accepted(path, model):
    """The forgeries below are rejected for their fault only."""
    forge_model(path, model)
    forged = path.read_bytes()
    assert np.array_equal(load_model(path).vector, model.vector)
    save_model(path, model)
    assert path.read_bytes() == forged


@pytest.mark.parametrize("tta", [False, True])
def test_test_time_augmentation_is_kept(path, model, tta):
    save_model(path, replace(model, tta=tta))
    assert load_model(path).tta is tta


def test_same_model_gives_the_same_bytes_even_after_a_round_trip(path, tmp_path, model):
    save_model(path, replace(model, version="0.0.1"))
    save_model(tmp_path / "again", load_model(path))
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_metadata_of_the_maximum_depth_is_kept(path, model):
    value = {"note": deep(12), "large": 2**128 - 1, "text": "\x1b\x00 é \U0001f600"}
    forge_model(path, model, metrics=value)
    assert load_model(path).metrics == value
    save_model(path, load_model(path))
    assert load_model(path).metrics == value


# Models that are not saved


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": 1},
        {"preprocessing": "none"},
        {"tta": 1},
        {"temperature": 0.0},
        {"temperature": 1},
        {"rejection_threshold": "high"},
        {"rejection_threshold": None},
        {"metrics": []},
        {"network": MLP.network},  # with batch normalization
        {"network": Network(())},
    ],
    ids=lambda change: next(iter(change)),
)
def test_model_that_could_not_be_loaded_is_not_saved(path, model, change):
    save_model(path, model)
    old = path.read_bytes()
    with pytest.raises(FileError):
        save_model(path, replace(model, **change))
    assert path.read_bytes() == old


def test_vector_of_another_size_is_not_saved(path, model):
    with pytest.raises(ValueError, match="expected 109451 parameters"):
        save_model(path, replace(model, vector=model.vector[1:]))
    assert not path.exists()


def test_weights_that_overflow_are_not_saved(path, model):
    with pytest.raises(FileError, match="overflow float32"):
        save_model(path, replace(model, vector=np.full_like(model.vector, 1e20)))
    assert not path.exists()


# Other files and other formats


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_is_rejected_and_not_run(path, protocol):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(path) + ".ran",)

    path.write_bytes(pickle.dumps(Bomb(), protocol))
    assert "inkdigits model import" in rejection(path)
    assert not os.path.exists(f"{path}.ran")


def test_checkpoint_is_rejected(path):
    write_tensors(path, {"params": np.zeros(3, np.float32)}, {"checkpoint": 2, "step": 3})
    assert "name a model file, not a checkpoint" in rejection(path)


def test_error_for_format_2_says_what_to_do(path, model):
    forge_format_2(path, model)
    message = rejection(path)
    assert "is a model file of format 2, and this version of inkdigits reads format 3" in message
    assert message.endswith("use the version that wrote it, or train the model again.")


@pytest.mark.parametrize("version", [0, 1, 2, 4, 2**127])
def test_error_for_other_formats_says_what_to_do(path, model, version):
    forge_model(path, model, format=version)
    message = rejection(path)
    assert f"of format {version}, and this version of inkdigits reads format 3" in message
    assert "train the model again" in message


@pytest.mark.parametrize("version", [3.0, True, "3", None])
def test_format_that_is_not_an_integer_is_rejected(path, model, version):
    forge_model(path, model, format=version)
    assert "is not a model" in rejection(path)


# Preprocessing


def test_error_for_another_preprocessing_revision_says_what_to_do(path, model):
    forge_model(path, model, preprocessing={"name": "ink", "revision": 99}, version="9.8.7")
    message = rejection(path)
    assert "needs revision 99 of the preprocessing ink" in message
    assert message.endswith("use inkdigits '9.8.7', which wrote it, or train the model again.")


def test_unknown_preprocessing_lists_the_known_ones(path, model):
    forge_model(path, model, preprocessing={"name": "wavelets\x1b", "revision": 1})
    assert "'wavelets\\x1b' is not one of classic, ink" in rejection(path)


@pytest.mark.parametrize(
    "preprocessing",
    [
        None,
        "ink",
        {"name": "ink"},
        {"revision": 1},
        {"name": "ink", "revision": True},
        {"name": "ink", "revision": 1.0},
        {"name": "ink", "revision": "1"},
        {"name": ["ink"], "revision": 1},
        {"name": "ink", "revision": 1, "more": 1},
    ],
    ids=str,
)
def test_preprocessing_of_another_form_is_rejected(path, model, preprocessing):
    forge_model(path, model, preprocessing=preprocessing)
    rejection(path)


# Other fields of the document


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"recipe": ["mlp"]}, "field"),
        ({"recipe": None}, "field"),
        ({"summary": 1}, "field"),
        ({"tta": 1}, "field"),
        ({"tta": None}, "field"),
        ({"input_shape": [784]}, "input shape"),
        ({"input_shape": [28, 28, 1]}, "input shape"),
        ({"input_shape": [28.0, 28]}, "input shape"),
        ({"input_shape": "28x28"}, "input shape"),
        ({"input_shape": None}, "field"),
        ({"class_names": list("0123456789")}, "class names"),
        ({"class_names": [*"0023456789", "non-digit"]}, "two classes have the same name"),
        ({"class_names": [*"123456789", "", "non-digit"]}, "is not a text of 1 to 64"),
        ({"class_names": [*"123456789", "a" * 65, "non-digit"]}, "is not a text of 1 to 64"),
        ({"class_names": [*"123456789", " a", "non-digit"]}, "cannot be the name of a class"),
        ({"class_names": [*"123456789", "non-digit", "0"]}, "rejection threshold"),
        (
            {"class_names": [*"123456789", "non-digit", "non-digit"]},
            "cannot be the name of a class",
        ),
        ({"class_names": [*"0123456789", "\x1b[2J"]}, "class names"),
        ({"class_names": [*range(10), "non-digit"]}, "class names"),
        ({"class_names": "0123456789"}, "field"),
        ({"class_names": None}, "field"),
        ({"calibration": {}}, "field"),
        ({"calibration": {"temperature": 1.0}}, "field"),
        ({"calibration": {"rejection_threshold": 1.0}}, "field"),
        (calibration(temperature="1"), "field"),
        (calibration(temperature=True), "field"),
        (calibration(temperature=2**127), "field"),
        (calibration(more="os.system"), "field"),
        (calibration(rejection_threshold=1), "field"),
        (calibration(rejection_threshold="none"), "field"),
        (calibration(rejection_threshold=None), "threshold"),
        (calibration(temperature=0.0), "temperature"),
        (calibration(temperature=-1.0), "temperature"),
        (calibration(temperature=5e-324), "temperature"),
        (calibration(temperature=1e308), "temperature"),
        (calibration(temperature=float("nan")), "malformed"),
        (calibration(rejection_threshold=float("inf")), "malformed"),
        ({"metrics": [1]}, "field"),
        ({"metrics": None}, "field"),
        ({"metrics": {"loss": float("inf")}}, "malformed"),
        ({"training": "none"}, "field"),
        ({"version": 1}, "field"),
        ({"extra": 1}, "field"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_field_with_another_value_is_rejected(path, model, changes, cause):
    forge_model(path, model, **changes)
    assert cause in rejection(path)


def test_threshold_of_a_network_for_digits_only_is_rejected(path):
    forge_model(path, untrained("classic"), **calibration())
    assert "rejection threshold does not fit" in rejection(path)


@pytest.mark.parametrize("field", ["metrics", "training"])
@pytest.mark.parametrize(
    "value",
    [
        {"\ud800": 1},
        {"note": "\udfff"},
        {"note": [{"a": "\ude00\ud83d"}]},
        {"note": deep(15)},
        {"note": deep(480)},
        {"steps": 2**128},
        {"steps": -int("9" * 4000)},
    ],
    ids=["name", "text", "text deeper", "depth 18", "depth 483", "129 bits", "4000 digits"],
)
def test_metadata_that_utf_8_json_cannot_hold_is_rejected(path, model, field, value):
    forge_model(path, model, **{field: value})
    assert "malformed" in rejection(path)


# Tensors


@pytest.mark.parametrize(
    "change",
    [
        {"5.bias": None},
        {"7.weight": np.zeros((11, 11), np.float32)},
        {"1.weight": np.zeros((128, 784), np.float32)},
        {"5.bias": np.zeros((1, 11), np.float32)},
        {"5.bias": np.zeros(10, np.float32)},
        {"5.bias": np.zeros(11, np.float64)},
        {"5.bias": np.zeros(11, np.float16)},
        {"5.bias": np.zeros(11, np.int32)},
    ],
    ids=lambda change: "{} {}".format(*next(iter(change.items())))[:20],
)
def test_tensors_that_do_not_fit_the_network_are_rejected(path, model, change):
    tensors = model.network.unflatten(model.vector) | change
    forge_model(path, model, {name: x for name, x in tensors.items() if x is not None})
    rejection(path)


def test_tensors_of_a_network_with_another_hidden_size_are_rejected(path, model):
    network = Network((Flatten(), Dense(784, 100), ReLU(), Dense(100, 11)))
    forge_model(path, model, network=network_json(network))
    assert "its tensors are not the parameters of its network" in rejection(path)


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_nan_or_infinite_weights_are_rejected(path, model, value):
    vector = model.vector.copy()
    vector[-1] = value
    forge_model(path, replace(model, vector=vector))
    assert "NaN or infinity" in rejection(path)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("weight", [1e15, 1e20, 3e38, -3e38])
def test_weights_that_overflow_are_rejected(path, recipe, weight):
    """With such weights, only a blank image would get finite probabilities."""
    model = untrained(recipe)
    vector = np.full_like(model.vector, weight)
    if recipe == "classic":
        vector[: 784 * 128] = 1e30  # harmless: a sigmoid follows
    forge_model(path, replace(model, vector=vector))
    assert "overflow float32" in rejection(path)


@pytest.mark.parametrize("name", ["1.weight", "5.weight", "5.bias"])
def test_one_overflowing_weight_is_enough(path, model, name):
    tensors = {name: x.copy() for name, x in model.network.unflatten(model.vector).items()}
    tensors[name].flat[-1] = 3e38
    forge_model(path, model, tensors)
    assert "overflow float32" in rejection(path)


# Damage


def test_flipped_bits_in_a_model_file_are_detected(path, model):
    save_model(path, model)
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    picker = random.Random(0)
    bits = picker.sample(range(8 * header), 1000) + picker.sample(range(8 * len(data)), 1000)
    with open(path, "r+b", buffering=0) as file:
        for bit in bits:
            byte = data[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), bit // 8)
            with pytest.raises(FileError):
                load_model(path)
            os.pwrite(file.fileno(), bytes([byte]), bit // 8)
    load_model(path)


def test_any_mutation_gives_a_valid_model_or_a_file_error(path, model):
    rng = random.Random(0)
    save_model(path, model)
    valid, document, _ = read_tensors(path)
    accepted = 0
    for number in range(300):
        is_document = rng.random() < 0.7
        tensors = valid if is_document else mutated_tensors(valid, rng)
        forge_tensors(path, tensors, mutated(document, rng) if is_document else document)
        try:
            loaded = load_model(path)
        except FileError:
            continue
        accepted += 1
        assert save_model(path, loaded).digest == loaded.digest, number
        text = json.dumps([loaded.metrics, loaded.training, loaded.version], ensure_ascii=False)
        text.encode()
    assert 20 < accepted < 150


def test_invalid_file_does_not_affect_a_loaded_model(path, model):
    save_model(path, model)
    loaded = load_model(path)
    before = loaded.vector.tobytes()
    path.write_bytes(path.read_bytes()[:-1])
    rejection(path)
    path.unlink()
    rejection(path)
    assert loaded.vector.tobytes() == before


# Memory


# Prints how much the peak memory of the process had grown when each file was rejected.
MEASURE = """
import sys
from inkdigits.model_file import load_model
from inkdigits.storage.files import FileError

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

load_model(sys.argv[1])
before = peak()
for path in sys.argv[2:]:
    try:
        load_model(path)
    except FileError:
        print((peak() - before) / 1000)
    else:
        sys.exit("accepted " + path)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc gives the peak memory")
def test_invalid_file_takes_under_100_megabytes(tmp_path, model):
    def new(name):
        files.append(tmp_path / name)
        return files[-1]

    files = []
    save_model(new("valid"), model)

    size = MAX_SIZE
    huge = (Flatten(), Dense(784, 2**31), *[Dense(2**31, 2**31)] * 60, Dense(2**31, 11))
    forge_network(new("huge layers"), *huge)
    forge_network(new("largest layers"), Flatten(), Dense(784, size), Dense(size, 11))
    forge_network(new("large convolution"), AddChannel(), Conv2D(1, size), Flatten())
    forge_network(new("large padding"), AddChannel(), *[ZeroPad2D(size)] * 60)
    forge_network(new("large square"), Flatten(), Dense(784, size), Dense(size, size))
    few = {name: x[:1] for name, x in model.network.unflatten(model.vector).items()}
    forge_model(new("few weights"), model, few)

    with zipfile.ZipFile(new("zip bomb"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", bytes(10**8))
    new("long header").write_bytes(struct.pack("<Q", 2**40) + bytes(MAX_FILE_BYTES - 8))

    room = MAX_HEADER_BYTES - 1000
    digest = f'\\"sha256\\":\\"{ZEROS}\\"}}'
    forge_header(new("deep header"), f'{{"{digest}":{"[" * room}', b"")
    table = {f"{number:x}": entry([0], 0, 0) for number in range(room // 70)}
    forge(new("many tensors"), table, b"", {"format": 3})
    flatten = {"type": "Flatten"}
    network = {"type": "Network", "layers": [flatten] * (room // 30)}
    forge_model(new("many layers"), model, {}, network=network)

    count = MAX_FILE_BYTES // 4 - MAX_HEADER_BYTES
    weights = np.zeros(count, "<f4")
    table = {"a": entry([count], 0, 4 * count)}
    junk = [{"": []}] * (room // 12)
    forge(new("other model"), table, weights.tobytes(), {"format": 3, "recipe": "mlp"})
    forge(new("junk in document"), table, weights.tobytes(), {"format": 3, "network": junk})
    junk = json.dumps([{"": []}] * (room // 8), separators=(",", ":"))
    entries = json.dumps(table)[1:-2] + f',"junk":{junk}}}'
    forge(new("junk in header"), entries, weights.tobytes(), {"format": 3})
    weights[-1] = np.nan
    forge(new("nan"), table, weights.tobytes())

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    names = [path.name for path in files[1:]]
    megabytes = dict(zip(names, map(float, done.stdout.splitlines()), strict=True))
    assert megabytes["few weights"] < 2, megabytes
    assert max(megabytes.values()) < 100, megabytes
    # The large files were actually read, so the measurement works.
    assert max(megabytes.values()) > MAX_FILE_BYTES / 1e6


# Names of models


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models: two, and a file that is not a model."""
    folder = tmp_path / "package" / "pretrained"
    folder.mkdir(parents=True)
    for name in ("mlp", "classic"):
        (folder / f"{name}.safetensors").touch()
    (folder / "README.md").touch()
    (folder.parent / "secret.safetensors").touch()
    monkeypatch.setattr(model_file, "PRETRAINED", folder)
    return folder


def test_shipped_model_is_found_by_its_name(shipped):
    assert locate("mlp") == shipped / "mlp.safetensors"
    assert list(shipped_models()) == ["classic", "mlp"]


def test_shipped_model_may_be_a_link(shipped, path, model):
    save_model(path, model)
    (shipped / "linked.safetensors").symlink_to(path)
    assert load_model(locate("linked")).recipe == "mlp"


def test_file_is_found_by_its_path(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp").touch()
    (tmp_path / "other").touch()
    assert locate("./mlp").samefile(tmp_path / "mlp")
    assert locate("other").samefile(tmp_path / "other")
    assert locate(tmp_path / "other") == tmp_path / "other"


def test_link_is_found_and_not_followed(tmp_path, model):
    save_model(tmp_path / "target", model)
    (tmp_path / "link").symlink_to("target")
    assert "is a link" in rejection(locate(tmp_path / "link"))


@pytest.mark.parametrize(
    "name", ["unknown", "../secret", "README", "mlp.safetensors", "", "*", "a\0"]
)
def test_unknown_model_gives_an_error_that_lists_the_shipped_ones(shipped, name):
    with pytest.raises(FileError, match=r"name a file or one of classic, mlp\."):
        locate(name)


@pytest.mark.parametrize(
    ("model", "split"),
    [
        ("mine=runs/mlp.safetensors", ("mine", "runs/mlp.safetensors")),
        ("v1.2-a_b=/x/lr=0.1.safetensors", ("v1.2-a_b", "/x/lr=0.1.safetensors")),
        ("runs/lr=0.1/mlp.safetensors", (None, "runs/lr=0.1/mlp.safetensors")),
        ("mlp", (None, "mlp")),
        ("=mlp", (None, "=mlp")),
        ("a b=mlp", (None, "a b=mlp")),
        ("\xe9=mlp", (None, "\xe9=mlp")),
        (f"{'a' * 65}=mlp", (None, f"{'a' * 65}=mlp")),
        ("mine=", (None, "mine=")),
    ],
)
def test_name_before_a_file_is_split_off(model, split):
    assert split_name(model) == split


def test_existing_file_is_not_split(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lr=0.1").touch()
    assert split_name("lr=0.1") == (None, "lr=0.1")
    assert split_name(Path("lr=0.1")) == (None, Path("lr=0.1"))


def test_temporary_file_is_not_listed_as_shipped(path, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "replace", lambda source, target: None)
    write_atomically(path, b"new")
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(model_file, "PRETRAINED", tmp_path)
    assert shipped_models() == {}


def test_shipped_models_match_their_recipes():
    assert DEFAULT_MODEL in shipped_models()
    for name, path in shipped_models().items():
        model, recipe = load_model(path), RECIPES[name]
        assert model.network == recipe.network.inference_network
        assert (model.recipe, model.summary) == (name, recipe.summary)
        assert (model.preprocessing, model.tta) == (recipe.preprocessing, recipe.tta)
        assert model.class_names[:10] == tuple("0123456789")
        assert (model.rejection_threshold is not None) == (len(model.class_names) == 11)


def test_folder_of_a_run_is_refused_with_the_name_of_its_model(tmp_path):
    (tmp_path / "checkpoint-00000002.safetensors").touch()
    with pytest.raises(FileError, match="is a folder; name a model file, such as"):
        locate(tmp_path)
    path = tmp_path / "mine.safetensors"
    save_model(path, untrained("mlp"))
    with pytest.raises(FileError) as error:
        locate(str(tmp_path))
    assert str(error.value) == f"{tmp_path} is a folder; name the model in it: {path}."
    with pytest.raises(FileError, match=r"is a folder; name a file\.$"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65])
def test_wrong_name_before_a_file_is_told(tmp_path, name):
    path = tmp_path / "mine.safetensors"
    save_model(path, untrained("mlp"))
    assert locate(f"mine-2={path}") == path
    with pytest.raises(FileError, match="the name before the = must be 1 to 64 letters"):
        locate(f"{name}={path}")
