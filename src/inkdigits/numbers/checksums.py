"""Checksums of numbers, computed digit by digit from the left."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# Tables by Damm 2004, and Verhoeff 1969: multiplication in the dihedral group D5 and a permutation.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_PERMUTATION = "1576283094"


@dataclass(frozen=True)
class Checksum:
    """An automaton over the digits of a text: `accepts` tells whether the checksum is right."""

    start: Hashable
    step: Callable[[Any, int], Hashable]
    accepts: Callable[[Any], bool]


def _weighted(weigh: Callable[[int], int]) -> Checksum:
    """Make a checksum that changes every second digit from the right, and adds all up to 0 mod 10.

    From the left it is not known which digits those will be, so both sums are kept: with the newest
    digit as it is, and with it changed.
    """

    def step(sums: tuple[int, int], digit: int) -> tuple[int, int]:
        plain, changed = sums
        return (changed + digit) % 10, (plain + weigh(digit)) % 10

    return Checksum((0, 0), step, lambda sums: sums[0] == 0)


def _verhoeff_step(state: tuple[int, ...], digit: int) -> tuple[int, ...]:
    """Add a digit at the right: it moves all others to another power of the permutation.

    state    the product for each power at which the newest digit may stand: its place is only known
             at the end of the text
    """
    return tuple(
        _PRODUCTS[row[digit]][other]
        for row, other in zip(_PERMUTED, (*state[1:], state[0]), strict=True)
    )


def _multiply(left: int, right: int) -> int:
    """Multiply in the dihedral group D5."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


def _permute(power: int, digit: int) -> int:
    for _ in range(power):
        digit = int(_PERMUTATION[digit])
    return digit


_PERMUTED = tuple(tuple(_permute(power, digit) for digit in range(10)) for power in range(8))
_PRODUCTS = tuple(tuple(_multiply(left, right) for right in range(10)) for left in range(10))

CHECKSUMS: Mapping[str, Checksum] = MappingProxyType(
    {
        "luhn": _weighted(lambda digit: 2 * digit - 9 * (digit > 4)),  # payment cards
        "ean": _weighted(lambda digit: 3 * digit),  # EAN, ISBN-13, UPC
        "mod97": Checksum(  # ISO 7064, MOD 97-10
            0, lambda rest, digit: (10 * rest + digit) % 97, lambda rest: rest == 1
        ),
        "damm": Checksum(0, lambda row, digit: int(_DAMM[row][digit]), lambda row: row == 0),
        "verhoeff": Checksum((0,) * 8, _verhoeff_step, lambda products: products[0] == 0),
    }
)
