"""Titles and offices: what they are called, and how many people may hold each.

An office is a title and a seat: key_holder, key_holder_2 …; most titles have one seat.
"""

from __future__ import annotations

from typing import Final

CHAIRPERSON: Final = "chairperson"
SECRETARY: Final = "secretary"
TREASURER: Final = "treasurer"
MONEY_COUNTER: Final = "money_counter"
KEY_HOLDER: Final = "key_holder"
TITLES: Final = (CHAIRPERSON, SECRETARY, TREASURER, MONEY_COUNTER, KEY_HOLDER)
FOUNDING_OFFICES: Final = (CHAIRPERSON, SECRETARY, TREASURER)
"""The three main offices: the group is founded when all of them are held."""

SEATS: Final = {MONEY_COUNTER: 3, KEY_HOLDER: 5}
"""How many people may hold a title at once; one, where it is not named."""


def office_of(title: str, seat: int) -> str:
    """The office of a title and seat; the last seat stands for more."""
    seat = min(seat, SEATS.get(title, 1))
    return title if seat == 1 else f"{title}_{seat}"


OFFICES: Final[dict[str, str]] = {
    office_of(title, seat): title for title in TITLES for seat in range(1, SEATS.get(title, 1) + 1)
}
"""Every office and its title."""
