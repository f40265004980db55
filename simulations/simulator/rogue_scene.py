"""Where an attack takes place, and what it leaves behind for whoever looks afterwards.

An attack takes place at a meeting, between one rogue and the phones of its group that are on. It
says which changes must never enter anybody's books; everything else is looked at by others.
"""

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from replication.change import Change
from replication.errors import RemoteError
from simulations.simulator.phone import Phone
from simulations.simulator.rogue import Rogue, Voice
from simulations.simulator.wire import Socket

if TYPE_CHECKING:
    from simulations.simulator.story import Group, Story

FRAMES_KEPT: Final = 512


class Scene:
    """One attack."""

    def __init__(
        self,
        story: "Story",
        group: "Group",
        rogue: Rogue,
        accomplices: tuple[Rogue, ...],
        stranger: Rogue,
        poison: set[bytes],
    ) -> None:
        self.story = story
        self.group = group
        self.rogue = rogue
        self.accomplices = accomplices
        """Other rogues of the group, who do as they are told."""
        self.stranger = stranger
        """A device that knows the group's id, and that nobody let in."""
        self.chance: random.Random = rogue.chance
        self._poison = poison

    def on(self) -> list[Phone]:
        """The honest phones that are on, in an order of chance."""
        phones = [phone for phone in self.group.phones if phone.is_on]
        return self.chance.sample(phones, len(phones))

    @contextlib.asynccontextmanager
    async def visiting(
        self, phone: Phone, rogue: Rogue | None = None, *, behaving: bool = True
    ) -> AsyncIterator[Voice]:
        """A conversation that began as any other: both know the same by now."""
        rogue = rogue or self.rogue
        async with rogue.at(phone) as voice:
            if behaving:
                await rogue.visit(phone, voice)
            yield voice

    @contextlib.contextmanager
    def recording(self, frames: list[bytes]) -> Iterator[None]:
        """Keep every frame that the rogue sends meanwhile."""
        wire, host = self.story.wire, self.rogue.host
        before = wire.watched

        def watched(socket: Socket, frame: bytes) -> bytes | None:
            if socket.here == host and len(frames) < FRAMES_KEPT:
                frames.append(frame)
            return before(socket, frame)

        wire.watched = watched
        try:
            yield
        finally:
            if wire.watched is watched:
                wire.watched = before

    def never(self, changes: Iterable[Change]) -> list[Change]:
        """None of these may ever be in an honest phone's books."""
        found = list(changes)
        self._poison.update(change.chain_hash for change in found)
        return found

    async def turned_away(self, voice: Voice) -> str:
        """Hear how an attack ended; it is counted by its code."""
        code = await voice.answer()
        self.story.trace.note(f"repelled:{code or 'no word'}", self.rogue.name)
        return code

    def not_even_drafted(self, error: RemoteError) -> None:
        """The rules refuse it so plainly that not even its author could sign it."""
        self.story.trace.note(f"repelled:{error.code}", self.rogue.name)


Attack = Callable[[Scene], Awaitable[None]]


class Kind(NamedTuple):
    """A kind of attack, as plans name it."""

    attack: Attack
    often: float
    """How many of it a meeting has on average where a plan has it; plans vary that."""
