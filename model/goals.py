"""Goals and consent: what a member or the group wants to reach, and what a member allows.

A goal is one thing by member, kind and title: set again it replaces what its author knew of, and
ended it is open no longer until it is set again. Of goals set apart from each other the lower
target holds, and one that ended apart is ended; of words about one use of personal details that
did not know of each other, no holds. Progress is never recorded: it follows from the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from model import events as e
from model import listing
from model.accounts import INVESTMENTS, MEMBER_SAVINGS, MEMBER_SHARES
from model.book import Book
from model.days import parse_day
from model.derived import Work, derive
from model.entry import Entry
from model.journal import balance, entry_page, reversed_by
from model.members import member_named, names_of
from model.notes import void
from model.pages import NO_MEETING, EntryPage, GoalPage
from model.sheets import claims_once
from model.standing import enter
from model.stopped import is_apart

_APART: Final = "|"  # between the parts of what one goal is called; a code holds none


def set_goal(book: Book, entry: Entry, event: e.GoalSet, keeper: bool) -> None:
    """Set a goal, or set it anew."""
    member = member_named(book, event.member)
    if event.member and not member:
        void(book, entry, "goal.set", "unknown_reference")
        return
    thing = _APART.join((member, event.kind, event.title))
    enter(
        book, entry, keeper, "goal.set", NO_MEETING, NO_MEETING, thing, 1, event.target,
        f"{event.each_meeting_minor} {event.until}".strip(), (), (),
        slot="goal", member=member, once=f"goal {thing}",
    )  # fmt: skip
    derive(book, "goal.set", thing)


def end_goal(book: Book, entry: Entry, event: e.GoalEnded, keeper: bool) -> None:
    """Say that a goal was reached or given up; any entry that set it names it."""
    page = book.entries.find(event.goal.hex())
    if page is None or page.kind != "goal.set" or not page.subject:
        void(book, entry, "goal.ended", "unknown_reference")
        return
    enter(
        book, entry, keeper, "goal.ended", NO_MEETING, NO_MEETING, page.subject, 1, 0,
        event.outcome, (), (), slot="goal", member=page.member, once=f"goal {page.subject}",
    )  # fmt: skip
    derive(book, "goal.set", page.subject)


def derive_goal(book: Book, thing: str) -> None:
    """How a goal stands: what holds now of all that was said about it."""
    member, kind, title = thing.split(_APART, 2)
    rows = _said(book, f"goal {thing}")
    newest = next((row for row in rows if _holds(book, row[1])), None)
    goal = None
    if newest is not None and newest[1].kind == "goal.ended":
        last = [
            row
            for row in rows
            if row[1].kind == "goal.set" and not is_apart(row[1]) and not reversed_by(book, row[1])
        ]
        ended, newest = newest[1].detail, last[-1] if last else None
    else:
        ended = ""
    if newest is not None:
        name, page = newest
        each, _, until = page.detail.partition(" ")
        goal = GoalPage(member, kind, title, name, page.amount, int(each), until, ended)
    if goal != book.goals.find(thing):
        book.goals.put(thing, goal)


def _said(book: Book, once: str) -> list[tuple[str, EntryPage]]:
    return [(name, entry_page(book, name)) for _, _, name in claims_once(book, once)]


def _holds(book: Book, page: EntryPage) -> bool:
    return page.status == "counted" and not reversed_by(book, page)


def record_consent(book: Book, entry: Entry, event: e.ConsentRecorded, keeper: bool) -> None:
    """Note that a member allows, or no longer allows, a use of personal details."""
    member = member_named(book, event.member)
    if not member or (event.witness and not member_named(book, event.witness)):
        void(book, entry, "consent.recorded", "unknown_reference")
        return
    if not claims_once(book, f"consent {event.purpose} {member}"):
        listing.add(book, _asked(member), event.purpose)
    enter(
        book, entry, keeper, "consent.recorded", NO_MEETING, NO_MEETING, member, 1, 0,
        "yes" if event.allowed else "no", (), (),
        slot=f"consent {event.purpose}", once=f"consent {event.purpose} {member}",
        text=event.purpose,
    )  # fmt: skip


def has_consented(book: Book, member: str, purpose: str) -> bool:
    """Does a member allow a use of personal details? No, unless asked; no under any name is no."""
    words = [
        page.detail
        for one in names_of(book, member)
        for _, page in _said(book, f"consent {purpose} {one}")
        if _holds(book, page)
    ]
    return bool(words) and "no" not in words


def _asked(member: str) -> str:
    """Topic of the list of what a member was asked to allow, each purpose once."""
    return f"consents {member}"


def consents_of(book: Book, member: str) -> dict[str, bool]:
    """Every purpose that a member was asked about, and whether the member allows it."""
    asked = {
        purpose for one in names_of(book, member) for purpose in listing.every(book, _asked(one))
    }
    return {purpose: has_consented(book, member, purpose) for purpose in sorted(asked)}


def goals_view(book: Book, member: str = "") -> list[dict[str, Any]]:
    """Goals of one member (hex), or of the group itself (empty), with how far they are reached.

    `progress`: minor units (of membership: people), None where the books can't tell. `missing`:
    what is still to come. `each_meeting`: what was agreed, else what is left over the meetings
    that can still be held at the rhythm of the constitution, rounded up; None without a last day.
    """
    names = names_of(book, member) if member else ("",)
    rows = [page for _, page in book.goals.rows() if page.member in names]
    return [_view(book, page) for page in rows]


def _view(book: Book, page: GoalPage) -> dict[str, Any]:
    reached = progress(book, page)
    missing = None if reached is None else max(0, page.target - reached)
    return {
        "id": page.entry,
        "kind": page.kind,
        "title": page.title,
        "target": page.target,
        "until": page.until or None,
        "state": page.ended or "open",
        "progress": reached,
        "missing": missing,
        "each_meeting": page.each_meeting_minor or _each_meeting(book, page, missing),
    }


def progress(book: Book, goal: GoalPage) -> int | None:
    """How far a goal is reached: savings and shares, loans handed over, investments, members.

    A project is not in the books: None.
    """
    if goal.kind == "membership":
        return sum(
            page.status == "active" and not page.merged_into and not page.exited
            for _, page in book.members.rows()
        )
    names = names_of(book, goal.member) if goal.member else ()
    if goal.kind == "savings":
        members = names or tuple(name for name, _ in book.members.rows())
        accounts = (MEMBER_SHARES, MEMBER_SAVINGS)
        return -sum(balance(book, account, name) for name in members for account in accounts)
    if goal.kind == "lending":
        return sum(
            loan.principal_minor
            for _, loan in book.loans.rows()
            if not names or loan.member in names
        )
    if goal.kind == "investment":
        return sum(amount for (code, _), amount in book.accounts.rows() if code == INVESTMENTS)
    return None


_DAYS_BETWEEN: Final = {"week": 7, "fortnight": 14, "month": 30, "": 7}
"""Days between two meetings, by the constitution; weekly where it says nothing."""


def _each_meeting(book: Book, goal: GoalPage, missing: int | None) -> int | None:
    """What has to come in at each meeting until the last day, rounded up."""
    key = book.latest.find("meeting")
    meeting = book.meetings.find(key) if key is not None else None
    if missing is None or not goal.until or meeting is None or not meeting.held_on:
        return None
    rules = book.constitution.find("current")
    rhythm = _DAYS_BETWEEN[rules.terms.meeting_frequency if rules is not None else ""]
    days = (parse_day(goal.until) - parse_day(meeting.held_on)).days
    return -(-missing // max(1, days // rhythm))


RULES: Final = {
    e.GoalSet: set_goal,
    e.GoalEnded: end_goal,
    e.ConsentRecorded: record_consent,
}
WORK: Final[Mapping[str, Work]] = {"goal.set": derive_goal, "goal.ended": derive_goal}
