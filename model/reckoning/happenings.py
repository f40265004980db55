"""What can happen to a loan after it was handed over, as dated facts.

Only what people did or decided is a happening: payments, charges, waivers, a new agreement, a
write-off, a recovery. Splits, balances and interest that time brings are never facts, they are
reckoned from these (account.py). A fact that is taken back is left out of the list, and everything
after it comes out as if it had never been.
"""

from typing import Literal, NamedTuple, TypeAlias

from model.money import Minor
from model.reckoning.terms import LoanTerms


class Payment(NamedTuple):
    """Money came in on a day."""

    on: str
    amount_minor: Minor
    name: str = ""


class Charge(NamedTuple):
    """A penalty, a fee or extra interest was put on the loan: on the instalment of that number (the
    last one, where there are not so many), or with 0 on the oldest one still unpaid. `key`, when
    given, names a thing charged once ("late 1 0"): the same key again is nothing."""

    on: str
    bucket: Literal["penalty", "fee", "interest"]
    amount_minor: Minor
    instalment: int = 0
    key: str = ""
    name: str = ""


class Waiver(NamedTuple):
    """The group gave up a penalty, fee or interest, from the oldest instalment on (or of one)."""

    on: str
    bucket: Literal["penalty", "fee", "interest"]
    amount_minor: Minor
    instalment: int = 0
    name: str = ""


class Reschedule(NamedTuple):
    """A new agreement for everything from instalment `from_instalment` on.

    `terms`: the new plan; its principal is put in by the reckoning, its first day is `on` unless
    it names one. `arrears`: what earlier instalments still lack is `kept` as it is, or `joined` to
    the new principal, unpaid interest included (capitalised).
    """

    on: str
    from_instalment: int
    terms: LoanTerms
    arrears: Literal["kept", "joined"] = "kept"
    name: str = ""


class WriteOff(NamedTuple):
    """The group gave up principal: `amount_minor`, or with 0 all that is left. Never more than is
    left; when nothing is left, unpaid interest, fees and penalties are given up with it."""

    on: str
    amount_minor: Minor = 0
    name: str = ""


class Recovery(NamedTuple):
    """Money came in for what had been written off."""

    on: str
    amount_minor: Minor
    name: str = ""


Happening: TypeAlias = Payment | Charge | Waiver | Reschedule | WriteOff | Recovery
