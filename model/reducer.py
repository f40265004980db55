"""Total and pure: entries in, book out; no log makes this raise, no clock or chance is read.

`apply` takes one entry that follows, in the shared order, all that the book holds. A fact that
breaks a rule becomes a finding. `fold` does a whole history, `undo` takes one step back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from operator import itemgetter, lt
from typing import Any, Final

from model import events as e
from model.book import Book, Undo
from model.cash import count_cash, pay_expense, transfer
from model.codec import Unreadable, kind_of
from model.corrections import reverse_entry
from model.derived import settle_up
from model.entry import Entry
from model.fines import levy_fine, pay_fine
from model.governance import adopt_constitution, describe_group, elect_officer, open_cycle
from model.lending import apply_for_loan, approve_loan, disburse_loan, repay_loan
from model.meetings import close_meeting, mark_attendance, open_meeting
from model.members import add_member, seal_person, set_member_status
from model.notes import note, void
from model.opening import set_opening_balance
from model.pages import FindingPage
from model.permissions import rights_in, rights_now
from model.savings import buy_shares, pay_from_social_fund, pay_into_social_fund

_ORDER: Final = itemgetter(1, 0)  # entry.order_key, without a call for each entry
_LAMPORT: Final = itemgetter(1)
REDUCER_VERSION: Final = 1  # rises when equal entries would give another book

_RULES: Final[dict[type, Callable[[Book, Entry, Any, bool], None]]] = {
    e.GroupDescribed: describe_group,
    e.ConstitutionAdopted: adopt_constitution,
    e.CycleOpened: open_cycle,
    e.MemberAdded: add_member,
    e.PersonSealed: seal_person,
    e.MemberStatusSet: set_member_status,
    e.OfficerElected: elect_officer,
    e.MeetingOpened: open_meeting,
    e.AttendanceMarked: mark_attendance,
    e.SharePurchased: buy_shares,
    e.SocialContributed: pay_into_social_fund,
    e.SocialPaidOut: pay_from_social_fund,
    e.FineLevied: levy_fine,
    e.FinePaid: pay_fine,
    e.LoanApplied: apply_for_loan,
    e.LoanApproved: approve_loan,
    e.LoanDisbursed: disburse_loan,
    e.LoanRepaid: repay_loan,
    e.ExpensePaid: pay_expense,
    e.TransferMade: transfer,
    e.CashCounted: count_cash,
    e.MeetingClosed: close_meeting,
    e.EntryReversed: reverse_entry,
    e.OpeningBalanceSet: set_opening_balance,
}


def step(book: Book, entry: Entry) -> None:
    """Fold one entry that follows all the book holds; the caller keeps order and uniqueness."""
    event = entry.event
    may, keeper = rights_in(book, entry)
    kind = type(event)
    if kind in may:
        _RULES[kind](book, entry, event, keeper)
        if book.informed is not entry.past and kind not in rights_now(book, entry.person)[0]:
            page = FindingPage((entry.id.hex(),), detail=kind_of(event))
            book.findings.put(("after_office", entry.id.hex()), page)
    elif isinstance(event, Unreadable):
        _keep_unreadable(book, entry, event, bool(may))
    else:
        void(book, entry, kind_of(event), "not_permitted")
    if book.stale:
        settle_up(book)


def _keep_unreadable(book: Book, entry: Entry, event: Unreadable, by_officer: bool) -> None:
    """Keep what can't be read; of a later version, it may change totals, which are withheld."""
    if event.reason == "malformed":
        void(book, entry, event.kind, "malformed")
    elif not by_officer:
        void(book, entry, event.kind, "not_permitted")
    else:
        note(book, entry, event.kind, "suspense", reasons=("unknown_kind",))
        if event.compartment == e.LEDGER:
            name = entry.id.hex()
            book.findings.put(("unknown_kind", name), FindingPage((name,), detail=event.kind))


def apply(book: Book, entry: Entry) -> Undo:
    """Fold one entry and say how to take it back: `[table, key, old JSON or None]` by page."""
    book.record()
    step(book, entry)
    return book.take_undo()


def undo(book: Book, step_back: Undo) -> None:
    """Take back the newest step; the pages are again what they were, byte for byte."""
    book.restore(step_back)


def fold(entries: Iterable[Entry]) -> Book:
    """The book of these entries, in whatever order and however often they are given."""
    book = Book()
    for entry in _in_order(list(entries)):
        step(book, entry)
    return book


def _in_order(entries: list[Entry]) -> Iterable[Entry]:
    """Each entry once, in the shared order; quickly where they already are."""
    lamports = [*map(_LAMPORT, entries)]
    if all(map(lt, lamports, islice(lamports, 1, None))):
        return entries
    return {entry.id: entry for entry in sorted(entries, key=_ORDER)}.values()
