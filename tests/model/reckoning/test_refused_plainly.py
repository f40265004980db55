"""What cannot be agreed is refused with a sentence, whichever field says it; all else as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from model.money import AMOUNT_MINOR_MAX
from model.reckoning.auction import Auction, auction_round
from model.reckoning.dividends import DividendError, DividendTerms, Holding, dividends_at_rate
from model.reckoning.portfolio import ParDefinition
from model.reckoning.rates import Rate, RateError, percent
from model.reckoning.rotation import Rotation, RotationError, plan
from model.reckoning.schedules import schedule
from model.reckoning.settlement import Departure, ExitRules, SettlementError, settle_exit
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Fund, Saver, ShareOutError, ShareOutRules
from model.reckoning.splitting import Deposit, SplitError, amount_months, split_pool
from model.reckoning.terms import Fee, LoanTerms, RoundingRule, TermsError

PLAIN = LoanTerms(1_000_00, "flat", percent("10"), 4, "2026-01-31")
ABOVE = AMOUNT_MINOR_MAX + 1
ANY: Any = "never"

LOANS: dict[str, LoanTerms] = {
    "an agreed instalment below nothing": PLAIN._replace(instalment_minor=-1),
    "an agreed instalment beyond all money": PLAIN._replace(instalment_minor=ABOVE),
    "an agreed principal below nothing": PLAIN._replace(principal_minor_each=-1),
    "an agreed principal beyond all money": PLAIN._replace(principal_minor_each=ABOVE),
    "a month of no days": PLAIN._replace(month_days=0),
    "a month of more than a year": PLAIN._replace(month_days=367),
    "a residue that goes nowhere": PLAIN._replace(rounding=RoundingRule(residue=ANY)),
    "an interest that is rounded nowhen": PLAIN._replace(rounding=RoundingRule(interest=ANY)),
    "a rounding that nobody knows": PLAIN._replace(rounding=RoundingRule(ANY)),
    "a grace that is collected nowhen": PLAIN._replace(grace=PLAIN.grace._replace(collected=ANY)),
    "a grace below nothing": PLAIN._replace(grace=PLAIN.grace._replace(principal=-1)),
    "a grace as long as the loan": PLAIN._replace(grace=PLAIN.grace._replace(principal=4)),
    "a fee below nothing": PLAIN._replace(fees=(Fee(-1),)),
    "a fee beyond all money": PLAIN._replace(fees=(Fee(ABOVE),)),
    "a fee that is paid nowhen": PLAIN._replace(fees=(Fee(5, at=ANY),)),
    "a fee at a rate that cannot be": PLAIN._replace(fees=(Fee(rate=Rate(-1, 100)),)),
    "a rate that cannot be": PLAIN._replace(rate=Rate(-1, 100)),
    "flat interest by what nobody knows": PLAIN._replace(flat_interest=ANY),
    "a last payment that nobody knows": PLAIN._replace(balloon=ANY),
    "payment at no end of a period": PLAIN._replace(pay_at=ANY),
}


@pytest.mark.parametrize("terms", LOANS.values(), ids=LOANS)
def test_terms_that_cannot_be_are_refused(terms: LoanTerms) -> None:
    schedule(PLAIN)
    with pytest.raises(TermsError, match=r"\.$"):
        schedule(terms)


def test_the_longest_month_and_the_largest_amounts_can_be() -> None:
    for days in (1, 366):
        schedule(PLAIN._replace(month_days=days))
    schedule(PLAIN._replace(principal_minor=AMOUNT_MINOR_MAX, fees=(Fee(0), Fee(10))))
    with pytest.raises(TermsError):
        schedule(PLAIN._replace(principal_minor=ABOVE))


SAVERS = [Saver(1, "Amina", 3, 300), Saver(2, "Baraka", 4, 400)]
ROUND = Rotation(100, ("a", "b", "c"), "2026-01-05")
BIDS = Auction(100, ("a", "b", "c"))
REFUSED: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "a basis": (ShareOutError, lambda: share_out(Fund(9), SAVERS, ShareOutRules(basis=ANY))),
    "a residue": (ShareOutError, lambda: share_out(Fund(9), SAVERS, ShareOutRules(residue=ANY))),
    "a residue of a split": (SplitError, lambda: split_pool(9, (1, 2), residue=ANY)),
    "ties of a split": (SplitError, lambda: split_pool(9, (1, 2), ties=ANY)),
    "a step of a split": (SplitError, lambda: split_pool(9, (1, 2), step_minor=0)),
    "a month of a deposit": (
        SplitError,
        lambda: amount_months([Deposit("2026-01-05", 9)], "2026-12-31", month_of_deposit=2),
    ),
    "a rhythm": (RotationError, lambda: plan(ROUND._replace(every=ANY))),
    "a cover": (RotationError, lambda: plan(ROUND._replace(cover=ANY))),
    "a fee's place": (RotationError, lambda: auction_round(BIDS._replace(fee_from=ANY), 1, 5)),
    "sharers": (RotationError, lambda: auction_round(BIDS._replace(sharers=ANY), 1, 5)),
    "a rounding of dividends": (
        DividendError,
        lambda: dividends_at_rate(
            [Holding(1, "Amina", monthly_minor=(1,) * 12)], DividendTerms(rounding=ANY)
        ),
    ),
    "a reason to leave": (
        SettlementError,
        lambda: settle_exit(Departure(100, reason=ANY), ExitRules()),
    ),
    "a rounding of what a leaver gets": (
        SettlementError,
        lambda: settle_exit(Departure(100), ExitRules(rounding=ANY)),
    ),
    "a rate for what nobody knows": (RateError, lambda: percent("3 % never")),
}


@pytest.mark.parametrize(("error", "asked"), REFUSED.values(), ids=REFUSED)
def test_what_nobody_knows_is_refused(error: type[Exception], asked: Callable[[], object]) -> None:
    with pytest.raises(error, match=r"\.$"):
        asked()


@pytest.mark.parametrize("words", ["annually", "yearly", "pa", "p.a."])
def test_a_year_has_several_names(words: str) -> None:
    assert percent(f"12 % {words}") == percent("12 % a year")


def test_a_week_and_a_month_have_names_of_one_word() -> None:
    assert percent("1 % weekly") == percent("1 % a week")
    assert {percent(f"1 % {words}") for words in ("monthly", "pm", "p.m.")} == {
        percent("1 % per month")
    }


def test_a_definition_of_risk_says_all_that_it_counts() -> None:
    plain = ParDefinition().sentence()
    assert re.match("outstanding principal of loans more than 30 days past due, over all", plain)
    full = ParDefinition(60, "overdue", "at_least", "released", "always", 5).sentence()
    assert full == (
        "overdue principal of loans at least 60 days past due (after 5 days of grace) and of "
        "restructured loans, over all principal originally released; written-off loans left out"
    )
    assert ParDefinition(restructured="left_out").sentence().endswith("restructured loans too")
