"""Regular expressions over digits, as automata.

Python's own `re` cannot say whether the beginning of a text can still become a match, and some
expressions keep it busy for years. Here an expression is compiled into a nondeterministic automaton
that is in a set of states at once, so a digit costs at most as many steps as there are states. A
set of states is an integer with one bit for each: ten thousand choices are compared with a pattern.

source   Thompson 1968, Regular Expression Search Algorithm
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from inkdigits.escaping import shown

MAX_PATTERN = 100  # characters
MAX_STATES = 1000
MAX_REPEATS = 20
MAX_KNOWN = 10_000  # sets of states of which those after them are kept
ANY = frozenset(range(10))
DIGITS = frozenset("0123456789")

States: TypeAlias = int  # bit k is set if state k is in the set


def shown_pattern(pattern: str) -> str:
    """Quote a pattern for a message, shortened; "?" stands for what is not ASCII."""
    quoted = shown(pattern.encode("ascii", "replace").decode())
    return quoted.replace("\\\\", "\\")  # \d as it was typed


class PatternError(ValueError):
    """A pattern is not valid; the message says why, for people."""


@dataclass(frozen=True)
class Pattern:
    """An automaton for a whole text.

    start      the states before the first digit
    leaves     for each digit, the states that are left with it
    following  for each state, those that are reached after any of its digits
    end        the state in which a text matches
    """

    start: States
    leaves: tuple[States, ...]
    following: tuple[States, ...]
    end: States
    _known: dict[States, States] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, pattern: str) -> "Pattern":
        """Compile an expression; raise PatternError if it is not valid."""
        if not 1 <= len(pattern) <= MAX_PATTERN:
            raise PatternError(f"The pattern must have 1 to {MAX_PATTERN} characters.")
        return _Parser(pattern).parse()

    def step(self, states: States, digit: int) -> States:
        """Return the states after one more digit; 0 if no match can begin so."""
        return self._after(states & self.leaves[digit])

    def accepts(self, states: States) -> bool:
        """Return whether the text so far is a match."""
        return bool(states & self.end)

    def matches_up_to(self, length: int) -> bool:
        """Return whether any text of 1 to `length` digits is a match."""
        return any(self.matches_length(each) for each in range(1, length + 1))

    def matches_length(self, length: int) -> bool:
        """Return whether any text of so many digits is a match."""
        states = self.start
        for _ in range(length):
            states = self._after(states)
        return self.accepts(states)

    def _after(self, states: States) -> States:
        """Return the states that are reached from any of these with one of its digits."""
        if (known := self._known.get(states)) is not None:
            return known
        reached, rest = 0, states
        while rest:
            state = rest.bit_length() - 1
            reached |= self.following[state]
            rest ^= 1 << state
        if len(self._known) < MAX_KNOWN:
            self._known[states] = reached
        return reached


@dataclass
class _Parser:
    """A recursive descent through: alternatives, sequence, repetition, atom.

    Each part is a pair of states, from which and to which it leads.
    """

    pattern: str
    place: int = 0
    moves: list[tuple[frozenset[int], int]] = field(default_factory=list)
    jumps: list[list[int]] = field(default_factory=list)

    def parse(self) -> Pattern:
        begin, end = self.alternatives()
        if self.place < len(self.pattern):
            raise self.error("there is no ( for this )")
        return self.automaton(begin, end)

    def automaton(self, begin: int, end: int) -> Pattern:
        """Leave out all states that no digit leaves, but the end: jumps are followed in advance."""
        kept = [state for state, (digits, _) in enumerate(self.moves) if digits or state == end]
        bits = {state: 1 << bit for bit, state in enumerate(kept)}

        def after(state: int) -> States:
            return sum(bits[each] for each in self.reached(state) if each in bits)

        return Pattern(
            start=after(begin),
            leaves=tuple(
                sum(bits[state] for state in kept if digit in self.moves[state][0])
                for digit in range(10)
            ),
            following=tuple(after(self.moves[state][1]) if state != end else 0 for state in kept),
            end=bits[end],
        )

    def reached(self, state: int) -> set[int]:
        """Return all states that are reached from one without a digit, and itself."""
        found, todo = {state}, [state]
        while todo:
            for each in self.jumps[todo.pop()]:
                if each not in found:
                    found.add(each)
                    todo.append(each)
        return found

    def alternatives(self) -> tuple[int, int]:
        begin, end = self.new(), self.new()
        while True:
            first, last = self.sequence()
            self.jumps[begin].append(first)
            self.jumps[last].append(end)
            if self.peek() != "|":
                return begin, end
            self.place += 1

    def sequence(self) -> tuple[int, int]:
        begin = end = self.new()
        while self.peek() not in ("", "|", ")"):
            first, last = self.repetition()
            self.jumps[end].append(first)
            end = last
        return begin, end

    def repetition(self) -> tuple[int, int]:
        start = self.place
        part = self.atom()
        least, most = self.count()
        if (least, most) == (1, 1):
            return part
        after = self.place
        begin = end = self.new()
        for copy in range(least + 1 if most is None else most):
            self.place = start  # each copy of the atom is parsed anew
            first, last = self.atom()
            self.jumps[end].append(first)
            next_end = self.new()
            self.jumps[last].append(next_end)
            if copy >= least:
                self.jumps[end].append(next_end)
            if most is None and copy >= least:
                self.jumps[last].append(first)
            end = next_end
        self.place = after
        return begin, end

    def count(self) -> tuple[int, int | None]:
        """Parse how often an atom is repeated: at least, and at most, or None for any number."""
        sign = self.peek()
        if sign in ("?", "*", "+"):
            self.place += 1
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        if sign != "{":
            return 1, 1
        closing = self.pattern.find("}", self.place)
        least, comma, most = self.pattern[self.place + 1 : max(closing, 0)].partition(",")
        bounds = [least, most] if comma and most else [least]
        if not all(bound and DIGITS.issuperset(bound) for bound in bounds):
            raise self.error("write the repetition as {3} or {2,4}")
        low, high = int(least), int(most) if most else None if comma else int(least)
        if max(low, high or 0) > MAX_REPEATS or (high is not None and high < low):
            raise self.error(f"repetitions go up to {MAX_REPEATS}, the smaller number first")
        self.place = closing + 1
        return low, high

    def atom(self) -> tuple[int, int]:
        sign = self.peek()
        if sign == "(":
            self.place += 1
            part = self.alternatives()
            if self.peek() != ")":
                raise self.error("a ( is not closed")
            self.place += 1
            return part
        end = self.new()
        begin = self.new(self.digits(), end)
        return begin, end

    def digits(self) -> frozenset[int]:
        """Parse a digit, ".", "\\d" or a set in brackets."""
        sign = self.peek()
        if sign == ".":
            self.place += 1
            return ANY
        if self.pattern.startswith("\\d", self.place):
            self.place += 2
            return ANY
        if sign in DIGITS:
            self.place += 1
            return frozenset({int(sign)})
        if sign != "[":
            raise self.error(
                "use digits, \\d, ., [0-4], ( | ), ?, *, + and {m,n}; it always stands for the "
                "whole text"
            )
        return self.bracketed()

    def bracketed(self) -> frozenset[int]:
        closing = self.pattern.find("]", self.place)
        inside = self.pattern[self.place + 1 : max(closing, 0)]
        excluded = inside.startswith("^")
        found: set[int] = set()
        rest = inside.removeprefix("^")
        while rest:
            span = rest[:3] if rest[1:2] == "-" else rest[:1] + "-" + rest[:1]
            first, last = span[:1], span[2:]
            if not DIGITS.issuperset(first + last) or len(span) != 3 or first > last:
                raise self.error("write a set of digits as [135] or [0-4]")
            found.update(range(int(first), int(last) + 1))
            rest = rest[3 if rest[1:2] == "-" else 1 :]
        if not found:
            raise self.error("write a set of digits as [135] or [0-4]")
        self.place = closing + 1
        return ANY - found if excluded else frozenset(found)

    def peek(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def new(self, digits: frozenset[int] = frozenset(), target: int = 0) -> int:
        """Add a state, which is left with one of the digits."""
        if len(self.moves) >= MAX_STATES:
            raise PatternError(
                f"The pattern {shown_pattern(self.pattern)} is too large; repeat less, or use "
                "fewer brackets."
            )
        self.moves.append((digits, target))
        self.jumps.append([])
        return len(self.moves) - 1

    def error(self, advice: str) -> PatternError:
        return PatternError(
            f"The pattern {shown_pattern(self.pattern)} is not valid at character "
            f"{self.place + 1}: {advice}."
        )
