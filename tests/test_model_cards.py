"""The model cards and the results page agree with the model files and the benchmark results."""

import re
import runpy
from pathlib import Path

import pytest

from inkdigits.data import development
from inkdigits.interchange.card import people
from inkdigits.model_file import load_model, shipped_models

FOLDER = Path(__file__).parents[1] / "docs/models"
OUTDATED = "this page does not agree with the results: run `make cards`"
MODELS = shipped_models()
MISSING = "not measured"


@pytest.fixture(scope="session")
def script():
    """The names defined by the script that writes the cards."""
    return runpy.run_path(str(FOLDER / "write.py"))


def rejects_non_digits(name):
    return load_model(MODELS[name]).rejection_threshold is not None


def made_up_results(name, digest, datasets):
    """Results of a model in the form that benchmarks save, with 0.5 for every figure."""
    scores = {"log_loss": 0.5, "brier": 0.5, "calibration_error": 0.5}
    figures = {
        "accuracy": 0.5,
        "interval": [0.5, 0.5],
        "by_writer": {"mean": 0.5, "interval": [0.5, 0.5], "worst": 0.5},
        "rejected": 0.5,
        "uncalibrated": scores,
        "calibrated": scores,
        "risk_coverage": [{"threshold": 0.9, "coverage": 0.5, "risk": 0.5}],
    }
    seeds = {
        "accuracy_mean": 0.5,
        "accuracy_std": 0.5,
        "log_loss_mean": 0.5,
        "writers_mean_mean": 0.5,
        "writers_worst_mean": 0.5,
        "runs": [{"digest": digest, "commit": "fedcba987654"}, {"digest": "another seed's"}],
    }
    of_writers = {
        "answered": 0.5,
        "right": 0.5,
        "rejected": 0.5,
        "by_writer": {"worst": [{"writer": 1, "digits": 20, "accuracy": 0.5}]},
    }
    by_benchmark = {
        "writers": {
            "sources": dict.fromkeys([*development.SOURCES, "MNIST test"], of_writers),
            "made_digits": {"slashed 0": {"answered": 0.5, "right": 0.5, "rejected": 0.5}},
        },
        "any_picture": {"pictures": {"at an edge": {"right": 0.5, "rejected": 0.5}}},
        "calibration": {"datasets": dict.fromkeys(datasets, figures)},
        "drawings": {
            "accuracy": {"simulated drawings": 0.5},
            "by_condition": {
                "pen": {
                    "1 px": {"drawings": 100, "accuracy": 0.5},
                    "rare": {"drawings": 99, "accuracy": 0.1},
                    "wider": {"drawings": 100, "accuracy": 0.4},
                }
            },
        },
        "robustness": {
            "clean_accuracy": 0.5,
            "clean_rejected": 0.5,
            "accuracy": {"fog": 0.5},
            "rejected": {"fog": 0.5},
            "mean_accuracy": {"covered": 0.5, "not_covered": 0.5, "all": 0.5},
        },
        "rejection": {
            "rejected_digits": {"MNIST test": 0.5},
            "kinds": {"words": {"rejected": 0.5}},
        },
    }
    about = {"command": "python benchmark.py", "commit": "0123456789ab"}
    results = {
        key: about
        | {"figures": {"digits": "test", "count": 7, "models": [{"digest": digest} | figures]}}
        for key, figures in by_benchmark.items()
    }
    recipe = load_model(MODELS[name]).recipe
    return results | {"accuracy": about | {"figures": {recipe: {"published": 0.9, "MNIST": seeds}}}}


def test_every_shipped_model_has_a_card():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_cards_are_up_to_date(name, script):
    shown = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert shown == script["card"](name, script["load_results"]()), OUTDATED


def test_results_page_is_up_to_date(script):
    shown = (FOLDER.parent / "results.md").read_text(encoding="utf-8")
    assert shown == script["page"](script["load_results"]()), OUTDATED


def test_results_page_without_results_says_so_in_every_table(script):
    shown = script["page"]({})
    assert shown.count("| not measured |") == len(re.findall(r"^\|-", shown, re.MULTILINE))


@pytest.mark.parametrize("name", MODELS)
def test_card_shows_every_figure_of_its_file(name, script):
    card = script["card"](
        name, made_up_results(name, load_model(MODELS[name]).digest, script["DATASETS"])
    )
    assert MISSING not in card
    assert card.count("50.00%") > 20
    assert "| trained at commit | `fedcba987654` |" in card
    figures = card[card.index("## Accuracy") : card.index("## License")]
    percents = set(re.findall(r"[\d.]+%", figures)) - {"95%", "90.0%"}
    assert percents == {"50.00%", "40.00%"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("results", ["none", "of another file"])
def test_card_without_figures_of_its_file_shows_no_number(name, results, script):
    results = (
        {} if results == "none" else made_up_results(name, "another digest", script["DATASETS"])
    )
    card = script["card"](name, results)
    assert "trained at commit" not in card
    results.pop("accuracy", None)
    card = script["card"](name, results)
    figures = card[card.index("## Accuracy") : card.index("## License")]
    assert not re.search(r"\d\.\d", figures)
    sections = [text for text in figures.split("\n## ") if "does not reject" not in text]
    assert len(sections) == (5 if rejects_non_digits(name) else 4)
    assert all(MISSING in section for section in sections)


def people_of(page):
    """The rows of the table of whose digits are recognized, by their first cell."""
    lines = page[page.index("## Whose digits") :].split("\n\n")[2].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: others for first, *others in cells}


def test_people_come_first_and_mnist_second(script):
    rows = list(people_of(script["card"]("cnn-small", {})))[2:]
    assert all("people" in row for row in rows[:4])
    assert "MNIST" in rows[4]


def test_card_shows_who_is_recognized_how_well(script):
    digest = load_model(MODELS["cnn-small"]).digest
    results = made_up_results("cnn-small", digest, script["DATASETS"])
    sources = results["writers"]["figures"]["models"][0]["sources"]
    sources[development.UNIPEN["gmd"]] = {
        "answered": 0.91,
        "right": 0.93,
        "rejected": 0.09,
        "by_writer": {"worst": [{"writer": "gmd/kast", "digits": 928, "accuracy": 0.89}]},
    }
    kinds = {
        "at an edge": {"right": 0.9, "rejected": 0.1},
        "boxed": {"right": 0.7, "rejected": 0.2},
    }
    results["any_picture"]["figures"]["models"][0]["pictures"] = kinds
    del sources[development.UNIPEN["val"]]
    rows = people_of(script["card"]("cnn-small", results))
    (germany,) = [cells for who, cells in rows.items() if "Germany" in who]
    assert germany == ["91.00%", "93.00%", "9.00%", "89.00%"]
    (spain,) = [cells for who, cells in rows.items() if "Spain" in who]
    assert spain == [MISSING, "", "", ""]
    (photos,) = [cells for who, cells in rows.items() if "photos" in who]
    assert photos == ["80.00%", "", "15.00%", ""]
    (non_digits,) = [cells for who, cells in rows.items() if "non-digits" in who]
    assert non_digits == ["", "", "50.00%", ""]


def test_results_page_compares_all_models_on_the_same_people(script):
    digest = load_model(MODELS["mlp"]).digest
    results = made_up_results("mlp", digest, script["DATASETS"])
    rows = people_of(script["page"](results))
    models = next(iter(rows.values()))
    assert models == ["`cnn-small`", "`mlp`", "`classic`"]
    (turkey,) = [cells for who, cells in rows.items() if "Turkey" in who]
    assert turkey == [MISSING, "50.00%, 50.00%", MISSING]
    (non_digits,) = [cells for who, cells in rows.items() if "non-digits" in who]
    assert non_digits == [MISSING, "50.00%", "0.00%"]


@pytest.mark.parametrize("name", MODELS)
def test_worst_conditions_come_first_without_rare_ones(name, script):
    card = script["card"](
        name, made_up_results(name, load_model(MODELS[name]).digest, script["DATASETS"])
    )
    assert re.findall(r"^\| pen \| (\w+)", card, re.MULTILINE) == ["wider", "1"]


@pytest.mark.parametrize("name", MODELS)
def test_card_names_the_file_its_data_and_its_settings(name, script):
    card, model = script["card"](name, {}), load_model(MODELS[name])
    assert f"| `{model.digest}` |" in card
    for file, digest in model.training["data"].items():
        assert f"| `{file}` | `{digest}` | {script['ORIGINS'][file]} |" in card
    for setting in {*model.training["recipe"], "seed", "limit"} - {*script["SHOWN_ELSEWHERE"]}:
        assert re.search(rf"^\| {setting} \| `.+` \|$", card, re.MULTILINE), setting


def test_card_names_everybody_who_wrote_the_training_digits(script):
    files = ["train-images-idx3-ubyte", "semeion.data", "pendigits-orig.tra", "train_r01_v07"]
    assert people(files[:1]) == "Americans around 1990"
    assert people(files[:2]) == "Americans around 1990 and about 80 people in Italy"
    everybody = people(files)
    assert everybody.count(", ") == 3
    for file in files[1:]:
        assert "CC BY 4.0" in script["ORIGINS"][file]
    assert "zenodo.1195803" in script["ORIGINS"]["train_r01_v07"]


def test_settings_are_shown_as_python_shows_them(script):
    layers = [{"type": "Flatten"}, {"type": "Dense", "inputs": 4, "bias": True}]
    recipe = {"name": "tiny", "augment": None, "network": {"type": "Network", "layers": layers}}
    assert script["_settings"]({"recipe": recipe, "seed": 3, "limit": 9}) == {
        "augment": "None",
        "limit": "9",
        "network": "Network(layers=[Flatten, Dense(inputs=4, bias=True)])",
        "seed": "3",
    }


@pytest.mark.parametrize("name", MODELS)
def test_rows_are_as_wide_as_the_heading_of_their_table(name, script):
    for results in (
        {},
        made_up_results(name, load_model(MODELS[name]).digest, script["DATASETS"]),
    ):
        for block in script["card"](name, results).split("\n\n"):
            widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
            assert len(widths) <= 1, block
