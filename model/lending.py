"""Loans: asked for, approved with complete terms, handed over once, paid back.

The application names the loan. Money handed over is a fact: it counts even without an approval or
with another amount, and both are pointed out. A repayment with a provider's reference counts once
for that reference, whichever meeting and whoever recorded it. Nobody approves a loan to himself.
An approval and a refusal that did not know of each other are contested: no money is expected to be
handed over until officers take one of them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import LOANS, POCKETS
from model.agreement import claimants
from model.approvals import ask
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.loan_facts import guarantees_asked, is_beyond, list_payment
from model.loan_ledger import (
    KNEW_APPROVAL,
    KNEW_REFUSAL,
    asked_text,
    derive_loan,
    handed_over_text,
    hands_topic,
    pay_loan,
    put_loan,
    repaid_lines,
)
from model.loan_postings import disbursed_lines, split_lines
from model.loan_terms import terms_text
from model.members import member_named, point_out_status
from model.notes import void
from model.offices import founded
from model.pages import NO_TERMS, FindingPage, LoanPage
from model.permissions import constitution, is_member
from model.reckoning.allocation import Split
from model.references import reference_key
from model.sheets import claims_on, claims_once
from model.sources import paid_from
from model.standing import enter
from model.stopped import is_apart

REQUESTS_MAX: Final = 64  # newest loans of one member that a changed request is looked for in


def apply_for_loan(book: Book, entry: Entry, event: e.LoanApplied, keeper: bool) -> None:
    """Note a request; the same request from two phones is one loan."""
    member, name = member_named(book, event.member), entry.id.hex()
    guarantees = guarantees_asked(book, event.guarantors)
    if not member or guarantees is None:
        void(book, entry, "loan.applied", "unknown_reference")
        return
    if member in dict(guarantees):
        void(book, entry, "loan.applied", "own_guarantee")
        return
    alone = enter(
        book,
        entry,
        keeper,
        "loan.applied",
        event.cycle,
        event.session,
        member,
        event.line,
        event.amount_minor,
        asked_text(event.periods, event.fund, guarantees),
        (),
        (),
        text=event.purpose,
    )
    if not alone:
        slot = ("loan.applied", event.line)
        claims = claims_on(book, event.cycle, event.session, member)
        first = next(one for kind, line, one in claims if (kind, line) == slot and one != name)
        book.aliases.put(name, book.aliases.find(first) or first)
        return
    loan = LoanPage(
        member,
        event.amount_minor,
        event.purpose,
        event.cycle,
        event.session,
        event.periods,
        *NO_TERMS,
        social=event.fund == "social_fund",
        guarantors=guarantees,
        collateral=event.collateral,
        collateral_minor=event.collateral_minor,
    )
    add_loan(book, name, loan)


def add_loan(book: Book, name: str, loan: LoanPage) -> None:
    """List a new loan under its member."""
    book.member_loans.put(loan.member, (*(book.member_loans.find(loan.member) or ()), name))
    book.open_loans.put(name, loan.member)
    put_loan(book, name, loan)


def loan_named(book: Book, reference: bytes) -> str:
    """The loan that a reference means, by any of the applications for it; empty when none."""
    name = book.hexed[reference]
    name = book.aliases.find(name) or name
    return name if book.loans.find(name) is not None else ""


def _known(book: Book, entry: Entry, loan: str, kind: str) -> bool:
    """Did the author know an entry of this kind about the loan, of no stopped device?"""
    return any(
        claim == kind and bytes.fromhex(other) in entry.past
        for claim, _, other in claims_once(book, loan)
        if not is_apart(book.entries.find(other))
    )


def approve_loan(book: Book, entry: Entry, event: e.LoanApproved, keeper: bool) -> None:
    """Approve a loan with its terms, once; two different approvals are a dispute."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.approved", "unknown_reference")
        return
    if is_member(book, entry.person.hex(), loan.member, entry.past):
        void(book, entry, "loan.approved", "own_loan")
        return
    alone = enter(
        book,
        entry,
        keeper,
        "loan.approved",
        event.cycle,
        event.session,
        name,
        1,
        event.amount_minor,
        terms_text(event),
        (),
        (),
        member=loan.member,
        once=name,
        reasons=(KNEW_REFUSAL,) if _known(book, entry, name, "loan.refused") else (),
    )
    _compare_terms(book, entry, event, loan.member)
    ask(book, entry, "loan.approved", event.amount_minor, loan.member)
    _note_hand(book, entry, name)
    if alone:
        derive(book, "loan.approved", name)


def refuse_loan(book: Book, entry: Entry, event: e.LoanRefused, keeper: bool) -> None:
    """End a request before its money is handed over."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.refused", "unknown_reference", text=event.reason)
        return
    if _known(book, entry, name, "loan.disbursed"):
        void(book, entry, "loan.refused", "loan_was_handed_over", text=event.reason)
        return
    enter(
        book,
        entry,
        keeper,
        "loan.refused",
        event.cycle,
        event.session,
        name,
        1,
        0,
        event.outcome,
        (),
        (),
        member=loan.member,
        once=name,
        reasons=(KNEW_APPROVAL,) if _known(book, entry, name, "loan.approved") else (),
        text=event.reason,
    )
    derive(book, "loan.refused", name)


def _compare_terms(book: Book, entry: Entry, event: e.LoanApproved, member: str) -> None:
    """Point out terms that are not those of the constitution that the author knew."""
    rules = constitution(book, entry.past)
    if rules is None:
        return
    terms, told = rules.terms, []
    if event.rate_ppm != terms.interest_ppm:
        told.append(f"{'lower' if event.rate_ppm < terms.interest_ppm else 'higher'} interest")
    if event.method != terms.interest_method:
        told.append("interest worked out in another way")
    if event.period != terms.period:
        told.append(f"instalments by the {event.period}")
    if event.periods > terms.loan_periods_max:
        told.append("more instalments")
    if event.rules != terms.loan:
        told.append("other rules for fees, penalties or grace")
    if told:
        name = entry.id.hex()
        page = FindingPage(
            (name,), member, event.cycle, event.session, (event.amount_minor,), " and ".join(told)
        )
        book.findings.put(("terms_differ", name), page)


def _note_hand(book: Book, entry: Entry, loan: str) -> None:
    """Remember who approved or handed over a loan in a founded group, as far as they knew."""
    name = entry.id.hex()
    if founded(book, entry.past) and claimants(book, name):  # of a flood nobody asks
        listing.add(book, hands_topic(loan), name)


def disburse_loan(book: Book, entry: Entry, event: e.LoanDisbursed, keeper: bool) -> None:
    """Dr loans, Cr pocket (and income for what was kept back); handed over once, by whomever."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None or (event.witness and not member_named(book, event.witness)):
        void(book, entry, "loan.disbursed", "unknown_reference")
        return
    amount, kept = event.amount_minor, event.fee_minor + event.interest_minor
    if kept >= amount:
        void(book, entry, "loan.disbursed", "held_back_too_much")
        return
    lines = disbursed_lines(
        name, loan, POCKETS[event.channel], amount, event.fee_minor, event.interest_minor
    )
    alone = enter(
        book,
        entry,
        keeper,
        "loan.disbursed",
        event.cycle,
        event.session,
        name,
        1,
        amount,
        handed_over_text(event.channel, event.fee_minor, event.interest_minor),
        lines,
        lines,
        member=loan.member,
        once=name,
    )
    ask(book, entry, "loan.disbursed", amount, loan.member)
    point_out_status(book, entry, loan.member, (event.cycle, event.session), amount)
    _note_hand(book, entry, name)
    if alone:
        derive(book, "loan.approved", name)


def repay_loan(book: Book, entry: Entry, event: e.LoanRepaid, keeper: bool) -> None:
    """Dr pocket or source; Cr penalties, fees, interest, principal, then an overpayment."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    payer = member_named(book, event.payer) if event.payer else ""
    if loan is None or (event.payer and not payer):
        void(book, entry, "loan.repaid", "unknown_reference")
        return
    amount = event.amount_minor
    whose = payer or loan.member
    pocket = paid_from(event.channel, event.source, whose, amount)
    payment = entry.id.hex()
    list_payment(book, name, payment, held=entry.held)
    beyond = loan.by_account and not entry.held and is_beyond(book, name)
    if beyond:
        lines = split_lines(name, loan, pocket, Split(overpaid_minor=amount))
    else:
        lines = (pocket,) if loan.by_account else repaid_lines(name, loan, pocket, loan.paid_minor)
    alone = enter(
        book,
        entry,
        keeper,
        "loan.repaid",
        event.cycle,
        event.session,
        name,
        1 if reference_key(event.provider_ref) else event.line,
        amount,
        event.source or event.channel,
        (pocket, (LOANS, name, -amount)),
        lines,
        member=loan.member,
        once=reference_key(event.provider_ref),
        text=event.provider_ref,
    )
    if alone and beyond:
        put_loan(book, name, replace(loan, set_aside_minor=loan.set_aside_minor + amount))
    elif alone and loan.by_account:
        derive(book, "loan.repaid", name)
    elif alone:
        pay_loan(book, name, loan, amount)


def _derive_requests(book: Book, subject: str) -> None:
    """Read requests of a member anew (or one loan, which was brought over from paper)."""
    if book.loans.find(subject) is not None:
        derive_loan(book, subject)
        return
    for name in (book.member_loans.find(subject) or ())[-REQUESTS_MAX:]:
        derive_loan(book, name)


RULES: Final = {
    e.LoanApplied: apply_for_loan,
    e.LoanApproved: approve_loan,
    e.LoanRefused: refuse_loan,
    e.LoanDisbursed: disburse_loan,
    e.LoanRepaid: repay_loan,
}
WORK: Final[Mapping[str, Work]] = {
    "loan.applied": _derive_requests,
    **dict.fromkeys(
        ("loan.approved", "loan.refused", "loan.disbursed", "loan.repaid"), derive_loan
    ),
}
