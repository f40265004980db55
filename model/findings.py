"""What needs a person's attention, one plain sentence each, made from values when it is shown.

A finding has a stable code and is never an exception: the balances stand beside it. A `notice`
only informs; a `task` asks officers to decide or to correct. The sentence says what happened and,
for a task, what to do. Members are named by number; `name_of` lets a phone put the name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from model.accounts import ACCOUNTS
from model.book import Book
from model.identifiers import receipt_code
from model.journal import entry_page, reversed_by
from model.money import format_amount
from model.pages import NO_MEETING, EntryPage, FindingPage
from model.sentences import KINDS, SENTENCES, Weight

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


CODES: Final = tuple(SENTENCES)
"""Every code there is; stable, for programs."""

_ENDS_WITH_ITS_ENTRY: Final = frozenset(
    {"amount_mismatch", "late_entry", "cash_differs", "after_office", "possible_duplicate_payment"}
    | {"terms_differ", "one_hand", "late_opening", "receipt_reversed"}
)


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
    weight, sentence = SENTENCES[code]
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
        "amount": f", {money[0]}," if page.amounts and page.amounts[0] else "",
        "ways": _ways(book, page, name_of),
        "first": money[0] if money else "no money",
        "second": money[1] if len(money) > 1 else "",
        "plain_first": page.amounts[0] if page.amounts else 0,
        "plain_second": page.amounts[1] if len(page.amounts) > 1 else 0,
        "balance": amount_text(book, abs(book.accounts.find((page.detail, "")) or 0)),
        "entry": receipt(page.entries[0]) if page.entries else "",
        "where": where,
        "Where": where[:1].upper() + where[1:],
        "what": what,
        "What": what[:1].upper() + what[1:],
        "count": len(page.entries),
        "cycle": page.cycle,
    }


def _ways(book: Book, page: FindingPage, name_of: NameOf | None) -> str:
    """What each entry says and its receipt; beside the amount only what tells equal ones apart."""
    entries = [(name, entry_page(book, name)) for name in page.entries if book.entries.find(name)]
    same = len({entry.amount for _, entry in entries}) < 2
    told = []
    for name, entry in entries:
        parts = [amount_text(book, entry.amount)]
        for own, all_of in (
            (_detail(entry), {_detail(other) for _, other in entries}),
            (f"{entry.count} shares", {f"{other.count} shares" for _, other in entries}),
            (who(book, entry.subject, name_of), {who(book, at.subject) for _, at in entries}),
        ):
            if same and len(all_of) > 1:
                parts.append(own)
        told.append(f"{', '.join(parts)} (entry {receipt(name)})")
    return _joined(told)


def _detail(page: EntryPage) -> str:
    """Pocket, code or terms of an entry, as people say it."""
    if page.kind != "loan.approved" or " " not in page.detail:
        return _what(page.detail)
    method, rate, periods, period, *_ = page.detail.split(" ")
    percent = format_amount(int(rate), 4).rstrip("0").rstrip(".")
    return f"{method.replace('_', ' ')}, {percent} % a {period}, {int(periods)} instalments"


def _what(detail: str) -> str:
    if detail in ACCOUNTS:
        return ACCOUNTS[detail].name
    return KINDS.get(detail, detail.replace("_", " "))


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
