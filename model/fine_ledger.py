"""What a member owes in fines, and what each payment pays: the excess is kept as an overpayment.

Fines are counted on a cash basis: a levy is a memo, income is what was paid. All that was levied
on a member stands against all that the member paid, so that it does not matter whether the levy
or the payment was written first. Each payment goes where the constitution that its author knew
says; those for the loan fund fill what was levied before those for the social fund, and among
equals the shared order decides, which moves no money. Taking one back fills it anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from model import listing
from model.accounts import FINES, OVERPAYMENTS, SOCIAL_FUND
from model.book import Book
from model.journal import FINES_DUE, entry_page, restate, reversed_by
from model.pages import EntryPage, FindingPage, FinesPage, Posting


def paid_lines(
    member: str, due_minor: int, amount_minor: int, held: tuple[Posting, ...]
) -> tuple[Posting, ...]:
    """Lines of a payment when `due_minor` is owed; `held` is (pocket, income) in full."""
    (pocket, nobody, amount), (income, _, _) = held
    paid = max(0, min(due_minor, amount_minor))
    lines: tuple[Posting, ...] = ((pocket, nobody, amount),)
    if paid:
        lines += ((income, "", -paid), (FINES_DUE, member, -paid))
    if amount_minor > paid:
        lines += ((OVERPAYMENTS, member, paid - amount_minor),)
    return lines


def income_account(fines_to: str) -> str:
    """Where paid fines go, by the constitution."""
    return SOCIAL_FUND if fines_to == "social_fund" else FINES


def fines_of(book: Book, member: str) -> FinesPage:
    """What was levied on a member and what the member paid, of all that counts."""
    return book.fines.find(member) or FinesPage()


def note_fine(book: Book, member: str, name: str) -> None:
    """List a levy or a payment under its member."""
    listing.add(book, f"fines {member}", name)


def note_levied(book: Book, member: str, amount_minor: int) -> bool:
    """Add a levy that counts; True when the payments must be filled in anew."""
    page = fines_of(book, member)
    book.fines.put(member, replace(page, levied_minor=page.levied_minor + amount_minor))
    return page.paid_minor > page.levied_minor


def note_paid(book: Book, member: str, name: str, amount_minor: int) -> bool:
    """Add a payment that counts and was filled in last; True when all must be filled in anew."""
    page = fines_of(book, member)
    payment = entry_page(book, name)
    paid, incomes = page.paid_minor + amount_minor, _incomes(page.incomes, payment)
    book.fines.put(member, FinesPage(page.levied_minor, paid, incomes))
    _note_excess(book, name, payment)
    return len(incomes) > 1 and paid > page.levied_minor


def _income_of(row: tuple[str, EntryPage]) -> str:
    return _income(row[1])


def _income(page: EntryPage) -> str:
    return page.held[1][0]


def _incomes(known: tuple[str, ...], page: EntryPage) -> tuple[str, ...]:
    """Those known and that of one more payment; the loan fund's, with the higher code, first."""
    income = _income(page)
    return known if income in known else tuple(sorted((*known, income), reverse=True))


def derive_fines(book: Book, member: str) -> None:
    """Fill what was levied with every counted payment of one member, in the shared order."""
    levied = sum(page.amount for _, page in _counted(book, member, paid=False))
    due, paid = levied, 0
    incomes: tuple[str, ...] = ()
    # A stable sort: within one income the shared order stays.
    filled = sorted(_counted(book, member, paid=True), key=_income_of, reverse=True)
    for name, page in filled:
        lines = paid_lines(member, due, page.amount, page.held)
        if lines != page.lines:
            restate(book, name, replace(page, lines=lines))
        due -= page.amount
        paid += page.amount
        incomes = _incomes(incomes, page)
    total = FinesPage(levied, paid, incomes)
    if total != fines_of(book, member):
        book.fines.put(member, total)
    for name in listing.every(book, f"fines {member}"):
        _note_excess(book, name, entry_page(book, name))


def _counted(book: Book, member: str, *, paid: bool) -> Iterator[tuple[str, EntryPage]]:
    for name in listing.every(book, f"fines {member}"):
        page = entry_page(book, name)
        if (page.kind == "fine.paid") is not paid or page.status != "counted":
            continue
        if not (page.reversals and reversed_by(book, page)):
            yield name, page


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
