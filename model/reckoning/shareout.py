"""At the end of a cycle the group divides its fund; every coin is in somebody's row or in the box.

The order is that of the paper: what is there to divide (`pool`), what each member's savings are
worth (`gross`), what the social fund adds (`welfare`), what the member owes (`deductions`), and
what is left (`net`). A member who owes more than her share is worth has a negative net, a debt to
the group that is carried and never wiped out. If the pool is below what was paid in, shares are
worth less than they cost and everybody bears the loss alike; if there is no pool, nothing is paid
and the whole of it is a recorded loss.

    pool = cash + bank + mobile money + loans netted + receivables counted
           - external debt - reserve kept
    net = gross + welfare - deductions
    Σ net + carried = cash + bank + mobile money + social fund

Sources: share-out by the number of shares, the social fund staying with the group, are of the VSL
Associates methodology (https://www.vsla.net/the-vsla-methodology). That debts are netted from the
payout and a negative net stays a debt, and that the units left over go to the largest remainders,
is how the software of Kenyan groups does it (github.com/Chrisphine10/intellicash-app, its tests of
the share-out). New share value = (savings + fines + interest) ÷ number of shares is that of Ledger
Link (github.com/capitoj/LedgerLink-Mobile-App).
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from model.money import Minor, Rounding, divide
from model.reckoning.shareout_terms import (
    Fund,
    Saver,
    ShareOutError,
    ShareOutRules,
    check,
    digest,
    in_order,
)
from model.reckoning.splitting import split_by_value, split_pool


class ShareOutRow(NamedTuple):
    """One member's line of the paper, in minor units but `shares` and `weight`; columns add up.

    `profit_minor` is gross less what was paid in (negative for a loss). `net_minor` is gross +
    welfare - deductions; of it `reinvested_minor` stays in as savings of the next cycle,
    `paid_minor` is handed out, and what is below zero is `debt_minor`, owed to the group:
    net = reinvested + paid - debt.
    """

    number: int
    member: str
    shares: int
    weight: int
    paid_in_minor: Minor
    gross_minor: Minor
    profit_minor: Minor
    welfare_minor: Minor
    principal_minor: Minor
    interest_minor: Minor
    penalty_minor: Minor
    fines_minor: Minor
    social_dues_minor: Minor
    deductions_minor: Minor
    net_minor: Minor
    reinvested_minor: Minor
    paid_minor: Minor
    debt_minor: Minor


class ShareOut(NamedTuple):
    """A whole share-out; every total is the sum of its column in `rows`.

    `money_minor` is what the group held before, social fund included. `residue_minor` is the part
    of the pool that was not given to anybody (negative if the share value was rounded up).
    `carried_minor` is what belongs to the group afterwards: reserve, money for the external debt,
    residue, what was netted beyond the pool (interest, fines), and the social fund that was kept.
    `box_after_minor` is the money that lies there once everybody is paid: carried + reinvested -
    what members still owe. `value_per_share` is exact and of one unit of weight (a share, a coin
    saved, a coin for a day); `value_paid_per_share` is the rounded one where the rules round it.
    `short_minor` is how much the box lacks to pay everybody today, because
    somebody owes more than his share or loans are part of the pool and are not netted.
    """

    digest: str
    rules: ShareOutRules
    pool_minor: Minor
    capital_minor: Minor
    profit_minor: Minor
    weights: int
    shares: int
    value_per_share: Fraction
    value_paid_per_share: Fraction
    residue_minor: Minor
    money_minor: Minor
    gross_minor: Minor
    welfare_minor: Minor
    deductions_minor: Minor
    net_minor: Minor
    reinvested_minor: Minor
    paid_minor: Minor
    debt_minor: Minor
    carried_minor: Minor
    box_after_minor: Minor
    short_minor: Minor
    rows: tuple[ShareOutRow, ...]

    @property
    def loss_minor(self) -> Minor:
        """By how much the pool is below what the members paid in; 0 when there is profit."""
        return max(0, -self.profit_minor)

    def displayed_value(self, step_minor: Minor = 1, rounding: Rounding = "floor") -> Minor:
        """The value of one share as it is read out, rounded to a step; the exact one is paid."""
        value = self.value_per_share
        return divide(value.numerator, value.denominator * step_minor, rounding) * step_minor

    def total(self, column: str) -> int:
        """The sum of one column of the rows, by its name (`gross_minor`, `weight` …)."""
        return sum(getattr(row, column) for row in self.rows)


def share_out(fund: Fund, savers: Sequence[Saver], rules: ShareOutRules | None = None) -> ShareOut:
    """Divide the fund among the members by the group's rules (those of a VSLA when None).

    A pure function of its arguments, blind to the order of the members: the preview and the
    payment are the same call. Rows are in the order of member numbers. Raises `ShareOutError` when
    figures are out of bounds, a member stands twice, or there is something to divide and nobody
    with a weight to divide it by.
    """
    agreed = rules or ShareOutRules()
    check(fund, tuple(savers), agreed)
    members = in_order(tuple(savers))
    weights = weights_of(members, agreed)
    pool = pool_of(fund, members, agreed)
    gross, value_paid = _gross(pool, members, weights, agreed)
    welfare = _welfare(fund.welfare_minor, members, weights, agreed)
    rows = tuple(
        _row(saver, weight, each, extra, agreed.netting)
        for saver, weight, each, extra in zip(members, weights, gross, welfare, strict=True)
    )
    return _result(fund, agreed, pool, value_paid, rows, digest(fund, members, agreed))


def pool_of(fund: Fund, savers: Sequence[Saver], rules: ShareOutRules) -> Minor:
    """What there is to divide; may be negative when debts are larger than what the group has."""
    if fund.declared_pool_minor is not None:
        return fund.declared_pool_minor
    money = fund.cash_minor + fund.bank_minor + fund.mobile_minor
    owed = fund.receivables_minor
    if rules.netting:
        loans = fund.loans_minor
        owed += sum(saver.principal_minor for saver in savers) if loans is None else loans
    return money + owed - fund.debt_minor - fund.reserve_minor


def weights_of(savers: Sequence[Saver], rules: ShareOutRules) -> tuple[int, ...]:
    """The weight of each member by the group's basis, in the order given."""
    weigh: dict[str, Callable[[Saver], int]] = {
        "shares": lambda saver: saver.shares,
        "amount": lambda saver: saver.paid_in_minor,
        "amount_time": lambda saver: saver.amount_time,
        "equal": lambda _: 1,
    }
    return tuple(weigh[rules.basis](saver) for saver in savers)


def _gross(
    pool: Minor, savers: Sequence[Saver], weights: Sequence[int], rules: ShareOutRules
) -> tuple[tuple[Minor, ...], Fraction | None]:
    """What each member's savings are worth, and the value of one share if it was rounded."""
    if pool <= 0:
        return (0,) * len(weights), None
    if rules.capital == "returned_first":
        return _capital_and_profit(pool, savers, weights, rules), None
    if sum(weights) == 0:
        raise ShareOutError("There is money to divide, but nobody has savings to divide it by.")
    step = rules.payout_step_minor
    if rules.share_value_step is None:
        return split_pool(pool, weights, residue=rules.residue, step_minor=step).parts, None
    valued = split_by_value(
        pool,
        weights,
        value_step=rules.share_value_step,
        value_rounding=rules.share_value_rounding,
        step_minor=step,
    )
    return valued.parts, valued.value


def _capital_and_profit(
    pool: Minor, savers: Sequence[Saver], weights: Sequence[int], rules: ShareOutRules
) -> tuple[Minor, ...]:
    """Savings back, and the profit by weight; a loss by what was paid in, so nobody goes below."""
    capital = tuple(saver.paid_in_minor for saver in savers)
    profit = pool - sum(capital)
    step = rules.payout_step_minor
    if profit <= 0:
        return split_pool(pool, capital, residue=rules.residue, step_minor=step).parts
    if sum(weights) == 0:
        raise ShareOutError("There is profit to divide, but nobody has a weight to divide it by.")
    parts = split_pool(profit, weights, residue=rules.residue, step_minor=step).parts
    return tuple(paid_in + part for paid_in, part in zip(capital, parts, strict=True))


def _welfare(
    fund_minor: Minor, savers: Sequence[Saver], weights: Sequence[int], rules: ShareOutRules
) -> tuple[Minor, ...]:
    """What the social fund adds to each member."""
    nothing = (0,) * len(weights)
    if rules.welfare == "keep" or fund_minor == 0:
        return nothing
    each = weights if rules.welfare == "pro_rata" else (1,) * len(weights)
    taking = tuple(
        weight if saver.shares_welfare else 0 for saver, weight in zip(savers, each, strict=True)
    )
    if sum(taking) == 0:
        return nothing
    step = rules.payout_step_minor
    return split_pool(fund_minor, taking, residue=rules.residue, step_minor=step).parts


def _row(saver: Saver, weight: int, gross: Minor, welfare: Minor, netting: bool) -> ShareOutRow:
    deductions = saver.owed_minor if netting else 0
    net = gross + welfare - deductions
    reinvested = min(saver.reinvest_minor, max(0, net))
    return ShareOutRow(
        number=saver.number,
        member=saver.member,
        shares=saver.shares,
        weight=weight,
        paid_in_minor=saver.paid_in_minor,
        gross_minor=gross,
        profit_minor=gross - saver.paid_in_minor,
        welfare_minor=welfare,
        principal_minor=saver.principal_minor if netting else 0,
        interest_minor=saver.interest_minor if netting else 0,
        penalty_minor=saver.penalty_minor if netting else 0,
        fines_minor=saver.fines_minor if netting else 0,
        social_dues_minor=saver.social_dues_minor if netting else 0,
        deductions_minor=deductions,
        net_minor=net,
        reinvested_minor=reinvested,
        paid_minor=max(0, net) - reinvested,
        debt_minor=max(0, -net),
    )


def _result(
    fund: Fund,
    rules: ShareOutRules,
    pool: Minor,
    value_paid: Fraction | None,
    rows: tuple[ShareOutRow, ...],
    name: str,
) -> ShareOut:
    def total(column: str) -> int:
        return sum(getattr(row, column) for row in rows)

    loan_money = fund.cash_minor + fund.bank_minor + fund.mobile_minor
    money = loan_money + fund.welfare_minor
    # Money that is promised to others, and a social fund that stays, cannot pay a member today.
    free = loan_money + total("welfare_minor") - fund.debt_minor - fund.reserve_minor
    weights = total("weight")
    exact = Fraction(pool, weights) if weights and pool > 0 else Fraction(0)
    carried = money - total("net_minor")
    return ShareOut(
        digest=name,
        rules=rules,
        pool_minor=pool,
        capital_minor=total("paid_in_minor"),
        profit_minor=pool - total("paid_in_minor"),
        weights=weights,
        shares=total("shares"),
        value_per_share=exact,
        value_paid_per_share=exact if value_paid is None else value_paid,
        residue_minor=pool - total("gross_minor"),
        money_minor=money,
        gross_minor=total("gross_minor"),
        welfare_minor=total("welfare_minor"),
        deductions_minor=total("deductions_minor"),
        net_minor=total("net_minor"),
        reinvested_minor=total("reinvested_minor"),
        paid_minor=total("paid_minor"),
        debt_minor=total("debt_minor"),
        carried_minor=carried,
        box_after_minor=money - total("paid_minor"),
        short_minor=max(0, total("paid_minor") - max(0, free)),
        rows=rows,
    )
