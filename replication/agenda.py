"""What officers were asked and have still to answer, for people to read.

Nothing here decides: it words what `council.py` reckoned of all that is known.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from replication.contest import settled
from replication.control import Record
from replication.council import Decisions
from replication.motions import Mark, Motion, Restoration, Stop

State = Literal["open", "passed", "contested", "void"]


class Proposal(NamedTuple):
    """What officers were asked for, and how far it is."""

    change_hash: bytes
    """Of the change that asks; votes and cards name it."""
    device: bytes
    person: bytes
    records: tuple[Record, ...]
    """What is asked for; of a restoration nothing."""
    needed: int
    """Votes, counted by person; a paper card may be one of them."""
    electorate: frozenset[bytes]
    """The officers who may vote."""
    agreed: tuple[bytes, ...]
    """People who agree, its author first."""
    card: bool
    """Whether a paper card stands in for a vote."""
    against: tuple[bytes, ...]
    state: State
    """contested: another decision that did not know it stands against it, and neither holds.
    void: it would leave no officers, or its author was none."""


class Suspension(NamedTuple):
    """A device that one officer stopped, and nobody lifted."""

    device: bytes
    by: bytes
    """The device that ordered it."""
    reason: str
    is_contested: bool
    change_hash: bytes


def proposals(decisions: Decisions) -> list[Proposal]:
    """Everything that officers were asked for, in order of arrival here."""
    now = decisions.now
    possible = {now.case.acts[at].mark.change_hash for at in now.outcome.possible}
    found = []
    for act in decisions.acts:
        asked = act.mark.change_hash
        if isinstance(act, Restoration) or (
            isinstance(act, Motion) and _was_asked(decisions, act, asked in now.passed)
        ):
            found.append(_proposal(decisions, act, asked in now.passed, asked in possible))
    return found


def _was_asked(decisions: Decisions, act: Motion, has_passed: bool) -> bool:
    """Whether officers are asked: not about what the founder decided alone while that held.

    What the end of the founding did not know waits for officers like everything else.
    """
    return not act.alone or not has_passed or bool(decisions.ballots(act.mark.change_hash).votes)


def _proposal(
    decisions: Decisions, act: Motion | Restoration, has_passed: bool, is_possible: bool
) -> Proposal:
    ballots = decisions.ballots(act.mark.change_hash)
    state: State = "open"
    if has_passed:
        state = "passed"
    elif isinstance(act, Motion) and not act.is_valid:
        state = "void"
    elif is_possible:
        state = "contested"
    return Proposal(
        act.mark.change_hash,
        act.mark.device,
        act.mark.person,
        act.records if isinstance(act, Motion) else (),
        max(act.needed, 2) if isinstance(act, Motion) and act.alone else act.needed,
        act.electorate,
        tuple(dict.fromkeys(mark.person for mark in (act.mark, *ballots.votes, *ballots.late))),
        bool(ballots.cards or ballots.third),
        tuple(dict.fromkeys(mark.person for mark in ballots.against)),
        state,
    )


def founded_apart(decisions: Decisions) -> bool:
    """Whether the founding was ended twice, neither end knowing of the other.

    Only the founder's phone, or a copy of it from that time, can do so.
    """
    ends = decisions.now.case.ends
    return any(
        not one.knows(other.bit) and not other.knows(one.bit)
        for one in ends
        for other in ends
        if one is not other
    )


def suspensions(decisions: Decisions) -> list[Suspension]:
    """The devices that are suspended now, and who ordered it."""
    now = decisions.now
    chamber = settled(now.case, now.outcome)
    return [
        Suspension(
            act.device,
            act.mark.device,
            act.reason,
            at not in now.outcome.stands,
            act.mark.change_hash,
        )
        for at in sorted(now.outcome.possible)
        if isinstance(act := now.case.acts[at], Stop) and not chamber.lifted(act, act.device)
    ]


def hearing(decisions: Decisions) -> Callable[[bytes, frozenset[bytes]], bool]:
    """Asks whether a word that a device gave now would count in a decision about some devices.

    Those are the devices that the decision stops, or the one that a restoration lets in.
    """
    now = decisions.now
    chamber = settled(now.case, now.outcome)
    everything = (1 << decisions.count) - 1

    def is_heard(device: bytes, about: frozenset[bytes]) -> bool:
        person, needed = now.roster.person_of(device), now.roster.votes_needed
        mark = Mark(decisions.count, device, person, b"", everything, (), now.contested, needed)
        return chamber.speaks(mark, about)

    return is_heard
