"""Paper cards: keys that live on paper, for a missing vote and for when all phones are gone.

A card is 16 secret bytes, printed as words; its signing key follows from them. What it signs
names the group and the one thing that it agrees to, so that no signature serves twice: a vote
names the change that asks, a restoration the device that comes in. A phone that has two cards and
nothing else calls a device of the group with them: that call names the very channel, so that it
can't be passed on, and the group only through the cards' public keys, since the phone does not
know it yet.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import combinations

from replication.identity import DeviceKeys, verify

SECRET_BYTES = 16

_KEY_PURPOSE = b"mkutano/card/1"
_VOTE_PURPOSE = b"mkutano/card-vote/1"
_RESTORE_PURPOSE = b"mkutano/card-restore/1"
_PAIR_PURPOSE = b"mkutano/card-pair/1"
_CALL_PURPOSE = b"mkutano/card-call/1"


def card_keys(secret: bytes) -> DeviceKeys:
    """The key pair of a card from its 16 secret bytes; ValueError for any other number."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a card's secret is 16 bytes")
    return DeviceKeys(sha256(_KEY_PURPOSE + secret).digest())


def sign_vote(card: DeviceKeys, group: bytes, proposal: bytes) -> bytes:
    """The card's vote for what a change asks: 64 bytes."""
    return card.sign(_VOTE_PURPOSE + group + proposal)


def is_vote(card_key: bytes, group: bytes, proposal: bytes, signature: bytes) -> bool:
    """Whether the card with this public key signed a vote for this change."""
    return verify(card_key, _VOTE_PURPOSE + group + proposal, signature)


def sign_restoration(card: DeviceKeys, group: bytes, device: bytes, person: bytes) -> bytes:
    """The card's word that this device restores the officers: 64 bytes."""
    return card.sign(_RESTORE_PURPOSE + group + device + person)


def is_restoration(
    card_key: bytes, group: bytes, device: bytes, person: bytes, signature: bytes
) -> bool:
    """Whether the card with this public key lets this device restore the officers."""
    return verify(card_key, _RESTORE_PURPOSE + group + device + person, signature)


def pair_key(one: bytes, other: bytes) -> bytes:
    """What two cards' public keys have in common, 32 bytes, in whatever order they are given.

    Every device of the group can make it, and nobody else: it finds the group, and proves nothing.
    """
    return sha256(_PAIR_PURPOSE + min(one, other) + max(one, other)).digest()


def pair_keys(cards: Sequence[bytes]) -> list[bytes]:
    """The keys of every two of a group's cards."""
    return [pair_key(one, other) for one, other in combinations(cards, 2)]


def sign_call(card: DeviceKeys, channel: bytes, device: bytes) -> bytes:
    """The card's word that this device calls with it over this channel: 64 bytes.

    `channel` is the hash of the channel's handshake.
    """
    return card.sign(_CALL_PURPOSE + channel + device)


def is_call(
    cards: Sequence[bytes], channel: bytes, device: bytes, signatures: Sequence[bytes]
) -> bool:
    """Whether two different cards of these signed for this device on this channel."""
    message = _CALL_PURPOSE + channel + device
    signed = [
        {number for number, card in enumerate(cards) if verify(card, message, signature)}
        for signature in signatures
    ]
    return len(signatures) == 2 and all(signed) and signed[0].isdisjoint(signed[1])
