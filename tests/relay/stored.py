"""Mailboxes and blobs as a store is given them: it checks no signature, so none is made."""

from hashlib import sha256

from relay.facts import Access, Entry, Kind, SignedAccess, chain_next, chain_start
from relay.store import Append, Store

ROOMY = 2**40
"""Bytes that no test needs."""


def key(name: str) -> bytes:
    return sha256(name.encode()).digest()


def signature(name: str) -> bytes:
    return key(name) * 2


FOUNDER = key("founder")
SECRETARY = key("secretary")
TREASURER = key("treasurer")


def access(
    number: int = 1,
    kind: Kind = "log",
    writers: tuple[bytes, ...] = (SECRETARY, TREASURER),
    tags: tuple[bytes, ...] = (),
    readers: tuple[bytes, ...] = (),
) -> SignedAccess:
    officers = tuple((writer,) for writer in sorted(writers))
    one = Access(number, kind, 1, officers, tuple(sorted(readers)), (), tuple(sorted(tags)))
    return SignedAccess(one, ((FOUNDER, signature(f"list {number}")),))


def blob_of(text: str, length: int = 0) -> bytes:
    return text.encode().ljust(length, b".")


def push(
    mailbox: bytes,
    text: str,
    writer: bytes = SECRETARY,
    length: int = 0,
    access_number: int = 1,
    bytes_max: int = ROOMY,
) -> Append:
    blob = blob_of(text, length)
    digest = sha256(blob).digest()
    return Append(mailbox, writer, digest, signature(text), blob, access_number, bytes_max)


async def everything(store: Store, mailbox: bytes, bytes_max: int = 4096) -> list[Entry]:
    """All entries, pulled page by page; the chain over them is the mailbox's own."""
    found: list[Entry] = []
    while True:
        now, page = await store.entries(mailbox, len(found), bytes_max, 50)
        found += page
        if len(found) == now.cursor:
            break
        assert page
    chain = chain_start(mailbox, now.log_id)
    for cursor, entry in enumerate(found, 1):
        assert entry.cursor == cursor
        chain = chain_next(chain, entry)
        assert entry.blob is None or sha256(entry.blob).digest() == entry.blob_hash
    assert chain == now.chain
    assert now.time_ms == (found[-1].time_ms if found else 0)
    return found
