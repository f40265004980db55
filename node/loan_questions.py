"""Questions about loans that record nothing: what would one cost, who is late, what is at risk.

A quote needs no group: every convention that lenders differ on can be named, and what is left out
is the common default (reckoning/terms.py). The same reckoning makes the schedule of a real loan, so
a quote and a loan can never disagree.
"""

from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from model.book import Book
from model.days import DayError, parse_day
from model.findings import who
from model.identifiers import receipt_code
from model.loan_terms import PLAIN_RULES, fees_of, with_rules
from model.loan_views import newest_day
from model.loan_watch import standing_of
from model.money import EXPONENT_MAX, AmountError, Rounding, parse_amount
from model.reckoning.arrears import Standing, ageing
from model.reckoning.calendar import DuePlan, Unit
from model.reckoning.portfolio import Par, ParDefinition, portfolio_quality
from model.reckoning.rates import PPM, DayCount, Rate, RateError, percent
from model.reckoning.schedules import Schedule, schedule
from model.reckoning.terms import Fee, Grace, LoanTerms, Method, RoundingRule, TermsError
from node import desk
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.node import Node

Words = Annotated[str, Meta(max_length=60)]
Number = Annotated[int, Meta(ge=0, le=600)]
FeeAt = Literal["disbursement", "deducted", "first", "spread", "each"]
FEE_TIMES: Final = get_args(FeeAt)


class QuoteRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A loan that nobody has taken yet; amounts are text as people type them."""

    amount: Words
    interest: Words = "0"
    """Such as `10`, for each instalment period, or `24 % a year`."""
    instalments: Annotated[int, Meta(ge=1, le=600)] = 1
    method: Method = "flat"
    unit: Unit = "month"
    every: Annotated[int, Meta(ge=1, le=366)] = 1
    start: Words = ""
    first_due: Words = ""
    month_end: Literal["clamp", "roll"] = "clamp"
    day_count: DayCount = "nominal"
    rounding: Rounding = "half_even"
    interest_rounded: Literal["per_period", "cumulative"] = "per_period"
    residue: Literal["last", "first"] = "last"
    money_step: Words = ""
    """Smallest amount that interest and principal are rounded to."""
    instalment_step: Words = ""
    instalment: Words = ""
    """The agreed instalment, where there is one."""
    principal_each: Words = ""
    principal_at_end: bool = False
    principal_grace: Number = 0
    interest_grace: Number = 0
    interest_free: Number = 0
    grace_collected: Literal["at_end", "spread", "capitalised"] = "at_end"
    grace_added: bool = False
    """Grace comes before the instalments instead of counting among them."""
    level_fit: Literal["formula", "closest"] = "formula"
    first_period: Literal["by_days", "full"] = "by_days"
    flat_interest: Literal["equal", "by_period"] = "equal"
    upfront: Literal["paid", "deducted"] = "paid"
    cap_interest: bool = False
    month_days: Annotated[int, Meta(ge=1, le=366)] = 30
    first_month_at_once: bool = False
    charge_on: Literal["principal", "balance"] = "principal"
    fee: Words = ""
    fee_percent: Words = ""
    fee_at: FeeAt = "disbursement"
    decimals: Annotated[int, Meta(ge=0, le=EXPONENT_MAX)] = 2
    """Decimals of the currency, where no group says."""
    group_terms: bool = False
    """On the terms of the group's constitution; only amount, instalments and start are read."""


class ArrearsRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is late, and what is at risk, on a day (that of the newest meeting unless said)."""

    on: Words = ""
    days: Annotated[int, Meta(ge=0, le=3_660)] = 30
    numerator: Literal["outstanding", "overdue"] = "outstanding"
    comparison: Literal["more_than", "at_least"] = "more_than"
    denominator: Literal["outstanding", "released"] = "outstanding"
    restructured: Literal["by_days", "always", "left_out"] = "by_days"
    by: Literal["loan", "instalment"] = "loan"


def quote(node: Node, asked: QuoteRequest, now_ms: int) -> Answer:
    """The schedule of a loan that nobody has taken yet."""
    if not asked.group_terms:
        return Answer(plain_quote(asked))
    group = choose_group(node, asked.group)
    page, rules = desk.described(group.book), desk.terms(group.book)
    plain = LoanTerms(
        desk.amount(group, asked.amount),
        rules.interest_method,
        Rate(rules.interest_ppm, PPM),
        asked.instalments,
        _day(asked.start),
        DuePlan(rules.period, first_due_on=_day(asked.first_due)),
        rounding=RoundingRule(rules.rounding, 1, rules.instalment_step_minor),
        fees=fees_of(rules.loan),
    )
    terms = plain if rules.loan == PLAIN_RULES else with_rules(plain, rules.loan)
    money = {"currency": page.currency, "exponent": page.exponent}
    return Answer({**money, **_view(_scheduled(terms), terms)})


def plain_quote(asked: QuoteRequest) -> dict[str, Any]:
    """A quote from plain numbers; raises CommandRefused with what to say instead."""
    exponent = asked.decimals
    terms = LoanTerms(
        _amount(asked.amount, exponent),
        asked.method,
        _rate(asked.interest),
        asked.instalments,
        _day(asked.start),
        DuePlan(asked.unit, asked.every, _day(asked.first_due), month_end=asked.month_end),
        asked.day_count,
        RoundingRule(
            asked.rounding,
            _amount(asked.money_step, exponent) or 1,
            _amount(asked.instalment_step, exponent) or 1,
            asked.residue,
            asked.interest_rounded,
        ),
        Grace(
            asked.principal_grace,
            asked.interest_grace,
            asked.interest_free,
            asked.grace_collected,
            not asked.grace_added,
        ),
        instalment_minor=_amount(asked.instalment, exponent),
        principal_minor_each=_amount(asked.principal_each, exponent),
        principal_due="at_end" if asked.principal_at_end else "spread",
        level_fit=asked.level_fit,
        first_period=asked.first_period,
        fees=_fees(asked, exponent),
        flat_interest=asked.flat_interest,
        upfront_interest=asked.upfront,
        in_duplum=asked.cap_interest,
        month_days=asked.month_days,
        first_month_at_once=asked.first_month_at_once,
        charge_on=asked.charge_on,
    )
    return {"currency": "", "exponent": exponent, **_view(_scheduled(terms), terms)}


def _fees(asked: QuoteRequest, exponent: int) -> tuple[Fee, ...]:
    fees = []
    if asked.fee:
        fees.append(Fee(_amount(asked.fee, exponent), at=asked.fee_at))
    if asked.fee_percent:
        fees.append(Fee(rate=_rate(asked.fee_percent), at=asked.fee_at))
    return tuple(fees)


def _scheduled(terms: LoanTerms) -> Schedule:
    try:
        return schedule(terms)
    except TermsError as error:
        raise CommandRefused(str(error), "terms") from error


def _view(plan: Schedule, terms: LoanTerms) -> dict[str, Any]:
    return {
        "principal_minor": terms.principal_minor,
        "handed_over_minor": plan.handed_over_minor,
        "interest_minor": plan.interest_minor,
        "interest_at_disbursement_minor": plan.interest_at_disbursement_minor,
        "fee_minor": plan.fee_minor,
        "capitalised_minor": plan.capitalised_minor,
        "total_minor": plan.total_minor,
        "instalments": [
            {
                "number": row.number,
                "due_on": row.due_on or None,
                "principal_minor": row.principal_minor,
                "interest_minor": row.interest_minor,
                "fee_minor": row.fee_minor,
                "total_minor": row.total_minor,
                "balance_minor": row.balance_minor,
            }
            for row in plan.instalments
        ],
    }


def _amount(said: str, exponent: int) -> int:
    try:
        return parse_amount(said, exponent) if said.strip() else 0
    except AmountError as error:
        raise CommandRefused(str(error), "amount") from error


def _rate(said: str) -> Rate:
    try:
        return percent(said)
    except RateError as error:
        raise CommandRefused(str(error), "interest") from error


def _day(said: str) -> str:
    if not said.strip():
        return ""
    try:
        return parse_day(said.strip()).isoformat()
    except DayError as error:
        raise CommandRefused(str(error), "bad_day") from error


# Arrears.


def arrears(node: Node, asked: ArrearsRequest, now_ms: int) -> Answer:
    """Late loans, the ages of the portfolio, and what is at risk by a named definition."""
    group = choose_group(node, asked.group)
    book = group.book
    on = _day(asked.on) or newest_day(book)
    if not on:
        raise CommandRefused("No meeting was held yet: say the day with --on.", "bad_day")
    definition = ParDefinition(
        asked.days, asked.numerator, asked.comparison, asked.denominator, asked.restructured
    )
    stands = _standings(book, on)
    rules = desk.terms(book)
    quality = portfolio_quality(
        list(stands.values()),
        (ParDefinition(0), definition, ParDefinition(90)),
        rules.default_after_days,
    )
    page = desk.described(book)
    name_of = group.people.name_by_hex
    late: list[dict[str, Any]] = [
        {
            "receipt": receipt_code(bytes.fromhex(name)),
            "loan": name,
            "who": who(book, name, name_of),
            "days_past_due": standing.days_past_due,
            "overdue_minor": standing.overdue_minor,
            "principal_overdue_minor": standing.principal_overdue_minor,
            "outstanding_minor": standing.outstanding_minor,
        }
        for name, standing in stands.items()
        if standing.late
    ]
    late.sort(key=lambda row: (-row["days_past_due"], row["loan"]))
    return Answer(
        {
            "currency": page.currency,
            "exponent": page.exponent,
            "on": on,
            "late": late,
            "ages_by": asked.by,
            "ages": [band._asdict() for band in ageing(list(stands.values()), asked.by)],
            "par": [_par(par) for par in quality.par],
            **{field: getattr(quality, field) for field in quality._fields if field != "par"},
        }
    )


def _standings(book: Book, on: str) -> dict[str, Standing]:
    """How every loan that was handed over stands at the end of a day."""
    found = {}
    for name, loan in book.loans.rows():
        standing = standing_of(book, name, loan, on)
        if standing is not None:
            found[name] = standing
    return found


def _par(par: Par) -> dict[str, Any]:
    ratio = par.ratio
    return {
        "definition": par.definition.sentence(),
        "days": par.definition.days,
        "numerator_minor": par.numerator_minor,
        "denominator_minor": par.denominator_minor,
        "loans_at_risk": par.loans_at_risk,
        "basis_points": None if ratio is None else round(ratio * 10_000),
    }


def request_of(details: dict[str, Any]) -> QuoteRequest:
    """A quote request whose ranges are checked; CommandRefused names the one that is wrong."""
    try:
        return msgspec.convert(details, QuoteRequest)
    except msgspec.ValidationError as error:
        raise CommandRefused(f"That can't be quoted: {error}.", "out_of_range") from error
