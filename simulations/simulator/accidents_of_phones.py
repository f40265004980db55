"""What goes wrong with a phone that keeps its memory: it is killed, slow, or wrong about the time.

A program may die between any two of its steps and within any of its writes, by a battery that falls
out (what was not synced is lost in one of four ways) or alone (the system keeps what it was given).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final

from simulations.disk import WAYS, Way
from simulations.simulator.kinds import Kind
from simulations.simulator.process import RUNNING

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis
    from simulations.simulator.phone import Phone

WATCHED_S: Final = 120.0
"""For so long a phone that is to die at its n-th step or write may live without getting there."""
STEPS_MEAN: Final = 200
WRITES_MEAN: Final = 12
DAY_MS: Final = 24 * 3600 * 1000
YEAR_MS: Final = 365 * DAY_MS


async def kill(nemesis: "Nemesis") -> None:
    """The system ends the program, which comes back a moment later."""
    phone = nemesis.phone_on()
    if phone is not None:
        await phone.kill()
        await nemesis.pause(1, 60)
        await nemesis.turn_on(phone)


async def kill_at_step(nemesis: "Nemesis") -> None:
    """The program ends between two of its steps, whichever these are."""
    phone, loop = nemesis.phone_on(), nemesis.story.loop
    if phone is None or loop.counts_steps:
        return
    process, left = phone.process, 1 + int(nemesis.chance.expovariate(1 / STEPS_MEAN))

    def counted(context: Context | None) -> None:
        nonlocal left
        whose = RUNNING.get() if context is None else context.get(RUNNING)
        left -= whose is process
        if left <= 0 and process is not None:
            loop.count_no_steps()
            process.kill()

    loop.count_steps(counted)
    try:
        await nemesis.until_dead(phone, WATCHED_S)
    finally:
        loop.count_no_steps()
    await _comes_back(nemesis, phone)


async def kill_at_write(nemesis: "Nemesis") -> None:
    """The program ends within one of its writes; the system keeps what it was given."""
    await _dies_writing(nemesis, "process")


def _power_cut(way: Way) -> Callable[["Nemesis"], Awaitable[None]]:
    async def cut(nemesis: "Nemesis") -> None:
        if nemesis.chance.random() < 0.3:  # while it writes nothing
            phone = nemesis.phone_on()
            if phone is not None:
                phone.dies = way
                await phone.kill()
                await _comes_back(nemesis, phone)
        else:
            await _dies_writing(nemesis, way)

    return cut


async def _dies_writing(nemesis: "Nemesis", way: Way) -> None:
    phone = nemesis.phone_on()
    if phone is None or phone.disk.watch is not None:
        return
    process, disk = phone.process, phone.disk
    left = 1 + int(nemesis.chance.expovariate(1 / WRITES_MEAN))

    def done(_what: object) -> None:
        nonlocal left
        left -= 1
        if left == 0 and process is not None and phone.disk is disk:
            phone.dies = way
            process.kill()

    disk.watch = done
    try:
        await nemesis.until_dead(phone, WATCHED_S)
    finally:
        disk.watch = None
    await _comes_back(nemesis, phone)


async def _comes_back(nemesis: "Nemesis", phone: "Phone") -> None:
    if not phone.is_on:
        await phone.bury()
        await nemesis.pause(1, 60)
        await nemesis.turn_on(phone)


async def off(nemesis: "Nemesis") -> None:
    """Somebody turns a phone off in good order, and on again."""
    phone = nemesis.phone_on()
    if phone is not None:
        await phone.power_off()
        await nemesis.pause(1, 100)
        await nemesis.turn_on(phone)


async def slow(nemesis: "Nemesis") -> None:
    """Everything that a phone does takes it long."""
    phone = nemesis.phone_on()
    if phone is not None:
        most_s = nemesis.chance.choice((0.05, 0.3, 1.5))
        phone.clock.thread_s = lambda: nemesis.chance.uniform(0, most_s)
        try:
            await nemesis.pause(20, 200)
        finally:
            phone.clock.thread_s = lambda: 0.0


# Clocks: wrong until somebody sets them right, at a later meeting or at the end


async def clock_1970(nemesis: "Nemesis") -> None:
    """A phone that lost its time begins with 1970."""
    clock = nemesis.any_phone().clock
    clock.wrong_ms = -(clock.wall_at_start_ms + clock.boot_ms())


async def clock_2100(nemesis: "Nemesis") -> None:
    """Somebody set the year 2100."""
    nemesis.any_phone().clock.wrong_ms = 74 * YEAR_MS


async def clock_years(nemesis: "Nemesis") -> None:
    """Ten years before or after."""
    years = nemesis.chance.choice((-10, 10))
    nemesis.any_phone().clock.wrong_ms = years * YEAR_MS


async def clock_right(nemesis: "Nemesis") -> None:
    """Somebody sets every clock of a group right, which for the phone is a jump, too."""
    for phone in nemesis.chance.choice(nemesis.story.groups).phones:
        phone.clock.wrong_ms = 0


async def clock_jumps(nemesis: "Nemesis") -> None:
    """A clock that jumps to and fro during a meeting."""
    clock = nemesis.any_phone().clock
    before_ms = clock.wrong_ms
    try:
        for _ in range(nemesis.chance.randint(1, 6)):
            clock.wrong_ms = before_ms + nemesis.chance.randint(-3 * DAY_MS, 3 * DAY_MS)
            await nemesis.pause(5, 60)
    finally:
        clock.wrong_ms = before_ms


async def asleep(nemesis: "Nemesis") -> None:
    """A phone's system lets the program do nothing for a while, with all its connections open."""
    phone = nemesis.phone_on()
    if phone is None or phone.host in nemesis.story.wire.deaf:
        return
    wire = nemesis.story.wire
    wire.deaf[phone.host] = wire.future()
    phone.clock.thread_s = lambda: 30.0
    try:
        await asyncio.sleep(nemesis.chance.uniform(20, 90))
    finally:
        phone.clock.thread_s = lambda: 0.0
        nemesis.hear_again(phone.host)


KINDS: Final = {
    "kill": Kind(1, kill),
    "kill-at-step": Kind(1, kill_at_step),
    "kill-at-write": Kind(1, kill_at_write),
    **{f"power-cut-{way}": Kind(0.5, _power_cut(way)) for way in WAYS},
    "off": Kind(0.5, off),
    "slow-phone": Kind(0.5, slow),
    "asleep": Kind(0.3, asleep),
    "clock-1970": Kind(0.4, clock_1970),
    "clock-2100": Kind(0.4, clock_2100),
    "clock-years": Kind(0.4, clock_years),
    "clock-right": Kind(0.4, clock_right),
    "clock-jumps": Kind(1, clock_jumps),
}
