"""A member leaves by an agreed settlement; what turns up later is pointed out, never recomputed."""

import random
from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from model import events as e
from model.accounts import (
    CASH_BOX,
    DUE_FROM_MEMBERS,
    DUE_TO_FORMER_MEMBERS,
    FEES,
    LOANS,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    OVERPAYMENTS,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
)
from model.book import Book
from model.entry import order_key
from model.exit_preview import preview_exit, settled
from model.journal import SHARES, balance, entry_page
from model.reckoning.settlement import SettlementError
from model.reducer import apply, fold, undo
from tests.strategies import Village, findings, share, sums


def agree(village: Village, target: bytes) -> None:
    village.meet()
    for phone in (village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(target, 1, 1))
    village.meet()


def saved() -> Village:
    village = Village()
    for member, amount in zip(village.members, (300, 200, 100), strict=True):
        village.secretary.record(share(member, amount))
    village.meet()
    return village


def lent(village: Village, member: bytes, amount: int) -> bytes:
    loan = village.secretary.record(e.LoanApplied(1, 1, member, amount, "seed", 3))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, amount, "flat", 0, 3))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, amount))
    village.meet()
    return loan


def test_savings_are_given_back_when_another_officer_agrees() -> None:
    village = saved()
    member = village.members[0]
    event = e.MemberExited(1, 1, member, "left", 3, 300, fee_minor=20, paid_minor=200)
    target = village.secretary.record(event)
    village.meet()
    page = village.book.members.find(member.hex())
    assert page is not None
    assert not page.exited
    agree(village, target)
    book = village.book
    assert balance(book, MEMBER_SHARES, member.hex()) == balance(book, SHARES, member.hex()) == 0
    assert balance(book, FEES) == -20
    assert balance(book, CASH_BOX) == 400
    assert balance(book, DUE_TO_FORMER_MEMBERS, member.hex()) == -80
    assert sums(entry_page(book, target.hex()).lines) == 0
    page = book.members.find(member.hex())
    assert page is not None
    assert page.exited == target.hex()
    assert not findings(book, "exit_differs")
    assert not findings(book, "post_exit_item")


def test_the_preview_is_what_is_recorded() -> None:
    village = saved()
    member = village.members[0]
    loan = lent(village, member, 120)
    preview = preview_exit(village.book, member.hex(), 1, "left", "box")
    assert preview.settlement.net_minor == 180
    event = settled(preview, (1, 1), "left", "box")
    assert (event.netted_minor, event.paid_minor) == (120, 180)
    agree(village, village.secretary.record(event))
    # Until the loan is paid out of what is owed to her, it is pointed out.
    (item,) = findings(village.book, "post_exit_item")
    assert item.amounts == (120, 120)
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 120, source="payable"))
    village.meet()
    book = village.book
    assert not findings(book, "post_exit_item")
    assert balance(book, LOANS, loan.hex()) == 0
    assert balance(book, SHAREOUT_PAYABLE, member.hex()) == 0
    assert balance(book, CASH_BOX) == 600 - 120 - 180


def test_a_repayment_recorded_elsewhere_meanwhile_is_an_item_after_the_exit() -> None:
    village = saved()
    member = village.members[0]
    loan = lent(village, member, 120)
    event = settled(
        preview_exit(village.book, member.hex(), 1, "left", "box"), (1, 1), "left", "box"
    )
    target = village.secretary.record(event)
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 50))
    agree(village, target)
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 120, line=2, source="payable"))
    village.meet()
    book = village.book
    page = book.members.find(member.hex())
    assert page is not None
    assert page.exited == target.hex()
    (item,) = findings(book, "post_exit_item")
    assert item.amounts == (50, 0)  # overpaid by what was brought elsewhere


def test_sums_that_make_no_sense_have_no_effect() -> None:
    village = saved()
    member = village.members[0]
    village.secretary.record(e.MemberExited(1, 1, member, "left", 3, 300, paid_minor=301))
    assert findings(village.secretary.book, "exit_arithmetic")
    village.secretary.record(e.MemberExited(1, 1, bytes(17), "left", 3, 300))
    assert findings(village.secretary.book, "unknown_reference")


def test_other_sums_than_in_the_books_are_pointed_out() -> None:
    village = saved()
    member = village.members[0]
    village.secretary.record(e.MemberExited(1, 1, member, "left", 3, 250, 10))
    about = {
        found.about.partition(".")[2]: found
        for found in findings(village.secretary.book, "exit_differs")
    }
    assert about["2010"].amounts == (250, 300)
    assert about["2020"].amounts == (10, 0)


def test_savings_below_zero_are_told_without_a_minus() -> None:
    village = saved()
    member = village.members[0]
    village.treasurer.record(e.SavingsWithdrawn(1, 1, member, 40))
    village.meet()
    village.secretary.record(e.MemberExited(1, 1, member, "left", 3, 300, 10))
    (found,) = findings(village.secretary.book, "exit_overdrawn")
    assert found.amounts == (10, 40)
    assert "-" not in found.sentence
    assert not findings(village.secretary.book, "exit_differs")


def test_a_member_leaves_once() -> None:
    village = saved()
    member = village.members[0]
    event = e.MemberExited(1, 1, member, "left", 3, 300, paid_minor=300)
    for phone in (village.secretary, village.treasurer):
        phone.record(event)
    village.meet()
    assert balance(village.book, CASH_BOX) == 300  # two officers agree on one settlement
    village.secretary.record(replace(event, reason="expelled"))
    assert findings(village.secretary.book, "already_left")


@pytest.mark.parametrize("swap", [True, False])
def test_settlements_written_apart_are_a_dispute(swap: bool) -> None:
    village = saved()
    member = village.members[0]
    village.treasurer.lamport += 50 * swap
    village.secretary.lamport += 50 * (not swap)
    one = village.secretary.record(e.MemberExited(1, 1, member, "left", 3, 300, paid_minor=300))
    other = village.treasurer.record(e.MemberExited(1, 1, member, "left", 3, 300, paid_minor=200))
    agree(village, one)
    agree(village, other)
    book = village.book
    assert findings(book, "disputed_amount")
    assert balance(book, CASH_BOX) == 300
    assert book.digest() == fold(reversed(village.entries)).digest()


def test_an_exit_taken_back_makes_her_a_member_again() -> None:
    village = saved()
    member = village.members[0]
    event = e.MemberExited(1, 1, member, "left", 3, 300, profit_minor=5, paid_minor=305)
    target = village.secretary.record(event)
    agree(village, target)
    assert balance(village.book, RETAINED_SURPLUS) == 5
    taken = village.treasurer.record(e.EntryReversed(1, 1, target, "she stays"))
    agree(village, taken)
    book = village.book
    page = book.members.find(member.hex())
    assert page is not None
    assert not page.exited
    assert balance(book, MEMBER_SHARES, member.hex()) == -300


def test_the_one_who_leaves_does_not_approve_it() -> None:
    village = saved()
    member = village.members[0]
    village.elect("treasurer", village.treasurer.person, member)
    village.meet()
    target = village.secretary.record(e.MemberExited(1, 1, member, "left", 3, 300))
    village.meet()
    village.treasurer.record(e.ApprovalGiven(target, 1, 1))
    village.meet()
    page = village.book.members.find(member.hex())
    assert page is not None
    assert not page.exited
    assert findings(village.book, "own_benefit")


def test_nobody_to_settle_with_is_refused() -> None:
    with pytest.raises(SettlementError):
        preview_exit(saved().book, "00" * 17, 1, "left", "box")


def left(village: Village, member: bytes, fee_minor: int = 0, paid_minor: int = 0) -> bytes:
    """A settlement that the secretary writes; nobody else knows it yet."""
    return village.secretary.record(
        e.MemberExited(1, 1, member, "left", 3, 300, fee_minor=fee_minor, paid_minor=paid_minor)
    )


def held(village: Village, account: str, member: bytes) -> int:
    return balance(village.book, account, member.hex())


def assert_the_journal_agrees(village: Village) -> None:
    """Every entry's lines sum to zero, and all of them together are the balances."""
    totals: Counter[tuple[str, str]] = Counter()
    for name, page in village.book.entries.rows():
        assert sums(page.lines) == 0, (name, page.kind)
        for account, subject, amount in page.lines:
            totals[account, subject] += amount
    balances = {key: amount for key, amount in village.book.accounts.rows() if amount}
    assert {key: amount for key, amount in totals.items() if amount} == balances


APART = [
    (lambda member: share(member, 200, 2), -200),
    (lambda member: e.SavingsDeposited(1, 1, member, 70), -70),
    (lambda member: e.SavingsWithdrawn(1, 1, member, 70), 70),
    (lambda member: e.FinePaid(1, 1, member, 45), -45),
]


@pytest.mark.parametrize(("made", "owed"), APART)
@pytest.mark.parametrize("offset", [0, 300])
def test_money_recorded_apart_from_the_exit_is_owed_to_or_by_the_former_member(
    made: Callable[[bytes], e.Event], owed: int, offset: int
) -> None:
    village = saved()
    member = village.members[0]
    village.secretary.lamport += offset
    village.treasurer.lamport += 300 - offset
    target = left(village, member, paid_minor=280)
    apart = village.treasurer.record(made(member))
    agree(village, target)
    for account in (MEMBER_SHARES, MEMBER_SAVINGS, OVERPAYMENTS, SHARES):
        assert held(village, account, member) == 0
    assert held(village, DUE_TO_FORMER_MEMBERS, member) == min(owed, 0) - 20
    assert held(village, DUE_FROM_MEMBERS, member) == max(owed, 0)
    (item,) = findings(village.book, "post_exit_item")
    assert item.amounts == (max(-owed, 0), max(owed, 0))
    assert "-" not in item.sentence
    assert_the_journal_agrees(village)
    # Paid out or collected, it needs nobody any more.
    if owed < 0:
        village.treasurer.record(e.ClaimPaid(1, 1, member, "former_member", -owed))
    else:
        village.treasurer.record(e.DebtCollected(1, 1, member, owed))
    village.meet()
    assert not findings(village.book, "post_exit_item") or owed < 0
    village.treasurer.record(e.ClaimPaid(1, 1, member, "former_member", 20, line=2))
    village.meet()
    assert not findings(village.book, "post_exit_item")
    # What was recorded apart is taken back: too much was paid or collected, and that is said.
    village.chairperson.record(e.EntryReversed(1, 1, apart))
    village.meet()
    assert held(village, DUE_TO_FORMER_MEMBERS, member) == max(-owed, 0)
    assert held(village, DUE_FROM_MEMBERS, member) == -max(owed, 0)
    assert_the_journal_agrees(village)


def test_taking_the_exit_back_gives_back_what_turned_up_as_well() -> None:
    village = saved()
    member = village.members[0]
    target = left(village, member, paid_minor=300)
    village.treasurer.record(share(member, 200, 2))
    agree(village, target)
    assert held(village, DUE_TO_FORMER_MEMBERS, member) == -200
    agree(village, village.treasurer.record(e.EntryReversed(1, 1, target, "she stays")))
    assert held(village, DUE_TO_FORMER_MEMBERS, member) == 0
    assert held(village, MEMBER_SHARES, member) == -500
    assert held(village, SHARES, member) == 5
    assert_the_journal_agrees(village)


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("knew", [False, True])
def test_a_settlement_with_a_member_who_was_merged_away_counts(offset: int, knew: bool) -> None:
    village = Village()
    keep, drop, _ = village.members
    village.secretary.record(share(drop, 300))
    merger = village.secretary.record(e.MemberMerged(keep, drop, 1, 1, "one person"))
    village.meet()
    village.chairperson.lamport += offset
    village.secretary.lamport += 300 - offset
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    village.treasurer.record(share(keep, 100))
    if knew:
        village.meet()
    target = left(village, drop, fee_minor=30, paid_minor=250)
    agree(village, target)
    book = village.book
    assert balance(book, CASH_BOX) == 400 - 250
    assert balance(book, FEES) == -30
    assert held(village, DUE_TO_FORMER_MEMBERS, keep) == -120
    assert held(village, DUE_TO_FORMER_MEMBERS, drop) == held(village, MEMBER_SHARES, keep) == 0
    for one in (keep, drop):
        page = book.members.find(one.hex())
        assert page is not None
        assert page.exited == target.hex()
    (item,) = findings(book, "post_exit_item")
    assert (item.subject, item.amounts) == (keep.hex(), (100, 0))
    assert_the_journal_agrees(village)
    # They were two persons after all: one of them has left.
    taken = village.treasurer.record(e.EntryReversed(1, 1, merger))
    agree(village, taken)
    assert held(village, DUE_TO_FORMER_MEMBERS, keep) == 0
    assert held(village, DUE_TO_FORMER_MEMBERS, drop) == -20
    assert held(village, MEMBER_SHARES, keep) == -100
    assert [page.exited for _, page in village.book.members.rows()].count(target.hex()) == 1
    assert_the_journal_agrees(village)


@pytest.mark.parametrize("keeps", [0, 1])
@pytest.mark.parametrize("leaves", [0, 1])
def test_who_left_is_gone_under_the_other_name_too_when_the_two_are_one(
    keeps: int, leaves: int
) -> None:
    village = Village()
    one, two = village.members[leaves], village.members[1 - leaves]
    for who in (one, two):
        village.secretary.record(share(who, 300))
    agree(village, left(village, one, paid_minor=300))
    keep, drop = (one, two) if keeps == 0 else (two, one)
    merger = village.secretary.record(e.MemberMerged(keep, drop, 1, 1))
    agree(village, merger)
    for who in (one, two):
        village.secretary.record(share(who, 100, 5))
    village.meet()
    assert (
        held(village, DUE_TO_FORMER_MEMBERS, keep) == -500
    )  # the 300 that the other had saved, too
    assert held(village, MEMBER_SHARES, one) == held(village, MEMBER_SHARES, two) == 0
    pages = dict(village.book.members.rows())
    assert pages[one.hex()].exited
    assert pages[one.hex()].exited == pages[two.hex()].exited
    (item,) = findings(village.book, "post_exit_item")
    assert (item.subject, item.amounts) == (keep.hex(), (500, 0))
    assert_the_journal_agrees(village)
    agree(village, village.treasurer.record(e.EntryReversed(1, 1, merger)))
    assert held(village, DUE_TO_FORMER_MEMBERS, one) == -100
    assert held(village, MEMBER_SHARES, two) == -400
    assert_the_journal_agrees(village)


def chance_endings(seed: int, steps: int = 30) -> Village:
    """Officers who write apart: money, exits, merges, words and reversals, in whatever order."""
    chance = random.Random(seed)
    village = saved()
    for step in range(steps):
        phone = chance.choice(village.phones)
        member, other = chance.sample(village.members, 2)
        known = [one for one in phone.known.values() if isinstance(one.event, TOLD)]
        about = chance.choice(known).id
        amount = chance.randrange(1, 4) * 100
        phone.record(
            chance.choice(
                [
                    share(member, amount, step + 2),
                    e.SavingsDeposited(1, 1, member, amount, step + 1),
                    e.SavingsWithdrawn(1, 1, member, amount, step + 1),
                    e.FinePaid(1, 1, member, amount, step + 1),
                    e.MemberExited(1, 1, member, "left", 1, 100, paid_minor=50),
                    e.MemberMerged(member, other, 1, 1),
                    e.EntryReversed(1, 1, about),
                    e.ApprovalGiven(about, 1, 1),
                    e.ApprovalGiven(about, 1, 1),
                ]
            )
        )
        if chance.random() < 0.4:
            phone.learns_from(chance.choice(village.phones))
    village.meet()
    return village


TOLD = (e.SharePurchased, e.MemberExited, e.MemberMerged, e.EntryReversed)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_nothing_stands_in_the_accounts_of_who_left(seed: int) -> None:
    village = chance_endings(seed)
    assert_the_journal_agrees(village)
    for name, page in village.book.members.rows():
        if page.exited:
            stands = [balance(village.book, one, name) for one in ("2010", "2020", "2030", SHARES)]
            assert not any(stands), name
    steps = []
    again = Book()
    for entry in sorted(village.entries, key=order_key):
        steps.append((again.digest(), apply(again, entry)))
    assert again.digest() == village.book.digest()
    for digest, step in reversed(steps):
        undo(again, step)
        assert again.digest() == digest
