"""A sample is what the recognizer sees of an image, of ink or of strokes."""

import numpy as np
import pytest
from profile_samples import base_model

from inkdigits.api import drawings
from inkdigits.api.schemas import Stroke as ApiStroke
from inkdigits.data.samples import Stroke
from inkdigits.personal import sample, sample_from_ink, sample_from_strokes
from inkdigits.personal.errors import InvalidSample
from inkdigits.personal.records import sample_row

SEVEN = [[0.0, 0.0], [18.0, 0.0], [7.0, 30.0]]


def drawn(width=None):
    return [Stroke(np.array(SEVEN, np.float32), width)]


def test_sample_of_an_image_is_what_the_recognizer_sees():
    image = drawings.render_strokes([ApiStroke(points=SEVEN)]).ink
    photo = np.stack([255 - np.pad(image, 40)] * 3, axis=-1)
    for name in ("mlp", "classic"):
        base = base_model(name)
        made = sample(base, photo, 7, source="correction")
        assert np.array_equal(made.seen, base.recognize(photo).seen)
        assert (made.label, made.source) == (7, "correction")
        assert made.preprocessing == base.model.preprocessing
        assert made.revision == base.describe().preprocessing_revision
        ink = sample_from_ink(base, image, 7)
        assert np.array_equal(ink.seen, base.recognize_ink(image).seen)
        sample_row(made)


@pytest.mark.parametrize("width", [None, 4.0])
def test_sample_of_strokes_is_what_the_service_recognizes(width):
    base = base_model()
    made = sample_from_strokes(base, drawn(width), 7)
    service = drawings.render_strokes([ApiStroke(points=SEVEN, width=width)]).ink
    assert np.array_equal(made.seen, base.recognize_ink(service).seen)
    assert np.array_equal(made.strokes[0].points, SEVEN)
    assert (made.source, made.strokes[0].width) == ("drawn", width)
    sample_row(made)


def test_blank_picture_is_no_sample():
    with pytest.raises(InvalidSample, match="blank"):
        sample_from_ink(base_model(), np.zeros((40, 40), np.uint8), 3)
    with pytest.raises(InvalidSample, match="no strokes"):
        sample_from_strokes(base_model(), [], 3)
    with pytest.raises(InvalidSample, match="no strokes"):
        sample_from_strokes(base_model(), [Stroke(np.zeros((0, 2), np.float32))], 3)
