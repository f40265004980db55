"""What a payment, a recovery, a write-off and a new agreement of a loan post.

On a cash basis: interest, fees and penalties are income when they are paid. What the social fund
lent earns for the social fund, and loses from it: it is no part of the profit that is shared out.
"""

from __future__ import annotations

from model.accounts import (
    BAD_DEBT,
    FEES,
    LOAN_INTEREST,
    LOANS,
    OVERPAYMENTS,
    PENALTIES,
    RECOVERIES,
    SOCIAL_FUND,
)
from model.pages import LoanPage, Posting
from model.reckoning.allocation import Split


def income(loan: LoanPage, account: str) -> str:
    """The account of a loan's income or loss: the social fund's own, or the group's."""
    return SOCIAL_FUND if loan.social else account


def split_lines(
    name: str, loan: LoanPage, pocket: Posting, parts: Split, recovered_minor: int = 0
) -> tuple[Posting, ...]:
    """Lines of money that came into `pocket` and goes where `parts` says; the rest is recovered."""
    lines: tuple[Posting, ...] = (pocket,)
    if parts.penalty_minor:
        lines += ((income(loan, PENALTIES), "", -parts.penalty_minor),)
    if parts.fee_minor:
        lines += ((income(loan, FEES), "", -parts.fee_minor),)
    if parts.interest_minor:
        lines += ((income(loan, LOAN_INTEREST), "", -parts.interest_minor),)
    if parts.principal_minor:
        lines += ((LOANS, name, -parts.principal_minor),)
    if recovered_minor:
        lines += ((income(loan, RECOVERIES), "", -recovered_minor),)
    if parts.overpaid_minor:
        lines += ((OVERPAYMENTS, loan.member, -parts.overpaid_minor),)
    return lines


def write_off_lines(name: str, loan: LoanPage, amount_minor: int) -> tuple[Posting, ...]:
    """Principal that is given up is lost."""
    if not amount_minor:
        return ()
    return ((income(loan, BAD_DEBT), "", amount_minor), (LOANS, name, -amount_minor))


def joined_lines(name: str, loan: LoanPage, amount_minor: int) -> tuple[Posting, ...]:
    """Unpaid interest that joins the principal of a new agreement: income, and lent anew."""
    if not amount_minor:
        return ()
    return ((LOANS, name, amount_minor), (income(loan, LOAN_INTEREST), "", -amount_minor))


def disbursed_lines(
    name: str,
    loan: LoanPage,
    pocket: str,
    amount_minor: int,
    fee_minor: int = 0,
    interest_minor: int = 0,
) -> tuple[Posting, ...]:
    """Dr loans, Cr pocket for what was handed over, Cr income for what was kept back."""
    lines: tuple[Posting, ...] = (
        (LOANS, name, amount_minor),
        (pocket, "", fee_minor + interest_minor - amount_minor),
    )
    if fee_minor:
        lines += ((income(loan, FEES), "", -fee_minor),)
    if interest_minor:
        lines += ((income(loan, LOAN_INTEREST), "", -interest_minor),)
    return lines
