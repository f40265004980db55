"""Requests to pay out: officers agree first, then the money is handed over once.

A request waits for officers and posts nothing; what posts is the payment, in cash or by a provider
(payouts.py). Money that was paid has left: it counts even when nobody agreed, an officer declined,
the request was cancelled or its last day was over, and every one of these is pointed out. Two
payments for one request are both counted and pointed out. What is approved and not yet paid is
promised, see reserves.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.accounts import (
    DUE_TO_FORMER_MEMBERS,
    GROUP_EXPENSES,
    MEMBER_SAVINGS,
    OVERPAYMENTS,
    POCKETS,
    PROVIDER_FEES,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
)
from model.agreement import agreeing
from model.approvals import propose
from model.book import Book
from model.decisions import outcome
from model.derived import Work, derive
from model.entry import Entry, Past
from model.fund_pages import WithdrawalPage
from model.journal import CASH, entry_page, parked, restate, reversed_by
from model.members import member_named
from model.notes import void
from model.pages import EntryPage, FindingPage, Posting
from model.references import counted_one, first_teller, plain, tellers, thing_named
from model.standing import enter
from model.stopped import is_apart

OF_MEMBER: Final = {
    "savings": MEMBER_SAVINGS,
    "overpayment": OVERPAYMENTS,
    "shareout": SHAREOUT_PAYABLE,
    "former_member": DUE_TO_FORMER_MEMBERS,
}
"""Purposes that pay a member what the group owes that member -> the account."""
_OF_GROUP: Final = {"social": SOCIAL_FUND, "expense": GROUP_EXPENSES}
REQUESTED: Final = "withdrawal.requested"
PAID: Final = "withdrawal.paid"
CANCELLED: Final = "withdrawal.cancelled"
SUCCESS: Final = "payout.success"  # slot of a provider's word that it paid


def request_withdrawal(
    book: Book, entry: Entry, event: e.WithdrawalRequested, keeper: bool
) -> None:
    """Ask officers to agree to a payment; the same request by two officers is one."""
    member = member_named(book, event.member) if event.member else ""
    if event.member and not member:
        void(book, entry, REQUESTED, "unknown_reference")
        return
    if event.purpose in OF_MEMBER and not member:
        void(book, entry, REQUESTED, "no_beneficiary")
        return
    where = (event.cycle, event.session)
    thing = request_thing(*where, event.line, event.purpose, member, event.payee)
    propose(
        book, entry, keeper, REQUESTED, *where, thing, 1, event.amount_minor,
        f"{event.purpose} {event.pocket}", member=member, beneficiary=member,
        expires_on=event.expires_on, once=thing, text=event.payee or event.reason,
    )  # fmt: skip


def request_thing(
    cycle: int, session: int, line: int, purpose: str, member: str, payee: str
) -> str:
    """What a request tells of: the `line`-th for a purpose and payee in a meeting."""
    return f"request {cycle} {session} {line} {purpose} {member or plain(payee)}"


def cancel_withdrawal(book: Book, entry: Entry, event: e.WithdrawalCancelled, keeper: bool) -> None:
    """A request is no longer wanted, unless its author knew that it was paid."""
    thing = thing_named(book, event.request, REQUESTED)
    page = book.withdrawals.find(thing) if thing else None
    if page is None:
        void(book, entry, CANCELLED, "unknown_reference", text=event.reason)
        return
    if _knew_paid(book, thing, page, entry.past):
        void(book, entry, CANCELLED, "already_paid", text=event.reason)
        return
    enter(
        book, entry, keeper, CANCELLED, event.cycle, event.session, thing, 1, 0, "", (), (),
        member=page.member, once=f"cancel {thing}", text=event.reason,
    )  # fmt: skip
    derive(book, CANCELLED, thing)


def _knew_paid(book: Book, thing: str, page: WithdrawalPage, past: Past) -> bool:
    """Did an author with this past know of a payment, whichever of several tellings counts?"""
    for once, slot in _told(thing, page):
        for name in tellers(book, once, slot):
            payment = entry_page(book, name)
            if is_apart(payment):
                continue
            taken_back = any(bytes.fromhex(reversal) in past for reversal in payment.reversals)
            if bytes.fromhex(name) in past and payment.subject == thing and not taken_back:
                return True
    return False


def _told(thing: str, page: WithdrawalPage) -> list[tuple[str, str]]:
    """The things that would be payments of a request, and the kind of entry that tells of each."""
    return [(f"paid {thing}", PAID), *((f"out {own}", SUCCESS) for own in page.attempts)]


def pay_withdrawal(book: Book, entry: Entry, event: e.WithdrawalPaid, keeper: bool) -> None:
    """Dr what the request says, Cr pocket: handed over in cash, once."""
    thing = thing_named(book, event.request, REQUESTED)
    page = book.withdrawals.find(thing) if thing else None
    if page is None:
        void(book, entry, PAID, "unknown_reference")
        return
    lines = paid_lines(page, POCKETS[event.channel])
    enter(
        book, entry, keeper, PAID, event.cycle, event.session, thing, 1, page.amount_minor,
        event.channel, lines, lines, member=page.member, once=f"paid {thing}",
    )  # fmt: skip
    derive(book, PAID, thing)


def paid_lines(page: WithdrawalPage, pocket: str, fee: int = 0) -> tuple[Posting, ...]:
    """Dr what the request is for, and the provider's fee; Cr pocket."""
    own = OF_MEMBER.get(page.purpose)
    account = (own, page.member) if own else (_OF_GROUP[page.purpose], "")
    lines: tuple[Posting, ...] = ((*account, page.amount_minor), (pocket, "", -page.amount_minor))
    return (*lines, (PROVIDER_FEES, "", fee), (pocket, "", -fee)) if fee else lines


def derive_request(book: Book, thing: str) -> None:
    """Read anew what was asked for, how officers decided, and every payment that counts."""
    claims = tellers(book, thing, REQUESTED)
    if not claims:
        return
    name = _asked(book, claims)
    asked = entry_page(book, name)
    purpose, pocket = asked.detail.split(" ")
    first = first_teller(book, thing, REQUESTED)
    known = book.withdrawals.find(thing) or WithdrawalPage(first)
    decided = book.decisions.find(name)
    page = replace(
        known, entry=first, purpose=purpose, member=asked.member, payee=asked.text, pocket=pocket,
        amount_minor=asked.amount, expires_on=decided.expires_on if decided else "",
    )  # fmt: skip
    payments = tuple(_payments(book, thing, page))
    page = replace(page, payments=payments)
    state = "paid" if payments else _state(book, thing, name)
    page = replace(page, state=state)
    if page != book.withdrawals.find(thing):
        book.withdrawals.put(thing, page)
    _list(book, thing, page)
    _note_payments(book, thing, page, _state(book, thing, name))


def _asked(book: Book, claims: list[str]) -> str:
    """The entry that says what is asked for: the one that counts, else the lowest that stands."""
    rows = [(name, entry_page(book, name)) for name in claims]
    rows = [row for row in rows if not is_apart(row[1])] or rows
    standing = [row for row in rows if not reversed_by(book, row[1])] or rows
    counted = [row for row in standing if row[1].status == "counted"]
    kept = [row for row in counted or standing if row[1].keeper]
    return min(counted or kept or standing, key=lambda row: (row[1].amount, row[0]))[0]


def _state(book: Book, thing: str, name: str) -> str:
    """How officers decided, apart from what was paid."""
    page = entry_page(book, name)
    if reversed_by(book, page):
        return "reversed"
    if counted_one(book, f"cancel {thing}", CANCELLED):
        return "cancelled"
    decided = outcome(book, agreeing(book, name))
    if decided == "approved" and page.status != "counted":
        return "late"
    return decided


def _payments(book: Book, thing: str, page: WithdrawalPage) -> Iterator[str]:
    """Every counted payment, stated with the amount that was asked for."""
    for once, slot in _told(thing, page):
        for name in tellers(book, once, slot):
            entry = entry_page(book, name)
            if entry.subject == thing:
                restate_payment(book, name, page, entry.held[1][0])
        one = counted_one(book, once, slot)
        if one and entry_page(book, one).subject == thing:
            yield one


def restate_payment(book: Book, name: str, page: WithdrawalPage, pocket: str) -> None:
    """State a payment with the request's own amount and purpose; nothing else says them."""
    entry = entry_page(book, name)
    fee = sum(amount for account, _, amount in entry.held if account == PROVIDER_FEES)
    held = paid_lines(page, pocket, fee)
    if held == entry.held:  # they state the amount too
        return
    lines = entry.lines
    if lines:
        lines = parked(held) if entry.status == "suspense" else held
    restate(book, name, replace(entry, amount=page.amount_minor, held=held, lines=lines))


def _list(book: Book, thing: str, page: WithdrawalPage) -> None:
    """Keep a request among the open ones until nothing about it can change by itself."""
    is_open = page.state in ("waiting", "approved", "late")
    if is_apart(book.entries.find(_asked(book, tellers(book, thing, REQUESTED)))):
        is_open = False  # nobody pays what a stopped device asks for
    if page.state == "paid" and page.expires_on:
        is_open = not all(_in_time(book, page, name) for name in page.payments)
    if is_open != (book.open_requests.find(thing) is not None):
        book.open_requests.put(thing, (page.member or "group") if is_open else None)


def _in_time(book: Book, page: WithdrawalPage, name: str) -> bool:
    day = _day(book, entry_page(book, name))
    return bool(day) and day <= page.expires_on


def _day(book: Book, entry: EntryPage) -> str:
    meeting = book.meetings.find((entry.cycle, entry.session))
    return meeting.held_on if meeting is not None else ""


_UNAGREED: Final = {
    "waiting": "paid_without_approval",
    "declined": "paid_after_decline",
    "cancelled": "paid_after_cancel",
    "reversed": "paid_without_approval",
}


def _note_payments(book: Book, thing: str, page: WithdrawalPage, state: str) -> None:
    """Point out money that left against a decision, or twice."""
    paid = -sum(
        amount
        for name in page.payments
        for account, _, amount in entry_page(book, name).lines
        if account in CASH
    )
    for code in dict.fromkeys(_UNAGREED.values()):
        is_so = bool(page.payments) and _UNAGREED.get(state) == code
        _note(book, code, thing, page, (page.amount_minor,), is_so)
    _note(book, "double_pay", thing, page, (page.amount_minor, paid), len(page.payments) > 1)


def _note(
    book: Book, code: str, thing: str, page: WithdrawalPage, amounts: tuple[int, ...], is_so: bool
) -> None:
    finding = None
    if is_so:
        first = entry_page(book, page.payments[0])
        finding = FindingPage(
            (page.entry, *page.payments), page.member, first.cycle, first.session, amounts,
            page.payee,
        )  # fmt: skip
    if finding != book.findings.find((code, thing)):
        book.findings.put((code, thing), finding)


def watch_requests(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Payments after the last day, and approved requests whose last day has passed."""
    today = newest_day(book)
    for thing, _ in book.open_requests.rows():
        page = book.withdrawals.find(thing)
        if page is None or not page.expires_on:
            continue
        amounts = (page.amount_minor,)
        for name in page.payments:
            day = _day(book, entry_page(book, name))
            if day > page.expires_on:
                yield (
                    "paid_after_expiry",
                    thing,
                    FindingPage(
                        (page.entry, name), page.member, amounts=amounts, detail=page.payee
                    ),
                )
        if page.state == "approved" and today > page.expires_on:
            finding = FindingPage((page.entry,), page.member, amounts=amounts, detail=page.payee)
            yield "approval_expired", thing, finding


def newest_day(book: Book) -> str:
    """The day of the newest meeting; empty when there is none or nobody opened it."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    return meeting.held_on if meeting is not None else ""


RULES: Final = {
    e.WithdrawalRequested: request_withdrawal,
    e.WithdrawalCancelled: cancel_withdrawal,
    e.WithdrawalPaid: pay_withdrawal,
}
WORK: Final[Mapping[str, Work]] = dict.fromkeys((REQUESTED, PAID, CANCELLED), derive_request)
