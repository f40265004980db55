"""A group is founded in one change that carries its name and its rules, so never half a group.

What a new group needs most is asked for here, in amounts and percentages as people type them; the
other rules have defaults, and officers change any of them later (node/governing.py).
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

from model import events as e
from model.days import Period
from model.decisions import DECISIONS
from model.events import LoanRules
from model.money import AmountError, exponent_of, parse_amount
from node import paper_cards
from node.clock import random_bytes
from node.errors import CommandRefused
from node.node import PERSON_BYTES, Node
from node.people import checked, name_form

InterestMethod = Literal[
    "flat",
    "reducing",
    "reducing_instalment",
    "service_charge",
    "upfront",
    "compound",
    "bullet",
    "interest_only",
]
Meets = Literal["", "week", "fortnight", "month"]
SocialAtShareout = Literal["keep", "equal", "pro_rata"]

ASKED_ABOUT: Final[Mapping[str, str]] = {
    "loan": "loan.disbursed",
    "loan-approval": "loan.approved",
    "expense": "expense.paid",
    "transfer": "transfer.made",
    "social-help": "social.paid_out",
    "savings-withdrawal": "savings.withdrawn",
    "refund": "claim.paid",
    "investment": "investment.bought",
    "withdrawal": "withdrawal.requested",
    "fine-waiver": "fine.waived",
    "write-off": "loan.written_off",
    "exit": "member.exited",
    "close": "meeting.closed",
    "cycle-close": "cycle.closed",
    "shareout": "shareout.confirmed",
    "dividend": "dividend.declared",
    "rules": "constitution.proposed",
    "officer": "officer.proposed",
}
"""What officers can be asked to agree to, as it is typed -> the kind of entry."""


class Terms(NamedTuple):
    """The rules that a group is founded with; amounts as people type them."""

    share_value: str
    shares_max: int = 5
    social_fund: str = "0"
    loan_multiplier: int = 3
    loan_periods_max: int = 3
    interest_percent: str = "0"
    """Percent of the principal a period, such as 10 or 2.5."""
    interest_method: InterestMethod = "flat"
    period: Period = "month"
    fines: Mapping[str, str] = {}
    """Code of a fine and what it costs."""
    fines_to: e.Fund = "loan_fund"
    grace: int = 0
    """First periods of a loan in which no principal is due."""
    penalty: str = ""
    """For an instalment that is late: an amount, or a percentage such as 5%."""
    penalty_grace_days: int = 0
    loans_at_once: int = 0
    """Of one member; 0: any number."""
    guarantors: int = 0
    quorum_percent: int = 0
    keys: int = 0
    approvals: Mapping[str, int] = {}
    """What officers agree to (see `ASKED_ABOUT`), or a kind of entry, and how many of them."""
    approval_limit: str = "0"
    """Of money that is paid out: less than that needs nobody else."""
    meets: Meets = ""
    cycle_meetings: int = 0
    social_at_shareout: SocialAtShareout = "keep"
    rounding_step: str = ""
    """Instalments are rounded to it; the smallest unit of the currency when empty."""


def found_group(
    node: Node,
    name: str,
    currency: str,
    terms: Terms,
    now_ms: int,
    *,
    title: e.Title = "secretary",
    kind: str = "vsla",
    cards: Sequence[bytes] = (),
) -> tuple[bytes, str]:
    """Found a group on this device; its id and a sentence. One change, so never a half group.

    `cards`: the secrets of the three paper cards; only their public keys are kept.
    """
    try:
        exponent = exponent_of(currency)
        rules = constitution(terms, exponent)
    except AmountError as error:
        raise CommandRefused(str(error), "bad_amount") from error
    name = checked(name, "").name
    for held in node.groups.values():
        if name_form(held.name) == name_form(name):
            raise CommandRefused(
                f"This phone holds a group called {held.name} ({held.id.hex()[:8]}) already. Use "
                "it, or give the new one a name that tells them apart.",
                "name_taken",
            )
    person = random_bytes(PERSON_BYTES)
    events = [
        e.GroupDescribed(name, currency, exponent, kind),
        rules,
        e.OfficerElected(title, person),
    ]
    records = [paper_cards.issued(cards)] if cards else []
    group_id = node.found(name, person, now_ms, events, records=records)
    return group_id, f"{name} is founded; its books are kept in {currency}. Add the members next."


def constitution(terms: Terms, exponent: int) -> e.ConstitutionAdopted:
    """The first constitution; AmountError says which amount can't be read."""

    def amount(text: str) -> int:
        return parse_amount(text, exponent)

    plain = terms.interest_method in get_args(e.Method)
    if terms.grace and terms.grace >= terms.loan_periods_max:
        raise CommandRefused(
            f"A grace of {terms.grace} leaves nothing of a loan of {terms.loan_periods_max}. Give "
            "a shorter --grace, or a longer --loan-periods-max.",
            "grace_too_long",
        )
    return e.ConstitutionAdopted(
        version=1,
        share_value_minor=amount(terms.share_value),
        shares_max=terms.shares_max,
        social_fund_minor=amount(terms.social_fund),
        loan_multiplier=terms.loan_multiplier,
        loan_periods_max=terms.loan_periods_max,
        interest_method=terms.interest_method if plain else "flat",  # type: ignore[arg-type]
        interest_ppm=_rate(terms.interest_percent),
        period=terms.period,
        fines_to=terms.fines_to,
        fines={code: amount(cost) for code, cost in terms.fines.items()},
        instalment_step_minor=amount(terms.rounding_step) if terms.rounding_step else 1,
        loan=_loan_rules(terms, "" if plain else terms.interest_method, exponent),
        loans_open_max=terms.loans_at_once,
        guarantors_min=terms.guarantors,
        quorum_percent=terms.quorum_percent,
        keys_required=terms.keys,
        approvals={_asked_about(what): number for what, number in terms.approvals.items()},
        approval_limit_minor=amount(terms.approval_limit),
        meeting_frequency=terms.meets,
        cycle_meetings=terms.cycle_meetings,
        social_at_shareout=terms.social_at_shareout,
    )


def _loan_rules(terms: Terms, method: str, exponent: int) -> LoanRules:
    """How loans work beyond rate and length; a percentage of what is late, or an amount."""
    penalty, percent = terms.penalty.strip(), terms.penalty.strip().endswith("%")
    return LoanRules(
        method=method,  # type: ignore[arg-type]
        principal_grace=terms.grace,
        penalty=("percent" if percent else "flat") if penalty else "none",
        penalty_minor=parse_amount(penalty, exponent) if penalty and not percent else 0,
        penalty_ppm=_rate(penalty) if percent else 0,
        penalty_grace_days=terms.penalty_grace_days,
    )


def _rate(text: str) -> int:
    # One percent is 10,000 parts per million: a percentage has four decimals at most.
    return parse_amount(text.strip().removesuffix("%").strip(), 4)


def _asked_about(what: str) -> str:
    """The kind of entry that is meant; CommandRefused when officers are never asked about it."""
    word = what.strip().lower()
    kind = ASKED_ABOUT.get(word.replace("_", "-"), word)
    if kind not in DECISIONS and kind not in ASKED_ABOUT.values():
        raise CommandRefused(
            f"Officers are not asked about “{what}”. They can be about: {', '.join(ASKED_ABOUT)}.",
            "not_asked_about",
        )
    return kind
