"""The shipped models still give the same probabilities as when they were trained.

`golden/probabilities.json` has one line per image: the probabilities of each shipped model for
every PNG file in `golden/` and `golden/drawings/`. JPEG files are excluded, because decoders may
differ in the last bits.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.model_file import shipped_models

GOLDEN = Path(__file__).parent / "golden"
PROBABILITIES = json.loads((GOLDEN / "probabilities.json").read_text(encoding="utf-8"))


def test_every_model_and_every_png_has_golden_probabilities():
    images = [*GOLDEN.glob("*.png"), *(GOLDEN / "drawings").glob("*.png")]
    names = {path.relative_to(GOLDEN).as_posix() for path in images}
    assert len(names) == 37
    assert PROBABILITIES.keys() == shipped_models().keys()
    assert all(by_image.keys() == names for by_image in PROBABILITIES.values())


@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities_are_those_of_the_trained_models(name):
    recognizer = Recognizer.load(name)
    for image, expected in PROBABILITIES[name].items():
        prediction = recognizer.recognize((GOLDEN / image).read_bytes())
        np.testing.assert_allclose(
            prediction.probabilities, expected, rtol=0, atol=1e-4, err_msg=image
        )
