"""What lives and dies together: the tasks of one program on one machine.

Killing is not stopping: nothing that a program would still do at its end reaches a disk or a wire,
because both are taken away first. Its tasks are then cancelled until none is left, which is all
that Python allows; whatever they do meanwhile is done by a dead program.

Tasks and futures hash by the order in which they were made: asyncio keeps them in sets, and where
objects lie in memory must decide nothing.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar

T = TypeVar("T")

CANCELS_MAX: Final = 100
"""A task that lives on after so many is one that never ends."""

RUNNING: Final[ContextVar["Process | None"]] = ContextVar("process", default=None)
"""Whose task is running."""


class Killed(asyncio.CancelledError):
    """The program was killed while it was doing this."""


class _Ordered:
    """Hashes by number; the same object only is equal."""

    number: int

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class OrderedFuture(_Ordered, asyncio.Future[T]):
    """A future that sets keep in the same order in every run."""


class OrderedTask(_Ordered, asyncio.Task[T]):
    """A task that sets keep in the same order in every run."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.number = next_number()  # before asyncio puts it into its sets
        super().__init__(*arguments, **settings)


_numbers = itertools.count(1)


def next_number() -> int:
    """One more than ever before in this interpreter; only the order of numbers counts."""
    return next(_numbers)


def make_task(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T],
    context: Context | None = None,
    **settings: Any,
) -> asyncio.Task[T]:
    """A loop's task factory: the task belongs to the program whose task makes it."""
    context = copy_context() if context is None else context  # an empty one is false
    task: OrderedTask[T] = OrderedTask(coroutine, loop=loop, context=context, **settings)
    process = context.get(RUNNING)
    if process is not None:
        process.adopt(task)
    return task


class Process:
    """One run of one program."""

    def __init__(self, name: str, context: Context | None = None) -> None:
        self.name = name
        self.is_alive = True
        self.context = context or copy_context()
        """What its tasks inherit: its clock, and that they are its."""
        self.context.run(RUNNING.set, self)
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self.at_death: list[Callable[[], None]] = []
        """What takes its disk and its wires away, in this order."""
        self._burial: asyncio.Task[None] | None = None

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task of this program; what it starts is the program's, too."""
        return asyncio.get_running_loop().create_task(work, context=self.context.copy())

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """A task of this program began; in a dead program it does not get far."""
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        if not self.is_alive:
            task.cancel()

    def require_alive(self) -> None:
        """Killed when it is not."""
        if not self.is_alive:
            raise Killed(self.name)

    def kill(self) -> None:
        """Pull the battery: from now on nothing that it does counts. Twice is harmless."""
        if self.is_alive:
            self.is_alive = False
            for take_away in self.at_death:
                take_away()
            self._burial = asyncio.get_running_loop().create_task(self._bury(), context=Context())

    async def _bury(self) -> None:
        for _ in range(CANCELS_MAX):
            if not self._tasks:
                return
            for task in list(self._tasks):
                task.cancel()
            await asyncio.sleep(0)
        raise AssertionError(f"{self.name} was killed and does not die: {list(self._tasks)}")

    async def buried(self) -> None:
        """Wait until nothing of a killed program runs any more."""
        if self._burial is not None:
            await asyncio.shield(self._burial)  # whoever waits may be called off
