"""Two phones of ours over a real loopback socket, each storing what it takes.

The same question as to `websocket_peer.py`, with everything that phones do: the call, the Noise
handshake, admission, the book, and commits with synchronous = FULL on both sides. Bytes are the
encrypted ones after the handshake. Each round is the next meeting of the same phones.
"""

import asyncio
import gc
from itertools import count
from pathlib import Path

from node.address import Address
from node.device import Device
from node.listener import Listener
from node.node import Node
from simulations.bench.figures import Stopwatch
from simulations.bench.histories import Grown, grown, tail
from simulations.bench.peers.candidate import Answer, Setting, Step
from simulations.bench.phone import Phone
from simulations.village import Officer

LOOPBACK = "127.0.0.1"


class Candidate:
    """The secretary's tablet and the treasurer's phone, twice for each length."""

    def __init__(self, setting: Setting) -> None:
        self._history = grown(setting.lengths[-1])
        self._pairs = {
            length: _Pair(setting.folder / str(length), self._history, length)
            for length in setting.lengths
        }

    def take(self, step: Step, length: int, run: int) -> Answer:
        """A meeting; everything else is asked of `ours.py`."""
        if step != "meeting":
            return {}
        return asyncio.run(self._pairs[length].meet())


class _Pair:
    """Two phones that hold the same history."""

    def __init__(self, folder: Path, history: Grown, length: int) -> None:
        folder.mkdir()
        self._tablet = Phone(folder / "tablet", history, length)
        self._treasurer = Phone(folder / "treasurer", history, length, "treasurer")
        self._weeks = count()

    async def meet(self) -> Answer:
        """Each writes 90 entries alone, then the tablet calls."""
        week = next(self._weeks)
        group = self._tablet.history.group
        async with self._treasurer.device() as called, self._tablet.device() as caller:
            await self._write(called, "treasurer", week)
            await self._write(caller, "secretary", week)
            listener = Listener(called.links)
            address = Address(LOOPBACK, await listener.start(LOOPBACK, 0))
            caller.links.stay = True
            gc.collect()
            watch = Stopwatch()
            with watch.running():
                link = await caller.exchange(group, address)
            answer = {
                "meeting_bytes": float(link.bytes_in + link.bytes_out),
                "meeting_ms": watch.ms,
            }
            await listener.close()
        return answer

    async def _write(self, device: Device, officer: Officer, week: int) -> None:
        phone, group = self._tablet, self._tablet.history.group
        facts = tail(phone.history, officer, phone.length, week)

        def written(node: Node) -> None:
            for fact in facts:
                node.append(group, [fact.event], fact.time_ms)

        await device.thread.run(written, device.node)


def candidate(setting: Setting) -> Candidate:
    """Two phones, and a socket between them."""
    return Candidate(setting)
