"""What the people of one group do at a meeting: the village's deeds, on whichever phone is at hand.

Officers write down what they saw, several entries at a time, with the mistakes that people make:
one thing on two phones, with another amount, for another meeting, too late. A phone that refuses
is put aside. After a phone died nobody knows whether it had saved: its owner looks, and writes
again only what is not there. Nothing here looks into a phone but as a person or a SQLite program
would.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from model import events as e
from node.errors import NodeError
from node.node import Node, Step
from replication.limits import CHANGE_EVENTS_MAX
from simulations.season_deeds import DEEDS, SHARE_VALUE_MINOR
from simulations.season_endings import ENDING_DEEDS
from simulations.season_funds import FUND_DEEDS
from simulations.season_mistakes import CHANGES, MISTAKES, candidacy, elected, reconsider
from simulations.season_table import Table
from simulations.simulator.by_name import BY_NAME, Command
from simulations.simulator.notebook import Notebook
from simulations.simulator.process import Killed

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group, Story

T = TypeVar("T")

DEEDS_A_MEETING: Final = (3, 9)
TRIES_MAX: Final = 3
"""How often a person writes one thing again that did not get saved."""
MESS: Final = 15
"""Percent of what happens that goes the way it should not."""
MEETINGS_A_CYCLE: Final = 13
FINES: Final = {"late": 20, "absent": 50}
TITLES: Final[tuple[e.Title, ...]] = ("secretary", "treasurer", "chairperson", "key_holder")


class People:
    """One group's members and officers."""

    def __init__(self, story: "Story", group: "Group", chance: random.Random) -> None:
        self._story = story
        self._group = group
        self._chance = chance
        self._held = 0
        self._deeds = [*DEEDS, *FUND_DEEDS, *ENDING_DEEDS, *CHANGES]
        self._notebooks: dict[str, Notebook] = {}
        self.name = f"Umoja {group.number}"

    # Founding

    async def begin(self) -> None:
        """Name, rules, members and offices, on the founder's phone."""
        founder = self._notebook(self._group.phones[0])
        first = [
            e.GroupDescribed(self.name, "KES", 2),
            self._constitution(),
            e.CycleOpened(1, "2026-01-01", "2026-12-31"),
            *(
                e.MemberAdded(number, "2026-01-01")
                for number in range(1, self._group.plan.members + 1)
            ),
        ]
        await self._write(founder, first)
        persons = self._group.persons
        await self._write(
            founder,
            [
                e.OfficerElected(title, persons[min(place, len(persons) - 1)])
                for place, title in enumerate(TITLES)
            ],
        )

    def _constitution(self) -> e.ConstitutionAdopted:
        social = self._chance.randrange(4) == 0
        return e.ConstitutionAdopted(
            1,
            share_value_minor=SHARE_VALUE_MINOR,
            social_fund_minor=20,
            interest_ppm=100_000,
            fines_to="social_fund" if social else "loan_fund",
            record_keeper="treasurer" if self._chance.randrange(4) == 0 else "secretary",
            fines=FINES,
        )

    # A meeting

    async def meet(self) -> None:
        """Hold one meeting: roll, savings, whatever else happens, and mostly its end."""
        self._held += 1
        cycle = (self._held - 1) // MEETINGS_A_CYCLE + 1
        at = cycle, (self._held - 1) % MEETINGS_A_CYCLE + 1
        if at[1] == 1 and cycle > 1:
            await self._new_cycle(cycle)
        await self._open(at)
        await self._collect(at)
        for _ in range(self._chance.randint(*DEEDS_A_MEETING)):
            await self._pause()
            await self._something_happens()
        if at[1] % 5 == 0:
            await self._elect(at)
        if not self._slips():
            await self._pause()
            await self._close(at)

    async def _open(self, at: tuple[int, int]) -> None:
        week = self._held - 1
        opened = e.MeetingOpened(*at, f"2026-{week // 4 % 12 + 1:02d}-{7 * (week % 4) + 1:02d}")
        for phone in self._some(2 if self._slips() else 1):
            await self._write(self._notebook(phone), [opened])

    async def _collect(self, at: tuple[int, int]) -> None:
        """The roll and what everybody brings, each in one go, as a sheet is filled in."""
        for phone in self._some(1):
            notebook = self._look(phone)
            if notebook is None:
                return
            members = Table(self._chance, notebook, *at).members()
            rows: list[e.Event] = []
            for member in members:
                late = self._chance.random()
                status: e.Attendance = (
                    "present" if late > 0.1 else "late" if late > 0.05 else "absent"
                )
                rows.append(e.AttendanceMarked(*at, member, status))
                if status == "absent":
                    continue
                shares = self._chance.randint(1, 5)
                rows.append(e.SocialContributed(*at, member, 20))
                rows.append(e.SharePurchased(*at, member, shares, shares * SHARE_VALUE_MINOR))
            await self._write(notebook, rows)

    async def _close(self, at: tuple[int, int]) -> None:
        for phone in self._some(2 if self._slips() else 1):
            await self._write(self._notebook(phone), [e.MeetingClosed(*at, ())])

    async def _new_cycle(self, cycle: int) -> None:
        for phone in self._some(1):
            opened = e.CycleOpened(cycle, f"{2025 + cycle}-01-01", f"{2025 + cycle}-12-31")
            await self._write(self._notebook(phone), [opened])

    async def _elect(self, at: tuple[int, int]) -> None:
        """Officers agree on who takes an office next, and put it in force."""
        for phone in self._some(1):
            notebook = self._look(phone)
            if notebook is None:
                return
            table = Table(self._chance, notebook, *at)
            proposals = _thought_of(partial(_candidacies, table))
            given = await self._write(notebook, proposals)
            await self._pause()
            for other in self._on():
                if given and other is not phone:
                    await self._write(self._notebook(other), [e.ApprovalGiven(given[0], *at)])
            await self._pause()
            for proposed in proposals if given else ():
                await self._write(notebook, [elected(proposed, given[0])])

    async def _something_happens(self) -> None:
        if self._chance.randrange(4) == 0:
            await self._by_name(self._chance.choice(BY_NAME))
            return
        deeds = list(MISTAKES) if self._slips() else self._deeds
        deed = self._chance.choices(deeds, [one.often for one in deeds])[0]
        phones = self._on()
        if not phones:
            return
        phone = self._chance.choice(phones)
        notebook = self._look(phone)
        at = None if notebook is None else self._meeting_of(notebook)
        if notebook is None or at is None:
            return
        table = Table(self._chance, notebook, *at)
        written = _thought_of(lambda: [one for one in (deed.write(table),) if one is not None])
        words = _thought_of(lambda: list(islice(reconsider(table), 4)))
        await self._write(notebook, [*written, *words])
        if written and self._slips():
            await self._told_twice(written[0], phone)

    def _meeting_of(self, notebook: Notebook) -> tuple[int, int] | None:
        """The meeting that this phone takes to be open; by mistake, any that it knows."""
        opened = sorted({(at.cycle, at.session) for _, at in notebook.heard(e.MeetingOpened)})
        closed = {(at.cycle, at.session) for _, at in notebook.heard(e.MeetingClosed)}
        if opened and self._slips() and self._slips():
            return self._chance.choice(opened)
        return next((at for at in reversed(opened) if at not in closed), None)

    async def _told_twice(self, event: e.Event, author: "Phone") -> None:
        """Another officer saw it too, and writes it down as well as the other remembers it."""
        others = [phone for phone in self._on() if phone is not author]
        if not others:
            return
        notebook = self._look(self._chance.choice(others))
        named = [getattr(event, field) for field in event.__struct_fields__]
        ids = [value for value in named if isinstance(value, bytes) and len(value) == 17]
        if notebook is not None and all(map(notebook.knows, ids)):
            if self._slips() and hasattr(event, "amount_minor"):
                event = replace(event, amount_minor=self._chance.randint(1, 900))
            await self._write(notebook, [event])

    async def _by_name(self, command: Command) -> None:
        """Something that is done by a command, with its questions and refusals."""
        for phone in self._some(1):
            await self.asked(phone, self._commanding(command, phone))

    def _commanding(self, command: Command, phone: "Phone") -> Callable[[Node], Step]:
        return lambda node: command(node, self._group, self._chance, phone.clock.wall_ms())

    async def marks_present(self, phone: "Phone") -> tuple[bytes, ...] | None:
        """Somebody marks a member as present, on this very phone."""

        def work(node: Node) -> Step:
            book = node.group(self._group.id).book
            newest = book.latest.find("meeting")
            member = next(iter(book.members.rows()), None)
            if newest is None or member is None:
                return Step()
            marked = e.AttendanceMarked(*newest, bytes.fromhex(member[0]), "present")
            return node.append(self._group.id, [marked], max(0, phone.clock.wall_ms()))

        return await self.asked(phone, work)

    # Writing

    async def _write(self, notebook: Notebook, events: Iterable[e.Event]) -> tuple[bytes, ...]:
        """Write entries; their receipts, none when it did not come about."""
        left, receipts = list(events), ()
        for _ in range(TRIES_MAX):
            if not left or not notebook.phone.is_on:
                return receipts
            given = await self.asked(notebook.phone, self._recording(left, notebook.phone))
            if given is not None:
                return given
            await self._pause()
            if self._look(notebook.phone) is None:
                return receipts
            left = [event for event in left if not notebook.has(event)]
        return receipts

    def _recording(self, events: Sequence[e.Event], phone: "Phone") -> Callable[[Node], Step]:
        def work(node: Node) -> Step:
            batch = node.batch(self._group.id, phone.clock.wall_ms())
            for start in range(0, len(events), CHANGE_EVENTS_MAX):
                batch.append(events[start : start + CHANGE_EVENTS_MAX])
            return batch.commit()

        return work

    async def asked(self, phone: "Phone", work: Callable[[Node], Step]) -> tuple[bytes, ...] | None:
        """Have a phone record something: its receipts, or () when it was refused.

        None when the phone died and nobody knows.
        """
        trace = self._story.trace
        try:
            step = await phone.act(work)
        except NodeError as error:
            trace.note(f"refused:{error.code}", phone.name)
            if not error.code or not error.sentence.strip():
                self._story.auditor.complain(f"{phone.name} refused without a word: {error!r}")
            return ()
        except Killed:
            trace.note("died while writing", phone.name)
            return None
        self._story.acknowledged(phone, self._group, step.receipts)
        return step.receipts

    # Phones

    def _on(self) -> list["Phone"]:
        return [phone for phone in self._story.auditor.honest(self._group) if phone.is_on]

    def _some(self, count: int) -> list["Phone"]:
        phones = self._on()
        return self._chance.sample(phones, min(count, len(phones)))

    def _notebook(self, phone: "Phone") -> Notebook:
        known = self._notebooks.get(phone.name)
        if known is None or known.phone is not phone:
            place = next(n for n, one in enumerate(self._group.phones) if one is phone)
            person = self._group.persons[place]
            known = self._notebooks[phone.name] = Notebook(phone, self._group.id, person)
        return known

    def _look(self, phone: "Phone") -> Notebook | None:
        """What the phone shows now; None when it can't be read."""
        notebook = self._notebook(phone)
        if not phone.is_on:
            return None
        try:
            notebook.look()
        except NodeError as error:
            self._story.trace.note(f"unread:{error.code}", phone.name)
            return None
        return notebook

    def _slips(self) -> bool:
        return self._chance.randrange(100) < MESS

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(2, 40))


def _candidacies(table: Table) -> list[e.OfficerProposed]:
    return [candidacy(table)]


def _thought_of(think: Callable[[], list[T]]) -> list[T]:
    """What comes to somebody's mind; nothing where the phone shows too little to think about."""
    try:
        return think()
    except (IndexError, KeyError, ValueError):
        return []
