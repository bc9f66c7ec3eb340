"""Recognition on a real cluster: what is written, continued and refused."""

import hashlib
import json
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
from inkdigits.scale.recognition import recognize, versions
from inkdigits.scale.results import Results
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.tasks import DigitTask

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


@pytest.fixture
def pictures(packaged_splits, tmp_path, monkeypatch):
    """A folder with 50 digits and a file that is not a picture, in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, ink in enumerate(packaged_splits[0].images[:50]):
        (folder / f"{number:02d}.png").write_bytes(encode_png(255 - ink))
    (folder / "bad.png").write_bytes(b"nothing")
    return folder


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


def test_results_are_the_same_bytes_for_any_number_of_workers(
    pictures, ray_cluster, task, tmp_path
):
    for workers in (1, 2):
        parts = plan_parts(["pictures"], part_size=16)
        results = Results(str(tmp_path / f"results{workers}"))
        summary = recognize(ray_cluster, task, parts, results, workers=workers)
        assert (summary.parts, summary.before, summary.new_rows) == (4, 0, 51)
        assert summary.counts["failed"] == 1
        assert summary.counts.total() == 51
    first, second = (contents(tmp_path / f"results{workers}") for workers in (1, 2))
    assert first == second
    manifest = json.loads(first["_manifest.json"])
    assert [part["rows"] for part in manifest["parts"]] == [16, 16, 16, 3]
    for part in manifest["parts"]:
        assert hashlib.sha256(first[part["file"]]).hexdigest() == part["sha256"]


def test_rows_are_sorted_by_key_and_those_of_the_recognizer(pictures, ray_cluster, task, tmp_path):
    results = Results(str(tmp_path / "results"))
    recognize(ray_cluster, task, plan_parts(["pictures"], part_size=16), results)
    rows = rows_of(tmp_path / "results")
    names = sorted(path.name for path in pictures.iterdir())
    assert [row["key"] for row in rows] == [f"pictures/{name}" for name in names]
    paths = [str(pictures / name) for name in names]
    for row, prediction in zip(rows, task.recognizer.recognize_many(paths, workers=1), strict=True):
        if row["error"] is None:
            assert row["label"] == prediction.label
            assert row["probabilities"] == [float(np.float32(p)) for p in prediction.probabilities]
        else:
            assert (row["key"], row["reason"]) == ("pictures/bad.png", "unreadable")


def test_what_is_done_is_not_done_again(pictures, ray_cluster, task, tmp_path):
    def run():
        parts = plan_parts(["pictures"], part_size=16)
        return recognize(ray_cluster, task, parts, Results(str(tmp_path / "results")))

    run()
    before = contents(tmp_path / "results")
    kept = tmp_path / "results/part-000001.parquet"
    time = kept.stat().st_mtime_ns
    (tmp_path / "results/part-000002.parquet").unlink()
    (tmp_path / "results/_manifest.json").unlink()
    summary = run()
    assert (summary.parts, summary.before, summary.new_rows) == (4, 3, 16)
    assert summary.counts.total() == 51
    assert contents(tmp_path / "results") == before
    assert kept.stat().st_mtime_ns == time


def test_source_that_has_changed_is_refused(pictures, ray_cluster, task, tmp_path):
    results = Results(str(tmp_path / "results"))
    recognize(ray_cluster, task, plan_parts(["pictures"], part_size=16), results)
    (pictures / "20.png").unlink()
    with pytest.raises(ScaleError, match=r"part-00000\d\.parquet in .* has changed since"):
        recognize(ray_cluster, task, plan_parts(["pictures"], part_size=16), results)


def test_worker_of_another_version_is_refused(pictures, ray_cluster, task, tmp_path, monkeypatch):
    here = versions() | {"inkdigits": "0.1.0"}
    monkeypatch.setattr(recognition, "versions", lambda: here)
    results = Results(str(tmp_path / "results"))
    with pytest.raises(ScaleError, match=r"inkdigits [\d.]+ instead of 0\.1\.0"):
        recognize(ray_cluster, task, plan_parts(["pictures"]), results)
    assert not list((tmp_path / "results").glob("part*"))


def test_predict_on_a_cluster(pictures, run_on_cluster, tmp_path):
    arguments = ("predict", "pictures", "-o", "results", "--part-size", 30, "--workers", 1)
    result = run_on_cluster(*arguments)
    assert result.exit_code == 1  # one could not be read
    assert " of 51 rows recognized, " in result.stderr
    assert "1 could not be read" in result.stderr
    assert len(rows_of(tmp_path / "results")) == 51
    (pictures / "bad.png").write_bytes(b"NOTHING")
    again = run_on_cluster(*arguments)
    assert "has changed since" in again.stderr
    assert again.stderr.count("\n") == 1
    other = run_on_cluster(*arguments, "--model", "mlp")
    assert "has results of a run with other settings (task)" in other.stderr


def test_number_on_a_cluster(packaged_splits, run_on_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digits = packaged_splits[0].take(slice(8, 12))
    (tmp_path / "n.png").write_bytes(encode_png(255 - np.hstack(list(digits.images))))
    result = run_on_cluster("number", "n.png", "-o", "results", "--length", 4)
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
    result = run_on_cluster("form", "read", "form.toml", "photos", "-o", "results")
    assert result.exit_code == 1
    assert "2 of 3 rows recognized, 1 could not be read" in result.stderr
    rows = rows_of(tmp_path / "results")
    assert [(row["key"], row["copy"], row["row"]) for row in rows] == [
        ("photos/1.jpg", 3, 1),
        ("photos/1.jpg", 3, 2),
        ("photos/2.png", None, None),
    ]
    assert rows[2]["error"] is not None
