"""Pairings under way: what this phone's owner is asked while another phone waits at the wire.

A conversation asks (`Pairing.ask`) and goes on with the answer; whoever shows the question (the
command line, a page) finds it here and answers it. A question that nobody answers within minutes
is a no. Both sides use it: the phone that joins and the one that invited.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from node.clock import random_bytes
from node.errors import CommandRefused, NodeError

Side = Literal["inviter", "joiner"]
Asks = Literal["", "number", "offer", "admit"]
"""number: do both screens show it? offer: join this group? admit: let this phone in?"""

PERSON_S_MAX: Final = 300.0  # to read a screen, find the other person, and look again
OTHER_PERSON_S_MAX: Final = PERSON_S_MAX + 30.0  # the other phone gives its own owner as long
PAIRINGS_KEPT: Final = 64  # those that are over, for whoever still asks how they ended
ID_BYTES: Final = 4


class NotAnswered(NodeError):
    """The owner said nothing in time."""

    code = "not_answered"


class Pairing:
    """One conversation with people in it."""

    def __init__(self, pairings: "Pairings", side: Side, facts: Mapping[str, Any]) -> None:
        self.id = random_bytes(ID_BYTES).hex()
        self.side = side
        self.facts: dict[str, Any] = dict(facts)
        """What the screen shows; values become JSON."""
        self.asks: Asks = ""
        self.is_over = False
        self.ended: dict[str, Any] | NodeError | None = None
        """How it ended: what to tell, or what went wrong."""
        self._pairings = pairings
        self._answer: asyncio.Future[bool] | None = None

    async def ask(self, asks: Asks, **facts: Any) -> bool:
        """The owner's answer to a question. NotAnswered."""
        self.facts |= facts
        self.asks = asks
        self._answer = asyncio.get_running_loop().create_future()
        self._pairings.tell()
        try:
            async with asyncio.timeout(PERSON_S_MAX):
                return await self._answer
        except TimeoutError:
            raise NotAnswered("Nobody answered on this phone in time. Begin again.") from None
        finally:
            self.asks, self._answer = "", None
            self._pairings.tell()

    def answer(self, yes: bool) -> None:
        """Say what the owner said. CommandRefused when nothing is being asked."""
        if self._answer is None or self._answer.done():
            raise CommandRefused(
                "This phone is not asked anything any more: the other one hung up, or it took "
                "too long. Begin again.",
                "nothing_asked",
            )
        self.asks = ""
        self._answer.set_result(yes)

    def end(self, how: Mapping[str, Any] | NodeError) -> None:
        """It is over. The first end stays."""
        if not self.is_over:
            self.is_over, self.asks = True, ""
            self.ended = how if isinstance(how, NodeError) else dict(how)
            self._pairings.tell()

    async def settled(self) -> None:
        """Wait until something is asked, or it is over."""
        while not (self.asks or self.is_over):
            await self._pairings.news()


class Pairings:
    """The pairings of one device."""

    def __init__(self) -> None:
        self._known: dict[str, Pairing] = {}
        self._news = asyncio.Event()

    def begin(self, side: Side, **facts: Any) -> Pairing:
        """One more."""
        pairing = Pairing(self, side, facts)
        self._known[pairing.id] = pairing
        over = [one.id for one in self._known.values() if one.is_over]
        for old in over[: max(0, len(over) - PAIRINGS_KEPT)]:
            del self._known[old]
        return pairing

    def find(self, number: str) -> Pairing:
        """A pairing by its id. CommandRefused when there is none."""
        try:
            return self._known[number]
        except KeyError:
            raise CommandRefused(
                "There is no such pairing any more. Begin again.", "no_such_pairing"
            ) from None

    def asking(self, side: Side) -> list[Pairing]:
        """Those of one side whose owner is asked something now, oldest first."""
        return [one for one in self._known.values() if one.side == side and one.asks]

    def tell(self) -> None:
        """Wake whoever waits for something to change."""
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Wait until something changes."""
        await self._news.wait()
