"""Turns that things seldom take: an office sought apart, a yes that is overtaken by a no."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from model import events as e
from model.alone import witnesses
from model.findings import list_findings
from model.history import audit_view
from model.journal import entry_page
from model.members import loans_of, names_of
from model.offices import holder
from model.permissions import constitution
from model.proceedings import offices_view
from tests.model.apart import late_share, told
from tests.model.committees import Committee, asked, enact, held_by
from tests.strategies import CONSTITUTION, Phone, Village, findings

NEW = Phone("a newcomer", "Kamau")
TWO: tuple[e.Title, e.Title] = ("treasurer", "chairperson")
ASKING = {"waits_for_approval", "needs_word", "request_expired"}


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
    for title, phone in zip(TWO, officers, strict=True):
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


def test_who_witnessed_a_group_without_rules_has_nothing_against_those_of_another() -> None:
    first = Phone("founder", "Wanjiru")
    first.record(e.GroupDescribed("Umoja", "KES", 2))
    officers = [Phone("second", "Otieno"), Phone("third", "Achieng")]
    for title, phone in zip(TWO, officers, strict=True):
        first.record(e.OfficerElected(title, phone.person))
    other = copy_of(first, "founder's other", "Wanjiru")
    other.record(CONSTITUTION)
    for phone, officer in zip((first, other), officers, strict=True):
        phone.record(e.OfficerElected("secretary", phone.person))
        officer.learns_from(phone)
        officer.record(e.NoticeSent(phone.device[:16], "sms"))
    first.meets(other, *officers)
    assert len(witnesses(first.book)) == 2
    assert not findings(first.book, "contested_constitution")
    rules = constitution(first.book)
    assert rules is not None
    assert rules.terms == CONSTITUTION


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


def test_who_is_elected_by_those_who_knew_both_of_two_removals_holds_the_office() -> None:
    """Two who removed each other apart both stayed. Then officers who know that decide about one of
    them, while others, who know it too, give a third office to somebody: all that holds."""
    committee = Committee(5)
    one, other, *friends = committee.phones[:5]
    titles: list[e.Title] = [held_by(committee, phone)[0] for phone in (one, other)]
    enact(one, asked(committee, one, titles[1], b"", *friends))
    enact(other, asked(committee, other, titles[0], b"", *committee.tablets[2:5]))
    committee.meet()
    assert [holder(one.book, title) for title in titles] == [one.person.hex(), other.person.hex()]
    enact(one, asked(committee, one, titles[1], NEW.person, *friends))
    tablet, *rest = committee.tablets[2:5]
    assert not holder(tablet.book, "key_holder_2")
    proposal = tablet.record(e.OfficerProposed("key_holder", tablet.person, seat=2))
    for phone in rest:
        phone.learns_from(tablet)
        phone.record(e.ApprovalGiven(proposal, 1, 1))
        tablet.learns_from(phone)
    enact(tablet, proposal)
    committee.meet()
    assert holder(one.book, titles[1]) == NEW.person.hex()
    assert holder(one.book, "key_holder_2") == tablet.person.hex()


# What officers agree to


@pytest.mark.parametrize("amount", [299, 300])
@pytest.mark.parametrize(
    "kind",
    [
        *("expense.paid", "transfer.made", "investment.bought", "claim.paid", "savings.withdrawn"),
        *("social.paid_out", "tax.paid", "funding.repaid", "loan.approved", "loan.disbursed"),
    ],
)
def test_whatever_kind_the_constitution_names_wants_a_second_word_from_its_limit_on(
    kind: str, amount: int
) -> None:
    """Money that was paid counts all the same, and officers are asked for their word on it."""
    village = Village()
    terms = {"approvals": {kind: 2}, "approval_limit_minor": 300}
    village.adopt(replace(CONSTITUTION, version=2, **terms))
    village.meet()
    paid = _paid(village, kind, amount)
    village.meet()
    book = told(village)
    assert entry_page(book, paid.hex()).status == "counted"
    assert [one.about for one in findings(book, "needs_word")] == [paid.hex()] * (amount >= 300)
    village.agree(paid, village.secretary)
    assert not findings(told(village), "needs_word")


def _paid(village: Village, kind: str, amount: int) -> bytes:
    """Something that costs this much, of one kind."""
    member, treasurer = village.members[0], village.treasurer
    where: tuple[int, int] = (1, 1)
    if kind.startswith("loan."):
        loan = village.secretary.record(e.LoanApplied(*where, member, amount, "seed", 2))
        village.meet()
        approved = e.LoanApproved(*where, loan, amount, "flat", 100_000, 2)
        approval = village.chairperson.record(approved)
        village.meet()
        disbursed = e.LoanDisbursed(*where, loan, amount)
        return approval if kind == "loan.approved" else treasurer.record(disbursed)
    if kind == "funding.repaid":
        promised = village.secretary.record(
            e.FundingPromised(b"", "Tujenge", "loan", 900, "seed fund", 0, "", 1)
        )
        village.meet()
        return treasurer.record(e.FundingRepaid(promised, *where, amount - 9, 9))
    events: dict[str, e.Event] = {
        "expense.paid": e.ExpensePaid(*where, "rent", amount),
        "transfer.made": e.TransferMade(*where, "box", "bank", amount),
        "investment.bought": e.InvestmentBought(*where, "business", "A mill", amount),
        "claim.paid": e.ClaimPaid(*where, member, "overpayment", amount),
        "savings.withdrawn": e.SavingsWithdrawn(*where, member, amount),
        "social.paid_out": e.SocialPaidOut(*where, member, amount, "illness"),
        "tax.paid": e.TaxPaid(*where, amount),
    }
    return treasurer.record(events[kind])


def test_nobody_is_asked_for_a_word_on_what_officers_did_not_choose() -> None:
    village = Village()
    terms = {"approvals": {"expense.paid": 2}, "approval_limit_minor": 1}
    village.adopt(replace(CONSTITUTION, version=2, **terms))
    village.meet()
    tablet = copy_of(village.treasurer, "treasurer's tablet", "Otieno")
    village.phones.append(tablet)
    wrong = tablet.record(e.ExpensePaid(1, 1, "rent", 300))
    right = village.treasurer.record(e.ExpensePaid(1, 1, "rent", 500))
    village.meet()
    asked_about = {one.about for one in findings(told(village), "needs_word")}
    assert asked_about == {wrong.hex(), right.hex()}
    village.agree(village.secretary.record(e.ConflictResolved(right, 1, 1)), village.chairperson)
    book = told(village)
    assert entry_page(book, wrong.hex()).status == "void"
    assert [one.about for one in findings(book, "needs_word")] == [right.hex()]


def test_a_close_that_some_signed_asks_nobody_for_a_word() -> None:
    """It holds without them; how far its seal has come is said elsewhere."""
    village = Village()
    village.adopt(replace(CONSTITUTION, version=2, approvals={"meeting.closed": 3}))
    village.meet()
    close = village.secretary.record(e.MeetingClosed(1, 1, ()))
    for phone in (village.treasurer, village.chairperson):
        village.meet()
        assert entry_page(told(village), close.hex()).status == "counted"
        assert close.hex() not in {
            one.about for one in list_findings(village.book) if one.code in ASKING
        }
        phone.record(e.ApprovalGiven(close, 1, 1))


@pytest.mark.parametrize("order", ["approved, refused", "refused, approved"])
def test_who_decides_about_a_loan_again_and_knew_what_was_decided_is_followed(order: str) -> None:
    """And the history says of the later word that its author knew the earlier one."""
    village = Village()
    loan = village.secretary.record(e.LoanApplied(1, 1, village.members[0], 500, "seed", 2))
    village.meet()
    words: dict[str, e.Event] = {
        "approved": e.LoanApproved(1, 1, loan, 500, "flat", 0, 2),
        "refused": e.LoanRefused(loan, 1, 1, "rejected"),
    }
    names = []
    for word in order.split(", "):
        names.append(village.chairperson.record(words[word]).hex())
        village.meet()
    book = told(village)
    reasons = {row["id"]: row["reasons"] for row in audit_view(book)}
    knew = {"approved, refused": "knew_approval", "refused, approved": "knew_refusal"}
    assert [reasons[name] for name in names] == [[], [knew[order]]]
    page = book.loans.find(loan.hex())
    assert page is not None
    assert (bool(page.refused), page.contested) == (order == "approved, refused", False)


def test_of_a_verdict_that_was_taken_back_no_quarrel_is_left() -> None:
    village = Village()
    late = late_share(village, village.secretary, village.treasurer)
    accept = village.secretary.record(e.LateEntryAccepted(late, 1, 2))
    village.treasurer.record(e.LateEntryRejected(late, 1, 2))
    village.meet()
    assert findings(told(village), "contested_verdict")
    village.chairperson.record(e.EntryReversed(1, 2, accept, "not so"))
    village.meet()
    assert not findings(told(village), "contested_verdict")


@pytest.mark.parametrize("ahead", [0, 50])
def test_a_meeting_that_one_said_no_to_reopening_apart_was_never_reopened(ahead: int) -> None:
    village = Village()
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    wish = village.secretary.record(e.MeetingReopened(1, 1, "forgotten"))
    village.treasurer.learns_from(village.secretary)
    apart = copy_of(village.treasurer, "treasurer's tablet", "Otieno")
    village.agree(wish)
    assert findings(told(village), "was_reopened")
    apart.lamport += ahead
    apart.record(e.RequestDeclined(wish, 1, 1))
    village.phones.append(apart)
    village.meet()
    book = told(village)
    assert entry_page(book, wish.hex()).status == "void"
    assert not findings(book, "was_reopened")
    page = book.meetings.find((1, 1))
    assert page is not None
    assert page.closes


# Two names of one person


def test_of_two_pairs_that_are_merged_each_keeps_its_own_names_and_loans() -> None:
    village = Village(4)
    pairs = (village.members[:2], village.members[2:])
    loans = {}
    for member in village.members:
        loans[member] = village.secretary.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
    village.meet()
    for keep, drop in pairs:
        village.agree(village.secretary.record(e.MemberMerged(keep, drop, 1, 1)))
    book = told(village)
    for keep, drop in pairs:
        for name in (keep, drop):
            assert names_of(book, name.hex()) == (keep.hex(), drop.hex())
            assert {*loans_of(book, name.hex())} == {loans[keep].hex(), loans[drop].hex()}


def test_of_merges_that_one_officer_proposes_as_many_are_followed_as_the_limit_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model.merging.MERGES_EACH", 2)
    village = Village(4)
    kept, *dropped = village.members
    merges = [village.secretary.record(e.MemberMerged(kept, other, 1, 1)) for other in dropped]
    for merge in merges:
        village.agree(merge)
    book = told(village)
    assert names_of(book, kept.hex()) == (kept.hex(), *sorted(one.hex() for one in dropped[:2]))
    page = entry_page(book, merges[-1].hex())
    assert (page.status, page.reasons) == ("void", ("too_many",))
    assert [one.about for one in findings(book, "too_many")] == [merges[-1].hex()]
