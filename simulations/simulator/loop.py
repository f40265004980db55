"""An event loop whose time is a number: it goes on to the next timer as soon as nothing is ready.

The same callbacks come in the same order whenever the same things are asked, so nothing may hang
on where objects lie in memory: tasks and futures hash by the order in which they were made. There
are no threads and no sockets; what would run in an executor runs at once.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, TypeVar

from simulations.simulator.process import OrderedFuture, make_task, next_number

T = TypeVar("T")

CALLBACKS_AT_ONE_TIME_MAX: Final = 2_000_000
"""More than this without time going on is a loop that never ends."""


class NothingLeft(Exception):
    """Everything waits for something that nobody will do."""


class Endless(Exception):
    """Callbacks make callbacks, and time stands still."""


class _Clockwork:
    """What the loop takes for its selector: waiting is adding to the time."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._in_a_row = 0

    def select(self, timeout_s: float | None) -> list[Any]:
        """Let so much time pass. NothingLeft when there is no timer at all; Endless."""
        if timeout_s is None:
            raise NothingLeft("no timer is set, and nothing is ready")
        if timeout_s > 0:
            self._loop.pass_time(timeout_s)
            self._in_a_row = 0
        self._in_a_row += 1
        if self._in_a_row > CALLBACKS_AT_ONE_TIME_MAX:
            raise Endless(f"time stands still at {self._loop.time():.3f} s")
        return []

    def close(self) -> None:
        """There is nothing to let go of."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Seconds since the story began; `jump` is everybody sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._clock_resolution = 1e-6  # less than a float's step late in a year would spin
        self._selector = _Clockwork(self)
        self.set_task_factory(make_task)  # type: ignore[arg-type]  # it takes any coroutine
        self.set_debug(False)

    def time(self) -> float:
        """Seconds since the story began."""
        return self._now_s

    def pass_time(self, seconds: float) -> None:
        """Time goes on; timers that are due come next, in their order."""
        self._now_s += seconds

    jump = pass_time

    def count_steps(self, counted: Callable[[Context | None], None]) -> None:
        """Tell `counted` the context of whatever is made ready from now on."""
        make_ready = super()._call_soon  # type: ignore[misc]

        def told(callback: Any, arguments: Any, context: Context | None) -> asyncio.Handle:
            handle: asyncio.Handle = make_ready(callback, arguments, context)
            counted(context)
            return handle

        self._call_soon = told  # only while it is asked for: this is the loop's innermost

    @property
    def counts_steps(self) -> bool:
        """Whether somebody is told already."""
        return "_call_soon" in self.__dict__

    def count_no_steps(self) -> None:
        """Nobody is told any more."""
        self.__dict__.pop("_call_soon", None)

    def create_future(self) -> asyncio.Future[Any]:
        """A future with a place in an order."""
        future: OrderedFuture[Any] = OrderedFuture(loop=self)
        future.number = next_number()
        return future

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do it now: there are no threads here."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _process_events(self, event_list: list[Any]) -> None:
        """The selector has none."""

    def _write_to_self(self) -> None:
        """Nobody is asleep in a selector."""
