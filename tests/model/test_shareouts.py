"""A share-out counts as it was read out and agreed to, once for a cycle, to the last coin."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.accounts import (
    CASH_BOX,
    LOANS,
    MEMBER_SHARES,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
)
from model.book import Book
from model.journal import SHARES, balance, entry_page
from model.reckoning.shareout_terms import ShareOutError
from model.reducer import fold
from model.shareout_preview import committed, preview_shareout
from model.shareouts import shareout_of
from tests.strategies import CONSTITUTION, Phone, Village, findings, share, sums


def payable(book: Book, members: Sequence[bytes]) -> list[int]:
    return [-balance(book, SHAREOUT_PAYABLE, member.hex()) for member in members]


def earned(village: Village, shares: Sequence[int], income: int) -> None:
    for member, count in zip(village.members, shares, strict=True):
        if count:
            village.secretary.record(share(member, 100 * count))
    if income:
        village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", income))
        village.secretary.record(e.FinePaid(1, 1, village.members[0], income))
    village.meet()


def confirmed(village: Village, phone: Phone | None = None) -> bytes:
    by = phone or village.secretary
    target = by.record(committed(preview_shareout(by.book, 1), 1))
    village.meet()
    return target


def agree(village: Village, target: bytes) -> None:
    for phone in (village.secretary, village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(target, 1, 1))
    village.meet()


def test_each_member_is_owed_a_part_when_officers_agree() -> None:
    village = Village()
    earned(village, (3, 2, 1), 61)
    target = confirmed(village)
    assert payable(village.book, village.members) == [0, 0, 0]
    agree(village, target)
    book = village.book
    # 661 by six shares: 330.5, 220.33, 110.17; the odd unit to the largest remainder.
    assert payable(book, village.members) == [331, 220, 110]
    assert [balance(book, MEMBER_SHARES, m.hex()) for m in village.members] == [0, 0, 0]
    assert [balance(book, SHARES, m.hex()) for m in village.members] == [0, 0, 0]
    assert balance(book, RETAINED_SURPLUS) == 61
    assert sums(entry_page(book, target.hex()).lines) == 0
    assert not findings(book, "shareout_differs")
    assert shareout_of(book, 1) == target.hex()


def test_closing_the_cycle_after_it_leaves_no_surplus() -> None:
    village = Village()
    earned(village, (3, 2, 1), 61)
    agree(village, confirmed(village))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    close = village.secretary.record(e.CycleClosed(1, "2026-12-31"))
    village.meet()
    agree(village, close)
    assert balance(village.book, RETAINED_SURPLUS) == 0
    assert balance(village.book, CASH_BOX) == sum(payable(village.book, village.members))


def test_a_loss_goes_to_the_surplus_account() -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    village.treasurer.record(e.ExpensePaid(1, 1, "theft", 120))
    village.meet()
    agree(village, confirmed(village))
    book = village.book
    assert payable(book, village.members) == [240, 160, 80]
    assert balance(book, RETAINED_SURPLUS) == -120
    village = Village()
    earned(village, (1, 1, 1), 0)
    village.treasurer.record(e.ExpensePaid(1, 1, "theft", 300))
    village.meet()
    agree(village, confirmed(village))
    assert payable(village.book, village.members) == [0, 0, 0]
    assert balance(village.book, RETAINED_SURPLUS) == -300


def test_the_social_fund_stays_unless_the_constitution_divides_it() -> None:
    for rule, parts in (("keep", [0, 0, 0]), ("equal", [34, 33, 33]), ("pro_rata", [50, 33, 17])):
        village = Village()
        village = _with(social_at_shareout=rule)
        earned(village, (3, 2, 1), 0)
        village.secretary.record(e.SocialContributed(1, 1, village.members[0], 100))
        village.meet()
        agree(village, confirmed(village))
        book = village.book
        owed = payable(book, village.members)
        assert [have - par for have, par in zip(owed, (300, 200, 100), strict=True)] == parts
        assert balance(book, SOCIAL_FUND) == sum(parts) - 100


def _with(**terms: object) -> Village:
    """A village that was founded with other terms."""
    village = Village()
    for phone in village.phones:
        for identity, entry in phone.known.items():
            if isinstance(entry.event, e.ConstitutionAdopted):
                changed = replace(CONSTITUTION, **terms)
                phone.known[identity] = entry._replace(event=changed)
    return village


def test_on_paper_the_value_of_a_share_is_rounded_down() -> None:
    village = _with(residue="carry", payout_step_minor=10)
    earned(village, (3, 2, 1), 119)
    agree(village, confirmed(village))
    # 719 / 6 = 119.83: 110 a share, the rest stays as surplus.
    assert payable(village.book, village.members) == [330, 220, 110]
    assert balance(village.book, RETAINED_SURPLUS) == 60


def test_wrong_sums_have_no_effect() -> None:
    village = Village()
    earned(village, (3, 2, 1), 60)
    right = committed(preview_shareout(village.book, 1), 1)
    assert right.rows[0].gross_minor == 330
    one_more = replace(right.rows[0], gross_minor=331)
    for wrong in (
        replace(right, pool_minor=661),
        replace(right, rows=(one_more, *right.rows[1:])),
        replace(right, residue_minor=1),
        replace(right, social_pool_minor=5, social="equal"),
        replace(right, basis="equal"),
        replace(right, basis="amount_time"),
    ):
        name = village.secretary.record(wrong)
        told = findings(village.secretary.book, "shareout_arithmetic")
        assert name.hex() in {found.about for found in told}
        assert shareout_of(village.secretary.book, 1) == ""
    village.secretary.record(replace(right, rows=(right.rows[0], *right.rows)))
    assert findings(village.secretary.book, "shareout_twice_in_rows")


def test_other_shares_or_more_money_than_there_was_are_pointed_out() -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    rows = (e.ShareoutRow(village.members[0], 4, 400, 700),)
    target = village.secretary.record(e.ShareoutConfirmed(1, 1, 700, rows))
    book = village.secretary.book
    differs = {found.subject: found.amounts for found in findings(book, "shareout_differs")}
    assert [differs[m.hex()] for m in village.members] == [(400, 300), (0, 200), (0, 100)]
    (too_large,) = findings(book, "shareout_pool_too_large")
    assert too_large.amounts == (700, 600)
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, target, "wrong"))
    village.meet()
    assert not findings(village.book, "shareout_differs")


@pytest.mark.parametrize("late_first", [True, False])
def test_a_purchase_from_another_phone_is_pointed_out_until_it_is_shared_out(
    late_first: bool,
) -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    village.treasurer.lamport += 0 if late_first else 50
    village.secretary.lamport += 50 if late_first else 0
    target = village.secretary.record(committed(preview_shareout(village.secretary.book, 1), 1))
    village.treasurer.record(share(village.members[0], 200, line=2))
    village.meet()
    (before,) = findings(village.book, "shareout_differs")
    assert before.amounts == (300, 500)
    agree(village, target)
    (after,) = findings(village.book, "shareout_differs")
    assert after.amounts == (300, 500)
    assert not findings(village.book, "shareout_pool_too_large")
    village.treasurer.record(e.RequestDeclined(target, 1, 1))
    village.meet()
    assert findings(village.book, "shareout_differs")  # it has taken effect


def test_a_share_out_that_was_declined_is_compared_no_more() -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    rows = (e.ShareoutRow(village.members[0], 4, 400, 700),)
    target = village.secretary.record(e.ShareoutConfirmed(1, 1, 700, rows))
    village.meet()
    village.treasurer.record(e.RequestDeclined(target, 1, 1))
    village.meet()
    assert not findings(village.book, "shareout_differs")


def test_a_cycle_is_shared_out_once() -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    first = confirmed(village)
    agree(village, first)
    village.treasurer.record(
        e.ShareoutConfirmed(1, 1, 0, (e.ShareoutRow(village.members[0], 0, 0, 0),))
    )
    assert findings(village.treasurer.book, "already_shared_out")
    # Taken back by as many as agreed to it, it can be done again.
    taken = village.treasurer.record(e.EntryReversed(1, 1, first, "counted wrongly"))
    village.meet()
    agree(village, taken)
    assert payable(village.book, village.members) == [0, 0, 0]
    again = confirmed(village)
    agree(village, again)
    assert payable(village.book, village.members) == [300, 200, 100]


@pytest.mark.parametrize("swap", [True, False])
def test_two_share_outs_written_apart_are_a_dispute_whoever_was_first(swap: bool) -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    village.treasurer.lamport += 50 * swap
    village.secretary.lamport += 50 * (not swap)
    small = replace(committed(preview_shareout(village.book, 1), 1), pool_minor=0, residue_minor=0)
    rows = tuple(replace(row, gross_minor=0) for row in small.rows)
    one = village.treasurer.record(replace(small, rows=rows))
    other = village.secretary.record(committed(preview_shareout(village.secretary.book, 1), 1))
    village.meet()
    agree(village, one)
    agree(village, other)
    book = village.book
    assert findings(book, "disputed_amount")
    assert payable(book, village.members) == [300, 200, 100]  # the record keeper's, meanwhile


def test_two_officers_who_work_it_out_agree() -> None:
    village = Village()
    earned(village, (3, 2, 1), 60)
    for phone in (village.secretary, village.treasurer, village.chairperson):
        phone.record(committed(preview_shareout(phone.book, 1), 1))
    village.meet()
    assert payable(village.book, village.members) == [330, 220, 110]


def test_what_belongs_to_others_is_not_divided() -> None:
    village = Village()
    earned(village, (3, 2, 1), 0)
    village.secretary.record(e.SocialContributed(1, 1, village.members[0], 40))
    village.secretary.record(e.SavingsDeposited(1, 1, village.members[1], 70))
    village.meet()
    preview = preview_shareout(village.book, 1)
    assert preview.result.pool_minor == 600
    assert preview.result.money_minor == 710
    assert preview.result.short_minor == 0


def test_loans_are_netted_in_the_preview_and_paid_out_of_what_is_owed() -> None:
    village = Village()
    earned(village, (5, 2, 1), 0)
    borrower = village.members[1]
    loan = village.secretary.record(e.LoanApplied(1, 1, borrower, 150, "seed", 3))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 150, "flat", 0, 3))
    village.meet()
    village.treasurer.record(e.LoanDisbursed(1, 1, loan, 150))
    village.meet()
    preview = preview_shareout(village.book, 1).result
    assert preview.pool_minor == 800
    assert [row.principal_minor for row in preview.rows] == [0, 150, 0]
    assert [row.net_minor for row in preview.rows] == [500, 50, 100]
    agree(village, confirmed(village))
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 150, source="payable"))
    for member, amount in zip(village.members, (500, 50, 100), strict=True):
        village.treasurer.record(e.ClaimPaid(1, 1, member, "shareout", amount))
    village.meet()
    book = village.book
    assert payable(book, village.members) == [0, 0, 0]
    assert balance(book, LOANS, loan.hex()) == 0
    assert balance(book, CASH_BOX) == 0


def test_nothing_to_reckon_with_is_refused() -> None:
    with pytest.raises(ShareOutError, match="constitution"):
        preview_shareout(Book(), 1)
    village = Village(members=0)
    with pytest.raises(ShareOutError, match="No member"):
        preview_shareout(village.book, 1)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 5), min_size=3, max_size=3).filter(any),
    st.integers(0, 10_000),
    st.sampled_from(("shares", "amount", "equal", "amount_time")),
    st.sampled_from(("in_pool", "returned_first")),
    st.sampled_from((("largest_remainder", 1), ("largest_remainder", 50), ("carry", 10))),
    st.sampled_from(("keep", "equal", "pro_rata")),
)
def test_a_committed_preview_always_counts(
    shares: list[int],
    income: int,
    basis: object,
    capital: object,
    residue: tuple[str, int],
    social: str,
) -> None:
    village = _with(residue=residue[0], payout_step_minor=residue[1], social_at_shareout=social)
    earned(village, shares, income)
    village.secretary.record(e.SocialContributed(1, 1, village.members[0], 77))
    village.secretary.record(e.MeetingOpened(1, 2, "2026-03-07"))
    village.meet()
    preview = preview_shareout(village.book, 1, basis, capital)  # type: ignore[arg-type]
    target = village.secretary.record(committed(preview, 1))
    village.meet()
    agree(village, target)
    book = village.book
    assert shareout_of(book, 1) == target.hex()
    assert not findings(book, "shareout_differs")
    assert not findings(book, "shareout_pool_too_large")
    result = preview.result
    assert sum(payable(book, village.members)) == result.gross_minor + result.welfare_minor
    assert entry_page(book, target.hex()).text == result.digest
    assert book.digest() == fold(reversed(village.entries)).digest()
