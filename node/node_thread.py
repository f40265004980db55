"""The one thread on which the node lives: everything that touches the ledger runs here, in order.

SQLite, the replicas and the books are plain synchronous objects. Asyncio code asks for work with
`await thread.run(function, …)`; a caller that goes away does not stop work that has begun, because
a step is stored whole or not at all.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class NodeThread:
    """A worker thread that takes calls one after the other."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="node")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` on the thread and return what it returns or raises."""
        future = self._pool.submit(function, *args, **kwargs)
        return await asyncio.shield(asyncio.wrap_future(future))

    def close(self) -> None:
        """Finish what was asked for, then end the thread."""
        self._pool.shutdown(wait=True)
