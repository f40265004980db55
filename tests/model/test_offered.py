"""What others built on entries of a stopped phone stands, and says so: it has happened."""

from __future__ import annotations

from model import events as e
from model.derived import derive, settle_up
from model.held_kinds import HELD
from model.journal import balance
from model.offered import OFFERS
from model.reducer import WORK
from model.statements import passbook_view
from model.views import members_view
from tests.model.laws import everything
from tests.model.stopped_phones import Stolen, shown
from tests.strategies import savings, share


def test_every_kind_that_names_something_is_offered() -> None:
    offered = {row.kind for row in e.EVENTS if row.event_class in OFFERS}
    assert {kind for kind, (how, _) in HELD.items() if how == "name"} <= offered
    assert {kind for kind in offered if HELD[kind][0] == "aside"} == set()


def test_money_of_a_member_whom_a_stopped_phone_added_counts_and_says_so() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    added = stolen.thief.record(e.MemberAdded(9, "2026-01-07"))
    assert added.hex() not in {row["id"] for row in members_view(stolen.book)}
    village.meet()
    paid = village.treasurer.record(share(added, 200))
    village.meet()
    assert savings(stolen.book, added) == 200
    assert stolen.page(paid).reasons == ("rests_on_suspense",)
    (row,) = [row for row in members_view(stolen.book) if row["id"] == added.hex()]
    assert row["status"] == "unconfirmed"
    assert passbook_view(stolen.book, added.hex())["lines"]
    (entry,) = stolen.view()["entries"]
    assert entry["resting"] == 1
    device = stolen.thief.device
    verdict = village.treasurer.record(e.SuspenseRatified(device, (added,), 1, 1))
    village.agree(verdict, village.chairperson)
    assert stolen.page(paid).reasons == ()
    (row,) = [row for row in members_view(stolen.book) if row["id"] == added.hex()]
    assert row["status"] == "active"


def test_what_rests_on_something_rejected_stands_and_says_so() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    added = stolen.thief.record(e.MemberAdded(9, "2026-01-07"))
    village.meet()
    paid = village.treasurer.record(share(added, 200))
    village.meet()
    device = stolen.thief.device
    verdict = village.treasurer.record(e.SuspenseRejected(device, (), 1, 1))
    village.agree(verdict, village.chairperson)
    assert savings(stolen.book, added) == 200
    assert stolen.page(paid).reasons == ("rests_on_rejected",)
    (row,) = [row for row in members_view(stolen.book) if row["id"] == added.hex()]
    assert row["status"] == "unconfirmed"


def test_a_loan_that_a_stopped_phone_handed_over_is_paid_back() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    loan = village.secretary.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
    village.meet()
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    village.meet()
    stolen.spared = set(stolen.thief.known)
    handed = stolen.thief.record(e.LoanDisbursed(1, 1, loan, 500))
    village.meet()
    village.secretary.record(e.LoanRepaid(1, 1, loan, 200))
    village.meet()
    assert stolen.cash() == 200
    assert balance(stolen.book, "1090") == -500
    stolen.ratified(handed)
    assert stolen.cash() == -300
    assert balance(stolen.book, "1100", loan.hex()) == 300


def test_a_loan_that_only_a_stopped_phone_asked_for_stands_when_others_pay_it_out() -> None:
    stolen = Stolen("secretary")
    village, member = stolen.village, stolen.village.members[0]
    loan = stolen.thief.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
    village.meet()
    assert stolen.book.open_loans.find(loan.hex()) is None
    village.chairperson.record(e.LoanApproved(1, 1, loan, 500, "flat", 0, 2))
    village.meet()
    handed = village.treasurer.record(e.LoanDisbursed(1, 1, loan, 500))
    village.meet()
    assert balance(stolen.book, "1100", loan.hex()) == 500
    assert stolen.page(handed).reasons == ("rests_on_suspense",)
    assert stolen.book.open_loans.find(loan.hex()) == member.hex()
    assert not shown(stolen.book, "loan_not_approved")


def test_what_a_stopped_phone_asked_for_and_others_paid_counts_as_paid() -> None:
    stolen = Stolen("secretary")
    village, member = stolen.village, stolen.village.members[0]
    village.treasurer.record(share(member, 500))
    request = stolen.thief.record(e.WithdrawalRequested(1, 1, 80, "social", member))
    village.meet()
    assert stolen.book.open_requests.find(next(iter(stolen.book.withdrawals))) is None
    paid = village.treasurer.record(e.WithdrawalPaid(request, 1, 1))
    village.meet()
    assert balance(stolen.book, "3010") == 80
    assert "rests_on_suspense" in stolen.page(paid).reasons
    assert shown(stolen.book, "paid_without_approval")
    village.agree(request, village.chairperson, village.treasurer)
    assert not shown(stolen.book, "paid_without_approval"), "they meant it"
    assert stolen.page(request).status == "suspense"


def test_the_word_of_the_one_who_asked_on_a_stopped_phone_does_not_count() -> None:
    stolen = Stolen("secretary")
    village, member = stolen.village, stolen.village.members[0]
    request = stolen.thief.record(e.WithdrawalRequested(1, 1, 80, "social", member))
    village.meet()
    village.treasurer.record(e.WithdrawalPaid(request, 1, 1))
    village.meet()
    village.agree(request, village.chairperson)
    assert shown(stolen.book, "paid_without_approval"), "one officer agreed, and a thief"


def test_its_amount_is_not_what_another_officer_asks_for() -> None:
    stolen = Stolen("secretary")
    village, member = stolen.village, stolen.village.members[0]
    stolen.thief.record(e.WithdrawalRequested(1, 1, 1, "social", member))
    mine = village.treasurer.record(e.WithdrawalRequested(1, 1, 80, "social", member))
    village.treasurer.record(e.WithdrawalPaid(mine, 1, 1))
    village.meet()
    assert balance(stolen.book, "3010") == 80, "not before officers agreed"
    village.agree(mine, village.treasurer, village.chairperson)
    assert balance(stolen.book, "3010") == 80, "and not after"


def test_a_merry_go_round_that_a_stopped_phone_began_holds_the_money_paid_in() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    slots = tuple(village.members)
    begun = stolen.thief.record(e.RotationStarted(1, 1, 100, slots))
    village.meet()
    paid = village.treasurer.record(e.RotationPaidIn(begun, 1, 1, 1, slots[0], 100))
    village.meet()
    assert balance(stolen.book, "2090", slots[0].hex()) == -100
    assert "rests_on_suspense" in stolen.page(paid).reasons


def test_a_meeting_that_only_a_stopped_phone_opened_has_its_day_until_another_opens_it() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    stolen.thief.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.meet()
    assert stolen.book.meetings.find((1, 2)) is None
    village.treasurer.record(share(village.members[0], 100, session=2))
    village.meet()
    meeting = stolen.book.meetings.find((1, 2))
    assert meeting is not None
    assert (meeting.held_on, meeting.opened) == ("2026-01-14", ())
    assert shown(stolen.book, "meeting_not_opened")
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-01-15"))
    village.meet()
    meeting = stolen.book.meetings.find((1, 2))
    assert meeting is not None
    assert meeting.held_on == "2026-01-15"
    assert not shown(stolen.book, "meeting_not_opened")


def test_a_balance_from_paper_that_a_stopped_phone_set_names_its_loan() -> None:
    stolen = Stolen("secretary")
    village, member = stolen.village, stolen.village.members[0]
    loan = stolen.thief.record(e.OpeningBalanceSet(member, "loan", 500, 0, "2026-01-01"))
    village.meet()
    repaid = village.treasurer.record(e.LoanRepaid(1, 1, loan, 200))
    village.meet()
    assert stolen.cash() == 200
    assert "rests_on_suspense" in stolen.page(repaid).reasons
    device = stolen.thief.device
    verdict = village.treasurer.record(e.SuspenseRatified(device, (), 1, 1))
    village.agree(verdict, village.chairperson)
    assert balance(stolen.book, "1100", loan.hex()) == 300
    assert stolen.book.member_loans.find(member.hex()) == (loan.hex(),)


def test_money_of_a_partner_whom_a_stopped_phone_registered_counts() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    partner = stolen.thief.record(e.PartnerSet(b"", "Tujenge", "ngo"))
    village.meet()
    promise = village.treasurer.record(e.FundingPromised(partner, "", "grant", 500))
    village.meet()
    village.treasurer.record(e.FundingReceived(promise, 1, 1, 300))
    village.meet()
    assert balance(stolen.book, "3040") == -300
    assert stolen.page(promise).reasons == ("rests_on_suspense",)


def test_words_about_it_do_not_rest_on_it() -> None:
    stolen = Stolen()
    village = stolen.village
    paid = stolen.thief.record(share(village.members[0], 300))
    village.meet()
    objection = village.secretary.record(e.EntryDisputed(paid, 1, 1, b"", "not so"))
    village.meet()
    assert stolen.page(objection).reasons == ()
    (row,) = stolen.view()["entries"]
    assert row["resting"] == 0


def test_what_a_stopped_phone_alone_asked_for_is_no_open_loan_however_often_it_is_read() -> None:
    stolen = Stolen("secretary")
    loan = stolen.thief.record(e.LoanApplied(1, 1, stolen.village.members[0], 500, "seed", 2))
    stolen.thief.record(e.LoanRepaid(1, 1, loan, 100))
    book = stolen.book
    assert book.loans.find(loan.hex()) is not None
    before = everything(book)
    for kind in ("loan.applied", "loan.approved", "loan.disbursed", "loan.repaid"):
        derive(book, kind, loan.hex())
        settle_up(book, WORK)
    assert everything(book) == before
    assert book.open_loans.find(loan.hex()) is None
    stolen.village.meet()
    stolen.village.treasurer.record(e.LoanRepaid(1, 1, loan, 100))
    assert stolen.book.open_loans.find(loan.hex()) is not None
