"""Whole years of a village whose officers write apart and meet, with the mistakes that people make.

The same chance plays the same season for ever. `mess` says how often, in a hundred, something goes
the way it should not: phones that did not meet, one thing recorded twice with the same amount or
with another, a meeting closed too early, entries for a meeting that is closed, payments taken back
and put back, one provider reference twice, decisions that officers do not agree on, and somebody
who is no officer. At 0 officers write one after the other and never the same thing.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.entry import Entry
from simulations.handsets import Handset, everything, meet
from simulations.season_deeds import DEEDS, SHARE_VALUE_MINOR, Deed
from simulations.season_endings import ENDING_DEEDS, settle, share_out
from simulations.season_funds import FUND_DEEDS
from simulations.season_mistakes import CHANGES, MISTAKES, candidacy, elected, reconsider
from simulations.season_stopped import Stopped
from simulations.season_table import Table

FIRST_DAY: Final = date(2026, 1, 7)
WEEK: Final = timedelta(days=7)
OFFICERS: Final[tuple[tuple[str, str, e.Title | None], ...]] = (
    ("secretary", "Wanjiru", "secretary"),
    ("treasurer", "Otieno", "treasurer"),
    ("chairperson", "Achieng", "chairperson"),
    ("key holder", "Barasa", "key_holder"),
    ("secretary's second phone", "Wanjiru", None),
)
"""Phones, whose they are, and the office that comes with them; the second phone brings none."""


def things_named(event: e.Event) -> set[bytes]:
    """Entries that the event names: nobody can name what their phone does not know."""
    fields = (getattr(event, field) for field in event.__struct_fields__)
    return {field for field in fields if isinstance(field, bytes) and len(field) == 17}


class Season:
    """One village and its phones; `play` gives everything that was written."""

    def __init__(
        self,
        chance: random.Random,
        members: int = 4,
        meetings: int = 3,
        phones: int = 4,
        mess: int = 30,
        deeds_a_meeting: int = 12,
        cycles: int = 1,
        stopped: bool = False,
    ) -> None:
        self.chance = chance
        self.mess = mess
        self.deeds_a_meeting = deeds_a_meeting
        self.members_count = members
        self.meetings_count = meetings
        self.cycles_count = cycles
        self.phones = [Handset(name, person) for name, person, _ in OFFICERS[: max(3, phones)]]
        self.stranger = Handset("stranger", "Mallory")
        self.stopped = Stopped(chance) if stopped else None
        self.deeds = [*DEEDS, *FUND_DEEDS, *ENDING_DEEDS, *CHANGES]
        self.mistakes = [*MISTAKES]

    def play(self) -> list[Entry]:
        """Found the group, hold its meetings, and let every phone meet at the end."""
        self._found()
        for cycle in range(1, self.cycles_count + 1):
            if cycle > 1:
                self._begin(cycle)
            for session in range(1, self.meetings_count + 1):
                self._hold(cycle, session)
        meet(*self.phones, self.stranger)
        entries = everything(self.phones)
        return entries if self.stopped is None else self.stopped.held(entries)

    # Founding

    def _found(self) -> None:
        founder, *_ = self.phones
        founder.record(e.GroupDescribed("Umoja", "KES", 2))
        founder.record(self._constitution())
        founder.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
        for number in range(1, self.members_count + 1):
            founder.record(e.MemberAdded(number, "2026-01-01"))
        members = Table(self.chance, founder, 1, 1).members()
        for phone, (_, _, title) in zip(self.phones, OFFICERS, strict=False):
            if title and phone is not founder:
                member = members[-1] if title == "treasurer" else b""
                founder.record(e.OfficerElected(title, phone.person, member))
        founder.record(e.OfficerElected("secretary", founder.person))
        meet(*self.phones, self.stranger)

    def _constitution(self) -> e.ConstitutionAdopted:
        return e.ConstitutionAdopted(
            1,
            share_value_minor=SHARE_VALUE_MINOR,
            social_fund_minor=20,
            interest_ppm=100_000,
            fines_to="social_fund" if self.chance.randrange(4) == 0 else "loan_fund",
            record_keeper="treasurer" if self.chance.randrange(4) == 0 else "secretary",
            fines={"late": 50},
        )

    # A meeting

    def _hold(self, cycle: int, session: int) -> None:
        """Open it, write what happens, and close it when everybody has met, or too early."""
        weeks = (cycle - 1) * self.meetings_count + session
        opened = e.MeetingOpened(cycle, session, (FIRST_DAY + weeks * WEEK).isoformat())
        for opener in self.phones[: 2 if self._slips() else 1]:
            opener.record(opened)
        self._all_meet()
        if weeks == 1:
            self._opening_balances()
        for deed in range(self.deeds_a_meeting):
            if self.stopped is not None and deed == 2:
                self.stopped.report(self.phones)
            self._something_happens()
        last = session == self.meetings_count and cycle < self.cycles_count
        if self.chance.randrange(3) == 0:
            self._elect((cycle, session))
        if last:
            self._share_out(cycle, session)
        if last or not self._slips():
            self._all_meet()
        for closer in self.phones[: 2 if self._slips() else 1]:
            closer.record(e.MeetingClosed(cycle, session, ()))
        if last or not self._slips():
            self._all_meet()
        if last:
            self._close(cycle, session)

    def _elect(self, at: tuple[int, int]) -> None:
        """Officers agree on who takes an office next, and put it in force, at times apart."""
        self._all_meet()
        asked = [
            (phone, candidacy(Table(self.chance, phone, *at)))
            for phone in self.chance.sample(self.phones, 2 if self._slips() else 1)
        ]
        proposals = [(self._agreed(phone, event, at), event) for phone, event in asked]
        for proposal, event in proposals:
            for phone in self.chance.sample(self.phones, 2 if self._slips() else 1):
                phone.record(elected(event, proposal))
                self._some_meet()

    # Between two cycles

    def _holder(self, title: e.Title) -> Handset:
        """A phone of the one who holds the office, else of another; all phones have met."""
        holders = (phone for phone in self.phones if title in self._titles(phone))
        return next(holders, self.phones[0])

    def _agreed(self, author: Handset, event: e.Event, at: tuple[int, int]) -> bytes:
        """A decision that all officers take together."""
        decided = author.record(event)
        self._all_meet()
        for phone in self.phones:
            if phone is not author:
                phone.record(e.ApprovalGiven(decided, *at))
        self._all_meet()
        return decided

    def _share_out(self, cycle: int, session: int) -> None:
        """What was saved and earned becomes what the group owes each member, and is paid out."""
        self._all_meet()
        treasurer, chairperson = self._holder("treasurer"), self._holder("chairperson")
        declared = share_out(Table(self.chance, chairperson, cycle, session))
        if declared is None:
            return
        self._agreed(chairperson, declared, (cycle, session))
        for event in settle(Table(self.chance, treasurer, cycle, session), declared):
            treasurer.record(event)

    def _close(self, cycle: int, session: int) -> None:
        chairperson = self._holder("chairperson")
        shared = [identity for identity, _ in chairperson.heard(e.ShareoutConfirmed)]
        closed = e.CycleClosed(cycle, "2026-12-20", shared[-1] if shared else b"")
        self._agreed(chairperson, closed, (cycle, session))

    def _begin(self, cycle: int) -> None:
        founder, *_ = self.phones
        founder.record(e.CycleOpened(cycle, "2027-01-01", "2027-12-31"))
        self._all_meet()

    def _opening_balances(self) -> None:
        founder, *_ = self.phones
        table = Table(self.chance, founder, 1, 1)
        whose = table.member()
        accounts: tuple[e.OpeningAccount, ...] = (
            *("savings", "loan", "fines", "box", "social_box", "bank", "mobile"),
            *("social_fund", "surplus"),
        )
        for account in accounts:
            member = whose if account in ("savings", "loan", "fines") else b""
            shares = 2 if account == "savings" else 0
            amount = table.amount(5000)
            founder.record(e.OpeningBalanceSet(member, account, amount, shares, "2026-01-01"))

    def _something_happens(self) -> None:
        deeds = self.mistakes if self._slips() else self.deeds
        deed = self.chance.choices(deeds, [deed.often for deed in deeds])[0]
        phones = self._phones_of(deed)
        if not phones:
            return
        phone = self.chance.choice(phones)
        at = self._meeting_of(phone)
        if at is not None:
            table = Table(self.chance, phone, *at)
            event = deed.write(table)
            if event is not None:
                phone.record(event)
                self._told_twice(event, deed, phone)
            for word in reconsider(table):
                phone.record(word)
            for word in self.stopped.judged(table) if self.stopped is not None else ():
                phone.record(word)
        self._some_meet()

    def _phones_of(self, deed: Deed) -> list[Handset]:
        """Phones of officers whose office it is."""
        return [phone for phone in self.phones if self._titles(phone) & set(deed.titles)]

    def _meeting_of(self, phone: Handset) -> tuple[int, int] | None:
        """The meeting that this phone takes to be open; by mistake, any that it knows."""
        opened = sorted({(at.cycle, at.session) for _, at in phone.heard(e.MeetingOpened)})
        closed = {(at.cycle, at.session) for _, at in phone.heard(e.MeetingClosed)}
        if opened and self._slips() and self._slips():
            return self.chance.choice(opened)
        return next((at for at in reversed(opened) if at not in closed), None)

    def _titles(self, phone: Handset) -> set[e.Title]:
        """Offices of the phone's owner, as far as the phone knows."""
        told = phone.heard(e.OfficerElected)
        holders = {(event.title, event.seat): event.person for _, event in told}
        return {title for (title, _), person in holders.items() if person == phone.person}

    def _told_twice(self, event: e.Event, deed: Deed, author: Handset) -> None:
        """Another officer saw it too, and writes it down as well as the other remembers it."""
        if not self._slips():
            return
        others = [
            phone
            for phone in self._phones_of(deed)
            if phone is not author and things_named(event) <= phone.known.keys()
        ]
        if others:
            other = self.chance.choice(others)
            other.record(self._misremembered(event) if self._slips() else event)
        elif self._slips():
            self.stranger.record(event)

    def _misremembered(self, event: e.Event) -> e.Event:
        if isinstance(event, e.SharePurchased) and not event.source:
            shares = self.chance.randint(1, 5)
            return replace(event, shares=shares, amount_minor=shares * SHARE_VALUE_MINOR)
        if hasattr(event, "amount_minor"):
            return replace(event, amount_minor=self.chance.randint(1, 900))
        return event

    # Meeting one another

    def _slips(self) -> bool:
        return self.chance.randrange(100) < self.mess

    def _all_meet(self) -> None:
        meet(*self.phones, self.stranger)

    def _some_meet(self) -> None:
        if not self.mess:
            return self._all_meet()
        if self.chance.randrange(3) == 0:
            one, other = self.chance.sample(self.phones, 2)
            one.learn_from(other)
        return None
