"""Money on seldom ways, and how the book shows it: what fits a receipt, what is left of nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from model import events as e
from model.accounts import CHART, Account
from model.findings import list_findings
from model.journal import balance, entry_page
from model.loan_watch import standing_of
from model.pages import Page
from model.payables import owed_to
from model.shareout_preview import committed, preview_shareout
from model.shareouts import shareout_of
from tests.model.apart import lent, told
from tests.model.stopped_phones import Stolen
from tests.strategies import Village, findings, share


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("by", ["amount", "pocket"])
def test_of_two_receipts_with_one_reference_a_payment_is_the_one_that_fits(
    by: str, swapped: bool
) -> None:
    """The amount first, whatever the pocket; of one amount, the pocket."""
    village = Village()
    loan = lent(village, 1_000)
    providers = ("airtel", "mpesa") if swapped else ("mpesa", "airtel")
    amounts = (500, 400) if by == "amount" else (500, 500)
    channels: tuple[Any, Any] = ("bank", "mobile") if by == "amount" else ("mobile", "bank")
    things = [
        village.secretary.record(
            e.PaymentReceived(provider, "QX1", amount, "2026-01-07", 1, 1, channel)
        )
        for provider, amount, channel in zip(providers, amounts, channels, strict=True)
    ]
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 500, 1, "mobile", "QX1"))
    village.meet()
    book = told(village)
    states = {page.entry: page.state for _, page in book.receipts.rows()}
    assert [states[thing.hex()] for thing in things] == ["recorded", "unmatched"]


def test_a_loan_on_a_day_that_is_past_stands_as_it_stood_then() -> None:
    village = Village()
    loan = lent(village, 600)
    for session, day in ((2, "2026-02-07"), (3, "2026-03-07")):
        village.secretary.record(e.MeetingOpened(1, session, day))
        village.meet()
        village.treasurer.record(e.LoanRepaid(1, session, loan, 200))
    book = told(village)
    page = book.loans.find(loan.hex())
    assert page is not None
    left = {"2026-01-07": 600, "2026-02-06": 600, "2026-02-07": 400, "2026-03-07": 200}
    for day, owed in left.items():
        stands = standing_of(book, loan.hex(), page, day)
        assert stands is not None
        assert stands.outstanding_minor == owed, day
    assert standing_of(book, loan.hex(), page, "2026-01-06") is None


def test_too_much_paid_on_a_loan_is_told_until_it_is_given_back() -> None:
    village = Village()
    member, loan = village.members[0], lent(village, 500)
    village.treasurer.record(e.LoanRepaid(1, 1, loan, 580))
    (finding,) = findings(told(village), "overpaid_loan")
    assert finding.amounts == (80,)
    village.treasurer.record(e.ClaimPaid(1, 1, member, "overpayment", 79))
    assert findings(told(village), "overpaid_loan")
    village.treasurer.record(e.ClaimPaid(1, 1, member, "overpayment", 1, 2))
    book = told(village)
    assert owed_to(book, member.hex(), "overpayment") == 0
    assert not findings(book, "overpaid_loan")


@pytest.mark.parametrize("rest", [0, 1])
@pytest.mark.parametrize("spent", [300, 301])
def test_where_nothing_is_left_to_share_out_no_rest_is_left_either(spent: int, rest: int) -> None:
    village = Village()
    for member in village.members:
        village.secretary.record(share(member, 100))
    village.treasurer.record(e.ExpensePaid(1, 1, "theft", spent))
    village.meet()
    right = committed(preview_shareout(village.secretary.book, 1), 1)
    assert (right.pool_minor, right.residue_minor) == (300 - spent, 0)
    said = village.secretary.record(replace(right, residue_minor=rest))
    village.agree(said)
    book = told(village)
    assert shareout_of(book, 1) == ("" if rest else said.hex())
    assert bool(findings(book, "shareout_arithmetic")) is bool(rest)


def test_of_what_a_partner_gives_up_as_much_is_followed_as_the_limit_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model.funding.RELEASES_MAX", 3)
    village = Village()
    promised = village.secretary.record(e.FundingPromised(b"", "Tujenge", "loan", 900))
    village.meet()
    released = [
        village.secretary.record(e.FundingReleased(promised, 1, 1, "written_off", 1, line))
        for line in range(1, 6)
    ]
    book = village.secretary.book
    pages = [entry_page(book, name.hex()) for name in released]
    assert [page.reasons == ("too_many",) for page in pages] == [False, False, False, True, True]


# A stopped phone


def test_what_an_investment_brought_on_a_stopped_phone_waits_until_it_is_ratified() -> None:
    world = Stolen()
    village = world.village
    bought = world.thief.record(e.InvestmentBought(1, 1, "business", "A mill", 200))
    village.meet()
    world.spared = set(world.thief.known)
    brought = world.thief.record(e.InvestmentPaid(bought, 1, 1, 70))
    village.meet()
    assert world.page(brought).status == "suspense"
    assert (balance(world.book, "4050"), balance(world.book, "1090")) == (0, 70)
    world.ratified(brought)
    assert world.page(brought).status == "counted"
    assert (balance(world.book, "4050"), balance(world.book, "1090")) == (-70, 0)


# What is shown


def test_books_that_differ_in_an_amount_alone_are_told_apart() -> None:
    digests = set()
    for amount in (300, 400):
        village = Village()
        village.secretary.record(e.SocialContributed(1, 1, village.members[0], amount))
        village.meet()
        digests.add(told(village).digest())
    assert len(digests) == 2


def test_who_asks_for_too_much_is_the_one_whom_it_is_said_of() -> None:
    village = Village()
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 90_000, "seed", 2))
    village.meet()
    limits = [one for one in list_findings(told(village)) if one.code.startswith("loan_")]
    assert "loan_over_savings" in {one.code for one in limits}
    assert {(one.about, one.subject) for one in limits} == {(loan.hex(), village.members[0].hex())}


@pytest.mark.parametrize("account", CHART, ids=lambda account: account.code)
def test_an_account_is_called_by_plain_words(account: Account) -> None:
    assert re.fullmatch(r"[A-Z][a-z]+([ -]|, )?([a-z]+([ -]|, )?)*", account.name)
    assert account.name[-1].isalpha()


def test_no_page_of_the_book_can_be_changed() -> None:
    """It is replaced: that is how a book knows what is to be stored, and what an undo puts back."""
    pages = [Page]
    for page in pages:
        pages += page.__subclasses__()
    assert len(pages) > 20
    assert all(page.__struct_config__.frozen for page in pages)
