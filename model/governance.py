"""The group itself: its name and money, its constitution, its cycles and who holds which office.

Of elections to one office, or constitutions, that did not know of each other none holds: what was
in force before them stays until a fact that knows them all settles it (succession.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import agreeing, claimants, known_outcome
from model.amendments import changes
from model.approvals import propose
from model.book import Book
from model.cycles import open_cycles
from model.decisions import outcome
from model.entry import Entry, Past
from model.journal import entry_page, reversed_by
from model.notes import note, too_many, void
from model.office_watch import keep_unknown
from model.pages import (
    NO_MEETING,
    ConstitutionPage,
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
    KEY_HOLDER,
    MONEY_COUNTER,
    OFFICES,
    SECRETARY,
    TREASURER,
    adopted_terms,
    constitution,
    elected,
    founded,
    holder,
    office_of,
)
from model.succession import in_force, rivals, take_turn, turns_of

NAMED_MAX: Final = 64  # members that elections may say a person is


def describe_group(book: Book, entry: Entry, event: e.GroupDescribed, _keeper: bool) -> None:
    """Take the group's name and money; the first to describe it is its founder."""
    name = entry.id.hex()
    place = (event.village, event.district, event.county, event.country)
    known = book.group.find("group")
    founder = entry.person.hex() if known is None else known.founder
    page = GroupPage(
        name,
        founder,
        event.name,
        event.currency,
        event.exponent,
        event.kind,
        event.description,
        place if any(place) else (),
        event.timezone,
        known.status if known is not None else "",
    )
    if known is not None and (event.currency, event.exponent) != (known.currency, known.exponent):
        # Sums are written down in the first units: they are never read in others.
        page = replace(page, currency=known.currency, exponent=known.exponent)
        book.findings.put(("currency_kept", name), FindingPage((name,), detail=known.currency))
    book.group.put("group", page)
    book.forget_rights()
    note(book, entry, "group.described", "counted", text=event.name)


def set_group_status(book: Book, entry: Entry, event: e.GroupStatusSet, _keeper: bool) -> None:
    """Note that the group rests, or works again; it moves no money and takes no right."""
    note(book, entry, "group.status_set", "counted", detail=event.status, text=event.reason)
    known = book.group.find("group")
    if known is not None:
        book.group.put("group", replace(known, status=event.status))


def propose_constitution(
    book: Book, entry: Entry, event: e.ConstitutionProposed, keeper: bool
) -> None:
    """Ask officers to agree to a constitution; it is adopted by whoever knows that they did.

    The same terms proposed twice on top of the same constitution are one proposal.
    """
    name, base = entry.id.hex(), _base(book, entry.past, ())
    terms = replace(event.terms, proposal=b"")
    book.proposed.put(name, ConstitutionPage(name, terms, base))
    listing.add(book, PROPOSED, name)
    written = msgspec.json.encode(terms, order="deterministic")
    same = hashlib.sha256(written + base.encode()).hexdigest()
    propose(
        book, entry, keeper, "constitution.proposed", NO_MEETING, NO_MEETING, same, 1, 0, "",
        once=f"proposal {same}", count=event.terms.version, text=event.reason,
    )  # fmt: skip


PROPOSED: Final = "proposed constitutions"
PROPOSED_MAX: Final = 4  # newest proposals that are looked at when findings are shown


def watch_proposals(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """A constitution that officers agreed to, and that nobody put in force yet."""
    current = book.constitution.find("current")
    told: set[str] = set()
    for name in listing.newest(book, PROPOSED, PROPOSED_MAX):
        proposal, alike = book.proposed.find(name), agreeing(book, name)
        if proposal is None or current is None or reversed_by(book, entry_page(book, name)):
            continue
        price_changes = proposal.terms.share_value_minor != current.terms.share_value_minor
        blocked = price_changes and bool(open_cycles(book))
        adoptable = outcome(book, alike) == "approved" and _base(book, None, ()) == proposal.base
        if adoptable and not blocked and not told & set(alike):
            told.add(name)
            one = min(alike)  # which of several that say the same depends on no order
            yield "not_adopted", one, FindingPage((one,))


def _base(book: Book, past: Past | None, but: Sequence[str]) -> str:
    """A digest of every constitution that was adopted, as far as an author knew if there is one.

    Without adoptions of the proposals `but`. A proposal is agreed to on top of what its author
    knew: once another constitution was adopted it has to be proposed anew.
    """
    known = sorted(
        name
        for name in turns_of(book, CONSTITUTION)
        if (past is None or bytes.fromhex(name) in past)
        and ((page := book.adopted.find(name)) is None or page.terms.proposal.hex() not in but)
    )
    return hashlib.sha256("".join(known).encode()).hexdigest()


def _not_agreed(book: Book, entry: Entry, event: e.ConstitutionAdopted) -> str:
    """Code of why a constitution can't be adopted, as far as its author knew; empty when it can."""
    if not founded(book, entry.past):
        return ""
    proposal = event.proposal.hex()
    page = book.proposed.find(proposal)
    if page is None or page.terms != replace(event, proposal=b""):
        return "needs_approval"
    if known_outcome(book, proposal, entry.past) != "approved":
        return "needs_approval"
    if _base(book, entry.past, claimants(book, proposal)) != page.base:
        return "constitution_moved_on"
    before = constitution(book, entry.past)
    share_value = before.terms.share_value_minor if before is not None else event.share_value_minor
    if share_value != event.share_value_minor and cycle_known_open(book, entry.past):
        return "share_value_in_cycle"
    return ""


def cycle_known_open(book: Book, past: Past) -> str:
    """The cycle that was open, as far as an author with this past knew; empty when none was."""
    for key, page in book.cycles.rows():
        closed = any(
            bytes.fromhex(name) in past and known_outcome(book, name, past) == "approved"
            for name in page.closings
        )
        opened = any(bytes.fromhex(name) in past for name in (page.entry, *page.openings))
        if opened and not closed:
            return key
    return ""


def adopt_constitution(
    book: Book, entry: Entry, event: e.ConstitutionAdopted, _keeper: bool
) -> None:
    """Put a constitution in force; of two adopted apart, neither: the one before them stays.

    Once the group is founded, officers have agreed to it before, as far as its author knew.
    """
    name = entry.id.hex()
    refused = _not_agreed(book, entry, event)
    if refused:
        void(book, entry, "constitution.adopted", refused)
        return
    book.adopted.put(name, ConstitutionPage(name, event))
    if not take_turn(book, CONSTITUTION, entry):
        too_many(book, entry, "constitution.adopted")
        return
    _note_authority(book, entry)
    before = constitution(book, entry.past)
    current = constitution(book)
    book.constitution.put("current", current)
    if before is not None and current is not None and current.entry == name:
        _point_out_change(book, entry, before, event)
    apart = rivals(book, CONSTITUTION, lambda other: adopted_terms(book, other))
    status = _standing(name, current.entry if current else "", apart)
    _contested(book, "contested_constitution", "current", apart)
    reasons = ("contested_constitution",) if apart else ()
    note(book, entry, "constitution.adopted", status, count=event.version, reasons=reasons)


def _point_out_change(
    book: Book, entry: Entry, old: ConstitutionPage, new: e.ConstitutionAdopted
) -> None:
    """Tell everybody what a new constitution changes, once the group is founded."""
    finding = None
    if changes(old.terms, new, str) and founded(book, entry.past):
        finding = FindingPage((entry.id.hex(), old.entry))
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
    book.rooted_in = None if newest else entry.past


def elect_officer(book: Book, entry: Entry, event: e.OfficerElected, _keeper: bool) -> None:
    """Seat an officer, or note that an office is contested."""
    name, person = entry.id.hex(), event.person.hex()
    title = office_of(event.title, event.seat)
    own = ("self_elected",) if entry.person == event.person and founded(book, entry.past) else ()
    note(book, entry, "officer.elected", "counted", subject=person, detail=title, reasons=own)
    if not take_turn(book, title, entry):
        too_many(book, entry, "officer.elected")
        return
    _note_authority(book, entry)
    keep_unknown(book, name, entry.past)
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
    committee = {holder(book, office) for office in (*FOUNDING_OFFICES, MONEY_COUNTER)} - {""}
    for office, kept in OFFICES.items():
        both = kept == KEY_HOLDER and holder(book, office) in committee
        finding = FindingPage(detail=office) if both else None
        _put(book, ("key_holder_in_committee", office), finding)


def office_history(book: Book, office: str) -> list[tuple[str, str, str]]:
    """Everybody who was elected to an office, in the shared order: entry, person, member (hex).

    The member is empty where the election does not say which member the person is.
    """
    history = []
    for name in turns_of(book, office):
        person = elected(book, name)
        page = book.persons.find(person)
        members = dict(page.named) if page is not None else {}
        history.append((name, person, members.get(name, "")))
    return history


def constitutions(book: Book) -> list[ConstitutionPage]:
    """Every constitution that was adopted, in the shared order."""
    adopted = (book.adopted.find(name) for name in turns_of(book, CONSTITUTION))
    return [page for page in adopted if page is not None]


def _put(book: Book, key: tuple[str, str], finding: FindingPage | None) -> None:
    if finding != book.findings.find(key):
        book.findings.put(key, finding)


RULES: Final = {
    e.GroupDescribed: describe_group,
    e.GroupStatusSet: set_group_status,
    e.ConstitutionProposed: propose_constitution,
    e.ConstitutionAdopted: adopt_constitution,
    e.OfficerElected: elect_officer,
}
