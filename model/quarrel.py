"""Decisions put in force on phones that did not know of each other: which of them holds.

Officers may put one decision in force twice, apart: then it is one, and who knew either knew it. Of
decisions that differ the newest holds that every other one knew or was known to; of the newest
that differ none, until one is made that knows them all. Nothing here asks who wrote first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from model.book import Book
from model.entry import Entry, Past
from model.pages import Turn
from model.succession import Says, Standing

ENACTED_MAX: Final = 64  # times that one decision is put in force, apart; a group has few phones


class Side(NamedTuple):
    """One decision of a quarrel, and every entry that is known to put it in force."""

    decision: str
    names: tuple[str, ...]


class Quarrel:
    """Decisions of which not everybody knew, among those who know all of these."""

    def __init__(self, turns: Sequence[Turn], decisions: Sequence[str]) -> None:
        """`turns`, in the shared order; `decisions`: the one that each of them puts in force."""
        self._place = {turn.entry: place for place, turn in enumerate(turns)}
        self._unknown = {turn.entry: frozenset(turn.unknown) for turn in turns}
        names: dict[str, tuple[str, ...]] = {}
        for turn, decision in zip(turns, decisions, strict=True):
            names[decision] = (*names.get(decision, ()), turn.entry)
        self.sides = tuple(Side(decision, told) for decision, told in names.items())

    def knew(self, later: Side, earlier: Side) -> bool:
        """Did somebody who put `later` in force know that `earlier` was?"""
        return any(
            self._place[old] < self._place[new] and old not in self._unknown[new]
            for new in later.names
            for old in earlier.names
        )

    def apart(self, one: Side, other: Side) -> bool:
        """Did neither know of the other?"""
        return one != other and not self.knew(one, other) and not self.knew(other, one)

    def newest(self, sides: Sequence[Side]) -> list[Side]:
        """Of some decisions those that no other of them knew."""
        return [
            side
            for side in sides
            if not any(self.knew(other, side) for other in sides if other != side)
        ]

    def last_word(self, sides: Sequence[Side], says: Says, stopped: Collection[Side] = ()) -> str:
        """Of decisions about one thing the entry that holds; empty: what was before them.

        `stopped`: decisions that do not hold for another reason.
        """
        newest = self.newest(sides)
        if len({repr(says(side.names[0])) for side in newest}) == 1:
            free = [min(side.names) for side in newest if side not in stopped]
            if free:
                return min(free)
        settled = [
            side
            for side in sides
            if side not in stopped and not any(self.apart(side, other) for other in sides)
        ]
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
