"""Penalties are suggested as the rule says, once for each key, never before the grace is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.days import add_days
from model.money import divide
from model.reckoning.account import account
from model.reckoning.happenings import Payment
from model.reckoning.penalties import PenaltyRule, penalties_due
from model.reckoning.rates import Rate, RateError, percent
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms

# 390, 360, 330 on 28 Feb, 31 Mar, 30 Apr 2026.
TERMS = LoanTerms(900_00, "reducing", percent("10 % a month"), 3, "2026-01-31")


def suggested(rule: PenaltyRule, on: str, paid: list[Payment] | None = None) -> list[int]:
    return [due.amount_minor for due in penalties_due(account(TERMS, paid or [], on), rule)]


FLAT = PenaltyRule("flat", 5_00)
TEN = percent("10")


def test_none_and_flat() -> None:
    assert suggested(PenaltyRule(), "2026-12-31") == []
    assert suggested(FLAT, "2026-02-28") == []  # due today is not late
    assert suggested(FLAT, "2026-03-01") == [5_00]
    assert suggested(FLAT, "2026-12-31") == [5_00] * 3


def test_a_payment_within_the_grace_is_in_time() -> None:
    rule = FLAT._replace(grace_days=7)
    assert suggested(rule, "2026-03-07") == []
    assert suggested(rule, "2026-03-08") == [5_00]
    assert suggested(rule, "2026-03-30", [Payment("2026-03-07", 390_00)]) == []
    assert suggested(rule, "2026-03-30", [Payment("2026-03-08", 390_00)]) == [5_00]


@pytest.mark.parametrize(
    ("basis", "amount"),
    [("principal", 30_00), ("principal_interest", 39_00), ("total", 39_00)],
)
def test_percent_of_what_is_overdue(basis: str, amount: int) -> None:
    rule = PenaltyRule("percent", rate=TEN, basis=basis)  # type: ignore[arg-type]
    assert suggested(rule, "2026-03-10") == [amount]
    partly = [Payment("2026-02-10", 190_00)]  # 90 interest, 100 principal
    assert suggested(rule, "2026-03-10", partly) == [20_00]


def test_again_every_period_on_what_is_then_overdue() -> None:
    rule = PenaltyRule("percent", rate=TEN, once_per="period", unit="week")
    paid = [Payment("2026-03-10", 190_00)]
    found = penalties_due(account(TERMS, paid, "2026-03-20"), rule)
    assert [(due.on, due.amount_minor, due.key) for due in found] == [
        ("2026-03-01", 39_00, "late 1 0"),
        ("2026-03-08", 39_00, "late 1 1"),
        ("2026-03-15", 20_00, "late 1 2"),
    ]


def test_charging_a_suggestion_twice_charges_it_once_and_does_not_change_it() -> None:
    rule = PenaltyRule("percent", rate=TEN)
    first = penalties_due(account(TERMS, [], "2026-03-10"), rule)
    charged = account(TERMS, [due.as_charge() for due in (*first, *first)], "2026-03-10")
    assert charged.outstanding[0] == 39_00
    assert penalties_due(charged, rule) == first


def test_a_limit_and_a_step() -> None:
    rule = PenaltyRule("percent", rate=percent("1"), money_step=100, most_minor=5_00)
    assert suggested(rule, "2026-03-10") == [4_00]  # 3.90 in whole shillings
    assert suggested(rule, "2026-12-31") == [4_00, 1_00]


def test_a_rate_for_a_time_is_brought_to_the_period_of_lateness() -> None:
    weekly = PenaltyRule("percent", rate=percent("52 % a year"), once_per="period", unit="week")
    plain = weekly._replace(rate=percent("1"))
    assert suggested(weekly, "2026-03-30") == suggested(plain, "2026-03-30") == [3_90] * 5
    monthly = weekly._replace(rate=percent("24 % a year"), unit="month", every=2)
    assert suggested(monthly, "2026-03-01") == [15_60]
    with pytest.raises(RateError, match="each period"):
        suggested(weekly._replace(once_per="instalment"), "2026-03-30")


@given(st.integers(1, 400), st.integers(1, 5_000), st.sampled_from([1, 50, 100]))
def test_many_small_penalties_come_to_the_whole_rounded_once(
    nights: int, parts: int, step: int
) -> None:
    rule = PenaltyRule(
        "percent",
        rate=Rate(parts, 10**6),
        once_per="period",
        unit="day",
        rounding="half_up",
        money_step=step,
        rounded="cumulative",
    )
    one = TERMS._replace(periods=1)
    due = sum(row.total_minor for row in schedule(one).instalments)
    late = account(one, [], add_days("2026-02-28", nights))
    found = [each.amount_minor for each in penalties_due(late, rule)]
    assert sum(found) == divide(due * parts * nights, 10**6 * step, "half_up") * step
    assert all(amount > 0 for amount in found)
    flat = PenaltyRule("flat", 7, once_per="period", unit="day")
    assert penalties_due(late, flat._replace(rounded="cumulative")) == penalties_due(late, flat)


def test_hostile_rules_are_bounded_or_refused() -> None:
    daily = PenaltyRule("flat", 1, once_per="period", unit="day")
    assert len(suggested(daily, "2199-12-31")) == 2_000
    with pytest.raises(RateError):
        suggested(PenaltyRule("percent", rate=Rate(11)), "2026-03-10")
    with pytest.raises(ValueError, match="grace"):
        suggested(FLAT._replace(grace_days=-1), "2026-03-10")
