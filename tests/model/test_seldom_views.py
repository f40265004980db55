"""What is seen where a fact is rare: nothing earned, no meeting yet, asked twice, written apart."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from model import events as e
from model.findings import list_findings
from model.funds_view import partners_view
from model.history import audit_view, journal
from model.journal import balance, entry_page
from model.loan_views import loans_view
from model.reckoning.draw import commitment
from model.reckoning.eligibility import Borrower, LendingLimits, Request, reasons_against
from model.reckoning.rates import percent
from model.reckoning.schedules import schedule
from model.reckoning.shareout import share_out
from model.reckoning.shareout_terms import Fund, Saver, ShareOutRules
from model.reckoning.terms import LoanTerms, RoundingRule
from model.wording import KINDS
from tests.model.apart import told
from tests.model.stopped_phones import Stolen
from tests.model.test_receipts import MOBILE, receipt
from tests.model.test_rotations import SEED, started
from tests.strategies import CONSTITUTION, Phone, Village, findings, share

# Sums


@pytest.mark.parametrize("step", [2, 3, 5])
def test_every_instalment_but_the_last_is_a_multiple_of_its_step(step: int) -> None:
    """Also of the smallest one there is above one unit."""
    for principal in range(10_000, 10_012):
        terms = LoanTerms(
            principal, "reducing_instalment", percent("3"), 5,
            rounding=RoundingRule(instalment_step=step),
        )  # fmt: skip
        *others, _ = [row.total_minor for row in schedule(terms).instalments]
        assert all(total % step == 0 for total in others)


def test_a_loan_whose_last_day_is_not_known_yet_is_not_after_the_end_of_the_cycle() -> None:
    borrower, limits = Borrower(1_000), LendingLimits()
    request = Request(500, 2, cycle_ends_on="2026-12-31")
    assert reasons_against(request, borrower, limits) == ()
    later = request._replace(last_due_on="2027-01-01")
    assert [one.rule for one in reasons_against(later, borrower, limits)] == ["cycle_end"]


def test_where_nothing_was_earned_savings_are_given_back_whatever_the_weights_are() -> None:
    savers = [Saver(number, paid_in_minor=100 * number) for number in (1, 2, 3)]
    rules = ShareOutRules(basis="amount_time", capital="returned_first")
    found = share_out(Fund(600), savers, rules)  # all came on the last day: nobody has a weight
    assert [row.net_minor for row in found.rows] == [100, 200, 300]
    assert (found.profit_minor, found.residue_minor) == (0, 0)


@pytest.mark.parametrize("fee", [0, 20])
def test_a_settlement_shows_no_account_that_it_does_not_change(fee: int) -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(share(member, 300))
    village.meet()
    event = e.MemberExited(1, 1, member, "left", 3, 300, fee_minor=fee, paid_minor=300 - fee)
    exited = village.secretary.record(event)
    village.agree(exited)
    book = told(village)
    (row,) = [row for row in audit_view(book) if row["id"] == exited.hex()]
    assert len(row["changes"]) == 3 + bool(fee)
    assert all(one["before"] != one["after"] for one in row["changes"])
    assert all(line.amount_minor for entry in journal(book) for line in entry.lines)


def test_the_draw_of_a_merry_go_round_is_called_by_its_name() -> None:
    village = Village()
    rotation = started(village, order="drawn", commitment=bytes.fromhex(commitment(SEED)))
    drawn = village.secretary.record(e.RotationDrawn(rotation, SEED))
    village.meet()
    book = told(village)
    assert KINDS[entry_page(book, drawn.hex()).kind] == "the draw of the merry-go-round"
    kinds = {row["id"]: row["kind"] for row in audit_view(book)}
    assert kinds[drawn.hex()] == "rotation.drawn"


def test_what_is_counted_beside_the_books_is_shown_to_programs_by_its_name() -> None:
    village = Village()
    member = village.members[0].hex()
    village.secretary.record(share(village.members[0], 300))
    village.secretary.record(e.FineLevied(1, 1, village.members[0], "late", 50))
    village.meet()
    changes = [
        (one["account"], one["after"])
        for row in audit_view(told(village))
        for one in row["changes"]
        if one["subject"] == member
    ]
    assert {*changes} >= {("shares", 3), ("fines_due", 50)}


@pytest.mark.parametrize("count", [12, 13])
def test_receipts_without_a_purpose_are_named_while_they_are_a_dozen_at_most(count: int) -> None:
    village = Village()
    for number in range(count):
        village.secretary.record(receipt(10, f"R{number}"))
    village.meet()
    book = told(village)
    named, together = findings(book, "unmatched_receipt"), findings(book, "unmatched_receipts")
    assert len(named) == (12 if count == 12 else 0)
    assert [one.amounts for one in together] == ([] if count == 12 else [(130, 13)])


# Before anybody opened a meeting


def test_of_a_loan_that_was_brought_over_before_any_meeting_nothing_is_late() -> None:
    """No day is known then: whatever its own day, nobody says what is overdue."""
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    member = phone.record(e.MemberAdded(1, "2026-01-01"))
    loan = phone.record(e.OpeningBalanceSet(member, "loan", 700, 0, "2020-01-01"))
    assert not [one for one in list_findings(phone.book) if one.code.startswith("loan_")]
    (row,) = loans_view(phone.book)
    assert (row["id"], row["overdue_minor"], row["days_past_due"]) == (loan.hex(), 0, 0)
    phone.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
    phone.record(e.MeetingOpened(1, 1, "2026-01-07"))
    assert [one.amounts[0] for one in findings(phone.book, "loan_default_due")] == [700]


# Said twice, objected to, taken back


@pytest.mark.parametrize("closed", [True, False])
def test_an_objection_in_a_closed_meeting_is_a_dispute_that_it_was_closed_with(
    closed: bool,
) -> None:
    village = Village()
    entry = village.secretary.record(share(village.members[0], 300))
    village.meet()
    objection = village.treasurer.record(e.EntryDisputed(entry, 1, 1, b"", "I paid more"))
    village.meet()
    if closed:
        village.secretary.record(e.MeetingClosed(1, 1, ()))
    assert [one.amounts for one in findings(told(village), "close_with_disputes")] == (
        [(1,)] * closed
    )
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, objection, "settled"))
    book = told(village)
    assert not findings(book, "close_with_disputes") + findings(book, "disputed_entry")


@pytest.mark.parametrize("chosen", [0, 1])
def test_who_answers_for_a_loan_is_said_by_the_request_that_officers_chose(chosen: int) -> None:
    """Two officers wrote the request down, with another guarantor each."""
    village = Village()
    borrower, *others = village.members
    phones = (village.secretary, village.treasurer)
    requests = [
        phone.record(
            e.LoanApplied(1, 1, borrower, 500, "seed", 2, guarantors=(e.Guarantee(other, 90),))
        )
        for phone, other in zip(phones, others, strict=True)
    ]
    village.meet()
    assert findings(told(village), "disputed_amount")
    village.agree(village.chairperson.record(e.ConflictResolved(requests[chosen], 1, 1)))
    book = told(village)
    for row in loans_view(book):
        assert [(one["member"], one["amount_minor"]) for one in row["guarantors"]] == [
            (others[chosen].hex(), 90)
        ]
    assert loans_view(book)


def test_officers_are_no_longer_asked_about_a_request_that_was_taken_back() -> None:
    village = Village()
    asked = [
        village.secretary.record(
            e.WithdrawalRequested(1, 1, 90, "expense", b"", "Baraka", line=line)
        )
        for line in (1, 2)
    ]
    village.meet()
    assert {one.about for one in findings(told(village), "waits_for_approval")} == {
        name.hex() for name in asked
    }
    village.treasurer.record(e.EntryReversed(1, 1, asked[0], "not so"))
    assert [one.about for one in findings(told(village), "waits_for_approval")] == [asked[1].hex()]


def test_a_close_that_one_more_officer_must_sign_waits_until_that_one_did() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"meeting.closed": 3}))
    village.meet()
    close = village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.agree(close, village.treasurer)
    assert told(village).waiting.find(close.hex()) == "meeting.closed"
    village.agree(close, village.chairperson)
    assert told(village).waiting.find(close.hex()) is None


def test_what_one_person_decides_alone_is_followed_as_often_as_the_limit_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A founding takes few decisions; what comes after so many has no effect, and says so."""
    monkeypatch.setattr("model.alone.ALONE_MAX", 4)
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    titles: list[e.Title] = ["key_holder", "money_counter", "key_holder", "money_counter"]
    names = [phone.record(e.OfficerElected(title, phone.person)) for title in titles]
    pages = [entry_page(phone.book, name.hex()) for name in names]
    assert [page.reasons == ("too_many",) for page in pages] == [False, False, False, True]
    assert [one.about for one in findings(phone.book, "too_many")] == [names[-1].hex()]


@pytest.mark.parametrize("meetings", [1, 2, 3])
def test_who_wrote_out_of_office_is_told_in_that_meeting_and_the_next(meetings: int) -> None:
    """Of a treasurer who did not hear of the election; later it was read out long ago."""
    village = Village()
    village.elect("treasurer", village.chairperson.person)
    village.chairperson.learns_from(village.secretary)
    late = village.treasurer.record(e.ExpensePaid(1, 1, "rent", 90))
    village.meet()
    for session in range(2, meetings + 1):
        village.secretary.record(e.MeetingOpened(1, session, f"2026-0{session}-07"))
    village.meet()
    told_of = [one.entries for one in findings(told(village), "after_office")]
    assert told_of == ([(late.hex(),)] if meetings <= 2 else [])


# A stopped phone


@pytest.mark.parametrize("how", ["named", "ratified", "neither"])
def test_a_partner_of_a_stopped_phone_is_there_when_others_say_so(how: str) -> None:
    world = Stolen("secretary")
    village = world.village
    partner = world.thief.record(e.PartnerSet(b"", "Tujenge", "ngo", "Neema"))
    village.meet()
    assert partners_view(world.book) == []
    if how == "named":
        village.treasurer.record(e.FundingPromised(partner, "", "grant", 900))
    elif how == "ratified":
        world.ratified(partner, by="chairperson")
    rows = [(row["id"], row["name"], row["contact"]) for row in partners_view(world.book)]
    assert rows == ([] if how == "neither" else [(partner.hex(), "Tujenge", "Neema")])


def test_of_receipts_with_one_reference_a_stopped_phone_fills_half_and_leaves_room() -> None:
    world = Stolen()
    forged = [world.thief.record(receipt(10, provider=f"forged{number}")) for number in range(9)]
    assert [world.page(name).status for name in forged] == ["suspense"] * 8 + ["void"]
    assert world.page(forged[-1]).reasons == ("too_many",)
    honest = world.village.secretary.record(receipt(500))
    world.village.meet()
    assert world.page(honest).status == "counted"
    assert balance(world.book, MOBILE) == 500
