"""Findings that follow from the book as it stands, worked out when they are shown, never stored.

What depends on the whole of the book (who still has to agree, what is overdue, whether the cash
suffices for what was promised) would depend on the order of writing if it were noted along the
way. A topic adds what it sees with a function of its own, listed in `_WATCHES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from model.agreement import agreeing
from model.book import Book
from model.cash_watch import watch_pockets, watch_repayments
from model.counts import watch_counts
from model.cycles import watch_cycles
from model.decisions import decision, missing
from model.elections import is_open, watch_elections
from model.exits import watch_exits, watch_settlements
from model.fine_ledger import watch_refunds
from model.funds_watch import watch_money
from model.governance import watch_proposals
from model.journal import entry_page
from model.loan_watch import watch_loans
from model.meeting_watch import watch_meetings
from model.merging import watch_merged
from model.office_watch import watch_offices
from model.pages import FindingPage
from model.payables import watch_claims
from model.rotation_watch import watch_rotations
from model.savings_watch import watch_contributions
from model.sealing import watch_seals
from model.shareout_watch import watch_shareouts
from model.sources import watch_sources
from model.surplus import watch_surplus
from model.suspense import KINDS as OF_STOPPED
from model.suspense import is_moot
from model.suspense_watch import watch_stopped

Seen = tuple[str, str, FindingPage]
"""Code, what it is about, and the values of its sentence."""


def seen_in(book: Book) -> Iterator[Seen]:
    """Everything that the topics see."""
    for watch in _WATCHES:
        yield from watch(book)


def _waiting(book: Book) -> Iterator[Seen]:
    """Decisions that officers have not agreed to yet, and money paid out without their word."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    today = meeting.held_on if meeting is not None else ""
    for name, kind in book.waiting.rows():
        page, asked = entry_page(book, name), decision(book, name)
        wanted = missing(book, agreeing(book, name))
        if page.status == "void" or not wanted or kind == "meeting.closed":
            continue
        if kind in OF_STOPPED and is_moot(book, name, page):
            continue
        code = "waits_for_approval" if asked.binding else "needs_word"
        if kind == "officer.proposed":
            if not is_open(book, name):
                continue
            code = "election_waits"
        if asked.expires_on and today > asked.expires_on:
            code = "request_expired"
        subject = page.member or page.subject
        values = FindingPage(
            (name,), subject, page.cycle, page.session, (page.amount, wanted), kind
        )
        yield code, name, values


_WATCHES: Final[tuple[Callable[[Book], Iterator[Seen]], ...]] = (
    watch_stopped,
    _waiting,
    watch_pockets,
    watch_repayments,
    watch_offices,
    watch_proposals,
    watch_elections,
    watch_meetings,
    watch_seals,
    watch_counts,
    watch_cycles,
    watch_surplus,
    watch_shareouts,
    watch_settlements,
    watch_exits,
    watch_rotations,
    watch_sources,
    watch_loans,
    watch_claims,
    watch_refunds,
    watch_merged,
    watch_contributions,
    watch_money,
)
