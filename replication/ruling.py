"""What a set of control changes comes to: the acts that stand, and the roster that they make.

Of facts that replace each other the newest known one holds; of several that did not know each
other the one that allows least: the lowest right, the highest quorum, no new cards.
"""

from typing import NamedTuple

from replication.contest import Case, Grant, Outcome, decide, disarming, settled
from replication.motions import Act, Motion, Restoration, Stop
from replication.roster import Device, Roster, votes


class Ruling(NamedTuple):
    """What one set of control changes comes to."""

    roster: Roster
    case: Case
    outcome: Outcome
    passed: frozenset[bytes]
    """Hashes of the changes whose asking stands."""

    contested: int
    """Mask of what officers decided and others contest, so that it does not stand.

    Without suspensions: a stolen phone could make any that stops it contested.
    """

    def standing(self) -> list[Act]:
        """The acts that stand, in order of adding."""
        return [self.case.acts[at] for at in sorted(self.outcome.stands)]


def rule(case: Case) -> Ruling:
    """Decide a case, and make the roster of it."""
    case = case._replace(disarming=disarming(case))
    outcome = decide(case)
    standing = (case.acts[at] for at in outcome.stands)
    passed = frozenset(
        act.mark.change_hash for act in standing if isinstance(act, Motion | Restoration)
    )
    contested = 0
    for at in outcome.possible - outcome.stands:
        if isinstance(case.acts[at], Motion | Restoration):
            contested |= 1 << case.acts[at].mark.bit
    return Ruling(_roster(case, outcome), case, outcome, passed, contested)


def _roster(case: Case, outcome: Outcome) -> Roster:
    """Who may do what when these acts stand."""
    chamber = settled(case, outcome)
    stands = outcome.stands
    suspended = frozenset(at for at in outcome.possible if isinstance(case.acts[at], Stop))
    devices: dict[bytes, Device] = {}
    for key in chamber.grants:
        grant = chamber.enrolment(key)
        given = grant.given
        device = Device(key, given.person, given.right, given.label, grant.by)
        device = device._replace(scope=given.scope, until=given.until)
        ends = chamber.stopped(key, stands, for_good=True)
        if ends := [act for act in ends if not _reads_anew(grant, act)]:
            displaced = all(isinstance(act, Restoration) for act in ends)
            device = device._replace(state="displaced" if displaced else "revoked")
        elif chamber.stopped(key, suspended, for_good=False):
            device = device._replace(state="suspended")
        devices[key] = device
    motions = [act for at in sorted(stands) if isinstance(act := case.acts[at], Motion)]
    founding = not case.ends and votes(devices.get(case.founder))
    return Roster(case.founder, founding, devices, _cards(motions), _quorum(motions))


def _reads_anew(grant: Grant, end: Act) -> bool:
    """Whether officers who knew that a device was shut out let it in again, to read and no more.

    What it wrote as an officer's device stays in suspense: only enrolling it to write lifts that.
    """
    return bool(grant.given.scope) and bool(grant.past >> end.mark.bit & 1)


def _newest(motions: list[Motion]) -> list[Motion]:
    """Of motions about one thing those that no other of them knew."""
    known = 0
    for motion in motions:
        known |= motion.mark.past
    return [motion for motion in motions if not known >> motion.mark.bit & 1]


def _quorum(motions: list[Motion]) -> int:
    """Of quorums set apart from each other the higher."""
    newest = _newest([motion for motion in motions if motion.quorum_min])
    return max((motion.quorum_min for motion in newest), default=0)


def _cards(motions: list[Motion]) -> tuple[bytes, ...]:
    """Of cards issued apart from each other none: those before them stay in force."""
    issuing = [motion for motion in motions if motion.cards]
    settled = [
        motion
        for motion in issuing
        if all(
            other is motion
            or motion.mark.knows(other.mark.bit)
            or other.mark.knows(motion.mark.bit)
            for other in issuing
        )
    ]
    newest = _newest(settled)
    return newest[0].cards if newest else ()
