"""Facts counted once for every report: who was a member, came, saved and paid, meeting by meeting.

Who is expected in a meeting: members who had joined by its day and were active when it began, and
whoever is on its register. Somebody represented counts for money and not for attendance. Only
entries that count are counted; a reversal takes its entry out of every count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from model.book import Book
from model.meeting_watch import enough_keys
from model.members import kept_member
from model.pages import MeetingPage
from model.reckoning.ratios import Attended
from model.reports.periods import ReportPeriod
from model.reports.reading import Key, Reading, Told

_SAVING = frozenset({"share.purchased", "savings.deposited", "rotation.paid_in"})
_IN_PERSON = frozenset({"present", "late"})


class MeetingCount(NamedTuple):
    """One meeting in counts; the sets hold members (hex ids)."""

    key: Key
    held_on: str
    closed: bool
    keyed: bool
    expected: frozenset[str]
    register: Mapping[str, str]
    saved: frozenset[str]
    social: frozenset[str]

    @property
    def in_person(self) -> int:
        """Members who came themselves, in time or late."""
        return sum(status in _IN_PERSON for status in self.register.values())

    @property
    def by_representative(self) -> int:
        """Members who sent somebody."""
        return sum(status == "representative" for status in self.register.values())

    @property
    def attended(self) -> Attended:
        """For the attendance ratios."""
        return Attended(len(self.expected), self.in_person, self.by_representative)


class Standings(NamedTuple):
    """When members joined, and each later change of status with its place in the shared order."""

    joined: Mapping[str, str]
    changes: Mapping[str, Sequence[tuple[int, str]]]

    def active(self, day: str, place: int) -> frozenset[str]:
        """Members who had joined by a day and were active at a place in the shared order."""
        return frozenset(
            member
            for member, joined_on in self.joined.items()
            if joined_on <= day and self._status(member, place) == "active"
        )

    def _status(self, member: str, place: int) -> str:
        status = "active"
        for changed_at, later in self.changes.get(member, ()):
            if changed_at < place:
                status = later
        return status


def standings(reading: Reading) -> Standings:
    """Who was a member when. A member that was merged into another is that other one."""
    changes: dict[str, list[tuple[int, str]]] = {}
    for told in reading.told:
        if not told.counts:
            continue
        if told.page.kind == "member.status_set":
            member = kept_member(reading.book, told.page.subject)
            changes.setdefault(member, []).append((told.place, told.page.detail))
        elif told.page.kind == "member.exited":
            member = kept_member(reading.book, told.page.member or told.page.subject)
            changes.setdefault(member, []).append((told.place, "exited"))
    joined: dict[str, str] = {}
    for name, page in reading.book.members.rows():
        member = kept_member(reading.book, name)
        joined[member] = min(page.joined_on, joined.get(member, page.joined_on))
    return Standings(joined, changes)


def place_of(reading: Reading, day: str) -> int:
    """The place in the shared order at which the first meeting after a day begins."""
    return next(
        (told.place for told in reading.told if told.meeting is not None and told.day > day),
        len(reading.told),
    )


def meeting_counts(reading: Reading, period: ReportPeriod | None = None) -> list[MeetingCount]:
    """Every meeting (of a period), by day and number."""
    book = reading.book
    of_meeting: dict[Key, list[Told]] = {}
    for told in reading.told:
        if told.meeting is not None:
            of_meeting.setdefault(told.meeting, []).append(told)
    members = standings(reading)
    found = []
    for key, page in book.meetings.rows():
        if period is None or period.holds(page.held_on):
            found.append(_count(book, key, of_meeting.get(key, []), members))
    return sorted(found, key=lambda one: (one.held_on, one.key))


def _count(book: Book, key: Key, told: Sequence[Told], members: Standings) -> MeetingCount:
    page = book.meetings.find(key)
    if page is None:
        raise LookupError(key)  # asked only for meetings that are there
    counted = [one for one in told if one.counts]
    marked = [one for one in counted if one.page.kind == "attendance.marked"]
    register = {kept_member(book, one.page.subject): one.page.detail for one in marked}
    began = told[0].place if told else 0
    return MeetingCount(
        key,
        page.held_on,
        bool(page.closes),
        _was_keyed(book, page),
        members.active(page.held_on, began) | register.keys(),
        register,
        _who(book, (one for one in counted if one.page.kind in _SAVING)),
        _who(book, (one for one in counted if one.page.kind == "social.contributed")),
    )


KEYS: Final = 3


def _was_keyed(book: Book, page: MeetingPage) -> bool:
    """Was it opened with three keys? In a group of fewer than three, with everybody's.

    Where the constitution asks for three keys or more, its own rule decides, so that members may
    stand in for a key holder who is away.
    """
    if page.keys_wanted >= KEYS:
        return enough_keys(book, page)
    return len(set(page.keys)) >= min(KEYS, max(1, sum(1 for _ in book.members.rows())))


def _who(book: Book, told: Iterable[Told]) -> frozenset[str]:
    return frozenset(kept_member(book, one.page.member or one.page.subject) for one in told)


def counted_of(
    reading: Reading, kinds: Iterable[str], period: ReportPeriod | None = None
) -> list[Told]:
    """Entries of some kinds that count (in a period), in the shared order."""
    wanted = frozenset(kinds)
    return [
        told
        for told in reading.told
        if told.counts and told.page.kind in wanted and (period is None or period.holds(told.day))
    ]
