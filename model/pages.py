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
from model.events import ConstitutionAdopted, LoanRules, Method
from model.money import Rounding

Posting = tuple[str, str, int]
"""Account, subject (member or loan in hex, or empty), amount: debit positive. An account that
begins with a letter is a memo (share counts, fines due): outside of the double entry."""

Claim = tuple[str, int, str]
"""Kind, line, entry id. Line 0 is only listed: its place among equals is kept elsewhere."""

Sheet = tuple[str | int | None, ...]
"""The subject before on the roll, if any, then claims, three parts each."""

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
    its author held the record keeper's title. `knew`: rivals that its author knew of. `stopped`:
    of what a stopped device wrote its place (1, 2 …) among all such of that device, else 0.
    `behind`: as in entry.py.
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
    stopped: int = 0
    behind: int = 0

    def place(self, name: str) -> tuple[int, bool, int, str]:
        """Place of the entry with this name (hex) in the order that all replicas share."""
        return (self.behind or self.lamport, self.behind > 0, self.lamport, name)


class GroupPage(Page, frozen=True):
    """The group and its founder, who first described it.

    `place`: village, district, county, country, each empty when unknown; or nothing at all.
    """

    entry: str
    founder: str
    name: str
    currency: str
    exponent: int
    kind: str
    description: str = ""
    place: tuple[str, ...] = ()
    timezone: str = ""
    status: str = ""


class ConstitutionPage(Page, frozen=True):
    """A constitution, and the entry that adopted or proposed it.

    `base`: of a proposal, a digest of the adoptions that its author knew.
    """

    entry: str
    terms: ConstitutionAdopted
    base: str = ""


class CyclePage(Page, frozen=True):
    """One savings cycle; `closings`: every decision to close it, `closed`: the one that holds.

    `entry` opened it first in the shared order, `openings` are those that opened it, too.
    """

    entry: str
    starts_on: str
    ends_on: str
    closings: tuple[str, ...] = ()
    closed: str = ""
    openings: tuple[str, ...] = ()


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
    `merged_into`: the member whom this one turned out to be. `exited`: the exit that holds.
    `profile`: field, entry and value of the newest facts about the person, as many as were written
    apart. `erased`: officers decided to forget the name and the phone.
    """

    number: int
    joined_on: str
    status: str
    name_tag: str = ""
    phone_tag: str = ""
    status_entries: tuple[str, ...] = ()
    merged_into: str = ""
    exited: str = ""
    gender: str = ""
    birth_year: int = 0
    role: str = ""
    profile: tuple[tuple[str, str, str], ...] = ()
    erased: bool = False


class GoalPage(Page, frozen=True):
    """What a member (or the group) wants to reach; `ended`: reached or dropped, empty before."""

    member: str
    kind: str
    title: str
    entry: str
    target: int
    each_meeting_minor: int = 0
    until: str = ""
    ended: str = ""


class MeetingPage(Page, frozen=True):
    """A meeting, opened by any number of phones; `closes` are the closes that hold.

    `closings` and `reopenings`: every one that was recorded, whether it holds or not. `keys`: the
    members who opened it together; `keys_wanted` and `quorum_percent`: what the constitution asked
    for then. `sealed`: so many officers signed the closes that hold as the group's rules ask for.
    """

    held_on: str
    opened: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()
    reopenings: tuple[str, ...] = ()
    kind: str = ""
    place: str = ""
    keys: tuple[str, ...] = ()
    keys_wanted: int = 0
    quorum_percent: int = 0
    sealed: bool = False


class ClosingPage(Page, frozen=True):
    """What the author of a close or a count did not know of what precedes it in the shared order.

    Of a close also: `read_out`: the totals that were read out, by name; none when there were none.
    `counted`: what was counted, by pocket. `claimed`: the digest of the journal as its author had
    it, `digest`: as it is reckoned here when all that precedes it is folded (sealing.py).
    `reducer`: the rules that its author's phone reckons by, 0 when it did not say. `heads`: a
    digest of the chain heads that it names, `misnamed`: they are not those that its change follows.
    `instead_of`: closes over different entries that it takes the place of. `signers`: the offices
    that must sign it, each with its holders as far as its author knew. `fingerprint`: to read out.
    """

    left_out: tuple[str, ...] = ()
    read_out: tuple[tuple[str, int], ...] = ()
    counted: tuple[tuple[str, int], ...] = ()
    claimed: str = ""
    digest: str = ""
    reducer: int = 0
    heads: str = ""
    misnamed: bool = False
    instead_of: tuple[str, ...] = ()
    signers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fingerprint: str = ""


class AlteredPage(Page, frozen=True):
    """An entry that came to post something else after its meeting was closed.

    `before`: what it posted when a close was folded, by close; without a row it has not changed.
    """

    before: tuple[tuple[str, tuple[Posting, ...]], ...] = ()


class Voice(Page, frozen=True):
    """One officer's word on a decision: for, against, back, or a paper card that was shown.

    `cancels`: own words that it takes back.
    """

    person: str
    entry: str
    word: str
    cycle: int = NO_MEETING
    session: int = NO_MEETING
    cancels: tuple[str, ...] = ()


class DecisionPage(Page, frozen=True):
    """What officers were asked: how many must agree, who wrote it, who gains, what was said.

    `author` is empty when the author's own word does not count. `binding`: it waits for them.
    `after`: earlier requests for the same that were declined as far as the author of this one knew.
    `electors`: when their majority decides, the people in office as its author knew.
    """

    kind: str
    needed: int
    author: str
    member: str
    expires_on: str = ""
    binding: bool = False
    voices: tuple[Voice, ...] = ()
    after: tuple[str, ...] = ()
    electors: tuple[str, ...] = ()


class FinesPage(Page, frozen=True):
    """Of one person, as far as it counts: what was levied and not waived, and what was paid.

    `incomes`: the accounts that what was levied goes to. `waived_minor`: what was waived.
    """

    levied_minor: int = 0
    paid_minor: int = 0
    incomes: tuple[str, ...] = ()
    waived_minor: int = 0


class LoanPage(Page, frozen=True):
    """A loan; `paid_minor` adds up the repayments that count, `owed_minor` what was asked for.

    `opening`: the thing that happens once which brought it over from paper, else empty.
    `by_account`: more than payments bears on it (charges, a new agreement, interest by time), so
    that its whole account is replayed; `owed_minor` is then what was paid and what is still owed
    by the newest of these facts. `rules`: None for a plain loan. `social`: lent by the social fund.
    `refused`: the entry that ended the request, `outcome` how.
    `contested`: approved and refused apart from each other. `set_aside_minor`: came in beyond what
    the account follows (more recovered than lost, a flood of payments); the member's.
    `impossible_plan`: a new agreement that cannot be followed, and changes nothing;
    `impossible_terms`: an approval whose terms give no schedule. `misplaced`: charges for an
    instalment that the loan does not have.
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
    owed_minor: int = 0
    paid_minor: int = 0
    rules: LoanRules | None = None
    social: bool = False
    first_due_on: str = ""
    guarantors: tuple[tuple[str, int], ...] = ()
    collateral: str = ""
    collateral_minor: int = 0
    refused: str = ""
    outcome: str = ""
    contested: bool = False
    defaulted: str = ""
    by_account: bool = False
    rescheduled: bool = False
    written_off_minor: int = 0
    recovered_minor: int = 0
    set_aside_minor: int = 0
    impossible_plan: str = ""
    impossible_terms: str = ""
    fee_held_back_minor: int = 0
    interest_held_back_minor: int = 0
    misplaced: tuple[str, ...] = ()


class RotationPage(Page, frozen=True):
    """A merry-go-round; `slots` as it was agreed, `drawn` in the order of the revealed lots."""

    contribution_minor: int
    slots: tuple[str, ...]
    order: str
    commitment: str = ""
    fee_minor: int = 0
    group_covers: bool = False
    drawn: tuple[str, ...] = ()


class FindingPage(Page, frozen=True):
    """Something that needs a person's attention; the sentence is made when it is shown."""

    entries: tuple[str, ...] = ()
    subject: str = ""
    cycle: int = NO_MEETING
    session: int = NO_MEETING
    amounts: tuple[int, ...] = ()
    detail: str = ""
