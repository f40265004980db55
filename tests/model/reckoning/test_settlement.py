"""What a leaving member takes along: the published rules, and that nothing is made or lost."""

from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.money import ROUNDINGS
from model.reckoning.settlement import (
    Departure,
    ExitRules,
    Leaving,
    SettlementError,
    settle_exit,
)
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Fund, Saver


@pytest.mark.parametrize(
    ("dues", "profits", "part", "paid"),
    [
        # Ninth Annual Report of the Commissioner of Labor (1893), chapter V "Withdrawal plans"
        # (https://books.google.ca/books?id=BOIqAAAAMAAJ, pp. 480-486): $60 of dues and $15 of
        # profits with two thirds ($70) or all of them ($75); $72 and $20 with 75 per cent ($87).
        (60_00, 15_00, Fraction(2, 3), 70_00),
        (60_00, 15_00, 1, 75_00),
        (72_00, 20_00, Fraction(75, 100), 87_00),
        (72_00, 20_00, 0, 72_00),
    ],
)
def test_part_of_the_profits(dues: int, profits: int, part: Fraction | int, paid: int) -> None:
    leaving = Departure(shares_minor=dues, worth_minor=dues + profits)
    assert settle_exit(leaving, ExitRules(profit_part=part)).paid_minor == paid


def test_a_member_leaves_with_her_savings_less_what_she_owes() -> None:
    leaving = Departure(
        shares_minor=50_000,
        savings_minor=8_000,
        principal_minor=20_000,
        interest_minor=1_500,
        penalty_minor=300,
        fines_minor=200,
        social_dues_minor=100,
        member="Amina",
    )
    result = settle_exit(leaving, ExitRules(fee_minor=1_000))
    assert result.entitlement_minor == 58_000
    assert result.deductions_minor == 20_000 + 1_500 + 300 + 200 + 100 + 1_000
    assert result.net_minor == result.paid_minor == 34_900
    assert result.payee == "Amina"
    later = settle_exit(leaving, ExitRules(fee_minor=1_000, pay="share_out"))
    assert (later.paid_minor, later.payable_minor) == (0, 34_900)
    short = settle_exit(leaving._replace(cash_minor=10_000), ExitRules(fee_minor=1_000))
    assert (short.paid_minor, short.payable_minor) == (10_000, 24_900)


def test_who_owes_more_than_she_saved_leaves_a_debt_and_pays_no_fee() -> None:
    leaving = Departure(shares_minor=1_000, principal_minor=1_700)
    result = settle_exit(leaving, ExitRules(fee_minor=500))
    assert (result.net_minor, result.debt_minor, result.fee_minor) == (-700, 700, 0)
    bare = settle_exit(Departure(shares_minor=1_000, principal_minor=700), ExitRules(fee_minor=500))
    assert (bare.fee_minor, bare.net_minor, bare.debt_minor) == (300, 0, 0)


def test_the_nominee_stands_for_one_who_died() -> None:
    leaving = Departure(shares_minor=1_000, reason="died", member="Amina", nominee="Neema")
    rules = ExitRules(fee_ppm=100_000)
    assert settle_exit(leaving, rules).payee == "Neema"
    assert settle_exit(leaving, rules).fee_minor == 0
    assert settle_exit(leaving, rules._replace(fee_on_death=True)).fee_minor == 100
    assert settle_exit(leaving._replace(nominee=""), rules).payee == ""
    assert settle_exit(leaving._replace(reason="expelled"), rules).payee == "Amina"


def test_a_loss_is_borne_only_where_the_group_says_so() -> None:
    leaving = Departure(shares_minor=1_000, worth_minor=900)
    assert settle_exit(leaving, ExitRules(profit_part=1)).net_minor == 1_000
    bearing = settle_exit(leaving, ExitRules(bear_loss=True))
    assert (bearing.profit_minor, bearing.net_minor) == (-100, 900)
    with pytest.raises(SettlementError, match="preview"):
        settle_exit(Departure(shares_minor=1_000), ExitRules(profit_part=1))


amount = st.integers(0, 10**12)
departures = st.builds(
    Departure,
    amount,
    st.one_of(amount),
    *(amount,) * 6,
    st.none() | amount,
    st.sampled_from(get_args(Leaving)),
    st.just("m"),
    st.just("n"),
)
exit_rules = st.builds(
    ExitRules,
    st.sampled_from((Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1))),
    st.booleans(),
    amount,
    st.integers(0, 10**6),
    st.booleans(),
    st.sampled_from(("now", "share_out")),
    st.sampled_from(ROUNDINGS),
)


@given(departures, exit_rules)
def test_nothing_is_made_or_lost(leaving: Departure, rules: ExitRules) -> None:
    result = settle_exit(leaving, rules)
    assert result.entitlement_minor == (
        result.shares_minor + result.profit_minor + result.savings_minor
    )
    owed = sum(
        (
            leaving.principal_minor,
            leaving.interest_minor,
            leaving.penalty_minor,
            leaving.fines_minor,
            leaving.social_dues_minor,
        )
    )
    assert result.deductions_minor == owed + result.fee_minor
    assert result.net_minor == result.entitlement_minor - result.deductions_minor
    assert result.net_minor == result.paid_minor + result.payable_minor - result.debt_minor
    assert min(result.paid_minor, result.payable_minor, result.debt_minor, result.fee_minor) >= 0
    assert result.debt_minor == max(0, owed - result.entitlement_minor)
    if leaving.cash_minor is not None:
        assert result.paid_minor <= leaving.cash_minor


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=6), amount)
def test_leaving_with_all_profit_is_the_share_out_of_that_day(
    own: int, others: list[int], profit: int
) -> None:
    group = [Saver(0, shares=own, paid_in_minor=own)]
    group += [Saver(i, shares=each, paid_in_minor=each) for i, each in enumerate(others, 1)]
    preview = share_out(Fund(own + sum(others) + profit), group).rows[0]
    leaving = Departure(shares_minor=own, worth_minor=preview.gross_minor)
    assert settle_exit(leaving, ExitRules(profit_part=1)).net_minor == preview.net_minor


@pytest.mark.parametrize(
    ("leaving", "rules", "reason"),
    [
        (Departure(shares_minor=-1), ExitRules(), "shares of a leaving member"),
        (Departure(fines_minor=2**53 + 1), ExitRules(), "fines of a leaving member"),
        (Departure(), ExitRules(profit_part=2), "between none and all"),
        (Departure(), ExitRules(profit_part=Fraction(1, 2**70)), "between none and all"),
        (Departure(), ExitRules(fee_ppm=1_000_001), "exit fee"),
        (Departure(), ExitRules(fee_minor=-1), "exit fee"),
    ],
)
def test_figures_that_cannot_be_are_refused(
    leaving: Departure, rules: ExitRules, reason: str
) -> None:
    with pytest.raises(SettlementError, match=reason):
        settle_exit(leaving, rules)
