"""What a crowd of devices does to a relay: all connect, push at a pace, in a burst, without rest.

Each step returns what it measured. The delay of a delivery is counted from the moment at which the
blob was due, so that a pusher which falls behind its pace hides nothing.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import aiohttp

from simulations.bench.relay_devices import (
    BLOB_BYTES,
    BareDevice,
    Device,
    Group,
    RelayDevice,
    Tally,
)

JOINS_AT_ONCE: Final = 64
DELIVERED_S_MAX: Final = 120.0
QUIET_S: Final = 0.25


class Delays(NamedTuple):
    """How long blobs took to the other members, in milliseconds."""

    deliveries: int
    missing: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    seconds: float
    """From the first push to the last delivery."""


class Rate(NamedTuple):
    """What was acknowledged without rest."""

    pushers: int
    pushes_per_second: float
    receipt_p95_ms: float
    cpu_share: float
    """Of one processor, that this crowd itself used."""


class Crowd:
    """The devices of some groups."""

    def __init__(self, groups: Sequence[Group], bare: bool = False) -> None:
        self.tally = Tally()
        made: type[BareDevice] | type[RelayDevice] = BareDevice if bare else RelayDevice
        self.groups = groups
        self.pushers: list[tuple[Device, int]] = [
            (made(keys, group, self.tally), len(group.members) - 1)
            for group in groups
            for keys in group.writers
        ]
        """Each with how many others hear of what it pushes."""
        self.listeners: list[Device] = [
            made(keys, group, self.tally) for group in groups for keys in group.readers
        ]
        self._chance = random.Random(7)

    async def __aenter__(self) -> "Crowd":
        connector = aiohttp.TCPConnector(limit=0)
        self._http = aiohttp.ClientSession(connector=connector)
        return self

    async def __aexit__(self, *_args: object) -> None:
        devices = [device for device, _ in self.pushers] + self.listeners
        await asyncio.gather(*(device.leave() for device in devices), return_exceptions=True)
        await self._http.close()

    async def found(self, url: str) -> float:
        """Make all mailboxes; milliseconds."""
        began = time.perf_counter()
        for group in self.groups:
            await RelayDevice(group.writers[0], group, self.tally).found(self._http, url)
        return (time.perf_counter() - began) * 1000

    async def join(self, urls: Sequence[str]) -> float:
        """Connect all and open their mailboxes; milliseconds. Of several relay processes each has
        its share of the devices; those that only listen are all at the last one, the others then
        at the first."""
        places = asyncio.Semaphore(JOINS_AT_ONCE)

        async def join(device: Device, url: str) -> None:
            async with places:
                await device.join(self._http, url)

        of_pushers = urls[:1] if self.listeners else urls
        began = time.perf_counter()
        await asyncio.gather(
            *(
                join(device, of_pushers[number % len(of_pushers)])
                for number, (device, _) in enumerate(self.pushers)
            ),
            *(join(device, urls[-1]) for device in self.listeners),
        )
        return (time.perf_counter() - began) * 1000

    async def paced(self, per_second: float, seconds: float) -> Delays:
        """Somebody pushes so many times a second."""
        count = max(int(per_second * seconds), 1)
        chosen = self._chosen(count)
        first_ns = time.perf_counter_ns()
        tasks = []
        for number, (device, _) in enumerate(chosen):
            due_ns = first_ns + int(number / per_second * 1e9)
            await asyncio.sleep((due_ns - time.perf_counter_ns()) / 1e9)
            tasks.append(asyncio.create_task(device.push(due_ns, BLOB_BYTES)))
        await asyncio.gather(*tasks)
        return await self._delays(sum(others for _, others in chosen), first_ns)

    async def burst(self, count: int) -> Delays:
        """So many pushes at once, as fast as their devices can sign."""
        chosen = self._chosen(count)
        first_ns = time.perf_counter_ns()
        await asyncio.gather(*(self._push_now(device) for device, _ in chosen))
        return await self._delays(sum(others for _, others in chosen), first_ns)

    async def saturated(self, pushers: int, seconds: float) -> Rate:
        """So many devices push again as soon as they have their receipt."""
        until = time.perf_counter() + seconds
        began, cpu = time.perf_counter(), time.process_time()
        took: list[float] = []

        async def push_on(device: Device) -> None:
            while time.perf_counter() < until:
                start = time.perf_counter()
                await self._push_now(device)
                took.append((time.perf_counter() - start) * 1000)

        await asyncio.gather(*(push_on(device) for device, _ in self.pushers[:pushers]))
        elapsed = time.perf_counter() - began
        cpu_share = (time.process_time() - cpu) / elapsed
        return Rate(pushers, len(took) / elapsed, percentile(took, 95), cpu_share)

    async def settled(self) -> None:
        """Until no more deliveries come, so that the next step begins in silence."""
        before = -1
        while before != self.tally.count:
            before = self.tally.count
            await asyncio.sleep(QUIET_S)
        self.tally.take()

    async def _push_now(self, device: Device) -> None:
        await device.push(time.perf_counter_ns(), BLOB_BYTES)

    def _chosen(self, count: int) -> list[tuple[Device, int]]:
        return [self._chance.choice(self.pushers) for _ in range(count)]

    async def _delays(self, wanted: int, first_ns: int) -> Delays:
        missing = await self.tally.wait(wanted, DELIVERED_S_MAX)
        seconds = (time.perf_counter_ns() - first_ns) / 1e9
        delays = self.tally.take()
        p50, p95, p99, most = (percentile(delays, share) for share in (50, 95, 99, 100))
        return Delays(len(delays), missing, p50, p95, p99, most, seconds)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so many percent do not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 100)
    return ordered[max(int(rank) - 1, 0)] if ordered else 0.0
