"""The model cards and the page of results say what the models' files and the results say."""

import re
import runpy
from pathlib import Path

import pytest

from inkdigits.model_file import load_model, shipped_models

FOLDER = Path(__file__).parents[1] / "docs/models"
REWRITE = "it is not what the results say: run `make cards`"
MODELS = shipped_models()
MISSING = "not measured"


@pytest.fixture(scope="session")
def script():
    """What the script that writes the cards defines."""
    return runpy.run_path(str(FOLDER / "write.py"))


def refuses(name):
    return load_model(MODELS[name]).threshold is not None


def made_up(name, digest):
    """What the benchmarks would have kept of a model, had they found a half everywhere."""
    scores = {"log_loss": 0.5, "brier": 0.5, "calibration_error": 0.5}
    read = {
        "accuracy": 0.5,
        "interval": [0.5, 0.5],
        "by writer": {"mean": 0.5, "interval": [0.5, 0.5], "worst": 0.5},
        "refused": 0.5,
        "before": scores,
        "after": scores,
        "coverage": [{"confidence": 0.9, "left": 0.5, "wrong of them": 0.5}],
    }
    seeds = {
        "accuracy_mean": 0.5,
        "accuracy_spread": 0.5,
        "log_loss_mean": 0.5,
        "writers_mean_mean": 0.5,
        "writers_worst_mean": 0.5,
        "runs": [{"digest": digest, "commit": "fedcba987654"}, {"digest": "of another seed"}],
    }
    of_file = {
        "calibration": {"read": dict.fromkeys(("MNIST", "pen writers", "drawings"), read)},
        "drawings": {
            "accuracy": {"drawings": 0.5},
            "by factor": {
                "pen": {
                    "1 px": {"drawings": 100, "accuracy": 0.5},
                    "rare": {"drawings": 99, "accuracy": 0.1},
                    "wider": {"drawings": 100, "accuracy": 0.4},
                }
            },
        },
        "robustness": {
            "clean": 0.5,
            "clean_refused": 0.5,
            "corruptions": {"fog": 0.5},
            "refused": {"fog": 0.5},
            "mean": {"covered": 0.5, "others": 0.5, "all": 0.5},
        },
        "refusal": {"digits refused": {"MNIST": 0.5}, "kinds": {"words": {"refused": 0.5}}},
    }
    about = {"command": "measured so", "commit": "0123456789ab"}
    results = {
        key: about
        | {"figures": {"digits": "test", "count": 7, "models": [{"digest": digest} | figures]}}
        for key, figures in of_file.items()
    }
    recipe = load_model(MODELS[name]).recipe
    return results | {
        "accuracy": about | {"figures": {recipe: {"published": 0.9, "MNIST alone": seeds}}}
    }


def test_every_shipped_model_has_a_card_and_no_other_model_has_one():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_every_card_says_what_was_measured(name, script):
    shown = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert shown == script["card"](name, script["load_results"]()), REWRITE


def test_the_page_of_results_says_what_was_measured(script):
    shown = (FOLDER.parent / "results.md").read_text(encoding="utf-8")
    assert shown == script["page"](script["load_results"]()), REWRITE


def test_the_page_of_results_of_nothing_says_so_in_every_table(script):
    shown = script["page"]({})
    assert shown.count("| not measured |") == len(re.findall(r"^\|-", shown, re.MULTILINE))


@pytest.mark.parametrize("name", MODELS)
def test_what_was_measured_of_the_file_is_shown(name, script):
    card = script["card"](name, made_up(name, load_model(MODELS[name]).digest))
    assert MISSING not in card
    assert card.count("50.00%") > 20
    assert "| trained at commit | `fedcba987654` |" in card
    figures = card[card.index("## Accuracy") : card.index("## License")]
    percents = set(re.findall(r"[\d.]+%", figures)) - {"95%", "90.0%"}
    assert percents == {"50.00%", "40.00%"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("results", ["of nothing", "of another file"])
def test_what_was_not_measured_of_the_file_gives_no_number(name, results, script):
    results = {} if results == "of nothing" else made_up(name, "another digest")
    card = script["card"](name, results)
    assert "trained at commit" not in card
    results.pop("accuracy", None)
    card = script["card"](name, results)
    figures = card[card.index("## Accuracy") : card.index("## License")]
    assert not re.search(r"\d\.\d", figures)
    sections = [text for text in figures.split("\n## ") if "refuses nothing" not in text]
    assert len(sections) == (5 if refuses(name) else 4)
    assert all(MISSING in section for section in sections)


@pytest.mark.parametrize("name", MODELS)
def test_the_worst_conditions_come_first_without_rare_ones(name, script):
    card = script["card"](name, made_up(name, load_model(MODELS[name]).digest))
    assert re.findall(r"^\| pen \| (\w+)", card, re.MULTILINE) == ["wider", "1"]


@pytest.mark.parametrize("name", MODELS)
def test_the_card_names_the_file_and_its_settings(name, script):
    card, model = script["card"](name, {}), load_model(MODELS[name])
    assert f"| `{model.digest}` |" in card
    for file, digest in model.training["data"].items():
        assert f"| `{file}` | `{digest}` | {script['ORIGINS'][file]} |" in card
    for setting in set(model.training) - set(script["ELSEWHERE"]):
        assert re.search(rf"^\| {setting} \| `.+` \|$", card, re.MULTILINE), setting


@pytest.mark.parametrize("name", MODELS)
def test_every_table_has_rows_as_wide_as_its_heading(name, script):
    for results in ({}, made_up(name, load_model(MODELS[name]).digest)):
        for block in script["card"](name, results).split("\n\n"):
            widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
            assert len(widths) <= 1, block
