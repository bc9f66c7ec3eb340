"""Personal models are measured on digits that they were not fitted to, and summarized by writer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from adaptation_data import UNRECOGNIZED, Images, Writer, answers
from adaptation_methods import METHODS
from adaptation_protocol import KEPT, MOST, SAMPLES, Bench, Others, draw, samples_of
from adaptation_summary import summarize_group

from inkdigits import Recognizer

BASE = Recognizer.load("mlp")


@pytest.fixture(scope="module")
def writer(digits):
    """Two hundred MNIST digits as if one person had written them; one has two candidates."""
    part = digits.take(slice(200))
    images = BASE.preprocess_mnist(part.images)
    candidates = list(images[:, None])
    candidates[3] = np.stack([255 - images[3], images[3]])
    return Writer("a group", "a writer", Images(candidates), part.labels)


def relabeled(base, samples):
    """A method that makes the model predict the class of the first sample for every image."""
    vector = base.model.vector.copy()
    bias = list(base.model.network.unflatten(vector).values())[-1]
    bias[samples[0].label] += 1000
    return Recognizer(replace(base.model, vector=vector), base.name)


def unchanged(base, samples):
    return base


def others_of(writer):
    names = np.array(["someone"] * len(writer.labels))
    return Others(writer.images, writer.labels, names, None)


@pytest.mark.parametrize("name", METHODS)
def test_answers_are_those_of_the_recognizer(name, writer):
    recognizer = METHODS[name](BASE, samples_of(BASE, writer)[:20])
    predictions = recognizer.predict_candidates(writer.images.candidates)
    expected = [UNRECOGNIZED if p.digit is None else p.digit for p in predictions]
    assert answers(BASE, recognizer, writer.images).tolist() == expected


def test_rejected_and_blank_images_are_unrecognized():
    blank = np.zeros((1, 28, 28), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    assert answers(BASE, BASE, Images([noise])).tolist() == [UNRECOGNIZED]
    without_rejection = Recognizer(replace(BASE.model, rejection_threshold=None), "mlp")
    found = answers(BASE, without_rejection, Images([noise, blank])).tolist()
    assert found[0] != UNRECOGNIZED == found[1]


def test_draws_are_nested_and_errors_are_counted_on_the_rest():
    labels = np.array([0] * 20 + [1] * 4 + [2] * 2 + list(range(3, 10)) * 8, np.uint8)
    chosen = draw(labels, np.random.default_rng(0))
    for fewer, more in pairwise(SAMPLES):
        assert set(chosen.samples[fewer]) < set(chosen.samples[more])
    counts = np.bincount(labels[chosen.samples[MOST]], minlength=10)
    assert counts.tolist() == [5, 2, 0] + [5] * 7
    assert np.bincount(labels[chosen.rest], minlength=10).min() == KEPT
    assert sorted([*chosen.rest, *chosen.samples[MOST]]) == list(range(len(labels)))


def test_model_that_is_left_as_it_was_has_as_many_errors(writer):
    row = Bench(BASE, unchanged, others_of(writer), 2).measure(writer, 0)
    assert row["before"] > 0
    assert set(row["after"].values()) == {row["before"]}
    assert row["corrections"]["after"] == row["before"]
    assert row["others"] == 0
    assert row["samples"] == {"1": 10, "3": 30, "5": 50}


def test_errors_after_and_the_cost_to_others_are_those_of_the_personal_model(writer):
    row = Bench(BASE, relabeled, others_of(writer), 1).measure(writer, 0)
    assert 0.8 < row["after"]["5"] < 0.95
    assert -0.95 < row["others"] < -0.75


def test_only_digits_that_are_not_recognized_become_corrections(writer):
    added = []

    def remembered(base, samples):
        added.append([sample.label for sample in samples])
        return relabeled(base, samples[-1:])

    # Every digit is wrong at first.
    mistaken = replace(writer, labels=(writer.labels + 1) % 10)
    row = Bench(BASE, remembered, None, 1).measure(mistaken, 0)
    corrections = added[len(SAMPLES) :][: int(row["corrections"]["samples"])]
    assert [len(labels) for labels in corrections] == list(range(1, len(corrections) + 1))
    labels = corrections[-1]
    assert row["corrections"]["samples"] == len(labels) > 20
    # Each correction makes its class the answer to all images, so the next one has another class.
    assert all(first != second for first, second in pairwise(labels))
    assert row["confirmations"]["samples"] >= row["corrections"]["samples"]


def row_of(before, after, group="a group"):
    return {
        "group": group,
        "writer": "a writer",
        "before": before,
        "after": {"5": after},
        "samples": {"5": 50},
        "corrections": {"after": before, "samples": 1},
        "confirmations": {"after": after, "samples": 4},
        "rejected_before": 0.0,
        "rejected_after": 0.0,
        "seconds": 1.0,
        "others": after - before,
    }


def test_summary_is_by_writer():
    rows = [row_of(0.1 * number, 0.05 * number) for number in range(10)]
    rows[1]["after"]["5"] = 0.2
    summary = summarize_group(rows)
    assert summary["writers"] == 10
    assert summary["before"] == pytest.approx(0.45)
    assert summary["worst"] == pytest.approx(0.7)
    after = summary["after"]["5"]
    assert after["mean"] == pytest.approx(0.24)
    assert after["ratio"] == pytest.approx(0.24 / 0.45)
    assert after["worst"] == pytest.approx(0.35)
    assert after["worse"] == 1
    low, high = after["ratio_interval"]
    assert low < after["ratio"] < high
    assert summary["after"]["corrections"]["ratio"] == pytest.approx(1)
    assert summary["after"]["confirmations"]["samples"] == 4
    assert summary["others"]["worst"] == pytest.approx(-0.45)
