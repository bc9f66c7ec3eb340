"""Each corruption does what its docstring says, and leaves a digit that can be read."""

import corruptions
import numpy as np
import pytest
from scipy import ndimage

CORRUPTIONS = corruptions.CORRUPTIONS
BY_CHANCE = set(CORRUPTIONS) - {"scale", "brightness", "stripe", "Canny edges"}
GEOMETRIC = {"shear", "scale", "rotate", "translate"}

# The least mean correlation of 300 digits with the clean ones; measured, and a little taken off.
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


def spoiled(name, pictures, seed=0):
    return CORRUPTIONS[name].function(pictures, np.random.default_rng(seed))


def flat(gray, count=1):
    """Pictures of one gray."""
    return np.full((count, 28, 28), gray, np.uint8)


def bars(height, width, count=1):
    """Pictures of one white bar in the middle."""
    pictures = flat(0, count)
    top, left = 14 - height // 2, 14 - width // 2
    pictures[:, top : top + height, left : left + width] = 255
    return pictures


def center(picture):
    """Row and column of the center of mass."""
    return (np.indices((28, 28)) * picture).sum(axis=(1, 2)) / picture.sum(dtype=float)


def covariance(picture):
    """Second moments of the ink about its center, rows first."""
    off = np.indices((28, 28)) - center(picture)[:, None, None]
    return np.einsum("irc,jrc,rc->ij", off, off, picture) / picture.sum(dtype=float)


def axis_degrees(picture):
    """The angle of the principal axis, from the column's direction, -90 to 90."""
    _, axes = np.linalg.eigh(covariance(picture))
    down, right = axes[:, -1] * np.sign(axes[0, -1])
    return np.degrees(np.arctan2(right, down))


def side(picture, axis):
    """Length of the bounding box of what is over half of full ink."""
    return np.ptp(np.flatnonzero((picture > 127).any(axis=axis))) + 1


@pytest.fixture(scope="module")
def pictures(digits):
    return digits.images[:300]


def test_fifteen_kinds_and_augmentation_covers_six():
    assert len(CORRUPTIONS) == 15
    covered = {name for name, corruption in CORRUPTIONS.items() if corruption.covered}
    assert covered == GEOMETRIC | {"shot noise", "impulse noise"}


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEachCorruption:
    def test_gives_pictures_of_the_same_shape_all_of_them_spoiled(self, name, pictures):
        result = spoiled(name, pictures)
        assert result.dtype == np.uint8
        assert result.shape == pictures.shape
        assert (result != pictures).any(axis=(1, 2)).all()

    def test_leaves_its_input_alone(self, name, pictures):
        before = pictures.copy()
        result = spoiled(name, before)
        np.testing.assert_array_equal(before, pictures)
        assert not np.shares_memory(result, before)

    def test_is_decided_by_the_seed(self, name, pictures):
        result = spoiled(name, pictures)
        np.testing.assert_array_equal(result, spoiled(name, pictures))
        assert (result != spoiled(name, pictures, seed=1)).any() == (name in BY_CHANCE)

    def test_draws_chances_for_each_picture(self, name, pictures):
        copies = np.repeat(pictures[:1], 30, axis=0)
        result = spoiled(name, copies)
        assert (result != result[0]).any() == (name in BY_CHANCE)

    def test_takes_an_empty_batch_and_a_single_picture(self, name, pictures):
        for count in (0, 1):
            assert spoiled(name, pictures[:count]).shape == (count, 28, 28)

    def test_keeps_pictures_apart(self, name, pictures):
        """What becomes of a blank picture is the same whether there is a digit beside it or not."""
        beside_digits = pictures[:3].copy()
        beside_digits[1] = 0
        np.testing.assert_array_equal(
            spoiled(name, beside_digits)[1], spoiled(name, np.zeros_like(beside_digits))[1]
        )


@pytest.mark.parametrize(("name", "least"), LEGIBLE.items())
def test_the_digit_stays_legible(name, least, pictures):
    result = spoiled(name, pictures)
    correlations = [
        np.corrcoef(one.ravel(), other.ravel())[0, 1]
        for one, other in zip(pictures, result, strict=True)
    ]
    assert least < np.mean(correlations) < 0.99


@pytest.mark.parametrize("name", ["dotted line", "zigzag", "brightness"])
def test_what_only_adds_light_darkens_nothing(name, pictures):
    assert (spoiled(name, pictures) >= pictures).all()
    assert (spoiled(name, flat(255)) == 255).all()


@pytest.mark.parametrize("name", ["glass blur", "motion blur", *sorted(GEOMETRIC)])
def test_ink_is_moved_and_none_is_made(name):
    before = bars(12, 4, count=50)
    result = spoiled(name, before)
    share = result.sum(axis=(1, 2), dtype=float) / before[0].sum(dtype=float)
    wanted = 0.7**2 if name == "scale" else 1
    np.testing.assert_allclose(share, wanted, atol=0.04)
    assert not spoiled(name, flat(0)).any()


def test_shot_noise_is_poissons():
    gray = spoiled("shot noise", flat(85, 100)) / 255  # a third of full ink: one photon on average
    levels = np.rint(gray * 3)
    np.testing.assert_allclose(gray, levels / 3, atol=1e-9)
    shares = [(levels == count).mean() for count in range(4)]
    poisson = np.exp(-1) * np.array([1, 1, 1 / 2])
    np.testing.assert_allclose(shares, [*poisson, 1 - poisson.sum()], atol=0.01)
    assert not spoiled("shot noise", flat(0)).any()


def test_impulse_noise_is_black_and_white_in_equal_shares():
    result = spoiled("impulse noise", flat(100, 100))
    assert set(np.unique(result)) == {0, 100, 255}
    np.testing.assert_allclose([(result == 0).mean(), (result == 255).mean()], 0.085, atol=0.005)


def test_glass_blur_is_rougher_than_its_blurs_alone(pictures):
    """Neighbors that were swapped differ more than a smooth picture's."""
    smooth = corruptions._blurred(pictures / 255, np.hypot(0.7, 0.7))
    rough = spoiled("glass blur", pictures) / 255
    for axis in (1, 2):
        turns = [np.abs(np.diff(ink, n=2, axis=axis)).sum() for ink in (smooth, rough)]
        assert turns[1] > 1.5 * turns[0]


def test_glass_blur_moves_ink_by_a_few_pixels_alone():
    dot = bars(2, 2, count=200)
    mean = spoiled("glass blur", dot).mean(axis=0)
    assert np.all(np.abs(center(mean) - center(dot[0])) < 2)
    spread_px = np.sqrt(np.diag(covariance(mean)))
    assert np.all((spread_px > 1) & (spread_px < 3))


def test_motion_blur_drags_to_one_side_of_up_to_45_degrees():
    dot = bars(2, 2, count=300)
    drags = np.array([center(result) for result in spoiled("motion blur", dot)]) - center(dot[0])
    weights = np.exp(-((np.arange(11) / 3) ** 2) / 2)
    mean_px = weights @ np.arange(11) / weights.sum()
    np.testing.assert_allclose(np.hypot(*drags.T), mean_px, atol=0.2)
    degrees = np.degrees(np.arctan2(drags[:, 0], drags[:, 1]))
    assert -47 < degrees.min() < -40
    assert 40 < degrees.max() < 47


def test_shear_moves_rows_by_their_height():
    before = bars(16, 4, count=40)
    slopes = [
        moments[0, 1] / moments[0, 0] for moments in map(covariance, spoiled("shear", before))
    ]
    np.testing.assert_allclose(np.abs(slopes), 0.4, atol=0.02)
    assert {-1, 1} == set(np.sign(slopes))
    for result in spoiled("shear", before):
        np.testing.assert_allclose(center(result), center(before[0]), atol=0.1)
        assert side(result, axis=1) == 16


def test_scale_shrinks_the_bounding_box():
    before = bars(20, 10)
    (result,) = spoiled("scale", before)
    assert side(result, axis=1) == pytest.approx(0.7 * 20, abs=1)
    assert side(result, axis=0) == pytest.approx(0.7 * 10, abs=1)
    np.testing.assert_allclose(center(result), center(before[0]), atol=0.1)


def test_rotate_turns_the_principal_axis():
    before = bars(18, 3, count=40)
    degrees = np.array([axis_degrees(result) for result in spoiled("rotate", before)])
    np.testing.assert_allclose(np.abs(degrees), np.degrees(0.4), atol=1)
    assert {-1, 1} == set(np.sign(degrees))


def test_rotate_keeps_the_shape():
    """A shear would tilt the axis too, and change the moments."""
    before = bars(18, 3)
    spreads = [
        np.linalg.eigvalsh(covariance(one[0])) for one in (before, spoiled("rotate", before))
    ]
    np.testing.assert_allclose(spreads[1], spreads[0], atol=0.5)


def test_translate_moves_by_3_px_both_ways(pictures):
    before = bars(8, 6, count=60)
    shifts = {
        tuple(np.rint(2 * (center(result) - center(before[0]))) / 2)
        for result in spoiled("translate", before)
    }
    assert shifts == {(-3, -3), (-3, 3), (3, -3), (3, 3)}


def test_brightness_adds_half_of_full_ink(pictures):
    np.testing.assert_allclose(
        spoiled("brightness", pictures), np.minimum(pictures + 127.5, 255), atol=0.5
    )


def test_stripe_inverts_both_sides_and_leaves_the_middle(pictures):
    result = spoiled("stripe", pictures)
    inverted = (result == 255 - pictures).all(axis=(0, 1))
    assert np.flatnonzero(inverted).tolist() == [*range(7), *range(21, 28)]
    np.testing.assert_array_equal(result[..., 7:21], pictures[..., 7:21])
    np.testing.assert_array_equal(spoiled("stripe", result), pictures)


def test_fog_lies_over_everything_from_none_to_its_thickest():
    clouds = spoiled("fog", flat(0, 100)).astype(int)
    assert (clouds.min(axis=(1, 2)) == 0).all()
    assert (clouds.max(axis=(1, 2)) == round(255 * 2.5 / 3.5)).all()
    brighter = spoiled("fog", flat(255, 100)) - clouds
    np.testing.assert_allclose(brighter, 255 / 3.5, atol=1)


def test_fog_is_cloudy_rather_than_noisy():
    clouds = spoiled("fog", flat(0, 200)).astype(float)
    deviation = clouds.std(axis=(1, 2))
    assert 20 < deviation.mean() < 80
    step = np.abs(np.diff(clouds, axis=2)).mean()
    far = np.abs(clouds[..., 8:] - clouds[..., :-8]).mean()
    assert far > 1.3 * step


def test_fog_is_nowhere_thicker_than_elsewhere():
    mean = spoiled("fog", flat(0, 2000)).mean(axis=0)
    assert np.ptp(mean) < 0.35 * mean.mean()


def test_spatter_is_dark_gray_mud_on_a_part_of_the_picture():
    on_black, on_white = (spoiled("spatter", flat(gray, 200)).astype(int) for gray in (0, 255))
    clear = on_black == 0
    assert 0.03 < 1 - clear.mean() < 0.4
    np.testing.assert_array_equal(clear, on_white == 255)
    assert round(0.8 * 63) <= on_black[~clear].min() < on_black.max() <= 63
    # What mud lets through and what it adds are both its opacity's.
    opacity = on_black[~clear] / 63
    np.testing.assert_allclose(on_white[~clear], 255 - opacity * (255 - 63), atol=2.5)


@pytest.mark.parametrize("name", ["dotted line", "zigzag"])
def test_a_line_crosses_the_middle_in_every_direction(name):
    lines = spoiled(name, flat(0, 400))
    to_edges = (
        lines[:, [0, -1]].any(axis=2).all(axis=1),
        lines[..., [0, -1]].any(axis=1).all(axis=1),
    )
    assert 0.25 < to_edges[0].mean() < 0.75
    assert 0.25 < to_edges[1].mean() < 0.75
    assert (lines[:, 4:-4, 4:-4].max(axis=(1, 2)) > 130).all()


def test_dots_lie_on_one_straight_line():
    for line in spoiled("dotted line", flat(0, 50)):
        across = np.linalg.eigvalsh(covariance(line))[0]
        assert across < 0.75**2


def test_dots_are_apart():
    for line in spoiled("dotted line", flat(0, 50)):
        _, dots = ndimage.label(line > 100, np.ones((3, 3)))
        assert 5 <= dots <= 14  # on lines of 18 to 40 px


def test_a_zigzag_goes_as_far_to_one_side_as_to_the_other():
    _, across = corruptions._line(50, np.random.default_rng(0))
    drawn = spoiled("zigzag", flat(0, 50)) > 127
    slope = 2.5 / (7 / 4)
    tip_px = 2.5 + 0.75 * np.hypot(1, slope)  # the corner of a stroke reaches beyond its middle
    assert across[drawn].min() == pytest.approx(-tip_px, abs=0.3)
    assert across[drawn].max() == pytest.approx(tip_px, abs=0.3)


def test_a_zigzag_is_one_stroke():
    for line in spoiled("zigzag", flat(0, 50)):
        _, strokes = ndimage.label(line > 60, np.ones((3, 3)))
        assert strokes <= 3  # where a turn lies beyond the border it is cut off
        across_px = np.sqrt(np.linalg.eigvalsh(covariance(line))[0])
        assert across_px == pytest.approx(2.5 / np.sqrt(3), abs=0.5)


def test_canny_leaves_the_outline_of_a_bar():
    (edges,) = spoiled("Canny edges", bars(16, 8))
    assert set(np.unique(edges)) == {0, 255}
    rows, columns = np.nonzero(edges)
    # Ink is in rows 6 to 21 and columns 10 to 17; an edge lies between two pixels.
    assert {rows.min(), rows.max()} <= {5, 6, 21, 22}
    assert {columns.min(), columns.max()} <= {9, 10, 17, 18}
    assert not edges[9:19, 12:16].any()
    np.testing.assert_array_equal((edges[9:19] > 0).sum(axis=1), 2)  # one pixel wide on each side
    np.testing.assert_array_equal((edges[:, 12:16] > 0).sum(axis=0), 2)


def test_canny_draws_the_outline_of_digits_whole_and_nothing_else(pictures):
    edges = spoiled("Canny edges", pictures) > 0
    on_outline, outline_drawn = [], []
    for ink, edge in zip(pictures > 127, edges, strict=True):
        outline = ndimage.binary_dilation(ink) & ~ndimage.binary_erosion(ink)
        on_outline.append((ndimage.distance_transform_edt(~outline) <= 1)[edge])
        outline_drawn.append((ndimage.distance_transform_edt(~edge) <= 2)[outline])
    assert np.concatenate(on_outline).mean() > 0.99
    assert np.concatenate(outline_drawn).mean() > 0.99


def test_canny_finds_the_direction_of_an_edge():
    """An edge that leans either way is as thin as a flight of stairs can be."""
    rows, columns = np.mgrid[:28, :28]
    cases = [(columns > 14, 1), (rows > 14, 1), (columns > rows, 2), (columns + rows > 27, 2)]
    for half, most in cases:
        (edges,) = spoiled("Canny edges", np.where(half, 255, 0).astype(np.uint8)[None])
        inner = edges[4:-4, 4:-4] > 0
        thickness = min(inner.sum(axis=0).max(), inner.sum(axis=1).max())
        assert thickness == most
        assert inner.any(axis=0).all() or inner.any(axis=1).all()


def test_canny_follows_a_weak_edge_from_a_strong_one_alone():
    weak = flat(0, 2)
    weak[:, 14:] = 15  # a gradient between the two thresholds
    weak[1, 14:] = np.maximum(15, 50 - 2 * np.arange(28))
    alone, joined = spoiled("Canny edges", weak)
    assert not alone.any()
    assert joined[12:16].any(axis=0).all()


def test_canny_follows_no_edge_that_is_fainter_still():
    fading = flat(0)
    fading[:, 14:] = np.maximum(5, 50 - 2 * np.arange(28))
    (edges,) = spoiled("Canny edges", fading)
    assert edges[12:16, :18].any(axis=0).all()
    assert not edges[:, 24:].any()
