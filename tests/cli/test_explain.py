"""`inkdigits explain`: the sheet as HTML, and the same as JSON."""

import builtins
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.cli.explanation_pictures import blocks_of, region_of, tile
from inkdigits.explain import PARTS
from inkdigits.imaging.decode import encode_png

TESTS = Path(__file__).parents[1]
SEVEN = TESTS / "golden" / "7.png"
QUESTION = TESTS / "cases" / "question.png"


def run(*arguments, **options):
    return CliRunner().invoke(main, ["explain", *map(str, arguments)], **options)


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.words = [], []
        source = path.read_text(encoding="utf-8")
        self.style = source.partition("<style>")[2].partition("</style>")[0]
        self.feed(source)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / "explanation.html"
    result = run(SEVEN, "-o", path)
    assert (result.exit_code, result.stdout) == (0, f"Explanation: {path}\n"), result.output
    return Page(path)


def test_sheet_has_every_part(sheet):
    for words in (
        "recognizes this as 7 with a probability of 99.",
        "Center of mass in the middle",
        "Saliency.",
        "Occlusion.",
        "What would change the answer.",
        "Layers 1 to 3: Conv2D, MaxPool2D, ReLU",
        "Unit 7 of layer 14 (Dense)",
        "54 other products",
        "Layer 1: its 20 units, each 3 × 3.",  # noqa: RUF001
        "The nearest of MNIST’s training digits",  # noqa: RUF001
        "the drawing is accepted, by a margin of",
        "What this does not say",
    ):
        assert words in sheet.text, words


def test_sheet_is_self_contained(sheet):
    assert not sheet.all("script") + sheet.all("link")
    urls = [
        value
        for _, attributes in sheet.elements
        for name, value in attributes.items()
        if name in ("src", "href")
    ]
    assert len(urls) > 30
    assert all(url.startswith("data:image/png;base64,") for url in urls)
    assert ".picture" in sheet.style
    assert not re.search(r"url\(|@import", sheet.style)


def test_every_picture_is_described_and_every_mask_is_used_once(sheet):
    pictures = [svg for svg in sheet.all("svg") if "aria-hidden" not in svg]
    assert len(pictures) >= 20
    assert all(svg["role"] == "img" and svg["aria-label"].endswith(".") for svg in pictures)
    assert all(image["alt"] for image in sheet.all("img"))
    ids = [mask["id"] for mask in sheet.all("mask")]
    assert len(set(ids)) == len(ids)
    used = [rect["mask"] for rect in sheet.all("rect") if "mask" in rect]
    assert used == [f"url(#{name})" for name in ids]
    # Behind each map of the pixels, a table.
    assert sheet.text.count("Added up in blocks of 4 × 4 pixels") == 3  # noqa: RUF001


def test_terms_of_the_unit_add_up_to_its_result(sheet):
    numbers = sheet.text.partition("= product")[2].partition("Ink that drives")[0]
    numbers = re.sub(r"\d+ other products", "", numbers)
    *terms, rest, bias, result = map(float, re.findall(r"-?\d+\.\d+", numbers))
    products = terms[2::3]
    assert len(products) == 10
    assert sum(products) + rest + bias == pytest.approx(result, abs=0.005)


def test_rejected_drawing_and_options_are_explained(tmp_path):
    path = tmp_path / "sheet.html"
    result = run(QUESTION, "-o", path, "--target", "2", "--unit", "2:5,6,3")
    assert result.exit_code == 0, result.output
    page = Page(path)
    assert "The model cnn-small rejects this drawing. This sheet explains the output for 2 ." in (
        page.text
    )
    assert "Unit 5, 6, 3 of layer 2 (MaxPool2D), which sees rows 10 to 11" in page.text
    assert re.search(r"The largest of .* is ", page.text)
    assert re.search(r"rejected by a margin of \d\.\d+\. With \d+ pixels? added", page.text)
    assert run(QUESTION, "-o", path, "--no-preprocessing").exit_code == 0
    assert "preprocessing is switched off" in Page(path).text


def test_blank_image_from_standard_input_is_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blank = encode_png(np.full((40, 40), 255, np.uint8))
    result = run("-", "--model", "mlp", input=io.BytesIO(blank))
    assert result.stdout == "Explanation: explanation.html\n"
    page = Page(tmp_path / "explanation.html")
    assert page.text.count("Standard input, explained") == 1
    assert "What would change the answer. The image is blank, so there is no ink" in page.text
    assert "there is nothing to recognize" in page.text


def test_name_of_the_file_is_text(tmp_path):
    path = tmp_path / "<script>1<script>.png"
    path.write_bytes(SEVEN.read_bytes())
    run(path, "-o", tmp_path / "sheet.html")
    page = Page(tmp_path / "sheet.html")
    assert not page.all("script")
    assert "<script>1<script>.png, explained" in page.text


def test_json_has_every_part_and_goes_to_standard_output_or_a_file(tmp_path):
    printed = run(SEVEN, "--json", "--unit", "1:5,12,3", "--model", "cnn-small")
    content = json.loads(printed.stdout)
    assert all(content[part] for part in (*PARTS, "unit"))
    result = run(SEVEN, "--json", "--unit", "1:5,12,3", "-o", tmp_path / "seven.json")
    assert result.output == ""
    assert json.loads((tmp_path / "seven.json").read_text()) == content


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([SEVEN, "--target", "x"], 2, "no class of this name to explain; inkdigits model show"),
        ([SEVEN, "--unit", "15:0"], 2, "layers 0 to 14, so none with the number 15"),
        ([SEVEN, "--unit", "1:5"], 2, "[26, 26, 20], so it has no unit [5]"),
        ([SEVEN, "--unit", "one"], 2, "write the number of a layer, a colon"),
        ([SEVEN, "-o", "seven.png"], 2, "would be an image"),
        (["nothing.png"], 1, "nothing.png cannot be read (No such file or directory)"),
        ([TESTS], 1, "cannot be read (Is a directory)"),
        ([__file__], 1, "This is not a PNG"),
        ([SEVEN, "--model", "gpt"], 1, "gpt"),
        ([SEVEN, "-o", "nowhere/sheet.html"], 1, "nowhere"),
    ],
)
def test_error_is_one_sentence(arguments, status, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert words in result.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_sheet_without_jinja_says_how_to_install_it(tmp_path, monkeypatch):
    import_module = builtins.__import__

    def without_jinja(name, *arguments, **options):
        if name == "jinja2":
            raise ModuleNotFoundError(name)
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_jinja)
    result = run(SEVEN, "-o", tmp_path / "sheet.html")
    assert result.exit_code == 1
    assert "pip install 'inkdigits[plots]'" in result.stderr
    assert run(SEVEN, "--json").exit_code == 0


def test_maps_of_a_layer_are_side_by_side():
    values = np.arange(2 * 3 * 14, dtype=np.float32).reshape(2, 3, 14)
    tiles = tile(values)
    assert tiles.shape == (2 * 3 - 1, 12 * 4 - 1)
    np.testing.assert_array_equal(tiles[:2, :3], values[..., 0])
    np.testing.assert_array_equal(tiles[3:, 4:7], values[..., 13])
    assert not tiles[2].any()
    assert not tiles[:, 3].any()
    assert tile(np.ones(11)).shape == (1, 11)


def test_map_in_words_and_numbers():
    values = np.zeros((28, 28), np.float32)
    assert region_of(values) == "nowhere"
    values[25, 2] = -3
    values[14, 14] = 2
    assert region_of(values) == "at the lower left"
    blocks = blocks_of(values)
    assert blocks.places[0] == (0, 3)
    assert blocks.places[6] == (24, 27)
    assert (blocks.rows[6][0], blocks.rows[3][3]) == (-3, 2)


def test_colors_of_the_sheet_are_those_of_the_page(sheet):
    page = (TESTS.parent / "web" / "src" / "styles" / "inside.css").read_text(encoding="utf-8")
    for name in ("positive", "negative"):
        light, dark = re.search(rf"--picture-{name}: light-dark\((\S+), (\S+)\)", page).groups()
        assert re.findall(rf"--{name}: (\S+);", sheet.style) == [light, dark, light], name
