"""Statements that are read aloud: a member's passbook, and what happened in a meeting.

Both read the sheets of the meetings concerned, never the whole history. An entry that came too
late is shown in its own meeting and counted in the one in which officers accepted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from model.agreement import claimants, meeting_of
from model.book import Book
from model.findings import receipt
from model.journal import CASH, SHARES, entry_page, reversed_by
from model.members import kept_member, names_of
from model.pages import EntryPage
from model.postings import NOWHERE, Part, Postings
from model.sheets import sheet_entries, subjects_of
from model.stopped import reached_by
from model.views import findings_view, is_withheld, members_view

Plain = dict[str, Any]

# What a passbook adds up, by kind of entry.
_COLUMNS: Final = {
    "share.purchased": "savings_minor",
    "savings.deposited": "voluntary_minor",
    "savings.withdrawn": "withdrawn_minor",
    "social.contributed": "social_minor",
    "social.paid_out": "help_minor",
    "fine.levied": "fines_minor",
    "fine.waived": "fines_waived_minor",
    "fine.paid": "fines_paid_minor",
    "loan.disbursed": "lent_minor",
    "loan.charged": "charged_minor",
    "loan.waived": "waived_minor",
    "loan.repaid": "repaid_minor",
    "loan.recovered": "recovered_minor",
    "claim.paid": "claims_paid_minor",
    "debt.collected": "debts_paid_minor",
    "rotation.paid_in": "rotation_in_minor",
    "rotation.paid_out": "rotation_out_minor",
    "expense.paid": "spent_minor",
}
_WITHOUT_POSTINGS: Final = frozenset({"loan.charged", "loan.waived", "fine.waived"})
"""Kinds that change what is owed and post nothing themselves."""


class _Shown(NamedTuple):
    """An entry on a page; `part`: what is in the totals of this page's meeting, if anything."""

    name: str
    page: EntryPage
    part: Part | None


def subjects_owned(book: Book, member: str) -> tuple[str, ...]:
    """What a member's entries are recorded about: the member, under every name, and the loans."""
    return tuple(
        subject
        for name in names_of(book, member)
        for subject in (name, *(book.member_loans.find(name) or ()))
    )


def passbook_view(book: Book, member: str) -> Plain:
    """One member's passbook, a line per meeting with every entry; LookupError for a stranger."""
    page = book.members.find(member)
    if page is None:
        raise LookupError("There is no such member in this group.")
    withheld = is_withheld(book)
    figures = next(row for row in members_view(book, withheld) if row["id"] == member)
    subjects = subjects_owned(book, member)
    shown: dict[tuple[int, int], list[_Shown]] = {}
    postings = Postings(book)
    for key, _ in book.meetings.rows():
        for name, entry in sheet_entries(book, *key, subjects):
            parts = {part.key: part for part in postings.parts(name, entry)}
            here = parts.pop(key, None) or _nothing(book, key, name, entry)
            shown.setdefault(key, []).append(_Shown(name, entry, here))
            for other, part in parts.items():
                if other != NOWHERE:
                    shown.setdefault(other, []).append(_Shown(name, entry, part))
    lines = []
    for key, meeting in sorted(book.meetings.rows()):
        if entries := shown.get(key):
            line = {"cycle": key[0], "session": key[1], "held_on": meeting.held_on}
            lines.append(
                {**line, **_sums(book, entries, withheld), "entries": _plain(book, entries)}
            )
    return {"member": figures, "withheld": withheld, "lines": lines}


def meeting_view(book: Book, cycle: int, session: int) -> Plain:
    """One meeting: register, totals by kind, every entry, findings; LookupError when unknown."""
    key = (cycle, session)
    meeting = book.meetings.find(key)
    if meeting is None:
        raise LookupError("There is no such meeting in this group.")
    withheld = is_withheld(book)
    entries = list(_entries_of(book, key))
    register = {
        one.page.subject: one.page.detail
        for one in entries
        if one.part is not None
        and one.page.kind == "attendance.marked"
        and one.page.status == "counted"
    }
    return {
        "cycle": cycle,
        "session": session,
        "held_on": meeting.held_on,
        "kind": meeting.kind,
        "place": meeting.place,
        "closed": bool(meeting.closes),
        "withheld": withheld,
        "register": register,
        "totals": _sums(book, entries, withheld),
        "entries": _plain(book, entries),
        "findings": [
            finding
            for finding in findings_view(book)
            if (finding["cycle"], finding["session"]) == key
        ],
    }


def meeting_sums(book: Book, cycle: int, session: int) -> dict[str, Plain]:
    """What each member did in one meeting, in the columns of a passbook, by member (hex id)."""
    of_member: dict[str, list[_Shown]] = {}
    for one in _entries_of(book, (cycle, session)):
        loan = book.loans.find(one.page.subject)
        member = loan.member if loan is not None else one.page.member or one.page.subject
        member = kept_member(book, member)
        if book.members.find(member) is not None:
            of_member.setdefault(member, []).append(one)
    withheld = is_withheld(book)
    return {member: _sums(book, shown, withheld) for member, shown in sorted(of_member.items())}


def _entries_of(book: Book, key: tuple[int, int]) -> Iterator[_Shown]:
    """What is on the sheets of a meeting, what it accepted, and what it posts of earlier ones."""
    posted = {one.name: one for one in Postings(book).of(key)}
    accepted: dict[str, None] = {}
    for name, page in sheet_entries(book, *key, subjects_of(book, *key)):
        one = posted.pop(name, None)
        yield _Shown(name, page, one.part if one else _nothing(book, key, name, page))
        if page.kind == "late_entry.accepted" and book.entries.find(page.subject) is not None:
            accepted |= dict.fromkeys((page.subject, *claimants(book, page.subject)))
        elif page.kind == "suspense.ratified":
            accepted |= dict.fromkeys(reached_by(book, name, page.subject))
    for one in posted.values():
        yield _Shown(one.name, one.page, one.part)
        accepted.pop(one.name, None)
    for name in accepted:
        late = entry_page(book, name)
        if meeting_of(book, name, late) == key != (late.cycle, late.session):
            yield _Shown(name, late, _nothing(book, key, name, late))


def _nothing(book: Book, key: tuple[int, int], name: str, page: EntryPage) -> Part | None:
    """The part of an entry that posts nothing in the meeting that it belongs to."""
    return Part(key, (), 0, False) if meeting_of(book, name, page) == key else None


def _sums(book: Book, entries: Iterable[_Shown], withheld: bool) -> Plain:
    """Counted amounts by column; a reversal takes its own off again."""
    sums = dict.fromkeys(("shares", *_COLUMNS.values(), "cash_minor", "suspense_minor"), 0)
    for _, page, part in entries:
        if page.status == "suspense":
            sums["suspense_minor"] += max(0, *(amount for *_, amount in page.lines), 0)
        if part is None:
            continue
        sums["cash_minor"] += sum(amount for account, _, amount in part.lines if account in CASH)
        sums["shares"] += sum(amount for account, _, amount in part.lines if account == SHARES)
        if page.kind in _WITHOUT_POSTINGS and not part.lines:
            counts = page.status == "counted" and not reversed_by(book, page)
            sums[_COLUMNS[page.kind]] += page.amount if counts else 0
        elif page.kind in _COLUMNS:
            sums[_COLUMNS[page.kind]] += page.amount * part.weight
        elif page.detail in _COLUMNS:
            sums[_COLUMNS[page.detail]] -= page.amount * part.weight
    return dict.fromkeys(sums) if withheld else sums


def _plain(book: Book, entries: Iterable[_Shown]) -> list[Plain]:
    rows = sorted(entries, key=lambda row: row.page.place(row.name))
    return [
        {
            "id": name,
            "receipt": receipt(name),
            "kind": page.kind,
            "member": page.member or (page.subject if book.members.find(page.subject) else ""),
            "amount_minor": page.amount or None,
            "count": page.count or None,
            "detail": page.detail,
            "text": page.text,
            "status": page.status,
            "counted_here": part is not None,
            "changed_since": part is not None and part.kept and part.lines != page.lines,
            "reasons": list(page.reasons),
            "person": page.person,
        }
        for name, page, part in rows
    ]
