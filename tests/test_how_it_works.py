"""The page that explains the network: what it says and shows is what the code does."""

import doctest
import html
import os
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

from inkdigits.imaging.classic import EDGE, THRESHOLD
from inkdigits.models import CLASSIC, MLP
from inkdigits.nn.layers import Dense, Sigmoid
from inkdigits.nn.losses import (
    near_zero_and_one,
    one_hot,
    smoothed,
    softmax,
    softmax_cross_entropy,
)
from inkdigits.nn.network import Network

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/how-it-works.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIGURES = PAGE.parent / "figures"
REDRAW = "it is not as the code draws it: run `make figures`, and look at it"
SHOWN = re.findall(r'(?:\]\(|src=")figures/([\w.-]+)', TEXT)
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)
HEADINGS = re.findall(r"^#+ (.+)$", PROSE, re.M)


@pytest.fixture(scope="session")
def script():
    """What the script that draws the figures defines."""
    return runpy.run_path(str(FIGURES / "draw.py"))


def without_spaces(text):
    return re.sub(r"\s+", "", text)


def section(heading):
    """The text under a heading, to the next of the same level."""
    return re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", TEXT, re.M | re.S)[1]


# Code and links


def excerpts():
    """The path of a source, and an excerpt: an excerpt is from the source that is linked last."""
    path = None
    for match in re.finditer(r"\]\(\.\./([\w/.]+\.py)\)|^```python\n(.*?)^```$", TEXT, re.M | re.S):
        if match[1]:
            path = match[1]
        else:
            yield path, match[2]


@pytest.mark.parametrize(("path", "excerpt"), list(excerpts()))
def test_every_excerpt_stands_in_the_source_that_is_linked_before_it(path, excerpt):
    assert len(excerpt) > 20
    source = (ROOT / path).read_text(encoding="utf-8")
    assert without_spaces(excerpt) in without_spaces(source)


def test_the_sessions_run_as_they_are_shown():
    sessions = re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.M | re.S)
    test = doctest.DocTestParser().get_doctest("".join(sessions), {}, PAGE.name, PAGE.name, 0)
    assert len(test.examples) > 10
    report = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


def test_what_the_code_refers_to_is_a_heading_of_the_page():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    named = [
        name for text in sources for name in re.findall(r'docs/how-it-works\.md, "([^"]+)"', text)
    ]
    assert named
    assert set(named) <= set(HEADINGS)


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", PROSE)
    anchors = {"#" + heading.lower().replace(" ", "-") for heading in HEADINGS}
    for link in links:
        if link.startswith("#"):
            assert link in anchors
        elif not link.startswith("https://"):
            assert (PAGE.parent / link).exists(), link


def test_the_contents_list_every_section():
    contents = TEXT[: TEXT.index("\n## ")]
    assert re.findall(r"\[([^\]]+)\]\(#", contents) == HEADINGS[1:]


# Formulas


def test_every_formula_survives_markdown():
    """What Markdown takes for emphasis, an escape or a list is lost to what sets the formulas."""
    page = MarkdownIt("commonmark").enable("table").render(TEXT)
    shown = " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
    prose = re.sub(r"`[^`\n]+`", "", PROSE)
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", prose, re.S)
    assert len(formulas) > 100
    for formula in formulas:
        assert " ".join(formula.split()) in shown
    # GitHub takes a dollar sign for the start of a formula only behind a space, and for its end
    # only before a space or a mark.
    inline = re.findall(r"(.)\$([^$]+)\$(.)", re.sub(r"\$\$.+?\$\$", "", prose, flags=re.S), re.S)
    for before, formula, behind in inline:
        assert before in " \n|", formula
        assert behind in " \n|.,:;?", formula
        assert formula == formula.strip()
        assert "\n" not in formula


def numbers(text):
    """The numbers of a matrix, or the one number, that a formula ends with."""
    matrix = re.search(r"\\begin\{pmatrix\}(.+)\\end\{pmatrix\}$", text)
    if not matrix:
        return float(text)
    return np.array([[float(n) for n in row.split("&")] for row in matrix[1].split(r"\cr")])


def test_the_example_by_hand_is_what_the_code_computes():
    formulas = re.findall(r"\$\$\n(.+?)\n\$\$", section("An example by hand"))
    shown = {text.split(" = ")[0]: numbers(text.split(" = ")[-1]) for text in formulas}

    network = Network((Dense(2, 2), Sigmoid(), Dense(2, 2)))
    zero = np.zeros(2)
    vector = np.concatenate([shown["W_1"].ravel(), zero, shown["W_2"].ravel(), zero])
    gradient = np.empty_like(vector)
    params, grads = network.views(vector), network.views(gradient)
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
    assert shown.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(shown[name], value, atol=5.1e-5, err_msg=name)


# Numbers in the text


def at_rest(target):
    """Follow the gradient of one example's scores until their differences change no more."""
    z = np.zeros((1, len(target)))
    for _ in range(10_000):
        z -= 5 * softmax_cross_entropy(z, target[None])[1]()
    return z


def numbers_of_the_text():
    """A section, and a piece of it that is made from the code."""
    sizes = CLASSIC.sizes
    yield "The network", f"{CLASSIC.network.size:,}"
    yield "The network", f"{MLP.network.size:,} *parameters*"
    yield "Backpropagation", f"each of {MLP.network.size:,} parameters"
    yield "The two clean-ups", f"a pixel over {THRESHOLD} becomes 255, every other becomes 0"
    yield "The two clean-ups", f"right of a 255 becomes {EDGE}"
    for inputs, outputs in pairwise(sizes):
        yield "The first weights", f"{inputs} / {outputs} = {inputs / outputs:g}"

    smooth, write_up = smoothed(10, 0.1)[0], near_zero_and_one(10)[0]
    heading = "Three kinds of targets"
    for target in (one_hot(10)[0], smooth, write_up):
        yield heading, f"| {target[0]:g} | {target[1]:g} | {target.sum():g} |"
    for target in (smooth, write_up):
        z = at_rest(target)
        yield heading, f"the right score {z[0, 0] - z[0, 1]:.2f} above the others"
    p = softmax(at_rest(write_up))[0]
    yield heading, f"$p = {p[0]:.3f}$ and {p[1]:.3f}, the right score"
    yield heading, f"= \\log {0.91 / 0.01:.0f} = {log(0.91 / 0.01):.2f}$"
    lowest, _ = softmax_cross_entropy(at_rest(smooth), smooth[None])
    yield heading, f"9 \\cdot 0.01 \\log 0.01 = {lowest:.2f}$"
    push = softmax_cross_entropy(np.zeros((1, 10)), write_up[None])[1]().sum()
    yield heading, f"$1 - {write_up.sum():g} = {push:.2f}$"
    surplus = write_up - smoothed(10, 0.02)[0]
    np.testing.assert_allclose(surplus, surplus[0], atol=1e-7)
    yield heading, f"t = t_{{\\text{{smoothed}}}} + {surplus[0]:.3f}\n"
    first, other = smoothed(10, 0.02)[0, :2]
    yield heading, f"t_{{\\text{{smoothed}}}} = {first:.3f} \\text{{ and }} {other:.3f}\n"
    assert (MLP.targets == smoothed(10, 0.1)).all()
    yield heading, r"The recipe `mlp` uses $\varepsilon = 0.1$"

    yield "Gradient descent", f"takes batches of {MLP.batch_size}"
    assert (CLASSIC.batch_size, CLASSIC.shuffle) == (1, False)
    yield "Gradient descent", f"with a rate of {CLASSIC.schedule.rate}"
    momentum, decay = MLP.optimizer.momentum, MLP.optimizer.weight_decay
    yield "Momentum", f"$\\mu = {momentum}$ and $\\lambda = {decay:.4f}$"
    assert 1 / (1 - momentum) == pytest.approx(10)
    yield "Momentum", "that is ten times the gradient"
    yield "The learning rate", f"`mlp` uses it with a peak of {MLP.schedule.peak}"
    assert CLASSIC.epochs == MLP.epochs == 10
    yield "The training loop", "Both recipes make ten."
    assert (CLASSIC.validation, MLP.validation) == (0, 0.1)
    yield "Validation by writer", "to the fraction, a tenth in `mlp`"


def test_the_numbers_in_the_text_are_those_of_the_code():
    for heading, piece in numbers_of_the_text():
        assert " ".join(piece.split()) in " ".join(section(heading).split())


def test_the_number_of_writers_is_that_of_the_data(digits):
    if digits.writers is None:
        pytest.skip("these digits have no writers: set INKDIGITS_DATA")
    _, counts = np.unique(digits.writers, return_counts=True)
    text = " ".join(section("Validation by writer").split())
    assert f"The {len(digits):,} were written by {len(counts)} people" in text
    assert "most of whom wrote more than a hundred digits" in text
    assert np.mean(counts > 100) > 0.5


# Figures


def test_the_page_shows_every_figure_and_all_are_drawn_by_the_script(script):
    kept = [path.name for path in FIGURES.iterdir() if path.suffix in {".png", ".svg"}]
    assert sorted(SHOWN) == sorted(kept) == sorted(script["FIGURES"])


def test_every_figure_is_described_for_those_who_cannot_see_it():
    described = re.findall(r'!\[[^\]]{40,}\]\(figures/|<img src="figures/.+ alt="[^"]{40,}">', TEXT)
    assert len(described) == len(SHOWN)


def taken_apart(name, data):
    """What a figure is but for numbers, and its numbers: other processors round otherwise."""
    if name.endswith(".png"):
        with Image.open(BytesIO(data)) as image:
            return image.size, np.asarray(image.convert("RGBA"), float)
    # The names of shapes are hashes of their numbers.
    text = re.sub(r'"#?[a-z]+[0-9a-f]{10}"|#[a-z]+[0-9a-f]{10}', "", data.decode())
    pieces = re.split(r"(-?\d+(?:\.\d+)?)", text)
    return pieces[::2], np.array(pieces[1::2], float)


@pytest.mark.parametrize("name", SHOWN)
def test_a_figure_is_as_the_script_draws_it(script, name):
    if name == "digits.png" and "INKDIGITS_DATA" not in os.environ:
        pytest.skip("MNIST is not here: set INKDIGITS_DATA")
    expected, expected_numbers = taken_apart(name, script["draw"](name))
    actual, actual_numbers = taken_apart(name, (FIGURES / name).read_bytes())
    assert actual == expected, REDRAW
    np.testing.assert_allclose(actual_numbers, expected_numbers, atol=1, err_msg=REDRAW)


def test_a_figure_is_the_same_each_time(script):
    assert script["draw"]("sigmoid.svg") == script["draw"]("sigmoid.svg")
