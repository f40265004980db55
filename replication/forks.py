"""Devices that signed two different changes at one position of their chain, and the proof of it.

An honest phone does that only after it was restored from a backup, or when two phones use one key;
a dishonest one to tell different things to different people. Both changes are admitted and both
branches stay. The device is *paused*, which its own phone heeds, until an officer who knew all
branches answers: restored, or copied, which suspends it. A fork is named by what is the same on
every replica: its position and the changes there, not by the lanes that hold them.

The proof needs nothing but the group's id: the two changes as far as a signature of each branch.
"""

from collections.abc import Iterator
from typing import NamedTuple

from replication.ancestry import Ancestry
from replication.cbor import dumps, load_item
from replication.change import CHAIN_START, Change, chain_hash, verify_chain
from replication.contest import settled
from replication.council import Decisions
from replication.errors import LocalError, RemoteError
from replication.history import Admitted
from replication.limits import CHAIN_LENGTH_MAX, RUN_CHANGES_MAX, TIME_MS_MAX
from replication.motions import Mark

PROOF_BYTES_MAX = 32 * 1024
"""Two branches of at most 256 changes of 47 bytes each, and what stands around them."""

_PURPOSE = "mkutano/fork/1"
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64


class Fork(NamedTuple):
    """A position of a device's chain that several different changes hold."""

    device: bytes
    n: int
    prev: bytes
    """Chain hash of position n - 1, which all branches follow."""
    changes: tuple[bytes, ...]
    """Hashes of the changes at this position, ascending."""
    is_answered: bool
    """Whether an officer who knew them all said that it is one phone, restored."""


class Proven(NamedTuple):
    """What a proof shows: this device signed two changes at one position."""

    device: bytes
    n: int


class _Point(NamedTuple):
    """Where a lane splits: the lane before, -1 for the beginning, and the last shared position."""

    parent: int
    fork_n: int


def forks(ancestry: Ancestry) -> list[Fork]:
    """Every fork of every device, by device and position."""
    found = []
    for device in sorted({branch.device for branch in ancestry.branches}):
        verdicts = _verdicts(ancestry, device)
        for point, lanes in _points(ancestry, device).items():
            firsts = [_at(ancestry, lane, point.fork_n + 1) for lane in lanes]
            found.append(
                Fork(
                    device,
                    point.fork_n + 1,
                    firsts[0].change.prev,
                    tuple(sorted(first.change.change_hash for first in firsts)),
                    _is_answered(verdicts, point, lanes),
                )
            )
    return sorted(found)


def is_paused(ancestry: Ancestry, device: bytes) -> bool:
    """Whether some fork of this device waits for an officer's answer."""
    if len(ancestry.lanes_of(device)) < 2:  # nearly every device
        return False
    verdicts = _verdicts(ancestry, device)
    points = _points(ancestry, device).items()
    return not all(_is_answered(verdicts, point, lanes) for point, lanes in points)


def _points(ancestry: Ancestry, device: bytes) -> dict[_Point, list[int]]:
    """Where the chain of a device splits → the lanes that hold the changes there."""
    points: dict[_Point, list[int]] = {}
    for lane in ancestry.lanes_of(device):
        _device, parent, fork_n = ancestry.branches[lane]
        points.setdefault(_Point(parent, fork_n), []).append(lane)
    for point, lanes in points.items():
        if point.parent >= 0:
            lanes.append(point.parent)
    return {point: lanes for point, lanes in points.items() if len(lanes) > 1}


def _verdicts(ancestry: Ancestry, device: bytes) -> list[Mark]:
    """The officers' words that stand, that this device was restored."""
    if len(ancestry.lanes_of(device)) < 2:
        return []
    decisions: Decisions = ancestry.decisions
    said = decisions.verdicts.get(device, ())
    chamber = settled(decisions.now.case, decisions.now.outcome)
    return [one.mark for one in said if chamber.speaks(one.mark, frozenset())]


def _is_answered(verdicts: list[Mark], point: _Point, lanes: list[int]) -> bool:
    """Whether somebody answered who knew of every branch."""
    return any(
        all(lane < len(mark.clock) and mark.clock[lane] > point.fork_n for lane in lanes)
        for mark in verdicts
    )


def _at(ancestry: Ancestry, lane: int, n: int) -> Admitted:
    return next(iter(ancestry.run(lane, n, n)))


# The proof


def fork_proof(group: bytes, ancestry: Ancestry, device: bytes, n: int) -> bytes:
    """The proof that a device forked at this position. LocalError("no_fork") when it did not.

    Canonical CBOR: `["mkutano/fork/1", group 32, device 32, n, prev 32, branch, branch]`, a branch
    `[[[time_ms, change_hash 32], …], signature 64]` from position n on, up to the first change of
    it that carries a signature; the one whose first chain hash is lower stands first.
    """
    for point, lanes in _points(ancestry, device).items():
        if point.fork_n + 1 == n:
            firsts = sorted((_at(ancestry, lane, n).change.chain_hash, lane) for lane in lanes)[:2]
            paths = [_signed_path(ancestry, lane, n) for _, lane in firsts]
            branches = [
                [[[change.time_ms, change.change_hash] for change in path], path[-1].signature]
                for path in paths
            ]
            return dumps([_PURPOSE, group, device, n, paths[0][0].prev, *branches])
    raise LocalError("no_fork", "this device did not sign two changes at this position")


def _signed_path(ancestry: Ancestry, lane: int, n: int) -> list[Change]:
    """The changes from this one to one that carries a signature, on its lane or one beyond it.

    There always is one within a run: nothing is admitted before its signature is verified.
    """
    children: dict[int, list[int]] = {}
    for other in ancestry.lanes_of(ancestry.branches[lane].device):
        children.setdefault(ancestry.branches[other].parent, []).append(other)
    waiting: list[tuple[int, list[Change]]] = [(lane, [])]
    while waiting:
        at, path = waiting.pop()
        first = n + len(path)
        changes = []
        for one in ancestry.run(at, first, n + RUN_CHANGES_MAX - 1):
            changes.append(one.change)
            if one.change.signature:
                return [*path, *changes]
        for child in children.get(at, ()):
            shared = ancestry.branches[child].fork_n - first + 1
            if 0 < shared <= len(changes):
                waiting.append((child, path + changes[:shared]))
    raise AssertionError("every admitted change is signed for within a run")


def check_fork_proof(proof: bytes, group: bytes) -> Proven:
    """What a proof shows of a device of this group; RemoteError when it shows nothing.

    Codes: bad_proof, bad_signature, other_group, and those of `cbor.load_item`. Needs no history: a
    signature covers the chain hash, and that the position, the claimed time and the change.
    """
    if len(proof) > PROOF_BYTES_MAX:
        raise _bad("it is too long")
    match load_item(proof):
        case [str(purpose), bytes(of), bytes(device), int(n), bytes(prev), list(one), list(two)]:
            pass
        case _:
            raise _bad("it is not of the right form")
    if purpose != _PURPOSE or {len(of), len(device), len(prev)} != {_KEY_BYTES}:
        raise _bad("it is not of the right form")
    if type(n) is not int or not 1 <= n <= CHAIN_LENGTH_MAX or (n == 1) != (prev == CHAIN_START):
        raise _bad("its position can't be right")
    if of != group:
        raise RemoteError("other_group", "the proof is about a device of another group")
    firsts = [_check_branch(group, device, n, prev, branch) for branch in (one, two)]
    if firsts[0] >= firsts[1]:
        raise _bad("its two branches are not two, or not in order")
    return Proven(device, n)


def _check_branch(group: bytes, device: bytes, n: int, prev: bytes, branch: list[object]) -> bytes:
    """The chain hash of the first change of a branch, once its signature is verified."""
    match branch:
        case [list(steps), bytes(signature)] if 1 <= len(steps) <= RUN_CHANGES_MAX:
            chains = [*_chain(device, n, prev, steps)]
        case _:
            raise _bad("a branch has 1 to 256 changes and a signature")
    if len(signature) != _SIGNATURE_BYTES:
        raise _bad("a signature has 64 bytes")
    verify_chain(device, group, chains[-1], signature)
    return chains[0]


def _chain(device: bytes, n: int, prev: bytes, steps: list[object]) -> Iterator[bytes]:
    """The chain hashes of consecutive changes."""
    for at, step in enumerate(steps):
        match step:
            case [int(time_ms), bytes(change_hash)] if len(change_hash) == _KEY_BYTES:
                if type(time_ms) is not int or not 0 <= time_ms < TIME_MS_MAX:
                    raise _bad("a claimed time is out of range")
                prev = chain_hash(prev, device, n + at, time_ms, change_hash)
                yield prev
            case _:
                raise _bad("a change is its claimed time and its hash")


def _bad(detail: str) -> RemoteError:
    return RemoteError("bad_proof", detail)
