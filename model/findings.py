"""What needs a person's attention, one plain sentence each, made from values when it is shown.

A finding has a stable code and is never an exception: the balances stand beside it. A `notice`
only informs; a `task` asks officers to decide or to correct. The sentence says what happened and,
for a task, what to do. Members are named by number; `name_of` lets a phone put the name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from model.accounts import ACCOUNTS
from model.amendments import changes, in_words
from model.attention import seen_in
from model.book import Book
from model.elections import still_asked
from model.identifiers import receipt_code
from model.journal import entry_page, reversed_by
from model.meetings import read_plan
from model.money import format_amount
from model.opening import is_agreed
from model.pages import NO_MEETING, EntryPage, FindingPage
from model.payables import is_refunded
from model.share_limit import is_catching_up
from model.stopped import is_apart, is_held
from model.wording import KINDS, SENTENCES, Weight
from model.wording.governance import INSTEAD, SEATED, SOMEBODY, VACATED

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
    | {"terms_differ", "one_hand", "late_opening", "receipt_reversed", "disputed_entry"}
    | {"waits_for_approval", "needs_word", "request_expired", "declined", "election_waits"}
    | {"not_active", "fine_differs", "help_unexplained"}
)


def list_findings(book: Book, name_of: NameOf | None = None) -> tuple[Finding, ...]:
    """Every finding of the book, tasks first, in an order that all replicas share."""
    noted = ((code, about, page) for (code, about), page in book.findings.rows())
    shown = [
        _shown(book, code, about, page, name_of)
        for code, about, page in (*noted, *seen_in(book))
        if not _resolved(book, code, page)
    ]
    order = {code: place for place, code in enumerate(CODES)}
    shown.sort(key=lambda finding: (finding.weight != "task", order[finding.code], finding.about))
    return tuple(shown)


def tasks_watched(book: Book, codes: frozenset[str]) -> dict[tuple[str, str], FindingPage]:
    """What the watches see now of these codes, by code and what it is about."""
    seen = ((code, about, page) for code, about, page in seen_in(book) if code in codes)
    return {(code, about): page for code, about, page in seen if not _resolved(book, code, page)}


def _resolved(book: Book, code: str, page: FindingPage) -> bool:
    """Was an entry that the finding is about taken back since, or is all in order without?"""
    if any(over(book, code, page) for over in (is_refunded, is_catching_up, is_agreed)):
        return True
    if page.entries and is_held(book) and all(_is_apart(book, name) for name in page.entries):
        return True  # one finding speaks of all that a stopped device wrote
    return code in _ENDS_WITH_ITS_ENTRY and any(
        reversed_by(book, entry_page(book, name)) for name in page.entries
    )


def _is_apart(book: Book, name: str) -> bool:
    return is_apart(book.entries.find(name))


def worded(
    book: Book, code: str, about: str, page: FindingPage, name_of: NameOf | None = None
) -> Finding:
    """One finding with its sentence."""
    return _shown(book, code, about, page, name_of)


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
    where = f"meeting {page.session} of cycle {page.cycle}" if meeting else _planned(page)
    what = _what(page.detail)
    return {
        "who": who(book, page.subject, name_of),
        "amount_at_end": f", {money[0]}" if page.amounts and page.amounts[0] else "",
        "count_wanted": _officers(page.amounts[1] if len(page.amounts) > 1 else 0),
        "who_of_entry": _objector(book, page, name_of),
        "amount": f", {money[0]}," if page.amounts and page.amounts[0] else "",
        "ways": _ways(book, page, name_of),
        "first": money[0] if money else "no money",
        "second": money[1] if len(money) > 1 else "",
        "third": money[2] if len(money) > 2 else "",
        "plain_first": page.amounts[0] if page.amounts else 0,
        "plain_second": page.amounts[1] if len(page.amounts) > 1 else 0,
        "balance": amount_text(book, abs(book.accounts.find((page.detail, "")) or 0)),
        "entry": receipt(page.entries[0]) if page.entries else "",
        "where": where,
        "Where": where[:1].upper() + where[1:],
        "what": what,
        "What": what[:1].upper() + what[1:],
        "count": len(page.entries),
        "changes": _amended(book, page),
        "choices": _choices(book, page),
        "receipts": _joined(receipt(name) for name in page.entries),
        "newest": _newest(page),
        "named": page.detail,
        "payee": _payee(book, page, name_of),
        "everyone": _everyone(book, page, name_of),
        "election": _election(book, page.entries[0], name_of) if page.entries else "",
        "elections": _joined(_election(book, name, name_of) for name in page.entries),
        "asked": _asked(book, page),
        "cycle": page.cycle,
    }


def _payee(book: Book, page: FindingPage, name_of: NameOf | None) -> str:
    """Whom money was paid to: a member, else as the request says."""
    return who(book, page.subject, name_of) if page.subject else page.detail or "the payee"


def _planned(page: FindingPage) -> str:
    """A meeting that is only planned is named by what it is about."""
    cycle, slash, session = page.subject.partition("/")
    return f"meeting {session} of cycle {cycle}" if slash else "the opening balances"


def _amended(book: Book, page: FindingPage) -> str:
    """What a constitution changes, of the two that a finding names: the new and the old one."""
    named = [found for name in page.entries if (found := book.adopted.find(name)) is not None]
    if len(named) != 2:
        return ""
    new, old = named
    return in_words(changes(old.terms, new.terms, partial(amount_text, book)))


def _choices(book: Book, page: FindingPage) -> str:
    """What each entry says that has no amount, with its receipt."""
    found = ((name, book.entries.find(name)) for name in page.entries)
    return _joined(
        f"{_detail(entry)} (entry {receipt(name)})" for name, entry in found if entry is not None
    )


def _newest(page: FindingPage) -> str:
    """The receipts of what was paid out last, as the end of a clause; empty when none is known."""
    told = _joined(receipt(name) for name in page.entries)
    return f"; paid out last with entry {told}" if told else ""


def _officers(count: int) -> str:
    return "1 officer" if count == 1 else f"{count} officers"


NAMED_MAX: Final = 8  # members whom one sentence names


def _everyone(book: Book, page: FindingPage, name_of: NameOf | None) -> str:
    """The members whom a finding is about; of many the first ones and how many more."""
    members = [name for name in page.entries if book.members.find(name) is not None]
    told = [who(book, member, name_of) for member in members[:NAMED_MAX]]
    more = len(members) - NAMED_MAX
    return _joined([*told, f"{more} more"] if more > 0 else told)


def _objector(book: Book, page: FindingPage, name_of: NameOf | None) -> str:
    entry = book.entries.find(page.entries[0]) if page.entries else None
    return who(book, entry.member, name_of) if entry and entry.member else "An officer"


def _election(book: Book, name: str, name_of: NameOf | None) -> str:
    """What a proposed election, or one that was put in force, says."""
    page = book.entries.find(name)
    if page is None or page.kind not in ("officer.proposed", "officer.elected"):
        return ""
    held = book.offices.find(page.detail)
    holds, office = held.holder if held is not None else "", _what(page.detail)
    if not page.subject:
        return VACATED.format(who=_person(book, holds, name_of), office=office)
    other = holds not in ("", page.subject)
    instead = INSTEAD.format(who=_person(book, holds, name_of)) if other else ""
    person = who(book, page.member, name_of) if page.member else ""
    chosen = person or _person(book, page.subject, name_of)
    return SEATED.format(who=chosen, office=office, instead=instead)


def _person(book: Book, person: str, name_of: NameOf | None) -> str:
    """An officer by the member that an election says the person is."""
    page = book.persons.find(person) if person else None
    return who(book, page.named[-1][1], name_of) if page and page.named else SOMEBODY


def _asked(book: Book, page: FindingPage) -> str:
    """The officers who have not agreed to a proposal yet, by their offices."""
    offices = still_asked(book, page.entries[0]) if page.entries else []
    return _joined(f"the {_what(office)}" for office in offices) or "the officers"


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
    if page.kind == "meeting.scheduled" and page.detail:
        plan = read_plan(page.detail)
        return " ".join(filter(None, (plan.planned_on, plan.starts_at, plan.place)))
    if page.kind == "resolution.recorded" and page.detail:
        return f"“{page.text[:60]}”, {page.detail.split('; ')[1]}"
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
