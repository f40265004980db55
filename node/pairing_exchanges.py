"""Inviting and joining as programs ask for them: a question at a time, each answered by a person.

`invite` makes an invitation. `join` uses one, or compares numbers; its answer either says how it
ended (`state`: in, waiting) or what this phone's owner must answer first (`asks`, with the facts to
show), which `answer` does. On the inviter's side `pairings` waits until a phone asks to be let in.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from model.events import Title
from node.address import Address, parse_address
from node.answers import GroupRequest, choose_group
from node.clock import day_of, monotonic_ms, now_ms, steady_ms
from node.coming_in import AwaitingOfficers, ReadsSummaries, yes_to_the_offer
from node.device import Device
from node.doors import joined_by, shared_with
from node.enrolment import others_needed
from node.errors import CommandRefused, NodeError
from node.invitation import Invitation, format_invitation, parse_invitation
from node.invitation_store import TRIES_MAX, InvitationRow
from node.invitations import (
    LIFETIME_MS,
    MINUTE_MS,
    NUMBERS_LIFETIME_MS,
    Guest,
    Terms,
    guest_of,
    invitations,
    invite,
    withdraw,
)
from node.moves import moved
from node.pairings import Asks, Pairing
from node.phones import phone
from node.reader_grants import last_day
from node.reader_words import RIGHT_OF
from node.secure_socket import PeerGone, Refused

ADDRESSES_IN_INVITATION_MAX: Final = 4  # more make the QR code hard to scan
NEARBY_TRIED_MAX: Final = 16  # each may take its time: a flooded network must not take the evening
SEARCH_S: Final = 0.5
SEARCHES: Final = 10  # multicast answers within a second or two, or never
WAIT_S_MAX: Final = 60.0  # one look at what waits; a program looks again


class InviteRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Invite one phone, once."""

    right: Literal["read", "write"] = "write"
    """read: sees the books; write: an officer's phone, records too."""
    scope: Literal["", "summary", "ledger", "people"] = ""
    """Of a reader from outside, whatever `right` says: what it sees."""
    until: Annotated[str, Meta(max_length=40)] = ""
    """A reader's last day, ISO; empty: in a year; never: without an end."""
    name: Annotated[str, Meta(max_length=80)] = ""
    """Whom it is for; the other phone shows it."""
    title: Title | None = None
    """The office that its owner holds from then on."""
    member: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Member number of its owner; 0 when not a member."""
    phone_of: Annotated[str, Meta(max_length=80)] = ""
    """A phone of the group whose owner gets one more, by its name or the beginning of its key."""
    addresses: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Where this phone is reached, HOST:PORT; by default where it listens now."""
    way: Literal["secret", "numbers"] = "secret"
    """secret: by the text or QR code; numbers: by six digits that both screens show."""
    confirm: bool = False
    """Whether this phone's owner is asked before the other is let in; by numbers always."""
    expires_minutes: Annotated[int, Meta(ge=0, le=44_640)] = 0
    """How long it is good by this phone's clock; 0: a day, by numbers ten minutes."""


class WithdrawRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Make an unused invitation worthless."""

    invitation: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    """Its number, as `invitations` shows it."""


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Come into a group, by an invitation or by numbers."""

    invitation: Annotated[str, Meta(max_length=4096)] = ""
    """The whole MKUTANO line; "" to compare numbers."""
    addresses: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Addresses to try before those in the invitation, or of the phone to compare numbers with."""
    yes: bool = False
    """Join whatever the invitation leads to, without being asked."""


class PairingsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Phones that ask to be let in here."""

    seconds: Annotated[float, Meta(ge=0, le=WAIT_S_MAX)] = 0.0
    """How long to wait for one when there is none."""


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the owner says to what a pairing asks."""

    pairing: Annotated[str, Meta(pattern="^[0-9a-f]{8}$")]
    yes: bool


async def make_invitation(device: Device, asked: InviteRequest) -> Mapping[str, Any]:
    """A fresh invitation, good for one phone."""
    addresses = tuple(parse_address(text) for text in asked.addresses) or device.listening
    addresses = addresses[:ADDRESSES_IN_INVITATION_MAX]
    by_numbers = asked.way == "numbers"
    lifetime_ms = asked.expires_minutes * MINUTE_MS
    lifetime_ms = lifetime_ms or (NUMBERS_LIFETIME_MS if by_numbers else LIFETIME_MS)
    terms = Terms(asked.way, asked.confirm, lifetime_ms)
    right = RIGHT_OF[asked.scope] if asked.scope else asked.right
    until = last_day(asked.until, day_of(now_ms())) if asked.scope else ""
    if asked.scope and (asked.title or asked.phone_of):
        raise CommandRefused(
            "A reader is nobody's further phone and holds no office. Leave --title and --phone-of "
            "out, or --reader.",
            "reader_office",
        )

    def work() -> dict[str, Any]:
        group = choose_group(device.node, asked.group)
        person = phone(group, asked.phone_of).person.hex() if asked.phone_of else ""
        guest = Guest(asked.name, asked.title, asked.member, person, asked.scope, until)
        number, made = invite(device.node, group.id, right, guest, addresses, steady_ms(), terms)
        uri = "" if by_numbers else format_invitation(made)
        others = others_needed(group)
        return {"uri": uri, "invitation": number.hex(), "group_name": group.name, "others": others}

    return {
        **await device.thread.run(work),
        "right": right,
        "scope": asked.scope,
        "until": until,
        "title": asked.title or "",
        "way": asked.way,
        "confirm": asked.confirm or by_numbers,
        "expires_minutes": lifetime_ms // MINUTE_MS,
        "addresses": [str(address) for address in addresses],
    }


async def list_invitations(device: Device, asked: GroupRequest) -> Mapping[str, Any]:
    """The invitations that this phone has made."""

    def work() -> list[InvitationRow]:
        group = choose_group(device.node, asked.group)
        return invitations(device.node, group.id, steady_ms())

    return {"invitations": [_shown(row) for row in await device.thread.run(work)]}


async def withdraw_invitation(device: Device, asked: WithdrawRequest) -> Mapping[str, Any]:
    """Withdraw one."""

    def work() -> None:
        group = choose_group(device.node, asked.group)
        withdraw(device.node, group.id, bytes.fromhex(asked.invitation))

    await device.thread.run(work)
    return {"invitation": asked.invitation, "state": "withdrawn"}


async def join(device: Device, asked: JoinRequest) -> Mapping[str, Any]:
    """Begin to join; how it ended, or what the owner is asked first."""
    invitation = parse_invitation(asked.invitation) if asked.invitation else None
    if invitation is not None and invitation.device == device.node.device:
        raise CommandRefused(
            "This invitation was made on this very phone. Use it on the phone that you invite.",
            "own_invitation",
        )
    addresses = tuple(parse_address(text) for text in asked.addresses)
    if invitation is not None:
        addresses = tuple(dict.fromkeys((*addresses, *invitation.addresses)))
    pairing = device.links.pairings.begin("joiner")
    attempt = _attempt(device, invitation, addresses, pairing, asked.yes)
    device.attempt(_to_its_end(pairing, attempt))
    return await _as_it_stands(pairing)


async def answer(device: Device, asked: AnswerRequest) -> Mapping[str, Any]:
    """Go on with what the owner said; how it ended, or what comes next."""
    pairing = device.links.pairings.find(asked.pairing)
    if isinstance(pairing.ended, NodeError):
        raise pairing.ended  # the other owner was quicker to say no, or hung up
    pairing.answer(asked.yes)
    return await _as_it_stands(pairing)


async def pairings(device: Device, asked: PairingsRequest) -> Mapping[str, Any]:
    """Phones that ask to be let in here now; waits for one if there is none."""
    known = device.links.pairings
    try:
        async with asyncio.timeout(asked.seconds):
            while not known.asking("inviter"):
                await known.news()
    except TimeoutError:
        pass
    return {
        "listening": [str(address) for address in device.listening],
        "pairings": [_asked(pairing) for pairing in known.asking("inviter")],
    }


async def _as_it_stands(pairing: Pairing) -> Mapping[str, Any]:
    await pairing.settled()
    if isinstance(pairing.ended, NodeError):
        raise pairing.ended
    return _asked(pairing) if pairing.ended is None else {**pairing.facts, **pairing.ended}


def _asked(pairing: Pairing) -> dict[str, Any]:
    return {**pairing.facts, "pairing": pairing.id, "asks": pairing.asks}


async def _to_its_end(pairing: Pairing, attempt: Any) -> None:
    """Join in the background, however long people think; nothing is raised here."""
    try:
        pairing.end(await attempt)
    except NodeError as error:
        pairing.end(error)
    except BaseException:
        pairing.end(NodeError("Mkutano was stopped on this phone.", "stopped"))
        raise


async def _attempt(
    device: Device,
    invitation: Invitation | None,
    addresses: tuple[Address, ...],
    pairing: Pairing,
    yes: bool,
) -> Mapping[str, Any]:
    """Join at the first address that answers; how it ended."""

    async def ask(asks: Asks, facts: Mapping[str, Any]) -> bool:
        if yes and asks == "offer":
            pairing.facts |= facts
            return await yes_to_the_offer(asks, facts)
        return await pairing.ask(asks, **facts)

    nearby = await _nearby(device, addresses)
    started_ms = monotonic_ms()
    try:
        link = await device.join(invitation, addresses, nearby, ask)
    except AwaitingOfficers as waits:
        device.groups_changed.set()
        return {
            "state": "waiting",
            "group": waits.group.hex(),
            "others": waits.others,
            "sentence": waits.sentence,
        }
    except ReadsSummaries as reads:
        return {
            "state": "reader",
            "group_name": reads.offer["group_name"],
            "others": reads.others,
            "sentence": reads.sentence,
        }
    except (PeerGone, Refused) as refusal:
        begun = None
        if invitation is not None:
            begun = await device.thread.run(joined_by, device.node, invitation.device)
        if begun is None or invitation is None:
            raise await device.thread.run(_in_already, device, invitation, refusal) from None
        try:  # used here before, and then cut off
            link = await device.exchange_anywhere(begun, (*addresses, *nearby))
        except PeerGone as gone:
            raise (gone if gone.code == "waiting_for_officers" else refusal) from None
        except Refused:
            raise refusal from None
    return {"state": "in", **await moved(device, link, started_ms)}


async def _nearby(device: Device, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Phones on the network; where nothing else is known, it is given the time to find them."""
    if device.lan is None:
        return ()
    for _ in range(SEARCHES):
        if addresses or device.lan.everyone():
            break
        await asyncio.sleep(SEARCH_S)
    others = [address for address in device.lan.everyone() if address not in addresses]
    return tuple(others[:NEARBY_TRIED_MAX])


def _in_already(
    device: Device, invitation: Invitation | None, refusal: PeerGone | Refused
) -> PeerGone | Refused:
    """The refusal; for a phone that is in the inviter's group, that it needs no invitation."""
    if invitation is None or refusal.code != "invitation_refused":
        return refusal
    names = " and ".join(group.name for group in shared_with(device.node, invitation.device))
    if not names:
        return refusal
    return Refused(
        f"This phone is in {names} already. The invitation was used already and is not needed any "
        "more: exchange what is new with “mkutano sync ADDRESS”. If it was for another group, ask "
        "the officer for a new one.",
        "joined_already",
    )


def _shown(row: InvitationRow) -> dict[str, Any]:
    guest = guest_of(row)
    return {
        "invitation": row.invitation_id.hex(),
        "state": row.state,
        "right": row.right,
        "scope": guest.scope,
        "until": guest.until,
        "name": guest.name,
        "title": guest.title or "",
        "member": guest.member_number,
        "way": row.way,
        "confirm": row.confirm,
        "made_ms": row.made_ms,
        "expires_ms": row.made_ms + row.lifetime_ms,
        "tries_left": TRIES_MAX - row.tries if row.state == "open" else 0,
        "used_by": row.used_by.hex(),
    }
