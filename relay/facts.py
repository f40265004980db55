"""What is signed about a mailbox: who may use it, what lies in it, and where its log stands.

Rule: nothing here trusts the relay. A mailbox's id commits to the key that founded it, every later
access list is signed by enough of the officers of the one before, every blob by the device that
pushed it, and every head by the relay over a chain of all entries before it: whoever holds two
heads of one cursor that differ holds a proof of fraud. Byte layouts are in `PROTOCOL.md`.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import cbor2
from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

KEY_BYTES: Final = 32
HASH_BYTES: Final = 32
LOG_ID_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
CARDS: Final = 3

BLOB_BYTES_MAX: Final = 768 * 1024
"""One sealed blob: the largest bundle of changes, padded, with room to spare."""
OFFICERS_MAX: Final = 128
"""People who may write to one mailbox; a group has far fewer officers."""
DEVICES_MAX: Final = 512
"""Keys that may write, and keys that may read, of one mailbox."""
TAGS_MAX: Final = 512
"""Tags under which one mailbox is found."""
CHAIN_MAX: Final = 1024
"""Access lists of one mailbox that are given at once: some eighty years of a change a month."""
CURSOR_MAX: Final = 2**53
TIME_MS_MAX: Final = 2**43

Kind = Literal["log", "box"]
"""log: every entry stays. box: a device's newer entry takes the place of its older one."""
KINDS: Final[tuple[Kind, ...]] = ("log", "box")

Sign = Callable[[bytes], bytes]
"""Signs a message with some Ed25519 key, 64 bytes."""

_MAILBOX = b"mkutano/relay/mailbox/1"
_ACCESS = b"mkutano/relay/access/1"
_BLOB = b"mkutano/relay/blob/1"
_LOG = b"mkutano/relay/log/1"
_ENTRY = b"mkutano/relay/entry/1"
_HEAD = b"mkutano/relay/head/1"
_OPEN = b"mkutano/relay/open/1"
_CARDS = b"mkutano/relay/cards/1"
_CHECKPOINT = b"mkutano/relay/checkpoint/1"
_NUMBER = b"mkutano/relay-number/1"
_NUMBER_DIGITS: Final = 20
"""66 bits: nobody makes a second key with the same number."""


class ProtocolError(Exception):
    """Something that breaks the contract; `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this Ed25519 key signed this message."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except CryptoError:
        return False
    return True


def key_number(relay: bytes) -> str:
    """Twenty digits for a relay's key, in fours: its operator tells them, and officers compare."""
    number = int.from_bytes(sha256(_NUMBER + relay).digest(), "big") % 10**_NUMBER_DIGITS
    digits = f"{number:0{_NUMBER_DIGITS}d}"
    return " ".join(digits[at : at + 4] for at in range(0, _NUMBER_DIGITS, 4))


# Who may use a mailbox


class Access(NamedTuple):
    """Who may use a mailbox, from one list to the next."""

    number: int
    """1 for the founding list, then one more each."""
    kind: Kind
    """The same in every list of a mailbox."""
    needed: int
    """How many officers must sign the next list."""
    writers: tuple[tuple[bytes, ...], ...]
    """Keys that may push and pull, those of one officer together, all ascending."""
    readers: tuple[bytes, ...]
    """Keys that may only pull, ascending."""
    cards: tuple[bytes, ...]
    """Keys of the group's three paper cards, or none. One stands in for one missing officer; two
    together may read, and sign the next list alone."""
    tags: tuple[bytes, ...]
    """Under which the mailbox is found by who does not know its id; 32 bytes each, ascending."""

    def may_write(self, key: bytes) -> bool:
        """Whether blobs of this key are taken."""
        return any(key in officer for officer in self.writers)

    def may_read(self, key: bytes) -> bool:
        """Whether this key may pull."""
        return key in self.readers or self.may_write(key)

    def officer_of(self, key: bytes) -> int:
        """Which officer this key belongs to, counted from 0; -1: none."""
        for number, officer in enumerate(self.writers):
            if key in officer:
                return number
        return -1


class SignedAccess(NamedTuple):
    """An access list and who signed it: (key, signature) pairs, by key ascending."""

    access: Access
    signatures: tuple[tuple[bytes, bytes], ...]


def mailbox_id(founder: bytes) -> bytes:
    """The id of the mailbox that this Ed25519 key founds, 32 bytes: it signs list 1, once."""
    return sha256(_MAILBOX + founder).digest()


def access_fields(access: Access) -> list[object]:
    """An access list as the plain array that is encoded."""
    return [
        access.number,
        access.kind,
        access.needed,
        [list(officer) for officer in access.writers],
        list(access.readers),
        list(access.cards),
        list(access.tags),
    ]


def access_message(mailbox: bytes, access: Access) -> bytes:
    """What is signed of an access list."""
    encoded = cbor2.dumps(access_fields(access), canonical=True)
    return _ACCESS + mailbox + sha256(encoded).digest()


def check_access(access: Access) -> None:
    """ProtocolError("bad_access") unless a list is in its one form and within bounds."""
    keys = [key for officer in access.writers for key in officer]
    sane = (
        access.number >= 1
        and access.kind in KINDS
        and 1 <= len(access.writers) <= OFFICERS_MAX
        and all(access.writers)
        and 1 <= access.needed <= len(access.writers)
        and len(keys) <= DEVICES_MAX
        and len(access.readers) <= DEVICES_MAX
        and len(access.tags) <= TAGS_MAX
        and len(access.cards) in (0, CARDS)
    )
    rising = (access.writers, access.readers, access.tags, *access.writers)
    if not sane or not all(_is_rising(one) for one in rising):
        raise ProtocolError("bad_access", "an access list is not in its one form")
    everybody = (*keys, *access.readers)
    if len(set(everybody)) != len(everybody) or len(set(access.cards)) != len(access.cards):
        raise ProtocolError("bad_access", "a key stands twice in an access list")
    if any(len(key) != KEY_BYTES for key in (*everybody, *access.cards, *access.tags)):
        raise ProtocolError("bad_access", "keys and tags are 32 bytes")


def check_founding(mailbox: bytes, founder: bytes, first: SignedAccess) -> None:
    """ProtocolError unless list 1 is signed by the key that this mailbox's id commits to."""
    check_access(first.access)
    if mailbox_id(founder) != mailbox or first.access.number != 1:
        raise ProtocolError("bad_founding", "this key does not found this mailbox")
    message = access_message(mailbox, first.access)
    if [key for key, _ in first.signatures] != [founder]:
        raise ProtocolError("bad_founding", "the founding key alone signs the first list")
    if not is_signed(founder, message, first.signatures[0][1]):
        raise ProtocolError("bad_signature", "the founding signature does not match")


def check_next(mailbox: bytes, before: Access, following: SignedAccess) -> None:
    """ProtocolError unless enough officers of the list before signed this one.

    Enough: as many officers as that list asks for, of whom one paper card may stand in for one;
    or two cards. Officers are counted, not keys.
    """
    access = following.access
    check_access(access)
    if access.number != before.number + 1 or access.kind != before.kind:
        raise ProtocolError("stale_access", "this list does not follow the one in force")
    message = access_message(mailbox, access)
    keys = [key for key, _ in following.signatures]
    if not _is_rising(keys) or len(keys) > OFFICERS_MAX + CARDS:
        raise ProtocolError("bad_access", "signatures are not in their one form")
    if not all(is_signed(key, message, signature) for key, signature in following.signatures):
        raise ProtocolError("bad_signature", "a signature under an access list does not match")
    if not is_enough(before, keys):
        raise ProtocolError("too_few_signatures", "more officers must sign this list")


def is_enough(before: Access, signers: Iterable[bytes]) -> bool:
    """Whether these keys together may put a list in the place of `before`."""
    keys = set(signers)
    officers = {before.officer_of(key) for key in keys} - {-1}
    cards = len(keys & set(before.cards))
    return cards >= 2 or (bool(officers) and len(officers) + min(cards, 1) >= before.needed)


def _is_rising(items: Sequence[object]) -> bool:
    """Ascending, each once."""
    return all(one < other for one, other in pairwise(items))  # type: ignore[operator]


# What lies in a mailbox


class Entry(NamedTuple):
    """One entry of a mailbox's log."""

    cursor: int
    """1, 2, 3 … of this log."""
    writer: bytes
    """Key of the device that pushed it."""
    time_ms: int
    """When it came, by the relay's clock, milliseconds since 1970; it decides nothing."""
    blob_hash: bytes
    """SHA-256 of the blob."""
    signature: bytes
    """Of the writer over mailbox and blob hash; `blob_message`."""
    blob: bytes | None
    """None: let go, because a newer one took its place or a checkpoint covers it."""


class Head(NamedTuple):
    """Where a log stands, in the relay's word."""

    log_id: bytes
    """16 random bytes; another id means that the log was begun anew."""
    cursor: int
    """Of the newest entry; 0 for an empty log."""
    chain: bytes
    """Hash over all entries up to it."""
    time_ms: int
    """Of the newest entry; 0 for an empty log."""


class SignedHead(NamedTuple):
    """A head and the relay's signature over `head_message`."""

    head: Head
    signature: bytes


def blob_message(mailbox: bytes, blob_hash: bytes) -> bytes:
    """What the device that pushes a blob signs."""
    return _BLOB + mailbox + blob_hash


def chain_start(mailbox: bytes, log_id: bytes) -> bytes:
    """The chain of an empty log."""
    return sha256(_LOG + mailbox + log_id).digest()


def chain_next(chain: bytes, entry: Entry) -> bytes:
    """The chain after one more entry; the blob itself is not needed."""
    numbers = entry.cursor.to_bytes(8, "big") + entry.time_ms.to_bytes(8, "big")
    return sha256(_ENTRY + chain + numbers + entry.writer + entry.blob_hash).digest()


def head_message(mailbox: bytes, head: Head) -> bytes:
    """What a relay signs of a head."""
    numbers = head.cursor.to_bytes(8, "big") + head.time_ms.to_bytes(8, "big")
    return _HEAD + mailbox + head.log_id + numbers + head.chain


def check_head(relay: bytes, mailbox: bytes, signed: SignedHead) -> None:
    """ProtocolError("bad_signature") unless the relay with this key signed this head."""
    if not is_signed(relay, head_message(mailbox, signed.head), signed.signature):
        raise ProtocolError("bad_signature", "the relay's signature does not match")


def check_entry(mailbox: bytes, entry: Entry) -> None:
    """ProtocolError unless the entry's blob is the one that its writer signed for."""
    if entry.blob is not None and sha256(entry.blob).digest() != entry.blob_hash:
        raise ProtocolError("bad_blob", "a blob is not the one that was pushed")
    if not is_signed(entry.writer, blob_message(mailbox, entry.blob_hash), entry.signature):
        raise ProtocolError("bad_signature", "an entry's signature does not match")


def is_fraud(relay: bytes, mailbox: bytes, one: SignedHead, other: SignedHead) -> bool:
    """Whether these two heads prove that the relay gave one log two histories."""
    for signed in (one, other):
        if not is_signed(relay, head_message(mailbox, signed.head), signed.signature):
            return False
    same = one.head[:2] == other.head[:2]
    return same and one.head.chain != other.head.chain


# What may be let go


class Checkpoint(NamedTuple):
    """Two officers' word that entries `first` to `last` say all that is before them."""

    log_id: bytes
    first: int
    last: int
    chain: bytes
    """Of the log at `last`."""


def checkpoint_message(mailbox: bytes, checkpoint: Checkpoint) -> bytes:
    """What a device signs of a checkpoint; the second only after it compared its content."""
    numbers = checkpoint.first.to_bytes(8, "big") + checkpoint.last.to_bytes(8, "big")
    return _CHECKPOINT + mailbox + checkpoint.log_id + numbers + checkpoint.chain


# Who is calling


def open_message(challenge: bytes, relay: bytes, mailbox: bytes) -> bytes:
    """What a device signs to use a mailbox over one connection."""
    return _OPEN + challenge + relay + mailbox


def cards_message(challenge: bytes, relay: bytes, mailbox: bytes, device: bytes) -> bytes:
    """What two paper cards sign so that a device may read a mailbox over one connection."""
    return _CARDS + challenge + relay + mailbox + device
