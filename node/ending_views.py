"""The end of a cycle as questions: what a share-out, a dividend or an exit would be, who is owed.

The answers are whole numbers of the smallest unit, and a share's exact value as two numbers. What
is committed is worked out again from the book and must be the same, which its digest says.
"""

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from model.days import DayError
from model.dividend_preview import DividendPreview, On, preview_dividend
from model.money import AmountError, parse_amount
from model.reckoning.dividends import DividendError, DividendTerms, FirstMonth
from model.reckoning.shareout_terms import Basis, Capital, ShareOutError
from model.reckoning.splitting import SplitError
from model.rotation_watch import pot_of
from model.rotations import collected_in, holder_of, is_agreed, payout_of, rotations
from model.shareout_preview import Preview, preview_shareout
from node import desk, ending
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.node import Group, Node
from node.recording import Context
from node.records import receipt_answer

Words = Annotated[str, Meta(max_length=200)]
_PERCENT_DECIMALS = 4
"""Ten thousandths of a percent are millionths."""


class ShareoutRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to share out; the rest is in the constitution."""

    cycle: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """The newest meeting's unless said."""
    basis: Basis = "shares"
    capital: Capital = "in_pool"


class CommitRequest(ShareoutRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The share-out that was previewed."""

    digest: Words = ""
    """First letters of the preview's digest; refused when the figures have changed."""
    anyway: bool = False


class PayRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pay what members are owed."""

    member: Words = ""
    channel: Literal["box", "social", "bank", "mobile"] = "box"
    in_cash: bool = True
    """False: only loans and fines are paid out of it."""
    anyway: bool = False


class DividendRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a dividend is worked out; percents and amounts are text as people type them."""

    on: On = "shares"
    rate: Words = ""
    """Percent a year; or else `pool`."""
    pool: Words = ""
    tax: Words = "0"
    """Percent that is withheld."""
    first_month: FirstMonth = "full"
    truncate: bool = False
    """Round down instead of half up."""


class DeclareRequest(DividendRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The dividend that was previewed."""

    kind: Literal["dividend", "interest", "bonus"] = "dividend"
    to: Literal["payable", "savings"] = "payable"
    anyway: bool = False


class ExitRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member who would leave."""

    member: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Words = "left"
    channel: Literal["box", "social", "bank", "mobile"] = "box"


def _money(group: Group) -> dict[str, Any]:
    described = desk.described(group.book)
    return {"currency": described.currency, "exponent": described.exponent}


def _who(group: Group, member: str) -> dict[str, Any]:
    page = group.book.members.find(member)
    name = group.people.name_by_hex(member)
    return {"id": member, "number": page.number if page else 0, "name": name}


def _previewed(group: Group, asked: ShareoutRequest) -> Preview:
    newest = group.book.latest.find("meeting")
    cycle = asked.cycle or (newest[0] if newest is not None else 0)
    try:
        return preview_shareout(group.book, cycle, asked.basis, asked.capital)
    except (ShareOutError, SplitError, DayError) as error:
        raise CommandRefused(str(error), "no_shareout") from error


def shareout(node: Node, asked: ShareoutRequest, now_ms: int) -> Answer:
    """What a share-out held now would pay, row by row."""
    group = choose_group(node, asked.group)
    preview = _previewed(group, asked)
    result = preview.result
    value = result.value_paid_per_share
    totals = {
        name: getattr(result, name)
        for name in result._fields
        if name.endswith("_minor") or name in ("weights", "shares")
    }
    rows = [
        {**row._asdict(), **_who(group, row.member), "member": row.member} for row in result.rows
    ]
    return Answer(
        {
            **_money(group),
            "cycle": preview.cycle,
            "digest": result.digest,
            "basis": preview.basis,
            "capital": preview.capital,
            "value_per_share": [value.numerator, value.denominator],
            "value_shown_minor": result.displayed_value(),
            **totals,
            "rows": rows,
        }
    )


def commit_shareout(node: Node, asked: CommitRequest, now_ms: int) -> Answer:
    """Declare the share-out; it counts when officers agree."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms, asked.anyway)
    return receipt_answer(ending.confirm_shareout(at, _previewed(group, asked), asked.digest))


def pay_shareout(node: Node, asked: PayRequest, now_ms: int) -> Answer:
    """Pay members what they are owed: loans, fines, the rest in cash."""
    at = Context(node, choose_group(node, asked.group), now_ms, asked.anyway)
    return receipt_answer(ending.pay_what_is_owed(at, asked.member, asked.channel, asked.in_cash))


def _ppm(text: str, what: str) -> int:
    try:
        return parse_amount(text or "0", _PERCENT_DECIMALS)
    except AmountError as error:
        raise CommandRefused(f"“{text}” is no {what} in percent, such as 10.5.", "rate") from error


def _dividend(group: Group, asked: DividendRequest) -> DividendPreview:
    if bool(asked.rate) == bool(asked.pool):
        raise CommandRefused("Say either --rate (percent a year) or --pool (an amount).", "rate")
    rate, tax = _ppm(asked.rate, "rate"), _ppm(asked.tax, "tax")
    rounding: Literal["floor", "half_up"] = "floor" if asked.truncate else "half_up"
    terms = DividendTerms(
        rate,
        rate,
        asked.first_month,
        rounding=rounding,
        deposit_tax_ppm=tax,
        capital_tax_ppm=tax,
    )
    pool_minor = desk.amount(group, asked.pool) if asked.pool else 0
    newest = group.book.latest.find("meeting") or (0, 0)
    try:
        return preview_dividend(group.book, newest[0], asked.on, terms, pool_minor)
    except (DividendError, DayError) as error:
        raise CommandRefused(str(error), "no_dividend") from error


def dividend(node: Node, asked: DividendRequest, now_ms: int) -> Answer:
    """What a dividend would pay, member by member."""
    group = choose_group(node, asked.group)
    result = _dividend(group, asked).result
    rows = [{**row._asdict(), **_who(group, row.member)} for row in result.rows]
    totals = {name: getattr(result, name) for name in result._fields if name != "rows"}
    return Answer({**_money(group), "on": asked.on, **totals, "rows": rows})


def declare_dividend(node: Node, asked: DeclareRequest, now_ms: int) -> Answer:
    """Declare a dividend; it counts when officers agree."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms, asked.anyway)
    return receipt_answer(
        ending.declare_dividend(at, _dividend(group, asked), asked.kind, asked.to)
    )


def exit_settlement(node: Node, asked: ExitRequest, now_ms: int) -> Answer:
    """What a member who leaves now would take along."""
    group = choose_group(node, asked.group)
    at = Context(node, group, now_ms)
    preview = ending.exit_worked_out(at, asked.member, asked.reason, asked.channel)
    sums = preview.settlement._asdict()
    return Answer(
        {**_money(group), **_who(group, preview.member), "shares": preview.shares, **sums}
    )


def rotations_now(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The merry-go-rounds: whose turn each round is, what came in and went out."""
    group = choose_group(node, asked.group)
    book, found = group.book, []
    for name, page in rotations(book):
        rounds = []
        for number in range(1, len(page.slots) + 1):
            payout, turn = payout_of(book, name, number), holder_of(page, number)
            rounds.append(
                {
                    "number": number,
                    "turn": _who(group, turn) if turn else None,
                    "collected_minor": sum(collected_in(book, name, number).values()),
                    "paid_to": _who(group, payout[1].member) if payout else None,
                    "paid_minor": payout[1].amount if payout else 0,
                }
            )
        found.append(
            {
                "id": name,
                "order": page.order,
                "commitment": page.commitment,
                "contribution_minor": page.contribution_minor,
                "fee_minor": page.fee_minor,
                "group_covers": page.group_covers,
                "agreed": is_agreed(book, name),
                "rounds": rounds,
                "members": [
                    {**_who(group, member), "balance_minor": pot_of(book, member)}
                    for member in dict.fromkeys(page.slots)
                ],
            }
        )
    return Answer({**_money(group), "rotations": found})


BASES = get_args(Basis)
CAPITALS = get_args(Capital)
FIRST_MONTHS = get_args(FirstMonth)
