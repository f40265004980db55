"""What goes wrong between machines: bad radio, cuts, camps, phones that read nothing.

FAULTS of this kind lose nothing by themselves: TCP breaks or waits, Noise refuses what was changed
on its way, and whoever lost a connection calls again.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from simulations.simulator.kinds import Kind
from simulations.simulator.radio import Where, both_ways
from simulations.simulator.wire import FAIR, Weather

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis

FRAMES_MAX: Final = 60
"""A connection that is to be cut after so many frames at the latest has begun its live part."""
WHERE: Final[tuple[Where, ...]] = ("near", "near", "cloud", "all")


def _weather(field: str, most: float) -> Callable[["Nemesis"], Awaitable[None]]:
    """A coroutine that puts on one thing that befalls frames, and takes it off again."""

    async def put_on(nemesis: "Nemesis") -> None:
        how = {field: nemesis.chance.uniform(most / 10, most)}
        with nemesis.radio.worse(FAIR._replace(**how), nemesis.chance.choice(WHERE)):
            await nemesis.pause(10, 200)

    return put_on


async def slow(nemesis: "Nemesis") -> None:
    """A network in which everything takes long."""
    draw = nemesis.chance.uniform
    weather = Weather(delay_s=draw(0.1, 2), jitter_s=draw(0, 3))
    with nemesis.radio.worse(weather, nemesis.chance.choice(WHERE)):
        await nemesis.pause(10, 200)


async def cut(nemesis: "Nemesis") -> None:
    """Two phones don't hear each other."""
    one, other = nemesis.hosts_near(2)
    with nemesis.radio.cut(both_ways([one], [other])):
        await nemesis.pause(1, 120)


async def one_way_cut(nemesis: "Nemesis") -> None:
    """One phone hears another, which does not hear it."""
    one, other = nemesis.hosts_near(2)
    with nemesis.radio.cut([(one, other)]):
        await nemesis.pause(1, 120)


async def partition(nemesis: "Nemesis") -> None:
    """Two camps; either may keep the way to the relays."""
    hosts = nemesis.hosts_near(99)
    border = nemesis.chance.randint(1, len(hosts) - 1)
    camps = [hosts[:border], hosts[border:]]
    relays = [relay.host for relay in nemesis.story.relays]
    camps[nemesis.chance.randrange(2)] += relays
    with nemesis.radio.cut(both_ways(*camps)):
        await nemesis.pause(20, 300)


async def swizzle(nemesis: "Nemesis") -> None:
    """Phones are cut off one after the other, and come back in another order."""
    hosts = nemesis.hosts_near(99)
    order = nemesis.chance.sample(hosts, len(hosts))
    with contextlib.ExitStack() as stack:
        offs = {}
        for host in hosts:
            others = [other for other in hosts if other != host]
            offs[host] = stack.enter_context(contextlib.ExitStack())
            offs[host].enter_context(nemesis.radio.cut(both_ways([host], others)))
            await nemesis.pause(0.5, 20)
        for host in order:
            offs[host].close()
            await nemesis.pause(0.5, 20)


async def no_multicast(nemesis: "Nemesis") -> None:
    """Phones find nobody new; they know where they met before."""
    near = nemesis.chance.choice(nemesis.story.groups).near
    near.multicast = False
    try:
        await nemesis.pause(30, 400)
    finally:
        near.multicast = True
        near.changed()


async def swallow(nemesis: "Nemesis") -> None:
    """Somebody in the middle lets every connection live, and nothing through."""
    with nemesis.radio.worse(FAIR._replace(drop=1.0), nemesis.chance.choice(WHERE)):
        await nemesis.pause(2, 15)


async def deaf(nemesis: "Nemesis") -> None:
    """A phone reads nothing from any connection, and others' frames pile up."""
    (host,) = nemesis.hosts_near(1)
    wire = nemesis.story.wire
    if host in wire.deaf:
        return
    wire.deaf[host] = wire.future()
    try:
        await nemesis.pause(5, 90)
    finally:
        nemesis.hear_again(host)


async def half_open(nemesis: "Nemesis") -> None:
    """One end of a connection forgets it; the other believes in it until its heartbeat."""
    (host,) = nemesis.hosts_near(1)
    nemesis.story.wire.half_open(host)


async def cut_after_frame(nemesis: "Nemesis") -> None:
    """New connections break after their caller's k-th frame, for every k over many stories."""
    wire, chance = nemesis.story.wire, nemesis.chance
    wire.frames_left = lambda _here, _there: chance.randint(0, FRAMES_MAX)
    try:
        for host in nemesis.hosts_near(2):  # so that there are new ones
            wire.half_open(host)
        await nemesis.pause(10, 120)
    finally:
        wire.frames_left = lambda _here, _there: None


KINDS: Final = {
    "stall": Kind(4, _weather("stall", 0.6), is_felt=True),
    "break": Kind(2, _weather("breaks", 0.04), is_felt=True),
    "drop": Kind(1.5, _weather("drop", 0.05), is_felt=True),
    "flip": Kind(1.5, _weather("flip", 0.05), is_felt=True),
    "double": Kind(1.5, _weather("double", 0.05), is_felt=True),
    "swap": Kind(1.5, _weather("swap", 0.05), is_felt=True),
    "swallow": Kind(1, swallow),
    "cut-after-frame": Kind(1.5, cut_after_frame, is_felt=True),
    "slow": Kind(1, slow),
    "cut": Kind(4, cut),
    "one-way-cut": Kind(3, one_way_cut),
    "partition": Kind(1, partition),
    "swizzle": Kind(1, swizzle),
    "no-multicast": Kind(1, no_multicast),
    "deaf": Kind(1, deaf),
    "half-open": Kind(3, half_open),
}
