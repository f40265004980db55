"""One exchange between two phones, cut after k bytes, for many k; needs no privileges.

The phone that calls is opened in this process, the one that is called runs as a program. For each k
one of them records, the two exchange over a connection that breaks after k bytes, and then:

- either side shows the book that it showed before or the one that it should show now, nothing
  between: changes are whole, or not there;
- an exchange over a whole connection brings both to one digest, with every entry once.

    python -m simulations.wire --cuts N --seed S
"""

import asyncio
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from node.actions import ACTIONS
from node.address import parse_address
from node.asking import as_json, over_api
from node.clock import now_ms
from node.device import Device, open_device
from node.errors import NodeError
from node.exchanges import EXCHANGES
from node.home import running
from node.marker import STATE_VARIABLE
from node.node import Node, Step
from simulations.phones import Phone
from simulations.wire.handsets import leash
from simulations.wire.proxy import BreakingProxy
from simulations.wire.village import SHARE_MINOR, NotSo

FIRST_BYTES: Final = 600
"""HTTP's part and the handshake: cut more closely than the rest."""


GROWTH_BYTES: Final = 128
"""What an exchange grows by while more is recorded; a cut past its end is harmless."""
DEADLINE_S: Final = 30.0


class Cut(NamedTuple):
    """What came of cutting."""

    cuts: int
    broken: int
    """Exchanges that did not come to their end."""
    bytes_whole: int
    """Of an exchange that is not cut."""
    delivered: int
    """Of these, after which both showed one book all the same: only the farewell was lost."""


class Called:
    """The phone that is called: the real program."""

    def __init__(self, folder: Path) -> None:
        self.phone = Phone("secretary", folder / "secretary")
        self.phone.program = (*leash(), *self.phone.program)

    def ask(self, question: str, **fields: Any) -> dict[str, Any]:
        """The answer of the running phone. NodeError."""
        holder = running(self.phone.home)
        if holder is None:
            raise NotSo(f"the phone that is called stopped: {self.phone.log()[-3000:]}")
        return over_api(holder, question, _request(question, fields))


class Caller:
    """The phone that calls."""

    def __init__(self, device: Device) -> None:
        self.device = device

    async def ask(self, question: str, **fields: Any) -> dict[str, Any]:
        """As a command would ask. NodeError."""
        asked = _request(question, fields)
        if question in EXCHANGES:
            return as_json(await EXCHANGES[question].run(self.device, asked))
        answers: list[Any] = []

        def work(node: Node) -> Step:
            answers.append(ACTIONS[question].run(node, asked, now_ms()))
            return answers[0].step or Step()

        await self.device.write(work)
        return as_json(answers[0].body)


def _request(question: str, fields: dict[str, Any]) -> Any:
    return (ACTIONS.get(question) or EXCHANGES[question]).request(**fields)


def chosen_cuts(seed: int, count: int, whole: int) -> list[int]:
    """Where to cut an exchange of so many bytes: every byte if there are enough, else a sample."""
    if count >= whole:
        return list(range(whole))
    chance = random.Random(f"cuts {seed}")
    begun = min(count // 3, FIRST_BYTES, whole)
    first = chance.sample(range(min(FIRST_BYTES, whole)), begun)
    rest = chance.sample(range(whole), count - begun)
    return sorted((first + rest)[:count])


def cut_everywhere(folder: Path, seed: int, count: int) -> Cut:
    """Cut an exchange at `count` places. NotSo when a promise is not kept."""
    called = Called(folder)
    before = os.environ.get(STATE_VARIABLE)
    os.environ[STATE_VARIABLE] = str(folder / "caller.state")
    try:
        called.phone.do("init", "--name", "secretary")
        called.phone.start("--no-lan")
        caller = Phone("treasurer", folder / "treasurer")
        caller.do("init", "--name", "treasurer")
        return asyncio.run(_cut_everywhere(called, caller.home, seed, count))
    finally:
        called.phone.kill()
        if before is None:
            del os.environ[STATE_VARIABLE]
        else:
            os.environ[STATE_VARIABLE] = before


async def _cut_everywhere(called: Called, home: Path, seed: int, count: int) -> Cut:
    address = parse_address(called.phone.address)
    async with open_device(home) as device:
        caller = Caller(device)
        called.ask("found", name="Umoja", currency="KES", share_value="100", cards=False,
                   shares_max=1_000_000)  # fmt: skip
        code = called.ask("invite", title="treasurer")["uri"]
        await caller.ask("join", invitation=code, yes=True)
        for number in (1, 2):
            called.ask("record", kind="member", name=f"Member {number}")
        called.ask("record", kind="meeting", date="2026-01-07")
        with BreakingProxy((address.host, address.port)) as proxy:
            return await _Play(called, caller, proxy).through(seed, count)


class _Play:
    def __init__(self, called: Called, caller: Caller, proxy: BreakingProxy) -> None:
        self.called = called
        self.caller = caller
        self.proxy = proxy
        self.recorded = 0

    async def through(self, seed: int, count: int) -> Cut:
        for _ in range(2):
            await self._record()
            await self._exchange(None)
        whole = self.proxy.carried + GROWTH_BYTES
        broken = delivered = 0
        places = chosen_cuts(seed, count, whole)
        for place in places:
            went, alike = await self._cut_once(place)
            broken += not went
            delivered += not went and alike
        await self._verify()
        return Cut(len(places), broken, whole, delivered)

    async def _cut_once(self, place: int) -> tuple[bool, bool]:
        """Cut one exchange, look, then let one through; whether it came through, whether alike."""
        before = await self._digests()
        await self._record()
        now = await self._digests()
        went = await self._exchange(place)
        after = await self._digests()
        if went and len(set(after)) != 1:
            raise NotSo(f"cut after {place} bytes: said to be in step, and is not: {after}")
        allowed = self._allowed(before, now)
        if not set(after) <= allowed:
            raise NotSo(f"cut after {place} bytes: a book that nobody wrote: {after} of {allowed}")
        if not await self._exchange(None):
            raise NotSo(f"after a cut at {place} bytes a whole connection did not help")
        await self._require_all(place)
        return went, len(set(after)) == 1

    @staticmethod
    def _allowed(before: Sequence[str], now: Sequence[str]) -> set[str]:
        """One of the two recorded alone, so the new book is the writer's."""
        return set(before) | set(now)

    async def _record(self) -> None:
        """In turn the one records, then the other."""
        fields = {"kind": "contribution", "amount": "100", "member": str(self.recorded % 2 + 1)}
        if self.recorded % 2:
            await self.caller.ask("record", **fields)
        else:
            self.called.ask("record", **fields)
        self.recorded += 1

    async def _exchange(self, place: int | None) -> bool:
        self.proxy.break_at = place
        try:
            await self.caller.ask("sync", address=self.proxy.address)
        except NodeError as error:
            if place is None:
                raise NotSo(f"a whole connection, and: {error.sentence} ({error.code})") from error
            return False
        finally:
            if not await asyncio.to_thread(self.proxy.over.wait, DEADLINE_S):
                raise NotSo(f"the connection stayed open; it was cut after {place} bytes")
        return True

    async def _digests(self) -> tuple[str, str]:
        ours = await self.caller.ask("book")
        return self.called.ask("book")["digest"], ours["digest"]

    async def _require_all(self, place: int) -> None:
        """Every entry is there once, at both."""
        theirs, ours = self.called.ask("book"), await self.caller.ask("book")
        if (theirs["digest"], sorted(theirs["heads"])) != (ours["digest"], sorted(ours["heads"])):
            raise NotSo(f"cut after {place} bytes: two books after a whole exchange")
        saved = sum(one["savings"] for one in ours["members"])
        if saved != self.recorded * SHARE_MINOR:
            raise NotSo(f"cut after {place} bytes: {saved} saved of {self.recorded} shares")

    async def _verify(self) -> None:
        """Everything is derived again from the signed changes, at both. NodeError."""
        self.called.ask("verify")
        await self.caller.ask("verify")
