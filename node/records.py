"""The commands that record, each from one typed request: what was said becomes a signed entry.

A request is the same for every kind of record, with the details that this kind needs; a missing
one is named. The commands themselves are in node/commands.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from model import events as e
from model.days import Period
from model.money import AMOUNT_MINOR_MAX
from node import commands, paper_cards
from node.answers import Answer, GroupRequest, choose_group
from node.commands import Context, Receipt, Terms
from node.errors import CommandRefused
from node.founding import InterestMethod, Meets, SocialAtShareout
from node.importing import import_sheet
from node.kinds import KINDS
from node.node import Node
from node.stopped import why_held

Words = Annotated[str, Meta(max_length=200)]


class RecordRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fact. Amounts are text as people type them, such as 1,500 or 1500.50."""

    kind: Annotated[str, Meta(max_length=32)]
    """contribution, social, fine, loan, repayment … (see kinds.py)."""
    member: Words = ""
    """Number or name."""
    amount: Words = ""
    shares: Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)] = 0
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
    members: Words = ""
    """Places of a merry-go-round in their order: numbers or names with commas between."""
    order: Words = ""
    """Of a merry-go-round: fixed, drawn or bid."""
    seed: Annotated[str, Meta(max_length=1_000)] = ""
    """Secret words of a draw."""
    fee: Words = ""
    """What stays with the group of each pot."""
    discount: Words = ""
    """What the winner of a bid forgoes."""
    round: Annotated[int, Meta(ge=0, le=600)] = 0
    rotation: Words = ""
    """Receipt of a merry-go-round, when there are several."""
    covers: bool = False
    """The group pays a pot in full though contributions are missing."""
    payee: Words = ""
    """Who got money of the group, when it is nobody of the group."""
    keep: Words = ""
    """Of a merge: the member who is kept."""
    source: Words = ""
    """What pays instead of a pocket: savings, payable, receipts."""
    gender: Words = ""
    born: Annotated[int, Meta(ge=0, le=2199)] = 0
    """Year of birth."""
    role: Words = ""
    """What a member does for the group."""
    each: Words = ""
    """Of a goal: what each meeting should bring."""
    witness: Words = ""
    """The member before whom another one consented."""
    fund: Words = ""
    """Which fund lends, or pays an expense: loan_fund or social_fund."""
    guarantors: Words = ""
    """Who answers for a loan, for how much: 3: 5000, Amina: 2,000."""
    collateral: Words = ""
    worth: Words = ""
    """What the collateral is worth."""
    payer: Words = ""
    """Who pays for another member, or answers for the loan."""
    instalment: Annotated[int, Meta(ge=0, le=600)] = 0
    interest: Words = ""
    """Percent for each instalment period, where it is not the constitution's."""
    method: Words = ""
    period: Words = ""
    partner: Words = ""
    """A partner by name, or the receipt of its entry."""
    contact: Words = ""
    """Whom to ask for at a partner."""
    country: Words = ""
    percent: Words = ""
    """What a partner expects back beyond the money."""
    interest_amount: Words = ""
    """Interest paid to a partner."""
    cost: Words = ""
    """What the part of an investment that is sold had cost."""
    provider: Words = ""
    """Of mobile money, or the bank: mpesa, airtel …"""
    match: Words = ""
    """Receipt of the entry that a payment is."""
    attempt: Words = ""
    """Our own reference of an attempt to pay."""
    text: Annotated[str, Meta(max_length=4_000)] = ""
    """Of minutes, a resolution, a task, or the group's description."""
    votes: Words = ""
    """For, against and abstained: 12,3,1."""
    agenda: Annotated[str, Meta(max_length=1_400)] = ""
    """Items in their order, with commas between."""
    at: Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    """Time of day: when a meeting begins, or when a member came."""
    left: Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    """When a member left."""
    instead: Words = ""
    """Who came instead of a member, or speaks for one."""
    keys: Words = ""
    """Who brought a key: numbers or names with commas between."""
    coins: Words = ""
    """What was counted, as so many times a value: 3x100, 20x5."""
    counted_by: Words = ""
    """Who counted: numbers or names with commas between."""
    place: Words = ""
    """Where the group meets: village, or the place of a meeting."""
    district: Words = ""
    county: Words = ""
    timezone: Words = ""
    rules: Annotated[tuple[Words, ...], Meta(max_length=64)] = ()
    """Rules of a constitution that change, each as name=value."""
    every: bool = False
    """Of a close: every meeting that is open."""
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
    interest_method: InterestMethod = "flat"
    period: Period = "month"
    fines: dict[e.Code, Words] = {}
    fines_to: e.Fund = "loan_fund"
    grace: Annotated[int, Meta(ge=0, le=600)] = 0
    """First periods of a loan in which no principal is due."""
    penalty: Words = ""
    """For an instalment that is late: an amount, or a percentage such as 5%."""
    penalty_grace_days: Annotated[int, Meta(ge=0, le=3_660)] = 0
    loans_at_once: Annotated[int, Meta(ge=0, le=100)] = 0
    guarantors: Annotated[int, Meta(ge=0, le=100)] = 0
    quorum_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    keys: Annotated[int, Meta(ge=0, le=100)] = 0
    approvals: dict[Words, Annotated[int, Meta(ge=1, le=100)]] = {}
    """loan, expense, close … or a kind of entry -> how many officers must agree."""
    approval_limit: Words = "0"
    meets: Meets = ""
    cycle_meetings: Annotated[int, Meta(ge=0, le=400)] = 0
    social_at_shareout: SocialAtShareout = "keep"
    rounding_step: Words = ""
    title: e.Title = "secretary"
    """The founder's own office."""
    kind: e.Code = "vsla"
    cards: bool = True
    """Make the three paper cards. Their words are in the answer, once, and are kept nowhere."""


def found(node: Node, asked: FoundRequest, now_ms: int) -> Answer:
    """Found a group on this device."""
    rules = Terms(**{rule: getattr(asked, rule) for rule in Terms._fields})
    secrets = paper_cards.fresh_secrets() if asked.cards else ()
    group_id, sentence = commands.found_group(
        node,
        asked.name,
        asked.currency,
        rules,
        now_ms,
        title=asked.title,
        kind=asked.kind,
        cards=secrets,
    )
    cards = paper_cards.told_once(node.group(group_id), secrets, now_ms)
    body = {"group": group_id.hex(), "name": asked.name, "sentence": sentence, "cards": cards}
    return Answer(body)


def take_over(node: Node, asked: ImportRequest, now_ms: int) -> Answer:
    """Take a sheet into the books, all of it or nothing."""
    group = choose_group(node, asked.group)
    why = why_held(group) if not asked.dry_run else ""
    if why:  # a whole sheet in suspense is nobody's wish
        raise CommandRefused(f"{why} Nothing was recorded.", "stopped")
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
    return receipt_answer(kind.run(Context(node, group, now_ms, asked.anyway, where), asked))


def receipt_answer(receipt: Receipt) -> Answer:
    """What was recorded, as an answer."""
    entries = [entry.hex() for entry in receipt.entries]
    body = {"receipt": receipt.code, "sentence": receipt.sentence, "entries": entries}
    return Answer(body, receipt.step)


TYPED_AS: Final[Mapping[str, str]] = {"channel": "from", "match": "with"}
"""Details of a request that the command line calls otherwise."""
