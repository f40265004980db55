"""The group itself: its name and money, its constitution, its cycles and who holds which office.

One person holds an office. Two elections that did not know of each other are contested: whoever
held the office before keeps it until an election that knows both settles it.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.entry import Entry
from model.notes import note
from model.pages import (
    ConstitutionPage,
    CyclePage,
    FindingPage,
    GroupPage,
    OfficePage,
    PersonPage,
    TermOfOffice,
)
from model.permissions import FOUNDING_OFFICES

TERMS_KEPT: Final = 64  # ended terms of office that a person's page remembers


def describe_group(book: Book, entry: Entry, event: e.GroupDescribed, _keeper: bool) -> None:
    """Take the group's name and money; the first to describe it is its founder."""
    name = entry.id.hex()
    known = book.group.find("group")
    founder = entry.person.hex() if known is None else known.founder
    until = "" if known is None else known.founding_until
    page = GroupPage(name, founder, event.name, event.currency, event.exponent, event.kind, until)
    if known is not None and _has_money(book):
        # Sums were written down in the old units: they are never re-read in others.
        page = replace(page, currency=known.currency, exponent=known.exponent)
    book.group.put("group", page)
    book.rights.clear()
    note(book, entry, "group.described", "counted", text=event.name)


def _has_money(book: Book) -> bool:
    return any(True for _ in book.accounts.rows())


def adopt_constitution(
    book: Book, entry: Entry, event: e.ConstitutionAdopted, _keeper: bool
) -> None:
    """Put a constitution in force; of two adopted apart, neither: the one before them stays."""
    name = entry.id.hex()
    current = book.constitution.find("current")
    about = ("contested_constitution", "current")
    noted = book.findings.find(about)
    book.rights.clear()
    rivals = noted.entries if noted else (current.entry,) if current else ()
    if all(_knew(entry, rival) for rival in rivals):
        if noted is not None:
            book.findings.put(about, None)
        before = (current.entry, current.terms) if current else ("", None)
        book.constitution.put("current", ConstitutionPage(name, event, *before))
        note(book, entry, "constitution.adopted", "counted", count=event.version)
    elif noted is None and current is not None and current.terms == event:
        note(book, entry, "constitution.adopted", "corroborating", count=event.version)
    else:
        if noted is None and current is not None:
            older = current.previous
            page = None if older is None else ConstitutionPage(current.previous_entry, older)
            book.constitution.put("current", page)
        book.findings.put(about, FindingPage((*rivals, name)[-64:]))
        note(book, entry, "constitution.adopted", "suspense", reasons=(about[0],))


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
    name, person = entry.id.hex(), event.person.hex()
    office = book.offices.find(event.title)
    contested = office is not None and not all(
        _knew(entry, rival) for rival in (office.rivals or (office.entry,))
    )
    about = ("contested_office", event.title)
    book.rights.clear()
    if office is None or not contested:
        if office is not None:
            _leave(book, office.holder, event.title, name)
        if book.findings.find(about) is not None:
            book.findings.put(about, None)
        before = (office.holder, office.entry) if office is not None else ("", "")
        book.offices.put(event.title, OfficePage(person, name, *before))
        _enter(book, person, event.title, name, event.member.hex())
        _end_founding(book, name)
        note(book, entry, "officer.elected", "counted", subject=person, detail=event.title)
        return
    if office.holder == person and not office.rivals:
        note(book, entry, "officer.elected", "corroborating", subject=person, detail=event.title)
        return
    rivals = (*(office.rivals or (office.entry,)), name)
    if not office.rivals:
        _leave(book, office.holder, event.title, name)
        if office.previous:
            _enter(book, office.previous, event.title, office.previous_entry, "")
        office = OfficePage(office.previous, office.previous_entry)
    book.offices.put(event.title, replace(office, rivals=rivals))
    book.findings.put(about, FindingPage(rivals, detail=event.title))
    note(
        book,
        entry,
        "officer.elected",
        "suspense",
        subject=person,
        detail=event.title,
        reasons=("contested_office",),
    )


def _knew(entry: Entry, name: str) -> bool:
    return not name or bytes.fromhex(name) in entry.past


def _enter(book: Book, person: str, title: str, since: str, member: str) -> None:
    page = book.persons.find(person) or PersonPage(())
    held = [term for term in page.terms if not term.until]
    ended = [term for term in page.terms if term.until][-TERMS_KEPT:]
    terms = (*ended, *held, TermOfOffice(title, since))
    book.persons.put(person, PersonPage(terms, member or page.member))


def _leave(book: Book, person: str, title: str, until: str) -> None:
    page = book.persons.find(person)
    if page is None:
        return
    terms = tuple(
        replace(term, until=until) if term.title == title and not term.until else term
        for term in page.terms
    )
    book.persons.put(person, replace(page, terms=terms))


def _end_founding(book: Book, election: str) -> None:
    """End the founder's special right when the three offices have been filled."""
    group = book.group.find("group")
    if group is None or group.founding_until:
        return
    if all(book.offices.find(title) is not None for title in FOUNDING_OFFICES):
        book.group.put("group", replace(group, founding_until=election))
