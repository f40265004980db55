"""What goes wrong at the table, and how officers put it right again: reversals, words, verdicts.

Also what should have no effect: an office that is not the writer's, a person nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from model import events as e
from model.entry import Entry
from simulations.reckoning_claims import content_of, meeting_of, name_of
from simulations.reckoning_record import DECISIONS
from simulations.season_deeds import SHARE_VALUE_MINOR, Deed
from simulations.season_table import Table

REVERSIBLE: Final = (
    *(e.SharePurchased, e.SocialContributed, e.SocialPaidOut, e.SavingsDeposited),
    *(e.SavingsWithdrawn, e.FineLevied, e.FinePaid, e.LoanDisbursed, e.LoanRepaid),
    *(e.ExpensePaid, e.TransferMade, e.OpeningBalanceSet),
)


def _event(entry: Entry) -> Any:
    return entry.event


def _reversal(table: Table) -> e.Event | None:
    """Take back one of the newest payments of other officers; by mistake, perhaps, a right one."""
    known = table.phone.known.values()
    foreign = [
        entry.id
        for entry in sorted(known, key=lambda entry: (entry.lamport, entry.id))
        if isinstance(entry.event, REVERSIBLE) and not _had_a_hand(table, entry)
    ]
    target = table.newest(foreign, most=8)
    return e.EntryReversed(*table.at, target, "mistake") if target else None


def _had_a_hand(table: Table, entry: Entry) -> bool:
    """Did the owner of this phone write it, or the same as another officer?"""
    event = _event(entry)
    return any(
        other.person == table.phone.person and name_of(other.id, _event(other)) == name
        for name in (name_of(entry.id, event),)
        for other in table.phone.known.values()
    )


def _put_back(table: Table) -> e.Event | None:
    """Take a reversal back: it was right after all."""
    known = table.phone.known
    reversals = []
    for identity, event in table.phone.heard(e.EntryReversed):
        target = known[event.target]
        if isinstance(target.event, e.EntryReversed) or _had_a_hand(table, target):
            continue
        if not _had_a_hand(table, known[identity]):
            reversals.append(identity)
    target_id = table.newest(reversals)
    return e.EntryReversed(*table.at, target_id, "it was right") if target_id else None


def _wrong_line(table: Table) -> e.Event:
    """A line that is taken already, perhaps, or one that nobody has reached."""
    shares, line = table.chance.randint(1, 5), table.pick((1, 1, 2, 9))
    amount = shares * SHARE_VALUE_MINOR
    return e.SharePurchased(*table.at, table.member(), shares, amount, line)


def _not_my_office(table: Table) -> e.Event:
    return e.SocialPaidOut(*table.at, table.member(), table.amount(), "illness")


def _nobody(table: Table) -> e.Event:
    return e.SharePurchased(*table.at, bytes(17), 1, SHARE_VALUE_MINOR, 1)


def _resolution(table: Table) -> e.Event | None:
    """Choose between entries that tell one thing differently."""
    told: dict[Any, list[bytes]] = {}
    contents: dict[Any, set[Any]] = {}
    for identity, event in table.phone.heard_any(*REVERSIBLE):
        name = name_of(identity, event)
        told.setdefault(name, []).append(identity)
        contents.setdefault(name, set()).add(content_of(event))
    disputed = [told[name] for name in told if len(contents[name]) > 1]
    words = table.newest(disputed)
    return e.ConflictResolved(table.pick(words), *table.at, "asked the member") if words else None


def _late(table: Table) -> bytes | None:
    """An entry that this phone would call late."""
    closings = [
        entry for entry in table.phone.known.values() if isinstance(entry.event, e.MeetingClosed)
    ]
    late = [
        identity
        for identity, event in table.phone.heard_any(*REVERSIBLE)
        if any(
            meeting_of(event) == meeting_of(_event(close)) and identity not in close.past
            for close in closings
        )
    ]
    return table.newest(late)


def _acceptance(table: Table) -> e.Event | None:
    target = _late(table)
    return e.LateEntryAccepted(target, *table.at, "the money is here") if target else None


def _rejection(table: Table) -> e.Event | None:
    target = _late(table)
    return e.LateEntryRejected(target, *table.at, "nobody remembers") if target else None


def _reopening(table: Table) -> e.Event | None:
    """Only of the meeting before this one: never after a later one was closed."""
    closed = [event.session for _, event in table.phone.heard(e.MeetingClosed)]
    if not closed:
        return None
    return e.MeetingReopened(table.cycle, max(closed), "something was forgotten")


def candidacy(table: Table) -> e.OfficerProposed:
    """Somebody should take an office, or leave it, while its holder is writing elsewhere."""
    persons = sorted({event.person for _, event in table.phone.heard(e.OfficerElected)} - {b""})
    title: e.Title = table.pick(("treasurer", "chairperson", "treasurer", "key_holder"))
    person = b"" if table.happens(15) else table.pick(persons)
    member = table.member() if person and table.happens(20) else b""
    return e.OfficerProposed(title, person, member, table.pick((1, 1, 2)), "as the meeting chose")


def _election(table: Table) -> e.Event | None:
    """One of the newest elections put in force, by whoever thinks that enough officers agreed."""
    phone = table.phone
    taken = {event.proposal for _, event in phone.heard(e.OfficerElected)}
    proposals = [row for row in phone.heard(e.OfficerProposed) if row[0] not in taken]
    chosen = table.newest(proposals, most=3)
    if chosen is None:
        return None
    identity, event = chosen
    agreed = {
        entry.person
        for entry in phone.known.values()
        if isinstance(entry.event, e.ApprovalGiven) and entry.event.target == identity
    } | {phone.known[identity].person}
    if len(agreed) < 2 and not table.happens(10):
        return None
    return elected(event, identity)


def elected(event: e.OfficerProposed, proposal: bytes) -> e.OfficerElected:
    """What puts a proposed election in force."""
    return e.OfficerElected(event.title, event.person, event.member, event.seat, proposal)


def _proposal(table: Table) -> e.Event | None:
    """Other rules about fines and about whose amount counts; one proposal after the other."""
    adopted = [event for _, event in table.phone.heard(e.ConstitutionAdopted)]
    if table.phone.name != "secretary" or len(adopted) > 2:
        return None
    goes_to: e.Fund = table.pick(("loan_fund", "social_fund"))
    keeper: e.Title = table.pick(("secretary", "treasurer"))
    version = adopted[-1].version + 1
    terms = replace(
        adopted[-1], version=version, fines_to=goes_to, record_keeper=keeper, proposal=b""
    )
    return e.ConstitutionProposed(terms, "as the meeting decided")


def _adoption(table: Table) -> e.Event | None:
    """The newest proposal, once this phone knows that three officers want it."""
    proposals = table.phone.heard(e.ConstitutionProposed)
    if table.phone.name != "secretary" or not proposals:
        return None
    identity, proposal = proposals[-1]
    agreed = {
        entry.person
        for entry in table.phone.known.values()
        if isinstance(entry.event, e.ApprovalGiven) and entry.event.target == identity
    }
    taken = {event.proposal for _, event in table.phone.heard(e.ConstitutionAdopted)}
    if identity in taken or len(agreed | {table.phone.person}) < 3:
        return None
    return replace(proposal.terms, proposal=identity)


def reconsider(table: Table) -> Iterator[e.Event]:
    """What the owner of this phone says to decisions that it shows: yes, no, or no longer yes."""
    phone = table.phone
    spoken = {
        _event(entry).target
        for entry in phone.known.values()
        if entry.person == phone.person
        and isinstance(entry.event, e.ApprovalGiven | e.RequestDeclined)
    }
    for identity, _ in phone.heard_any(*DECISIONS)[-8:]:
        author = phone.known[identity].person
        if identity in spoken or author == phone.person or not table.happens(50):
            continue
        if table.happens(8):
            yield e.RequestDeclined(identity, *table.at, "not so")
        else:
            yield e.ApprovalGiven(identity, *table.at)


_OFFICERS: Final[tuple[e.Title, ...]] = ("secretary", "treasurer", "chairperson")
_ALL_OFFICERS: Final[tuple[e.Title, ...]] = (*_OFFICERS, "key_holder", "money_counter")

# Mistakes, and how they are mended; decisions among them wait for other officers' words.
MISTAKES: Final[tuple[Deed, ...]] = (
    Deed(_OFFICERS, 6, e.EntryReversed, _reversal),
    Deed(_OFFICERS, 3, e.EntryReversed, _put_back),
    Deed(("treasurer", "secretary"), 2, e.SharePurchased, _wrong_line),
    Deed(("secretary", "chairperson"), 1, e.SocialPaidOut, _not_my_office),
    Deed(("treasurer",), 1, e.SharePurchased, _nobody),
    Deed(_OFFICERS, 5, e.ConflictResolved, _resolution),
    Deed(_OFFICERS, 7, e.LateEntryAccepted, _acceptance),
    Deed(_OFFICERS, 5, e.LateEntryRejected, _rejection),
    Deed(("chairperson",), 1, e.MeetingReopened, _reopening),
)
CHANGES: Final[tuple[Deed, ...]] = (
    Deed(_ALL_OFFICERS, 4, e.OfficerProposed, candidacy),
    Deed(_ALL_OFFICERS, 8, e.OfficerElected, _election),
    Deed(("secretary",), 2, e.ConstitutionProposed, _proposal),
    Deed(("secretary",), 4, e.ConstitutionAdopted, _adoption),
)
"""What a group changes about itself in the middle of a year."""
