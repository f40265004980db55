"""A member leaves: what is hers, what she owes, and what is paid to whom and when.

    entitlement = savings in shares + part of the profit + voluntary savings
    net = entitlement - loans - fines - social dues - exit fee

Savings come back at what was paid for them (par). Whether the member takes along a part of the
profit made so far is the group's rule, and the usual one is no: `profit_part` 0. With 1 she gets
the worth of her shares at a preview of the share-out, and a half or three quarters of the gain are
just as possible: building and loan associations of the United States had twelve such rules, from
dues alone to dues and all profits (Ninth Annual Report of the Commissioner of Labor, 1893, chapter
V, "Withdrawal plans"). If the fund has lost money a leaver loses along only where the group says
so (`bear_loss`).

What is left is paid at once as far as the box allows, or at the share-out; a net below nothing is a
debt. When a member dies the nominee stands in her place for either, and no exit fee is taken unless
the group says so.
"""

from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias, get_args

from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Minor, Rounding, divide

Leaving: TypeAlias = Literal["left", "expelled", "died"]
Pay: TypeAlias = Literal["now", "share_out"]

PPM = 1_000_000


class SettlementError(ValueError):
    """The exit cannot be settled so; the message says what to change."""


class ExitRules(NamedTuple):
    """What the group agreed. `fee_ppm` is of the entitlement, in millionths, on top of `fee_minor`.

    `profit_part` is the part of the accrued profit that a leaver takes (0 none, 1 all).
    """

    profit_part: Fraction | int = 0
    bear_loss: bool = False
    fee_minor: Minor = 0
    fee_ppm: int = 0
    fee_on_death: bool = False
    pay: Pay = "now"
    rounding: Rounding = "floor"


class Departure(NamedTuple):
    """The member's figures on the day, in minor units.

    `worth_minor` is what the shares would be paid at a share-out held today (a preview); it is
    asked for only where profit or loss is taken along. `cash_minor` is what the box can pay today,
    None when it is known to be enough.
    """

    shares_minor: Minor = 0
    worth_minor: Minor | None = None
    savings_minor: Minor = 0
    principal_minor: Minor = 0
    interest_minor: Minor = 0
    penalty_minor: Minor = 0
    fines_minor: Minor = 0
    social_dues_minor: Minor = 0
    cash_minor: Minor | None = None
    reason: Leaving = "left"
    member: str = ""
    nominee: str = ""

    @property
    def owed_minor(self) -> Minor:
        """Everything that the member owes the group, the exit fee not counted."""
        return (
            self.principal_minor
            + self.interest_minor
            + self.penalty_minor
            + self.fines_minor
            + self.social_dues_minor
        )


class Settlement(NamedTuple):
    """How the exit comes out: net = paid + payable - debt. `profit_minor` is negative for a loss.

    `payee` is the member, or the nominee of one who died; empty where none was named.
    """

    shares_minor: Minor
    profit_minor: Minor
    savings_minor: Minor
    entitlement_minor: Minor
    principal_minor: Minor
    interest_minor: Minor
    penalty_minor: Minor
    fines_minor: Minor
    social_dues_minor: Minor
    fee_minor: Minor
    deductions_minor: Minor
    net_minor: Minor
    paid_minor: Minor
    payable_minor: Minor
    debt_minor: Minor
    payee: str


def settle_exit(departure: Departure, rules: ExitRules | None = None) -> Settlement:
    """What a leaving member gets or owes by the group's rules (the usual ones when None).

    The profit is rounded once by `rules.rounding`, the fee half up; the fee is never more than what
    the debts leave of the entitlement, so that a fee alone makes no debtor. Raises
    `SettlementError` for figures out of bounds, or when profit is due and no preview was given.
    """
    agreed = rules or ExitRules()
    _check(departure, agreed)
    profit = _profit(departure, agreed)
    entitlement = departure.shares_minor + profit + departure.savings_minor
    fee = _fee(entitlement, departure, agreed)
    deductions = departure.owed_minor + fee
    net = entitlement - deductions
    paid = _paid(max(0, net), departure, agreed)
    return Settlement(
        departure.shares_minor,
        profit,
        departure.savings_minor,
        entitlement,
        departure.principal_minor,
        departure.interest_minor,
        departure.penalty_minor,
        departure.fines_minor,
        departure.social_dues_minor,
        fee,
        deductions,
        net,
        paid,
        max(0, net) - paid,
        max(0, -net),
        departure.nominee if departure.reason == "died" else departure.member,
    )


def _profit(departure: Departure, rules: ExitRules) -> Minor:
    if not rules.profit_part and not rules.bear_loss:
        return 0
    if departure.worth_minor is None:
        raise SettlementError("What the shares are worth today is not known: preview a share-out.")
    gain = departure.worth_minor - departure.shares_minor
    if gain < 0:
        return gain if rules.bear_loss else 0
    part = Fraction(rules.profit_part)
    return divide(gain * part.numerator, part.denominator, rules.rounding)


def _fee(entitlement: Minor, departure: Departure, rules: ExitRules) -> Minor:
    if departure.reason == "died" and not rules.fee_on_death:
        return 0
    asked = rules.fee_minor + divide(entitlement * rules.fee_ppm, PPM, "half_up")
    return min(asked, max(0, entitlement - departure.owed_minor))


def _paid(due: Minor, departure: Departure, rules: ExitRules) -> Minor:
    if rules.pay == "share_out":
        return 0
    return due if departure.cash_minor is None else min(due, departure.cash_minor)


def _check(departure: Departure, rules: ExitRules) -> None:
    for name, value in departure._asdict().items():
        if name.endswith("_minor") and value is not None and not 0 <= value <= AMOUNT_MINOR_MAX:
            words = name.removesuffix("_minor").replace("_", " ")
            raise SettlementError(f"The {words} of a leaving member cannot be {value}.")
    part = Fraction(rules.profit_part)
    if not 0 <= part <= 1 or part.denominator > PPM:
        raise SettlementError("A leaver takes between none and all of the profit.")
    if not 0 <= rules.fee_minor <= AMOUNT_MINOR_MAX or not 0 <= rules.fee_ppm <= PPM:
        raise SettlementError("The exit fee cannot be so.")
    if departure.reason not in get_args(Leaving) or rules.pay not in get_args(Pay):
        raise SettlementError("A member left, was expelled or died; paid now or at share-out.")
    if rules.rounding not in ROUNDINGS:
        raise SettlementError("The rounding is not known here.")
