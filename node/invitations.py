"""Invitations: for whom, for how long, and what makes one worthless. Only its maker judges.

An invitation is good once, until it is withdrawn, expires or is burned. Whether it has expired is
asked of its maker's own clock alone; what the joining phone believes about the time plays no part.
A clock that is set back makes an invitation no younger while Mkutano runs, and one whose age can't
be told (the clock stands before the day it was made) has expired.

What burns an invitation, counted on disk before an answer goes out:

- Three wrong tries. By its secret: a phone that has proved the secret and then says something
  malformed or claims another phone's key, or that this phone's owner turns away. By numbers: every
  comparison that came so far that the number could be known, unless both people agree to it; so who
  stands between two phones has three guesses in a million, however often the wire is cut.
- More than sixteen handshakes begun with the secret and never finished, whatever ended them: a
  shared secret that failed, a cut, a caller who waits.

What does not: anything by somebody who knows nothing of it. A hello without the secret belongs to
no invitation. A recorded hello says nothing new and gets no answer, now or after a restart, so
replaying one (or all that two phones said) is refused and counts for nothing. A single handshake
whose shared secret fails is no wrong try, because the hello before it may have been carried here by
a stranger; and there is nothing to guess in 128 bits. By numbers there is no secret: a stranger on
the same network can spoil three tries of a door that is open for minutes, as he can spoil the
radio, and the person beside it sees each.
"""

import hashlib
from typing import Final, NamedTuple

import msgspec

from model.events import Title
from node.address import Address
from node.clock import random_bytes
from node.desk import numbered
from node.errors import CommandRefused, NodeError
from node.hello import TAG_BYTES, Hello
from node.invitation import SECRET_BYTES, Invitation, invitation_key
from node.invitation_store import TRIES_MAX, InvitationRow, Way
from node.node import Group, Node

INVITATION_ID_BYTES: Final = 8
INVITATIONS_MAX: Final = 32  # open at once; each costs a caller's hello one keyed hash
MINUTE_MS: Final = 60_000
LIFETIME_MS: Final = 24 * 60 * MINUTE_MS  # until the same time tomorrow
NUMBERS_LIFETIME_MS: Final = 10 * MINUTE_MS  # both people are there, and strangers may knock
LIFETIME_MS_MAX: Final = 31 * 24 * 60 * MINUTE_MS
SET_BACK_MS_MAX: Final = 5 * MINUTE_MS  # a clock that the network corrects goes back a little


class Guest(NamedTuple):
    """Whom an invitation is for, as its maker decided."""

    name: str = ""
    title: Title | None = None
    member_number: int = 0
    """0: not a member, or not said."""
    person: str = ""
    """The enrolled person (hex) whose further phone it is for; "" for somebody new."""
    scope: str = ""
    """Of a reader: summary, ledger, people; "" for a phone of the group."""
    until: str = ""
    """A reader's last day, ISO; "" without an end."""


class Terms(NamedTuple):
    """How an invitation is used."""

    way: Way = "secret"
    confirm: bool = False
    """Whether this phone's owner says yes on their own screen; always so by numbers."""
    lifetime_ms: int = LIFETIME_MS


ORDINARY: Final = Terms()


def invite(
    node: Node,
    group_id: bytes,
    right: str,
    guest: Guest,
    addresses: tuple[Address, ...],
    now_ms: int,
    terms: Terms = ORDINARY,
) -> tuple[bytes, Invitation]:
    """Make an invitation; its id (for withdrawing it) and what goes into the URI.

    CommandRefused when this phone may not invite, or for a member that there is not. By numbers
    there is no secret to hand over, and one door is open at a time: the new one closes the old.
    """
    group = node.group(group_id)
    _require_officer(group)
    if guest.member_number:
        numbered(group, guest.member_number)
    if terms.way == "numbers":
        _close_number_doors(node)
    open_now = [one for one in current(group, now_ms) if one.state == "open"]
    if len(open_now) >= INVITATIONS_MAX:
        raise CommandRefused(
            f"{len(open_now)} invitations are still unused. Withdraw some of them first.",
            "too_many_invitations",
        )
    secret = random_bytes(SECRET_BYTES)
    key = invitation_key(secret)
    invitation_id = hashlib.sha256(key).digest()[:INVITATION_ID_BYTES]
    row = InvitationRow(
        invitation_id,
        key,
        right,
        msgspec.json.encode(guest).decode(),
        now_ms,
        way=terms.way,
        confirm=terms.confirm or terms.way == "numbers",
        lifetime_ms=min(terms.lifetime_ms, LIFETIME_MS_MAX),
    )
    group.store.invited.add(group.row.group_no, row)
    return invitation_id, Invitation(node.device, secret, addresses)


def _require_officer(group: Group) -> None:
    """Any officer's phone invites; whether others must agree is another question."""
    own = group.roster.devices.get(group.device)
    if own is not None and own.state != "active":
        raise CommandRefused(
            "This phone was stopped by the group's officers and can invite nobody. Ask them.",
            "may_not_invite",
        )
    if not group.roster.may_write(group.device):
        raise CommandRefused(
            "Only an officer's phone can invite others. Ask an officer of the group.",
            "may_not_invite",
        )


def _close_number_doors(node: Node) -> None:
    """A caller by numbers names no group, so that one such door is open on this phone at most."""
    for group in node.groups.values():
        rows = group.store.invited.all(group.row.group_no)
        old = [one.invitation_id for one in rows if one.way == "numbers" and one.state == "open"]
        if old:
            group.store.invited.close(group.row.group_no, old, "withdrawn")


def current(group: Group, now_ms: int) -> list[InvitationRow]:
    """All invitations of a group that this device made, oldest first, as they stand now."""
    rows = group.store.invited.all(group.row.group_no)
    over = [one.invitation_id for one in rows if one.state == "open" and _is_over(one, now_ms)]
    if not over:
        return rows
    group.store.invited.close(group.row.group_no, over, "expired")
    return group.store.invited.all(group.row.group_no)


def invitations(node: Node, group_id: bytes, now_ms: int) -> list[InvitationRow]:
    """The same, by the group's id."""
    return current(node.group(group_id), now_ms)


def _is_over(invitation: InvitationRow, now_ms: int) -> bool:
    age_ms = now_ms - invitation.made_ms
    return age_ms >= invitation.lifetime_ms or age_ms < -SET_BACK_MS_MAX


def withdraw(node: Node, group_id: bytes, invitation_id: bytes) -> None:
    """Make an open invitation worthless. Raises CommandRefused when it is not open."""
    group = node.group(group_id)
    if not group.store.invited.close(group.row.group_no, [invitation_id], "withdrawn"):
        raise CommandRefused(
            "There is no unused invitation of that number. See them with: mkutano invite --list",
            "no_such_invitation",
        )


def guest_of(invitation: InvitationRow) -> Guest:
    """Whom a stored invitation is for."""
    return msgspec.json.decode(invitation.label, type=Guest)


def note_call(group: Group, invitation: InvitationRow, hello: Hello) -> bool:
    """Remember that a handshake begins with this hello; False when it must not be answered."""
    if invitation.way == "numbers":  # anybody may knock; each comparison counts by itself
        return invitation.tries < TRIES_MAX
    tag = hello.prologue[-TAG_BYTES:]
    return group.store.invited.note_call(group.row.group_no, invitation.invitation_id, tag)


def count_try(node: Node, group_id: bytes, invitation_id: bytes) -> int:
    """Count one try, on disk when this returns; how many there were. The last may still succeed."""
    group = node.group(group_id)
    return group.store.invited.count_try(group.row.group_no, invitation_id)


def burn_if_spent(node: Node, group_id: bytes, invitation_id: bytes) -> None:
    """After a try that came to nothing: at the third the invitation is worthless."""
    group = node.group(group_id)
    group.store.invited.burn_if_spent(group.row.group_no, invitation_id)


def wrong_try(node: Node, group_id: bytes, invitation_id: bytes) -> int:
    """Both at once, for a try that is known to be wrong."""
    tries = count_try(node, group_id, invitation_id)
    burn_if_spent(node, group_id, invitation_id)
    return tries


_OVER: Final = {
    "used": ("The invitation was used by another phone meanwhile.", "invitation_used"),
    "withdrawn": ("The invitation was withdrawn meanwhile.", "invitation_withdrawn"),
    "expired": ("The invitation has expired meanwhile.", "invitation_expired"),
    "burned": ("The invitation was burned by wrong tries.", "invitation_burned"),
}


def require_open(node: Node, group_id: bytes, invitation_id: bytes, now_ms: int) -> None:
    """Raise NodeError when an invitation is good no more."""
    for one in invitations(node, group_id, now_ms):
        if one.invitation_id == invitation_id and one.state == "open":
            return
        if one.invitation_id == invitation_id:
            raise NodeError(*_OVER[one.state])
    raise NodeError("There is no such invitation.", "invitation_used")
