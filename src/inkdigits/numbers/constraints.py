"""What is known of a number before its picture is seen: length, pattern, choices, checksum.

A search builds a text digit by digit. Each constraint is an automaton that the search moves along,
and it gives up a text as soon as no continuation can satisfy the constraint.
"""

from collections.abc import Hashable, Iterable, Sequence
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
    """What a text must satisfy; with none, it may be any digits, even more than 20.

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
        if self.length is not None and self.length not in range(1, MAX_LENGTH + 1):
            raise ConstraintError(f"The length must be 1 to {MAX_LENGTH}, not {self.length!a}.")
        if self.checksum is not None and self.checksum not in CHECKSUMS:
            raise ConstraintError(
                f"The checksum {self.checksum[:20]!a} is not one of {', '.join(CHECKSUMS)}."
            )
        if self.choices is not None:
            object.__setattr__(self, "choices", distinct(self.choices))
            _check_choices(self.choices)
        if self._pattern is not None:
            _check_pattern(self._pattern, self.pattern or "", self.length)
        if self.choices is not None and not self.allowed_choices:
            raise ConstraintError("None of the choices satisfies the other constraints.")

    @property
    def start(self) -> State:
        """The state of the empty text."""
        pattern, checksum = self._pattern, self._checksum
        return (
            0,
            0 if pattern is None else pattern.start,
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
        if self.choices is not None and text not in self._choices:
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
    def _choices(self) -> frozenset[str]:
        return frozenset(self.choices or ())

    @property  # not cached: its functions cannot be sent to another process
    def _checksum(self) -> Checksum | None:
        return None if self.checksum is None else CHECKSUMS[self.checksum]


def distinct(choices: Iterable[str]) -> tuple[str, ...]:
    """Return each choice once; raise ConstraintError for a text, of which each character is one."""
    if isinstance(choices, str):
        raise ConstraintError("The choices must be a list of texts, not a single text.")
    return tuple(dict.fromkeys(choices))


def _check_pattern(automaton: Pattern, pattern: str, length: int | None) -> None:
    if length is None:
        is_possible, digits = automaton.matches_up_to(MAX_LENGTH), f"1 to {MAX_LENGTH} digits"
    else:
        is_possible = automaton.matches_length(length)
        digits = "1 digit" if length == 1 else f"{length} digits"
    if not is_possible:
        raise ConstraintError(f"No text of {digits} matches the pattern {shown_pattern(pattern)}.")


def _check_choices(choices: Sequence[str]) -> None:
    if not 1 <= len(choices) <= MAX_CHOICES:
        raise ConstraintError(f"There must be 1 to {MAX_CHOICES:,} choices, not {len(choices):,}.")
    for text in choices:
        is_text = isinstance(text, str)
        if not is_text or not 1 <= len(text) <= MAX_LENGTH or not DIGITS.issuperset(text):
            raise ConstraintError(
                f"The choice {text[:30] if is_text else text!a} is not a text of 1 to "
                f"{MAX_LENGTH} digits."
            )
