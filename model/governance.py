"""The group itself: its name and money, and its constitution: proposed, agreed to, adopted.

Of constitutions that did not know of each other none holds: what was in force before them stays
until one that knows them all settles it (quarrel.py). Who holds which office is in elections.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import agreeing, known_outcome
from model.alone import RULES as ALONE
from model.alone import bear_witness, decide_alone, decided_alone, unseen, witnesses
from model.amendments import changes
from model.approvals import propose
from model.book import Book
from model.cycles import open_cycles
from model.decisions import outcome
from model.elections import NAMED_MAX, leave_out, show_offices
from model.entry import Entry, Past
from model.journal import entry_page, reversed_by
from model.notes import note, too_many, void
from model.offices import OFFICERS_MIN, founded, officers, offices_of
from model.pages import NO_MEETING, ConstitutionPage, FindingPage, GroupPage, Status
from model.permissions import (
    CONSTITUTION,
    adoption_in_force,
    constitution,
    note_authority,
    rival_constitutions,
)
from model.quarrel import decision_of, is_enacted, put_in_force
from model.succession import take_turn
from model.titles import FOUNDING_OFFICES


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
    assert known is not None  # nobody may record anything of a group before it is described
    book.group.put("group", replace(known, status=event.status))


def propose_constitution(
    book: Book, entry: Entry, event: e.ConstitutionProposed, keeper: bool
) -> None:
    """Ask officers to agree to a constitution; it is adopted by whoever knows that they did.

    The same terms proposed twice on top of the same constitution are one proposal.
    """
    name, base = entry.id.hex(), _base(book, entry.past)
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


def watch_proposals(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """A constitution that officers agreed to, and that nobody put in force yet.

    All proposals are looked at: which are the newest would hang on how ties are ordered.
    """
    current, base = book.constitution.find("current"), _base(book, None)
    if current is None:
        return
    told: set[str] = set()
    for name in listing.every(book, PROPOSED):
        proposal = book.proposed.find(name)
        assert proposal is not None  # it was put there with its name
        if proposal.base != base or reversed_by(book, entry_page(book, name)):
            continue
        alike = agreeing(book, name)
        if not told & set(alike) and _is_adoptable(book, proposal, alike, current):
            told.add(name)
            one = min(alike)  # which of several that say the same depends on no order
            yield "not_adopted", one, FindingPage((one,))


def _is_adoptable(
    book: Book, proposal: ConstitutionPage, alike: Sequence[str], current: ConstitutionPage
) -> bool:
    """Does nothing but somebody's doing it stand between a proposal and its being in force?"""
    if current.terms.proposal.hex() in alike or outcome(book, alike) != "approved":
        return False
    price_changes = proposal.terms.share_value_minor != current.terms.share_value_minor
    return not (price_changes and open_cycles(book))


def _base(book: Book, past: Past | None, but: str = "") -> str:
    """A digest of what officers adopted, as far as an author knew if there is one; but for one.

    A proposal is agreed to on top of what its author knew: once another constitution was adopted
    it has to be proposed anew.
    """
    known = {
        decision_of(book, name)
        for name in listing.every(book, ADOPTED)
        if (past is None or bytes.fromhex(name) in past) and book.alone.find(name) is None
    }
    return hashlib.sha256(" ".join(sorted(known - {but})).encode()).hexdigest()


def _not_agreed(book: Book, entry: Entry, event: e.ConstitutionAdopted) -> str:
    """Code of why a constitution can't be adopted, as far as its author knew; empty when it can."""
    past, proposal = entry.past, event.proposal.hex()
    if not founded(book, past):
        return "" if _may_alone(book, entry) else "not_permitted"
    page, asked = book.proposed.find(proposal), book.decisions.find(proposal)
    if page is None or asked is None or page.terms != replace(event, proposal=b""):
        return "needs_approval"
    if known_outcome(book, proposal, past) != "approved":
        return "needs_approval"
    if len(asked.electors) < OFFICERS_MIN <= len(officers(book, past)):
        return "needs_approval"  # what one officer alone decided is over once there are two
    decision = entry_page(book, proposal).once
    if _base(book, past, decision) != page.base:
        return "constitution_moved_on"
    if is_enacted(book, decision, past):
        return "already_in_force"
    before = constitution(book, past)
    share_value = before.terms.share_value_minor if before is not None else event.share_value_minor
    if share_value != event.share_value_minor and cycle_known_open(book, past):
        return "share_value_in_cycle"
    return ""


def _may_alone(book: Book, entry: Entry) -> bool:
    """May the author set the rules alone, while the group is being founded?"""
    group, person = book.group.find("group"), entry.person.hex()
    founder = group is not None and person == group.founder
    return founder or bool({*offices_of(book, person, entry.past)} & {*FOUNDING_OFFICES})


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
    name, past, proposal = entry.id.hex(), entry.past, event.proposal.hex()
    refused = _not_agreed(book, entry, event)
    if refused:
        void(book, entry, "constitution.adopted", refused)
        return
    asked = book.decisions.find(proposal)
    alone = asked is None or len(asked.electors) < OFFICERS_MIN
    before = constitution(book, past)
    targets = (proposal,) if asked is not None else ()
    note(book, entry, "constitution.adopted", "counted", count=event.version, targets=targets)
    book.adopted.put(name, ConstitutionPage(name, event))
    if not (decide_alone(book, ALONE, entry) if alone else take_turn(book, CONSTITUTION, entry)):
        too_many(book, entry, "constitution.adopted")
        return
    listing.add(book, ADOPTED, name)
    if targets:
        put_in_force(book, entry, decision_of(book, name))
    note_authority(book, entry, beside=witnesses(book) if alone else ())
    if not alone:
        bear_witness(book, entry)
    show_constitution(book, name)
    current = book.constitution.find("current")
    if before is not None and current is not None and current.entry == name:
        _point_out_change(book, entry, before, event)


ADOPTED: Final = "adopted constitutions"


def show_constitution(book: Book, new: str = "") -> None:
    """Keep which constitution is in force now; `new`: one that was just adopted."""
    adoption = adoption_in_force(book, None)
    current = book.adopted.find(adoption) if adoption else None
    if current != book.constitution.find("current"):
        book.constitution.put("current", current)
    apart = rival_constitutions(book)
    about = "current"
    finding = FindingPage(apart[-NAMED_MAX:], detail=about) if apart else None
    _put(book, ("contested_constitution", about), finding)
    for name in unseen(book):
        leave_out(book, name)
    page_now = book.entries.find(new)
    if page_now is not None and page_now.status != "void":
        status: Status = "counted" if adoption == new else "corroborating"
        reasons = ("contested_constitution",) if new in apart else ()
        status = "suspense" if apart else status
        book.entries.put(new, replace(page_now, status=status, reasons=reasons))


def _point_out_change(
    book: Book, entry: Entry, old: ConstitutionPage, new: e.ConstitutionAdopted
) -> None:
    """Tell everybody what a new constitution changes, once the group is founded."""
    finding = None
    if changes(old.terms, new, str) and founded(book, entry.past):
        finding = FindingPage((entry.id.hex(), old.entry))
    _put(book, ("constitution_changed", "current"), finding)


def see_witness(book: Book, entry: Entry) -> None:
    """Let what an officer writes be a witness that the group is founded, see alone.py.

    A device that has nothing to add is remembered by the entry that said so, and what follows that
    entry is not asked again; what the copy of a cloned phone wrote does not follow it.
    """
    group, person, past = book.group.find("group"), entry.person.hex(), entry.past
    founder = group is not None and person == group.founder
    if not founder and not witnesses(book, past):
        if not founded(book, past) or len(officers(book, past)) < OFFICERS_MIN:
            return
        informed = past is book.informed
        if not decided_alone(book, person, past) and bear_witness(book, entry):
            if not informed:
                note_authority(book, entry)
            book.forget_rights()
            show_offices(book)
            show_constitution(book)
    book.settlers[entry.device] = entry.id


def constitutions(book: Book) -> list[ConstitutionPage]:
    """Every constitution that was adopted, in the shared order."""
    adopted = (book.adopted.find(name) for name in listing.every(book, ADOPTED))
    return [page for page in adopted if page is not None]


def _put(book: Book, key: tuple[str, str], finding: FindingPage | None) -> None:
    if finding != book.findings.find(key):
        book.findings.put(key, finding)


RULES: Final = {
    e.GroupDescribed: describe_group,
    e.GroupStatusSet: set_group_status,
    e.ConstitutionProposed: propose_constitution,
    e.ConstitutionAdopted: adopt_constitution,
}
