"""What an officer at the table sees when writing something down: the phone, and what it knows.

Lines are counted the way an officer counts them: the next one after those that the phone shows.
Two phones apart choose the same line, and that is how a group comes to record one thing twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from model import events as e
from simulations.handsets import Handset

_Thing = TypeVar("_Thing")

POCKETS: Final[tuple[e.Channel, ...]] = ("box", "box", "box", "social", "bank", "mobile")


class Table:
    """One moment of a meeting, as one officer's phone shows it."""

    def __init__(self, chance: random.Random, phone: Handset, cycle: int, session: int) -> None:
        self.chance = chance
        self.phone = phone
        self.cycle = cycle
        self.session = session

    @property
    def at(self) -> tuple[int, int]:
        """The meeting: cycle and session."""
        return self.cycle, self.session

    def pick(self, things: Sequence[_Thing]) -> _Thing:
        """Any of these."""
        return things[self.chance.randrange(len(things))]

    def happens(self, percent: int) -> bool:
        """Does it happen, which it does so many times in a hundred?"""
        return self.chance.randrange(100) < percent

    def amount(self, most: int = 2000) -> int:
        """Some money, in minor units."""
        return self.chance.randint(1, most)

    def pocket(self) -> e.Channel:
        """Where money goes or comes from: mostly the box."""
        return self.pick(POCKETS)

    def members(self) -> list[bytes]:
        """Members that the phone knows, oldest first."""
        return [identity for identity, _ in self.phone.heard(e.MemberAdded)]

    def member(self) -> bytes:
        """Any member."""
        return self.pick(self.members())

    def loans(self) -> list[bytes]:
        """Loans that were handed over, or were there before the books began."""
        lent = {event.loan for _, event in self.phone.heard(e.LoanDisbursed)}
        opened = {
            identity
            for identity, event in self.phone.heard(e.OpeningBalanceSet)
            if event.account == "loan"
        }
        return sorted(lent | opened)

    def line(self, kind: type[e.Event], /, **same: Any) -> int:
        """The next free line for events of this kind in this meeting, about the same things."""
        asked: dict[str, Any] = {**same, "cycle": self.cycle, "session": self.session}
        taken = [
            int(getattr(event, "line", 1))
            for _, event in self.phone.heard(kind)
            if all(getattr(event, name) == value for name, value in asked.items())
        ]
        return max(taken, default=0) + 1

    def newest(self, things: Sequence[_Thing], most: int = 6) -> _Thing | None:
        """Any of the newest few of these, or nothing."""
        return self.pick(things[-most:]) if things else None
