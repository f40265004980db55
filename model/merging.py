"""Merging: two members who are one person; what stands under the one follows the other.

Officers decide it together. Entries keep the name that they were written with, so that a merge can
be taken back and so that it does not matter whether a payment was written before it or apart from
it; the merge's own lines move the balances, and follow every later correction. Of several merges
that hang together the one who is kept is the member whom none of them dropped, of several such the
one with the lowest name: so they agree in whatever order they were decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import CHART
from model.approvals import propose
from model.book import Book, Merged
from model.counts import newest_keys
from model.derived import Work, derive
from model.entry import Entry
from model.journal import FINES_DUE, SHARES, balance, entry_page, restate, reversed_by
from model.limits import said_enough
from model.members import MERGED, compare_again, member_named
from model.notes import too_many, void
from model.pages import EntryPage, FindingPage, Posting
from model.permissions import MERGES
from model.sheets import claims_on

MERGES_EACH: Final = 32  # of one person that are followed; a group has a handful
MEETINGS_MAX: Final = 60  # newest meetings in which both names are compared: a year of weeks
BY_MEMBER: Final = (
    *(account.code for account in CHART if account.subledger == "member"),
    SHARES,
    FINES_DUE,
)
"""Accounts and memos that are kept by member: all of them follow."""


class _Pair(NamedTuple):
    """Two names of one person, as officers decided; `dropped`: those whom any of them gave up."""

    entry: str
    low: str
    high: str
    dropped: frozenset[str]


def merge_members(book: Book, entry: Entry, event: e.MemberMerged, keeper: bool) -> None:
    """Ask officers to agree that two members are one; the same pair either way is one question."""
    keep, drop = member_named(book, event.keep), member_named(book, event.drop)
    if not keep or not drop or keep == drop:
        code = "same_member" if keep and keep == drop else "unknown_reference"
        void(book, entry, "member.merged", code, text=event.reason)
        return
    mine = f"{MERGES} {entry.person.hex()}"
    if said_enough(listing.every(book, mine), entry.past, MERGES_EACH):
        too_many(book, entry, "member.merged")
        return
    for topic in (MERGES, mine):
        listing.add(book, topic, entry.id.hex())
    low, high = sorted((keep, drop))
    propose(
        book, entry, keeper, "member.merged", event.cycle, event.session, low, 1, 0, "",
        member=drop, once=f"merged {low} {high}", text=event.reason,
    )  # fmt: skip


def _pairs(book: Book) -> list[_Pair]:
    """Every pair that is decided and not taken back."""
    carrier: dict[str, str] = {}
    dropped: dict[str, set[str]] = {}
    for name in listing.every(book, MERGES):
        page = entry_page(book, name)
        if page.status not in ("counted", "corroborating") or reversed_by(book, page):
            continue
        dropped.setdefault(page.once, set()).add(page.member)
        if page.status == "counted":
            carrier[page.once] = name
    pairs = []
    for once, name in carrier.items():
        _, low, high = once.split(" ")
        pairs.append(_Pair(name, low, high, frozenset(dropped[once])))
    return sorted(pairs)


def _kept(names: set[str], pairs: Iterable[_Pair]) -> str:
    """Who of these names is kept."""
    given_up = {name for pair in pairs for name in pair.dropped}
    return min(names - given_up or names)


def merged_by(pairs: list[_Pair]) -> tuple[Merged, ...]:
    """For every name that is given up: itself, who is kept, and the entry that moves its money."""
    neighbours: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        neighbours.setdefault(pair.low, []).append((pair.entry, pair.high))
        neighbours.setdefault(pair.high, []).append((pair.entry, pair.low))
    rows: list[Merged] = []
    seen: set[str] = set()
    for start in sorted(neighbours):
        if start in seen:
            continue
        names = set(_reached(neighbours, start))
        kept = _kept(names, [pair for pair in pairs if pair.low in names])
        rows += [(name, kept, entry) for name, entry in _reached(neighbours, kept).items() if entry]
        seen |= names
    return tuple(sorted(rows))


def _reached(neighbours: Mapping[str, list[tuple[str, str]]], start: str) -> dict[str, str]:
    """Every name that hangs together with one, and the entry by which it is reached."""
    found = {start: ""}
    todo = [start]
    for name in todo:
        for entry, other in neighbours[name]:
            if other not in found:
                found[other] = entry
                todo.append(other)
    return found


def derive_merges(book: Book, _subject: str) -> None:
    """Who is kept now, what moves, whose fines are added up, and who is no longer like another."""
    rows = merged_by(_pairs(book))
    before = book.merged.find(MERGED) or ()
    if rows != before:
        book.merged.put(MERGED, rows or None)
        book.follows = None
        into = {name: kept for name, kept, _ in rows}
        touched = sorted({name for name, kept, _ in (*rows, *before) for name in (name, kept)})
        for name in touched:
            page = book.members.find(name)
            assert page is not None  # only members are merged, and none ever goes
            book.members.put(name, replace(page, merged_into=into.get(name, "")))
        for name in touched:
            compare_again(book, name)
            derive(book, "fine.levied", name)
            derive(book, "member.exited", name)
    _move(book, rows)


def follow_merges(book: Book) -> None:
    """At the end of a step: move what it left under a name that was given up."""
    rows = book.merged.find(MERGED)
    if rows and any(balance(book, account, name) for name, _, _ in rows for account in BY_MEMBER):
        _move(book, rows)


def _move(book: Book, rows: tuple[Merged, ...]) -> None:
    """Let each merge post what stands under the name it gives up, apart from what merges post."""
    pages = dict(_standing(book))
    moved: dict[tuple[str, str], int] = {}
    for page in pages.values():
        for account, subject, amount in page.lines:
            moved[account, subject] = moved.get((account, subject), 0) + amount
    lines: dict[str, tuple[Posting, ...]] = dict.fromkeys(pages, ())
    for name, kept, entry in rows:
        for account in BY_MEMBER:
            own = balance(book, account, name) - moved.get((account, name), 0)
            if own:
                lines[entry] += ((account, name, -own), (account, kept, own))
    for entry, posted in lines.items():
        restate(book, entry, replace(pages[entry], lines=posted))


def _standing(book: Book) -> Iterator[tuple[str, EntryPage]]:
    for name in listing.every(book, MERGES):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            yield name, page


def watch_merged(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """What was recorded under both names of one person in one meeting, and may be one payment."""
    rows = book.merged.find(MERGED)
    if not rows:
        return
    for cycle, session in newest_keys(book, MEETINGS_MAX):
        for name, kept, _ in rows:
            for kind, line, first, second in _twins(book, cycle, session, name, kept):
                page = entry_page(book, first)
                finding = FindingPage((first, second), kept, cycle, session, (page.amount,), kind)
                yield "recorded_under_both", f"{first}.{line}", finding


def _twins(
    book: Book, cycle: int, session: int, name: str, kept: str
) -> Iterator[tuple[str, int, str, str]]:
    """Payments of one kind, line and amount under two names of one person, by two officers."""
    theirs = {
        (kind, line): other
        for kind, line, other in claims_on(book, cycle, session, kept)
        if line and _stands(book, other)
    }
    for kind, line, mine in claims_on(book, cycle, session, name):
        other = theirs.get((kind, line), "")
        if not other or not _stands(book, mine):
            continue
        one, two = entry_page(book, mine), entry_page(book, other)
        if one.amount == two.amount and one.amount and one.person != two.person:
            yield kind, line, other, mine


def _stands(book: Book, name: str) -> bool:
    page = entry_page(book, name)
    return page.status == "counted" and not reversed_by(book, page)


RULES: Final = {e.MemberMerged: merge_members}
WORK: Final[Mapping[str, Work]] = {"member.merged": derive_merges}
