"""The callable class for pipelines: called as such, and by Ray Data."""

from pathlib import Path

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.scale.digit_predictor import DigitPredictor

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def files():
    return [(GOLDEN / f"{digit}.png").read_bytes() for digit in range(10)]


def test_columns_are_those_of_the_recognizer(files):
    batch = {"name": np.arange(11), "bytes": np.array([*files, b"nothing"], object)}
    result = DigitPredictor()(batch)
    expected = list(Recognizer.load().recognize_many(files, 1))
    assert "bytes" not in result
    assert result["name"].tolist() == list(range(11))
    assert result["digit"].tolist() == [*range(10), -1]
    assert result["label"].tolist() == [*map(str, range(10)), None]
    assert np.array_equal(
        result["probabilities"][:10], np.float32([each.probabilities for each in expected])
    )
    assert np.isnan(result["confidence"][10])
    assert np.isnan(result["probabilities"][10]).all()
    assert result["reason"].tolist() == [None] * 10 + ["unreadable"]
    assert result["error"][10].startswith("This is not a PNG")


def test_pictures_may_be_arrays(packaged_splits):
    digits = packaged_splits[0].take(slice(0, 20))
    result = DigitPredictor("image", Recognizer.load("mlp"))({"image": 255 - digits.images})
    assert (result["digit"] == digits.labels).mean() >= 0.9


def test_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'bytes' among image"):
        DigitPredictor()({"image": []})


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray Data's, about its own settings
def test_it_works_in_a_pipeline_of_ray_data(ray_cluster, files):
    import ray

    dataset = ray.data.from_items(
        [{"key": f"{n}.png", "bytes": each} for n, each in enumerate(files)]
    )
    one_worker = ray.data.ActorPoolStrategy(size=1)
    recognized = dataset.map_batches(DigitPredictor, batch_size=4, compute=one_worker)
    rows = sorted(recognized.take_all(), key=lambda row: row["key"])
    assert [row["digit"] for row in rows] == list(range(10))
    assert [row["label"] for row in rows] == [str(digit) for digit in range(10)]
