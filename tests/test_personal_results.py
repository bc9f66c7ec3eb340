"""The tables and the figure of personal models show what the benchmark measured."""

import draw_personal
import personal
import pytest
from adaptation_methods import METHODS


def summary(after):
    by_count = {
        count: {
            "samples": 9.5,
            "mean": after,
            "interval": [0.001, 0.03],
            "ratio": after / 0.04,
            "ratio_interval": [0.1, 0.9],
            "worst": 0.07,
            "worse": 3,
        }
        for count in ("1", "5", "corrections", "confirmations")
    }
    return {
        "writers": 12,
        "before": 0.04,
        "interval": [0.02, 0.06],
        "worst": 0.2,
        "after": by_count,
        "others": {"mean": 0.0001, "worst": -0.0012},
        "non_digits": {"mean": -0.001, "worst": -0.02},
        "seconds": {"median": 0.5, "most": 1.25},
    }


@pytest.fixture
def results():
    writers = [{"before": 0.02 * n, "after": {"5": 0.01 * n}} for n in range(12)]
    product = {"summary": {"all writers": summary(0.02), "a group": summary(0.01)}}
    methods = {"product": product | {"writers": writers}}
    methods["biases"] = {"summary": {"all writers": summary(0.03)}}
    return {"models": [{"model": "mlp", "digest": "", "methods": methods}]}


def test_rows_by_number_of_samples_are_of_all_writers(results):
    rows = personal.tables(results)["by_samples"]
    assert [row[1] for row in rows] == ["1", "5", *personal.WALKS.values()]
    assert rows[1] == [
        "`mlp`", "5", "9.5", "4.00% (2.00% to 6.00%)", "2.00% (0.10% to 3.00%)",
        "0.50 (0.10 to 0.90)", "20.00% to 7.00%", "3 of 12",
    ]  # fmt: skip


def test_groups_have_the_most_samples_and_corrections(results):
    rows = personal.tables(results)["by_group"]
    assert rows[1] == [
        "`mlp`", "a group", "12", "4.00%", "1.00%", "0.25 (0.10 to 0.90)", "1.00%", "1.00%",
    ]  # fmt: skip


def test_methods_are_compared_by_errors_and_costs(results):
    rows = personal.tables(results)["by_method"]
    assert [row[1] for row in rows] == [personal.METHODS[m] for m in ("product", "biases")]
    assert rows[1][2:] == [
        "4.00%", "3.00%", "3.00%", "3.00%", "3.00%", "+0.01, -0.12", "-0.10, -2.00", "0.50, 1.25",
    ]  # fmt: skip


def test_every_method_of_the_benchmark_has_a_description():
    assert set(personal.METHODS) == set(METHODS)


def test_figure_has_two_dots_for_each_writer_sorted_by_the_errors_before(results):
    (axes,) = draw_personal.personal_writers(results["models"]).axes
    before, after = (line.get_ydata().tolist() for line in axes.lines)
    assert before == pytest.approx([2.0 * n for n in reversed(range(12))])
    assert after == pytest.approx([1.0 * n for n in reversed(range(12))])
