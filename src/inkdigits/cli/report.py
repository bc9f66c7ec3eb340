"""Render an evaluation as one self-contained HTML page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import click

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import encode_png
from inkdigits.metrics import Metrics
from inkdigits.recognizer import Recognizer

MATRIX_CLASSES = 64  # a larger confusion matrix is left out


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction on a test digit.

    number      of the digit in the test set, from 0
    image       uint8 (28, 28), as it is in the test set
    confidence  of the wrong prediction
    """

    number: int
    image: Pixels
    label: int
    predicted: int
    confidence: float


def render_report(
    recognizer: Recognizer, metrics: Metrics, mistakes: Sequence[Mistake], tested: str
) -> str:
    """Render `report.html` with the metrics and some mistakes.

    tested   what the images are, in the plural
    raises   ClickException if Jinja, which the extra `plots` installs, is missing
    """
    try:
        from jinja2 import Environment
    except ModuleNotFoundError:
        raise click.ClickException(
            "A report needs the package jinja2: pip install 'inkdigits[plots]'."
        ) from None
    page = resources.files("inkdigits.cli").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(page).render(
        model=recognizer.describe(),
        metrics=metrics,
        mistakes=[(mistake, _data_url(mistake)) for mistake in mistakes],
        wrong=metrics.total - metrics.correct,
        classes=recognizer.model.classes,
        has_matrix=len(recognizer.model.classes) <= MATRIX_CLASSES,
        tested=tested,
    )


def _data_url(mistake: Mistake) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(mistake.image)).decode()
