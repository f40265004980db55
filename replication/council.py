"""What a group's control changes come to, to be asked of any set of them that is closed.

Rules, admission version 2. `QUORUM.md` has them as a table, with what concurrent ones come to.

1. The founding change enrols its device with the right to write. While the group is being founded
   that device decides alone; an end of the founding leaves standing what it knew.
2. Officers are the people with a device that may write. What a change asks them for stands when
   enough of them agree: a strict majority of the officers as of the change's own past, never fewer
   than two. The author agrees by asking; a paper card may stand in for one. A group of one decides
   alone.
3. One officer stops a device; officers lift that, or the one who ordered it does.
4. Two paper cards let a new device begin with the officers anew, unless an officer's device
   opposes; then officers or the third card decide.
5. Acts of a stopped device that whoever stopped it did not know are silent, but in decisions about
   a device that suspended so many that the others can't decide, and where as many other officers
   as a decision takes co-signed closes that cover them, not knowing of the stop.
6. Of acts that contest each other `contest.py` says which stand.

Admission asks about a change's ancestors, everything else about all that is known: a change is
never refused for what others decided apart from it. Control changes are looked at once, when they
are added; a set of them is a bit mask in the order of adding. What a set comes to is remembered
by the changes in it that matter, so that a long history of seals and votes costs nothing.
"""

from collections.abc import Callable, Iterable

from replication.cards import is_restoration, is_vote
from replication.contest import Case
from replication.control import (
    CARDS,
    CardsIssued,
    CardVoted,
    DeviceEnrolled,
    DeviceSuspended,
    EpochBegun,
    ForkJudged,
    FoundingEnded,
    GroupFounded,
    MeetingSealed,
    OfficersRestored,
    QuorumSet,
    Record,
    RelayChosen,
    VoteCast,
    decode_record,
    is_control,
)
from replication.epochs import Filed, readers
from replication.founding import ends_founding
from replication.history import Admitted
from replication.motions import (
    ASKS,
    NO_BALLOTS,
    Act,
    Ballots,
    Mark,
    Motion,
    Opposition,
    Restoration,
    Seal,
    Stop,
    Verdict,
    motion_of,
    stopped_by,
)
from replication.roster import Device, Roster, may_write
from replication.ruling import Ruling, rule

Find = Callable[[bytes], Admitted | None]
"""Looks up an admitted change by its hash."""

REPEATS_MAX = 8
"""Suspensions of one phone by one phone that are followed, as far as it knows; whoever goes on
suspending and lifting gains nothing, and costs nobody time."""

FOUNDING_MOTIONS_MAX = 256
"""What a founder decides alone, as far as it knows, before the founding is ended: twice the devices
of the largest group. Or a stolen phone, gone back to that time, makes every roster slow."""

ANSWERS_KEPT = 1024
"""Answers remembered; a season has a few devices and a few sets of control changes."""


class Decisions:
    """The control changes of a group, and what any closed set of them comes to."""

    def __init__(self) -> None:
        self.count = 0
        self._group = b""
        self._founder = b""
        self._founding_key = b""
        self._ends: tuple[Mark, ...] = ()
        self.acts: list[Act] = []
        """Everything that may stand or fall, in order of adding."""
        self._stopping: list[Act] = []
        self.verdicts: dict[bytes, list[Verdict]] = {}
        """By the device that they are about."""
        self._asked: dict[bytes, Motion | Restoration] = {}
        """By the hash of the change that asks."""
        self._ballots: dict[bytes, Ballots] = {}
        self.filed: list[Filed] = []
        """Relays chosen and keys begun, in order of adding."""
        self._matters = 0
        """Mask of the changes that may change who may do what."""
        self._alone = 0
        """Mask of the changes by which the founder decided alone."""
        self._seals = 0
        """Mask of the changes that only seal."""
        self._rulings: dict[int, Ruling] = {}
        self._answers: dict[tuple[bytes, int], Device | None] = {}

    def copy(self) -> "Decisions":
        """A tentative copy; additions to it leave this one untouched."""
        other = Decisions()
        other.__dict__.update(self.__dict__)
        other.acts, other._stopping = list(self.acts), list(self._stopping)
        other.filed = list(self.filed)
        other.verdicts = {device: list(said) for device, said in self.verdicts.items()}
        other._asked, other._ballots = dict(self._asked), dict(self._ballots)
        other._rulings = dict(self._rulings)
        other._answers = {}
        return other

    # Taking in

    def add(self, admitted: Admitted, find: Find) -> None:
        """Take in the next control change; all control changes in its past came before it.

        `find` looks up admitted changes: a seal names the close that it is under.
        """
        change, place = admitted
        bit, self.count = self.count, self.count + 1
        past = place.controls & ~(1 << bit)
        records = _records(change.events)
        if not bit:
            self._found(admitted, records)
            return
        before = self._unsealed(past)
        roster = before.roster
        mark = Mark(
            bit,
            change.device,
            roster.person_of(change.device),
            change.change_hash,
            past,
            place.clock,
            before.contested,
            roster.votes_needed,
        )
        asking = tuple(record for record in records if isinstance(record, ASKS))
        if asking:
            self._add_motion(mark, asking)
        for record in records:
            self._add_record(admitted, mark, record, find)

    def _found(self, admitted: Admitted, records: list[Record]) -> None:
        change, place = admitted
        founded = records[0]
        assert isinstance(founded, GroupFounded)  # admission lets nothing else begin a group
        self._group, self._founder = change.change_hash, change.device
        self._founding_key = founded.founding_key
        person = founded.person
        mark = Mark(0, change.device, person, change.change_hash, 0, place.clock)
        own = DeviceEnrolled(change.device, person, "write", founded.label)
        others = [record for record in records if isinstance(record, CardsIssued | QuorumSet)]
        self._add_act(motion_of(mark, (own, *others), True, Roster(b"", True, {}), True))
        self._mind(mark)

    def _add_motion(self, mark: Mark, records: tuple[Record, ...]) -> None:
        roster = self.ruling(mark.past).roster
        alone = roster.founding and mark.device == self._founder
        if alone and (self._alone & mark.past).bit_count() >= FOUNDING_MOTIONS_MAX:
            return
        if alone:  # the founder's own device is enrolled by the founding itself
            records = tuple(
                record
                for record in records
                if not (isinstance(record, DeviceEnrolled) and record.device == self._founder)
            )
            self._alone |= 1 << mark.bit
        motion = motion_of(mark, records, alone, roster, False)
        self._add_act(motion)
        self._asked[mark.change_hash] = motion
        own = (act for act in self._stopping if act.mark.device == mark.device)
        ordered = [act for act in own if isinstance(act, Stop) and act.device in motion.lifts]
        takes_back = len(ordered) > 0 and self._lifts_before(mark) < REPEATS_MAX
        if alone or motion.needed == 1 or takes_back:
            self._mind(mark)

    def _lifts_before(self, mark: Mark) -> int:
        """How many lifts its device wrote before, as far as it knew."""
        return sum(
            isinstance(act, Motion)
            and bool(act.lifts)
            and act.mark.device == mark.device
            and mark.knows(act.mark.bit)
            for act in self.acts
        )

    def _add_record(self, admitted: Admitted, mark: Mark, record: Record, find: Find) -> None:
        match record:
            case DeviceSuspended(device, reason):
                self._add_stop(mark, device, reason)
            case ForkJudged(device, _n, verdict) if self._may_judge(mark, device):
                if verdict == "copied":
                    self._add_stop(mark, device, "copied")
                else:
                    self.verdicts.setdefault(device, []).append(Verdict(mark, device))
            case VoteCast(proposal, approve):
                self._add_vote(mark, proposal, approve)
            case CardVoted(card, proposal, signature):
                self._add_card(mark, card, proposal, signature)
            case FoundingEnded(signature) if mark.device == self._founder:
                change = admitted.change
                place = (change.n, change.prev, signature)
                if ends_founding(self._founding_key, self._group, *place):
                    self._ends = (*self._ends, mark)
                    self._mind(mark)
            case MeetingSealed(close):
                self._add_seal(admitted, mark, find(close))
            case OfficersRestored():
                self._add_restoration(mark, record)
            case RelayChosen() | EpochBegun():
                self._file(admitted, mark, record)
            case _:
                pass

    def _add_stop(self, mark: Mark, device: bytes, reason: str) -> None:
        """An officer's stop; one who repeats it, with nothing lifted since, says nothing new."""
        if self.device(device, mark.past) is None:
            return
        lifts = [
            act.mark
            for act in self.acts
            if isinstance(act, Motion)
            and (device in act.lifts or any(one.device == device for one in act.enrols))
        ]
        known = [bit for bit in self._stops(mark.device, device) if mark.knows(bit)]
        if len(known) >= REPEATS_MAX:
            return
        for bit in known:
            if not any(mark.knows(lift.bit) and lift.knows(bit) for lift in lifts):
                return
        roster = self._unsealed(mark.past).roster
        person, electorate = roster.person_of(device), frozenset(roster.officers)
        needed, has_cards = roster.votes_needed, bool(roster.cards)
        self._add_act(Stop(mark, device, reason, person, electorate, needed, has_cards))
        self._mind(mark)

    def has_stopped_enough(self, by: bytes, device: bytes) -> bool:
        """Did one phone suspend another so often that one time more would not be followed?"""
        return len(self._stops(by, device)) >= REPEATS_MAX

    def _stops(self, by: bytes, device: bytes) -> list[int]:
        stops = (act for act in self._stopping if isinstance(act, Stop) and act.device == device)
        return [stop.mark.bit for stop in stops if stop.mark.device == by]

    def _file(self, admitted: Admitted, mark: Mark, record: RelayChosen | EpochBegun) -> None:
        given: frozenset[bytes] = frozenset()
        passed: frozenset[bytes] = frozenset()
        if isinstance(record, EpochBegun):
            before = self.ruling(mark.past)
            given, passed = readers(before.roster, record.series, record.day), before.passed
        place, n = admitted.place, admitted.change.n
        self.filed.append(Filed(mark, place.lamport, place.lane, n, record, given, passed))

    def _may_judge(self, mark: Mark, device: bytes) -> bool:
        """Any officer's other device; the device itself only where there is no other."""
        if mark.device != device:
            return True
        others = self.ruling(mark.past).roster.officers.values()
        return all(devices == (device,) for devices in others)

    def _add_vote(self, mark: Mark, proposal: bytes, approve: bool) -> None:
        asked = self._asked.get(proposal)
        if asked is None or not mark.knows(asked.mark.bit) or mark.person not in asked.electorate:
            return
        ballots = self._ballots.get(proposal, NO_BALLOTS)
        if not approve:
            known = (one for one in ballots.against if mark.knows(one.bit))
            if not any(one.person == mark.person for one in known):
                self._ballots[proposal] = ballots._replace(against=(*ballots.against, mark))
                if isinstance(asked, Restoration):
                    self._add_act(Opposition(mark, proposal, asked.mark.device))
                    self._mind(mark)
            return
        earlier = (asked.mark, *ballots.votes, *ballots.late)
        if any(one.person == mark.person and mark.knows(one.bit) for one in earlier):
            return
        if self._has_passed(asked, mark.past):
            self._ballots[proposal] = ballots._replace(late=(*ballots.late, mark))
        else:
            self._ballots[proposal] = ballots._replace(votes=(*ballots.votes, mark))
        self._mind_when_ripe(asked)

    def _add_card(self, mark: Mark, card: int, proposal: bytes, signature: bytes) -> None:
        asked = self._asked.get(proposal)
        if asked is None or not mark.knows(asked.mark.bit):
            return
        cards = (
            asked.cards
            if isinstance(asked, Restoration)
            else self.ruling(asked.mark.past).roster.cards
        )
        ballots = self._ballots.get(proposal, NO_BALLOTS)
        known = any(mark.knows(one.bit) for one in (*ballots.cards, *ballots.third))
        if len(cards) < card or known or self._has_passed(asked, mark.past):
            return
        if not is_vote(cards[card - 1], self._group, proposal, signature):
            return
        if isinstance(asked, Restoration) and card == asked.third_card:
            ballots = ballots._replace(third=(*ballots.third, mark))
        else:
            ballots = ballots._replace(cards=(*ballots.cards, mark))
        self._ballots[proposal] = ballots
        self._mind_when_ripe(asked)

    def _has_passed(self, asked: Motion | Restoration, past: int) -> bool:
        """Whether it stood already, as far as an author with this past knew."""
        return isinstance(asked, Motion) and asked.mark.change_hash in self.ruling(past).passed

    def _mind_when_ripe(self, asked: Motion | Restoration) -> None:
        """Count a proposal among what matters as soon as it has ballots enough."""
        ballots = self._ballots[asked.mark.change_hash]
        said = (asked.mark, *ballots.votes, *ballots.late)
        people = {mark.person for mark in said}
        if len(people) + bool(ballots.cards) >= asked.needed or isinstance(asked, Restoration):
            for mark in (*said, *ballots.cards, *ballots.third):
                self._mind(mark)

    def _add_seal(self, admitted: Admitted, mark: Mark, close: Admitted | None) -> None:
        """A co-signature under a close that its author knew."""
        clock = admitted.place.clock
        if close is None or close.place.lane >= len(clock):
            return
        if clock[close.place.lane] >= close.change.n and close.change.device != mark.device:
            closer = self.device(close.change.device, close.place.controls)
            person = closer.person if closer else b""
            self._add_act(
                Seal(mark, close.place.controls, close.place.clock, close.place.lamport, person)
            )
            if not self._matters >> mark.bit & 1:
                self._seals |= 1 << mark.bit

    def _add_restoration(self, mark: Mark, record: OfficersRestored) -> None:
        if not self.restores(mark.device, record, mark.past):
            return
        roster = self.ruling(mark.past).roster
        stops = frozenset(
            key for key, known in roster.devices.items() if may_write(known) and key != mark.device
        )
        third = sum(range(1, CARDS + 1)) - record.first_card - record.second_card
        mark = mark._replace(person=record.person)
        opposed = any(isinstance(act, Opposition) and mark.knows(act.mark.bit) for act in self.acts)
        electorate, needed = frozenset(roster.officers), roster.votes_needed
        restoration = Restoration(
            mark, record.label, stops, roster.cards, third, opposed, electorate, needed
        )
        self._add_act(restoration)
        self._asked[mark.change_hash] = restoration
        self._mind(mark)

    def restores(self, device: bytes, record: OfficersRestored, controls: int) -> bool:
        """Whether two different cards, in force in this set, let a device restore the officers."""
        roster = self.ruling(controls).roster
        known = roster.devices.get(device)
        if record.first_card >= record.second_card or not roster.cards or known is not None:
            return False
        return all(
            is_restoration(roster.cards[card - 1], self._group, device, record.person, signature)
            for card, signature in (
                (record.first_card, record.first_signature),
                (record.second_card, record.second_signature),
            )
        )

    def _add_act(self, act: Act) -> None:
        self.acts.append(act)
        if stopped_by(act):
            self._stopping.append(act)

    def _mind(self, mark: Mark) -> None:
        """Count a change among those that matter."""
        self._matters |= 1 << mark.bit
        self._seals &= ~(1 << mark.bit)

    # Asking

    @property
    def founding_key(self) -> bytes:
        """Public key that ends the founding period; b"" in a group founded without one."""
        return self._founding_key

    def device(self, key: bytes, controls: int) -> Device | None:
        """A device as this closed set of control changes has it."""
        try:
            return self._answers[key, controls]
        except KeyError:
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
        answer = self._answers[key, controls] = self.ruling(controls).roster.devices.get(key)
        return answer

    @property
    def roster(self) -> Roster:
        """The roster according to everything known."""
        return self.ruling((1 << self.count) - 1).roster

    def ruling(self, controls: int) -> Ruling:
        """What a closed set of control changes comes to."""
        known = self._unsealed(controls)
        seals = controls & self._seals
        if seals and known.outcome.silenced:
            return self._ruling(controls & self._matters | seals)
        return known

    def _unsealed(self, controls: int) -> Ruling:
        """The same, with no regard to seals: they only spare what a stop would silence."""
        return self._ruling(controls & self._matters)

    def _ruling(self, weighed: int) -> Ruling:
        known = self._rulings.get(weighed)
        if known is None:
            if len(self._rulings) >= ANSWERS_KEPT:
                self._rulings.clear()
            known = self._rulings[weighed] = self._rule(weighed)
        return known

    def _rule(self, weighed: int) -> Ruling:
        case = Case(
            self._founder,
            tuple(end for end in self._ends if weighed >> end.bit & 1),
            tuple(act for act in self.acts if weighed >> act.mark.bit & 1),
            {
                asked: _within(ballots, weighed)
                for asked, ballots in self._ballots.items()
                if weighed >> self._asked[asked].mark.bit & 1
            },
        )
        return rule(case)

    @property
    def now(self) -> Ruling:
        """What all that is known comes to, with every seal."""
        return self._ruling(self._matters | self._seals)

    def ballots(self, asked: bytes) -> Ballots:
        """What was said about a change that asks, beside its author's own word."""
        return self._ballots.get(asked, NO_BALLOTS)

    def cards_shown(self, admitted: Admitted) -> tuple[bytes, ...]:
        """Of which changes a paper card, in force as its author knew, was shown in this change.

        The first 16 bytes of their hashes.
        """
        change, place = admitted
        shown = []
        for record in _records(change.events):
            if isinstance(record, CardVoted):
                cards = self.ruling(place.controls).roster.cards
                key = cards[record.card - 1] if cards else b""
                if key and is_vote(key, self._group, record.proposal, record.signature):
                    shown.append(record.proposal[:16])
        return tuple(shown)


def decisions_of(controls: Iterable[Admitted], find: Find) -> Decisions:
    """The decisions in these control changes, given in order of admission."""
    decisions = Decisions()
    for admitted in controls:
        decisions.add(admitted, find)
    return decisions


def _records(events: Iterable[bytes]) -> list[Record]:
    return [
        record
        for event in events
        if is_control(event) and (record := decode_record(event)) is not None
    ]


def _within(ballots: Ballots, weighed: int) -> Ballots:
    """The ballots that lie in a set."""
    return Ballots(*(tuple(m for m in marks if weighed >> m.bit & 1) for marks in ballots))
