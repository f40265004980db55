"""Meetings: opened by any phone, attended, and closed over what the closing officer knew.

Two phones that open one (cycle, session) open one meeting. A close holds exactly the entries that
its author knew; closes that did not know of each other hold what any of them knew, and say so. A
close by someone who knew of an earlier one changes nothing: reopening needs more than one officer.
"""

from __future__ import annotations

from model import events as e
from model.book import Book
from model.entry import Entry
from model.journal import entry_page
from model.loan_ledger import derive_loan
from model.notes import note, void
from model.pages import FindingPage, MeetingPage, Status
from model.standing import enter, set_late


def open_meeting(book: Book, entry: Entry, event: e.MeetingOpened, _keeper: bool) -> None:
    """Open a meeting, or join in one that is open."""
    name = entry.id.hex()
    key = (event.cycle, event.session)
    about = f"{event.cycle}/{event.session}"
    page = book.meetings.find(key)
    if key > (book.latest.find("meeting") or (-1, -1)):
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
            derive_loan(book, subject)


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
    page = book.meetings.find(key) or MeetingPage("")
    if any(bytes.fromhex(close) in entry.past for close in page.closes):
        note(book, entry, "meeting.closed", "corroborating", *key, reasons=("already_closed",))
        return
    contested = _cover(book, entry, key, first=not page.closes)
    closes = (*page.closes, name)
    book.meetings.put(key, MeetingPage(page.held_on, page.opened, closes))
    about = f"{event.cycle}/{event.session}"
    if contested:
        finding = FindingPage(closes, cycle=key[0], session=key[1])
        book.findings.put(("contested_close", about), finding)
    status: Status = "corroborating" if page.closes else "counted"
    note(book, entry, "meeting.closed", status, *key)


def _cover(book: Book, entry: Entry, key: tuple[int, int], first: bool) -> bool:
    """Move entries of the meeting in or out; True when an earlier close covered another set."""
    differs = False
    for subject in book.roll.find(key) or ():
        for _, _, name in book.sheets.find((*key, subject)) or ():
            known = bytes.fromhex(name) in entry.past
            page = entry_page(book, name)
            if first and not known:
                set_late(book, name, True)
            elif not first and known == page.late:
                differs = True
                if page.late:
                    set_late(book, name, False)
    return differs
