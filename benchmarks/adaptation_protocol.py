"""Adapt a model to one writer after the other, and count the errors on the digits left over."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
from adaptation_data import MNIST_WRITERS, UNRECOGNIZED, Images, Writer, answers, predict
from adaptation_methods import Method
from numpy.typing import NDArray

from inkdigits import Recognizer
from inkdigits.arrays import Generator, Labels
from inkdigits.constants import CLASSES
from inkdigits.data.samples import Sample
from inkdigits.threads import one_blas_thread

SEED = 0
SAMPLES = (1, 3, 5)  # of each digit
MOST = max(SAMPLES)
UNSURE = 0.99  # confidence below which a person is asked whether an answer was right
KEPT = 2  # digits of each class that are never samples, for writers who have that many


@dataclass(frozen=True, eq=False)
class Draw:
    """One random choice of samples among a writer's digits.

    samples  for each number in SAMPLES the places of the samples, each list starting with the one
             before
    rest     the places of the digits that are in none of them: errors are always counted on these
    """

    samples: dict[int, NDArray[np.intp]]
    rest: NDArray[np.intp]


def draw(labels: Labels, rng: Generator) -> Draw:
    """Draw up to MOST digits of each class, but leave KEPT of each."""
    order = rng.permutation(len(labels))
    by_class = [order[labels[order] == label] for label in range(CLASSES)]
    available = [places[: max(0, len(places) - KEPT)] for places in by_class]
    samples = {count: np.concatenate([places[:count] for places in available]) for count in SAMPLES}
    rest = np.setdiff1d(np.arange(len(labels)), samples[MOST])
    return Draw(samples, rest)


@dataclass(frozen=True, eq=False)
class Others:
    """What a personal model must not lose: other people's digits, and the rejection of non-digits.

    writers     str (N,), who wrote each digit
    non_digits  None to leave them out
    """

    images: Images
    labels: Labels
    writers: NDArray[np.str_]
    non_digits: Images | None


class Bench:
    """Measures one method on one base model.

    others       None to leave out what adaptation costs others
    repetitions  draws of samples for each writer
    """

    def __init__(
        self, base: Recognizer, method: Method, others: Others | None, repetitions: int
    ) -> None:
        self.base, self.method, self.others = base, method, others
        self.repetitions = repetitions
        self._seconds = 0.0  # of the last adaptation
        if others:
            self._others_before = answers(base, base, others.images) == others.labels
            self._rejected_before = self._rejected(base)

    def _rejected(self, recognizer: Recognizer) -> float:
        """Return the share of the non-digits that are rejected."""
        if self.others is None or self.others.non_digits is None:
            return float("nan")
        found = answers(self.base, recognizer, self.others.non_digits)
        return float(np.mean(found == UNRECOGNIZED))

    @one_blas_thread()
    def _adapt(self, samples: Sequence[Sample]) -> Recognizer:
        started = process_time()
        recognizer = self.method(self.base, samples)
        self._seconds = process_time() - started
        return recognizer

    def measure(self, writer: Writer, number: int) -> dict[str, Any]:
        """Measure one writer; all shares are means over the repetitions.

        number   of the writer, for the random numbers
        returns  before, after    share of errors: digits that are rejected or wrong; after by
                                  number of samples of each digit
                 samples          how many there were, by the same number
                 corrections      the same if, of as many digits, only those are added in turn that
                                  are not recognized; and how many these are
                 confirmations    the same if those are added, too, of which the model is unsure
                 rejected_before, rejected_after   share of digits that are rejected
                 others           change of the share of other people's digits that are recognized
                 non_digits       change of the share of non-digits that are rejected
                 seconds          of CPU time, on one core, to adapt to the most samples
        """
        before = answers(self.base, self.base, writer.images)
        samples = samples_of(self.base, writer)
        runs = [
            self._run(writer, samples, before, np.random.default_rng((SEED, number, repetition)))
            for repetition in range(self.repetitions)
        ]
        return {
            "group": writer.group,
            "writer": writer.name,
            "digits": len(writer.labels),
            **_mean(runs),
            **self._costs(writer, samples, np.random.default_rng((SEED, number, 0))),
        }

    def _run(
        self, writer: Writer, samples: Sequence[Sample], before: Labels, rng: Generator
    ) -> dict[str, Any]:
        chosen = draw(writer.labels, rng)
        rest, labels = chosen.rest, writer.labels[chosen.rest]
        images = Images([writer.images.candidates[place] for place in rest])
        run: dict[str, Any] = {
            "before": float(np.mean(before[rest] != labels)),
            "rejected_before": float(np.mean(before[rest] == UNRECOGNIZED)),
            "after": {},
            "samples": {},
        }
        for count, places in chosen.samples.items():
            recognizer = self._adapt([samples[place] for place in places])
            found = answers(self.base, recognizer, images)
            run["after"][str(count)] = float(np.mean(found != labels))
            run["samples"][str(count)] = len(places)
        run["rejected_after"] = float(np.mean(found == UNRECOGNIZED))
        run["seconds"] = self._seconds
        walk = np.sort(chosen.samples[MOST])
        for name, unsure in (("corrections", 0.0), ("confirmations", UNSURE)):
            recognizer, number = self._corrected(writer, samples, walk, unsure)
            found = answers(self.base, recognizer, images)
            run[name] = {"samples": number, "after": float(np.mean(found != labels))}
        return run

    def _corrected(
        self,
        writer: Writer,
        samples: Sequence[Sample],
        places: NDArray[np.intp],
        unsure: float,
    ) -> tuple[Recognizer, int]:
        """Go through digits in the order in which they were written; add what is not recognized.

        unsure   the confidence below which a digit is added, too, if it is recognized
        returns  the model after the last addition, and the number of additions
        """
        recognizer, corrections = self.base, list[Sample]()
        images = Images([writer.images.candidates[place] for place in places])
        done = 0
        while done < len(places):
            found, confidences = predict(self.base, recognizer, images)
            is_added = (found != writer.labels[places]) | (confidences < unsure)
            is_added[:done] = False
            if not is_added.any():
                break
            first = int(is_added.argmax())
            corrections.append(samples[places[first]])
            recognizer = self._adapt(corrections)
            done = first + 1
        return recognizer, len(corrections)

    def _costs(self, writer: Writer, samples: Sequence[Sample], rng: Generator) -> dict[str, Any]:
        """Measure what others lose by the personal model of the first repetition."""
        if self.others is None:
            return {}
        chosen = draw(writer.labels, rng).samples[MOST]
        recognizer = self._adapt([samples[place] for place in chosen])
        right = answers(self.base, recognizer, self.others.images) == self.others.labels
        is_other = np.ones(len(right), bool)
        if writer.group == MNIST_WRITERS:
            is_other = self.others.writers != writer.name
        change = right[is_other].mean() - self._others_before[is_other].mean()
        costs = {"others": float(change)}
        if self.others.non_digits is not None:
            costs["non_digits"] = self._rejected(recognizer) - self._rejected_before
        return costs

    @property
    def starting_point(self) -> dict[str, float]:
        """The share of others' digits recognized and of non-digits rejected by the base model."""
        if self.others is None:
            return {}
        shares = {"others": float(self._others_before.mean())}
        if self.others.non_digits is not None:
            shares["non_digits"] = self._rejected_before
        return shares


def samples_of(base: Recognizer, writer: Writer) -> list[Sample]:
    """Return a writer's digits as samples, as `inkdigits.personal.sample` makes them."""
    predictions = base.predict_candidates(writer.images.candidates)
    return [
        Sample(prediction.seen, int(label))
        for prediction, label in zip(predictions, writer.labels, strict=True)
    ]


def _mean(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Average numbers over runs, also those in dictionaries; of seconds, take the median."""
    values: dict[str, Any] = {}
    for key, value in runs[0].items():
        of_runs = [run[key] for run in runs]
        if isinstance(value, dict):
            values[key] = _mean(of_runs)
        else:
            values[key] = median(of_runs) if key == "seconds" else mean(of_runs)
    return values


def others_for(
    base: Recognizer, validation: tuple[Any, list[Any]], non_digits: Images | None
) -> Others:
    """Make what the cost to others is measured on of MNIST's validation digits."""
    digits, candidates = validation
    return Others(Images(candidates), digits.labels, digits.writers.astype(str), non_digits)
