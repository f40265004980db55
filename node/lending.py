"""Loans by name: asked for, approved on the constitution's terms, handed over, paid back.

What the group's rules speak against is said before anything is signed, with the numbers; with
--anyway the group's own decision is recorded all the same, and stays visible as a finding.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from model import events as e
from model.days import Period
from model.loan_ledger import held_back
from model.loan_watch import reasons
from model.pages import LoanPage
from model.reckoning.eligibility import Reason
from model.reckoning.rates import PPM, RateError, percent
from node import desk
from node.errors import CommandRefused
from node.plan import Plan
from node.recording import Context, Receipt, done, in_meeting, record, with_excess


class Wish(NamedTuple):
    """What a request for a loan may say beside amount, instalments and purpose."""

    fund: e.Fund = "loan_fund"
    guarantors: str = ""
    """Members and amounts: `3: 5000, Amina: 2,000`."""
    collateral: str = ""
    collateral_worth: str = ""


NO_WISH: Final = Wish()


class Terms(NamedTuple):
    """Terms that differ from those of the constitution; empty ones are the constitution's."""

    interest_percent: str = ""
    method: str = ""
    periods: int = 0
    period: str = ""
    first_due_on: str = ""


OWN_TERMS: Final = Terms()
"""Those of the constitution."""


def apply_for_loan(
    at: Context,
    member: str,
    amount: str,
    periods: int = 0,
    purpose: str = "",
    wish: Wish = NO_WISH,
) -> Receipt:
    """A member asks for a loan."""
    plan, _, what = _loan_request(at, member, amount, periods, purpose, wish)
    return done(at, plan, f"{what} was asked for{in_meeting(desk.meeting(at.group, at.meeting))}.")


def give_loan(
    at: Context,
    member: str,
    amount: str,
    periods: int = 0,
    purpose: str = "",
    channel: e.Channel | None = None,
    wish: Wish = NO_WISH,
) -> Receipt:
    """A loan asked for, approved on the constitution's terms and handed over, all at once."""
    plan, loan, what = _loan_request(at, member, amount, periods, purpose, wish)
    asked = plan.events[0].event
    assert isinstance(asked, e.LoanApplied)
    where = desk.meeting(at.group, at.meeting)
    approved = approval(at, where, loan, asked.amount_minor, asked.periods)
    plan.add(approved)
    fee, interest = _to_hold_back(at, approved)
    pocket = channel or ("social" if wish.fund == "social_fund" else "box")
    plan.add(
        e.LoanDisbursed(
            *where, loan, asked.amount_minor, pocket, fee_minor=fee, interest_minor=interest
        )
    )
    kept = _kept(at, fee + interest)
    return done(at, plan, f"{what} was approved and handed over{in_meeting(where)}{kept}.")


def approve_loan(
    at: Context, member: str, loan: str = "", amount: str = "", terms: Terms = OWN_TERMS
) -> Receipt:
    """Approve a loan that was asked for, on the constitution's terms unless others are named."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=False)
    amount_minor = desk.amount(at.group, amount) if amount else page.asked_minor
    periods = terms.periods or page.periods
    _require(at, one, amount_minor, periods, page.guarantors, name)
    event = approval(at, where, bytes.fromhex(name), amount_minor, periods, terms)
    what = f"A loan of {desk.money(at.group, amount_minor)} for {desk.called(one)}"
    return record(at, event, f"{what} is approved.")


def refuse_loan(
    at: Context, member: str, loan: str = "", outcome: str = "rejected", reason: str = ""
) -> Receipt:
    """End a request before its money is handed over: rejected, withdrawn or cancelled."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=False)
    event = e.LoanRefused(
        bytes.fromhex(name),
        *where,
        outcome,  # type: ignore[arg-type]  # chosen from the words that it allows
        reason,
    )
    what = f"The request of {desk.called(one)} for {desk.money(at.group, page.asked_minor)}"
    return record(at, event, f"{what} is {outcome}.")


def hand_over_loan(
    at: Context, member: str, loan: str = "", channel: e.Channel | None = None, witness: str = ""
) -> Receipt:
    """Hand over the money of an approved loan, less what its terms keep back."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=False)
    if not page.approved and not at.anyway:
        raise CommandRefused(
            f"The loan of {desk.called(one)} is not approved yet. Approve it first.",
            "loan_not_approved",
        )
    amount_minor = page.approved_minor or page.asked_minor
    pocket = channel or ("social" if page.social else "box")
    fee, interest = held_back(replace(page, principal_minor=amount_minor))
    seen_by = desk.member(at.group, witness).id if witness else b""
    event = e.LoanDisbursed(
        *where, bytes.fromhex(name), amount_minor, pocket, seen_by, fee, interest
    )
    what = f"{desk.called(one)} was handed {desk.money(at.group, amount_minor - fee - interest)}"
    return record(at, event, f"{what}{in_meeting(where)}{_kept(at, fee + interest)}.")


def repay_loan(
    at: Context,
    member: str,
    paid: str,
    loan: str = "",
    channel: e.Channel | None = None,
    provider_ref: str = "",
    source: e.Source = "",
    payer: str = "",
) -> Receipt:
    """A member (or a guarantor for the member) pays back on a loan."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = desk.loan(at.group, one, loan, handed_over=True)
    amount_minor = desk.amount(at.group, paid)
    line = desk.next_line(at.group.book, where, name, "loan.repaid")
    pocket = channel or ("social" if page.social else "box")
    by = desk.member(at.group, payer) if payer else None
    event = e.LoanRepaid(
        *where,
        bytes.fromhex(name),
        amount_minor,
        line,
        pocket,
        provider_ref.strip(),
        source,
        by.id if by else b"",
    )
    who = f"{desk.called(by)} paid for {desk.called(one)}" if by else desk.called(one)
    verb = "" if by else " paid back"
    told = f"{who}{verb} {desk.money(at.group, amount_minor)}{in_meeting(where)}."
    return with_excess(at, record(at, event, told))


def guarantees(at: Context, said: str) -> tuple[e.Guarantee, ...]:
    """Guarantors as people write them: `3: 5000, Amina: 2,000` (a comma and a space between)."""
    found = []
    for part in filter(None, (one.strip() for one in said.replace(";", ", ").split(", "))):
        who, colon, amount = part.rpartition(":")
        if not colon:
            raise CommandRefused(
                f"“{part}” names no amount. Write guarantors like this: 3: 5000, Amina: 2,000",
                "guarantors",
            )
        one = desk.member(at.group, who)
        found.append(e.Guarantee(one.id, desk.amount(at.group, amount)))
    return tuple(found)


def _loan_request(
    at: Context, member: str, amount: str, periods: int, purpose: str, wish: Wish
) -> tuple[Plan, bytes, str]:
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    rules = desk.terms(at.group.book)
    amount_minor = desk.amount(at.group, amount)
    periods = periods or rules.loan_periods_max
    stands = guarantees(at, wish.guarantors)
    worth = desk.amount(at.group, wish.collateral_worth) if wish.collateral_worth else 0
    named = tuple((each.member.hex(), each.amount_minor) for each in stands)
    _require(at, one, amount_minor, periods, named)
    line = desk.next_line(at.group.book, where, one.id.hex(), "loan.applied")
    plan = Plan(at.group)
    loan = plan.add(
        e.LoanApplied(
            *where,
            one.id,
            amount_minor,
            purpose,
            periods,
            line,
            wish.fund,
            stands,
            wish.collateral,
            worth,
        )
    )
    return plan, loan, f"A loan of {desk.money(at.group, amount_minor)} for {desk.called(one)}"


def _require(
    at: Context,
    one: desk.Member,
    amount_minor: int,
    periods: int,
    stands: tuple[tuple[str, int], ...],
    name: str = "",
) -> None:
    """Refuse what the rules speak against, with the numbers, unless it was decided anyway."""
    if at.anyway:
        return
    rules = desk.terms(at.group.book)
    against = reasons(at.group.book, rules, one.id.hex(), amount_minor, periods, stands, name)
    for reason in against:
        raise CommandRefused(
            f"{_told(at, one, rules, reason)} If the group decides so all the same, record it "
            "with --anyway.",
            "loan_term" if reason.rule == "term" else reason.rule,
        )


def _told(at: Context, one: desk.Member, rules: e.ConstitutionAdopted, reason: Reason) -> str:
    who, allowed = desk.called(one), desk.money(at.group, reason.allowed)
    if reason.rule == "term":
        return f"A loan runs for at most {rules.loan_periods_max} {rules.period}s here."
    if reason.rule == "open_loan":
        return f"{who} has a loan that is not repaid; {reason.allowed} at once is the most here."
    if reason.rule == "multiple_of_savings":
        return (
            f"{who} may borrow {allowed} at most: {rules.loan_multiplier} times the savings, less "
            "what is still owed."
        )
    guarantor = at.group.people.name_by_hex(reason.who) or "The guarantor"
    return f"{guarantor} can answer for {allowed} at most, out of own savings."


def approval(
    at: Context,
    where: desk.Meeting,
    loan: bytes,
    amount_minor: int,
    periods: int,
    terms: Terms = OWN_TERMS,
) -> e.LoanApproved:
    """An approval on the terms of the constitution in force, or on others where they are named."""
    rules = desk.terms(at.group.book)
    method: e.Method = rules.interest_method
    if terms.method:
        method = terms.method  # type: ignore[assignment]  # chosen from the words it allows
    period: Period = rules.period
    if terms.period:
        period = terms.period  # type: ignore[assignment]
    return e.LoanApproved(
        *where,
        loan,
        amount_minor,
        method,
        rate_ppm(terms.interest_percent) if terms.interest_percent else rules.interest_ppm,
        periods,
        period,
        rules.instalment_step_minor,
        rules.rounding,
        rules.loan,
        terms.first_due_on,
    )


RATE_PPM_MAX: Final = PPM


def rate_ppm(said: str) -> int:
    """Parts per million of a percentage for each instalment period; CommandRefused when unclear."""
    try:
        rate = percent(said)
    except RateError as error:
        raise CommandRefused(str(error), "interest") from error
    parts, rest = divmod(rate.numerator * PPM, rate.denominator)
    if rest or parts > RATE_PPM_MAX:
        raise CommandRefused(
            "Interest has at most four decimals and is not above 100 percent.", "interest"
        )
    return parts


def _to_hold_back(at: Context, approved: e.LoanApproved) -> tuple[int, int]:
    """Fees and interest that the terms of an approval keep back."""
    page = LoanPage(
        "",
        approved.amount_minor,
        "",
        approved.cycle,
        approved.session,
        approved.periods,
        approved.method,
        approved.period,
        approved.rounding,
        rate_ppm=approved.rate_ppm,
        step_minor=approved.step_minor,
        principal_minor=approved.amount_minor,
        rules=approved.rules,
    )
    return held_back(page)


def _kept(at: Context, kept_minor: int) -> str:
    return f"; {desk.money(at.group, kept_minor)} was kept back" if kept_minor else ""
