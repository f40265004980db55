"""`mkutano run` and its relays: connected by themselves, live, through drops, several at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from model.events import MemberAdded
from node import relay_links, relay_timing
from node.errors import StoreFailed
from node.node import Node
from node.relay_client import RelayClient, call_relay
from node.relay_engine import Cycle, Cycled
from node.relay_founding import add, remove
from node.relay_links import RelayLinks
from node.relay_status import backups
from relay.protocol import Failed, Push
from replication.control import RelayChosen
from replication.identity import DeviceKeys
from replication.wire import Have, encode
from tests.node.lying_relay import lying
from tests.node.phones import NOW_MS, enrolled
from tests.node.relay_phones import Phone, World


class Addresses:
    """Where each relay is now: what the group signed is where it was when the test began."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, str] = {}
        self.calls = 0

    async def call(
        self, http: aiohttp.ClientSession, url: str, keys: DeviceKeys, relay: bytes
    ) -> RelayClient:
        self.calls += 1
        return await call_relay(http, self.by_key.get(relay, url), keys, relay)


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Addresses:
    """Relays move, changes go at once, and nobody waits long before calling again."""
    found = Addresses()
    monkeypatch.setattr(relay_links, "call_relay", found.call)
    monkeypatch.setattr(relay_links, "backoff_s", lambda failures: 0.01)
    for name in ("OWN_QUIET_MS", "OWN_MAX_MS", "ALONE_QUIET_MS", "ALONE_MAX_MS"):
        monkeypatch.setattr(relay_timing, name, 0)
    return found


@contextlib.asynccontextmanager
async def running(*phones: Phone) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(RelayLinks(phone.device).run()) for phone in phones]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(is_so: Callable[[], bool], *phones: Phone) -> None:
    """Wait until something is so; looked at on the node threads, between steps."""
    async with asyncio.timeout(20):
        while True:
            if await phones[0].device.thread.run(is_so):
                return
            await asyncio.sleep(0.01)


async def record(phone: Phone, number: int) -> None:
    events = [MemberAdded(number, "2026-01-01")]
    await phone.device.write(lambda node: node.append(phone.world.group, events, NOW_MS))


async def test_what_one_phone_records_reaches_the_other_live_through_a_restart(
    world: World, addresses: Addresses
) -> None:
    async with world.phone("secretary") as one, world.phone("treasurer") as other:
        async with running(one, other):
            async with world.relay() as relay:
                addresses.by_key[relay.key.public] = relay.address
                await record(one, 3)
                await until(lambda: one.digest == other.digest, one)
                await record(other, 4)
                await until(lambda: one.digest == other.digest, one)
            await record(one, 5)  # while no relay is there
            calls = addresses.calls
            await until(lambda: addresses.calls > calls + 2, one)
            async with world.relay() as relay:
                addresses.by_key[relay.key.public] = relay.address
                await until(lambda: one.digest == other.digest, one)
                await until(lambda: one.backup.lacks == other.backup.lacks == 0, one)
        assert one.wrong == other.wrong == set()


async def test_a_connection_that_ends_between_two_waits_is_made_again(
    world: World, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is heard of an end twice: it is seen where the waiting begins, too."""
    run = relay_links._Visit.run
    calls_again = asyncio.Event()

    async def then_gone(self: relay_links._Visit, groups: dict[bytes, RelayChosen]) -> None:
        await run(self, groups)
        if addresses.calls > 1:
            calls_again.set()
        else:
            await self._client.close()

    monkeypatch.setattr(relay_links._Visit, "run", then_gone)
    async with world.relay() as relay, world.phone("secretary") as one:
        addresses.by_key[relay.key.public] = relay.address
        async with running(one), asyncio.timeout(20):
            await calls_again.wait()


async def test_a_disk_that_fails_between_two_cycles_is_no_fault_and_ends_nothing(
    world: World,
    addresses: Addresses,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The phone looks at the relay again by itself, after longer each time."""
    pauses: list[int] = []

    def soon(failures: int) -> float:
        pauses.append(failures)
        return 0.01

    monkeypatch.setattr(relay_links, "backoff_s", soon)
    wait_s = relay_links._Visit.wait_s

    async def once_failed(self: relay_links._Visit, groups: dict[bytes, RelayChosen]) -> float:
        if addresses.calls <= 3:
            raise StoreFailed("the disk can't be read for now")
        return await wait_s(self, groups)

    monkeypatch.setattr(relay_links._Visit, "wait_s", once_failed)
    async with world.relay() as relay, world.phone("secretary") as one:
        addresses.by_key[relay.key.public] = relay.address
        async with running(one):
            await until(lambda: addresses.calls > 3, one)
            await record(one, 5)
            await until(lambda: one.backup.lacks == 0, one)
    assert pauses == [1, 2, 3]
    assert "the disk can't be read" in caplog.text
    assert not [said for said in caplog.records if said.levelname == "ERROR"]


async def test_a_relay_that_is_chosen_meanwhile_is_used_beside_the_first_and_let_go(
    world: World, addresses: Addresses
) -> None:
    async with (
        world.phone("secretary") as one,
        world.relay() as relay,
        world.relay("second") as second,
        running(one),
    ):
        addresses.by_key[relay.key.public] = relay.address
        await until(lambda: one.backup.lacks == 0, one)
        url = "ws" + second.address.removeprefix("http")
        chosen = await add(one.device, world.group, url, second.key.public)
        await until(lambda: _lacks(one) == [0, 0], one)
        await remove(one.device, world.group, chosen)
        await until(lambda: _lacks(one) == [0], one)


def _lacks(phone: Phone) -> list[int]:
    return [backup.lacks for backup in backups(phone.node.group(phone.world.group), 0)]


async def test_changes_from_a_relay_go_on_to_phones_on_the_lan(
    world: World, addresses: Addresses
) -> None:
    """A replica that is in session when something comes from the relay has it to send at once."""
    world.record("secretary", 3)
    async with world.relay() as relay, world.phone("secretary") as one:
        addresses.by_key[relay.key.public] = relay.address
        await one.once(relay.address)
    async with world.relay() as relay, world.phone("treasurer") as other:
        sent: list[tuple[str, bytes]] = []
        step = other.device.links.step

        async def watched(work: Callable[[], object]) -> object:
            done = await step(work)  # type: ignore[arg-type]
            sent.extend(done.send)
            return done

        other.device.links.step = watched  # type: ignore[method-assign, assignment]
        group = world.group
        key = other.node.group(group).roster.founder

        def in_session(node: object) -> None:
            replica = other.node.group(group).replica
            replica.connect("lan", key, False)
            replica.receive("lan", encode(Have(replica.tips, b"")))

        await other.device.thread.run(in_session, other.node)
        await other.once(relay.address)
        assert [peer for peer, _ in sent if peer == "lan"]


async def test_a_relay_that_refuses_everything_is_not_asked_without_end(
    world: World, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keeps a group from being backed up, the phone waits before it tries again."""
    cycles = 0
    original = Cycle.run

    async def counted(self: Cycle, push: bool, blobs_max: int = 0) -> Cycled:
        nonlocal cycles
        cycles += 1
        return await original(self, push, blobs_max)

    monkeypatch.setattr(Cycle, "run", counted)
    async with (
        world.relay() as relay,
        lying(relay) as liar,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        addresses.by_key[relay.key.public] = liar.address
        liar.instead = (Push, Failed("quota_exceeded", "", 0))
        async with running(one):
            await until(lambda: cycles >= 1, one)
            for number in range(3, 8):  # news come without end, and changes of its own
                other.record(number)
                await other.once(relay.address)
                await record(one, number + 10)
            await until(lambda: one.changes >= other.changes, one)
            assert cycles <= 2 + 3 * 5
            seen = cycles
            await asyncio.sleep(0.3)
            assert cycles <= seen + 1


async def test_a_phone_that_is_let_in_later_comes_in_by_itself(
    world: World, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third phone connects before any officer's phone told the relay of it."""
    monkeypatch.setattr(relay_links, "SHUT_MS", 20.0)
    with Node.open(world.path / "secretary") as secretary:
        enrolled(world.path / "chair", secretary, world.group, "Chair's phone").close()
    async with world.relay() as relay, world.phone("chair") as chair:
        addresses.by_key[relay.key.public] = relay.address
        async with running(chair):
            await until(lambda: chair.device.links.bulletin.announced() != [], chair)
            for name in ("secretary", "treasurer") * 2:  # each signs what it learns of
                async with world.phone(name) as officer:
                    await officer.once(relay.address)
            await until(lambda: chair.backup.heard_ms > 0 and chair.backup.lacks == 0, chair)
