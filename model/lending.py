"""Loans: asked for, approved with complete terms, handed over once, paid back.

The application names the loan. Money handed over is a fact: it counts even without an approval or
with another amount, and both are pointed out. A repayment with a provider's reference counts once
for that reference, whichever meeting and whoever recorded it. Nobody approves a loan to himself.
"""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from model.accounts import LOANS, POCKETS
from model.book import Book
from model.entry import Entry
from model.journal import entry_page
from model.loan_ledger import derive_loan, payments_sheet, put_loan, repaid_lines
from model.notes import void
from model.pages import NO_TERMS, FindingPage, LoanPage
from model.standing import claimants, enter


def apply_for_loan(book: Book, entry: Entry, event: e.LoanApplied, keeper: bool) -> None:
    """Note a request; the same request from two phones is one loan."""
    member, name = book.hexed[event.member], entry.id.hex()
    if book.members.find(member) is None:
        void(book, entry, "loan.applied", "unknown_reference")
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
        str(event.periods),
        (),
        (),
        text=event.purpose,
    )
    same = claimants(book, name)
    if same and same[0] != name and not alone:
        book.aliases.put(name, book.aliases.find(same[0]) or same[0])
        return
    loan = LoanPage(
        member,
        event.amount_minor,
        event.purpose,
        event.cycle,
        event.session,
        event.periods,
        *NO_TERMS,
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


def approve_loan(book: Book, entry: Entry, event: e.LoanApproved, keeper: bool) -> None:
    """Approve a loan with its terms, once; two different approvals are a dispute."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.approved", "unknown_reference")
        return
    author = book.persons.find(entry.person.hex())
    if author is not None and author.member == loan.member:
        void(book, entry, "loan.approved", "own_loan")
        return
    terms = (event.method, event.rate_ppm, event.periods, event.period)
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
        " ".join(map(str, (*terms, event.step_minor, event.rounding))),
        (),
        (),
        member=loan.member,
        once=name,
    )
    if alone:
        derive_loan(book, name)


def disburse_loan(book: Book, entry: Entry, event: e.LoanDisbursed, keeper: bool) -> None:
    """Dr loans, Cr pocket; a loan is handed over once, whoever recorded it."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.disbursed", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((LOANS, name, amount), (POCKETS[event.channel], "", -amount))
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
        event.channel,
        lines,
        lines,
        member=loan.member,
        once=name,
    )
    if alone:
        derive_loan(book, name)


def repay_loan(book: Book, entry: Entry, event: e.LoanRepaid, keeper: bool) -> None:
    """Dr pocket; Cr interest, then principal, then the member's overpayment."""
    name = loan_named(book, event.loan)
    loan = book.loans.find(name) if name else None
    if loan is None:
        void(book, entry, "loan.repaid", "unknown_reference")
        return
    amount = event.amount_minor
    pocket = (POCKETS[event.channel], "", amount)
    payment = entry.id.hex()
    sheet = payments_sheet(name)
    book.sheets.put(sheet, (*(book.sheets.find(sheet) or ()), ("loan.repaid", 0, payment)))
    alone = enter(
        book,
        entry,
        keeper,
        "loan.repaid",
        event.cycle,
        event.session,
        name,
        1 if event.provider_ref else event.line,
        amount,
        event.channel,
        (pocket,),
        repaid_lines(name, loan, pocket, loan.paid_minor),
        member=loan.member,
        once=f"ref {event.provider_ref}" if event.provider_ref else "",
        text=event.provider_ref,
    )
    if alone:
        payments = (*loan.payments, payment)
        put_loan(book, name, replace(loan, payments=payments, paid_minor=loan.paid_minor + amount))
    _compare_by_hand(book, event, name, payment)


def _compare_by_hand(book: Book, event: e.LoanRepaid, name: str, payment: str) -> None:
    """Point out a payment recorded by hand beside one of equal amount with a reference."""
    mine = entry_page(book, payment)
    if mine.status != "counted":
        return
    for _, _, other in book.sheets.find((event.cycle, event.session, name)) or ():
        page = entry_page(book, other)
        alike = page.kind == "loan.repaid" and page.amount == mine.amount and other != payment
        if alike and page.status == "counted" and bool(page.once) != bool(mine.once):
            finding = FindingPage(
                (other, payment), page.member, event.cycle, event.session, (mine.amount,)
            )
            book.findings.put(("possible_duplicate_payment", other), finding)
