"""The messages between a device and a relay, and their bytes.

A message is one canonical CBOR array in one binary WebSocket message of at most `MESSAGE_BYTES_MAX`
bytes: `[kind, request, *fields]`. The relay speaks first (`Hello`); after that every request of the
device has a number of its own, and the reply carries the same. What the relay says unasked (`News`)
has the number 0. Whatever the other end sends gives a message here or a `ProtocolError`.

    device                          relay
                               <-   Hello        its key, a challenge, its limits
    Find, Open, OpenByCards    ->
                               <-   Found, Opened
    Create                     ->
    Pull, Push, ReadAccess …   ->
                               <-   Entries, Receipt, AccessChain, Done, Failed
                               <-   News         to who opened a mailbox to hear of it
                               <-   Closed       to who lost the right to a mailbox
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

import cbor2

from relay.facts import (
    BLOB_BYTES_MAX,
    CHAIN_MAX,
    CURSOR_MAX,
    HASH_BYTES,
    KEY_BYTES,
    KINDS,
    LOG_ID_BYTES,
    SIGNATURE_BYTES,
    TAGS_MAX,
    TIME_MS_MAX,
    Access,
    Checkpoint,
    Entry,
    Head,
    ProtocolError,
    SignedAccess,
    SignedHead,
    access_fields,
)

VERSION: Final = 1
PATH: Final = "/v1/mailboxes"
"""Where a relay answers WebSockets."""

MESSAGE_BYTES_MAX: Final = 1024 * 1024
CHALLENGE_BYTES: Final = 32
REQUEST_MAX: Final = 2**31
PULL_BYTES_MAX: Final = 512 * 1024
"""Blob bytes of one reply to a pull, but for a single larger blob."""
PULL_ENTRIES_MAX: Final = 2048
NEWS_BLOB_BYTES_MAX: Final = 64 * 1024
"""A larger blob is not sent unasked: the news only say that it is there."""
FOUND_MAX: Final = 8192
"""Mailboxes of one reply to a search: an organisation's key is a reader of thousands."""
PENDING_MAX: Final = 16
"""Access lists and checkpoints of one mailbox that wait for more signatures; one of each signer."""
_DEPTH_MAX: Final = 6
_ITEMS_MAX: Final = 40_000
"""Items of one message: whatever fits into 1 MiB of honest ones, whose smallest are keys."""
_LENGTH_IN_HEAD_MAX: Final = 23
_STRINGS: Final = (2, 3)
"""Major types of CBOR whose content follows the head."""
_CODE_CHARS_MAX: Final = 40
_TEXT_CHARS_MAX: Final = 300


class Hello(NamedTuple):
    """The relay's first word."""

    version: int
    relay: bytes
    """Its Ed25519 key."""
    challenge: bytes
    """Fresh for this connection."""
    blob_bytes_max: int
    mailbox_bytes_max: int
    """What one mailbox may hold."""


class Find(NamedTuple):
    """Which mailboxes are under these tags?"""

    tags: tuple[bytes, ...]


class Found(NamedTuple):
    """(tag, mailbox) pairs, ascending; tags with none are left out."""

    mailboxes: tuple[tuple[bytes, bytes], ...]


class Open(NamedTuple):
    """Use a mailbox over this connection; `signature` over `facts.open_message`."""

    mailbox: bytes
    key: bytes
    signature: bytes
    live: bool
    """Whether to hear of new entries."""


class OpenByCards(NamedTuple):
    """Read a mailbox with two paper cards; signatures over `facts.cards_message`."""

    mailbox: bytes
    device: bytes
    cards: tuple[tuple[bytes, bytes], ...]
    """Two (card key, signature) pairs."""


class Opened(NamedTuple):
    """Where the mailbox stands."""

    head: SignedHead
    first_kept: int
    """Smallest cursor from which every blob of a log is still there; 1 unless some were let go."""
    access_number: int
    may_write: bool
    bytes_used: int
    pending: tuple[SignedAccess, ...]
    """Next access lists that wait for more signatures."""
    checkpoints: tuple[tuple[Checkpoint, tuple[tuple[bytes, bytes], ...]], ...]
    """The newest one in force, and those that wait for a second signature, with who signed."""


class Create(NamedTuple):
    """Found a mailbox, or found it again on a relay that lost it: all its access lists so far."""

    founder: bytes
    chain: tuple[SignedAccess, ...]


class Amend(NamedTuple):
    """Access lists after the one in force, each with signatures enough."""

    mailbox: bytes
    chain: tuple[SignedAccess, ...]


class ProposeAccess(NamedTuple):
    """One device's signature under the next access list; kept until there are enough."""

    mailbox: bytes
    access: Access
    key: bytes
    signature: bytes


class ReadAccess(NamedTuple):
    """Which access lists are there from this number on?"""

    mailbox: bytes
    from_number: int


class AccessChain(NamedTuple):
    """The access lists from the number asked for, and the key that founded the mailbox."""

    founder: bytes
    chain: tuple[SignedAccess, ...]


class Push(NamedTuple):
    """One sealed blob; the same one again is answered with its old receipt."""

    mailbox: bytes
    blob: bytes
    signature: bytes
    """Over `facts.blob_message`."""


class Receipt(NamedTuple):
    """The blob is on the relay's disk: its entry (without the blob), what the chain was before
    it, and the signed head at its cursor."""

    entry: Entry
    chain_before: bytes
    head: SignedHead


class Pull(NamedTuple):
    """The entries after a cursor."""

    mailbox: bytes
    after: int
    bytes_max: int


class Entries(NamedTuple):
    """Entries in order of cursors without a gap, and the head as it stands now."""

    mailbox: bytes
    entries: tuple[Entry, ...]
    head: SignedHead


class SignCheckpoint(NamedTuple):
    """One officer's signature under a checkpoint; in force with that of a second officer."""

    mailbox: bytes
    checkpoint: Checkpoint
    key: bytes
    signature: bytes


class Done(NamedTuple):
    """It was done; `waiting` is how many more officers must sign, 0 for none."""

    waiting: int


class News(NamedTuple):
    """Something new in a mailbox that this connection listens to. Who needs what is not in
    `entries` pulls it; `access_number` and the head tell what there is."""

    mailbox: bytes
    access_number: int
    entries: tuple[Entry, ...]
    head: SignedHead


class Closed(NamedTuple):
    """Said unasked: this connection may not use the mailbox any more; `code` as in `Failed`."""

    mailbox: bytes
    code: str


class Failed(NamedTuple):
    """The request was refused or could not be served: a stable code, and a sentence."""

    code: str
    text: str
    retry_after_ms: int
    """When to ask again; 0: asking again changes nothing."""


Message = (
    Hello
    | Find
    | Found
    | Open
    | OpenByCards
    | Opened
    | Create
    | Amend
    | ProposeAccess
    | ReadAccess
    | AccessChain
    | Push
    | Receipt
    | Pull
    | Entries
    | SignCheckpoint
    | Done
    | News
    | Failed
    | Closed
)


class Numbered(NamedTuple):
    """A message and the request that it belongs to; 0 for none."""

    request: int
    message: Message


# Codes of `Failed`, and what a device does about them
RETRY_CODES: Final = frozenset({"rate_limited", "unavailable", "storage_full", "too_busy"})
"""Ask again later; everything else needs another request."""


def encode(message: Message, request: int = 0) -> bytes:
    """The bytes of a message."""
    number = _NUMBERS[type(message)]
    return cbor2.dumps([number, request, *_plain(message)], canonical=True)


def decode(data: bytes) -> Numbered:
    """The message in these bytes; ProtocolError("bad_message"), ("too_large") for anything else."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise ProtocolError("too_large", "a message is at most 1 MiB")
    _check_item_count(data)
    try:
        value = cbor2.loads(
            data,
            max_depth=_DEPTH_MAX,
            semantic_decoders=_NO_TAGS,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        if cbor2.dumps(value, canonical=True) != data:
            raise ValueError("not canonical")
        number, request, *fields = value
        shape = _SHAPES[_int(255)(number)]
        return Numbered(_int(REQUEST_MAX)(request), _made(shape, fields))
    except ProtocolError:
        raise
    except Exception as error:  # the decoder raises half a dozen kinds; to us they are one
        raise ProtocolError("bad_message", "no message of this protocol version") from error


def _check_item_count(data: bytes) -> None:
    """ProtocolError for more items than an honest message has: each takes memory once decoded."""
    at = 0
    for _ in range(_ITEMS_MAX):
        if at >= len(data):
            return
        major, length = data[at] >> 5, data[at] & 31
        at += 1
        if length > _LENGTH_IN_HEAD_MAX:
            size = 1 << (length - _LENGTH_IN_HEAD_MAX - 1)
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if major in _STRINGS:
            at += length
    raise ProtocolError("bad_message", "the message has too many items")


def _refuse_tag(_decoder: object, _immutable: bool) -> NoReturn:
    raise ValueError("tags are not allowed")


_NO_TAGS = dict.fromkeys(
    [*range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799],
    _refuse_tag,
)


def _plain(value: Any) -> list[Any]:
    """A message's fields as plain arrays; an access list has its own one form."""
    return [_plain_item(item) for item in value]


def _plain_item(item: Any) -> Any:
    if isinstance(item, Access):
        return access_fields(item)
    if isinstance(item, tuple):
        return [_plain_item(one) for one in item]
    return item


# How each field is read: from a plain value to a checked one, or ValueError.

Read = Callable[[Any], Any]


def _int(highest: int) -> Read:
    def read(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= highest:
            raise ValueError("out of range")
        return value

    return read


def _bytes(length: int) -> Read:
    def read(value: Any) -> bytes:
        if type(value) is not bytes or len(value) != length:
            raise ValueError("of another length")
        return value

    return read


def _blob(value: Any) -> bytes:
    if type(value) is not bytes or not 1 <= len(value) <= BLOB_BYTES_MAX:
        raise ProtocolError("too_large", "a blob has 1 to 786,432 bytes")
    return value


def _kept_blob(value: Any) -> bytes | None:
    return None if value is None else _blob(value)


def _text(chars_max: int) -> Read:
    def read(value: Any) -> str:
        if type(value) is not str:
            raise ValueError("no text")
        return value[:chars_max]

    return read


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError("no such kind of mailbox")
    return str(value)


def _row(*reads: Read) -> Read:
    """A fixed array as a plain tuple."""

    def read(value: Any) -> tuple[Any, ...]:
        return tuple(one(item) for one, item in zip(reads, value, strict=True))

    return read


def _list(read: Read, length_max: int) -> Read:
    def reads(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) > length_max:
            raise ValueError("no list, or too long")
        return tuple(read(item) for item in value)

    return reads


def _shaped(shape: Any, *reads: Read) -> Read:
    """A fixed array as one of the named tuples."""
    row = _row(*reads)
    return lambda value: shape(*row(value))


_key, _hash, _signature = _bytes(KEY_BYTES), _bytes(HASH_BYTES), _bytes(SIGNATURE_BYTES)
_cursor, _time = _int(CURSOR_MAX), _int(TIME_MS_MAX)
_keys = _list(_key, 1024)
_signatures = _list(_row(_key, _signature), 256)
_access = _shaped(
    Access, _int(REQUEST_MAX), _kind, _int(1024), _list(_keys, 256), _keys, _keys, _keys
)
_signed_access = _shaped(SignedAccess, _access, _signatures)
_chain = _list(_signed_access, CHAIN_MAX)
_entry = _shaped(Entry, _cursor, _key, _time, _hash, _signature, _kept_blob)
_entries = _list(_entry, PULL_ENTRIES_MAX)
_signed_head = _shaped(
    SignedHead, _shaped(Head, _bytes(LOG_ID_BYTES), _cursor, _hash, _time), _signature
)
_checkpoint = _shaped(Checkpoint, _bytes(LOG_ID_BYTES), _cursor, _cursor, _hash)

_FORMS: Final[tuple[tuple[type[Any], tuple[Read, ...]], ...]] = (
    (Hello, (_int(255), _key, _bytes(CHALLENGE_BYTES), _int(2**31), _int(2**53))),
    (Find, (_list(_key, TAGS_MAX),)),
    (Found, (_list(_row(_key, _key), FOUND_MAX),)),
    (Open, (_key, _key, _signature, _bool)),
    (OpenByCards, (_key, _key, _list(_row(_key, _signature), 2))),
    (
        Opened,
        (
            *(_signed_head, _cursor, _int(REQUEST_MAX), _bool, _int(2**53)),
            *(_list(_signed_access, PENDING_MAX), _list(_row(_checkpoint, _signatures), 16)),
        ),
    ),
    (Create, (_key, _chain)),
    (Amend, (_key, _chain)),
    (ProposeAccess, (_key, _access, _key, _signature)),
    (ReadAccess, (_key, _int(REQUEST_MAX))),
    (AccessChain, (_key, _chain)),
    (Push, (_key, _blob, _signature)),
    (Receipt, (_entry, _hash, _signed_head)),
    (Pull, (_key, _cursor, _int(PULL_BYTES_MAX))),
    (Entries, (_key, _entries, _signed_head)),
    (SignCheckpoint, (_key, _checkpoint, _key, _signature)),
    (Done, (_int(1024),)),
    (News, (_key, _int(REQUEST_MAX), _entries, _signed_head)),
    (Failed, (_text(_CODE_CHARS_MAX), _text(_TEXT_CHARS_MAX), _int(2**31))),
    (Closed, (_key, _text(_CODE_CHARS_MAX))),
)
_NUMBERS: Final = {shape: number for number, (shape, _) in enumerate(_FORMS, 1)}
_SHAPES: Final = dict(enumerate(_FORMS, 1))


def _made(form: tuple[type[Any], tuple[Read, ...]], fields: list[Any]) -> Any:
    shape, reads = form
    return shape(*_row(*reads)(fields))
