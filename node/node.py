"""The journaled step: take input, work out what follows, store it all, and only then send.

    Replica -> Books -> People -> Store.commit, one transaction -> what to send

A `Node` has steps and little else; what people do by name is in commands.py. If anything fails
inside a step, everything in memory is thrown away and read again from the store: nothing that
was not committed is ever shown or sent. Synchronous: one thread owns a node.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from model.book import Book
from model.events import Event
from model.reducer import REDUCER_VERSION
from node.books import Books, joined
from node.clock import random_bytes
from node.continuity import Continuity
from node.errors import CommandRefused, NodeError, UnknownGroup, damaged
from node.held_groups import HeldGroups
from node.home import Home, create_home, open_home
from node.ledger_file import Connect, connect
from node.marker import Marker, Marks
from node.payloads import encoded, ids_of, payloads_of, refused
from node.people import People
from node.sealed_ledger import connect_by, make_ledger, new_key
from node.store import Beside, BookWriting, GroupRow, Store
from replication.control import (
    ADMISSION_VERSION,
    PROTOCOL_VERSION,
    DeviceEnrolled,
    GroupFounded,
    Record,
    is_control,
)
from replication.document import DocumentError
from replication.errors import LocalError
from replication.identity import SALT_BYTES, SEED_BYTES, DeviceKeys
from replication.limits import CHANGE_EVENTS_MAX
from replication.outcome import Outcome, Refused, Stored
from replication.replica import Replica, found
from replication.roster import Roster
from replication.wire import PersonKey

PERSON_BYTES = 16
NONCE_BYTES = 16


class Step(NamedTuple):
    """What a committed step asks of its caller."""

    send: tuple[tuple[str, bytes], ...] = ()
    """(peer, session message), each to be sent now."""
    close: tuple[str, ...] = ()
    """Peers to hang up on, after sending."""
    refused: tuple[Refused, ...] = ()
    receipts: tuple[bytes, ...] = ()
    """Entry ids of the events that this device recorded, in their order."""
    changes: int = 0
    """How many changes were new."""
    notes: tuple[bytes, ...] = ()  # what relays told the peer (node/relay_gossip.py)


class Group:
    """One group of this device, as it stands after the last committed step."""

    def __init__(self, store: Store, row: GroupRow, home: Home) -> None:
        keys = store.keys(row.group_no)
        self.row = row
        self.id = row.group_id
        self.device = home.keys.public
        """This device's own key."""
        self.store = store
        self.replica = Replica(
            row.group_id,
            home.keys,
            store.chains(row.group_no),
            keys,
            random_bytes(SALT_BYTES),
        )
        seed = store.founding_seed(row.group_no)
        self.founding_key = DeviceKeys(seed) if seed else None
        """The one-time key that ends the founding; None: not this device's, or used up."""
        marker = Marker(home.state, self.device, self.id)
        self.continuity = Continuity(self.replica, marker)
        """Whether this phone's own chain goes on from where it was."""
        self.books = Books(store, row, self.replica)
        self.people = People(store, row, self.replica.key_box)

    @property
    def book(self) -> Book:
        """The group's derived state; read only."""
        return self.books.book

    @property
    def roster(self) -> Roster:
        """Which devices may do what."""
        return self.replica.roster

    @property
    def name(self) -> str:
        """What the group is called, or what this device calls it until it knows."""
        page = self.book.group.find("group")
        return page.name if page is not None else self.row.label


class Node:
    """A device's groups behind one store."""

    def __init__(self, home: Home, connect: Connect = connect) -> None:
        self.home = home
        self.keys = home.keys
        self.device = home.keys.public
        self._connect = connect_by(home.ledger_key, connect)
        self._store: Store | None = None
        self.unreadable: dict[bytes, str] = {}
        """Groups whose rows in the ledger are damaged, and what this device called them."""
        self._groups: HeldGroups[Group] | None = None
        self._reload()

    @staticmethod
    def create(path: Path, name: str, pin: str = "", encrypted: bool = False) -> "Node":
        """Make a home with a new device in it. Raises what `create_home` raises: the name too is
        checked there. NodeError when it should be encrypted and can't be.
        """
        key = new_key() if encrypted else b""
        home = create_home(path, name, lambda folder: make_ledger(folder, key), pin, key)
        return _opened(home, connect)

    @staticmethod
    def open(path: Path, connect: Connect = connect, pin: str | None = None) -> "Node":
        """Open a home. Raises HomeMissing, HomeBusy, HomeDamaged, StoreDamaged, StoreTooNew, and
        with a PIN on it what `open_home` raises.
        """
        return _opened(open_home(path, pin), connect)

    def close(self) -> None:
        """Close the store and let go of the home. Twice is harmless."""
        if self._store is not None:
            with contextlib.suppress(NodeError):  # a full phone, say: they will be said again
                self._store.write_put_off()
            self._store.close()
        self._store = None
        self._groups = None
        self.home.close()

    def __enter__(self) -> "Node":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Groups

    @property
    def store(self) -> Store:
        """The opened store; opened again first if a failed step closed it."""
        if self._store is None:
            self._reload()
        if self._store is None:
            raise AssertionError("a reloaded node has a store")
        return self._store

    @property
    def groups(self) -> HeldGroups[Group]:
        """The groups of this device by id; going through them reads all, one by id only that."""
        if self._groups is None:
            self._reload()
        if self._groups is None:
            raise AssertionError("a reloaded node has its groups")
        return self._groups

    def names(self) -> dict[bytes, str]:
        """What each group that can be read is called, by id, without reading their books."""
        return {one: name for one, name in self.store.names() if one not in self.unreadable}

    def group(self, group_id: bytes) -> Group:
        """One group; UnknownGroup when this device does not hold it."""
        known = self.groups.get(group_id)
        if group_id in self.unreadable:
            raise damaged(self.unreadable[group_id])
        if known is None:
            raise UnknownGroup(f"This device does not hold the group {group_id.hex()[:12]}.")
        return known

    def found(
        self,
        label: str,
        person: bytes,
        now_ms: int,
        events: Sequence[Event] = (),
        keys: Sequence[PersonKey] = (),
        records: Sequence[Record] = (),
    ) -> bytes:
        """Sign and store the founding change of a new group; returns the group's id.

        `person` is the founder (16 bytes). `events` and control `records` go into the same change,
        so that no group exists without its name, rules and paper cards.
        """
        founding = DeviceKeys(random_bytes(SEED_BYTES))
        record = GroupFounded(
            PROTOCOL_VERSION,
            ADMISSION_VERSION,
            random_bytes(NONCE_BYTES),
            person,
            self.home.name,
            founding.public,
        )
        payloads = [encoded(record), *payloads_of(events), *map(encoded, records)]
        try:
            group_id, first = found(self.keys, payloads, random_bytes(SALT_BYTES), now_ms)
        except LocalError as error:
            raise refused(error) from error
        stored = Stored((first,), (), tuple(keys))
        store = self.store
        try:
            Marker(self.home.state, self.device, group_id).write(Marks())
            with store.database.transaction():
                row = store.insert_group(group_id, label)
                store.keep_founding_seed(row.group_no, founding.seed)
                store.write(row.group_no, stored)
                founded = Group(store, row, self.home)
                store.write(row.group_no, Stored(), _writing(founded, stored))
            group = Group(store, row, self.home)
            self.groups.put(row, group)
            group.continuity.committed()
        except BaseException:
            self._forget()
            raise
        return group_id

    def join(self, group_id: bytes, label: str) -> None:
        """Make room for a group whose changes another device is about to send."""
        if group_id not in self.groups:
            try:
                row = self.store.add_group(group_id, label)
                self.groups.put(row, Group(self.store, row, self.home))
            except BaseException:
                self._forget()
                raise

    def open_documents(self) -> None:
        """Have Automerge make every further change of this device too, beside the rebuild.

        Reads whole histories, so only a process that stays does it. A group whose history
        Automerge can't hold (a device that forked on purpose) goes on with the rebuild alone.
        """
        for group in self.groups.values():
            if group.roster.may_write(self.device) and not group.replica.has_document:
                with contextlib.suppress(DocumentError):
                    group.replica.open_document(group.store.chains(group.row.group_no).everything())

    # Steps

    def append(
        self,
        group_id: bytes,
        events: Sequence[Event],
        now_ms: int,
        keys: Sequence[PersonKey] = (),
    ) -> Step:
        """Record events as one signed change. Raises CommandRefused, StoreFailed."""
        batch = Batch(self, self.group(group_id), now_ms)
        batch.append(events, keys)
        return batch.commit()

    def batch(self, group_id: bytes, now_ms: int) -> "Batch":
        """Several changes that are stored together or not at all."""
        return Batch(self, self.group(group_id), now_ms)

    def enrol(
        self,
        group_id: bytes,
        enrolment: DeviceEnrolled,
        now_ms: int,
        invitation_id: bytes = b"",
    ) -> Step:
        """Enrol a device, and spend the invitation that brought it in the same step."""
        batch = Batch(self, self.group(group_id), now_ms)
        batch.append_encoded([encoded(enrolment)])
        return batch.commit((invitation_id, enrolment.device) if invitation_id else None)

    def connect(
        self,
        group_id: bytes,
        peer: str,
        device: bytes,
        initiator: bool,
        now_ms: int,
        by_cards: bool = False,
    ) -> Step:
        """Begin a session with a peer whose device key the channel has proved.

        `by_cards`: two paper cards were shown for it (node/card_call.py).
        """
        return self.take(
            group_id, lambda group: group.replica.connect(peer, device, initiator, by_cards)
        )

    def receive(self, group_id: bytes, peer: str, message: bytes, now_ms: int) -> Step:
        """Take one decrypted message from a peer; what is wrong with it is in `refused`."""
        return self.take(group_id, lambda group: group.replica.receive(peer, message))

    def take(
        self, group_id: bytes, work: Callable[[Group], Outcome], beside: Beside | None = None
    ) -> Step:
        """Store what `work` let into a replica, and what it asks to write `beside` it, together."""
        group = self.group(group_id)
        try:
            outcome = work(group)
            stored = outcome.store
            if stored.changes or stored.keys or beside is not None:
                self._commit(group, stored, _writing(group, stored), beside=beside)
            else:
                group.store.put_off(group.row.group_no, stored.acks)
            group.continuity.heard()
        except BaseException:
            self._forget()
            raise
        count = len(outcome.admitted)
        return Step(outcome.send, outcome.close, outcome.refused, (), count, outcome.notes)

    def disconnect(self, group_id: bytes, peer: str) -> None:
        """The channel to a peer is gone."""
        group = None if self._groups is None else self._groups.opened(group_id)
        if group is not None:
            group.replica.disconnect(peer)

    def _commit(
        self,
        group: Group,
        stored: Stored,
        writing: BookWriting,
        spent: tuple[bytes, bytes] | None = None,
        beside: Beside | None = None,
    ) -> None:
        ends = group.founding_key is not None and not group.roster.founding
        group.store.commit(group.row.group_no, stored, writing, spent, ends, beside)
        if ends:
            group.founding_key = None
        group.replica.committed()
        group.books.committed()
        group.continuity.committed()

    def _fold_anew(self, group: Group) -> None:
        """Bring a book that was made by other rules under ours."""
        writing, applied = group.books.fold_anew()
        people = group.people.advance(group.book, applied, ())
        self._commit(group, Stored(), writing._replace(**people._asdict()))

    def _forget(self) -> None:
        """Throw away everything in memory; the next use reads it again from the store."""
        if self._store is not None:
            self._store.close()
        self._store = None
        self._groups = None

    def _reload(self) -> None:
        store = Store(self.home.ledger, self._connect)
        try:
            self.unreadable = {}
            held = HeldGroups(
                store.groups(), lambda row: self._read_group(store, row), self.unreadable
            )
            if held.fault is not None and not held:
                raise held.fault
        except BaseException as error:
            store.close()
            if isinstance(error, NodeError) or not isinstance(error, Exception):
                raise
            names = self.unreadable.values()  # what trips over the rows: they are not as put in
            raise damaged(*names) from error
        self._store, self._groups = store, held

    def _read_group(self, store: Store, row: GroupRow) -> Group:
        """A group from its rows, its book under the rules of this version."""
        group = Group(store, row, self.home)
        if group.replica.heads and store.chains(row.group_no).find(row.group_id) is None:
            raise damaged(row.label)  # a group is called by the hash of its founding change
        if row.reducer_version != REDUCER_VERSION:
            self._fold_anew(group)
        return group


class Batch:
    """Changes made one after the other and committed together; given up, they never were."""

    def __init__(self, node: Node, group: Group, now_ms: int) -> None:
        self._node = node
        self._group = group
        self._now_ms = now_ms
        self._outcomes: list[Outcome] = []
        self._writings: list[BookWriting] = []
        self._receipts: list[bytes] = []

    def append(
        self,
        events: Sequence[Event],
        keys: Sequence[PersonKey] = (),
        records: Sequence[Record] = (),
    ) -> list[bytes]:
        """Sign one change of 1..64 events, control records last; returns their entry ids."""
        try:
            payloads = [*payloads_of(events), *map(encoded, records)]
        except CommandRefused:
            self.give_up()
            raise
        return self.append_encoded(payloads, keys)

    def append_encoded(
        self, payloads: Sequence[bytes], keys: Sequence[PersonKey] = ()
    ) -> list[bytes]:
        """Sign one change of encoded events; returns their entry ids."""
        if not 1 <= len(payloads) <= CHANGE_EVENTS_MAX:
            raise ValueError(f"a change holds 1 to {CHANGE_EVENTS_MAX} events")
        with_entries = not all(map(is_control, payloads))
        outcome = self._make(
            lambda: self._group.replica.append(payloads, self._now_ms, keys), with_entries
        )
        ids = ids_of(outcome.admitted[-1:])  # what comes before it only joins heads
        self._receipts += ids
        return ids

    def end_founding(self) -> None:
        """Sign the change that ends the founding period; its key is wiped when it is stored."""
        group = self._group
        self._make(lambda: group.replica.end_founding(group.founding_key, self._now_ms))

    def _make(self, sign: Callable[[], Outcome], with_entries: bool = False) -> Outcome:
        """Sign a change, and work out what follows from it."""
        try:
            self._group.continuity.require(with_entries)
            outcome = sign()
            writing = _writing(self._group, outcome.store)
        except CommandRefused:
            self.give_up()
            raise
        except LocalError as error:
            if error.code.startswith("document"):
                self._node._forget()
            self.give_up()
            raise refused(error) from error
        except BaseException:
            self._node._forget()
            raise
        self._outcomes.append(outcome)
        self._writings.append(writing)
        return outcome

    def commit(self, spent: tuple[bytes, bytes] | None = None) -> Step:
        """Store everything in one transaction; then it may be sent."""
        if not self._outcomes:
            return Step()
        stored = Stored(
            tuple(change for outcome in self._outcomes for change in outcome.store.changes),
            (),
            tuple(key for outcome in self._outcomes for key in outcome.store.keys),
        )
        try:
            self._node._commit(self._group, stored, joined(self._writings), spent)
        except BaseException:
            self._node._forget()
            raise
        return Step(
            tuple(part for outcome in self._outcomes for part in outcome.send),
            (),
            (),
            tuple(self._receipts),
            len(stored.changes),
        )

    def give_up(self) -> None:
        """Forget what was signed so far; it was neither stored nor sent."""
        if self._outcomes:
            self._node._forget()


def _opened(home: Home, connect: Connect) -> Node:
    try:
        node = Node(home, connect)
        home.finish_converting()
        return node
    except BaseException:
        home.close()
        raise


def _writing(group: Group, stored: Stored) -> BookWriting:
    """Everything derived that a step changes."""
    writing, applied = group.books.advance(stored.changes)
    people = group.people.advance(group.book, applied, stored.keys)
    return writing._replace(**people._asdict())
