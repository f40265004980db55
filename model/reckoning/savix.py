"""The figures that savings-group projects collect on one visit, and the ratios made of them.

The sheet is that of the savings groups' information exchange (SAVIX, thesavix.org), with the
formulas of a project that collected it: github.com/dimagi/dca-reports, dca/reports.py. They are
kept beside our own (ratios.py, loan_ratios.py) because a partner's programme compares groups by
them. Where they differ from ours the docstring says so. That source names, and leaves open, the
returns on savings and on assets: those here are profit over the balance at the visit, and the
yearly one multiplies by 52 weeks over the weeks since savings began, as usual in the field.
"""

from fractions import Fraction
from typing import Final, NamedTuple

from model.money import Minor
from model.reckoning.ratio import Ratio, RatioError, average, part_of, ratio

YEAR_WEEKS: Final = 52


class CollectionSheet(NamedTuple):
    """What is counted on the visit; amounts in minor units, counts of this cycle.

    `late_balance`: unpaid balance of loans that are late by any day. `other_cash`: cash of the
    social fund and any other fund beside the loan fund. `property_*`: what the group owns that is
    not money. `debts`: owed to lenders outside. `weeks`: since savings of this cycle began.
    """

    members_at_start: int
    members: int
    women: int
    attending: int
    dropouts: int
    savings: Minor
    loans: int
    loans_outstanding: Minor
    late_balance: Minor
    written_off: Minor
    loan_fund_cash: Minor
    other_cash: Minor = 0
    property_at_start: Minor = 0
    property_now: Minor = 0
    debts: Minor = 0
    weeks: int = 0

    @property
    def assets(self) -> Minor:
        """Loan-fund cash + loans outstanding + other cash + property."""
        return self.loan_fund_cash + self.loans_outstanding + self.other_cash + self.property_now

    @property
    def profit(self) -> Minor:
        """What the loan fund and property hold beyond savings, property at the start and debts."""
        held = self.loan_fund_cash + self.loans_outstanding + self.property_now
        return held - self.savings - self.property_at_start - self.debts

    @property
    def equity(self) -> Minor:
        """Other cash + savings + profit + property at the start: assets less debts."""
        return self.other_cash + self.savings + self.profit + self.property_at_start


def savix_ratios(sheet: CollectionSheet) -> tuple[Ratio, ...]:
    """The project ratios of one group, in the order of the published list.

    `RatioError` when a count is negative or a part is larger than its whole. The retention rate
    is (members now - dropouts) / members now and the dropout rate dropouts / members now, unlike
    ours, which follow the members of the start; a group that lost more than it has left gives 0.
    """
    if min(sheet) < 0:
        raise RatioError("A collection sheet has no figure below 0.")
    members = ("members now", sheet.members)
    kept = max(sheet.members - sheet.dropouts, 0)
    growth = sheet.members - sheet.members_at_start
    at_start = ("members at the start", sheet.members_at_start)
    return (
        _part(
            "attendance_rate", "Attendance rate", ("members attending", sheet.attending), members
        ),
        _part("retention_rate", "Retention rate", ("members now - dropouts", kept), members),
        _share("dropout_rate", "Dropout rate", ("dropouts", sheet.dropouts), members),
        _share(
            "growth_rate", "Membership growth rate", ("members now - at start", growth), at_start
        ),
        _part("women", "Women", ("women", sheet.women), members),
        average("savings_per_member", "Average savings per member", _savings(sheet), members),
        average("equity_per_member", "Average member equity", ("equity", sheet.equity), members),
        average("profit_per_member", "Average profit per member", _profit(sheet), members),
        *_loans(sheet),
        *_returns(sheet),
    )


def _savings(sheet: CollectionSheet) -> tuple[str, Minor]:
    return "savings of this cycle", sheet.savings


def _profit(sheet: CollectionSheet) -> tuple[str, Minor]:
    return "profit", sheet.profit


def _loans(sheet: CollectionSheet) -> tuple[Ratio, ...]:
    outstanding = ("loans outstanding", sheet.loans_outstanding)
    fund = sheet.loans_outstanding + sheet.loan_fund_cash
    loans = ("number of loans outstanding", sheet.loans)
    late = ("unpaid balance of late loans", sheet.late_balance)
    return (
        average("average_outstanding_loan", "Average outstanding loan size", outstanding, loans),
        _part("portfolio_at_risk", "Portfolio at risk", late, outstanding),
        average("write_offs", "Write-offs", ("written off", sheet.written_off), ("groups", 1)),
        _share(
            "members_with_loans",
            "Members with loans outstanding",
            loans,
            ("members now", sheet.members),
        ),
        _part("loans_to_assets", "Loans in total assets", outstanding, ("assets", sheet.assets)),
        _part(
            "fund_utilisation",
            "Loan fund utilisation rate",
            outstanding,
            ("loans outstanding + loan-fund cash", fund),
        ),
    )


def _returns(sheet: CollectionSheet) -> tuple[Ratio, ...]:
    profit = _profit(sheet)
    assets = ("assets", sheet.assets)
    yearly = Fraction(YEAR_WEEKS, sheet.weeks) if sheet.weeks else Fraction(0)
    annual = ratio(
        "return_on_assets_a_year",
        "Annualised return on assets",
        "percent",
        profit,
        assets,
        "profit / assets x 52 / weeks since savings began",
        yearly,
    )
    if not sheet.weeks:
        annual = annual._replace(value=None, missing="Nobody said when savings began.")
    return (
        _share("return_on_savings", "Return on savings", profit, _savings(sheet)),
        _share("return_on_assets", "Return on assets", profit, assets),
        annual,
    )


def _part(code: str, name: str, part: tuple[str, int], whole: tuple[str, int]) -> Ratio:
    return part_of(code, name, part, whole, f"{part[0]} / {whole[0]}")


def _share(code: str, name: str, top: tuple[str, int], bottom: tuple[str, int]) -> Ratio:
    return ratio(code, name, "percent", top, bottom, f"{top[0]} / {bottom[0]}")
