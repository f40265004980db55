"""Which of several entries about one thing counts meanwhile, and what is to be said about them.

Pure functions of the entries' pages: what each says, who wrote it, whom its author knew of. They
are symmetric: turning the shared order around changes no amount. Only a tie between entries that
say the same is left to the order, and it decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from model.pages import EntryPage

Row = tuple[str, EntryPage]

# A later mark by someone who knew the earlier one replaces it; other kinds never replace.
REPLACING: Final = frozenset({"attendance.marked", "cash.counted"})
DISPUTES: Final = {
    "attendance.marked": "disputed_attendance",
    "cash.counted": "disputed_count",
}
_RANK: Final = {"present": 0, "late": 1, "representative": 2, "excused": 3, "absent": 4}


def choose(rows: Sequence[Row]) -> str:
    """The entry that counts meanwhile; empty when there is none."""
    if not rows:
        return ""
    if rows[0][1].kind in REPLACING:
        rows = _heads(rows)
        return min(rows, key=lambda row: (_RANK.get(row[1].detail, 0), said(row[1])))[0]
    kept = {said(page) for _, page in rows if page.keeper}
    chosen = kept.pop() if len(kept) == 1 else min(said(page) for _, page in rows)
    # Of equal ones the order decides nothing: what they post is equal too, or the least is taken.
    agreeing = [row for row in rows if said(row[1]) == chosen]
    return min(agreeing, key=lambda row: row[1].held)[0]


def _heads(rows: Sequence[Row]) -> list[Row]:
    known = {name for _, page in rows for name in page.knew}
    return [row for row in rows if row[0] not in known]


def said(page: EntryPage) -> tuple[int, int, str, str]:
    """What two entries must agree on."""
    return (page.amount, page.count, page.detail, page.subject)


def finding_code(kind: str, rows: Sequence[Row]) -> str:
    """Agreement, repetition or dispute among entries about one thing; empty for a single one."""
    if kind in REPLACING:
        rows = _heads(rows)
        differ = len({said(page) for _, page in rows}) > 1
        return DISPUTES[kind] if differ else ""
    if len(rows) < 2:
        return ""
    if len({said(page) for _, page in rows}) > 1:
        return "disputed_amount"
    for at, (name, page) in enumerate(rows):
        for other, rival in rows[:at]:
            if page.person != rival.person and other not in page.knew and name not in rival.knew:
                return "corroborated"
    return "recorded_twice"
