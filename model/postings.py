"""Where each posting belongs: the meeting in which it was recorded, accepted or decided.

A sealed meeting keeps exactly what its entries posted when it was closed, and what it had accepted
and corrected of earlier ones by then. What such an entry comes to post later (officers chose
another amount, a rival was taken back, a payment is split anew) is posted as the difference, in the
newest meeting that is not sealed yet; a late entry, in the one that accepts it. So the balances are
always those of all that is known, and the books of a sealed meeting stay as they were signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from model.agreement import meeting_of
from model.book import Book
from model.closing import Bound
from model.journal import counts_as_posted, difference, entry_page
from model.pages import NO_MEETING, EntryPage, Posting
from model.sheets import sheet_entries, subjects_of

Key = tuple[int, int]
"""Cycle and session of a meeting."""
Lines = tuple[Posting, ...]
NOWHERE: Final[Key] = (NO_MEETING, NO_MEETING)
"""Of cash in suspense, and of what was decided when every meeting is sealed: it belongs to the
next one."""


class Part(NamedTuple):
    """What an entry posts in one meeting.

    `weight`: 1 when its amount begins to count there, -1 when it ceases to, else 0. `kept`: a seal
    keeps it as it is.
    """

    key: Key
    lines: Lines
    weight: int
    kept: bool


class Posted(NamedTuple):
    """A part of an entry; `own`: the entry was recorded in that meeting, in time."""

    name: str
    page: EntryPage
    part: Part
    own: bool

    @property
    def lines(self) -> Lines:
        """What it posts there."""
        return self.part.lines


class Postings:
    """One reading of a book; it does not follow later steps."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._bounds: dict[str, Bound] = {}
        self._open = _newest_unsealed(book)
        self._carried = self._carried_rows()
        self._parts: dict[str, list[Part]] = {}
        self._at: dict[Key, dict[str, Part]] = {}
        altered = (name for name, _ in book.altered.rows())
        for name in dict.fromkeys((*altered, *self._carried)):
            page = entry_page(book, name)
            self._parts[name] = parts = self._split(name, page)
            for part in parts:
                self._at.setdefault(part.key, {})[name] = part

    def of(self, key: Key) -> Iterator[Posted]:
        """Everything that is posted in a meeting: its own entries, then the others by name."""
        moved = self._at.get(key, {})
        seen = set()
        for name, page in sheet_entries(self._book, *key, subjects_of(self._book, *key)):
            if name not in self._parts:
                if not page.late and counts_as_posted(page.lines):
                    yield Posted(name, page, _whole(key, page), True)
            elif name in moved and name not in seen:
                seen.add(name)
                yield Posted(name, page, moved[name], not page.late)
        yield from self.others(key)

    def others(self, key: Key) -> Iterator[Posted]:
        """What a meeting posts of entries that were recorded in another one, by name."""
        for name, part in sorted(self._at.get(key, {}).items()):
            page = entry_page(self._book, name)
            if (page.cycle, page.session) != key:
                yield Posted(name, page, part, False)

    def parts(self, name: str, page: EntryPage) -> list[Part]:
        """What an entry posts, meeting by meeting; together its lines."""
        known = self._parts.get(name)
        if known is not None:
            return known
        if not page.lines:
            return []
        posted = counts_as_posted(page.lines)
        return [_whole(meeting_of(self._book, name, page) if posted else NOWHERE, page)]

    def changed(self) -> Iterator[tuple[str, EntryPage, Key]]:
        """Entries that came to post something else than a seal keeps, and the meeting sealed."""
        for name, parts in sorted(self._parts.items()):
            page = entry_page(self._book, name)
            sealed = [part.key for part in parts if part.kept]
            if self._kept(name, page) is not None:
                sealed.insert(0, (page.cycle, page.session))
            if sealed and any(part.key != sealed[0] for part in parts):
                yield name, page, sealed[0]

    def _carried_rows(self) -> dict[str, list[tuple[Key, Lines]]]:
        """What sealed meetings post of entries of others."""
        found: dict[str, list[tuple[Key, Lines]]] = {}
        for close, rows in self._book.carried.rows():
            page = entry_page(self._book, close)
            key = (page.cycle, page.session)
            meeting = self._book.meetings.find(key)
            if meeting is not None and meeting.sealed and close == min(meeting.closes):
                for name, lines in rows:
                    found.setdefault(name, []).append((key, lines))
        return found

    def _kept(self, name: str, page: EntryPage) -> Lines | None:
        """What the seal of its own meeting keeps of an entry; None when none covers it."""
        meeting = self._book.meetings.find((page.cycle, page.session))
        if meeting is None or not meeting.sealed:
            return None
        altered = self._book.altered.find(name)
        before = dict(altered.before) if altered is not None else {}
        for close in sorted(meeting.closes):
            if close not in self._bounds:
                self._bounds[close] = Bound(self._book, close)
            if self._bounds[close].knew(name, page):
                return before.get(close, page.lines)
        return None

    def _split(self, name: str, page: EntryPage) -> list[Part]:
        rows: list[tuple[Key, Lines]] = list(self._carried.get(name, ()))
        kept = self._kept(name, page)
        if kept is not None and counts_as_posted(kept):
            rows.insert(0, ((page.cycle, page.session), kept))
        parts, posted = [], Lines()
        for key, lines in rows:
            after = difference(lines, _negated(posted))
            parts.append(Part(key, lines, counts_as_posted(after) - counts_as_posted(posted), True))
            posted = after
        left = difference(page.lines, posted) if rows else page.lines
        if left:
            place = self._open if rows else NOWHERE
            if counts_as_posted(page.lines):
                place = self._place(name, page)
            parts.append(
                Part(place, left, counts_as_posted(page.lines) - counts_as_posted(posted), False)
            )
        return [part for part in parts if part.lines]

    def _place(self, name: str, page: EntryPage) -> Key:
        """The meeting for what no seal keeps: the entry's, else the newest unsealed one."""
        key = meeting_of(self._book, name, page)
        meeting = self._book.meetings.find(key)
        return key if meeting is None or not meeting.sealed else self._open


def _whole(key: Key, page: EntryPage) -> Part:
    return Part(key, page.lines, int(counts_as_posted(page.lines)), False)


def _negated(lines: Lines) -> Lines:
    return tuple((account, subject, -amount) for account, subject, amount in lines)


def _newest_unsealed(book: Book) -> Key:
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    return NOWHERE if newest is None or meeting is None or meeting.sealed else newest
