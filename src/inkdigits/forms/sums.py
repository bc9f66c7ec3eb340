"""Fields that are the sum of others: the texts of all of them are chosen together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from inkdigits.numbers import Candidate

MAX_COMBINATIONS = 20_000
MISTAKE = 0.02  # probability that a person adds wrongly


@dataclass(frozen=True)
class Settled:
    """What the sum says of a field.

    candidates  the texts and their probabilities, given the other fields
    is_broken   whether the most probable texts do not add up
    """

    candidates: tuple[Candidate, ...]
    is_broken: bool


def settle(
    total: str, parts: Sequence[str], candidates: Mapping[str, Sequence[Candidate]]
) -> dict[str, Settled]:
    """Weigh the texts of fields by whether they add up.

    That wrong texts add up by chance is as improbable as any other total: one in as many as there
    are totals. So texts that do add up are that much more probable than others, but for the
    mistakes that people make.

    total       name of the field that is the sum
    parts       names of the others
    candidates  of each field, at most a few, the most probable first; of an empty one the text ""
                alone, which counts as 0
    returns     for each field its candidates, in a new order
    """
    names = [*parts, total]
    lists = [list(candidates[name]) for name in names]
    while _count(lists) > MAX_COMBINATIONS:  # leave out the least probable text
        several = [texts for texts in lists if len(texts) > 1]
        min(several, key=lambda texts: texts[-1].probability).pop()
    totals = 10 ** max(len(candidate.text) for candidate in candidates[total])
    bonus = totals * (1 - MISTAKE) / MISTAKE
    weights: list[dict[str, float]] = [{} for _ in names]
    whole = 0.0
    best, best_adds_up = 0.0, True
    for chosen in product(*lists):
        weight = 1.0
        for candidate in chosen:
            weight *= candidate.probability
        *values, value = (int(candidate.text or "0") for candidate in chosen)
        adds_up = sum(values) == value
        if adds_up:
            weight *= bonus
        whole += weight
        if weight > best:
            best, best_adds_up = weight, adds_up
        for own, candidate in zip(weights, chosen, strict=True):
            own[candidate.text] = own.get(candidate.text, 0.0) + weight
    # What none of the candidates covers remains possible, but without the bonus of adding up.
    covered = 1.0
    for texts in lists:
        covered *= min(1.0, sum(candidate.probability for candidate in texts))
    whole += max(0.0, 1 - covered)
    return {
        name: Settled(_ranked(own, whole), not best_adds_up)
        for name, own in zip(names, weights, strict=True)
    }


def _ranked(weights: Mapping[str, float], whole: float) -> tuple[Candidate, ...]:
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    return tuple(Candidate(text, weight / whole if whole else 0.0) for text, weight in ranked)


def _count(lists: Sequence[Sequence[Candidate]]) -> int:
    count = 1
    for texts in lists:
        count *= len(texts)
    return count
