"""Views are transformed as described, and their probabilities are averaged."""

import numpy as np
import pytest
from tta import COUNTS, VIEWS, View, mean_over_views, methods, single_pass, transform

from inkdigits.model_file import load_model, locate


@pytest.fixture
def bars():
    """Two vertical bars, one of them off center, uint8 (2, 28, 28)."""
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 6:22, 12:16] = 255
    images[1, 6:22, 5:9] = 255
    return images


def test_first_view_is_the_image_and_the_others_differ(bars):
    assert VIEWS[0] == View()
    assert len(set(VIEWS)) == len(VIEWS) == max(COUNTS)
    np.testing.assert_array_equal(transform(bars, VIEWS[0]), bars)
    for view in VIEWS[1:]:
        for transformed, bar in zip(transform(bars, view), bars, strict=True):
            assert (transformed != bar).any()


@pytest.mark.parametrize(("down", "right"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_shift_is_down_and_right(bars, down, right):
    shifted = transform(bars, View(down=down, right=right))
    np.testing.assert_array_equal(shifted, np.roll(bars, (down, right), axis=(1, 2)))


def test_scale_and_rotation_are_about_the_center(bars):
    large = transform(bars, View(scale=1.5))[0] > 127
    assert large.any(axis=1).sum() == pytest.approx(24, abs=1)
    assert large.any(axis=0).sum() == pytest.approx(6, abs=1)
    np.testing.assert_allclose(transform(bars, View(degrees=90))[0], bars[0].T, atol=1)


def test_mean_is_over_the_views(digits):
    recognizer = single_pass(load_model(locate("mlp")), "mlp")
    images = recognizer.preprocess_mnist(digits.images[:20])

    def probabilities(view):
        return recognizer.predict_batch(transform(images, view)).probabilities

    expected = sum(map(probabilities, VIEWS[:5])) / 5
    np.testing.assert_allclose(mean_over_views(recognizer, 5, images), expected)
    np.testing.assert_allclose(mean_over_views(recognizer, 1, images), probabilities(VIEWS[0]))


def test_tta_if_unsure_changes_unsure_predictions_only(digits):
    model = load_model(locate("mlp"))
    images = single_pass(model, "mlp").preprocess_mnist(digits.images[:2000])
    by_method = {name: predict(images) for name, predict in methods(model, "mlp").items()}
    assert list(by_method) == ["single pass", "TTA if unsure", "TTA, 5 views", "TTA, 9 views"]
    once = by_method["single pass"]
    is_unsure = (once != by_method["TTA if unsure"]).any(axis=1)
    assert 0 < is_unsure.sum() < 400
    assert once[~is_unsure].max(axis=1).min() > once[is_unsure].max(axis=1).mean()
    assert (by_method["TTA, 5 views"] != once).any(axis=1).sum() > 1900
