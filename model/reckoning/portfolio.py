"""What is at risk in a portfolio, and how well it is repaid; every figure carries its definition.

"PAR 30" means four things in the field, so a figure without its definition is worth nothing. Ours,
unless named otherwise: outstanding principal of all loans more than N days past due, over the
outstanding principal of all loans. Written-off loans are in neither; they are reported beside.

Found in the wild: loans in arrears with their whole balance (Sa-Dhan, CGAP, OpenCBS); N days or
more instead of more than N; overdue principal alone in the numerator (Apache Fineract's report
"Portfolio at Risk"); principal originally released in the denominator (Mifos user manual,
Loandisk); restructured loans always at risk (CGAP's consensus definition).
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from model.money import Minor
from model.reckoning.account import Account
from model.reckoning.arrears import Standing, delinquent_days, is_default


class ParDefinition(NamedTuple):
    """What a portfolio-at-risk figure means.

    `numerator`: whole `outstanding` principal of loans that are late, or `overdue` principal alone.
    `comparison`: `more_than` N days, or `at_least` N. `denominator`: principal `outstanding`, or
    `released` (handed over). `restructured`: counted `by_days` like any loan, `always` at risk, or
    `left_out` of both. `grace_days` are taken off the days past due first.
    """

    days: int = 30
    numerator: Literal["outstanding", "overdue"] = "outstanding"
    comparison: Literal["more_than", "at_least"] = "more_than"
    denominator: Literal["outstanding", "released"] = "outstanding"
    restructured: Literal["by_days", "always", "left_out"] = "by_days"
    grace_days: int = 0

    def sentence(self) -> str:
        """The definition in words, for every report that prints the figure."""
        what = "outstanding" if self.numerator == "outstanding" else "overdue"
        late = "more than" if self.comparison == "more_than" else "at least"
        among = "outstanding" if self.denominator == "outstanding" else "originally released"
        words = f"{what} principal of loans {late} {self.days} days past due"
        if self.grace_days:
            words += f" (after {self.grace_days} days of grace)"
        if self.restructured == "always":
            words += " and of restructured loans"
        words += f", over all principal {among}; written-off loans left out"
        if self.restructured == "left_out":
            words += ", restructured loans too"
        return words


USUAL_PAR: Final = ParDefinition()
"""PAR 30 of the whole balance, more than 30 days, over what is outstanding."""


class Par(NamedTuple):
    """A portfolio-at-risk figure: `ratio` is None when there is no portfolio."""

    definition: ParDefinition
    numerator_minor: Minor
    denominator_minor: Minor
    loans_at_risk: int

    @property
    def ratio(self) -> Fraction | None:
        """The exact ratio, 1/10 for 10 %."""
        if not self.denominator_minor:
            return None
        return Fraction(self.numerator_minor, self.denominator_minor)


def portfolio_at_risk(loans: Iterable[Standing], definition: ParDefinition = USUAL_PAR) -> Par:
    """The figure by its definition; loans fully repaid or written off are in neither part."""
    numerator = denominator = at_risk = 0
    for loan in loans:
        left_out = loan.restructured and definition.restructured == "left_out"
        if left_out or not loan.principal_outstanding_minor:
            continue
        released = definition.denominator == "released"
        denominator += loan.released_minor if released else loan.principal_outstanding_minor
        if is_at_risk(loan, definition):
            overdue = definition.numerator == "overdue"
            part = loan.principal_overdue_minor if overdue else loan.principal_outstanding_minor
            numerator += part
            at_risk += 1
    return Par(definition, numerator, denominator, at_risk)


def is_at_risk(loan: Standing, definition: ParDefinition) -> bool:
    """Does the definition count this loan as at risk?"""
    if loan.restructured and definition.restructured == "always":
        return True
    days = delinquent_days(loan.days_past_due, definition.grace_days)
    if definition.comparison == "at_least":
        return days >= max(1, definition.days)
    return days > definition.days


# Repayment rates.


class RepaymentRate(NamedTuple):
    """Collected over due; `ratio` is None when nothing fell due."""

    first_day: str
    last_day: str
    due_minor: Minor
    collected_minor: Minor

    @property
    def ratio(self) -> Fraction | None:
        """The exact rate, 1 for everything."""
        return Fraction(self.collected_minor, self.due_minor) if self.due_minor else None


def repayment_rate(
    accounts: Iterable[Account],
    first_day: str,
    last_day: str,
    prepaid: Literal["counted_when_due", "left_out"] = "counted_when_due",
) -> RepaymentRate:
    """Of what fell due from `first_day` to `last_day`, how much was paid by `last_day`?

    Payments for instalments due later are never in the numerator. What had been paid before the
    period began counts when its instalment falls due, or is left out of both parts. Waived and
    written-off amounts still count as due. Accounts must reach `last_day`.
    """
    due = collected = 0
    for found in accounts:
        for row in found.instalments:
            if not first_day <= row.due_on <= last_day:
                continue
            before = sum(amount for day, _, amount in row.payments if day < first_day)
            paid = sum(amount for day, _, amount in row.payments if day <= last_day)
            left_out = before if prepaid == "left_out" else 0
            due += sum(row.asked) - left_out
            collected += paid - left_out
    return RepaymentRate(first_day, last_day, due, collected)


def cumulative_repayment_rate(accounts: Iterable[Account], last_day: str) -> RepaymentRate:
    """Of all that ever fell due up to `last_day`, how much was paid by then; no prepayments."""
    return repayment_rate(accounts, "0001-01-01", last_day)


# Summary.


class PortfolioQuality(NamedTuple):
    """The portfolio on one day. `par`: one figure a definition, in the order asked for."""

    active_loans: int
    late_loans: int
    loans_in_default: int
    restructured_loans: int
    written_off_loans: int
    released_minor: Minor
    principal_outstanding_minor: Minor
    principal_overdue_minor: Minor
    overdue_minor: Minor
    written_off_minor: Minor
    recovered_minor: Minor
    par: tuple[Par, ...]


def portfolio_quality(
    loans: Sequence[Standing],
    definitions: Sequence[ParDefinition] = (),
    default_after_days: int = 90,
) -> PortfolioQuality:
    """Counts and sums over all loans; without definitions PAR of any lateness, > 30, > 90 days."""
    wanted = definitions or (ParDefinition(0), ParDefinition(30), ParDefinition(90))
    active = [loan for loan in loans if loan.principal_outstanding_minor]
    return PortfolioQuality(
        len(active),
        sum(1 for loan in active if loan.late),
        sum(1 for loan in active if is_default(loan, default_after_days)),
        sum(1 for loan in active if loan.restructured),
        sum(1 for loan in loans if loan.written_off_minor),
        sum(loan.released_minor for loan in loans),
        sum(loan.principal_outstanding_minor for loan in active),
        sum(loan.principal_overdue_minor for loan in active),
        sum(loan.overdue_minor for loan in loans),
        sum(loan.written_off_minor for loan in loans),
        sum(loan.recovered_minor for loan in loans),
        tuple(portfolio_at_risk(loans, definition) for definition in wanted),
    )
