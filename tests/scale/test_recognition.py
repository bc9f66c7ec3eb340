"""Recognition on a real cluster: what is written, continued and refused."""

import hashlib
import json
import shutil
from contextlib import nullcontext

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from sheet_pictures import Photo, draw_page, photograph

from inkdigits import Recognizer
from inkdigits.cli import main
from inkdigits.forms.form_file import load_form
from inkdigits.imaging.decode import encode_png
from inkdigits.scale import recognition
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.recognition import recognize
from inkdigits.scale.results import Results
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.tasks import DigitTask
from inkdigits.scale.versions import versions

pytestmark = pytest.mark.ray
FORM = """
title = "Points"
rows = 2
[[fields]]
name = "points"
length = 2
"""


@pytest.fixture(scope="module")
def task():
    return DigitTask(Recognizer.load())


@pytest.fixture(scope="module")
def folder(packaged_splits, tmp_path_factory):
    """A folder with 50 digits and a file that is not a picture, in the folder "pictures"."""
    folder = tmp_path_factory.mktemp("recognition")
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, ink in enumerate(packaged_splits[0].images[:50]):
        (pictures / f"{number:02d}.png").write_bytes(encode_png(255 - ink))
    (pictures / "bad.png").write_bytes(b"nothing")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def recognize_pictures(folder, ray_cluster, task):
    """Recognize the pictures, and write the results to the folder of a name."""

    def run(name, workers=1):
        parts = plan_parts(["pictures"], part_size=16)
        return recognize(ray_cluster, task, parts, Results(str(folder / name)), workers=workers)

    return run


@pytest.fixture(scope="module")
def done(recognize_pictures, folder):
    """The folder of the results of one worker, and the summary."""
    summary = recognize_pictures("done")
    return folder / "done", summary


@pytest.fixture
def run_on_cluster(ray_cluster, monkeypatch):
    """Run a command whose option --on takes the shared cluster."""
    monkeypatch.setattr("inkdigits.scale.cluster.connected", lambda on: nullcontext(ray_cluster))

    def run(*arguments):
        return CliRunner().invoke(main, [*map(str, arguments), "--on", "ray"])

    return run


def rows_of(folder):
    import pyarrow.parquet as pq

    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_results_are_the_same_bytes_for_any_number_of_workers(done, recognize_pictures, folder):
    recognize_pictures("two", workers=2)
    assert contents(folder / "two") == contents(done[0])


def test_manifest_has_the_digest_of_every_part(done):
    files, summary = contents(done[0]), done[1]
    assert (summary.parts, summary.before, summary.new_rows) == (4, 0, 51)
    assert summary.counts["failed"] == 1
    assert summary.counts.total() == 51
    manifest = json.loads(files["_manifest.json"])
    assert [part["rows"] for part in manifest["parts"]] == [16, 16, 16, 3]
    for part in manifest["parts"]:
        assert hashlib.sha256(files[part["file"]]).hexdigest() == part["sha256"]


def test_rows_are_sorted_by_key_and_those_of_the_recognizer(done, task, folder):
    rows = rows_of(done[0])
    names = sorted(path.name for path in (folder / "pictures").iterdir())
    assert [row["key"] for row in rows] == [f"pictures/{name}" for name in names]
    paths = [str(folder / "pictures" / name) for name in names]
    predictions = task.recognizer.recognize_many(paths, workers=1)
    for row, prediction in zip(rows, predictions, strict=True):
        if row["error"] is None:
            assert row["label"] == prediction.label
            assert row["probabilities"] == [float(np.float32(p)) for p in prediction.probabilities]
        else:
            assert (row["key"], row["reason"]) == ("pictures/bad.png", "unreadable")


def test_what_is_done_is_not_done_again(done, recognize_pictures, folder):
    shutil.copytree(done[0], folder / "stopped")
    kept = folder / "stopped/part-000001.parquet"
    time = kept.stat().st_mtime_ns
    (folder / "stopped/part-000002.parquet").unlink()
    (folder / "stopped/_manifest.json").unlink()
    summary = recognize_pictures("stopped")
    assert (summary.parts, summary.before, summary.new_rows) == (4, 3, 16)
    assert summary.counts.total() == 51
    assert contents(folder / "stopped") == contents(done[0])
    assert kept.stat().st_mtime_ns == time


def test_worker_of_another_version_is_refused(recognize_pictures, folder, monkeypatch):
    here = versions() | {"inkdigits": "0.1.0"}
    monkeypatch.setattr(recognition, "versions", lambda: here)
    with pytest.raises(ScaleError, match=r"inkdigits [\d.]+ instead of 0\.1\.0"):
        recognize_pictures("other_version")
    assert not list((folder / "other_version").glob("part*"))


def test_predict_on_a_cluster(folder, run_on_cluster, monkeypatch):
    arguments = ("predict", "pictures", "-o", "results", "--part-size", 30, "--workers", 1)
    result = run_on_cluster(*arguments)
    assert result.exit_code == 1  # one could not be read
    assert " of 51 rows recognized, " in result.stderr
    assert "1 could not be read" in result.stderr
    assert len(rows_of(folder / "results")) == 51
    other = run_on_cluster(*arguments, "--model", "mlp")
    assert "has results of a run with other settings (task)" in other.stderr
    (folder / "pictures/bad.png").write_bytes(b"other")
    again = run_on_cluster(*arguments)
    (folder / "pictures/bad.png").write_bytes(b"nothing")
    assert again.exit_code == 1
    assert "part-000001.parquet" in again.stderr
    assert "has changed since" in again.stderr
    assert again.stderr.count("\n") == 1


def test_number_on_a_cluster(packaged_splits, run_on_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digits = packaged_splits[0].take(slice(8, 12))
    (tmp_path / "n.png").write_bytes(encode_png(255 - np.hstack(list(digits.images))))
    result = run_on_cluster("number", "n.png", "-o", "results", "--length", 4, "--workers", 1)
    assert result.exit_code == 0, result.stderr
    (row,) = rows_of(tmp_path / "results")
    assert (row["key"], row["text"]) == ("n.png", "".join(map(str, digits.labels)))
    assert len(row["boxes"]) == 4


def test_form_read_on_a_cluster(run_on_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "form.toml").write_text(FORM)
    form = load_form(tmp_path / "form.toml")
    (tmp_path / "photos").mkdir()
    page = draw_page(form, form.rows, copy=3)
    photo = photograph(page, Photo(megapixels=1, tilt=5), np.random.default_rng(0))
    (tmp_path / "photos/1.jpg").write_bytes(photo)
    cv2.imwrite(str(tmp_path / "photos/2.png"), np.full((200, 100), 255, np.uint8))
    result = run_on_cluster("form", "read", "form.toml", "photos", "-o", "results", "--workers", 1)
    assert result.exit_code == 1
    assert "2 of 3 rows recognized, 1 could not be read" in result.stderr
    rows = rows_of(tmp_path / "results")
    assert [(row["key"], row["copy"], row["row"]) for row in rows] == [
        ("photos/1.jpg", 3, 1),
        ("photos/1.jpg", 3, 2),
        ("photos/2.png", None, None),
    ]
    assert rows[2]["error"] is not None
