"""Members, savings and what is owed, as officers tell it, and what they are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import commands, desk
from node.answers import GroupRequest
from node.cli_books import _members
from node.cli_members import _goals, _member
from node.errors import CommandRefused
from node.member_views import GoalsRequest, goals, member
from node.node import Node
from node.records import RecordRequest, record
from node.views import MemberRequest, members
from tests.node.phones import NOW_MS
from tests.node.test_commands import TERMS, Office


class Village:
    """A founding secretary who records by kind, as the command line does."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def record(self, kind: str, **details: Any) -> str:
        asked = RecordRequest(group="", kind=kind, **details)
        sentence: str = record(self.office.node, asked, NOW_MS).body["sentence"]
        return sentence

    def refusal(self, kind: str, **details: Any) -> str:
        with pytest.raises(CommandRefused) as refused:
            self.record(kind, **details)
        return str(refused.value)

    def members(self) -> dict[str, dict[str, Any]]:
        answer = members(self.office.node, GroupRequest(group=""), NOW_MS)
        return {row["name"]: row for row in answer.body["members"]}


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with Node.create(tmp_path / "s", "Secretary's phone") as node:
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        office = Office(node, group)
        for name in ("Amina", "Baraka", "Chebet"):
            commands.add_member(office.at, name, joined_on="2026-01-01")
        commands.open_meeting(office.at, "2026-01-07")
        yield Village(office)


def test_savings_in_and_out(village: Village) -> None:
    said = village.record("savings", member="Amina", amount="500")
    assert said == "Amina saved KES 500.00 beside the shares in meeting 1 of cycle 1."
    said = village.record("savings-withdrawal", member="Amina", amount="200")
    assert said.endswith("in meeting 1 of cycle 1; KES 300.00 are left.")
    said = village.refusal("savings-withdrawal", member="Amina", amount="301")
    assert said.startswith("Amina has KES 300.00 of voluntary savings. Nothing was recorded.")
    village.record("savings-withdrawal", member="Amina", amount="301", anyway=True)
    assert village.office.balance("2020", "Amina") == 100
    codes = [finding.code for finding in _findings(village)]
    assert "source_too_small" in codes


def _findings(village: Village) -> Any:
    from model.findings import list_findings

    return list_findings(village.office.at.group.book)


def test_shares_and_fines_out_of_savings(village: Village) -> None:
    village.record("savings", member="Amina", amount="500")
    village.record("contribution", member="Amina", amount="300", source="savings")
    village.record("fine", member="Amina", code="late")
    village.record("fine-payment", member="Amina", amount="50", source="savings")
    assert village.office.balance("2020", "Amina") == -15_000
    assert village.office.balance("1010") == 50_000
    said = village.refusal("fine-payment", member="Amina", amount="50", source="pocket")
    assert said == (
        "“pocket” is no source of money. It is one of: savings, shares, payable, receipts."
    )
    said = village.refusal("savings", member="Amina", amount="50", source="savings")
    assert "Say another --source." in said


def test_a_member_is_merged_and_the_other_number_still_finds_the_person(village: Village) -> None:
    village.record("contribution", member="Amina", amount="300")
    said = village.record("merge", member="Amina", keep="Chebet", reason="wrote her twice")
    assert said == (
        "Member 1 is the same person as member 3, Chebet; shares KES 300.00 (3 shares) follow."
    )
    assert village.office.balance("2010", "Chebet") == -30_000
    rows = village.members()
    assert rows["Amina"]["merged_into"] == 3
    assert rows["Chebet"]["merged_into"] is None
    assert desk.member(village.office.at.group, "1").name == "Chebet"
    assert desk.member(village.office.at.group, "Amina").name == "Chebet"
    assert [one.name for one in desk.members(village.office.at.group)] == ["Baraka", "Chebet"]
    assert "himself or herself" in village.refusal("merge", member="Amina", keep="3")


def test_the_list_of_members_says_who_was_merged(village: Village) -> None:
    village.record("merge", member="Amina", keep="Chebet")
    shown = _members({"members": list(village.members().values())})
    assert "merged into 3" in shown
    assert shown.count("active") == 2


def test_who_a_member_is(village: Village) -> None:
    village.record("savings", member="Amina", amount="70")
    village.record("merge", member="Amina", keep="Chebet")
    village.record("member-status", member="Chebet", status="inactive", reason="travels")
    village.record("member-status", member="Chebet", status="active")
    village.record("profile", member="Chebet", role="trainer")
    village.record("consent", member="Chebet", code="sms", status="yes")
    village.record("consent", member="Chebet", code="photo", status="no")
    village.record("goal", member="Chebet", name="Roof", amount="140")
    village.record("goal", name="More of us", amount="4", code="membership")
    answer = member(village.office.node, MemberRequest(group="", member="1"), NOW_MS).body
    assert (answer["number"], answer["other_numbers"]) == (3, [1])
    assert [row["status"] for row in answer["history"]] == ["inactive", "active"]
    assert answer["voluntary_savings_minor"] == 7_000
    assert answer["consents"] == {"photo": False, "sms": True}
    shown = _member(dict(answer))
    words = " ".join(shown.split())
    for told in ("Also number 1", "inactive travels", "Roles trainer", "Roof 70.00 140.00"):
        assert told in words
    rows = goals(village.office.node, GoalsRequest(group=""), NOW_MS).body
    assert [(row["who"], row["progress"]) for row in rows["goals"]] == [("", 2), ("Chebet", 7_000)]
    assert "the group" in _goals(dict(rows))
    assert _goals({"goals": []}).startswith("No goals yet.")


def test_details_of_a_member(village: Village) -> None:
    said = village.record("profile", member="Amina", number=9, gender="Female", born=1990)
    assert said == "Amina: number 9, gender female, born in 1990."
    row = village.members()["Amina"]
    assert (row["number"], row["gender"], row["birth_year"]) == (9, "female", 1990)
    assert "is Baraka already" in village.refusal("profile", member="9", number=2)
    assert "no gender" in village.refusal("profile", member="9", gender="lion")
    assert "1850 is no year" in village.refusal("profile", member="9", born=1850)
    assert "Say what to note" in village.refusal("profile", member="9")


def test_a_goal_is_told_while_saving(village: Village) -> None:
    said = village.record(
        "goal", member="Amina", name="School  fees", amount="1,000", each="50", until="2026-12-31"
    )
    assert said == "Amina's goal “School fees”: KES 1,000.00 by 2026-12-31."
    said = village.record("contribution", member="Amina", amount="300")
    assert said.endswith(
        "Goal “School fees”: KES 300.00 of KES 1,000.00, KES 50.00 at each meeting."
    )
    said = village.record("savings", member="Amina", amount="700")
    assert "Goal “School fees”: KES 1,000.00 of KES 1,000.00" in said
    assert "Open are: “School fees”" in village.refusal("goal-end", member="Amina", name="Roof")
    assert village.record("goal-end", member="Amina", name="school fees").endswith("is reached.")
    assert "Goal" not in village.record("savings", member="Amina", amount="1")
    said = village.record("goal", name="More of us", amount="25", code="membership")
    assert said == "The group's goal “More of us”: 25 members."
    assert "no number of members" in village.refusal(
        "goal", name="x", amount="1.5", code="membership"
    )


def test_consent_is_asked_by_purpose(village: Village) -> None:
    said = village.record("consent", member="Amina", code="sms", status="yes", witness="Baraka")
    assert said == "Amina allows this use: sms."
    said = village.record("consent", member="Amina", code="sms", status="no")
    assert said == "Amina does not allow this use: sms."
    assert "another member" in village.refusal(
        "consent", member="Amina", code="sms", status="yes", witness="Amina"
    )


def test_a_fine_is_waived_and_what_was_paid_on_it_given_back(village: Village) -> None:
    assert "has no fine" in village.refusal("fine-waiver", member="Amina")
    village.record("fine", member="Amina", code="late")
    village.record("fine-payment", member="Amina", amount="50")
    said = village.record("fine-waiver", member="Amina", reason="a funeral")
    assert said.startswith("The fine of KES 50.00 (")
    (refund,) = [finding for finding in _findings(village) if finding.code == "refund_due"]
    assert "mkutano record refund" in refund.sentence
    assert village.record("refund", member="Amina") == (
        "Amina was given back KES 50.00 in meeting 1 of cycle 1."
    )
    assert not [finding for finding in _findings(village) if finding.code == "refund_due"]
    assert "Nothing is owed to Amina" in village.refusal("refund", member="Amina")
    assert "Amina is owed KES 0.00" in village.refusal("refund", member="Amina", amount="5")
    assert "has no fine" in village.refusal("fine-waiver", member="Amina")


def test_a_debt_that_is_not_there(village: Village) -> None:
    assert "owes nothing from a share-out or an exit" in village.refusal(
        "debt-payment", member="Amina"
    )
    assert "The debt of Amina from a share-out or an exit is KES 0.00." in village.refusal(
        "debt-payment", member="Amina", amount="5"
    )


def test_help_to_somebody_outside_says_whom(village: Village) -> None:
    village.record("social", member="Amina", amount="500")
    said = village.refusal("social-help", amount="100", reason="fees")
    assert "does not say to whom" in said
    said = village.record("social-help", amount="100", reason="fees", payee="The school")
    assert said.startswith("The social fund helped The school with KES 100.00")


def test_an_opening_balance_of_voluntary_savings(village: Village) -> None:
    village.record(
        "opening-balance", account="voluntary", member="Amina", amount="70", date="2026-01-01"
    )
    assert village.office.balance("2020", "Amina") == -7_000
