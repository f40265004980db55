"""What happened in a meeting beside its money: state, keys, agenda, votes, tasks, minutes, counts.

Plain data for programs and screens; reads the sheets of one meeting and nothing else. What officers
are still asked is the same for all meetings, and is listed by `decisions_view`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from model import listing
from model.accounts import POCKETS
from model.actions import minutes_of, open_actions, read_action
from model.agreement import agreeing
from model.amendments import changes
from model.book import Book
from model.closing import state_of
from model.counts import Counted, compared_counts
from model.decisions import agreed, decision, missing, outcome
from model.elections import office_history
from model.findings import NameOf, amount_text, receipt, who
from model.governance import constitutions
from model.journal import entry_page, reversed_by
from model.meeting_watch import enough_keys, present_in
from model.meetings import PLANNED, jumped, plan_of, reached
from model.pages import ConstitutionPage, MeetingPage, Posting
from model.resolutions import resolutions_of
from model.sheets import sheet_entries, subjects_of
from model.suspense import KINDS as OF_STOPPED
from model.suspense import is_moot
from model.titles import OFFICES

Plain = dict[str, Any]


def proceedings_view(book: Book, cycle: int, session: int) -> Plain:
    """One meeting as it was planned and held; LookupError when nobody planned or opened it."""
    key = (cycle, session)
    page, plan = book.meetings.find(key), plan_of(book, key)
    if page is None and plan is None:
        raise LookupError("There is no such meeting in this group.")
    meeting = page or MeetingPage("")
    rows = list(sheet_entries(book, *key, subjects_of(book, *key)))
    tasks = [name for name, one in rows if one.kind == "action.assigned" and _stands(book, name)]
    return {
        "cycle": cycle,
        "session": session,
        "state": state_of(meeting) if page is not None else "scheduled",
        "fingerprints": [
            said.fingerprint for one in meeting.closes if (said := book.closings.find(one))
        ],
        "held_on": meeting.held_on or None,
        "kind": meeting.kind or (plan.kind if plan is not None else "regular"),
        "place": meeting.place or (plan.place if plan is not None else ""),
        "plan": plan._asdict() if plan is not None else None,
        "keys": list(meeting.keys),
        "keys_enough": enough_keys(book, meeting),
        "present": sorted(present_in(book, rows)),
        "agenda": _agenda(book, key),
        "resolutions": [
            {**one._asdict(), "carried": one.carried} for one in resolutions_of(book, key)
        ],
        "actions": [read_action(book, name)._asdict() for name in tasks],
        "minutes": [
            {"entry": name, "text": one.text, "facilitator": one.member}
            for name, one in minutes_of(book, key)
        ],
        "counts": [
            {
                "moment": one.moment,
                "pocket": one.pocket,
                "counted_minor": one.counted_minor,
                "expected_minor": one.expected_minor,
                "difference_minor": one.difference_minor,
                "variance_minor": one.variance_minor,
                "told": entry_page(book, one.name).text,
            }
            for one in compared_counts(book)
            if one.key == key and one.name
        ],
    }


def _stands(book: Book, name: str) -> bool:
    page = entry_page(book, name)
    return page.status == "counted" and not reversed_by(book, page)


def _agenda(book: Book, key: tuple[int, int]) -> list[Plain]:
    plan, done = plan_of(book, key), reached(book, key)
    items = plan.agenda if plan is not None else tuple(sorted(done))
    left_out = jumped(book, key)
    return [{"item": item, "reached": item in done, "jumped": item in left_out} for item in items]


def planned_view(book: Book) -> list[Plain]:
    """Meetings that were planned and not opened yet, by day."""
    planned = []
    for about in listing.every(book, PLANNED):
        cycle, _, session = about.partition("/")
        key = (int(cycle), int(session))
        page, plan = book.meetings.find(key), plan_of(book, key)
        if plan is not None and (page is None or not page.opened):
            planned.append({"cycle": key[0], "session": key[1], **plan._asdict()})
    return sorted(planned, key=lambda one: (one["planned_on"], one["cycle"], one["session"]))


def open_actions_view(book: Book, name_of: NameOf | None = None) -> list[Plain]:
    """Everything that members were asked to do and that is not done."""
    return [
        {**one._asdict(), "receipt": receipt(one.name), "who": who(book, one.member, name_of)}
        for one in open_actions(book)
    ]


def decisions_view(book: Book, name_of: NameOf | None = None) -> list[Plain]:
    """What waits for officers: who asked, who agreed, how many more must, what it changes."""
    rows = []
    for name, kind in book.waiting.rows():
        page, asked = entry_page(book, name), decision(book, name)
        alike = agreeing(book, name)
        if page.status == "void" or kind == "meeting.closed" or outcome(book, alike) != "waiting":
            continue
        if kind in OF_STOPPED and is_moot(book, name, page):
            continue
        rows.append(
            {
                "id": name,
                "receipt": receipt(name),
                "kind": kind,
                "who": who(book, page.member or page.subject, name_of),
                "amount_minor": page.amount or None,
                "reason": page.text,
                "asked_by": page.person,
                "agreed": sorted(agreed(book, alike)),
                "missing": missing(book, alike),
                "waits": asked.binding,
                "expires_on": asked.expires_on or None,
                "changes": _proposed(book, name),
            }
        )
    return rows


def disputes_view(book: Book, name_of: NameOf | None = None) -> list[Plain]:
    """Entries that officers recorded differently, and what the count would say to each of them.

    `difference_minor`: what the box would be over (or, below zero, short) at the meeting's last
    count if this entry were the right one; None where nobody counted.
    """
    counted = {(one.key, one.pocket): one for one in compared_counts(book) if one.moment == "close"}
    rows = []
    for (code, _), page in book.findings.rows():
        if code != "disputed_amount":
            continue
        names = [name for name in page.entries if not reversed_by(book, entry_page(book, name))]
        now = next((name for name in names if entry_page(book, name).status == "counted"), "")
        rows.append(
            {
                "kind": page.detail,
                "who": who(book, page.subject, name_of),
                "cycle": page.cycle,
                "session": page.session,
                "ways": [_way(book, name, now, counted) for name in names],
            }
        )
    return rows


def _way(
    book: Book, name: str, now: str, counted: Mapping[tuple[tuple[int, int], str], Counted]
) -> Plain:
    """One of several entries about one thing: who wrote it, and what a count says to it."""
    page = entry_page(book, name)
    difference = None
    for pocket, account in POCKETS.items():
        count = counted.get(((page.cycle, page.session), pocket))
        if count is None or account not in {line[0] for line in page.held}:
            continue
        posted = entry_page(book, now).lines if now else ()
        moved = _in_pocket(page.held, account) - _in_pocket(posted, account)
        difference = count.difference_minor - moved
    return {
        "id": name,
        "receipt": receipt(name),
        "person": page.person,
        "amount_minor": page.amount,
        "counts": name == now,
        "difference_minor": difference,
    }


def _in_pocket(lines: Iterable[Posting], account: str) -> int:
    return sum(amount for one, _, amount in lines if one == account)


def _proposed(book: Book, name: str) -> list[Plain]:
    """What a proposed constitution changes on top of the one in force."""
    proposal, current = book.proposed.find(name), book.constitution.find("current")
    return _changes(book, current, proposal) if proposal is not None else []


def _changes(book: Book, old: ConstitutionPage | None, new: ConstitutionPage) -> list[Plain]:
    if old is None:
        return []
    found = changes(old.terms, new.terms, lambda minor: amount_text(book, minor))
    return [one._asdict() for one in found]


def constitutions_view(book: Book) -> list[Plain]:
    """Every constitution that was adopted, in order, with what it changed in the one before it."""
    current = book.constitution.find("current")
    rows: list[Plain] = []
    before: ConstitutionPage | None = None
    for page in constitutions(book):
        found = _changes(book, before, page)
        rows.append(
            {
                "entry": page.entry,
                "receipt": receipt(page.entry),
                "version": page.terms.version,
                "in_force": current is not None and current.entry == page.entry,
                "changes": found,
            }
        )
        before = page
    return rows


def offices_view(book: Book) -> list[Plain]:
    """Each office: who holds it, and everybody who was elected to it, in order."""
    rows = []
    for office, title in OFFICES.items():
        history = office_history(book, office)
        page = book.offices.find(office)
        if history:
            rows.append(
                {
                    "office": office,
                    "title": title,
                    "holder": page.holder if page is not None else "",
                    "contested": bool(page is not None and page.rivals),
                    "elections": [
                        {"entry": entry, "person": person, "member": member}
                        for entry, person, member in history
                    ],
                }
            )
    return rows
