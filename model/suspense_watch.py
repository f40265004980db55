"""What waits for officers because a device was stopped: one finding a device, however much it is.

Worked out when it is shown. The books know no labels of phones: a phone is named by the office that
its owner holds now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from model.book import Book
from model.journal import CASH, entry_page
from model.offered import rests_topic
from model.offices import offices_of
from model.pages import EntryPage, FindingPage
from model.stopped import STOPPED, followed
from model.titles import OFFICES


class Aside(NamedTuple):
    """What one device wrote that waits for officers: how many, and the cash it tells of."""

    device: str
    person: str
    waiting: int
    received_minor: int
    paid_out_minor: int
    resting: int
    """Entries of others that build on it."""


def set_aside(book: Book) -> Iterator[Aside]:
    """What waits for officers, by device."""
    for device, stopped in book.stopped.rows():
        waiting, received, paid_out, resting = stopped.unfollowed, 0, 0, 0
        for name in followed(book, device):
            page = entry_page(book, name)
            if not waits(page):
                continue
            cash = cash_of(page)
            waiting += 1
            received += max(0, cash)
            paid_out += max(0, -cash)
            resting += book.lengths.find(rests_topic(name)) or 0
        yield Aside(device, stopped.person, waiting, received, paid_out, resting)


def waits(page: EntryPage) -> bool:
    """Have officers still to go through an entry of a stopped device?"""
    return page.status == "suspense" and STOPPED in page.reasons


def cash_of(page: EntryPage) -> int:
    """Cash that an entry tells of: what came in, less what went out."""
    return sum(amount for account, _, amount in page.held if account in CASH)


def whose_phone(book: Book, person: str) -> str:
    """A stopped phone in a sentence: by the office of its owner, if there is one."""
    offices = offices_of(book, person, None) if person else []
    return f"the {OFFICES[offices[0]].replace('_', ' ')}'s phone" if offices else "a phone"


def watch_stopped(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """One finding for each stopped device whose entries wait for officers."""
    for one in set_aside(book):
        if one.waiting:
            entries = "1 entry" if one.waiting == 1 else f"{one.waiting} entries"
            told = f"{entries} of {whose_phone(book, one.person)}"
            if one.resting:
                others = "1 entry" if one.resting == 1 else f"{one.resting} entries"
                told += f", on which {others} of other phones rest,"
            amounts = (one.waiting, one.received_minor, one.paid_out_minor)
            yield "stopped_device", one.device, FindingPage(amounts=amounts, detail=told)
