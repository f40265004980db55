"""Laws of every book, whatever was written: it balances, can be shown, and no order matters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from model.book import Book
from model.codec import kind_of
from model.entry import Entry
from model.findings import list_findings
from model.history import audit_view, journal
from model.journal import entry_page
from model.loan_views import loans_view
from model.pages import NO_MEETING
from model.statements import meeting_view, passbook_view
from model.suspense_view import suspense_view
from model.views import book_view
from model.wording import SENTENCES
from tests.strategies import sums

NOWHERE = (NO_MEETING, NO_MEETING)


class StoredPages:
    """Pages as a database keeps them: text keys, JSON values."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}

    def get(self, table: str, key: str) -> bytes | None:
        return self.rows.get(table, {}).get(key)

    def items(self, table: str) -> Iterable[tuple[str, bytes]]:
        return list(self.rows.get(table, {}).items())

    def unreadable(self, table: str, key: str) -> Exception:
        return ValueError(f"{table} {key}")

    def store(self, book: Book) -> None:
        for table, key, value in book.take_dirty():
            if value is None:
                self.rows.setdefault(table, {}).pop(key, None)
            else:
                self.rows.setdefault(table, {})[key] = value


def everything(book: Book) -> dict[str, dict[str, bytes]]:
    """Every page of a book, to the byte."""
    return {
        name: {table.key_text(key): table.dump(page) or b"" for key, page in table.rows()}
        for name, table in book.tables.items()
    }


def totals(book: Book) -> dict[str, int]:
    """Every balance; loans in one, because the first of two words gives a loan its name."""
    sums: dict[str, int] = {}
    for (account, subject), amount in book.accounts.rows():
        key = account if account == "1100" else f"{account} {subject}"
        sums[key] = sums.get(key, 0) + amount
    return {key: amount for key, amount in sums.items() if amount}


def assert_prefix(book: Book) -> None:
    """What holds after every entry."""
    total = 0
    for (account, _), amount in book.accounts.rows():
        total += amount if account[0].isdigit() else 0
    assert total == 0
    for name, page in book.entries.rows():
        assert sums(page.lines) == 0, (name, page)


def assert_told(book: Book, entries: Iterable[Entry]) -> None:
    """Every entry has a page, which says what it is, who wrote it, when and where."""
    for entry in entries:
        page = entry_page(book, entry.id.hex())
        event = entry.event
        assert page.kind == kind_of(event)
        assert (page.device, page.person) == (entry.device.hex(), entry.person.hex())
        assert (page.lamport, page.time_ms) == (entry.lamport, entry.time_ms)
        where = tuple(getattr(event, name, NO_MEETING) for name in ("cycle", "session"))
        assert (page.cycle, page.session) in {where, (where[0], NO_MEETING), NOWHERE}
        assert page.status in {"counted", "corroborating", "suspense", "void"}
    for (code, _), _ in book.findings.rows():
        assert code in SENTENCES


def assert_balanced(book: Book) -> None:
    """Entries balance, and the balances are what they post."""
    posted: dict[tuple[str, str], int] = {}
    for name, page in book.entries.rows():
        assert sums(page.lines) == 0, (name, page)
        for account, subject, amount in page.lines:
            posted[account, subject] = posted.get((account, subject), 0) + amount
    assert {key: amount for key, amount in posted.items() if amount} == dict(book.accounts.rows())


def assert_shown(book: Book) -> None:
    """Everything that people see can be made."""
    json.dumps(book_view(book))
    json.dumps(loans_view(book, every=True))
    json.dumps(audit_view(book))
    json.dumps(suspense_view(book, every=True))
    for finding in list_findings(book):
        assert re.search(r"(\.|: mkutano [^.]+)$", finding.sentence), finding.sentence
        assert "{" not in finding.sentence
    for member, _ in book.members.rows():
        json.dumps(passbook_view(book, member))
    for key, _ in book.meetings.rows():
        json.dumps(meeting_view(book, *key))
    for posted in journal(book):
        assert sum(line.amount_minor for line in posted.lines) == 0


def pasts(entry: Entry) -> frozenset[bytes]:
    """What the author of an entry knew."""
    assert isinstance(entry.past, frozenset)
    return entry.past


def another_order(entries: list[Entry], choice: Callable[[int], int]) -> list[Entry]:
    """The same entries in another order that causality allows."""
    left = {entry.id: entry for entry in entries}
    ordered: list[Entry] = []
    while left:
        ready = [entry for entry in left.values() if not pasts(entry) & left.keys()]
        ready.sort(key=lambda entry: entry.id)
        entry = ready[choice(len(ready))]
        ordered.append(entry._replace(lamport=len(ordered) + 1))
        del left[entry.id]
    return ordered
