"""A phone that runs and comes to another network: what it says, and what it announces there."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from node import roaming
from node.address import Address
from node.lan import Lan
from tests.node.test_lan import UMOJA, ports

WAIT_S = 30


class Announcer:
    """Counts, and refuses as often as it is told."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.tried = 0
        self.announced = asyncio.Event()

    async def restart(self) -> None:
        self.tried += 1
        if self.tried <= self.refusals:
            raise OSError("Network is unreachable")
        self.announced.set()


@pytest.mark.parametrize("refusals", [0, 2])
async def test_it_says_where_it_is_now_and_announces_itself_there(
    refusals: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roaming, "LOOK_S", 0.0)
    monkeypatch.setattr(roaming, "own_addresses", lambda: ["192.168.43.9"])
    lan = Announcer(refusals)
    ended: list[str] = []
    links = SimpleNamespace(all=lambda: [SimpleNamespace(end=ended.append)])
    device: Any = SimpleNamespace(listening=(Address("10.0.0.4", 8700),), lan=lan, links=links)
    said: list[str] = []
    following = asyncio.create_task(roaming.keep_found(device, said.append))
    async with asyncio.timeout(WAIT_S):
        await lan.announced.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert device.listening == (Address("192.168.43.9", 8700),)
    assert lan.tried == refusals + 1
    assert ended == ["moved"]
    assert len(said) == 1
    assert said[0].endswith("192.168.43.9:8700")


async def test_a_phone_that_stays_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()

    def here() -> list[str]:
        looked.set()
        return ["10.0.0.4"]

    monkeypatch.setattr(roaming, "LOOK_S", 0.0)
    monkeypatch.setattr(roaming, "own_addresses", here)
    lan = Announcer(0)
    device: Any = SimpleNamespace(listening=(Address("10.0.0.4", 8700),), lan=lan)
    following = asyncio.create_task(roaming.keep_found(device, pytest.fail))
    async with asyncio.timeout(WAIT_S):
        for _ in range(3):
            looked.clear()
            await looked.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert lan.tried == 0


async def test_who_announced_anew_is_found_and_finds() -> None:
    mover, other = (Lan(port, ("127.0.0.1",)) for port in (40011, 40012))
    try:
        await asyncio.gather(mover.start([UMOJA]), other.start([UMOJA]))
        await mover.restart()
        async with asyncio.timeout(WAIT_S):
            while {40011} != ports(other) or {40012} != ports(mover):
                waits = [asyncio.create_task(one.changed.wait()) for one in (mover, other)]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                mover.changed.clear()
                other.changed.clear()
                for wait in waits:
                    wait.cancel()
    finally:
        await asyncio.gather(mover.close(), other.close())


def test_what_a_network_does_is_no_traceback_on_the_phones_screen() -> None:
    assert not logging.getLogger("zeroconf").isEnabledFor(logging.CRITICAL)
