"""Partners and their money: promised, received, paid back, given up, each where it belongs."""

from typing import Literal

import pytest

from model import events as e
from model.book import Book
from model.fund_pages import FundingPage
from model.funding import derive_funding, outstanding_minor, owed_minor
from model.journal import balance, entry_page
from tests.strategies import Phone, Village, findings

Kind = Literal["grant", "conditional_grant", "loan", "returnable"]


def promise(
    village: Village, kind: Kind, amount: int = 10_000, due_on: str = "", line: int = 1
) -> bytes:
    event = e.FundingPromised(b"", "Tujenge", kind, amount, "seed fund", 50_000, due_on, line)
    promised = village.secretary.record(event)
    village.meet()
    return promised


def funding(book: Book) -> FundingPage:
    ((_, page),) = book.fundings.rows()
    return page


@pytest.mark.parametrize(
    ("kind", "account"),
    [("grant", "3040"), ("conditional_grant", "2050"), ("loan", "2040"), ("returnable", "2040")],
)
def test_money_stands_where_its_kind_says(kind: Kind, account: str) -> None:
    village = Village()
    promised = promise(village, kind)
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 4_000))
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 2_000, 2, "box"))
    book = village.book
    assert balance(book, account) == -6_000
    assert (balance(book, "1030"), balance(book, "1010")) == (4_000, 2_000)
    page = funding(book)
    assert (page.promised_minor, page.received_minor) == (10_000, 6_000)
    assert owed_minor(page) == (0 if kind == "grant" else 6_000)


def test_a_loan_is_paid_back_with_interest() -> None:
    village = Village()
    promised = promise(village, "loan")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 10_000))
    village.treasurer.record(e.FundingRepaid(promised, 1, 1, 4_000, 250))
    village.treasurer.record(e.FundingRepaid(promised, 1, 1, 0, 100, 2))
    book = village.book
    assert (balance(book, "2040"), balance(book, "5030")) == (-6_000, 350)
    assert balance(book, "1030") == 10_000 - 4_350
    page = funding(book)
    assert (page.repaid_minor, page.interest_minor, outstanding_minor(page)) == (4_000, 350, 6_000)
    assert not findings(book, "funding_overpaid")


def test_more_paid_back_than_came_is_pointed_out_until_it_is_reversed() -> None:
    village = Village()
    promised = promise(village, "returnable")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 3_000))
    village.treasurer.record(e.FundingRepaid(promised, 1, 1, 2_000, 0))
    wrong = village.treasurer.record(e.FundingRepaid(promised, 1, 1, 2_000, 0, 2))
    (finding,) = findings(village.book, "funding_overpaid")
    assert finding.amounts == (1_000,)
    assert finding.sentence.startswith("KES 10.00 more went back to Tujenge than had come.")
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, wrong, "not paid"))
    assert not findings(village.book, "funding_overpaid")
    assert funding(village.book).repaid_minor == 2_000
    assert balance(village.book, "2040") == -1_000


def approve(village: Village, entry: bytes) -> None:
    village.meet()
    village.treasurer.record(e.ApprovalGiven(entry, 1, 1))
    village.chairperson.record(e.ApprovalGiven(entry, 1, 1))
    village.meet()


def test_a_condition_that_is_met_makes_a_grant() -> None:
    village = Village()
    promised = promise(village, "conditional_grant")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 8_000))
    met = village.secretary.record(e.FundingReleased(promised, 1, 1, "condition_met", 5_000))
    assert entry_page(village.book, met.hex()).status == "suspense"
    assert balance(village.book, "3040") == 0
    approve(village, met)
    book = village.book
    assert (balance(book, "2050"), balance(book, "3040")) == (-3_000, -5_000)
    assert owed_minor(funding(book)) == 3_000


def test_what_a_partner_gives_up_becomes_a_grant() -> None:
    village = Village()
    promised = promise(village, "loan")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 8_000))
    gone = village.secretary.record(e.FundingReleased(promised, 1, 1, "written_off", 8_000))
    approve(village, gone)
    assert (balance(village.book, "2040"), balance(village.book, "3040")) == (0, -8_000)
    assert outstanding_minor(funding(village.book)) == 0


@pytest.mark.parametrize(("kind", "outcome"), [("grant", "written_off"), ("loan", "condition_met")])
def test_what_is_not_owed_can_not_be_given_up(
    kind: Kind, outcome: Literal["written_off", "condition_met"]
) -> None:
    village = Village()
    promised = promise(village, kind)
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 8_000))
    asked = village.secretary.record(e.FundingReleased(promised, 1, 1, outcome, 100))
    approve(village, asked)
    before = "3040" if kind == "grant" else "2040"
    assert balance(village.book, before) == -8_000
    assert [one.about for one in findings(village.book, "funding_not_owed")] == [asked.hex()]


def test_one_bank_reference_is_one_payment_in_whatever_meeting() -> None:
    village = Village()
    promised = promise(village, "grant")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 700, 1, "bank", "FT 22"))
    village.treasurer.record(e.FundingReceived(promised, 1, 2, 700, 5, "bank", "ft22"))
    assert balance(village.book, "1030") == 700
    assert funding(village.book).received_minor == 700


def test_two_officers_who_note_one_promise_make_one_funding() -> None:
    village = Village()
    event = e.FundingPromised(b"", "Tujenge", "loan", 10_000)
    mine = village.secretary.record(event)
    theirs = village.treasurer.record(e.FundingPromised(b"", " tujenge ", "loan", 10_000))
    village.meet()
    village.treasurer.record(e.FundingReceived(mine, 1, 1, 600))
    village.treasurer.record(e.FundingReceived(theirs, 1, 1, 400, 2))
    assert funding(village.book).received_minor == 1_000
    assert findings(village.book, "corroborated")


@pytest.mark.parametrize("ahead", ["secretary", "treasurer"])
def test_a_disputed_promise_is_posted_as_the_record_keeper_says_whoever_was_first(
    ahead: str,
) -> None:
    village = Village()
    getattr(village, ahead).lamport += 50
    mine = village.secretary.record(e.FundingPromised(b"", "Tujenge", "grant", 10_000))
    village.treasurer.record(e.FundingPromised(b"", "Tujenge", "loan", 9_000))
    village.meet()
    village.treasurer.record(e.FundingReceived(mine, 1, 1, 600))
    book = village.book
    assert (balance(book, "3040"), balance(book, "2040")) == (-600, 0)
    assert funding(book).promised_minor == 10_000
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, mine, "it is a loan"))
    book = village.book
    assert (balance(book, "3040"), balance(book, "2040")) == (0, -600)
    assert (funding(book).kind, funding(book).promised_minor) == ("loan", 9_000)


def test_a_promise_that_is_taken_back_leaves_the_money_where_it_was() -> None:
    village = Village()
    promised = promise(village, "loan")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 600))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, promised, "no promise"))
    book = village.book
    assert balance(book, "2040") == -600
    assert findings(book, "funding_beyond_promise")


def test_money_to_pay_back_is_due_by_the_day_of_the_newest_meeting() -> None:
    village = Village()
    promised = promise(village, "loan", due_on="2026-01-06")
    assert not findings(village.book, "funding_due")
    village.treasurer.record(e.FundingReceived(promised, 1, 1, 600))
    (finding,) = findings(village.book, "funding_due")
    assert finding.amounts == (600, 600)
    village.treasurer.record(e.FundingRepaid(promised, 1, 1, 600, 0))
    assert not findings(village.book, "funding_due")


def test_a_partner_is_described_anew_by_one_who_knew() -> None:
    village = Village()
    partner = village.secretary.record(e.PartnerSet(b"", "Tujenge", "ngo", "Neema"))
    village.secretary.record(e.PartnerSet(partner, "Tujenge Trust", "ngo", "Neema", "KE", True))
    (row,) = village.book.partners.rows()
    assert row[0] == partner.hex()
    assert (row[1].name, row[1].verified, row[1].inactive) == ("Tujenge Trust", True, False)
    assert not findings(village.book, "contested_partner")


@pytest.mark.parametrize("ahead", [0, 1])
def test_of_two_descriptions_the_careful_one_holds(ahead: int) -> None:
    village = Village()
    partner = village.secretary.record(e.PartnerSet(b"", "Tujenge", "ngo"))
    old_phone = Phone("old phone", "Wanjiru")
    village.phones.append(old_phone)
    village.meet()
    (village.secretary, old_phone)[ahead].lamport += 50
    village.secretary.record(e.PartnerSet(partner, "Tujenge", "ngo", verified=True))
    old_phone.record(e.PartnerSet(partner, "Tujenge", "ngo", active=False))
    ((_, page),) = village.book.partners.rows()
    assert (page.verified, page.inactive) == (False, True)
    assert findings(village.book, "contested_partner")
    village.meet()
    village.secretary.record(e.PartnerSet(partner, "Tujenge", "ngo", verified=True))
    ((_, page),) = village.book.partners.rows()
    assert (page.verified, page.inactive) == (True, False)
    assert not findings(village.book, "contested_partner")


def test_an_inactive_partner_with_money_promised_and_a_partner_named_twice_are_told() -> None:
    village = Village()
    partner = village.secretary.record(e.PartnerSet(b"", "Tujenge", "ngo"))
    village.secretary.record(e.FundingPromised(partner, "", "grant", 900))
    village.secretary.record(e.PartnerSet(b"", "TUJENGE ", "mfi"))
    assert findings(village.book, "partner_twice")
    village.secretary.record(e.PartnerSet(partner, "Tujenge", "ngo", active=False))
    (finding,) = findings(village.book, "partner_inactive")
    assert finding.amounts == (900,)
    assert not findings(village.book, "partner_twice")


def test_money_for_a_funding_that_is_not_there_has_no_effect() -> None:
    village = Village()
    nothing = bytes(17)
    for event in (
        e.FundingReceived(nothing, 1, 1, 600),
        e.FundingRepaid(nothing, 1, 1, 600, 0),
        e.FundingPromised(nothing, "x", "grant", 5),
        e.FundingReceived(village.members[0], 1, 1, 600),
    ):
        entry = village.treasurer.record(event)
        page = entry_page(village.book, entry.hex())
        assert (page.status, page.reasons) == ("void", ("unknown_reference",))


def test_what_is_added_up_along_the_way_is_what_reckoning_anew_gives() -> None:
    village = Village()
    promised = promise(village, "returnable")
    for line in range(1, 6):
        village.treasurer.record(e.FundingReceived(promised, 1, 1, 100 * line, line))
        village.treasurer.record(e.FundingRepaid(promised, 1, 1, 50, line, line))
    book = village.book
    ((thing, page),) = book.fundings.rows()
    derive_funding(book, thing)
    assert book.fundings.find(thing) == page
    assert (page.received_minor, page.repaid_minor, page.interest_minor) == (1_500, 250, 15)
