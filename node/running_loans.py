"""What officers record about a loan that runs: charges, waivers, new plans, default, guarantees.

Most of it waits until other officers agree; the sentence says for how many.
"""

from typing import Literal

from model import events as e
from model.accounts import LOANS
from model.days import Period
from model.identifiers import receipt_code
from model.journal import balance
from model.loan_decisions import charge_key
from model.members import loans_of
from model.sheets import claims_once
from node import desk
from node.errors import CommandRefused
from node.lending import Terms, rate_ppm
from node.recording import Context, Receipt, decided, in_meeting, record

Charged = Literal["penalty", "fee", "interest"]


def _running(at: Context, member: str, loan: str) -> tuple[desk.Meeting, desk.Member, bytes]:
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, _ = desk.loan(at.group, one, loan, handed_over=True)
    return where, one, bytes.fromhex(name)


def charge(
    at: Context,
    member: str,
    amount: str,
    kind: Charged = "penalty",
    loan: str = "",
    instalment: int = 0,
) -> Receipt:
    """Put a penalty, a fee or interest on a loan: once for a kind and an instalment."""
    where, one, name = _running(at, member, loan)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, name.hex(), "loan.charged")
    if instalment:
        line = _next_charge(at, name, kind, instalment)
    event = e.LoanCharged(name, *where, kind, amount_minor, instalment, line)
    what = f"{desk.called(one)} is charged {desk.money(at.group, amount_minor)} ({kind})"
    return record(at, event, f"{what}{in_meeting(where)}.")


def _next_charge(at: Context, loan: bytes, kind: Charged, instalment: int) -> int:
    """The first line of this charge that nobody used: a penalty for each period of lateness."""
    for line in range(1, e.LINE_MAX + 1):
        if not claims_once(at.group.book, charge_key(loan.hex(), kind, str(instalment), line)):
            return line
    raise CommandRefused("That instalment was charged too often.", "too_many")


def waive(
    at: Context, member: str, amount: str, kind: Charged, loan: str = "", reason: str = ""
) -> Receipt:
    """Forgive interest, a penalty or a fee, when officers agree."""
    where, one, name = _running(at, member, loan)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, name.hex(), "loan.waived")
    event = e.LoanWaived(name, *where, kind, amount_minor, line, reason)
    what = f"{desk.called(one)} is spared {desk.money(at.group, amount_minor)} ({kind})"
    return decided(at, event, f"{what}.")


def reschedule(
    at: Context,
    member: str,
    first: int,
    terms: Terms,
    loan: str = "",
    join_arrears: bool = False,
    reason: str = "",
) -> Receipt:
    """A new plan for what is left, from an instalment on, when officers agree."""
    where, one, name = _running(at, member, loan)
    rules = desk.terms(at.group.book)
    method: e.Method = rules.interest_method
    if terms.method:
        method = terms.method  # type: ignore[assignment]  # chosen from the words it allows
    period: Period = rules.period
    if terms.period:
        period = terms.period  # type: ignore[assignment]
    ppm = rate_ppm(terms.interest_percent) if terms.interest_percent else rules.interest_ppm
    event = e.LoanRescheduled(
        name,
        *where,
        first or 1,
        method,
        ppm,
        terms.periods or rules.loan_periods_max,
        period,
        terms.first_due_on,
        rules.loan,
        "joined" if join_arrears else "kept",
        reason,
    )
    return decided(at, event, f"The loan of {desk.called(one)} gets a new plan.")


def confirm_default(at: Context, member: str, loan: str = "", reason: str = "") -> Receipt:
    """Say that a loan is in default, when officers agree."""
    where, one, name = _running(at, member, loan)
    event = e.LoanDefaulted(name, *where, reason)
    return decided(at, event, f"The loan of {desk.called(one)} is in default.")


def write_off(
    at: Context, member: str, amount: str = "", loan: str = "", reason: str = ""
) -> Receipt:
    """Give up principal (all that is left unless said), when officers agree."""
    where, one, name = _running(at, member, loan)
    left = balance(at.group.book, LOANS, name.hex())
    amount_minor = desk.amount(at.group, amount) if amount else left
    if not amount_minor:
        raise CommandRefused(f"{desk.called(one)} owes no principal.", "nothing_left")
    event = e.LoanWrittenOff(name, *where, amount_minor, reason)
    what = f"{desk.money(at.group, amount_minor)} of the loan of {desk.called(one)}"
    return decided(at, event, f"{what} is given up.")


def recover(
    at: Context,
    member: str,
    amount: str,
    loan: str,
    channel: e.Channel = "box",
    provider_ref: str = "",
) -> Receipt:
    """Money comes back on a loan that was written off."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name = _written_off(at, one, loan)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, name.hex(), "loan.recovered")
    event = e.LoanRecovered(name, *where, amount_minor, line, channel, provider_ref.strip())
    what = f"{desk.money(at.group, amount_minor)} came back on the loan of {desk.called(one)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def _written_off(at: Context, one: desk.Member, said: str) -> bytes:
    found = [
        bytes.fromhex(name)
        for name in loans_of(at.group.book, one.id.hex())
        if (page := at.group.book.loans.find(name)) is not None and page.written_off_minor
    ]
    if said:
        found = [name for name in found if receipt_code(name) == said.strip().upper()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandRefused(f"No loan of {desk.called(one)} was written off.", "no_loan")
    codes = ", ".join(map(receipt_code, found[:8]))
    raise CommandRefused(
        f"{desk.called(one)} has several: {codes}. Say which with --loan.", "which_loan"
    )


def guarantee(at: Context, member: str, guarantor: str, amount: str, loan: str = "") -> Receipt:
    """A member answers for a part of another's loan."""
    one, other = desk.member(at.group, member), desk.member(at.group, guarantor)
    name = _any_open(at, one, loan)
    amount_minor = desk.amount(at.group, amount)
    event = e.GuaranteeGiven(name, other.id, amount_minor)
    what = f"{desk.called(other)} answers for {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what} of the loan of {desk.called(one)}.")


def _any_open(at: Context, one: desk.Member, loan: str) -> bytes:
    try:
        name, _ = desk.loan(at.group, one, loan, handed_over=False)
    except CommandRefused:
        name, _ = desk.loan(at.group, one, loan, handed_over=True)
    return bytes.fromhex(name)


def call_guarantor(
    at: Context, member: str, guarantor: str, amount: str, loan: str = ""
) -> Receipt:
    """Ask a guarantor to pay what the borrower did not, when officers agree."""
    where, one, name = _running(at, member, loan)
    other = desk.member(at.group, guarantor)
    amount_minor = desk.amount(at.group, amount)
    event = e.GuaranteeCalled(name, *where, other.id, amount_minor)
    what = f"{desk.called(other)} is asked to pay {desk.money(at.group, amount_minor)}"
    return decided(at, event, f"{what} for {desk.called(one)}.")
