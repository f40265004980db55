"""Who decides, reckoned a second time from `QUORUM.md` alone; it shares no code with the council.

Straight-line and slow: knowledge is a frozenset of change hashes, every question is asked of that
set, and only whole sets are remembered. What stands is the well-founded model, by the alternating
fixpoint: `_founded(against)` builds, from nothing, the acts that stand if exactly `against` is
what may be held against them. Asked in turn with too little and with too much against, it closes
in from both sides; what the lower side holds stands, what only the upper side holds is contested.
Restorations by paper cards are left out.

Where the table says nothing, this takes what is safe: a stop that is contested stops; a card shown
by a silent phone is silent; a proposal of a silent phone is one vote short.
"""

from collections.abc import Iterator

from replication.cards import is_vote
from replication.control import (
    CardsIssued,
    CardVoted,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    ForkJudged,
    FoundingEnded,
    GroupFounded,
    MeetingSealed,
    QuorumSet,
    Record,
    VoteCast,
)
from tests.replication.second_rulings import NOBODY, Act, Hashes, Knowledge, Ruling

ASKED = (DeviceEnrolled, DeviceRevoked, DeviceReinstated, QuorumSet, CardsIssued)


class SecondCouncil(Knowledge):
    """All changes of a group, and what any closed set of them comes to."""

    def ruling(self, known: Hashes) -> Ruling:
        """What these changes come to; the past of a change comes before what holds it."""
        for one in sorted(known, key=lambda one: len(self.past(one))):
            if self.past(one) not in self.rulings:
                self.rulings[self.past(one)] = self._reckoned(self.past(one))
        if known not in self.rulings:
            self.rulings[known] = self._reckoned(known)
        return self.rulings[known]

    def _reckoned(self, known: Hashes) -> Ruling:
        return Sitting(self, known).ruling() if known else NOBODY

    def everything(self) -> Ruling:
        """What all changes come to."""
        return self.ruling(frozenset(self.changes))


class Sitting:
    """One closed set of changes."""

    def __init__(self, council: SecondCouncil, known: Hashes) -> None:
        self.all, self.known = council, known
        self.order = sorted(known, key=lambda one: len(council.past(one)))
        founded = council.records[self.order[0]][0]
        assert isinstance(founded, GroupFounded)
        self.founder, self.founding_person = self.author(self.order[0]), founded.person
        self.ends = [one for one, record in self.said(FoundingEnded) if self.ends_founding(one)]
        self.motions = [
            Act(one, b"")
            for one in self.order
            if self.asks(one) and self.is_officer(one) and self.is_valid(one)
        ]
        self.stops: list[Act] = []
        for one, record in self.said(DeviceSuspended, ForkJudged):
            if isinstance(record, DeviceSuspended | ForkJudged) and self.may_stop(one, record):
                self.stops.append(Act(one, record.device))
        self.barred: set[Act] = set()
        self.backs = [
            Act(one, record.device, True)
            for one, record in self.said(DeviceReinstated)
            if isinstance(record, DeviceReinstated) and self.is_officer(one)
        ]

    # What was said

    def author(self, change: bytes) -> bytes:
        return self.all.changes[change].device

    def said(self, *kinds: type[Record]) -> Iterator[tuple[bytes, Record]]:
        for one in self.order:
            for record in self.all.records[one]:
                if isinstance(record, kinds):
                    yield one, record

    def is_officer(self, change: bytes) -> bool:
        return self.all.before(change).votes(self.author(change))

    def person(self, change: bytes) -> bytes:
        return self.all.before(change).people[self.author(change)]

    def asks(self, change: bytes) -> list[Record]:
        founding = self.author(change) == self.founder and self.all.before(change).founding
        return [
            record
            for record in self.all.records[change]
            if isinstance(record, ASKED)
            and not (
                founding and isinstance(record, DeviceEnrolled) and record.device == self.founder
            )
        ]

    def ends_founding(self, change: bytes) -> bool:
        return self.author(change) == self.founder and self.all.before(change).founding

    def may_stop(self, change: bytes, record: DeviceSuspended | ForkJudged) -> bool:
        if not self.is_officer(change) or getattr(record, "verdict", "") == "restored":
            return False
        if record.device not in self.all.before(change).rights:
            return False
        if isinstance(record, ForkJudged) and record.device == self.author(change):
            return len(self.all.before(change).officers) == 1
        return not any(self.says_nothing_new(change, one, record.device) for one in self.order)

    def says_nothing_new(self, change: bytes, earlier: bytes, device: bytes) -> bool:
        """Whether this phone stopped that one before, with nothing lifted since as far as known."""
        kinds = (DeviceEnrolled, DeviceReinstated)
        return (
            self.author(earlier) == self.author(change)
            and self.knew(change, earlier)
            and any(Act(earlier, device) == stop for stop in self.stops)
            and not any(
                isinstance(record, kinds) and record.device == device
                for one, record in self.said(*kinds)
                if self.knew(change, one) and self.knew(one, earlier)
            )
        )

    def is_valid(self, change: bytes) -> bool:
        """A motion leaves somebody, and two where there were two."""
        before = self.all.before(change)
        left = dict(before.people)
        writing = {device for device in left if before.votes(device)}
        for record in self.asks(change):
            if isinstance(record, DeviceRevoked):
                writing.discard(record.device)
            elif isinstance(record, DeviceEnrolled):
                left[record.device] = record.person
                (writing.add if record.right == "write" else writing.discard)(record.device)
        count = len({left[device] for device in writing})
        if self.author(change) == self.founder and before.founding:
            return count >= 1
        return count >= min(2, len(before.officers))

    # Who is heard

    def knew(self, change: bytes, other: bytes) -> bool:
        return other in self.all.past(change)

    def targets(self, act: Act) -> set[bytes]:
        """The phones that an act stops."""
        if act.target:
            return {act.target}
        found: set[bytes] = set()
        for record in self.asks(act.change):
            if isinstance(record, DeviceRevoked):
                found.add(record.device)
            elif isinstance(record, DeviceEnrolled):
                (found.discard if record.right == "write" else found.add)(record.device)
        return found

    def spared(self, act: Act) -> Hashes:
        """What whoever stopped a phone knew."""
        found = self.all.past(act.change) | {act.change}
        if not act.target:
            for one in self.agreeing(act.change):
                late = act.change in self.all.before(one).passed
                if late or self.author(one) in self.targets(act):
                    continue
                found |= self.all.past(one) | {one}
        return found

    def agreeing(self, motion: bytes) -> list[bytes]:
        """The changes that hold a vote for a motion, the motion itself first."""
        electorate = self.all.before(motion).officers
        found = [motion]
        for one, record in self.said(VoteCast):
            if record != VoteCast(motion, True) or not self.knew(one, motion):
                continue
            if not self.is_officer(one) or self.person(one) not in electorate:
                continue
            known = (said for said in found if self.knew(one, said))
            if self.person(one) not in {self.person(said) for said in known}:
                found.append(one)
        return found

    def undone(self, act: Act, device: bytes, stands: set[Act]) -> bool:
        """Whether somebody who knew it took a stop back."""
        kinds = (DeviceEnrolled, DeviceReinstated) if act.target else (DeviceEnrolled,)
        for other in stands:
            if other.target or not self.knew(other.change, act.change):
                continue
            for record in self.asks(other.change):
                to_write = getattr(record, "right", "write") == "write"
                if isinstance(record, kinds) and record.device == device and to_write:
                    return True
        return any(
            other.is_back
            and other.target == act.target
            and self.author(other.change) == self.author(act.change)
            and self.knew(other.change, act.change)
            for other in stands
        )

    def stopping(self, device: bytes, stands: set[Act], against: set[Act]) -> list[Act]:
        return [
            act
            for act in against
            if not act.is_back
            if device in self.targets(act) and not self.undone(act, device, stands)
        ]

    def sealers(self, change: bytes, stop: Act, stands: set[Act], against: set[Act]) -> set[bytes]:
        """Other officers who co-signed a close over this change, not knowing of the stop."""
        found = set()
        for one, record in self.said(MeetingSealed):
            if not isinstance(record, MeetingSealed) or not self.knew(one, record.close):
                continue
            if self.author(record.close) == self.author(one):
                continue  # who closed does not co-sign
            covered = change == record.close or self.knew(record.close, change)
            if not covered or not self.is_officer(one) or self.knew(one, stop.change):
                continue
            if self.is_heard(one, set(), stands, against):
                found.add(self.person(one))
        return found - {self.person(change)}

    def is_enrolled(self, change: bytes, stands: set[Act]) -> bool:
        """Whether what let the author in stands."""
        device = self.author(change)
        return device == self.founder or any(
            isinstance(record, DeviceEnrolled) and record.device == device
            for act in stands
            if not act.target and self.knew(change, act.change)
            for record in self.asks(act.change)
        )

    def is_heard(
        self,
        change: bytes,
        about: set[bytes],
        stands: set[Act],
        against: set[Act],
        on: Act | None = None,
    ) -> bool:
        """Whether an author's word counts, in a decision that stops these phones."""
        if not self.is_enrolled(change, stands):
            return False
        before = self.all.before(change)
        for stop in self.stopping(self.author(change), stands, against):
            if on and (stop == on or (on.is_back and self.ordered_by(stop, on.target))):
                continue
            if change in self.spared(stop) or stop.change in before.contested:
                continue
            if self.disarmed_by(stop, about):
                continue
            if len(self.sealers(change, stop, stands, against)) >= before.needed:
                continue
            return False
        return True

    def ordered_by(self, stop: Act, device: bytes) -> bool:
        """Whether this is a suspension by that phone."""
        return bool(stop.target) and self.author(stop.change) == device

    def disarmed_by(self, stop: Act, about: set[bytes]) -> bool:
        """Whether the phone that stopped this one stopped too many, and is itself the matter."""
        rogue = self.author(stop.change)
        if not stop.target or rogue not in about:
            return False
        own = [act for act in self.stops if self.author(act.change) == rogue]
        stopped = {
            self.all.before(act.change).people.get(act.target)
            for act in own
            if not self.was_lifted(act)
        }
        for before in (self.all.before(act.change) for act in own if stopped):
            others = before.officers - stopped - {before.people[rogue]}
            if len(others) + bool(before.cards) < before.needed:
                return True
        return False

    def was_lifted(self, stop: Act) -> bool:
        """Whether its orderer, or people enough, said so, in a decision not about the orderer."""
        for motion in self.motions:
            lifts = DeviceReinstated in {
                type(record)
                for record in self.asks(motion.change)
                if getattr(record, "device", b"") == stop.target
            }
            if not lifts or not self.knew(motion.change, stop.change):
                continue
            if self.author(stop.change) in self.targets(motion):
                continue
            people = {self.person(one) for one in self.agreeing(motion.change)}
            own = self.author(motion.change) == self.author(stop.change)
            if own or len(people) >= self.all.before(motion.change).needed:
                return True
        return False

    # What stands

    def _founded(self, against: set[Act]) -> set[Act]:
        stands: set[Act] = set()
        while True:
            found = {
                act
                for act in (*self.motions, *self.stops, *self.backs)
                if act not in self.barred and self.carries(act, stands, against)
            }
            if found == stands:
                return stands
            stands = found

    def carries(self, act: Act, stands: set[Act], against: set[Act]) -> bool:
        if act.target:
            on = act if act.is_back else None
            return self.is_heard(act.change, {act.target}, stands, against, on)
        before, about = self.all.before(act.change), self.targets(act)
        needed = before.needed
        if self.author(act.change) == self.founder and before.founding:
            alone = not self.ends or any(self.knew(end, act.change) for end in self.ends)
            if alone:
                return self.is_heard(act.change, about, stands, against, act)
            needed = max(needed, 2)
        heard = {
            self.person(one)
            for one in self.agreeing(act.change)
            if self.is_heard(one, about, stands, against, act)
        }
        card = any(
            isinstance(record, CardVoted)
            and self.is_card(one, record, act.change)
            and self.is_heard(one, about, stands, against, act)
            for one, record in self.said(CardVoted)
        )
        return len(heard) + card >= needed

    def is_card(self, change: bytes, record: CardVoted, motion: bytes) -> bool:
        keys = self.all.before(change).cards
        return (
            record.proposal == motion
            and self.knew(change, motion)
            and motion not in self.all.before(change).passed
            and self.is_officer(change)
            and bool(keys)
            and is_vote(keys[record.card - 1], self.all.group, motion, record.signature)
        )

    def too_many_apart(self, stands: set[Act]) -> set[Act]:
        """Removals that were apart and together leave nobody, or one: the newest of them."""
        rights, people, states = self.devices(stands)
        if len({people[d] for d in people if rights[d] == "write" and states[d] != "revoked"}) > 1:
            return set()
        removals = {
            act
            for act in stands
            if not act.target
            and self.targets(act)
            and len(self.all.before(act.change).officers) > 1
        }
        apart = {
            one
            for one in removals
            for other in removals - {one}
            if one.change not in self.spared(other) and other.change not in self.spared(one)
        }
        return {
            one for one in apart if not any(self.knew(other.change, one.change) for other in apart)
        }

    def devices(
        self, stands: set[Act]
    ) -> tuple[dict[bytes, str], dict[bytes, bytes], dict[bytes, str]]:
        """Rights, people and states that these acts make."""
        rights, people = {self.founder: "write"}, {self.founder: self.founding_person}
        states = {self.founder: "active"}
        last: dict[bytes, list[tuple[bytes, Record]]] = {}
        for act in sorted(stands, key=lambda act: self.order.index(act.change)):
            for record in self.asks(act.change) if not act.target else ():
                if isinstance(record, DeviceEnrolled | DeviceRevoked):
                    earlier = [
                        one
                        for one in last.get(record.device, [])
                        if not self.replaces(act.change, record, one)
                    ]
                    last[record.device] = [*earlier, (act.change, record)]
        for device, words in last.items():
            enrolments = [record for _, record in words if isinstance(record, DeviceEnrolled)]
            if enrolments:
                least = min(enrolments, key=lambda e: (("pull", "read", "write").index(e.right), e))
                rights[device], people[device] = least.right, least.person
            elif device not in people:
                known = [
                    record
                    for act in stands
                    for record in self.asks(act.change)
                    if isinstance(record, DeviceEnrolled) and record.device == device
                ]
                if not known:
                    continue
                rights[device], people[device] = known[0].right, known[0].person
            states[device] = "revoked" if len(enrolments) < len(words) else "active"
        return rights, people, states

    def replaces(self, change: bytes, record: Record, earlier: tuple[bytes, Record]) -> bool:
        """Whether one word about a phone replaces another; a revocation, only to write anew or
        to read as it is said."""
        readmits = getattr(record, "right", "write") == "write" or getattr(record, "scope", "")
        return self.knew(change, earlier[0]) and bool(
            readmits or not isinstance(earlier[1], DeviceRevoked)
        )

    def model(self) -> tuple[set[Act], set[Act]]:
        """What certainly stands, and what possibly does."""
        low: set[Act] = set()
        while True:
            high = self._founded(low)
            again = self._founded(high)
            if again == low:
                return low, high
            low = again

    def ruling(self) -> Ruling:
        """What stands, and what it makes of phones and money."""
        low, high = self.model()
        while newest := self.too_many_apart(low):
            self.barred |= newest
            low, high = self.model()
        rights, people, states = self.devices(low)
        for stop in high:
            is_stop = stop.target and not stop.is_back and not self.undone(stop, stop.target, low)
            if is_stop and states.get(stop.target) == "active":
                states[stop.target] = "suspended"
        officers = {people[d] for d in people if rights[d] == "write" and states[d] != "revoked"}
        return Ruling(
            states,
            rights,
            people,
            frozenset(officers),
            self.cards(low),
            self.quorum(low),
            not self.ends,
            frozenset(act.change for act in low if not act.target),
            frozenset(act.change for act in high - low if not act.target),
            self.held(low, high),
        )

    def latest(self, kind: type[Record], stands: set[Act]) -> list[tuple[bytes, Record]]:
        chosen = {act.change for act in stands if not act.target}
        found = [(one, record) for one, record in self.said(kind) if one in chosen]
        return [one for one in found if not any(self.knew(later, one[0]) for later, _ in found)]

    def quorum(self, stands: set[Act]) -> int:
        return max(
            (getattr(r, "officers_min", 0) for _, r in self.latest(QuorumSet, stands)), default=0
        )

    def cards(self, stands: set[Act]) -> tuple[bytes, ...]:
        left = set(stands)
        while found := self.latest(CardsIssued, left):
            if len({record for _, record in found}) == 1:
                return tuple(found[0][1])  # type: ignore[arg-type]
            left -= {Act(one, b"") for one, _ in found}
        return ()

    def held(self, low: set[Act], high: set[Act]) -> Hashes:
        """Money that waits: the author was stopped, or what let it in does not stand."""
        against = low | {act for act in high if act.target and not act.is_back}
        found = set()
        for one in self.order:
            if not self.is_enrolled(one, low):
                found.add(one)
                continue
            for stop in self.stopping(self.author(one), low, against):
                if one not in self.spared(stop) and not self.sealers(one, stop, low, against):
                    found.add(one)
        return frozenset(found)
