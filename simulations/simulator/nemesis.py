"""What goes wrong: draws faults of the kinds that the plan has, does them, and heals them all.

A fault is a coroutine of its own that is done with at the end of the meeting at the latest. Each
is noted in the trace as "fault:KIND".
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from node.errors import NodeError
from simulations.simulator.process import Killed
from simulations.simulator.wire import FAIR, Weather

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Story

MEETING_S: Final = 600.0


class Nemesis:
    """The faults of one story."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._chance = story.chance("nemesis")
        self._cuts: set[tuple[str, str]] = set()
        self.weather: Weather = FAIR
        story.wire.reaches = lambda here, there: (here, there) not in self._cuts
        story.wire.weather = lambda _here, _there: self.weather

    async def turn_on(self, phone: "Phone") -> None:
        """Turn a phone on, whatever happened to it."""
        try:
            await phone.power_on()
        except (NodeError, Killed) as error:
            self._story.auditor.complain(f"{phone.name} does not start: {error}")

    async def afflict(self) -> None:
        """Whatever the plan has for one meeting, spread over it."""
        works = []
        for kind, often in self._story.plan.faults.items():
            for _ in range(_count(often, self._chance)):
                works.append(
                    asyncio.create_task(self._later(kind, self._chance.uniform(0, MEETING_S)))
                )
        try:
            await asyncio.gather(*works)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _later(self, kind: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._story.trace.note(f"fault:{kind}")
        await KINDS[kind](self)

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._cuts.clear()
        self.weather = FAIR

    def _one(self) -> "Phone":
        return self._chance.choice(self._story.phones)

    async def kill(self) -> None:
        """A battery falls out, and is put back."""
        phone = self._one()
        if phone.is_on:
            await phone.kill()
            await asyncio.sleep(self._chance.uniform(1, 60))
            await self.turn_on(phone)

    async def cut(self) -> None:
        """Two phones don't hear each other for a while, or one does not hear the other."""
        one, other = self._chance.sample(self._story.phones, 2)
        ways = {(one.host, other.host), (other.host, one.host)}
        if self._chance.random() < 0.3:
            ways = {(one.host, other.host)}
        self._cuts |= ways
        await asyncio.sleep(self._chance.uniform(1, 120))
        self._cuts -= ways

    async def storm(self) -> None:
        """Bad radio: new connections suffer from everything."""
        draw = self._chance.uniform
        self.weather = Weather(
            draw(0, 1),
            draw(0, 1),
            draw(0, 0.3),
            draw(0, 3),
            draw(0, 0.02),
            draw(0, 0.02),
            draw(0, 0.02),
            draw(0, 0.02),
            draw(0, 0.02),
        )
        await asyncio.sleep(draw(10, 200))
        self.weather = FAIR


def _count(often: float, chance: random.Random) -> int:
    whole = int(often)
    return whole + (chance.random() < often - whole)


KINDS: Final[dict[str, Callable[[Nemesis], Awaitable[None]]]] = {
    "kill": Nemesis.kill,
    "cut": Nemesis.cut,
    "storm": Nemesis.storm,
}
