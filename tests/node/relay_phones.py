"""Phones and a relay for the tests: made once, then copied, so that every test begins alike."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from model.events import MemberAdded
from node.device import Device, open_device
from node.marker import STATE_VARIABLE
from node.node import Node
from node.relay_client import RelayClient, call_relay
from node.relay_engine import Cycle, Cycled
from node.relay_founding import add
from node.relay_places import Place, places
from node.relay_reading import AtRelay
from node.relay_status import Backup, backups
from node.relay_store import Fault, RelayStore
from relay.config import Config
from relay.server import Relay, start_relay
from replication.control import RelayChosen
from tests.node.phones import NOW_MS, enrolled, founded, sync

PHONES = ("secretary", "treasurer")


class World:
    """A folder with the homes of two officers' phones of one group, and a relay's state."""

    def __init__(self, path: Path, group: bytes, chosen: RelayChosen) -> None:
        self.path = path
        self.group = group
        self.chosen = chosen

    @property
    def log(self) -> Place:
        return places(self.group, self.chosen)[0]

    @contextlib.asynccontextmanager
    async def relay(self, folder: str = "relay", **settings: object) -> AsyncIterator[Relay]:
        """The relay, serving what lies in its folder."""
        state = str(self.path / folder)
        relay = await start_relay(Config(state=state, port=0, admin=False, **settings))  # type: ignore[arg-type]
        try:
            yield relay
        finally:
            await relay.close()

    @contextlib.asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator["Phone"]:
        async with open_device(self.path / name) as device:
            yield Phone(self, device)

    def keep_relay(self, copy: str) -> None:
        """Copy the relay's folder while it is stopped."""
        shutil.copytree(self.path / "relay", self.path / copy)

    def put_back(self, copy: str) -> None:
        """The relay's operator puts an old backup back."""
        shutil.rmtree(self.path / "relay")
        shutil.copytree(self.path / copy, self.path / "relay")

    def lose_disk(self) -> None:
        """Everything but the relay's key is gone."""
        for file in (self.path / "relay").iterdir():
            if file.name != "relay.key":
                file.unlink()

    def meet(self, *names: str) -> None:
        """Phones exchange what is new without any relay."""
        left, right = (Node.open(self.path / name) for name in names)
        with left, right:
            sync(left, right, self.group)

    def record(self, name: str, number: int) -> None:
        """A phone records something while it is alone."""
        with Node.open(self.path / name) as node:
            node.append(self.group, [MemberAdded(number, "2026-01-01")], NOW_MS)


class Phone:
    """A phone that is open, and its group."""

    def __init__(self, world: World, device: Device) -> None:
        self.world = world
        self.device = device
        self.node = device.node

    def record(self, number: int) -> None:
        """Add a member, which is one more change."""
        self.node.append(self.world.group, [MemberAdded(number, "2026-01-01")], NOW_MS)

    @contextlib.asynccontextmanager
    async def at(self, address: str) -> AsyncIterator["Visit"]:
        """Connected to whatever serves at an address as the group's relay."""
        client = await call_relay(
            self.device.http, address, self.node.keys, self.world.chosen.relay
        )
        try:
            yield Visit(self, client)
        finally:
            await client.close()

    async def once(self, address: str) -> Cycled:
        """One cycle over a connection of its own."""
        async with self.at(address) as visit:
            return await visit.cycle()

    @property
    def digest(self) -> str:
        return self.node.group(self.world.group).book.digest()

    @property
    def changes(self) -> int:
        chains = self.node.group(self.world.group).store.chains(1)
        return sum(lane.tip_n - lane.fork_n for lane in chains.lanes())

    @property
    def backup(self) -> Backup:
        (one,) = backups(self.node.group(self.world.group), NOW_MS)
        return one

    def trusts(self) -> bool:
        """Whether it relies on the relay."""
        return self.backup.is_trusted

    @property
    def faults(self) -> list[Fault]:
        mailboxes = [place.mailbox for place in places(self.world.group, self.world.chosen)]
        store = RelayStore(self.node.store.database)
        return store.faults(self.world.chosen.relay, mailboxes)

    @property
    def wrong(self) -> set[str]:
        """Codes of what was wrong at the relay."""
        return {fault.code for fault in self.faults}


class Visit:
    """A phone at its relay."""

    def __init__(self, phone: Phone, client: RelayClient) -> None:
        self.client = client
        self.at = AtRelay(phone.device, client)
        self._cycle = Cycle(self.at, phone.world.group, phone.world.chosen)

    async def cycle(self, push: bool = True) -> Cycled:
        return await self._cycle.run(push)


async def _made(path: Path) -> World:
    secretary, group = founded(path / "secretary")
    treasurer = enrolled(path / "treasurer", secretary, group)
    secretary.close()
    treasurer.close()
    relay = await start_relay(Config(state=str(path / "relay"), port=0, admin=False))
    try:
        async with open_device(path / "secretary") as device:
            url = "ws" + relay.address.removeprefix("http")
            chosen = await add(device, group, url, relay.key.public)
    finally:
        await relay.close()
    world = World(path, group, chosen)
    world.meet("secretary", "treasurer")
    return world


@contextlib.contextmanager
def _state(path: Path) -> Iterator[None]:
    before = os.environ.get(STATE_VARIABLE)
    os.environ[STATE_VARIABLE] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[STATE_VARIABLE]
        else:
            os.environ[STATE_VARIABLE] = before


def make_world(path: Path) -> World:
    """Two officers' phones of a group that has chosen a relay, where nothing lies yet."""
    with _state(path / "state"):
        return asyncio.run(_made(path))


def copied(world: World, path: Path) -> World:
    """The same in another folder."""
    shutil.copytree(world.path, path, dirs_exist_ok=True)
    return World(path, world.group, world.chosen)
