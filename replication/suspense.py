"""What of a stopped device waits in suspense, as a limit on each branch of its chain.

What the one who stopped it knew stands, and so does what a close covers that another officer
co-signed; whatever lies beyond waits until officers ratify it. The limit follows from all that is
known, so it moves when a suspension, a lift or a seal arrives: the same everywhere. What waited
when a meeting was closed, as its author knew, and was sealed so, goes on waiting when the device is
let go on: a seal keeps what it covers as it was.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from replication.contest import settled
from replication.council import Decisions
from replication.motions import Act, Seal, Stop, cut_clock, stopped_by
from replication.ruling import Ruling

Clock = tuple[int, ...]


def stopped(decisions: Decisions) -> dict[bytes, frozenset[bytes]]:
    """Stopped device → who stopped it: the key of an officer's device, or the hash of the change
    by which officers, or paper cards, did."""
    now = decisions.now
    return {
        device: frozenset(
            act.mark.device if isinstance(act, Stop) else act.mark.change_hash for act in acts
        )
        for device, acts in stopping(now, now.roster.devices).items()
    }


def limits(decisions: Decisions, lane_devices: Sequence[bytes]) -> dict[int, int]:
    """Lanes of devices that were stopped, or never let in → the highest position that counts.

    `lane_devices`: the device of each lane; lanes that nobody stopped are left out.
    """
    return {} if nobody_stopped(decisions, lane_devices) else _limits(decisions, lane_devices)


def nobody_stopped(decisions: Decisions, devices: Iterable[bytes]) -> bool:
    """Whether all of these devices may write, and no suspension of one is even contested.

    As in nearly every group at nearly every time; then no seal has to spare anything, and years of
    them need not be weighed.
    """
    known = decisions.roster.devices
    return all(
        (device := known.get(key)) is not None
        and device.state == "active"
        and device.right == "write"
        for key in set(devices)
    )


class Stretch(NamedTuple):
    """Positions of a lane: above the first, up to the second."""

    lane: int
    above: int
    upto: int


def sealed_so(decisions: Decisions, lane_devices: Sequence[bytes]) -> tuple[Stretch, ...]:
    """What was in suspense when meetings were closed that another officer co-signed.

    Only of devices that something stopped then and does not stop now: of others the limit says it.
    """
    stops = _let_go(decisions, set(lane_devices))
    seals = [act for act in decisions.now.standing() if isinstance(act, Seal)] if stops else []
    found: dict[int, list[Stretch]] = {}
    for seal in seals:
        known = {
            device
            for device, acts in stops.items()
            if any(seal.covered >> act.mark.bit & 1 for act in acts)
        }
        if not known or seal.mark.person == seal.closer:
            continue
        then = _limits(decisions, lane_devices, decisions.ruling(seal.covered), seal.covered)
        for lane, limit in then.items():
            upto = seal.clock[lane] if lane < len(seal.clock) else 0
            if limit < upto and lane_devices[lane] in known:
                found.setdefault(lane, []).append(Stretch(lane, limit, upto))
    return tuple(one for lane in sorted(found) for one in _joined(sorted(found[lane])))


def _let_go(decisions: Decisions, devices: set[bytes]) -> dict[bytes, list[Act]]:
    """Device → what stopped it once and does not now."""
    once: dict[bytes, list[Act]] = {}
    for act in decisions.acts:
        for device in stopped_by(act) & devices:
            once.setdefault(device, []).append(act)
    still = stopping(decisions.now, once)
    found = {
        device: [act for act in acts if act not in still.get(device, ())]
        for device, acts in once.items()
    }
    return {device: acts for device, acts in found.items() if acts}


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Stretches of one lane without overlaps, in order."""
    joined: list[Stretch] = []
    for one in stretches:
        if joined and one.above <= joined[-1].upto:
            joined[-1] = joined[-1]._replace(upto=max(joined[-1].upto, one.upto))
        else:
            joined.append(one)
    return joined


def _limits(
    decisions: Decisions,
    lane_devices: Sequence[bytes],
    now: Ruling | None = None,
    known: int | None = None,
) -> dict[int, int]:
    """The same, reckoned from every act that stands: of all, or of the control changes `known`."""
    now = now or decisions.now
    found: dict[int, int] = {}
    stopped_now = stopping(now, set(lane_devices))
    for device in sorted(set(lane_devices)):
        stops = stopped_now.get(device, [])
        if stops or device not in now.roster.devices:
            spared = _spared(decisions, now, device, stops, known)
            for lane, owner in enumerate(lane_devices):
                if owner == device:
                    found[lane] = spared[lane] if lane < len(spared) else 0
    return found


def stopping(now: Ruling, devices: Iterable[bytes]) -> dict[bytes, list[Act]]:
    """Stopped device → what stops it now; a suspension also while it is contested."""
    case, outcome = now.case, now.outcome
    acts = outcome.stands | {at for at in outcome.possible if isinstance(case.acts[at], Stop)}
    chamber = settled(case, outcome)  # weighs every act: once for all devices
    return {
        device: stops
        for device in devices
        if (stops := chamber.stopped(device, frozenset(acts), for_good=False))
    }


def _spared(
    decisions: Decisions, now: Ruling, device: bytes, stops: list[Act], known: int | None
) -> Clock:
    """Lane → highest position that these stops, or a missing enrolment, leave alone."""
    enrolled = now.roster.devices.get(device)
    seals = [act for act in now.standing() if isinstance(act, Seal)]
    if enrolled is None:
        return highest([seal.clock for seal in seals])
    others = [seal for seal in seals if seal.mark.person != enrolled.person]
    return lowest([_left_alone(decisions, act, others, known) for act in stops])


def _left_alone(decisions: Decisions, stop: Act, seals: list[Seal], known: int | None) -> Clock:
    """What one stop leaves alone: who knew of it when co-signing spared nothing by that."""
    ballots = decisions.ballots(stop.mark.change_hash)
    if known is not None:
        votes = tuple(vote for vote in ballots.votes if known >> vote.bit & 1)
        ballots = ballots._replace(votes=votes)
    cut = cut_clock(stop, ballots)
    bit = stop.mark.bit
    return highest((*cut, *(seal.clock for seal in seals if not seal.mark.knows(bit))))


def highest(clocks: Sequence[Clock]) -> Clock:
    """Lane-wise highest of several clocks."""
    return tuple(max(column) for column in zip_longest(*clocks, fillvalue=0))


def lowest(clocks: Sequence[Clock]) -> Clock:
    """Lane-wise lowest of several clocks."""
    return tuple(min(column) for column in zip_longest(*clocks, fillvalue=0))
