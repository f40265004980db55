"""What officers decide about a loan that runs: charges, waivers, new agreements, guarantees.

A charge is put on by an officer, once for a kind and an instalment; a waiver, a new agreement, the
word that a loan is in default and a write-off wait until enough officers agree. What they change is
never reckoned here: the loan's account is replayed from all that counts (loan_account.py), so that
a repayment that nobody knew of when the loan was written off is kept, and the write-off shrinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model import events as e
from model import listing
from model.accounts import POCKETS, RECOVERIES
from model.approvals import propose
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.lending import loan_named
from model.loan_facts import facts_topic, is_full, known_guarantor
from model.loan_ledger import derive_loan
from model.loan_postings import income
from model.loan_terms import agreement_text
from model.members import member_named
from model.notes import void
from model.pages import NO_MEETING, LoanPage
from model.references import reference_key
from model.standing import enter

_About = (
    e.LoanCharged
    | e.LoanWaived
    | e.LoanRescheduled
    | e.LoanDefaulted
    | e.LoanWrittenOff
    | e.LoanRecovered
)


def _loan_of(book: Book, entry: Entry, event: _About, kind: str) -> tuple[str, LoanPage] | None:
    """The loan that a fact is about, and the fact listed under it; None when it is void."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, kind, "unknown_reference")
        return None
    if is_full(book, name, entry):
        void(book, entry, kind, "too_many")
        return None
    listing.add(book, facts_topic(name), entry.id.hex())
    return name, loan


def charge_loan(book: Book, entry: Entry, event: e.LoanCharged, keeper: bool) -> None:
    """Put a penalty, a fee or interest on a loan; the same for an instalment is one."""
    found = _loan_of(book, entry, event, "loan.charged")
    if found is None:
        return
    name, loan = found
    where = str(event.instalment) if event.instalment else f"{event.cycle}/{event.session}"
    enter(
        book,
        entry,
        keeper,
        "loan.charged",
        event.cycle,
        event.session,
        name,
        event.line,
        event.amount_minor,
        f"{event.kind} {event.instalment}",
        (),
        (),
        member=loan.member,
        once=charge_key(name, event.kind, where, event.line),
    )
    derive(book, "loan.charged", name)


def charge_key(name: str, kind: str, where: str, line: int) -> str:
    """What makes two charges the same: loan, kind, instalment (or meeting), and which of them."""
    return f"charge {name} {kind} {where} {line}"


def waive_charge(book: Book, entry: Entry, event: e.LoanWaived, keeper: bool) -> None:
    """Forgive interest, a penalty or a fee, when officers agree."""
    found = _loan_of(book, entry, event, "loan.waived")
    if found is None:
        return
    name, loan = found
    where = f"{event.cycle}/{event.session}"
    propose(
        book,
        entry,
        keeper,
        "loan.waived",
        event.cycle,
        event.session,
        name,
        event.line,
        event.amount_minor,
        event.kind,
        member=loan.member,
        beneficiary=loan.member,
        once=f"waive {name} {event.kind} {where} {event.line}",
        text=event.reason,
    )


def reschedule_loan(book: Book, entry: Entry, event: e.LoanRescheduled, keeper: bool) -> None:
    """Agree anew on what is left from an instalment on; history is kept."""
    found = _loan_of(book, entry, event, "loan.rescheduled")
    if found is None:
        return
    name, loan = found
    propose(
        book,
        entry,
        keeper,
        "loan.rescheduled",
        event.cycle,
        event.session,
        name,
        1,
        0,
        agreement_text(event),
        count=event.from_instalment,
        member=loan.member,
        beneficiary=loan.member,
        text=event.reason,
    )


def confirm_default(book: Book, entry: Entry, event: e.LoanDefaulted, keeper: bool) -> None:
    """Officers say that a loan is in default; money is not touched by it."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.defaulted", "unknown_reference")
        return
    propose(
        book,
        entry,
        keeper,
        "loan.defaulted",
        event.cycle,
        event.session,
        name,
        1,
        0,
        "",
        member=loan.member,
        beneficiary=loan.member,
        once=default_key(name),
        text=event.reason,
    )


def default_key(name: str) -> str:
    """A loan is declared in default once."""
    return f"default {name}"


def write_off_loan(book: Book, entry: Entry, event: e.LoanWrittenOff, keeper: bool) -> None:
    """Give up principal, when officers agree: never more than is left by the day of the meeting."""
    found = _loan_of(book, entry, event, "loan.written_off")
    if found is None:
        return
    name, loan = found
    propose(
        book,
        entry,
        keeper,
        "loan.written_off",
        event.cycle,
        event.session,
        name,
        1,
        event.amount_minor,
        "",
        member=loan.member,
        beneficiary=loan.member,
        text=event.reason,
    )


def recover_loan(book: Book, entry: Entry, event: e.LoanRecovered, keeper: bool) -> None:
    """Dr pocket, Cr recoveries up to what was given up; the rest is the member's."""
    found = _loan_of(book, entry, event, "loan.recovered")
    if found is None:
        return
    name, loan = found
    amount = event.amount_minor
    lines = (
        (POCKETS[event.channel], "", amount),
        (income(loan, RECOVERIES), "", -amount),
    )
    enter(
        book,
        entry,
        keeper,
        "loan.recovered",
        event.cycle,
        event.session,
        name,
        1 if reference_key(event.provider_ref) else event.line,
        amount,
        event.channel,
        lines,
        lines,
        member=loan.member,
        once=reference_key(event.provider_ref),
        text=event.provider_ref,
    )
    derive(book, "loan.recovered", name)


def give_guarantee(book: Book, entry: Entry, event: e.GuaranteeGiven, keeper: bool) -> None:
    """A member answers for a part of another's loan; said again it takes the place of before."""
    name, guarantor = loan_named(book, event.loan), member_named(book, event.member)
    loan = book.loans.find(name) if name else None
    if loan is None or not guarantor:
        void(book, entry, "guarantee.given", "unknown_reference")
        return
    if guarantor == loan.member:
        void(book, entry, "guarantee.given", "own_guarantee")
        return
    listing.add(book, f"guaranteed {name}", entry.id.hex())
    enter(
        book,
        entry,
        keeper,
        "guarantee.given",
        NO_MEETING,
        NO_MEETING,
        name,
        1,
        event.amount_minor,
        "",
        (),
        (),
        member=guarantor,
        once=f"guarantee {name} {guarantor}",
    )
    derive(book, "guarantee.given", name)


def call_guarantee(book: Book, entry: Entry, event: e.GuaranteeCalled, keeper: bool) -> None:
    """Ask a guarantor to pay what the borrower did not, when officers agree."""
    name, guarantor = loan_named(book, event.loan), member_named(book, event.member)
    loan = book.loans.find(name) if name else None
    if loan is None or not guarantor:
        void(book, entry, "guarantee.called", "unknown_reference")
        return
    if not known_guarantor(book, name, guarantor, entry.past):
        void(book, entry, "guarantee.called", "no_guarantor")
        return
    listing.add(book, calls_topic(name), entry.id.hex())
    propose(
        book,
        entry,
        keeper,
        "guarantee.called",
        event.cycle,
        event.session,
        name,
        1,
        event.amount_minor,
        guarantor,
        member=guarantor,
        beneficiary=loan.member,
        once=f"call {name} {guarantor} {event.cycle}/{event.session}",
    )


def calls_topic(name: str) -> str:
    """Topic of the list of calls on the guarantors of a loan."""
    return f"called {name}"


RULES: Final = {
    e.LoanCharged: charge_loan,
    e.LoanWaived: waive_charge,
    e.LoanRescheduled: reschedule_loan,
    e.LoanDefaulted: confirm_default,
    e.LoanWrittenOff: write_off_loan,
    e.LoanRecovered: recover_loan,
    e.GuaranteeGiven: give_guarantee,
    e.GuaranteeCalled: call_guarantee,
}
WORK: Final[Mapping[str, Work]] = dict.fromkeys(
    (
        "loan.charged",
        "loan.waived",
        "loan.rescheduled",
        "loan.defaulted",
        "loan.written_off",
        "loan.recovered",
        "guarantee.given",
    ),
    derive_loan,
)
