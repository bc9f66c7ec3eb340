"""`inkdigits submit`: Kaggle's form, checked before it is written."""

import csv
import gzip
import io

import numpy as np
import own_images
import pytest
from click.testing import CliRunner
from test_hostile_files import assert_one_sentence

from inkdigits.cli import main, submit
from inkdigits.model_file import Model, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network
from inkdigits.recognizer import Recognizer


@pytest.fixture(scope="module")
def table(small_test_digits, tmp_path_factory):
    """A table as the competition's test.csv: pixels without labels."""
    path = tmp_path_factory.mktemp("kaggle") / "test.csv"
    images = small_test_digits.images[:60]
    rows = images.reshape(len(images), -1).tolist()
    with path.open("w") as file:
        writer = csv.writer(file)
        writer.writerow([f"pixel{n}" for n in range(784)])
        writer.writerows(rows)
    return path


def test_submission_has_kaggles_form_and_the_models_predictions(
    run_inkdigits, table, small_test_digits, tmp_path
):
    output = tmp_path / "submission.csv"
    done = run_inkdigits("submit", "mlp", table, "-o", output)
    assert done.returncode == 0
    assert "60 predictions of mlp" in done.stdout
    assert "test.csv has 60 rows, not 28,000" in done.stderr
    lines = output.read_text().splitlines()
    assert lines[0] == "ImageId,Label"
    recognizer = Recognizer.load("mlp")
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(small_test_digits.images[:60]))
    digits = batch.probabilities.argmax(axis=1)
    assert lines[1:] == [f"{number},{digit}" for number, digit in enumerate(digits, 1)]


def test_28000_rows_are_expected(small_test_digits, tmp_path):
    path, output = tmp_path / "test.csv.gz", tmp_path / "out.csv"
    row = ",".join(map(str, small_test_digits.images[0].ravel()))
    text = ",".join(f"pixel{n}" for n in range(784)) + "\n" + (row + "\n") * 28_000
    path.write_bytes(gzip.compress(text.encode(), 1))
    result = CliRunner().invoke(main, ["submit", "classic", str(path), "-o", str(output)])
    assert (result.exit_code, result.stderr) == (0, "")
    rows = list(csv.reader(io.StringIO(output.read_text())))
    assert len(rows) == 28_001
    assert rows[-1][0] == "28000"
    assert len({label for _, label in rows[1:]}) == 1


def test_table_with_labels_is_not_the_test_set(run_inkdigits, tmp_path):
    path = own_images.write_csv(tmp_path / "train.csv", *own_images.images_of(8))
    done = run_inkdigits("submit", "mlp", path, "-o", tmp_path / "out.csv")
    assert_one_sentence(done)
    assert "train.csv has labels" in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_model_of_other_classes_is_refused(run_inkdigits, table, tmp_path):
    network = Network((Flatten(), Dense(784, 2)))
    vector = network.init(np.random.default_rng(0))
    model = Model(network, vector, "plain", tta=False, recipe="mine", classes=("cat", "dog"))
    save_model(tmp_path / "animals.safetensors", model)
    done = run_inkdigits(
        "submit", tmp_path / "animals.safetensors", table, "-o", tmp_path / "out.csv"
    )
    assert_one_sentence(done)
    assert "are not the ten digits" in done.stderr


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_missing_table_is_reported_in_one_sentence(run_inkdigits, tmp_path, name):
    assert_one_sentence(run_inkdigits("submit", "mlp", name, "-o", tmp_path / "out.csv"))


def test_output_that_cannot_be_written_leaves_the_old_file(run_inkdigits, table, tmp_path):
    done = run_inkdigits("submit", "mlp", table, "-o", tmp_path / "missing" / "out.csv")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "missing" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("ImageId", "Id"),
        lambda text: text.replace("2,", "3,"),
        lambda text: text.replace("3,5", "3,4"),
        lambda text: text.replace("3,5", "3,5.0"),
        lambda text: text + "4,1\n",
        lambda text: text.rpartition("\n3")[0],
    ],
)
def test_other_content_is_not_valid(change):
    labels = np.array([0, 9, 5])
    content = submit.submission(labels)
    assert content == b"ImageId,Label\n1,0\n2,9\n3,5\n"
    assert submit.is_valid(content, labels)
    assert not submit.is_valid(change(content.decode()).encode(), labels)
    assert not submit.is_valid(submit.submission(np.array([10, 9, 5])), np.array([10, 9, 5]))


def test_table_is_not_overwritten(run_inkdigits, table, tmp_path):
    copy = tmp_path / "test.csv"
    copy.write_bytes(table.read_bytes())
    done = run_inkdigits("submit", "mlp", copy, "-o", f"{tmp_path}/../{tmp_path.name}/test.csv")
    assert done.returncode == 2
    assert "is TEST itself; name another file." in done.stderr
    assert copy.read_bytes() == table.read_bytes()
