"""One market day on three phones without a network, with everything that can go wrong at once.

Umoja holds its second meeting. The secretary's and the treasurer's phones know the first meeting
and themselves; the chairperson goes from table to table with hers:

- the secretary and the treasurer both write down what Amina pays, and agree; they both write down
  what Baraka pays, and disagree;
- the chairperson agrees to two loans, each of which the box could carry; the treasurer hands both
  out, and together they are more than there is;
- the treasurer writes a payment down wrongly; the chairperson takes it back, while the treasurer
  writes it down again with another amount;
- Chebet leaves, and the secretary settles with her, which the chairperson agrees to; at the same
  time the treasurer takes a repayment of her loan;
- the secretary, who has seen the chairperson's phone, closes the meeting without the treasurer's.

Then the phones meet. `python -m simulations.market_day` prints what every one of them shows.
"""

from __future__ import annotations

import random
import sys
from typing import Final, NamedTuple

from model import events as e
from model.book import Book
from model.entry import Entry
from model.findings import Finding, list_findings
from model.reducer import fold
from simulations.handsets import Handset, everything, meet

NAMES: Final = ("Amina", "Baraka", "Chebet", "Halima", "Juma")
FIRST: Final = (1, 1)
MARKET: Final = (1, 2)


class MarketDay(NamedTuple):
    """The phones after the day, all of them having met, and who is who."""

    secretary: Handset
    treasurer: Handset
    chairperson: Handset
    members: dict[str, bytes]
    loans: dict[str, bytes]
    """Whose loan it is -> its name in the books."""

    @property
    def phones(self) -> tuple[Handset, ...]:
        """All three."""
        return self.secretary, self.treasurer, self.chairperson

    @property
    def entries(self) -> list[Entry]:
        """All that was written."""
        return everything(self.phones)


def market_day() -> MarketDay:
    """Play it; the same every time."""
    secretary, treasurer, chairperson = (
        Handset("secretary", "Wanjiru"),
        Handset("treasurer", "Otieno"),
        Handset("chairperson", "Achieng"),
    )
    members = _found(secretary, treasurer, chairperson)
    day = MarketDay(secretary, treasurer, chairperson, members, {})
    _first_meeting(day)
    secretary.record(e.MeetingOpened(*MARKET, "2026-01-14"))
    _ask_for_loans(day)
    meet(*day.phones)
    _recorded_twice(day)
    _two_loans_beyond_the_cash(day)
    _taken_back_and_written_again(day)
    _a_member_leaves(day)
    secretary.learn_from(chairperson)
    secretary.record(e.MeetingClosed(*MARKET, ()))
    meet(*day.phones)
    return day


def _found(secretary: Handset, treasurer: Handset, chairperson: Handset) -> dict[str, bytes]:
    secretary.record(e.GroupDescribed("Umoja", "KES", 2))
    secretary.record(
        e.ConstitutionAdopted(
            1,
            share_value_minor=100_00,
            social_fund_minor=20_00,
            interest_ppm=50_000,
            fines={"late": 20_00},
        )
    )
    secretary.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
    members = {
        name: secretary.record(e.MemberAdded(number, "2026-01-01"))
        for number, name in enumerate(NAMES, 1)
    }
    secretary.record(e.OfficerElected("chairperson", chairperson.person))
    secretary.record(e.OfficerElected("treasurer", treasurer.person))
    secretary.record(e.OfficerElected("secretary", secretary.person))
    meet(secretary, treasurer, chairperson)
    return members


def _first_meeting(day: MarketDay) -> None:
    """Everybody buys shares, Chebet borrows; all phones are at the table."""
    day.secretary.record(e.MeetingOpened(*FIRST, "2026-01-07"))
    meet(*day.phones)
    for member in day.members.values():
        day.treasurer.record(e.SharePurchased(*FIRST, member, 5, 500_00))
    asked = e.LoanApplied(*FIRST, day.members["Chebet"], 300_00, "seed", 2)
    day.loans["Chebet"] = day.secretary.record(asked)
    meet(*day.phones)
    lent = day.loans["Chebet"]
    day.chairperson.record(e.LoanApproved(*FIRST, lent, 300_00, "flat", 50_000, 2))
    meet(*day.phones)
    day.treasurer.record(e.LoanDisbursed(*FIRST, lent, 300_00))
    meet(*day.phones)
    day.secretary.record(e.MeetingClosed(*FIRST, ()))


def _ask_for_loans(day: MarketDay) -> None:
    for name, amount in (("Halima", 1_500_00), ("Juma", 1_400_00)):
        asked = e.LoanApplied(*MARKET, day.members[name], amount, "stock", 3)
        day.loans[name] = day.secretary.record(asked)


def _recorded_twice(day: MarketDay) -> None:
    """Both officers write down two purchases; on one of them they agree."""
    amina, baraka = day.members["Amina"], day.members["Baraka"]
    for phone, shares in ((day.secretary, 3), (day.treasurer, 2)):
        phone.record(e.SharePurchased(*MARKET, amina, 2, 200_00))
        phone.record(e.SharePurchased(*MARKET, baraka, shares, shares * 100_00))


def _two_loans_beyond_the_cash(day: MarketDay) -> None:
    """2,200 and a little more are in the box; 2,900 leave it."""
    for name, amount in (("Halima", 1_500_00), ("Juma", 1_400_00)):
        loan = day.loans[name]
        day.chairperson.record(e.LoanApproved(*MARKET, loan, amount, "flat", 50_000, 3))
        day.treasurer.record(e.LoanDisbursed(*MARKET, loan, amount))


def _a_member_leaves(day: MarketDay) -> None:
    """The settlement nets the loan that the treasurer, elsewhere, sees being paid back."""
    chebet, loan = day.members["Chebet"], day.loans["Chebet"]
    settled = e.MemberExited(
        *MARKET, chebet, "moved", 5, 500_00, netted_minor=330_00, paid_minor=170_00
    )
    leaving = day.secretary.record(settled)
    day.secretary.record(e.LoanRepaid(*MARKET, loan, 330_00, source="payable"))
    day.treasurer.record(e.LoanRepaid(*MARKET, loan, 100_00, 2))
    day.chairperson.learn_from(day.secretary)
    day.chairperson.record(e.ApprovalGiven(leaving, *MARKET))


def _taken_back_and_written_again(day: MarketDay) -> None:
    """The treasurer's mistake is seen by the chairperson and by the treasurer, apart."""
    member = day.members["Juma"]
    mistake = day.treasurer.record(e.SocialContributed(*MARKET, member, 200_00))
    day.chairperson.learn_from(day.treasurer)
    day.chairperson.record(e.EntryReversed(*MARKET, mistake, "20, not 200"))
    day.treasurer.record(e.SocialContributed(*MARKET, member, 20_00))


def replica(phone: Handset, seed: int) -> Book:
    """The book of a phone that received its entries in some order of its own."""
    received = list(phone.known.values())
    random.Random(seed).shuffle(received)  # seeded: a play, not a secret
    return fold(received)


def read_aloud(book: Book, day: MarketDay) -> list[Finding]:
    """What is shown to officers, with members by their names."""
    names = {identity.hex(): name for name, identity in day.members.items()}
    return list(list_findings(book, lambda member: names.get(member, "")))


def main() -> None:
    """Print what the secretary's phone shows, and that the others show the same."""
    day = market_day()
    books = [replica(phone, seed) for seed, phone in enumerate(day.phones)]
    for finding in read_aloud(books[0], day):
        sys.stdout.write(f"- {finding.sentence}\n")
    agree = len({book.digest() for book in books}) == 1
    sys.stdout.write(f"The three phones show {'the same' if agree else 'DIFFERENT BOOKS'}.\n")


if __name__ == "__main__":
    main()
