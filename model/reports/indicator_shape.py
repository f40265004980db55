"""What the indicators of a group are, and how those of another phone are read without trust.

One flat record, so that a program can make a row of it. Each figure's definition stands above it.
Names follow the Standard Indicators of the savings groups' information exchange (SAVIX, SEEP
Network) where it has them; portfolio at risk is the one that reckoning/portfolio.py pins (CGAP,
Sa-Dhan: the whole outstanding principal of late loans). Amounts are whole minor units of
`currency`. A ratio is its two whole numbers, so that groups can be added up by weight.

A later version adds fields and never changes what one means: what is read here is what this
version knows, and a field that is missing is None, 0 or empty. What came from another phone is
held to the same limits as what is made here, so that it can be added, stored and shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from model.money import AMOUNT_MINOR_MAX, format_amount
from model.reckoning.health import HEALTH_VERSION, Health, HealthError, HealthFacts, health_score

Plain = dict[str, Any]

INDICATORS_VERSION: Final = 1
FINDING_CODES_MAX: Final = 16
"""Kinds of findings that are counted one by one, the weightiest; the rest is `findings_more`."""
GROUP_CHARS_MAX: Final = 200

Minor = Annotated[int, Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Word = Annotated[str, Meta(max_length=32)]
Currency = Annotated[str, Meta(pattern=r"^([A-Z]{3})?\Z")]
Day = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
"""ISO, or empty."""


class IndicatorsError(ValueError):
    """What was received is no set of indicators; the message says what is wrong with it."""


class Indicators(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One group's figures at the end of `day`. None is not known, or withheld."""

    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    group: Annotated[str, Meta(max_length=GROUP_CHARS_MAX)] = ""  # what the group calls itself
    kind: Word = ""  # vsla, sacco …
    currency: Currency = ""
    exponent: Annotated[int, Meta(ge=0, le=4)] = 0  # digits after the point

    # The figures are those at the end of `day`; those of meetings, repayment and health are of
    # the period from `first_day` to `last_day`, the newest meeting in it.
    # Withheld: "update" (an entry of a newer Mkutano is in the books), "too_large" (beyond 2**53).
    day: Day
    first_day: Day = ""
    last_day: Day = ""
    withheld: Word = ""

    # Members: active at the end of `last_day` (SAVIX: number of active members), and on
    # `first_day`. Women and men: of the active, as their profiles say; others said nothing.
    members: Count = 0
    members_at_start: Count = 0
    women: Count = 0
    men: Count = 0

    # Savings at the end of `day`. Shares: what was paid for those not yet paid out, account 2010;
    # voluntary savings: account 2020; social fund: accounts 3010 and 5050, wherever it is kept.
    shares_minor: Minor | None = None
    savings_minor: Minor | None = None
    social_minor: Minor | None = None

    # Loans with principal outstanding at the end of `day`, and that principal (SAVIX: number and
    # value of loans outstanding). PAR 0, 30, 90: the outstanding principal of loans more than so
    # many days past due, over `loans_minor`; `late_loans` are those past due by any day.
    loans: Count = 0
    loans_minor: Minor | None = None
    late_loans: Count = 0
    par0_minor: Minor | None = None
    par30_minor: Minor | None = None
    par90_minor: Minor | None = None

    # Loans of which principal was ever given up, and how much: in no figure of PAR.
    written_off_loans: Count = 0
    written_off_minor: Minor | None = None

    # Repayment rate: collected of what fell due in the period; prepayments are in neither.
    collected_minor: Minor | None = None
    due_minor: Minor | None = None

    # Attendance in person, late ones too (SAVIX: attendance rate is that of the newest meeting):
    # of the newest meeting with a register, and of all those of the period.
    attended_last: Count | None = None
    expected_last: Count | None = None
    attended: Minor = 0
    expected: Minor = 0

    # Cash in all pockets by the books at the end of `day`. Of the newest meeting at whose end
    # money was counted (one of the last four): what was counted, and what the books expected in
    # the same pockets; above it is over, below it is short.
    cash_minor: Minor | None = None
    counted_on: Day = ""
    counted_minor: Minor | None = None
    counted_expected_minor: Minor | None = None

    # Meetings of the period: held; closed with their totals; sealed (signed by as many officers
    # as the group's rules ask for). Then the newest of all up to `day`, and the newest sealed
    # one, with their cycle and session. State: open, closed, sealed, reopened.
    meetings: Count = 0
    meetings_closed: Count = 0
    meetings_sealed: Count = 0
    met_on: Day = ""
    meeting_cycle: Count = 0
    meeting_session: Count = 0
    meeting_state: Word = ""
    sealed_on: Day = ""
    sealed_cycle: Count = 0
    sealed_session: Count = 0

    # The savings cycle that `day` is in, or the last before it; number 0: none.
    cycle: Count = 0
    cycle_starts_on: Day = ""
    cycle_ends_on: Day = ""
    cycle_closed: bool = False

    # Health score of the period and the facts that it was made of, in the order of `HealthFacts`
    # (reckoning/health.py, with its source). Score None: unrated.
    health_version: Count = 0
    score: Annotated[int, Meta(ge=0, le=100)] | None = None
    band: Word = ""
    health_facts: Annotated[tuple[Minor, ...], Meta(max_length=64)] = ()

    # Findings that are open, by their stable code; `tasks` of them ask officers for something.
    tasks: Count = 0
    findings: Annotated[dict[Word, Count], Meta(max_length=64)] = {}
    findings_more: Count = 0

    @property
    def cycle_state(self) -> str:
        """Where the cycle stands on `day`: none, running, over (past its last day), closed."""
        if not self.cycle:
            return "none"
        if self.cycle_closed:
            return "closed"
        return "over" if self.cycle_ends_on and self.cycle_ends_on < self.day else "running"

    @property
    def newer(self) -> bool:
        """Was it made by a later version, which may say more than is known here?"""
        return self.version > INDICATORS_VERSION

    def health(self) -> Health | None:
        """The score worked out again from its facts, with the evidence of every part.

        None when there are none, when they follow another version of the score, contradict each
        other, or give another score than the one that is said.
        """
        fields = len(HealthFacts._fields)
        if self.health_version != HEALTH_VERSION or len(self.health_facts) != fields:
            return None
        try:
            found = health_score(HealthFacts(*self.health_facts), self.amount)  # type: ignore[arg-type]
        except HealthError:
            return None
        return found if (found.score, found.band) == (self.score, self.band) else None

    def amount(self, amount_minor: int) -> str:
        """An amount in words, with the currency."""
        return f"{self.currency} {format_amount(amount_minor, self.exponent)}".strip()


MONEY: Final = tuple(name for name in Indicators.__struct_fields__ if name.endswith("_minor"))
"""The fields that hold an amount."""


def to_plain(found: Indicators) -> Plain:
    """As values for CBOR or JSON, without what is None, 0 or empty: below 1.5 KB as CBOR."""
    plain: Plain = msgspec.to_builtins(found)
    return plain


def from_plain(value: object) -> Indicators:
    """Indicators that somebody else made, of this version or a later one; IndicatorsError."""
    if not isinstance(value, Mapping):
        raise IndicatorsError("These are no indicators of a group.")
    try:
        return msgspec.convert(value, Indicators)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise IndicatorsError(f"The indicators can't be read: {error}.") from error
