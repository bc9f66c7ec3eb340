"""Checks of exercises: what is wrong, as a message that helps without giving the answer away."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Function: TypeAlias = Callable[..., Any]


class NotYet(Exception):
    """An answer is not right yet, or something is missing; notebooks show only the message."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: for a student, the traceback would hide the message."""
        return [f"Not yet. {self}"]


@dataclass(frozen=True)
class FunctionCheck:
    """Checks a function by calling it.

    name       of the function
    cases      returns the arguments of each call
    expected   returns the right result
    mistakes   message -> a function with this typical mistake
    hint       the message if the result is wrong in another way
    praise     what is shown if it is right
    in_place   whether the function changes its first argument instead of returning a result
    tolerance  by how much a result may differ, relative to 1
    """

    name: str
    cases: Callable[[], Iterable[tuple[Any, ...]]]
    expected: Function
    mistakes: Mapping[str, Function]
    hint: str
    praise: str = ""
    in_place: bool = False
    tolerance: float = 1e-5

    def __call__(self, answer: Any) -> None:
        """Print praise, or raise NotYet."""
        if answer is ...:
            raise NotYet(f"`{self.name}` still needs your code in place of the `...`.")
        if not callable(answer):
            raise NotYet(f"`{self.name}` should be a function, not {type(answer).__name__}.")
        results = [self._call(answer, case) for case in self.cases()]
        if all(result is None or result is ... for result in results):
            raise NotYet(
                f"`{self.name}` returns nothing yet. Put your code in place of the `...`, and end "
                "it with `return`."
            )
        if self.in_place and all(
            same(result, case[0], 0) for result, case in zip(results, self.cases(), strict=True)
        ):
            raise NotYet(f"`{self.name}` does not change its first argument.")
        right = [self._call(self.expected, case) for case in self.cases()]
        if self._equal(results, right):
            return _praise(self.name, self.praise)
        for message, mistake in self.mistakes.items():
            if self._equal(results, [self._call(mistake, case) for case in self.cases()]):
                raise NotYet(f"`{self.name}`: {message}")
        raise NotYet(f"`{self.name}`: {self._difference(results, right)}")

    def _call(self, function: Function, case: tuple[Any, ...]) -> Any:
        """Return the result of one call, or the error that it raised."""
        arguments = copy.deepcopy(case)
        try:
            with np.errstate(all="ignore"):
                result = function(*arguments)
        except Exception as error:
            return error
        if self.in_place:
            return arguments[0]
        unchanged = all(
            same(after, before, 0) for after, before in zip(arguments, case, strict=True)
        )
        return result if unchanged else _Changed()

    def _equal(self, first: list[Any], second: list[Any]) -> bool:
        return all(same(a, b, self.tolerance) for a, b in zip(first, second, strict=True))

    def _difference(self, results: list[Any], right: list[Any]) -> str:
        """Say how the first wrong result differs, but not what the right one is."""
        for result, expected in zip(results, right, strict=True):
            if same(result, expected, self.tolerance):
                continue
            if isinstance(result, _Changed):
                return "it changes its arguments. Work on a copy, or on the result of a formula."
            if isinstance(result, Exception):
                return f"it fails with {type(result).__name__}: {result}. {self.hint}"
            if result is None:
                return f"for some arguments it returns nothing. {self.hint}"
            if shape(result) != shape(expected):
                return f"the result has shape {shape(result)}, not {shape(expected)}. {self.hint}"
            return f"the result has the right shape, but wrong values. {self.hint}"
        raise AssertionError("there is a wrong result")


@dataclass(frozen=True)
class ValueCheck:
    """Checks a value against what it should be.

    name      of the variable
    expected  context -> the right value
    mistakes  message -> a function of the context with this typical mistake
    hint      the message if it is wrong in another way
    praise    what is shown if it is right
    """

    name: str
    expected: Function
    mistakes: Mapping[str, Function]
    hint: str
    praise: str = ""
    tolerance: float = 1e-5

    def __call__(self, answer: Any, *context: Any) -> None:
        """Print praise, or raise NotYet."""
        if answer is ... or answer is None:
            raise NotYet(f"`{self.name}` still needs your code in place of the `...`.")
        right = self.expected(*context)
        if same(answer, right, self.tolerance):
            return _praise(self.name, self.praise)
        for message, mistake in self.mistakes.items():
            if same(answer, mistake(*context), self.tolerance):
                raise NotYet(f"`{self.name}`: {message}")
        if shape(answer) != shape(right):
            raise NotYet(
                f"`{self.name}` has shape {shape(answer)}, not {shape(right)}. {self.hint}"
            )
        raise NotYet(f"`{self.name}`: {self.hint}")


@dataclass(frozen=True)
class ConditionCheck:
    """Checks an answer of which there are many right ones.

    name        of the variable
    conditions  message -> whether the answer, with the context, meets this condition
    examples    some typical wrong answers: message -> the context's answer that deserves it
    praise      what is shown if it is right
    """

    name: str
    conditions: Mapping[str, Function]
    examples: Mapping[str, Function] = field(default_factory=dict)
    praise: str = ""

    def __call__(self, answer: Any, *context: Any) -> None:
        """Print praise, or raise NotYet."""
        if answer is ... or answer is None:
            raise NotYet(f"`{self.name}` still needs your code in place of the `...`.")
        for message, is_met in self.conditions.items():
            failure = ""
            try:
                met = bool(is_met(answer, *context))
            except Exception as error:
                met, failure = False, f" (Python says {type(error).__name__}: {error}.)"
            if not met:
                raise NotYet(f"`{self.name}`: {message}{failure}")
        _praise(self.name, self.praise)

    @property
    def mistakes(self) -> Mapping[str, Function]:
        """The typical wrong answers, as in the other checks."""
        return self.examples


class _Changed:
    """Stands for the result of a function that has changed its arguments."""


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Return whether two results are the same: numbers, arrays, or tuples of them."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b)
    if isinstance(a, _Changed) or isinstance(b, _Changed):
        return type(a) is type(b)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        if len(a) == len(b) and any(isinstance(item, np.ndarray) for item in (*a, *b)):
            return all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    elif isinstance(a, np.random.Generator) and isinstance(b, np.random.Generator):
        return True
    try:
        first, second = np.asarray(a), np.asarray(b)
        return first.shape == second.shape and bool(
            np.allclose(first, second, tolerance, tolerance, equal_nan=True)
        )
    except (TypeError, ValueError):
        return a is b


def shape(result: Any) -> Any:
    """Return the shape of an array, or of each array of a tuple or list."""
    if isinstance(result, tuple | list) and any(isinstance(item, np.ndarray) for item in result):
        return tuple(np.shape(item) for item in result)
    try:
        return np.shape(result)
    except ValueError:  # a list of lists of different lengths
        return f"of a {type(result).__name__}"


def _praise(name: str, praise: str) -> None:
    print(" ".join([f"\N{CHECK MARK} {name} is right.", praise]).rstrip())
