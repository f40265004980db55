"""What was agreed about a loan, complete: a schedule follows from its terms and from nothing else.

Every convention that lenders differ on is a named field with the common default, so that a table
from any guide can be reproduced by naming what it does. Terms are values: equal terms are equal
agreements, cheap to compare, to keep and to hash. They are copied into the loan when it is
approved, so that a later change of the group's rules never reprices it.

Sources of the methods: Apache Fineract's loan product options (interest method, amortisation,
graces, down payment, "installment amount in multiples of", currency "in multiples of"); Frappe
Lending's moratoriums; a spreadsheet's PMT; VSL Associates' guides (a monthly service charge,
principal when the loan ends); CGAP's and textbooks' flat against declining balance.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Minor, Rounding
from model.reckoning.calendar import DuePlan
from model.reckoning.rates import DAY_COUNTS, DayCount, Rate, RateError, check_rate

Method: TypeAlias = Literal[
    "flat",
    "reducing",
    "reducing_instalment",
    "fixed_instalment",
    "interest_only",
    "bullet",
    "upfront",
    "service_charge",
    "compound",
]
METHODS: Final[tuple[Method, ...]] = (
    "flat",
    "reducing",
    "reducing_instalment",
    "fixed_instalment",
    "interest_only",
    "bullet",
    "upfront",
    "service_charge",
    "compound",
)
"""How interest is reckoned and principal repaid.

`flat`: interest of every period on what was lent. `reducing`: equal principal, interest on what is
still owed. `reducing_instalment`: equal instalments (annuity, EMI), interest on what is still owed.
`fixed_instalment`: a given instalment until nothing is owed, the last one smaller. `interest_only`:
interest each period, all principal with the last (balloon). `bullet`: principal and simple interest
of the whole term in one payment at its end. `upfront`: flat interest paid or held back when the
money is handed over, instalments of principal alone. `service_charge`: a flat charge for every
month of 30 days begun and finished, at most the term. `compound`: unpaid interest joins the debt at
each period's end; all is due at the end of the term.
"""

DYNAMIC_METHODS: Final = frozenset({"service_charge", "compound"})
"""What is owed depends on when it is paid: account.py reckons it, the schedule is the plan."""

_ON_BALANCE: Final = ("reducing", "reducing_instalment", "fixed_instalment")

PERIODS_MAX: Final = 600
"""Fifty years of months; bounds the work of one schedule."""
FEES_MAX: Final = 32
STEP_MAX: Final = 10**12

COVER_SENTENCE: Final = (
    "Rounded like this the instalment would not even cover the interest. "
    "Choose a smaller rounding step, a larger instalment or fewer instalments."
)


class TermsError(ValueError):
    """The loan's terms give no schedule; the message says what to change."""


class RoundingRule(NamedTuple):
    """How posted amounts are rounded.

    `mode`: see `model.money.divide`. `money_step`: every interest and principal is a multiple of it
    (100 where the smallest coin is 100 units; Fineract's currency "in multiples of").
    `instalment_step`: instalments are a multiple of it and interest is not touched; principal is
    what the interest leaves. With 1, equal principal and flat loans round principal and interest
    each by itself; a flat instalment rounded up to whole units is `mode` ceiling and a step of 100
    in hundredths. `residue`: which instalment takes what rounding left. `interest`:
    `per_period` rounds each period's interest, `cumulative` rounds the running total.
    """

    mode: Rounding = "half_even"
    money_step: Minor = 1
    instalment_step: Minor = 1
    residue: Literal["last", "first"] = "last"
    interest: Literal["per_period", "cumulative"] = "per_period"


class Grace(NamedTuple):
    """Leading periods with less to pay, counted within the loan's `periods` (`within_term`) or
    added before them (Frappe Lending's moratorium tenure).

    `principal`: periods without principal; interest goes on and is paid. `interest`: periods whose
    interest accrues but is not collected until after them: `at_end` with the first instalment that
    follows, `spread` over all that follow, `capitalised` into the principal. `interest_free`:
    periods that bear no interest at all. A full moratorium is `principal` = `interest` (it
    accrues) or `principal` = `interest_free` (it does not).
    """

    principal: int = 0
    interest: int = 0
    interest_free: int = 0
    collected: Literal["at_end", "spread", "capitalised"] = "at_end"
    within_term: bool = True


class Fee(NamedTuple):
    """A fee of `amount_minor`, or of `rate` of the principal when that is given.

    `at`: `disbursement` (paid when the money is handed over), `deducted` (held back from it),
    `first` instalment, `spread` (divided over all instalments) or `each` instalment anew.
    """

    amount_minor: Minor = 0
    rate: Rate | None = None
    at: Literal["disbursement", "deducted", "first", "spread", "each"] = "disbursement"


class LoanTerms(NamedTuple):
    """One loan's terms. Without `disbursed_on` the schedule has amounts and no days.

    `instalment_minor`: the agreed instalment (needed by `fixed_instalment`; any method with equal
    instalments takes it in place of the formula). `principal_minor_each`: the agreed principal of
    every instalment but the last (`reducing`, `flat`, `upfront`). `principal_due`: for `flat`,
    `upfront` and `service_charge`, spread over the instalments or all with the last.
    `flat_interest`: in counting by days, the same interest in every instalment (Fineract) or each
    period's own; `sum_of_digits` gives the first of n periods n parts of the whole interest and the
    last one part, in equal instalments (Rule of 78). `level_fit`: `formula` rounds the annuity;
    `closest` then evens out the last instalment as Fineract's progressive schedules do.
    `balloon_minor`: with `reducing_instalment`, what is `added` to the last equal instalment (a
    sheet's PMT with a future value), or the `whole` last payment. `pay_at`: each period's end, or
    its `start` as in a sheet's PMT of type 1: the first instalment on the day of disbursement,
    without interest. `down_payment_minor`: principal paid on the day of disbursement, before the
    instalments (Fineract's down payment). `first_period`: a broken first period costs its days'
    part, or a full period (nominal counting only). `upfront_interest`: paid beside the money or
    deducted from it. `month_days`, `first_month_at_once`, `charge_on`: for `service_charge`.
    `in_duplum`: interest never exceeds the principal lent (`compound`).
    """

    principal_minor: Minor
    method: Method = "flat"
    rate: Rate = Rate(0)
    periods: int = 1
    disbursed_on: str = ""
    due: DuePlan = DuePlan()
    day_count: DayCount = "nominal"
    rounding: RoundingRule = RoundingRule()
    grace: Grace = Grace()
    fees: tuple[Fee, ...] = ()
    instalment_minor: Minor = 0
    principal_minor_each: Minor = 0
    principal_due: Literal["spread", "at_end"] = "spread"
    flat_interest: Literal["equal", "by_period", "sum_of_digits"] = "equal"
    level_fit: Literal["formula", "closest"] = "formula"
    first_period: Literal["by_days", "full"] = "by_days"
    upfront_interest: Literal["paid", "deducted"] = "paid"
    month_days: int = 30
    first_month_at_once: bool = False
    charge_on: Literal["principal", "balance"] = "principal"
    in_duplum: bool = False
    balloon_minor: Minor = 0
    balloon: Literal["added", "whole"] = "added"
    pay_at: Literal["end", "start"] = "end"
    down_payment_minor: Minor = 0


def count_of(terms: LoanTerms) -> int:
    """Instalments that the terms ask for, added grace included."""
    grace = terms.grace
    added = 0 if grace.within_term else max(grace[:3])
    return terms.periods + added


def check_terms(terms: LoanTerms) -> None:
    """Raise `TermsError` unless the terms are within bounds; `schedule` does this itself."""
    if not 0 < terms.principal_minor <= AMOUNT_MINOR_MAX:
        raise TermsError("A loan must be larger than nothing, and of ordinary size.")
    if terms.method not in METHODS or terms.day_count not in DAY_COUNTS:
        raise TermsError("The loan's interest method or way of counting days is not known here.")
    if not 1 <= terms.periods <= PERIODS_MAX or count_of(terms) > PERIODS_MAX:
        raise TermsError(f"A loan is repaid in 1 to {PERIODS_MAX} instalments.")
    try:
        check_rate(terms.rate)
    except RateError as error:
        raise TermsError(str(error)) from error
    _check_rounding(terms.rounding)
    _check_grace(terms)
    _check_fees(terms.fees)
    if not 0 <= terms.instalment_minor <= AMOUNT_MINOR_MAX:
        raise TermsError("The agreed instalment is not of ordinary size.")
    if not 0 <= terms.principal_minor_each <= AMOUNT_MINOR_MAX:
        raise TermsError("The agreed principal of an instalment is not of ordinary size.")
    if terms.method == "fixed_instalment" and not terms.instalment_minor:
        raise TermsError("Say how much each instalment is to be.")
    _check_balloon(terms)
    _check_first_payment(terms)
    if not 1 <= terms.month_days <= 366:
        raise TermsError("A month of the service charge has 1 to 366 days.")


def _check_rounding(rule: RoundingRule) -> None:
    if rule.mode not in ROUNDINGS:
        raise TermsError("The rounding is not known here.")
    if not 1 <= rule.money_step <= STEP_MAX or not 1 <= rule.instalment_step <= STEP_MAX:
        raise TermsError("Amounts are rounded to at least the smallest unit.")
    if rule.residue not in ("last", "first") or rule.interest not in ("per_period", "cumulative"):
        raise TermsError("The rule for what rounding leaves is not known here.")


def _check_grace(terms: LoanTerms) -> None:
    grace = terms.grace
    if min(grace[:3]) < 0:
        raise TermsError("A grace cannot be shorter than nothing.")
    if max(grace[:3]) >= count_of(terms) and max(grace[:3]) > 0:
        raise TermsError("A grace must end before the last instalment.")
    if grace.collected not in ("at_end", "spread", "capitalised"):
        raise TermsError("Interest of a grace is collected at its end, spread or capitalised.")
    if max(grace[:3]) and terms.method in ("bullet", "compound", "service_charge", "upfront"):
        raise TermsError("A loan repaid in one payment, or charged at once, has no grace.")


def _check_balloon(terms: LoanTerms) -> None:
    if terms.flat_interest not in ("equal", "by_period", "sum_of_digits"):
        raise TermsError("Flat interest is equal, by period, or by the sum of digits.")
    if terms.balloon not in ("added", "whole"):
        raise TermsError("A balloon is added to the last instalment, or is the whole of it.")
    repaying = count_of(terms) - terms.grace.principal
    if not 0 <= terms.balloon_minor <= AMOUNT_MINOR_MAX:
        raise TermsError("The last payment is not of ordinary size.")
    if terms.balloon_minor and (terms.method != "reducing_instalment" or terms.instalment_minor):
        raise TermsError("A last payment is named with equal instalments that follow from it.")
    if terms.balloon_minor and terms.balloon == "whole" and repaying < 2:
        raise TermsError("Before a last payment that is named there is at least one instalment.")


def _check_first_payment(terms: LoanTerms) -> None:
    if terms.pay_at not in ("end", "start"):
        raise TermsError("Instalments are paid at the end of a period or at its start.")
    if terms.pay_at == "start" and (terms.method not in _ON_BALANCE or max(terms.grace[:3])):
        raise TermsError("Only loans on the balance, without grace, are paid at a period's start.")
    if not 0 <= terms.down_payment_minor < terms.principal_minor:
        raise TermsError("A down payment is smaller than the loan.")
    if terms.down_payment_minor and terms.method not in (*_ON_BALANCE, "flat", "interest_only"):
        raise TermsError("A down payment goes with instalments of principal and interest.")


def _check_fees(fees: tuple[Fee, ...]) -> None:
    if len(fees) > FEES_MAX:
        raise TermsError("These are too many fees for one loan.")
    for fee in fees:
        if not 0 <= fee.amount_minor <= AMOUNT_MINOR_MAX:
            raise TermsError("A fee is not of ordinary size.")
        if fee.at not in ("disbursement", "deducted", "first", "spread", "each"):
            raise TermsError("A fee is paid at disbursement, with the first, or by instalment.")
        if fee.rate is not None:
            try:
                check_rate(fee.rate)
            except RateError as error:
                raise TermsError(str(error)) from error
