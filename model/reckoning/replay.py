"""The moving parts of one loan's account: what is asked for, and what each fact does to it.

A line is an instalment with four buckets. Facts only ever move amounts between *asked*, *owing*,
*paid* and *waived* of lines, so that at every moment asked = owing + paid + waived + given up, in
every bucket of every line. Nothing here is kept: a replay lives for one reckoning (account.py).
"""

from typing import assert_never

from model.days import days_between
from model.money import Minor
from model.reckoning.accrual import Accrual, InterestRule, accrues
from model.reckoning.allocation import BUCKETS, AllocationRule, Split, pour
from model.reckoning.amortisation import rounded
from model.reckoning.happenings import (
    Charge,
    Happening,
    Payment,
    Recovery,
    Reschedule,
    Waiver,
    WriteOff,
)
from model.reckoning.lines import Line, interest_due, level_of
from model.reckoning.schedules import Schedule, schedule
from model.reckoning.terms import LoanTerms, TermsError
from model.reckoning.timed_interest import service_charge

_INTEREST, _PRINCIPAL = 2, 3


class Replay:
    """One loan from its disbursement on; `apply` and `accrue` in the order of the days."""

    def __init__(
        self, terms: LoanTerms, plan: Schedule, rule: AllocationRule, interest: InterestRule
    ) -> None:
        self.terms = terms
        self.rule = rule
        self.interest = interest
        self.paid = [0, 0, 0, 0]
        self.overpaid_minor = 0
        self.waived_minor = 0
        self.written_off_minor = 0
        self.given_up_minor = 0
        self.recovered_minor = 0
        self.new_version: tuple[str, int, LoanTerms, Schedule] | None = None
        self.lines: list[Line] = []
        self._keys: set[str] = set()
        self._principal = 0
        self._owing = 0
        self._moves: list[tuple[str, Minor]] = []  # day, change of the principal owed
        self._begin(terms, plan, 0)

    # What is asked for.

    def _begin(self, terms: LoanTerms, plan: Schedule, numbers_from: int) -> None:
        """Ask for the instalments of a plan, the first or a new one."""
        self.terms = terms
        self._level = level_of(terms, plan)
        self._accrued = 0
        by_time = accrues(terms, self.interest)
        added = 0
        for row in plan.instalments:
            interest = 0 if by_time else row.interest_minor
            asked = [row.penalty_minor, row.fee_minor, interest, row.principal_minor]
            line = Line(numbers_from + row.number, row.due_on, row.starts_on, row.ends_on, asked)
            line.changed_on = row.starts_on
            self.lines.append(line)
            added += row.principal_minor
            self._owing += sum(asked)
        self._principal += added
        self._moves.append((terms.disbursed_on, added))
        self.lines.sort(key=lambda line: (line.due_on, line.number))
        self._owing_lists = [line.owing for line in self.lines]
        self._days = [line.due_on for line in self.lines]
        self._first_open = 0

    def outstanding(self) -> tuple[Minor, Minor]:
        """Principal still owed, and everything still owed."""
        return self._principal, self._owing

    def _ask(self, line: Line, place: int, amount_minor: Minor, on: str) -> None:
        line.asked[place] += amount_minor
        line.owing[place] += amount_minor
        line.changed_on = on
        self._owing += amount_minor
        self._first_open = 0

    # Interest that time brings.

    def accrue(self, accrual: Accrual) -> Minor:
        """Ask for the interest of one period or month; returns the amount."""
        interest = self.interest_of(accrual)
        if interest:
            self._accrued += interest
            line = self._line_on(accrual.on)
            self._ask(line, _INTEREST, interest, accrual.on)
        if accrual.kind not in ("compound", "service_charge"):
            self._keep_level(accrual.on)
        return interest

    def interest_of(self, accrual: Accrual) -> Minor:
        """What an accrual comes to as things stand."""
        if not self._principal and accrual.kind != "compound":
            return 0
        terms = self.terms
        if accrual.kind == "service_charge":
            if terms.charge_on == "balance":
                return service_charge(terms, self._principal, 1)
            whole = service_charge(terms, terms.principal_minor, accrual.months)
            return whole - service_charge(terms, terms.principal_minor, accrual.months - 1)
        if accrual.kind == "compound":
            base = self._principal + sum(line.owing[_INTEREST] for line in self.lines)
            interest = rounded(terms, base * accrual.numerator, accrual.denominator)
            room = terms.principal_minor - self._accrued
            return max(0, min(interest, room)) if terms.in_duplum else interest
        if accrual.kind == "opening_balance":
            base = self._balance_at(accrual.starts_on)
            return rounded(terms, base * accrual.numerator, accrual.denominator)
        if accrual.kind == "payment_day":
            return rounded(terms, self._principal * accrual.numerator, accrual.denominator)
        nights = max(1, days_between(accrual.starts_on, accrual.on))
        weighed = self._balance_nights(accrual.starts_on, accrual.on)
        return rounded(terms, weighed * accrual.numerator, accrual.denominator * nights)

    def _balance_at(self, day: str) -> Minor:
        """Principal owed at the end of a day."""
        return sum(change for moved_on, change in self._moves if moved_on <= day)

    def _balance_nights(self, first: str, last: str) -> int:
        """Principal owed, summed over the nights from one day to the other."""
        return sum(
            change * max(0, days_between(max(moved_on, first), last))
            for moved_on, change in self._moves
        )

    def _line_on(self, day: str) -> Line:
        for line in self.lines:
            if line.ends_on >= day:
                return line
        return self.lines[-1]

    def _keep_level(self, on: str) -> None:
        """With equal instalments principal is what the interest leaves; the last lines give or take
        the difference, so that paying early shortens the loan."""
        if not self._level:
            return
        here = self._line_on(on)
        place = self.lines.index(here)
        if place == len(self.lines) - 1:
            return
        if self.interest.basis == "payment_day" and on < here.ends_on:
            return  # the rest of this period's interest is still to come
        missing = self._level - here.asked[_INTEREST] - here.asked[_PRINCIPAL]
        if missing > 0:
            for line in reversed(self.lines[place + 1 :]):
                moved = min(missing, line.owing[_PRINCIPAL])
                self._shift(line, here, moved)
                missing -= moved
        elif missing < 0:
            moved = min(-missing, here.owing[_PRINCIPAL])
            self._shift(here, self.lines[-1], moved)

    def _shift(self, source: Line, target: Line, amount_minor: Minor) -> None:
        source.asked[_PRINCIPAL] -= amount_minor
        source.owing[_PRINCIPAL] -= amount_minor
        target.asked[_PRINCIPAL] += amount_minor
        target.owing[_PRINCIPAL] += amount_minor
        self._first_open = 0

    # What people did.

    @staticmethod
    def kind_of(fact: Happening) -> str:
        """The happening's name in the account's rows."""
        return {
            Payment: "payment",
            Charge: "charge",
            Waiver: "waiver",
            Reschedule: "reschedule",
            WriteOff: "write_off",
            Recovery: "recovery",
        }[type(fact)]

    def apply(self, fact: Happening, strict: bool = True) -> tuple[Split, Minor, Minor]:
        """Do one happening; its split, what it changed, and what it recovered.

        A new agreement that cannot be raises `TermsError`; when not `strict` it changes nothing.
        """
        match fact:
            case Payment():
                return self._pay(fact.on, fact.amount_minor)
            case Recovery():
                return self._recover(fact.amount_minor)
            case Charge():
                return Split(), self._charge(fact), 0
            case Waiver():
                return Split(), self._waive(fact), 0
            case WriteOff():
                return Split(), self._write_off(fact), 0
            case Reschedule():
                return Split(), self._reschedule_if_possible(fact, strict), 0
            case _:
                assert_never(fact)

    def _pay(self, on: str, amount_minor: Minor) -> tuple[Split, Minor, Minor]:
        if self.written_off_minor and not self._owing:
            return self._recover(amount_minor)
        self._settle_early(on, amount_minor)
        while self._first_open < len(self.lines) and not any(self._owing_lists[self._first_open]):
            self._first_open += 1
        pieces, left = self._interest_first(amount_minor)
        others, left = pour(self._owing_lists, self._days, left, on, self.rule, self._first_open)
        pieces += others
        went = [0, 0, 0, 0]
        for k, place, amount in pieces:
            went[place] += amount
            self.lines[k].payments.append((on, place, amount))
            self.paid[place] += amount
        self._owing -= amount_minor - left
        self._lower_principal(on, went[_PRINCIPAL])
        recovered = 0
        if left and self.written_off_minor:
            _, _, recovered = self._recover(left)
        self.overpaid_minor += left if not self.written_off_minor else 0
        over = left - recovered
        return Split(went[0], went[1], went[2], went[3], over), 0, recovered

    def _interest_first(self, amount_minor: Minor) -> tuple[list[tuple[int, int, Minor]], Minor]:
        """Pieces of a payment for interest that has accrued, where it goes before all else."""
        pieces = []
        if self.interest.basis == "payment_day" and self.interest.paid == "first":
            for k in range(self._first_open, len(self._owing_lists)):
                if not amount_minor:
                    break
                owing = self._owing_lists[k]
                part = min(amount_minor, owing[_INTEREST])
                if part:
                    owing[_INTEREST] -= part
                    amount_minor -= part
                    pieces.append((k, _INTEREST, part))
        return pieces, amount_minor

    def _settle_early(self, on: str, amount_minor: Minor) -> None:
        """Waive scheduled interest when this payment settles the loan by the agreed policy."""
        policy = self.interest.early
        if policy == "full" or accrues(self.terms, self.interest):
            return
        due = interest_due(self.terms, self.lines, on, policy)
        spared = [
            line.owing[_INTEREST] - max(0, needed)
            for line, needed in zip(self.lines, due, strict=True)
        ]
        if amount_minor < self._owing - sum(spared):
            return
        for line, part in zip(self.lines, spared, strict=True):
            if part:
                line.owing[_INTEREST] -= part
                line.waived[_INTEREST] += part
                line.changed_on = on
        self._owing -= sum(spared)
        self.waived_minor += sum(spared)

    def _lower_principal(self, on: str, amount_minor: Minor) -> None:
        if amount_minor:
            self._principal -= amount_minor
            self._moves.append((on, -amount_minor))

    def _recover(self, amount_minor: Minor) -> tuple[Split, Minor, Minor]:
        """Income up to what was given up; beyond that it is the member's."""
        room = self.written_off_minor + self.given_up_minor - self.recovered_minor
        recovered = min(amount_minor, max(0, room))
        self.recovered_minor += recovered
        self.overpaid_minor += amount_minor - recovered
        return Split(overpaid_minor=amount_minor - recovered), 0, recovered

    def _charge(self, fact: Charge) -> Minor:
        if fact.key:
            if fact.key in self._keys:
                return 0
            self._keys.add(fact.key)
        self._ask(
            self._line(fact.instalment), BUCKETS.index(fact.bucket), fact.amount_minor, fact.on
        )
        return fact.amount_minor

    def _line(self, number: int) -> Line:
        """The instalment of that number, or the nearest after it, or the last; with 0 the oldest
        unpaid one."""
        if number:
            later = [line for line in self.lines if line.number >= number]
            return min(later or self.lines[-1:], key=lambda line: line.number)
        return next((line for line in self.lines if any(line.owing)), self.lines[-1])

    def _waive(self, fact: Waiver) -> Minor:
        place, left = BUCKETS.index(fact.bucket), fact.amount_minor
        lines = [self._line(fact.instalment)] if fact.instalment else self.lines
        for line in lines:
            part = min(left, line.owing[place])
            if part:
                line.owing[place] -= part
                line.waived[place] += part
                line.changed_on = fact.on
                left -= part
        done = fact.amount_minor - left
        self._owing -= done
        self.waived_minor += done
        return done

    def _write_off(self, fact: WriteOff) -> Minor:
        left = min(fact.amount_minor or self._principal, self._principal)
        done = left
        for line in self.lines:
            part = min(left, line.owing[_PRINCIPAL])
            line.owing[_PRINCIPAL] -= part
            left -= part
            if part:
                line.changed_on = fact.on
        self._owing -= done
        self._lower_principal(fact.on, done)
        self.written_off_minor += done
        if done and not self._principal:
            self._give_up(fact.on)
        return done

    def _give_up(self, on: str) -> None:
        """Interest, fees and penalties of a loan whose principal is written off are given up."""
        for line in self.lines:
            unpaid = sum(line.owing)
            if unpaid:
                line.owing[:] = [0, 0, 0, 0]
                line.changed_on = on
                self.given_up_minor += unpaid
                self._owing -= unpaid

    def _reschedule_if_possible(self, fact: Reschedule, strict: bool) -> Minor:
        try:
            return self._reschedule(fact)
        except TermsError:
            if strict:
                raise
            return 0

    def _reschedule(self, fact: Reschedule) -> Minor:
        """Replace what later instalments still ask for by a new schedule of their principal."""
        first, last = fact.from_instalment, max(line.number for line in self.lines)
        if not 1 <= first <= last + 1:
            raise TermsError("There is no instalment of that number to start the new plan from.")
        leaving = [line for line in self.lines if line.number >= first]
        joining = []
        if fact.arrears == "joined":
            joining = [line for line in self.lines if line.number < first]
        principal = sum(line.owing[_PRINCIPAL] for line in (*leaving, *joining))
        principal += sum(line.owing[_INTEREST] for line in joining)
        if not principal:
            raise TermsError("Nothing is left to be agreed anew.")
        started = fact.terms.disbursed_on or fact.on
        terms = fact.terms._replace(principal_minor=principal, disbursed_on=started)
        plan = schedule(terms)
        for line in (*leaving, *joining):
            self._take_over(line, fact.on)
        self.lines = [line for line in self.lines if any(line.asked) or line.payments]
        number = max((line.number for line in self.lines), default=0)
        self._begin(terms, plan, max(number, first - 1))
        self.new_version = (fact.on, first, terms, plan)
        return principal

    def _take_over(self, line: Line, on: str) -> None:
        """Take unpaid principal and interest out of a line; fees and penalties stay there."""
        interest, principal = line.owing[_INTEREST], line.owing[_PRINCIPAL]
        for place, unpaid in ((_INTEREST, interest), (_PRINCIPAL, principal)):
            line.owing[place] = 0
            line.asked[place] -= unpaid
        self._owing -= interest + principal
        self._lower_principal(on, principal)
