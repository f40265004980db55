"""The books from a copy of another home: a backup, or the folder of a phone that broke.

Only the group whose two paper cards were typed is taken, by an ordinary exchange with the copy, so
that every change is judged as if a phone had sent it. The copy is read where it was copied to
again, and stays as it is; names and phones are readable afterwards, because their keys lie in it.
"""

import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from node.clock import random_bytes
from node.errors import CommandRefused, NodeError
from node.home_files import LEDGER_FILE, SEALED_LEDGER_FILE
from node.node import Node, Step
from node.private_file import FILE_MODE
from node.store import GroupRow, Store
from replication.council import decisions_of
from replication.identity import SALT_BYTES, SEED_BYTES, DeviceKeys
from replication.limits import KEYS_MAX
from replication.replica import Replica
from replication.wire import Acknowledge, Keys, PersonKey, decode, encode

_COPY = "copy of a home"
_US = "this phone"


def fetch(node: Node, path: Path, cards: frozenset[bytes], now_ms: int) -> bytes:
    """Take over the group with these cards' public keys from a home's folder or ledger; its id.

    CommandRefused when there is no such group in it, or it can't be read; StoreDamaged.
    """
    ledger = _ledger_in(path)
    with tempfile.TemporaryDirectory(prefix="copy-", dir=node.home.path) as folder:
        here = Path(folder) / LEDGER_FILE
        for end in ("", "-wal"):
            if (part := ledger.with_name(ledger.name + end)).is_file():
                copyfile(part, here.with_name(here.name + end))
                here.with_name(here.name + end).chmod(FILE_MODE)
        store = Store(here)
        try:
            row = _with_cards(store, cards)
            if row is None:
                raise CommandRefused(
                    f"No group in {path} has these two cards. If the officers have replaced the "
                    "cards, only a newer copy, and the newest cards, fit together.",
                    "not_two_cards",
                )
            _take_over(node, store, row, now_ms)
            return row.group_id
        finally:
            store.close()


def _ledger_in(path: Path) -> Path:
    ledger = path / LEDGER_FILE if path.is_dir() else path
    if path.is_dir() and not ledger.is_file() and (path / SEALED_LEDGER_FILE).is_file():
        raise CommandRefused(
            f"The books in {path} are encrypted: nobody reads them without that phone's PIN. "
            "Unlock that phone if it still works, or take another copy.",
            "copy_encrypted",
        )
    if not ledger.is_file():
        raise CommandRefused(
            f"There are no books in {path}. Name the folder of a phone's home, or its file "
            f"{LEDGER_FILE}.",
            "no_copy",
        )
    return ledger


def _with_cards(store: Store, cards: frozenset[bytes]) -> GroupRow | None:
    for row in store.groups():
        chains = store.chains(row.group_no)
        known = decisions_of(chains.control_changes(), chains.find).roster.cards
        if cards and cards <= set(known):
            return row
    return None


def _take_over(node: Node, store: Store, row: GroupRow, now_ms: int) -> None:
    """An exchange with the copy, under a device key that is made up for it and then forgotten."""
    keys, group = DeviceKeys(random_bytes(SEED_BYTES)), row.group_id
    box = store.keys(row.group_no)
    donor = Replica(group, keys, store.chains(row.group_no), box, random_bytes(SALT_BYTES))
    node.join(group, row.label)
    try:
        donor.connect(_US, node.device, initiator=False, by_cards=True)
        sent = _messages(node.connect(group, _COPY, keys.public, True, now_ms, True))
        fresh = _key_messages(box)
        while sent:
            answers = deque(data for one in sent for _, data in donor.receive(_US, one).send)
            sent = []
            while answers:
                data = answers.popleft()
                if isinstance(decode(data), Acknowledge):
                    continue  # signed by a device that nobody has
                sent += _messages(node.receive(group, _COPY, data, now_ms))
                answers.extendleft(fresh)  # once it has said what it holds, before any change
                fresh = []
    finally:
        node.disconnect(group, _COPY)


def _messages(step: Step) -> list[bytes]:
    if step.refused:
        raise NodeError(
            f"What the copy holds was refused ({step.refused[0].code}). Take another copy.",
            "copy_refused",
        )
    return [data for _, data in step.send]


def _key_messages(box: dict[bytes, bytes]) -> list[bytes]:
    return [encode(Keys(part)) for part in _in_parts(box)]


def _in_parts(box: dict[bytes, bytes]) -> Iterator[tuple[PersonKey, ...]]:
    """The member keys of a copy, but for those that were erased."""
    keys = [PersonKey(key_id, key) for key_id, key in sorted(box.items()) if key]
    for at in range(0, len(keys), KEYS_MAX):
        yield tuple(keys[at : at + KEYS_MAX])
