"""Places in an order: always between the neighbours, exact, and short for as long as there is room."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from doorlist.domain.ordering import DIGITS, between, spread

places = st.decimals(min_value=-1000, max_value=1000, places=20, allow_nan=False, allow_infinity=False)


@given(places, places)
def test_a_place_is_strictly_between_its_neighbours(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    if low == high:
        return
    found = between(low, high)
    assert found is not None
    assert Fraction(low) < Fraction(found) < Fraction(high)
    assert -Decimal(found).as_tuple().exponent <= 21  # type: ignore[operator] # finite: the exponent is a number


@given(places)
def test_a_place_at_an_end_is_a_whole_number_beyond(place: Decimal) -> None:
    after, before = between(place, None), between(None, place)
    assert after is not None
    assert before is not None
    assert before < place < after
    assert after == int(after)
    assert before == int(before)
    assert max(after - place, place - before) <= 2


def test_the_first_thing_has_a_place() -> None:
    assert between(None, None) == 0


def test_a_thousand_appended_things_stay_short() -> None:
    place = None
    for _ in range(1000):
        place = between(place, None)
    assert place == 999


def test_putting_things_at_one_spot_ends_with_a_refusal_not_with_a_wrong_order() -> None:
    """Whoever always inserts behind the first thing uses up the digits; then the row is spread anew."""
    first, second = Decimal(1), Decimal(2)
    count = 0
    while (found := between(first, second)) is not None:
        assert first < found < second
        second, count = found, count + 1
    assert count >= DIGITS
    assert between(*list(spread(2))) is not None


def test_things_shuffled_at_random_keep_their_order() -> None:
    chance = random.Random(5)
    row = list(spread(20))
    for _ in range(2000):
        row.pop(chance.randrange(len(row)))
        index = chance.randrange(len(row) + 1)
        found = between(row[index - 1] if index else None, row[index] if index < len(row) else None)
        if found is None:
            row = list(spread(len(row)))
            found = between(row[index - 1] if index else None, row[index] if index < len(row) else None)
        assert found is not None
        row.insert(index, found)
        assert row == sorted(row)
        assert len(set(row)) == len(row)
