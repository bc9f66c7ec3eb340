"""Learning curves: what is plotted, for which model, and with which ticks."""

import json
import re
from dataclasses import asdict, replace

import pytest
from untrained import untrained

from inkdigits.cli.curves import (
    COLORS,
    MARKED_EPOCHS,
    draw_curves,
    panels_of_run,
    panels_of_runs,
    records_of,
)
from inkdigits.model_file import save_model
from inkdigits.storage.files import FileError
from inkdigits.training import Record


def records(epochs, validation=True):
    losses = (0.4, 0.9) if validation else (None, None)
    return [Record(n, 2.0 / n, 0.5, *losses, 0.01, 1.0, 9.0) for n in range(1, epochs + 1)]


def texts(svg, axis):
    """The texts of an axis: ticks, and then the label."""
    part = svg[svg.index(f"matplotlib.axis_{axis}") :]
    part = part[: part.index("matplotlib.axis_2")] if axis == 1 else part
    return re.findall(r">([^<>]+)</text>", part)


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 60])
def test_ticks_of_the_epochs_are_whole_numbers(epochs):
    for svg in panels_of_run(records(epochs)):
        *ticks, label = texts(svg, 1)
        assert label == "epoch"
        assert all(re.fullmatch(r"\d+", tick) for tick in ticks), ticks
        assert 1 <= len(ticks) <= 12
    assert texts(panels_of_run(records(1))[0], 1) == ["1", "epoch"]


def test_panels_are_svg_elements_for_one_page():
    panels = panels_of_run(records(3))
    assert all(panel.startswith('<svg role="img" aria-label="') for panel in panels)
    names = [name for panel in panels for name in re.findall(r'\bid="([^"]+)"', panel)]
    assert len(set(names)) == len(names)
    for panel in panels:
        used = re.findall(r'(?:url\(#|href="#)([^")]+)', panel)
        assert used
        assert all(f'id="{name}"' in panel for name in used)
    assert ("Loss" in panels[0], "Errors, %" in panels[1]) == (True, True)


def test_run_without_validation_has_one_curve():
    panel = panels_of_run(records(3, validation=False))[0]
    assert "#2a7fbf" in panel
    assert "#d9822b" not in panel


def test_each_run_has_its_color_and_a_missing_one_keeps_its_place():
    panel = panels_of_runs([records(3), [], records(2)])[0]
    assert COLORS[0] in panel
    assert COLORS[1] not in panel
    assert COLORS[2] in panel
    assert panel.count("stroke-dasharray") == 2  # training


def test_many_epochs_have_no_markers():
    few, many = (panels_of_run(records(n))[0] for n in (MARKED_EPOCHS, MARKED_EPOCHS + 1))
    assert few.count("<use") > many.count("<use") + MARKED_EPOCHS


def test_file_is_the_same_for_the_same_curves(tmp_path):
    for name in ("a.svg", "b.svg"):
        assert draw_curves(tmp_path / name, records(1))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


# The records of a model


@pytest.fixture
def folder(tmp_path):
    lines = [json.dumps(asdict(record)) + "\n" for record in records(5)]
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    return tmp_path


def test_records_end_with_the_epoch_of_the_model(folder):
    """A run that is being lengthened has more."""
    model = untrained(metrics={"loss": 2.0 / 3})
    assert records_of(folder / "mlp.safetensors", model) == records(3)


def test_model_of_another_run_has_no_records(folder):
    assert records_of(folder / "mlp.safetensors", untrained(metrics={"loss": 0.123})) == []
    assert records_of(folder / "mlp.safetensors", untrained()) == []


def test_model_elsewhere_has_no_records(tmp_path):
    assert records_of(tmp_path / "mlp.safetensors", untrained(metrics={"loss": 2.0})) == []


def test_damaged_records_are_an_error(folder, run_inkdigits):
    (folder / "metrics.jsonl").write_text("[" * 10_000)
    with pytest.raises(FileError, match=r"metrics\.jsonl cannot be used"):
        records_of(folder / "mlp.safetensors", untrained())
    save_model(folder / "mlp.safetensors", replace(untrained()))
    path = folder / "mlp.safetensors"
    done = run_inkdigits("evaluate", path, "--report", folder / "report.html")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: .+metrics\.jsonl cannot be used.+\n", done.stderr)
