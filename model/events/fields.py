"""What a field of an event may hold: ranges are checked here, when bytes become an event.

So no rule behind it meets an absurd value. Money is a whole number of the currency's smallest unit,
above 0 unless said. A list has a longest length, because an event has a largest size.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from model.days import parse_day
from model.money import AMOUNT_MINOR_MAX

LINE_MAX: Final = 1000
SESSION_MAX: Final = 10_000
TEXT_MAX: Final = 200
LONG_TEXT_MAX: Final = 4000  # minutes, a resolution: a page of handwriting

Amount = Annotated[int, Meta(gt=0, le=AMOUNT_MINOR_MAX)]
AmountOrZero = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Line = Annotated[int, Meta(ge=1, le=LINE_MAX)]
CycleNumber = Annotated[int, Meta(ge=0, le=SESSION_MAX)]
Session = Annotated[int, Meta(ge=0, le=SESSION_MAX)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
# Where groups save free amounts a share is one unit of money: as many as there can be money.
Shares = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
SharesOrZero = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]
Periods = Annotated[int, Meta(ge=1, le=600)]
PeriodsOrNone = Annotated[int, Meta(ge=0, le=600)]
Days = Annotated[int, Meta(ge=0, le=3660)]
Small = Annotated[int, Meta(ge=0, le=100)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
LongText = Annotated[str, Meta(max_length=LONG_TEXT_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z")]
Kind = Annotated[str, Meta(pattern=r"^[a-z0-9_.]{1,40}\Z")]  # of an event, such as loan.waived
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
DayText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
DayOrNone = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
TimeOrNone = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?\Z")]  # 14:30
Reference = Annotated[bytes, Meta(min_length=1, max_length=17)]
ReferenceOrNone = Annotated[bytes, Meta(max_length=17)]
FullReference = Annotated[bytes, Meta(min_length=17, max_length=17)]  # inside a list
Person = Annotated[bytes, Meta(min_length=1, max_length=32)]
PersonOrNobody = Annotated[bytes, Meta(max_length=32)]
CardNumber = Annotated[int, Meta(ge=0, le=3)]  # three paper cards are made at founding
Tag = Annotated[bytes, Meta(max_length=8)]  # keyed hash of a name or phone; empty when unknown
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
DigestOrNone = Annotated[bytes, Meta(max_length=32)]
ProviderReference = Annotated[str, Meta(max_length=64)]

Channel = Literal["box", "social", "bank", "mobile"]
Source = Literal["", "savings", "shares", "payable", "receipts"]
"""Where a payment comes from instead of a pocket: the member's voluntary savings, the member's own
shares (at an exit), what the share-out owes the member, or receipts that were not yet allocated."""
Fund = Literal["loan_fund", "social_fund"]
Method = Literal["flat", "reducing", "reducing_instalment"]
"""How interest is reckoned, as version 1 can say it (reckoning/terms.py has all of them)."""
Title = Literal["chairperson", "secretary", "treasurer", "money_counter", "key_holder"]
Seat = Annotated[int, Meta(ge=1, le=9)]  # a group has two money counters and three key holders
Attendance = Literal["present", "late", "representative", "excused", "absent"]
MemberStatus = Literal["active", "suspended", "inactive"]
Moment = Literal["open", "close", "spot"]
MeetingKind = Literal["regular", "special", "annual", "emergency", "committee"]


class Event(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A fact of the books. Subclasses are the closed union `EVENTS`."""


class Part(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A few fields that belong together inside an event."""


def require_days(*texts: str) -> None:
    """Refuse (ValueError) what has the pattern of a day and is none of our calendar; "" passes."""
    for text in texts:
        if text:
            parse_day(text)
