"""Loans: asked for, approved with complete terms, handed over once, paid back.

The application names the loan. Money handed over is a fact: it counts even without an approval or
with another amount, and both are pointed out. A repayment with a provider's reference counts once
for that reference, whichever meeting and whoever recorded it. Nobody approves a loan to himself.
"""

from __future__ import annotations

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import LOANS, POCKETS
from model.book import Book
from model.derived import derive
from model.entry import Entry
from model.journal import entry_page
from model.loan_ledger import payments_topic, put_loan, repaid_lines
from model.notes import void
from model.pages import NO_MEETING, NO_TERMS, FindingPage, LoanPage
from model.permissions import FOUNDING_OFFICES, constitution, holder
from model.standing import enter


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
    if not alone:
        for kind, line, first in book.sheets.find((event.cycle, event.session, member)) or ():
            if (kind, line) == ("loan.applied", event.line) and first != name:
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
    if _is(book, entry, loan.member):
        void(book, entry, "loan.approved", "own_loan")
        return
    # Of a fixed width, so that the lowest terms are the first as text.
    terms = (event.method, f"{event.rate_ppm:07}", f"{event.periods:03}", event.period)
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
    _compare_terms(book, entry, event, loan.member)
    if alone:
        derive(book, "loan.approved", name)
        _compare_hands(book, entry, name, "loan.disbursed")


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
    if told:
        name = entry.id.hex()
        page = FindingPage(
            (name,), member, event.cycle, event.session, (event.amount_minor,), " and ".join(told)
        )
        book.findings.put(("terms_differ", name), page)


def _compare_hands(book: Book, entry: Entry, loan: str, other_kind: str) -> None:
    """Point out a loan that one person both approved and handed over, in a founded group."""
    if not all(holder(book, title, entry.past) for title in FOUNDING_OFFICES):
        return
    name, person = entry.id.hex(), entry.person.hex()
    for kind, _, other in book.sheets.find((NO_MEETING, NO_MEETING, loan)) or ():
        page = entry_page(book, other)
        if kind == other_kind and page.status == "counted" and page.person == person:
            finding = FindingPage((name, other), page.member, amounts=(page.amount,))
            book.findings.put(("one_hand", loan), finding)


def _is(book: Book, entry: Entry, member: str) -> bool:
    """Is the author that member, by any election that the author knew of?"""
    page = book.persons.find(entry.person.hex())
    return page is not None and any(
        named == member and bytes.fromhex(election) in entry.past for election, named in page.named
    )


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
        derive(book, "loan.approved", name)
        _compare_hands(book, entry, name, "loan.approved")


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
    listing.add(book, payments_topic(name), payment)
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
        put_loan(book, name, replace(loan, paid_minor=loan.paid_minor + amount))
    _compare_by_hand(book, event, name, payment)


def _compare_by_hand(book: Book, event: e.LoanRepaid, name: str, payment: str) -> None:
    """Point out a payment recorded by hand beside one of equal amount with a reference."""
    sheet = book.sheets.find((event.cycle, event.session, name)) or ()
    if len(sheet) < 2:
        return
    mine = entry_page(book, payment)
    if mine.status != "counted":
        return
    for kind, line, other in sheet:
        # What came with a reference is listed there on line 0.
        if kind != "loan.repaid" or bool(line) != bool(mine.once):
            continue
        page = entry_page(book, other)
        if page.amount == mine.amount and page.status == "counted":
            finding = FindingPage(
                (other, payment), page.member, event.cycle, event.session, (mine.amount,)
            )
            book.findings.put(("possible_duplicate_payment", other), finding)
            return
