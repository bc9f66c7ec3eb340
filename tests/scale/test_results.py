"""Folders of results: what is whole, what is continued, what is refused. It needs pyarrow."""

import hashlib
import json
from collections import Counter

import pytest

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.results import Manifest, PartResult, Results

pytestmark = pytest.mark.ray
SETTINGS = {"kind": "digits", "part_size": 3}
COUNTS = Counter(recognized=2)


@pytest.fixture
def schema():
    import pyarrow as pa

    return pa.schema([pa.field("key", pa.string(), nullable=False), ("label", pa.string())])


@pytest.fixture
def results(tmp_path):
    return Results(str(tmp_path / "results"))


def rows(*keys):
    return [{"key": key, "label": key[:1]} for key in keys]


def read(tmp_path, number=0):
    import pyarrow.parquet as pq

    return pq.read_table(tmp_path / f"results/part-{number:06d}.parquet").to_pylist()


def test_part_is_found_again_with_its_counts(results, schema, tmp_path):
    run = results.begin(SETTINGS)
    assert results.find(0, run, "print") is None
    written = results.write(0, run, "print", schema, rows("b", "a"), COUNTS)
    found = results.find(0, run, "print")
    content = (tmp_path / "results/part-000000.parquet").read_bytes()
    assert written == PartResult(0, 2, hashlib.sha256(content).digest(), {"recognized": 2})
    assert found == PartResult(0, 2, written.sha256, {"recognized": 2}, is_new=False)
    assert read(tmp_path) == rows("a", "b")


def test_same_rows_are_the_same_bytes_in_any_order_of_keys(results, schema):
    run = results.begin(SETTINGS)
    first = results.write(0, run, "print", schema, rows("b", "a", "c"), COUNTS)
    again = results.write(0, run, "print", schema, iter(rows("a", "b", "c")), COUNTS)
    other = results.write(0, run, "print", schema, rows("a", "b", "d"), COUNTS)
    assert first.sha256 == again.sha256 != other.sha256


def test_rows_of_one_key_stay_in_order(results, schema, tmp_path):
    run = results.begin(SETTINGS)
    fields = [{"key": "b", "label": "1"}, {"key": "b", "label": "2"}, {"key": "a", "label": "3"}]
    results.write(0, run, "print", schema, fields, COUNTS)
    assert [row["label"] for row in read(tmp_path)] == ["3", "1", "2"]


def test_key_that_is_not_unicode_is_escaped(results, schema, tmp_path):
    run = results.begin(SETTINGS)
    results.write(0, run, "print", schema, rows("a\udcff.png", "ä.png"), COUNTS)
    assert [row["key"] for row in read(tmp_path)] == ["a\\udcff.png", "ä.png"]


def test_run_without_rows_in_a_part_is_a_file_with_the_columns(results, schema, tmp_path):
    import pyarrow.parquet as pq

    run = results.begin(SETTINGS)
    results.write(0, run, "print", schema, [], Counter())
    assert pq.read_schema(tmp_path / "results/part-000000.parquet").names == ["key", "label"]


def test_same_settings_continue_and_others_are_refused(results):
    run = results.begin(SETTINGS)
    assert results.begin(dict(reversed(SETTINGS.items()))) == run
    with pytest.raises(ScaleError, match=r"other settings \(part_size\)"):
        results.begin(SETTINGS | {"part_size": 4})


def test_folder_of_something_else_is_refused(results, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/letter.txt").write_text("dear")
    with pytest.raises(ScaleError, match="name a new or empty folder"):
        results.begin(SETTINGS)
    (tmp_path / "results/_run.json").write_text("dear")
    with pytest.raises(ScaleError, match="another program"):
        results.begin(SETTINGS)


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "results").write_text("dear")
    with pytest.raises(ScaleError, match="is a file"):
        Results(str(tmp_path / "results")).begin(SETTINGS)


def test_folder_that_workers_do_not_share_is_refused(results):
    with pytest.raises(ScaleError, match="is not the same folder on the workers"):
        results.check("run")
    run = results.begin(SETTINGS)
    results.check(run)
    with pytest.raises(ScaleError, match="is not the same folder on the workers"):
        results.check("another run")


def test_changed_source_is_refused(results, schema):
    run = results.begin(SETTINGS)
    results.write(0, run, "print", schema, rows("a"), COUNTS)
    with pytest.raises(ScaleError, match="has changed since"):
        results.find(0, run, "another print")
    with pytest.raises(ScaleError, match="has changed since"):
        results.find(0, "another run", "print")


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty"])
def test_damaged_part_is_named(results, schema, tmp_path, damage):
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = results.begin(SETTINGS)
    results.write(0, run, "print", schema, rows("a"), COUNTS)
    path = tmp_path / "results/part-000000.parquet"
    if damage == "foreign":
        pq.write_table(pa.table({"key": ["a"]}), path)
    else:
        path.write_bytes(path.read_bytes()[:-1] if damage == "truncated" else b"")
    with pytest.raises(ScaleError, match=r"part-000000\.parquet is damaged; delete it"):
        results.find(0, run, "print")


def test_manifest_lists_the_parts_in_order(results, tmp_path):
    run = results.begin(SETTINGS)
    manifest = Manifest()
    for number in (2, 0, 1):
        manifest.add(PartResult(number, 10 + number, bytes([number]) * 32, {}))
    results.finish(run, manifest)
    document = json.loads((tmp_path / "results/_manifest.json").read_text())
    assert document == {
        "run": run,
        "rows": 33,
        "parts": [
            {"file": "part-000000.parquet", "rows": 10, "sha256": "00" * 32},
            {"file": "part-000001.parquet", "rows": 11, "sha256": "01" * 32},
            {"file": "part-000002.parquet", "rows": 12, "sha256": "02" * 32},
        ],
    }
