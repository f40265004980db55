"""Access lists and checkpoints: in force just when enough people signed, whoever brings them."""

import asyncio
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from relay.desk import Desk
from relay.facts import (
    SignedAccess,
)
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    AccessChain,
    Amend,
    Closed,
    Create,
    Opened,
    Pull,
    ReadAccess,
    encode,
)
from tests.relay.desks import (
    BOX,
    WHO,
    ask,
    desk,
    done,
    opened,
    refusal,
    serving,
    store,
    the_checkpoint,
)
from tests.relay.devices import (
    Device,
    Heard,
    access_of,
    founds,
    open_by_cards,
    people,
    signed_by,
)
from tests.relay.memory_store import MemoryStore

__all__ = ["desk", "store"]


def following(number: int = 2, *, without_chair: bool = False) -> SignedAccess:
    access = WHO.access(number)
    if without_chair:
        access = access._replace(writers=access_of((WHO.treasurer, WHO.tablet)).writers, needed=1)
    return SignedAccess(access, ())


async def test_two_officers_put_a_list_in_force_and_one_with_two_devices_is_one(
    desk: Desk, store: MemoryStore
) -> None:
    access = following(without_chair=True).access
    who = await opened(desk, WHO.treasurer)
    chair = await opened(desk, WHO.chair)
    reader = await opened(desk, WHO.reader)
    assert await done(desk, who, WHO.treasurer.proposes(BOX, access)) == 1
    assert await done(desk, who, WHO.tablet.proposes(BOX, access)) == 1
    assert store.boxes[BOX].access.number == 1
    again = await ask(desk, who, WHO.treasurer.opens(who.hello, BOX))
    assert isinstance(again, Opened)
    assert [len(one.signatures) for one in again.pending] == [2]
    assert await done(desk, chair, WHO.chair.proposes(BOX, access)) == 0
    assert store.boxes[BOX].access == access
    assert chair.told == [Closed(BOX, "not_allowed")]
    assert await refusal(desk, chair, Pull(BOX, 0, 1000)) == "not_allowed"
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [one.access_number for one in reader.news] == [2]
    lists = await ask(desk, who, ReadAccess(BOX, 2))
    assert isinstance(lists, AccessChain)
    assert lists.founder == WHO.founder.key
    assert [one.access for one in lists.chain] == [access]
    assert len(lists.chain[0].signatures) == 3


async def test_who_lost_the_right_hears_nothing_more(desk: Desk) -> None:
    chair, who = await opened(desk, WHO.chair), await opened(desk, WHO.treasurer)
    access = following(without_chair=True).access
    lists = (signed_by(BOX, access, WHO.treasurer, WHO.chair),)
    assert await done(desk, who, Amend(BOX, lists)) == 0
    await ask(desk, who, WHO.treasurer.pushes(BOX, b"not for the chair"))
    assert chair.told == [Closed(BOX, "not_allowed")]
    assert not chair.visit.opened
    assert chair.visit not in desk.rooms.visitors


async def test_cards_stand_in_for_officers_and_read_while_they_are_in_force(desk: Desk) -> None:
    who = Heard(desk)
    await ask(desk, who, open_by_cards(who.hello, BOX, WHO.stranger, *WHO.cards[1:]))
    without = WHO.access(2)._replace(cards=())
    assert await done(desk, who, WHO.cards[0].proposes(BOX, without)) == 1
    assert await done(desk, who, WHO.cards[2].proposes(BOX, without)) == 0
    assert who.told == [Closed(BOX, "not_allowed")]


async def test_a_list_needs_its_number_its_form_and_enough_signatures(desk: Desk) -> None:
    who = await opened(desk, WHO.treasurer)
    treasurer, chair = WHO.treasurer, WHO.chair
    for access, code in (
        (WHO.access(3), "stale_access"),
        (WHO.access(1), "stale_access"),
        (WHO.access(2, kind="box"), "stale_access"),
        (WHO.access(2)._replace(needed=3), "bad_access"),
        (WHO.access(2)._replace(cards=(bytes(32),)), "bad_access"),
        (WHO.access(2)._replace(readers=(chair.key,)), "bad_access"),
    ):
        assert await refusal(desk, who, treasurer.proposes(BOX, access)) == code
        lists = (signed_by(BOX, access, treasurer, chair),)
        assert await refusal(desk, who, Amend(BOX, lists)) == code
    forged_proposal = treasurer.proposes(BOX, WHO.access(2))._replace(key=chair.key)
    assert await refusal(desk, who, forged_proposal) == "bad_signature"
    alone = (signed_by(BOX, WHO.access(2), treasurer),)
    assert await refusal(desk, who, Amend(BOX, alone)) == "too_few_signatures"
    forged = signed_by(BOX, WHO.access(2), treasurer, chair)
    forged = forged._replace(access=WHO.access(2, needed=1))
    assert await refusal(desk, who, Amend(BOX, (forged,))) == "bad_signature"


async def test_whoever_holds_the_lists_brings_a_relay_up_to_date(desk: Desk) -> None:
    """After an old backup the only officers who are left may be strangers to it."""
    who = Heard(desk)
    new = Device("new officer")
    second = access_of((new,), (WHO.chair,), needed=1, number=2)
    third = access_of((new,), number=3)
    lists = (
        signed_by(BOX, second, WHO.treasurer, WHO.chair),
        signed_by(BOX, third, new),
    )
    assert await refusal(desk, who, new.opens(who.hello, BOX)) == "not_allowed"
    assert await done(desk, who, Amend(BOX, lists)) == 0
    assert isinstance(await ask(desk, who, new.opens(who.hello, BOX)), Opened)


async def test_a_lost_mailbox_is_founded_again_by_anybody_from_its_lists(desk: Desk) -> None:
    other, new = people("jirani"), Device("jirani new")
    box = other.mailbox
    lists = (
        signed_by(box, other.access(), other.founder),
        signed_by(box, access_of((new,), number=2), other.chair, other.treasurer),
    )
    who = Heard(desk)
    cut = Create(other.founder.key, lists[1:])
    assert await refusal(desk, who, cut) == "bad_founding"
    assert await refusal(desk, who, Create(other.founder.key, ())) == "bad_founding"
    wrong = (lists[0], signed_by(box, access_of((new,), number=2), other.chair))
    assert await refusal(desk, who, Create(other.founder.key, wrong)) == "too_few_signatures"
    assert await done(desk, who, Create(other.founder.key, lists)) == 0
    assert await refusal(desk, who, Create(other.founder.key, lists)) == "exists"
    assert isinstance(await ask(desk, who, new.opens(who.hello, box)), Opened)


async def test_a_long_chain_is_checked_to_its_end_and_read_in_parts(desk: Desk) -> None:
    """So many signatures that they are checked in a thread, and lists for several replies."""
    other = people("jirani")
    box = other.mailbox
    tags = tuple(sha256(b"%d" % number).digest() for number in range(512))
    lists = [signed_by(box, other.access()._replace(tags=tuple(sorted(tags))), other.founder)]
    for number in range(2, 42):
        access = lists[0].access._replace(number=number)
        lists.append(signed_by(box, access, other.chair, other.treasurer))
    who = Heard(desk)
    broken = [*lists[:-1], lists[-1]._replace(signatures=lists[-2].signatures)]
    code = await refusal(desk, who, Create(other.founder.key, tuple(broken)))
    assert code == "bad_signature"
    assert await done(desk, who, Create(other.founder.key, tuple(lists))) == 0
    await ask(desk, who, other.chair.opens(who.hello, box))
    read: list[SignedAccess] = []
    while len(read) < len(lists):
        answer = await ask(desk, who, ReadAccess(box, len(read) + 1))
        assert isinstance(answer, AccessChain)
        assert len(encode(answer)) < MESSAGE_BYTES_MAX
        assert len(answer.chain) > 1
        read += answer.chain
    assert read == lists


async def test_a_checkpoint_is_in_force_with_a_second_officer(desk: Desk) -> None:
    checkpoint = await the_checkpoint(desk)
    who = await opened(desk, WHO.treasurer)
    assert await done(desk, who, WHO.treasurer.confirms(BOX, checkpoint)) == 1
    assert await done(desk, who, WHO.tablet.confirms(BOX, checkpoint)) == 1
    assert await done(desk, who, WHO.chair.confirms(BOX, checkpoint)) == 0
    again = await ask(desk, who, WHO.treasurer.opens(who.hello, BOX))
    assert isinstance(again, Opened)
    (kept, signatures), *rest = again.checkpoints
    assert (kept, len(signatures), rest) == (checkpoint, 3, [])
    assert await refusal(desk, who, WHO.chair.confirms(BOX, checkpoint)) == "stale_checkpoint"
    backwards = checkpoint._replace(first=2)
    assert await refusal(desk, who, WHO.chair.confirms(BOX, backwards)) == "bad_checkpoint"
    unsigned = WHO.chair.confirms(BOX, checkpoint)._replace(key=WHO.tablet.key)
    assert await refusal(desk, who, unsigned) == "bad_signature"


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 1)), max_size=14), st.integers(1, 3))
def test_a_list_is_in_force_just_when_enough_people_signed_it(
    steps: list[tuple[int, int]], needed: int
) -> None:
    """Against a count by hand: people, not devices; one card for one of them; two cards alone."""
    third = Device("secretary")
    signers = [WHO.treasurer, WHO.tablet, WHO.chair, third, *WHO.cards, WHO.stranger]
    person = {0: "t", 1: "t", 2: "c", 3: "s"}
    founding = access_of(
        (WHO.treasurer, WHO.tablet), (WHO.chair,), (third,), cards=WHO.cards, needed=needed
    )
    wanted = [founding._replace(number=2), founding._replace(number=2, readers=(bytes(32),))]

    async def run() -> None:
        store = MemoryStore()
        async with serving(store) as desk:
            who = Heard(desk)
            await done(desk, who, founds(WHO.founder, founding))
            await ask(desk, who, WHO.chair.opens(who.hello, BOX))
            latest: dict[int, int] = {}
            for signer, choice in steps:
                message = signers[signer].proposes(BOX, wanted[choice])
                if signer == 7:
                    assert await refusal(desk, who, message) == "not_allowed"
                    continue
                waiting = await done(desk, who, message)
                latest[signer] = choice
                by = {one for one, chosen in latest.items() if chosen == choice}
                humans = {person[one] for one in by if one in person}
                cards = len([one for one in by if one in (4, 5, 6)])
                enough = cards >= 2 or (len(humans) >= 1 and len(humans) + min(cards, 1) >= needed)
                assert (waiting == 0) == enough
                if enough:
                    assert store.boxes[BOX].access == wanted[choice]
                    return
            assert store.boxes[BOX].access == founding

    asyncio.run(run())
