"""Keeps one group's book in step with its signed changes, at a cost that follows what is new.

The book lives in the store as small pages, so opening reads nothing but where the shared order
stands. New entries at the end of the order are applied; when some belong before entries that the
book has taken already, those are taken back through their undo records, and applied again after
the new ones. Undo records are kept for the newest entries; a change that reaches further back
makes the whole book be folded anew. Either way the result is that of one fold over everything.

`advance` writes nothing: it returns what the step's transaction must write. A step that fails
leaves this object wrong; the caller throws it away.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from model.book import Book
from model.codec import decode
from model.entry import Entry, order_key
from model.identifiers import CHANGE_PREFIX_BYTES, ENTRY_ID_BYTES, entry_id
from model.reducer import apply, undo
from node.chain_store import ChainStore
from node.store import AppliedRow, BookWriting, GroupRow, Store
from replication.control import is_control
from replication.history import Admitted
from replication.limits import CHAIN_LENGTH_MAX
from replication.roster import decisions_of

UNDO_KEPT = 8192
"""Entries that can be taken back one by one: about ninety meetings, far more than a phone that
stayed away has missed. Older ones cost a full fold, once."""

UNDO_SLACK = 256
"""Undo records are let go this many at a time, so that most steps delete nothing."""

PLACES_KEPT = 65_536
"""Places of changes remembered; past it the memory is emptied and fills again."""

PAGES_KEPT = 20_000
"""Pages of the book held in memory before they are read from the store again."""

OrderKey = tuple[int, bytes]
START: OrderKey = (0, b"")


class StoredPages:
    """A group's pages as the book reads them: one by one, when it needs them."""

    def __init__(self, store: Store, group_no: int) -> None:
        self._store = store
        self._group_no = group_no

    def get(self, table: str, key: str) -> bytes | None:
        """JSON of one page."""
        return self._store.page(self._group_no, table, key)

    def items(self, table: str) -> Iterable[tuple[str, bytes]]:
        """All pages of one table."""
        return self._store.pages(self._group_no, table)


class Places(dict[bytes, tuple[int, int]]):
    """Where each change stands, by the first 16 bytes of its hash: lane and position.

    A change that is not here is at no position that any clock reaches.
    """

    def __init__(self, chains: ChainStore) -> None:
        super().__init__()
        self._chains = chains

    def add(self, admitted: Iterable[Admitted]) -> None:
        """Note changes that the store may not hold yet."""
        if len(self) > PLACES_KEPT:
            self.clear()
        for change, place in admitted:
            self[change.change_hash[:CHANGE_PREFIX_BYTES]] = (place.lane, change.n)

    def __missing__(self, prefix: bytes) -> tuple[int, int]:
        known = self._chains.place_of(prefix) if len(prefix) == CHANGE_PREFIX_BYTES else None
        if known is None:
            return _NOWHERE
        self[prefix] = known
        return known


_NOWHERE: Final = (0, CHAIN_LENGTH_MAX + 1)


class KnownPast:
    """What the author of one event knew, answered from the clock of its change."""

    __slots__ = ("_clock", "_index", "_places", "_prefix")

    def __init__(self, clock: tuple[int, ...], prefix: bytes, index: int, places: Places) -> None:
        self._clock = clock
        self._prefix = prefix
        self._index = index
        self._places = places

    def __contains__(self, identity: Any, /) -> bool:
        """Whether the entry with this id was written before, as far as the author could see."""
        lane, n = self._places[identity[:CHANGE_PREFIX_BYTES]]
        try:
            known = self._clock[lane]
        except IndexError:  # a lane that the author had not heard of
            return False
        if known > n:
            return True
        if known < n or len(identity) != ENTRY_ID_BYTES:
            return False
        # The newest that is known of its device: another change, or what this one says before.
        return bool(identity[:CHANGE_PREFIX_BYTES] != self._prefix or identity[-1] < self._index)


class EntryReader:
    """Turns signed changes into the entries that the reducer folds."""

    def __init__(self, chains: ChainStore) -> None:
        self.places = Places(chains)
        self._decisions = decisions_of(chains.control_changes())
        self._persons: dict[tuple[int, bytes], bytes] = {}

    def note(self, admitted: Sequence[Admitted]) -> None:
        """Take note of changes that the store may not hold yet."""
        self.places.add(admitted)
        for one in admitted:
            if one.place.controls >> self._decisions.count:
                self._decisions.add(one)

    def entries(self, admitted: Admitted) -> Iterator[Entry]:
        """The entries of one change; control records are not the book's."""
        change, place = admitted
        prefix = change.change_hash[:CHANGE_PREFIX_BYTES]
        person = self._person(place.controls, change.device)
        for index, payload in enumerate(change.events):
            if not is_control(payload):
                yield Entry(
                    entry_id(prefix, index),
                    place.lamport,
                    change.device,
                    person,
                    change.time_ms,
                    decode(payload, prefix),
                    KnownPast(place.clock, prefix, index, self.places),
                )

    def _person(self, controls: int, device: bytes) -> bytes:
        """The person behind a device according to the change's own past: the same everywhere."""
        person = self._persons.get((controls, device))
        if person is None:
            known = self._decisions.device(device, controls)
            person = self._persons[controls, device] = known.person if known else b""
        return person


class Books:
    """One group's book and where it stands in the shared order."""

    def __init__(self, store: Store, group: GroupRow) -> None:
        self._store = store
        self._group_no = group.group_no
        self._chains = store.chains(group.group_no)
        self._reader = EntryReader(self._chains)
        self._trimmed = self._trimmed_stored = group.undo_trimmed
        self._untrimmed = 0
        self._folded_anew = False
        self.newest = store.newest_applied(group.group_no)
        """Order key of the last entry that the book has taken."""
        self.book = Book(StoredPages(store, group.group_no))

    def advance(self, admitted: Sequence[Admitted]) -> tuple[BookWriting, list[Entry]]:
        """Take newly admitted changes into the book: what to write, and all entries applied.

        Those are the new entries, and the ones that had to be applied again after them.
        """
        self._reader.note(admitted)
        entries = [entry for one in admitted for entry in self._reader.entries(one)]
        if not entries:
            return BookWriting(), entries
        entries.sort(key=order_key)
        earliest = order_key(entries[0])
        undone: Sequence[OrderKey] = ()
        if earliest < self.newest:
            taken_back = self._take_back(earliest)
            if taken_back is None:
                return self.fold_anew(admitted)
            undone = taken_back
            entries += [entry for key in undone for entry in self._entry_at(key)]
            entries.sort(key=order_key)
        return self._write(undone, self._apply(entries)), entries

    def committed(self) -> None:
        """The store holds everything that `advance` returned; old pages need not stay here."""
        if self._folded_anew:
            self.book = Book(StoredPages(self._store, self._group_no))
            self._folded_anew = False
        elif sum(map(len, self.book.tables.values())) > PAGES_KEPT:
            self.book.trim()

    def _apply(self, entries: Sequence[Entry]) -> list[AppliedRow]:
        """Apply in order; undo records of the newest entries only, the rest would be let go."""
        kept_from = len(entries) - UNDO_KEPT
        rows = []
        for number, entry in enumerate(entries):
            steps = apply(self.book, entry)
            if number >= kept_from:
                text = msgspec.json.encode(steps).decode()
                rows.append(AppliedRow(entry.lamport, entry.id, text))
        self.newest = order_key(entries[-1]) if entries else START
        if kept_from > 0:
            self._trimmed = True
        return rows

    def _take_back(self, earliest: OrderKey) -> list[OrderKey] | None:
        """Undo all that comes after this place; None when that reaches past the undo records."""
        if self._trimmed and earliest < self._store.oldest_applied(self._group_no):
            return None
        rows = self._store.applied_after(self._group_no, earliest)
        for row in rows:
            undo(self.book, msgspec.json.decode(row.undo))
        return [(row.lamport, row.entry_id) for row in rows]

    def _entry_at(self, key: OrderKey) -> Iterator[Entry]:
        """The entry with this order key, from its signed change."""
        identity = key[1]
        one = self._chains.find_prefix(identity[:CHANGE_PREFIX_BYTES])
        if one is None:
            raise AssertionError("an applied entry has its change in the store")
        return (entry for entry in self._reader.entries(one) if entry.id == identity)

    def fold_anew(self, admitted: Sequence[Admitted] = ()) -> tuple[BookWriting, list[Entry]]:
        """The book of all that is stored and of these changes: what to write, and every entry."""
        entries = [
            entry
            for part in (self._chains.everything(), admitted)
            for one in part
            for entry in self._reader.entries(one)
        ]
        entries.sort(key=order_key)
        self.book = Book()
        rows = self._apply(entries)
        self._untrimmed = 0
        self._trimmed_stored = self._trimmed
        self._folded_anew = True
        pages = self.book.take_dirty()
        return BookWriting(pages, (), rows, rebuilt=True, trimmed=self._trimmed), entries

    def _write(self, undone: Sequence[OrderKey], applied: list[AppliedRow]) -> BookWriting:
        trim = 0
        self._untrimmed += len(applied) - len(undone)
        if self._untrimmed >= UNDO_SLACK or len(applied) == UNDO_KEPT:
            count = self._store.applied_count(self._group_no) - len(undone) + len(applied)
            trim = max(0, count - UNDO_KEPT)
            self._untrimmed = 0
            self._trimmed = self._trimmed or trim > 0
        return BookWriting(
            self.book.take_dirty(),
            undone,
            applied,
            trim=trim,
            trimmed=self._take_trimmed(),
        )

    def _take_trimmed(self) -> bool | None:
        """Whether undo records have been let go, if the store doesn't know yet."""
        if self._trimmed == self._trimmed_stored:
            return None
        self._trimmed_stored = self._trimmed
        return self._trimmed


def fold_all(chains: ChainStore, changes: Iterable[Admitted]) -> Iterator[Entry]:
    """The entries of these changes in the shared order, read apart from any book."""
    reader = EntryReader(chains)
    every = list(changes)
    reader.places.add(every)
    return iter(sorted((e for one in every for e in reader.entries(one)), key=order_key))


def joined(writings: Sequence[BookWriting]) -> BookWriting:
    """Several writings of one step as one: of each page only what it came to in the end."""
    if len(writings) == 1:
        return writings[0]
    since = max((i for i, writing in enumerate(writings) if writing.rebuilt), default=0)
    parts = writings[since:]
    pages = {(name, key): value for part in parts for name, key, value in part.pages}
    return BookWriting(
        [(*place, value) for place, value in pages.items()],
        [key for part in parts for key in part.undone],
        [row for part in parts for row in part.applied],
        list({row.member: row for part in writings for row in part.people}.values()),
        rebuilt=parts[0].rebuilt,
        trimmed=next((p.trimmed for p in reversed(writings) if p.trimmed is not None), None),
        trim=sum(part.trim for part in parts),
    )
