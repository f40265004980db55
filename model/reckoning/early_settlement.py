"""What a member brings today to be rid of the loan: one quote, by a policy that the group agreed.

`full`: everything that the schedule asks for, as if nothing were paid early (the default of groups
that count periods). `to_period`: interest of the periods that have begun, none of later ones.
`to_date`: the running period's interest by its nights so far, rounded once. `sum_of_digits`: the
whole interest less the rebate of the Rule of 78 for periods that have not begun (lines.py), for
scheduled interest alone. Principal, fees and
penalties are always due in full; interest that was paid ahead for periods now left out is credited.
A quote changes nothing: paying it and waiving `saved_minor` are happenings of their own.

Source: Apache Fineract's prepayment options (till preclose date, till rest frequency date).
"""

from collections.abc import Iterable
from typing import NamedTuple

from model.days import days_between
from model.money import Minor
from model.reckoning.account import replayed
from model.reckoning.accrual import (
    AS_SCHEDULED,
    Accrual,
    EarlyPolicy,
    InterestRule,
    accrues,
    broken_off,
)
from model.reckoning.allocation import DEFAULT_ALLOCATION, AllocationRule
from model.reckoning.amortisation import rounded
from model.reckoning.happenings import Happening
from model.reckoning.lines import interest_due
from model.reckoning.replay import Replay
from model.reckoning.terms import LoanTerms, TermsError


class SettlementQuote(NamedTuple):
    """What settles the loan on the day `on`: `total_minor` is principal, interest, fees and
    penalties less `credit_minor`, never below 0. `saved_minor`: scheduled interest not asked."""

    on: str
    policy: EarlyPolicy
    principal_minor: Minor
    interest_minor: Minor
    fee_minor: Minor
    penalty_minor: Minor
    credit_minor: Minor
    saved_minor: Minor
    total_minor: Minor


def early_settlement(
    terms: LoanTerms,
    happenings: Iterable[Happening],
    on: str,
    policy: EarlyPolicy = "full",
    allocation: AllocationRule = DEFAULT_ALLOCATION,
    interest: InterestRule = AS_SCHEDULED,
) -> SettlementQuote:
    """The quote for the end of the day `on`; raises as `account` does; unknown policies too."""
    if policy not in ("to_date", "to_period", "sum_of_digits", "full"):
        raise TermsError("A loan is settled to the date, to the period, by digits, or in full.")
    replay, _, _, coming = replayed(terms, happenings, on, allocation, interest)
    owed = [sum(line.owing[place] for line in replay.lines) for place in range(4)]
    if accrues(replay.terms, interest):
        due = owed[2] + _accruing(replay, coming, on, policy)
        saved = 0
    else:
        due = sum(interest_due(replay.terms, replay.lines, on, policy))
        saved = owed[2] - due
    credit = max(0, -due)
    total = max(0, owed[3] + owed[1] + owed[0] + due)
    return SettlementQuote(on, policy, owed[3], max(0, due), owed[1], owed[0], credit, saved, total)


def _accruing(replay: Replay, coming: tuple[Accrual, ...], on: str, policy: EarlyPolicy) -> Minor:
    """Interest since the last accrual: none yet, all of the running one, or its nights' part."""
    if policy == "sum_of_digits":
        raise TermsError("The sum of digits is for scheduled interest, not for what time brings.")
    if not coming:
        return 0
    if policy == "full":
        return sum(replay.accrue(accrual) for accrual in coming)
    running = coming[0]
    if running.starts_on >= on:
        return 0
    whole = replay.interest_of(running)
    if policy == "to_period":
        return whole
    if running.kind == "payment_day":
        return replay.interest_of(broken_off(replay.terms, running, on)[0])
    if running.kind == "service_charge":
        return 0  # charged by whole months only
    nights = max(1, days_between(running.starts_on, running.on))
    return rounded(replay.terms, whole * days_between(running.starts_on, on), nights)
