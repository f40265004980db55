"""Turns that things seldom take: an office sought apart, a yes that a no overtakes, one too many."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from model import events as e
from model.accounts import CHART
from model.funding import RELEASES_MAX
from model.journal import balance, entry_page
from model.loan_watch import standing_of
from model.members import loans_of, names_of
from model.offices import holder
from model.pages import Page
from model.payables import owed_to
from model.permissions import constitution
from model.proceedings import offices_view
from model.shareout_preview import committed, preview_shareout
from model.shareouts import shareout_of
from tests.model.apart import late_share, lent, told
from tests.model.committees import Committee, asked, enact
from tests.model.stopped_phones import Stolen
from tests.strategies import CONSTITUTION, Phone, Village, findings, share

NEW = Phone("a newcomer", "Kamau")


def founder() -> Phone:
    """A founder's phone that made rules and elected nobody yet."""
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    return phone


def copy_of(phone: Phone, name: str, person: str) -> Phone:
    """Another phone that knows what this one knows."""
    copied = Phone(name, person)
    copied.learns_from(phone)
    return copied


# Offices while a group is founded


@pytest.mark.parametrize("title", ["secretary", "chairperson", "treasurer", "key_holder"])
def test_while_a_group_is_founded_its_secretary_elects_too_and_no_other_officer(
    title: e.Title,
) -> None:
    first = founder()
    second = Phone("second", "Otieno")
    first.record(e.OfficerElected(title, second.person))
    second.learns_from(first)
    election = second.record(e.OfficerElected("money_counter", NEW.person))
    page, seated = entry_page(second.book, election.hex()), holder(second.book, "money_counter")
    if title == "secretary":
        assert (page.status, seated) == ("counted", NEW.person.hex())
    else:
        assert (page.reasons, seated) == (("not_permitted",), "")


def test_what_a_secretary_decided_alone_is_not_witnessed_by_the_secretary() -> None:
    """Nobody says of oneself that others may decide no more: the founder's choice stands beside."""
    first = founder()
    secretary = Phone("second", "Otieno")
    first.record(e.OfficerElected("secretary", secretary.person))
    secretary.learns_from(first)
    for title in ("chairperson", "treasurer"):
        secretary.record(e.OfficerElected(title, NEW.person))
    secretary.record(e.NoticeSent(bytes(16), "sms"))
    other = first.record(e.OfficerElected("treasurer", first.person))
    first.meets(secretary)
    assert not findings(first.book, "founding_over")
    (finding,) = findings(first.book, "contested_office")
    assert other.hex() in finding.entries


@pytest.mark.parametrize("witnessed", [False, True])
@pytest.mark.parametrize("differ", [False, True])
def test_rules_that_a_founder_made_on_two_phones_are_contested_if_they_differ(
    differ: bool, witnessed: bool
) -> None:
    """Also when an officer wrote something knowing the one, and another one knowing the other."""
    first = founder()
    officers = [Phone("second", "Otieno"), Phone("third", "Achieng")]
    for title, phone in zip(("treasurer", "chairperson"), officers, strict=True):
        first.record(e.OfficerElected(title, phone.person))
    phones = [first, copy_of(first, "founder's other", "Wanjiru")]
    made = []
    for place, phone in enumerate(phones):
        terms = replace(CONSTITUTION, version=2, shares_max=6 + place * differ)
        made.append(phone.record(terms))
        phone.record(e.OfficerElected("secretary", first.person))
        officers[place].learns_from(phone)
        if witnessed:
            officers[place].record(e.NoticeSent(phone.device[:16], "sms"))
    first.meets(phones[1], *officers)
    shown = findings(first.book, "contested_constitution")
    assert [{*one.entries} for one in shown] == ([{name.hex() for name in made}] if differ else [])
    rules = constitution(first.book)
    if not (differ and witnessed):
        assert rules is not None
        assert rules.terms.version == (1 if differ else 2)


# Offices that officers give


def test_of_an_office_that_two_were_elected_to_apart_and_nobody_held_the_holder_is_nobody() -> None:
    committee = Committee(3)
    one, other, _ = committee.phones[:3]
    people = [phone.person for phone in committee.phones[3:5]]
    for phone, friend, person in zip((one, other), committee.tablets[1:], people, strict=False):
        enact(phone, asked(committee, phone, "key_holder", person, friend))
    committee.meet()
    (row,) = [row for row in offices_view(one.book) if row["office"] == "key_holder"]
    assert (row["holder"], row["contested"]) == ("", True)
    assert {said["person"] for said in row["elections"]} == {person.hex() for person in people}


def test_who_knew_two_that_hold_not_and_elects_anew_is_followed() -> None:
    """Two took an office apart, and neither holds; a third election knew both, if not everything:
    of one to another office, apart from it, it did not."""
    committee = Committee(4)
    one, other, third, fourth = committee.phones[:4]
    titles: list[e.Title] = [
        title
        for title in ("chairperson", "treasurer", "secretary")
        for phone in (one, other)
        if holder(one.book, title) == phone.person.hex()
    ]
    first, second = titles[:2]
    taker, given = (other, one) if holder(one.book, first) == one.person.hex() else (one, other)
    enact(taker, asked(committee, taker, first, NEW.person, third, fourth))
    tablets = committee.tablets[2:4]
    enact(given, asked(committee, given, second, NEW.person, *tablets))
    assert findings(fold(committee.entries), "removed_apart")
    committee.meet()
    apart = asked(committee, fourth, "key_holder", fourth.person, third, one)
    enact(fourth, apart)
    tablet = committee.tablets[0]
