"""Officers ask, agree, take back, decline: by person, in every order, by who knew what."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from model import events as e
from model.agreement import verdict_on
from model.book import Book
from model.counts import compared_counts
from model.decisions import outcome
from model.entry import Entry, order_key
from model.journal import balance, entry_page, reversed_by
from model.reducer import fold
from tests.model.laws import another_order, pasts
from tests.strategies import (
    CONSTITUTION,
    DECIDED,
    Phone,
    Village,
    chance_history,
    elect,
    findings,
    histories,
)


def variance(phone: Phone, amount: int = 100) -> bytes:
    """A decision that needs two officers, and 100 in the box."""
    return phone.record(e.VariancePosted(1, 1, "close", "box", "over", amount, "found"))


def status(village: Village, entry: bytes) -> str:
    return entry_page(village.book, entry.hex()).status


def box(village: Village) -> int:
    return balance(village.book, "1010")


def test_one_person_on_two_phones_is_one_officer() -> None:
    village = Village()
    old_phone = Phone("secretary's old phone", "Wanjiru")
    village.phones.append(old_phone)
    village.meet()
    asked = variance(village.secretary)
    old_phone.learns_from(village.secretary)
    old_phone.record(e.ApprovalGiven(asked, 1, 1))
    assert status(village, asked) == "suspense"
    (finding,) = findings(village.book, "waits_for_approval")
    assert "waits until 1 officer more agree" in finding.sentence
    village.agree(asked, village.treasurer)
    assert (status(village, asked), box(village)) == ("counted", 100)
    assert not findings(village.book, "waits_for_approval")


def test_who_gains_by_it_neither_asks_nor_agrees() -> None:
    village = Village()
    borrower = village.members[0]
    village.elect("treasurer", village.treasurer.person, borrower)
    village.meet()
    fine = village.secretary.record(e.FineLevied(1, 1, borrower, "late", 50))
    village.meet()
    asked = village.treasurer.record(e.FineWaived(fine, 1, 1, "he was ill"))
    village.agree(asked, village.secretary)
    assert status(village, asked) == "suspense"  # his own asking is no word
    village.agree(asked, village.chairperson)
    assert status(village, asked) == "counted"
    other = village.chairperson.record(e.FineLevied(1, 1, borrower, "noise", 50))
    village.meet()
    waiver = village.secretary.record(e.FineWaived(other, 1, 1, "again"))
    village.agree(waiver, village.treasurer)
    assert status(village, waiver) == "suspense"
    assert findings(village.book, "own_benefit")


def test_two_officers_who_ask_for_the_same_agree_with_each_other() -> None:
    for first_is_secretary in (True, False):
        village = Village()
        (village.secretary if first_is_secretary else village.treasurer).lamport += 50
        for phone in (village.secretary, village.treasurer):
            variance(phone)
        assert box(village) == 100
        assert not findings(village.book, "waits_for_approval")


def test_two_officers_who_ask_for_different_things_do_not_agree() -> None:
    village = Village()
    asked = [
        variance(phone, amount)
        for phone, amount in ((village.secretary, 100), (village.treasurer, 70))
    ]
    assert box(village) == 0
    village.meet()
    village.agree(asked[1], village.chairperson)
    assert (box(village), status(village, asked[0])) == (70, "suspense")


def test_a_word_is_taken_back_before_it_has_an_effect_and_not_after() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"constitution.proposed": 3}))
    village.meet()
    proposal = village.secretary.record(e.ConstitutionProposed(CONSTITUTION))
    village.agree(proposal, village.treasurer)
    village.treasurer.record(e.ApprovalWithdrawn(proposal))
    village.agree(proposal, village.chairperson)
    assert status(village, proposal) == "suspense"
    village.agree(proposal, village.treasurer)
    assert status(village, proposal) == "counted"
    late = village.chairperson.record(e.ApprovalWithdrawn(proposal))
    assert status(village, late) == "void"
    assert status(village, proposal) == "counted"


def test_an_author_takes_the_own_request_back() -> None:
    village = Village()
    asked = variance(village.secretary)
    village.secretary.record(e.ApprovalWithdrawn(asked))
    village.agree(asked, village.treasurer)
    assert status(village, asked) == "suspense"
    village.secretary.record(e.ApprovalGiven(asked, 1, 1))
    assert status(village, asked) == "counted"


def test_who_says_no_may_change_the_mind() -> None:
    village = Village()
    asked = variance(village.secretary)
    village.meet()
    village.treasurer.record(e.RequestDeclined(asked, 1, 1))
    assert status(village, asked) == "void"
    village.treasurer.record(e.ApprovalGiven(asked, 1, 1))
    assert status(village, asked) == "counted"


def test_what_was_declined_is_asked_for_again() -> None:
    village = Village()
    late = village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 1, 100))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    verdict = e.LateEntryAccepted(late, 1, 2)
    first = village.secretary.record(verdict)
    village.meet()
    village.chairperson.record(e.RequestDeclined(first, 1, 2, "ask her"))
    village.meet()
    again = village.secretary.record(verdict)
    assert status(village, again) == "suspense"
    village.agree(again, village.treasurer)
    assert (status(village, first), status(village, again)) == ("void", "counted")
    assert balance(village.book, "2010", village.members[0].hex()) == -100
    assert not findings(village.book, "declined")


@pytest.mark.parametrize("ahead", [0, 50])
def test_a_request_expires_by_the_day_of_the_meeting_and_never_by_a_clock(ahead: int) -> None:
    village = Village()
    village.treasurer.lamport += ahead
    asked = village.secretary.record(
        e.WithdrawalRequested(1, 1, 100, "savings", village.members[0], expires_on="2026-01-10")
    )
    village.meet()
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.treasurer.record(e.ApprovalGiven(asked, 1, 2))
    assert status(village, asked) == "suspense"
    assert findings(village.book, "request_expired")
    # Another phone opened that meeting with an earlier day: the earlier one holds.
    village.chairperson.record(e.MeetingOpened(1, 2, "2026-01-09"))
    assert status(village, asked) == "counted"


@pytest.mark.parametrize("ahead", [0, 50])
def test_who_knew_a_request_expired_may_decline_it(ahead: int) -> None:
    village = Village()
    old_phone = Phone("secretary's old phone", "Wanjiru")
    village.phones.append(old_phone)
    asked = village.secretary.record(
        e.WithdrawalRequested(1, 1, 100, "savings", village.members[0], expires_on="2026-01-10")
    )
    village.meet()
    for phone in (village.treasurer, village.chairperson):
        phone.lamport += ahead
    old_phone.record(e.MeetingOpened(1, 2, "2026-01-09"))
    village.treasurer.record(e.MeetingOpened(1, 2, "2026-01-14"))
    village.treasurer.record(e.ApprovalGiven(asked, 1, 2))
    village.chairperson.learns_from(village.treasurer)
    no = village.chairperson.record(e.RequestDeclined(asked, 1, 2))
    assert status(village, no) == "counted"
    assert status(village, asked) == "void"


@pytest.mark.parametrize("ahead", [0, 50])
def test_a_word_is_taken_back_only_where_it_was_known(ahead: int) -> None:
    village = Village()
    old_phone = Phone("treasurer's old phone", "Otieno")
    village.phones.append(old_phone)
    proposal = village.secretary.record(e.ConstitutionProposed(CONSTITUTION))
    village.meet()
    old_phone.lamport += ahead
    village.treasurer.record(e.ApprovalGiven(proposal, 1, 1))
    old_phone.record(e.ApprovalWithdrawn(proposal))
    village.agree(proposal, village.chairperson)
    assert status(village, proposal) == "counted"


@pytest.mark.parametrize("ahead", [0, 50])
def test_reversals_apart_take_an_entry_back_in_the_earlier_meeting(ahead: int) -> None:
    village = Village()
    village.chairperson.lamport += ahead
    entry = village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 1, 100))
    village.meet()
    reversals = [
        phone.record(e.EntryReversed(1, session, entry, "not paid"))
        for phone, session in ((village.secretary, 3), (village.chairperson, 2))
    ]
    posted = [len(entry_page(village.book, name.hex()).lines) > 0 for name in reversals]
    assert posted == [False, True]


@pytest.mark.parametrize("ahead", [0, 50])
def test_verdicts_from_two_meetings_post_in_the_later_one(ahead: int) -> None:
    village = Village()
    late = village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 1, 100))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    village.treasurer.lamport += ahead
    village.secretary.record(e.LateEntryAccepted(late, 1, 3))
    village.treasurer.record(e.LateEntryAccepted(late, 1, 2))
    verdict = verdict_on(village.book, late.hex())
    assert verdict is not None
    assert verdict[1].session == 3
    assert balance(village.book, "1010") == 100


def test_a_decision_that_came_too_late_needs_both_to_be_let_in_and_to_be_agreed_to() -> None:
    village = Village()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    asked = variance(village.treasurer)
    village.meet()
    assert balance(village.book, "1090") == 0  # nothing was moved, so nothing is in transit
    village.agree(village.secretary.record(e.LateEntryAccepted(asked, 1, 2)), village.chairperson)
    assert (status(village, asked), box(village)) == ("suspense", 0)
    village.agree(asked, village.secretary)
    assert (status(village, asked), box(village)) == ("counted", 100)


def test_what_an_author_did_not_know_was_not_agreed_to() -> None:
    village = Village()
    first = variance(village.secretary)
    known = frozenset(village.secretary.known)
    second = variance(village.treasurer)
    both = (first.hex(), second.hex())
    assert outcome(village.book, both) == "approved"
    assert outcome(village.book, both, known) == "waiting"


def group_of(*officers: Phone) -> Phone:
    """Officers who found a group; the first of them has written it."""
    founder = officers[0]
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(CONSTITUTION)
    titles = ("chairperson", "treasurer", "secretary")
    for place, title in enumerate(titles):
        person = officers[min(place, len(officers) - 1)].person
        founder.record(e.OfficerElected(title, person))  # type: ignore[arg-type]
    founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
    founder.meets(*officers[1:])
    return founder


def test_a_group_with_one_officer_decides_alone() -> None:
    alone = group_of(Phone("one", "Wanjiru"))
    asked = variance(alone)
    assert entry_page(alone.book, asked.hex()).status == "counted"


def test_a_group_with_two_officers_decides_with_both() -> None:
    first, second = Phone("one", "Wanjiru"), Phone("two", "Otieno")
    group_of(first, second)
    proposal = first.record(e.ConstitutionProposed(replace(CONSTITUTION, version=2)))
    assert entry_page(first.book, proposal.hex()).status == "suspense"
    first.meets(second)
    second.record(e.ApprovalGiven(proposal, 1, 1))
    assert entry_page(second.book, proposal.hex()).status == "counted"


def test_while_the_group_is_being_founded_its_founder_decides_alone() -> None:
    founder = Phone("one", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(CONSTITUTION)
    asked = variance(founder)
    assert entry_page(founder.book, asked.hex()).status == "counted"
    founder.record(replace(CONSTITUTION, version=2))
    assert not findings(founder.book, "needs_approval")


def test_taking_a_decision_back_needs_as_many_as_it_needed() -> None:
    village = Village()
    asked = variance(village.secretary)
    village.agree(asked, village.treasurer)
    reversal = village.chairperson.record(e.EntryReversed(1, 1, asked, "a mistake"))
    assert box(village) == 100
    village.agree(reversal, village.secretary)
    assert box(village) == 0
    again = village.treasurer.record(e.EntryReversed(1, 1, reversal, "it was right"))
    village.agree(again, village.secretary)
    assert box(village) == 100


def test_one_officer_takes_back_what_is_not_decided_yet() -> None:
    village = Village()
    asked = variance(village.secretary)
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, asked, "nobody lost anything"))
    village.agree(asked, village.treasurer)
    assert box(village) == 0
    assert not findings(village.book, "waits_for_approval")


def test_the_constitution_may_ask_for_more_officers() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"variance.posted": 3}))
    village.meet()
    asked = variance(village.secretary)
    village.agree(asked, village.treasurer)
    assert box(village) == 0
    village.agree(asked, village.chairperson)
    assert box(village) == 100


def test_money_paid_out_counts_and_is_named_until_officers_agree() -> None:
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"expense.paid": 2}))
    village.meet()
    paid = village.treasurer.record(e.ExpensePaid(1, 1, "travel", 100))
    assert balance(village.book, "5010") == 100
    village.meet()
    no = village.secretary.record(e.RequestDeclined(paid, 1, 1))
    assert status(village, no) == "void"
    assert findings(village.book, "already_happened")
    if findings(village.book, "needs_word"):
        village.agree(paid, village.chairperson)
    assert not findings(village.book, "needs_word")


# --- In every order --------------------------------------------------------------------------

ASKING = [
    *("share", "share", "agree", "agree", "agree", "agree", "decline", "withdraw", "variance"),
    *("propose", "adopt", "reopen", "close", "accept_late", "reject_late", "resolve", "reverse"),
    *("open", "expense"),
]


QUARREL = [
    *("share", "share", "agree", "agree", "agree", "agree", "decline", "withdraw", "resolve"),
    *("accept_late", "reject_late", "variance", "close", "reopen", "reverse", "dispute", "count"),
    *("open", "propose", "adopt", "expense", "attendance"),
]
CLOSING = [
    *("share", "share", "agree", "agree", "agree", "agree", "agree", "agree", "close", "reopen"),
    *("reopen", "reverse", "reverse", "open", "expense"),
]


def effects(book: Book) -> dict[str, object]:
    """What decisions changed, told without saying who was first among those that agree."""
    current = book.constitution.find("current")
    accounts = {key: amount for key, amount in book.accounts.rows() if key[0][0].isdigit()}
    statuses = [
        (name, page.status, page.reasons)
        for name, page in book.entries.rows()
        if page.status in ("void", "suspense") and page.kind != "officer.elected"
    ]
    return {
        "accounts": accounts,
        "constitution": current.terms if current is not None else None,
        "waiting": [name for name, _ in book.waiting.rows()],
        "late": [name for name, page in book.entries.rows() if page.late],
        "statuses": statuses,
        "closes": {key: sorted(page.closes) for key, page in book.meetings.rows()},
        "counts": [(one.key, one.pocket, one.difference_minor) for one in compared_counts(book)],
        "read_out": [one.about for one in findings(book, "close_differs")],
    }


@pytest.mark.parametrize("kinds", [QUARREL, CLOSING], ids=["quarrel", "closing"])
@pytest.mark.parametrize("seed", [1010, 1019, 1038, 1042, 1070, 1086, 1119, 3008, 3086])
def test_long_quarrels_end_alike_in_every_order(seed: int, kinds: list[str]) -> None:
    entries = chance_history(seed, 150, kinds)
    expected = effects(fold(entries))
    for turn in range(2):
        other = another_order(entries, random.Random(seed * 7 + turn).randrange)
        assert effects(fold(other)) == expected


@settings(max_examples=60, deadline=None)
@given(histories(kinds=ASKING, steps_max=80), st.integers(0, 2**32))
def test_decisions_never_depend_on_who_wrote_first(entries: list[Entry], seed: int) -> None:
    other = another_order(entries, random.Random(seed).randrange)
    assert effects(fold(other)) == effects(fold(entries))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_counts_was_agreed_to_by_enough_people(seed: int) -> None:
    """By the definition, over the plain entries: nobody is taken at the book's word."""
    entries = chance_history(seed, 80, ASKING)
    book = fold(entries)
    people = {entry.id: entry.person for entry in entries}
    words: dict[bytes, set[bytes]] = {}
    for entry in sorted(entries, key=order_key):
        if isinstance(entry.event, e.ApprovalGiven):
            words.setdefault(entry.event.target, set()).add(entry.person)
    for entry in entries:
        page = entry_page(book, entry.id.hex())
        decided = isinstance(entry.event, DECIDED) and page.kind in WANTED
        if not decided or page.status != "counted" or reversed_by(book, page):
            continue
        alike = [other for other in entries if said_the_same(book, entry, other)]
        agreed = {person for one in alike for person in words.get(one.id, set())}
        agreed |= {people[one.id] for one in alike}
        assert len(agreed) >= WANTED[page.kind], (page.kind, seed)


WANTED = {
    "constitution.proposed": 2,
    "conflict.resolved": 2,
    "late_entry.accepted": 2,
    "late_entry.rejected": 2,
    "meeting.reopened": 3,
    "variance.posted": 2,
}
"""Officers who must agree, as the table of events has it, for a group with three."""


def said_the_same(book: Book, one: Entry, other: Entry) -> bool:
    """Do two entries ask for the same thing? Of choices: for entries that say the same."""
    if isinstance(one.event, e.ConflictResolved) and isinstance(other.event, e.ConflictResolved):
        amounts = {
            entry_page(book, event.target.hex()).amount
            for event in (one.event, other.event)
            if book.entries.find(event.target.hex()) is not None
        }
        return len(amounts) == 1
    if isinstance(one.event, e.MeetingReopened | e.LateEntryAccepted | e.LateEntryRejected):
        return type(one.event) is type(other.event) and thing(book, one) == thing(book, other)
    return one.event == other.event


def thing(book: Book, entry: Entry) -> object:
    """The meeting, or what the late entry says, whoever else says it too."""
    event = entry.event
    if isinstance(event, e.MeetingReopened):
        return event.cycle, event.session
    target = getattr(event, "target", b"")
    page = book.entries.find(target.hex())
    if page is None or not page.line:
        return target
    where = (page.kind, page.cycle, page.session, page.subject, page.line, page.once)
    return (*where, page.amount, page.count, page.detail)


def test_pasts_are_true() -> None:
    for entry in chance_history(7, 60, ASKING):
        assert entry.id not in pasts(entry)


def test_a_balance_that_two_officers_brought_over_alike_waits_for_no_third() -> None:
    """The newest of them stood among what waits until something else was said about it."""
    village = Village()
    event = e.OpeningBalanceSet(b"", "box", 500, 2, "2026-01-01")
    first = village.secretary.record(event)
    assert [name for name, _ in village.secretary.book.waiting.rows()] == [first.hex()]
    village.treasurer.record(event)
    assert list(village.book.waiting.rows()) == []


def test_what_two_treasurers_paid_alike_waits_for_no_third() -> None:
    """The one before and the one after an election that the former did not know of."""
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"expense.paid": 2}))
    village.meet()
    elect(village.secretary, village.candidate("treasurer", village.chairperson.person))
    village.chairperson.learns_from(village.secretary)
    paid = e.ExpensePaid(1, 1, "stationery", 60)
    entries = [phone.record(paid) for phone in (village.treasurer, village.chairperson)]
    book = village.book
    assert {entry_page(book, one.hex()).status for one in entries} == {"counted", "corroborating"}
    assert list(book.waiting.rows()) == []
