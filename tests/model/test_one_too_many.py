"""However much one person says, work stays bounded, nothing raises, and others are still heard.

Most of it is written by copies of a phone that know nothing of each other, as a modified phone can
do: one after another would be told that somebody said so before.
"""

from __future__ import annotations

from model import events as e
from model.closing import CLOSES_MAX
from model.corrections import DEPTH_MAX
from model.cycles import CLOSINGS_MAX
from model.journal import balance, entry_page
from model.standing import CLAIMS_EACH
from tests.model.apart import status, told
from tests.model.laws import assert_balanced, assert_prefix, assert_shown
from tests.strategies import Phone, Village, findings, share

OWNER = "Wanjiru"  # the secretary's


def copies(village: Village, count: int) -> list[Phone]:
    """Copies of the secretary's phone as it is, that meet nobody; the village will know them."""
    made = [Phone(f"copy {number}", OWNER) for number in range(count)]
    for number, copy in enumerate(made):
        copy.learns_from(village.secretary)
        copy.lamport += number
    village.phones += made
    return made


def assert_lawful(village: Village) -> None:
    book = village.book
    assert_prefix(book)
    assert_balanced(book)
    assert_shown(book)


def test_of_closes_apart_as_many_are_followed_as_phones_could_write() -> None:
    village = Village()
    closes = [
        copy.record(e.MeetingClosed(1, 1, (), shares_minor=number))
        for number, copy in enumerate(copies(village, CLOSES_MAX + 1))
    ]
    pages = [entry_page(village.book, close.hex()) for close in closes]
    assert [page.status for page in pages].count("void") == 1
    assert pages[-1].reasons == ("too_many",)
    assert_lawful(village)


def test_of_wishes_to_reopen_as_many_are_followed() -> None:
    village = Village()
    village.agree(village.secretary.record(e.MeetingClosed(1, 1, ())))
    asked = [
        copy.record(e.MeetingReopened(1, 1, "forgotten"))
        for copy in copies(village, CLOSES_MAX + 1)
    ]
    page = entry_page(village.book, asked[-1].hex())
    assert (page.status, page.reasons) == ("void", ("too_many",))
    assert entry_page(village.book, asked[0].hex()).status != "void"
    assert_lawful(village)


def test_of_wishes_to_end_a_cycle_as_many_are_followed() -> None:
    village = Village()
    village.agree(village.secretary.record(e.MeetingClosed(1, 1, ())))
    asked = [
        copy.record(e.CycleClosed(1, "2026-12-31")) for copy in copies(village, CLOSINGS_MAX + 1)
    ]
    page = entry_page(village.book, asked[-1].hex())
    assert (page.status, page.reasons) == ("void", ("too_many",))
    assert entry_page(village.book, asked[0].hex()).status != "void"


def test_a_cycle_opened_alike_on_two_phones_is_one_cycle_and_no_quarrel() -> None:
    village = Village()
    opened = [
        phone.record(e.CycleOpened(2, "2027-01-01", "2027-12-31"))
        for phone in (village.secretary, *copies(village, 1))
    ]
    book = told(village)
    assert {status(village, one) for one in opened} == {"counted", "corroborating"}
    assert not findings(book, "contested_cycle")
    page = book.cycles.find("2")
    assert page is not None
    assert (page.starts_on, page.ends_on, len(page.openings)) == ("2027-01-01", "2027-12-31", 1)


def test_what_is_said_of_an_action_that_was_one_too_many_is_said_of_it_alone() -> None:
    village = Village()
    tasks = [
        village.secretary.record(e.ActionAssigned(1, 1, 1, f"buy lock {number}"))
        for number in range(CLAIMS_EACH + 2)
    ]
    second = village.secretary.record(e.ActionDone(tasks[1], 1, 1))
    last = village.secretary.record(e.ActionDone(tasks[-1], 1, 1))
    book = village.secretary.book
    assert entry_page(book, tasks[-1].hex()).status == "void"
    assert entry_page(book, second.hex()).status == entry_page(book, last.hex()).status == "counted"
    assert_lawful(village)


def test_a_ballot_on_a_resolution_that_was_one_too_many_is_on_it_alone() -> None:
    village = Village()
    asked = [
        village.secretary.record(e.ResolutionRecorded(1, 1, 1, "rule", f"Rule {number}.", 3, 0))
        for number in range(CLAIMS_EACH + 2)
    ]
    ballots = [
        village.secretary.record(e.BallotCast(1, 1, asked[place], village.members[0], "for"))
        for place in (1, -1)
    ]
    book = village.secretary.book
    assert entry_page(book, asked[-1].hex()).status == "void"
    assert {entry_page(book, ballot.hex()).status for ballot in ballots} == {"counted"}
    assert_lawful(village)


def test_a_quarrel_of_reversals_ends() -> None:
    village = Village()
    officers = [village.treasurer, village.chairperson, village.secretary]
    target = village.secretary.record(share(village.members[0], 300))
    for turn in range(DEPTH_MAX + 1):
        village.meet()
        target = officers[turn % 3].record(e.EntryReversed(1, 1, target, "not so"))
    village.meet()
    page = entry_page(village.book, target.hex())
    assert (page.status, page.reasons) == ("void", ("not_reversible",))
    assert_lawful(village)


def test_one_officer_alone_fills_the_list_and_no_more() -> None:
    """Beyond what is followed an election or a constitution says nothing; what held goes on."""
    phone = Phone("founder", OWNER)
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    for number in range(513):
        phone.record(e.OfficerElected("treasurer", bytes([1 + number % 3]) * 16))
    late = phone.record(e.ConstitutionAdopted(1, 100))
    book = phone.book
    page = entry_page(book, late.hex())
    assert page.reasons[-1:] == ("too_many",)
    assert findings(book, "too_many")
    assert book.constitution.find("current") is None
    assert balance(book, "1010") == 0
