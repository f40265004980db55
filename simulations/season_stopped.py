"""A phone that is reported lost in the middle of a year: whoever has it goes on writing.

What the one who reported it had seen by then is spared. Officers go through the rest: they ratify
or reject it, all at once or one by one, knowing of each other or not.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from model import events as e
from model.entry import Entry
from simulations.handsets import Handset
from simulations.reckoning_stopped import MONEY
from simulations.season_table import Table


class Stopped:
    """One phone, and what of its writing is spared; nothing is held before it is reported."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.phone: Handset | None = None
        self.spared: frozenset[bytes] = frozenset()

    def report(self, phones: list[Handset]) -> None:
        """An officer reports another's phone: what is on the own phone is spared."""
        if self.phone is None:
            lost, reporter = self.chance.sample(phones, 2)
            self.phone, self.spared = lost, frozenset(reporter.known)

    def held(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries, those of the lost phone held that nothing spares."""
        return [
            entry._replace(held=True)
            if self.phone is not None
            and entry.device == self.phone.device
            and entry.id not in self.spared
            else entry
            for entry in entries
        ]

    def judged(self, table: Table) -> Iterator[e.Event]:
        """What an officer says of what the lost phone wrote, as far as this phone shows it."""
        lost = self.phone
        if lost is None or table.phone is lost or not table.happens(20):
            return
        money = [
            entry.id
            for entry in self.held(table.phone.known.values())
            if entry.held and isinstance(entry.event, MONEY)
        ]
        kinds: tuple[Any, ...] = (e.SuspenseRatified, e.SuspenseRatified, e.SuspenseRejected)
        if money:
            one = table.newest(sorted(money), most=12)
            named = (one,) if one is not None and table.happens(50) else ()
            yield table.pick(kinds)(lost.device, named, *table.at, "we remember")
