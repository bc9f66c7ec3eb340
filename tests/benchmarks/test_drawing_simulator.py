"""The simulator traces strokes and draws them under the given conditions."""

from dataclasses import replace
from io import BytesIO

import drawing_simulator as simulator
import numpy as np
import pytest
from drawing_conditions import CANVASES, Conditions, draw_conditions
from drawing_simulator import draw, drawings
from PIL import Image
from scipy import ndimage
from tracing import trace

from inkdigits.imaging.decode import decode

BASE = Conditions(
    canvas=(150, 100, 1),
    place="on the canvas",
    size_px=60,
    pen_px=8,
    antialiased=False,
    polarity="dark on light",
    color="black and white",
    file="PNG",
)
UPRIGHT = [np.array([[0.0, 0.0], [1.0, 0.0]])]
SQUARE = [np.array([[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]], float)]
LUMINANCE = [0.299, 0.587, 0.114]


def drawn(strokes=UPRIGHT, seed=0, **changes):
    """Draw strokes under BASE with changes and decode the file, uint8 (H, W, 4)."""
    return decode(draw(strokes, replace(BASE, **changes), np.random.default_rng(seed)))


def brightness(rgba):
    return rgba[..., :3] @ np.array(LUMINANCE)


def inked(rgba):
    """Which pixels of a black-on-white drawing are more than half ink, bool (H, W)."""
    return brightness(rgba) < 128


def sides(mask):
    """Height and width of the bounding box."""
    return [int(np.ptp(np.flatnonzero(mask.any(axis=axis)))) + 1 for axis in (1, 0)]


# Conditions


@pytest.mark.parametrize("canvas", CANVASES)
def test_file_has_the_size_of_the_canvas(canvas):
    width, height, scale = canvas
    size_px = 16 if min(width, height) < 100 else 60
    rgba = drawn(canvas=canvas, size_px=size_px, pen_px=2)
    assert rgba.shape == (height * scale, width * scale, 4)
    blocks = rgba.reshape(height, scale, width, scale, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()
    mask = inked(rgba)
    assert mask.any()
    assert not mask.all()


def test_polarity_determines_whether_ink_is_lighter_than_the_background():
    for color in ("black and white", "gray", "colored"):
        for seed in range(20):
            changes = {"color": color, "seed": seed}
            for polarity, sign in (("dark on light", -1), ("light on dark", 1)):
                gray = brightness(drawn(polarity=polarity, **changes))
                background = np.median(gray)
                ink_gray = gray[np.abs(gray - background) > 1]
                # Red, green and blue are rounded by up to 0.5.
                assert (sign * (ink_gray - background) >= 80 - 0.5).all()


def test_color_condition_determines_the_colors():
    for seed in range(20):
        assert set(np.unique(drawn(seed=seed)[..., :3])) == {0, 255}
        gray = drawn(seed=seed, color="gray")[..., :3]
        assert (gray == gray[..., :1]).all()
    colored = [drawn(seed=seed, color="colored")[..., :3] for seed in range(5)]
    assert any((image != image[..., :1]).any() for image in colored)


def test_transparent_background_has_only_ink():
    rgba = drawn(file="PNG, transparent", antialiased=True, color="colored")
    opaque = rgba[..., 3] > 0
    assert 0 < opaque.mean() < 0.5
    assert len(np.unique(rgba[opaque][:, :3], axis=0)) == 1
    assert len(np.unique(rgba[..., 3])) > 2
    assert (drawn(file="PNG")[..., 3] == 255).all()


@pytest.mark.parametrize(("least", "most"), [(30, 60), (60, 95)])
def test_jpeg_quality_is_in_the_given_range(least, most):
    def tables(file):
        with Image.open(BytesIO(file)) as image:
            assert image.format == "JPEG"
            return image.quantization[0]

    def at(quality):
        file = BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        return tables(file.getvalue())

    allowed = [at(quality) for quality in range(least, most)]
    conditions = replace(BASE, file=f"JPEG {least}-{most}")
    used = [tables(draw(UPRIGHT, conditions, np.random.default_rng(seed))) for seed in range(20)]
    assert all(table in allowed for table in used)
    assert used[0] != used[1]


def test_other_files_are_png():
    for file in ("PNG", "PNG, transparent"):
        data = draw(UPRIGHT, replace(BASE, file=file), np.random.default_rng(0))
        assert data.startswith(b"\x89PNG")


def test_only_antialiased_edges_have_intermediate_grays():
    slanted = [np.array([[0.0, 0.0], [1.0, 0.4]])]
    for size_px in (20, 60, 90):
        assert len(np.unique(drawn(slanted, size_px=size_px))) == 2
        assert len(np.unique(drawn(slanted, size_px=size_px, antialiased=True))) > 4


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("pen_px", [1, 3, 8, 15])
def test_drawn_stroke_has_the_pen_width(pen_px, antialiased):
    rgba = drawn(pen_px=pen_px, antialiased=antialiased)
    coverage = 1 - brightness(rgba) / 255
    rows = np.flatnonzero(coverage.any(axis=1))
    across_px = coverage[rows[len(rows) // 2]].sum()
    assert across_px == pytest.approx(pen_px, abs=1 if pen_px > 1 else 0.01)


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("size_px", [16, 40, 95])
def test_digit_has_the_given_size_at_a_random_place(size_px, antialiased):
    places = []
    for seed in range(10):
        mask = inked(drawn(SQUARE, seed, size_px=size_px, pen_px=4, antialiased=antialiased))
        assert max(sides(mask)) == pytest.approx(size_px, abs=1)
        assert min(sides(mask)) == pytest.approx(size_px, abs=1)
        places.append(np.argwhere(mask)[0])
    assert np.ptp(places, axis=0).all()


def test_digit_is_never_cut_off(digits):
    strokes = trace(digits.images[0])
    rng = np.random.default_rng(0)
    for conditions in (draw_conditions(rng) for _ in range(100)):
        bare = replace(
            BASE, canvas=conditions.canvas, size_px=conditions.size_px, pen_px=conditions.pen_px
        )
        mask = inked(decode(draw(strokes, bare, np.random.default_rng(0))))
        longer = max(sides(mask)) / conditions.canvas[2]
        assert longer >= 15  # one less than 16 px, because rounding can remove a pixel
        assert longer == pytest.approx(conditions.size_px, abs=2)


def test_cropped_drawing_has_ink_on_every_side():
    mask = inked(drawn(SQUARE, place="cropped to the ink"))
    assert mask.shape == pytest.approx((60, 60), abs=1)
    assert all(side.any() for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))


# Paper


def paper_brightness(seed=0, color="black and white", **changes):
    """Brightness of the pixels away from the digit, float64 (N,)."""
    small = {"seed": seed, "color": color, "size_px": 30}
    bare = brightness(drawn(**small))
    digit = np.abs(bare - np.median(bare)) > simulator.MIN_CONTRAST / 2
    return brightness(drawn(**small, **changes))[~ndimage.binary_dilation(digit, iterations=8)]


def test_plain_paper_has_uniform_brightness():
    assert len(set(paper_brightness())) == 1


@pytest.mark.parametrize("light", ["gradient", "vignette", "shadow"])
def test_light_is_uneven_and_dims_by_at_most_half(light):
    for seed in range(10):
        paper = paper_brightness(seed, light=light) / 255
        assert paper.max() > 0.75
        assert paper.max() - paper.min() > 0.05
        assert paper.min() > 0.5


def test_vignette_is_darkest_in_the_corners():
    gray = brightness(drawn(light="vignette", size_px=20))
    corners = gray[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() == gray[~inked(drawn(size_px=20))].min()


@pytest.mark.parametrize(("factor", "level"), [("noise", "sensor"), ("texture", "paper")])
def test_noise_and_texture_hardly_change_the_mean_brightness(factor, level):
    # On white, half of the noise would be clipped.
    for seed in range(5):
        plain = paper_brightness(seed, "gray")[0]
        paper = paper_brightness(seed, "gray", **{factor: level})
        assert 0.5 < paper.std() < 10
        assert paper.mean() == pytest.approx(plain, abs=3)


def test_blur_softens_edges_and_preserves_the_ink():
    sharp, soft = brightness(drawn()), brightness(drawn(blur="slight"))
    assert len(np.unique(soft)) > len(np.unique(sharp))
    assert soft.sum() == pytest.approx(sharp.sum(), rel=1e-3)


@pytest.mark.parametrize(("ruled", "axes"), [("lines", [1]), ("squares", [0, 1])])
def test_ruled_lines_are_paler_than_ink_and_cross_the_paper(ruled, axes):
    for seed in range(5):
        gray = brightness(drawn(canvas=(280, 280, 1), ruled=ruled, seed=seed))
        lines = (gray > 20) & (gray < 250)
        assert gray[lines].min() >= 255 * 0.5 - 1
        for axis in (0, 1):
            # The digit hides parts of the lines.
            share = lines.mean(axis=axis)
            assert (share > 0.7).any() == (axis in axes)


def test_frame_line_is_ink_on_all_four_sides():
    whole = 0
    for seed in range(10):
        gray = brightness(drawn(frame="line", seed=seed))
        full = gray < 1
        rows, columns = full.mean(axis=1) > 0.8, full.mean(axis=0) > 0.8
        whole += all(half.any() for side in (rows, columns) for half in np.array_split(side, 2))
        # Outside of the frame is paper.
        assert gray[0, 0] > 250
    assert whole == 10


def test_table_is_visible_on_all_four_sides():
    for seed in range(10):
        rgba = drawn(frame="table", seed=seed)
        table = rgba[0, 0]
        assert (table[:3] != 255).any()
        for edge in (rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]):
            assert (edge == table).all()
        assert (rgba == 255).all(axis=2).mean() > 0.3


def test_dust_has_the_color_of_ink_and_is_off_the_digit():
    for seed in range(10):
        plain, dusty = inked(drawn(seed=seed)), inked(drawn(specks="dust", seed=seed))
        assert (dusty & plain == plain).all()
        dust, count = ndimage.label(dusty & ~plain)
        assert count >= 1
        distance = ndimage.distance_transform_edt(~plain)
        assert distance[dust > 0].min() > 1
        sizes = [max(part.stop - part.start for part in box) for box in ndimage.find_objects(dust)]
        assert max(sizes) <= 2 * 8 + 1  # px: the radius is at most the pen's width


# Drawings


def test_drawings_are_deterministic_and_depend_only_on_their_number(digits):
    few = digits.take(slice(6))
    first, second = list(drawings(few, 8)), list(drawings(few, 5))
    assert first[:5] == second
    assert [drawing.label for drawing in first] == [*few.labels.tolist(), *few.labels[:2].tolist()]
    assert len({drawing.file for drawing in first}) == 8
    assert first[0].plain != first[6].plain
    for drawing in first:
        assert decode(drawing.plain).shape == (280, 280, 4)
        assert decode(drawing.file).any()


def test_boxy_drawings_have_few_straight_lines(digits, monkeypatch):
    drawn_strokes = []
    monkeypatch.setattr(simulator, "draw", lambda strokes, *_: drawn_strokes.append(strokes) or b"")
    few = digits.take(slice(6))
    labels = [drawing.label for drawing in drawings(few, 6, "boxy")]
    assert labels == few.labels.tolist()
    for strokes in drawn_strokes:
        assert sum(map(len, strokes)) < 40
        assert np.concatenate(strokes).max() == pytest.approx(1)


def test_dotted_drawings_have_dots_with_gaps(digits):
    for drawing in drawings(digits, 6, "dotted"):
        conditions = drawing.conditions
        assert conditions.canvas[2] == 1
        assert conditions.pen_px >= 3
        assert 0.045 <= conditions.pen_px / conditions.size_px <= 0.12

    def components(style):
        images = [inked(decode(drawing.plain)) for drawing in drawings(digits, 10, style)]
        return np.mean([ndimage.label(image)[1] for image in images])

    assert components("traced") < 1.5
    assert components("dotted") > 4
