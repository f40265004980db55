"""A village whose officers write apart, read in the shared order and in any order of delivery."""

from __future__ import annotations

import random

from model import events as e
from model.book import Book
from model.journal import entry_page
from model.reducer import fold
from model.timeline import Timeline
from tests.model.laws import assert_told
from tests.strategies import Phone, Village, share

Apart = tuple[Village, Phone, Phone]
"""A village, its secretary and its treasurer; one of them is ahead in the shared order."""


def told(village: Village) -> Book:
    """The book of a village, the same in every order in which its entries arrive."""
    entries = village.entries
    expected = fold(entries)
    assert_told(expected, entries)
    for seed in range(3):
        arriving = random.Random(seed).sample(entries, len(entries))
        timeline = Timeline()
        for entry in arriving:
            timeline.advance([entry])
        assert timeline.book.digest() == expected.digest()
    return expected


def status(village: Village, entry: bytes) -> str:
    return entry_page(told(village), entry.hex()).status


def late_share(village: Village, closer: Phone, other: Phone) -> bytes:
    """A meeting that one phone closes while the other still records in it; the late entry."""
    closer.record(e.MeetingClosed(1, 1, ()))
    late = other.record(share(village.members[0], 300))
    village.meet()
    closer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    return late


def lent(village: Village, amount: int = 500) -> bytes:
    """A loan that was asked for, approved and handed over, and that everybody knows."""
    village.treasurer.record(share(village.members[1], 1000))
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], amount, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", 0, 2))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, amount))
    village.meet()
    return loan
