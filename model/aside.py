"""How what a stopped device wrote stands among the other entries about the same thing.

It competes with nothing. As long as officers have not brought it in it posts no more than its cash
in suspense, and not even that where another entry tells of the same payment. What officers ratified
stands among the others as if its device had never been stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from model.agreement import brings_in, verdict_on
from model.book import Book
from model.claims import Row, choose
from model.derived import derive
from model.held_kinds import comes_in
from model.journal import parked, restate, reversed_by
from model.pages import EntryPage, Posting, Status
from model.stopped import ANEW, RATIFIED, REJECTED, STOPPED, TOO_MANY

FOLLOW: Final = "held"
"""Work to be done when an entry of a stopped device stands otherwise than before (offered.py)."""
OF_SUSPENSE: Final = frozenset({STOPPED, RATIFIED, REJECTED, ANEW})
"""Reasons that are set here."""

Standing = tuple[Status, str]


def standing_of(book: Book, name: str, page: EntryPage) -> Standing | None:
    """Status and reason of an entry that is kept apart; None when officers brought it in."""
    verdict = verdict_on(book, name)
    if verdict is None:
        return "suspense", STOPPED
    if not brings_in(verdict[1]):
        return "void", REJECTED
    return None if comes_in(page.kind) else ("void", ANEW)


def keep_apart(book: Book, rows: Sequence[Row], set_here: frozenset[str]) -> tuple[list[Row], bool]:
    """Of entries about one thing, those that stand; of the others, whether one counted before.

    `set_here`: reasons that follow from how an entry stands, and are set anew.
    """
    apart = {
        name: stands
        for name, page in rows
        if page.stopped and (stands := standing_of(book, name, page)) is not None
    }
    rest = [row for row in rows if row[0] not in apart]
    told = any(not reversed_by(book, page) for _, page in rest)
    waiting = [
        (name, page)
        for name, page in rows
        if name in apart and apart[name][0] == "suspense" and not reversed_by(book, page)
    ]
    parking = "" if told else choose(waiting)
    moved = False
    for name, page in rows:
        if name in apart:
            moved |= page.status == "counted" and "reversed" not in page.reasons
            lines = parked(page.held) if name == parking else ()
            _restate(book, name, page, apart[name], lines, set_here)
        elif page.stopped and RATIFIED not in page.reasons:
            derive(book, FOLLOW, name)
    return rest, moved


def _restate(
    book: Book,
    name: str,
    page: EntryPage,
    stands: Standing,
    lines: tuple[Posting, ...],
    set_here: frozenset[str],
) -> None:
    status, reason = stands
    reasons = (*(own for own in page.reasons if own not in set_here), reason)
    if reversed_by(book, page):
        status, reasons, lines = "void", (*reasons, "reversed"), ()
    if reasons != page.reasons:
        derive(book, FOLLOW, name)
    restate(book, name, replace(page, status=status, lines=lines, reasons=reasons))


def restate_noted(book: Book, name: str, page: EntryPage) -> None:
    """Let an entry stand as officers have it that is about nothing that others tell of, too."""
    if not OF_SUSPENSE & set(page.reasons):
        return  # it never had any effect
    status, reason = standing_of(book, name, page) or ("counted", RATIFIED)
    if status == "counted" and TOO_MANY in page.reasons:
        status, reason = "suspense", STOPPED  # nobody looked at it; see FOLLOWED_MAX
    reasons = (*(own for own in page.reasons if own not in OF_SUSPENSE), reason)
    if reasons != page.reasons:
        derive(book, FOLLOW, name)
        restate(book, name, replace(page, status=status, reasons=reasons))
