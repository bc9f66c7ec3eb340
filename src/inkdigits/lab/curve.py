"""The curve of a run, step by step: any number of steps, at most 1,000 points."""

from collections.abc import Iterable
from dataclasses import astuple

from inkdigits.lab.views import CurvePoint
from inkdigits.training import Step

MAX_POINTS = 1000


class Curve:
    """Means over more and more steps: when there are too many points, two become one."""

    def __init__(self, points: Iterable[CurvePoint] = (), steps_per_point: int = 1) -> None:
        self._points = list(points)
        self._steps_per_point = steps_per_point
        self._steps = self._examples = self._correct = 0
        self._loss = 0.0

    def add(self, step: Step) -> None:
        """Add a step."""
        self._steps += 1
        self._examples += step.examples
        self._correct += step.correct
        self._loss += step.loss * step.examples
        if self._steps < self._steps_per_point:
            return
        loss, accuracy = self._loss / self._examples, self._correct / self._examples
        self._points.append(CurvePoint(step.number + 1, loss, accuracy, step.learning_rate))
        self._steps = self._examples = self._correct = 0
        self._loss = 0.0
        if len(self._points) > MAX_POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=False)
            self._points = [_mean(first, second) for first, second in pairs]
            self._steps_per_point *= 2

    def rewind(self, step: int) -> None:
        """Forget what comes after a step."""
        self._points = [point for point in self._points if point.step <= step]
        self._steps = self._examples = self._correct = 0
        self._loss = 0.0

    @property
    def points(self) -> tuple[CurvePoint, ...]:
        """The points so far."""
        return tuple(self._points)

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        points = [[point.step, *_short(point)] for point in self._points]
        return {"steps_per_point": self._steps_per_point, "points": points}

    @classmethod
    def from_json(cls, content: object) -> "Curve":
        """Read a curve; an empty one, if it is anything else."""
        match content:
            case {"steps_per_point": int() as steps, "points": list() as points} if steps >= 1:
                return cls(_read_points(points), steps)
        return cls()


def _read_points(points: list[object]) -> list[CurvePoint]:
    """Read the points that `Curve.to_json` writes; none, if they are anything else."""
    read = []
    for point in points[: MAX_POINTS + 1]:
        match point:
            case [
                int() as step,
                int() | float() as loss,
                int() | float() as accuracy,
                float() as r,
            ]:
                read.append(CurvePoint(step, float(loss), float(accuracy), r))
            case _:
                return []
    return read


def _short(point: CurvePoint) -> list[float]:
    return [float(f"{value:.5g}") for value in astuple(point)[1:]]


def _mean(first: CurvePoint, second: CurvePoint) -> CurvePoint:
    return CurvePoint(
        second.step,
        (first.loss + second.loss) / 2,
        (first.accuracy + second.accuracy) / 2,
        second.learning_rate,
    )
