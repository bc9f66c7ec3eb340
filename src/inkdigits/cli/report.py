"""Renders an evaluation as one HTML page that needs nothing else."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import click

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import encode_png
from inkdigits.metrics import Metrics
from inkdigits.recipes import RECIPES
from inkdigits.recognizer import Recognizer


@dataclass(frozen=True)
class Mistake:
    """A test digit that was read wrong.

    number      of the digit in the test set, from 0
    picture     uint8 (28, 28), as it is in the test set
    confidence  that the model had in its wrong answer
    """

    number: int
    picture: Pixels
    label: int
    answer: int
    confidence: float


def render_report(recognizer: Recognizer, metrics: Metrics, worst: Sequence[Mistake]) -> str:
    """Fill the page of `report.html` with what was measured.

    raises   ClickException if Jinja, which the extra `plots` brings, is missing
    """
    try:
        from jinja2 import Environment
    except ModuleNotFoundError:
        raise click.ClickException(
            "The package jinja2 is missing: pip install 'inkdigits[plots]' to have a report."
        ) from None
    page = resources.files("inkdigits.cli").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(page).render(
        recognizer=recognizer,
        recipe=RECIPES[recognizer.model.recipe],
        metrics=metrics,
        mistakes=[(mistake, _data_url(mistake)) for mistake in worst],
        wrong=metrics.total - metrics.correct,
    )


def _data_url(mistake: Mistake) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(mistake.picture)).decode()
