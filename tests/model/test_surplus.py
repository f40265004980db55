"""Dividends, reserves and withheld tax: decided together, paid to the coin, never twice."""

import pytest
from msgspec.structs import replace

from model import events as e
from model.accounts import (
    CASH_BOX,
    MEMBER_SAVINGS,
    RESERVE,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
    TAX_WITHHELD,
)
from model.dividend_preview import declared, preview_dividend
from model.journal import balance, entry_page
from model.reckoning.dividends import DividendError, DividendTerms
from tests.strategies import Village, findings, share, sums


def agree(village: Village, target: bytes) -> None:
    village.meet()
    for phone in (village.secretary, village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(target, 1, 1))
    village.meet()


def saved() -> Village:
    village = Village()
    for member, amount in zip(village.members, (300, 200, 100), strict=True):
        village.secretary.record(share(member, amount))
    village.meet()
    return village


TEN_PERCENT = DividendTerms(capital_rate_ppm=100_000, capital_tax_ppm=50_000)


def test_a_dividend_at_a_rate_is_owed_net_of_tax() -> None:
    village = saved()
    preview = preview_dividend(village.book, 1, "shares", TEN_PERCENT)
    event = declared(preview, 1, "dividend", "payable")
    target = village.chairperson.record(event)
    agree(village, target)
    book = village.book
    owed = [-balance(book, SHAREOUT_PAYABLE, member.hex()) for member in village.members]
    assert owed == [28, 19, 9]  # 30 - 1.5, 20 - 1, 10 - 0.5; half a unit of tax is rounded up
    assert balance(book, TAX_WITHHELD) == -4
    assert balance(book, RETAINED_SURPLUS) == 60
    assert sums(entry_page(book, target.hex()).lines) == 0


def test_a_pool_goes_to_the_last_coin_and_may_be_added_to_savings() -> None:
    village = saved()
    preview = preview_dividend(village.book, 1, "shares", DividendTerms(), pool_minor=100)
    agree(village, village.chairperson.record(declared(preview, 1, "bonus", "savings")))
    book = village.book
    added = [-balance(book, MEMBER_SAVINGS, member.hex()) for member in village.members]
    assert added == [50, 33, 17]


def test_once_for_a_cycle_and_kind() -> None:
    village = saved()
    preview = preview_dividend(village.book, 1, "shares", TEN_PERCENT)
    event = declared(preview, 1, "dividend", "payable")
    for phone in (village.secretary, village.treasurer, village.chairperson):
        phone.record(event)
    village.meet()
    assert balance(village.book, RETAINED_SURPLUS) == 60  # three officers who agree, once
    other = village.chairperson.record(replace(event, rows=event.rows[:1]))
    agree(village, other)
    assert findings(village.book, "disputed_amount")
    assert balance(village.book, RETAINED_SURPLUS) == 60
    agree(village, village.chairperson.record(replace(event, kind="bonus")))
    assert balance(village.book, RETAINED_SURPLUS) == 120


def test_equal_sums_with_other_rows_are_no_agreement() -> None:
    village = saved()
    rows = (e.DividendRow(village.members[0], 10), e.DividendRow(village.members[1], 20))
    turned = (e.DividendRow(village.members[0], 20), e.DividendRow(village.members[1], 10))
    village.chairperson.record(e.DividendDeclared(1, 1, "dividend", "", rows))
    village.treasurer.record(e.DividendDeclared(1, 1, "dividend", "", turned))
    village.meet()
    assert findings(village.book, "disputed_amount")
    assert balance(village.book, RETAINED_SURPLUS) == 0


def test_more_tax_than_dividend_has_no_effect() -> None:
    village = saved()
    rows = (e.DividendRow(village.members[0], 10, 11),)
    village.chairperson.record(e.DividendDeclared(1, 1, "dividend", "", rows))
    assert findings(village.chairperson.book, "dividend_arithmetic")
    unknown = (e.DividendRow(bytes(17), 10),)
    village.chairperson.record(e.DividendDeclared(1, 1, "bonus", "", unknown))
    assert findings(village.chairperson.book, "unknown_reference")


def test_tax_is_passed_on_once_it_was_withheld() -> None:
    village = saved()
    preview = preview_dividend(village.book, 1, "shares", TEN_PERCENT)
    agree(village, village.chairperson.record(declared(preview, 1, "dividend", "payable")))
    village.treasurer.record(e.TaxPaid(1, 1, 4, reference="KRA 17"))
    assert balance(village.treasurer.book, TAX_WITHHELD) == 0
    assert balance(village.treasurer.book, CASH_BOX) == 596
    assert not findings(village.treasurer.book, "tax_overpaid")
    village.treasurer.record(e.TaxPaid(1, 1, 5, line=2))
    (over,) = findings(village.treasurer.book, "tax_overpaid")
    assert over.amounts == (5,)


def test_surplus_is_set_aside_and_brought_back() -> None:
    village = saved()
    agree(village, village.secretary.record(e.SurplusMoved(1, 1, "surplus", "reserve", 40)))
    agree(village, village.secretary.record(e.SurplusMoved(1, 1, "surplus", "social_fund", 5)))
    book = village.book
    assert (balance(book, RESERVE), balance(book, RETAINED_SURPLUS)) == (-40, 45)
    assert balance(book, SOCIAL_FUND) == -5
    agree(village, village.secretary.record(e.SurplusMoved(1, 1, "reserve", "surplus", 50)))
    (below,) = findings(village.book, "fund_below_zero")
    assert below.amounts == (10,)
    village.secretary.record(e.SurplusMoved(1, 1, "reserve", "reserve", 50))
    assert findings(village.secretary.book, "same_fund")


def test_nothing_to_pay_is_refused() -> None:
    village = Village()
    with pytest.raises(DividendError, match="No member"):
        preview_dividend(village.book, 1, "shares", TEN_PERCENT)
    village = saved()
    none = preview_dividend(village.book, 1, "shares", DividendTerms())
    with pytest.raises(DividendError, match="comes to nothing"):
        declared(none, 1, "dividend", "payable")


def test_interest_on_savings_counts_the_months() -> None:
    village = saved()
    first, second, _ = village.members
    village.secretary.record(e.SavingsDeposited(1, 1, first, 12_000))
    village.secretary.record(e.MeetingOpened(1, 2, "2026-07-04"))
    village.secretary.record(e.SavingsDeposited(1, 2, second, 12_000))
    village.secretary.record(e.SavingsDeposited(1, 2, first, 600))
    village.treasurer.record(e.SavingsWithdrawn(1, 1, first, 1_200, line=2))
    village.meet()
    terms = DividendTerms(deposit_rate_ppm=100_000)
    result = preview_dividend(village.book, 1, "savings", terms).result
    # January counts 12/12, July 6/12.
    assert [row.interest_minor for row in result.rows] == [1_200 - 120 + 30, 600]
