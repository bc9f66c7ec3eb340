"""Render a comparison as one self-contained HTML page."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkdigits.cli.compared import LETTERS, Compared, Images
from inkdigits.cli.curves import COLORS, panels_of_runs
from inkdigits.cli.report import render_page
from inkdigits.comparison import Pair, Score, brief
from inkdigits.imaging.decode import png_data_url

IMAGES_REPORTED = 60
SETTING_LENGTH = 400  # characters of a value


def render_comparison(
    models: Sequence[Compared],
    images: Images,
    scores: Sequence[Score],
    settings: Mapping[str, tuple[Any, ...]],
    pairs: Sequence[Pair],
    numbers: Sequence[int],
) -> str:
    """Render `comparison.html`.

    numbers  of the images for which the models predict different classes, in order
    raises   ClickException if Jinja, which the extra `plots` installs, is missing
    """
    classes = models[0].recognizer.model.classes
    has_records = any(model.records for model in models)
    shown = [
        {
            "number": number,
            "url": png_data_url(images.pixels[number]),
            "label": classes[images.labels[number]],
            "predictions": [
                {
                    "label": classes[model.predicted[number]],
                    "confidence": float(model.confidence[number]),
                    "is_right": bool(model.predicted[number] == images.labels[number]),
                    "rejected": bool(model.rejected[number]),
                }
                for model in images.answers
            ],
        }
        for number in numbers[:IMAGES_REPORTED]
    ]
    return render_page(
        "comparison.html",
        title=images.title,
        runs=list(zip(LETTERS, COLORS, models, scores, strict=False)),
        pairs=pairs,
        settings={
            name: [brief(value)[:SETTING_LENGTH] for value in values]
            for name, values in settings.items()
        },
        plots=panels_of_runs([model.records for model in models]) if has_records else None,
        shown=shown,
        differing=len(numbers),
        total=len(images.labels),
    )
