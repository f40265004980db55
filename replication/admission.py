"""Admission: whether a change may enter the books, judged by itself and its ancestors alone.

A change is admitted iff its values are within their caps, its dependencies are known, its chain
continues, its actor is its device's, its place before is among its ancestors, it rebuilds to
the Automerge change that was signed, its signature holds, and its device had the right to write
according to the control records among its own ancestors. Nothing else counts: no clock, no
later knowledge, no order of arrival, so all devices come to the same verdict for ever.

`judge` checks everything but the signature, which `verify_chain` checks once a run.
"""

from collections.abc import Sequence
from typing import NamedTuple

from replication.ancestry import Ancestry, merged_clock
from replication.change import CHAIN_START, Change, chain_hash, change_value
from replication.chunk import body_hash, change_body
from replication.control import GroupFounded, OfficersRestored, decode_record, is_control
from replication.errors import RemoteError
from replication.history import Admitted, Place
from replication.identity import ACTOR_BYTES, actor_prefix
from replication.limits import (
    CHAIN_LENGTH_MAX,
    CHANGE_BYTES_MAX,
    CHANGE_DEPS_MAX,
    CHANGE_EVENTS_MAX,
    COUNTER_MAX,
    TIME_MS_MAX,
)
from replication.roster import may_write


class Candidate(NamedTuple):
    """A change that says who wrote what after what, before anything of it is believed."""

    device: bytes
    n: int
    before: Admitted | None
    """The change at position n - 1 of the same chain; None for n = 1."""
    actor: bytes
    deps: tuple[Admitted, ...]
    time_ms: int
    events: tuple[bytes, ...]
    """Canonical CBOR, already checked by `cbor.check_event`."""
    signature: bytes


def judge(group: bytes | None, ancestry: Ancestry, candidate: Candidate) -> Admitted:
    """The admitted form of a candidate, but for its signature; RemoteError when it is refused.

    `group` is None only while the founding change itself is being made.
    """
    _check_values(candidate)
    past = _past_of(candidate.deps)
    _check_chain(ancestry, candidate, past.clock)
    numbers = _operations(ancestry, candidate, past)
    seq, max_op, list_ctr, _ = numbers
    change_hash = _rebuilt(candidate, past, numbers)
    controls = _judge_right(group, ancestry, candidate, change_hash, past.controls)
    device, n, before = candidate[:3]
    prev = before.change.chain_hash if before else CHAIN_START
    change = Change(
        device,
        n,
        prev,
        candidate.actor,
        past.hashes,
        candidate.time_ms,
        candidate.events,
        change_hash,
        chain_hash(prev, device, n, candidate.time_ms, change_hash),
        candidate.signature,
    )
    lane = ancestry.lane_for(before)
    clock = _clock_with(past.clock, lane, n)
    place = Place(lane, past.next_op, max_op, seq, list_ctr, clock, controls, ancestry.count)
    return Admitted(change, place)


def admitted_already(ancestry: Ancestry, candidate: Candidate) -> Admitted | None:
    """The very change that this candidate rebuilds to, if it was admitted before.

    One lookup, however many branches its device has at this position: who forks without end and
    sends it all again costs no more than others. RemoteError for values that no change may have.
    """
    _check_values(candidate)
    past = _past_of(candidate.deps)
    found = ancestry.find(_rebuilt(candidate, past, _numbers(candidate, past)))
    prev = candidate.before.change.chain_hash if candidate.before else CHAIN_START
    place = (candidate.device, candidate.n, prev)
    return found if found is not None and found.change[:3] == place else None


def _rebuilt(candidate: Candidate, past: "_Past", numbers: tuple[int, int, int, int]) -> bytes:
    """The hash of the Automerge change that it stands for, numbered so."""
    seq, _, list_ctr, last_ctr = numbers
    made = list_ctr if seq > 1 else 0
    value = change_value(candidate.time_ms, candidate.events)
    return body_hash(
        change_body(candidate.actor, seq, past.next_op, past.hashes, (value,), made, last_ctr)
    )


class _Past(NamedTuple):
    """What a change inherits from the ones it follows directly."""

    clock: tuple[int, ...]
    next_op: int
    """One more than their highest op counter."""
    controls: int
    hashes: tuple[bytes, ...]
    """Their change hashes, ascending."""


def _past_of(deps: tuple[Admitted, ...]) -> _Past:
    if len(deps) == 1:  # nearly every change
        ((change, place),) = deps
        return _Past(place.clock, place.max_op + 1, place.controls, (change.change_hash,))
    controls = max_op = 0
    for _change, place in deps:
        controls |= place.controls
        max_op = max(max_op, place.max_op)
    clock = merged_clock([place for _change, place in deps]) if deps else ()
    return _Past(clock, max_op + 1, controls, _hashes(deps))


def _hashes(deps: Sequence[Admitted]) -> tuple[bytes, ...]:
    return tuple(sorted(dep.change.change_hash for dep in deps))


def check_amount(events: Sequence[bytes]) -> None:
    """RemoteError unless these are as many events, and as long, as one change may hold."""
    if not 1 <= len(events) <= CHANGE_EVENTS_MAX:
        raise RemoteError("bad_events", "a change holds 1 to 64 events")
    if len(events) > 1 and sum(map(len, events)) > CHANGE_BYTES_MAX:
        raise RemoteError("too_large", "the events of a change are too large together")


def _check_values(candidate: Candidate) -> None:
    """Caps on everything that a peer chose freely."""
    check_amount(candidate.events)
    if not 0 <= candidate.time_ms < TIME_MS_MAX:
        raise RemoteError("bad_time", "the claimed time is out of range")
    if not 1 <= candidate.n <= CHAIN_LENGTH_MAX:
        raise RemoteError("bad_position", "the chain position is out of range")
    if len(candidate.deps) > CHANGE_DEPS_MAX:
        raise RemoteError("too_many_deps", "a change follows at most 16 others directly")


def _check_chain(ancestry: Ancestry, candidate: Candidate, past: tuple[int, ...]) -> None:
    """The change continues its device's chain, and its direct dependencies are no two of a line."""
    before = candidate.before
    if before is None:
        if candidate.n != 1:
            raise RemoteError("broken_chain", "a chain begins at position 1")
    elif before.change.n != candidate.n - 1 or before.change.device != candidate.device:
        raise RemoteError("broken_chain", "the change before is another one")
    elif not ancestry.knows(past, before):
        raise RemoteError("forgets_itself", "a device's change must follow its own last one")
    if before is not None and len(ancestry.lanes_of(candidate.device)) == 1:
        latest = before if past[before.place.lane] == before.change.n else None
    else:
        latest = ancestry.latest_own(candidate.device, past)
    if (latest and latest.change.chain_hash) != (before and before.change.chain_hash):
        raise RemoteError("skips_itself", "a later change of the device is in its past")
    if len(candidate.deps) > 1:
        for index, dep in enumerate(candidate.deps):
            others = [*candidate.deps[:index], *candidate.deps[index + 1 :]]
            if ancestry.knows(merged_clock([other.place for other in others]), dep):
                raise RemoteError("redundant_dep", "one dependency already follows another")


def _operations(ancestry: Ancestry, candidate: Candidate, past: _Past) -> tuple[int, int, int, int]:
    """What Automerge would number it: (seq, max_op, list_ctr, last_ctr)."""
    actor, numbers = candidate.actor, _numbers(candidate, past)
    seq, max_op, _, _ = numbers
    if seq == 1:
        if len(actor) != ACTOR_BYTES or actor[:16] != actor_prefix(candidate.device):
            raise RemoteError("foreign_actor", "the actor does not belong to the device")
        if ancestry.actor_was_used(actor, past.clock):
            raise RemoteError("actor_reused", "an actor that was given up is used again")
    if max_op > COUNTER_MAX:
        raise RemoteError("counter_exhausted", "the operation counter is out of range")
    return numbers


def _numbers(candidate: Candidate, past: _Past) -> tuple[int, int, int, int]:
    """The same, whether it may be so or not."""
    before, first_op = candidate.before, past.next_op
    if before is None or before.change.actor != candidate.actor:
        return 1, first_op + 1, first_op, 0
    place = before.place
    return place.seq + 1, first_op, place.list_ctr, place.max_op


def _judge_right(
    group: bytes | None,
    ancestry: Ancestry,
    candidate: Candidate,
    change_hash: bytes,
    controls: int,
) -> int:
    """The control records in the change's past, itself included, once its right is established."""
    if not candidate.deps:
        _judge_founding(group, candidate, change_hash)
        return 1
    known = ancestry.decisions.device(candidate.device, controls)
    if not may_write(known) and not _restores(ancestry, candidate, controls):
        raise RemoteError("no_right", "the device had no right to write when it wrote this")
    if any(map(is_control, candidate.events)):
        controls |= 1 << ancestry.decisions.count
    return controls


def _restores(ancestry: Ancestry, candidate: Candidate, controls: int) -> bool:
    """Whether the change lets its own device in by two paper cards."""
    first = candidate.events[0]
    record = decode_record(first) if is_control(first) else None
    return isinstance(record, OfficersRestored) and ancestry.decisions.restores(
        candidate.device, record, controls
    )


def _judge_founding(group: bytes | None, candidate: Candidate, change_hash: bytes) -> None:
    """Only the founding change follows nothing, and its hash is the group's id."""
    if group is not None and change_hash != group:
        raise RemoteError("other_group", "the change belongs to no known history of this group")
    first = candidate.events[0]
    if candidate.n != 1 or not is_control(first):
        raise RemoteError("not_founding", "a group begins with its founding record")
    if not isinstance(decode_record(first), GroupFounded):
        raise RemoteError("not_founding", "a group begins with its founding record")


def _clock_with(past: tuple[int, ...], lane: int, n: int) -> tuple[int, ...]:
    """The clock of a change: its past, and itself."""
    if lane < len(past):
        return (*past[:lane], n, *past[lane + 1 :])
    return (*past, *(0,) * (lane - len(past)), n)
