"""What is known of a number before its picture is seen: length, pattern, choices, checksum.

A search builds a text digit by digit. Each constraint is an automaton that the search moves along,
and it gives up a text as soon as no continuation can satisfy the constraint.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from inkdigits.numbers.checksums import CHECKSUMS, Checksum
from inkdigits.numbers.patterns import Pattern, PatternError, States, shown_pattern

MAX_LENGTH = 20  # digits of a text
MAX_CHOICES = 10_000
DIGITS = frozenset("0123456789")

# Where a text is: how many digits it has, then the state of its pattern and that of its checksum.
State: TypeAlias = tuple[int, States, Hashable]


class ConstraintError(ValueError):
    """A constraint is not valid; the message says why, for people."""


@dataclass(frozen=True)
class Constraints:
    """What a text must satisfy; with none, it may be any digits.

    length    how many digits it has, 1 to 20
    pattern   a regular expression for the whole text, of digits, \\d, ., [1-6], (a|b), ?, *, +
              and {m,n}
    choices   the texts that it may be, at most 10,000
    checksum  "luhn", "ean", "mod97", "damm" or "verhoeff", which its last digits satisfy
    raises    ConstraintError
    """

    length: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    checksum: str | None = None

    def __post_init__(self) -> None:
        if self.length is not None and not 1 <= self.length <= MAX_LENGTH:
            raise ConstraintError(f"The length must be 1 to {MAX_LENGTH}, not {self.length}.")
        if self.checksum is not None and self.checksum not in CHECKSUMS:
            raise ConstraintError(
                f"The checksum {self.checksum[:20]!a} is not one of {', '.join(CHECKSUMS)}."
            )
        if self.choices is not None:
            object.__setattr__(self, "choices", tuple(dict.fromkeys(self.choices)))
            _check_choices(self.choices)
        if self._pattern is not None and not self._pattern.matches_up_to(MAX_LENGTH):
            pattern = shown_pattern(self.pattern or "")
            raise ConstraintError(
                f"No text of 1 to {MAX_LENGTH} digits matches the pattern {pattern}."
            )
        if self.choices is not None and not self.allowed_choices:
            raise ConstraintError("None of the choices satisfies the other constraints.")

    @property
    def start(self) -> State:
        """The state of the empty text."""
        pattern, checksum = self._pattern, self._checksum
        return (
            0,
            frozenset() if pattern is None else pattern.start,
            None if checksum is None else checksum.start,
        )

    def step(self, state: State, digit: int) -> State | None:
        """Return the state after one more digit; None if no text that begins so is allowed."""
        count, pattern, checksum = state
        if count >= (self.length or MAX_LENGTH):
            return None
        if self._pattern is not None:
            pattern = self._pattern.step(pattern, digit)
            if not pattern:
                return None
        if self._checksum is not None:
            checksum = self._checksum.step(checksum, digit)
        return count + 1, pattern, checksum

    def accepts(self, state: State) -> bool:
        """Return whether a text may end in this state; choices are not considered."""
        count, pattern, checksum = state
        return (
            count == (self.length or count)
            and count > 0
            and (self._pattern is None or self._pattern.accepts(pattern))
            and (self._checksum is None or self._checksum.accepts(checksum))
        )

    def allows(self, text: str) -> bool:
        """Return whether a text of digits satisfies all constraints."""
        if self.choices is not None and text not in self.choices:
            return False
        state: State | None = self.start
        for digit in text:
            state = None if state is None else self.step(state, int(digit))
        return state is not None and self.accepts(state)

    @cached_property
    def allowed_choices(self) -> tuple[str, ...]:
        """The choices that satisfy the other constraints."""
        others = Constraints(self.length, self.pattern, None, self.checksum)
        if others == Constraints():
            return self.choices or ()
        return tuple(text for text in self.choices or () if others.allows(text))

    @cached_property
    def _pattern(self) -> Pattern | None:
        try:
            return None if self.pattern is None else Pattern.parse(self.pattern)
        except PatternError as error:
            raise ConstraintError(str(error)) from None

    @cached_property
    def _checksum(self) -> Checksum | None:
        return None if self.checksum is None else CHECKSUMS[self.checksum]


def _check_choices(choices: Sequence[str]) -> None:
    if not 1 <= len(choices) <= MAX_CHOICES:
        raise ConstraintError(f"There must be 1 to {MAX_CHOICES:,} choices, not {len(choices):,}.")
    for text in choices:
        if not 1 <= len(text) <= MAX_LENGTH or not DIGITS.issuperset(text):
            raise ConstraintError(
                f"The choice {text[:30]!a} is not a text of 1 to {MAX_LENGTH} digits."
            )
