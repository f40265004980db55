"""What a wire does to a frame: a pure function of the weather and seeded chance.

Each receiver of a frame has a fate of its own, as by radio. Faults are counted by kind, so that a
scene can show that what it is about really happened.
"""

import random
from collections import Counter
from typing import Final, NamedTuple

from simulations.wire.frames import (
    WEBSOCKET_HEADER_BYTES_MAX,
    flipped,
    forged,
    is_discovery,
    is_multicast,
)

HELD_BACK_MS: Final = (15.0, 60.0)
"""How much later a frame arrives that others overtake."""


class Weather(NamedTuple):
    """How bad a wire is. Shares are of frames, 0.0 to 1.0; times are in milliseconds."""

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """A frame takes up to so much longer than `delay_ms`."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """Held back, so that frames sent after it arrive before it."""
    flip: float = 0.0
    """One bit turned over anywhere: checksums see it."""
    forge: float = 0.0
    """One bit turned over behind the WebSocket's header and the checksum corrected."""
    forge_any: float = 0.0
    """The same anywhere in the payload: also lengths, HTTP, and mDNS."""
    multicast: bool = True
    """Whether frames to groups are carried; phone hotspots often drop them."""
    discovery: bool = True
    """Whether mDNS is carried, to all or to one."""


CLEAR: Final = Weather()


class Arrival(NamedTuple):
    """One copy of a frame."""

    delay_ms: float
    frame: bytes


def fate(
    frame: bytes, weather: Weather, chance: random.Random, faults: Counter[str]
) -> list[Arrival]:
    """The copies of a frame that arrive at one receiver; none when it is lost."""
    if not weather.multicast and is_multicast(frame):
        faults["multicast dropped"] += 1
        return []
    if not weather.discovery and is_discovery(frame):
        faults["discovery dropped"] += 1
        return []
    if chance.random() < weather.loss:
        faults["lost"] += 1
        return []
    copies = 1
    if chance.random() < weather.duplicate:
        faults["duplicated"] += 1
        copies = 2
    return [
        Arrival(_delay_ms(weather, chance, faults), _damaged(frame, weather, chance, faults))
        for _ in range(copies)
    ]


def _delay_ms(weather: Weather, chance: random.Random, faults: Counter[str]) -> float:
    delay_ms = weather.delay_ms + chance.random() * weather.jitter_ms
    if delay_ms:
        faults["delayed"] += 1
    if chance.random() < weather.reorder:
        faults["held back"] += 1
        delay_ms += chance.uniform(*HELD_BACK_MS)
    return delay_ms


def _damaged(frame: bytes, weather: Weather, chance: random.Random, faults: Counter[str]) -> bytes:
    if chance.random() < weather.flip:
        faults["flipped"] += 1
        frame = flipped(frame, chance)
    for share, spared, name in (
        (weather.forge, WEBSOCKET_HEADER_BYTES_MAX, "forged"),
        (weather.forge_any, 0, "forged anywhere"),
    ):
        if chance.random() < share:
            damaged = forged(frame, chance, spared)
            if damaged is not None:
                faults[name] += 1
                frame = damaged
    return frame


def drawn(chance: random.Random) -> Weather:
    """Some bad weather: each kind of fault in about half of all draws, so that mixes differ."""

    def some(most: float) -> float:
        return chance.random() * most if chance.random() < 0.5 else 0.0

    return Weather(
        loss=some(0.30),
        delay_ms=some(80.0),
        jitter_ms=some(80.0),
        duplicate=some(0.15),
        reorder=some(0.15),
        flip=some(0.05),
        forge=some(0.02),
        forge_any=some(0.005),
    )
