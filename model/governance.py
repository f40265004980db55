"""The group itself: its name and money, its constitution, its cycles and who holds which office.

Of elections to one office, or constitutions, that did not know of each other none holds: what was
in force before them stays until a fact that knows them all settles it (succession.py).
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.entry import Entry
from model.notes import note, too_many
from model.pages import (
    ConstitutionPage,
    CyclePage,
    FindingPage,
    GroupPage,
    OfficePage,
    PersonPage,
    Status,
    TopicPage,
)
from model.permissions import (
    AUTHORITY,
    CHAIRPERSON,
    CONSTITUTION,
    FOUNDING_OFFICES,
    SECRETARY,
    TREASURER,
    adopted_terms,
    constitution,
    elected,
    holder,
)
from model.succession import in_force, rivals, take_turn

NAMED_MAX: Final = 64  # members that elections may say a person is

_TOLD: Final = {
    "share_value_minor": "the price of a share",
    "shares_max": "how many shares a member may buy",
    "interest_ppm": "the interest",
    "interest_method": "how interest is worked out",
    "loan_periods_max": "how long a loan may run",
    "loan_multiplier": "how much a member may borrow",
    "fines_to": "where fines go",
    "record_keeper": "whose amount counts in a dispute",
}
"""Terms whose change moves money or power, in the words of a finding."""


def describe_group(book: Book, entry: Entry, event: e.GroupDescribed, _keeper: bool) -> None:
    """Take the group's name and money; the first to describe it is its founder."""
    name = entry.id.hex()
    known = book.group.find("group")
    founder = entry.person.hex() if known is None else known.founder
    page = GroupPage(name, founder, event.name, event.currency, event.exponent, event.kind)
    if known is not None and (event.currency, event.exponent) != (known.currency, known.exponent):
        # Sums are written down in the first units: they are never read in others.
        page = replace(page, currency=known.currency, exponent=known.exponent)
        book.findings.put(("currency_kept", name), FindingPage((name,), detail=known.currency))
    book.group.put("group", page)
    book.forget_rights()
    note(book, entry, "group.described", "counted", text=event.name)


def adopt_constitution(
    book: Book, entry: Entry, event: e.ConstitutionAdopted, _keeper: bool
) -> None:
    """Put a constitution in force; of two adopted apart, neither: the one before them stays."""
    name = entry.id.hex()
    book.adopted.put(name, ConstitutionPage(name, event))
    if not take_turn(book, CONSTITUTION, entry):
        too_many(book, entry, "constitution.adopted")
        return
    _note_authority(book, entry)
    before = constitution(book, entry.past)
    current = constitution(book)
    book.constitution.put("current", current)
    if before is not None and current is not None and current.entry == name:
        _point_out_change(book, entry, before.terms, event)
    apart = rivals(book, CONSTITUTION, lambda other: adopted_terms(book, other))
    status = _standing(name, current.entry if current else "", apart)
    _contested(book, "contested_constitution", "current", apart)
    reasons = ("contested_constitution",) if apart else ()
    note(book, entry, "constitution.adopted", status, count=event.version, reasons=reasons)


def _point_out_change(
    book: Book, entry: Entry, old: e.ConstitutionAdopted, new: e.ConstitutionAdopted
) -> None:
    """Tell everybody what a new constitution changes, once the group is founded."""
    changed = [told for field, told in _TOLD.items() if getattr(old, field) != getattr(new, field)]
    finding = None
    if changed and _founded(book, entry):
        finding = FindingPage((entry.id.hex(),), detail=", ".join(changed))
    _put(book, ("constitution_changed", "current"), finding)


def _standing(name: str, holds: str, apart: tuple[str, ...]) -> Status:
    if apart:
        return "suspense"
    return "counted" if holds == name else "corroborating"


def _contested(book: Book, code: str, about: str, apart: tuple[str, ...]) -> None:
    """Point out facts that did not know of each other and differ, or take that back."""
    _put(book, (code, about), FindingPage(apart[-NAMED_MAX:], detail=about) if apart else None)


def _note_authority(book: Book, entry: Entry) -> None:
    """Remember what an author must know of to be judged by all that is known."""
    page = book.topics.find(AUTHORITY)
    heads = page.heads if page is not None else ()
    newest = tuple(head for head in heads if bytes.fromhex(head) not in entry.past)
    book.topics.put(AUTHORITY, TopicPage(heads=(*newest, entry.id.hex())))
    book.forget_rights()


def open_cycle(book: Book, entry: Entry, event: e.CycleOpened, _keeper: bool) -> None:
    """Open a savings cycle; the same cycle from two phones is one."""
    name = entry.id.hex()
    key = str(event.cycle)
    known = book.cycles.find(key)
    if known is None:
        book.cycles.put(key, CyclePage(name, event.starts_on, event.ends_on))
        note(book, entry, "cycle.opened", "counted", event.cycle)
        return
    if (known.starts_on, known.ends_on) != (event.starts_on, event.ends_on):
        page = FindingPage((known.entry, name), cycle=event.cycle)
        book.findings.put(("contested_cycle", key), page)
        # The longer span, whoever wrote first.
        days = (min(known.starts_on, event.starts_on), max(known.ends_on, event.ends_on))
        book.cycles.put(key, CyclePage(known.entry, *days))
    note(book, entry, "cycle.opened", "corroborating", event.cycle)


def elect_officer(book: Book, entry: Entry, event: e.OfficerElected, _keeper: bool) -> None:
    """Seat an officer, or note that an office is contested."""
    name, person, title = entry.id.hex(), event.person.hex(), event.title
    own = ("self_elected",) if entry.person == event.person and _founded(book, entry) else ()
    note(book, entry, "officer.elected", "counted", subject=person, detail=title, reasons=own)
    if not take_turn(book, title, entry):
        too_many(book, entry, "officer.elected")
        return
    _note_authority(book, entry)
    if event.member:
        page = book.persons.find(person) or PersonPage()
        named = (*page.named, (name, event.member.hex()))[-NAMED_MAX:]
        book.persons.put(person, PersonPage(named))
    election = in_force(book, title, lambda other: elected(book, other))
    apart = rivals(book, title, lambda other: elected(book, other))
    book.offices.put(title, OfficePage(elected(book, election), election, apart))
    _contested(book, "contested_office", title, apart)
    status = _standing(name, election, apart)
    reasons = (*own, "contested_office") if apart else own
    note(book, entry, "officer.elected", status, subject=person, detail=title, reasons=reasons)
    _point_out_power(book, title, election)


def _founded(book: Book, entry: Entry) -> bool:
    """Did the author know of all three offices being held?"""
    return all(holder(book, title, entry.past) for title in FOUNDING_OFFICES)


def _point_out_power(book: Book, title: str, election: str) -> None:
    """Say who seated himself, and who keeps the money beside another of the three offices."""
    page = book.entries.find(election) if election else None
    own = page is not None and "self_elected" in page.reasons
    finding = FindingPage((election,), detail=title) if own else None
    _put(book, ("self_elected", title), finding)
    keeper = holder(book, TREASURER)
    others = [other for other in (CHAIRPERSON, SECRETARY) if holder(book, other) == keeper]
    finding = FindingPage(detail=" and ".join(others)) if keeper and others else None
    _put(book, ("offices_combined", TREASURER), finding)


def _put(book: Book, key: tuple[str, str], finding: FindingPage | None) -> None:
    if finding != book.findings.find(key):
        book.findings.put(key, finding)
