"""The whole account of one loan, replayed from the book, and what each entry posts by it.

A loan that only receives payments never comes here: its splits follow from sums. Charges, waivers,
new agreements, write-offs, recoveries, interest by time, early settlement and orders that ask for
the day do: their facts go through reckoning/account.py, the same reckoning that a quote uses, and
every entry is restated to what its row says.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec.structs import replace

from model.book import Book
from model.journal import restate
from model.loan_facts import RANK, Fact, counted_facts, effective_day, followed_payments, payments
from model.loan_postings import joined_lines, split_lines, write_off_lines
from model.loan_terms import (
    agreement_from,
    allocation_of,
    amounts_of,
    interest_of,
    order_of,
    terms_of,
)
from model.pages import EntryPage, LoanPage, Posting
from model.reckoning.account import Account, AccountRow, account
from model.reckoning.allocation import Split, owed, split_payment
from model.reckoning.happenings import (
    Charge,
    Happening,
    Payment,
    Recovery,
    Reschedule,
    Waiver,
    WriteOff,
)
from model.reckoning.terms import LoanTerms

NAMED_MAX: Final = 8  # entries that one finding names


def reckon(book: Book, name: str, loan: LoanPage, facts: list[Fact]) -> LoanPage:
    """Restate every entry of a loan by its replayed account; the page with the sums of it."""
    followed, beyond = followed_payments(book, name)
    dated = _dated(book, loan, [*facts, *followed])
    newest = dated[-1].on if dated else loan.starts_on
    found = _account(loan, dated, max(newest, loan.starts_on))
    if found is None:
        return by_sum(book, name, loan, facts, payments(book, name))
    before = loan.principal_minor
    pages = dict([*facts, *followed])
    for row in found.rows:
        if row.name:
            page = pages[row.name]
            _put_lines(book, row.name, page, _lines(name, loan, page, row, before))
        before = row.principal_outstanding_minor
    for payment, page in beyond:
        _put_lines(book, payment, page, _overpaid(name, loan, page))
    total = sum(page.amount for _, page in followed)
    too_much = sum(row.split.overpaid_minor for row in found.rows if row.kind == "recovery")
    over = found.overpaid_minor - too_much
    return replace(
        loan,
        paid_minor=total,
        owed_minor=total - over + found.outstanding_minor,
        rescheduled=found.rescheduled,
        written_off_minor=found.written_off_minor,
        recovered_minor=found.recovered_minor,
        impossible_plan=next(
            (row.name for row in found.rows if row.kind == "reschedule" and not row.done_minor), ""
        ),
        set_aside_minor=too_much + sum(page.amount for _, page in beyond),
        misplaced=_misplaced(found, dated),
    )


def _misplaced(found: Account, dated: list[Happening]) -> tuple[str, ...]:
    """Charges for an instalment beyond the last one that any agreement asks for."""
    last = max((row.number for row in found.instalments), default=0)
    charges = [fact for fact in dated if isinstance(fact, Charge)]
    return tuple(sorted(fact.name for fact in charges if fact.instalment > last)[:NAMED_MAX])


def by_sum(book: Book, name: str, loan: LoanPage, facts: list[Fact], paid: list[Fact]) -> LoanPage:
    """Split every payment by the sum paid before it; facts that need an account post nothing yet
    (money that came in on them is kept for the member)."""
    terms, before = amounts_of(loan), 0
    for fact, page in facts:
        is_money = page.kind == "loan.recovered"
        _put_lines(book, fact, page, _overpaid(name, loan, page) if is_money else ())
    for payment, page in paid:
        if terms is None:
            parts = Split(overpaid_minor=page.amount)
        else:
            parts = split_payment(terms, before, page.amount, order_of(loan))
        before += page.amount
        _put_lines(book, payment, page, split_lines(name, loan, page.held[0], parts))
    return replace(loan, paid_minor=before, owed_minor=0 if terms is None else owed(terms))


def _overpaid(name: str, loan: LoanPage, page: EntryPage) -> tuple[Posting, ...]:
    return split_lines(name, loan, page.held[0], Split(overpaid_minor=page.amount))


def _put_lines(book: Book, name: str, page: EntryPage, lines: tuple[Posting, ...]) -> None:
    if lines != page.lines:
        restate(book, name, replace(page, lines=lines))


def _lines(
    name: str, loan: LoanPage, page: EntryPage, row: AccountRow, principal_before: int
) -> tuple[Posting, ...]:
    """What an entry posts, by its row in the account."""
    if row.kind in ("payment", "recovery"):
        return split_lines(name, loan, page.held[0], row.split, row.recovered_minor)
    if row.kind == "write_off":
        return write_off_lines(name, loan, row.done_minor)
    if row.kind == "reschedule":
        return joined_lines(name, loan, row.principal_outstanding_minor - principal_before)
    return ()


def loan_account(book: Book, name: str, loan: LoanPage, on: str) -> Account | None:
    """A loan's account to the end of a day, whether payments alone bear on it or more; None before
    the money was handed over."""
    if not loan.principal_minor or not loan.starts_on or on < loan.starts_on:
        return None
    facts = counted_facts(book, name)
    dated = _dated(book, loan, [*facts, *followed_payments(book, name)[0]])
    return _account(loan, dated, on)


def _account(loan: LoanPage, dated: list[Happening], on: str) -> Account | None:
    terms = terms_of(loan)
    if terms is None or not terms.disbursed_on:
        return None
    try:
        return account(terms, dated, on, allocation_of(loan), interest_of(loan), strict=False)
    except ValueError:
        return None


def _dated(book: Book, loan: LoanPage, facts: list[Fact]) -> list[Happening]:
    """Facts as happenings, by day; of one day what came in before what was given up."""
    rows = []
    terms = terms_of(loan)
    for place, (name, page) in enumerate(facts):
        day = effective_day(book, name, page, loan.starts_on)
        if day and terms is not None:
            happening = _happening(name, page, max(day, loan.starts_on), terms)
            rows.append((happening.on, RANK[page.kind], place, happening))
    return [row[3] for row in sorted(rows, key=lambda row: row[:3])]


def _happening(name: str, page: EntryPage, day: str, terms: LoanTerms) -> Happening:
    if page.kind == "loan.repaid":
        return Payment(day, page.amount, name)
    if page.kind == "loan.charged":
        kind, instalment = page.detail.split(" ")
        return Charge(day, _BUCKETS[kind], page.amount, int(instalment), "", name)
    if page.kind == "loan.waived":
        return Waiver(day, _BUCKETS[page.detail], page.amount, 0, name)
    if page.kind == "loan.rescheduled":
        arrears, agreed = agreement_from(page.detail, terms)
        return Reschedule(day, page.count, agreed, arrears, name)
    if page.kind == "loan.written_off":
        return WriteOff(day, page.amount, name)
    return Recovery(day, page.amount, name)


_BUCKETS: Final[dict[str, Literal["penalty", "fee", "interest"]]] = {
    "penalty": "penalty",
    "fee": "fee",
    "interest": "interest",
}
