"""What every store does, over SQLite and over a real PostgreSQL; the machine beside it compares
them with a naive one in whatever order things happen."""

import asyncio
from hashlib import sha256

import pytest

from relay.facts import CHAIN_MAX, TAGS_MAX, Checkpoint, Entry, SignedAccess
from relay.store import Appended, Look, Pending, Proposal, Store, StoreError
from tests.relay.conftest import OpenStore
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

GROUP = key("log of Umoja")
OTHER = key("log of Tumaini")


async def refused(code: str, store: Store, name: str, *arguments: object) -> None:
    with pytest.raises(StoreError) as caught:
        await getattr(store, name)(*arguments)
    assert caught.value.code == code


async def pushed(store: Store, *texts: str, mailbox: bytes = GROUP) -> list[Appended]:
    results = await store.append([push(mailbox, text) for text in texts], 1000)
    assert all(isinstance(one, Appended) for one in results)
    return [one for one in results if isinstance(one, Appended)]


async def test_what_was_appended_is_read_by_another_store_on_the_same_database(
    open_store: OpenStore,
) -> None:
    store = await open_store()
    await store.create(GROUP, FOUNDER, [access()], 5)
    await pushed(store, "first", "second")
    before = await store.mailbox(GROUP)
    await store.close()
    again = await open_store()
    assert await again.mailbox(GROUP) == before
    assert [one.blob for one in await everything(again, GROUP)] == [b"first", b"second"]


async def test_nothing_is_known_of_a_mailbox_that_is_not_there(store: Store) -> None:
    assert await store.mailbox(GROUP) is None
    assert await store.heads([GROUP]) == {}
    assert await store.access_from(GROUP, 1, ROOMY) == ()
    assert await store.pending(GROUP) == Pending((), ())
    assert await store.find([key("tag")], 5) == ()
    (result,) = await store.append([push(GROUP, "lost")], 5)
    assert isinstance(result, StoreError)
    assert result.code == "unknown_mailbox"
    await refused("unknown_mailbox", store, "entries", GROUP, 0, 10, 10)
    await refused("unknown_mailbox", store, "amend", GROUP, [access(2)], 5)
    proposal = Proposal(access(2).access, SECRETARY, signature("2"))
    await refused("unknown_mailbox", store, "keep_pending", GROUP, proposal, 5, 5)
    assert await store.usage() == (0, 0)


async def test_a_mailbox_is_made_once(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access(1), access(2)], 5)
    await refused("exists", store, "create", GROUP, FOUNDER, [access()], 6)
    now = await store.mailbox(GROUP)
    assert now is not None
    assert now.access == access(2).access
    assert (now.founder, now.cursor, now.first_kept) == (FOUNDER, 0, 1)


async def test_tasks_that_make_one_mailbox_at_once_make_one(store: Store) -> None:
    makes = [store.create(GROUP, FOUNDER, [access()], 5) for _ in range(8)]
    results = await asyncio.gather(*makes, return_exceptions=True)
    assert sorted(str(getattr(one, "code", "")) for one in results) == ["", *["exists"] * 7]


async def test_the_longest_chain_of_lists_and_many_tags(store: Store) -> None:
    tags = tuple(key(f"tag {n}") for n in range(TAGS_MAX))
    chain = [access(number) for number in range(1, CHAIN_MAX)]
    await store.create(GROUP, FOUNDER, [*chain, access(CHAIN_MAX, tags=tags)], 5)
    assert len(await store.find(tags, 1)) == TAGS_MAX
    read: list[SignedAccess] = []
    while len(read) < CHAIN_MAX:
        page = await store.access_from(GROUP, len(read) + 1, 20_000)
        assert page
        assert len(page) < 200
        read += page
    assert read == [*chain, access(CHAIN_MAX, tags=tags)]
    assert await store.access_from(GROUP, CHAIN_MAX, 1) == (access(CHAIN_MAX, tags=tags),)
    assert await store.access_from(GROUP, CHAIN_MAX + 1, ROOMY) == ()


async def test_the_same_blob_again_gives_its_old_entry_for_ever(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access(kind="box")], 5)
    (first,) = await pushed(store, "slot")
    await pushed(store, "newer slot")
    again, twin = await store.append(
        [push(GROUP, "slot"), push(GROUP, "slot", writer=TREASURER)], 2000
    )
    assert again == twin == first._replace(fresh=False)
    entries = await everything(store, GROUP)
    assert [one.blob for one in entries] == [None, b"newer slot"]


async def test_a_batch_tells_of_each_blob_and_keeps_its_order(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    await store.create(OTHER, FOUNDER, [access()], 5)
    results = await store.append(
        [
            push(GROUP, "a"),
            push(OTHER, "b", access_number=2),
            push(key("nowhere"), "c"),
            push(OTHER, "d", length=500, bytes_max=499),
            push(GROUP, "a"),
            push(OTHER, "e", length=500, bytes_max=500),
            push(GROUP, "f"),
        ],
        7,
    )
    told = [one.entry.cursor if isinstance(one, Appended) else one.code for one in results]
    assert told == [1, "stale_access", "unknown_mailbox", "quota_exceeded", 1, 1, 2]
    assert await store.usage() == (2, 502)
    assert await store.append([], 8) == []


async def test_a_box_keeps_one_blob_a_device_and_counts_no_other(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access(kind="box")], 5)
    for n in range(5):
        for writer, name in ((SECRETARY, "s"), (TREASURER, "t")):
            one = push(GROUP, f"{name}{n}", writer, length=100, bytes_max=200)
            (result,) = await store.append([one], n)
            assert isinstance(result, Appended)
    both = [push(GROUP, f"s{n}", length=100, bytes_max=200) for n in (5, 6)]
    assert all(isinstance(one, Appended) for one in await store.append(both, 9))
    now = await store.mailbox(GROUP)
    assert now is not None
    assert (now.cursor, now.bytes_used) == (12, 200)
    assert [one.cursor for one in await everything(store, GROUP) if one.blob] == [10, 12]


async def test_who_may_not_write_any_more_leaves_no_blob_in_a_box(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access(kind="box")], 5)
    await store.append([push(GROUP, "s"), push(GROUP, "t", TREASURER, length=50)], 6)
    await store.amend(GROUP, [access(2, "box", (SECRETARY,))], 7)
    assert [one.blob for one in await everything(store, GROUP)] == [b"s", None]
    now = await store.mailbox(GROUP)
    assert now is not None
    assert now.bytes_used == 1


async def test_pulling_stops_at_bytes_and_count_but_gives_at_least_one(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    sizes = (10, 700_000, 20, 30, 40)
    await store.append([push(GROUP, f"{n}", length=size) for n, size in enumerate(sizes)], 6)

    async def cursors(after: int, bytes_max: int, count_max: int) -> list[int]:
        now, entries = await store.entries(GROUP, after, bytes_max, count_max)
        assert now.cursor == 5
        return [one.cursor for one in entries]

    assert await cursors(0, 50, 9) == [1]
    assert await cursors(1, 0, 9) == [2]
    assert await cursors(2, 50, 9) == [3, 4]
    assert await cursors(2, 89, 9) == [3, 4]
    assert await cursors(2, 90, 9) == [3, 4, 5]
    assert await cursors(2, 90, 2) == [3, 4]
    assert await cursors(5, 90, 9) == []
    assert await cursors(2**53, 90, 9) == []


async def test_a_found_mailbox_can_not_be_hidden_behind_many_others(store: Store) -> None:
    tag, second = key("reader"), key("another reader")
    genuine = bytes([255]) * 32
    await store.create(genuine, FOUNDER, [access(tags=(tag, second))], 5)
    for n in range(6):
        await store.create(bytes([n]) * 32, FOUNDER, [access(tags=(tag,))], 6 + n)
    found = await store.find([tag, second, key("nobody"), tag], 3)
    in_tag = [(tag, bytes([0]) * 32), (tag, bytes([1]) * 32), (tag, genuine)]
    assert found == tuple(sorted([*in_tag, (second, genuine)]))


async def test_lists_follow_each_other_and_tags_follow_the_lists(store: Store) -> None:
    old, new = key("old tag"), key("new tag")
    await store.create(GROUP, FOUNDER, [access(1, tags=(old,))], 5)
    proposal = Proposal(access(2).access, SECRETARY, signature("2"))
    await store.keep_pending(GROUP, proposal, 5, 6)
    await refused("stale_access", store, "amend", GROUP, [access(1)], 6)
    await refused("stale_access", store, "amend", GROUP, [access(3)], 6)
    await refused("stale_access", store, "amend", GROUP, [access(2), access(4)], 6)
    await refused("stale_access", store, "amend", GROUP, [], 6)
    assert (await store.pending(GROUP)).accesses != ()
    await store.amend(GROUP, [access(2, tags=(old, new)), access(3, tags=(new,))], 6)
    assert await store.find([old, new], 5) == ((new, GROUP),)
    assert await store.heads([GROUP, OTHER]) == {GROUP: Look(0, 3)}
    assert await store.pending(GROUP) == Pending((), ())
    numbers = [one.access.number for one in await store.access_from(GROUP, 2, ROOMY)]
    assert numbers == [2, 3]


async def test_what_waits_for_signatures_is_bounded_and_one_a_signer(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    one, other = access(2), access(2, writers=(SECRETARY,))
    keep = "keep_pending"
    await store.keep_pending(GROUP, Proposal(other.access, SECRETARY, signature("x")), 2, 6)
    await store.keep_pending(GROUP, Proposal(one.access, SECRETARY, signature("s")), 2, 6)
    await store.keep_pending(GROUP, Proposal(one.access, TREASURER, signature("t")), 2, 7)
    third = Proposal(one.access, key("third"), signature("3"))
    await refused("too_many_pending", store, keep, GROUP, third, 2, 8)
    early = Proposal(access(3).access, SECRETARY, signature("3"))
    await refused("stale_access", store, keep, GROUP, early, 9, 8)
    both = sorted([(SECRETARY, signature("s")), (TREASURER, signature("t"))])
    assert await store.pending(GROUP) == Pending((SignedAccess(one.access, tuple(both)),), ())


async def checkpoint(store: Store, first: int, last: int) -> Checkpoint:
    """True of the log as it is."""
    now = await store.mailbox(GROUP)
    assert now is not None
    (result,) = await store.append([push(GROUP, f"blob {last}")], 1)
    assert isinstance(result, Appended)
    assert result.entry.cursor == last
    return Checkpoint(now.log_id, first, last, result.chain)


BY_BOTH = tuple(sorted([(SECRETARY, signature("s")), (TREASURER, signature("t"))]))


async def log_of(store: Store, count: int) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    await pushed(store, *(f"blob {n}" for n in range(1, count + 1)))


async def test_blobs_go_behind_the_last_but_one_checkpoint_and_only_in_time(store: Store) -> None:
    await log_of(store, 600)
    assert await store.sweep(ROOMY, 10) == 0
    for n, (first, last) in enumerate([(300, 301), (500, 502), (550, 551)]):
        await store.confirm_checkpoint(GROUP, await checkpoint(store, first, last), BY_BOTH, 10 * n)
    assert await store.sweep(10, 10) == 0
    assert await store.sweep(11, 10) == 299
    assert await store.sweep(11, 10) == 0
    assert await store.sweep(21, 10) == 200
    assert await store.sweep(ROOMY, 10) == 0
    now = await store.mailbox(GROUP)
    assert now is not None
    kept = [one.cursor for one in await everything(store, GROUP) if one.blob is not None]
    assert kept == list(range(500, 601))
    assert (now.first_kept, now.cursor) == (500, 600)
    assert now.bytes_used == sum(len(f"blob {n}") for n in kept)
    (again,) = await store.append([push(GROUP, "blob 7")], 99)
    assert isinstance(again, Appended)
    assert (again.entry.cursor, again.fresh) == (7, False)
    (newest, signatures), *waiting = (await store.pending(GROUP)).checkpoints
    assert (newest.first, newest.last, signatures, waiting) == (550, 551, BY_BOTH, [])
    await store.renew(key("another salt"))
    gone = await checkpoint(store, 499, 600)
    await refused("stale_checkpoint", store, "confirm_checkpoint", GROUP, gone, BY_BOTH, 30)
    await store.confirm_checkpoint(GROUP, gone._replace(first=500), BY_BOTH, 30)


async def test_sweeping_takes_so_many_mailboxes_at_once(store: Store) -> None:
    for n in range(5):
        mailbox = key(f"box {n}")
        await store.create(mailbox, FOUNDER, [access()], 5)
        ends = await pushed(store, "a", "b", "c", mailbox=mailbox)
        for end in ends[1:]:
            cursor = end.entry.cursor
            true = Checkpoint(end.log_id, cursor, cursor, end.chain)
            await store.confirm_checkpoint(mailbox, true, BY_BOTH, 10)
    assert [await store.sweep(11, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_checkpoint_that_is_not_true_of_the_log_is_refused(store: Store) -> None:
    await log_of(store, 20)
    true = await checkpoint(store, 10, 12)
    await store.confirm_checkpoint(GROUP, true, BY_BOTH, 5)
    following = await checkpoint(store, 13, 15)
    false = [
        true,
        following._replace(log_id=bytes(16)),
        following._replace(chain=bytes(32)),
        following._replace(last=16),
        following._replace(first=12),
        following._replace(first=16),
        following._replace(last=21),
    ]
    for one in false:
        await refused("stale_checkpoint", store, "confirm_checkpoint", GROUP, one, BY_BOTH, 6)
        proposal = Proposal(one, SECRETARY, signature("s"))
        await refused("stale_checkpoint", store, "keep_pending", GROUP, proposal, 5, 6)
    await store.keep_pending(GROUP, Proposal(following, SECRETARY, signature("s")), 5, 6)
    by_one = ((SECRETARY, signature("s")),)
    in_force, waiting = (await store.pending(GROUP)).checkpoints
    assert (in_force, waiting) == ((true, BY_BOTH), (following, by_one))
    await store.confirm_checkpoint(GROUP, following, BY_BOTH, 7)
    assert (await store.pending(GROUP)).checkpoints == ((following, BY_BOTH),)


async def test_a_box_has_no_checkpoints(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access(kind="box")], 5)
    (end,) = await pushed(store, "slot")
    one = Checkpoint(end.log_id, 1, 1, end.chain)
    await refused("stale_checkpoint", store, "confirm_checkpoint", GROUP, one, BY_BOTH, 6)


async def test_a_renewal_begins_every_log_anew_and_keeps_what_is_there(store: Store) -> None:
    await log_of(store, 1200)
    one = await checkpoint(store, 500, 500)
    await store.confirm_checkpoint(GROUP, one, BY_BOTH, 6)
    await store.create(OTHER, FOUNDER, [access()], 5)
    before = [await store.mailbox(mailbox) for mailbox in (GROUP, OTHER)]
    entries = await everything(store, GROUP, ROOMY)
    await store.renew(key("second salt"))
    await store.renew(key("third salt"))
    (again,) = await store.append([push(GROUP, "blob 1200")], 99)
    assert isinstance(again, Appended)
    assert await everything(store, GROUP, ROOMY) == entries
    after = [await store.mailbox(mailbox) for mailbox in (GROUP, OTHER)]
    ids = {box.log_id for box in (*before, *after) if box is not None}
    assert len(ids) == 4
    assert after[0] is not None
    assert (again.log_id, again.chain) == (after[0].log_id, after[0].chain)
    assert await store.pending(GROUP) == Pending((), ())
    await store.create(key("later"), FOUNDER, [access()], 5)
    assert len({one.log_id for one in [await store.mailbox(key("later"))] if one} | ids) == 5


async def test_many_tasks_append_at_once_and_no_cursor_is_missing(open_store: OpenStore) -> None:
    """From two stores on one database where the engine allows it. Some push the same blobs."""
    store = await open_store()
    stores = [store]
    for mailbox in (GROUP, OTHER):
        await store.create(mailbox, FOUNDER, [access()], 5)
    if type(store).__name__ == "PostgresStore":
        stores.append(await open_store())

    async def task(number: int) -> list[Appended | StoreError]:
        results = []
        for n in range(12):
            own = push(GROUP, f"{number} {n}")
            results += await stores[number % len(stores)].append(
                [own, push(OTHER, f"shared {n}"), push(OTHER, f"pair {number // 2} {n}")], n
            )
        return results

    outcomes = [one for some in await asyncio.gather(*map(task, range(8))) for one in some]
    assert all(isinstance(one, Appended) for one in outcomes)
    told = {one.entry for one in outcomes if isinstance(one, Appended)}
    fresh = [one.entry for one in outcomes if isinstance(one, Appended) and one.fresh]
    stored: list[Entry] = []
    for mailbox, count in ((GROUP, 8 * 12), (OTHER, 12 + 4 * 12)):
        entries = await everything(stores[-1], mailbox)
        assert len(entries) == count
        assert len({one.blob for one in entries}) == count
        stored += [one._replace(blob=None) for one in entries]
    assert set(stored) == told
    assert sorted(stored) == sorted(fresh)


async def test_what_comes_back_is_whole_for_the_largest_blob(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    one = push(GROUP, "large", length=768 * 1024)
    await store.append([one], 6)
    (entry,) = await everything(store, GROUP)
    assert entry.blob is not None
    assert sha256(entry.blob).digest() == one.blob_hash


async def test_a_store_that_is_closed_says_so(store: Store) -> None:
    await store.create(GROUP, FOUNDER, [access()], 5)
    await store.check()
    await store.close()
    await store.close()
    await refused("unavailable", store, "check")
    await refused("unavailable", store, "mailbox", GROUP)
    (result,) = await store.append([push(GROUP, "late")], 5)
    assert isinstance(result, StoreError)
    assert result.code == "unavailable"


async def test_news_end_when_the_store_closes(store: Store) -> None:
    async def listen() -> list[tuple[bytes, ...]]:
        return [batch async for batch in store.news()]

    listening = asyncio.create_task(listen())
    await store.announce([GROUP])
    await store.close()
    assert GROUP not in {one for batch in await listening for one in batch}
