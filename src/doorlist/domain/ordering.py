"""Places in an order, as decimal fractions: something is put between two neighbours without touching either.

Pure arithmetic, exact. A place has as few digits as lie between its neighbours; at the end and at the beginning they
are whole numbers. Putting things at one spot again and again costs a digit every few times, so there is a bound,
past which the caller spreads the whole row anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Final

DIGITS: Final = 60
"""How many digits after the point a place has at most."""

_PRECISION: Final = DIGITS + 40


def between(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """A place after one neighbour and before the other; None stands for no neighbour on that side.

    Returns None where the neighbours are too close: the row has to be spread anew. Needs `before` < `after`.
    """
    with localcontext(prec=_PRECISION):
        if before is None:
            return Decimal(0) if after is None else _floor(after) - 1
        if after is None:
            return _floor(before) + 1
        return next((place for digits in range(DIGITS + 1) if (place := _near(before, after, digits)) < after), None)


def spread(count: int) -> Iterator[Decimal]:
    """Places for that many things in a row, far from each other."""
    return (Decimal(number) for number in range(1, count + 1))


def _near(before: Decimal, after: Decimal, digits: int) -> Decimal:
    """The place of so many digits that is nearest to the middle, and after `before`; perhaps not before `after`."""
    step = Decimal(1).scaleb(-digits)
    least = (before // step + 1) * step if before >= 0 else -((-before) // step) * step
    if least <= before:
        least += step
    middle = ((before + after) / 2) // step * step
    return middle if before < middle else least


def _floor(place: Decimal) -> Decimal:
    return Decimal(int(place)) - (1 if place < int(place) else 0)
