"""What a member owes in fines, and what each payment pays: the excess is kept as an overpayment.

Fines are counted on a cash basis: a levy is a memo, income is what was paid. All that was levied
on a member stands against all that the member paid, so that it does not matter whether the levy
or the payment was written first. A fine goes where the constitution said under which it was levied
(or brought over from paper), as its author knew it: a later constitution does not touch it. What
was levied is paid in that order, older constitutions first; within one, all goes to one place, so
that the order of writing moves no money. Taking one back fills the others anew. A fine that
officers waived is due no longer; what was paid on it is kept for the member, to be given back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from model import listing
from model.accounts import FINES, OVERPAYMENTS, SOCIAL_FUND
from model.agreement import agreeing
from model.book import Book, Levied
from model.derived import derive
from model.entry import Entry
from model.journal import FINES_DUE, balance, entry_page, restate, reversed_by
from model.members import kept_member, names_of
from model.pages import EntryPage, FindingPage, FinesPage, Posting
from model.permissions import constitution
from model.sheets import claims_once

Due = tuple[str, int]
"""The account that a part of what is due goes to, and how much it is."""


def paid_lines(
    member: str, due: Sequence[Due], amount_minor: int, source: Posting
) -> tuple[Posting, ...]:
    """Lines of a payment from `source` when all this is due, in the order in which it is paid."""
    lines: tuple[Posting, ...] = (source,)
    left = amount_minor
    for income, due_minor in due:
        paid = min(left, due_minor)
        if paid > 0:
            lines += ((income, "", -paid),)
            left -= paid
    if left < amount_minor:
        lines += ((FINES_DUE, member, left - amount_minor),)
    if left:
        lines += ((OVERPAYMENTS, member, -left),)
    return lines


def due_of(page: FinesPage) -> list[Due]:
    """What is still due, where everything that was levied goes to one place."""
    due_minor = page.levied_minor - page.paid_minor
    return [(page.incomes[0], due_minor)] if page.incomes and due_minor > 0 else []


def income_account(fines_to: str) -> str:
    """Where paid fines go, by the constitution."""
    return SOCIAL_FUND if fines_to == "social_fund" else FINES


def fines_of(book: Book, member: str) -> FinesPage:
    """What was levied on a person and what the person paid, of all that counts."""
    return book.fines.find(kept_member(book, member)) or FinesPage()


def note_fine(book: Book, member: str, name: str) -> None:
    """List a levy, a payment or a waiver under its member."""
    listing.add(book, f"fines {member}", name)


def note_levied(book: Book, entry: Entry, member: str, amount_minor: int, *, alone: bool) -> None:
    """Keep where a levy goes, add it when it counts, and fill the payments in anew if need be."""
    rules = constitution(book, entry.past)
    version, income = 0, FINES
    if rules is not None:
        version, income = rules.terms.version, income_account(rules.terms.fines_to)
    book.levies.put(entry.id.hex(), (version, income))
    if entry.held or (alone and not amount_minor):
        return  # filled in when officers bring it in; or nothing, and it goes nowhere
    page = fines_of(book, member)
    if not alone or page.incomes not in ((), (income,)) or page.paid_minor > page.levied_minor:
        derive(book, "fine.levied", member)
        return
    page = replace(page, levied_minor=page.levied_minor + amount_minor, incomes=(income,))
    book.fines.put(kept_member(book, member), page)


def note_paid(book: Book, member: str, amount_minor: int) -> None:
    """Add a payment that counts; all are filled in anew where fines go to several places."""
    page = fines_of(book, member)
    if len(page.incomes) > 1:
        derive(book, "fine.paid", member)
        return
    page = replace(page, paid_minor=page.paid_minor + amount_minor)
    book.fines.put(kept_member(book, member), page)


def derive_fines(book: Book, member: str) -> None:
    """Fill what was levied on one person with every counted payment, in the shared order."""
    names = names_of(book, member)
    rows = _rows(book, names)
    waived = _waive(book, rows)
    levied = _levied(book, rows)
    due, paid = levied, 0
    for name, page in rows:
        if page.kind == "fine.paid" and _counts(book, page):
            lines = paid_lines(page.subject, due, page.amount, page.held[0])
            if lines != page.lines:
                restate(book, name, replace(page, lines=lines))
            due = _without(due, page.amount)
            paid += page.amount
    incomes = tuple(sorted({income for income, _ in levied}, reverse=True))
    total = FinesPage(sum(amount for _, amount in levied), paid, incomes, waived)
    for name in names:
        kept = total if name == names[0] and total != FinesPage() else None
        if kept != book.fines.find(name):
            book.fines.put(name, kept)


def _levied(book: Book, rows: list[tuple[str, EntryPage]]) -> list[Due]:
    """What was levied and not waived, in the order in which it is paid, by where it goes."""
    found: dict[Levied, int] = {}
    waivers = {page.once for _, page in rows if page.kind == "fine.waived" and _counts(book, page)}
    for name, page in rows:
        if page.kind in _LEVIES and _counts(book, page) and waiver_of(page) not in waivers:
            under = _levied_under(book, name)
            found[under] = found.get(under, 0) + page.amount
    # Of two constitutions with one version, which are not in force together, the loan fund first.
    order = sorted(found, key=lambda under: (-under[0], under[1]), reverse=True)
    return [(under[1], found[under]) for under in order if found[under]]


def _levied_under(book: Book, name: str) -> Levied:
    """Which rules a levy follows; of officers who wrote it down under several, the oldest."""
    words = [
        word
        for word in agreeing(book, name)
        if word == name or entry_page(book, word).status == "corroborating"
    ]
    known = [under for word in words if (under := book.levies.find(word)) is not None]
    return max(known, key=lambda under: (-under[0], under[1]), default=(0, FINES))


def _without(due: list[Due], paid_minor: int) -> list[Due]:
    """What is still due after a payment."""
    left: list[Due] = []
    for income, due_minor in due:
        part = min(due_minor, paid_minor)
        paid_minor -= part
        if due_minor > part:
            left.append((income, due_minor - part))
    return left


_LEVIES = frozenset({"fine.levied", "opening_balance.set"})


def _rows(book: Book, names: tuple[str, ...]) -> list[tuple[str, EntryPage]]:
    """Everything about one person's fines, under whatever name, in the shared order."""
    rows = [
        (name, entry_page(book, name))
        for one in names
        for name in listing.every(book, f"fines {one}")
    ]
    if len(names) > 1:
        rows.sort(key=lambda row: row[1].place(row[0]))
    return rows


def _counts(book: Book, page: EntryPage) -> bool:
    return page.status == "counted" and not (page.reversals and reversed_by(book, page))


def waiver_of(page: EntryPage) -> str:
    """What happens only once when a fine is waived, whichever entry about the fine is named."""
    if page.kind == "opening_balance.set":
        return f"waived opening {page.subject}"
    return f"waived {page.cycle}/{page.session} {page.detail} {page.subject}"


def is_waived(book: Book, page: EntryPage) -> bool:
    """Did officers let the member off the fine that this entry levies?"""
    waivers = (entry_page(book, name) for _, _, name in claims_once(book, waiver_of(page)))
    return any(_counts(book, waiver) for waiver in waivers)


def _waive(book: Book, rows: list[tuple[str, EntryPage]]) -> int:
    """Let every waiver take off the fine that counts; what is waived altogether."""
    levied = {
        waiver_of(page): page.amount
        for _, page in rows
        if page.kind in _LEVIES and _counts(book, page)
    }
    waived = 0
    for name, page in rows:
        if page.kind == "fine.waived" and _counts(book, page):
            amount = levied.get(page.once, 0)
            lines = ((FINES_DUE, page.subject, -amount),) if amount else ()
            restate(book, name, replace(page, lines=lines))
            waived += amount
    return waived


def watch_refunds(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Members who paid more than their fines, as long as the money is kept for them.

    Of the whole, not of the payment that went beyond: that would depend on who wrote first.
    """
    for member, page in book.fines.rows():
        excess = page.paid_minor - page.levied_minor
        if excess <= 0 or balance(book, OVERPAYMENTS, member) >= 0:
            continue
        refund = min(excess, page.waived_minor, -balance(book, OVERPAYMENTS, member))
        if refund:
            yield "refund_due", member, FindingPage(subject=member, amounts=(refund,))
        if excess > page.waived_minor:
            amounts = (page.paid_minor, excess - page.waived_minor)
            yield "overpaid_fine", member, FindingPage(subject=member, amounts=amounts)
