"""The simulator itself: its time, its processes, its wire; and that a seed is one story."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import WSMsgType

from simulations.simulator.loop import Endless, NothingLeft, VirtualLoop
from simulations.simulator.process import Killed, Process
from simulations.simulator.running import one
from simulations.simulator.wire import FAIR, HEARTBEAT_S, Socket, Wire

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
DAY_S = 86_400.0


def played(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


# Time


def test_a_year_passes_in_no_time() -> None:
    async def year() -> float:
        await asyncio.sleep(365 * DAY_S)
        return asyncio.get_running_loop().time()

    assert played(year()) == pytest.approx(365 * DAY_S)


def test_timers_come_in_their_order_and_time_never_goes_back() -> None:
    async def story() -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []
        loop, chance = asyncio.get_running_loop(), random.Random(4)
        due = [chance.uniform(0, 1000) for _ in range(200)]
        for number, at_s in enumerate(due):
            loop.call_at(at_s, lambda number=number: seen.append((loop.time(), number)))  # type: ignore[misc]
        await asyncio.sleep(1001)
        assert [number for _, number in seen] == sorted(range(200), key=due.__getitem__)
        return seen

    times = [at_s for at_s, _ in played(story())]
    assert times == sorted(times)


def test_waiting_for_nothing_is_said_at_once() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeft):
        played(forever())


def test_standing_still_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulations.simulator.loop.CALLBACKS_AT_ONE_TIME_MAX", 100)

    async def spinning() -> None:
        while True:  # noqa: ASYNC110 (what should not be)
            await asyncio.sleep(0)

    with pytest.raises(Endless):
        played(spinning())


# Processes


def test_a_killed_program_does_nothing_more_and_its_tasks_end() -> None:
    async def story() -> list[str]:
        done: list[str] = []
        process = Process("phone")

        async def stubborn() -> None:
            try:
                await asyncio.sleep(DAY_S)
            finally:
                process.begin(late())
                done.append("cancelled")
                await asyncio.sleep(1)
                done.append("went on")

        async def late() -> None:
            done.append("began after death")

        process.begin(stubborn())
        await asyncio.sleep(1)
        process.kill()
        await process.buried()
        await asyncio.sleep(DAY_S)
        with pytest.raises(Killed):
            process.require_alive()
        return done

    assert played(story()) == ["cancelled"]


# The wire


async def connected(wire: Wire) -> tuple[Socket, Socket, Process, Process]:
    caller, host = Process("caller"), Process("host")
    arrived: asyncio.Future[Socket] = asyncio.get_running_loop().create_future()

    async def serve(socket: Socket, who: str) -> None:
        arrived.set_result(socket)
        await asyncio.sleep(DAY_S)

    wire.listen("b", 1, host, serve)
    near = await caller.begin(wire.connect("a", "ws://b:1/link"))
    return near, await arrived, caller, host


def new_wire() -> Wire:
    return Wire(asyncio.get_running_loop(), random.Random(1))


def test_frames_arrive_whole_and_in_order_in_fair_weather() -> None:
    async def story() -> None:
        near, far, *_ = await connected(new_wire())
        for number in range(100):
            await near.send_bytes(bytes([number]))
        assert [(await far.receive()).data for _ in range(100)] == [bytes([n]) for n in range(100)]

    played(story())


@pytest.mark.parametrize("what", ["drop", "double", "swap", "flip"])
def test_bad_weather_does_what_it_says(what: str) -> None:
    async def story() -> list[bytes]:
        wire = new_wire()
        noted: list[str] = []
        wire.noted = lambda kind, _socket: noted.append(kind)
        wire.weather = lambda _here, _there: FAIR._replace(**{what: 0.5})
        near, far, *_ = await connected(wire)
        for number in range(60):
            await near.send_bytes(bytes([number]))
        await near.close()
        seen: list[bytes] = []
        async for message in far:
            seen.append(message.data)
        assert set(noted) == {what}
        return seen

    sent, seen = [bytes([number]) for number in range(60)], played(story())
    match what:
        case "drop":
            assert len(seen) < 60
            assert seen == [one for one in sent if one in seen]
        case "double":
            assert len(seen) > 60
            assert sorted(set(seen)) == sent
        case "swap":
            assert seen != sent
            assert set(seen) <= set(sent)
        case _:
            assert len(seen) == 60
            assert sum(one != other for one, other in zip(seen, sent, strict=True)) > 10


def test_a_cut_is_silent_until_the_heartbeat_is_missed() -> None:
    async def story() -> None:
        wire = new_wire()
        near, far, *_ = await connected(wire)
        wire.reaches = lambda _here, _there: False
        began_s = asyncio.get_running_loop().time()
        await near.send_bytes(b"lost")
        assert (await far.receive()).type is WSMsgType.CLOSED
        assert asyncio.get_running_loop().time() - began_s >= HEARTBEAT_S
        with pytest.raises(aiohttp.ClientConnectionError):
            await near.send_bytes(b"more")

    played(story())


def test_who_takes_nothing_holds_the_sender_up() -> None:
    async def story() -> None:
        near, far, *_ = await connected(new_wire())
        sending = asyncio.ensure_future(flood(near))
        await asyncio.sleep(DAY_S / 2)
        assert not sending.done()
        for _ in range(64):
            await far.receive()
        await sending

    async def flood(socket: Socket) -> None:
        for _ in range(64):
            await socket.send_bytes(bytes(65_536))
            await asyncio.sleep(0.1)

    played(story())


def test_a_killed_machine_resets_its_connections() -> None:
    async def story() -> None:
        _, far, caller, _ = await connected(new_wire())
        caller.kill()
        assert (await far.receive()).type is WSMsgType.CLOSED

    played(story())


# Stories


def told(seed: int, hash_seed: str) -> str:
    """The digest of a short story in a process of its own."""
    code = (
        "from simulations.simulator.running import one; "
        f"told = one({seed}, 2); print(told.digest, told.wrong)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        timeout=240,
        check=True,
    )
    return done.stdout.decode()


def test_a_seed_tells_the_same_story_whatever_python_hashes_by() -> None:
    first = told(5, "0")
    assert " ()" in first, first
    assert first == told(5, "random")


def test_another_seed_is_another_story() -> None:
    assert one(1, 1).digest != one(2, 1).digest


def test_a_fault_that_is_put_into_the_product_is_found() -> None:
    assert any(one(seed, 2, "a unit falls beside").wrong for seed in range(3))
    assert not one(0, 2).wrong
