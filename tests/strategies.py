"""Villages for tests: officers with a phone each, who write apart and meet; by hand or at random.

A `Village` keeps true causal pasts: a phone's entry knows exactly what the phone knew. `histories`
draws villages in which officers, a stranger and a second phone write anything, known or not.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

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


_MONEY = "share social help fine fine_paid apply approve disburse repay repay expense transfer"
_OTHER = "attendance count reverse reverse opening open member status malformed"
_SELDOM = "close elect unknown constitution"
KINDS = (f"{_MONEY} {_MONEY} {_MONEY} {_OTHER} {_OTHER} {_SELDOM}").split()


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


_MONEY_EVENTS = (
    e.SharePurchased,
    e.SocialContributed,
    e.FineLevied,
    e.FinePaid,
    e.LoanDisbursed,
    e.LoanRepaid,
    e.ExpensePaid,
    e.OpeningBalanceSet,
)


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
    if kind in ("help", "disburse", "expense", "transfer", "count"):
        return treasurer
    if kind in ("approve", "status"):
        return chairperson
    if kind in ("fine", "reverse"):
        return (secretary, chairperson, old_phone)[who % 3]
    if kind in ("elect", "constitution"):
        return (secretary, old_phone)[who % 2]
    return (secretary, treasurer, treasurer, old_phone)[who % 4]


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
    nothing = bytes(17)
    member = members[which % len(members)] if which < 5 else nothing
    loan = loans[which % len(loans)] if loans and which < 5 else nothing
    meeting = (1, session)
    channel: Any = ("box", "mobile")[line - 1]
    if kind == "attendance":
        status: Any = ("present", "late", "absent")[which % 3]
        return e.AttendanceMarked(*meeting, members[0], status)
    if kind == "share":
        return e.SharePurchased(*meeting, member, max(1, amount // 100 % 9), amount, line)
    if kind == "social":
        return e.SocialContributed(*meeting, member, amount, line)
    if kind == "help":
        return e.SocialPaidOut(*meeting, member, amount, "illness", line)
    if kind == "fine":
        return e.FineLevied(*meeting, member, ("late", "noise")[line - 1], amount)
    if kind == "fine_paid":
        return e.FinePaid(*meeting, member, amount, line, channel)
    if kind == "apply":
        return e.LoanApplied(*meeting, member, amount, "seed", 3, line)
    if kind == "approve":
        return e.LoanApproved(*meeting, loan, amount, ("flat", "reducing")[line - 1], 50_000, 3)
    if kind == "disburse":
        return e.LoanDisbursed(*meeting, loan, amount, channel)
    if kind == "repay":
        return e.LoanRepaid(*meeting, loan, amount, line, channel, ("", "", "QX1")[which % 3])
    if kind == "expense":
        return e.ExpensePaid(*meeting, "stationery", amount, channel, line)
    if kind == "transfer":
        return e.TransferMade(*meeting, "box", "bank", amount, line, ("", "SLIP/7")[which % 2])
    if kind == "count":
        return e.CashCounted(*meeting, "close", "box", amount)
    if kind == "close":
        return e.MeetingClosed(*meeting, ())
    if kind == "reverse":
        return e.EntryReversed(*meeting, _mistake(phone, which), "mistake")
    return _seldom(phone, kind, member, session, line, amount)


def _mistake(phone: Phone, which: int) -> bytes:
    """One of the newest entries of another person that a reversal can reach, or of anybody."""
    if which == 5:
        return list(phone.known)[-1]
    others = [
        identity
        for identity, entry in phone.known.items()
        if entry.person != phone.person
        and isinstance(entry.event, (*_MONEY_EVENTS, e.EntryReversed, Unreadable))
    ]
    return others[-1 - which % len(others)] if others else bytes(17)


def _seldom(
    phone: Phone, kind: str, member: bytes, session: int, line: int, amount: int
) -> e.Event | Unreadable:
    if kind == "opening":
        account: Any = ("savings", "loan", "fines", "box")[session]
        of_member = account != "box"
        return e.OpeningBalanceSet(member if of_member else b"", account, amount, 2, "2026-01-01")
    if kind == "open":
        return e.MeetingOpened(1, session, f"2026-02-0{session + line}")
    if kind == "member":
        return e.MemberAdded(line, "2026-01-01", b"", bytes([session]) * 8)
    if kind == "status":
        status: Any = ("active", "suspended")[line - 1]
        return e.MemberStatusSet(member, status)
    if kind == "elect":
        title: Any = ("treasurer", "secretary")[line - 1]
        elected = Phone("", ("Otieno", "Wanjiru")[line - 1]).person if session > 1 else phone.person
        return e.OfficerElected(title, elected)
    if kind == "constitution":
        return e.ConstitutionAdopted(session, amount, fines_to="social_fund")
    if kind == "unknown":
        return Unreadable("wallet.opened", "unknown")
    return Unreadable("share.purchased", "malformed")


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
