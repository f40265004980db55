"""Blobs put straight into a relay's store, and the messages that would have carried them.

A store checks no signature: what is given to it was checked. So signatures here are bytes that
stand for one, of the size that they have, and a hundred thousand mailboxes are filled in minutes.
"""

import asyncio
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from relay.facts import Access, Entry, Head, Kind, SignedAccess, SignedHead, mailbox_id
from relay.protocol import NEWS_BLOB_BYTES_MAX, News, Push, Receipt, encode
from relay.sqlite_store import open_sqlite
from relay.store import Append, Store, StoreError

BYTES_MAX: Final = 2**40
TIME_MS: Final = 1_800_000_000_000
_REQUEST: Final = 1_000
_BATCH: Final = 64
_SIGNATURE: Final = bytes(range(64))
_PAYLOAD_IN_HEAD: Final = 125
_PAYLOAD_IN_TWO_BYTES: Final = 65_535


class Pushed(NamedTuple):
    """A blob, and how long its content was before padding."""

    blob: bytes
    content_bytes: int


class Place(NamedTuple):
    """A mailbox to be filled."""

    mailbox: bytes
    founder: bytes
    kind: Kind
    writers: tuple[bytes, ...]


def new_place(kind: Kind, writers: int) -> Place:
    """A mailbox with new keys, nobody's."""
    founder = secrets.token_bytes(32)
    keys = tuple(sorted(secrets.token_bytes(32) for _ in range(writers)))
    return Place(mailbox_id(founder), founder, kind, keys)


def first_list(place: Place, tags: Sequence[bytes] = ()) -> SignedAccess:
    """Its first access list: each writer an officer, three cards, no reader."""
    cards = tuple(sorted(sha256(place.mailbox + bytes([card])).digest() for card in range(3)))
    officers = tuple((key,) for key in place.writers)
    access = Access(1, place.kind, min(2, len(officers)), officers, (), cards, tuple(sorted(tags)))
    return SignedAccess(access, ((place.founder, _SIGNATURE),))


async def make(store: Store, place: Place, tags: Sequence[bytes] = ()) -> None:
    """Found a mailbox."""
    await store.create(place.mailbox, place.founder, (first_list(place, tags),), TIME_MS)


def append_of(place: Place, writer: int, blob: bytes) -> Append:
    """A blob of one of its writers."""
    key = place.writers[writer % len(place.writers)]
    blob_hash = sha256(blob).digest()
    return Append(place.mailbox, key, blob_hash, _SIGNATURE, blob, 1, BYTES_MAX)


async def fill(store: Store, appends: Sequence[Append], batch: int) -> None:
    """Append these, so many to a commit. StoreError."""
    for start in range(0, len(appends), batch):
        for outcome in await store.append(appends[start : start + batch], TIME_MS):
            if isinstance(outcome, StoreError):
                raise outcome


def stored_bytes(path: Path, kind: Kind, blobs: Sequence[bytes], writers: int) -> int:
    """Bytes that a new SQLite store grows by with these blobs in one mailbox."""
    place = new_place(kind, writers)
    asyncio.run(_pushed(path, place, ()))
    before = path.stat().st_size
    asyncio.run(_pushed(path, place, blobs))
    return path.stat().st_size - before


async def _pushed(path: Path, place: Place, blobs: Sequence[bytes]) -> None:
    """Make the mailbox, or push these into it."""
    store = await open_sqlite(path, bytes(32))
    if not blobs:
        await make(store, place)
    await fill(store, [append_of(place, at, blob) for at, blob in enumerate(blobs)], _BATCH)
    await store.close()


# On the wire


def moved(blobs: Sequence[bytes], others: int) -> tuple[int, int]:
    """Bytes to a relay and from it when each of these is pushed, acknowledged, and told live to so
    many others: WebSocket frames with their heads, TLS and TCP left out."""
    incoming = outgoing = 0
    for cursor, blob in enumerate(blobs, 1):
        entry = Entry(cursor, bytes(32), TIME_MS, sha256(blob).digest(), _SIGNATURE, None)
        head = SignedHead(Head(bytes(16), cursor, bytes(32), TIME_MS), _SIGNATURE)
        is_sent = len(blob) <= NEWS_BLOB_BYTES_MAX
        told = (entry._replace(blob=blob),) if is_sent else ()
        incoming += framed(encode(Push(bytes(32), blob, _SIGNATURE), _REQUEST), masked=True)
        outgoing += framed(encode(Receipt(entry, bytes(32), head), _REQUEST), masked=False)
        outgoing += others * framed(encode(News(bytes(32), 1, told, head)), masked=False)
    return incoming, outgoing


def framed(message: bytes, masked: bool) -> int:
    """Bytes of a message as a WebSocket frame (RFC 6455, section 5.2)."""
    size = len(message)
    more = 0 if size <= _PAYLOAD_IN_HEAD else 2 if size <= _PAYLOAD_IN_TWO_BYTES else 8
    return 2 + more + (4 if masked else 0) + size
