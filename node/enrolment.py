"""Letting a phone in: what both owners are shown before, and the change that enrols it.

Any officer's phone invites. While the group is being founded its founder enrols alone, and so
does an only officer; otherwise the enrolment that this phone signs is a proposal, and the phone is
in when enough other officers have agreed. Until then it is given nothing of the books.
"""

from typing import NamedTuple

from model.codec import encode
from node.clock import random_bytes
from node.electing import of_newcomer
from node.invitation_store import InvitationRow
from node.invitations import guest_of, require_open
from node.joining import Join, Offer
from node.names import Names
from node.node import PERSON_BYTES, Group, Node, Step
from replication.agenda import Proposal, proposals
from replication.control import DeviceEnrolled, encode_record


class Enrolment(NamedTuple):
    """A phone that was enrolled, or proposed."""

    step: Step
    others: int
    """How many other officers must still agree; 0: it is in."""


def others_needed(group: Group) -> int:
    """How many other officers must agree to an enrolment that this phone signs now."""
    roster = group.roster
    return 0 if roster.may_enrol(group.device) else max(0, roster.votes_needed - 1)


def offer_of(node: Node, group_id: bytes, invitation: InvitationRow) -> Offer:
    """What a phone that uses this invitation is shown."""
    group, guest = node.group(group_id), guest_of(invitation)
    names = Names(group)
    owner = names.owner(group.roster.person_of(group.device))
    member = _member_id(group, guest.member_number)
    return Offer(
        group_name=group.name,
        phone=names.label(group.device),
        inviter=owner.name,
        offices=owner.titles,
        right=invitation.right,
        name=guest.name,
        title=guest.title or "",
        member_number=guest.member_number,
        member_name=group.people.name_by_hex(member.hex()) if member else "",
        others=others_needed(group),
        scope=guest.scope,
        until=guest.until,
    )


def enrol(
    node: Node, group_id: bytes, invitation: InvitationRow, join: Join, now_ms: int, age_ms: int
) -> Enrolment:
    """Sign the enrolment of the phone that used an invitation, and spend that in the same step.

    `now_ms` is the time that the change claims, `age_ms` the clock that invitations expire by.
    NodeError when the invitation is good no more.
    """
    require_open(node, group_id, invitation.invitation_id, age_ms)
    group, guest = node.group(group_id), guest_of(invitation)
    person = _person(group, join.device, guest.person)
    enrolled = DeviceEnrolled(
        join.device, person, invitation.right, join.name, guest.scope, guest.until
    )
    events = [encode_record(enrolled)]
    if guest.title:
        member = _member_id(group, guest.member_number)
        events += map(encode, of_newcomer(group, guest.title, person, member))
    others = others_needed(group)
    batch = node.batch(group_id, now_ms)
    batch.append_encoded(events)
    step = batch.commit((invitation.invitation_id, join.device))
    known = node.group(group_id).roster.devices.get(join.device)
    is_in = known is not None and known.state == "active" and known.right == invitation.right
    return Enrolment(step, 0 if is_in else max(1, others))


def waiting(group: Group) -> dict[bytes, int]:
    """Phones that officers were asked to let in: device key → how many must still agree.

    A phone that was in once waits for nothing: it is told what became of it.
    """
    known = group.roster.devices
    return {
        record.device: _missing(one)
        for one in proposals(group.replica.decisions)
        if one.state in ("open", "contested")
        for record in one.records
        if isinstance(record, DeviceEnrolled) and record.device not in known
    }


def _missing(one: Proposal) -> int:
    agreed = len(one.electorate.intersection(one.agreed)) + one.card
    return max(1, one.needed - agreed)


def _person(group: Group, device: bytes, wanted: str) -> bytes:
    """Whose phone it becomes: the one decided on, the one it always was, or somebody new."""
    decided = bytes.fromhex(wanted)
    return decided or group.roster.person_of(device) or random_bytes(PERSON_BYTES)


def _member_id(group: Group, number: int) -> bytes:
    for member, page in group.book.members.rows():
        if number and page.number == number:
            return bytes.fromhex(member)
    return b""
