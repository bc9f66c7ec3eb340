"""docs/numbers.md agrees with the code."""

import doctest
import itertools
import re
from pathlib import Path

import pytest

from inkdigits.numbers import decoding
from inkdigits.numbers.line import DIGIT_PX, HEIGHT
from inkdigits.numbers.line_model import SYMBOLS
from inkdigits.numbers.training import LineTraining, line_network

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/numbers.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())


def spelled(path):
    return "".join(symbol for symbol, _ in itertools.groupby(path) if symbol != "-")


def test_worked_example_is_what_python_prints():
    failures, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried >= 8
    assert not failures


def test_excerpt_is_in_the_source_linked_before_it():
    (excerpt,) = re.findall(r"^```python\n(    for .*?)^```$", TEXT, re.M | re.S)
    assert excerpt in (ROOT / "src/inkdigits/nn/ctc.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["--3-55-1", "3--5---1", "33355511"])
def test_paths_that_are_shown_spell_the_text(path):
    assert f"`{path}`" in TEXT
    assert spelled(path) == "351"


def test_paths_of_the_worked_example_are_all_that_there_are():
    paths = ["".join(each) for each in itertools.product("-1", repeat=3)]
    assert {path for path in paths if spelled(path) == "1"} == set(re.findall(r'"([-1]{3})"', TEXT))


def test_layers_are_those_of_the_network():
    network = line_network()
    shown = re.findall(r"(Conv2D|Conv1D) [^,]*, (\d+) (?:filters|outputs)", TEXT)
    convolutions = [layer for layer in network.layers if hasattr(layer, "filters")]
    assert shown == [(type(layer).__name__, str(layer.filters)) for layer in convolutions]
    assert f"{HEIGHT} pixels" in WORDS
    assert f"median digit is {DIGIT_PX} pixels high" in WORDS
    assert f"a blank and {len(SYMBOLS)} symbols" in WORDS


def test_settings_are_those_of_search_and_training():
    assert f"the {decoding.BEAM} most probable *beginnings*" in WORDS
    assert LineTraining.epochs == 10
    assert "trains for ten epochs" in WORDS
    script = (ROOT / "benchmarks/train_line.py").read_text(encoding="utf-8")
    assert "LINES = 100_000" in script
    assert "makes 100,000 lines" in WORDS


def test_links_lead_to_files():
    for link in re.findall(r"\]\(([^)#\s]+)", TEXT):
        assert (PAGE.parent / link).exists(), link
