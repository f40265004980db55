"""How kept cases are chosen: by the ways that they go through the code."""

from __future__ import annotations

from model.reducer import fold
from simulations.keeping import places_chosen, ways_through
from simulations.strangers import Strangers


def test_what_is_reckoned_comes_with_the_ways_that_it_went() -> None:
    short, long = Strangers(1).play(5), Strangers(2).play(60)
    book, few = ways_through("model", lambda: fold(short))
    _, many = ways_through("model", lambda: fold(long))
    assert book.digest() == fold(short).digest()
    assert len(few) > 500
    assert few - many != few
    assert many - few


def test_places_that_go_ways_of_their_own_are_chosen_first() -> None:
    ways: list[set[object]] = [{1, 2}, {1, 2}, {1, 2, 3}, {4}, set()]
    assert [*places_chosen(ways, [1] * 5, 2)] == [2, 0]
    assert [*places_chosen(ways, [1, 1, 1, 10, 1], 4)][:3] == [2, 0, 1]
    assert sorted(places_chosen(ways, [1] * 5, 9)) == [0, 1, 2, 3, 4]
