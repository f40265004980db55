"""Sealing a meeting: what a second officer checks before signing, and what is checked for ever.

Who signs puts the word of an officer (in the books) and the seal of the phone (a control record,
which no suspension of the closer's phone undoes) in one change. Before that the phone reckons the
close again over exactly what the closer's phone knew. It signs only what comes out the same.
"""

from typing import NamedTuple

from model import events as e
from model.closing import not_undone
from model.identifiers import CHANGE_PREFIX_BYTES, receipt_code
from model.journal import entry_page
from model.offices import officers
from model.pages import ClosingPage, MeetingPage
from model.signatures import SEAL_BY, missing_signatures, signers, unsigned_offices
from node import desk, stopped
from node.closure import stopped_since
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.plan import Plan
from node.recording import Context, Receipt, done
from node.seal_check import Check, Meeting, called, check, differences
from replication.control import MeetingSealed
from replication.motions import Seal


class Signature(NamedTuple):
    """The close that an officer is about to sign."""

    close: str
    key: Meeting
    check: Check


def to_sign(group: Group, where: Meeting | None = None, said: str = "") -> Signature:
    """The close that waits for this officer: of a meeting, else of the newest that waits; `said`:
    its receipt, where a meeting has several. CommandRefused says why there is none to sign.
    """
    stopped.require_heard(group, frozenset())
    close = desk.entry(group, said)[0].hex() if said else _waiting(group, where)
    page = entry_page(group.book, close)
    key = (page.cycle, page.session)
    meeting = group.book.meetings.find(key)
    if page.kind != "meeting.closed" or meeting is None or close not in meeting.closings:
        raise CommandRefused(f"{said} is no close of a meeting that counts.", "no_close")
    person = group.roster.person_of(group.device).hex()
    if page.person == person:
        raise CommandRefused(
            "You closed this meeting yourself, and that is your signature. Another officer signs "
            "it on his or her own phone with: mkutano seal --sign",
            "own_close",
        )
    if close not in not_undone(group.book, meeting):
        raise CommandRefused(
            f"{called(key)} was opened again after this close. Close it anew first.", "reopened"
        )
    if person in signers(group.book, close) and _has_record(group, close):
        raise CommandRefused("You have signed this close already.", "already_signed")
    _require_knowing(group, close, key)
    found = check(group, close)
    if not found.agrees:
        raise CommandRefused(differences(group, key, found), "seal_differs")
    return Signature(close, key, found)


def plan_signature(group: Group, plan: Plan, close: str, said_in: Meeting) -> None:
    """The officer's word and the phone's seal, in one change."""
    target = bytes.fromhex(close)
    one = group.store.chains(group.row.group_no).find_prefix(target[:CHANGE_PREFIX_BYTES])
    if one is None:
        raise AssertionError("a close in the book has its change in the store")
    if group.roster.person_of(group.device).hex() not in signers(group.book, close):
        plan.add(e.ApprovalGiven(target, *said_in))
    plan.records.append(MeetingSealed(one.change.change_hash))


def sign(at: Context, signature: Signature) -> Receipt:
    """Sign a close that was checked."""
    plan = Plan(at.group)
    newest = at.group.book.latest.find("meeting") or signature.key
    plan_signature(at.group, plan, signature.close, newest)
    given = done(at, plan, "")
    return given._replace(
        sentence=f"You signed the close of meeting {signature.key[1]} of cycle {signature.key[0]}. "
        f"{state_told(at.group, signature.close)}",
        entries=given.entries[:1],  # the seal of the phone is no entry of the books
    )


def state_told(group: Group, close: str) -> str:
    """How far the seal of a close has come, and its fingerprint."""
    page = entry_page(group.book, close)
    said = group.book.closings.find(close) or ClosingPage()
    meeting = group.book.meetings.find((page.cycle, page.session)) or MeetingPage("")
    if meeting.sealed and close in meeting.closes:
        return f"It is sealed. Fingerprint: {said.fingerprint}"
    return f"{who_signs(group, close)} Fingerprint to read out: {said.fingerprint}"


def who_signs(group: Group, close: str) -> str:
    """Who has still to sign a close, and how."""
    if len(officers(group.book, None)) < SEAL_BY:
        return (
            "A second officer seals it, and the group has only one so far: elect another, and let "
            "his or her phone in with: mkutano invite"
        )
    titles = " and ".join(title.replace("_", " ") for title in unsigned_offices(group.book, close))
    among = f", among them the {titles}," if titles else ""
    left = max(1, missing_signatures(group.book, close))
    if left == 1:
        return (
            f"It is sealed when one more officer{among} signs it on his or her own phone, with: "
            "mkutano seal --sign."
        )
    return (
        f"It is sealed when {left} more officers{among} sign it, each on his or her own phone, "
        "with: mkutano seal --sign."
    )


def _waiting(group: Group, where: Meeting | None) -> str:
    """The close that waits for signatures: of this meeting, else of the newest that has one."""
    rows = sorted(group.book.meetings.rows(), reverse=True)
    for key, meeting in rows:
        if where not in (None, key) or not meeting.closes or (meeting.sealed and where is None):
            continue
        if len(meeting.closes) == 1:
            return meeting.closes[0]
        codes = ", ".join(receipt_code(bytes.fromhex(close)) for close in meeting.closes)
        raise CommandRefused(
            f"{called(key)} was closed {len(meeting.closes)} times: {codes}. Look at each with: "
            "mkutano seal. Then sign the right one with: mkutano seal --sign --close CODE",
            "which_close",
        )
    told = f"{called(where)} is not closed" if where else "No closed meeting waits for a signature"
    raise CommandRefused(f"{told}. See how far the meetings are with: mkutano seal", "no_close")


def _has_record(group: Group, close: str) -> bool:
    """Did a phone of this officer seal the close, beside the officer's word in the books?"""
    person = group.roster.person_of(group.device)
    prefix = bytes.fromhex(close)[:CHANGE_PREFIX_BYTES]
    one = group.store.chains(group.row.group_no).find_prefix(prefix)
    return one is not None and any(
        isinstance(act, Seal) and act.mark.person == person and act.clock == one.place.clock
        for act in group.replica.decisions.acts
    )


def _require_knowing(group: Group, close: str, key: Meeting) -> None:
    """Refuse a close whose author did not know what this phone does: that a phone was stopped, or
    another meeting sealed. And one that says that its phone knew something else than it did."""
    if (group.book.closings.find(close) or ClosingPage()).misnamed:
        raise CommandRefused(
            f"The close of meeting {key[1]} of cycle {key[0]} names other entries than its phone "
            "really knew. Don't sign it. Let officers reopen the meeting, and close it on another "
            "phone.",
            "covers_differ",
        )
    chains = group.store.chains(group.row.group_no)
    for device in sorted(stopped_since(chains, group.replica, bytes.fromhex(close))):
        raise CommandRefused(
            f"The close of meeting {key[1]} of cycle {key[0]} counts entries of "
            f"{Names(group).phone(device)}, which was stopped, and whoever closed it had not heard "
            "of that. Exchange with that phone, let officers reopen the meeting, and close it "
            "anew.",
            "stopped_since",
        )
    for other, meeting in group.book.meetings.rows():
        for sealed in meeting.closes if meeting.sealed and other != key else ():
            if not _knew(group, close, sealed) and not _knew(group, sealed, close):
                raise CommandRefused(
                    f"Whoever closed meeting {key[1]} of cycle {key[0]} did not know that meeting "
                    f"{other[1]} of cycle {other[0]} is sealed. Exchange with that phone, let "
                    f"officers reopen meeting {key[1]}, and close it anew.",
                    "sealed_apart",
                )


def _knew(group: Group, entry: str, other: str) -> bool:
    """Did the author of an entry know of the other one?"""
    chains = group.store.chains(group.row.group_no)
    one = chains.find_prefix(bytes.fromhex(entry)[:CHANGE_PREFIX_BYTES])
    place = chains.place_of(bytes.fromhex(other)[:CHANGE_PREFIX_BYTES])
    if one is None or place is None:
        return False
    lane, n = place
    return lane < len(one.place.clock) and one.place.clock[lane] >= n
