"""docs/how-it-works.md agrees with the code, in text, formulas and figures."""

import doctest
import html
import re
import runpy
from io import BytesIO
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image
from scipy.ndimage import map_coordinates

from inkdigits import training
from inkdigits.inference import SURE
from inkdigits.nn.convolution import Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.initializers import he
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, ReLU, Sigmoid
from inkdigits.nn.losses import (
    LabelSmoothing,
    SoftTargets,
    one_hot,
    softmax,
    softmax_cross_entropy,
)
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.nn.schedules import OneCycle
from inkdigits.personal.adaptation import MAX_LOST, STEPS, STRENGTHS
from inkdigits.personal.head import ADAPTED
from inkdigits.preprocessing.classic import EDGE, THRESHOLD
from inkdigits.recipes import CLASSIC, MLP, RECIPES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/how-it-works.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIGURES = PAGE.parent / "figures"
REDRAW = "the code draws this figure differently: run `make figures`, and look at the result"
SHOWN = re.findall(r'(?:\]\(|src=")figures/([\w.-]+)', TEXT)
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)
HEADINGS = re.findall(r"^#+ (.+)$", PROSE, re.M)


@pytest.fixture(scope="session")
def script():
    """The names that docs/figures/draw.py defines."""
    return runpy.run_path(str(FIGURES / "draw.py"))


def without_spaces(text):
    return re.sub(r"\s+", "", text)


def section(heading):
    """The text from a heading to the next one of the same level."""
    return re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", TEXT, re.M | re.S)[1]


# Code and links


def excerpts():
    """Each code excerpt, with the path of the source file linked before it."""
    path = None
    for match in re.finditer(r"\]\(\.\./([\w/.]+\.py)\)|^```python\n(.*?)^```$", TEXT, re.M | re.S):
        if match[1]:
            path = match[1]
        else:
            yield path, match[2]


@pytest.mark.parametrize(("path", "excerpt"), list(excerpts()))
def test_every_excerpt_is_in_the_source_linked_before_it(path, excerpt):
    assert len(excerpt) > 20
    source = (ROOT / path).read_text(encoding="utf-8")
    assert without_spaces(excerpt) in without_spaces(source)


def test_console_sessions_run_as_shown():
    sessions = re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.M | re.S)
    test = doctest.DocTestParser().get_doctest("".join(sessions), {}, PAGE.name, PAGE.name, 0)
    assert len(test.examples) > 10
    report = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


def test_sections_named_in_the_code_exist():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    named = [
        name for text in sources for name in re.findall(r'docs/how-it-works\.md, "([^"]+)"', text)
    ]
    assert named
    assert set(named) <= set(HEADINGS)


def test_every_link_resolves():
    links = re.findall(r"\]\(([^)]+)\)", PROSE)
    slugs = (re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADINGS)
    anchors = {f"#{slug}" for slug in slugs}
    for link in links:
        if link.startswith("#"):
            assert link in anchors
        elif not link.startswith("https://"):
            # `make docs` checks anchors in other documents.
            assert (PAGE.parent / link.partition("#")[0]).exists(), link


def test_adaptation_has_the_settings_that_the_page_names():
    page = " ".join(section("One person's handwriting").split())
    assert "Only the last two dense layers" in page
    assert ADAPTED == 2
    assert "a hundred steps" in page
    assert STEPS == 100
    assert "three in a thousand" in page
    assert MAX_LOST == 3 / 1000
    assert "three quarters of the change are used, then half of it, then a quarter" in page
    assert STRENGTHS == (1.0, 0.75, 0.5, 0.25)


def test_table_of_contents_lists_every_section():
    contents = TEXT[: TEXT.index("\n## ")]
    assert re.findall(r"\[([^\]]+)\]\(#", contents) == HEADINGS[1:]


# Formulas


def test_every_formula_survives_markdown_rendering():
    """Markdown may treat characters of a formula as emphasis, an escape or a list."""
    page = MarkdownIt("commonmark").enable("table").render(TEXT)
    shown = " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
    prose = re.sub(r"`[^`\n]+`", "", PROSE)
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", prose, re.S)
    assert len(formulas) > 100
    for formula in formulas:
        assert " ".join(formula.split()) in shown
    # On GitHub, a dollar sign starts a formula only after a space, and ends one only before a space
    # or a punctuation mark.
    inline = re.findall(r"(.)\$([^$]+)\$(.)", re.sub(r"\$\$.+?\$\$", "", prose, flags=re.S), re.S)
    for before, formula, after in inline:
        assert before in " \n|", formula
        assert after in " \n|.,:;?", formula
        assert formula == formula.strip()
        assert "\n" not in formula


def numbers(text):
    """The matrix or number at the end of a formula."""
    matrix = re.search(r"\\begin\{pmatrix\}(.+)\\end\{pmatrix\}$", text)
    if not matrix:
        return float(text)
    return np.array([[float(n) for n in row.split("&")] for row in matrix[1].split(r"\cr")])


def worked(heading):
    """The numbers at the ends of a section's formulas, by the text before the first =."""
    formulas = re.findall(r"^\$\$\n(.+)\n\$\$$", section(heading), re.M)
    matrix = r"\\begin\{pmatrix\}[-\d.&\\cr ]+\\end\{pmatrix\}"
    ends = re.compile(rf".* = ({matrix}|[-\d.]+)")
    matches = [match for text in formulas if (match := ends.fullmatch(text))]
    return {match[0].split(" = ")[0]: numbers(match[1]) for match in matches}


def assert_worked(shown, expected):
    assert shown.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(shown[name], value, atol=5.1e-5, err_msg=name)


def test_worked_example_matches_the_code():
    shown = worked("A worked example")
    network = Network((Dense(2, 2), Sigmoid(), Dense(2, 2)))
    zero = np.zeros(2)
    vector = np.concatenate([shown["W_1"].ravel(), zero, shown["W_2"].ravel(), zero])
    gradient = np.empty_like(vector)
    params, grads = network.layer_params(vector), network.layer_params(gradient)
    a, _ = network.layers[0].forward(params[0], shown["x"])
    h, backward_sigmoid = network.layers[1].forward({}, a)
    z, backward_last = network.layers[2].forward(params[2], h)
    loss, backward_loss = softmax_cross_entropy(z, shown["t"])
    dh = backward_last(backward_loss(), grads[2])
    network.forward(params, shown["x"])[1](backward_loss(), grads)
    expected = {
        "x": [[1, 0.5]],
        "t": one_hot(2)[[1]],
        "W_1": params[0]["weight"],
        "W_2": params[2]["weight"],
        "a": a,
        "h": h,
        "z": z,
        "p": softmax(z),
        "L": loss,
        "dz": backward_loss(),
        "dW_2": grads[2]["weight"],
        "db_2": grads[2]["bias"][None],
        "dh": dh,
        "da": backward_sigmoid(dh, {}),
        "dW_1": grads[0]["weight"],
        "db_1": grads[0]["bias"][None],
    }
    assert_worked(shown, expected)


def test_convolution_example_matches_the_layer():
    shown = worked("Convolution")
    x, weight = shown["x"][None, :, :, None], shown["w"][:, :, None, None]
    y, backward = Conv2D(1, 1, kernel_size=2).forward({"weight": weight, "bias": np.zeros(1)}, x)
    grads = {"weight": np.empty_like(weight), "bias": np.empty(1)}
    dx = backward(shown["dy"][None, :, :, None], grads)
    positions = [(row, column) for row in range(3) for column in range(3)]
    expected = {
        "x": x[0, :, :, 0],
        "w": weight[:, :, 0, 0],
        "R": [x[0, r : r + 2, c : c + 2].ravel() for r, c in positions],
        "R w": y.reshape(1, 9),
        "y": y[0, :, :, 0],
        "dy": [[1, 0, 0], [0, 2, 0], [0, 0, 0]],
        "dw": grads["weight"][:, :, 0, 0],
        "dx": dx[0, :, :, 0],
    }
    assert_worked(shown, expected)
    overlap = [shown["dy"][0, 0] * shown["w"][1, 1], shown["dy"][1, 1] * shown["w"][0, 0]]
    assert overlap == [1, -2]
    assert f"$1 - 2 = {dx[0, 1, 1, 0]:g}$" in section("Convolution")


def test_pooling_example_matches_the_layer():
    shown = worked("Pooling")
    x = shown["x"][None, :, :, None]
    y, backward = MaxPool2D().forward({}, x)
    dx = backward(shown["dy"][None, :, :, None], {})
    squares = [x[0, :2, 2:], x[0, 2:, :2]]
    assert [np.count_nonzero(square == square.max()) for square in squares] == [3, 4]
    expected = {
        "x": x[0, :, :, 0],
        "y": y[0, :, :, 0],
        "dy": [[1, 2], [3, 4]],
        "dx": dx[0, :, :, 0],
    }
    assert_worked(shown, expected)


def test_batch_normalization_example_matches_the_layer():
    shown = worked("Batch normalization")
    x, dy = shown["x"].T, shown["dy"].T
    grads = {"scale": np.empty(1), "shift": np.empty(1)}
    params = {"scale": np.full(1, 2.0), "shift": np.ones(1)}
    y, backward = BatchNorm(1).forward(params, x)
    dx = backward(dy, grads)
    normalized, _ = BatchNorm(1).forward({"scale": np.ones(1), "shift": np.zeros(1)}, x)
    expected = {
        "x": x.T,
        r"\hat x": normalized.T,
        "y": y.T,
        "dy": [[1, 0, 0, 0]],
        "dx": dx.T,
    }
    assert_worked(shown, expected)
    text = " ".join(section("Batch normalization").split())
    assert f"$\\mu = {x.mean():g}$, $\\sigma^2 = {x.var():g}$ and $u = {x.var() ** -0.5:g}$" in text
    scale, shift = grads["scale"][0], grads["shift"][0]
    assert f"$d\\gamma = {scale:.0f}$ and $d\\beta = {shift:.0f}$" in text


# Numbers in the text


def optimal_logits(target):
    """Minimize the loss of one example by gradient descent on its logits."""
    z = np.zeros((1, len(target)))
    for _ in range(10_000):
        z -= 5 * softmax_cross_entropy(z, target[None])[1]()
    return z


def decay_at(step):
    """The decay of the moving average at a step, from one update with weights of one."""
    zero, one = np.zeros(1), np.ones(1)
    state = training.TrainState(one, zero, zero.copy(), np.random.default_rng(0), step)
    training._update_ema(state, 0.999)
    return 1 - state.ema[0]


def numbers_in_the_text():
    """Sections, each with a phrase that it must contain, computed by the code."""
    yield "The network", f"{CLASSIC.network.size:,}"
    yield "Backpropagation", f"each of {CLASSIC.network.size:,} parameters"
    yield "Test-time augmentation", f"has a probability below {SURE:g}, the network"
    yield "Preprocessing", f"a pixel over {THRESHOLD} becomes 255, every other pixel becomes 0"
    yield "Preprocessing", f"right of a 255 becomes {EDGE}"
    for layer in CLASSIC.network.layers:
        if isinstance(layer, Dense):
            ratio = layer.inputs / layer.outputs
            yield "Weight initialization", f"{layer.inputs} / {layer.outputs} = {ratio:g}"

    smooth, write_up = LabelSmoothing(0.1)(10)[0], SoftTargets()(10)[0]
    heading = "Targets and label smoothing"
    for target in (one_hot(10)[0], smooth, write_up):
        yield heading, f"| {target[0]:g} | {target[1]:g} | {target.sum():g} |"
    for target in (smooth, write_up):
        z = optimal_logits(target)
        yield heading, f"the correct logit {z[0, 0] - z[0, 1]:.2f} above the others"
    p = softmax(optimal_logits(write_up))[0]
    yield heading, f"$p = {p[0]:.3f}$ and {p[1]:.3f}, the correct logit"
    yield heading, f"= \\log {0.91 / 0.01:.0f} = {log(0.91 / 0.01):.2f}$"
    lowest, _ = softmax_cross_entropy(optimal_logits(smooth), smooth[None])
    yield heading, f"9 \\cdot 0.01 \\log 0.01 = {lowest:.2f}$"
    push = softmax_cross_entropy(np.zeros((1, 10)), write_up[None])[1]().sum()
    yield heading, f"$1 - {write_up.sum():g} = {push:.2f}$"
    surplus = write_up - LabelSmoothing(0.02)(10)[0]
    np.testing.assert_allclose(surplus, surplus[0], atol=1e-7)
    yield heading, f"t = t_{{\\text{{smoothed}}}} + {surplus[0]:.3f}\n"
    first, other = LabelSmoothing(0.02)(10)[0, :2]
    yield heading, f"t_{{\\text{{smoothed}}}} = {first:.3f} \\text{{ and }} {other:.3f}\n"

    network = Network((ZeroPad2D(), Conv2D(1, 16)))
    params = network.layer_params(network.init(np.random.default_rng(0)))
    x = np.zeros((1, 28, 28, 1), np.float32)
    y, _ = network.forward(params, x)
    assert y.shape == (1, 28, 28, 16)
    yield "Convolution", "With a padding of 1 and windows of 3 by 3, the size stays the same."
    yield "Convolution", f"16 filters of 3 by 3 have {network.size} of them, including biases"
    yield "Convolution", f"from the {x.size} pixels to the same {y.size:,} outputs"
    assert 0.98e7 < (x.size + 1) * y.size < 1e7
    yield "Convolution", "would have nearly ten million"
    network = Network((Conv2D(1, 1), MaxPool2D(), Conv2D(1, 1)))
    params = network.layer_params(network.init(np.random.default_rng(0)))
    y, _ = network.forward(params, np.zeros((1, 8, 8, 1), np.float32))
    assert y.size == 1
    yield "Pooling", "filters and pooling, a 3 by 3 window sees 8 by 8 pixels of the image"

    yield "Gradient descent", f"with a learning rate of {CLASSIC.schedule.rate}"
    momentum = 0.9
    assert 1 / (1 - momentum) == pytest.approx(10)
    yield "Momentum", f"With $\\mu = {momentum}$, that is ten times the gradient"
    assert CLASSIC.epochs == 10
    yield "The training loop", "`classic` trains for ten"
    heading, decay = "Moving average of the weights", 0.999
    span = 1 / (1 - decay)
    yield heading, f"For $d = {decay}$ that is roughly the mean over the last {span:,.0f} steps"
    yield heading, f"For $d = {decay}$ this is $\\sigma^2 / {(1 + decay) / (1 - decay):.0f}$"
    first, later = decay_at(0), decay_at(90)
    yield heading, f"$d$ starts at {first:g} and increases: it is {later:g} at step number 90"
    pixels = np.array([[0, 1], [0.5, 1]])
    (value,) = map_coordinates(pixels, [[0.25], [0.5]], order=1)
    yield "Data augmentation", f"= {value:g}$"


def dense_layers(recipe):
    return [layer for layer in recipe.network.layers if isinstance(layer, Dense)]


def hidden_sizes(recipe):
    return [layer.outputs for layer in dense_layers(recipe)[:-1]]


def test_statements_about_the_recipes_are_correct():
    assert hidden_sizes(MLP) == hidden_sizes(CLASSIC)
    assert not any(layer.bias for layer in dense_layers(CLASSIC))
    assert (CLASSIC.batch_size, CLASSIC.shuffle, CLASSIC.validation) == (1, False, 0)
    assert (CLASSIC.augment, CLASSIC.ema_decay, CLASSIC.outliers) == (None, 0, 0)
    assert not CLASSIC.tta
    for recipe in RECIPES.values():
        if recipe is CLASSIC:
            continue
        layers = recipe.network.layers
        with_weights = [layer for layer in layers if isinstance(layer, Dense | Conv2D)]
        assert all(layer.initializer is he for layer in with_weights)
        assert any(isinstance(layer, ReLU) for layer in layers)
        assert not any(isinstance(layer, Sigmoid) for layer in layers)
        assert any(isinstance(layer, Conv2D) for layer in layers) == ("cnn" in recipe.name)
        assert any(isinstance(layer, Dropout) for layer in layers) == (recipe.name == "cnn")
        assert isinstance(recipe.optimizer, AdamW)
        assert isinstance(recipe.schedule, OneCycle)
        assert (recipe.batch_size > 1, recipe.shuffle, recipe.validation) == (True, True, 0.1)
        assert recipe.ema_decay
        assert isinstance(recipe.targets, LabelSmoothing)
        assert recipe.targets.share in {0.01, 0.02}
        assert recipe.tta
        after_pools = [b for a, b in pairwise(layers) if isinstance(a, MaxPool2D)]
        assert all(isinstance(layer, ReLU) for layer in after_pools)


def test_numbers_in_the_text_are_correct():
    for heading, phrase in numbers_in_the_text():
        assert " ".join(phrase.split()) in " ".join(section(heading).split())


@pytest.mark.data
def test_number_of_writers_is_correct(mnist_splits):
    digits, _ = mnist_splits
    _, counts = np.unique(digits.writers, return_counts=True)
    text = " ".join(section("Validation by writer").split())
    assert f"The {len(digits):,} were written by {len(counts)} people" in text
    assert "most of whom wrote more than a hundred digits" in text
    assert np.mean(counts > 100) > 0.5


# Figures


def test_page_shows_every_figure_that_the_script_draws(script):
    kept = [path.name for path in FIGURES.iterdir() if path.suffix in {".png", ".svg"}]
    # Of docs/performance.md, docs/forms.md and docs/results.md.
    kept = [
        name for name in kept if not name.startswith(("sizes-", "scale-", "form-", "personal-"))
    ]
    assert sorted(SHOWN) == sorted(kept) == sorted(script["FIGURES"])


def test_every_figure_has_alt_text():
    described = re.findall(r'!\[[^\]]{40,}\]\(figures/|<img src="figures/.+ alt="[^"]{40,}">', TEXT)
    assert len(described) == len(SHOWN)


def split_off_numbers(name, data):
    """Split a figure into text and numbers, which processors round differently."""
    if name.endswith(".png"):
        with Image.open(BytesIO(data)) as image:
            return image.size, np.asarray(image.convert("RGBA"), np.int16)
    # Matplotlib names shapes by a hash of their numbers.
    text = re.sub(r'"#?[a-z]+[0-9a-f]{10}"|#[a-z]+[0-9a-f]{10}', "", data.decode())
    pieces = re.split(r"(-?\d+(?:\.\d+)?)", text)
    return pieces[::2], np.array(pieces[1::2], float)


def assert_up_to_date(name, data):
    """Assert that a figure's file is what the script draws, up to rounding.

    If ink covers exactly half a pixel, the last bit of a sum determines how it is drawn. This
    changes one or two pixels of an image, each 48 numbers of the figure, by 17 gray levels.
    """
    expected, expected_numbers = split_off_numbers(name, data)
    actual, actual_numbers = split_off_numbers(name, (FIGURES / name).read_bytes())
    assert actual == expected, REDRAW
    differ = np.abs(actual_numbers - expected_numbers)
    if name.endswith(".png"):
        assert np.mean(differ > 1) < 1e-4, REDRAW
        assert differ.max() < 32, REDRAW
    else:
        assert differ.max(initial=0) <= 1, REDRAW


@pytest.mark.parametrize("name", sorted(set(SHOWN) - {"digits.png"}))
def test_figures_are_up_to_date(script, name):
    assert_up_to_date(name, script["draw"](name))


@pytest.mark.data
@pytest.mark.usefixtures("data_folders")
def test_figure_of_mnist_digits_is_up_to_date(script):
    assert_up_to_date("digits.png", script["draw"]("digits.png"))


def test_drawing_a_figure_twice_gives_the_same_file(script):
    assert script["draw"]("sigmoid.svg") == script["draw"]("sigmoid.svg")
