"""The figures of a sealed meeting, as its close left the books: the same on every phone.

They are reckoned from the close and what its author knew, and from nothing else: not from what came
later, and not from who signed when, which every phone learns at another time. That the meeting is
sealed is said by whoever makes a summary of it, and put in here.
"""

from __future__ import annotations

from msgspec.structs import replace

from model.book import Book
from model.closing import state_of
from model.days import is_day
from model.findings import list_findings
from model.pages import MeetingPage
from model.reports.indicator_shape import Indicators
from model.reports.indicators import indicators
from model.reports.reading import read

Key = tuple[int, int]
"""Cycle and session."""

_OF_A_CLOSE = "not_sealed"
"""The finding that a close still wants signatures: of the meeting that is sealed it is over."""


def sealed_indicators(then: Book, key: Key) -> Indicators | None:
    """The figures at the end of the day of a meeting; None where nobody said which day it was.

    `then`: the book through the close of that meeting (node/closure.py).
    """
    page = then.meetings.find(key)
    if page is None or not is_day(page.held_on):
        return None
    found = indicators(read(then), page.held_on)
    return _sealed(found, then, key, page)


def _sealed(found: Indicators, then: Book, key: Key, page: MeetingPage) -> Indicators:
    cycle, session = key
    counts, tasks = dict(found.findings), found.tasks
    about = f"{cycle}/{session}"
    is_asked = any((one.code, one.about) == (_OF_A_CLOSE, about) for one in list_findings(then))
    if is_asked and counts.get(_OF_A_CLOSE):
        counts[_OF_A_CLOSE] -= 1
        tasks -= 1
    is_newest = (found.meeting_cycle, found.meeting_session) == key
    return replace(
        found,
        meeting_state="sealed" if is_newest else found.meeting_state,
        meetings_sealed=found.meetings_sealed + (state_of(page) != "sealed"),
        sealed_on=page.held_on,
        sealed_cycle=cycle,
        sealed_session=session,
        tasks=tasks,
        findings={code: count for code, count in counts.items() if count},
    )


def revision_of(then: Book, key: Key) -> int:
    """Which close of a meeting the newest is, as its author knew: 1 for the first, 2 for the one
    after officers opened the meeting again, and so on."""
    page = then.meetings.find(key)
    return len(page.closings) if page is not None else 0
