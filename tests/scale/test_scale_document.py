"""The examples of docs/scale.md run, in the order of the document.

Blocks of `bash` are run here; blocks of `sh` are for several machines or for Kubernetes.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```bash\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, inkdigits_command, small_test_digits):
    """A folder with pictures and numbers, and the commands `inkdigits` and `python`."""
    folder = tmp_path_factory.mktemp("scale")
    for name in ("bin", "pictures", "numbers"):
        (folder / name).mkdir()
    for name, command in (("inkdigits", inkdigits_command), ("python", [sys.executable])):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        script.chmod(0o755)
    for number, image in enumerate(small_test_digits.images[:10]):
        Image.fromarray(image).save(folder / f"pictures/{number}.png")
    for picture in sorted((ROOT / "tests/golden").glob("[0-9].png"))[:2]:
        (folder / "numbers" / picture.name).write_bytes(picture.read_bytes())
    return folder


@pytest.mark.ray
def test_examples_run_in_the_order_of_the_document(folder):
    assert len(EXAMPLES) >= 8
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    for example in EXAMPLES:
        done = subprocess.run(
            ["bash", "-e", "-c", example],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, (example, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (example, done.stderr)
    import pyarrow.parquet as parquet

    rows = parquet.read_table(folder / "results/digits").to_pylist()
    assert [row["key"] for row in rows] == [f"pictures/{number}.png" for number in range(10)]
    assert parquet.read_table(folder / "results/shard").num_rows == 10
    assert (folder / "sweeps/try/best.toml").is_file()
    assert len((folder / "runs/workers/metrics.jsonl").read_text().splitlines()) == 3
