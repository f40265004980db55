"""What a savings and credit co-operative pays its members for the year, by rate or out of a pool.

Two things earn: **deposits** (interest, sometimes called rebate), by amount and by time, and
**share capital** (dividend), on what a member holds at the end of the year. Each has its own rate
and its own withholding tax. What was there when the year began earns for the whole of it, and what
came in during a month earns for the months that are left. Whether the month of the deposit counts
is a custom of each society, so it is a parameter: `first_month="full"` gives January 12/12 and
December 1/12 (Mwalimu National SACCO as shown on www.onana.co.ke and www.citizennewsline.co.ke),
`"next"` gives 11/12 and 0/12 (Hazina SACCO; kenyattamatibabusacco.or.ke/dividend-calculation),
`"half"` the middle of the month.

Interest is summed exactly and rounded once for each member and kind, unless the paper rounds every
month (`round_each="month"`); tax is taken from the rounded amount and rounded by its own rule.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from model.days import parse_day
from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Minor, Rounding, divide
from model.reckoning.splitting import PARTS_MAX, Deposit, Parts, Residue, split_pool

FirstMonth: TypeAlias = Literal["full", "half", "next"]
RoundEach: TypeAlias = Literal["sum", "month"]

PPM: Final = 1_000_000
RATE_PPM_MAX: Final = 10 * PPM
"""A thousand percent a year: more is a typing mistake."""
MONTHS_MAX: Final = 120
_HALVES_LOST: Final[dict[str, int]] = {"full": 0, "half": 1, "next": 2}


class DividendError(ValueError):
    """There is no dividend from these figures; the message says what to change."""


class Holding(NamedTuple):
    """What one member held, in minor units.

    `opening_minor` are deposits when the year began, `monthly_minor` what was deposited in each
    month of the year less what was taken out (may be negative), `capital_minor` the share capital
    at the end of the year.
    """

    number: int
    member: str = ""
    opening_minor: Minor = 0
    monthly_minor: tuple[Minor, ...] = ()
    capital_minor: Minor = 0

    @property
    def closing_minor(self) -> Minor:
        """Deposits at the end of the year."""
        return self.opening_minor + sum(self.monthly_minor)


class DividendTerms(NamedTuple):
    """What the annual meeting declared; rates in millionths a year (10.85 % = 108_500).

    `months` is the length of the year that the rates are for. `rounding` "floor" truncates, as
    many societies do; `step_minor` rounds to whole shillings where cents are not paid.
    """

    deposit_rate_ppm: int = 0
    capital_rate_ppm: int = 0
    first_month: FirstMonth = "full"
    months: int = 12
    rounding: Rounding = "half_up"
    round_each: RoundEach = "sum"
    step_minor: Minor = 1
    deposit_tax_ppm: int = 0
    capital_tax_ppm: int = 0
    tax_rounding: Rounding = "half_up"


class DividendRow(NamedTuple):
    """One member's dividend: interest on deposits + dividend on capital - tax = net."""

    number: int
    member: str
    interest_minor: Minor
    dividend_minor: Minor
    gross_minor: Minor
    tax_minor: Minor
    net_minor: Minor


class Dividends(NamedTuple):
    """All rows by member number; each total is the sum of its column."""

    rows: tuple[DividendRow, ...]
    gross_minor: Minor
    tax_minor: Minor
    net_minor: Minor
    residue_minor: Minor = 0


def month_weights(months: int = 12, first_month: FirstMonth = "full") -> tuple[Fraction, ...]:
    """The part of the year for which a deposit of each month earns; `DividendError` if unknown.

    Twelve months, full: 12/12, 11/12 … 1/12; next: 11/12 … 0/12; half: 23/24 … 1/24.
    """
    if not 1 <= months <= MONTHS_MAX or first_month not in get_args(FirstMonth):
        raise DividendError("The year has 1 to 120 months; its first counts full, half or not.")
    lost = _HALVES_LOST[first_month]
    return tuple(Fraction(2 * (months - month) - lost, 2 * months) for month in range(months))


def dividends_at_rate(holdings: Sequence[Holding], terms: DividendTerms) -> Dividends:
    """Interest on deposits and dividend on capital at the declared rates, less withholding tax.

    Raises `DividendError` for figures out of bounds, more months than the year has, deposits that
    fall below zero at a month's end, or a member who stands twice.
    """
    members = _checked(holdings, terms.months)
    _check_terms(terms)
    weights = month_weights(terms.months, terms.first_month)
    return _summed(
        tuple(
            _row(
                each,
                _interest(each, weights, terms),
                _rounded(each.capital_minor * Fraction(terms.capital_rate_ppm, PPM), terms),
                terms,
            )
            for each in members
        )
    )


def dividends_from_pool(
    holdings: Sequence[Holding],
    *,
    deposit_pool_minor: Minor = 0,
    capital_pool_minor: Minor = 0,
    terms: DividendTerms,
    residue: Residue = "largest_remainder",
) -> Dividends:
    """A given amount divided by deposits over time, another by share capital, less tax.

    The rates of `terms` are not used: the pool gives them. To divide by closing balances alone put
    the balance into `opening_minor`, or use `split_pool`. Residue is what could not be divided.
    Raises as `dividends_at_rate` does, and if nobody holds anything that the pool could go to.
    """
    members = _checked(holdings, terms.months)
    _check_terms(terms)
    weights = month_weights(terms.months, terms.first_month)
    halves = 2 * terms.months
    over_time = tuple(int(_over_time(each, weights) * halves) for each in members)
    interest = _divided(deposit_pool_minor, over_time, terms.step_minor, residue)
    capital = tuple(each.capital_minor for each in members)
    dividend = _divided(capital_pool_minor, capital, terms.step_minor, residue)
    rows = tuple(
        _row(each, earned, paid, terms)
        for each, earned, paid in zip(members, interest.parts, dividend.parts, strict=True)
    )
    return _summed(rows, interest.residue_minor + dividend.residue_minor)


def interest_by_days(
    deposits: Sequence[Deposit],
    *,
    start: str,
    end: str,
    rate_ppm: int,
    year_days: int = 365,
    rounding: Rounding = "half_up",
) -> Minor:
    """Interest on each day's closing balance from `start` (counted) to `end` (not counted).

    Balance * days * rate / `year_days`, summed exactly and rounded once: the same as the rate on
    the average daily balance (help.cubase.org "Average Daily Balance"; "DOD/DOW" of
    www.portico.fiservapps.com). A deposit earns from its own day on; one before `start` was there
    when the period began. A balance below zero earns nothing and costs nothing, as at Portico.
    """
    first, last = parse_day(start).toordinal(), parse_day(end).toordinal()
    if last < first or not 0 <= rate_ppm <= RATE_PPM_MAX or year_days not in (360, 364, 365, 366):
        raise DividendError("Give a start before the end, a true rate and a year of 360-366 days.")
    balance = balance_days = 0
    since = first
    for deposit in sorted(deposits):
        day = min(max(parse_day(deposit.day).toordinal(), first), last)
        balance_days += max(0, balance) * (day - since)
        since = day
        balance += deposit.amount_minor
    balance_days += max(0, balance) * (last - since)
    return divide(balance_days * rate_ppm, PPM * year_days, rounding)


def appropriate(
    surplus_minor: Minor, parts_ppm: Sequence[int], rounding: Rounding = "half_up"
) -> tuple[tuple[Minor, ...], Minor]:
    """Reserves that the law or the by-laws take first, and what is left to pay to members.

    Each part is a share of the whole surplus in millionths (a statutory reserve of 10 % and a
    training fund of 10 % in the Philippine Cooperative Code, RA 9520 art. 86). A loss is not
    appropriated. Raises `DividendError` when the parts are more than the whole.
    """
    if min(parts_ppm, default=0) < 0 or sum(parts_ppm) > PPM:
        raise DividendError("The reserves cannot take more than the whole surplus.")
    parts = tuple(divide(max(0, surplus_minor) * part, PPM, rounding) for part in parts_ppm)
    left = surplus_minor - sum(parts)
    return parts, left


def _interest(each: Holding, weights: Sequence[Fraction], terms: DividendTerms) -> Minor:
    rate = Fraction(terms.deposit_rate_ppm, PPM)
    if terms.round_each == "sum":
        return _rounded(_over_time(each, weights) * rate, terms)
    return _rounded(each.opening_minor * rate, terms) + sum(
        _rounded(amount * weight * rate, terms)
        for amount, weight in zip(each.monthly_minor, weights, strict=False)
    )


def _over_time(each: Holding, weights: Sequence[Fraction]) -> Fraction:
    """What was held, each deposit times the part of the year that it was there."""
    paired = zip(each.monthly_minor, weights, strict=False)
    return each.opening_minor + sum((amount * weight for amount, weight in paired), Fraction(0))


def _rounded(exact: Fraction, terms: DividendTerms) -> Minor:
    step = terms.step_minor
    return divide(exact.numerator, exact.denominator * step, terms.rounding) * step


def _divided(pool: Minor, weights: Sequence[int], step: Minor, residue: Residue) -> Parts:
    if not 0 <= pool <= AMOUNT_MINOR_MAX:
        raise DividendError("A pool to divide is not negative, nor too large to be true.")
    if pool == 0:
        return Parts((0,) * len(weights), 0)
    if sum(weights) == 0:
        raise DividendError("There is a pool to divide, but nobody holds anything that earns.")
    return split_pool(pool, weights, residue=residue, step_minor=step)


def _row(each: Holding, interest: Minor, dividend: Minor, terms: DividendTerms) -> DividendRow:
    tax = divide(
        interest * terms.deposit_tax_ppm + dividend * terms.capital_tax_ppm, PPM, terms.tax_rounding
    )
    gross = interest + dividend
    return DividendRow(each.number, each.member, interest, dividend, gross, tax, gross - tax)


def _summed(rows: tuple[DividendRow, ...], residue: Minor = 0) -> Dividends:
    gross, tax = sum(row.gross_minor for row in rows), sum(row.tax_minor for row in rows)
    return Dividends(rows, gross, tax, gross - tax, residue)


def _checked(holdings: Sequence[Holding], months: int) -> tuple[Holding, ...]:
    if not 1 <= len(holdings) <= PARTS_MAX:
        raise DividendError(f"A dividend is for 1 to {PARTS_MAX} members.")
    if len({(each.number, each.member) for each in holdings}) < len(holdings):
        raise DividendError("A member stands in the list twice.")
    for each in holdings:
        _check_holding(each, months)
    return tuple(sorted(holdings, key=lambda each: (each.number, each.member)))


def _check_holding(each: Holding, months: int) -> None:
    if len(each.monthly_minor) > months:
        raise DividendError(f"The year has {months} months; member {each.number} has more.")
    if not 0 <= each.capital_minor <= AMOUNT_MINOR_MAX:
        raise DividendError(f"The share capital of member {each.number} cannot be so.")
    balance = each.opening_minor
    if not 0 <= balance <= AMOUNT_MINOR_MAX:
        raise DividendError(f"The deposits of member {each.number} cannot be so.")
    for amount in each.monthly_minor:
        balance += amount
        if not 0 <= balance <= AMOUNT_MINOR_MAX:
            raise DividendError(f"Member {each.number} took out more than was there.")


def _check_terms(terms: DividendTerms) -> None:
    rates = (terms.deposit_rate_ppm, terms.capital_rate_ppm)
    if not all(0 <= rate <= RATE_PPM_MAX for rate in rates):
        raise DividendError("A dividend is between 0 and 1000 percent a year.")
    if not all(0 <= tax <= PPM for tax in (terms.deposit_tax_ppm, terms.capital_tax_ppm)):
        raise DividendError("A tax is between 0 and 100 percent.")
    if terms.rounding not in ROUNDINGS or terms.tax_rounding not in ROUNDINGS:
        raise DividendError("The rounding is not known here.")
    if terms.round_each not in get_args(RoundEach) or terms.step_minor < 1:
        raise DividendError("Round the sum or each month, to at least the smallest unit.")
