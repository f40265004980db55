"""Proofs that a relay told two stories: what this phone kept, in a file that anybody can check.

Two heads that one relay signed for one cursor of one log, with different chains, prove the fraud to
whoever knows the relay's key; no trust in the phone that shows them is needed. The file is JSON:

    {"mkutano": "two stories of a relay", "version": 1,
     "proofs": [{"relay": key, "mailbox": id, "heads": [note, note]}, …]}

in hex; a note as phones tell each other (`relay_view.note_of`).
"""

import json
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.node import Group, Node
from node.relay_address import relay_name
from node.relay_places import places
from node.relay_store import RelayStore
from node.relay_view import NOTE_BYTES, read_note
from relay.facts import SignedHead, is_fraud, key_number

KIND: Final = "two stories of a relay"
VERSION: Final = 1
PROOFS_MAX: Final = 1024
FILE_BYTES_MAX: Final = 2 * 1024 * 1024

_Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})+$", max_length=2 * NOTE_BYTES)]


class _Proof(msgspec.Struct, frozen=True):
    relay: _Hex
    mailbox: _Hex
    heads: Annotated[tuple[_Hex, ...], Meta(min_length=2, max_length=2)]


class _File(msgspec.Struct, frozen=True):
    mkutano: str
    version: int
    proofs: Annotated[tuple[_Proof, ...], Meta(min_length=1, max_length=PROOFS_MAX)]


class Proven(NamedTuple):
    """What one proof shows."""

    relay: bytes
    mailbox: bytes
    cursor: int
    """Of which the relay signed two chains."""
    chains: tuple[bytes, bytes]


def kept(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The proofs of a group's relays, as the file that is given to others. CommandRefused: none."""
    group = choose_group(node, asked.group)
    found = _found(group)
    if not found:
        raise CommandRefused(
            "No cloud backup of this group has told two stories, as far as this phone knows.",
            "no_proof",
        )
    names = sorted({relay_name(url) for url, _ in found})
    file = {"mkutano": KIND, "version": VERSION, "proofs": [proof for _, proof in found]}
    return Answer({"group": group.id.hex(), "names": names, "file": file})


def _found(group: Group) -> list[tuple[str, dict[str, Any]]]:
    store = RelayStore(group.store.database)
    found: list[tuple[str, dict[str, Any]]] = []
    for chosen in group.replica.relays():
        mailboxes = [place.mailbox for place in places(group.id, chosen)]
        for fault in store.faults(chosen.relay, mailboxes):
            notes = [fault.proof[:NOTE_BYTES], fault.proof[NOTE_BYTES:]]
            if _proven(chosen.relay, fault.mailbox, notes) is not None:
                proof = {
                    "relay": chosen.relay.hex(),
                    "mailbox": fault.mailbox.hex(),
                    "heads": [note.hex() for note in notes],
                }
                found.append((chosen.url, proof))
    return found


def _proven(relay: bytes, mailbox: bytes, notes: list[bytes]) -> Proven | None:
    heads: list[SignedHead] = []
    for note in notes:
        parts = read_note(note)
        if parts is None or parts[:2] != (relay, mailbox):
            return None
        heads.append(parts[2])
    one, other = heads
    if not is_fraud(relay, mailbox, one, other):
        return None
    return Proven(relay, mailbox, one.head.cursor, (one.head.chain, other.head.chain))


def check(data: bytes) -> list[Proven]:
    """What a file proves, checked from its bytes alone. CommandRefused where it proves nothing."""
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused() from error
    if file.mkutano != KIND or file.version != VERSION:
        raise _refused()
    found = []
    for one in file.proofs:
        notes = [bytes.fromhex(head) for head in one.heads]
        proven = _proven(bytes.fromhex(one.relay), bytes.fromhex(one.mailbox), notes)
        if proven is None:
            raise CommandRefused(
                "The file proves nothing: the two stories in it were not both signed by the relay "
                "with this number, or they don't contradict each other.",
                "not_proven",
            )
        found.append(proven)
    return found


def _refused() -> CommandRefused:
    return CommandRefused(
        "The file is no proof that Mkutano wrote. Ask for the file of mkutano cloud proof.",
        "bad_proof",
    )


def words(proven: Proven) -> str:
    """What one proof shows, in a sentence."""
    return (
        f"Proven: the relay with the number {key_number(proven.relay)} has told two stories about "
        f"one backup. It signed two different histories of its first {proven.cursor:,} pieces."
    )


def as_file(file: dict[str, Any]) -> str:
    """The text of a file."""
    return json.dumps(file, indent=1) + "\n"
