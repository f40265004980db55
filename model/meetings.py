"""Meetings: opened by any phone, attended, and closed over what the closing officer knew.

Two phones that open one (cycle, session) open one meeting. A close holds exactly the entries that
its author knew; closes that did not know of each other hold what any of them knew, and say so. A
close by someone who knew of an earlier one changes nothing: reopening needs more than one officer.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from model import events as e
from model import listing
from model.book import Book
from model.derived import derive
from model.entry import Entry, Past
from model.journal import entry_page
from model.notes import note, void
from model.pages import FindingPage, MeetingPage, Status
from model.standing import enter, open_unannounced, set_late


def open_meeting(book: Book, entry: Entry, event: e.MeetingOpened, _keeper: bool) -> None:
    """Open a meeting, or join in one that is open."""
    name = entry.id.hex()
    key = (event.cycle, event.session)
    about = f"{event.cycle}/{event.session}"
    page = book.meetings.find(key)
    latest = book.latest.find("meeting")
    if latest is not None and latest != key:
        listing.add(book, _BEGUN, name)
    if key > (latest or (-1, -1)):
        book.latest.put("meeting", key)
    if page is None or not page.opened:
        closes = page.closes if page is not None else ()
        book.meetings.put(key, MeetingPage(event.held_on, (name,), closes))
        if page is not None:
            book.findings.put(("meeting_not_opened", about), None)
            _date_loans(book, key)
        note(book, entry, "meeting.opened", "counted", *key, text=event.held_on)
        return
    # The earliest day named: it does not depend on who wrote first.
    held_on = min(page.held_on, event.held_on)
    book.meetings.put(key, MeetingPage(held_on, (*page.opened, name)[:64], page.closes))
    if held_on != page.held_on:
        _date_loans(book, key)
    if event.held_on != page.held_on:
        finding = FindingPage((*page.opened, name)[:64], cycle=key[0], session=key[1])
        book.findings.put(("meeting_dates_differ", about), finding)
    note(book, entry, "meeting.opened", "corroborating", *key, text=event.held_on)


def _date_loans(book: Book, key: tuple[int, int]) -> None:
    """Let loans handed over in this meeting begin on its day."""
    for subject in book.roll.find(key) or ():
        if book.loans.find(subject) is not None:
            derive(book, "loan.disbursed", subject)


_BEGUN: Final = "begun"  # openings of a second meeting, and closes
_BEGUN_MAX: Final = 16


def has_begun(book: Book, past: Past) -> bool:
    """Did an author with this past know that the first meeting was over?"""
    firsts = islice(listing.every(book, _BEGUN), _BEGUN_MAX)
    return any(bytes.fromhex(name) in past for name in firsts)


def mark_attendance(book: Book, entry: Entry, event: e.AttendanceMarked, keeper: bool) -> None:
    """Mark a member in the register of a meeting."""
    member = book.hexed[event.member]
    if book.members.find(member) is None:
        void(book, entry, "attendance.marked", "unknown_reference")
        return
    enter(
        book,
        entry,
        keeper,
        "attendance.marked",
        event.cycle,
        event.session,
        member,
        1,
        0,
        event.status,
        (),
        (),
    )


def close_meeting(book: Book, entry: Entry, event: e.MeetingClosed, _keeper: bool) -> None:
    """Close a meeting: what the author did not know of becomes late."""
    name = entry.id.hex()
    key = (event.cycle, event.session)
    page = book.meetings.find(key)
    if page is None:
        page = open_unannounced(book, *key)
    if any(bytes.fromhex(close) in entry.past for close in page.closes):
        note(book, entry, "meeting.closed", "corroborating", *key, reasons=("already_closed",))
        return
    listing.add(book, _BEGUN, name)
    contested = _cover(book, entry, key, first=not page.closes)
    closes = (*page.closes, name)
    book.meetings.put(key, MeetingPage(page.held_on, page.opened, closes))
    about = f"{event.cycle}/{event.session}"
    if contested:
        finding = FindingPage(closes, cycle=key[0], session=key[1])
        book.findings.put(("contested_close", about), finding)
    _compare_totals(book, event, name)
    status: Status = "corroborating" if page.closes else "counted"
    note(book, entry, "meeting.closed", status, *key)


_READ_OUT: Final = {
    "share.purchased": "shares_minor",
    "social.contributed": "social_minor",
    "loan.repaid": "repaid_minor",
    "loan.disbursed": "lent_minor",
}


def _compare_totals(book: Book, event: e.MeetingClosed, name: str) -> None:
    """Point out totals that were read out otherwise than the books have them."""
    totals = dict.fromkeys(_READ_OUT.values(), 0)
    read_out = {total: getattr(event, total) for total in totals}
    if not any(read_out.values()):
        return  # zero: not read out
    key = (event.cycle, event.session)
    for subject in book.roll.find(key) or ():
        for _, _, other in book.sheets.find((*key, subject)) or ():
            page = entry_page(book, other)
            if page.lines and not page.late:
                if page.kind in _READ_OUT:
                    totals[_READ_OUT[page.kind]] += page.amount
                elif page.detail in _READ_OUT:
                    totals[_READ_OUT[page.detail]] -= page.amount
    for total, amount in totals.items():
        if read_out[total] != amount:
            amounts = (read_out[total], amount)
            finding = FindingPage((name,), "", *key, amounts, total)
            book.findings.put(("close_differs", f"{name}.{total}"), finding)


def _cover(book: Book, entry: Entry, key: tuple[int, int], first: bool) -> bool:
    """Move entries of the meeting in or out; True when an earlier close covered another set."""
    differs = False
    for subject in book.roll.find(key) or ():
        moves: dict[str, bool] = {}
        for _, _, name in book.sheets.find((*key, subject)) or ():
            known = bytes.fromhex(name) in entry.past
            if first and not known:
                moves[name] = True
            elif not first and known == entry_page(book, name).late:
                differs = True
                if known:
                    moves[name] = False
        set_late(book, moves)
    return differs
