"""A second relay behind the first one's key: what a relay that tells two stories needs.

It begins as a copy of the relay's disk, and from then on each has a log of its own.
"""

from typing import cast

from relay.config import Config
from relay.server import Relay
from simulations.simulator.relay_host import RelayHost, StoryStore


class Shadow:
    """A relay that nobody knows of; made by `of`."""

    def __init__(self, relay: Relay, store: StoryStore) -> None:
        self.relay = relay
        self._store = store

    @staticmethod
    async def of(host: RelayHost) -> "Shadow":
        """A copy of what a relay holds, answering from now on; only as the relay's program."""
        copy = _Host(host)
        store = StoryStore(host.folder / "relay.sqlite", cast(RelayHost, copy))
        relay = Relay(Config(state=str(host.folder), admin=False), store, host.key)
        await relay.upkeep.start()
        if host.process is not None:
            host.process.at_death.append(store.let_go)
        return Shadow(relay, store)

    async def close(self) -> None:
        """Nobody is led here any more, and who is here is hung up on."""
        await self.relay.close()
        self._store.let_go()


class _Host:
    """What a store needs of a machine: the same program, and a disk of its own."""

    def __init__(self, host: RelayHost) -> None:
        self.disk = host.disk.copy()
        self.process = host.process
        self.work_s = host.work_s
