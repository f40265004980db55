"""Whatever happens in whatever order, a store answers as the naive one in memory does.

Both are asked the same; after every step the mailboxes, in turns, stand the same. One database
serves all examples: each takes mailboxes and tags of its own, and leaves nothing to sweep.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from relay.facts import Access, Checkpoint, Kind
from relay.postgres_store import open_postgres
from relay.sqlite_store import open_sqlite
from relay.store import Append, Pending, Proposal, Store, StoreError
from tests.relay.conftest import SALT
from tests.relay.memory_store import MemoryStore
from tests.relay.stored import (
    FOUNDER,
    ROOMY,
    SECRETARY,
    TREASURER,
    access,
    everything,
    key,
    push,
    signature,
)

THIRD = key("third officer")
OFFICERS = (SECRETARY, TREASURER, THIRD)
NAMES = st.sampled_from([0, 0, 0, 1, 1, 1, 2])
"""A log, a box, and one that is made late or never."""
WRITERS = st.sampled_from(OFFICERS)
FEW = st.integers(0, 5)
SIZES = st.sampled_from([3, 40, 700])
GROUPS_OF_OFFICERS = st.lists(WRITERS, min_size=1, unique=True).map(tuple)
TAGS = st.lists(FEW, max_size=3, unique=True)
BLOBS = st.tuples(NAMES, st.integers(0, 6), WRITERS, SIZES, st.sampled_from([0] * 9 + [1]))
BYTES_MAX = st.sampled_from([ROOMY, ROOMY, 1500, 50])

numbers = count()


class Bench:
    """The store under test, opened again and again on its own event loop."""

    def __init__(self, runner: asyncio.Runner, open_store: Any) -> None:
        self._runner = runner
        self._open_store = open_store
        self.salt = SALT
        self.store: Store = self.run(open_store())

    def run(self, waiting: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await waiting

        return self._runner.run(wait())

    def reopen(self) -> None:
        self.run(self.store.close())
        self.store = self.run(self._open_store())


class StoreMachine(RuleBasedStateMachine):
    """`bench` is set by whoever runs it."""

    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        example = next(numbers)
        self.model = MemoryStore(self.bench.salt)
        self.mailboxes = [key(f"{example} mailbox {n}") for n in range(3)]
        self.turns = self.mailboxes
        self.restored = False
        self.tags = [key(f"{example} tag {n}") for n in range(6)]

    def ask(self, name: str, *arguments: Any) -> Any:
        """What both answer, or the code that both refuse with."""
        real = self._answer(self.bench.store, name, arguments)
        naive = self._answer(self.model, name, arguments)
        assert real == naive
        return real

    def _answer(self, store: Store, name: str, arguments: Sequence[Any]) -> Any:
        try:
            answer = self.bench.run(getattr(store, name)(*arguments))
        except StoreError as error:
            return error.code
        if isinstance(answer, Pending):
            in_force = [one for one in answer.checkpoints if len(one[1]) > 1][:1]
            return sorted(answer.accesses), in_force, sorted(answer.checkpoints)
        if name == "append":
            return [one.code if isinstance(one, StoreError) else one for one in answer]
        return answer

    def now_ms(self) -> int:
        return next(numbers)

    def number(self, name: int) -> int:
        box = self.model.boxes.get(self.mailboxes[name])
        return box.access.number if box else 1

    def listed(self, name: int, number: int, writers: Sequence[bytes], tags: Sequence[int]) -> Any:
        box = self.model.boxes.get(self.mailboxes[name])
        kind: Kind = box.access.kind if box else "log"
        return access(number, kind, tuple(writers), tuple(self.tags[n] for n in tags))

    @initialize(tags=TAGS)
    def begin(self, tags: list[int]) -> None:
        self.make(0, "log", tags)
        self.make(1, "box", tags[:2])

    @rule(kind=st.sampled_from(["log", "box"]), tags=TAGS, name=st.sampled_from([2, 2, 0]))
    def create(self, name: int, kind: Kind, tags: list[int]) -> None:
        self.make(name, kind, tags)

    def make(self, name: int, kind: Kind, tags: list[int]) -> None:
        one = access(1, kind, OFFICERS, tuple(self.tags[n] for n in tags))
        self.ask("create", self.mailboxes[name], FOUNDER, [one], self.now_ms())

    @rule(name=NAMES, step=st.sampled_from([1, 1, 1, 2]), writers=GROUPS_OF_OFFICERS, tags=TAGS)
    def amend(self, name: int, step: int, writers: tuple[bytes, ...], tags: list[int]) -> None:
        number = self.number(name) + step
        lists = [self.listed(name, number + n, writers, tags) for n in range(1 + step % 2)]
        self.ask("amend", self.mailboxes[name], lists, self.now_ms())

    @rule(blobs=st.lists(BLOBS, min_size=2, max_size=8), bytes_max=BYTES_MAX)
    def append(self, blobs: list[tuple[int, int, bytes, int, int]], bytes_max: int) -> None:
        appends: list[Append] = [
            push(
                self.mailboxes[name],
                f"{text:02}",
                writer,
                length,
                self.number(name) - behind,
                bytes_max,
            )
            for name, text, writer, length, behind in blobs
        ]
        self.ask("append", appends, self.now_ms())

    @rule(
        name=NAMES, after=FEW, bytes_max=st.sampled_from([0, 50, 800]), count_max=st.integers(1, 4)
    )
    def entries(self, name: int, after: int, bytes_max: int, count_max: int) -> None:
        self.ask("entries", self.mailboxes[name], after, bytes_max, count_max)

    @rule(name=NAMES, number=FEW, bytes_max=st.sampled_from([0, 900]))
    def access_from(self, name: int, number: int, bytes_max: int) -> None:
        self.ask("access_from", self.mailboxes[name], number, bytes_max)

    @rule(tags=TAGS, each_max=st.integers(1, 3))
    def find(self, tags: list[int], each_max: int) -> None:
        self.ask("find", [self.tags[n] for n in tags], each_max)

    def keep(self, name: int, content: Access | Checkpoint, signer: bytes, count_max: int) -> None:
        proposal = Proposal(content, signer, signature(str(next(numbers))))
        self.ask("keep_pending", self.mailboxes[name], proposal, count_max, self.now_ms())

    @rule(
        name=NAMES,
        step=st.sampled_from([0, 1, 1, 1]),
        writers=GROUPS_OF_OFFICERS,
        signer=WRITERS,
        count_max=st.integers(1, 3),
    )
    def propose(
        self, name: int, step: int, writers: tuple[bytes, ...], signer: bytes, count_max: int
    ) -> None:
        signed = self.listed(name, self.number(name) + step, writers, [])
        self.keep(name, signed.access, signer, count_max)

    def checkpoint(self, name: int, first: int, last: int) -> Checkpoint:
        """True of the log, unless there is none or it is too short."""
        mailbox = self.mailboxes[name]
        now = self.bench.run(self.model.mailbox(mailbox))
        if now is None:
            return Checkpoint(bytes(16), first, last, bytes(32))
        chains = self.model._chains(mailbox)
        return Checkpoint(now.log_id, first, last, chains[min(last, len(chains) - 1)])

    def following(self, name: int) -> int:
        """The first entry that a next checkpoint may begin with."""
        box = self.model.boxes.get(self.mailboxes[name])
        return box.checkpoints[-1][0].last + 1 if box and box.checkpoints else 1

    @rule(name=NAMES, skip=st.integers(-1, 2), more=st.integers(-1, 2), signer=WRITERS)
    def sign_checkpoint(self, name: int, skip: int, more: int, signer: bytes) -> None:
        first = self.following(name) + skip
        self.keep(name, self.checkpoint(name, first, max(first + more, 0)), signer, 2)

    @rule(
        name=st.sampled_from([0, 0, 0, 0, 1, 2]),
        each_early=st.lists(st.sampled_from([0, 0, 0, 1, 2, 9]), min_size=1, max_size=3),
    )
    def confirm(self, name: int, each_early: list[int]) -> None:
        for early in each_early:
            self.confirm_one(name, early)

    def confirm_one(self, name: int, early: int) -> None:
        """As a device does: it pushes what says all, after what others pushed."""
        texts = [f"checkpoint {next(numbers)}" for _ in range(2)]
        appends = [
            push(self.mailboxes[name], text, access_number=self.number(name)) for text in texts
        ]
        self.ask("append", appends, self.now_ms())
        now = self.bench.run(self.model.mailbox(self.mailboxes[name]))
        last = now.cursor if now else 1
        one = self.checkpoint(name, last - early, last)
        both = tuple(sorted([(SECRETARY, signature("s")), (TREASURER, signature("t"))]))
        self.ask("confirm_checkpoint", self.mailboxes[name], one, both, self.now_ms())

    @rule(ago=st.sampled_from([-1, -1, 0, 5, 40]))
    def sweep(self, ago: int) -> None:
        self.ask("sweep", self.now_ms() - ago, 100)

    @precondition(lambda self: not self.restored)
    @rule()
    def restore_a_backup(self) -> None:
        self.restored = True
        self.bench.reopen()
        self.bench.salt = key(f"salt {next(numbers)}")
        self.ask("renew", self.bench.salt)

    @invariant()
    def mailboxes_stand_the_same(self) -> None:
        self.ask("heads", self.mailboxes)
        self.turns = self.turns[1:] + self.turns[:1]
        self.ask("mailbox", self.turns[0])
        self.ask("pending", self.turns[0])

    def teardown(self) -> None:
        self.ask("sweep", ROOMY, 100)
        for mailbox in self.model.boxes:
            self.ask("mailbox", mailbox)
            self.ask("pending", mailbox)
            real = self.bench.run(everything(self.bench.store, mailbox))
            assert real == self.model.boxes[mailbox].entries


@contextmanager
def benched(open_store: Any) -> Iterator[type[StoreMachine]]:
    with asyncio.Runner() as runner:
        bench = Bench(runner, open_store)
        try:
            yield type("BenchedMachine", (StoreMachine,), {"bench": bench})
        finally:
            bench.run(bench.store.close())


def test_a_store_answers_as_the_naive_one(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if engine == "sqlite":
        path = tmp_path / "relay.sqlite"
        opening: Any = lambda: open_sqlite(path, SALT)  # noqa: E731
    else:
        url = request.getfixturevalue("postgres_url")
        opening = lambda: open_postgres(url, SALT, connections_max=2)  # noqa: E731
    few = settings(
        max_examples=12 if engine == "sqlite" else 6,  # the statements are the same
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    with benched(opening) as machine:
        run_state_machine_as_test(machine, settings=few)
