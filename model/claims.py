"""Which of several entries about one thing counts meanwhile, and what is to be said about them.

Pure functions of the entries' pages: what each says, who wrote it, whom its author knew of. They
are symmetric: turning the shared order around changes nothing. Of entries that say the same one
counts whose author knew of none before; of several the one with the lowest name, so that every
finding names the same one, whoever wrote first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from model.pages import EntryPage

Row = tuple[str, EntryPage]

# A later mark by someone who knew the earlier one replaces it; other kinds never replace.
REPLACING: Final = frozenset(
    {"attendance.marked", "cash.counted", "conflict.resolved", "meeting.scheduled"}
    | {"late_entry.accepted", "late_entry.rejected", "minutes.recorded", "ballot.cast"}
    | {"goal.set", "goal.ended", "consent.recorded"}
    | {"investment.valued", "payment.matched", "reconciliation.recorded"}
)
DISPUTES: Final = {
    "attendance.marked": "disputed_attendance",
    "cash.counted": "disputed_count",
    "conflict.resolved": "contested_resolution",
    "late_entry.accepted": "contested_verdict",
    "late_entry.rejected": "contested_verdict",
    "meeting.scheduled": "contested_schedule",
    "minutes.recorded": "contested_minutes",
    "ballot.cast": "contested_ballot",
    "resolution.recorded": "disputed_resolution",
    "goal.set": "contested_goal",
    "goal.ended": "contested_goal",
    "consent.recorded": "contested_consent",
    "investment.valued": "disputed_value",
    "payment.matched": "contested_match",
    "reconciliation.recorded": "disputed_statement",
}
_UNRESOLVED: Final = frozenset({"conflict.resolved", "ballot.cast", "payment.matched"})
"""Of these, none counts while those that did not know of each other differ."""
_EXPECTED: Final = frozenset(
    {"payment.received", "payout.attempted", "suspense.ratified", "suspense.rejected"}
)
"""Told again by every statement and every try, or decided: of these, agreement needs no words."""
_RANK: Final = {"present": 0, "late": 1, "representative": 2, "excused": 3, "absent": 4} | {
    "rejected": 0,
    "accepted": 1,
}


def choose(rows: Sequence[Row]) -> str:
    """The entry that counts meanwhile; empty when there is none."""
    if not rows:
        return ""
    if rows[0][1].kind in REPLACING:
        rows = heads(rows)
        if rows[0][1].kind in _UNRESOLVED and len({said(page) for _, page in rows}) > 1:
            return ""
        return min(rows, key=lambda row: (_RANK.get(row[1].detail, 0), said(row[1]), *_place(row)))[
            0
        ]
    kept = {said(page) for _, page in rows if page.keeper}
    chosen = kept.pop() if len(kept) == 1 else min(said(page) for _, page in rows)
    # Of equal ones what they post is equal too, or the least is taken.
    agreeing = [row for row in rows if said(row[1]) == chosen]
    first = _firsts(agreeing)
    return min(agreeing, key=lambda row: (row[1].held, row[0] not in first, *_place(row)))[0]


def _firsts(rows: Sequence[Row]) -> frozenset[str]:
    """Of entries that say the same those whose authors knew of none before."""
    names = {name for name, _ in rows}
    return frozenset(name for name, page in rows if names.isdisjoint(page.knew))


def _place(row: Row) -> tuple[int, int, str]:
    """The meeting of an entry and its name: of equal ones the earliest counts, or the lowest."""
    return row[1].cycle, row[1].session, row[0]


def heads(rows: Sequence[Row]) -> list[Row]:
    """Those that no author of another knew: of facts that take each other's place, the newest."""
    known = {name for _, page in rows for name in page.knew}
    return [row for row in rows if row[0] not in known]


def said(page: EntryPage) -> tuple[int, int, str, str]:
    """What two entries must agree on."""
    return (page.amount, page.count, page.detail, page.subject)


def finding_code(kind: str, rows: Sequence[Row]) -> str:
    """Agreement, repetition or dispute among entries about one thing; empty for a single one."""
    if kind in REPLACING:
        rows = heads(rows)
        differ = len({said(page) for _, page in rows}) > 1
        return DISPUTES[kind] if differ else ""
    if len(rows) < 2:
        return ""
    if len({said(page) for _, page in rows}) > 1:
        return DISPUTES.get(kind, "disputed_amount")
    if kind in _EXPECTED:
        return ""
    for at, (name, page) in enumerate(rows):
        for other, rival in rows[:at]:
            if page.person != rival.person and other not in page.knew and name not in rival.knew:
                return "corroborated"
    return "recorded_twice"
