"""A phone's ledger as any SQLite program reads it: rows, and what the signatures in them say.

Nothing of the product is used but the connection: the layout is that of `node/schema.sql`, and what
is signed is what `replication/PROTOCOL.md` says, checked by another library's Ed25519.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Rows = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
"""Runs a query."""


class StoredChange(NamedTuple):
    """One row of `changes`, with its author."""

    device: bytes
    n: int
    prev: bytes
    time_ms: int
    events: tuple[bytes, ...]
    change_hash: bytes
    chain_hash: bytes
    signature: bytes


class Ledger(NamedTuple):
    """What one ledger holds of one group."""

    changes: dict[bytes, StoredChange]
    """By change hash."""
    book: str
    """Hash of every page of the book."""
    unbalanced: tuple[str, ...]
    """Entries whose lines don't sum to zero."""
    misposted: tuple[str, ...]
    """Accounts that hold something else than their journal's lines say."""
    entries: int


def read(rows: Rows, group: bytes) -> Ledger:
    """Everything of one group; an unknown group is an empty one."""
    found = rows("SELECT group_no FROM groups WHERE group_id = ?", (group,))
    if not found:
        return Ledger({}, "", (), (), 0)
    (number,) = found[0]
    unbalanced, misposted, entries = _money(rows, number)
    return Ledger(changes(rows, number), _book(rows, number), unbalanced, misposted, entries)


def changes(rows: Rows, group_no: int) -> dict[bytes, StoredChange]:
    """The signed changes of a group."""
    found = rows(
        "SELECT l.device, c.n, c.prev, c.time_ms, c.events, c.change_hash, c.chain_hash, "
        "c.signature FROM changes c JOIN lanes l USING (group_no, lane) WHERE c.group_no = ?",
        (group_no,),
    )
    return {
        row[5]: StoredChange._make((*row[:4], tuple(cbor2.loads(row[4])), *row[5:]))
        for row in found
    }


def holds(rows: Rows, group: bytes, receipt: bytes) -> bool:
    """Whether the entry of a receipt (16 bytes of its change's hash, its place) is there."""
    found = rows(
        "SELECT c.events FROM changes c JOIN groups g USING (group_no) WHERE g.group_id = ? "
        "AND c.change_hash >= ? AND c.change_hash < ?",
        (group, receipt[:16], receipt[:16] + b"\xff" * 16),
    )
    return any(len(cbor2.loads(events)) > receipt[16] for (events,) in found)


def _book(rows: Rows, group_no: int) -> str:
    """Names the pages of the book, all of them."""
    made = hashlib.sha256()
    for page in rows(
        "SELECT name, key, value FROM pages WHERE group_no = ? ORDER BY name, key", (group_no,)
    ):
        made.update(json.dumps(page).encode())
    return made.hexdigest()


def _money(rows: Rows, group_no: int) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Adds the journal up by hand."""
    entries: Counter[str] = Counter()
    accounts: Counter[str] = Counter()
    count = 0
    for key, value in rows(
        "SELECT key, value FROM pages WHERE group_no = ? AND name = 'entries'", (group_no,)
    ):
        count += 1
        for account, subject, amount_minor in json.loads(value).get("lines", []):
            accounts[f"{account}/{subject}"] += amount_minor
            if account < "A":  # words are memos and counts
                entries[key] += amount_minor
    posted: dict[str, str] = dict(
        rows("SELECT key, value FROM pages WHERE group_no = ? AND name = 'accounts'", (group_no,))
    )
    wrong = [
        account
        for account in sorted({*accounts, *posted})
        if account[:1] < "A" and accounts[account] != int(posted.get(account, 0))
    ]
    return tuple(key for key, total in entries.items() if total), tuple(wrong), count


def faults_of_chains(group: bytes, known: dict[bytes, StoredChange]) -> list[str]:
    """What is wrong with numbers, hashes and signatures of what is stored."""
    wrong: list[str] = []
    by_chain = {one.chain_hash: one for one in known.values()}
    followed = {one.prev for one in known.values()}
    for one in known.values():
        numbers = one.n.to_bytes(8, "big") + one.time_ms.to_bytes(8, "big")
        made = hashlib.sha256(one.prev + one.device + numbers + one.change_hash).digest()
        before = by_chain.get(one.prev)
        if made != one.chain_hash:
            wrong.append(f"chain hash of {one.change_hash.hex()[:12]}")
        if one.n > 1 and (before is None or before.device != one.device or before.n != one.n - 1):
            wrong.append(f"no change before {one.change_hash.hex()[:12]}")
        if one.signature and not _signed(group, one):
            wrong.append(f"signature of {one.change_hash.hex()[:12]}")
        if not one.signature and one.chain_hash not in followed:
            wrong.append(f"nobody signed {one.change_hash.hex()[:12]}")
    return wrong


def _signed(group: bytes, one: StoredChange) -> bool:
    message = b"mkutano/change/1" + group + one.chain_hash
    try:
        Ed25519PublicKey.from_public_bytes(one.device).verify(one.signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
