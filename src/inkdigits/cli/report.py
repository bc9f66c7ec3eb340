"""Render an evaluation as one self-contained HTML page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import count
from typing import Any

import click

from inkdigits.arrays import Pixels
from inkdigits.cli.curves import TRAINING, VALIDATION, panels_of_run
from inkdigits.constants import DIGITS
from inkdigits.evaluation import WriterMetrics
from inkdigits.imaging.decode import png_data_url
from inkdigits.metrics import Coverage, Metrics
from inkdigits.recognizer import Recognizer
from inkdigits.training import Record

MATRIX_CLASSES = 40  # up to which the confusion matrix is shown whole
CONFUSIONS_SHOWN = 50  # otherwise


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
    recognizer: Recognizer,
    metrics: Metrics,
    mistakes: Sequence[Mistake],
    tested: str,
    *,
    rejected: int,
    coverage: Sequence[Coverage],
    writers: Mapping[str, WriterMetrics],
    are_own: bool = False,
    records: Sequence[Record] = (),
) -> str:
    """Render `report.html` with the metrics and some mistakes.

    tested     what the images are, in the plural
    rejected   how many images the model rejects
    coverage   the risk-coverage curve
    writers    the metrics on other people's digits, by source
    are_own    whether a person has brought the images
    records    of the run that the model comes from, if they are known
    raises     ClickException if Jinja, which the extra `plots` installs, is missing
    """
    model = recognizer.describe()
    names = model.class_names[: len(metrics.confusion)]
    return render_page(
        "report.html",
        model=model,
        tested=tested,
        metrics=metrics,
        names=names,
        noun="digit" if names == DIGITS else "image",
        confusions=_most_frequent_confusions(metrics) if len(names) > MATRIX_CLASSES else (),
        mistakes=[(mistake, png_data_url(mistake.image)) for mistake in mistakes],
        wrong=metrics.total - metrics.correct,
        rejected=rejected,
        coverage=coverage,
        writers=writers,
        are_own=are_own,
        plots=panels_of_run(records) if records else None,
        has_validation=any(record.validation_loss is not None for record in records),
        colors={"training": TRAINING, "validation": VALIDATION},
    )


def _most_frequent_confusions(metrics: Metrics) -> list[tuple[int, int, int]]:
    """Return label, prediction and count of the most frequent wrong predictions."""
    pairs = [
        (label, predicted, count)
        for label, row in enumerate(metrics.confusion)
        for predicted, count in enumerate(row)
        if count and label != predicted
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:CONFUSIONS_SHOWN]


def render_page(template: str, **values: Any) -> str:
    """Render a template of this package as an HTML page.

    raises   ClickException if Jinja, which the extra `plots` installs, is missing
    """
    try:
        from jinja2 import Environment, FunctionLoader
        from markupsafe import Markup, escape
    except ModuleNotFoundError:
        raise click.ClickException(
            "A report needs the package jinja2: pip install 'inkdigits[plots]'."
        ) from None
    folder = resources.files("inkdigits.cli")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
    )
    # Where long names may be broken into lines.
    environment.filters["breakable"] = lambda text: Markup(
        re.sub(r"([./_])", r"\1<wbr>", str(escape(text)))
    )
    environment.filters["number"] = lambda value: f"{float(value):#.4g}".rstrip(".")
    # Numbers for what the page refers to, such as masks.
    return environment.get_template(template).render(new_id=partial(next, count()), **values)
