"""Paper cards: one vote for one thing, two cards for a new beginning, and what they are not for."""

import json
from collections import deque
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.agenda import proposals
from replication.cards import (
    SECRET_BYTES,
    card_keys,
    is_call,
    is_restoration,
    is_vote,
    pair_key,
    pair_keys,
    sign_call,
    sign_restoration,
    sign_vote,
)
from replication.control import (
    CardsIssued,
    CardVoted,
    OfficersRestored,
    decode_record,
    encode_record,
)
from replication.errors import LocalError
from replication.founding import end_message, ends_founding, sign_end
from replication.identity import DeviceKeys
from replication.outcome import Outcome
from tests.replication.councils import (
    CARDS,
    A,
    B,
    C,
    Council,
    X,
    Y,
    enrolled,
    officers,
    revoked,
    roster_everywhere,
    state,
)
from tests.replication.phones import KEYS, PERSONS, Phone, Wire, ledger_event

VECTORS = Path(__file__).parents[1] / "vectors" / "cards.json"
HASHES = st.binary(min_size=32, max_size=32)


# What a card signs


def test_a_cards_secret_is_sixteen_bytes() -> None:
    for length in (0, 15, 17, 32):
        with pytest.raises(ValueError, match="16 bytes"):
            card_keys(bytes(length))
    assert len({card_keys(bytes([at]) * SECRET_BYTES).public for at in range(8)}) == 8


@given(HASHES, HASHES, HASHES, st.binary(min_size=16, max_size=16))
def test_no_signature_of_a_card_serves_for_anything_else(
    group: bytes, other: bytes, asked: bytes, person: bytes
) -> None:
    card = CARDS[0]
    signed = {
        "vote": sign_vote(card, group, asked),
        "restoration": sign_restoration(card, group, asked, person),
        "call": sign_call(card, group, asked),
    }
    for what, signature in signed.items():
        assert is_vote(card.public, group, asked, signature) == (what == "vote")
        fits = is_restoration(card.public, group, asked, person, signature)
        assert fits == (what == "restoration")
        pair = (signature, sign_call(CARDS[1], group, asked))
        calls = is_call([one.public for one in CARDS], group, asked, pair)
        assert calls == (what == "call")
    if other != group:
        assert not is_vote(card.public, other, asked, signed["vote"])
        assert not is_restoration(card.public, other, asked, person, signed["restoration"])
    if other != asked:
        assert not is_vote(card.public, group, other, signed["vote"])


def test_a_call_takes_two_different_cards() -> None:
    channel, device, known = b"c" * 64, KEYS[X].public, [card.public for card in CARDS]
    one, other = sign_call(CARDS[0], channel, device), sign_call(CARDS[2], channel, device)
    assert is_call(known, channel, device, (one, other))
    assert is_call(known, channel, device, (other, one))
    for wrong in ((one, one), (one,), (one, other, other), (), (one, bytes(64)), (one, b"")):
        assert not is_call(known, channel, device, wrong)
    assert not is_call(known, b"d" * 64, device, (one, other)), "another channel"
    assert not is_call(known, channel, KEYS[Y].public, (one, other)), "another phone"
    assert not is_call(known[1:], channel, device, (one, other)), "a card that was replaced"
    assert not is_call([], channel, device, (one, other))


def test_two_cards_find_each_other_in_any_order_and_every_two_differ() -> None:
    keys = [card.public for card in CARDS]
    for one, other in combinations(keys, 2):
        assert pair_key(one, other) == pair_key(other, one) in pair_keys(keys)
    assert len(set(pair_keys(keys))) == 3
    assert pair_keys([]) == []


# One card, one missing vote


@pytest.mark.parametrize(("count", "is_enough"), [(2, True), (3, True), (4, False), (5, False)])
def test_a_lone_officer_with_a_card_is_two_and_never_more(count: int, is_enough: bool) -> None:
    council = Council(count)
    asked = council.ask(A, enrolled(X))
    for number in (1, 2, 3):
        council.show_card(A, number, asked)
    roster = roster_everywhere(council)
    assert state(roster, X) == ("active" if is_enough else "unknown")
    assert len(officers(roster)) == count + is_enough


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_card_alone_decides_nothing(count: int) -> None:
    council = Council(count)
    thief = Phone(Y, council.group)  # holds the books, and is no officer's
    sync_by_cards(thief, council[A])
    with pytest.raises(LocalError, match="no_right"):
        thief.write(encode_record(enrolled(X)))


def test_a_card_that_is_not_in_force_is_no_vote() -> None:
    council = Council(2)
    asked = council.ask(A, enrolled(X))
    stranger = card_keys(b"s" * SECRET_BYTES)
    for number in (1, 2, 3):
        council.ask(A, CardVoted(number, asked, sign_vote(stranger, council.group, asked)))
        wrong = CARDS[number % 3]  # a true card under another card's number
        council.ask(A, CardVoted(number, asked, sign_vote(wrong, council.group, asked)))
    assert state(roster_everywhere(council), X) == "unknown"
    council.show_card(A, 2, asked)
    assert state(roster_everywhere(council), X) == "active"


def test_a_card_is_not_carried_over_to_another_proposal_or_group() -> None:
    council, other = Council(2), Council(3)
    assert council.group == other.group, "the groups of tests are founded alike"
    asked = council.ask(A, enrolled(X))
    signature = sign_vote(CARDS[0], council.group, asked)
    council.ask(A, CardVoted(1, asked, signature))
    later = council.ask(A, enrolled(Y))
    council.ask(A, CardVoted(1, later, signature))
    council.ask(A, CardVoted(1, later, sign_vote(CARDS[0], b"g" * 32, later)))
    roster = roster_everywhere(council)
    assert (state(roster, X), state(roster, Y)) == ("active", "unknown")


def test_a_card_shown_before_it_was_asked_counts_for_nothing() -> None:
    council = Council(2)
    asked = council.ask(A, enrolled(X))
    signature = sign_vote(CARDS[0], council.group, asked)
    council.ask(B, CardVoted(1, asked, signature))  # B does not know what A asked
    council.meet(A, B)
    assert state(roster_everywhere(council), X) == "unknown"


@pytest.mark.parametrize("count", [2, 3])
def test_one_card_on_two_removals_apart_leaves_nobody_alone(count: int) -> None:
    council = Council(count)
    first, second = council.ask(A, revoked(B)), council.ask(B, revoked(A))
    council.show_card(A, 1, first)
    council.show_card(B, 1, second)
    assert len(officers(roster_everywhere(council))) >= 2


def test_a_rogue_with_one_card_can_not_be_alone_in_the_end() -> None:
    council = Council(3)
    for target in (A, B):
        council.show_card(C, 1, council.ask(C, revoked(target)))
    roster = roster_everywhere(council)
    assert len(officers(roster)) >= 2


def test_cards_replaced_apart_leave_the_old_ones_and_a_later_set_holds() -> None:
    council = Council(3)
    sets = [[card_keys(bytes([at, n]) * 8) for n in range(3)] for at in range(3)]
    for name, cards in zip((A, B), sets, strict=False):
        council.show_card(name, 1, council.ask(name, CardsIssued(*(card.public for card in cards))))
    assert roster_everywhere(council).cards == tuple(card.public for card in CARDS)
    council.meet(A, B)
    asked = council.ask(A, CardsIssued(*(card.public for card in sets[2])))
    council.meet(A, B)
    council.vote(B, asked)
    assert roster_everywhere(council).cards == tuple(card.public for card in sets[2])


def test_a_vote_by_an_old_card_apart_from_its_replacement_counts_as_its_author_knew() -> None:
    council = Council(3)
    asked = council.ask(A, enrolled(X))
    council.show_card(A, 1, asked)
    fresh = council.ask(B, CardsIssued(*(KEYS[name].public for name in (X, Y, C))))
    council.show_card(B, 2, fresh)
    assert state(roster_everywhere(council), X) == "active"


# Two cards, a new beginning


def sync_by_cards(guest: Phone, holder: Phone) -> None:
    """One exchange in which two cards were shown for the guest."""
    queue: deque[tuple[Phone, Phone, bytes]] = deque()

    def put(sender: Phone, receiver: Phone, outcome: Outcome) -> None:
        queue.extend((sender, receiver, data) for _, data in sender.step(outcome).send)

    for one, other, first in ((guest, holder, True), (holder, guest, False)):
        put(one, other, one.replica.connect(other.name, other.keys.public, first, by_cards=True))
    while queue:
        sender, receiver, data = queue.popleft()
        put(receiver, sender, receiver.replica.receive(sender.name, data))
    assert guest.replica.synced(holder.name), guest.refused + holder.refused
    guest.replica.disconnect(holder.name)
    holder.replica.disconnect(guest.name)


def restoring(name: str, council: Council, first: int = 1, second: int = 2) -> OfficersRestored:
    """The record with which a phone restores the officers."""
    device, person = KEYS[name].public, PERSONS[name]
    signed = [
        sign_restoration(CARDS[at - 1], council.group, device, person) for at in (first, second)
    ]
    return OfficersRestored(person, name, first, signed[0], second, signed[1])


def test_a_phone_with_two_cards_is_given_the_books_and_goes_on_with_them() -> None:
    council = Council(3)
    council[A].write(ledger_event(1))
    new = Phone(X, council.group)
    sync_by_cards(new, council[A])
    assert new.hashes() == council[A].hashes()
    new.control(restoring(X, council))
    new.write(ledger_event(2))
    sync_by_cards(new, council[A])
    assert council[A].hashes() == new.hashes()
    assert officers(council[A].replica.roster) == {X}
    new.enrol(Y)
    assert officers(new.replica.roster) == {X, Y}


def test_without_cards_the_same_phone_is_given_nothing() -> None:
    council = Council(3)
    new = Phone(X, council.group)
    wire = Wire(new, council[A])
    wire.deliver()
    assert not new.hashes()
    assert {one.code for one in council[A].refused + new.refused} >= {"peer_not_a_member"}


@pytest.mark.parametrize("pair", list(permutations((1, 2, 3), 2)))
def test_any_two_cards_in_their_order_restore_and_no_others_do(pair: tuple[int, int]) -> None:
    council = Council(3)
    new = Phone(X, council.group)
    sync_by_cards(new, council[A])
    if pair[0] < pair[1]:
        new.control(restoring(X, council, *pair))
        assert officers(new.replica.roster) == {X}
    else:
        with pytest.raises(LocalError, match="no_right"):
            new.control(restoring(X, council, *pair))


def test_one_card_twice_or_a_replaced_one_restores_nothing() -> None:
    council = Council(3)
    good = restoring(X, council)
    forged = (
        good._replace(second_card=1, second_signature=good.first_signature),
        good._replace(second_signature=good.first_signature),
        good._replace(second_signature=bytes(64)),
        good._replace(person=PERSONS[Y]),
        restoring(Y, council),
    )
    new = Phone(X, council.group)
    sync_by_cards(new, council[A])
    for record in forged:
        with pytest.raises(LocalError, match="no_right"):
            new.control(record)
    fresh = council.ask(A, CardsIssued(*(KEYS[name].public for name in (X, Y, C))))
    council.show_card(A, 3, fresh)
    sync_by_cards(new, council[A])
    with pytest.raises(LocalError, match="no_right"):
        new.control(good)


def test_two_restorations_apart_are_one_outcome_everywhere_and_somebody_is_left() -> None:
    council = Council(3)
    council.restore(X, A, 1, 2)
    council.restore(Y, A, 2, 3)
    roster = roster_everywhere(council)
    assert officers(roster) == {X, Y}
    assert roster.votes_needed == 2


def test_an_objection_is_seen_by_all_and_officers_who_want_it_all_the_same_vote() -> None:
    council = Council(3)
    asked = council.restore(X, A)
    council.tell(X, B)
    council.vote(B, asked, approve=False)
    (one,) = proposals(council[B].replica.decisions)
    assert (one.change_hash, one.against, one.records) == (asked, (PERSONS[B],), ())
    assert officers(roster_everywhere(council)) == {A, B, C}


def test_nobody_but_an_officer_objects() -> None:
    council = Council(2)
    reader = council.ask(A, enrolled(Y, "read"))
    council.meet(A, B)
    council.vote(B, reader)
    council.meet(A, B)
    council.join(Y, A)
    council.restore(X, Y)
    assert officers(roster_everywhere(council)) == {X}
    council.tell(X, Y)
    with pytest.raises(LocalError, match="no_right"):
        council[Y].write(ledger_event(1))


# Frozen


def test_frozen_vectors_of_cards_and_of_the_end() -> None:
    frozen = json.loads(VECTORS.read_text())
    for row in frozen["cards"]:
        card = card_keys(bytes.fromhex(row["secret"]))
        group, asked = bytes.fromhex(row["group"]), bytes.fromhex(row["proposal"])
        device, person = bytes.fromhex(row["device"]), bytes.fromhex(row["person"])
        assert card.public.hex() == row["public"]
        assert sign_vote(card, group, asked).hex() == row["vote"]
        assert sign_restoration(card, group, device, person).hex() == row["restoration"]
        channel = bytes.fromhex(row["channel"])
        assert sign_call(card, channel, device).hex() == row["call"]
    keys = [bytes.fromhex(row["public"]) for row in frozen["cards"]]
    assert [key.hex() for key in pair_keys(keys)] == frozen["pairs"]
    for row in frozen["ends"]:
        founding = DeviceKeys(bytes.fromhex(row["seed"]))
        place = (bytes.fromhex(row["group"]), row["n"], bytes.fromhex(row["prev"]))
        assert founding.public.hex() == row["public"]
        assert end_message(*place).hex() == row["message"]
        assert sign_end(founding, *place).hex() == row["signature"]
        assert ends_founding(founding.public, *place, bytes.fromhex(row["signature"]))
    for row in frozen["records"]:
        record = decode_record(bytes.fromhex(row["event"]))
        assert record is not None
        assert type(record).__name__ == row["record"]
        assert encode_record(record).hex() == row["event"]
