"""What a member owes in fines, and what each payment pays: the excess is kept as an overpayment.

Fines are counted on a cash basis: a levy is a memo, income is what was paid. A payment pays what
is due at its place in the shared order; taking a levy or a payment back splits the later ones anew.
"""

from __future__ import annotations

from msgspec.structs import replace

from model.accounts import FINES, OVERPAYMENTS, SOCIAL_FUND
from model.book import Book
from model.journal import FINES_DUE, entry_page, restate, reversed_by
from model.pages import EntryPage, FindingPage, Posting


def paid_lines(
    member: str, due_minor: int, amount_minor: int, held: tuple[Posting, ...]
) -> tuple[Posting, ...]:
    """Lines of a payment when `due_minor` is owed; `held` is (pocket, income) in full."""
    (pocket, nobody, amount), (income, _, _) = held
    paid = min(due_minor, amount_minor)
    lines: tuple[Posting, ...] = ((pocket, nobody, amount),)
    if paid:
        lines += ((income, "", -paid), (FINES_DUE, member, -paid))
    if amount_minor > paid:
        lines += ((OVERPAYMENTS, member, paid - amount_minor),)
    return lines


def income_account(fines_to: str) -> str:
    """Where paid fines go, by the constitution."""
    return SOCIAL_FUND if fines_to == "social_fund" else FINES


def note_fine(book: Book, member: str, name: str) -> None:
    """List a levy or a payment under its member."""
    book.fines.put(member, (*(book.fines.find(member) or ()), name))


def derive_fines(book: Book, member: str) -> None:
    """Split every counted payment of one member's fines anew, in the shared order."""
    listed = book.fines.find(member) or ()
    due = 0
    for name in listed:
        page = entry_page(book, name)
        if page.status != "counted" or reversed_by(book, page):
            continue
        if page.kind != "fine.paid":
            due += page.amount
            continue
        lines = paid_lines(member, due, page.amount, page.held)
        due -= min(due, page.amount)
        restate(book, name, replace(page, lines=lines))
    for name in listed:
        _note_excess(book, name, entry_page(book, name))


def _note_excess(book: Book, name: str, page: EntryPage) -> None:
    """Point out a counted payment that was more than the fines due."""
    excess = 0
    if page.status == "counted" and not reversed_by(book, page):
        excess = -sum(amount for account, _, amount in page.lines if account == OVERPAYMENTS)
    key = ("overpaid_fine", name)
    finding = None
    if excess:
        finding = FindingPage(
            (name,), page.subject, page.cycle, page.session, (page.amount, excess)
        )
    if finding != book.findings.find(key):
        book.findings.put(key, finding)
