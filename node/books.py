"""Keeps one group's book in step with its signed changes, at a cost that follows what is new.

The book lives in the store as small pages, so opening reads nothing but where the shared order
stands. New entries at the end of the order are applied; when some belong before entries that the
book has taken already, those are taken back through their undo records, and applied again after
the new ones. The same happens when a decision puts entries that were taken into suspense, lets
them out again or moves them behind a seal: the book goes back to the first of them. Undo records
are kept for the newest entries; what reaches further back makes the whole book be folded anew.
Either way the result is that of one fold over everything.

`advance` writes nothing: it returns what the step's transaction must write. A step that fails
leaves this object wrong; the caller throws it away.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

import msgspec

from model.book import Book
from model.entry import Entry, order_key
from model.identifiers import CHANGE_PREFIX_BYTES, ENTRY_ID_BYTES
from model.reducer import apply, undo
from node.entries import EntryReader, Known, OrderKey
from node.errors import damaged
from node.store import AppliedRow, BookWriting, GroupRow, Store
from replication.history import Admitted

UNDO_KEPT = 8192
"""Entries that can be taken back one by one: about ninety meetings, far more than a phone that
stayed away has missed. Older ones cost a full fold, once."""

UNDO_SLACK = 256
"""Undo records are let go this many at a time, so that most steps delete nothing."""

PAGES_KEPT = 20_000
"""Pages of the book held in memory before they are read from the store again."""

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

    def unreadable(self, table: str, key: str) -> Exception:
        """StoreDamaged: the storage has spoilt this page."""
        return damaged()


class Taken:
    """What the book has taken since the store last committed, beside what the store holds."""

    def __init__(self, store: Store, group_no: int) -> None:
        self._store = store
        self._group_no = group_no
        self._chains = store.chains(group_no)
        self._changes: dict[bytes, Admitted] = {}
        self._undo: dict[OrderKey, str] = {}
        self._gone: set[OrderKey] = set()
        self._replaced = False
        """Whether what the store holds is to be replaced by what is here."""

    def add(self, admitted: Sequence[Admitted]) -> None:
        """Note changes that the store may not hold yet."""
        for one in admitted:
            self._changes[one.change.change_hash[:CHANGE_PREFIX_BYTES]] = one

    def take(self, rows: Sequence[AppliedRow]) -> None:
        """Note entries that were applied."""
        self._undo.update(((row.lamport, row.entry_id), row.undo) for row in rows)

    def begin_anew(self) -> None:
        """The book is folded anew: no undo record of before counts."""
        self._undo.clear()
        self._replaced = True

    @property
    def count(self) -> int:
        """How many undo records there are."""
        stored = 0 if self._replaced else self._store.applied_count(self._group_no)
        return stored - len(self._gone) + len(self._undo)

    @property
    def oldest(self) -> OrderKey:
        """Order key of the oldest entry that can be taken back."""
        stored = () if self._replaced else (self._store.oldest_applied(self._group_no),)
        return min((*(key for key in stored if key != START), *self._undo), default=START)

    def give_back(self, earliest: OrderKey) -> list[tuple[OrderKey, str]]:
        """The undo records from this place on, newest first; they are no longer here."""
        after = (earliest[0], earliest[1][:-1])
        rows = [(key, self._undo.pop(key)) for key in [*self._undo] if key > after]
        if not self._replaced:
            for row in self._store.applied_after(self._group_no, after):
                key = (row.lamport, row.entry_id)
                if key not in self._gone:
                    self._gone.add(key)
                    rows.append((key, row.undo))
        return sorted(rows, reverse=True)

    def change(self, prefix: bytes) -> Admitted:
        """The change whose hash begins so."""
        one = self._changes.get(prefix) or self._chains.find_prefix(prefix)
        if one is None:
            raise AssertionError("an applied entry has its change in the store")
        return one

    def run(self, lane: int, first_n: int, last_n: int) -> Iterator[Admitted]:
        """The changes of a lane from one position to another, ascending."""
        after = first_n - 1
        for one in self._chains.run(lane, first_n, last_n):
            after = one.change.n
            yield one
        for one in self._changes.values():
            if one.place.lane == lane and after < one.change.n <= last_n:
                yield one

    def everything(self) -> Iterator[Admitted]:
        """All changes, stored or not."""
        for one in self._chains.everything():
            self._changes.pop(one.change.change_hash[:CHANGE_PREFIX_BYTES], None)
            yield one
        yield from self._changes.values()


class Books:
    """One group's book and where it stands in the shared order."""

    def __init__(self, store: Store, group: GroupRow, known: Known) -> None:
        """`known` is asked what officers decided: it must not lag behind what `advance` is told."""
        self._store = store
        self._group_no = group.group_no
        self._reader = EntryReader(store.chains(group.group_no), known)
        self._taken = Taken(store, group.group_no)
        self._trimmed = self._trimmed_stored = group.undo_trimmed
        self._untrimmed = 0
        self._folded_anew = False
        self.newest = store.newest_applied(group.group_no)
        """Order key of the last entry that the book has taken."""
        self.book = Book(StoredPages(store, group.group_no))

    def advance(self, admitted: Sequence[Admitted]) -> tuple[BookWriting, list[Entry]]:
        """Take newly admitted changes into the book: what to write, and all entries applied.

        Those are the new entries, and the ones that had to be applied again.
        """
        self._reader.places.add(admitted)
        before = self._reader.learn()
        moved = self._reader.first_moved(self._taken.run, before)
        self._taken.add(admitted)
        entries = [entry for one in admitted for entry in self._reader.entries(one)]
        keys = [order_key(entry) for entry in entries]
        earliest = min((*keys, moved) if moved is not None else keys, default=None)
        if earliest is None:
            return BookWriting(), []
        undone: list[OrderKey] = []
        if earliest <= self.newest:
            if self._trimmed and earliest < self._taken.oldest:
                return self.fold_anew()
            undone = self._take_back(earliest)
            entries += self._entries_at(undone)
        entries.sort(key=order_key)
        return self._write(undone, self._apply(entries)), entries

    def committed(self) -> None:
        """The store holds everything that `advance` returned; old pages need not stay here."""
        self._taken = Taken(self._store, self._group_no)
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
                rows.append(AppliedRow(*order_key(entry), text))
        self.newest = order_key(entries[-1]) if entries else START
        if kept_from > 0:
            self._trimmed = True
        self._taken.take(rows)
        return rows

    def _take_back(self, earliest: OrderKey) -> list[OrderKey]:
        """Undo this entry and all that come after it."""
        rows = self._taken.give_back(earliest)
        for _, text in rows:
            undo(self.book, msgspec.json.decode(text))
        return [key for key, _ in rows]

    def _entries_at(self, keys: Iterable[OrderKey]) -> Iterator[Entry]:
        """The entries with these order keys, from their signed changes, as they stand now.

        A key ends with the id of its entry; entries of one change lie side by side.
        """
        identities = (key[1][-ENTRY_ID_BYTES:] for key in keys)
        for prefix, wanted in groupby(identities, lambda one: one[:CHANGE_PREFIX_BYTES]):
            ids = set(wanted)
            entries = self._reader.entries(self._taken.change(prefix))
            yield from (entry for entry in entries if entry.id in ids)

    def fold_anew(self) -> tuple[BookWriting, list[Entry]]:
        """The book of all that was stored and taken in: what to write, and every entry."""
        self._reader.learn()
        every = map(self._reader.entries, self._taken.everything())
        entries = sorted(chain.from_iterable(every), key=order_key)
        self.book = Book()
        self._taken.begin_anew()
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
            trim = max(0, self._taken.count - UNDO_KEPT)
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


def joined(writings: Sequence[BookWriting]) -> BookWriting:
    """Several writings of one step as one: of each page and entry only what it came to."""
    if len(writings) == 1:
        return writings[0]
    since = max((i for i, writing in enumerate(writings) if writing.rebuilt), default=0)
    parts = writings[since:]
    pages = {(name, key): value for part in parts for name, key, value in part.pages}
    undone: dict[OrderKey, None] = {}
    applied: dict[OrderKey, AppliedRow] = {}
    for part in parts:
        for key in part.undone:
            if applied.pop(key, None) is None:
                undone[key] = None
        applied.update(((row.lamport, row.entry_id), row) for row in part.applied)
    return BookWriting(
        [(*place, value) for place, value in pages.items()],
        list(undone),
        list(applied.values()),
        list({row.member: row for part in writings for row in part.people}.values()),
        [row for part in writings for row in part.erased],
        rebuilt=parts[0].rebuilt,
        trimmed=next((p.trimmed for p in reversed(writings) if p.trimmed is not None), None),
        trim=next((part.trim for part in reversed(parts) if part.trim), 0),
    )
