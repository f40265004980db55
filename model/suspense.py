"""What a stopped device wrote: officers ratify it, or reject it, one by one or all at once.

A verdict reaches what it names, or all that its author knew of; never what comes to light later.
It counts entry by entry: officers whose verdicts reach the same entry agree about that entry. What
counts in the end says `agreement.judgement`. Ratified, an entry stands in its own meeting; if that
was closed without it, in the meeting in which officers ratified it, like one that came late. What
only decides something can't be ratified: it is decided anew (held_kinds.py). A verdict on what is
not held any more, because the suspension was lifted, changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.agreement import brings_in, judgement
from model.approvals import propose
from model.book import Book
from model.derived import Work
from model.entry import Entry, Past
from model.held_kinds import how_held
from model.journal import ACCEPTED_LATE, entry_page
from model.notes import too_many, void
from model.pages import EntryPage
from model.standing import settle_any
from model.stopped import (
    ANEW,
    FOLLOWED_MAX,
    RATIFIED,
    REJECTED,
    STOPPED,
    Ranges,
    add_verdict,
    count_in,
    held_by,
    in_ranges,
    known_places,
    may_judge,
    reached_by,
    verdicts_on,
    verdicts_reaching,
)
from model.suspense_pages import StoppedPage

KINDS: Final = ("suspense.ratified", "suspense.rejected")


def ratify(book: Book, entry: Entry, event: e.SuspenseRatified, keeper: bool) -> None:
    """Ask officers to let entries of a stopped device count."""
    _judge(book, entry, event, keeper, "suspense.ratified", "accepted")


def reject(book: Book, entry: Entry, event: e.SuspenseRejected, keeper: bool) -> None:
    """Ask officers to leave entries of a stopped device out for good."""
    _judge(book, entry, event, keeper, "suspense.rejected", "rejected")


def _judge(
    book: Book,
    entry: Entry,
    event: e.SuspenseRatified | e.SuspenseRejected,
    keeper: bool,
    kind: str,
    detail: str,
) -> None:
    device, name = event.device.hex(), entry.id.hex()
    named = tuple(book.hexed[one] for one in event.entries)
    refused = _refusal(book, device, named, detail)
    reach = _places(book, device, named, entry.past)
    if refused or not reach:
        void(book, entry, kind, refused or "nothing_held", text=event.reason)
        return
    if not may_judge(book, device, entry):
        too_many(book, entry, kind)
        return
    mark = hashlib.sha256(repr(reach).encode()).hexdigest()[:16]
    propose(
        book, entry, keeper, kind, event.cycle, event.session, device, 1, 0, detail,
        once=f"suspense {detail} {device} {mark}", count=count_in(reach), text=event.reason,
        targets=named,
    )  # fmt: skip
    _list(book, device, name, reach, entry.past)


def _refusal(book: Book, device: str, named: tuple[str, ...], detail: str) -> str:
    """Code of why a verdict has no effect; empty when it may have."""
    pages = [book.entries.find(one) for one in named]
    if any(page is not None and page.stopped and page.device != device for page in pages):
        return "other_device"
    held = [page for page in pages if page is not None and page.stopped]
    if detail == "accepted" and any(how_held(page.kind) in ("anew", "request") for page in held):
        return ANEW
    return ""


def _places(book: Book, device: str, named: tuple[str, ...], past: Past) -> Ranges:
    """What a verdict reaches: what it names, or everything that its author knew of."""
    if not named:
        return known_places(book, device, past)
    pages = [book.entries.find(one) for one in named]
    return in_ranges(sorted({page.stopped for page in pages if page is not None and page.stopped}))


def judge_one(book: Book, entry: Entry, page: EntryPage) -> None:
    """Let a word about one entry be a verdict on it, too, if a stopped device wrote it."""
    if page.stopped and may_judge(book, page.device, entry):
        _list(book, page.device, entry.id.hex(), (page.stopped, page.stopped), entry.past)


def _list(book: Book, device: str, name: str, reach: Ranges, past: Past) -> None:
    """List a verdict, and which earlier ones its author knew."""
    if book.decisions.find(name) is None:
        return  # there were too many; nobody is asked about it
    earlier = verdicts_on(book, device)
    knew = tuple(other for other in earlier if bytes.fromhex(other) in past)
    page = entry_page(book, name)
    book.entries.put(name, replace(page, knew=tuple(dict.fromkeys((*page.knew, *knew)))))
    add_verdict(book, device, name, reach)


def _derive_held(book: Book, device: str) -> None:
    """Let everything that a device wrote stand as officers have it now."""
    decided: dict[tuple[str, ...], str] = {}
    unfollowed = 0
    for place, name in enumerate(held_by(book, device), 1):
        page = entry_page(book, name)
        words = tuple(verdicts_reaching(book, page))
        if words not in decided:
            decided[words] = _said(judgement(book, page)) if words else ""
        if decided[words] != _stands(page):
            settle_any(book, name)
        waits = place > FOLLOWED_MAX and STOPPED in entry_page(book, name).reasons
        unfollowed += waits
    stopped = book.stopped.find(device)
    if stopped is not None and stopped.unfollowed != unfollowed:
        book.stopped.put(device, StoppedPage(stopped.person, unfollowed))


def _said(verdict: tuple[str, EntryPage] | None) -> str:
    if verdict is None:
        return ""
    return "in" if brings_in(verdict[1]) else "out"


def _stands(page: EntryPage) -> str:
    """Which verdict an entry stands by; of what can't be brought in, any other than the last."""
    if RATIFIED in page.reasons or ACCEPTED_LATE in page.reasons or ANEW in page.reasons:
        return "in"
    return "out" if REJECTED in page.reasons else ""


def is_moot(book: Book, verdict: str, page: EntryPage) -> bool:
    """Do officers need to say no more about a verdict, as all that it reaches stands by it?"""
    wanted = "in" if brings_in(page) else "out"
    reached = reached_by(book, verdict, page.subject)
    return all(_stands(entry_page(book, name)) == wanted for name in reached)


RULES: Final = {e.SuspenseRatified: ratify, e.SuspenseRejected: reject}
WORK: Final[Mapping[str, Work]] = dict.fromkeys(KINDS, _derive_held)
