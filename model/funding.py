"""Money from partners: promised, received, paid back, given up; never mixed with members' own.

A grant is the group's (3040). A grant with conditions is owed until they are met (2050 to 3040).
A loan or returnable funding is owed (2040), its interest an expense (5030); what the partner gives
up becomes a grant. What came and went is fact and counts, even beyond what was promised or owed,
which is pointed out. A bank's or provider's reference counts once. Where an amount is posted
follows from the promise that counts, so that choosing between two promises posts it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import (
    CONDITIONAL_GRANTS,
    EXTERNAL_INTEREST,
    EXTERNAL_LOANS,
    GRANT_EQUITY,
    POCKETS,
)
from model.approvals import ask, propose
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.fund_pages import FundingPage
from model.journal import entry_page, restate, reversed_by
from model.notes import too_many, void
from model.pages import NO_MEETING, EntryPage, FindingPage, Posting
from model.partners import partner_named
from model.references import counted_one, first_teller, plain, reference_key, thing_named
from model.standing import enter

_OWED: Final = {
    "grant": GRANT_EQUITY,
    "conditional_grant": CONDITIONAL_GRANTS,
    "loan": EXTERNAL_LOANS,
    "returnable": EXTERNAL_LOANS,
}
"""Kind of funding -> the account that stands against its cash."""
_RELEASES: Final = frozenset(
    {("conditional_grant", "condition_met"), ("conditional_grant", "written_off")}
    | {("loan", "written_off"), ("returnable", "written_off")}
)
"""What a partner can give up, or a group earn: kind and outcome."""
RELEASES_MAX: Final = 128  # of one funding; each asks officers


def is_owed(kind: str) -> bool:
    """Has it to be paid back, unless the partner gives it up?"""
    return kind in ("loan", "returnable")


def promise_funding(book: Book, entry: Entry, event: e.FundingPromised, keeper: bool) -> None:
    """Note a promise; the same one by two officers is one funding."""
    partner = partner_named(book, event.partner) if event.partner else ""
    if event.partner and not partner:
        void(book, entry, "funding.promised", "unknown_reference")
        return
    thing = promise_thing(event.line, partner, event.party)
    name = entry.id.hex()
    book.promises.put(
        name,
        FundingPage(
            name, event.party, partner, event.kind, event.amount_minor, event.purpose,
            event.expected_return_ppm, event.due_on,
        ),
    )  # fmt: skip
    detail = event.kind + (f", due {event.due_on}" if event.due_on else "")
    enter(
        book, entry, keeper, "funding.promised", NO_MEETING, NO_MEETING, thing, 1,
        event.amount_minor, detail, (), (), text=event.purpose,
    )  # fmt: skip
    derive(book, "funding.promised", thing)


def promise_thing(line: int, partner: str, party: str) -> str:
    """What a promise tells of: the `line`-th one of a partner (hex), or of a party by name."""
    return f"promise {line} {partner or plain(party)}"


def receive_funding(book: Book, entry: Entry, event: e.FundingReceived, keeper: bool) -> None:
    """Dr pocket; Cr grant, conditional grant or external loan."""
    thing = thing_named(book, event.funding, "funding.promised")
    page = book.fundings.find(thing) if thing else None
    if page is None:
        void(book, entry, "funding.received", "unknown_reference")
        return
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (_OWED[page.kind], "", -amount))
    _move(book, entry, event, keeper, "funding.received", thing, amount, event.channel, lines)


def repay_funding(book: Book, entry: Entry, event: e.FundingRepaid, keeper: bool) -> None:
    """Dr what is owed, and external interest; Cr pocket."""
    thing = thing_named(book, event.funding, "funding.promised")
    page = book.fundings.find(thing) if thing else None
    if page is None:
        void(book, entry, "funding.repaid", "unknown_reference")
        return
    principal, interest = event.principal_minor, event.interest_minor
    lines: tuple[Posting, ...] = ((POCKETS[event.channel], "", -principal - interest),)
    if principal:
        lines += ((_OWED[page.kind], "", principal),)
    if interest:
        lines += ((EXTERNAL_INTEREST, "", interest),)
    total = principal + interest
    detail = event.channel + (", with interest" if interest else "")
    _move(book, entry, event, keeper, "funding.repaid", thing, total, detail, lines)
    ask(book, entry, "funding.repaid", total)


def _move(
    book: Book,
    entry: Entry,
    event: e.FundingReceived | e.FundingRepaid,
    keeper: bool,
    kind: str,
    thing: str,
    amount: int,
    detail: str,
    lines: tuple[Posting, ...],
) -> None:
    once = reference_key(event.reference)
    listing.add(book, moves_topic(thing), entry.id.hex())
    alone = enter(
        book, entry, keeper, kind, event.cycle, event.session, thing, 1 if once else event.line,
        amount, detail, lines, lines, once=once, text=event.reference,
    )  # fmt: skip
    if alone:
        page = book.fundings.find(thing)
        assert page is not None  # the rule looked it up
        _put(book, thing, _with(page, entry_page(book, entry.id.hex())))


def release_funding(book: Book, entry: Entry, event: e.FundingReleased, keeper: bool) -> None:
    """Dr what was owed, Cr grant; officers agree to it first."""
    thing = thing_named(book, event.funding, "funding.promised")
    page = book.fundings.find(thing) if thing else None
    if page is None:
        void(book, entry, "funding.released", "unknown_reference")
        return
    topic = releases_topic(thing)
    if (book.lengths.find(topic) or 0) >= RELEASES_MAX:
        too_many(book, entry, "funding.released")
        return
    listing.add(book, topic, entry.id.hex())
    propose(
        book, entry, keeper, "funding.released", event.cycle, event.session, thing, event.line,
        event.amount_minor, event.outcome, _released(page.kind, event.amount_minor),
    )  # fmt: skip


def _released(kind: str, amount: int) -> tuple[Posting, ...]:
    return ((_OWED[kind], "", amount), (GRANT_EQUITY, "", -amount))


def moves_topic(thing: str) -> str:
    """Topic of the list of all that came and went back, counted or not."""
    return f"moves {thing}"


def releases_topic(thing: str) -> str:
    """Topic of the list of all that officers were asked to take as given up or earned."""
    return f"released {thing}"


def derive_funding(book: Book, thing: str) -> None:
    """Read the promise anew, post every movement as its kind asks for, and add up."""
    page = _promised(book, thing)
    if page is None:
        return
    for topic in (moves_topic(thing), releases_topic(thing)):
        page = _add_up(book, page, topic)
    _put(book, thing, page)
    for name in listing.every(book, releases_topic(thing)):
        _note_release(book, name, page)


def _add_up(book: Book, page: FundingPage, topic: str) -> FundingPage:
    for name in listing.every(book, topic):
        entry = entry_page(book, name)
        if entry.status != "counted" or reversed_by(book, entry):
            continue
        lines = _lines(page.kind, entry)
        if lines != entry.lines:
            entry = replace(entry, lines=lines)
            restate(book, name, entry)
        page = _with(page, entry)
    return page


def _promised(book: Book, thing: str) -> FundingPage | None:
    """The promise that counts; when none does, its kind still says what came in."""
    first = first_teller(book, thing, "funding.promised")
    counted = counted_one(book, thing, "funding.promised")
    promise = book.promises.find(counted or first) if first else None
    if promise is None:
        return None
    promised = promise.promised_minor if counted else 0
    return replace(promise, entry=first, promised_minor=promised)


def _lines(kind: str, entry: EntryPage) -> tuple[Posting, ...]:
    """What a movement posts for this kind of funding."""
    if entry.kind == "funding.released":
        allowed = (kind, entry.detail) in _RELEASES
        return _released(kind, entry.amount) if allowed else ()
    accounts = _OWED.values()
    return tuple(
        (_OWED[kind] if account in accounts else account, subject, amount)
        for account, subject, amount in entry.held
    )


def _with(page: FundingPage, entry: EntryPage) -> FundingPage:
    """The page with one more movement that counts."""
    if entry.kind == "funding.received":
        return replace(page, received_minor=page.received_minor + entry.amount)
    if entry.kind == "funding.released":
        released = entry.amount if entry.lines else 0
        return replace(page, released_minor=page.released_minor + released)
    interest = sum(amount for account, _, amount in entry.held if account == EXTERNAL_INTEREST)
    return replace(
        page,
        repaid_minor=page.repaid_minor + entry.amount - interest,
        interest_minor=page.interest_minor + interest,
    )


def outstanding_minor(page: FundingPage) -> int:
    """Of what was received: neither paid back nor given up. Below zero: too much was.

    A plain grant is never owed, so that only paying it back beyond what came counts there.
    """
    return page.received_minor - page.repaid_minor - page.released_minor


def owed_minor(page: FundingPage) -> int:
    """What the group still owes: principal of loans, and grants whose conditions are not met."""
    return 0 if page.kind == "grant" else max(0, outstanding_minor(page))


def _put(book: Book, thing: str, page: FundingPage) -> None:
    """Keep the page, and point out what went beyond the promise or the debt."""
    if page != book.fundings.find(thing):
        book.fundings.put(thing, page)
    received, promised = page.received_minor, page.promised_minor
    _note(book, "funding_overpaid", thing, page, (max(0, -outstanding_minor(page)),))
    _note(book, "funding_beyond_promise", thing, page, (max(0, received - promised), promised))


def _note(book: Book, code: str, thing: str, page: FundingPage, amounts: tuple[int, ...]) -> None:
    finding = None
    if amounts[0]:
        finding = FindingPage((page.entry,), amounts=amounts, detail=party_of(book, page))
    if finding != book.findings.find((code, thing)):
        book.findings.put((code, thing), finding)


def _note_release(book: Book, name: str, page: FundingPage) -> None:
    """Point out a release that officers agreed to although there is nothing to give up."""
    entry = entry_page(book, name)
    refused = entry.status == "counted" and (page.kind, entry.detail) not in _RELEASES
    finding = None
    if refused and not reversed_by(book, entry):
        finding = FindingPage((name,), amounts=(entry.amount,), detail=party_of(book, page))
    if finding != book.findings.find(("funding_not_owed", name)):
        book.findings.put(("funding_not_owed", name), finding)


def party_of(book: Book, page: FundingPage) -> str:
    """Who gives the money, as people say it."""
    partner = book.partners.find(page.partner) if page.partner else None
    return (partner.name if partner is not None else page.party) or "a partner"


def watch_funding(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Money to pay back whose day has passed, and promises of partners that became inactive."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    today = meeting.held_on if meeting is not None else ""
    for thing, page in book.fundings.rows():
        left, party = outstanding_minor(page), party_of(book, page)
        if is_owed(page.kind) and page.due_on and left > 0 and today > page.due_on:
            amounts = (left, page.received_minor)
            yield "funding_due", thing, FindingPage((page.entry,), amounts=amounts, detail=party)
        partner = book.partners.find(page.partner) if page.partner else None
        to_come = page.promised_minor - page.received_minor
        if partner is not None and partner.inactive and to_come > 0:
            finding = FindingPage((page.entry,), amounts=(to_come,), detail=party)
            yield "partner_inactive", thing, finding


RULES: Final = {
    e.FundingPromised: promise_funding,
    e.FundingReceived: receive_funding,
    e.FundingRepaid: repay_funding,
    e.FundingReleased: release_funding,
}
WORK: Final[Mapping[str, Work]] = dict.fromkeys(
    ("funding.promised", "funding.received", "funding.repaid", "funding.released"), derive_funding
)
