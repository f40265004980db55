"""A village at a real relay, and an organisation that reads: what tests of readers share."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from node import readers, relay_founding, seal_views
from node.clock import now_ms
from node.device import Device
from node.follow_exchanges import FollowRequest, follow
from node.node import Node
from node.node_thread import NodeThread
from node.outgoing import http_session
from node.readers import AddReaderRequest, EndReaderRequest, ReaderCodeRequest
from node.relay_address import relay_url
from node.relay_client import call_relay
from node.relay_engine import Cycle, Cycled
from node.relay_reading import AtRelay
from relay.config import Config
from relay.server import Relay, start_relay
from replication.control import RelayChosen
from tests.node.officers import Officer, Village


@contextlib.asynccontextmanager
async def device_of(node: Node) -> AsyncIterator[Device]:
    """A device around a node that stays open when this ends."""
    thread = NodeThread()
    async with http_session() as http:
        device = Device(node, thread, http)
        try:
            yield device
        finally:
            await device.close()
            thread.close()


class AtRelayTown:
    """A village whose officers back up at a relay."""

    def __init__(self, village: Village, relay: Relay) -> None:
        self.village = village
        self.relay = relay
        self.url = relay_url(relay.address)
        self.group = village.secretary.group_id
        self.chosen: RelayChosen

    async def choose(self) -> None:
        """The secretary adds the cloud backup, and everybody hears of it."""
        async with device_of(self.village.secretary.node) as device:
            looked = await relay_founding.look(device, self.url)
            self.chosen = await relay_founding.add(device, self.group, self.url, looked.relay)
        self.village.meet()

    async def cycle(self, *officers: Officer) -> list[Cycled]:
        """These officers' phones, or all twice, exchange with the relay one after the other."""
        everybody = officers or (*self.village.officers, *self.village.officers)
        return [await self._cycle(officer) for officer in everybody]

    async def _cycle(self, officer: Officer) -> Cycled:
        async with device_of(officer.node) as device:
            keys, chosen = officer.node.keys, self.chosen
            client = await call_relay(device.http, chosen.url, keys, chosen.relay)
            try:
                return await Cycle(AtRelay(device, client), self.group, chosen).run(push=True)
            finally:
                await client.close()

    def grant(self, ngo: Node, scope: str, until: str = "") -> None:
        """Two officers let a reader in, or change what it was given."""
        code = readers.code(ngo, ReaderCodeRequest(), 0).body["code"]
        asked = AddReaderRequest(code=code, scope=scope, until=until)
        self._agreed(readers.add(self.village.secretary.node, asked, now_ms()).body)

    def end(self, ngo: Node) -> None:
        """Two officers end it."""
        asked = EndReaderRequest(reader=ngo.device.hex()[:8])
        self._agreed(readers.end(self.village.secretary.node, asked, now_ms()).body)

    def _agreed(self, answer: object) -> None:
        assert isinstance(answer, dict)
        self.village.meet()
        self.village.treasurer.agree(answer["receipt"])
        self.village.meet()

    def seal(self) -> None:
        """The open meeting is closed by the secretary and signed by the treasurer."""
        seal(self.village)


def seal(village: Village) -> None:
    """The open meeting is closed by the secretary and signed by the treasurer."""
    village.secretary.record("close")
    village.meet()
    treasurer = village.treasurer.node
    close = seal_views.to_sign(treasurer, seal_views.SealRequest(), 0).body["id"]
    seal_views.sign(treasurer, seal_views.SignRequest(close=close), now_ms())
    village.meet()


@contextlib.asynccontextmanager
async def town(path: Path) -> AsyncIterator[AtRelayTown]:
    """A village at a relay of its own."""
    village = Village(path / "village")
    relay = await start_relay(Config(state=str(path / "relay"), port=0, admin_port=0))
    try:
        place = AtRelayTown(village, relay)
        await place.choose()
        yield place
    finally:
        await relay.close()
        village.close()


async def looked(ngo: Node, url: str = "") -> dict[str, object]:
    """What one look at the followed relays, or at this one, brought."""
    async with device_of(ngo) as device:
        (found,) = (await follow(device, FollowRequest(url=url)))["relays"]
        return dict(found)
