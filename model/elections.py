"""Who takes an office and who loses it: proposed, agreed to by officers, put in force.

While the group is being founded its founder elects alone. After that a strict majority of all
officers agrees first (decisions.py), and whoever knows that they did puts the election in force.
A proposal is agreed to on top of the elections to that office that its author knew: once another
was put in force it has to be proposed anew. No election leaves fewer than two people in office.
What becomes of elections that did not know of each other is in offices.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import agreeing, known_agreed, known_outcome
from model.alone import Seats, bear_witness, decide_alone, seated, unseen, witnesses
from model.approvals import propose
from model.book import Book
from model.decisions import agreed, decision, missing, outcome
from model.entry import Entry, Past
from model.journal import entry_page
from model.notes import note, too_many, void
from model.office_pages import SeatsPage
from model.office_watch import keep_unknown
from model.offices import (
    ELECTIONS,
    OFFICERS_MIN,
    Seating,
    elections_to,
    founded,
    holder,
    officers,
    offices_of,
    people_in,
    seating,
)
from model.pages import NO_MEETING, FindingPage, OfficePage, PersonPage, Status
from model.permissions import note_authority
from model.quarrel import decision_of, is_enacted, put_in_force
from model.succession import standing_of, take_turn
from model.titles import (
    CHAIRPERSON,
    FOUNDING_OFFICES,
    KEY_HOLDER,
    MONEY_COUNTER,
    OFFICES,
    SECRETARY,
    TREASURER,
    office_of,
)

NAMED_MAX: Final = 64  # members that elections may say a person is, entries that a finding names
WAITING_MAX: Final = 16  # newest proposals that are looked at when findings are shown
_PROPOSED: Final = "proposed elections"


def propose_election(book: Book, entry: Entry, event: e.OfficerProposed, keeper: bool) -> None:
    """Ask officers to elect somebody, or to let an office fall vacant."""
    refused = _not_to_propose(book, entry, event)
    if refused:
        void(book, entry, "officer.proposed", refused, text=event.reason)
        return
    office, person, member = _said(event)
    same = _digest(book, entry.past, office, person, member)
    listing.add(book, _PROPOSED, entry.id.hex())
    propose(
        book, entry, keeper, "officer.proposed", NO_MEETING, NO_MEETING, person, 1, 0, office,
        once=f"proposal {same}", member=member, text=event.reason,
    )  # fmt: skip


def _not_to_propose(book: Book, entry: Entry, event: e.OfficerProposed) -> str:
    """Code of why a proposal has no effect, as far as its author knew; empty when it has."""
    office, person, _ = _said(event)
    if not founded(book, entry.past):
        return "still_founding"
    seats = seating(book, entry.past).seats
    if not person and not seats.get(office, ("", ""))[0]:
        return "already_vacant"
    return "too_few_left" if _leaves_too_few(seats, office, person) else ""


def _said(event: e.OfficerProposed | e.OfficerElected) -> tuple[str, str, str]:
    """Office, person and member (hex, or empty) that an election names."""
    return office_of(event.title, event.seat), event.person.hex(), event.member.hex()


def _leaves_too_few(seats: Seats, office: str, person: str) -> bool:
    """Would so few people stay in office that nothing could be decided against one of them?

    A group that has one officer may go on with one, who leaves no office vacant.
    """
    after = len(people_in({**seats, office: (person, "")}))
    return after < (OFFICERS_MIN if not person else min(OFFICERS_MIN, len(people_in(seats))))


def _digest(book: Book, past: Past, office: str, person: str, member: str, but: str = "") -> str:
    """What a proposal says, and the elections to the office that its author knew; but for one."""
    known = {
        decision_of(book, name)
        for name in listing.every(book, elections_to(office))
        if bytes.fromhex(name) in past and book.alone.find(name) is None
    }
    words = (office, person, member, *sorted(known - {but}))
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def elect_officer(book: Book, entry: Entry, event: e.OfficerElected, _keeper: bool) -> None:
    """Put an election in force, unless officers have not agreed to it as far as its author knew."""
    seats = seating(book, entry.past).seats
    refused = _refusal(book, entry, event, seats)
    if refused:
        void(book, entry, "officer.elected", refused)
        return
    office, person, member = _said(event)
    proposal = event.proposal.hex() if founded(book, entry.past) else ""
    alone = not proposal or len(decision(book, proposal).electors) < OFFICERS_MIN
    note(
        book, entry, "officer.elected", "counted", subject=person, detail=office, member=member,
        targets=(proposal,) if proposal else (),
    )  # fmt: skip
    topic = office if alone else ELECTIONS
    if not (decide_alone(book, topic, entry) if alone else take_turn(book, topic, entry)):
        too_many(book, entry, "officer.elected")
        return
    _seat(book, entry, event, seats, proposal)
    note_authority(book, entry, beside=witnesses(book) if alone else ())
    if not alone:
        bear_witness(book, entry)
    show_offices(book, entry.id.hex())


def _seat(book: Book, entry: Entry, event: e.OfficerElected, seats: Seats, proposal: str) -> None:
    """Keep who holds which office after an election, and what it did not know of."""
    office, person, member = _said(event)
    name, past = entry.id.hex(), entry.past
    before = seats.get(office, ("", ""))[0]
    backers = known_agreed(book, proposal, past) if proposal else frozenset()
    ousts = before if before not in (person, *backers) else ""
    after = seated({**seats, office: (person, name)})
    book.seatings.put(name, SeatsPage(after, office, ousts))
    listing.add(book, elections_to(office), name)
    if proposal:
        put_in_force(book, entry, decision_of(book, name))
    keep_unknown(book, name, past)
    if member and person:
        page = book.persons.find(person) or PersonPage()
        named = (*page.named, (name, member))[-NAMED_MAX:]
        book.persons.put(person, PersonPage(named))


def _refusal(book: Book, entry: Entry, event: e.OfficerElected, seats: Seats) -> str:
    """Code of why an election has no effect, as far as its author knew; empty when it has."""
    if founded(book, entry.past):
        return _not_agreed(book, entry, event, seats)
    group, person = book.group.find("group"), entry.person.hex()
    alone = (group is not None and person == group.founder) or (
        SECRETARY in offices_of(book, person, entry.past)
    )
    if not alone:
        return "not_permitted"
    return "" if event.person else "needs_election"


def _not_agreed(book: Book, entry: Entry, event: e.OfficerElected, seats: Seats) -> str:
    """Code of why officers have not agreed to an election; empty when they have."""
    office, person, member = _said(event)
    past, proposal = entry.past, event.proposal.hex()
    page, asked = book.entries.find(proposal), book.decisions.find(proposal)
    if page is None or asked is None or page.kind != "officer.proposed":
        return "needs_election"
    if (page.detail, page.subject, page.member) != (office, person, member):
        return "needs_election"
    if known_outcome(book, proposal, past) != "approved":
        return "needs_election"
    if len(asked.electors) < OFFICERS_MIN <= len(people_in(seats)):
        return "needs_election"  # what one officer alone decided is over once there are two
    if page.once != f"proposal {_digest(book, past, office, person, member, page.once)}":
        return "office_moved_on"
    if is_enacted(book, page.once, past):
        return "already_in_force"
    return "too_few_left" if _leaves_too_few(seats, office, person) else ""


def show_offices(book: Book, new: str = "") -> None:
    """Keep who holds which office now, and what people must be told of it.

    `new`: an election that was just put in force.
    """
    known = seating(book)
    for office in OFFICES:
        holds, election = known.seats.get(office, ("", ""))
        apart = known.rivals.get(office, ())
        page = OfficePage(holds, election, apart) if election or apart else None
        if page != book.offices.find(office):
            book.offices.put(office, page)
        _put(book, ("contested_office", office), _named(apart, office))
    _put(book, ("removed_apart", "offices"), _named(known.stopped))
    _put(book, ("too_few_left_apart", "offices"), _named(known.held_back))
    for name in unseen(book):
        leave_out(book, name)
    quarrelled = (turn.entry for turn in standing_of(book, ELECTIONS).since)
    for name in dict.fromkeys((*quarrelled, new) if new else quarrelled):
        _restate(book, known, name)
    _point_out_power(book)


def _named(names: tuple[str, ...], detail: str = "") -> FindingPage | None:
    return FindingPage(names[-NAMED_MAX:], detail=detail) if names else None


def leave_out(book: Book, name: str) -> None:
    """Say that what one person decided alone has no effect, because it came out too late."""
    page = entry_page(book, name)
    if "founding_over" not in page.reasons:
        book.entries.put(name, replace(page, status="void", reasons=("founding_over",)))
        book.findings.put(("founding_over", name), FindingPage((name,), detail=page.kind))


def _restate(book: Book, known: Seating, name: str) -> None:
    """Let an election stand as it holds now, among others of which not everybody knew."""
    page = entry_page(book, name)
    if page.status == "void":
        return
    reason = ""
    if name in known.rivals.get(page.detail, ()):
        reason = "contested_office"
    elif name in known.stopped:
        reason = "removed_apart"
    elif name in known.held_back:
        reason = "too_few_left_apart"
    holds = known.seats.get(page.detail, ("", ""))[1]
    status: Status = "counted" if holds == name else "corroborating"
    if reason:
        status = "suspense"
    reasons = (reason,) if reason else ()
    if (page.status, page.reasons) != (status, reasons):
        book.entries.put(name, replace(page, status=status, reasons=reasons))


def _point_out_power(book: Book) -> None:
    """Say who keeps the money beside another of the three offices, or a key beside any."""
    keeper = holder(book, TREASURER)
    others = [other for other in (CHAIRPERSON, SECRETARY) if holder(book, other) == keeper]
    finding = FindingPage(detail=" and ".join(others)) if keeper and others else None
    _put(book, ("offices_combined", TREASURER), finding)
    committee = {holder(book, office) for office in (*FOUNDING_OFFICES, MONEY_COUNTER)} - {""}
    for office, kept in OFFICES.items():
        both = kept == KEY_HOLDER and holder(book, office) in committee
        finding = FindingPage(detail=office) if both else None
        _put(book, ("key_holder_in_committee", office), finding)


def _put(book: Book, key: tuple[str, str], finding: FindingPage | None) -> None:
    if finding != book.findings.find(key):
        book.findings.put(key, finding)


def watch_elections(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Elections to be put in force, main offices that nobody holds, a group of one officer."""
    if not founded(book, None):
        return
    if len(officers(book, None)) < OFFICERS_MIN:
        yield "one_officer", "offices", FindingPage()
    for office in FOUNDING_OFFICES:
        if not holder(book, office):
            yield "office_vacant", office, FindingPage(detail=office)
    told: set[str] = set()
    for name in listing.newest(book, _PROPOSED, WAITING_MAX):
        alike = agreeing(book, name)
        if told & set(alike):
            continue
        told.update(alike)
        if outcome(book, alike) == "approved" and is_open(book, name):
            yield "not_elected", min(alike), FindingPage((min(alike),))


def is_open(book: Book, proposal: str) -> bool:
    """May a proposed election still be put in force, once officers agree?"""
    page, asked = entry_page(book, proposal), book.decisions.find(proposal)
    if asked is None or is_enacted(book, page.once):
        return False
    seats = seating(book).seats
    if len(asked.electors) < OFFICERS_MIN <= len(people_in(seats)):
        return False
    same = _digest(book, _EVERYTHING, page.detail, page.subject, page.member, page.once)
    return page.once == f"proposal {same}" and not _leaves_too_few(seats, page.detail, page.subject)


class _Everything:
    """The past of one who knows all that is here."""

    def __contains__(self, entry_id: object, /) -> bool:
        return True


_EVERYTHING: Final = _Everything()


def still_asked(book: Book, proposal: str) -> list[str]:
    """The offices, of those who were asked, whose holders have not agreed to a proposal yet."""
    alike = agreeing(book, proposal)
    said = agreed(book, alike)
    people = [one for name in alike for one in decision(book, name).electors if one not in said]
    offices = {one: offices_of(book, one, None) for one in dict.fromkeys(people)}
    return [held[0] for held in offices.values() if held] if missing(book, alike) else []


def office_history(book: Book, office: str) -> list[tuple[str, str, str]]:
    """Everybody who was elected to an office, in the shared order: entry, person, member (hex).

    The person is empty where it fell vacant, the member where the election does not say which
    member the person is.
    """
    history = []
    for name in listing.every(book, elections_to(office)):
        page = entry_page(book, name)
        if page.status != "void":
            history.append((name, page.subject, page.member))
    return history


RULES: Final = {
    e.OfficerProposed: propose_election,
    e.OfficerElected: elect_officer,
}
