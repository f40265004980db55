"""Meetings: planned, opened by any phone with the keys that were brought, gone through, attended.

Two phones that open one (cycle, session) open one meeting, with the keys that either wrote down. Of
days that differ the earlier one is used, of kinds the less usual one, whoever wrote first. How a
meeting ends, and what comes too late for it, is in closing.py and lateness.py.
"""

from __future__ import annotations

from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from model import events as e
from model import listing
from model.book import Book
from model.derived import derive
from model.entry import Entry, Past
from model.journal import entry_page, reversed_by
from model.members import member_named
from model.notes import note, void
from model.pages import NO_MEETING, FindingPage, MeetingPage
from model.permissions import constitution
from model.sheets import add_claim, claims_on, claims_once, subjects_of
from model.standing import enter

Key = tuple[int, int]
"""Cycle and session."""

OPENINGS_MAX: Final = 64  # phones that open one meeting, as far as they are followed
_KINDS: Final = ("regular", "committee", "special", "emergency", "annual")
"""Kinds of meetings, the most usual first."""


class Plan(NamedTuple):
    """What was planned: ISO day, time of day or empty, kind, codes in order, and the place."""

    planned_on: str
    starts_at: str
    kind: str
    agenda: tuple[str, ...]
    place: str


def schedule_meeting(book: Book, entry: Entry, event: e.MeetingScheduled, keeper: bool) -> None:
    """Plan a meeting; a later plan by who knew the earlier one takes its place."""
    about = f"{event.cycle}/{event.session}"
    if not claims_once(book, _plan_key(event.cycle, event.session)):
        listing.add(book, PLANNED, about)
    plan = (event.planned_on, event.starts_at, event.kind, ",".join(event.agenda), event.place)
    enter(
        book, entry, keeper, "meeting.scheduled", NO_MEETING, NO_MEETING, about, 1, 0,
        "|".join(plan), (), (), once=_plan_key(event.cycle, event.session),
    )  # fmt: skip


PLANNED: Final = "planned"  # meetings that were ever planned, as cycle/session


def _plan_key(cycle: int, session: int) -> str:
    return f"schedule {cycle}/{session}"


def plan_of(book: Book, key: Key) -> Plan | None:
    """The plan of a meeting that holds; None when there is none."""
    for _, _, name in claims_once(book, _plan_key(*key)):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            return read_plan(page.detail)
    return None


def read_plan(detail: str) -> Plan:
    """A plan as an entry's page keeps it."""
    planned_on, starts_at, kind, agenda, place = detail.split("|", 4)
    return Plan(planned_on, starts_at, kind, tuple(filter(None, agenda.split(","))), place)


def open_meeting(book: Book, entry: Entry, event: e.MeetingOpened, _keeper: bool) -> None:
    """Open a meeting, or join in one that is open."""
    name, key = entry.id.hex(), (event.cycle, event.session)
    keys = [member_named(book, member) for member in event.keys]
    if not all(keys):
        void(book, entry, "meeting.opened", "unknown_reference")
        return
    page = book.meetings.find(key)
    _note_newest(book, key, name)
    known = page or MeetingPage("")
    opened = _joined(book, entry, event, known, keys)
    book.meetings.put(key, opened)
    if opened.held_on != known.held_on:  # officers may have agreed to something in it before
        date_meeting(book, key)
    if known.opened:
        _compare_days(book, key, event.held_on, known)
    elif page is not None:
        book.findings.put(("meeting_not_opened", f"{event.cycle}/{event.session}"), None)
    status: Final = "corroborating" if known.opened else "counted"
    note(book, entry, "meeting.opened", status, *key, text=event.held_on)


def _joined(
    book: Book, entry: Entry, event: e.MeetingOpened, known: MeetingPage, keys: list[str]
) -> MeetingPage:
    """The meeting as it was known, with what one more phone says of it."""
    rules = constitution(book, entry.past)
    first = not known.opened
    return replace(
        known,
        held_on=event.held_on if first else min(known.held_on, event.held_on),
        opened=(*known.opened, entry.id.hex())[:OPENINGS_MAX],
        kind=max(known.kind or event.kind, event.kind, key=_KINDS.index),
        place=min(filter(None, (known.place, event.place)), default=""),
        keys=tuple(sorted({*known.keys, *keys})),
        keys_wanted=max(known.keys_wanted, rules.terms.keys_required if rules else 0),
        quorum_percent=max(known.quorum_percent, rules.terms.quorum_percent if rules else 0),
    )


def _note_newest(book: Book, key: Key, name: str) -> None:
    latest = book.latest.find("meeting")
    listing.add(book, BEGUN, name)
    if key > (latest or (-1, -1)):
        book.latest.put("meeting", key)


def _compare_days(book: Book, key: Key, held_on: str, known: MeetingPage) -> None:
    """Point out that two phones opened one meeting with different days."""
    about = ("meeting_dates_differ", f"{key[0]}/{key[1]}")
    if held_on != known.held_on or book.findings.find(about) is not None:
        page = book.meetings.find(key) or known
        book.findings.put(about, FindingPage(page.opened, cycle=key[0], session=key[1]))


def date_meeting(book: Book, key: Key) -> None:
    """Let loans handed over in this meeting begin on its day, and words said in it be in time."""
    for subject in subjects_of(book, *key):
        if book.loans.find(subject) is not None:
            derive(book, "loan.disbursed", subject)
        if book.decisions.find(subject) is not None:
            derive(book, "approval.given", subject)


BEGUN: Final = "begun"  # openings and closes
_BEGUN_MAX: Final = 64


def has_begun(book: Book, past: Past) -> bool:
    """Did an author with this past know that the first meeting was over?

    It is when a meeting was closed, or a second one opened.
    """
    firsts = islice(listing.every(book, BEGUN), _BEGUN_MAX)
    known = [entry_page(book, name) for name in firsts if bytes.fromhex(name) in past]
    opened = {(page.cycle, page.session) for page in known}
    return len(opened) > 1 or any(page.kind == "meeting.closed" for page in known)


def reach_item(book: Book, entry: Entry, event: e.AgendaReached, _keeper: bool) -> None:
    """Note that the meeting came to an item of its agenda."""
    note(
        book, entry, "agenda.reached", "counted", event.cycle, event.session,
        subject=AGENDA, detail=event.item,
    )  # fmt: skip
    add_claim(book, event.cycle, event.session, AGENDA, ("agenda.reached", 0, entry.id.hex()))


AGENDA: Final = "agenda"


def reached(book: Book, key: Key) -> set[str]:
    """Items that the meeting came to, on any phone."""
    return {
        entry_page(book, name).detail
        for kind, _, name in claims_on(book, *key, AGENDA)
        if kind == "agenda.reached"
    }


def jumped(book: Book, key: Key) -> tuple[str, ...]:
    """Items of the agenda that were left out before one that the meeting came to."""
    plan, done = plan_of(book, key), reached(book, key)
    if plan is None:
        return ()
    places = [place for place, item in enumerate(plan.agenda) if item in done]
    return tuple(item for item in plan.agenda[: max(places, default=0)] if item not in done)


def mark_attendance(book: Book, entry: Entry, event: e.AttendanceMarked, keeper: bool) -> None:
    """Mark a member in the register of a meeting."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "attendance.marked", "unknown_reference")
        return
    enter(
        book, entry, keeper, "attendance.marked", event.cycle, event.session, member, 1, 0,
        event.status, (), (), text=_circumstances(event),
    )  # fmt: skip


def _circumstances(event: e.AttendanceMarked) -> str:
    """When a member came and left, who came instead, and the note, in words."""
    if not (event.arrived_at or event.left_at or event.representative or event.note):
        return ""  # nearly always
    told = (
        ("came", event.arrived_at),
        ("left", event.left_at),
        ("represented by", event.representative),
        ("", event.note),
    )
    return "; ".join(f"{word} {said}".strip() for word, said in told if said)


RULES: Final = {
    e.MeetingScheduled: schedule_meeting,
    e.MeetingOpened: open_meeting,
    e.AgendaReached: reach_item,
    e.AttendanceMarked: mark_attendance,
}
