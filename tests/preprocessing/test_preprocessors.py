"""The preprocessors that a model file can name, and what their revisions guarantee."""

from dataclasses import FrozenInstanceError

import golden_images
import numpy as np
import pytest
from PIL import Image
from sample_images import as_rgba, drawing

from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.preprocessing.segmentation import extract_ink


def test_preprocessors_cannot_be_added_or_changed():
    with pytest.raises(TypeError):
        PREPROCESSORS["other"] = PREPROCESSORS["ink"]
    with pytest.raises(FrozenInstanceError):
        PREPROCESSORS["ink"].revision = 2


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_results_change_only_with_the_revision(name):
    """After an intended change, raise the revision: models must be retrained."""
    with Image.open(golden_images.path(name)) as image:
        golden = np.asarray(image).astype(int)
    # Rounding may differ by one level on another processor.
    assert np.abs(golden_images.preprocessed(name) - golden).max() <= 1


@pytest.mark.parametrize("name", ["classic", "ink"])
def test_image_and_its_extracted_ink_give_the_same_result(name):
    preprocessor = PREPROCESSORS[name]
    np.testing.assert_array_equal(
        preprocessor.from_ink(extract_ink(drawing())), preprocessor.from_image(drawing())
    )


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_image_in_mnist_form_gives_the_same_result_alone_and_in_a_batch(name):
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 4:24, 12:15] = images[1, 6:20, 8:11] = images[1, 17:20, 8:18] = 255
    preprocessor = PREPROCESSORS[name]
    one_by_one = np.stack([preprocessor.from_image(as_rgba(image)) for image in images])
    np.testing.assert_array_equal(one_by_one, preprocessor.from_mnist(images))


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_one_candidate_is_the_result_for_the_image_and_mostly_the_first(name):
    preprocessor = PREPROCESSORS[name]
    is_first = []
    for image in golden_images.images():
        inked = extract_ink(image)
        for candidates, result in (
            (preprocessor.candidates(image), preprocessor.from_image(image)),
            (preprocessor.candidates_from_ink(inked), preprocessor.from_ink(inked)),
        ):
            assert candidates.shape == (len(candidates), 28, 28)
            assert 1 <= len(candidates) <= 3
            if result.any():
                is_equal = (candidates == result).all(axis=(1, 2))
                assert is_equal.any()
                is_first.append(is_equal[0])
    assert np.mean(is_first) > 0.95
