"""What a relay answers, without its sockets: every request by everybody who might make it."""

import asyncio
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config import Config
from relay.desk import Desk
from relay.facts import (
    ProtocolError,
    chain_next,
    check_entry,
    check_head,
    mailbox_id,
)
from relay.protocol import (
    Amend,
    Closed,
    Done,
    Find,
    Found,
    Message,
    Opened,
    Pull,
    ReadAccess,
    Receipt,
    decode,
    encode,
)
from relay.refusals import refusal as refusal_of
from relay.store import StoreError
from tests.relay.desks import (
    BOX,
    WHO,
    ask,
    desk,
    done,
    entries,
    founded,
    opened,
    refusal,
    serving,
    store,
    the_checkpoint,
)
from tests.relay.devices import (
    RELAY_KEY,
    Device,
    Heard,
    founds,
    open_by_cards,
    people,
    signed_by,
)
from tests.relay.memory_store import MemoryStore
from tests.relay.messages import accesses, checkpoints, messages, signed_accesses

__all__ = ["desk", "store"]


# Who may do what: said by hand here, and asked of the relay for every pair

OFFICERS = {"treasurer", "tablet", "chair"}
MAY = {
    "open": OFFICERS | {"reader", "two cards"},
    "pull": OFFICERS | {"reader", "two cards"},
    "read lists": OFFICERS | {"reader", "two cards"},
    "push": OFFICERS,
    "sign list": OFFICERS,
    "sign checkpoint": OFFICERS,
    "find": OFFICERS | {"reader", "two cards", "one card", "stranger", "founder"},
}
EVERYBODY = sorted(MAY["find"])


async def acting(desk: Desk, name: str) -> tuple[Heard, Device, str]:
    """Somebody with a mailbox open, if they get that far, and why they did not."""
    who = Heard(desk)
    if "card" in name:
        cards = WHO.cards[:2] if name == "two cards" else (WHO.cards[0], WHO.cards[0])
        device = WHO.stranger
        message: Message = open_by_cards(who.hello, BOX, device, *cards)
    else:
        device = getattr(WHO, name)
        message = device.opens(who.hello, BOX)
    try:
        await ask(desk, who, message)
    except ProtocolError as error:
        return who, device, error.code
    return who, device, ""


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("what", sorted(MAY))
async def test_everybody_may_do_just_what_the_list_says(desk: Desk, who: str, what: str) -> None:
    heard, device, code = await acting(desk, who)
    checkpoint = await the_checkpoint(desk)
    requests: dict[str, Message] = {
        "pull": Pull(BOX, 0, 1000),
        "read lists": ReadAccess(BOX, 1),
        "push": device.pushes(BOX, b"blob"),
        "sign list": device.proposes(BOX, WHO.access(2)),
        "sign checkpoint": device.confirms(BOX, checkpoint),
        "find": Find((sha256(b"tag").digest(),)),
    }
    if what != "open":
        try:
            await ask(desk, heard, requests[what])
            code = ""
        except ProtocolError as error:
            code = error.code
    assert code == ("" if who in MAY[what] else "not_allowed")


async def test_an_unknown_mailbox_is_called_so_to_everybody(desk: Desk) -> None:
    who, other = Heard(desk), mailbox_id(WHO.stranger.key)
    assert await refusal(desk, who, WHO.chair.opens(who.hello, other)) == "unknown_mailbox"
    assert await refusal(desk, who, Amend(other, ())) == "bad_access"
    lists = (signed_by(other, WHO.access(2), WHO.chair),)
    assert await refusal(desk, who, Amend(other, lists)) == "unknown_mailbox"
    assert len(desk.rooms) == 0


async def test_a_signature_for_another_connection_mailbox_or_relay_opens_nothing(
    desk: Desk,
) -> None:
    who, other = Heard(desk), Heard(desk, challenge=b"d" * 32)
    for message in (
        WHO.chair.opens(other.hello, BOX),
        WHO.chair.opens(who.hello._replace(relay=bytes(32)), BOX),
        WHO.chair.opens(who.hello, mailbox_id(WHO.chair.key))._replace(mailbox=BOX),
        WHO.chair.opens(who.hello, BOX)._replace(key=WHO.treasurer.key),
        open_by_cards(other.hello, BOX, WHO.stranger, *WHO.cards[:2]),
        open_by_cards(who.hello, BOX, WHO.stranger, *WHO.cards[:2])._replace(device=WHO.chair.key),
    ):
        assert await refusal(desk, who, message) == "bad_signature"


@pytest.mark.parametrize("cards", [(), WHO.cards[:1], (WHO.cards[0], WHO.cards[0])])
async def test_less_than_two_cards_vouch_for_nobody(desk: Desk, cards: tuple[Device, ...]) -> None:
    """Whatever key they name: no device has signed here."""
    who = Heard(desk)
    for device in (WHO.stranger, WHO.chair, WHO.reader):
        message = open_by_cards(who.hello, BOX, device, *cards)
        assert await refusal(desk, who, message) == "not_allowed"
    assert not who.visit.opened


# Blobs


async def test_receipts_are_signed_and_chained_and_a_blob_has_one_for_ever(desk: Desk) -> None:
    who = await opened(desk, WHO.treasurer)
    receipts = []
    for number in range(5):
        receipt = await ask(desk, who, WHO.treasurer.pushes(BOX, b"blob %d" % number))
        assert isinstance(receipt, Receipt)
        check_head(RELAY_KEY.public, BOX, receipt.head)
        assert receipt.head.head.chain == chain_next(receipt.chain_before, receipt.entry)
        assert receipt.head.head.cursor == receipt.entry.cursor == number + 1
        receipts.append(receipt)
    assert all(b.chain_before == a.head.head.chain for a, b in pairwise(receipts))
    again = await ask(desk, who, WHO.treasurer.pushes(BOX, b"blob 2"))
    assert again == receipts[2]
    for entry in await entries(desk, who):
        check_entry(BOX, entry)
    assert [entry.blob for entry in await entries(desk, who, 3)] == [b"blob 3", b"blob 4"]
    assert await entries(desk, who, 99) == ()


async def test_a_blob_that_its_pusher_did_not_sign_is_refused(desk: Desk) -> None:
    who = await opened(desk, WHO.treasurer)
    signed = WHO.treasurer.pushes(BOX, b"blob")
    for message in (
        signed._replace(blob=b"other"),
        WHO.chair.pushes(BOX, b"blob"),
        WHO.treasurer.pushes(mailbox_id(WHO.chair.key), b"blob")._replace(mailbox=BOX),
    ):
        assert await refusal(desk, who, message) == "bad_signature"
    assert await entries(desk, who) == ()


async def test_a_full_mailbox_refuses_and_loses_nothing(store: MemoryStore) -> None:
    async with serving(store, Config(mailbox_bytes_max=1024 * 1024)) as desk:
        await founded(desk)
        who = await opened(desk, WHO.chair)
        large = [bytes([number]) * 500_000 for number in range(3)]
        for blob in large[:2]:
            assert isinstance(await ask(desk, who, WHO.chair.pushes(BOX, blob)), Receipt)
        assert await refusal(desk, who, WHO.chair.pushes(BOX, large[2])) == "quota_exceeded"
        assert len(await entries(desk, who)) == 1  # as many as fit into one reply
        assert [one.blob for one in store.boxes[BOX].entries] == large[:2]
        assert isinstance(await ask(desk, who, WHO.chair.pushes(BOX, b"small")), Receipt)


async def test_what_waits_for_the_disk_is_bounded(store: MemoryStore) -> None:
    async with serving(store, Config(append_queue_bytes_max=1024 * 1024)) as desk:
        await founded(desk)
        who = await opened(desk, WHO.chair)
        store.gate.clear()
        blobs = [bytes([number]) * 400_000 for number in range(3)]
        waiting = [
            asyncio.ensure_future(await desk.answer(who.visit, WHO.chair.pushes(BOX, blob)))  # type: ignore[arg-type]
            for blob in blobs[:2]
        ]
        assert await refusal(desk, who, WHO.chair.pushes(BOX, blobs[2])) == "too_busy"
        store.gate.set()
        assert [type(await one) for one in waiting] == [Receipt, Receipt]
        assert desk.pushes.bytes_waiting == 0
        assert isinstance(await ask(desk, who, WHO.chair.pushes(BOX, blobs[2])), Receipt)


async def test_a_store_that_fails_is_said_so_and_comes_back(desk: Desk, store: MemoryStore) -> None:
    who = await opened(desk, WHO.chair)
    for code in ("storage_full", "unavailable"):
        store.fault = StoreError(code)
        for message in (
            WHO.chair.pushes(BOX, b"blob"),
            Pull(BOX, 0, 1000),
            WHO.chair.opens(who.hello, BOX),
            Find((bytes(32),)),
            founds(WHO.stranger, WHO.access()),
            WHO.chair.proposes(BOX, WHO.access(2)),
        ):
            assert await refusal(desk, who, message) == code
        store.fault = None
        assert isinstance(await ask(desk, who, WHO.chair.pushes(BOX, b"blob")), Receipt)


# Bounds


async def test_one_connection_opens_so_many_mailboxes(store: MemoryStore) -> None:
    async with serving(store, Config(connection_mailboxes_max=2)) as desk:
        who = Heard(desk)
        groups = [people(name) for name in "abc"]
        for one in groups:
            await done(desk, who, founds(one.founder, one.access()))
        for one in groups[:2]:
            await ask(desk, who, one.reader.opens(who.hello, one.mailbox))
        third = groups[2]
        over = third.reader.opens(who.hello, third.mailbox)
        assert await refusal(desk, who, over) == "too_many_mailboxes"
        again = groups[0].reader.opens(who.hello, groups[0].mailbox)
        assert isinstance(await ask(desk, who, again), Opened)
        desk.leave(who.visit)
        assert len(desk.rooms) == 0


async def test_making_mailboxes_has_a_rate_a_token_and_an_end(store: MemoryStore) -> None:
    async with serving(store, Config(address_creates_burst=2, address_creates_per_hour=1)) as desk:
        groups = [people(name) for name in "abcde"]
        makes = [founds(one.founder, one.access()) for one in groups]
        who = Heard(desk)
        for message in makes[:2]:
            await done(desk, who, message)
        assert await refusal(desk, who, makes[2]) == "rate_limited"
        elsewhere = Heard(desk, address="b")
        await done(desk, elsewhere, makes[2])
        elsewhere.visit.may_create = False
        assert await refusal(desk, elsewhere, makes[3]) == "token_needed"
        elsewhere.visit.may_create = True
        desk.deciding.may_create_more = lambda: False
        assert await refusal(desk, elsewhere, makes[3]) == "relay_full"


async def test_pushing_and_pulling_have_a_rate(store: MemoryStore) -> None:
    config = Config(
        mailbox_push_bytes_burst=1000,
        mailbox_push_bytes_per_second=10,
        address_pull_bytes_burst=1000,
        address_pull_bytes_per_second=10,
    )
    async with serving(store, config) as desk:
        await founded(desk)
        who = await opened(desk, WHO.chair)
        await ask(desk, who, WHO.chair.pushes(BOX, bytes(2000)))
        assert await refusal(desk, who, WHO.chair.pushes(BOX, b"more")) == "rate_limited"
        assert len(await entries(desk, who)) == 1
        assert await refusal(desk, who, Pull(BOX, 0, 1000)) == "rate_limited"
        elsewhere = Heard(desk, address="b")
        await ask(desk, elsewhere, WHO.reader.opens(elsewhere.hello, BOX))
        assert len(await entries(desk, elsewhere)) == 1


async def test_a_search_is_shared_out_among_its_tags(desk: Desk) -> None:
    tag = sha256(b"tag").digest()
    found = await ask(desk, Heard(desk), Find((tag, bytes(32), tag)))
    assert found == Found(((tag, BOX),))
    assert await ask(desk, Heard(desk), Find(())) == Found(())


async def test_what_only_a_relay_says_is_refused(desk: Desk) -> None:
    who = Heard(desk)
    for message in (who.hello, Done(0), Found(()), Closed(BOX, "x")):
        assert await refusal(desk, who, message) == "bad_message"


# Anything at all


@settings(max_examples=40)
@given(st.data())
def test_any_requests_are_answered_or_refused_and_harm_nobody(data: st.DataObject) -> None:
    """Random messages, many about mailboxes and keys that exist, some of them signed rightly."""

    async def run() -> None:
        store = MemoryStore()
        async with serving(store) as desk:
            await founded(desk)
            chair = await opened(desk, WHO.chair)
            who = Heard(desk)
            for _ in range(data.draw(st.integers(1, 12))):
                message = data.draw(messages | hopeful(who))
                try:
                    answer = await ask(desk, who, message)
                except (ProtocolError, StoreError) as error:
                    answer = refusal_of(error)
                assert decode(encode(answer, 1)).message == answer
            before = len(await entries(desk, chair))
            await ask(desk, chair, WHO.chair.pushes(BOX, b"the last word"))
            assert len(await entries(desk, chair)) == before + 1

    asyncio.run(run())


def hopeful(who: Heard) -> st.SearchStrategy[Message]:
    """Requests that may well be granted."""
    treasurer, box = WHO.treasurer, st.just(BOX)
    return st.one_of(
        st.just(treasurer.opens(who.hello, BOX)),
        st.just(open_by_cards(who.hello, BOX, WHO.stranger, *WHO.cards[1:])),
        st.binary(min_size=1, max_size=4).map(lambda blob: treasurer.pushes(BOX, blob)),
        st.builds(Pull, box, st.integers(0, 5) | st.integers(0, 2**53), st.integers(0, 2**19)),
        st.builds(ReadAccess, box, st.integers(0, 3)),
        accesses.map(lambda access: treasurer.proposes(BOX, access)),
        st.sampled_from([WHO.access(2), WHO.access(2, needed=1)]).map(
            lambda access: treasurer.proposes(BOX, access)
        ),
        checkpoints.map(lambda one: treasurer.confirms(BOX, one)),
        signed_accesses.map(lambda one: Amend(BOX, (one,))),
    )
