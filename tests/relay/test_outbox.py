"""What waits for a connection is bounded, and a slow reader still learns where every log stands."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from relay.outbox import Budget, Outbox

BYTES_MAX = 100
actions = st.lists(
    st.tuples(st.sampled_from(["hear", "take"]), st.sampled_from([b"A", b"B", b"C"])), max_size=60
)


@given(actions)
def test_the_last_word_about_every_mailbox_is_heard_and_in_order(
    steps: list[tuple[str, bytes]],
) -> None:
    """News say a cursor; in full they are 30 bytes, in short 2. Never more waits than may."""
    budget = Budget(10**6)

    async def run() -> None:
        outbox = Outbox(BYTES_MAX, budget)
        cursors = dict.fromkeys((b"A", b"B", b"C"), 0)
        heard = dict(cursors)

        async def take() -> None:
            data = await outbox.next()
            mailbox, cursor = data[:1], data[1]
            assert cursor > heard[mailbox]
            heard[mailbox] = cursor

        for action, mailbox in steps:
            if action == "hear":
                cursors[mailbox] += 1
                word = mailbox + bytes([cursors[mailbox]])
                outbox.hear(mailbox, word.ljust(30), word)
            elif not outbox.is_empty:
                await take()
            assert outbox.bytes <= BYTES_MAX + 3 * 2
            assert budget.bytes == outbox.bytes
        while not outbox.is_empty:
            await take()
        assert heard == cursors
        assert outbox.bytes == budget.bytes == 0

    asyncio.run(run())


async def test_replies_always_wait_their_turn_and_hold_up_the_next_request() -> None:
    outbox = Outbox(BYTES_MAX, Budget(10**6))
    outbox.put(bytes(BYTES_MAX + 1))
    room = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not room.done()
    await outbox.next()
    await room
    await outbox.emptied()


async def test_one_budget_bounds_all_connections() -> None:
    budget = Budget(100)
    slow, other = Outbox(1000, budget), Outbox(1000, budget)
    slow.put(bytes(100))
    other.hear(b"A", b"long news of A", b"short")
    assert await other.next() == b"short"
    slow.close()
    slow.put(b"too late")
    assert (slow.bytes, budget.bytes) == (0, 0)
    other.hear(b"A", b"long news of A", b"short")
    assert await other.next() == b"long news of A"
