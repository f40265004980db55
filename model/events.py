"""Every fact that a group can record: one frozen struct each, past tense, one closed union.

A fact says what an officer saw or decided; nothing derived is ever stored as a fact. Ranges are
checked here, when bytes become an event, so that no rule behind it meets an absurd value. Money
is a whole number of the currency's smallest unit, above 0 unless said. A meeting is named by two
numbers, `cycle` and `session`, so that two phones that open one meeting meet in it. `line` tells
apart two payments of one kind by one member in one meeting: the first is 1, the next 2.
Field order is the wire format: append fields only with a new version of the kind.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from model.days import Period, parse_day
from model.loans import Method
from model.money import AMOUNT_MINOR_MAX, Rounding

LINE_MAX: Final = 1000
SESSION_MAX: Final = 10_000
TEXT_MAX: Final = 200

Amount = Annotated[int, Meta(gt=0, le=AMOUNT_MINOR_MAX)]
AmountOrZero = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Line = Annotated[int, Meta(ge=1, le=LINE_MAX)]
CycleNumber = Annotated[int, Meta(ge=0, le=SESSION_MAX)]
Session = Annotated[int, Meta(ge=0, le=SESSION_MAX)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Shares = Annotated[int, Meta(ge=1, le=1_000_000)]
Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]
Periods = Annotated[int, Meta(ge=1, le=600)]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
DayText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Reference = Annotated[bytes, Meta(min_length=1, max_length=17)]
ReferenceOrNone = Annotated[bytes, Meta(max_length=17)]
Person = Annotated[bytes, Meta(min_length=1, max_length=32)]
Tag = Annotated[bytes, Meta(max_length=8)]  # keyed hash of a name or phone; empty when unknown

Channel = Literal["box", "social", "bank", "mobile"]
Title = Literal["chairperson", "secretary", "treasurer", "money_counter", "key_holder"]
Attendance = Literal["present", "late", "representative", "excused", "absent"]
MemberStatus = Literal["active", "suspended", "inactive"]
Moment = Literal["open", "close", "spot"]
OpeningAccount = Literal[
    "savings", "loan", "fines", "box", "social_box", "bank", "mobile", "social_fund", "surplus"
]


def _require_days(*texts: str) -> None:
    for text in texts:
        parse_day(text)  # ValueError: has the pattern, but is no day of our calendar


class Event(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A fact of the books. Subclasses are the closed union `EVENTS`."""


class GroupDescribed(Event, frozen=True):
    """The group's name and money. `exponent`: digits after the point (KES 2, UGX 0)."""

    name: Name
    currency: Currency
    exponent: Annotated[int, Meta(ge=0, le=4)]
    kind: Code = "vsla"


class ConstitutionAdopted(Event, frozen=True):
    """What the group agreed. Terms are copied where they are used; a later version never reprices.

    `interest_ppm`: parts per million of the principal for each `period`. `shares_max`: of one
    member in one meeting. `record_keeper`: the title whose amount counts while officers disagree.
    """

    version: Annotated[int, Meta(ge=1, le=10_000)]
    share_value_minor: Amount
    shares_min: Count = 1
    shares_max: Count = 5
    social_fund_minor: AmountOrZero = 0
    loan_multiplier: Annotated[int, Meta(ge=0, le=100)] = 3
    loan_periods_max: Periods = 3
    interest_method: Method = "flat"
    interest_ppm: Ppm = 0
    period: Period = "month"
    fines_to: Literal["loan_fund", "social_fund"] = "loan_fund"
    record_keeper: Title = "secretary"
    cash_tolerance_minor: AmountOrZero = 0
    fines: Annotated[dict[Code, Amount], Meta(max_length=64)] = {}


class CycleOpened(Event, frozen=True):
    """A savings cycle begins."""

    cycle: CycleNumber
    starts_on: DayText
    ends_on: DayText

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        _require_days(self.starts_on, self.ends_on)


class MemberAdded(Event, frozen=True):
    """A member joins; the entry's id names the member. Tags are keyed hashes, or empty."""

    number: Annotated[int, Meta(ge=1, le=100_000)]
    joined_on: DayText
    name_tag: Tag = b""
    phone_tag: Tag = b""

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        _require_days(self.joined_on)


class PersonSealed(Event, frozen=True):
    """A member's name and phone, as ciphertext under a key that lives outside the log."""

    member: Reference
    key_id: Annotated[bytes, Meta(min_length=16, max_length=16)]
    nonce: Annotated[bytes, Meta(min_length=24, max_length=24)]
    sealed: Annotated[bytes, Meta(min_length=16, max_length=2048)]


class MemberStatusSet(Event, frozen=True):
    """A member is suspended, becomes inactive, or is active again."""

    member: Reference
    status: MemberStatus
    reason: Text = ""


class OfficerElected(Event, frozen=True):
    """A person takes an office; who held it before holds it no longer."""

    title: Title
    person: Person
    member: ReferenceOrNone = b""


class MeetingOpened(Event, frozen=True):
    """A meeting begins. Two phones that open one (cycle, session) open one meeting."""

    cycle: CycleNumber
    session: Session
    held_on: DayText

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        _require_days(self.held_on)


class AttendanceMarked(Event, frozen=True):
    """A member was there, or not."""

    cycle: CycleNumber
    session: Session
    member: Reference
    status: Attendance


class SharePurchased(Event, frozen=True):
    """A member bought shares."""

    cycle: CycleNumber
    session: Session
    member: Reference
    shares: Shares
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"


class SocialContributed(Event, frozen=True):
    """A member paid into the social fund."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "social"


class SocialPaidOut(Event, frozen=True):
    """The social fund helped a member, or someone outside the group (`member` empty)."""

    cycle: CycleNumber
    session: Session
    member: ReferenceOrNone
    amount_minor: Amount
    reason: Text
    line: Line = 1
    channel: Channel = "social"


class FineLevied(Event, frozen=True):
    """A member owes a fine; no money moved. One of a code in one meeting."""

    cycle: CycleNumber
    session: Session
    member: Reference
    code: Code
    amount_minor: Amount


class FinePaid(Event, frozen=True):
    """A member paid on what is owed in fines."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"


class LoanApplied(Event, frozen=True):
    """A member asks for a loan; the entry's id names the loan."""

    cycle: CycleNumber
    session: Session
    member: Reference
    amount_minor: Amount
    purpose: Text
    periods: Periods
    line: Line = 1


class LoanApproved(Event, frozen=True):
    """The terms of a loan, complete: nothing is looked up in the constitution later.

    `step_minor`: an instalment is a multiple of it (1: none). `rounding`: of one posted amount.
    """

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    method: Method
    rate_ppm: Ppm
    periods: Periods
    period: Period = "month"
    step_minor: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    rounding: Rounding = "half_even"


class LoanDisbursed(Event, frozen=True):
    """The money of a loan was handed over, once."""

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    channel: Channel = "box"


class LoanRepaid(Event, frozen=True):
    """Money came back; its split into interest and principal is always derived.

    `provider_ref`: the mobile-money provider's reference, when there is one; it counts once.
    """

    cycle: CycleNumber
    session: Session
    loan: Reference
    amount_minor: Amount
    line: Line = 1
    channel: Channel = "box"
    provider_ref: Annotated[str, Meta(max_length=64)] = ""


class ExpensePaid(Event, frozen=True):
    """The group spent money on itself."""

    cycle: CycleNumber
    session: Session
    category: Code
    amount_minor: Amount
    pocket: Channel = "box"
    line: Line = 1


class TransferMade(Event, frozen=True):
    """Money moved between the group's own pockets."""

    cycle: CycleNumber
    session: Session
    source: Channel
    target: Channel
    amount_minor: Amount
    line: Line = 1
    reference: Annotated[str, Meta(max_length=64)] = ""


class CashCounted(Event, frozen=True):
    """Money was counted in one pocket; 0 is an empty one."""

    cycle: CycleNumber
    session: Session
    moment: Moment
    pocket: Channel
    amount_minor: AmountOrZero


class CoveredTip(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The head of one device's chain as the closing officer's phone knew it."""

    device: Annotated[bytes, Meta(min_length=32, max_length=32)]
    n: Annotated[int, Meta(ge=1, le=2**40)]
    chain_hash: Annotated[bytes, Meta(min_length=32, max_length=32)]


class MeetingClosed(Event, frozen=True):
    """The books of a meeting are closed over all that `covers` reaches; totals as read out."""

    cycle: CycleNumber
    session: Session
    covers: Annotated[tuple[CoveredTip, ...], Meta(max_length=128)]
    shares_minor: AmountOrZero = 0
    social_minor: AmountOrZero = 0
    fines_minor: AmountOrZero = 0
    repaid_minor: AmountOrZero = 0
    lent_minor: AmountOrZero = 0
    spent_minor: AmountOrZero = 0


class EntryReversed(Event, frozen=True):
    """An officer, not its author, takes an entry back in the meeting that corrects."""

    cycle: CycleNumber
    session: Session
    target: Reference
    reason: Text = ""


class OpeningBalanceSet(Event, frozen=True):
    """What there was before these books began, from paper: against account 3090.

    For a member: `savings` (with `shares`), `loan` (what is still owed; the entry's id names the
    loan) or `fines`. For the group (`member` empty): a pocket, the social fund or the surplus.
    """

    member: ReferenceOrNone
    account: OpeningAccount
    amount_minor: AmountOrZero
    shares: Count
    as_of: DayText

    def __post_init__(self) -> None:
        """Refuse days that the calendar does not have."""
        _require_days(self.as_of)


LEDGER: Final = 1  # member numbers and amounts
PEOPLE: Final = 2  # names and phones, as ciphertext

# (compartment, kind, version, class, fields that refer to entries). The codec and the rules read
# this table and no other.
EVENTS: Final[tuple[tuple[int, str, int, type[Event], tuple[str, ...]], ...]] = (
    (LEDGER, "group.described", 1, GroupDescribed, ()),
    (LEDGER, "constitution.adopted", 1, ConstitutionAdopted, ()),
    (LEDGER, "cycle.opened", 1, CycleOpened, ()),
    (LEDGER, "member.added", 1, MemberAdded, ()),
    (PEOPLE, "person.sealed", 1, PersonSealed, ("member",)),
    (LEDGER, "member.status_set", 1, MemberStatusSet, ("member",)),
    (LEDGER, "officer.elected", 1, OfficerElected, ("member",)),
    (LEDGER, "meeting.opened", 1, MeetingOpened, ()),
    (LEDGER, "attendance.marked", 1, AttendanceMarked, ("member",)),
    (LEDGER, "share.purchased", 1, SharePurchased, ("member",)),
    (LEDGER, "social.contributed", 1, SocialContributed, ("member",)),
    (LEDGER, "social.paid_out", 1, SocialPaidOut, ("member",)),
    (LEDGER, "fine.levied", 1, FineLevied, ("member",)),
    (LEDGER, "fine.paid", 1, FinePaid, ("member",)),
    (LEDGER, "loan.applied", 1, LoanApplied, ("member",)),
    (LEDGER, "loan.approved", 1, LoanApproved, ("loan",)),
    (LEDGER, "loan.disbursed", 1, LoanDisbursed, ("loan",)),
    (LEDGER, "loan.repaid", 1, LoanRepaid, ("loan",)),
    (LEDGER, "expense.paid", 1, ExpensePaid, ()),
    (LEDGER, "transfer.made", 1, TransferMade, ()),
    (LEDGER, "cash.counted", 1, CashCounted, ()),
    (LEDGER, "meeting.closed", 1, MeetingClosed, ()),
    (LEDGER, "entry.reversed", 1, EntryReversed, ("target",)),
    (LEDGER, "opening_balance.set", 1, OpeningBalanceSet, ("member",)),
)
