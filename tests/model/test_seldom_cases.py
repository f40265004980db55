"""Cases that are rare in a village: said twice alike, decided already, too old, worth nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from model import events as e
from model.cash_watch import MEETINGS_MAX
from model.findings import list_findings
from model.journal import balance, entry_page
from model.loan_views import loans_view
from model.postings import Postings
from model.reckoning.account import account
from model.reckoning.accrual import InterestRule
from model.reckoning.calendar import DuePlan
from model.reckoning.rates import Rate, percent
from model.reckoning.schedules import schedule
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Fund, Saver, ShareOutRules
from model.reckoning.terms import LoanTerms, RoundingRule
from model.stopped import STOPPED
from tests.model.apart import lent, told
from tests.model.seals import book_of, close_meeting, closing, rows, seal
from tests.model.stopped_phones import Stolen
from tests.model.test_payouts import attempt, result
from tests.model.test_withdrawals import agree, ask
from tests.strategies import Phone, Village, findings, savings, share

NOBODY = b"n" * 17

# What has no effect


def test_an_entry_without_effect_that_names_no_money_shows_none() -> None:
    village = Village()
    void = village.secretary.record(e.MemberStatusSet(NOBODY, "inactive", "2026-01-07"))
    page = entry_page(told(village), void.hex())
    assert (page.status, page.amount) == ("void", 0)
    (finding,) = [one for one in list_findings(village.book) if one.about == void.hex()]
    assert finding.amounts == ()


def test_what_never_had_an_effect_is_not_taken_back() -> None:
    village = Village()
    void = village.treasurer.record(e.LoanRepaid(1, 1, NOBODY, 100))
    village.meet()
    back = village.chairperson.record(e.EntryReversed(1, 1, void, "it was nothing"))
    village.meet()
    book = told(village)
    assert entry_page(book, void.hex()).status == "void"
    page = entry_page(book, back.hex())
    assert (page.status, page.reasons) == ("void", ("not_reversible",))


# Offices, decisions, meetings


def test_an_office_that_officers_left_vacant_is_not_left_vacant_again() -> None:
    village = Village()
    third = Phone("new phone", "Kamau")
    third.learns_from(village.secretary)
    village.phones.append(third)
    village.elect("key_holder", third.person)
    village.meet()
    village.elect("key_holder", b"")
    village.meet()
    again = village.treasurer.record(e.OfficerProposed("key_holder", b""))
    village.meet()
    assert entry_page(told(village), again.hex()).reasons == ("already_vacant",)


def test_a_loan_is_given_up_by_three_officers() -> None:
    village = Village()
    loan = lent(village)
    given_up = village.treasurer.record(e.LoanWrittenOff(loan, 1, 1, 100, "moved away"))
    village.agree(given_up, village.secretary)
    book = told(village)
    assert [one.kind for _, one in book.decisions.rows() if one.kind == "loan.written_off"]
    assert balance(book, "5020") == 0
    village.agree(given_up, village.chairperson)
    assert balance(told(village), "5020") == 100


def test_phones_that_open_a_meeting_on_one_day_do_not_differ() -> None:
    village = Village()
    village.treasurer.record(e.MeetingOpened(1, 1, "2026-01-07"))
    village.meet()
    assert not findings(told(village), "meeting_dates_differ")
    second = village.treasurer.record(e.MeetingOpened(1, 1, "2026-01-08"))
    village.meet()
    third = village.chairperson.record(e.MeetingOpened(1, 1, "2026-01-07"))
    village.meet()
    (finding,) = findings(told(village), "meeting_dates_differ")
    assert {second.hex(), third.hex()} <= set(finding.entries)


@pytest.mark.parametrize("since", [0, 1])
def test_an_outflow_is_looked_for_in_the_newest_meetings(since: int) -> None:
    village = Village()
    spent = village.treasurer.record(e.ExpensePaid(1, 1, "rent", 300))
    village.meet()
    for session in range(2, MEETINGS_MAX + 1 + since):
        village.secretary.record(e.MeetingOpened(1, session, f"2026-02-{session:02}"))
    (finding,) = findings(told(village), "overdrawn")
    assert MEETINGS_MAX == 4
    assert finding.entries == (() if since else (spent.hex(),))


# Closes and seals


def test_a_late_entry_that_a_sealed_meeting_accepted_stays_there_when_a_close_holds_it() -> None:
    """Another phone closed the first meeting over it, apart: it came late no more."""
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    apart = Phone("chairperson's copied phone", "Achieng")
    apart.learns_from(village.chairperson)
    village.phones.append(apart)
    late = village.treasurer.record(share(village.members[1], 200))
    apart.learns_from(village.treasurer)
    close_meeting(apart)
    known = [village.secretary, village.treasurer, village.chairperson]
    close_meeting(village.secretary)
    village.phones = known
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.agree(village.secretary.record(e.LateEntryAccepted(late, 1, 2)), village.chairperson)
    seal(village, 2)
    assert set(rows(book_of(village.entries), (1, 2))) == {late.hex()}
    village.phones.append(apart)
    book = book_of(village.entries)
    page = entry_page(book, late.hex())
    assert not page.late
    assert [part.key for part in Postings(book).parts(late.hex(), page)] == [(1, 2)]
    assert late.hex() not in rows(book)


def test_two_phones_that_reckon_differently_are_told_of_the_meeting_and_not_of_a_person() -> None:
    village = Village()
    for phone, mark in ((village.secretary, b"1"), (village.treasurer, b"2")):
        phone.record(replace(closing(phone.book, 1, 1), journal_digest=mark * 32))
    (finding,) = findings(book_of(village.entries), "reckoned_differently")
    assert (finding.subject, finding.cycle, finding.session) == ("", 1, 1)


# Loans


def test_a_loan_from_before_the_books_is_of_the_loan_fund() -> None:
    village = Village()
    opening = e.OpeningBalanceSet(village.members[0], "loan", 3000, 0, "2026-01-01")
    village.secretary.record(opening)
    (loan,) = loans_view(told(village))
    assert loan["fund"] == "loan_fund"


def test_interest_rounded_by_the_running_total_comes_to_the_rounded_whole() -> None:
    """Interest of 4 tenths a month: no coin in any month, or one when they come to one."""
    terms = LoanTerms(40, "interest_only", Rate(1, 100), 5, rounding=RoundingRule("half_up"))
    each = [row.interest_minor for row in schedule(terms).instalments]
    assert each == [0, 0, 0, 0, 0]
    running = terms._replace(rounding=RoundingRule("half_up", interest="cumulative"))
    assert [row.interest_minor for row in schedule(running).instalments] == [0, 1, 0, 1, 0]


def test_interest_of_one_day_is_that_of_its_one_night() -> None:
    terms = LoanTerms(
        1_000_00, "interest_only", percent("1", "day"), 2, "2026-01-01", DuePlan("day")
    )
    found = account(terms, [], "2026-01-03", interest=InterestRule("daily_balance"))
    interest = [row.amount_minor for row in found.rows if row.kind == "interest"]
    assert interest == [10_00, 10_00]


# Share-outs, payouts


def test_a_share_of_nothing_is_worth_nothing() -> None:
    nobody = share_out(Fund(0), [Saver(1)], ShareOutRules(basis="amount"))
    assert nobody.weights == 0
    assert nobody.value_per_share == 0
    assert nobody.value_paid_per_share == 0


def test_a_providers_fee_is_a_cost_whatever_becomes_of_the_request() -> None:
    village = Village()
    asked = ask(village)
    village.treasurer.record(attempt(asked))
    village.treasurer.record(result(asked, "success", fee=15))
    village.meet()
    steps = (
        lambda: village.chairperson.record(e.ApprovalGiven(asked, 1, 1)),
        lambda: village.chairperson.record(e.ApprovalWithdrawn(asked)),
        lambda: village.secretary.record(e.WithdrawalCancelled(asked, 1, 1)),
        lambda: agree(village, asked),
    )
    for step in steps:
        step()
        village.meet()
        book = told(village)
        assert (balance(book, "5060"), balance(book, "1040")) == (15, -615)


# Of a stopped phone


def test_a_choice_that_officers_replaced_brings_nothing_in() -> None:
    """They chose what a stopped phone wrote, and then, knowing that, what another one did."""
    world = Stolen()
    village, member = world.village, world.village.members[0]
    false = world.thief.record(share(member, 500))
    right = village.secretary.record(share(member, 300))
    village.meet()
    first = village.chairperson.record(e.ConflictResolved(false, 1, 1))
    village.agree(first, village.secretary)
    assert savings(world.book, member) == 500
    second = village.secretary.record(e.ConflictResolved(right, 1, 1))
    village.agree(second, village.chairperson)
    assert world.page(first).reasons == ("replaced",)
    assert savings(world.book, member) == 300
    page = world.page(false)
    assert (page.status, page.reasons) == ("suspense", (STOPPED,))
