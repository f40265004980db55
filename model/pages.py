"""What the book is made of: tables of small frozen pages, readable as JSON by any tool.

A page holds only text, whole numbers and tuples of them; ids are lower-case hex. A page is
replaced, never changed, so that putting the old one back undoes a step. Fields with their default
are left out of the JSON; a default is empty or a small number, because whether another text is
left out would depend on where it came from. Nothing of a replica's own (arrival, local numbers) is
ever in a page.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from model.days import Period
from model.events import ConstitutionAdopted
from model.loans import Method
from model.money import Rounding

Posting = tuple[str, str, int]
"""Account, subject (member or loan in hex, or empty), amount: debit positive. An account that
begins with a letter is a memo (share counts, fines due): outside of the double entry."""

Claim = tuple[str, int, str]
"""Kind, line, entry id. Line 0 is only listed: its place among equals is kept elsewhere."""

NO_TERMS: Final[tuple[Method, Period, Rounding]] = ("flat", "month", "half_even")
"""Of a loan that nobody approved yet."""

Status = Literal["counted", "corroborating", "suspense", "void"]

NO_MEETING: Final = -1  # the cycle and session of what belongs to no meeting, or happens only once


class Page(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One small frozen record of the book."""


class EntryPage(Page, frozen=True):
    """An entry as the book sees it now: who wrote it, how it stands and what it posted.

    `held` is what it would post if it counted; `lines` what it does post. `once`, when not empty,
    names the thing that can happen only once (a disbursement, a provider's reference). `keeper`:
    its author held the record keeper's title. `knew`: rivals that its author knew of.
    """

    kind: str
    lamport: int
    device: str
    person: str
    time_ms: int
    cycle: int
    session: int
    subject: str
    line: int
    amount: int
    detail: str
    status: Status
    lines: tuple[Posting, ...]
    held: tuple[Posting, ...]
    keeper: bool
    count: int = 0
    member: str = ""
    once: str = ""
    reasons: tuple[str, ...] = ()
    late: bool = False
    knew: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    reversals: tuple[str, ...] = ()
    text: str = ""


class GroupPage(Page, frozen=True):
    """The group and its founder, who first described it."""

    entry: str
    founder: str
    name: str
    currency: str
    exponent: int
    kind: str


class ConstitutionPage(Page, frozen=True):
    """A constitution, and the entry that adopted it."""

    entry: str
    terms: ConstitutionAdopted


class CyclePage(Page, frozen=True):
    """One savings cycle."""

    entry: str
    starts_on: str
    ends_on: str


class OfficePage(Page, frozen=True):
    """Who holds an office; `rivals` are elections that did not know of each other."""

    holder: str
    entry: str
    rivals: tuple[str, ...] = ()


class TopicPage(Page, frozen=True):
    """Facts that take each other's place: how many, how many of them settled, the newest ones."""

    count: int = 0
    depth: int = 0
    heads: tuple[str, ...] = ()


class Turn(Page, frozen=True):
    """One of these facts, and earlier ones on its topic that its author did not know."""

    entry: str
    unknown: tuple[str, ...] = ()


class SettledTurn(Page, frozen=True):
    """A fact that every other on its topic knew or was known to, and its place among all."""

    entry: str
    place: int


class PersonPage(Page, frozen=True):
    """A person who was elected; `named`: election and the member that it says the person is."""

    named: tuple[tuple[str, str], ...] = ()


class MemberPage(Page, frozen=True):
    """A member; the name is not here but sealed, see PersonSealed.

    `status_entries`: the newest facts about the status, more than one when they were written apart.
    """

    number: int
    joined_on: str
    status: str
    name_tag: str = ""
    phone_tag: str = ""
    status_entries: tuple[str, ...] = ()


class MeetingPage(Page, frozen=True):
    """A meeting, opened by any number of phones; `closes` are the closes that hold."""

    held_on: str
    opened: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()


class FinesPage(Page, frozen=True):
    """Of one member: all that was levied and all that was paid, as far as it counts.

    `incomes`: the accounts that the payments are income of.
    """

    levied_minor: int = 0
    paid_minor: int = 0
    incomes: tuple[str, ...] = ()


class LoanPage(Page, frozen=True):
    """A loan; `paid_minor` adds up the repayments that count.

    `opening`: the thing that happens once which brought it over from paper, else empty.
    """

    member: str
    asked_minor: int
    purpose: str
    cycle: int
    session: int
    periods: int
    method: Method
    period: Period
    rounding: Rounding
    opening: str = ""
    approved: str = ""
    approved_minor: int = 0
    rate_ppm: int = 0
    step_minor: int = 1
    disbursed: str = ""
    principal_minor: int = 0
    starts_on: str = ""
    paid_minor: int = 0


class FindingPage(Page, frozen=True):
    """Something that needs a person's attention; the sentence is made when it is shown."""

    entries: tuple[str, ...] = ()
    subject: str = ""
    cycle: int = NO_MEETING
    session: int = NO_MEETING
    amounts: tuple[int, ...] = ()
    detail: str = ""
