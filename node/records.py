"""The commands that record, each from one typed request: what was said becomes a signed entry.

A request is the same for every kind of record, with the details that this kind needs; a missing
one is named. The commands themselves are in node/commands.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta

from model import events as e
from model.days import Period
from model.loans import Method
from node import commands
from node.answers import Answer, GroupRequest, choose_group
from node.commands import Context, Receipt, Terms
from node.errors import CommandRefused
from node.importing import import_sheet
from node.node import Node

Words = Annotated[str, Meta(max_length=200)]


class RecordRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fact. Amounts are text as people type them, such as 1,500 or 1500.50."""

    kind: Annotated[str, Meta(max_length=32)]
    """contribution, social, fine, loan, repayment … (see `KINDS`)."""
    member: Words = ""
    """Number or name."""
    amount: Words = ""
    shares: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    code: Words = ""
    """Code of a fine, or category of an expense."""
    reason: Words = ""
    status: Words = ""
    """Attendance, or a member's status."""
    title: Words = ""
    name: Words = ""
    phone: Words = ""
    number: Annotated[int, Meta(ge=0, le=100_000)] = 0
    periods: Annotated[int, Meta(ge=0, le=600)] = 0
    loan: Words = ""
    """Receipt of a loan, when the member has several."""
    receipt: Words = ""
    """Receipt of the entry that is taken back."""
    reference: Words = ""
    """The mobile-money provider's reference, or that of a transfer."""
    channel: Words = ""
    """box, social, bank or mobile."""
    to: Words = ""
    """The pocket that a transfer goes to."""
    moment: Words = "spot"
    account: Words = ""
    device: Words = ""
    """First letters of a device's key."""
    date: Words = ""
    until: Words = ""
    cycle: Annotated[int, Meta(ge=0, le=10_000)] = 0
    session: Annotated[int, Meta(ge=0, le=10_000)] = 0
    anyway: bool = False
    """Record it although a rule of the group speaks against it, because it happened."""


class ImportRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A passbook sheet on this phone."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]
    """Absolute path of a .csv, .xlsx or .xls file."""
    dry_run: bool = False
    """Only say what it would do."""


class FoundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new group and its rules; amounts are text as people type them."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    share_value: Words
    shares_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 5
    social_fund: Words = "0"
    loan_multiplier: Annotated[int, Meta(ge=0, le=100)] = 3
    loan_periods_max: Annotated[int, Meta(ge=1, le=600)] = 3
    interest_percent: Words = "0"
    interest_method: Method = "flat"
    period: Period = "month"
    fines: dict[e.Code, Words] = {}
    title: e.Title = "secretary"
    """The founder's own office."""
    kind: e.Code = "vsla"


def found(node: Node, asked: FoundRequest, now_ms: int) -> Answer:
    """Found a group on this device."""
    rules = Terms(
        asked.share_value,
        asked.shares_max,
        asked.social_fund,
        asked.loan_multiplier,
        asked.loan_periods_max,
        asked.interest_percent,
        asked.interest_method,
        asked.period,
        asked.fines,
    )
    group_id, sentence = commands.found_group(
        node, asked.name, asked.currency, rules, now_ms, title=asked.title, kind=asked.kind
    )
    return Answer({"group": group_id.hex(), "name": asked.name, "sentence": sentence})


def take_over(node: Node, asked: ImportRequest, now_ms: int) -> Answer:
    """Take a sheet into the books, all of it or nothing."""
    group = choose_group(node, asked.group)
    done = import_sheet(Context(node, group, now_ms, anyway=True), Path(asked.path), asked.dry_run)
    body = {
        "rows": done.rows,
        "added": done.added,
        "known": done.known,
        "notes": list(done.notes),
        "dry_run": asked.dry_run,
        "changes": done.step.changes if done.step else 0,
    }
    return Answer(body, done.step)


def record(node: Node, asked: RecordRequest, now_ms: int) -> Answer:
    """Record one fact; the receipt that people read to each other."""
    group = choose_group(node, asked.group)
    kind = KINDS.get(asked.kind)
    if kind is None:
        raise CommandRefused(
            f"“{asked.kind}” can't be recorded. What can: {', '.join(KINDS)}.", "unknown_kind"
        )
    for field in kind.needs:
        if not getattr(asked, field):
            what = kind.called or f"a {asked.kind.replace('-', ' ')}"
            raise CommandRefused(
                f"To record {what}, --{TYPED_AS.get(field, field)} is needed.", "incomplete"
            )
    where = None
    if asked.session and asked.kind != "meeting":
        where = (asked.cycle or 1, asked.session)
    receipt = kind.run(Context(node, group, now_ms, asked.anyway, where), asked)
    entries = [entry.hex() for entry in receipt.entries]
    body = {"receipt": receipt.code, "sentence": receipt.sentence, "entries": entries}
    return Answer(body, receipt.step)


TYPED_AS: Final[Mapping[str, str]] = {"channel": "from"}
"""Details of a request that the command line calls otherwise."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of record: which details it needs, and the command behind it."""

    summary: str
    needs: tuple[str, ...]
    run: Callable[[Context, RecordRequest], Receipt]
    called: str = ""
    """What it is in a sentence; "a loan request" unless said."""


def _choice(said: str, allowed: tuple[str, ...], what: str) -> Any:
    """One of the words that an event allows; CommandRefused names them all."""
    word = said.strip().lower().replace("-", "_").replace(" ", "_")
    if word not in allowed:
        raise CommandRefused(
            f"“{said}” is no {what}. It is one of: {', '.join(allowed)}.", "choice"
        )
    return word


def _channel(asked: RecordRequest, default: str = "box") -> e.Channel:
    channel: e.Channel = _choice(asked.channel or default, get_args(e.Channel), "pocket")
    return channel


def _device(at: Context, said: str) -> bytes:
    """An enrolled device by the first letters of its key or by its name."""
    wanted = said.strip().casefold()
    found = [
        device
        for device, known in at.group.roster.devices.items()
        if device.hex().startswith(wanted) or known.label.casefold() == wanted
    ]
    if len(found) != 1:
        raise CommandRefused(
            f"“{said}” is not one phone of this group. See them with: mkutano devices",
            "unknown_device",
        )
    return found[0]


def _shares(at: Context, r: RecordRequest) -> Receipt:
    if not r.amount and not r.shares:
        raise CommandRefused(
            "To record a contribution, --amount or --shares is needed.", "incomplete"
        )
    return commands.buy_shares(at, r.member, r.amount, r.shares, _channel(r))


def _attendance(at: Context, r: RecordRequest) -> Receipt:
    status = _choice(r.status, get_args(e.Attendance), "attendance")
    return commands.mark_attendance(at, r.member, status)


def _status(at: Context, r: RecordRequest) -> Receipt:
    status = _choice(r.status, get_args(e.MemberStatus), "member status")
    return commands.set_member_status(at, r.member, status, r.reason)


def _officer(at: Context, r: RecordRequest) -> Receipt:
    title = _choice(r.title, get_args(e.Title), "office")
    return commands.elect(at, title, _device(at, r.device), r.member)


def _count(at: Context, r: RecordRequest) -> Receipt:
    moment = _choice(r.moment, get_args(e.Moment), "moment of counting")
    return commands.count_cash(at, _channel(r), r.amount, moment)


def _transfer(at: Context, r: RecordRequest) -> Receipt:
    target = _choice(r.to, get_args(e.Channel), "pocket")
    return commands.transfer(at, _channel(r), target, r.amount, r.reference)


def _opening(at: Context, r: RecordRequest) -> Receipt:
    account = _choice(r.account, get_args(e.OpeningAccount), "account of an opening balance")
    return commands.set_opening_balance(at, account, r.amount, r.date, r.member, r.shares)


def _repayment(at: Context, r: RecordRequest) -> Receipt:
    return commands.repay_loan(at, r.member, r.amount, r.loan, _channel(r), r.reference)


_PAID = ("member", "amount")
KINDS: Final[Mapping[str, Kind]] = {
    "meeting": Kind(
        "A meeting begins",
        ("date",),
        lambda at, r: commands.open_meeting(at, r.date, r.cycle, r.session),
    ),
    "attendance": Kind(
        "A member was there, or not", ("member", "status"), _attendance, "attendance"
    ),
    "contribution": Kind("A member buys shares", ("member",), _shares),
    "social": Kind(
        "A member pays into the social fund",
        _PAID,
        lambda at, r: commands.pay_social(at, r.member, r.amount, _channel(r, "social")),
        "a payment into the social fund",
    ),
    "social-help": Kind(
        "The social fund helps someone",
        ("amount", "reason"),
        lambda at, r: commands.help_from_social(
            at, r.amount, r.reason, r.member, _channel(r, "social")
        ),
        "help from the social fund",
    ),
    "fine": Kind(
        "A member is fined",
        ("member",),
        lambda at, r: commands.levy_fine(at, r.member, r.code, r.amount),
    ),
    "fine-payment": Kind(
        "A member pays on fines",
        _PAID,
        lambda at, r: commands.pay_fine(at, r.member, r.amount, _channel(r)),
    ),
    "loan": Kind(
        "A loan is asked for, approved and handed over at once",
        _PAID,
        lambda at, r: commands.give_loan(at, r.member, r.amount, r.periods, r.reason, _channel(r)),
    ),
    "loan-request": Kind(
        "A member asks for a loan",
        _PAID,
        lambda at, r: commands.apply_for_loan(at, r.member, r.amount, r.periods, r.reason),
    ),
    "loan-approval": Kind(
        "The group approves a loan",
        ("member",),
        lambda at, r: commands.approve_loan(at, r.member, r.loan, r.amount),
    ),
    "loan-handover": Kind(
        "The money of an approved loan is handed over",
        ("member",),
        lambda at, r: commands.hand_over_loan(at, r.member, r.loan, _channel(r)),
    ),
    "repayment": Kind("A member pays back on a loan", _PAID, _repayment),
    "expense": Kind(
        "The group spends money on itself",
        ("amount",),
        lambda at, r: commands.pay_expense(at, r.code, r.amount, _channel(r)),
        "an expense",
    ),
    "transfer": Kind("Money moves between pockets", ("channel", "to", "amount"), _transfer),
    "count": Kind("Cash is counted", ("amount",), _count),
    "close": Kind("A meeting is closed", (), lambda at, r: commands.close_meeting(at)),
    "reversal": Kind(
        "An entry is taken back; it stays visible",
        ("receipt",),
        lambda at, r: commands.reverse(at, r.receipt, r.reason),
    ),
    "member": Kind(
        "A member joins",
        ("name",),
        lambda at, r: commands.add_member(at, r.name, r.phone, r.number, r.date),
    ),
    "details": Kind(
        "A member's name or phone is corrected",
        ("member", "name"),
        lambda at, r: commands.set_details(at, r.member, r.name, r.phone),
        "a member's details",
    ),
    "member-status": Kind("A member rests or is suspended", ("member", "status"), _status),
    "officer": Kind("A phone's owner takes an office", ("title", "device"), _officer, "an officer"),
    "cycle": Kind(
        "A savings cycle begins",
        ("cycle", "date", "until"),
        lambda at, r: commands.open_cycle(at, r.cycle, r.date, r.until),
    ),
    "opening-balance": Kind(
        "What there was before these books",
        ("account", "amount", "date"),
        _opening,
        "an opening balance",
    ),
}
"""Everything that can be recorded, in the order of a meeting."""
