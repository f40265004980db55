"""What is reckoned of each kind of case: a function of plain values, that yields all it comes to.

The annotations of a function say how its inputs are drawn (drawn_terms.py), written and read again
(kept_reckonings.py). One whose inputs are refused raises; what is refused in part yields the name
of the refusal and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias, get_args, get_type_hints

from model.journal_entry import JournalEntry
from model.money import Rounding, Ties
from model.reckoning import loan_ratios, ratios
from model.reckoning.account import account
from model.reckoning.accounts_statements import (
    balance_sheet,
    cash_balances,
    fund_balances,
    income_statement,
    trial_balance,
)
from model.reckoning.accrual import EarlyPolicy, InterestRule, accruals
from model.reckoning.allocation import (
    AllocationRule,
    Bucket,
    Due,
    LoanDebt,
    allocate,
    is_sum_function,
    owed,
    paid_split,
    position,
    share_over_loans,
    split_payment,
    waterfall,
)
from model.reckoning.arrears import AgeBy, Standing, ageing, is_default, standing, standing_by_sum
from model.reckoning.auction import Auction, auction_round, winning_bid
from model.reckoning.calendar import DuePlan, periods_of
from model.reckoning.dividends import (
    DividendTerms,
    Holding,
    appropriate,
    dividends_at_rate,
    dividends_from_pool,
    interest_by_days,
    month_weights,
)
from model.reckoning.draw import combined_seed, commitment, drawn_order
from model.reckoning.early_settlement import early_settlement
from model.reckoning.eligibility import (
    Borrower,
    Guarantor,
    LendingLimits,
    Request,
    most_to_borrow,
    most_to_guarantee,
    reasons_against,
)
from model.reckoning.happenings import Happening
from model.reckoning.health import HealthFacts, health_score
from model.reckoning.investments import (
    cost_of_part,
    gain_on_sale,
    return_a_year,
    return_on_investment,
    unrealised_gain,
)
from model.reckoning.movements import is_closing, movements
from model.reckoning.penalties import PenaltyRule, penalties_due
from model.reckoning.portfolio import (
    ParDefinition,
    cumulative_repayment_rate,
    is_at_risk,
    portfolio_at_risk,
    portfolio_quality,
    repayment_rate,
)
from model.reckoning.rates import DayCount, Rate, RatePeriod, percent, period_rates, ppm, year_part
from model.reckoning.ratio import Ratio
from model.reckoning.rotation import Paid, Rotation, plan, progress
from model.reckoning.savix import CollectionSheet, savix_ratios
from model.reckoning.schedules import schedule
from model.reckoning.settlement import Departure, ExitRules, settle_exit
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Fund, Saver, ShareOutRules
from model.reckoning.splitting import (
    Deposit,
    Residue,
    amount_days,
    amount_months,
    split_by_value,
    split_equally,
    split_pool,
)
from model.reckoning.subledgers import prove_subledgers, running_balance
from model.reckoning.terms import LoanTerms

Told: TypeAlias = Iterator[object]


def _or_refused(reckon: Callable[..., object], *given: Any, **named: Any) -> object:
    try:
        return reckon(*given, **named)
    except ValueError as refusal:
        return type(refusal).__name__


# Loans.


def loan(
    terms: LoanTerms,
    interest: InterestRule,
    order: tuple[Bucket, ...],
    paid: tuple[int, ...],
    on: str,
) -> Told:
    """A schedule, what accrues, and where sums go that are paid on it."""
    yield schedule(terms)
    yield _or_refused(accruals, terms, interest)
    yield waterfall(terms, order)
    yield owed(terms)
    yield position(terms, paid, order)
    before = 0
    for amount in paid:
        yield split_payment(terms, before, amount, order)
        before += amount
        yield paid_split(terms, before, order)
        yield _or_refused(standing_by_sum, terms, before, on, "", order)


def history(
    terms: LoanTerms,
    happenings: tuple[Happening, ...],
    days: tuple[str, ...],
    allocation: AllocationRule,
    interest: InterestRule,
    penalties: PenaltyRule,
    strict: bool,
) -> Told:
    """A loan's account on some days, what its lateness costs, and what settles it."""
    for on in days:
        found = account(terms, happenings, on, allocation, interest, strict)
        yield found
        yield standing(found)
        yield _or_refused(penalties_due, found, penalties)
        for policy in get_args(EarlyPolicy):
            rules = (policy, allocation, interest)
            yield _or_refused(early_settlement, terms, happenings, on, *rules)
        for prepaid in ("counted_when_due", "left_out"):
            yield repayment_rate([found], days[0], on, prepaid)
        yield cumulative_repayment_rate([found], on)


def pouring(
    dues: tuple[Due, ...],
    amounts: tuple[int, ...],
    on: str,
    rule: AllocationRule,
    debts: tuple[LoanDebt, ...],
) -> Told:
    """Payments of one day by a rule, and one over several loans."""
    yield is_sum_function(rule)
    for amount in amounts:
        poured = allocate(dues, amount, on, rule)
        dues = poured.left
        yield poured
        yield _or_refused(share_over_loans, debts, amount)


def rate(text: str, per: RatePeriod, parts: int) -> Told:
    """A rate as people write it."""
    yield percent(text, per)
    yield _or_refused(ppm, parts, per)


def calendar(
    disbursed_on: str, due: DuePlan, count: int, rate: Rate, day_count: DayCount, last: bool
) -> Told:
    """Periods of a loan, and what each costs."""
    periods = periods_of(disbursed_on, due, count)
    if last:
        periods = (*periods[:-1], periods[-1]._replace(is_last=True))
    yield periods
    yield _or_refused(period_rates, rate, periods, due.unit, due.every, day_count)
    for period in periods[:2]:
        yield _or_refused(year_part, period, due.unit, due.every, day_count)


def portfolio(
    loans: tuple[Standing, ...],
    definitions: tuple[ParDefinition, ...],
    default_after_days: int,
    by: AgeBy,
    bounds: tuple[int, ...],
    grace_days: int,
) -> Told:
    """What is at risk in some loans."""
    yield portfolio_quality(loans, definitions, default_after_days)
    yield portfolio_at_risk(loans)
    yield [is_at_risk(loan, each) for loan in loans for each in definitions]
    yield [is_default(loan) for loan in loans]
    yield ageing(loans)
    yield ageing(loans, by, bounds, grace_days)


def eligibility(
    request: Request,
    borrower: Borrower,
    limits: LendingLimits,
    guarantors: tuple[Guarantor, ...],
) -> Told:
    """What stands against a loan."""
    yield reasons_against(request, borrower, limits, guarantors)
    yield most_to_borrow(borrower, limits)
    yield [most_to_guarantee(each, limits) for each in guarantors]


# Sharing.


def sharing_out(
    fund: Fund,
    savers: tuple[Saver, ...],
    rules: ShareOutRules | None,
    step_minor: int,
    rounding: Rounding,
) -> Told:
    """A share-out, and the value of a share as it is read out."""
    found = share_out(fund, savers, rules)
    yield found
    yield found.displayed_value()
    yield found.displayed_value(step_minor, rounding)
    yield found.total("weight")


def leaving(departure: Departure, rules: ExitRules | None) -> Told:
    """An exit."""
    yield settle_exit(departure, rules)


def splitting(
    whole_minor: int,
    weights: tuple[int, ...],
    residue: Residue,
    step_minor: int,
    ties: Ties,
) -> Told:
    """A whole by weights."""
    yield split_pool(whole_minor, weights, residue=residue, step_minor=step_minor, ties=ties)
    yield _or_refused(
        split_equally, whole_minor, len(weights), residue=residue, step_minor=step_minor
    )


def valuing(
    whole_minor: int,
    weights: tuple[int, ...],
    value_step: Fraction,
    roundings: tuple[Rounding, Rounding],
    step_minor: int,
) -> Told:
    """A whole by the value of one unit of weight."""
    yield split_by_value(whole_minor, weights)
    yield split_by_value(
        whole_minor,
        weights,
        value_step=value_step,
        value_rounding=roundings[0],
        part_rounding=roundings[1],
        step_minor=step_minor,
    )


def dividends(
    holdings: tuple[Holding, ...],
    terms: DividendTerms,
    deposit_pool_minor: int,
    capital_pool_minor: int,
    residue: Residue,
) -> Told:
    """A dividend at rates, and one out of pools."""
    yield month_weights()
    yield month_weights(terms.months, terms.first_month)
    yield dividends_at_rate(holdings, terms)
    pools = {"deposit_pool_minor": deposit_pool_minor, "capital_pool_minor": capital_pool_minor}
    yield _or_refused(dividends_from_pool, holdings, **pools, terms=terms, residue=residue)


def interest_and_time(
    deposits: tuple[Deposit, ...],
    start: str,
    end: str,
    rate_ppm: int,
    year_days: int,
    rounding: Rounding,
    month_of_deposit: int,
) -> Told:
    """What savings earn and weigh by time."""
    terms: dict[str, Any] = {"rate_ppm": rate_ppm, "year_days": year_days, "rounding": rounding}
    yield interest_by_days(deposits, start=start, end=end, **terms)
    yield _or_refused(amount_days, deposits, end)
    yield _or_refused(amount_months, deposits, end, month_of_deposit=month_of_deposit)


def appropriation(surplus_minor: int, parts_ppm: tuple[int, ...], rounding: Rounding) -> Told:
    """Reserves that come first."""
    yield appropriate(surplus_minor, parts_ppm, rounding)


def investment(cost: int, part: int, whole: int, figures: tuple[int, int, int], days: int) -> Told:
    """What an investment brought."""
    yield cost_of_part(cost, part, whole)
    yield gain_on_sale(cost, figures[0])
    yield unrealised_gain(cost, figures[1])
    total = return_on_investment(cost, *figures)
    yield total
    yield _or_refused(return_a_year, total, days)
    yield _or_refused(return_a_year, total, days, 360)


# Turns.


def rotation(rotation: Rotation, paid: tuple[Paid, ...], rounds_held: int) -> Told:
    """A merry-go-round, planned and as it went."""
    yield plan(rotation)
    yield _or_refused(progress, rotation, paid, rounds_held)


def auction(
    auction: Auction, bids: tuple[tuple[int, int], ...], had_pot: tuple[int, ...], seed: bytes
) -> Told:
    """A round by bidding."""
    winner, discount = winning_bid(dict(bids), seed)
    yield winner, discount
    yield auction_round(auction, winner, discount, had_pot)


def drawing(slots: tuple[tuple[str, int], ...], seeds: tuple[bytes, ...]) -> Told:
    """An order by lot."""
    seed = combined_seed(seeds)
    yield seed
    yield drawn_order(dict(slots), seed, commitment(seed).upper())


# Figures of a group.


def shown(ratio: Ratio) -> Told:
    """A ratio, and as it is read."""
    yield ratio
    yield [ratio.rounded(digits) for digits in (0, 1, 9)]
    yield [ratio.text(digits, 2).replace(" ", "_") for digits in (0, 2) if ratio.value is not None]


def group_ratio(
    name: str,
    figures: tuple[int, ...],
    balances: tuple[int, ...],
    register: tuple[ratios.Attended, ...],
) -> Told:
    """One of our ratios, of so many figures as it asks for."""
    reckon = getattr(ratios if hasattr(ratios, name) else loan_ratios, name)
    left = iter(figures)
    given: list[object] = []
    for hint in list(get_type_hints(reckon).values())[:-1]:
        if hint == Sequence[ratios.Attended]:
            given.append(register)
        else:
            given.append(balances if hint == Sequence[int] else next(left))
    yield from shown(reckon(*given))


def ages(known: tuple[int | None, ...]) -> Told:
    """Members by their age."""
    yield ratios.age_bands(known)


def health(facts: HealthFacts) -> Told:
    """A health score."""
    yield health_score(facts)


def visit(sheet: CollectionSheet) -> Told:
    """A visit's ratios."""
    for ratio in savix_ratios(sheet):
        yield from shown(ratio)


def statements(
    entries: tuple[JournalEntry, ...],
    first_day: str,
    last_day: str,
    kept: tuple[tuple[str, tuple[tuple[str, int], ...]], ...],
    account_code: str,
    subject: str | None,
) -> Told:
    """Statements of account and sub-ledgers of a journal."""
    for with_closing in (True, False):
        yield movements(entries, first_day, last_day, with_closing=with_closing)
    yield [is_closing(entry) for entry in entries]
    for empty in (True, False):
        yield trial_balance(entries, first_day, last_day, empty=empty)
    for statement in (income_statement, balance_sheet, fund_balances, cash_balances):
        yield statement(entries, first_day, last_day)
    yield prove_subledgers(entries, last_day)
    yield _or_refused(prove_subledgers, entries, last_day, {code: dict(by) for code, by in kept})
    yield _or_refused(running_balance, entries, account_code, subject, first_day, last_day)
    yield _or_refused(running_balance, entries, account_code, None, first_day, last_day)


_EVERY: Final[tuple[Callable[..., Told], ...]] = (
    loan, history, pouring, rate, calendar, portfolio, eligibility,
    sharing_out, leaving, splitting, valuing, dividends, interest_and_time, appropriation,
    investment,
    rotation, auction, drawing, group_ratio, ages, health, visit, statements,
)  # fmt: skip
RECKONED: Final = {reckon.__name__: reckon for reckon in _EVERY}
"""Kind of case -> how it is reckoned."""
