"""A share-out gives every coin to somebody or leaves it in the box, and says which."""

from fractions import Fraction
from hashlib import sha256
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.money import AMOUNT_MINOR_MAX, ROUNDINGS
from model.reckoning.shareout import ShareOut, ShareOutRow, share_out
from model.reckoning.shareout_terms import (
    Basis,
    Capital,
    Fund,
    Saver,
    ShareOutError,
    ShareOutRules,
    Welfare,
    digest,
)
from model.reckoning.splitting import RESIDUES, Deposit, amount_months


def amounts(*paid_in: int, owing: tuple[int, ...] = ()) -> list[Saver]:
    debts = owing + (0,) * len(paid_in)
    return [
        Saver(number, paid_in_minor=paid, principal_minor=debt)
        for number, (paid, debt) in enumerate(zip(paid_in, debts, strict=False), 1)
    ]


def column(result: ShareOut, name: str) -> list[int]:
    return [getattr(row, name) for row in result.rows]


BY_AMOUNT = ShareOutRules(basis="amount")
BY_AMOUNT_AND_WELFARE = ShareOutRules(basis="amount", welfare="equal")

# The tests of a Kenyan VSLA product, numbers only:
# github.com/Chrisphine10/intellicash-app, test/core/share_out_calculator_test.dart. There the pool
# is a figure of its own and what members owe is subtracted from it, so it is declared here.


@pytest.mark.parametrize(
    ("paid_in", "pool", "gross"),
    [
        ((60_000, 40_000), 100_000, [60_000, 40_000]),
        ((100, 100, 100), 100, [34, 33, 33]),
        ((1, 1, 8), 10, [1, 1, 8]),
        ((50_000, 50_000), 118_000, [59_000, 59_000]),
        ((12_345,), 99_999, [99_999]),
    ],
)
def test_pool_by_what_was_paid_in(paid_in: tuple[int, ...], pool: int, gross: list[int]) -> None:
    result = share_out(Fund(pool), amounts(*paid_in), BY_AMOUNT)
    assert column(result, "gross_minor") == gross
    assert result.gross_minor == pool
    assert result.residue_minor == 0
    assert result.profit_minor == pool - sum(paid_in)


def test_loans_are_netted_and_too_large_a_loan_stays_a_debt() -> None:
    fund = Fund(80_000, declared_pool_minor=100_000)
    result = share_out(fund, amounts(50_000, 50_000, owing=(20_000,)), BY_AMOUNT)
    assert column(result, "net_minor") == [30_000, 50_000]
    assert result.paid_minor == 80_000
    assert result.box_after_minor == 0
    fund = Fund(60_000, declared_pool_minor=100_000)
    result = share_out(fund, amounts(10_000, 90_000, owing=(40_000,)), BY_AMOUNT)
    assert column(result, "net_minor") == [-30_000, 90_000]
    assert column(result, "debt_minor") == [30_000, 0]
    assert column(result, "paid_minor") == [0, 90_000]
    # The box holds 60,000: the 30,000 that the first member owes are lacking until he brings them.
    assert result.short_minor == 30_000
    assert result.box_after_minor == -30_000


def test_cash_out_is_pool_and_welfare_less_what_is_owed() -> None:
    fund = Fund(130_000 - 17_000, declared_pool_minor=130_000, welfare_minor=9_000)
    members = amounts(50_000, 30_000, 20_000, owing=(12_000, 0, 5_000))
    result = share_out(fund, members, BY_AMOUNT_AND_WELFARE)
    assert result.net_minor == 130_000 + 9_000 - 17_000
    assert result.box_after_minor == 0
    # The same without a declared pool: principal is part of it by itself.
    assert (
        share_out(fund._replace(declared_pool_minor=None), members, BY_AMOUNT_AND_WELFARE)[2:]
        == (result[2:])
    )


def test_welfare_is_kept_or_divided() -> None:
    members = amounts(70_000, 30_000, 0)
    equal = share_out(Fund(100_000, welfare_minor=300), members, BY_AMOUNT_AND_WELFARE)
    assert column(equal, "welfare_minor") == [100, 100, 100]
    assert column(equal, "net_minor") == [70_100, 30_100, 100]
    odd = share_out(Fund(3, welfare_minor=100), amounts(1, 1, 1), BY_AMOUNT_AND_WELFARE)
    assert column(odd, "welfare_minor") == [34, 33, 33]
    kept = share_out(Fund(100_000, welfare_minor=50_000), members, BY_AMOUNT)
    assert column(kept, "welfare_minor") == [0, 0, 0]
    assert kept.carried_minor == 50_000
    rated = ShareOutRules(basis="amount", welfare="pro_rata")
    by_weight = share_out(Fund(100_000, welfare_minor=300), members, rated)
    assert column(by_weight, "welfare_minor") == [210, 90, 0]
    without = [saver._replace(shares_welfare=saver.number != 1) for saver in members]
    some = share_out(Fund(100_000, welfare_minor=300), without, BY_AMOUNT_AND_WELFARE)
    assert column(some, "welfare_minor") == [0, 150, 150]


def test_a_borrower_who_kept_it_gets_the_rest() -> None:
    # github.com/Chrisphine10/intellicash, apps/api/tests/share-out-netting.test.ts
    members = amounts(500_000, 500_000, owing=(300_000,))
    result = share_out(Fund(700_000), members, BY_AMOUNT)
    assert result.pool_minor == 1_000_000
    assert column(result, "gross_minor") == [500_000, 500_000]
    assert column(result, "net_minor") == [200_000, 500_000]
    assert share_out(Fund(0, declared_pool_minor=200_000), members, BY_AMOUNT).rows[0].debt_minor


def test_fixed_contributions_come_back_and_profit_is_shared_alike() -> None:
    # Test of a Tanzanian VICOBA calculator (classes StandardVikoba, FixedShareVikoba …): 1,000 each
    # of three with 12,000 of interest and fines; 2,000 and 1,000 with 600.
    alike = ShareOutRules(basis="equal", capital="returned_first")
    three = share_out(Fund(3_000 + 9_000 + 3_000), amounts(1_000, 1_000, 1_000), alike)
    assert column(three, "gross_minor") == [5_000, 5_000, 5_000]
    two = share_out(Fund(3_600), amounts(2_000, 1_000), alike)
    assert column(two, "gross_minor") == [2_300, 1_300]
    # Its standard group: profit of 12,000 by five, three and two shares, 1,200 a share.
    standard = [Saver(1, shares=5), Saver(2, shares=3), Saver(3, shares=2)]
    assert column(share_out(Fund(12_000), standard), "gross_minor") == [6_000, 3_600, 2_400]


def test_savings_club_by_percentage() -> None:
    # https://2pinklines.com/?p=4744: four savers of 1,000,000 and a profit of 5,000,000.
    members = amounts(370_500, 163_200, 421_100, 45_200)
    rules = ShareOutRules(basis="amount", capital="returned_first")
    result = share_out(Fund(6_000_000), members, rules)
    assert column(result, "profit_minor") == [1_852_500, 816_000, 2_105_500, 226_000]


def test_new_share_value_of_a_paper_group() -> None:
    # The formula of Ledger Link (DatabaseHandler of the mobile app): new share value = (savings +
    # fines + interest) / shares. 120 shares of 1,000, interest 21,500, fines 1,700: 1,193.33 each.
    members = [Saver(1, shares=50), Saver(2, shares=40), Saver(3, shares=30)]
    fund = Fund(120_000 + 21_500 + 1_700)
    exact = share_out(fund, members)
    assert exact.value_per_share == Fraction(143_200, 120)
    assert exact.displayed_value() == 1_193
    assert exact.displayed_value(rounding="ceiling") == 1_194
    assert exact.displayed_value(50) == 1_150
    assert column(exact, "gross_minor") == [59_667, 47_733, 35_800]
    paper = share_out(fund, members, ShareOutRules(share_value_step=50))
    assert paper.value_paid_per_share == 1_150
    assert column(paper, "gross_minor") == [57_500, 46_000, 34_500]
    assert paper.residue_minor == paper.carried_minor == 143_200 - 120 * 1_150
    nearest = ShareOutRules(share_value_step=10, share_value_rounding="half_up")
    assert share_out(fund, members, nearest).value_paid_per_share == 1_190
    up = ShareOutRules(share_value_step=1, share_value_rounding="ceiling")
    short = share_out(fund, members, up)
    assert short.residue_minor == 143_200 - 120 * 1_194 == -80
    assert short.short_minor == 80


def test_savings_by_month_weigh_by_time() -> None:
    # https://sarkariresult-exam.com/partnership/ example 2: 1,200 for 4 months, 1,400 for 8, 1,000
    # for 10, gain 585: 108, 252, 225.
    held = ((1, 1_200, "09"), (2, 1_400, "05"), (3, 1_000, "03"))
    members = [
        Saver(
            number,
            paid_in_minor=amount,
            amount_time=amount_months([Deposit(f"2026-{month}-01", amount)], "2026-12-31"),
        )
        for number, amount, month in held
    ]
    rules = ShareOutRules(basis="amount_time", capital="returned_first")
    result = share_out(Fund(3_600 + 585), members, rules)
    assert column(result, "profit_minor") == [108, 252, 225]
    assert column(result, "gross_minor") == [1_308, 1_652, 1_225]


def test_a_loss_is_borne_alike_and_nothing_is_paid_from_nothing() -> None:
    members = amounts(60_000, 40_000)
    loss = share_out(Fund(90_000), members, BY_AMOUNT)
    assert column(loss, "gross_minor") == [54_000, 36_000]
    assert (loss.profit_minor, loss.loss_minor) == (-10_000, 10_000)
    # A loss is not divided by time or by head: nobody falls below nothing.
    alike = ShareOutRules(basis="equal", capital="returned_first")
    assert column(share_out(Fund(90_000), members, alike), "gross_minor") == [54_000, 36_000]
    for cash, debt in ((0, 0), (50_000, 50_000), (50_000, 70_000), (-10, 0)):
        none = share_out(Fund(cash, debt_minor=debt), members, BY_AMOUNT)
        assert column(none, "gross_minor") == [0, 0]
        assert none.paid_minor == 0
        assert none.loss_minor == 100_000 - cash + debt
        assert none.value_per_share == 0


def test_what_is_netted_beyond_the_pool_stays_in_the_box_or_is_divided_too() -> None:
    debtor = Saver(2, shares=1, interest_minor=300, fines_minor=90, social_dues_minor=10)
    members = [Saver(1, shares=1), debtor]
    kept = share_out(Fund(2_000), members)
    assert column(kept, "net_minor") == [1_000, 600]
    assert kept.carried_minor == 400
    shared = share_out(Fund(2_000, receivables_minor=390), members)
    assert column(shared, "net_minor") == [1_195, 795]
    assert shared.carried_minor == 10  # the social dues, for the social fund


def test_without_netting_loans_go_on() -> None:
    members = amounts(50_000, 50_000, owing=(20_000,))
    result = share_out(Fund(80_000), members, BY_AMOUNT._replace(netting=False))
    assert column(result, "net_minor") == [40_000, 40_000]
    assert result.deductions_minor == 0


def test_part_is_left_in_for_the_next_cycle() -> None:
    members = [
        Saver(1, shares=3, reinvest_minor=100),
        Saver(2, shares=1, reinvest_minor=9_999),
        Saver(3, shares=1, reinvest_minor=50, principal_minor=700),
    ]
    result = share_out(Fund(1_800), members)
    assert column(result, "net_minor") == [1_500, 500, -200]
    assert column(result, "reinvested_minor") == [100, 500, 0]
    assert column(result, "paid_minor") == [1_400, 0, 0]
    assert result.box_after_minor == 400


def test_reserve_and_external_debt_are_not_divided() -> None:
    fund = Fund(cash_minor=900, bank_minor=500, mobile_minor=100, debt_minor=300, reserve_minor=200)
    result = share_out(fund, [Saver(1, shares=1)])
    assert result.pool_minor == 1_000
    assert result.carried_minor == 500
    assert result.short_minor == 0


amount = st.integers(0, 10**12)
savers = st.builds(
    Saver,
    number=st.integers(0, 60),
    member=st.text(max_size=3),
    shares=st.integers(1, 10**6),
    paid_in_minor=st.integers(1, 10**12),
    amount_time=st.integers(1, 10**15),
    principal_minor=amount,
    interest_minor=amount,
    penalty_minor=amount,
    fines_minor=amount,
    social_dues_minor=amount,
    reinvest_minor=amount,
    shares_welfare=st.booleans(),
)
groups = st.lists(savers, min_size=1, max_size=6, unique_by=lambda s: (s.number, s.member))
funds = st.builds(
    Fund,
    cash_minor=st.integers(-(10**12), 10**13),
    bank_minor=amount,
    mobile_minor=amount,
    loans_minor=st.none() | amount,
    receivables_minor=amount,
    debt_minor=amount,
    reserve_minor=amount,
    welfare_minor=amount,
    declared_pool_minor=st.none() | st.integers(-(10**6), 10**13),
)
divided = st.builds(
    lambda *how: ShareOutRules(how[0], how[1], how[2], None, "floor", *how[3:]),
    st.sampled_from(get_args(Basis)),
    st.sampled_from(get_args(Capital)),
    st.sampled_from(RESIDUES),
    st.sampled_from((1, 50, 1_000)),
    st.sampled_from(get_args(Welfare)),
    st.booleans(),
)
valued = st.builds(
    lambda step, rounding: ShareOutRules(share_value_step=step, share_value_rounding=rounding),
    st.integers(1, 10_000) | st.just(Fraction(1, 100)),
    st.sampled_from(ROUNDINGS),
)
rules = divided | valued


@given(funds, groups, rules)
def test_every_coin_is_accounted_for(fund: Fund, group: list[Saver], rules: ShareOutRules) -> None:
    result = share_out(fund, group, rules)
    money = fund.cash_minor + fund.bank_minor + fund.mobile_minor + fund.welfare_minor
    assert result.net_minor + result.carried_minor == money == result.money_minor
    assert result.paid_minor + result.box_after_minor == money
    assert result.box_after_minor == (
        result.carried_minor + result.reinvested_minor - result.debt_minor
    )
    for name in set(ShareOutRow._fields) & set(ShareOut._fields) - {"profit_minor"}:
        assert result.total(name) == getattr(result, name), name
    for row in result.rows:
        assert row.gross_minor + row.welfare_minor - row.deductions_minor == row.net_minor
        assert row.net_minor == row.reinvested_minor + row.paid_minor - row.debt_minor
        assert row.profit_minor == row.gross_minor - row.paid_in_minor
        assert min(row.gross_minor, row.paid_minor, row.debt_minor, row.reinvested_minor) >= 0
    assert result.gross_minor + result.residue_minor == result.pool_minor
    if result.pool_minor <= 0:
        assert result.gross_minor == 0


@given(funds, groups, st.sampled_from(get_args(Basis)))
def test_an_independent_reckoning_agrees_to_the_unit(
    fund: Fund, group: list[Saver], basis: Basis
) -> None:
    result = share_out(fund, group, ShareOutRules(basis=basis))
    weigh = {"shares": "shares", "amount": "paid_in_minor", "amount_time": "amount_time"}
    ordered = sorted(group, key=lambda saver: (saver.number, saver.member))
    weights = [getattr(saver, weigh[basis]) if basis in weigh else 1 for saver in ordered]
    money = fund.cash_minor + fund.bank_minor + fund.mobile_minor + fund.receivables_minor
    loans = fund.loans_minor
    if loans is None:
        loans = sum(saver.principal_minor for saver in group)
    pool = money + loans - fund.debt_minor - fund.reserve_minor
    if fund.declared_pool_minor is not None:
        pool = fund.declared_pool_minor
    exact = [Fraction(max(0, pool) * weight, sum(weights)) for weight in weights]
    parts = [int(share) for share in exact]
    by_loss = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], -weights[i], i))
    for i in by_loss[: max(0, pool) - sum(parts)]:
        parts[i] += 1
    assert column(result, "gross_minor") == parts


@given(funds, groups, rules, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(
    fund: Fund, group: list[Saver], rules: ShareOutRules, dice: Random
) -> None:
    mixed = list(group)
    dice.shuffle(mixed)
    assert share_out(fund, mixed, rules) == share_out(fund, group, rules)


@given(funds, groups, rules, st.sampled_from(Saver._fields[2:]))
def test_the_digest_names_exactly_these_figures(
    fund: Fund, group: list[Saver], rules: ShareOutRules, field: str
) -> None:
    named = digest(fund, tuple(group), rules)
    assert named == digest(fund, tuple(reversed(group)), rules)
    assert len(named) == 64
    figures = group[0]._asdict()
    changed = Saver(**{**figures, field: int(figures[field]) ^ 1})
    assert digest(fund, (changed, *group[1:]), rules) != named
    assert digest(fund._replace(debt_minor=fund.debt_minor + 1), tuple(group), rules) != named
    assert digest(fund, tuple(group), rules._replace(netting=not rules.netting)) != named


def test_the_digest_can_be_worked_out_by_anybody() -> None:
    text = "\n".join(
        (
            "mkutano share-out 1",
            "fund.cash_minor=1000",
            "fund.bank_minor=0",
            "fund.mobile_minor=0",
            "fund.loans_minor=",
            "fund.receivables_minor=0",
            "fund.debt_minor=0",
            "fund.reserve_minor=0",
            "fund.welfare_minor=0",
            "fund.declared_pool_minor=",
            "rules.basis=shares",
            "rules.capital=in_pool",
            "rules.residue=largest_remainder",
            "rules.share_value_step=",
            "rules.share_value_rounding=floor",
            "rules.payout_step_minor=1",
            "rules.welfare=keep",
            "rules.netting=1",
            "member 1 2 0 0 0 0 0 0 0 0 1 416d696e61",
            "member 2 3 0 0 0 0 0 0 0 0 1 ",
        )
    )
    members = [Saver(2, shares=3), Saver(1, "Amina", shares=2)]
    assert share_out(Fund(1_000), members).digest == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("fund", "group", "rules", "reason"),
    [
        (Fund(1), [], ShareOutRules(), "1 to 10000 members"),
        (Fund(1), [Saver(1)], ShareOutRules(), "nobody has savings"),
        (
            Fund(1),
            [Saver(1)],
            ShareOutRules(basis="amount_time", capital="returned_first"),
            "nobody has a weight",
        ),
        (Fund(1), [Saver(1, shares=1), Saver(1, shares=2)], ShareOutRules(), "stands in the list"),
        (Fund(1), [Saver(1, shares=-1)], ShareOutRules(), "shares of member 1"),
        (Fund(1), [Saver(1, fines_minor=2**53 + 1)], ShareOutRules(), "fines of member 1"),
        (Fund(2**53 + 1), [Saver(1, shares=1)], ShareOutRules(), "fund's cash"),
        (Fund(1, welfare_minor=-1), [Saver(1, shares=1)], ShareOutRules(), "fund's welfare"),
        (Fund(1), [Saver(1, shares=1)], ShareOutRules(share_value_step=0), "step above"),
        (Fund(1), [Saver(1, shares=1)], ShareOutRules(payout_step_minor=0), "smallest unit"),
        (
            Fund(1),
            [Saver(1, shares=1)],
            ShareOutRules(share_value_step=Fraction(1, 2**60)),
            "step above",
        ),
        (
            Fund(1),
            [Saver(1, shares=1)],
            ShareOutRules(share_value_step=1, capital="returned_first"),
            "divided as one",
        ),
    ],
)
def test_what_cannot_be_shared_out_says_why(
    fund: Fund, group: list[Saver], rules: ShareOutRules, reason: str
) -> None:
    with pytest.raises(ShareOutError, match=reason):
        share_out(fund, group, rules)


@settings(deadline=None, max_examples=1)
@given(st.sampled_from(get_args(Basis)))
def test_ten_thousand_members_with_full_purses(basis: Basis) -> None:
    group = [
        Saver(number, shares=AMOUNT_MINOR_MAX, paid_in_minor=AMOUNT_MINOR_MAX, amount_time=2**80)
        for number in range(10_000)
    ]
    result = share_out(Fund(AMOUNT_MINOR_MAX), group, ShareOutRules(basis=basis))
    assert result.gross_minor == AMOUNT_MINOR_MAX
    assert max(column(result, "gross_minor")) - min(column(result, "gross_minor")) == 1
