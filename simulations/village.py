"""A village group's life, week after week: the same seed gives the same deeds for ever.

Deeds are what people at the table did, before anybody wrote anything down: no ids, no phones.
The group keeps its own rules (a loan fits the box and three times the savings, a fine is paid
before the next loan), so its books come out clean; trouble is added by whoever plays it.
About ninety deeds a meeting with thirty members.
"""

import datetime
import random
from collections.abc import Iterator
from typing import Literal, NamedTuple

SEED = 20260107
FIRST_DAY = datetime.date(2026, 1, 7)  # a Wednesday, market day
WEEK = datetime.timedelta(days=7)
MEETINGS_A_CYCLE = 52

SHARE_VALUE_MINOR = 100_00
SHARES_MAX = 5
SOCIAL_MINOR = 50_00
FINES_MINOR = {"late": 20_00, "absent": 50_00}
INTEREST_PPM = 50_000  # flat, each month
LOAN_MULTIPLIER = 3
LOAN_MONTHS_MAX = 3
LOAN_STEP_MINOR = 500_00

Officer = Literal["secretary", "treasurer"]
Kind = Literal[
    "attended", "bought", "gave", "was fined", "paid fine", "applied", "approved", "took", "repaid"
]

_GIVEN = """
    Achieng Akinyi Amina Atieno Baraka Chebet Cherono Fatuma Halima Imani Jelani Juma Kamau Kariuki
    Kiprono Makena Mumbua Muthoni Mwangi Nafula Naliaka Ndanu Njeri Nyambura Otieno Rehema Saida
    Wafula Wanjiru Zawadi
"""
_FAMILY = """
    Barasa Chepkoech Kimani Kiptoo Mutua Mwende Ochieng Okoth Omar Wairimu Wekesa
"""


class Villager(NamedTuple):
    """A member of the group. Names are invented; phone numbers are ones that nobody has."""

    number: int
    name: str
    phone: str


class Deed(NamedTuple):
    """One thing that one member did at a meeting, and the officer who writes it down."""

    officer: Officer
    kind: Kind
    member: int
    amount_minor: int = 0
    units: int = 0
    """Shares bought, or months of a loan."""
    code: str = ""
    """How somebody attended, or why somebody was fined."""


class Meeting(NamedTuple):
    """One market day: cycle and session count from 1."""

    cycle: int
    session: int
    day: datetime.date
    deeds: tuple[Deed, ...]


def villagers(count: int) -> tuple[Villager, ...]:
    """The first so many members; up to 330 of them have different names."""
    given, family = _GIVEN.split(), _FAMILY.split()
    return tuple(
        Villager(
            number,
            f"{given[number % len(given)]} {family[number * 7 % len(family)]}",
            f"0700000{number:03d}",
        )
        for number in range(1, count + 1)
    )


def interest_minor(principal_minor: int, months: int) -> int:
    """Flat interest over the whole term; exact for loans in whole steps."""
    interest, rest = divmod(principal_minor * INTEREST_PPM * months, 1_000_000)
    assert rest == 0, "loans are lent in steps that interest divides"
    return interest


class _Purse:
    """What the village itself remembers of one member."""

    def __init__(self) -> None:
        self.savings_minor = 0
        self.fines_minor = 0
        self.debt_minor = 0


class Village:
    """Plays meetings one after the other; every call of `meetings` goes on where it stopped."""

    def __init__(self, members: int = 30, seed: int = SEED) -> None:
        self.members = villagers(members)
        self._chance = random.Random(seed)  # seeded: this is a play, not a secret
        self._purses = {member.number: _Purse() for member in self.members}
        self._box_minor = 0
        self._held = 0

    def meetings(self) -> Iterator[Meeting]:
        """Meetings without end, one a week."""
        while True:
            day = FIRST_DAY + self._held * WEEK
            cycle, session = divmod(self._held, MEETINGS_A_CYCLE)
            self._held += 1
            yield Meeting(cycle + 1, session + 1, day, tuple(self._deeds()))

    def _deeds(self) -> Iterator[Deed]:
        """One meeting in the order of the agenda: roll, social fund, shares, loans, fines."""
        lendable_minor = self._box_minor
        roll = {member.number: self._attendance() for member in self.members}
        present = [number for number, status in roll.items() if status != "absent"]
        for number, status in roll.items():
            yield Deed("secretary", "attended", number, code=status)
        for number in present:
            yield Deed("treasurer", "gave", number, SOCIAL_MINOR)
        for number in present:
            yield self._purchase(number)
        yield from self._repayments(present)
        yield from self._fines(roll)
        yield from self._loans(present, lendable_minor)

    def _attendance(self) -> str:
        return self._chance.choices(("present", "late", "absent"), (88, 4, 8))[0]

    def _purchase(self, number: int) -> Deed:
        shares = self._chance.choice((1, 1, 2, 2, 3, 4, SHARES_MAX))
        amount_minor = shares * SHARE_VALUE_MINOR
        self._purses[number].savings_minor += amount_minor
        self._box_minor += amount_minor
        return Deed("treasurer", "bought", number, amount_minor, shares)

    def _fines(self, roll: dict[int, str]) -> Iterator[Deed]:
        """Latecomers are fined at once, a few absent ones too; whoever has cash pays."""
        for number, status in roll.items():
            purse = self._purses[number]
            if status == "late" or (status == "absent" and self._chance.random() < 0.2):
                purse.fines_minor += FINES_MINOR[status]
                yield Deed("secretary", "was fined", number, FINES_MINOR[status], code=status)
            if purse.fines_minor and status != "absent" and self._chance.random() < 0.7:
                amount_minor, purse.fines_minor = purse.fines_minor, 0
                self._box_minor += amount_minor
                yield Deed("treasurer", "paid fine", number, amount_minor)

    def _repayments(self, present: list[int]) -> Iterator[Deed]:
        for number in present:
            purse = self._purses[number]
            if purse.debt_minor and self._chance.random() < 0.6:
                wish_minor = self._chance.choice((100_00, 200_00, 300_00, 500_00))
                amount_minor = min(purse.debt_minor, wish_minor)
                purse.debt_minor -= amount_minor
                self._box_minor += amount_minor
                yield Deed("treasurer", "repaid", number, amount_minor)

    def _loans(self, present: list[int], lendable_minor: int) -> Iterator[Deed]:
        """Up to two new loans, out of what lay in the box when the meeting began."""
        for number in self._chance.sample(present, self._chance.choice((0, 1, 1, 2))):
            purse = self._purses[number]
            limit_minor = min(LOAN_MULTIPLIER * purse.savings_minor, lendable_minor, 8_000_00)
            steps = limit_minor // LOAN_STEP_MINOR
            if purse.debt_minor or purse.fines_minor or not steps:
                continue
            amount_minor = self._chance.randint(1, steps) * LOAN_STEP_MINOR
            months = self._chance.randint(1, LOAN_MONTHS_MAX)
            lendable_minor -= amount_minor
            self._box_minor -= amount_minor
            purse.debt_minor = amount_minor + interest_minor(amount_minor, months)
            yield Deed("secretary", "applied", number, amount_minor, months)
            yield Deed("secretary", "approved", number, amount_minor, months)
            yield Deed("treasurer", "took", number, amount_minor, months)
