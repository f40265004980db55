"""One loan's account to a day: everything dated replayed in order, every balance derived.

Scheduled interest is owed as the schedule says: paying early does not lower it and paying late does
not raise it, because a group that meets counts periods, not days. Where the group agreed otherwise
(`InterestRule`, or the methods `service_charge` and `compound`), interest is reckoned as time
passes and stands in the account from the day that it accrued (with interest to the day of each
payment: the day of the payment). Reckoning starts from nothing every
time, so leaving a payment out re-allocates all later ones (what Apache Fineract calls
reverse-replay). A payment of more than is owed is overpaid; after a write-off it is a recovery.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from model.days import is_day
from model.money import AMOUNT_MINOR_MAX, Minor
from model.reckoning.accrual import AS_SCHEDULED, Accrual, InterestRule, accruals, broken_off
from model.reckoning.allocation import DEFAULT_ALLOCATION, AllocationRule, Split, check_rule
from model.reckoning.happenings import Happening, Payment, Reschedule, WriteOff
from model.reckoning.lines import Line
from model.reckoning.replay import Replay
from model.reckoning.schedules import Schedule, schedule
from model.reckoning.terms import LoanTerms

HAPPENINGS_MAX: Final = 20_000
"""More than any loan of fifty years has; bounds the work of one account."""


class AccountError(ValueError):
    """What is said to have happened cannot be; the message says why."""


class InstalmentState(NamedTuple):
    """One instalment as it stands: asked for, paid, waived and still owed, bucket by bucket.

    Buckets are penalty, fee, interest, principal. `settled_on`: the day that nothing was owed any
    more; empty while something is. `payments`: (day, bucket place, amount), oldest first.
    """

    number: int
    due_on: str
    starts_on: str
    ends_on: str
    asked: tuple[Minor, Minor, Minor, Minor]
    paid: tuple[Minor, Minor, Minor, Minor]
    waived: tuple[Minor, Minor, Minor, Minor]
    owed: tuple[Minor, Minor, Minor, Minor]
    settled_on: str
    payments: tuple[tuple[str, int, Minor], ...]

    @property
    def owed_minor(self) -> Minor:
        """All that this instalment still asks for."""
        return sum(self.owed)


class AccountRow(NamedTuple):
    """One happening and what it did; balances are those after it.

    `split`: of a payment. `done_minor`: what a charge, waiver, write-off or new agreement really
    changed (a waiver never takes more than there is). `recovered_minor`: income from what had been
    written off. `kind` is the happening's, or `interest` for interest that accrued by time.
    """

    on: str
    kind: str
    name: str
    amount_minor: Minor
    split: Split
    done_minor: Minor
    recovered_minor: Minor
    principal_outstanding_minor: Minor
    outstanding_minor: Minor


class Version(NamedTuple):
    """A schedule that was agreed: from which day, from which instalment on."""

    on: str
    from_instalment: int
    terms: LoanTerms
    plan: Schedule


class Account(NamedTuple):
    """A loan's account at the end of the day `on`; amounts of the future are those now planned."""

    on: str
    instalments: tuple[InstalmentState, ...]
    rows: tuple[AccountRow, ...]
    versions: tuple[Version, ...]
    paid: Split
    overpaid_minor: Minor
    waived_minor: Minor
    written_off_minor: Minor
    given_up_minor: Minor
    recovered_minor: Minor

    @property
    def outstanding(self) -> tuple[Minor, Minor, Minor, Minor]:
        """Penalty, fee, interest, principal still owed, due yet or not."""
        columns = zip(*(row.owed for row in self.instalments), strict=True)
        penalty, fee, interest, principal = (sum(column) for column in columns)
        return penalty, fee, interest, principal

    @property
    def principal_outstanding_minor(self) -> Minor:
        """Principal still owed."""
        return sum(row.owed[3] for row in self.instalments)

    @property
    def outstanding_minor(self) -> Minor:
        """Everything still owed, due yet or not."""
        return sum(row.owed_minor for row in self.instalments)

    @property
    def overdue_minor(self) -> Minor:
        """What fell due before `on` and was not paid."""
        return sum(row.owed_minor for row in self.instalments if row.due_on < self.on)

    @property
    def rescheduled(self) -> bool:
        """Was a new agreement made after the first?"""
        return len(self.versions) > 1

    @property
    def status(self) -> Literal["active", "overdue", "repaid", "written_off"]:
        """`written_off` once principal was given up and none is left; `overdue` when late."""
        if self.outstanding_minor == 0:
            return "written_off" if self.written_off_minor else "repaid"
        return "overdue" if self.overdue_minor else "active"


def account(
    terms: LoanTerms,
    happenings: Iterable[Happening],
    on: str,
    allocation: AllocationRule = DEFAULT_ALLOCATION,
    interest: InterestRule = AS_SCHEDULED,
    strict: bool = True,
) -> Account:
    """The account of a loan to the end of the day `on`.

    `happenings` after that day are left out; those of one day keep their order, after the interest
    of that day. Raises `TermsError` for terms without a schedule, `AllocationError` for an unknown
    rule and `AccountError` for a day, an amount or an instalment that cannot be. When not `strict`
    a new agreement that cannot be changes nothing (its row says 0) instead of raising.
    """
    replay, rows, versions, _ = replayed(terms, happenings, on, allocation, interest, strict)
    return _account(replay, rows, versions, on)


def replayed(
    terms: LoanTerms,
    happenings: Iterable[Happening],
    on: str,
    allocation: AllocationRule,
    interest: InterestRule,
    strict: bool = True,
) -> tuple[Replay, tuple[AccountRow, ...], tuple[Version, ...], tuple[Accrual, ...]]:
    """The account's moving parts after the day `on`, and interest that is still to accrue."""
    check_rule(allocation)
    facts = checked(happenings, on)
    plan = schedule(terms)
    if not terms.disbursed_on:
        raise AccountError("An account needs the day on which the loan was handed over.")
    replay = Replay(terms, plan, allocation, interest)
    rows: list[AccountRow] = []
    versions = [Version(terms.disbursed_on, 1, terms, plan)]
    waiting = accruals(terms, interest)
    for fact in facts:
        waiting = _accrued(replay, waiting, fact.on, rows)
        waiting = _accrued_before(replay, waiting, fact, rows)
        rows.append(_applied(replay, fact, strict))
        if replay.new_version is not None:
            versions.append(Version(*replay.new_version))
            waiting = accruals(replay.terms, interest)
            replay.new_version = None
    waiting = _accrued(replay, waiting, on, rows)
    return replay, tuple(rows), tuple(versions), waiting


def _accrued(
    replay: Replay, waiting: tuple[Accrual, ...], until: str, rows: list[AccountRow]
) -> tuple[Accrual, ...]:
    """Ask for the interest that falls on days up to `until`; what is still to come."""
    for place, accrual in enumerate(waiting):
        if accrual.on > until:
            return waiting[place:]
        grown = replay.accrue(accrual)
        if grown:
            rows.append(_row(replay, accrual.on, "interest", "", grown, Split(), grown))
    return ()


def _accrued_before(
    replay: Replay, waiting: tuple[Accrual, ...], fact: Happening, rows: list[AccountRow]
) -> tuple[Accrual, ...]:
    """With interest to the day of each payment, ask for it before principal changes."""
    if not waiting or waiting[0].kind != "payment_day" or waiting[0].starts_on >= fact.on:
        return waiting
    if not isinstance(fact, Payment | WriteOff | Reschedule):
        return waiting
    part, rest = broken_off(replay.terms, waiting[0], fact.on)
    _accrued(replay, (part,), fact.on, rows)
    return (rest, *waiting[1:])


def checked(happenings: Iterable[Happening], on: str) -> list[Happening]:
    """Happenings up to a day, by day; raises `AccountError` for what cannot be."""
    if not is_day(on):
        raise AccountError("The account is reckoned to a day; write it like 2026-01-31.")
    facts = []
    for fact in happenings:
        if not is_day(fact.on):
            raise AccountError("Everything that happened to a loan has a day, like 2026-01-31.")
        amount = getattr(fact, "amount_minor", 0)
        if not 0 <= amount <= AMOUNT_MINOR_MAX:
            raise AccountError("An amount is negative or too large to be true.")
        if fact.on <= on:
            facts.append(fact)
        if len(facts) > HAPPENINGS_MAX:
            raise AccountError("More happened than a loan can have.")
    return sorted(facts, key=lambda fact: fact.on)


def _applied(replay: Replay, fact: Happening, strict: bool) -> AccountRow:
    kind, amount = replay.kind_of(fact), getattr(fact, "amount_minor", 0)
    split, done, recovered = replay.apply(fact, strict)
    return _row(replay, fact.on, kind, fact.name, amount, split, done, recovered)


def _row(
    replay: Replay,
    on: str,
    kind: str,
    name: str,
    amount_minor: Minor,
    split: Split,
    done_minor: Minor,
    recovered_minor: Minor = 0,
) -> AccountRow:
    principal, everything = replay.outstanding()
    return AccountRow(
        on, kind, name, amount_minor, split, done_minor, recovered_minor, principal, everything
    )


def _account(
    replay: Replay, rows: tuple[AccountRow, ...], versions: tuple[Version, ...], on: str
) -> Account:
    paid = replay.paid
    return Account(
        on,
        tuple(_state(line) for line in replay.lines),
        rows,
        versions,
        Split(paid[0], paid[1], paid[2], paid[3], replay.overpaid_minor),
        replay.overpaid_minor,
        replay.waived_minor,
        replay.written_off_minor,
        replay.given_up_minor,
        replay.recovered_minor,
    )


def _state(line: Line) -> InstalmentState:
    paid, waived = [0, 0, 0, 0], line.waived
    for _, place, amount in line.payments:
        paid[place] += amount
    settled = ""
    if not any(line.owing):
        settled = line.payments[-1][0] if line.payments else line.changed_on
    return InstalmentState(
        line.number,
        line.due_on,
        line.starts_on,
        line.ends_on,
        _four(line.asked),
        _four(paid),
        _four(waived),
        _four(line.owing),
        settled,
        tuple(line.payments),
    )


def _four(amounts: Sequence[Minor]) -> tuple[Minor, Minor, Minor, Minor]:
    return amounts[0], amounts[1], amounts[2], amounts[3]
