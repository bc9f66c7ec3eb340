"""A small change of ink that changes the answer, found greedily along the gradient."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.calibration import rejection_scores
from inkdigits.explain.explanation import Change, Pixel
from inkdigits.explain.passes import Pass
from inkdigits.explain.subject import Subject
from inkdigits.inference import forward_batches
from inkdigits.nn.losses import softmax
from inkdigits.preprocessing import network_input
from inkdigits.recognizer import Prediction

MAX_PIXELS = 50  # after which the search gives up: half of the ink of most digits
TRIED = 16  # changes of one pixel that are tried in each step, those that the gradient favors most
FULL_INK = 255
INKED = 128  # gray level; ink is added only beside pixels with at least as much


@dataclass(frozen=True)
class Goal:
    """What a change is to achieve: a margin above zero.

    name     "accepted", "any other", or the name of the target
    classes  number of the model's classes, without the one for non-digits
    limit    rejection scores above it are rejected; infinity for a model that rejects nothing
    target   index of the class that the picture becomes, or of the non-digits; None for any
    leaves   index of the class that it no longer is; None if that does not matter
    """

    name: str
    classes: int
    limit: float
    target: int | None = None
    leaves: int | None = None

    def margins(self, logits: Array) -> Array:
        """Return how far pictures are beyond the goal: the least of what it asks for.

        logits   float32 (N, C)
        returns  float64 (N,), in the units of logits
        """
        return np.min([margins for margins, _ in self._demands(logits.astype(np.float64))], axis=0)

    def gradient(self, logits: Array) -> Array:
        """Compute the gradient of one picture's margin at its logits, float32 (C,)."""
        demands = self._demands(logits[None].astype(np.float64))
        _, gradients = min(demands, key=lambda demand: float(demand[0][0]))
        return gradients[0].astype(np.float32)

    def _demands(self, logits: Array) -> list[tuple[Array, Array]]:
        """Return what the goal asks for: margins, and their gradients.

        logits   float64 (N, C)
        returns  pairs of float64 (N,) and (N, C)
        """
        demands: list[tuple[Array, Array]] = []
        if self.limit < np.inf:
            # The score is a logit minus a log of summed exponentials, whose gradient is softmax.
            gradients = -np.eye(logits.shape[1])[[self.classes] * len(logits)]
            gradients[:, : self.classes] = softmax(logits[:, : self.classes])
            sign = -1 if self.target == self.classes else 1
            demands.append((sign * (self.limit - rejection_scores(logits)), sign * gradients))
        if self.leaves is not None or (self.target is not None and self.target < self.classes):
            demands.append(self._lead(logits[:, : self.classes], logits.shape[1]))
        return demands

    def _lead(self, logits: Array, outputs: int) -> tuple[Array, Array]:
        """Return by how much the wanted class leads: the target, or the best one to change to."""
        rows = np.arange(len(logits))
        if self.target is not None:
            winner = np.full(len(logits), self.target)
            loser = _best_except(logits, winner)
        else:
            loser = np.full(len(logits), self.leaves)
            winner = _best_except(logits, loser)
        identity = np.eye(outputs)
        return logits[rows, winner] - logits[rows, loser], identity[winner] - identity[loser]


def _best_except(logits: Array, excluded: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the index of each row's largest logit apart from one."""
    others = logits.copy()
    others[np.arange(len(logits)), excluded] = -np.inf
    return others.argmax(axis=1)


def choose_goal(subject: Subject, target: str | None) -> Goal:
    """Choose what a change is to achieve.

    target  the class that the picture becomes; if that is the answer, or None, any other answer:
            a rejected image is accepted
    """
    model = subject.recognizer.model
    threshold = subject.recognizer.rejection_threshold
    limit = np.inf if threshold is None else threshold - subject.penalty
    classes, answer = len(model.classes), subject.prediction.label
    if target is not None and target != answer:
        wanted = model.class_names.index(target)
        if wanted < classes or subject.prediction.reason != "not_a_digit":
            return Goal(target, classes, limit, target=wanted)
    if answer is None:
        return Goal("accepted", classes, limit)
    return Goal("any other", classes, limit, leaves=model.classes.index(answer))


def find_change(subject: Subject, goal: Goal) -> Change:
    """Find few pixels to add or remove, so that the recognizer predicts what the goal asks for.

    Each step tries the changes of one pixel that promise most by the gradient, and keeps the best.
    Ink is added beside ink only. At last, changes that have become needless are taken back.
    """
    search = _Search(subject, goal)
    after, reason = None, None
    if subject.prediction.reason == "blank":
        reason = "The image is blank, so there is no ink to change."
    else:
        after = search.run()
        if after is None:
            reason = f"No change of up to {MAX_PIXELS} pixels was found."
    pixels = search.changed if after is not None else {}
    return Change(
        found=after is not None,
        goal=goal.name,
        reason=reason,
        added=tuple(pixel for pixel, level in pixels.items() if level),
        removed=tuple(pixel for pixel, level in pixels.items() if not level),
        before=subject.prediction,
        after=after,
    )


class _Search:
    """One search: the picture as it was, and the pixels that have been changed so far."""

    def __init__(self, subject: Subject, goal: Goal) -> None:
        self.subject, self.goal = subject, goal
        self.changed: dict[Pixel, int] = {}  # its new gray level, FULL_INK or 0

    def run(self) -> Prediction | None:
        """Change pixels until the goal is reached; return the new prediction, or None."""
        after = None
        while after is None and len(self.changed) < MAX_PIXELS:
            trials = self._promising()
            margins = self._margins(trials)
            if not np.isfinite(margins).any():
                return None
            self.changed = trials[int(margins.argmax())]
            after = self._confirm(self.changed) if margins.max() > 0 else None
        while after is not None and len(self.changed) > 1:
            trials = [
                {pixel: level for pixel, level in self.changed.items() if pixel != undone}
                for undone in self.changed
            ]
            margins = self._margins(trials)
            fewer = trials[int(margins.argmax())]
            shorter = self._confirm(fewer) if margins.max() > 0 else None
            if shorter is None:
                break
            self.changed, after = fewer, shorter
        return after

    def _promising(self) -> list[dict[Pixel, int]]:
        """Return the changes so far with one more, those whose gradient promises most."""
        picture = self._picture(self.changed)
        model = self.subject.recognizer.model
        forward = Pass(model.network, model.vector, network_input(picture[None]))
        gradient = forward.gradients(self.goal.gradient(forward.logits))[0]
        ink = forward.arrays[0][0]
        beside = cv2.dilate((picture >= INKED).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
        gains = np.stack([-gradient * ink, np.where(beside, gradient * (1 - ink), -np.inf)])
        for pixel in self.changed:
            gains[:, *pixel] = -np.inf
        order = gains.argsort(axis=None)[::-1][:TRIED]
        places = np.transpose(np.unravel_index(order, gains.shape)).tolist()
        return [
            self.changed | {(row, column): FULL_INK * adds}
            for adds, row, column in places
            if np.isfinite(gains[adds, row, column])
        ]

    def _picture(self, changed: dict[Pixel, int]) -> Pixels:
        picture = self.subject.picture.copy()
        for pixel, level in changed.items():
            picture[pixel] = level
        return picture

    def _margins(self, trials: list[dict[Pixel, int]]) -> Array:
        """Return how far beyond the goal each of several sets of changes is.

        returns  float64 (N,); -infinity where an added pixel is not beside other ink
        """
        if not trials:
            return np.empty(0)
        forward = self.subject.forward
        pictures = np.stack([self._picture(changed) for changed in trials])
        logits = forward_batches(forward.network, forward.params, network_input(pictures))
        inked = np.pad(pictures >= INKED, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
        rows = inked[:, :-2] + inked[:, 1:-1] + inked[:, 2:]
        around = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]  # in 3x3 pixels
        added = (pictures == FULL_INK) & (self.subject.picture < FULL_INK)
        is_alone = (added & (around == 1)).any(axis=(1, 2))
        return np.where(is_alone, -np.inf, self.goal.margins(logits))

    def _confirm(self, changed: dict[Pixel, int]) -> Prediction | None:
        """Return the recognizer's prediction for the changed picture if it reaches the goal."""
        recognizer, goal = self.subject.recognizer, self.goal
        picture = self._picture(changed)[None]
        after = recognizer.predict_candidates([picture])[0]
        if goal.target == goal.classes:
            return after if after.reason == "not_a_digit" else None
        if after.label is None:
            return None
        index = recognizer.model.classes.index(after.label)
        if index == goal.leaves or goal.target not in (None, index):
            return None
        is_penalized = self.subject.penalty > 0  # then the threshold is lower than usual
        if is_penalized and recognizer.predict_batch(picture).rejection_scores[0] > goal.limit:
            return None
        return after
