"""Kinds of things that go wrong: a name, how often, and the coroutine that does it.

A kind's name is stable: reports count by it, and seeds are drawn over the names. Its coroutine is
done with at the end of a meeting at the latest, when it is cancelled; what it put on it takes off.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis


class Kind(NamedTuple):
    """One kind of fault."""

    often: float
    """How many of it a rough meeting has, on average."""
    work: Callable[["Nemesis"], Awaitable[None]]
    is_felt: bool = False
    """Whether it is counted where it hits something, and not when it is put on."""
