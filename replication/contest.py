"""Which acts stand when some of them contest each other: one outcome, whatever the order.

Removals take voters away from other decisions, which may be removals of those who removed them.
No order of arrival and no tie may settle that, or whoever wins ties wins the group. So an act
stands only if it stands whatever becomes of those that contest it, and acts that contest each
other mutually do not stand, neither of them: what was before stays, until officers decide again
knowing both. In the theory of logic programs this is the well-founded model, computed as
alternating fixpoints (Van Gelder, Ross, Schlipf 1991; Van Gelder 1993): `_passing` says what
would stand if exactly the acts of `feared` stopped devices; it is anti-monotone, so that from
nothing it gives too much, from too much too little, and the two close in on what is certain.

What an act needs from others is the least it can be: enrolments that let its voters speak, the
lifting of suspensions, co-signatures that spare. `QUORUM.md` says as a table what follows.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, assert_never

from replication.control import SCOPES, DeviceEnrolled
from replication.motions import (
    NO_BALLOTS,
    Act,
    Ballots,
    Mark,
    Motion,
    Opposition,
    Restoration,
    Seal,
    Stop,
    cut_of,
    stopped_by,
    subject_of,
)


class Case(NamedTuple):
    """The acts in one set of control changes, in an order that extends who knew whom."""

    founder: bytes
    ends: Sequence[Mark]
    """Ends of the founding period."""
    acts: Sequence[Act]
    ballots: Mapping[bytes, Ballots]
    """By the hash of the change that asks; only ballots of this set."""
    disarming: frozenset[bytes] = frozenset()
    """Devices whose suspensions silence nobody who decides about them; see `disarming`."""


class Outcome(NamedTuple):
    """Indexes into the acts of a case."""

    stands: frozenset[int]
    """Acts that stand, whatever becomes of those that contest them."""
    possible: frozenset[int]
    """These, and the contested ones."""
    silenced: bool
    """Whether any stop silenced anything on the way: only then a seal can make a difference."""


class Stopper(NamedTuple):
    """An act that stops a device, and what it leaves untouched."""

    act: Act
    cut: int
    yields: bool
    """Whether it silences nobody in a decision about the device that ordered it."""


OFFICERS_LEFT_MIN = 2


def decide(case: Case) -> Outcome:
    """Which acts of a case stand."""
    barred: frozenset[int] = frozenset()
    outcome = _decide(case, barred)
    while len(officers_after(case, outcome)) < OFFICERS_LEFT_MIN:
        apart = _newest(case, _removals_apart(case, outcome))
        if not apart:
            break
        barred |= apart
        outcome = _decide(case, barred)
    return outcome


def _decide(case: Case, barred: frozenset[int]) -> Outcome:
    possible, silenced = _passing(case, frozenset(), barred)
    if not any(_contests(case.acts[at]) for at in possible):  # as in nearly every group
        return Outcome(possible, possible, silenced)
    certain, silenced = _passing(case, possible, barred)
    while certain != possible:
        fewer, _ = _passing(case, certain, barred)
        more, _ = _passing(case, fewer, barred)
        if (more, fewer) == (certain, possible):
            break
        certain, possible = more, fewer
    return Outcome(certain, possible, silenced)


def _contests(act: Act) -> bool:
    """Whether anything can be held against other acts because of this one."""
    return bool(stopped_by(act)) or isinstance(act, Opposition)


def _removals_apart(case: Case, outcome: Outcome) -> frozenset[int]:
    """Motions that stop devices, each unknown to another of them and not knowing it.

    Together they would leave fewer than two officers, which none of them was asked to do.
    """
    removals = {
        at: cut_of(act, case.ballots.get(act.mark.change_hash, NO_BALLOTS))
        for at in outcome.stands
        if isinstance(act := case.acts[at], Motion) and act.stops and len(act.electorate) > 1
    }
    bits = {at: case.acts[at].mark.bit for at in removals}
    return frozenset(
        at
        for at, cut in removals.items()
        for other, others in removals.items()
        if other != at and not cut >> bits[other] & 1 and not others >> bits[at] & 1
    )


def _newest(case: Case, removals: frozenset[int]) -> frozenset[int]:
    """Those that none of the others knew: what was settled long before is not called in again.

    Or an officer with a card, who removes two others apart, would bring back phones that were
    removed years ago.
    """
    marks = {at: case.acts[at].mark for at in removals}
    return frozenset(
        at
        for at, mark in marks.items()
        if not any(other.knows(mark.bit) for other in marks.values())
    )


def officers_after(case: Case, outcome: Outcome) -> set[bytes]:
    """The people who have a device that may write once these acts stand."""
    chamber = settled(case, outcome)
    people = set()
    for device in chamber.grants:
        grant = chamber.enrolment(device)
        person, right = grant.given.person, grant.given.right
        if right == "write" and not chamber.stopped(device, outcome.stands, for_good=True):
            people.add(person)
    return people


def settled(case: Case, outcome: Outcome) -> "Chamber":
    """The acts that stand, to be asked what they come to."""
    chamber = Chamber(case, outcome.possible)
    chamber.fill(outcome.stands)
    return chamber


def _passing(
    case: Case, feared: frozenset[int], barred: frozenset[int]
) -> tuple[frozenset[int], bool]:
    """The acts that stand if exactly the feared ones stop devices; whether any was silenced."""
    chamber = Chamber(case, feared)
    waiting = [at for at in range(len(case.acts)) if at not in barred]
    while True:
        left = [at for at in waiting if not chamber.admit(at)]
        if len(left) == len(waiting):
            return frozenset(chamber.standing), chamber.silenced
        waiting = left


def disarming(case: Case) -> frozenset[bytes]:
    """Devices whose suspensions leave too few others to decide about them, even with a card.

    Whoever suspends one phone must not be removed by its voice; whoever suspends all others must
    not get rid of them so. It depends on nothing that stands or falls, or outcomes would swing.
    """
    stopped: dict[bytes, set[bytes]] = {}
    lifting = [act for act in case.acts if isinstance(act, Motion) and act.lifts]
    for act in case.acts:
        if isinstance(act, Stop) and not _was_lifted(case, lifting, act):
            stopped.setdefault(act.mark.device, set()).add(act.person)
    return frozenset(
        act.mark.device
        for act in case.acts
        if isinstance(act, Stop) and act.mark.device in stopped
        if len(act.electorate - stopped[act.mark.device] - {act.mark.person}) + act.has_cards
        < act.needed
    )


def _was_lifted(case: Case, lifting: Sequence[Motion], stop: Stop) -> bool:
    """Whether who ordered it, or as many as it takes, lifted it in a decision not about him."""
    for act in lifting:
        if stop.device not in act.lifts:
            continue
        if stop.mark.device in act.stops:
            continue
        ballots = case.ballots.get(act.mark.change_hash, NO_BALLOTS)
        people = {act.mark.person, *(vote.person for vote in ballots.votes)}
        enough = act.mark.device == stop.mark.device or len(people) >= act.needed
        if enough and act.mark.knows(stop.mark.bit):
            return True
    return False


class Grant(NamedTuple):
    """An enrolment that stands."""

    bit: int
    past: int
    given: DeviceEnrolled
    by: bytes


class Chamber:
    """Acts that stand so far, against stops that are feared."""

    def __init__(self, case: Case, feared: frozenset[int]) -> None:
        self._case = case
        self._stoppers: dict[bytes, list[Stopper]] = {}
        self._feared = feared
        self.standing: set[int] = set()
        self.silenced = False
        self.grants: dict[bytes, list[Grant]] = {}
        self._lifts: dict[bytes, list[Mark]] = {}
        self._readmits: dict[bytes, list[Mark]] = {}
        self._taken_back: dict[bytes, list[Mark]] = {}
        self._seals: list[Seal] = []
        self._stopping: dict[bytes, list[int]] = {}
        """Device → the feared acts that stop it, in order of adding."""
        for at in sorted(feared):
            stops = stopped_by(case.acts[at])
            if not stops:
                continue
            stopper = self.stopper(case.acts[at])
            for device in stops:
                self._stoppers.setdefault(device, []).append(stopper)
                self._stopping.setdefault(device, []).append(at)

    def stopper(self, act: Act) -> Stopper:
        """An act as what stops a device."""
        ballots = self._case.ballots.get(act.mark.change_hash, NO_BALLOTS)
        by_one = isinstance(act, Stop) and act.mark.device in self._case.disarming
        return Stopper(act, cut_of(act, ballots), by_one or isinstance(act, Restoration))

    def fill(self, standing: frozenset[int]) -> None:
        """Take in acts that are known to stand, and what their authors took back."""
        for at in sorted(standing):
            self._take(at)
        motions = [act for act in self._case.acts if isinstance(act, Motion) and act.lifts]
        while sum(self._take_back(motion) for motion in motions):
            pass

    def admit(self, at: int) -> bool:
        """Let an act stand if it can, as far as is known; whether it does."""
        act = self._case.acts[at]
        if isinstance(act, Motion) and act.lifts:
            self._take_back(act)
        if self._holds(act):
            self._take(at)
            return True
        return False

    def _holds(self, act: Act) -> bool:
        about = subject_of(act)
        match act:
            case Motion():
                return act.is_valid and self._passes(act, about)
            case Restoration():
                return self._restores(act, about)
            case _:
                return self.speaks(act.mark, about)

    def _passes(self, motion: Motion, about: frozenset[bytes]) -> bool:
        mark = motion.mark
        ends, needed = self._case.ends, motion.needed
        if motion.alone:
            if not ends or any(end.knows(mark.bit) for end in ends):
                return self.speaks(mark, about)
            # A founder's word from before the end, which the end did not know, is not enough now.
            needed = max(needed, 2)
        ballots = self._case.ballots.get(mark.change_hash, NO_BALLOTS)
        marks = (mark, *ballots.votes, *ballots.late)
        return self._count(motion, marks, ballots, about) >= needed

    def _restores(self, act: Restoration, about: frozenset[bytes]) -> bool:
        """Two cards, unless an officer's device opposes; then a quorum, or the third card."""
        asked = act.mark.change_hash
        opposed = act.was_opposed or any(
            isinstance(other := self._case.acts[at], Opposition) and other.restoration == asked
            for at in self._feared
        )
        if not opposed:
            return True
        ballots = self._case.ballots.get(asked, NO_BALLOTS)
        if any(
            self.speaks(mark, about) or mark.device == act.mark.device for mark in ballots.third
        ):
            return True
        return self._count(act, (*ballots.votes, *ballots.late), ballots, about) >= act.needed

    def _count(
        self,
        act: Motion | Restoration,
        marks: Sequence[Mark],
        ballots: Ballots,
        about: frozenset[bytes],
    ) -> int:
        """People of the electorate who agree, and one more if a paper card was shown."""
        people: set[bytes] = set()
        for mark in marks:
            fresh = mark.person in act.electorate and mark.person not in people
            if fresh and self.speaks(mark, about, act):
                people.add(mark.person)
        shown = people and any(self.speaks(mark, about, act) for mark in ballots.cards)
        return len(people) + bool(shown)

    def speaks(self, mark: Mark, about: frozenset[bytes], on: Act | None = None) -> bool:
        """Whether what a change says counts: its device was let in, and no stop silences it.

        `on`: what it is said about; an officer may agree to lose a phone, and is heard.
        """
        if not self._was_let_in(mark):
            return False
        stoppers = self._stoppers.get(mark.device, ())
        if any(
            self._silences(stopper, mark, about) for stopper in stoppers if stopper.act is not on
        ):
            self.silenced = True
            return False
        return True

    def _was_let_in(self, mark: Mark) -> bool:
        """Whether an enrolment that stands let its device write, as its author knew."""
        grants = self.grants.get(mark.device, ())
        return not mark.bit or any(
            grant.given.right == "write" and mark.knows(grant.bit) for grant in grants
        )

    def _silences(self, stopper: Stopper, mark: Mark, about: frozenset[bytes]) -> bool:
        stopping = stopper.act.mark
        if stopper.cut >> mark.bit & 1 or mark.contested >> stopping.bit & 1:
            return False
        if stopper.yields and stopping.device in about:
            return False
        return not self.lifted(stopper.act, mark.device) and not self._spared(stopping.bit, mark)

    def lifted(self, act: Act, device: bytes) -> bool:
        """Whether officers who knew of a stop lifted it, or the one who ordered it did.

        What officers decided is taken back only by enrolling the device to write anew.
        """
        bit = act.mark.bit
        if any(anew.knows(bit) for anew in self._readmits.get(device, ())):
            return True
        if not isinstance(act, Stop):
            return False
        if any(lift.knows(bit) for lift in self._lifts.get(device, ())):
            return True
        return any(
            back.device == act.mark.device and back.knows(bit)
            for back in self._taken_back.get(device, ())
        )

    def _spared(self, stop: int, mark: Mark) -> bool:
        """Whether enough other officers, who did not know the stop, co-signed what covers this.

        One of them is not enough: with one stolen phone, stopped or not, he would be two votes.
        """
        people = {
            seal.mark.person
            for seal in self._seals
            if seal.covered >> mark.bit & 1 and not seal.mark.knows(stop)
        }
        return len(people - {mark.person}) >= mark.needed

    def _take_back(self, motion: Motion) -> bool:
        """Who ordered a suspension takes it back alone; whether that is new.

        Whom it frees can't silence it, so that two who suspended each other find back.
        """
        is_new = False
        for device in motion.lifts:
            known = self._taken_back.setdefault(device, [])
            if motion.mark not in known and self._may_free(motion.mark, device):
                known.append(motion.mark)
                is_new = True
        return is_new

    def _may_free(self, mark: Mark, device: bytes) -> bool:
        about = frozenset((device,))
        return self._was_let_in(mark) and not any(
            self._silences(stopper, mark, about)
            for stopper in self._stoppers.get(mark.device, ())
            if not (isinstance(stopper.act, Stop) and stopper.act.mark.device == device)
        )

    def _take(self, at: int) -> None:
        self.standing.add(at)
        act = self._case.acts[at]
        mark = act.mark
        match act:
            case Motion():
                for enrolled in act.enrols:
                    self._grant(Grant(mark.bit, mark.past, enrolled, mark.device))
                    if enrolled.right == "write":
                        self._readmits.setdefault(enrolled.device, []).append(mark)
                for device in act.lifts:
                    self._lifts.setdefault(device, []).append(mark)
            case Restoration():
                begins = DeviceEnrolled(mark.device, mark.person, "write", act.label)
                self._grant(Grant(mark.bit, mark.past, begins, mark.device))
            case Seal():
                self._seals.append(act)
            case Stop() | Opposition():
                pass
            case _:
                assert_never(act)

    def _grant(self, grant: Grant) -> None:
        self.grants.setdefault(grant.given.device, []).append(grant)

    def enrolment(self, device: bytes) -> Grant:
        """A device's newest enrolment; of several that did not know each other the one that allows
        least.
        """
        grants = self.grants[device]
        known = 0
        for grant in grants:
            known |= grant.past
        newest = [grant for grant in grants if not known >> grant.bit & 1]
        return min(newest, key=_allowing)

    def stopped(self, device: bytes, acts: frozenset[int], *, for_good: bool) -> list[Act]:
        """Of some acts, those that stop a device and were not lifted: revocations, or all."""
        found = []
        for at in self._stopping.get(device, ()):
            if at not in acts:
                continue
            act = self._case.acts[at]
            ends = isinstance(act, Restoration) or (
                isinstance(act, Motion) and (not for_good or device in act.revokes)
            )
            if for_good and not ends:
                continue
            if not self.lifted(act, device):
                found.append(act)
        return found


def _allowing(grant: Grant) -> tuple[object, ...]:
    """Less first: by right, scope and end, then by what makes no difference."""
    given = grant.given
    scope = SCOPES.index(given.scope or "ledger")
    return (_RANK[given.right], scope, given.until or _NO_END, given, grant.by)


_RANK = {"pull": 0, "read": 1, "write": 2}
_NO_END = "9999-12-31"
