"""Loans by name: asked for, approved on the constitution's terms, handed over, paid back."""

from model import events as e
from node import desk
from node.errors import CommandRefused
from node.plan import Plan
from node.recording import Context, Receipt, done, in_meeting, record


def apply_for_loan(
    at: Context, member: str, amount: str, periods: int = 0, purpose: str = ""
) -> Receipt:
    """A member asks for a loan."""
    plan, _, what = _loan_request(at, member, amount, periods, purpose)
    return done(at, plan, f"{what} was asked for{in_meeting(desk.meeting(at.group, at.meeting))}.")


def give_loan(
    at: Context,
    member: str,
    amount: str,
    periods: int = 0,
    purpose: str = "",
    channel: e.Channel = "box",
) -> Receipt:
    """A loan asked for, approved on the constitution's terms and handed over, all at once."""
    plan, loan, what = _loan_request(at, member, amount, periods, purpose)
    asked = plan.events[0].event
    assert isinstance(asked, e.LoanApplied)
    where = desk.meeting(at.group, at.meeting)
    plan.add(approval(at, where, loan, asked.amount_minor, asked.periods))
    plan.add(e.LoanDisbursed(*where, loan, asked.amount_minor, channel))
    return done(at, plan, f"{what} was approved and handed over{in_meeting(where)}.")


def approve_loan(at: Context, member: str, loan: str = "", amount: str = "") -> Receipt:
    """Approve a loan that was asked for, on the constitution's terms."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=False)
    amount_minor = desk.amount(at.group, amount) if amount else page.asked_minor
    event = approval(at, where, bytes.fromhex(name), amount_minor, page.periods)
    what = f"A loan of {desk.money(at.group, amount_minor)} for {desk.called(one)}"
    return record(at, event, f"{what} is approved.")


def hand_over_loan(at: Context, member: str, loan: str = "", channel: e.Channel = "box") -> Receipt:
    """Hand over the money of an approved loan."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=False)
    if not page.approved and not at.anyway:
        raise CommandRefused(
            f"The loan of {desk.called(one)} is not approved yet. Approve it first.",
            "loan_not_approved",
        )
    amount_minor = page.approved_minor or page.asked_minor
    event = e.LoanDisbursed(*where, bytes.fromhex(name), amount_minor, channel)
    what = f"{desk.called(one)} was handed {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def repay_loan(
    at: Context,
    member: str,
    paid: str,
    loan: str = "",
    channel: e.Channel = "box",
    provider_ref: str = "",
) -> Receipt:
    """A member pays back on a loan."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, _ = desk.loan(at.group, one, loan, handed_over=True)
    amount_minor = desk.amount(at.group, paid)
    line = desk.next_line(at.group.book, where, name, "loan.repaid")
    event = e.LoanRepaid(
        *where, bytes.fromhex(name), amount_minor, line, channel, provider_ref.strip()
    )
    what = f"{desk.called(one)} paid back {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def _loan_request(
    at: Context, member: str, amount: str, periods: int, purpose: str
) -> tuple[Plan, bytes, str]:
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    rules = desk.terms(at.group.book)
    amount_minor = desk.amount(at.group, amount)
    periods = periods or rules.loan_periods_max
    if periods > rules.loan_periods_max and not at.anyway:
        raise CommandRefused(
            f"A loan runs for at most {rules.loan_periods_max} {rules.period}s here.", "loan_term"
        )
    line = desk.next_line(at.group.book, where, one.id.hex(), "loan.applied")
    plan = Plan(at.group)
    loan = plan.add(e.LoanApplied(*where, one.id, amount_minor, purpose, periods, line))
    return plan, loan, f"A loan of {desk.money(at.group, amount_minor)} for {desk.called(one)}"


def approval(
    at: Context, where: desk.Meeting, loan: bytes, amount_minor: int, periods: int
) -> e.LoanApproved:
    """An approval on the terms of the constitution in force."""
    rules = desk.terms(at.group.book)
    return e.LoanApproved(
        *where,
        loan,
        amount_minor,
        rules.interest_method,
        rules.interest_ppm,
        periods,
        rules.period,
    )
