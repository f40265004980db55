"""Tips: how two replicas say in a few bytes which changes they have.

A tip is (device, position, chain hash), and a chain hash pins everything before it. A device has
one tip, or one for every branch of its chain; a device that forked so often that its tips would
fill the message is summed up in one tip of position 0. From a peer's tips follow the exact
positions that it lacks on every lane, so the first message already says how much there is to send.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from heapq import merge
from typing import NamedTuple

from replication.ancestry import Ancestry
from replication.cbor import dumps
from replication.errors import RemoteError
from replication.history import Admitted
from replication.identity import DeviceKeys, verify
from replication.limits import CHAIN_LENGTH_MAX, TIPS_DEVICE_MAX, TIPS_MAX

_ACK_PURPOSE = b"mkutano/ack/1"


class Tip(NamedTuple):
    """The end of one branch of a device's chain; or, with position 0, of all its branches."""

    device: bytes
    n: int
    chain: bytes
    """Chain hash at position n; for position 0 the SHA-256 of all its tips' chain hashes."""


class Ack(NamedTuple):
    """A device's signed word that it holds everything up to these tips on disk."""

    device: bytes
    tips: tuple[Tip, ...]
    signature: bytes


def tips_of(ancestry: Ancestry) -> tuple[Tip, ...]:
    """The tips of everything admitted, by device and position."""
    devices = {branch.device for branch in ancestry.branches}
    return tuple(sorted(tip for device in devices for tip in _tips_of_device(ancestry, device)))


def _tips_of_device(ancestry: Ancestry, device: bytes) -> list[Tip]:
    tips = [ancestry.tips[lane].change for lane in ancestry.lanes_of(device)]
    if len(tips) > TIPS_DEVICE_MAX:
        chains = sorted(tip.chain_hash for tip in tips)
        return [Tip(device, 0, sha256(b"".join(chains)).digest())]
    return [Tip(device, tip.n, tip.chain_hash) for tip in tips]


def tips_from(value: object) -> tuple[Tip, ...]:
    """Tips from a decoded message; RemoteError unless every one is well-formed."""
    if not isinstance(value, list) or len(value) > TIPS_MAX:
        raise RemoteError("bad_tips", "tips are a list of at most 1,024")
    return tuple(_tip_from(row) for row in value)


def _tip_from(row: object) -> Tip:
    match row:
        case [bytes(device), int(n), bytes(chain)] if (
            type(n) is int and 0 <= n <= CHAIN_LENGTH_MAX and len(device) == len(chain) == 32
        ):
            return Tip(device, n, chain)
    raise RemoteError("bad_tips", "a tip is device, position, chain hash")


def held_by(ancestry: Ancestry, tips: Iterable[Tip]) -> dict[int, int]:
    """For each lane the highest position that a peer with these tips holds.

    A tip that we don't know lies ahead of us or on a branch we haven't seen. On a chain without
    branches that is longer than ours it must continue ours, or the peer's branch will reach us
    and correct this; otherwise we count on nothing.
    """
    held: dict[int, int] = {}
    for tip in tips:
        for end in _known_ends(ancestry, tip):
            _hold(ancestry, held, end.place.lane, end.change.n)
    return held


def _known_ends(ancestry: Ancestry, tip: Tip) -> list[Admitted]:
    """The changes of ours up to which a peer with this tip surely holds its device's chain."""
    own = [ancestry.tips[lane] for lane in ancestry.lanes_of(tip.device)]
    if tip.n == 0:
        return own if _tips_of_device(ancestry, tip.device) == [tip] else []
    known = ancestry.at_chain(*tip)
    if known is not None:
        return [known]
    return own if len(own) == 1 and own[0].change.n < tip.n else []


def _hold(ancestry: Ancestry, held: dict[int, int], lane: int, n: int) -> None:
    """Note a position and everything that it implies on the lanes it branched from."""
    while lane >= 0:
        held[lane] = max(held.get(lane, 0), n)
        _device, lane, n = ancestry.branches[lane]


def knows_all(ancestry: Ancestry, tips: Iterable[Tip]) -> bool:
    """Whether we hold everything that these tips stand for."""
    return all(
        ancestry.at_chain(*tip) is not None
        if tip.n
        else _tips_of_device(ancestry, tip.device) == [tip]
        for tip in tips
    )


def lacking(ancestry: Ancestry, held: dict[int, int]) -> list[tuple[int, int, int]]:
    """(lane, first, last) of every stretch that a peer holding this much still lacks."""
    stretches = []
    for lane, tip in enumerate(ancestry.tips):
        first = max(held.get(lane, 0), ancestry.branches[lane].fork_n) + 1
        if first <= tip.change.n:
            stretches.append((lane, first, tip.change.n))
    return stretches


def in_order_of_admission(
    ancestry: Ancestry, stretches: Sequence[tuple[int, int, int]]
) -> Iterator[Admitted]:
    """The changes of these stretches, each after all that it follows; read as they are needed."""
    runs = [ancestry.run(lane, first, last) for lane, first, last in stretches]
    if len(runs) == 1:
        return iter(runs[0])
    return merge(*runs, key=_number)


def _number(admitted: Admitted) -> int:
    return admitted.place.number


def sign_ack(keys: DeviceKeys, group: bytes, tips: tuple[Tip, ...]) -> Ack:
    """Our signed word that the store holds all of these; call only after the commit."""
    return Ack(keys.public, tips, keys.sign(_ack_message(group, tips)))


def check_ack(ack: Ack, group: bytes) -> None:
    """Raise RemoteError unless the device really signed for these tips."""
    if not verify(ack.device, _ack_message(group, ack.tips), ack.signature):
        raise RemoteError("bad_signature", "the acknowledgement's signature does not match")


def _ack_message(group: bytes, tips: tuple[Tip, ...]) -> bytes:
    return _ACK_PURPOSE + group + sha256(dumps([list(tip) for tip in tips])).digest()
