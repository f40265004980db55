"""Decisions put in force on phones that did not know of each other: which of them holds.

Officers may put one decision in force twice, apart: then it is one, and who knew either knew it. Of
decisions that differ the newest holds that every other one knew or was known to; of the newest
that differ none, until one is made that knows them all. Nothing here asks who wrote first.

Who knew what is kept as bits, one for each decision, so that what holds is found in as many steps
as there are decisions: while a flood of them lasts, every phone asks it at every entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

from model.book import Book
from model.entry import Entry, Past
from model.pages import Turn
from model.succession import Says, Standing

ENACTED_MAX: Final = 64  # times that one decision is put in force, apart; a group has few phones


class Side(NamedTuple):
    """One decision of a quarrel, and every entry that is known to put it in force.

    `bit` is its own; `knew` has the bits of decisions that somebody knew who put this one in
    force, `known_to` of those whose authors knew this one.
    """

    decision: str
    names: tuple[str, ...]
    bit: int
    knew: int
    known_to: int


def together(bits: Iterable[int]) -> int:
    """The bits of several decisions, as one number."""
    return reduce(or_, bits, 0)


def _turned(knew: Sequence[int]) -> list[int]:
    """For each decision the bits of those that knew it, from the bits that each of them knew."""
    rows = [f"{known:0{len(knew)}b}" for known in reversed(knew)]
    return [int("".join(column), 2) for column in zip(*rows, strict=True)][::-1]


class Quarrel:
    """Decisions of which not everybody knew, among those who know all of these."""

    def __init__(self, turns: Sequence[Turn], decisions: Sequence[str]) -> None:
        """`turns`, in the shared order; `decisions`: the one that each of them puts in force."""
        places = {decision: place for place, decision in enumerate(dict.fromkeys(decisions))}
        names: list[tuple[str, ...]] = [()] * len(places)
        knew = [0] * len(places)
        place_of: dict[str, int] = {}
        told = 0
        for turn, decision in zip(turns, decisions, strict=True):
            place = place_of[turn.entry] = places[decision]
            missed = Counter(place_of[other] for other in turn.unknown if other in place_of)
            unknown = together(1 << at for at, count in missed.items() if count == len(names[at]))
            knew[place] |= told & ~unknown & ~(1 << place)
            told |= 1 << place
            names[place] = (*names[place], turn.entry)
        rows = zip(places, names, knew, _turned(knew), strict=True)
        self.sides = tuple(
            Side(decision, entries, 1 << place, known, known_to)
            for place, (decision, entries, known, known_to) in enumerate(rows)
        )

    def knew(self, later: Side, earlier: Side) -> bool:
        """Did somebody who put `later` in force know that `earlier` was?"""
        return bool(later.knew & earlier.bit)

    def apart(self, side: Side, others: int) -> int:
        """Of other decisions, by their bits, those that did not know this one nor it them."""
        return others & ~(side.bit | side.knew | side.known_to)

    def newest(self, sides: Sequence[Side]) -> list[Side]:
        """Of some decisions those that no other of them knew."""
        known = together(side.knew for side in sides)
        return [side for side in sides if not known & side.bit]

    def last_word(self, sides: Sequence[Side], says: Says, stopped: Collection[Side] = ()) -> str:
        """Of decisions about one thing the entry that holds; empty: what was before them.

        `stopped`: decisions that do not hold for another reason.
        """
        gone, every = together(side.bit for side in stopped), together(side.bit for side in sides)
        newest = self.newest(sides)
        if len({repr(says(side.names[0])) for side in newest}) == 1:
            free = [min(side.names) for side in newest if not side.bit & gone]
            if free:
                return min(free)
        settled = [side for side in sides if not side.bit & gone and not self.apart(side, every)]
        last = self.newest(settled)
        return min(min(side.names) for side in last) if last else ""

    def rivals(self, sides: Sequence[Side], says: Says) -> tuple[str, ...]:
        """The newest entries when they differ; empty when they do not."""
        newest = self.newest(sides)
        if len({repr(says(side.names[0])) for side in newest}) < 2:
            return ()
        return tuple(sorted(name for side in newest for name in side.names))


def quarrel_of(book: Book, standing: Standing) -> Quarrel:
    """The quarrel since the newest settled fact.

    What was in force by then is not put in force once more: whoever knew the settled fact knew it.
    """
    decisions = [decision_of(book, turn.entry) for turn in standing.since]
    return Quarrel(standing.since, decisions)


def decision_of(book: Book, name: str) -> str:
    """What an election or adoption puts in force: the same for all proposals that say the same."""
    page = book.entries.find(name)
    proposal = book.entries.find(page.targets[0]) if page is not None and page.targets else None
    return proposal.once if proposal is not None else name


def put_in_force(book: Book, entry: Entry, decision: str) -> bool:
    """Remember that an entry puts a decision in force; False when far too many do."""
    names = book.enacted.find(decision) or ()
    if len(names) >= ENACTED_MAX:
        return False
    book.enacted.put(decision, (*names, entry.id.hex()))
    return True


def is_enacted(book: Book, decision: str, past: Past | None = None) -> bool:
    """Was a decision put in force, as far as an author with this past knew?"""
    names = book.enacted.find(decision) or ()
    return any(past is None or bytes.fromhex(name) in past for name in names)
