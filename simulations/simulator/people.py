"""What the people of one group do at a meeting: the village's deeds, on whichever phone is at hand.

Officers write down what they saw, several entries at a time; a phone that refuses or dies is put
aside and another one is taken. Nothing here looks into a phone but as a command would.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from model.events import Event
from node.errors import NodeError
from node.node import Node, Step
from simulations.ledger import Scribe
from simulations.simulator.process import Killed
from simulations.village import Deed, Meeting, Officer, Village

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group, Story

ENTRIES_AT_ONCE = 24
"""Of one officer before the others' turn."""


class People:
    """One group's members and officers."""

    def __init__(self, story: "Story", group: "Group", chance: random.Random) -> None:
        self._story = story
        self._group = group
        self._chance = chance
        self._village = Village(group.plan.members, chance.randrange(2**32))
        self._meetings = self._village.meetings()
        self._scribe = Scribe(self._village, self._written)
        self._record: Callable[[Event], bytes] = _nowhere

    async def begin(self) -> None:
        """Name, rules, members and offices, on the founder's phone."""
        persons: dict[Officer, bytes] = {
            "secretary": self._group.persons[0],
            "treasurer": self._group.persons[-1],
        }
        await self._on(self._group.phones[0], lambda: self._scribe.found(persons))

    async def meet(self) -> None:
        """Hold one meeting."""
        meeting = next(self._meetings)
        first = await self._some_phone()
        if first is None or not await self._on(first, lambda: self._scribe.open(meeting)):
            return
        deeds = list(meeting.deeds)
        while deeds:
            some, deeds = deeds[:ENTRIES_AT_ONCE], deeds[ENTRIES_AT_ONCE:]
            phone = await self._some_phone()
            if phone is not None:
                await self._on(phone, partial(self._write_all, meeting, some))
            await asyncio.sleep(self._chance.uniform(1, 30))

    def _write_all(self, meeting: Meeting, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            self._scribe.write(meeting, deed)

    async def _some_phone(self) -> "Phone | None":
        phones = [phone for phone in self._group.phones if phone.is_on]
        return self._chance.choice(phones) if phones else None

    async def _on(self, phone: "Phone", write: Callable[[], object]) -> bool:
        """Write entries on a phone as one step; whether it was stored."""

        def work(node: Node) -> Step:
            batch = node.batch(self._group.id, phone.clock.wall_ms())
            self._record = lambda event: batch.append([event])[0]
            write()
            return batch.commit()

        try:
            step = await phone.act(work)
        except (NodeError, KeyError) as error:
            self._story.trace.note("refused", f"{phone.name} {error}")
            return False
        except Killed:
            self._story.trace.note("died while writing", phone.name)
            return False
        self._story.acknowledged(phone, self._group, step.receipts)
        return True

    def _written(self, officer: Officer, event: Event) -> bytes:
        return self._record(event)


def _nowhere(event: Event) -> bytes:
    raise AssertionError("no phone is written on")
