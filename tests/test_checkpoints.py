"""The metrics of a run, whoever wrote them; tests/test_runs.py has the checkpoints."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from inkdigits.checkpoints import read_metrics
from inkdigits.runs import Run
from inkdigits.storage.files import FileError
from inkdigits.training import Record, TrainState

RECORD = Record(1, 0.5, 0.75, None, None, 0.01, 1.5, 200.0)


def test_metrics_are_the_records_that_a_run_saved(tmp_path):
    params = np.zeros(3, np.float32)
    state = TrainState(params, np.zeros((0, 3), np.float32), params, np.random.default_rng(0))
    records = [RECORD, replace(RECORD, epoch=2, validation_loss=0.25, validation_accuracy=0.5)]
    Run(tmp_path).save(state, records)
    assert read_metrics(tmp_path / "metrics.jsonl") == records


@pytest.mark.parametrize(
    "lines",
    [
        ["{"],
        ["[]"],
        ["[" * 10_000],
        [json.dumps(asdict(RECORD) | {"loss": "0.5"})],
        [json.dumps(asdict(RECORD) | {"loss": 1e200})],
        [json.dumps(asdict(RECORD) | {"more": 1})],
        [json.dumps(asdict(RECORD) | {"epoch": 2})],
        [json.dumps(asdict(RECORD)).replace("0.5", "NaN")],
    ],
    ids=lambda lines: lines[0][:40],
)
def test_other_metrics_are_a_file_error(tmp_path, lines):
    path = tmp_path / "metrics.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(FileError, match=r"metrics\.jsonl cannot be used: "):
        read_metrics(path)
