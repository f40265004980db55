"""One loan's ledger: what was approved and handed over, and how each payment is split.

The split is a function of the terms and of the sum paid before (loans.py), so that taking an old
payment back splits every later one anew. Terms are complete in the approval; a loan that was
handed over without one bears no interest until it is approved, because nobody agreed to any.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import listing
from model.accounts import LOAN_INTEREST, LOANS, OVERPAYMENTS
from model.book import Book
from model.journal import entry_page, restate, reversed_by
from model.loans import Split, Terms, TermsError, owed, schedule, split_payment
from model.pages import NO_MEETING, NO_TERMS, EntryPage, FindingPage, LoanPage, Posting

_ONCE: Final = (NO_MEETING, NO_MEETING)


def terms_of(loan: LoanPage) -> Terms | None:
    """Terms for the principal that was handed over; None before that."""
    if not loan.principal_minor:
        return None
    return Terms(
        loan.principal_minor,
        loan.method,
        loan.rate_ppm,
        loan.periods,
        loan.period,
        loan.step_minor,
        loan.rounding,
    )


def split(loan: LoanPage, before_minor: int, amount_minor: int) -> Split:
    """Where one payment goes that follows `before_minor` of others."""
    terms = terms_of(loan)
    if terms is None:
        return Split(0, 0, 0, 0, amount_minor)
    return split_payment(terms, before_minor, amount_minor)


def repaid_lines(
    name: str, loan: LoanPage, pocket: Posting, before_minor: int
) -> tuple[Posting, ...]:
    """Lines of a payment into `pocket` on the loan called `name`."""
    parts = split(loan, before_minor, pocket[2])
    lines: tuple[Posting, ...] = (pocket,)
    if parts.interest_minor:
        lines += ((LOAN_INTEREST, "", -parts.interest_minor),)
    if parts.principal_minor:
        lines += ((LOANS, name, -parts.principal_minor),)
    if parts.overpaid_minor:
        lines += ((OVERPAYMENTS, loan.member, -parts.overpaid_minor),)
    return lines


def owed_minor(loan: LoanPage) -> int:
    """Everything that the terms ask for, interest included."""
    terms = terms_of(loan)
    return 0 if terms is None else owed(terms)


def payments_topic(name: str) -> str:
    """Topic of the list of every repayment of a loan, counted or not."""
    return f"repaid {name}"


def derive_loan(book: Book, name: str) -> None:
    """Read approval and disbursement anew, and split every counted payment in the shared order."""
    loan = book.loans.find(name)
    if loan is None:
        return
    loan = _disbursed(book, name, _approved(book, name, loan))
    paid = 0
    for payment, page in payments(book, name):
        lines = repaid_lines(name, loan, page.held[0], paid)
        paid += page.amount
        if lines != page.lines:
            restate(book, payment, replace(page, lines=lines))
    loan = replace(loan, paid_minor=paid)
    put_loan(book, name, loan)


def put_loan(book: Book, name: str, loan: LoanPage) -> None:
    """Keep a loan's page, its place among the open ones, and what is to be said about it."""
    book.loans.put(name, loan)
    overpaid = loan.paid_minor - owed_minor(loan) if loan.principal_minor else 0
    is_open = not loan.principal_minor or overpaid < 0
    if is_open != (book.open_loans.find(name) is not None):
        book.open_loans.put(name, loan.member if is_open else None)
    _note(book, "overpaid_loan", name, loan, (overpaid,) if overpaid > 0 else ())
    if not loan.disbursed:
        _note(book, "loan_not_disbursed", name, loan, (loan.paid_minor,) if loan.paid_minor else ())
        _note(book, "loan_not_approved", name, loan, ())
        _note(book, "loan_differs", name, loan, ())
        return
    lent, approved = loan.principal_minor, loan.approved_minor
    agreed = loan.approved or loan.opening
    _note(book, "loan_not_disbursed", name, loan, ())
    _note(book, "loan_not_approved", name, loan, () if agreed else (lent,))
    differs = loan.approved and lent != approved
    _note(book, "loan_differs", name, loan, (lent, approved) if differs else ())


def _note(book: Book, code: str, name: str, loan: LoanPage, amounts: tuple[int, ...]) -> None:
    key = (code, name)
    noted = book.findings.find(key)
    if noted is None and not amounts:
        return
    page = FindingPage(subject=loan.member, amounts=amounts, detail=name) if amounts else None
    if page != noted:
        book.findings.put(key, page)


def _winner(book: Book, name: str, kind: str) -> tuple[str, EntryPage] | None:
    """The approval or disbursement of a loan that counts."""
    for claim in book.sheets.find((*_ONCE, name)) or ():
        if claim[0] == kind:
            page = entry_page(book, claim[2])
            if page.status == "counted" and not reversed_by(book, page):
                return claim[2], page
    return None


def _approved(book: Book, name: str, loan: LoanPage) -> LoanPage:
    approval = _winner(book, name, "loan.approved")
    if approval is None:
        method, period, rounding = NO_TERMS
        return replace(
            loan,
            approved="",
            approved_minor=0,
            method=method,
            rate_ppm=0,
            period=period,
            step_minor=1,
            rounding=rounding,
        )
    entry, page = approval
    terms = page.detail.split(" ")
    changed = {
        "approved": entry,
        "approved_minor": page.amount,
        "method": terms[0],
        "rate_ppm": int(terms[1]),
        "periods": int(terms[2]),
        "period": terms[3],
        "step_minor": int(terms[4]),
        "rounding": terms[5],
    }
    return _payable(replace(loan, **changed))


def _payable(loan: LoanPage) -> LoanPage:
    """The loan, without interest when its instalments would not even cover that."""
    terms = terms_of(loan)
    try:
        if terms is not None:
            schedule(terms)
    except TermsError:
        return replace(loan, method="flat", rate_ppm=0)
    return loan


def _disbursed(book: Book, name: str, loan: LoanPage) -> LoanPage:
    if loan.opening:
        payout = _winner(book, loan.opening, "opening_balance.set")
    else:
        payout = _winner(book, name, "loan.disbursed")
    if payout is None:
        return replace(loan, disbursed="", principal_minor=0, starts_on="")
    entry, page = payout
    meeting = book.meetings.find((page.cycle, page.session))
    day = meeting.held_on if meeting is not None else page.text
    return _payable(replace(loan, disbursed=entry, principal_minor=page.amount, starts_on=day))


def payments(book: Book, name: str) -> list[tuple[str, EntryPage]]:
    """Counted repayments of a loan, in the shared order."""
    found = []
    for payment in listing.every(book, payments_topic(name)):
        page = entry_page(book, payment)
        if page.status == "counted" and not (page.reversals and reversed_by(book, page)):
            found.append((payment, page))
    return found
