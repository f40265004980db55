"""The book against a second reckoning that shares nothing with it but the facts."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.reducer import fold
from tests.model.second_reckoning import reckon
from tests.strategies import Phone, Village

CHANNELS: Final = ("box", "social", "bank", "mobile")
DEEDS: Final = (
    *("share", "share", "social", "help", "levy", "pay", "loan", "repay", "repay", "repay"),
    *("expense", "transfer", "reverse", "reverse", "opening"),
)


class AgreedSeason:
    """Officers write one after the other, each knowing all before, and never the same thing."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.village = Village(4)
        self.session = 1
        self.loans: list[bytes] = []
        self.reversible: list[tuple[Phone, bytes]] = []
        self.lines: Counter[object] = Counter()
        self.origin: dict[bytes, set[bytes]] = {}

    def deed(self) -> None:
        """Write one thing that happened; now and then a new meeting begins first."""
        if self.chance.random() < 0.1:
            self.session += 1
            opened = e.MeetingOpened(1, self.session, "2026-02-01")
            self.village.secretary.record(opened)
            self.village.meet()
        getattr(self, f"_{self.chance.choice(DEEDS)}")()

    def _write(self, phone: Phone, event: e.Event, reversible: bool = True) -> bytes:
        identity = phone.record(event)
        self.village.meet()
        if reversible:
            self.reversible.append((phone, identity))
        return identity

    def _drawn(self, *what: object) -> tuple[tuple[int, int], bytes, int, int, Any]:
        """Meeting, member, amount, line and pocket; the line is new for that member."""
        member = self.chance.choice(self.village.members)
        at = (1, self.session)
        self.lines[at, member, what] += 1
        amount = self.chance.randint(1, 2000)
        return at, member, amount, self.lines[at, member, what], self.chance.choice(CHANNELS)

    def _share(self) -> None:
        at, member, _, line, pocket = self._drawn("share")
        shares = self.chance.randint(1, 5)
        event = e.SharePurchased(*at, member, shares, shares * 100, line, pocket)
        self._write(self.village.treasurer, event)

    def _social(self) -> None:
        at, member, amount, line, pocket = self._drawn("social")
        event = e.SocialContributed(*at, member, amount, line, pocket)
        self._write(self.village.secretary, event)

    def _help(self) -> None:
        at, member, amount, line, pocket = self._drawn("help")
        event = e.SocialPaidOut(*at, member, amount, "illness", line, pocket)
        self._write(self.village.treasurer, event)

    def _levy(self) -> None:
        at, member, amount, line, _ = self._drawn("levy")
        self._write(self.village.secretary, e.FineLevied(*at, member, f"code_{line}", amount))

    def _pay(self) -> None:
        at, member, amount, line, pocket = self._drawn("pay")
        self._write(self.village.treasurer, e.FinePaid(*at, member, amount, line, pocket))

    def _loan(self) -> None:
        at, member, amount, line, pocket = self._drawn("loan")
        periods = self.chance.randint(1, 7)
        asked = e.LoanApplied(*at, member, amount, "seed", periods, line)
        loan = self._write(self.village.secretary, asked, reversible=False)
        if self.chance.random() < 0.9:
            method: Any = self.chance.choice(("flat", "reducing"))
            rate = self.chance.choice((0, 33_333, 50_000, 100_000))
            approved = e.LoanApproved(*at, loan, amount, method, rate, periods)
            self._write(self.village.chairperson, approved)
        self._write(self.village.treasurer, e.LoanDisbursed(*at, loan, amount, pocket))
        self.loans.append(loan)

    def _repay(self) -> None:
        if self.loans:
            loan = self.chance.choice(self.loans[-4:])
            at, _, _, _, pocket = self._drawn()
            self.lines[at, loan] += 1
            paid = e.LoanRepaid(
                *at, loan, self.chance.randint(1, 900), self.lines[at, loan], pocket
            )
            self._write(self.village.treasurer, paid)

    def _expense(self) -> None:
        at, _, amount, _, pocket = self._drawn()
        self.lines[at] += 1
        event = e.ExpensePaid(*at, "paper", amount, pocket, self.lines[at])
        self._write(self.village.treasurer, event)

    def _transfer(self) -> None:
        at, _, amount, _, source = self._drawn()
        target: Any = self.chance.choice([pocket for pocket in CHANNELS if pocket != source])
        self.lines[at, source, target] += 1
        event = e.TransferMade(*at, source, target, amount, self.lines[at, source, target])
        self._write(self.village.treasurer, event)

    def _opening(self) -> None:
        _, member, amount, _, _ = self._drawn()
        account: Any = self.chance.choice(
            ("savings", "fines", "loan", "box", "bank", "surplus", "social_fund")
        )
        whose = member if account in ("savings", "fines", "loan") else b""
        self.lines[account, whose] += 1
        if self.lines[account, whose] == 1:
            shares = self.chance.randint(0, 3) if account == "savings" else 0
            event = e.OpeningBalanceSet(whose, account, amount, shares, "2026-01-01")
            identity = self._write(self.village.secretary, event)
            if account == "loan":
                self.loans.append(identity)

    def _reverse(self) -> None:
        if not self.reversible:
            return
        author, identity = self.chance.choice(self.reversible)
        written = self.origin.get(identity, set()) | {author.person}
        others = [phone for phone in self.village.phones if phone.person not in written]
        if others:
            by = self.chance.choice(others)
            taken_back = self._write(by, e.EntryReversed(1, self.session, identity, "mistake"))
            self.origin[taken_back] = {author.person}


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_the_book_agrees_with_a_second_reckoning(seed: int, deeds: int) -> None:
    season = AgreedSeason(seed)
    for _ in range(deeds):
        season.deed()
    entries = season.village.entries
    assert dict(fold(entries).accounts.rows()) == reckon(entries)
