"""What more than half of all officers decide: who holds an office, and the constitution.

The officers are those that there were when it was proposed. A no only says that one officer is
missing; a paper card stands in for one who is. Who says yes and no on two phones said neither.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

from model import events as e
from model.entry import Entry
from simulations.reckoning_claims import Name

_AGAINST: Final = (e.ApprovalWithdrawn, e.RequestDeclined)
_WORDS: Final = (e.ApprovalGiven, *_AGAINST)


class Record(Protocol):
    """Everything that was written, and which of it stands."""

    same: dict[Name, list[Entry]]
    by_id: dict[bytes, Entry]

    def every(self, *kinds: type[e.Event]) -> list[Entry]:
        """Entries of these kinds, in the shared order."""

    def name(self, entry: Entry) -> Name:
        """What an entry speaks of."""

    def says_the_same(self, one: Entry, other: Entry) -> bool:
        """Do two entries tell one thing in the same way?"""

    def valid(self, entry: Entry) -> bool:
        """May it have an effect at all?"""

    def approved(self, entry: Entry, past: Any = None) -> bool:
        """Have enough officers agreed, as far as a past knows?"""

    def asked_anew(self, entry: Entry, before: Entry) -> bool:
        """Was it asked by somebody who knew that the other request was declined?"""

    def officers(self, entry: Entry) -> set[bytes]:
        """Persons in office, as the author knew."""

    def founded(self, known: Any) -> bool:
        """Were the main offices held, for one who knows this?"""


class Count(NamedTuple):
    """Officers who agree, those who said no, and whether a paper card was shown."""

    yes: set[bytes]
    no: set[bytes]
    card: bool


class Votes:
    """Counts the words of officers on what a majority of them decides."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def carried(self, entry: Entry, past: Any) -> bool:
        """Did enough officers agree, as far as a past knows? While founding, the founder.

        Enough of those who were asked by one of the requests for the same thing.
        """
        count = self.counted(entry, past)
        if not self.record.founded(entry.past):
            return bool(count.yes)
        return not self.refused(entry, past) and any(
            len(count.yes & asked) + count.card >= _majority(asked)
            for asked in self._asked(entry, past)
        )

    def refused(self, entry: Entry, past: Any) -> bool:
        """Have so many said no that too few are left, as far as a past knows?"""
        count = self.counted(entry, past)
        if not self.record.founded(entry.past):
            return bool(count.no)
        return all(
            len(asked - count.no) + count.card < _majority(asked)
            for asked in self._asked(entry, past)
        )

    def _asked(self, entry: Entry, past: Any) -> list[set[bytes]]:
        """The officers whom each request for the same thing asks, once there are two at least."""
        asked = [self.record.officers(item) for item in self._asking(entry, past)]
        return [people for people in asked if len(people) > 1]

    def counted(self, entry: Entry, past: Any) -> Count:
        """The words on a decision, of every request for it, as far as a past knows."""
        told = self._asking(entry, past)
        asked = {item.id: self.record.officers(item) for item in told}
        words = [*told]
        for word in self.record.every(*_WORDS):
            target = _event(word).target
            known = past is None or word.id in past
            if target in asked and known and self._is_heard(word, asked[target]):
                words.append(word)
        last = [word for word in words if not any(_takes_place(by, word) for by in words)]
        no = {word.person for word in last if isinstance(word.event, e.RequestDeclined)}
        yes = {
            word.person
            for word in last
            if not isinstance(word.event, _AGAINST) and not _is_card(word)
        }
        return Count(yes - no, no, any(map(_is_card, last)))

    def _asking(self, entry: Entry, past: Any) -> list[Entry]:
        """Every request for the same thing, but for what was asked once more after a refusal."""
        record = self.record
        return [
            item
            for item in record.same[record.name(entry)]
            if record.says_the_same(item, entry)
            and (past is None or item.id in past)
            and record.valid(item)
            and not (record.asked_anew(item, entry) or record.asked_anew(entry, item))
        ]

    def _is_heard(self, word: Entry, electors: set[bytes]) -> bool:
        """Is it the word of one who was asked, in time; or of a card that was really shown?"""
        if not self.record.valid(word):
            return False
        if _is_card(word):
            return self._is_shown(word)
        if word.person not in electors and electors:
            return False
        target = self.record.by_id[_event(word).target]
        return isinstance(word.event, e.ApprovalGiven) or not self.record.approved(
            target, word.past
        )

    def _is_shown(self, word: Entry) -> bool:
        """Was the card really shown, and no other one that its author knew of?"""
        event = _event(word)
        words = [by for by in self.record.every(*_WORDS) if _event(by).target == event.target]
        before = [
            by
            for by in words
            if by.id in word.past
            and _is_card(by)
            and self.record.valid(by)
            and self._is_shown(by)
            and not any(
                isinstance(back.event, _AGAINST)
                and back.id in word.past
                and back.person == by.person
                and by.id in back.past
                and self.record.valid(back)
                for back in words
            )
        ]
        return event.target[:16] in word.cards and not before


def _majority(asked: set[bytes]) -> int:
    return max(len(asked) // 2 + 1, 2)


def _event(entry: Entry) -> Any:
    return entry.event


def _is_card(word: Entry) -> bool:
    return isinstance(word.event, e.ApprovalGiven) and word.event.card > 0


def _takes_place(later: Entry, word: Entry) -> bool:
    """Does the same person's later word take the place of one? A card stands beside a yes."""
    if later.person != word.person or word.id not in later.past:
        return False
    if isinstance(later.event, _AGAINST):
        return True
    return isinstance(word.event, _WORDS) and _is_card(word) == _is_card(later)
