"""What a stopped device named, and what others build on it: their entries stand, and are marked.

A member, a loan request, a partner or a merry-go-round that a stopped device wrote down is only
offered. It is there as soon as somebody else's entry names it, because what that entry tells has
happened; officers who ratify it make it one like any other. An entry that names what is in suspense
says so until officers have gone through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.aside import FOLLOW
from model.book import Book
from model.decisions import open_decision
from model.derived import Work
from model.entry import Entry
from model.fund_pages import PartnerPage
from model.journal import entry_page
from model.lending import add_loan
from model.loan_facts import guarantees_asked
from model.loan_ledger import asked_text, put_loan
from model.meetings import date_meeting
from model.members import compare_again, member_named, tag_member
from model.notes import note, note_held, void
from model.pages import NO_TERMS, LoanPage, MemberPage, RotationPage
from model.partners import partner_named
from model.permissions import names_in
from model.stopped import (
    FOLLOWED_MAX,
    RATIFIED,
    REJECTED,
    STOPPED,
    TOO_MANY,
    is_apart,
    place_of,
)
from model.suspense_pages import OfferedPage

UNCONFIRMED: Final = "unconfirmed"
"""Status of a member whom only a stopped device added."""
RESTS: Final = "rests_on_suspense"
RESTS_ON_REJECTED: Final = "rests_on_rejected"
_SPEAKS: Final = (
    *(e.ApprovalGiven, e.ApprovalWithdrawn, e.RequestDeclined, e.ConflictResolved),
    *(e.EntryDisputed, e.LateEntryAccepted, e.LateEntryRejected, e.EntryReversed),
    *(e.SuspenseRatified, e.SuspenseRejected),
)
"""They speak of an entry, and build nothing on it."""


def offer_member(book: Book, entry: Entry, event: e.MemberAdded) -> None:
    """Keep a member whom somebody may have known since."""
    name = entry.id.hex()
    page = MemberPage(
        event.number, event.joined_on, UNCONFIRMED, event.name_tag.hex(), event.phone_tag.hex()
    )
    book.offered.put(name, OfferedPage(member=page))
    _note(book, entry, "member.added", subject=name, count=event.number)


def offer_details(book: Book, entry: Entry, event: e.PersonSealed) -> None:
    """Keep a member's sealed details; whose are shown says whoever opens them."""
    name = book.hexed[event.member]
    page = book.entries.find(name)
    if page is None or page.kind != "member.added":
        void(book, entry, "person.sealed", "unknown_reference")
        return
    _note(book, entry, "person.sealed", subject=name)


def offer_partner(book: Book, entry: Entry, event: e.PartnerSet) -> None:
    """Keep an organisation that is new; what is said of a known one has no effect."""
    name = entry.id.hex()
    partner = partner_named(book, event.partner) if event.partner else name
    if not event.partner:
        page = PartnerPage(
            event.name, event.kind, event.contact, event.country, False, not event.active, (name,)
        )
        book.offered.put(name, OfferedPage(partner=page))
    _note(book, entry, "partner.set", subject=partner, text=event.name)


def offer_request(book: Book, entry: Entry, event: e.LoanApplied) -> None:
    """Keep a request for a loan that somebody may have paid out since."""
    build_on(book, entry, event)  # a member of its own, whoever else names that one
    member = member_named(book, event.member)
    guarantees = guarantees_asked(book, event.guarantors)
    if not member or guarantees is None:
        void(book, entry, "loan.applied", "unknown_reference")
        return
    loan = LoanPage(
        member, event.amount_minor, event.purpose, event.cycle, event.session, event.periods,
        *NO_TERMS, social=event.fund == "social_fund", guarantors=guarantees,
        collateral=event.collateral, collateral_minor=event.collateral_minor,
    )  # fmt: skip
    offer_loan(book, entry.id.hex(), loan)
    _note(
        book, entry, "loan.applied", subject=member, amount=event.amount_minor,
        detail=asked_text(event.periods, event.fund, guarantees), text=event.purpose,
    )  # fmt: skip


def offer_loan(book: Book, name: str, loan: LoanPage) -> None:
    """Keep a loan that only a stopped device knows of."""
    book.offered.put(name, OfferedPage(loan=loan))


def offer_rotation(book: Book, entry: Entry, event: e.RotationStarted) -> None:
    """Keep a merry-go-round into which members may have paid since; officers agree to it anew."""
    build_on(book, entry, event)  # members of its own, whoever else names them
    slots = tuple(member_named(book, slot) for slot in event.slots)
    if "" in slots:
        void(book, entry, "rotation.started", "unknown_reference")
        return
    page = RotationPage(
        event.contribution_minor, slots, event.order, event.commitment.hex(), event.fee_minor,
        event.group_covers,
    )  # fmt: skip
    book.offered.put(entry.id.hex(), OfferedPage(rotation=page))
    _note(
        book, entry, "rotation.started", subject="rotation", amount=event.contribution_minor,
        count=len(slots),
    )  # fmt: skip
    open_decision(book, entry, "rotation.started")


def offer_day(book: Book, entry: Entry, event: e.MeetingOpened) -> None:
    """Keep the day of a meeting: it is used where others recorded something in the meeting, until
    one of them opens it. Of several the earliest."""
    key = (event.cycle, event.session)
    day = min(filter(None, (book.offered_days.find(key), event.held_on)))
    book.offered_days.put(key, day)
    note_held(book, entry, "meeting.opened")
    page = book.meetings.find(key)
    if page is not None and not page.opened and page.held_on != day:
        book.meetings.put(key, replace(page, held_on=day))
        date_meeting(book, key)


def _note(book: Book, entry: Entry, kind: str, **told: Any) -> None:
    event: Any = entry.event
    where = (event.cycle, event.session) if hasattr(event, "session") else ()
    reasons: tuple[str, ...] = (STOPPED,)
    if place_of(book, entry) > FOLLOWED_MAX:
        reasons += (TOO_MANY,)
    note(book, entry, kind, "suspense", *where, reasons=reasons, **told)


OFFERS: Final[dict[type, Callable[[Book, Entry, Any], None]]] = {
    e.MemberAdded: offer_member,
    e.PersonSealed: offer_details,
    e.PartnerSet: offer_partner,
    e.LoanApplied: offer_request,
    e.RotationStarted: offer_rotation,
    e.MeetingOpened: offer_day,
}


def take_up(book: Book, name: str, *, listed: bool) -> None:
    """Let what an entry offers be there; `listed`: for all, not only for its device's own."""
    page = book.offered.find(name)
    if page is None:
        return
    if page.member is not None and book.members.find(name) is None:
        book.members.put(name, page.member)
    if page.partner is not None and book.partners.find(name) is None:
        book.partners.put(name, page.partner)
        book.described.put(name, page.partner)
    if page.rotation is not None and book.rotations.find(name) is None:
        book.rotations.put(name, page.rotation)
    if page.loan is not None and book.loans.find(name) is None:
        book.loans.put(name, page.loan)
    if not listed:
        return
    book.offered.put(name, None)
    if page.member is not None:
        tag_member(book, name)
    loan = book.loans.find(name) if page.loan is not None else None
    if loan is not None:
        add_loan(book, name, loan)


def build_on(book: Book, entry: Entry, event: object) -> tuple[str, ...]:
    """Let what an entry names be there; the entries of stopped devices that it builds on."""
    found = []
    for reference in names_in(event):
        name = book.hexed[reference]
        page = book.entries.find(name)
        if page is None or not page.stopped:
            continue
        take_up(book, name, listed=not entry.held)
        if not entry.held and not isinstance(event, _SPEAKS):
            found.append(name)
    return tuple(dict.fromkeys(found))


def mark(book: Book, entry: Entry, bases: tuple[str, ...]) -> None:
    """Note on what an entry builds, as far as it has any effect."""
    name = entry.id.hex()
    page = book.entries.find(name)
    if page is None or page.status == "void":
        return
    book.rests.put(name, bases)
    for base in bases:
        listing.add(book, rests_topic(base), name)
    _remark(book, name)


def rests_topic(base: str) -> str:
    """Topic of the list of all that was built on an entry of a stopped device."""
    return f"rests {base}"


def _remark(book: Book, name: str) -> None:
    """Say whether an entry builds on what is in suspense, or was rejected."""
    page = entry_page(book, name)
    bases = [entry_page(book, base) for base in book.rests.find(name) or ()]
    said = ""
    if any(REJECTED in base.reasons for base in bases):
        said = RESTS_ON_REJECTED
    elif any(map(is_apart, bases)):
        said = RESTS
    reasons = tuple(own for own in page.reasons if own not in (RESTS, RESTS_ON_REJECTED))
    reasons = (said, *reasons) if said else reasons  # those of its standing come last
    if reasons != page.reasons:
        book.entries.put(name, replace(page, reasons=reasons))


def _follow(book: Book, name: str) -> None:
    """Let what an entry of a stopped device named be as officers have it now."""
    page = entry_page(book, name)
    if RATIFIED in page.reasons:
        take_up(book, name, listed=True)
    member = book.members.find(name) if page.kind == "member.added" else None
    if member is not None and not member.status_entries:
        status = UNCONFIRMED if is_apart(page) else "active"
        if status != member.status:
            book.members.put(name, replace(member, status=status))
            compare_again(book, name)
    for other in listing.every(book, rests_topic(name)):
        _remark(book, other)


WORK: Final[Mapping[str, Work]] = {FOLLOW: _follow}
RULES: Final[dict[type, Any]] = {}
"""It follows what others do; no fact is its own."""

__all__ = ["OFFERS", "build_on", "mark", "offer_loan", "put_loan", "take_up"]
