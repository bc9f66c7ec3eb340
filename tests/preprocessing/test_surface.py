"""Faint ink is extracted from small, dim, noisy photos in uneven light."""

import cv2
import numpy as np
import pytest
from sample_images import as_rgba, difference, drawing, rough_difference, under_light, with_noise

from inkdigits.preprocessing import ink
from inkdigits.preprocessing.surface import extract_faint_ink


def photo(side=32, contrast=0.3, noise=4, falloff=0.2, brightness=115, seed=0):
    """A digit on paper, its strokes up to `contrast` darker, in uneven light and with noise."""
    clean = 1 - drawing(320, 320, top=80, left=110, size=170, pen=22)[..., 0] / 255
    covered = cv2.resize(
        cv2.GaussianBlur(clean, None, 5), (side, side), interpolation=cv2.INTER_AREA
    )
    rows, columns = np.mgrid[:side, :side] / side
    light = 1 - falloff * (rows**2 + columns) / 2
    image = brightness * light * (1 - contrast * covered)
    image += np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


USUAL = ink.from_image(drawing(320, 320, top=80, left=110, size=170, pen=22))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("side", [28, 32, 64])
def test_faint_ink_in_a_small_dim_photo_is_found(side, seed):
    """The likeliest candidate shows the digit; the maxima and minima of the noise are not ink."""
    likeliest = ink.candidates(as_rgba(photo(side, seed=seed)))[0]
    assert rough_difference(likeliest, USUAL) < 0.08


@pytest.mark.parametrize("contrast", [0.1, 0.15])
def test_paler_ink_than_otherwise_counts_is_found(contrast):
    """Less than `MIN_CONTRAST` of 255 darker than the paper, in a large photo."""
    rgba = as_rgba(photo(320, contrast, noise=1, falloff=0.02))
    assert rough_difference(ink.candidates(rgba)[-1], USUAL) < 0.02


@pytest.mark.parametrize("polarity", [1, -1])
def test_light_ink_is_found_as_dark_ink_is(polarity):
    image = photo(64, noise=2).astype(int)
    extracted = extract_faint_ink([np.where(polarity > 0, image, 255 - image).astype(np.uint8)])
    assert rough_difference(ink.from_ink(extracted), USUAL) < 0.05


def test_large_photo_is_downscaled():
    rgba = under_light(drawing(900, 1200, top=200, left=300, size=500, pen=50), 0.5)
    extracted = extract_faint_ink([rgba[..., 0]])
    assert extracted.shape == (384, 512)
    plain = drawing(900, 1200, top=200, left=300, size=500, pen=50)
    assert difference(ink.from_ink(extracted), ink.from_image(plain)) < 0.1


def test_noise_in_each_color_is_averaged():
    rng = np.random.default_rng(0)
    image = photo(32, noise=0).astype(float)
    channels = [np.rint(image + rng.normal(0, 7, image.shape)).astype(np.uint8) for _ in range(3)]
    assert extract_faint_ink(channels[:1]) is None
    assert rough_difference(ink.from_ink(extract_faint_ink(channels)), USUAL) < 0.05


@pytest.mark.parametrize("noise", [0, 1, 6, 40])
@pytest.mark.parametrize("side", [2, 28, 100])
def test_paper_without_ink_has_no_ink(noise, side):
    assert extract_faint_ink([photo(side, contrast=0, noise=noise)]) is None


@pytest.mark.parametrize(("noise", "found"), [(8, True), (20, False)])
def test_stronger_noise_than_a_cameras_is_not_paper(noise, found):
    image = photo(100, contrast=0.95, noise=noise, brightness=240)
    assert (extract_faint_ink([image]) is not None) == found


def test_noisy_paper_in_uneven_light_has_one_candidate():
    rgba = with_noise(under_light(np.full((90, 120, 4), 200, np.uint8), 0.3), 3)
    assert len(ink.candidates(rgba)) == 1
