"""All derived state: named tables of small frozen pages, each step undoable, loaded by key.

A `Book` without `Pages` lives in memory. With `Pages` it reads a page when it is first asked for
and remembers which pages changed, so that opening a home folds nothing and a step writes only
what it touched. A number that came back to zero and a page that was taken away are both written
as None. Two books that folded the same entries hold the same pages, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import msgspec

from model.pages import (
    Claim,
    ConstitutionPage,
    CyclePage,
    EntryPage,
    FindingPage,
    FinesPage,
    GroupPage,
    LoanPage,
    MeetingPage,
    MemberPage,
    OfficePage,
    PersonPage,
    SettledTurn,
    TopicPage,
    Turn,
)

K = TypeVar("K")
P = TypeVar("P")

Undo = list[list[str | None]]
"""`[table, key, old JSON or None]` for each page a step replaced, in the order it did so."""


class Pages(Protocol):
    """Where the pages of a book are kept between runs."""

    def get(self, table: str, key: str, /) -> bytes | None:
        """JSON of one page, or None."""

    def items(self, table: str, /) -> Iterable[tuple[str, bytes]]:
        """Every page of a table, in any order."""


class Table(dict[K, P | None], Generic[K, P]):
    """Pages of one kind by key; a key is text or a tuple of text and whole numbers.

    `find` and `put` are the only doors. While a whole history is folded nothing is recorded and
    both are the dictionary's own methods; afterwards `put` notes what it replaced.
    """

    find: Callable[[K], P | None]
    put: Callable[[K, P | None], None]

    def __init__(self, name: str, key_types: tuple[type, ...], page_type: Any, book: Book) -> None:
        super().__init__()
        self.name = name
        self._key_types = key_types
        self._decoder = msgspec.json.Decoder(page_type)
        self._book = book
        self._pages: Pages | None = None
        self._complete = True
        self.dirty: set[K] | None = None
        self.find = self.get
        self.put = self.__setitem__

    def attach(self, pages: Pages) -> None:
        """Read through to `pages` from now on, and record what changes."""
        self._pages = pages
        self._complete = False
        self.find = self._find
        self.record(set())

    def record(self, dirty: set[K]) -> None:
        """Note every page put from now on, beside those in `dirty`."""
        self.dirty = dirty
        self.put = self._put

    def _find(self, key: K) -> P | None:
        try:
            return self[key]
        except KeyError:
            page = None
            if not self._complete and self._pages is not None:
                raw = self._pages.get(self.name, self.key_text(key))
                page = None if raw is None else cast(P, self._decoder.decode(raw))
            self[key] = page
            return page

    def _put(self, key: K, page: P | None) -> None:
        old = self.find(key)
        self._book.log.append((self, key, old))
        if self.dirty is not None:
            self.dirty.add(key)
        self[key] = page

    def rows(self) -> Iterator[tuple[K, P]]:
        """Every page there is, in the order of their keys as text."""
        if not self._complete and self._pages is not None:
            for text, raw in self._pages.items(self.name):
                self.setdefault(self.text_key(text), cast(P, self._decoder.decode(raw)))
            self._complete = True
        # Zero and None are "not there": both are written as None.
        present = [(key, page) for key, page in self.items() if page is not None and page != 0]
        present.sort(key=lambda row: self.key_text(row[0]))
        return iter(present)

    def key_text(self, key: K) -> str:
        """The key as it is written: parts joined by a slash."""
        return key if isinstance(key, str) else "/".join(map(str, cast(tuple[Any, ...], key)))

    def text_key(self, text: str) -> K:
        """The key that was written as `text`; only its last part may hold a slash."""
        if len(self._key_types) == 1:
            return cast(K, text)
        parts = text.split("/", len(self._key_types) - 1)
        return cast(K, tuple(make(part) for make, part in zip(self._key_types, parts, strict=True)))

    def dump(self, page: P | None) -> bytes | None:
        """JSON of a page; None when there is none."""
        if page is None or page == 0:
            return None
        return msgspec.json.encode(page)

    def restore(self, key_text: str, json: str | None) -> None:
        """Put an old page back."""
        page = None if json is None else cast(P, self._decoder.decode(json))
        self.put(self.text_key(key_text), page)

    def take_dirty(self) -> Iterator[tuple[str, str, bytes | None]]:
        """Pages changed since the last call: all of them, if nothing was recorded yet."""
        keys = list(self) if self.dirty is None else sorted(self.dirty, key=self.key_text)
        self.record(set())
        for key in keys:
            yield self.name, self.key_text(key), self.dump(self[key])

    def trim(self) -> None:
        """Forget pages that can be read again."""
        if self._pages is not None and not self.dirty:
            self.clear()
            self._complete = False


class _Hex(dict[bytes, str]):
    """Ids as hex, one text object for each: equal keys are then mostly the same object."""

    def __missing__(self, identity: bytes) -> str:
        text = self[identity] = identity.hex()
        return text


_TEXT: Final = (str,)
_MEETING: Final = (int, int)


class Book:
    """The derived state of one group's log. Mutated by `reducer` alone; others read it."""

    def __init__(self, pages: Pages | None = None) -> None:
        self.log: list[tuple[Table[Any, Any], Any, Any]] = []
        self.tables: dict[str, Table[Any, Any]] = {}
        self.group: Table[str, GroupPage] = self._table("group", _TEXT, GroupPage)
        self.constitution: Table[str, ConstitutionPage] = self._table(
            "constitution", _TEXT, ConstitutionPage
        )
        self.adopted: Table[str, ConstitutionPage] = self._table("adopted", _TEXT, ConstitutionPage)
        self.topics: Table[str, TopicPage] = self._table("topics", _TEXT, TopicPage)
        self.turns: Table[tuple[int, str], Turn] = self._table("turns", (int, str), Turn)
        self.settled: Table[tuple[int, str], SettledTurn] = self._table(
            "settled", (int, str), SettledTurn
        )
        self.cycles: Table[str, CyclePage] = self._table("cycles", _TEXT, CyclePage)
        self.offices: Table[str, OfficePage] = self._table("offices", _TEXT, OfficePage)
        self.persons: Table[str, PersonPage] = self._table("persons", _TEXT, PersonPage)
        self.members: Table[str, MemberPage] = self._table("members", _TEXT, MemberPage)
        self.tags: Table[tuple[str, str], tuple[str, ...]] = self._table(
            "tags", (str, str), tuple[str, ...]
        )
        self.meetings: Table[tuple[int, int], MeetingPage] = self._table(
            "meetings", _MEETING, MeetingPage
        )
        self.latest: Table[str, tuple[int, int]] = self._table("latest", _TEXT, tuple[int, int])
        self.roll: Table[tuple[int, int], tuple[str, ...]] = self._table(
            "roll", _MEETING, tuple[str, ...]
        )
        self.sheets: Table[tuple[int, int, str], tuple[Claim, ...]] = self._table(
            "sheets", (int, int, str), tuple[Claim, ...]
        )
        self.loans: Table[str, LoanPage] = self._table("loans", _TEXT, LoanPage)
        self.open_loans: Table[str, str] = self._table("open_loans", _TEXT, str)
        self.member_loans: Table[str, tuple[str, ...]] = self._table(
            "member_loans", _TEXT, tuple[str, ...]
        )
        self.aliases: Table[str, str] = self._table("aliases", _TEXT, str)
        self.fines: Table[str, FinesPage] = self._table("fines", _TEXT, FinesPage)
        self.lists: Table[tuple[int, str], tuple[str, ...]] = self._table(
            "lists", (int, str), tuple[str, ...]
        )
        self.lengths: Table[str, int] = self._table("lengths", _TEXT, int)
        self.accounts: Table[tuple[str, str], int] = self._table("accounts", (str, str), int)
        self.entries: Table[str, EntryPage] = self._table("entries", _TEXT, EntryPage)
        self.findings: Table[tuple[str, str], FindingPage] = self._table(
            "findings", (str, str), FindingPage
        )
        self.hexed = _Hex()  # cache
        self.stale: dict[tuple[str, str], None] = {}  # see derived.py; empty between two steps
        self.rights: dict[bytes, tuple[frozenset[type], bool]] = {}  # cache, see permissions.py
        self.authority: tuple[bytes, ...] | None = None  # cache, see permissions.py
        self.informed: object = None  # the past of the newest entry whose author knew all of it
        if pages is not None:
            for table in self.tables.values():
                table.attach(pages)

    def _table(self, name: str, key_types: tuple[type, ...], page_type: Any) -> Table[Any, Any]:
        table: Table[Any, Any] = Table(name, key_types, page_type, self)
        self.tables[name] = table
        return table

    def record(self) -> None:
        """Begin a step that can be undone: note every page it replaces."""
        for table in self.tables.values():
            if table.dirty is None:
                table.record(set(table))
        self.log = []

    def take_undo(self) -> Undo:
        """What the step since `record` replaced, as plain lists for JSON."""
        undo: Undo = []
        for table, key, old in self.log:
            raw = table.dump(old)
            undo.append([table.name, table.key_text(key), None if raw is None else raw.decode()])
        self.log = []
        return undo

    def restore(self, undo: Undo) -> None:
        """Put back what a step replaced, last first."""
        for name, key_text, json in reversed(undo):
            if name is not None and key_text is not None:
                self.tables[name].restore(key_text, json)
        self.log = []
        self.forget_rights()

    def forget_rights(self) -> None:
        """Let who may record what be worked out anew."""
        self.rights.clear()
        self.authority = self.informed = None

    def take_dirty(self) -> list[tuple[str, str, bytes | None]]:
        """`(table, key, JSON or None when gone)` of pages changed since the last call."""
        return [row for table in self.tables.values() for row in table.take_dirty()]

    def trim(self) -> None:
        """Forget pages that can be read again; call it when what `take_dirty` gave is stored."""
        for table in self.tables.values():
            table.trim()
        self.hexed.clear()

    def digest(self) -> str:
        """Hex SHA-256 of what the book shows: balances, members, open loans, findings.

        Equal entries give an equal digest on every replica. Nothing in it grows with the length
        of the history except findings, so that it is quick to make.
        """
        visible = hashlib.sha256(b"mkutano/book/1")
        for table in (
            self.group,
            self.constitution,
            self.cycles,
            self.offices,
            self.members,
            self.accounts,
            self.findings,
        ):
            _add(visible, table)
        for loan, _ in self.open_loans.rows():
            _line(visible, "loans", loan, self.loans.dump(self.loans.find(loan)))
        return visible.hexdigest()


def _add(visible: Any, table: Table[Any, Any]) -> None:
    for key, page in table.rows():
        _line(visible, table.name, table.key_text(key), table.dump(page))


def _line(visible: Any, name: str, key: str, json: bytes | None) -> None:
    for part in (name.encode(), key.encode(), json or b""):
        visible.update(len(part).to_bytes(4, "big"))
        visible.update(part)
