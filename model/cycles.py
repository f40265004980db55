"""Savings cycles: opened, closed by the officers together, one at a time.

Closing sweeps income and expenses into the retained surplus, so that the next cycle begins at
nothing. What is swept is what the closer knew of; anything that came from elsewhere meanwhile stays
where it is and is swept with the next cycle. A cycle is not closed while a meeting is known to be
open. Whether it is closed follows from the decision that counts, so that taking the decision back
opens the cycle again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.accounts import RETAINED_SURPLUS
from model.approvals import propose
from model.book import Book
from model.derived import Work
from model.entry import Entry
from model.journal import entry_page, reversed_by
from model.known import KnownBalances, known_open
from model.notes import note, void
from model.pages import NO_MEETING, CyclePage, FindingPage, Posting

CLOSINGS_MAX: Final = 64  # decisions to close one cycle that are followed
OPENINGS_MAX: Final = 64  # phones that open one cycle, as far as they are followed


def open_cycle(book: Book, entry: Entry, event: e.CycleOpened, _keeper: bool) -> None:
    """Open a savings cycle; the same cycle from two phones is one."""
    name = entry.id.hex()
    key = str(event.cycle)
    known = book.cycles.find(key)
    if known is None:
        book.cycles.put(key, CyclePage(name, event.starts_on, event.ends_on))
        note(book, entry, "cycle.opened", "counted", event.cycle)
        return
    contested = (known.starts_on, known.ends_on) != (event.starts_on, event.ends_on)
    if contested:
        # The longer span, whoever wrote first.
        starts_on = min(known.starts_on, event.starts_on)
        ends_on = max(known.ends_on, event.ends_on)
        known = replace(known, starts_on=starts_on, ends_on=ends_on)
    openings = (*known.openings, name)[:OPENINGS_MAX]
    book.cycles.put(key, replace(known, openings=openings))
    if contested or book.findings.find(("contested_cycle", key)) is not None:
        finding = FindingPage(tuple(sorted((known.entry, *openings))), cycle=event.cycle)
        book.findings.put(("contested_cycle", key), finding)
    note(book, entry, "cycle.opened", "corroborating", event.cycle)


def close_cycle(book: Book, entry: Entry, event: e.CycleClosed, keeper: bool) -> None:
    """Ask officers to end a cycle: Dr income, Cr expenses, the rest to the retained surplus."""
    key = str(event.cycle)
    page = book.cycles.find(key)
    opened = (page.entry, *page.openings) if page is not None else ()
    if page is None or not any(bytes.fromhex(name) in entry.past for name in opened):
        void(book, entry, "cycle.closed", "cycle_not_opened")
        return
    if any(
        meeting[0] == event.cycle and known_open(book, known, entry.past)
        for meeting, known in book.meetings.rows()
    ):
        void(book, entry, "cycle.closed", "meeting_still_open")
        return
    if len(page.closings) >= CLOSINGS_MAX:
        void(book, entry, "cycle.closed", "too_many")
        return
    book.cycles.put(key, replace(page, closings=(*page.closings, entry.id.hex())))
    propose(
        book, entry, keeper, "cycle.closed", NO_MEETING, NO_MEETING, f"cycle {key}", 1, 0, "",
        _sweep(book, entry), once=f"cycle.closed {key}", text=event.closed_on,
        count=event.cycle,
    )  # fmt: skip


def _sweep(book: Book, entry: Entry) -> tuple[Posting, ...]:
    """Lines that bring every income and expense that the author knew of to nothing."""
    result = KnownBalances(book, entry.past).of_kinds("45")
    lines = tuple((*key, -amount) for key, amount in result.items())
    surplus = sum(result.values())
    return (*lines, (RETAINED_SURPLUS, "", surplus)) if surplus else lines


def _derive_closed(book: Book, subject: str) -> None:
    """Whether a cycle is closed now, and by which decision."""
    key = subject.removeprefix("cycle ")
    page = book.cycles.find(key)
    if page is None:
        return
    holding = [
        name
        for name in page.closings
        if (one := entry_page(book, name)).status == "counted" and not reversed_by(book, one)
    ]
    closed = holding[0] if holding else ""
    if closed != page.closed:
        book.cycles.put(key, replace(page, closed=closed))


def open_cycles(book: Book) -> list[int]:
    """Numbers of the cycles that are not closed, in order."""
    return sorted(int(key) for key, page in book.cycles.rows() if not page.closed)


def watch_cycles(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """A cycle that was left open when the next began, and a meeting held in one that is closed."""
    for cycle in open_cycles(book)[:-1]:
        yield "cycle_left_open", str(cycle), FindingPage(cycle=cycle)
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    if newest is None or meeting is None or meeting.closes:
        return
    cycle_page = book.cycles.find(str(newest[0]))
    if cycle_page is not None and cycle_page.closed:
        about = f"{newest[0]}/{newest[1]}"
        yield "meeting_after_cycle", about, FindingPage(cycle=newest[0], session=newest[1])


RULES: Final = {e.CycleOpened: open_cycle, e.CycleClosed: close_cycle}
WORK: Final[Mapping[str, Work]] = {"cycle.closed": _derive_closed}
