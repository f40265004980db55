"""A peer whose turn it is, and who says nothing: hung up on, and nobody else is.

A message may be gone although the connection lives and answers every heartbeat. Time is a number
here, and the other end of the socket a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from node.clock import CLOCK
from node.links import Links
from node.peer_link import SILENCE_S, PeerLink
from node.secure_socket import BYE, SESSION, SecureSocket
from simulations.simulator.loop import VirtualLoop
from simulations.simulator.phone import PhoneClock

HOUR_S = 3600.0


class Script:
    """What the other end says when: seconds to wait, then a message; at the end nothing more."""

    def __init__(self, *says: tuple[float, int, bytes]) -> None:
        self._says = list(says)
        self.bytes_in = 0
        self.bytes_out = 0
        self.said: list[tuple[int, bytes]] = []

    async def receive(self) -> tuple[int, bytes]:
        for seconds, label, message in self._says[:1]:
            del self._says[0]
            await asyncio.sleep(seconds)
            self.bytes_in += len(message)
            return label, message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: bytes, label: int = SESSION) -> None:
        self.said.append((label, message))

    async def close(self, _code: int) -> None:
        """There is nothing to close."""


class OneLink:
    """What `Links` is to a link: a session that needs so long for each message."""

    def __init__(self, owed: bool, step_s: float = 0.0) -> None:
        self.owed = owed
        self.step_s = step_s
        self.taken = 0

    def new_peer_name(self, _device: bytes) -> str:
        return "peer"

    async def connect(self, link: PeerLink) -> None:
        """Begins at once."""

    async def disconnect(self, link: PeerLink) -> None:
        """Ends at once."""

    async def is_owed(self, link: PeerLink) -> bool:
        return self.owed

    async def receive(self, link: PeerLink, message: bytes) -> None:
        await asyncio.sleep(self.step_s)
        self.taken += 1


def held(script: Script, links: OneLink) -> tuple[str, float]:
    """How a link ends, and when; "" where it lives for an hour."""

    async def run() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        CLOCK.set(PhoneClock(loop.time, "silence"))
        link = PeerLink(
            cast(Links, links), cast(SecureSocket, script), bytes(32), bytes(32), initiator=True
        )
        try:
            async with asyncio.timeout(HOUR_S):
                await link.run()
        except TimeoutError:
            return "", loop.time()
        return link.ending, loop.time()

    return told(run)


def told(run: Callable[[], Coroutine[Any, Any, tuple[str, float]]]) -> tuple[str, float]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


def test_who_never_answers_is_hung_up_on_and_told_why() -> None:
    script = Script()
    ending, after_s = held(script, OneLink(owed=True))
    assert ending == "silent"
    assert SILENCE_S <= after_s <= 2 * SILENCE_S
    assert script.said == [(BYE, b"silent")]


def test_who_stops_in_the_middle_is_hung_up_on() -> None:
    ending, after_s = held(Script((5.0, SESSION, b"have")), OneLink(owed=True))
    assert ending == "silent"
    assert after_s <= 5 + 2 * SILENCE_S


def test_who_has_nothing_to_say_may_be_silent() -> None:
    assert held(Script(), OneLink(owed=False)) == ("", HOUR_S)


def test_who_answers_slowly_is_waited_for() -> None:
    every = [(SILENCE_S - 1, SESSION, b"changes")] * 20
    links = OneLink(owed=True)
    ending, _ = held(Script(*every, (1.0, BYE, b"done")), links)
    assert (ending, links.taken) == ("peer_done", 20)


@pytest.mark.parametrize("step_s", [SILENCE_S - 1, SILENCE_S + 1, 10 * SILENCE_S])
def test_our_own_slowness_is_not_the_peer_s(step_s: float) -> None:
    """While this phone works on a message it hears nothing, and that is nobody's fault."""
    links = OneLink(owed=True, step_s=step_s)
    script = Script(
        (1.0, SESSION, b"changes"), (SILENCE_S - 2, SESSION, b"more"), (1.0, BYE, b"done")
    )
    ending, _ = held(script, links)
    assert (ending, links.taken) == ("peer_done", 2)
