"""All derived state: named tables of small frozen pages, each step undoable, loaded by key.

A `Book` without `Pages` lives in memory. With `Pages` it reads a page when it is first asked for
and remembers which pages changed, so that opening a home folds nothing and a step writes only
what it touched. A number that came back to zero and a page that was taken away are both written
as None. Two books that folded the same entries hold the same pages, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Generic, Protocol, TypeVar, cast, get_args, get_type_hints

import msgspec

from model.entry import Past
from model.fund_pages import (
    AttemptPage,
    FundingPage,
    InvestmentPage,
    PartnerPage,
    ReceiptPage,
    WithdrawalPage,
)
from model.office_pages import AlonePage, SeatsPage
from model.pages import (
    AlteredPage,
    ClosingPage,
    ConstitutionPage,
    CyclePage,
    DecisionPage,
    EntryPage,
    FindingPage,
    FinesPage,
    GoalPage,
    GroupPage,
    LoanPage,
    MeetingPage,
    MemberPage,
    OfficePage,
    PersonPage,
    Posting,
    RotationPage,
    SettledTurn,
    Sheet,
    TopicPage,
    Turn,
)
from model.suspense_pages import OfferedPage, StoppedPage

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

    def unreadable(self, table: str, key: str, /) -> Exception:
        """What to raise for a page that is not as this book wrote it."""


class Table(dict[K, P | None], Generic[K, P]):
    """Pages of one kind by key; a key is text or a tuple of text and whole numbers.

    `find` and `put` are the only doors; `table[key] = page` is `put`, and quicker. While a whole
    history is folded nothing is recorded and they are the dictionary's own; `record` makes the
    table one that notes what it replaces.
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
        self.__class__ = RecordingTable
        self.put = self.__setitem__

    def _find(self, key: K) -> P | None:
        try:
            return self[key]
        except KeyError:
            page = None
            if not self._complete and self._pages is not None:
                text = self.key_text(key)
                raw = self._pages.get(self.name, text)
                page = None if raw is None else self._decoded(self._pages, text, raw)[1]
            dict.__setitem__(self, key, page)  # it was there before, nothing changed
            return page

    def rows(self) -> Iterator[tuple[K, P]]:
        """Every page there is, in the order of their keys as text."""
        return iter(sorted(self.unsorted(), key=lambda row: self.key_text(row[0])))

    def unsorted(self) -> Iterator[tuple[K, P]]:
        """Every page there is, in an order of this replica's own: for what no order decides."""
        if not self._complete and self._pages is not None:
            for text, raw in self._pages.items(self.name):
                self.setdefault(*self._decoded(self._pages, text, raw))
            self._complete = True
        # Zero and None are "not there": both are written as None.
        return ((key, page) for key, page in self.items() if page is not None and page != 0)

    def _decoded(self, pages: Pages, text: str, raw: bytes) -> tuple[K, P]:
        """A stored page and its key; storage may have spoilt either."""
        try:
            return self.text_key(text), cast(P, self._decoder.decode(raw))
        except (msgspec.MsgspecError, ValueError, TypeError, AttributeError) as error:
            raise pages.unreadable(self.name, str(text)) from error

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


class RecordingTable(Table[K, P]):
    """A table that notes every page it replaces, so that the step can be undone and stored."""

    def __setitem__(self, key: K, page: P | None) -> None:
        self._book.log.append((self, key, self.find(key)))
        assert self.dirty is not None  # `record` gave it
        self.dirty.add(key)
        dict.__setitem__(self, key, page)


class _Hex(dict[bytes, str]):
    """Ids as hex, one text object for each: equal keys are then mostly the same object."""

    def __missing__(self, identity: bytes) -> str:
        text = self[identity] = identity.hex()
        return text


Levied = tuple[int, str]
"""The version of the constitution that a fine was levied under, and the account it goes to."""

Merged = tuple[str, str, str]
"""A member who was merged, the member who was kept, and the entry that moves the money."""

Left = tuple[str, str]
"""A person who left, by the name under which the money stands, and the exit that holds."""


class Book:
    """The derived state of one group's log. Mutated by `reducer` alone; others read it.

    A table is an attribute that is declared as one: its keys and its pages follow from the type.
    """

    group: Table[str, GroupPage]
    constitution: Table[str, ConstitutionPage]
    adopted: Table[str, ConstitutionPage]
    proposed: Table[str, ConstitutionPage]
    topics: Table[str, TopicPage]
    turns: Table[tuple[int, str], Turn]
    settled: Table[tuple[int, str], SettledTurn]
    cycles: Table[str, CyclePage]
    offices: Table[str, OfficePage]
    persons: Table[str, PersonPage]
    enacted: Table[str, tuple[str, ...]]
    seatings: Table[str, SeatsPage]
    alone: Table[str, AlonePage]
    members: Table[str, MemberPage]
    tags: Table[tuple[str, str], tuple[str, ...]]
    merged: Table[str, tuple[Merged, ...]]
    left: Table[str, tuple[Left, ...]]
    goals: Table[str, GoalPage]
    meetings: Table[tuple[int, int], MeetingPage]
    latest: Table[str, tuple[int, int]]
    roll: Table[tuple[int, int], str]
    sheets: Table[tuple[int, int, str], Sheet]
    loans: Table[str, LoanPage]
    open_loans: Table[str, str]
    member_loans: Table[str, tuple[str, ...]]
    aliases: Table[str, str]
    rotations: Table[str, RotationPage]
    fines: Table[str, FinesPage]
    levies: Table[str, Levied]
    notices: Table[str, tuple[str, ...]]
    # The group's own money, see fund_pages.py.
    described: Table[str, PartnerPage]
    partners: Table[str, PartnerPage]
    promises: Table[str, FundingPage]
    fundings: Table[str, FundingPage]
    purchases: Table[str, InvestmentPage]
    investments: Table[str, InvestmentPage]
    receipts: Table[str, ReceiptPage]
    unmatched: Table[str, int]
    referred: Table[str, tuple[str, ...]]
    matched: Table[str, tuple[str, ...]]
    stated: Table[str, tuple[str, ...]]
    withdrawals: Table[str, WithdrawalPage]
    open_requests: Table[str, str]
    attempts: Table[str, AttemptPage]
    # What stopped devices wrote, see stopped.py.
    stopped: Table[str, StoppedPage]
    offered: Table[str, OfferedPage]
    offered_days: Table[tuple[int, int], str]
    reaches: Table[str, tuple[int, ...]]
    rests: Table[str, tuple[str, ...]]
    # How entries stand, and what is shown.
    decisions: Table[str, DecisionPage]
    waiting: Table[str, str]
    open_actions: Table[str, str]
    closings: Table[str, ClosingPage]
    altered: Table[str, AlteredPage]
    carried: Table[str, tuple[tuple[str, tuple[Posting, ...]], ...]]
    lists: Table[tuple[int, str], tuple[str, ...]]
    lengths: Table[str, int]
    accounts: Table[tuple[str, str], int]
    entries: Table[str, EntryPage]
    findings: Table[tuple[str, str], FindingPage]

    def __init__(self, pages: Pages | None = None) -> None:
        self.log: list[tuple[Table[Any, Any], Any, Any]] = []
        self._recording = False
        self.tables: dict[str, Table[Any, Any]] = {}
        for name, key_types, page_type in _declared():
            table: Table[Any, Any] = Table(name, key_types, page_type, self)
            self.tables[name] = table
            setattr(self, name, table)
        self.hexed = _Hex()  # cache
        self.stale: dict[tuple[str, str], None] = {}  # see derived.py; empty between two steps
        self.closing: list[str] = []  # closes of this step, see sealing.py; empty between two steps
        self.rights: dict[bytes, tuple[frozenset[type], bool]] = {}  # cache, see permissions.py
        self.seating: Any = None  # cache, see offices.py
        self.founded: bool | None = None  # cache, see offices.py
        self.settlers: dict[bytes, bytes] = {}  # cache: device, its entry that saw a witness
        self.authority: tuple[bytes, ...] | None = None  # cache, see permissions.py
        self.rooted: set[bytes] = set()  # cache, see refers_to_known in permissions.py
        self.rooted_in: Past | None = None  # of the newest fact about rights, when it knew all
        self.follows: bool | None = None  # cache: has anybody been merged, or left? See reducer.py
        self.holds: bool | None = None  # cache: is there anything of a stopped device?
        self.informed: object = None  # the past of the newest entry whose author knew all of it
        if pages is not None:
            for table in self.tables.values():
                table.attach(pages)

    def record(self) -> None:
        """Begin a step that can be undone: note every page it replaces."""
        if not self._recording:
            for table in self.tables.values():
                if table.dirty is None:
                    table.record(set(table))
            self._recording = True
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
            assert name is not None  # only the page may be missing
            assert key_text is not None
            self.tables[name].restore(key_text, json)
        self.log = []
        self.closing = []
        self.follows = self.holds = None
        self.forget_rights()
        self.root_in(None)

    def forget_rights(self) -> None:
        """Let who may record what be worked out anew."""
        self.rights.clear()
        self.settlers.clear()
        self.seating = self.founded = None
        self.authority = self.informed = None

    def root_in(self, past: Past | None) -> None:
        """Another fact about rights is the newest: what it knew, if it knew all others."""
        self.rooted_in = past
        self.rooted.clear()

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
            self.partners,
            self.fundings,
            self.investments,
            self.unmatched,
            self.open_requests,
            self.rotations,
            self.accounts,
            self.goals,
            self.stopped,
            self.waiting,
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


@cache
def _declared() -> list[tuple[str, tuple[type, ...], Any]]:
    """Name, types of the key's parts, and type of the pages of each table that `Book` declares."""
    found = []
    for name, declared in get_type_hints(Book).items():
        key, page = get_args(declared)
        found.append((name, get_args(key) or (key,), page))
    return found
