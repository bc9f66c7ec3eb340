"""Recognition from a storage into a storage, on a real cluster."""

import io
import json
import tarfile

import pytest

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.scale.recognition import recognize
from inkdigits.scale.results import Results
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.tasks import DigitTask

pytestmark = pytest.mark.ray


@pytest.fixture
def pictures(bucket, packaged_splits):
    """A bucket of the same 20 digits as files, as a shard, and as a Parquet file; and their labels.

    The shard is truncated after 18 of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    digits = [encode_png(255 - ink) for ink in packaged_splits[0].images[:20]]
    (bucket / "files").mkdir()
    file = io.BytesIO()
    ends = []
    with tarfile.open(fileobj=file, mode="w") as shard:
        for number, content in enumerate(digits):
            ends.append(file.tell())
            (bucket / f"files/{number:02d}.png").write_bytes(content)
            header = tarfile.TarInfo(f"{number:02d}.png")
            header.size = len(content)
            shard.addfile(header, io.BytesIO(content))
    (bucket / "shard.tar").write_bytes(file.getvalue()[: ends[18]])
    rows = [{"bytes": content, "path": None} for content in digits]
    pq.write_table(pa.table({"image": rows}), bucket / "table.parquet")
    return [Recognizer.load().recognize(content).label for content in digits]


def test_pictures_in_a_storage_are_recognized_into_it(ray_cluster, bucket, pictures):
    import pyarrow.parquet as pq

    root = f"s3://{bucket.name}"
    task = DigitTask(Recognizer.load())

    def run():
        parts = plan_parts([root], recursive=True, part_size=16)
        return recognize(ray_cluster, task, parts, Results(f"{root}/results"))

    summary = run()
    assert (summary.parts, summary.new_rows) == (5, 59)
    assert dict(summary.counts)["failed"] == 1
    paths = sorted((bucket / "results").glob("part-*.parquet"))
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    found = {row["key"].removeprefix(root): row["label"] for row in rows}
    for number, label in enumerate(pictures):
        assert found[f"/files/{number:02d}.png"] == label
        assert found[f"/table.parquet#{number:02d}"] == label
        assert found.get(f"/shard.tar/{number:02d}.png") == (label if number < 18 else None)
    [failed] = [row for row in rows if row["error"] is not None]
    assert failed["key"] == f"{root}/shard.tar"
    assert "it is truncated" in failed["error"]
    manifest = json.loads((bucket / "results/_manifest.json").read_bytes())
    assert [part["rows"] for part in manifest["parts"]] == [16, 4, 19, 16, 4]

    again = run()  # which finds the results among its sources, and leaves them out
    assert (again.parts, again.before, again.new_rows) == (5, 5, 0)
    assert again.counts == summary.counts
