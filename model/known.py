"""Balances as the author of an entry knew them, wherever that entry stands in the shared order.

What is read out at the end of a cycle is what the books said to those who sat there. An entry that
another phone wrote at the same time must change neither the sum nor what is said about it,
whichever of the two comes first. So what stands before an entry in the order, and its author did
not know, is taken out again. It can only be in a meeting that was not closed for the author, since
what comes to a closed one is late and posts nothing to these accounts, or a decision that the
author did not know to be agreed to.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.agreement import brings_in, judgement, known_outcome
from model.book import Book
from model.entry import Past
from model.journal import entry_page
from model.pages import NO_MEETING, MeetingPage
from model.sheets import sheet_entries, subjects_of
from model.stopped import followed

Key = tuple[str, str]
"""Account and subject."""


class KnownBalances:
    """Balances without what an author with this past did not know; debit positive."""

    def __init__(self, book: Book, past: Past) -> None:
        self._book = book
        self._unknown: dict[Key, int] = {}
        for account, subject, amount in _unknown_lines(book, past):
            key = (account, subject)
            self._unknown[key] = self._unknown.get(key, 0) + amount

    def of_kinds(self, first_digits: str) -> dict[Key, int]:
        """Every balance but zero of the accounts that begin with one of these digits."""
        found = {
            key: amount for key, amount in self._book.accounts.rows() if key[0][0] in first_digits
        }
        for key, amount in self._unknown.items():
            if key[0][0] in first_digits:
                found[key] = found.get(key, 0) - amount
        return {key: amount for key, amount in sorted(found.items()) if amount}


def _unknown_lines(book: Book, past: Past) -> Iterator[tuple[str, str, int]]:
    for key, page in book.meetings.rows():
        if any(bytes.fromhex(close) in past for close in page.closes):
            continue
        for name, entry in sheet_entries(book, *key, subjects_of(book, *key)):
            if entry.lines and not entry.stopped and bytes.fromhex(name) not in past:
                yield from entry.lines
    for device, _ in book.stopped.rows():
        for name in followed(book, device):
            held = entry_page(book, name)
            if held.status == "counted" and held.lines and not known_to_count(book, name, past):
                yield from held.lines
    for name, asked in book.decisions.rows():
        decided = book.entries.find(name)
        if decided is None or not decided.lines or not asked.binding:
            continue
        if bytes.fromhex(name) not in past:
            unknown = decided.cycle == NO_MEETING  # those of a meeting are on its sheets
        else:
            unknown = known_outcome(book, name, past) != "approved"
        if unknown:
            yield from decided.lines


def known_to_count(book: Book, name: str, past: Past) -> bool:
    """Did an author with this past know of an entry and, if a stopped device wrote it, that
    officers had ratified it?"""
    if bytes.fromhex(name) not in past:
        return False
    page = entry_page(book, name)
    if not page.stopped:
        return True
    verdict = judgement(book, page, past)
    return verdict is not None and brings_in(verdict[1])


def known_open(book: Book, page: MeetingPage, past: Past) -> bool:
    """Was a meeting open, as far as an author with this past knew?"""
    opened = any(bytes.fromhex(name) in past for name in page.opened)
    return opened and not any(known_to_hold(book, page, close, past) for close in page.closings)


def known_to_hold(book: Book, page: MeetingPage, close: str, past: Past) -> bool:
    """Did an author with this past know of a close, and of no reopening that undoes it?"""
    return bytes.fromhex(close) in past and not any(
        bytes.fromhex(name) in past
        and close in entry_page(book, name).targets
        and known_outcome(book, name, past) == "approved"
        for name in page.reopenings
    )
