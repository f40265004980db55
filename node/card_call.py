"""How a phone that has two paper cards and nothing else comes to the books.

    new phone                               a phone that holds the books
    CARDS  [1, device key, signature, signature] ->
                                         <- HOLDS  [1, group id, its device key]

The hello and the handshake (XXpsk3) lie under what two cards' public keys have in common, which
every phone of the group can make and nobody else; so a stranger with one card is not even
answered. Both cards sign the hash of this very handshake and the new phone's key: whoever holds
the books learns that both cards are there, and nobody can pass that on. The ordinary session then
begins on the same channel, the new phone being its initiator; it is given everything.

Which group it is, the new phone sees only when the books are here: they must name both cards.
Each message is one canonical CBOR array.
"""

from typing import Final, NamedTuple

import cbor2

from node.doors import channel_key
from node.errors import NodeError
from node.hello import cards_key, cards_psk
from node.node import Node
from node.node_thread import NodeThread
from node.secure_socket import (
    CARDS,
    HANDSHAKE_S_MAX,
    HOLDS,
    REFUSED,
    Refused,
    SecureSocket,
    WebSocket,
    dial,
)
from replication.cards import is_call, pair_key, sign_call
from replication.errors import RemoteError
from replication.identity import DeviceKeys

VERSION: Final = 1
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MESSAGE_BYTES_MAX: Final = 512  # a key and two signatures

Pair = tuple[DeviceKeys, DeviceKeys]

SHOWN: Final = (
    "A phone with two paper cards fetches the group's books from this phone. If nobody of the "
    "group does that now, stop Mkutano here and tell the officers to replace the cards."
)
"""What a person hears whose phone is called with cards."""


class Holds(NamedTuple):
    """Whose books the answering phone holds."""

    group: bytes
    device: bytes
    """Ed25519 key of the answering phone, which the channel has proved."""


async def show_cards(node: Node, socket: WebSocket, cards: Pair) -> tuple[SecureSocket, Holds]:
    """The new phone's side, up to the session. Refused, PeerGone, RemoteError."""
    pair = pair_key(cards[0].public, cards[1].public)
    secure = await dial(
        socket,
        kind="cards",
        static=node.home.keys.noise_static(),
        key=cards_key(pair),
        psk=cards_psk(pair),
        accepts=lambda _: True,  # who knows both cards' keys is of the group; no more is known yet
    )
    signed = [sign_call(card, secure.binding, node.device) for card in cards]
    await secure.send(_encode(node.device, *signed), CARDS)
    group, device = _decode(await secure.expect(HOLDS, HANDSHAKE_S_MAX), KEY_BYTES, KEY_BYTES)
    return secure, Holds(group, _proved(device, secure.peer_static))


async def look_at_cards(
    node: Node, thread: NodeThread, secure: SecureSocket, group_id: bytes
) -> bytes:
    """The other side: the new phone's key once both cards have signed. NodeError, RemoteError."""
    shown = await secure.expect(CARDS, HANDSHAKE_S_MAX)
    device, *signatures = _decode(shown, KEY_BYTES, SIGNATURE_BYTES, SIGNATURE_BYTES)
    _proved(device, secure.peer_static)
    fault = await thread.run(_fault, node, group_id, secure.binding, device, signatures)
    if fault:
        await secure.send(fault.encode(), REFUSED)
        raise NodeError("A phone showed paper cards and was not let in.", fault)
    await secure.send(_encode(group_id, node.device), HOLDS)
    return device


def _fault(
    node: Node, group_id: bytes, channel: bytes, device: bytes, signatures: list[bytes]
) -> str:
    """Why two cards don't open the books to a phone; "" when they do."""
    roster = node.group(group_id).roster
    if not is_call(roster.cards, channel, device, signatures):
        return "not_two_cards"
    known = roster.devices.get(device)
    if known is not None and not (known.right == "write" and known.state == "active"):
        return "phone_known"
    return ""


_SENTENCES: Final = {
    "not_two_cards": "The phone there does not take these two cards. They may have been replaced: "
    "look for the newest ones.",
    "phone_known": "This phone was let into that group before, to read, or was shut out. Use a "
    "phone that is new to the group, or make this one anew in another folder: mkutano --home "
    "FOLDER init",
    "peer_refused": "The phone there holds no group with these two cards. Call a phone that holds "
    "your group's books, with Mkutano running. If the officers have replaced the cards, only the "
    "newest open anything.",
}


def in_words(refusal: Refused) -> Refused:
    """Why the other phone does not take the cards, as the person reads it who typed them."""
    return Refused(_SENTENCES.get(refusal.code, refusal.sentence), refusal.code)


def _proved(device: bytes, peer_static: bytes) -> bytes:
    """A device key that belongs to the channel's proved key; RemoteError for any other."""
    if channel_key(device) != peer_static:
        raise RemoteError("card-key", "the device key is not the one that was proved")
    return device


def _encode(*fields: bytes) -> bytes:
    return cbor2.dumps([VERSION, *fields], canonical=True)


def _decode(message: bytes, *lengths: int) -> list[bytes]:
    """Byte strings of these lengths; RemoteError unless the message has exactly this form."""
    try:
        if len(message) > MESSAGE_BYTES_MAX:
            raise ValueError("too long")
        version, *fields = cbor2.loads(message, max_depth=2)
        if cbor2.dumps([version, *fields], canonical=True) != message:
            raise ValueError("not canonical")
    except (ValueError, TypeError, OverflowError, cbor2.CBORError):
        raise RemoteError("card-message", "not a message about cards") from None
    if type(version) is not int or version != VERSION:
        raise RemoteError("card-version", "another version of this message")
    if [len(field) if type(field) is bytes else -1 for field in fields] != list(lengths):
        raise RemoteError("card-message", "a message about cards of the wrong form")
    return list(fields)
