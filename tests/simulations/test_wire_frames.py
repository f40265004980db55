"""The hostile wire itself: what it does to frames, and that it does nothing else.

No privileges are needed here: sockets stand where taps would.
"""

import os
import random
import socket
import struct
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import DNSIncoming  # type: ignore[attr-defined]  # its reader of packets

from node.lan import SERVICE, recognised
from simulations.phones import wait_until
from simulations.wire.frames import (
    ETHERNET_BYTES,
    TCP,
    UDP,
    checksum,
    corrected,
    flipped,
    forged,
    is_discovery,
    is_for_all,
    is_multicast,
    segment,
)
from simulations.wire.strangers import forged as forged_ads
from simulations.wire.switch import Switch
from simulations.wire.weather import CLEAR, Weather, drawn, fate

WAIT_S = 20
HERE, THERE, ALL, GROUP = b"\2" * 6, b"\4" * 6, b"\xff" * 6, b"\1\0\x5e\0\0\xfb"
seeds = st.integers(0, 2**32).map(random.Random)
payloads = st.binary(min_size=1, max_size=400)


def frame(payload: bytes, protocol: int = TCP, to: bytes = THERE, port: int = 8700) -> bytes:
    """A frame as a kernel makes it, with right checksums."""
    if protocol == TCP:
        head = struct.pack("!HHIIBBHHH", port, port, 1, 1, 5 << 4, 0x18, 1000, 0, 0)
    else:
        head = struct.pack("!HHHH", port, port, 8 + len(payload), 0)
    addresses = socket.inet_aton("10.77.0.1") + socket.inet_aton("10.77.0.2")
    size = 20 + len(head) + len(payload)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, protocol, 0) + addresses
    whole = to + HERE + b"\x08\x00" + ip + head + payload
    found = segment(whole)
    assert found is not None
    return corrected(whole, found)


def is_right(one: bytes) -> bool:
    """Whether a kernel takes it: the checksum over pseudo header and segment comes to nothing."""
    found = segment(one)
    assert found is not None
    pseudo = one[26:34] + struct.pack("!HH", found.protocol, found.end - found.transport)
    return checksum(pseudo + one[found.transport : found.end]) == 0


@given(payloads, st.sampled_from([TCP, UDP]), seeds)
def test_a_forged_frame_differs_by_one_bit_of_payload_and_passes_every_checksum(
    payload: bytes, protocol: int, chance: random.Random
) -> None:
    whole = frame(payload, protocol)
    assert is_right(whole)
    damaged = forged(whole, chance)
    assert damaged is not None
    found = segment(whole)
    assert found is not None
    turned = [a ^ b for a, b in zip(whole[found.payload :], damaged[found.payload :], strict=True)]
    assert sum(one.bit_count() for one in turned) == 1
    assert is_right(damaged)


@given(payloads, seeds)
def test_a_flipped_frame_is_seen_by_some_checksum(payload: bytes, chance: random.Random) -> None:
    whole = frame(payload)
    damaged = flipped(whole, chance)
    assert damaged != whole
    assert damaged[:ETHERNET_BYTES] == whole[:ETHERNET_BYTES]
    if segment(damaged) is not None and damaged[14:34] == whole[14:34]:
        assert not is_right(damaged)


@given(st.binary(min_size=1, max_size=200), seeds)
def test_whatever_passes_the_wire_breaks_nothing(data: bytes, chance: random.Random) -> None:
    """Nor do frames that claim to be IPv4 and are cut anywhere."""
    for one in (data, frame(b"hello")[: len(data)]):
        weather = Weather(loss=0.1, duplicate=0.5, flip=0.9, forge=0.9, forge_any=0.9)
        fate(one, weather, chance, Counter())
        is_discovery(one)


def test_what_is_spared_is_not_forged() -> None:
    whole = frame(b"WebSocketHead." + b"secret")
    for seed in range(50):
        damaged = forged(whole, random.Random(seed), 14)
        assert damaged is not None
        assert damaged.endswith(whole[-20:-6], 0, -6)
    assert forged(frame(b"short"), random.Random(0), 14) is None


def test_only_discovery_is_discovery() -> None:
    assert is_discovery(frame(b"x", UDP, GROUP, 5353))
    assert is_discovery(frame(b"x", UDP, THERE, 5353))
    assert not is_discovery(frame(b"x", TCP, THERE, 5353))
    assert is_for_all(frame(b"x", UDP, ALL))
    assert not is_multicast(frame(b"x", UDP, ALL))  # ARP goes on where multicast is dropped
    assert is_multicast(frame(b"x", UDP, GROUP))


@pytest.mark.parametrize(
    ("weather", "kind"),
    [
        (Weather(loss=0.3), "lost"),
        (Weather(duplicate=0.3), "duplicated"),
        (Weather(reorder=0.3), "held back"),
        (Weather(flip=0.3), "flipped"),
        (Weather(forge_any=0.3), "forged anywhere"),
    ],
)
def test_a_share_of_frames_has_each_fate(weather: Weather, kind: str) -> None:
    faults: Counter[str] = Counter()
    chance = random.Random(7)
    for _ in range(2000):
        fate(frame(b"payload"), weather, chance, faults)
    assert 480 < faults[kind] < 720
    assert set(faults) == {kind}


def test_the_same_seed_does_the_same() -> None:
    def done(seed: int) -> list[object]:
        chance, faults = random.Random(seed), Counter[str]()
        weather = drawn(chance)
        return [fate(frame(b"payload"), weather, chance, faults) for _ in range(200)]

    assert done(3) == done(3)
    assert done(3) != done(4)


def test_clear_weather_changes_nothing() -> None:
    faults: Counter[str] = Counter()
    (arrived,) = fate(frame(b"payload"), CLEAR, random.Random(1), faults)
    assert arrived == (0.0, frame(b"payload"))
    assert not faults


class Wires:
    """A switch with three ends that a test holds."""

    def __init__(self) -> None:
        self.switch = Switch(1)
        self.ends = {}
        for name in ("one", "two", "three"):
            ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            ours.settimeout(WAIT_S)
            self.ends[name] = ours
            self.switch.plug(name, its.detach())

    def close(self) -> None:
        self.switch.close()
        self.switch.close()  # twice is harmless
        for end in self.ends.values():
            end.close()


def test_a_switch_learns_who_is_where_and_cuts_and_heals() -> None:
    wires = Wires()
    one, two = wires.ends["one"], wires.ends["two"]
    hello, answer = THERE + HERE + b"\x08\x00hello", HERE + THERE + b"\x08\x00answer"
    try:
        one.send(hello)
        assert two.recv(2000) == hello
        assert wires.ends["three"].recv(2000) == hello  # nobody knew where that was
        two.send(answer)
        assert one.recv(2000) == answer
        one.send(hello)
        assert two.recv(2000) == hello
        assert wires.switch.carried["two", "three"] == 0
        assert wires.switch.carried["one", "three"] == 1
        wires.switch.cut(["one"], ["two"], one_way=True)
        one.send(hello)
        assert wait_until(lambda: wires.switch.faults["cut"] == 1, WAIT_S)
        two.send(answer)  # the other way is whole
        assert one.recv(2000) == answer
        wires.switch.heal()
        one.send(hello)
        assert two.recv(2000) == hello
        assert wires.switch.broken is None
    finally:
        wires.close()


def test_frames_that_are_held_back_are_overtaken() -> None:
    wires = Wires()
    one, two = wires.ends["one"], wires.ends["two"]
    try:
        wires.switch.own_weather["one"] = Weather(reorder=0.5)
        sent = [ALL + HERE + b"\x08\x00" + bytes([number]) for number in range(60)]
        for packet in sent:
            one.send(packet)
        came = [two.recv(2000) for _ in sent]
        assert sorted(came) == sent
        assert came != sent
    finally:
        wires.close()


def test_forged_announcements_are_what_they_claim() -> None:
    """Read by the library that phones read them with; else the scene about them shows nothing."""
    group = os.urandom(32)
    victim = f"0011223344556677.{SERVICE}"
    packets = forged_ads(random.Random(1), group, "10.77.0.66", [victim], 200)
    ours = goodbyes = of_victim = 0
    for packet in packets:
        read = DNSIncoming(packet)
        assert read.valid
        answers: dict[str, Any] = {type(one).__name__: one for one in read.answers()}
        assert len(answers) == 4
        text = answers["DNSText"].text
        properties: dict[bytes, bytes | None] = {}
        for item in _strings(text):
            key, _, value = item.partition(b"=")
            properties[key] = value
        ours += bool(recognised(properties, [group]))
        of_victim += answers["DNSService"].name == victim
        goodbyes += answers["DNSPointer"].ttl == 0
    assert (len(packets), ours, goodbyes, of_victim) == (200, 150, 50, 100)


def _strings(text: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(text):
        found.append(text[at + 1 : at + 1 + text[at]])
        at += 1 + text[at]
    return found
