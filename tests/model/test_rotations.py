"""A merry-go-round beside the savings: pots to the coin, turns by order or lot, gaps named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.accounts import CASH_BOX, FEES, ROTATION_POT
from model.book import Book
from model.findings import list_findings
from model.journal import balance, entry_page
from model.reckoning.draw import commitment, drawn_order
from model.reducer import fold
from model.rotation_watch import pot_of
from model.rotations import collected_in, is_agreed, rotations
from tests.strategies import Village, findings, sums

SEED = b"the seed of Umoja's draw"


def agree(village: Village, target: bytes) -> None:
    village.meet()
    for phone in (village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(target, 1, 1))
    village.meet()


def started(village: Village, **terms: object) -> bytes:
    event = e.RotationStarted(1, 1, 100, tuple(village.members), **terms)  # type: ignore[arg-type]
    target = village.secretary.record(event)
    agree(village, target)
    return target


def pay_in(village: Village, rotation: bytes, number: int, *members: bytes) -> None:
    for member in members:
        village.secretary.record(e.RotationPaidIn(rotation, 1, 1, number, member, 100))
    village.meet()


def codes(book: Book) -> list[str]:
    return [found.code for found in list_findings(book)]


def test_three_rounds_bring_everybody_to_nothing() -> None:
    village = Village()
    rotation = started(village, fee_minor=9)
    assert is_agreed(village.book, rotation.hex())
    for number, member in enumerate(village.members, 1):
        pay_in(village, rotation, number, *village.members)
        village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, number, member, 291, 9))
        village.meet()
    book = village.book
    assert [pot_of(book, member.hex()) for member in village.members] == [0, 0, 0]
    assert balance(book, FEES) == -27
    assert balance(book, CASH_BOX) == 27
    assert codes(book) == []


def test_after_the_first_round_the_recipient_has_had_in_advance() -> None:
    village = Village()
    rotation = started(village)
    pay_in(village, rotation, 1, *village.members)
    out = village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[0], 300))
    book = village.treasurer.book
    assert [pot_of(book, member.hex()) for member in village.members] == [-200, 100, 100]
    assert sums(entry_page(book, out.hex()).lines) == 0


def test_a_missed_contribution_is_owed_by_who_missed_it() -> None:
    village = Village()
    rotation = started(village)
    pay_in(village, rotation, 1, *village.members[:2])
    village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[0], 200))
    village.meet()
    (missed,) = findings(village.book, "rotation_missed")
    assert (missed.subject, missed.amounts) == (village.members[2].hex(), (100,))
    assert not findings(village.book, "rotation_pot_too_large")
    pay_in(village, rotation, 1, village.members[2])
    assert codes(village.book) == []


def test_a_pot_larger_than_what_came_in() -> None:
    for covers, told in ((False, ["rotation_pot_too_large"]), (True, [])):
        village = Village()
        rotation = started(village, group_covers=covers)
        pay_in(village, rotation, 1, *village.members[:2])
        village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[0], 300))
        village.meet()
        assert [code for code in codes(village.book) if "pot" in code] == told


def test_a_pot_that_went_to_another() -> None:
    village = Village()
    rotation = started(village)
    pay_in(village, rotation, 1, *village.members)
    village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[2], 300))
    assert findings(village.treasurer.book, "rotation_other_member")


def test_a_pot_is_paid_out_once() -> None:
    village = Village()
    rotation = started(village)
    pay_in(village, rotation, 1, *village.members)
    for line in (1, 2):
        village.treasurer.record(e.RotationPaidOut(rotation, 1, line, 1, village.members[0], 300))
    village.meet()
    assert balance(village.book, CASH_BOX) == 0
    assert findings(village.book, "recorded_twice")


def test_two_who_say_that_another_got_the_same_pot_are_in_dispute() -> None:
    village = Village()
    rotation = started(village)
    pay_in(village, rotation, 1, *village.members)
    village.elect("treasurer", village.chairperson.person)
    village.chairperson.learns_from(village.secretary)
    village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[0], 300))
    village.chairperson.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[1], 300))
    village.meet()
    assert findings(village.book, "disputed_amount")
    assert not findings(village.book, "corroborated")


def test_the_lots_decide_whose_turn_it_is() -> None:
    village = Village()
    rotation = started(village, order="drawn", commitment=bytes.fromhex(commitment(SEED)))
    pay_in(village, rotation, 1, *village.members)
    slots = {member.hex(): 1 for member in village.members}
    order = drawn_order(slots, SEED, commitment(SEED))
    first = bytes.fromhex(order[0])
    village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, first, 300))
    village.meet()
    assert findings(village.book, "rotation_not_drawn")
    village.secretary.record(e.RotationDrawn(rotation, SEED[::-1]))
    assert findings(village.secretary.book, "not_the_seed")
    village.chairperson.record(e.RotationDrawn(rotation, SEED))
    village.treasurer.record(e.RotationDrawn(rotation, SEED))
    village.meet()
    book = village.book
    page = book.rotations.find(rotation.hex())
    assert page is not None
    assert page.drawn == order
    assert not findings(book, "rotation_not_drawn")
    assert not findings(book, "rotation_other_member")


def test_a_draw_needs_its_commitment() -> None:
    village = Village()
    village.secretary.record(e.RotationStarted(1, 1, 100, tuple(village.members), "drawn"))
    assert findings(village.secretary.book, "draw_without_commitment")
    village.secretary.record(e.RotationStarted(1, 1, 100, (village.members[0], bytes(17))))
    assert findings(village.secretary.book, "unknown_reference")


def test_bidding_shares_what_the_winner_forgoes() -> None:
    village = Village()
    rotation = started(village, order="bid", fee_minor=6)
    winner = village.members[1]
    pay_in(village, rotation, 1, *village.members)
    village.treasurer.record(
        e.RotationPaidOut(rotation, 1, 1, 1, winner, 234, 6, discount_minor=60)
    )
    village.meet()
    book = village.book
    # 300 - 60 forgone - 6 fee; the 60 are 20 for each slot, and count as paid in.
    assert [pot_of(book, member.hex()) for member in village.members] == [120, 120 - 300, 120]
    assert balance(book, CASH_BOX) == 66
    assert codes(book) == []
    village = Village()
    rotation = started(village, order="bid")
    pay_in(village, rotation, 1, *village.members)
    village.treasurer.record(
        e.RotationPaidOut(
            rotation, 1, 1, 1, village.members[1], 239, discount_minor=61, sharers="others"
        )
    )
    book = village.treasurer.book
    assert [pot_of(book, member.hex()) for member in village.members] == [131, -200, 130]


def test_money_of_others_or_of_no_round_has_no_effect() -> None:
    village = Village()
    rotation = village.secretary.record(e.RotationStarted(1, 1, 100, tuple(village.members[:2])))
    village.secretary.record(e.RotationPaidIn(rotation, 1, 1, 1, village.members[2], 100))
    village.secretary.record(e.RotationPaidIn(rotation, 1, 1, 3, village.members[0], 100))
    village.secretary.record(e.RotationPaidIn(bytes(17), 1, 1, 1, village.members[0], 100))
    book = village.secretary.book
    assert {"no_slot", "no_such_round", "unknown_reference"} <= set(codes(book))
    assert balance(book, CASH_BOX) == 0
    village.secretary.record(e.RotationPaidIn(rotation, 1, 1, 1, village.members[0], 100))
    assert findings(village.secretary.book, "rotation_not_agreed")


@pytest.mark.parametrize("swap", [True, False])
def test_a_rotation_that_the_author_did_not_know_is_no_rotation(swap: bool) -> None:
    village = Village()
    village.secretary.lamport += 50 * swap
    village.treasurer.lamport += 50 * (not swap)
    rotation = village.secretary.record(e.RotationStarted(1, 1, 100, tuple(village.members)))
    village.treasurer.record(e.RotationPaidIn(rotation, 1, 1, 1, village.members[0], 100))
    village.treasurer.record(e.RotationPaidOut(rotation, 1, 1, 1, village.members[0], 100))
    village.treasurer.record(e.RotationDrawn(rotation, SEED))
    village.meet()
    book = village.book
    assert len(findings(book, "unknown_reference")) == 3
    assert balance(book, CASH_BOX) == 0


def test_two_officers_who_record_the_same_start_one() -> None:
    village = Village()
    event = e.RotationStarted(1, 1, 100, tuple(village.members))
    names = [phone.record(event) for phone in (village.secretary, village.treasurer)]
    village.meet()
    for name, member in zip(names, village.members[:2], strict=True):
        village.secretary.record(e.RotationPaidIn(name, 1, 1, 1, member, 100))
    village.meet()
    book = village.book
    ((one, _),) = rotations(book)
    assert is_agreed(book, one)
    assert collected_in(book, one, 1) == {member.hex(): 100 for member in village.members[:2]}


def test_the_same_contribution_from_two_officers_counts_once() -> None:
    village = Village()
    rotation = started(village)
    for phone in (village.secretary, village.treasurer):
        phone.record(e.RotationPaidIn(rotation, 1, 1, 1, village.members[0], 100))
    village.meet()
    assert balance(village.book, CASH_BOX) == 100
    assert collected_in(village.book, rotation.hex(), 1) == {village.members[0].hex(): 100}


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.booleans()), max_size=12),
    st.integers(0, 20),
)
def test_what_is_in_the_pots_is_in_the_pockets(
    moves: list[tuple[int, int, bool]], fee: int
) -> None:
    village = Village()
    rotation = started(village, fee_minor=fee)
    for line, (number, which, out) in enumerate(moves, 1):
        member = village.members[which]
        if out:
            event: e.Event = e.RotationPaidOut(rotation, 1, 1, number, member, 300 - fee, fee)
            village.treasurer.record(event)
        else:
            event = e.RotationPaidIn(rotation, 1, 1, number, member, 100, line)
            village.secretary.record(event)
    village.meet()
    book = village.book
    pots = -sum(balance(book, ROTATION_POT, member.hex()) for member in village.members)
    assert pots - balance(book, FEES) == balance(book, CASH_BOX)
    list_findings(book)
    assert book.digest() == fold(reversed(village.entries)).digest()


@pytest.mark.parametrize("swap", [True, False])
def test_the_draw_is_the_same_whichever_came_first(swap: bool) -> None:
    village = Village()
    village.secretary.lamport += 50 * swap
    village.treasurer.lamport += 50 * (not swap)
    event = e.RotationStarted(
        1, 1, 100, tuple(village.members), "drawn", bytes.fromhex(commitment(SEED))
    )
    names = [phone.record(event) for phone in (village.secretary, village.treasurer)]
    village.meet()
    village.secretary.record(e.RotationDrawn(names[0], SEED))
    village.meet()
    ((_, page),) = rotations(village.book)
    assert len(page.drawn) == 3
