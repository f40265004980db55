"""What happens seldom in a village, and has its place in the book all the same."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from model import events as e
from model.actions import open_actions
from model.agreement import ACCEPT_WINS
from model.codec import Unreadable, decode
from model.findings import list_findings, tasks_watched, worded
from model.fine_ledger import is_waived
from model.goals import consents_of, goals_view
from model.journal import balance, entry_page
from model.meeting_watch import disputes_in
from model.members import status_known
from model.notices import CLAIMS_MAX
from model.proceedings import decisions_view
from model.reconciling import booked_on
from model.reducer import fold
from model.rotations import is_agreed
from model.share_limit import is_catching_up
from model.shareouts import shareout_of
from model.timeline import Timeline
from tests.model.apart import late_share, lent, told
from tests.model.laws import assert_balanced, assert_shown
from tests.model.stopped_phones import Stolen
from tests.strategies import CONSTITUTION, Phone, Village, findings, savings, share


def alone() -> tuple[Phone, bytes]:
    """A founder's phone that may record everything, and the only member."""
    phone = Phone("one phone", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    phone.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
    member = phone.record(e.MemberAdded(1, "2026-01-01"))
    phone.record(e.MeetingOpened(1, 1, "2026-01-07"))
    return phone, member


# Money


def test_what_is_overdrawn_since_long_names_no_entry() -> None:
    phone, _ = alone()
    phone.record(e.ExpensePaid(1, 1, "stationery", 100))
    (finding,) = findings(phone.book, "overdrawn")
    assert len(finding.entries) == 1
    for session in range(2, 7):
        phone.record(e.MeetingOpened(1, session, f"2026-02-0{session}"))
    (finding,) = findings(phone.book, "overdrawn")
    assert finding.entries == ()


def test_a_fine_is_waived_or_not_under_whatever_entry_it_was_levied() -> None:
    village = Village()
    fines = [
        village.secretary.record(e.FineLevied(1, 1, village.members[0], code, 50))
        for code in ("late", "noise")
    ]
    village.agree(village.secretary.record(e.FineWaived(fines[0], 1, 1, "a funeral")))
    book = told(village)
    assert [is_waived(book, entry_page(book, fine.hex())) for fine in fines] == [True, False]


def test_a_reconciliation_of_long_ago_says_nothing() -> None:
    phone, member = alone()
    phone.record(replace(share(member, 300), channel="bank"))
    phone.record(e.Reconciled("bank", "2026-01-07", 200, 1, 1))
    assert booked_on(phone.book, "bank", "2026-01-07") == 300
    for session in range(2, 63):
        day = f"2026-{2 + session // 28:02}-{1 + session % 28:02}"
        phone.record(e.MeetingOpened(1, session, day))
    assert booked_on(phone.book, "bank", "2026-01-07") is None
    assert_shown(phone.book)


# Goals, consents, notices


def test_consents_of_a_member_are_what_was_asked_and_last_said() -> None:
    village = Village()
    first, second, _ = village.members
    for purpose, allowed in (("sms", True), ("photos", False), ("sms", False)):
        village.secretary.record(e.ConsentRecorded(first, purpose, allowed))
    village.secretary.record(e.ConsentRecorded(second, "sms", True))
    book = told(village)
    assert consents_of(book, first.hex()) == {"photos": False, "sms": False}
    assert consents_of(book, second.hex()) == {"sms": True}
    assert consents_of(book, village.members[2].hex()) == {}


def test_goals_of_lending_and_investing_are_reached_by_what_was_lent_and_bought() -> None:
    village = Village()
    lent(village, 500)
    first, second, _ = village.members
    for member in (b"", first, second):
        village.secretary.record(e.GoalSet(member, "lending", "Seeds", 800))
    village.secretary.record(e.GoalSet(b"", "investment", "A mill", 900))
    village.secretary.record(e.GoalSet(b"", "project", "A road", 900))
    village.meet()
    bought = village.treasurer.record(e.InvestmentBought(1, 1, "business", "A mill", 200))
    village.agree(bought)
    rows = [
        row
        for member in ("", first.hex(), second.hex())
        for row in goals_view(village.book, member)
    ]
    reached = {(row["kind"], row["target"]): row["progress"] for row in goals_view(village.book)}
    assert reached == {("lending", 800): 500, ("investment", 900): 200, ("project", 900): None}
    assert [row["progress"] for row in rows if row["kind"] == "lending"] == [500, 500, 0]


def test_of_one_message_as_many_entries_are_kept_as_say_anything() -> None:
    phone, _ = alone()
    for _ in range(CLAIMS_MAX + 3):
        phone.record(e.NoticeSent(b"n" * 16, "sms"))
    assert phone.book.notices.find((b"n" * 16).hex()) is not None
    assert len(phone.book.notices.find((b"n" * 16).hex()) or ()) == CLAIMS_MAX


# Rules and groups


def test_a_group_that_nobody_described_rests_without_a_page() -> None:
    phone = Phone("one phone", "Wanjiru")
    name = phone.record(e.GroupStatusSet("inactive", "harvest"))
    assert phone.book.group.find("group") is None
    assert name.hex() in {key for key, _ in phone.book.entries.rows()}


def test_only_fines_that_changed_are_told() -> None:
    village = Village()
    fines = {"late": 50, "noise": 10, "absent": 5}
    terms = replace(CONSTITUTION, fines={**fines, "late": CONSTITUTION.fines["late"]})
    village.secretary.record(e.ConstitutionProposed(replace(terms, version=2)))
    (row,) = decisions_view(village.secretary.book)
    assert [one["field"] for one in row["changes"]] == ["fines.absent", "fines.noise"]


def test_a_proposal_in_a_group_without_rules_waits_to_be_adopted_by_nobody() -> None:
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    proposal = phone.record(e.ConstitutionProposed(CONSTITUTION))
    assert not findings(phone.book, "not_adopted")
    phone.record(replace(CONSTITUTION, proposal=proposal))
    assert not findings(phone.book, "not_adopted")


def test_a_constitution_that_is_in_force_is_not_put_in_force_again() -> None:
    village = Village()
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = village.propose(terms)
    village.secretary.record(replace(terms, proposal=proposal))
    village.meet()
    again = village.treasurer.record(replace(terms, proposal=proposal))
    village.meet()
    assert entry_page(village.book, again.hex()).status == "void"


def test_what_one_officer_decided_alone_is_over_once_there_are_two() -> None:
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    terms = replace(CONSTITUTION, version=2, shares_max=7)
    proposal = phone.record(e.ConstitutionProposed(terms))
    for title in ("chairperson", "treasurer", "secretary"):
        phone.record(e.OfficerElected(title, Phone("", title).person))
    adopted = phone.record(replace(terms, proposal=proposal))
    assert entry_page(phone.book, adopted.hex()).status == "void"


# Meetings


def test_an_action_that_was_taken_back_is_open_no_more() -> None:
    village = Village()
    tasks = [
        village.secretary.record(e.ActionAssigned(1, 1, line, f"buy lock {line}", member))
        for line, member in ((1, b""), (2, b""), (3, village.members[0]))
    ]
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, tasks[0], "we have one"))
    village.chairperson.record(e.ActionDone(tasks[2], 1, 1))
    village.meet()
    assert [one.name for one in open_actions(told(village))] == [tasks[1].hex()]


def test_disputes_of_a_meeting_are_counted() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    village.treasurer.record(share(village.members[0], 500))
    book = told(village)
    assert disputes_in(book, (1, 1)) == 1
    assert disputes_in(book, (1, 2)) == 0


def test_three_who_want_a_late_entry_in_outvote_who_rejected_it_apart() -> None:
    village = Village()
    late = late_share(village, village.secretary, village.treasurer)
    second = Phone("second phone", "Achieng")
    second.learns_from(village.chairperson)
    village.phones.append(second)
    accept = village.secretary.record(e.LateEntryAccepted(late, 1, 2))
    reject = second.record(e.LateEntryRejected(late, 1, 2))
    village.treasurer.learns_from(second)
    village.treasurer.record(e.ApprovalGiven(reject, 1, 2))
    third = Phone("third phone", "Otieno")
    third.learns_from(village.secretary)
    fourth = Phone("fourth phone", "Achieng")
    fourth.learns_from(village.secretary)
    village.phones += [third, fourth]
    for phone in (third, fourth):
        phone.record(e.ApprovalGiven(accept, 1, 2))
    assert ACCEPT_WINS == 3
    assert savings(told(village), village.members[0]) == 300


def test_a_share_out_that_was_taken_back_is_none() -> None:
    village = Village()
    assert shareout_of(village.book, 1) == ""


def test_a_status_of_nobody_is_active() -> None:
    village = Village()
    known = frozenset(village.secretary.known)
    assert status_known(village.book, "00" * 17, known) == "active"


def test_who_buys_too_much_and_joined_late_catches_up_in_this_cycle_alone() -> None:
    phone = Phone("one phone", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(replace(CONSTITUTION, late_join="catch_up"))
    phone.record(e.CycleOpened(1, "2026-01-01", "2026-06-30"))
    phone.record(e.MeetingOpened(1, 1, "2026-01-07"))
    phone.record(e.CycleOpened(2, "2026-07-01", "2026-12-31"))
    phone.record(e.MeetingOpened(2, 1, "2026-07-07"))
    phone.record(e.MeetingOpened(2, 2, "2026-07-14"))
    member = phone.record(e.MemberAdded(1, "2026-07-10"))
    phone.record(e.SharePurchased(2, 2, member, 9, 900))
    book = phone.book
    rows = [(key, page) for key, page in book.findings.rows() if key[0] == "cap_exceeded"]
    assert rows
    for (code, _), page in rows:
        assert is_catching_up(book, code, page)
    assert not findings(book, "cap_exceeded")
    phone.record(e.SharePurchased(2, 2, member, 9, 900, 2))
    assert findings(phone.book, "cap_exceeded")


# Rotations


def test_a_rotation_counts_when_officers_agreed_whoever_wrote_it() -> None:
    village = Village()
    terms = e.RotationStarted(1, 1, 100, tuple(village.members))
    rotation = village.secretary.record(terms)
    village.meet()
    assert not is_agreed(village.book, rotation.hex())
    again = village.treasurer.record(terms)
    village.meet()
    book = told(village)
    assert is_agreed(book, rotation.hex())
    assert is_agreed(book, again.hex())
    other = village.treasurer.record(e.RotationStarted(1, 1, 200, tuple(village.members)))
    assert not is_agreed(village.treasurer.book, other.hex())


# Findings and timelines


def test_what_the_watches_see_is_what_is_shown() -> None:
    village = Village()
    proposal = village.propose(replace(CONSTITUTION, version=2, shares_max=7))
    book = village.book
    seen = tasks_watched(book, frozenset({"not_adopted"}))
    assert [about for _, about in seen] == [proposal.hex()]
    ((code, about),) = seen
    shown = worded(book, code, about, seen[code, about])
    assert shown in list_findings(book)
    assert tasks_watched(book, frozenset()) == {}


def test_a_timeline_is_as_long_as_what_it_was_told() -> None:
    village = Village()
    timeline = Timeline()
    timeline.advance(village.entries)
    timeline.advance(village.entries[:3])
    assert len(timeline) == len(village.entries)


# What cannot be read


@pytest.mark.parametrize(
    "tag", [0, 1, 2, 4, 5, 21, 24, 28, 29, 30, 35, 36, 37, 52, 100, 258, 55799]
)
def test_a_tag_is_no_value_of_any_fact(tag: int) -> None:
    """Whatever a library would make of it: a day, a large number, a pattern, a shared object."""
    head = (
        bytes([0xC0 | tag])
        if tag < 24
        else b"\xd8" + bytes([tag])
        if tag < 256
        else (b"\xd9" + tag.to_bytes(2, "big"))
    )
    event = b"\x85\x01\x70group.status_set" + b"\x01" + head + b"\x61a\x60"
    assert isinstance(decode(event, bytes(16)), Unreadable)


def test_an_unknown_kind_about_people_withholds_no_totals() -> None:
    phone, member = alone()
    phone.record(Unreadable("person.photographed", "unknown", e.PEOPLE))
    phone.record(share(member, 300))
    assert not findings(phone.book, "unknown_kind")
    phone.record(Unreadable("wallet.opened", "unknown"))
    assert findings(phone.book, "unknown_kind")
    assert balance(phone.book, "1010") == 300


# A stopped phone


def test_a_partner_that_a_stopped_phone_renamed_keeps_its_name() -> None:
    world = Stolen("secretary")
    village = world.village
    partner = village.secretary.record(e.PartnerSet(b"", "Tujenge", "ngo"))
    village.meet()
    world.spared = set(world.thief.known)
    renamed = world.thief.record(e.PartnerSet(partner, "Mine", "ngo"))
    world.thief.record(e.PartnerSet(b"", "Another", "bank"))
    village.meet()
    assert world.page(renamed).status == "suspense"
    page = world.book.partners.find(partner.hex())
    assert page is not None
    assert page.name == "Tujenge"


def test_more_than_is_followed_of_a_stopped_phone_only_waits() -> None:
    world = Stolen()
    village = world.village
    for number in range(1_030):
        world.thief.record(e.MemberAdded(10 + number % 900, "2026-01-01"))
    village.meet()
    entries = world.entries
    book = fold(entries)
    assert_balanced(book)
    page = book.stopped.find(world.thief.device.hex())
    assert page is not None
    assert page.unfollowed > 0
