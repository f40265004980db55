"""What needs a person's attention, one plain sentence each, made from values when it is shown.

A finding has a stable code and is never an exception: the balances stand beside it. A `notice`
only informs; a `task` asks officers to decide or to correct. The sentence says what happened and,
for a task, what to do. Members are named by number; `name_of` lets a phone put the name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from model.accounts import ACCOUNTS
from model.book import Book
from model.identifiers import receipt_code
from model.journal import entry_page, reversed_by
from model.money import format_amount
from model.pages import NO_MEETING, FindingPage

Weight = Literal["notice", "task"]
NameOf = Callable[[str], str]


class Finding(NamedTuple):
    """One finding as it is shown; ids are hex, amounts in minor units."""

    code: str
    about: str
    weight: Weight
    sentence: str
    entries: tuple[str, ...]
    subject: str
    cycle: int | None
    session: int | None
    amounts: tuple[int, ...]


# Places: {who} member, {money} amounts joined by "and", {first} and {second} amount, {entry}
# receipt of the first entry, {entries} all receipts, {where} meeting, {what} kind or detail.
_SENTENCES: Final[dict[str, tuple[Weight, str]]] = {
    "overdrawn": (
        "task",
        "{what} is below zero by {balance}; it began with entry {entry}. "
        "Record the money that is missing, or let another officer reverse what was not paid.",
    ),
    "disputed_amount": (
        "task",
        "Officers recorded different amounts for {what} of {who} in {where}: {money}. One of them "
        "counts until the wrong one is reversed by an officer who did not write it.",
    ),
    "disputed_count": (
        "task",
        "Two officers counted the same money in {where} and differ: {money}. Count again.",
    ),
    "disputed_attendance": (
        "task",
        "Officers marked {who} differently in {where}. Mark the attendance once more.",
    ),
    "corroborated": (
        "notice",
        "Two officers recorded {what} of {who} in {where} with the same amount, {first}: "
        "it counts once.",
    ),
    "recorded_twice": (
        "notice",
        "{What} of {who} in {where}, {first}, was recorded more than once: it counts once. "
        "If it was a second payment, record it again on the next line.",
    ),
    "possible_duplicate_payment": (
        "task",
        "A repayment of {first} by {who} in {where} was recorded by hand and also came with a "
        "payment reference. If it is one payment, let another officer reverse one of them.",
    ),
    "late_entry": (
        "task",
        "{What} of {who}, {first}, belongs to {where}, which was closed without it. It is kept "
        "aside and not in the totals until officers decide.",
    ),
    "contested_close": (
        "task",
        "{Where} was closed twice, over different entries. What either close holds counts "
        "meanwhile; agree on one.",
    ),
    "not_permitted": (
        "task",
        "Entry {entry} ({what}) was recorded by a person whose office does not allow it. It has "
        "no effect; let the right officer record it.",
    ),
    "needs_another_officer": (
        "task",
        "Entry {entry} tries to reverse its author's own entry. Another officer must do it.",
    ),
    "own_loan": (
        "task",
        "Entry {entry} approves a loan to the one who approves it. Another officer must do it.",
    ),
    "not_reversible": (
        "notice",
        "Entry {entry} tries to reverse something that is changed by a new record instead.",
    ),
    "unknown_kind": (
        "task",
        "Entry {entry} was written by a newer Mkutano ({what}). Update this phone; until then it "
        "shows no totals.",
    ),
    "malformed": ("notice", "Entry {entry} ({what}) is damaged and has no effect."),
    "unknown_reference": (
        "task",
        "Entry {entry} ({what}) names a member, loan or entry that is not in these books. It has "
        "no effect.",
    ),
    "too_many": (
        "task",
        "Entry {entry} was recorded very many times. Only the first records were looked at; "
        "check the phone that wrote them.",
    ),
    "possible_duplicate_member": (
        "task",
        "{count} members have the same {what}, one of them {who}. Check whether they are one "
        "person.",
    ),
    "amount_mismatch": (
        "task",
        "{who} paid {first} for {what} shares in {where}; they cost {second}. The amount paid "
        "counts; correct it if it is wrong.",
    ),
    "cap_exceeded": (
        "task",
        "{who} bought {plain_first} shares in {where}; the constitution allows {plain_second}.",
    ),
    "overpaid_loan": (
        "notice",
        "{who} paid {first} more than the loan asked for. It is kept for the member.",
    ),
    "overpaid_fine": (
        "notice",
        "{who} paid {first} in {where}, which is {second} more than the fines due. It is kept "
        "for the member.",
    ),
    "loan_not_approved": (
        "task",
        "A loan of {first} was handed to {who} without an approval. Approve it with its terms, "
        "or reverse it; until then it bears no interest.",
    ),
    "loan_differs": (
        "task",
        "{who} was handed a loan of {first}, but {second} was approved. Correct the wrong one.",
    ),
    "loan_not_disbursed": (
        "task",
        "{who} repaid {first} on a loan that was never recorded as handed over.",
    ),
    "contested_office": (
        "task",
        "Two elections for {what} did not know of each other. Whoever held the office keeps it "
        "until you record the election once more.",
    ),
    "contested_constitution": (
        "task",
        "Two versions of the constitution were adopted apart from each other. What was in force "
        "before them stays until you adopt one again.",
    ),
    "contested_cycle": (
        "task",
        "Cycle {cycle} was opened twice with different days. The longer span is used.",
    ),
    "meeting_not_opened": (
        "task",
        "Entries were recorded in {where}, which nobody opened. Open it with its day.",
    ),
    "meeting_dates_differ": (
        "task",
        "{Where} was opened with different days. The earlier day is used.",
    ),
    "cash_differs": (
        "task",
        "The count of {what} in {where} was {first}, the books expect {second}. Count again, or "
        "record what is missing.",
    ),
    "after_office": (
        "notice",
        "Entry {entry} ({what}) was recorded by an officer who did not know yet that the office "
        "had ended. It stands.",
    ),
}

CODES: Final = tuple(_SENTENCES)
"""Every code there is; stable, for programs."""

_ENDS_WITH_ITS_ENTRY: Final = frozenset(
    {"amount_mismatch", "late_entry", "cash_differs", "after_office", "possible_duplicate_payment"}
)

_KINDS: Final = {
    "share.purchased": "the share purchase",
    "social.contributed": "the social fund payment",
    "social.paid_out": "the help from the social fund",
    "fine.levied": "the fine",
    "fine.paid": "the fine payment",
    "loan.applied": "the loan request",
    "loan.approved": "the loan approval",
    "loan.disbursed": "the loan",
    "loan.repaid": "the repayment",
    "expense.paid": "the expense",
    "transfer.made": "the transfer",
    "cash.counted": "the cash count",
    "attendance.marked": "the attendance",
    "entry.reversed": "the reversal",
    "opening_balance.set": "the opening balance",
    "box": "the loan-fund box",
    "social": "the social-fund box",
    "bank": "the bank account",
    "mobile": "the mobile money",
}


def list_findings(book: Book, name_of: NameOf | None = None) -> tuple[Finding, ...]:
    """Every finding of the book, tasks first, in an order that all replicas share."""
    shown = [
        _shown(book, code, about, page, name_of)
        for (code, about), page in book.findings.rows()
        if not _resolved(book, code, page)
    ]
    order = {code: place for place, code in enumerate(CODES)}
    shown.sort(key=lambda finding: (finding.weight != "task", order[finding.code], finding.about))
    return tuple(shown)


def _resolved(book: Book, code: str, page: FindingPage) -> bool:
    """Was an entry that the finding is about taken back since?"""
    return code in _ENDS_WITH_ITS_ENTRY and any(
        reversed_by(book, entry_page(book, name)) for name in page.entries
    )


def _shown(book: Book, code: str, about: str, page: FindingPage, name_of: NameOf | None) -> Finding:
    weight, sentence = _SENTENCES[code]
    meeting = page.cycle != NO_MEETING and page.session != NO_MEETING
    return Finding(
        code,
        about,
        weight,
        sentence.format_map(_values(book, page, name_of)),
        page.entries,
        page.subject,
        page.cycle if meeting else None,
        page.session if meeting else None,
        page.amounts,
    )


def _values(book: Book, page: FindingPage, name_of: NameOf | None) -> dict[str, object]:
    money = [amount_text(book, amount) for amount in page.amounts]
    meeting = page.cycle != NO_MEETING and page.session != NO_MEETING
    where = f"meeting {page.session} of cycle {page.cycle}" if meeting else "the opening balances"
    what = _what(page.detail)
    return {
        "who": who(book, page.subject, name_of),
        "money": _joined(money),
        "first": money[0] if money else "no money",
        "second": money[1] if len(money) > 1 else "",
        "plain_first": page.amounts[0] if page.amounts else 0,
        "plain_second": page.amounts[1] if len(page.amounts) > 1 else 0,
        "balance": amount_text(book, -(book.accounts.find((page.detail, "")) or 0)),
        "entry": receipt(page.entries[0]) if page.entries else "",
        "where": where,
        "Where": where[:1].upper() + where[1:],
        "what": what,
        "What": what[:1].upper() + what[1:],
        "count": len(page.entries),
        "cycle": page.cycle,
    }


def _what(detail: str) -> str:
    if detail in ACCOUNTS:
        return ACCOUNTS[detail].name
    return _KINDS.get(detail, detail.replace("_", " "))


def _joined(parts: Iterable[str]) -> str:
    shown = list(dict.fromkeys(parts))
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def receipt(name: str) -> str:
    """Receipt code of an entry id in hex."""
    return receipt_code(bytes.fromhex(name))


def amount_text(book: Book, amount_minor: int) -> str:
    """An amount as people write it, with the group's currency: `KES 1,500.00`."""
    group = book.group.find("group")
    if group is None:
        return str(amount_minor)
    return f"{group.currency} {format_amount(amount_minor, group.exponent)}"


def who(book: Book, subject: str, name_of: NameOf | None = None) -> str:
    """A member by name (when the phone knows it) or number; a loan by its member."""
    loan = book.loans.find(subject) if subject else None
    member = loan.member if loan is not None else subject
    page = book.members.find(member) if member else None
    if page is None:
        return "the group"
    named = name_of(member) if name_of is not None else ""
    return named or f"member {page.number}"
