"""Ratios of a savings group's loans and of what its money earns, each with one pinned definition.

Where sources disagree, the docstring says which definition is ours and what the other one is.
Sources, by short name:

- DreamSave: "DreamSave Insights Glossary", support.dreamstartlabs.com/portal/en/kb/articles/
  dreamsave-insights-glossary.
- SAVIX: the savings groups' information exchange (thesavix.org), whose sheet and formulas are read
  from a project that collects it: github.com/dimagi/dca-reports, dca/reports.py. The whole set is
  in savix.py.
- CGAP: "Microfinance Consensus Guidelines", CGAP / World Bank, third edition, September 2003.

Amounts are minor units, counts are whole; a profit may be negative (a loss). A balance that is
averaged is given at equal distances, the opening and the closing balance at least. Negative counts
and parts that are larger than their whole raise `RatioError`.
"""

from collections.abc import Sequence
from fractions import Fraction

from model.money import Minor
from model.reckoning.ratio import YEAR_DAYS, Ratio, average, mean, part_of, ratio, to_a_year


def average_loan_size(lent: Minor, loans: int) -> Ratio:
    """Principal of all loans ever given / their number (DreamSave "Average Loan Size")."""
    return average(
        "average_loan_size", "Average loan", ("principal lent", lent), ("loans given", loans)
    )


def average_outstanding_loan(outstanding: Minor, loans: int) -> Ratio:
    """Principal outstanding / loans outstanding (SAVIX "Average outstanding loan size")."""
    return average(
        "average_outstanding_loan",
        "Average loan outstanding",
        ("principal outstanding", outstanding),
        ("loans outstanding", loans),
    )


def loans_per_group(loans: int, groups: int) -> Ratio:
    """Loans given / groups (DreamSave "Average # of Loans Given")."""
    return ratio(
        "loans_per_group",
        "Loans per group",
        "number",
        ("loans given", loans),
        ("groups", groups),
        "loans given / groups",
    )


def loans_written_off(written_off: int, loans: int) -> Ratio:
    """Number of loans written off / all loans given (DreamSave "% of Loans Written Off").

    By number; for the share of the money lost see `loan_loss`.
    """
    return part_of(
        "loans_written_off",
        "Loans written off",
        ("loans written off", written_off),
        ("loans given", loans),
        "loans written off / loans given",
    )


def loan_loss(written_off: Minor, portfolio: Sequence[Minor]) -> Ratio:
    """Principal written off in the period / average portfolio (CGAP "write-off ratio").

    `portfolio`: principal outstanding at equal distances, the opening and the closing balance at
    least. Not brought to a year. What was recovered later is income and not taken off here.
    """
    return ratio(
        "loan_loss",
        "Loan loss",
        "percent",
        ("principal written off", written_off),
        ("average principal outstanding", mean(portfolio)),
        "principal written off in the period / average principal outstanding",
    )


def loans_past_due(past_due: int, loans: int) -> Ratio:
    """Number of loans with anything past due / loans outstanding."""
    return part_of(
        "loans_past_due",
        "Loans past due",
        ("loans past due", past_due),
        ("loans outstanding", loans),
        "loans with anything past due / loans outstanding",
    )


def portfolio_at_risk(at_risk: Minor, outstanding: Minor, days: int = 30) -> Ratio:
    """Whole outstanding principal of loans late by more than `days` / principal outstanding.

    CGAP's definition; written-off loans are in neither. Reports elsewhere divide the principal
    that is overdue, or by what was lent at first: arrears.py has those as named options, and
    SAVIX divides the unpaid balance of loans late by any day (`days=0`).
    """
    return part_of(
        f"portfolio_at_risk_{days}",
        f"Portfolio at risk, over {days} days",
        (f"outstanding principal of loans late by more than {days} days", at_risk),
        ("principal outstanding", outstanding),
        f"outstanding principal of loans late by more than {days} days / principal outstanding",
    )


def repayment_rate(collected: Minor, due: Minor) -> Ratio:
    """Collected of what fell due / what fell due; what was paid ahead of its day is in neither.

    CGAP (Occasional Paper 3, 1999) calls it the current or cumulative collection rate, by the
    period that is taken.
    """
    return part_of(
        "repayment_rate",
        "Repayment rate",
        ("collected of what fell due", collected),
        ("fell due", due),
        "collected of what fell due / what fell due, without payments ahead of their day",
    )


def fund_utilisation(loans_outstanding: Minor, loan_fund_cash: Minor) -> Ratio:
    """Loans outstanding / (loans outstanding + loan-fund cash) (SAVIX "Loan fund utilisation").

    Above 100 % while the loan fund's cash is below zero.
    """
    return ratio(
        "fund_utilisation",
        "Loan fund in use",
        "percent",
        ("loans outstanding", loans_outstanding),
        ("loans outstanding + loan-fund cash", loans_outstanding + loan_fund_cash),
        "loans outstanding / (loans outstanding + loan-fund cash)",
    )


def loans_to_assets(loans_outstanding: Minor, assets: Minor) -> Ratio:
    """Loans outstanding / assets (SAVIX "Loans outstanding as % of total assets")."""
    return ratio(
        "loans_to_assets",
        "Loans in assets",
        "percent",
        ("loans outstanding", loans_outstanding),
        ("assets", assets),
        "loans outstanding / assets",
    )


def return_on_savings(
    profit: Minor, savings: Sequence[Minor], days: int, year_days: int = YEAR_DAYS
) -> Ratio:
    """Profit / average savings, brought to a year of 365 days.

    `savings`: members' savings at equal distances, the opening and the closing balance at least.
    Ours averages, because a group's savings grow from nothing every cycle; SAVIX divides by the
    savings at the visit and leaves this one as it is, see savix.py.
    """
    return _yearly(
        "return_on_savings",
        "Return on savings, a year",
        ("profit", profit),
        ("average savings", mean(savings)),
        to_a_year(days, year_days),
    )


def return_on_assets(
    profit: Minor, assets: Sequence[Minor], days: int, year_days: int = YEAR_DAYS
) -> Ratio:
    """Profit / average assets (CGAP, without adjustments), brought to a year of 365 days."""
    return _yearly(
        "return_on_assets",
        "Return on assets, a year",
        ("profit", profit),
        ("average assets", mean(assets)),
        to_a_year(days, year_days),
    )


def portfolio_yield(
    interest: Minor, portfolio: Sequence[Minor], days: int, year_days: int = YEAR_DAYS
) -> Ratio:
    """Interest, fees and penalties received on loans / average portfolio, brought to a year.

    CGAP "Yield on gross portfolio": what was received in cash, not what fell due.
    """
    return _yearly(
        "portfolio_yield",
        "Yield on loans, a year",
        ("interest, fees and penalties received", interest),
        ("average principal outstanding", mean(portfolio)),
        to_a_year(days, year_days),
    )


def _yearly(
    code: str, name: str, top: tuple[str, Minor], bottom: tuple[str, Fraction], factor: Fraction
) -> Ratio:
    definition = f"{top[0]} / {bottom[0]} x days of a year / days of the period"
    return ratio(code, name, "percent", top, bottom, definition, factor)


def debt_to_equity(debt: Minor, equity: Minor) -> Ratio:
    """Owed to lenders outside the group / equity (CGAP)."""
    return ratio(
        "debt_to_equity",
        "Debt to equity",
        "percent",
        ("owed to lenders outside", debt),
        ("equity", equity),
        "owed to lenders outside the group / equity",
    )
