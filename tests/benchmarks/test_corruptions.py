"""Each corruption does what its docstring says and leaves the digit legible."""

import corruptions
import numpy as np
import pytest
from scipy import ndimage

CORRUPTIONS = corruptions.CORRUPTIONS
RANDOM = set(CORRUPTIONS) - {"scale", "brightness", "stripe", "Canny edges"}
GEOMETRIC = {"shear", "scale", "rotate", "translate"}

# Measured lower bounds on the mean correlation of 300 corrupted digits with the originals.
LEGIBLE = {
    "shot noise": 0.85,
    "impulse noise": 0.6,
    "glass blur": 0.7,
    "motion blur": 0.7,
    "brightness": 0.95,
    "fog": 0.48,
    "spatter": 0.9,
    "dotted line": 0.9,
    "zigzag": 0.7,
}


def corrupt(name, images, seed=0):
    return CORRUPTIONS[name].function(images, np.random.default_rng(seed))


def flat(gray, count=1):
    """Images of a single gray level."""
    return np.full((count, 28, 28), gray, np.uint8)


def bars(height, width, count=1):
    """Images of a white bar in the center."""
    images = flat(0, count)
    top, left = 14 - height // 2, 14 - width // 2
    images[:, top : top + height, left : left + width] = 255
    return images


def center(image):
    """Row and column of the center of mass."""
    return (np.indices((28, 28)) * image).sum(axis=(1, 2)) / image.sum(dtype=float)


def covariance(image):
    """Second moments of the ink about its center, rows first."""
    off = np.indices((28, 28)) - center(image)[:, None, None]
    return np.einsum("irc,jrc,rc->ij", off, off, image) / image.sum(dtype=float)


def axis_degrees(image):
    """The angle of the principal axis from the direction of the columns, -90 to 90."""
    _, axes = np.linalg.eigh(covariance(image))
    down, right = axes[:, -1] * np.sign(axes[0, -1])
    return np.degrees(np.arctan2(right, down))


def side(image, axis):
    """Length of the bounding box of the pixels above half of full ink."""
    return np.ptp(np.flatnonzero((image > 127).any(axis=axis))) + 1


@pytest.fixture(scope="module")
def images(digits):
    return digits.images[:300]


def test_augmentation_covers_six_of_fifteen_corruptions():
    assert len(CORRUPTIONS) == 15
    covered = {name for name, corruption in CORRUPTIONS.items() if corruption.covered}
    assert covered == GEOMETRIC | {"shot noise", "impulse noise"}


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEachCorruption:
    def test_changes_every_image_and_keeps_the_shape(self, name, images):
        result = corrupt(name, images)
        assert result.dtype == np.uint8
        assert result.shape == images.shape
        assert (result != images).any(axis=(1, 2)).all()

    def test_does_not_modify_its_input(self, name, images):
        before = images.copy()
        result = corrupt(name, before)
        np.testing.assert_array_equal(before, images)
        assert not np.shares_memory(result, before)

    def test_is_determined_by_the_seed(self, name, images):
        result = corrupt(name, images)
        np.testing.assert_array_equal(result, corrupt(name, images))
        assert (result != corrupt(name, images, seed=1)).any() == (name in RANDOM)

    def test_draws_independently_for_each_image(self, name, images):
        copies = np.repeat(images[:1], 30, axis=0)
        result = corrupt(name, copies)
        assert (result != result[0]).any() == (name in RANDOM)

    def test_accepts_an_empty_batch_and_a_single_image(self, name, images):
        for count in (0, 1):
            assert corrupt(name, images[:count]).shape == (count, 28, 28)

    def test_images_do_not_affect_each_other(self, name, images):
        """A blank image is corrupted in the same way whether or not the batch contains digits."""
        beside_digits = images[:3].copy()
        beside_digits[1] = 0
        np.testing.assert_array_equal(
            corrupt(name, beside_digits)[1], corrupt(name, np.zeros_like(beside_digits))[1]
        )


@pytest.mark.parametrize(("name", "least"), LEGIBLE.items())
def test_digit_stays_legible(name, least, images):
    result = corrupt(name, images)
    correlations = [
        np.corrcoef(one.ravel(), other.ravel())[0, 1]
        for one, other in zip(images, result, strict=True)
    ]
    assert least < np.mean(correlations) < 0.99


@pytest.mark.parametrize("name", ["dotted line", "zigzag", "brightness"])
def test_corruption_that_adds_light_darkens_nothing(name, images):
    assert (corrupt(name, images) >= images).all()
    assert (corrupt(name, flat(255)) == 255).all()


@pytest.mark.parametrize("name", ["glass blur", "motion blur", *sorted(GEOMETRIC)])
def test_ink_is_moved_but_not_created(name):
    before = bars(12, 4, count=50)
    result = corrupt(name, before)
    share = result.sum(axis=(1, 2), dtype=float) / before[0].sum(dtype=float)
    wanted = 0.7**2 if name == "scale" else 1
    np.testing.assert_allclose(share, wanted, atol=0.04)
    assert not corrupt(name, flat(0)).any()


def test_shot_noise_follows_a_poisson_distribution():
    gray = corrupt("shot noise", flat(85, 100)) / 255  # a third of full ink: one photon on average
    levels = np.rint(gray * 3)
    np.testing.assert_allclose(gray, levels / 3, atol=1e-9)
    shares = [(levels == count).mean() for count in range(4)]
    poisson = np.exp(-1) * np.array([1, 1, 1 / 2])
    np.testing.assert_allclose(shares, [*poisson, 1 - poisson.sum()], atol=0.01)
    assert not corrupt("shot noise", flat(0)).any()


def test_impulse_noise_is_black_and_white_in_equal_shares():
    result = corrupt("impulse noise", flat(100, 100))
    assert set(np.unique(result)) == {0, 100, 255}
    np.testing.assert_allclose([(result == 0).mean(), (result == 255).mean()], 0.085, atol=0.005)


def test_glass_blur_is_rougher_than_a_gaussian_blur(images):
    """Swapped neighbors differ more than those in a smooth image."""
    smooth = corruptions._blurred(images / 255, np.hypot(0.7, 0.7))
    rough = corrupt("glass blur", images) / 255
    for axis in (1, 2):
        turns = [np.abs(np.diff(ink, n=2, axis=axis)).sum() for ink in (smooth, rough)]
        assert turns[1] > 1.5 * turns[0]


def test_glass_blur_moves_ink_by_a_few_pixels_only():
    dot = bars(2, 2, count=200)
    mean = corrupt("glass blur", dot).mean(axis=0)
    assert np.all(np.abs(center(mean) - center(dot[0])) < 2)
    spread_px = np.sqrt(np.diag(covariance(mean)))
    assert np.all((spread_px > 1) & (spread_px < 3))


def test_motion_blur_smears_to_one_side_within_45_degrees():
    dot = bars(2, 2, count=300)
    shifts = np.array([center(result) for result in corrupt("motion blur", dot)]) - center(dot[0])
    weights = np.exp(-((np.arange(11) / 3) ** 2) / 2)
    mean_px = weights @ np.arange(11) / weights.sum()
    np.testing.assert_allclose(np.hypot(*shifts.T), mean_px, atol=0.2)
    degrees = np.degrees(np.arctan2(shifts[:, 0], shifts[:, 1]))
    assert -47 < degrees.min() < -40
    assert 40 < degrees.max() < 47


def test_shear_moves_rows_by_their_height():
    before = bars(16, 4, count=40)
    slopes = [
        moments[0, 1] / moments[0, 0] for moments in map(covariance, corrupt("shear", before))
    ]
    np.testing.assert_allclose(np.abs(slopes), 0.4, atol=0.02)
    assert {-1, 1} == set(np.sign(slopes))
    for result in corrupt("shear", before):
        np.testing.assert_allclose(center(result), center(before[0]), atol=0.1)
        assert side(result, axis=1) == 16


def test_scale_shrinks_the_bounding_box():
    before = bars(20, 10)
    (result,) = corrupt("scale", before)
    assert side(result, axis=1) == pytest.approx(0.7 * 20, abs=1)
    assert side(result, axis=0) == pytest.approx(0.7 * 10, abs=1)
    np.testing.assert_allclose(center(result), center(before[0]), atol=0.1)


def test_rotate_turns_the_principal_axis():
    before = bars(18, 3, count=40)
    degrees = np.array([axis_degrees(result) for result in corrupt("rotate", before)])
    np.testing.assert_allclose(np.abs(degrees), np.degrees(0.4), atol=1)
    assert {-1, 1} == set(np.sign(degrees))


def test_rotate_keeps_the_shape():
    """A shear would tilt the axis too, and change the moments."""
    before = bars(18, 3)
    spreads = [
        np.linalg.eigvalsh(covariance(one[0])) for one in (before, corrupt("rotate", before))
    ]
    np.testing.assert_allclose(spreads[1], spreads[0], atol=0.5)


def test_translate_shifts_by_3_px_in_both_directions(images):
    before = bars(8, 6, count=60)
    shifts = {
        tuple(np.rint(2 * (center(result) - center(before[0]))) / 2)
        for result in corrupt("translate", before)
    }
    assert shifts == {(-3, -3), (-3, 3), (3, -3), (3, 3)}


def test_brightness_adds_half_of_full_ink(images):
    np.testing.assert_allclose(
        corrupt("brightness", images), np.minimum(images + 127.5, 255), atol=0.5
    )


def test_stripe_inverts_both_sides_only(images):
    result = corrupt("stripe", images)
    inverted = (result == 255 - images).all(axis=(0, 1))
    assert np.flatnonzero(inverted).tolist() == [*range(7), *range(21, 28)]
    np.testing.assert_array_equal(result[..., 7:21], images[..., 7:21])
    np.testing.assert_array_equal(corrupt("stripe", result), images)


def test_fog_ranges_from_none_to_its_maximum():
    clouds = corrupt("fog", flat(0, 100)).astype(int)
    assert (clouds.min(axis=(1, 2)) == 0).all()
    assert (clouds.max(axis=(1, 2)) == round(255 * 2.5 / 3.5)).all()
    brighter = corrupt("fog", flat(255, 100)) - clouds
    np.testing.assert_allclose(brighter, 255 / 3.5, atol=1)


def test_fog_is_cloudy_rather_than_noisy():
    clouds = corrupt("fog", flat(0, 200)).astype(float)
    deviation = clouds.std(axis=(1, 2))
    assert 20 < deviation.mean() < 80
    step = np.abs(np.diff(clouds, axis=2)).mean()
    far = np.abs(clouds[..., 8:] - clouds[..., :-8]).mean()
    assert far > 1.3 * step


def test_fog_is_evenly_distributed():
    mean = corrupt("fog", flat(0, 2000)).mean(axis=0)
    assert np.ptp(mean) < 0.35 * mean.mean()


def test_spatter_is_dark_gray_mud_on_part_of_the_image():
    on_black, on_white = (corrupt("spatter", flat(gray, 200)).astype(int) for gray in (0, 255))
    clear = on_black == 0
    assert 0.03 < 1 - clear.mean() < 0.4
    np.testing.assert_array_equal(clear, on_white == 255)
    assert round(0.8 * 63) <= on_black[~clear].min() < on_black.max() <= 63
    # The same opacity determines what mud hides and what it adds.
    opacity = on_black[~clear] / 63
    np.testing.assert_allclose(on_white[~clear], 255 - opacity * (255 - 63), atol=2.5)


@pytest.mark.parametrize("name", ["dotted line", "zigzag"])
def test_lines_cross_the_center_in_every_direction(name):
    lines = corrupt(name, flat(0, 400))
    to_edges = (
        lines[:, [0, -1]].any(axis=2).all(axis=1),
        lines[..., [0, -1]].any(axis=1).all(axis=1),
    )
    assert 0.25 < to_edges[0].mean() < 0.75
    assert 0.25 < to_edges[1].mean() < 0.75
    assert (lines[:, 4:-4, 4:-4].max(axis=(1, 2)) > 130).all()


def test_dots_are_on_a_straight_line():
    for line in corrupt("dotted line", flat(0, 50)):
        across = np.linalg.eigvalsh(covariance(line))[0]
        assert across < 0.75**2


def test_dots_are_separate():
    for line in corrupt("dotted line", flat(0, 50)):
        _, dots = ndimage.label(line > 100, np.ones((3, 3)))
        assert 5 <= dots <= 14  # on lines of 18 to 40 px


def test_zigzag_is_symmetric_about_its_line():
    _, across = corruptions._line(50, np.random.default_rng(0))
    drawn = corrupt("zigzag", flat(0, 50)) > 127
    slope = 2.5 / (7 / 4)
    # The corner of a stroke extends beyond its center line.
    tip_px = 2.5 + 0.75 * np.hypot(1, slope)
    assert across[drawn].min() == pytest.approx(-tip_px, abs=0.3)
    assert across[drawn].max() == pytest.approx(tip_px, abs=0.3)


def test_zigzag_is_one_stroke():
    for line in corrupt("zigzag", flat(0, 50)):
        _, strokes = ndimage.label(line > 60, np.ones((3, 3)))
        assert strokes <= 3  # turns beyond the border are cut off
        across_px = np.sqrt(np.linalg.eigvalsh(covariance(line))[0])
        assert across_px == pytest.approx(2.5 / np.sqrt(3), abs=0.5)


def test_canny_edges_are_the_outline_of_a_bar():
    (edges,) = corrupt("Canny edges", bars(16, 8))
    assert set(np.unique(edges)) == {0, 255}
    rows, columns = np.nonzero(edges)
    # Ink is in rows 6 to 21 and columns 10 to 17; an edge is between two pixels.
    assert {rows.min(), rows.max()} <= {5, 6, 21, 22}
    assert {columns.min(), columns.max()} <= {9, 10, 17, 18}
    assert not edges[9:19, 12:16].any()
    np.testing.assert_array_equal((edges[9:19] > 0).sum(axis=1), 2)  # one pixel wide on each side
    np.testing.assert_array_equal((edges[:, 12:16] > 0).sum(axis=0), 2)


def test_canny_edges_are_the_complete_outline_of_digits(images):
    edges = corrupt("Canny edges", images) > 0
    on_outline, outline_drawn = [], []
    for ink, edge in zip(images > 127, edges, strict=True):
        outline = ndimage.binary_dilation(ink) & ~ndimage.binary_erosion(ink)
        on_outline.append((ndimage.distance_transform_edt(~outline) <= 1)[edge])
        outline_drawn.append((ndimage.distance_transform_edt(~edge) <= 2)[outline])
    assert np.concatenate(on_outline).mean() > 0.99
    assert np.concatenate(outline_drawn).mean() > 0.99


def test_canny_edges_are_thin_in_every_direction():
    """A diagonal edge is at most two pixels thick, like a staircase."""
    rows, columns = np.mgrid[:28, :28]
    cases = [(columns > 14, 1), (rows > 14, 1), (columns > rows, 2), (columns + rows > 27, 2)]
    for half, most in cases:
        (edges,) = corrupt("Canny edges", np.where(half, 255, 0).astype(np.uint8)[None])
        inner = edges[4:-4, 4:-4] > 0
        thickness = min(inner.sum(axis=0).max(), inner.sum(axis=1).max())
        assert thickness == most
        assert inner.any(axis=0).all() or inner.any(axis=1).all()


def test_canny_keeps_weak_edges_only_beside_strong_ones():
    weak = flat(0, 2)
    weak[:, 14:] = 15  # a gradient between the two thresholds
    weak[1, 14:] = np.maximum(15, 50 - 2 * np.arange(28))
    alone, joined = corrupt("Canny edges", weak)
    assert not alone.any()
    assert joined[12:16].any(axis=0).all()


def test_canny_drops_edges_below_the_lower_threshold():
    fading = flat(0)
    fading[:, 14:] = np.maximum(5, 50 - 2 * np.arange(28))
    (edges,) = corrupt("Canny edges", fading)
    assert edges[12:16, :18].any(axis=0).all()
    assert not edges[:, 24:].any()
