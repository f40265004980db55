"""What a stopped phone wrote is kept, shown and held until officers ratify or reject it."""

from __future__ import annotations

import pytest

from model import events as e
from model.codec import Unreadable
from model.findings import list_findings
from model.held_kinds import HELD, how_held
from model.history import audit_view
from model.journal import balance
from model.loan_facts import payments
from model.proceedings import decisions_view
from model.statements import meeting_view
from model.views import book_view
from tests.model.apart import lent
from tests.model.stopped_phones import Stolen, shown
from tests.strategies import savings, share


def test_every_kind_has_its_row() -> None:
    assert set(HELD) == {row.kind for row in e.EVENTS}
    assert all(why.strip() for _, why in HELD.values())


def test_money_of_a_stopped_phone_is_in_suspense() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    assert savings(stolen.book, member) == 0
    assert stolen.cash() == 0
    assert balance(stolen.book, "1090") == 300, "it may be somewhere"
    assert stolen.page(paid).status == "suspense"
    assert stolen.page(paid).reasons == ("stopped_device",)


def test_one_finding_says_how_much_waits_and_what_to_do() -> None:
    stolen = Stolen()
    for line, amount in enumerate((300, 200), 1):
        stolen.thief.record(share(stolen.village.members[0], amount, line))
    stolen.thief.record(e.ExpensePaid(1, 1, "airtime", 50))
    (finding,) = shown(stolen.book, "stopped_device")
    assert finding.weight == "task"
    assert finding.sentence == (
        "In suspense, because the phone was stopped: 3 entries of the treasurer's phone "
        "(KES 5.00 received, KES 0.50 paid out). Officers go through them in the meeting, and "
        "ratify or reject them with: mkutano ratify"
    )
    assert len(list_findings(stolen.book)) == 1


def test_what_was_ratified_counts_in_its_own_meeting_while_that_is_open() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    stolen.ratified()
    assert savings(stolen.book, member) == 300
    assert stolen.cash() == 300
    assert balance(stolen.book, "1090") == 0
    assert stolen.page(paid).reasons == ("ratified",)
    assert not shown(stolen.book, "stopped_device")
    assert meeting_view(stolen.book, 1, 1)["totals"]["savings_minor"] == 300


def test_one_officer_alone_ratifies_nothing() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    stolen.thief.record(share(member, 300))
    stolen.village.meet()
    verdict = stolen.village.secretary.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    stolen.village.meet()
    assert savings(stolen.book, member) == 0
    (row,) = [row for row in decisions_view(stolen.book) if row["id"] == verdict.hex()]
    assert row["missing"] == 1
    stolen.village.chairperson.record(e.ApprovalGiven(verdict, 1, 1))
    assert savings(stolen.book, member) == 300


def test_the_stopped_phone_has_no_word_in_it() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    stolen.thief.record(share(member, 300))
    stolen.village.meet()
    verdict = stolen.village.secretary.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    stolen.village.meet()
    stolen.thief.record(e.ApprovalGiven(verdict, 1, 1))
    stolen.thief.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    stolen.village.meet()
    assert savings(stolen.book, member) == 0


def test_officers_who_ratify_apart_agree_about_what_both_knew() -> None:
    stolen = Stolen()
    village, (one, two, _) = stolen.village, stolen.village.members
    stolen.thief.record(share(one, 300))
    village.secretary.learns_from(stolen.thief)
    village.secretary.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    later = stolen.thief.record(share(two, 200))
    village.chairperson.learns_from(stolen.thief)
    village.chairperson.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    village.meet()
    assert savings(stolen.book, one) == 300
    assert stolen.page(later).status == "suspense", "only one of them knew of it"


def test_all_reaches_nothing_that_comes_to_light_later() -> None:
    stolen = Stolen()
    village, (one, two, _) = stolen.village, stolen.village.members
    stolen.thief.record(share(one, 300))
    for other in (village.secretary, village.chairperson):
        other.learns_from(stolen.thief)
    verdict = village.secretary.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    village.chairperson.learns_from(village.secretary)
    village.chairperson.record(e.ApprovalGiven(verdict, 1, 1))
    later = stolen.thief.record(share(two, 200))
    village.meet()
    assert savings(stolen.book, one) == 300
    assert stolen.page(later).status == "suspense"
    (finding,) = shown(stolen.book, "stopped_device")
    assert finding.amounts[0] == 1


def test_officers_ratify_one_entry_and_reject_another() -> None:
    stolen = Stolen()
    one, two, _ = stolen.village.members
    real = stolen.thief.record(share(one, 300))
    false = stolen.thief.record(share(two, 200))
    stolen.ratified(real)
    stolen.rejected(false)
    assert savings(stolen.book, one) == 300
    assert savings(stolen.book, two) == 0
    assert stolen.page(false).status == "void"
    assert stolen.page(false).reasons == ("rejected_suspense",)
    assert balance(stolen.book, "1090") == 0
    rows = {row["id"]: row for row in stolen.view()["entries"]}
    assert rows[false.hex()]["verdict"] == "rejected", "it is shown for ever"
    assert rows[real.hex()]["verdict"] == "ratified"


def test_in_a_closed_meeting_it_counts_where_officers_ratified_it() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    village.meet()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    stolen.ratified(at=(1, 2))
    assert savings(stolen.book, member) == 300
    assert stolen.page(paid).late, "whoever closed the meeting did not count it"
    assert meeting_view(stolen.book, 1, 1)["totals"]["savings_minor"] == 0
    assert meeting_view(stolen.book, 1, 2)["totals"]["savings_minor"] == 300
    (row,) = [row for row in audit_view(stolen.book) if row["id"] == paid.hex()]
    assert row["accepted_in"] == "1/2"


def test_a_close_holds_what_its_author_knew_to_be_ratified() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    stolen.ratified()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    assert not stolen.page(paid).late
    assert meeting_view(stolen.book, 1, 1)["totals"]["savings_minor"] == 300


def test_one_officer_alone_rejects_nothing() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    new = stolen.second_phone()
    paid = stolen.thief.record(share(member, 300))
    village.meet()
    village.secretary.record(e.SuspenseRatified(stolen.thief.device, (), 1, 1))
    village.chairperson.record(e.SuspenseRatified(stolen.thief.device, (paid,), 1, 1))
    new.record(e.SuspenseRejected(stolen.thief.device, (), 1, 1))
    village.meet()
    assert stolen.page(paid).reasons == ("ratified",)


def test_a_later_verdict_takes_the_place_of_the_one_it_knew() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    stolen.rejected()
    assert stolen.page(paid).status == "void"
    stolen.ratified(paid)
    assert savings(stolen.book, member) == 300
    stolen.rejected(paid, by="chairperson")
    assert savings(stolen.book, member) == 0


def test_apart_a_rejection_holds() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    village.meet()
    device = stolen.thief.device
    yes = village.secretary.record(e.SuspenseRatified(device, (), 1, 1))
    no = village.chairperson.record(e.SuspenseRejected(device, (), 1, 1))
    village.secretary.learns_from(village.chairperson)
    village.secretary.record(e.ApprovalGiven(no, 1, 1))
    village.chairperson.known[yes] = village.secretary.known[yes]
    village.chairperson.record(e.ApprovalGiven(yes, 1, 1))
    village.meet()
    assert stolen.page(paid).status == "void"


def test_a_verdict_that_was_taken_back_leaves_it_in_suspense() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    stolen.thief.record(share(member, 300))
    verdict = stolen.ratified()
    assert savings(stolen.book, member) == 300
    taken = stolen.village.chairperson.record(e.EntryReversed(1, 1, verdict, "not so"))
    stolen.village.agree(taken, stolen.village.secretary)
    assert savings(stolen.book, member) == 0
    assert shown(stolen.book, "stopped_device")


def test_a_verdict_on_what_is_held_no_more_does_no_harm() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    verdict = stolen.rejected()
    assert savings(stolen.book, member) == 0
    stolen.spared = {paid, *stolen.spared}  # the suspension was lifted
    assert savings(stolen.book, member) == 300
    assert stolen.page(verdict).reasons == ("nothing_held",)
    assert [one.weight for one in shown(stolen.book, "nothing_held")] == ["notice"]


def test_the_same_payment_told_by_another_officer_counts_once() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    paid = stolen.thief.record(share(member, 300))
    told = village.secretary.record(share(member, 300))
    village.meet()
    assert savings(stolen.book, member) == 300
    assert balance(stolen.book, "1090") == 0, "the cash is in the box"
    assert stolen.page(paid).status == "suspense"
    assert stolen.page(told).reasons == ()
    stolen.ratified()
    assert savings(stolen.book, member) == 300
    assert {stolen.page(paid).status, stolen.page(told).status} == {"counted", "corroborating"}


def test_it_disputes_nothing_before_it_is_ratified() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    stolen.thief.record(share(member, 500))
    village.secretary.record(share(member, 300))
    village.meet()
    assert savings(stolen.book, member) == 300
    assert not shown(stolen.book, "disputed_amount")
    stolen.ratified()
    assert shown(stolen.book, "disputed_amount")


def test_officers_who_choose_it_among_entries_that_differ_bring_it_in() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    false = stolen.thief.record(share(member, 500))
    village.secretary.record(share(member, 300))
    village.meet()
    choice = village.chairperson.record(e.ConflictResolved(false, 1, 1, "she paid 500"))
    village.agree(choice, village.secretary)
    assert savings(stolen.book, member) == 500


def test_elections_rules_and_words_of_a_stopped_phone_have_no_effect() -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    before = dict(stolen.book.offices.rows())
    election = stolen.thief.record(e.OfficerElected("treasurer", stolen.thief.person))
    rules = stolen.thief.record(e.ConstitutionAdopted(2, 500))
    close = stolen.thief.record(e.MeetingClosed(1, 1, ()))
    opened = stolen.thief.record(e.MeetingOpened(1, 9000, "2099-01-01"))
    village.meet()
    book = stolen.book
    assert dict(book.offices.rows()) == before
    constitution = book.constitution.find("current")
    assert constitution is not None
    assert constitution.terms.version == 1
    assert book.latest.find("meeting") == (1, 1)
    meeting = book.meetings.find((1, 1))
    assert meeting is not None
    assert not meeting.closes
    for entry in (election, rules, close, opened):
        assert stolen.page(entry).status == "suspense"


@pytest.mark.parametrize("named", [True, False], ids=["by name", "all"])
def test_what_decides_is_not_ratified_but_done_anew(named: bool) -> None:
    stolen = Stolen("secretary")
    village = stolen.village
    election = stolen.thief.record(e.OfficerElected("treasurer", stolen.thief.person))
    village.meet()
    entries = (election,) if named else ()
    device = stolen.thief.device
    verdict = village.chairperson.record(e.SuspenseRatified(device, entries, 1, 1))
    village.agree(verdict, village.treasurer)
    treasurer = stolen.book.offices.find("treasurer")
    assert treasurer is not None
    assert treasurer.holder == village.treasurer.person.hex()
    if named:
        assert stolen.page(verdict).reasons == ("decide_anew",)
        assert stolen.page(election).status == "suspense"
    else:
        assert stolen.page(election).reasons == ("decide_anew",)
        assert not shown(stolen.book, "stopped_device"), "nothing is left to go through"


def test_a_reversal_by_a_stopped_phone_takes_nothing_back() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    paid = village.secretary.record(share(member, 300))
    village.meet()
    stolen.spared = set(stolen.thief.known)
    taken = stolen.thief.record(e.EntryReversed(1, 1, paid, "never paid"))
    village.meet()
    assert savings(stolen.book, member) == 300
    assert stolen.page(paid).reasons == ()
    assert not shown(stolen.book, "receipt_reversed")
    stolen.ratified(taken)
    assert savings(stolen.book, member) == 0
    assert stolen.page(paid).reasons == ("reversed",)
    stolen.rejected(taken, by="chairperson")
    assert savings(stolen.book, member) == 300


def test_a_kind_of_tomorrow_on_a_stopped_phone_withholds_nothing() -> None:
    stolen = Stolen()
    stolen.thief.record(Unreadable("wallet.opened", "unknown"))
    assert not book_view(stolen.book)["withheld"]
    assert not shown(stolen.book, "unknown_kind")


def test_its_owner_writes_on_another_phone_as_before() -> None:
    stolen = Stolen()
    village, member = stolen.village, stolen.village.members[0]
    for amount in range(100, 2000, 100):
        stolen.thief.record(share(member, amount))
    new = stolen.second_phone()
    village.meet()
    told = new.record(share(member, 300))
    assert stolen.page(told).status == "counted"
    assert savings(stolen.book, member) == 300


def test_a_meeting_in_which_only_it_wrote_is_none() -> None:
    stolen = Stolen()
    paid = stolen.thief.record(share(stolen.village.members[0], 300, session=7000))
    assert stolen.book.meetings.find((1, 7000)) is None
    stolen.ratified(paid)
    assert stolen.book.meetings.find((1, 7000)) is not None
    assert shown(stolen.book, "meeting_not_opened")


@pytest.mark.parametrize("kind", sorted(HELD))
def test_what_is_said_of_a_kind_has_a_reason(kind: str) -> None:
    how, why = HELD[kind]
    assert how == how_held(kind)
    assert len(why) > 10


@pytest.mark.parametrize("ahead", ["secretary", "chairperson"])
def test_what_was_ratified_apart_from_the_end_of_a_cycle_is_not_swept(ahead: str) -> None:
    stolen = Stolen()
    village = stolen.village
    new = stolen.second_phone()
    stolen.thief.record(e.ExpensePaid(1, 1, "airtime", 50))
    village.meet()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    behind = {"secretary", "chairperson"} - {ahead}
    getattr(village, behind.pop()).lamport += 100
    closed = village.secretary.record(e.CycleClosed(1, "2026-12-20"))
    device = stolen.thief.device
    verdict = village.chairperson.record(e.SuspenseRatified(device, (), 1, 1))
    new.learns_from(village.chairperson)
    new.record(e.ApprovalGiven(verdict, 1, 1))
    village.meet()
    village.agree(closed, village.chairperson, new)
    cycle = stolen.book.cycles.find("1")
    assert cycle is not None
    assert cycle.closed == closed.hex()
    assert balance(stolen.book, "5010") == 50, "whoever closed the cycle had it in suspense"


def test_repayments_stand_in_the_shared_order_whoever_wrote_them() -> None:
    stolen = Stolen()
    village = stolen.village
    loan = lent(village)
    stolen.spared = set(stolen.thief.known)
    first = village.secretary.record(e.LoanRepaid(1, 1, loan, 10))
    village.meet()
    second = stolen.thief.record(e.LoanRepaid(1, 1, loan, 20, 2))
    village.meet()
    third = village.secretary.record(e.LoanRepaid(1, 1, loan, 30, 3))
    stolen.ratified(second)
    told = [bytes.fromhex(name) for name, _ in payments(stolen.book, loan.hex())]
    assert told == [first, second, third]


def test_a_name_that_a_stopped_phone_gave_waits_like_the_rest() -> None:
    stolen = Stolen()
    member = stolen.village.members[0]
    named = stolen.thief.record(e.PersonSealed(member, bytes(16), bytes(24), bytes(40)))
    assert stolen.page(named).status == "suspense"
    stolen.ratified()
    assert stolen.page(named).status == "counted"
