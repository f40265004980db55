"""What goes wrong with relays that are honest: killed, cut from power, slow, full, put back.

A relay's operator does what relay/README.md tells: after an old copy was put back, `renew`. An
operator who forgets that hears it from the devices' side, and does it when the faults are over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from node.device import Device
from node.errors import NodeError
from node.relay_founding import add, remove
from simulations.disk import WAYS, SimulatedDisk, Way
from simulations.simulator.kinds import Kind
from simulations.simulator.process import Killed

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis

DAY_MS: Final = 24 * 3600 * 1000
YEAR_MS: Final = 365 * DAY_MS
WATCHED_S: Final = 200.0
FOUNDING_S: Final = 0.4
"""About as long as it takes to make a group's mailboxes."""
TRIES_MAX: Final = 3


async def kill(nemesis: "Nemesis") -> None:
    """Its process is killed; its supervisor starts another."""
    relay = nemesis.relay_on()
    if relay is not None:
        await relay.kill()
        await nemesis.pause(1, 30)
        await nemesis.start(relay)


async def restart(nemesis: "Nemesis") -> None:
    """It is stopped in good order, and started again."""
    relay = nemesis.relay_on()
    if relay is not None:
        await relay.power_off()
        await nemesis.pause(1, 200)
        await nemesis.start(relay)


def _dies_writing(way: Way) -> Callable[["Nemesis"], Awaitable[None]]:
    """It dies within one of its writes."""

    async def die(nemesis: "Nemesis") -> None:
        relay = nemesis.relay_on()
        if relay is None or relay.disk.watch is not None:
            return
        process, disk = relay.process, relay.disk
        left = 1 + int(nemesis.chance.expovariate(1 / 8))

        def done(_what: object) -> None:
            nonlocal left
            left -= 1
            if left == 0 and process is not None and relay.disk is disk:
                relay.dies = way
                process.kill()

        disk.watch = done
        try:
            await nemesis.until_dead(relay, WATCHED_S)
        finally:
            disk.watch = None
        if not relay.is_on:
            await relay.bury()
            await nemesis.pause(1, 30)
            await nemesis.start(relay)

    return die


async def unreachable(nemesis: "Nemesis") -> None:
    """The village has no internet."""
    relay = nemesis.relay_on()
    if relay is not None:
        with nemesis.radio.cut(nemesis.ways_to(relay)):
            await nemesis.pause(60, 600)


async def slow(nemesis: "Nemesis") -> None:
    """Its database takes its time."""
    relay = nemesis.relay_on()
    if relay is not None:
        most_s = nemesis.chance.choice((0.2, 2.0, 20.0))
        relay.work_s = lambda: nemesis.chance.uniform(0, most_s)
        try:
            await nemesis.pause(60, 400)
        finally:
            relay.work_s = lambda: 0.0


async def disk_full(nemesis: "Nemesis") -> None:
    """It has no room."""
    relay = nemesis.relay_on()
    if relay is not None:
        relay.disk.full(True)
        try:
            await nemesis.pause(60, 400)
        finally:
            relay.disk.heal()


async def io_error(nemesis: "Nemesis") -> None:
    """Calls to its disk fail, one or all."""
    relay = nemesis.relay_on()
    if relay is not None:
        times = nemesis.chance.choice((1, 1, 5, 1_000_000))
        kind = nemesis.chance.choice(("read", "write", "sync", "any"))
        relay.disk.fail(kind, nemesis.chance.randrange(30), "io", times)  # type: ignore[arg-type]
        try:
            await nemesis.pause(10, 200)
        finally:
            relay.disk.heal()


async def clock(nemesis: "Nemesis") -> None:
    """Its clock is wrong, until somebody looks."""
    relay = nemesis.relay_on()
    if relay is not None:
        relay.clock.wrong_ms = nemesis.chance.choice((-10 * YEAR_MS, 10 * YEAR_MS, -3 * DAY_MS, 0))


async def disk_lost(nemesis: "Nemesis") -> None:
    """It comes back with its key and an empty database."""
    relay = nemesis.relay_on()
    if relay is not None:
        await relay.kill()
        relay.disk = SimulatedDisk(relay.clock.chance.getrandbits(32))
        await nemesis.start(relay)


async def restored(nemesis: "Nemesis") -> None:
    """An old copy of its database is put back, and its operator runs `renew`."""
    await _put_back(nemesis, renew=True)


async def restored_unsaid(nemesis: "Nemesis") -> None:
    """The same, and the operator forgets `renew` until the faults are over."""
    await _put_back(nemesis, renew=False)


async def _put_back(nemesis: "Nemesis", renew: bool) -> None:
    relay = nemesis.relay_on()
    if relay is None or relay.name not in nemesis.relay_copies:
        return
    await relay.kill()
    relay.disk = nemesis.relay_copies[relay.name].copy()
    if renew:
        relay.is_renewed = True
    else:
        nemesis.unsaid[relay.name] = relay
    await nemesis.start(relay)


async def founding_cut(nemesis: "Nemesis") -> None:
    """A phone dies while it makes its group's mailboxes at a relay; then its owner tries again.

    A group that uses the relay already leaves it first (`mkutano cloud remove`).
    """
    relay, phone = nemesis.relay_on(), nemesis.phone_on()
    if relay is None or phone is None or phone.process is None:
        return
    group, key, url = nemesis.group_of(phone), relay.key.public, relay.url
    after_s = nemesis.chance.uniform(0, FOUNDING_S)
    asyncio.get_running_loop().call_later(after_s, phone.process.kill)

    async def found(device: Device) -> None:
        for chosen in device.node.group(group.id).replica.relays():
            if chosen.relay == key:
                await remove(device, group.id, chosen)
        await add(device, group.id, url, key)

    for _ in range(TRIES_MAX):
        try:
            await phone.ask(found)
        except NodeError as error:
            nemesis.story.trace.note(f"refused:{error.code}", phone.name)
            return
        except Killed:
            await phone.bury()
            await nemesis.pause(1, 20)
            await nemesis.turn_on(phone)
        else:
            nemesis.story.trace.note("relay founded", f"{phone.name} {relay.name}")
            return


KINDS: Final = {
    "relay-kill": Kind(0.5, kill),
    "relay-restart": Kind(0.3, restart),
    "relay-kill-at-write": Kind(0.7, _dies_writing("process")),
    **{f"relay-power-cut-{way}": Kind(0.3, _dies_writing(way)) for way in WAYS},
    "relay-unreachable": Kind(0.5, unreachable),
    "relay-slow": Kind(0.3, slow),
    "relay-disk-full": Kind(0.3, disk_full),
    "relay-io-error": Kind(0.4, io_error),
    "relay-clock": Kind(0.3, clock),
    "relay-founding-cut": Kind(0.2, founding_cut),
    "relay-disk-lost": Kind(0.1, disk_lost),
    "relay-restored": Kind(0.15, restored),
    "relay-restored-unsaid": Kind(0.1, restored_unsaid),
}
