"""Officers together at real phones: rules, counts, late entries, closed meetings, minutes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.closing import state_of
from model.findings import list_findings
from model.journal import balance
from node import commands, deciding, desk, gathering, governing
from node.commands import Context, Terms
from node.errors import CommandRefused
from node.node import Node
from node.records import RecordRequest, record
from replication.control import DeviceEnrolled
from tests.node.phones import NOW_MS, sync

TERMS = Terms("100", social_fund="20", interest_percent="10", fines={"late": "50"})


class Officer:
    """An officer at a phone, in one group."""

    def __init__(self, node: Node, group: bytes) -> None:
        self.node = node
        self.group_id = group

    @property
    def at(self) -> Context:
        return Context(self.node, self.node.group(self.group_id), NOW_MS)

    def codes(self) -> set[str]:
        return {finding.code for finding in list_findings(self.at.group.book)}

    def balance(self, account: str) -> int:
        return balance(self.at.group.book, account)

    def record(self, kind: str, **details: object) -> str:
        asked = RecordRequest(kind=kind, **details)  # type: ignore[arg-type]
        return str(record(self.node, asked, NOW_MS).body["sentence"])


class Umoja:
    """A group with a phone each for secretary, treasurer and chairperson."""

    def __init__(self, path: Path) -> None:
        node = Node.create(path / "secretary", "Secretary's phone")
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        self.secretary = Officer(node, group)
        for name in ("Amina", "Baraka", "Chebet"):
            commands.add_member(self.secretary.at, name, joined_on="2026-01-01")
        self.treasurer = self._joins(path, "treasurer")
        self.chairperson = self._joins(path, "chairperson")
        commands.open_meeting(self.secretary.at, "2026-01-07")
        self.meet()

    def _joins(self, path: Path, title: str) -> Officer:
        node, group = Node.create(path / title, f"{title}'s phone"), self.secretary.group_id
        person = title.encode().ljust(16, b".")
        enrolment = DeviceEnrolled(node.device, person, "write", f"{title}'s phone")
        self.secretary.node.enrol(group, enrolment, NOW_MS)
        commands.elect(self.secretary.at, title, node.device)  # type: ignore[arg-type]
        node.join(group, "Umoja")
        sync(self.secretary.node, node, group)
        return Officer(node, group)

    def meet(self) -> None:
        """All phones sync."""
        for officer in (self.treasurer, self.chairperson, self.treasurer):
            sync(self.secretary.node, officer.node, self.secretary.group_id)

    def close(self) -> None:
        for officer in (self.secretary, self.treasurer, self.chairperson):
            officer.node.close()


@pytest.fixture
def umoja(tmp_path: Path) -> Iterator[Umoja]:
    group = Umoja(tmp_path)
    yield group
    group.close()


def all_three(umoja: Umoja) -> None:
    """From now on the constitution changes only when all three officers agree."""
    rule = "approvals.constitution.proposed=3"
    asked = governing.propose_constitution(umoja.secretary.at, [rule])
    assert asked.sentence == "Constitution 2 is proposed. One more officer must agree."
    umoja.meet()
    deciding.approve(umoja.chairperson.at, asked.code)
    umoja.meet()


def test_the_last_officer_who_agrees_puts_the_rules_in_force(umoja: Umoja) -> None:
    changes = governing.changed(
        umoja.secretary.at, governing.amended(umoja.secretary.at, ["shares-max=7", "interest=12.5"])
    )
    assert [(one.before, one.after) for one in changes] == [("5", "7"), ("10 %", "12.5 %")]
    all_three(umoja)
    asked = governing.propose_constitution(umoja.secretary.at, ["shares_max=7", "interest=12.5"])
    assert asked.sentence == "Constitution 3 is proposed. 2 more officers must agree."
    umoja.meet()
    given = deciding.approve(umoja.treasurer.at, asked.code)
    assert given.sentence.endswith("One more officer must agree.")
    with pytest.raises(CommandRefused, match=r"agreed to .* already"):
        deciding.approve(umoja.treasurer.at, asked.code)
    umoja.meet()
    last = deciding.approve(umoja.chairperson.at, asked.code)
    assert last.sentence.startswith("The new constitution is in force.")
    umoja.meet()
    assert desk.terms(umoja.secretary.at.group.book).shares_max == 7
    assert "constitution_changed" in umoja.secretary.codes()


def test_rules_are_named_as_people_type_them(umoja: Umoja) -> None:
    terms = governing.amended(
        umoja.secretary.at,
        ["fines.late=75", "fines.noise=10", "approvals.expense.paid=2", "loan.penalty=percent",
         "loan.penalty=flat", "netting=no", "social_fund=50", "record_keeper=treasurer"],
    )  # fmt: skip
    assert terms.fines == {"late": 7500, "noise": 1000}
    assert terms.approvals == {"expense.paid": 2}
    assert (terms.loan.penalty, terms.netting, terms.social_fund_minor) == ("flat", False, 5000)
    for wrong in (
        "share_price=3",
        "netting=perhaps",
        "shares_max=many",
        "interest",
        "shares_max=5",
    ):
        with pytest.raises(CommandRefused):
            governing.amended(umoja.secretary.at, [wrong])


def test_a_difference_is_accepted_by_two(umoja: Umoja) -> None:
    umoja.treasurer.record("contribution", member="Amina", amount="300")
    umoja.treasurer.record("count", channel="box", coins="2x100, 1x50", moment="close")
    assert "cash_differs" in umoja.treasurer.codes()
    with pytest.raises(CommandRefused, match="disputed entries or counts"):
        commands.close_meeting(umoja.treasurer.at)
    said = umoja.treasurer.record("variance", reason="a note was lost")
    assert said.startswith("KES 50.00 short in “box”")
    umoja.meet()
    (waiting,) = umoja.secretary.at.group.book.waiting.rows()
    deciding.approve(umoja.secretary.at, waiting[0])
    assert umoja.secretary.balance("5040") == 5000
    assert "cash_differs" not in umoja.secretary.codes()
    commands.close_meeting(umoja.secretary.at)


def test_coins_that_do_not_add_up_are_refused(umoja: Umoja) -> None:
    with pytest.raises(CommandRefused, match=r"add up to KES 300\.00"):
        umoja.treasurer.record("count", amount="250", coins="3x100")
    with pytest.raises(CommandRefused, match="are no coins"):
        umoja.treasurer.record("count", coins="three hundred")


def test_what_came_too_late_is_let_in_by_two(umoja: Umoja) -> None:
    bought = commands.buy_shares(umoja.treasurer.at, "Amina", "300")
    commands.close_meeting(umoja.secretary.at)
    umoja.meet()
    commands.open_meeting(umoja.secretary.at, "2026-01-14")
    asked = deciding.judge_late(umoja.secretary.at, bought.code, True)
    assert asked.sentence.endswith("One more officer must agree.")
    umoja.meet()
    deciding.approve(umoja.treasurer.at, asked.code)
    assert umoja.treasurer.balance("1010") == 30_000
    inside = commands.buy_shares(umoja.treasurer.at, "Baraka", "100")
    with pytest.raises(CommandRefused, match="not late"):
        deciding.judge_late(umoja.treasurer.at, inside.code, False)


def test_a_meeting_is_opened_again_by_three(umoja: Umoja) -> None:
    with pytest.raises(CommandRefused, match="not closed"):
        deciding.reopen(umoja.secretary.at, "why not")
    commands.close_meeting(umoja.secretary.at)
    asked = deciding.reopen(umoja.secretary.at, "Amina was forgotten")
    umoja.meet()
    deciding.approve(umoja.treasurer.at, asked.code)
    umoja.meet()
    deciding.approve(umoja.chairperson.at, asked.code)
    book = umoja.chairperson.at.group.book
    page = book.meetings.find((1, 1))
    assert page is not None
    assert state_of(page) == "reopened"


def test_a_dispute_is_settled_by_choosing(umoja: Umoja) -> None:
    commands.buy_shares(umoja.secretary.at, "Amina", "300")
    right = commands.buy_shares(umoja.treasurer.at, "Amina", "200")
    umoja.meet()
    assert "disputed_amount" in umoja.secretary.codes()
    asked = deciding.resolve(umoja.treasurer.at, right.code, "the passbook says so")
    umoja.meet()
    deciding.approve(umoja.secretary.at, asked.code)
    assert "disputed_amount" not in umoja.secretary.codes()
    assert umoja.secretary.balance("1010") == 20_000


def test_no_and_taking_back(umoja: Umoja) -> None:
    all_three(umoja)
    asked = governing.propose_constitution(umoja.secretary.at, ["shares_max=7"])
    umoja.meet()
    with pytest.raises(CommandRefused, match="said nothing"):
        deciding.withdraw(umoja.treasurer.at, asked.code)
    deciding.approve(umoja.treasurer.at, asked.code)
    deciding.withdraw(umoja.treasurer.at, asked.code)
    said = deciding.decline(umoja.treasurer.at, asked.code, "too many")
    assert said.sentence.endswith("It has no effect.")
    assert "declined" in umoja.treasurer.codes()


def test_a_no_to_what_a_majority_decides_is_only_a_word_that_is_missing(umoja: Umoja) -> None:
    asked = governing.propose_constitution(umoja.secretary.at, ["shares_max=7"])
    umoja.meet()
    said = deciding.decline(umoja.treasurer.at, asked.code, "too many")
    assert said.sentence.endswith("It holds all the same if enough others agree.")
    umoja.meet()
    last = deciding.approve(umoja.chairperson.at, asked.code)
    assert last.sentence.startswith("The new constitution is in force.")


def test_a_meeting_is_planned_and_gone_through(umoja: Umoja) -> None:
    umoja.secretary.record(
        "schedule", date="2026-01-14", at="14:30", place="school", agenda="shares, loan requests"
    )
    umoja.secretary.record("meeting", date="2026-01-14", keys="Amina, Baraka", place="school")
    with pytest.raises(CommandRefused, match="has not come to shares yet"):
        umoja.secretary.record("agenda", code="loan_requests")
    umoja.secretary.record("agenda", code="shares")
    umoja.secretary.record("agenda", code="loan_requests")
    for name in ("Amina", "Baraka", "Chebet"):
        umoja.secretary.record("attendance", member=name, status="present", at="14:40")
    said = umoja.secretary.record("resolution", text="Be on time", votes="2,1")
    assert said.startswith("Resolution 1 is carried: 2 for, 1 against, 0 abstained")
    umoja.secretary.record("ballot", member="Amina", status="no")
    umoja.secretary.record("action", text="buy a lock", member="Amina", until="2026-01-21")
    ((action, _),) = umoja.secretary.at.group.book.open_actions.rows()
    umoja.secretary.record("action-done", receipt=action)
    umoja.secretary.record("minutes", text="We met.")
    assert not list(umoja.secretary.at.group.book.open_actions.rows())
    with pytest.raises(CommandRefused, match="are no votes"):
        gathering.record_resolution(umoja.secretary.at, "", "x", "many")


def test_the_profile_keeps_what_is_not_said(umoja: Umoja) -> None:
    umoja.secretary.record("group-profile", place="Kibera", country="Kenya", text="We save.")
    umoja.secretary.record("group-profile", county="Nairobi")
    umoja.secretary.record("group-status", status="inactive", reason="harvest")
    group = umoja.secretary.at.group.book.group.find("group")
    assert group is not None
    assert (group.name, group.description, group.status) == ("Umoja", "We save.", "inactive")
    assert group.place == ("Kibera", "", "Nairobi", "Kenya")


def test_what_waits_says_for_how_many_and_how_they_agree(umoja: Umoja) -> None:
    asked = RecordRequest(kind="merge", member="Amina", keep="Chebet")
    body = record(umoja.secretary.node, asked, NOW_MS).body
    assert str(body["sentence"]).endswith(
        f" It counts when one more officer agrees: mkutano approve {body['receipt']}"
    )
    asked = RecordRequest(kind="rotation", members="1,2,3", amount="100")
    said = str(record(umoja.secretary.node, asked, NOW_MS).body["sentence"])
    assert " It counts when one more officer agrees: mkutano approve " in said
