"""Reversals: an entry is taken back by an officer who did not write it, and stays visible.

The reversal posts the opposite of what the entry posted, in the meeting that corrects. Several
reversals of one entry are one. A reversal may itself be taken back. It also takes back the
entries that said the same and that its author knew of, else the next one would simply step in: of
a reversal, the other reversals of the same entry.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import events as e
from model.agreement import claimants, known_outcome
from model.book import Book
from model.claims import said
from model.decisions import open_decision
from model.entry import Entry
from model.journal import CASH, entry_page
from model.limits import said_enough
from model.notes import note, void
from model.pages import EntryPage, FindingPage
from model.sheets import add_claim
from model.standing import CLAIMS_EACH, CLAIMS_MAX, is_gated, open_unannounced, resettle_reversal

DEPTH_MAX: Final = 8  # a reversal of a reversal of …: more is a quarrel, not a correction
TWINS_MAX: Final = 4  # reversals beside the named one that one more takes back with it
_FINAL: Final = frozenset(
    {"approval.given", "approval.withdrawn", "request.declined"}  # by a word of one's own
    | {"group.described", "constitution.adopted", "cycle.opened", "member.added", "person.sealed"}
    | {"person.erased"}  # what is forgotten stays so
    | {"member.status_set", "member.profile_set", "officer.elected"}
    | {"officer.proposed", "constitution.proposed"}  # one officer can't say no for the others
    | {"meeting.opened", "meeting.closed", "agenda.reached", "loan.applied", "partner.set"}
)
"""Kinds that are changed by a new fact of their own, not by a reversal."""


def reverse_entry(book: Book, entry: Entry, event: e.EntryReversed, _keeper: bool) -> None:
    """Take an entry back, unless its own author asks."""
    target = event.target.hex()
    page = book.entries.find(target)
    refused = _refusal(book, entry, target, page)
    if page is None or refused:
        void(book, entry, "entry.reversed", refused, text=event.reason)
        return
    name = entry.id.hex()
    targets = (target, *_agreeing(book, entry, target, page))
    key = (event.cycle, event.session)
    meeting = book.meetings.find(key)
    if meeting is None and not entry.held:
        open_unannounced(book, *key)
    note(
        book,
        entry,
        "entry.reversed",
        "corroborating",
        *key,
        subject=page.member or page.subject,
        targets=targets,
        count=page.count + 1 if page.kind == "entry.reversed" else 1,
        amount=page.amount,
        detail=page.kind,
        text=event.reason,
    )
    add_claim(book, *key, page.member or page.subject, ("entry.reversed", 0, name))
    if meeting is not None and meeting.closes and is_gated(book, page):
        book.entries.put(name, replace(entry_page(book, name), late=True))
    binding = _decided(book, entry, target)
    rivals = (rival for taken in targets for rival in entry_page(book, taken).reversals)
    knew = tuple(rival for rival in dict.fromkeys(rivals) if bytes.fromhex(rival) in entry.past)
    if knew:
        book.entries.put(name, replace(entry_page(book, name), knew=knew))
    for taken in targets:
        taken_page = entry_page(book, taken)
        book.entries.put(taken, replace(taken_page, reversals=(*taken_page.reversals, name)))
    if binding:
        open_decision(book, entry, "entry.reversed", page.member, at_least=binding)
    resettle_reversal(book, name)
    _point_out_receipt(book, name, page)


def _point_out_receipt(book: Book, name: str, page: EntryPage) -> None:
    """Let everybody see that money which was received is said not to have been."""
    if any(amount > 0 and account in CASH for account, _, amount in page.held):
        about = page.member or page.subject
        finding = FindingPage((name,), about, page.cycle, page.session, (page.amount,))
        book.findings.put(("receipt_reversed", name), replace(finding, detail=page.kind))


def _never_counted(book: Book, target: str, page: EntryPage) -> bool:
    """Had an entry no effect from the beginning, whatever else is known?"""
    return page.status == "void" and not page.targets and not claimants(book, target)


def _refusal(book: Book, entry: Entry, target: str, page: EntryPage | None) -> str:
    """Code of why the reversal has no effect; empty when it has."""
    if page is None:
        return "unknown_reference"
    person = entry.person.hex()
    if page.person == person:
        return "needs_another_officer"
    # Taking a reversal back puts its target in place again: not by the one who wrote that.
    taken_back = page.targets[:1] if page.kind == "entry.reversed" else ()
    if any(entry_page(book, taken).person == person for taken in taken_back):
        return "restores_own_entry"
    if page.kind in _FINAL or _never_counted(book, target, page):
        return "not_reversible"
    if len(page.reversals) >= CLAIMS_MAX:
        return "too_many"
    if entry.held:  # whoever has a stolen phone leaves room for officers' own reversals
        held = (other for other in page.reversals if entry_page(book, other).stopped)
        if said_enough(held, entry.past, CLAIMS_EACH):
            return "too_many"
    if page.kind == "entry.reversed" and page.count >= DEPTH_MAX:
        return "not_reversible"
    return ""


def _agreeing(book: Book, entry: Entry, target: str, page: EntryPage) -> tuple[str, ...]:
    """Entries that said the same as the target, and that the author knew of."""
    same = []
    if page.kind == "entry.reversed":
        twins = entry_page(book, page.targets[0]).reversals if page.targets else ()
        known = (twin for twin in twins if twin != target and bytes.fromhex(twin) in entry.past)
        free = (twin for twin in known if len(entry_page(book, twin).reversals) < CLAIMS_MAX)
        return tuple(free)[:TWINS_MAX]
    for other in claimants(book, target):
        twin = entry_page(book, other)
        if other == target or said(twin) != said(page) or len(twin.reversals) >= CLAIMS_MAX:
            continue
        if bytes.fromhex(other) in entry.past:
            same.append(other)
    return tuple(same)


def _decided(book: Book, entry: Entry, target: str) -> int:
    """How many officers must take back what so many of them decided; 0 for other entries."""
    page = book.decisions.find(target)
    if page is None or not page.binding:
        return 0
    decided = known_outcome(book, target, entry.past) == "approved"
    return page.needed if decided else 0


RULES: Final = {e.EntryReversed: reverse_entry}
