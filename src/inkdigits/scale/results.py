"""The folder of a run's results: a Parquet file for each part, whole or absent.

_run.json            what the results depend on; a run is continued only with the same
part-000042.parquet  the rows of part 42, with the fingerprint of the part
_manifest.json       at the end: how many rows each part has, and its SHA-256
"""

import hashlib
import io
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from inkdigits.scale.attempts import FOLDER
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.result_folder import open_folder

if TYPE_CHECKING:
    import pyarrow as pa

RUN = "_run.json"
MANIFEST = "_manifest.json"
METADATA = b"inkdigits"  # key of our JSON among the metadata of a Parquet file
ROWS_AT_A_TIME = 1024  # as Python objects; the others of a part are columns in memory


@dataclass(frozen=True)
class PartResult:
    """What became of a part.

    rows      of its file
    sha256    of its file
    counts    of rows by outcome: "recognized", "rejected" and "failed"
    is_new    whether it was recognized now, rather than by an earlier run
    """

    number: int
    rows: int
    sha256: bytes
    counts: dict[str, int]
    is_new: bool = True


@dataclass
class Manifest:
    """The results of parts, in 40 bytes each: there may be millions of them."""

    rows: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)

    def add(self, result: PartResult) -> None:
        """Note the result of a part."""
        missing = result.number + 1 - len(self.rows)
        if missing > 0:
            self.rows.extend([0] * missing)
            self.digests.extend(bytes(32 * missing))
        self.rows[result.number] = result.rows
        self.digests[32 * result.number : 32 * result.number + 32] = result.sha256

    def to_json(self, run: str) -> bytes:
        """Return it as a JSON file; `run` is the fingerprint of the run."""
        lines = [
            json.dumps(
                {
                    "file": part_name(number),
                    "rows": rows,
                    "sha256": self.digests[32 * number : 32 * number + 32].hex(),
                }
            )
            for number, rows in enumerate(self.rows)
        ]
        head = json.dumps({"run": run, "rows": sum(self.rows)})[:-1]
        return (head + ', "parts": [\n' + ",\n".join(lines) + "\n]}\n").encode()


class Results:
    """A folder of results, local or in object storage; it can be sent to workers.

    location  the path of a folder, or a URL such as s3://BUCKET/FOLDER
    """

    def __init__(self, location: str) -> None:
        self.folder = open_folder(location)

    def begin(self, settings: Mapping[str, Any]) -> str:
        """Create the folder, or check that a run with the same settings began to fill it.

        settings  as JSON
        returns   the fingerprint of the run
        raises    ScaleError if it has other results, or cannot be made
        """
        content = (json.dumps(settings, indent=2, sort_keys=True) + "\n").encode()
        before = self.folder.read(RUN)
        if before is None:
            if not self.folder.is_empty():
                raise ScaleError(
                    f"{self.folder} has other files in it; name a new or empty folder."
                )
            self.folder.write(RUN, content)
        elif before != content:
            raise ScaleError(
                f"{self.folder} has results of {_difference(before, settings)}; use the same again "
                "to continue, or name a new folder."
            )
        return hashlib.sha256(content).hexdigest()

    def check(self, run: str) -> None:
        """Check, on a worker, that this folder is the one in which the run was begun.

        raises   ScaleError
        """
        content = self.folder.read(RUN)
        if content is None or hashlib.sha256(content).hexdigest() != run:
            raise ScaleError(
                f"{self.folder} is not the same folder on the workers, or another command began to "
                "fill it: name a new one that all machines of the cluster share, or a URL such as "
                "s3://BUCKET/FOLDER."
            )

    def find(self, number: int, run: str, fingerprint: str) -> PartResult | None:
        """Return the result of a part that is done; None if it is not.

        fingerprint  of the part; if another one was recognized, its source has changed
        raises       ScaleError if it has changed, or the file is not one of ours
        """
        content = self.folder.read(part_name(number))
        if content is None:
            return None
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            metadata = pq.read_metadata(io.BytesIO(content))
            ours = json.loads((metadata.metadata or {})[METADATA])
            known = ours["run"], ours["fingerprint"]
            counts = {str(key): int(value) for key, value in ours["counts"].items()}
        except (pa.ArrowException, KeyError, TypeError, ValueError, AttributeError):
            raise ScaleError(
                f"{self.folder}: {part_name(number)} is damaged; delete it, and run the command "
                "again."
            ) from None
        if known != (run, fingerprint):
            raise ScaleError(
                f"What {part_name(number)} in {self.folder} was recognized from has changed since: "
                "name a new folder, or put the former pictures back."
            )
        digest = hashlib.sha256(content).digest()
        return PartResult(number, metadata.num_rows, digest, counts, is_new=False)

    def write(
        self,
        number: int,
        run: str,
        fingerprint: str,
        schema: "pa.Schema",
        rows: Iterable[dict[str, Any]],
        counts: Counter[str],
    ) -> PartResult:
        """Write the rows of a part, sorted by key, as one file that is whole or absent.

        counts   of the rows by outcome, which are complete when all rows have been taken
        raises   OSError
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        iterator = iter(rows)
        batches = []
        while some := [_valid(row) for row in islice(iterator, ROWS_AT_A_TIME)]:
            batches.append(pa.RecordBatch.from_pylist(some, schema=schema))
        table = pa.Table.from_batches(batches, schema).combine_chunks()
        keys = table.column("key").to_pylist()
        if any(before > after for before, after in pairwise(keys)):
            table = table.take(pa.array(sorted(range(len(keys)), key=keys.__getitem__)))
        ours = {
            "run": run,
            "fingerprint": fingerprint,
            "counts": {key: counts[key] for key in sorted(counts)},
        }
        table = table.replace_schema_metadata({METADATA: json.dumps(ours)})
        file = io.BytesIO()
        pq.write_table(table, file, compression="zstd")
        content = file.getvalue()
        self.folder.write(part_name(number), content)
        return PartResult(number, table.num_rows, hashlib.sha256(content).digest(), dict(counts))

    def finish(self, run: str, manifest: Manifest) -> None:
        """Write the manifest: the results are complete.

        raises   OSError
        """
        self.folder.clean(FOLDER)
        self.folder.write(MANIFEST, manifest.to_json(run))


def part_name(number: int) -> str:
    """Return the name of a part's file."""
    return f"part-{number:06d}.parquet"


def _valid(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with a key that is valid UTF-8; names of files may be any bytes."""
    key: str = row["key"]
    return row if key.isascii() else row | {"key": key.encode(errors="backslashreplace").decode()}


def _difference(before: bytes, settings: Mapping[str, Any]) -> str:
    """Say what of the settings differs."""
    try:
        known = json.loads(before)
        names = [name for name in {**known, **settings} if known.get(name) != settings.get(name)]
    except (ValueError, TypeError, AttributeError):
        return "another program"
    return f"a run with other settings ({', '.join(sorted(names))})"
