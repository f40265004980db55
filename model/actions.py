"""What members are asked to do after a meeting, whether it is done, and the minutes.

An action is open until an officer says that it is done or no longer wanted, or takes it back. The
minutes of a meeting are one text: a later one by who knew the earlier takes its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from model import events as e
from model.agreement import claimants
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.journal import entry_page, reversed_by
from model.members import member_named
from model.notes import void
from model.pages import EntryPage
from model.sheets import claims_on, claims_once
from model.standing import enter

Key = tuple[int, int]
"""Cycle and session."""
NOBODY: Final = "group"  # whom an action is for when no member was named
MINUTES: Final = "minutes"


class Action(NamedTuple):
    """Something that was asked of a member (hex) or of the group; `outcome` is empty while open."""

    name: str
    cycle: int
    session: int
    member: str
    text: str
    due_on: str
    outcome: str


def assign_action(book: Book, entry: Entry, event: e.ActionAssigned, keeper: bool) -> None:
    """Ask a member, or the group, to do something."""
    member = member_named(book, event.member) if event.member else ""
    if event.member and not member:
        void(book, entry, "action.assigned", "unknown_reference", text=event.text)
        return
    subject = f"to do {event.cycle}/{event.session} {member or NOBODY}"
    mark = hashlib.sha256(event.text.encode()).hexdigest()[:8]
    enter(
        book, entry, keeper, "action.assigned", event.cycle, event.session, subject, event.line,
        0, f"{event.due_on}|{mark}", (), (), member=member, text=event.text,
    )  # fmt: skip
    derive(book, "action.assigned", subject)


def end_action(book: Book, entry: Entry, event: e.ActionDone, keeper: bool) -> None:
    """Note that something was done, or is no longer wanted."""
    page = book.entries.find(book.hexed[event.action])
    if page is None or page.kind != "action.assigned" or not page.subject:
        void(book, entry, "action.done", "unknown_reference", text=event.note)
        return
    thing = _first_alike(book, book.hexed[event.action], page)
    enter(
        book, entry, keeper, "action.done", event.cycle, event.session, thing, 1, 0,
        event.outcome, (), (), once=f"done {thing}", member=page.member, text=event.note,
    )  # fmt: skip
    derive(book, "action.assigned", page.subject)


def _first_alike(book: Book, name: str, page: EntryPage) -> str:
    """Of entries that ask for one thing, the first: what is said of any of them is said of all."""
    for other in claimants(book, name):
        if entry_page(book, other).detail == page.detail:
            return other
    return name


def _derive_open(book: Book, subject: str) -> None:
    """Which of the actions that one meeting asked of one member are open."""
    cycle, _, session = subject.split(" ")[2].partition("/")
    for kind, _, name in claims_on(book, int(cycle), int(session), subject):
        if kind != "action.assigned":
            continue
        open_still = _stands(book, name) and not _outcome(book, name)
        if bool(book.open_actions.find(name)) != open_still:
            book.open_actions.put(name, subject if open_still else None)


def _derive_after_end(book: Book, action: str) -> None:
    _derive_open(book, entry_page(book, action).subject)


def _stands(book: Book, name: str) -> bool:
    page = entry_page(book, name)
    return page.status == "counted" and not reversed_by(book, page)


def _outcome(book: Book, name: str) -> str:
    thing = _first_alike(book, name, entry_page(book, name))
    ends = (end for _, _, end in claims_once(book, f"done {thing}") if _stands(book, end))
    return next((entry_page(book, end).detail for end in ends), "")


def read_action(book: Book, name: str) -> Action:
    """One action as it stands."""
    page = entry_page(book, name)
    due_on = page.detail.partition("|")[0]
    outcome = _outcome(book, name)
    return Action(name, page.cycle, page.session, page.member, page.text, due_on, outcome)


def open_actions(book: Book) -> list[Action]:
    """Everything that is still to be done: with a day first, by day, then by meeting."""
    found = [read_action(book, name) for name, _ in book.open_actions.rows()]
    return sorted(found, key=lambda one: (not one.due_on, one.due_on, one.cycle, one.session))


def record_minutes(book: Book, entry: Entry, event: e.MinutesRecorded, keeper: bool) -> None:
    """Keep the minutes of a meeting."""
    facilitator = member_named(book, event.facilitator) if event.facilitator else ""
    if event.facilitator and not facilitator:
        void(book, entry, "minutes.recorded", "unknown_reference")
        return
    mark = hashlib.sha256(event.text.encode()).hexdigest()[:8]
    enter(
        book, entry, keeper, "minutes.recorded", event.cycle, event.session, MINUTES, 1, 0, mark,
        (), (), member=facilitator, text=event.text,
    )  # fmt: skip


def minutes_of(book: Book, key: Key) -> Iterator[tuple[str, EntryPage]]:
    """The minutes of a meeting that hold: none or one, with the entry that says so."""
    for kind, _, name in claims_on(book, *key, MINUTES):
        if kind == "minutes.recorded" and _stands(book, name):
            yield name, entry_page(book, name)


RULES: Final = {
    e.ActionAssigned: assign_action,
    e.ActionDone: end_action,
    e.MinutesRecorded: record_minutes,
}
WORK: Final[Mapping[str, Work]] = {
    "action.assigned": _derive_open,
    "action.done": _derive_after_end,
}
