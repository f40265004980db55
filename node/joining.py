"""How a new phone comes into a group: what is said between the handshake and a session.

    joiner                                    inviter
    JOIN     [2, device key, phone's name] ->
       by numbers only (replication/comparison.py):
    COMMIT   [2, commitment]               ->
                                           <- COMMIT   [2, commitment]
    NONCE    [2, nonce]                    ->    (the inviter counts a try, on disk)
                                           <- NONCE    [2, nonce]
       both screens show six digits
    SAME     [2]                           ->    (the joiner's owner says: the same)
                                                 (the inviter's owner says: the same, let it in)
       by either way:
                                           <- OFFER    [2, what is joined, as whom, who invites;
                                                         for a reader: scope, last day]
       the joiner's owner says yes
    AGREED   [2]                           ->
                                                 (the inviter's owner says yes, if so wished)
                                           <- JOINED   [2, group id, the inviter's device key]
       keeps the group and the inviter's address
    READY    [2]                           ->
                                                 (signs the enrolment; the invitation is spent)
                                           <- ENROLLED [2, officers who must still agree]

Nothing is signed before both owners have seen what they agree to. With ENROLLED 0 the ordinary
session begins on the same channel, the joiner being its initiator. Otherwise the enrolment is a
proposal: the inviter gives nothing of the books and hangs up; the joiner keeps the address and
calls again, as a device of the group, until the officers have agreed. A reader of summaries is
given nothing here in any case, keeps no group, and finds the summaries at the group's relay. Cut
before READY, the invitation is still good; cut after it, the joiner is enrolled (or proposed) and
calls.

Each message is one canonical CBOR array. Decoding gives a value or RemoteError.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

import cbor2

from replication.control import RIGHTS, SCOPES
from replication.errors import RemoteError
from replication.identity import noise_public

VERSION: Final = 2
NAME_CHARS_MAX: Final = 80
OFFICES_MAX: Final = 8  # that one person holds
MEMBER_NUMBER_MAX: Final = 100_000
OFFICERS_MAX: Final = 1000
MESSAGE_BYTES_MAX: Final = 4096  # six names of 80 letters of up to four bytes, and room
KEY_BYTES: Final = 32


class Join(NamedTuple):
    """Who wants in."""

    device: bytes
    """Ed25519 key; it must be the one behind the channel's key."""
    name: str
    """What its owner calls the phone."""


class Offer(NamedTuple):
    """What is joined, as whom, with which right, and who invites: shown before anything is signed.

    Claims of the inviter, who has proved its key; the group itself can be checked only afterwards.
    """

    group_name: str
    phone: str
    """What the group calls the inviter's phone."""
    inviter: str
    """Its owner's name; "" when the inviter's phone does not know it."""
    offices: tuple[str, ...]
    """The offices that its owner holds."""
    right: str
    """read: sees the books; write: records too."""
    name: str
    """Whom the invitation is for; "" for anyone who has it."""
    title: str
    """The office that the joiner's owner gets; "" for none."""
    member_number: int
    """The member that the joiner's owner is; 0 when not said."""
    member_name: str
    others: int
    """How many other officers must agree before the joiner is given anything."""
    scope: str = ""
    """Of a reader from outside: summary, ledger, people; "" for a phone of the group."""
    until: str = ""
    """A reader's last day, ISO; "" without an end."""


class Joined(NamedTuple):
    """Which group it is, and by whom."""

    group: bytes
    inviter: bytes
    """Ed25519 key; it must be the one behind the channel's key."""


def told(offer: Offer) -> dict[str, Any]:
    """An offer as both screens and programs get it."""
    return {
        "group_name": offer.group_name,
        "inviter_phone": offer.phone,
        "inviter": offer.inviter,
        "offices": list(offer.offices),
        "right": offer.right,
        "name": offer.name,
        "title": offer.title,
        "member": offer.member_number,
        "member_name": offer.member_name,
        "others": offer.others,
        "scope": offer.scope,
        "until": offer.until,
    }


def must_agree(others: int) -> str:
    """So many more officers must agree, in words."""
    if others == 1:
        return "1 more officer must agree, on their own phone: mkutano approve"
    return f"{others} more officers must agree, on their own phones: mkutano approve"


def encode_join(join: Join) -> bytes:
    """The joiner's first message."""
    return _encode(join.device, shown(join.name))


def decode_join(message: bytes, peer_static: bytes) -> Join:
    """RemoteError when malformed, or when the device key is not the one that was proved."""
    device, name = _decode(message, _key, _name)
    return Join(_proved(device, peer_static), name)


def encode_bytes(value: bytes) -> bytes:
    """A commitment or a nonce, 32 bytes."""
    return _encode(value)


def decode_bytes(message: bytes) -> bytes:
    """RemoteError when malformed."""
    (value,) = _decode(message, _key)
    return bytes(value)


def encode_offer(offer: Offer) -> bytes:
    """What the inviter shows to the joiner."""
    return _encode(
        shown(offer.group_name) or "?",
        shown(offer.phone) or "?",
        shown(offer.inviter),
        [shown(office) for office in offer.offices[:OFFICES_MAX]],
        offer.right,
        shown(offer.name),
        shown(offer.title),
        offer.member_number,
        shown(offer.member_name),
        offer.others,
        *((offer.scope, offer.until) if offer.scope else ()),
    )


def decode_offer(message: bytes) -> Offer:
    """RemoteError when malformed. An offer to a reader has two fields more."""
    try:
        return Offer(*_decode(message, *_OFFER))
    except RemoteError as error:
        if error.code != "join-message":
            raise
    return Offer(*_decode(message, *_OFFER, _scope, _until))


def encode_joined(joined: Joined) -> bytes:
    """Which group it is."""
    return _encode(*joined)


def decode_joined(message: bytes, peer_static: bytes) -> Joined:
    """RemoteError when malformed, or when the device key is not the one that was proved."""
    group, inviter = _decode(message, _key, _key)
    return Joined(group, _proved(inviter, peer_static))


def encode_enrolled(others: int) -> bytes:
    """The inviter has signed; so many officers must still agree."""
    return _encode(others)


def decode_enrolled(message: bytes) -> int:
    """RemoteError when malformed."""
    (others,) = _decode(message, _whole(OFFICERS_MAX))
    return int(others)


def encode_word() -> bytes:
    """A message that says no more than its label: SAME, AGREED, READY."""
    return _encode()


def decode_word(message: bytes) -> None:
    """RemoteError when malformed."""
    _decode(message)


def shown(text: str) -> str:
    """A name as another phone takes it: one line, bounded."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(line.split())[:NAME_CHARS_MAX].rstrip()


def _proved(device: bytes, peer_static: bytes) -> bytes:
    """A device key that belongs to the channel's proved key; RemoteError for any other."""
    try:
        proved = noise_public(device) == peer_static
    except (RuntimeError, TypeError, ValueError):
        proved = False
    if not proved:
        raise RemoteError("join-key", "the device key is not the one that was proved")
    return device


def _encode(*fields: object) -> bytes:
    return cbor2.dumps([VERSION, *fields], canonical=True)


Check = Callable[[Any], bool]


def _decode(message: bytes, *checks: Check) -> tuple[Any, ...]:
    """The fields of a message; RemoteError unless it has exactly this form."""
    try:
        if len(message) > MESSAGE_BYTES_MAX:
            raise ValueError("too long")
        version, *fields = cbor2.loads(message, max_depth=3)
        if cbor2.dumps([version, *fields], canonical=True) != message:
            raise ValueError("not canonical")
    except (ValueError, TypeError, OverflowError, cbor2.CBORError):
        raise RemoteError("join-message", "not a message of joining") from None
    if type(version) is not int or version != VERSION:
        raise RemoteError("join-version", "another version of joining")
    if len(fields) != len(checks) or not all(
        check(field) for check, field in zip(checks, fields, strict=True)
    ):
        raise RemoteError("join-message", "a message of joining of the wrong form")
    return tuple(tuple(field) if isinstance(field, list) else field for field in fields)


def _key(value: object) -> bool:
    return type(value) is bytes and len(value) == KEY_BYTES


def _text(value: object) -> bool:
    return type(value) is str and len(value) <= NAME_CHARS_MAX and value.isprintable()


def _name(value: object) -> bool:
    return type(value) is str and _text(value) and value.strip() != ""


def _names(value: object) -> bool:
    return type(value) is list and len(value) <= OFFICES_MAX and all(map(_name, value))


def _right(value: object) -> bool:
    return type(value) is str and value in RIGHTS


def _scope(value: object) -> bool:
    return type(value) is str and value in SCOPES and value != ""


def _until(value: object) -> bool:
    return value == "" or (type(value) is str and _is_day(value))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _whole(most: int) -> Check:
    return lambda value: type(value) is int and 0 <= value <= most


_OFFER: Final = (
    *(_name, _name, _text, _names, _right, _text, _text),
    *(_whole(MEMBER_NUMBER_MAX), _text, _whole(OFFICERS_MAX)),
)
