"""Total and pure: entries in, book out; no log makes this raise, no clock or chance is read.

`apply` takes one entry that follows, in the shared order, all that the book holds. A fact that
breaks a rule becomes a finding. `fold` does a whole history, `undo` takes one step back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from operator import attrgetter, itemgetter, lt
from typing import Any, Final

from model import (
    actions,
    approvals,
    cash,
    closing,
    corrections,
    counts,
    cycles,
    elections,
    erasing,
    exits,
    fines,
    funding,
    goals,
    governance,
    investments,
    lateness,
    lending,
    loan_decisions,
    meetings,
    members,
    merging,
    notices,
    offered,
    opening,
    partners,
    payables,
    payouts,
    receipts,
    reconciling,
    resolutions,
    resolving,
    rotations,
    savings,
    shareouts,
    social,
    surplus,
    suspense,
    withdrawals,
)
from model import events as e
from model.book import Book, Undo
from model.codec import Unreadable, kind_of
from model.derived import Work, settle_up
from model.entry import Entry, order_key
from model.exits import LEFT, follow_exits
from model.governance import see_witness
from model.held_kinds import how_held
from model.members import MERGED
from model.merging import follow_merges
from model.notes import note, note_held, void
from model.offered import OFFERS, build_on, mark
from model.pages import FindingPage
from model.permissions import refers_to_known, rights_in
from model.sealing import finish_closes
from model.stopped import FOLLOWED_MAX, TOO_MANY, count_beyond, is_held, take_place

_ORDER: Final = itemgetter(1, 0)  # entry.order_key where nothing is behind a seal, and quicker
_LAMPORT: Final = itemgetter(1)
_BEHIND: Final = attrgetter("behind")
REDUCER_VERSION: Final = 7  # rises when equal entries would give another book

_Rule = Callable[[Book, Entry, Any, bool], None]
_TOPICS: Final[tuple[Any, ...]] = (
    governance,
    elections,
    approvals,
    members,
    meetings,
    resolutions,
    actions,
    counts,
    closing,
    lateness,
    suspense,
    offered,
    resolving,
    merging,
    erasing,
    goals,
    savings,
    social,
    fines,
    payables,
    lending,
    loan_decisions,
    cash,
    corrections,
    opening,
    notices,
    cycles,
    shareouts,
    surplus,
    exits,
    rotations,
    partners,
    funding,
    investments,
    receipts,
    reconciling,
    withdrawals,
    payouts,
)
"""One module a topic: `RULES`: what an event does; `WORK`: what follows from how entries stand."""
RULES: Final[dict[type, _Rule]] = {
    kind: rule for topic in _TOPICS for kind, rule in topic.RULES.items()
}
WORK: Final[dict[str, Work]] = {
    kind: work for topic in _TOPICS for kind, work in getattr(topic, "WORK", {}).items()
}


def step(book: Book, entry: Entry) -> None:
    """Fold one entry that follows all the book holds; the caller keeps order and uniqueness."""
    event = entry.event
    may, keeper = rights_in(book, entry)
    kind = type(event)
    if may and not entry.held and book.settlers.get(entry.device, entry.id) not in entry.past:
        see_witness(book, entry)
    if entry.held:
        _hold(book, entry, kind in may, keeper)
    elif kind in may:
        if not refers_to_known(book, entry, event):
            void(book, entry, kind_of(event), "unknown_reference")
            return
        if book.holds is not False and is_held(book):
            bases = build_on(book, entry, event)
            RULES[kind](book, entry, event, keeper)
            if bases:
                mark(book, entry, bases)
        else:
            RULES[kind](book, entry, event, keeper)
    elif isinstance(event, Unreadable):
        _keep_unreadable(book, entry, event, bool(may))
    else:
        void(book, entry, kind_of(event), "not_permitted")
    if book.stale:
        settle_up(book, WORK)
    if book.follows is not False:
        _follow(book)
    if book.closing:
        finish_closes(book)


def _hold(book: Book, entry: Entry, permitted: bool, keeper: bool) -> None:
    """Keep what a stopped device wrote, as the table in held_kinds.py has it for its kind."""
    event, place = entry.event, take_place(book, entry)
    kind, how = kind_of(event), how_held(kind_of(event))
    if isinstance(event, Unreadable):
        note_held(book, entry, kind)
    elif not permitted or not refers_to_known(book, entry, event):
        void(book, entry, kind, "unknown_reference" if permitted else "not_permitted")
    elif type(event) in OFFERS:
        OFFERS[type(event)](book, entry, event)
    elif how == "anew":
        note_held(book, entry, kind)
    elif place > FOLLOWED_MAX:
        note_held(book, entry, kind, TOO_MANY)
    else:
        build_on(book, entry, event)
        RULES[type(event)](book, entry, event, keeper)
    if place > FOLLOWED_MAX:
        count_beyond(book, entry)


def _follow(book: Book) -> None:
    """Let money go where it belongs of members who were merged or left."""
    merged, left = book.merged.find(MERGED), book.left.find(LEFT)
    book.follows = bool(merged or left)
    if merged:
        follow_merges(book)
    if left:
        follow_exits(book)


def _keep_unreadable(book: Book, entry: Entry, event: Unreadable, by_officer: bool) -> None:
    """Keep what can't be read; of a later version, it may change totals, which are withheld."""
    if event.reason == "malformed":
        void(book, entry, event.kind, "malformed")
    elif not by_officer:
        void(book, entry, event.kind, "not_permitted")
    else:
        note(book, entry, event.kind, "suspense", reasons=("unknown_kind",))
        if event.compartment == e.LEDGER:
            name = entry.id.hex()
            book.findings.put(("unknown_kind", name), FindingPage((name,), detail=event.kind))


def apply(book: Book, entry: Entry) -> Undo:
    """Fold one entry and say how to take it back: `[table, key, old JSON or None]` by page."""
    book.record()
    step(book, entry)
    return book.take_undo()


def undo(book: Book, step_back: Undo) -> None:
    """Take back the newest step; the pages are again what they were, byte for byte."""
    book.restore(step_back)


def fold(entries: Iterable[Entry]) -> Book:
    """The book of these entries, in whatever order and however often they are given."""
    book = Book()
    for entry in _in_order(list(entries)):
        step(book, entry)
    return book


def _in_order(entries: list[Entry]) -> Iterable[Entry]:
    """Each entry once, in the shared order; quickly where they already are."""
    lamports = [*map(_LAMPORT, entries)]
    if any(map(_BEHIND, entries)):
        return {entry.id: entry for entry in sorted(entries, key=order_key)}.values()
    if all(map(lt, lamports, islice(lamports, 1, None))):
        return entries
    return {entry.id: entry for entry in sorted(entries, key=_ORDER)}.values()
