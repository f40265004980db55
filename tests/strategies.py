"""Villages for tests: officers with a phone each, who write apart and meet; by hand or at random.

A `Village` keeps true causal pasts: a phone's entry knows exactly what the phone knew. `histories`
draws villages in which officers, a stranger and a second phone write anything, known or not.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.entry import Entry
from model.findings import Finding, list_findings
from model.journal import balance
from model.reducer import fold


class Phone:
    """One device of one person: what it knows, and what it writes."""

    def __init__(self, name: str, person: str) -> None:
        self.name = name
        self.device = hashlib.sha256(f"device {name}".encode()).digest()
        self.person = hashlib.sha256(f"person {person}".encode()).digest()[:16]
        self.known: dict[bytes, Entry] = {}
        self.written = 0
        self.lamport = 0

    def record(self, event: e.Event | Unreadable) -> bytes:
        """Write an entry; its id."""
        self.written += 1
        self.lamport += 1
        seed = f"{self.name} {self.written}".encode()
        identity = hashlib.sha256(seed).digest()[:16] + b"\0"
        past = frozenset(self.known)
        clock = self.written * 1000 if self.written % 2 else 4_102_444_800_000  # nobody reads it
        entry = Entry(identity, self.lamport, self.device, self.person, clock, event, past)
        self.known[identity] = entry
        return identity

    def learns_from(self, other: Phone) -> None:
        """Take over all that the other phone knows."""
        self.known.update(other.known)
        self.lamport = max(self.lamport, other.lamport)

    def meets(self, *others: Phone) -> None:
        """All of these phones sync."""
        for other in others:
            self.learns_from(other)
        for other in others:
            other.learns_from(self)

    @property
    def book(self) -> Book:
        """The book as this phone sees it."""
        return fold(self.known.values())

    def codes(self) -> list[str]:
        """Finding codes on this phone, in the order they are shown."""
        return [finding.code for finding in list_findings(self.book)]


CONSTITUTION = e.ConstitutionAdopted(
    1,
    share_value_minor=100,
    shares_max=5,
    social_fund_minor=20,
    interest_ppm=100_000,
    fines={"late": 50},
)


class Village:
    """Umoja: a chairperson, a secretary, a treasurer with a phone each, and some members."""

    def __init__(self, members: int = 3) -> None:
        self.secretary = Phone("secretary", "Wanjiru")
        self.treasurer = Phone("treasurer", "Otieno")
        self.chairperson = Phone("chairperson", "Achieng")
        self.phones = [self.secretary, self.treasurer, self.chairperson]
        founder = self.secretary
        founder.record(e.GroupDescribed("Umoja", "KES", 2))
        founder.record(CONSTITUTION)
        founder.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
        self.members = [
            founder.record(e.MemberAdded(number, "2026-01-01")) for number in range(1, members + 1)
        ]
        founder.record(e.OfficerElected("chairperson", self.chairperson.person))
        founder.record(e.OfficerElected("treasurer", self.treasurer.person))
        founder.record(e.OfficerElected("secretary", self.secretary.person))
        founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
        self.meet()

    def meet(self) -> None:
        """Every phone syncs with every other."""
        self.phones[0].meets(*self.phones[1:])

    def agree(self, target: bytes, *phones: Phone) -> None:
        """These officers (all three unless said) approve an entry; everybody knows it after."""
        for phone in phones or self.phones[:3]:
            self.meet()
            if phone.known[target].person != phone.person:
                phone.record(e.ApprovalGiven(target, 1, 1))
        self.meet()

    def propose(self, terms: e.ConstitutionAdopted, by: Phone | None = None) -> bytes:
        """A constitution that is proposed and approved, and that everybody knows; the proposal."""
        proposal = (by or self.secretary).record(e.ConstitutionProposed(terms))
        self.agree(proposal)
        return proposal

    def adopt(self, terms: e.ConstitutionAdopted, by: Phone | None = None) -> bytes:
        """A constitution that is proposed, approved and adopted; known to its adopter alone."""
        return adopt(by or self.secretary, self.propose(terms, by), terms)

    @property
    def entries(self) -> list[Entry]:
        """Everything that was written, in no order that matters."""
        every: dict[bytes, Entry] = {}
        for phone in self.phones:
            every.update(phone.known)
        return list(every.values())

    @property
    def book(self) -> Book:
        """The book when every phone has synced."""
        return fold(self.entries)


def adopt(by: Phone, proposal: bytes, terms: e.ConstitutionAdopted) -> bytes:
    """Put a proposal in force."""
    return by.record(replace(terms, proposal=proposal))


_MONEY = "share social help fine fine_paid apply approve disburse repay repay expense transfer"
_OTHER = "attendance count reverse reverse opening open member status malformed"
_DECISIONS = "agree agree agree agree decline withdraw resolve accept_late reject_late variance"
_MEMBERS = "saving saving savings_out fine_from waive claim debt merge merge profile"
_SAID = "goal goal_end consent notice report"
_SELDOM = "close close elect unknown propose adopt reopen dispute schedule"
_MEETING = "agenda resolution ballot action action_done minutes"
KINDS = (
    f"{_MONEY} {_MONEY} {_MONEY} {_OTHER} {_OTHER} {_DECISIONS} {_DECISIONS} {_SELDOM} {_MEETING} "
    f"{_MEMBERS} {_SAID}"
).split()


_Move = tuple[int, ...] | tuple[int, str, int, int, int, int]

_WHO = range(10)  # mostly somebody whose office allows it, see `writer`
_WHICH = (0, 0, 0, 1, 2, 5)  # which member, loan or entry; 5 is none
_SESSIONS = (1, 1, 2, 3)
_LINES = (1, 1, 2)
_AMOUNTS = (100, 200, 500, 2**53)


def _drawn_moves(kinds: Sequence[str]) -> st.SearchStrategy[_Move]:
    choices = map(st.sampled_from, (_WHO, kinds, _WHICH, _SESSIONS, _LINES, _AMOUNTS))
    step = st.tuples(*choices)
    sync = st.tuples(st.integers(0, 4), st.integers(0, 4))
    return st.one_of(step, step, step, sync)


def _chance_move(chance: random.Random, kinds: Sequence[str]) -> _Move:
    if chance.random() < 0.25:
        return (chance.randrange(5), chance.randrange(5))
    options: tuple[Sequence[Any], ...] = (_WHO, kinds, _WHICH, _SESSIONS, _LINES, _AMOUNTS)
    return tuple(map(chance.choice, options))


@st.composite
def histories(draw: st.DrawFn, steps_max: int = 60, kinds: Sequence[str] = KINDS) -> list[Entry]:
    """Entries of a village whose phones wrote and synced at random; causally closed.

    Half are drawn move by move, and shrink well; half come from a seed, and are long and varied.
    """
    if draw(st.booleans()):
        return played(draw(st.lists(_drawn_moves(kinds), max_size=steps_max)))
    return chance_history(draw(st.integers(0, 2**32)), draw(st.integers(0, steps_max)), kinds)


def chance_history(seed: int, steps: int, kinds: Sequence[str] = KINDS) -> list[Entry]:
    """The history that a seed gives: the same entries on every run."""
    chance = random.Random(seed)
    return played([_chance_move(chance, kinds) for _ in range(steps)])


def played(moves: Iterable[Any]) -> list[Entry]:
    """Entries of a village after these moves: syncs (two phones) and writes (six choices)."""
    village = Village()
    village.phones.append(Phone("secretary's old phone", "Wanjiru"))
    village.phones.append(Phone("stranger", "Mallory"))
    treasurer = village.treasurer.person
    village.secretary.record(e.OfficerElected("treasurer", treasurer, village.members[0]))
    village.meet()
    for move in moves:
        if len(move) == 2:
            village.phones[move[0]].learns_from(village.phones[move[1]])
        else:
            who, kind, which, session, line, amount = move
            phone = writer(village, who, kind)
            phone.record(event_of(phone, kind, which, session, line, amount))
    return village.entries


def writer(village: Village, who: int, kind: str) -> Phone:
    """Somebody whose office allows the kind, or (from 8 on) anybody at all."""
    secretary, treasurer, chairperson, old_phone, stranger = village.phones
    if who == 9:
        return stranger
    if who == 8:
        return village.phones[len(kind) % 4]
    if kind in _SAID_BY_ALL:
        return (secretary, treasurer, chairperson, old_phone)[who % 4]
    places = _WRITERS.get(kind, (0, 1, 1, 3))
    return village.phones[places[who % len(places)]]


_WRITERS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("help", "disburse", "expense", "transfer", "count"), (1,)),
    **dict.fromkeys(("savings_out", "claim"), (1,)),
    **dict.fromkeys(("approve", "status"), (2,)),
    **dict.fromkeys(("fine", "reverse"), (0, 2, 3)),
    **dict.fromkeys(("elect", "minutes"), (0, 3)),
}
"""Kind -> phones whose office allows it, by place: secretary's, treasurer's, chairperson's, the
secretary's old one. Of kinds that are not named: those who keep the books."""

_SAID_BY_ALL = frozenset(
    {"agree", "decline", "withdraw", "resolve", "accept_late", "reject_late", "variance"}
    | {"propose", "adopt", "reopen", "dispute", "close", "schedule", "agenda", "resolution"}
    | {"ballot", "action", "action_done", "merge", "waive"}
)
"""What each of the three main officers may record."""


class Drawn(NamedTuple):
    """What was drawn for one entry, and what the phone knows that it may be about."""

    phone: Phone
    which: int
    session: int
    line: int
    amount: int
    member: bytes
    """A member, or (which is 5) nobody."""
    loan: bytes

    @property
    def meeting(self) -> tuple[int, int]:
        return (1, self.session)

    @property
    def channel(self) -> Any:
        return ("box", "mobile")[self.line - 1]

    def newest(self, *kinds: type[e.Event]) -> bytes:
        """One of the newest entries of these kinds that the phone knows; else nothing."""
        known = [
            identity
            for identity, entry in self.phone.known.items()
            if isinstance(entry.event, kinds)
        ]
        return known[-1 - self.which % len(known)] if known and self.which < 5 else bytes(17)


Maker = Callable[[Drawn], e.Event | Unreadable]


def event_of(
    phone: Phone, kind: str, which: int, session: int, line: int, amount: int
) -> e.Event | Unreadable:
    """An event of this kind about the `which`-th thing that the phone knows, or about nothing."""
    members = _known(phone, e.MemberAdded)
    loans = _known(phone, e.LoanApplied) + [
        identity
        for identity in _known(phone, e.OpeningBalanceSet)
        if _opening_account(phone, identity) == "loan"
    ]
    member = members[which % len(members)] if which < 5 else bytes(17)
    loan = loans[which % len(loans)] if loans and which < 5 else bytes(17)
    return MAKERS[kind](Drawn(phone, which, session, line, amount, member, loan))


def _adoption(d: Drawn) -> e.Event:
    """A proposal that the phone knows put in force, agreed or not; else what nobody proposed."""
    proposal = d.newest(e.ConstitutionProposed)
    entry = d.phone.known.get(proposal)
    if entry is not None and isinstance(entry.event, e.ConstitutionProposed):
        return replace(entry.event.terms, proposal=proposal)
    return e.ConstitutionAdopted(d.session, d.amount, fines_to="social_fund")


def _election(d: Drawn) -> e.Event:
    title: Any = ("treasurer", "secretary")[d.line - 1]
    own = d.phone.person
    elected = Phone("", ("Otieno", "Wanjiru")[d.line - 1]).person if d.session > 1 else own
    return e.OfficerElected(title, elected)


def _opening(d: Drawn) -> e.Event:
    account: Any = ("savings", "loan", "fines", "box")[d.session]
    member = d.member if account != "box" else b""
    return e.OpeningBalanceSet(member, account, d.amount, 2, "2026-01-01")


def _plan(d: Drawn) -> e.Event:
    day = f"2026-03-0{d.session + d.line}"
    return e.MeetingScheduled(*d.meeting, day, agenda=("shares", "loans", "close"))


def _terms(d: Drawn) -> e.ConstitutionAdopted:
    funds: Any = ("social_fund", "loan_fund")[d.line - 1]
    return replace(CONSTITUTION, version=d.session, fines_to=funds, shares_max=d.session + 2)


def _pick(options: Sequence[Any], place: int) -> Any:
    return options[place % len(options)]


DECIDED = (
    e.ConstitutionProposed,
    e.ConflictResolved,
    e.LateEntryAccepted,
    e.LateEntryRejected,
    e.MeetingReopened,
    e.MeetingClosed,
    e.VariancePosted,
    e.EntryReversed,
    e.MemberMerged,
    e.FineWaived,
)
"""Kinds that officers agree to; a room that adds a decision appends it here."""

_CODES = ("late", "noise")
_METHODS: Any = ("flat", "reducing")
_CHOICES: Any = ("for", "against", "abstain")
_MONEY_EVENTS = (
    e.SharePurchased,
    e.SocialContributed,
    e.FineLevied,
    e.FinePaid,
    e.LoanDisbursed,
    e.LoanRepaid,
    e.ExpensePaid,
    e.OpeningBalanceSet,
    e.SavingsDeposited,
    e.SavingsWithdrawn,
    e.ClaimPaid,
    e.DebtCollected,
    e.FineWaived,
    e.MemberMerged,
    e.GoalSet,
)

MAKERS: dict[str, Maker] = {
    "attendance": lambda d: e.AttendanceMarked(
        *d.meeting, _known(d.phone, e.MemberAdded)[0], _pick(("present", "late", "absent"), d.which)
    ),
    "share": lambda d: e.SharePurchased(
        *d.meeting, d.member, max(1, d.amount // 100 % 9), d.amount, d.line
    ),
    "social": lambda d: e.SocialContributed(*d.meeting, d.member, d.amount, d.line),
    "help": lambda d: e.SocialPaidOut(*d.meeting, d.member, d.amount, "illness", d.line),
    "fine": lambda d: e.FineLevied(*d.meeting, d.member, _CODES[d.line - 1], d.amount),
    "fine_paid": lambda d: e.FinePaid(*d.meeting, d.member, d.amount, d.line, d.channel),
    "apply": lambda d: e.LoanApplied(*d.meeting, d.member, d.amount, "seed", 3, d.line),
    "approve": lambda d: e.LoanApproved(
        *d.meeting, d.loan, d.amount, _METHODS[d.line - 1], 50_000, 3
    ),
    "disburse": lambda d: e.LoanDisbursed(*d.meeting, d.loan, d.amount, d.channel),
    "repay": lambda d: e.LoanRepaid(
        *d.meeting, d.loan, d.amount, d.line, d.channel, _pick(("", "", "QX1"), d.which)
    ),
    "expense": lambda d: e.ExpensePaid(*d.meeting, "stationery", d.amount, d.channel, d.line),
    "transfer": lambda d: e.TransferMade(
        *d.meeting, "box", "bank", d.amount, d.line, _pick(("", "SLIP/7"), d.which)
    ),
    "count": lambda d: e.CashCounted(
        *d.meeting, _pick(("close", "open", "spot"), d.which), "box", d.amount
    ),
    "close": lambda d: e.MeetingClosed(*d.meeting, (), shares_minor=100 * (d.line - 1)),
    "reverse": lambda d: e.EntryReversed(*d.meeting, _mistake(d.phone, d.which), "mistake"),
    "opening": _opening,
    "open": lambda d: e.MeetingOpened(1, d.session, f"2026-02-0{d.session + d.line}"),
    "member": lambda d: e.MemberAdded(d.line, "2026-01-01", b"", bytes([d.session]) * 8),
    "status": lambda d: e.MemberStatusSet(d.member, _pick(("active", "suspended"), d.line)),
    "elect": _election,
    "unknown": lambda _: Unreadable("wallet.opened", "unknown"),
    "malformed": lambda _: Unreadable("share.purchased", "malformed"),
    "propose": lambda d: e.ConstitutionProposed(_terms(d)),
    "adopt": _adoption,
    "agree": lambda d: e.ApprovalGiven(d.newest(*DECIDED), *d.meeting),
    "decline": lambda d: e.RequestDeclined(d.newest(*DECIDED), *d.meeting),
    "withdraw": lambda d: e.ApprovalWithdrawn(d.newest(*DECIDED)),
    "reopen": lambda d: e.MeetingReopened(*d.meeting, "forgotten"),
    "accept_late": lambda d: e.LateEntryAccepted(d.newest(*_MONEY_EVENTS), *d.meeting),
    "reject_late": lambda d: e.LateEntryRejected(d.newest(*_MONEY_EVENTS), *d.meeting),
    "resolve": lambda d: e.ConflictResolved(d.newest(*_MONEY_EVENTS, e.CashCounted), *d.meeting),
    "dispute": lambda d: e.EntryDisputed(d.newest(*_MONEY_EVENTS), *d.meeting, b"", "not so"),
    "variance": lambda d: e.VariancePosted(
        *d.meeting, "close", "box", _pick(("over", "short"), d.line), d.amount, "miscounted"
    ),
    "schedule": _plan,
    "agenda": lambda d: e.AgendaReached(*d.meeting, _pick(("shares", "loans", "close"), d.which)),
    "resolution": lambda d: e.ResolutionRecorded(
        *d.meeting, d.line, "rule", "Nobody comes late.", d.which, 1
    ),
    "ballot": lambda d: e.BallotCast(
        *d.meeting, d.newest(e.ResolutionRecorded), d.member, _pick(_CHOICES, d.which)
    ),
    "action": lambda d: e.ActionAssigned(
        *d.meeting, d.line, "buy a lock", d.member if d.which % 2 else b"", "2026-02-03"
    ),
    "action_done": lambda d: e.ActionDone(d.newest(e.ActionAssigned), *d.meeting),
    "minutes": lambda d: e.MinutesRecorded(*d.meeting, f"We met and {d.amount} came in."),
    "saving": lambda d: e.SavingsDeposited(
        *d.meeting, d.member, d.amount, d.line, d.channel, _pick(("", "payable"), d.which)
    ),
    "savings_out": lambda d: e.SavingsWithdrawn(*d.meeting, d.member, d.amount, d.line),
    "fine_from": lambda d: e.FinePaid(
        *d.meeting, d.member, d.amount, d.line, "box", _pick(("savings", "receipts"), d.which)
    ),
    "waive": lambda d: e.FineWaived(d.newest(e.FineLevied), *d.meeting, "a funeral"),
    "claim": lambda d: e.ClaimPaid(*d.meeting, d.member, "overpayment", d.amount, d.line),
    "debt": lambda d: e.DebtCollected(*d.meeting, d.member, d.amount, d.line),
    "merge": lambda d: e.MemberMerged(
        _pick(_known(d.phone, e.MemberAdded), d.line), d.member, *d.meeting
    ),
    "profile": lambda d: e.MemberProfileSet(d.member, d.session, "female", 1990 + d.line),
    "goal": lambda d: e.GoalSet(d.member, "savings", "Roof", d.amount),
    "goal_end": lambda d: e.GoalEnded(d.newest(e.GoalSet), _pick(("reached", "dropped"), d.line)),
    "consent": lambda d: e.ConsentRecorded(d.member, "sms", d.line == 1),
    "notice": lambda d: e.NoticeSent(bytes([d.which]) * 16, _pick(("sms", "print"), d.line)),
    "report": lambda d: e.ReportShared("annual", "2026-01-01", "2026-12-31", "World", bytes(32)),
}
"""Every kind that a history can hold, and what makes one: a topic appends its own, and its name to
`KINDS`; who may write it is in `_WRITERS` or `_SAID_BY_ALL`, else those who keep the books."""


def _mistake(phone: Phone, which: int) -> bytes:
    """One of the newest entries of another person that a reversal can reach, or of anybody."""
    if which == 5:
        return list(phone.known)[-1]
    others = [
        identity
        for identity, entry in phone.known.items()
        if entry.person != phone.person
        and isinstance(entry.event, (*_MONEY_EVENTS, *DECIDED, e.EntryDisputed, Unreadable))
    ]
    return others[-1 - which % len(others)] if others else bytes(17)


def _known(phone: Phone, event_class: type[e.Event]) -> list[bytes]:
    return sorted(
        identity for identity, entry in phone.known.items() if isinstance(entry.event, event_class)
    )


def _opening_account(phone: Phone, identity: bytes) -> str:
    event = phone.known[identity].event
    return event.account if isinstance(event, e.OpeningBalanceSet) else ""


def sums(lines: Iterable[tuple[str, str, int]]) -> int:
    """Sum of the lines of the double entry, memos left out: 0 when they balance."""
    return sum(amount for account, _, amount in lines if account[0].isdigit())


def share(member: bytes, amount: int, line: int = 1, session: int = 1) -> e.SharePurchased:
    """A purchase at a share value of 100."""
    return e.SharePurchased(1, session, member, amount // 100, amount, line)


def findings(book: Book, code: str) -> list[Finding]:
    """The findings with this code."""
    return [finding for finding in list_findings(book) if finding.code == code]


def savings(book: Book, member: bytes) -> int:
    """A member's savings in minor units."""
    return -balance(book, "2010", member.hex())
