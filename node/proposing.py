"""Asking officers about phones and votes: revoke one, let one in, how many decide; and objecting.

Nothing here decides. What one change asks for stands or falls as one; who asks agrees by asking. A
proposal that would leave the group without officers who can decide is refused before it is signed,
with what must come first.
"""

from collections.abc import Sequence
from typing import Final

from model.agreement import agreeing
from model.decisions import missing
from model.events import OfficerProposed
from model.offices import officers
from node import electing, proposals, stopped
from node.choosing import choice
from node.electing import Draft
from node.errors import CommandRefused
from node.names import Names, joined
from node.node import Group
from node.phones import KEY_LETTERS_MIN, phone
from node.plan import Plan
from node.recording import Context, Receipt, done, record
from replication.control import (
    OFFICERS_MAX,
    RIGHTS,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    QuorumSet,
    Record,
    VoteCast,
)
from replication.motions import Mark, motion_of
from replication.roster import Device, votes_needed

FEWEST: Final = 2


def propose(at: Context, draft: Draft) -> Receipt:
    """Ask officers for all of it in one change. CommandRefused before anything is signed."""
    plan = Plan(at.group)
    for event in draft.events:
        plan.add(event)
    plan.records += draft.records
    given = done(at, plan, "")
    sentence = _proposed(at.group, given, draft)
    for event, entry in zip(draft.events, given.entries, strict=False):
        name, book = entry.hex(), at.group.book
        if isinstance(event, OfficerProposed) and not missing(book, agreeing(book, name)):
            record(at, electing.put_in_force(at.group, entry), "")  # nobody else had to agree
    return given._replace(sentence=sentence)


def _proposed(group: Group, given: Receipt, draft: Draft) -> str:
    if draft.records:
        return proposals.proposed(group, given.entries[0], draft.records, draft.what)
    name = given.entries[0].hex()
    wanted = missing(group.book, agreeing(group.book, name))
    what = joined(list(draft.what))
    if group.book.waiting.find(name) is None or not wanted:
        return f"You decided to {what}. That holds at once: no other officer had to agree."
    must = "One more officer must agree" if wanted == 1 else f"{wanted} more officers must agree"
    return (
        f"You ask the officers to {what}. {must}, on their own phone: mkutano approve {given.code}"
    )


def removal(group: Group, said: str, reason: str, lift: bool | None) -> Draft:
    """Take a person's offices and revoke the person's phones, all in one change."""
    draft = electing.removal(group, said, reason)
    names = Names(group)
    ones = [group.roster.devices[key] for key in sorted(proposals.stopped_by(draft.records))]
    silenced = _silenced(group, ones, lift, names)
    draft = electing.with_lifts(draft, silenced)
    if draft.records:
        checked(group, draft.records, names)
    return draft


def checked(group: Group, records: Sequence[Record], names: Names) -> Sequence[Record]:
    """These records, when asking for them makes sense now. CommandRefused says what does."""
    stopped.require_heard(group, proposals.stopped_by(records))
    for one in proposals.asked(group, names):
        if one.state == "open" and proposals.same(records, one):
            mine = group.roster.person_of(group.device) in one.proposal.agreed
            who = "You have" if mine else f"{names.person(one.proposal.person)} has"
            raise CommandRefused(
                f"{who} proposed that already. {proposals.left(group, names, one)}",
                "proposed_already",
            )
    _require_officers_left(group, records, names)
    return records


def _require_officers_left(group: Group, records: Sequence[Record], names: Names) -> None:
    """A decision that would leave one officer alone, or nobody, has no effect: say so before."""
    roster = group.roster
    alone = roster.founding and group.device == roster.founder
    mark = Mark(0, group.device, roster.person_of(group.device), b"", 0, ())
    if motion_of(mark, tuple(records), alone, roster, False).is_valid:
        return
    if mark.person not in roster.officers:
        raise CommandRefused("Only an officer's phone can propose that.", "no_officer")
    raise CommandRefused(
        "Afterwards fewer than two officers would have a phone that records, and one phone alone "
        "must not hold the group. Let in the new phone first, with “mkutano invite”; when it is "
        "in, propose this again.",
        "too_few_officers",
    )


def revocation(
    group: Group, said: Sequence[str], reason: str, lift: bool | None
) -> tuple[Record, ...]:
    """Take the rights of phones for good; with the lifting of what they suspended, if so asked.

    `lift` None: it is not said whether suspensions that such a phone ordered end with it, and
    CommandRefused asks.
    """
    names = Names(group)
    if not said:
        raise CommandRefused("Which phone? See them with: mkutano devices", "incomplete")
    ones = list(dict.fromkeys(phone(group, word) for word in said))
    for one in ones:
        if one.state == "revoked":
            raise CommandRefused(f"{names.phone(one.key)} was revoked already.", "revoked")
    records = [DeviceRevoked(one.key, reason.strip()) for one in ones]
    silenced = _silenced(group, ones, lift, names)
    lifts = [DeviceReinstated(key) for key in silenced]
    return tuple(checked(group, (*records, *lifts), names))


def _silenced(group: Group, ones: Sequence[Device], lift: bool | None, names: Names) -> list[bytes]:
    """The phones whose suspension ends with these, which ordered it. CommandRefused asks."""
    gone = {one.key for one in ones}
    silenced = [key for key in dict.fromkeys(_ordered(group, ones)) if key not in gone]
    if silenced and lift is None:
        told = joined([names.phone_and_owner(key) for key in silenced])
        by = joined([names.phone(one.key) for one in ones])
        raise CommandRefused(
            f"{by} has suspended {told}. Should that end with it? Say --lift if those phones are "
            "in honest hands, or --keep if they stay suspended.",
            "lift_or_keep",
        )
    return silenced if lift else []


def _ordered(group: Group, ones: Sequence[Device]) -> list[bytes]:
    return [key for one in ones for key in stopped.ordered_by(group, one.key)]


def others_needed(group: Group, draft: Draft) -> int:
    """How many other officers must agree to what this phone asks for now."""
    roster = group.roster
    alone = roster.founding and group.device == roster.founder
    about_phones = 0 if alone or not draft.records else roster.votes_needed - 1
    asks = any(isinstance(event, OfficerProposed) for event in draft.events)
    in_the_books = len(officers(group.book, None)) // 2 if asks else 0
    return max(0, about_phones, in_the_books)


def enrolment(group: Group, phones: Sequence[str], right: str) -> tuple[Record, ...]:
    """Give a phone of the group another right, or let a revoked one in again."""
    names = Names(group)
    if len(phones) != 1:
        raise CommandRefused("Which phone? Name one. See them with: mkutano devices", "incomplete")
    said = phones[0]
    for one in waiting_to_enter(group, names):
        if _fits(names, one, said):
            raise CommandRefused(
                f"That phone waits already. {proposals.left(group, names, one)}",
                "proposed_already",
            )
    known = phone(group, said)
    word = choice(right or "write", RIGHTS, "right of a phone")
    if known.state == "active" and known.right == word:
        raise CommandRefused(
            f"{names.phone_and_owner(known.key)} {proposals.RIGHTS[word]} already.",
            "nothing_changed",
        )
    if known.state == "suspended":
        raise CommandRefused(
            f"{names.phone(known.key)} is suspended. Lift that with: mkutano suspend --lift "
            f"{names.typed(known.key)}",
            "suspended",
        )
    record = DeviceEnrolled(known.key, known.person, word, known.label)
    return tuple(checked(group, (record,), names))


def waiting_to_enter(group: Group, names: Names) -> list[proposals.Asked]:
    """The proposals that let in a phone which is not in yet."""
    known = group.roster.devices
    return [
        one
        for one in proposals.asked(group, names)
        if proposals.is_open(one)
        and any(
            isinstance(record, DeviceEnrolled) and record.device not in known
            for record in one.proposal.records
        )
    ]


def _fits(names: Names, one: proposals.Asked, said: str) -> bool:
    word = said.strip().casefold()
    enrolled = [one for one in one.proposal.records if isinstance(one, DeviceEnrolled)]
    return any(
        names.label(record.device).casefold() == word
        or (len(word) >= KEY_LETTERS_MIN and record.device.hex().startswith(word))
        for record in enrolled
    )


def quorum(group: Group, officers: int) -> tuple[Record, ...]:
    """How many officers every decision about phones, offices and rules needs."""
    roster, names = group.roster, Names(group)
    known = len(roster.officers)
    least = votes_needed(known, 0)
    if known < FEWEST:
        raise CommandRefused(
            "The group has one officer with a phone, who decides alone. Let in a second one "
            "first: mkutano invite",
            "one_officer",
        )
    if not least <= officers <= min(known, OFFICERS_MAX):
        must = f"{least} at least must agree, and {known} at most"
        must = must if least < known else f"all {known} must agree, and no other number can be set"
        raise CommandRefused(
            f"{known} officers have a phone. So {must}.",
            "out_of_range",
        )
    if roster.votes_needed == officers:
        raise CommandRefused(f"{officers} officers decide already.", "nothing_changed")
    return tuple(checked(group, (QuorumSet(officers),), names))


def object_to(at: Context, said: str) -> Receipt:
    """Say no to a proposal: everybody sees it; a restoration by paper cards it stops."""
    group, names = at.group, Names(at.group)
    one = proposals.find(group, said)
    proposal = one.proposal
    stopped.require_heard(group, proposals.subject(one))
    person = group.roster.person_of(group.device)
    if person not in proposal.electorate:
        raise CommandRefused(
            "You were no officer when that was asked, so your word on it does not count.",
            "not_asked",
        )
    restores = not proposal.records
    if person in proposal.against:
        raise CommandRefused("You have said no to that already.", "said_already")
    if one.state != "open" and not restores:
        raise CommandRefused(
            f"That is not open any more. {proposals.left(group, names, one)}", "not_open"
        )
    if person in proposal.agreed:
        raise CommandRefused(
            "You have agreed to it, and a word that was given stands. If it comes to hold, propose "
            "the opposite.",
            "agreed_already",
        )
    plan = Plan(group)
    plan.records.append(VoteCast(proposal.change_hash, approve=False))
    given = done(at, plan, "")
    return given._replace(sentence=_objected(at.group, said, restores))


def _objected(group: Group, said: str, restores: bool) -> str:
    names = Names(group)
    one = proposals.find(group, said)
    if not restores:
        return (
            f"Everybody sees that you are against it. It still holds if enough others agree: "
            f"{one.proposal.needed} officers."
        )
    called = names.phone(one.proposal.device)
    if one.proposal.state == "passed":
        return f"You said no, but enough officers agree that the cards let {called} in."
    return (
        f"{called} is not let in by the two cards. If it should be after all, "
        f"{one.proposal.needed} officers must agree: mkutano approve {one.code}"
    )
