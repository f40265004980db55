"""Whoever listens learns of everything, in order, from whichever process it came; nobody else does.

Two processes share one store. Steps are drawn at random: devices connect, push, lose and regain the
right; hints between the processes arrive, or get lost until the next look.
"""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from relay.desk import Desk
from relay.facts import Entry, check_head
from relay.protocol import (
    NEWS_BLOB_BYTES_MAX,
    Closed,
    Done,
    Entries,
    News,
    Opened,
    Pull,
    Receipt,
    decode,
)
from relay.rooms import NEWS_BYTES_MAX
from relay.visit import Visit
from tests.relay.devices import (
    RELAY_KEY,
    Device,
    Heard,
    access_of,
    desk_over,
    founds,
    people,
    signed_by,
)
from tests.relay.memory_store import MemoryStore

WHO = people()
BOX = WHO.mailbox
READERS = tuple(Device(f"reader {number}") for number in range(3))

processes = st.integers(0, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("connect"), processes, st.integers(0, 3)),
        st.tuples(st.just("push"), processes, st.sampled_from([1, 1, 1, 17_000])),
        st.tuples(st.just("push many"), processes, st.integers(2, 5)),
        st.tuples(st.just("readers"), processes, st.integers(0, 7)),
        st.tuples(st.just("hint"), processes, st.just(0)),
        st.tuples(st.just("look"), processes, st.just(0)),
    ),
    max_size=25,
)


class Follower:
    """A device that listens, and pulls where the news leave something out."""

    def __init__(self, desk: Desk, store: MemoryStore, device: Device) -> None:
        self.desk = desk
        self.store = store
        self.device = device
        self.visit = Visit(bytes(32), tell=self.tell, hear=self.hear)
        self.entries: list[Entry] = []
        self.behind = self.list_number = 0
        self.is_open = False
        self.faults: list[AssertionError] = []

    async def connect(self) -> None:
        message = self.device.opens(self.desk.hello(self.visit), BOX)
        opened = await self.desk.answer(self.visit, message)
        assert isinstance(opened, Opened)
        self.is_open = True
        self.list_number = opened.access_number
        self.behind = max(self.behind, opened.head.head.cursor)
        await self.catch_up()

    def tell(self, data: bytes) -> None:
        assert decode(data).message == Closed(BOX, "not_allowed")
        self.is_open = False

    def hear(self, mailbox: bytes, data: bytes, short: bytes) -> None:
        try:
            self.learn(mailbox, data, short)
        except AssertionError as fault:  # the relay lives on whatever a connection raises
            self.faults.append(fault)

    def learn(self, mailbox: bytes, data: bytes, short: bytes) -> None:
        news, brief = decode(data).message, decode(short).message
        assert isinstance(news, News)
        assert brief == news._replace(entries=())
        assert mailbox == news.mailbox == BOX
        assert self.is_open
        assert not news.entries or self.store.boxes[BOX].access.may_read(self.device.key)
        check_head(RELAY_KEY.public, BOX, news.head)
        was_told_all = len(self.entries) >= self.behind
        for entry in news.entries:
            if entry.cursor == len(self.entries) + 1:
                self.entries.append(entry)
        self.behind = max(self.behind, news.head.head.cursor)
        self.list_number = max(self.list_number, news.access_number)
        if was_told_all and all(one.cursor <= len(self.entries) for one in self.large()):
            assert len(self.entries) >= self.behind  # what is small needs no pull

    def large(self) -> list[Entry]:
        entries = self.store.boxes[BOX].entries
        return [one for one in entries if len(one.blob or b"") > NEWS_BLOB_BYTES_MAX]

    async def catch_up(self) -> None:
        while self.is_open and len(self.entries) < self.behind:
            answer = await self.desk.answer(self.visit, Pull(BOX, len(self.entries), 10**5))
            assert isinstance(answer, Entries)
            self.entries += answer.entries


class Hall:
    """Two processes over one store, and all who are connected."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.desks = [desk_over(self.store), desk_over(self.store)]
        self.hints: list[list[bytes]] = [[], []]
        for number, desk in enumerate(self.desks):
            desk.deciding.announced = self.hints[1 - number].extend
        self.followers: list[Follower] = []
        self.pushers = [Heard(desk) for desk in self.desks]
        self.count = 0

    async def begin(self) -> None:
        founding = founds(WHO.founder, access_of((WHO.chair,), readers=READERS))
        await self.desks[0].answer(self.pushers[0].visit, founding)
        for desk, pusher in zip(self.desks, self.pushers, strict=True):
            await desk.answer(pusher.visit, WHO.chair.opens(pusher.hello, BOX, live=False))

    async def step(self, what: str, process: int, number: int) -> None:
        desk = self.desks[process]
        match what:
            case "connect":
                await self.connect(desk, [WHO.chair, *READERS][number])
            case "push":
                await self.push(process, [number])
                await self.heard_here(desk)
            case "push many":
                await self.push(process, [1] * number)
                await self.heard_here(desk)
            case "readers":
                await self.let_read(process, number)
            case "hint":
                desk.rooms.look(self.hints[process])
                self.hints[process].clear()
            case "look":
                self.hints[process].clear()
                await desk.rooms.poll()
        await settled()

    async def connect(self, desk: Desk, device: Device) -> None:
        if self.store.boxes[BOX].access.may_read(device.key):
            self.followers.append(Follower(desk, self.store, device))
            await self.followers[-1].connect()

    async def push(self, process: int, sizes: Sequence[int]) -> None:
        desk, who = self.desks[process], self.pushers[process].visit
        waiting = []
        for size in sizes:
            self.count += 1
            blob = self.count.to_bytes(4, "big") * size
            waiting.append(await desk.answer(who, WHO.chair.pushes(BOX, blob)))
        for one in waiting:
            assert not isinstance(one, tuple)
            assert isinstance(await one, Receipt)

    async def heard_here(self, desk: Desk) -> None:
        """Whoever is connected where a blob was pushed hears of it without any hint."""
        await settled()
        for follower in self.followers:
            if follower.desk is desk and follower.is_open:
                assert follower.behind == len(self.store.boxes[BOX].entries)

    async def let_read(self, process: int, which: int) -> None:
        number = self.store.boxes[BOX].access.number + 1
        readers = tuple(one for at, one in enumerate(READERS) if which >> at & 1)
        access = access_of((WHO.chair,), readers=readers, number=number)
        message = WHO.chair.proposes(BOX, access)
        assert signed_by(BOX, access, WHO.chair).access == access
        done = await self.desks[process].answer(self.pushers[process].visit, message)
        assert done == Done(0)


async def settled() -> None:
    """Let every task go as far as it can: nothing here waits for anything outside."""
    for _ in range(20):
        await asyncio.sleep(0)


@given(steps)
def test_everybody_with_the_right_learns_of_everything(
    steps: list[tuple[str, int, int]],
) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, int, int]]) -> None:
    hall = Hall()
    works = [asyncio.create_task(desk.pushes.run()) for desk in hall.desks]
    works += [asyncio.create_task(desk.rooms.run()) for desk in hall.desks]
    try:
        await hall.begin()
        for step in steps:
            await hall.step(*step)
        for desk in hall.desks:
            await desk.rooms.poll()
        await settled()
        box = hall.store.boxes[BOX]
        for follower in hall.followers:
            await follower.catch_up()
            assert follower.faults == []
            if follower.is_open:
                assert box.access.may_read(follower.device.key)
                assert follower.list_number == box.access.number
                assert follower.entries == box.entries
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def test_the_connection_that_pushed_hears_only_of_others() -> None:
    desk = desk_over(MemoryStore())
    works = [asyncio.create_task(desk.pushes.run()), asyncio.create_task(desk.rooms.run())]
    one, same_device = Heard(desk), Heard(desk)
    await desk.answer(one.visit, founds(WHO.founder, access_of((WHO.chair,))))
    for who in (one, same_device):
        await desk.answer(who.visit, WHO.chair.opens(who.hello, BOX))
    receipt = await desk.answer(one.visit, WHO.chair.pushes(BOX, b"blob"))
    assert not isinstance(receipt, tuple)
    await receipt
    assert (len(one.news), [news.entries[0].blob for news in same_device.news]) == (0, [b"blob"])
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)


async def test_a_large_blob_is_announced_and_not_sent() -> None:
    desk = desk_over(MemoryStore())
    works = [asyncio.create_task(desk.pushes.run()), asyncio.create_task(desk.rooms.run())]
    pusher, listener = Heard(desk), Heard(desk)
    await desk.answer(pusher.visit, founds(WHO.founder, access_of((WHO.chair,))))
    for who in (pusher, listener):
        await desk.answer(who.visit, WHO.chair.opens(who.hello, BOX))
    for size in (NEWS_BYTES_MAX, 10):
        receipt = await desk.answer(pusher.visit, WHO.chair.pushes(BOX, bytes(size)))
        assert not isinstance(receipt, tuple)
        await receipt
    assert [(news.head.head.cursor, len(news.entries)) for news in listener.news] == [
        (1, 0),
        (2, 1),
    ]
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)
