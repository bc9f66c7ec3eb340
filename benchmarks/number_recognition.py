"""Accuracy on whole numbers, drawn, photographed and on checks, and rejection of other pictures.

A number counts as right only if it is accepted and each of its digits is right. `--fit` calibrates
the line network on pictures of some writers; figures are reported on pictures of others.
"""

import argparse
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import number_pictures
import numpy as np
import outlier_sources
from number_pictures import KINDS, NUMBERS, OTHERS, Material, Picture
from picture_sheet import write_contact_sheet
from results_store import save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.arrays import Array
from inkdigits.data import development, mnist, unipen_numbers
from inkdigits.data.split import split_by_writer
from inkdigits.imaging.inputs import to_rgba
from inkdigits.numbers import NumberPrediction, calibration, recognize_number
from inkdigits.numbers.calibration import Evidence
from inkdigits.numbers.constraints import Constraints
from inkdigits.numbers.line import normalize_line
from inkdigits.numbers.line_model import SHIPPED, load_line_model, save_line_model
from inkdigits.numbers.picture import inks_of
from inkdigits.numbers.recognize import examine
from inkdigits.recipes import CNN_SMALL
from inkdigits.threads import limit_blas_threads

AIMS = {
    "UNIPEN numbers": 0.97,
    "amounts": 0.92,
    "apart": 0.95,
    "touching": 0.9,
    "photos": 0.9,
    **dict.fromkeys(OTHERS, 0.95),
}
SUREST = 0.7  # share of the numbers; of these ...
AIM_OF_SUREST = 0.995  # ... this share should be right
AIM_MS = 40  # one number of five digits, 600x200
MAX_REJECTED = 0.01  # share of the numbers that the threshold rejects, when it is fitted
WEIGHTS = (0.1, 0.2, 0.3, 0.5, 1.0)  # of the digits, of which the best is chosen
SEED, SEED_OF_FIT = 0, 1  # of pictures that are reported on, and of those for calibration
RESAMPLES = 2000


@dataclass(frozen=True)
class Answer:
    """What was predicted for one picture."""

    kind: str
    picture: Picture
    prediction: NumberPrediction

    @property
    def is_right(self) -> bool:
        """Whether a number is recognized correctly, or another picture rejected."""
        return (self.prediction.text or "") == self.picture.text


def load_material(is_for_fitting: bool) -> Material:
    """Load what pictures are made of.

    is_for_fitting  which half of MNIST's validation writers, none of whom was trained on, and which
                    fonts and photographs: the others are for reporting
    """
    held_out = split_by_writer(mnist.load("train"), CNN_SMALL.validation, SEED)[1]
    assert held_out.writers is not None
    names = np.unique(held_out.writers)
    chosen = names[::2] if is_for_fitting else names[1::2]
    digits = held_out.take(np.isin(held_out.writers, chosen))
    return Material(
        digits,
        development.load()[development.PENDIGITS],
        unipen_numbers.load(unipen_numbers.DEVELOPMENT_CONTRIBUTORS),
        outlier_sources.load("development" if is_for_fitting else "test", digits),
    )


def draw(material: Material, kind: str, count: int, seed: int = SEED) -> list[Picture]:
    """Draw pictures of a kind; each number of UNIPEN ten times, whatever the count."""
    if kind == "UNIPEN numbers":
        count = number_pictures.COPIES * len(material.numbers)
    return list(number_pictures.pictures(kind, material, count, seed))


def recognize(material: Material, kinds: list[str], count: int) -> list[Answer]:
    """Recognize pictures of each kind."""
    recognizer = Recognizer.load()
    return [
        Answer(kind, picture, recognize_number(picture.file, recognizer))
        for kind in kinds
        for picture in track(draw(material, kind, count), f"{kind:15}")
    ]


def measure(answers: list[Answer]) -> dict[str, Any]:
    """Compute the figures of one kind."""
    right = np.array([answer.is_right for answer in answers])
    lengths = Counter(
        len(answer.prediction.text) - len(answer.picture.text)
        for answer in answers
        if answer.prediction.text is not None and answer.picture.text
    )
    return {
        "pictures": len(answers),
        "aim": AIMS[answers[0].kind],
        "right": float(right.mean()),
        "interval": _interval(right, [answer.picture.source for answer in answers]),
        "rejected": float(np.mean([answer.prediction.text is None for answer in answers])),
        "too long or short by": {str(by): lengths[by] for by in sorted(lengths) if by},
    }


def _interval(right: Array, sources: list[str]) -> tuple[float, float]:
    """Estimate a 95% interval of the mean by resampling sources, of which some are drawn often."""
    names = sorted(set(sources))
    places = [np.flatnonzero(np.array(sources) == name) for name in names]
    sums = np.array([right[place].sum() for place in places])
    counts = np.array([len(place) for place in places])
    chosen = np.random.default_rng(SEED).integers(len(names), size=(RESAMPLES, len(names)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return low, high


def risk(answers: list[Answer]) -> dict[str, Any]:
    """Compute how many of the surest numbers are right, and how well confidence is calibrated."""
    numbers = [answer for answer in answers if answer.picture.text]
    confidences = np.array([answer.prediction.confidence for answer in numbers])
    right = np.array([answer.is_right for answer in numbers])
    order = np.argsort(-confidences, kind="stable")
    surest = order[: round(SUREST * len(order))]
    bins = np.array_split(order, 10)
    gaps = [abs(float(confidences[part].mean() - right[part].mean())) for part in bins]
    return {
        "surest": SUREST,
        "aim": AIM_OF_SUREST,
        "right of surest": float(right[surest].mean()),
        "least confidence of surest": float(confidences[surest].min()),
        "mean gap of confidence": float(np.mean(gaps)),
    }


def milliseconds(material: Material) -> float:
    """Measure the median CPU time of a number of five digits, 600x200, of which one is taken."""
    recognizer = Recognizer.load()
    rng = np.random.default_rng(SEED)
    covered = number_pictures.string(material.digits, "35172", number_pictures.APART, rng)
    image = np.full((200, 600), 255, np.uint8)
    rows, columns = (min(side, most) for side, most in zip(covered.shape, (160, 560), strict=True))
    image[20 : 20 + rows, 20 : 20 + columns] -= np.rint(200 * covered[:rows, :columns]).astype(
        np.uint8
    )
    times = []
    for _ in range(50):
        start = time.process_time()
        recognize_number(image, recognizer)
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))


def fit(material: Material, count: int) -> None:
    """Calibrate the shipped line network: the weight of the digits, then all coefficients."""
    drawn = {kind: draw(material, kind, count, SEED_OF_FIT) for kind in KINDS}
    pictures = {kind: each[:: max(1, len(each) // count)] for kind, each in drawn.items()}
    best: tuple[float, float] | None = None
    for weight in WEIGHTS:
        found = _examined(pictures, weight)
        share = float(np.mean([right for _, right, is_number in found if is_number]))
        print(f"weight of the digits {weight}: {share:.4f} right", flush=True)
        if best is None or share > best[0]:
            best = share, weight
    assert best is not None
    found = _examined(pictures, best[1])
    evidence = [each for each, _, _ in found]
    confidence = calibration.fit(evidence, [right for _, right, _ in found])
    numberness = calibration.fit(evidence, [is_number for _, _, is_number in found])
    scores = [calibration.log_odds(numberness, each) for each, right, _ in found if right]
    threshold = float(np.quantile(scores, MAX_REJECTED))
    model = load_line_model()
    fitted = calibration.NumberCalibration(best[1], 1.0, confidence, numberness, threshold)
    save_line_model(SHIPPED, replace(model, calibration=fitted))
    print(asdict(fitted))


def _examined(
    pictures: dict[str, list[Picture]], weight: float
) -> list[tuple[Evidence, bool, bool]]:
    """Examine pictures; return the evidence, whether the text is right, whether it is a number."""
    recognizer = Recognizer.load()
    model = load_line_model()
    model = replace(model, calibration=replace(model.calibration, digit_weight=weight))
    found = []
    for each in (picture for kind in pictures.values() for picture in kind):
        for ink in inks_of(to_rgba(each.file)):
            line = normalize_line(ink.ink)
            conclusion = line and examine(line, model, recognizer, Constraints())
            if conclusion:
                right = bool(each.text) and next(iter(conclusion.shares)) == each.text
                found.append((conclusion.evidence, right, bool(each.text)))
            break
    return found


def main() -> None:
    """Calibrate, or measure, print and save the figures."""
    limit_blas_threads()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="number of pictures of each kind")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw what is wrong")
    parser.add_argument("--fit", action="store_true", help="calibrate the line network")
    arguments = parser.parse_args()
    if arguments.fit:
        fit(load_material(is_for_fitting=True), arguments.count)
        return
    material = load_material(is_for_fitting=False)
    answers = recognize(material, arguments.kind, arguments.count)
    by_kind = {kind: [each for each in answers if each.kind == kind] for kind in arguments.kind}
    figures = {kind: measure(each) for kind, each in by_kind.items()}
    table = Table("kind", "aim", "right", "95% interval", "rejected", "length off by")
    for kind, each in figures.items():
        missed = "" if each["right"] >= each["aim"] else " !"
        low, high = each["interval"]
        lengths = ", ".join(f"{by}: {times}" for by, times in each["too long or short by"].items())
        table.add_row(
            kind + missed, f"{each['aim']:.1%}", f"{each['right']:.1%}",
            f"{low:.1%} to {high:.1%}", f"{each['rejected']:.1%}", lengths,
        )  # fmt: skip
    Console().print(table)
    if arguments.picture:
        wrong = {
            kind: [
                (f"{each.picture.text}: {each.prediction.text}", each.picture.file)
                for each in answers
                if not each.is_right
            ][:45]
            for kind, answers in by_kind.items()
        }
        write_contact_sheet(wrong, arguments.picture)
    if set(NUMBERS) <= set(arguments.kind):
        of_all = risk(answers)
        taken = milliseconds(material)
        print(of_all, f"{taken:.1f} ms")
        if arguments.kind == list(KINDS):
            settings = {"count": arguments.count}
            model = {"line network": load_line_model().digest}
            save_results(
                "numbers", settings | model | {"kinds": figures, "risk": of_all, "ms": taken}
            )


if __name__ == "__main__":
    main()
