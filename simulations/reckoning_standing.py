"""Which facts stand, decided the slow and plain way: every question looks through all entries.

Written from the rules of the field, without a look at how the book decides. A reversal takes back
what its author knew; a fact for a meeting that was closed without it is set aside until officers
accept it; a decision waits for as many officers as it needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from model import events as e
from model.entry import Entry
from simulations.reckoning_claims import content_of, meeting_of
from simulations.reckoning_endings import one_person
from simulations.reckoning_offices import Offices, office_of
from simulations.reckoning_record import BY_MAJORITY, DECISIONS, Record, event_of
from simulations.reckoning_stopped import MONEY, VERDICTS, verdict_on
from simulations.reckoning_votes import Votes

_NOT_OF_A_MEETING: Final = (
    *(e.ApprovalGiven, e.ApprovalWithdrawn, e.RequestDeclined, e.EntryDisputed),
    *(e.MeetingClosed, e.MeetingReopened, e.MeetingOpened),
    *(e.ConflictResolved, e.LateEntryAccepted, e.LateEntryRejected, e.MemberMerged),
    *VERDICTS,
)
"""They speak about entries, about a person or about the meeting itself, and are never late."""
_THINGS: Final = (
    *("member", "loan", "fine", "target", "keep", "drop"),
    *("funding", "investment", "request", "rotation", "payment", "shareout"),
)
"""Fields that name an entry, which the author must have known."""
_WORDS_AGAINST: Final = (e.ApprovalWithdrawn, e.RequestDeclined)
_WORDS: Final = (e.ApprovalGiven, *_WORDS_AGAINST)
_ABOUT_A_LOAN: Final = (e.LoanApproved, e.LoanWaived, e.LoanWrittenOff, e.LoanRescheduled)
"""What the borrower gains by."""


class Told(Record):
    """Everything that was written, and which of it stands."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._answers: dict[tuple[str, bytes], Any] = {}
        self._offices: Offices | None = None
        super().__init__(entries)
        self._answers.clear()  # before requests were joined some were of another name

    @property
    def offices(self) -> Offices:
        """Who holds which office, by what is known."""
        if self._offices is None:
            self._offices = Offices(self)
        return self._offices

    @property
    def votes(self) -> Votes:
        """What a majority of the officers decides."""
        return Votes(self)

    def seats(self, known: Any) -> dict[tuple[str, int], bytes]:
        """Who holds which office, for one who knows this."""
        return self.offices.seats(known)

    def founded(self, known: Any) -> bool:
        """Were the main offices held, for one who knows this?"""
        return self.offices.founded(known)

    def in_force_before(self, proposal: Entry) -> Any:
        """The elections to the office that the author of a proposal knew to be in force."""
        office = office_of(event_of(proposal))
        return frozenset(self.offices.put_in_force(office, proposal.past))

    def valid(self, entry: Entry) -> bool:
        """May it have an effect at all?"""
        return bool(self._remember("valid", entry, self._valid))

    def _valid(self, entry: Entry) -> bool:
        event = event_of(self.as_written[entry.id])
        if not self.may(entry):
            return False
        for field in _THINGS:
            named = getattr(event, field, b"")
            if isinstance(named, bytes) and named and not self._is_known(named, entry):
                return False
        rows = getattr(event, "rows", ())
        if not all(self._is_known(row.member, entry) for row in rows):
            return False
        if isinstance(event, e.CycleClosed) and self._meeting_is_open(event.cycle, entry.past):
            return False
        if isinstance(event, e.LoanApproved) and entry.person in self._gainers(entry):
            return False
        if isinstance(event, e.MeetingReopened) and self._is_too_late_to_reopen(entry):
            return False
        if isinstance(event, e.OfficerProposed) and not self._may_be_proposed(entry):
            return False
        return self._may_reverse(entry) if isinstance(event, e.EntryReversed) else True

    def _may_be_proposed(self, entry: Entry) -> bool:
        """Would an office be filled, or left by somebody with two people in the others?"""
        event, seats = event_of(entry), self.seats(entry.past)
        taken = bool(event.person) or bool(seats.get(office_of(event)))
        return taken and self.founded(entry.past) and not self.offices.too_few(event, entry.past)

    def _is_too_late_to_reopen(self, entry: Entry) -> bool:
        """Did the author know that a later meeting was closed?"""
        mine = meeting_of(event_of(entry))
        meetings = {meeting_of(event_of(item)) for item in self.every(e.MeetingClosed)}
        return any(
            at is not None and mine is not None and at > mine and self._closings(at, entry.past)
            for at in meetings
        )

    def _meeting_is_open(self, cycle: int, past: Any) -> bool:
        """Is a meeting of the cycle open, as far as this past knows?"""
        opened = {
            (item.event.cycle, item.event.session)
            for item in self.every(e.MeetingOpened)
            if isinstance(item.event, e.MeetingOpened) and item.id in past
        }
        return any(at[0] == cycle and not self._closings(at, past) for at in opened)

    def _is_known(self, named: bytes, by: Entry) -> bool:
        """Did the author know such a thing, and is it one at all?"""
        return named in by.past and named in self.by_id and self.valid(self.by_id[named])

    def _may_reverse(self, entry: Entry) -> bool:
        """Not one's own entry, and not the reversal of one's own entry."""
        target = self.by_id[event_of(entry).target]
        if target.person == entry.person:
            return False
        event = event_of(target)
        if isinstance(event, e.EntryReversed) and event.target in self.by_id:
            return self.by_id[event.target].person != entry.person
        return True

    def in_force(self, entry: Entry) -> bool:
        """Does it stand: written by an officer, not taken back, not set aside, and agreed to?"""
        return bool(self._remember("in_force", entry, self._in_force))

    def _in_force(self, entry: Entry) -> bool:
        return self.stands(entry) and not self.aside(entry)

    def stands(self, entry: Entry) -> bool:
        """As `in_force`, but for its meeting's close."""
        return (
            self.valid(entry)
            and not self.taken_back(entry)
            and (type(entry.event) not in DECISIONS or self.approved(entry))
        )

    def taken_back(self, entry: Entry) -> bool:
        """Has somebody reversed it, or the same words of another officer that they knew?"""
        return bool(self._remember("taken_back", entry, self._taken_back))

    def _taken_back(self, entry: Entry) -> bool:
        for reversal in self.every(e.EntryReversed):
            if entry.id not in reversal.past:
                continue
            target = self.by_id.get(event_of(reversal).target)
            if target is None or not self.says_the_same(target, entry):
                continue
            if self.in_force(reversal):
                return True
        return False

    def aside(self, entry: Entry) -> bool:
        """Was its meeting closed without it, and nobody has accepted it since?"""
        return bool(self._remember("aside", entry, self._aside))

    def _aside(self, entry: Entry) -> bool:
        if entry.held:
            return not isinstance(entry.event, MONEY) or self.verdict(entry) != "accepted"
        return self.late(entry) and self.verdict(entry) != "accepted"

    def late(self, entry: Entry) -> bool:
        """Was its meeting closed without it?"""
        event = event_of(entry)
        meeting = meeting_of(event)
        if meeting is None or isinstance(event, _NOT_OF_A_MEETING):
            return False
        closings = self._closings(meeting)
        return bool(closings) and not any(self._held_by(close, entry) for close in closings)

    def _held_by(self, close: Entry, entry: Entry) -> bool:
        """Did the one who closed know of it, and of a stopped phone's that officers ratified it?"""
        if entry.id not in close.past:
            return False
        return not entry.held or verdict_on(self, entry, close.past) == "accepted"

    def there(self, entry: Entry) -> bool:
        """As `stands`; of a stopped phone only what officers brought in."""
        return self.stands(entry) and not (entry.held and self.aside(entry))

    def declined(self, entry: Entry, past: Any = None) -> bool:
        """Did somebody say no to it in time?"""
        return self._words(entry, past)[1]

    def wanted(self, entry: Entry) -> int:
        """How many officers must agree to it."""
        free = self.officers(entry) - self._gainers(entry)
        return max(1, min(DECISIONS[type(event_of(entry))], len(free)))

    def is_chosen(self, resolution: Entry) -> bool:
        """Does this choice between entries hold, and none that differs beside it?"""
        thing = self.name(self.by_id[event_of(resolution).target])
        rivals = [
            word
            for word in self.every(e.ConflictResolved)
            if event_of(word).target in self.by_id
            and self.name(self.by_id[event_of(word).target]) == thing
            and self.in_force(word)
            and self.was_disputed(word)
        ]
        last = [word for word in rivals if not any(word.id in by.past for by in rivals)]
        contents = {content_of(event_of(self.by_id[event_of(word).target])) for word in last}
        return resolution in rivals and len(contents) == 1

    def _closings(self, meeting: tuple[int, int], past: Any = None) -> list[Entry]:
        """The last words on its close; none when it was reopened since. As far as a past knows."""
        words = [
            entry
            for entry in self.every(e.MeetingClosed, e.MeetingReopened)
            if meeting_of(event_of(entry)) == meeting
            and self.valid(entry)
            and (past is None or entry.id in past)
        ]
        agreed = [
            word
            for word in words
            if not isinstance(word.event, e.MeetingReopened) or self.approved(word, past)
        ]
        last = [word for word in agreed if not any(self._after(later, word) for later in agreed)]
        if any(isinstance(word.event, e.MeetingReopened) for word in last):
            return []
        return last

    def _after(self, later: Entry, word: Entry) -> bool:
        """Did its author know the other, or another officer's word of the same decision?"""
        same = self.same[self.name(word)] if isinstance(word.event, e.MeetingReopened) else [word]
        return later not in same and any(item.id in later.past for item in same)

    def verdict(self, entry: Entry) -> str:
        """What officers said about a late entry: accepted, rejected or nothing yet.

        A verdict, like a reversal, reaches all words about the payment that its author knew. One
        that knew the other replaces it; else three officers' yes outweighs a no.
        """
        if entry.held:
            return verdict_on(self, entry)
        words = [word for word in self._verdicts(entry) if self.in_force(word)]
        last = [word for word in words if not any(self._overrules(by, word) for by in words)]
        last = last or words
        accepting = [word for word in last if isinstance(word.event, e.LateEntryAccepted)]
        if len(accepting) == len(last):
            return "accepted" if last else ""
        enough = any(len(self.agreed(word)) >= 3 for word in accepting)
        return "accepted" if enough else "rejected"

    def _verdicts(self, entry: Entry) -> list[Entry]:
        return [
            word
            for word in self.every(e.LateEntryAccepted, e.LateEntryRejected)
            if entry.id in word.past
            and event_of(word).target in self.by_id
            and self.says_the_same(self.by_id[event_of(word).target], entry)
        ]

    def _overrules(self, later: Entry, word: Entry) -> bool:
        """Did an officer say the contrary, knowing this word?"""
        if type(later.event) is type(word.event):
            return False
        same = self.same[self.name(later)]
        return any(word.id in by.past for by in same if self.valid(by))

    def agreed(self, entry: Entry, past: Any = None) -> set[bytes]:
        """Persons who agreed to it, or to the same decision of another officer."""
        if isinstance(entry.event, BY_MAJORITY):
            return self.votes.counted(entry, past).yes
        return self._words(entry, past)[0]

    def approved(self, entry: Entry, past: Any = None) -> bool:
        """Have enough officers agreed, and none said no in time? As far as a past knows."""
        if past is None:
            return bool(self._remember("approved", entry, self._approved))
        return self._approved(entry, past)

    def _approved(self, entry: Entry, past: Any = None) -> bool:
        if isinstance(entry.event, BY_MAJORITY):
            return self.votes.carried(entry, past)
        agreed, declined = self._words(entry, past)
        wanted = DECISIONS[type(event_of(entry))]
        free = self.officers(entry) - self._gainers(entry)
        return not declined and len(agreed) >= max(1, min(wanted, len(free)))

    def decided_in(self, entry: Entry) -> tuple[int, int]:
        """The meeting in which enough officers had agreed: it takes effect there, not before."""
        event = event_of(entry)
        said: dict[bytes, tuple[int, int]] = {}
        ids = {
            item.id
            for item in self.same[self.name(entry)]
            if self.says_the_same(item, entry) and self.valid(item)
        }
        for word in self.entries:
            speaks = word.id in ids or (
                isinstance(word.event, e.ApprovalGiven)
                and word.event.target in ids
                and self.valid(word)
            )
            meeting = meeting_of(event_of(word))
            if not speaks or meeting is None or word.person in self._gainers(entry, word.past):
                continue
            said[word.person] = min(said.get(word.person, meeting), meeting)
        free = self.officers(entry) - self._gainers(entry)
        wanted = max(1, min(DECISIONS[type(event)], len(free)))
        return sorted(said.values())[wanted - 1]

    def _gainers(self, entry: Entry, past: Any = None) -> set[bytes]:
        """Persons who gain by it, whose word never counts: the debtor, or who gets the money.

        As far as its author knew who is who, or one who has this past.
        """
        event = event_of(entry)
        past = entry.past if past is None else past
        member = b""
        if isinstance(event, e.WithdrawalRequested | e.MemberExited):
            member = event.member
        elif isinstance(event, e.FineWaived):
            member = event_of(self.by_id[event.fine]).member
        elif isinstance(event, _ABOUT_A_LOAN):
            member = event_of(self.by_id[event.loan]).member
        if not member:
            return set()
        elections = [
            item
            for item in self.every(e.OfficerElected)
            if item.id in past and self.offices.has_effect(item)
        ]
        merges = [
            (event_of(item).keep.hex(), event_of(item).drop.hex())
            for item in self.every(e.MemberMerged)
            if item.id in past and self.valid(item) and self.approved(item, past)
        ]
        person = one_person(merges)
        return {
            event_of(item).person
            for item in elections
            if person.get(event_of(item).member.hex(), event_of(item).member.hex())
            == person.get(member.hex(), member.hex())
        }

    def _words(self, entry: Entry, past: Any) -> tuple[set[bytes], bool]:
        """Who agrees, and whether somebody said no without knowing that it was approved."""
        told = [
            item
            for item in self.same[self.name(entry)]
            if self.says_the_same(item, entry)
            and (past is None or item.id in past)
            and self.valid(item)
            and (not isinstance(item.event, e.ConflictResolved) or self.was_disputed(item))
            and not (self.asked_anew(item, entry) or self.asked_anew(entry, item))
        ]
        ids = {item.id for item in told}
        words = [item for item in told if item.person not in self._gainers(item) and not item.held]
        for word in self.every(*_WORDS):
            if (past is None or word.id in past) and event_of(word).target in ids:
                words += [word] if self._is_heard(word, entry) else []
        last = [word for word in words if not any(_mind_changed(word, by) for by in words)]
        agreed = {word.person for word in last if not isinstance(word.event, _WORDS_AGAINST)}
        return agreed, any(isinstance(word.event, e.RequestDeclined) for word in last)

    def _is_heard(self, word: Entry, entry: Entry) -> bool:
        """A word of one who gains counts for nothing, nor does a no to what was approved."""
        if not self.valid(word) or word.person in self._gainers(entry, word.past):
            return False
        target = self.by_id[event_of(word).target]
        return isinstance(word.event, e.ApprovalGiven) or not self._approved(target, word.past)

    def asked_anew(self, entry: Entry, before: Entry) -> bool:
        """Was it asked by somebody who knew that the other request was declined, and in time?"""
        if isinstance(before.event, BY_MAJORITY):
            return before.id in entry.past and self.votes.refused(before, entry.past)
        return any(
            no.id in entry.past
            and event_of(no).target == before.id
            and self.valid(no)
            and not self._approved(before, no.past)
            for no in self.every(e.RequestDeclined)
        )

    def was_disputed(self, resolution: Entry) -> bool:
        """Did the one who chose know of more than one word?"""
        thing = self.name(self.by_id[event_of(resolution).target])
        known = [
            entry for entry in self.same[thing] if entry.id in resolution.past and self.valid(entry)
        ]
        return len({content_of(event_of(entry)) for entry in known}) > 1

    def constitution(self, entry: Entry) -> Any:
        """The rules in force, as the author knew them."""
        known = [
            item
            for item in self.every(e.ConstitutionAdopted)
            if item.id in entry.past and self._adopted(item)
        ]
        return event_of(known[-1])

    def _adopted(self, entry: Entry) -> bool:
        """While the group is being founded, or after officers agreed to it."""
        proposal = event_of(entry).proposal
        if not proposal:
            return self._founding(entry)
        return self._is_known(proposal, entry) and self.approved(self.by_id[proposal], entry.past)

    def _remember(self, question: str, entry: Entry, answer: Any) -> Any:
        key = (question, entry.id)
        if key not in self._answers:
            self._answers[key] = answer(entry)
        return self._answers[key]


def _mind_changed(word: Entry, later: Entry) -> bool:
    """Did the same person say something later on what says the same?"""
    return word.person == later.person and word.id in later.past
