"""A meeting by name: opened with keys, read out and closed, in the cycle that goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from model import events as e
from model.closing import state_of
from model.findings import list_findings
from node import commands, desk
from node.cli import cli
from node.commands import Context
from node.ending import close_cycle
from node.errors import CommandRefused
from node.node import Node
from node.recording import record as record_event
from node.records import RecordRequest, record
from tests.node.phones import NOW_MS
from tests.node.test_commands import TERMS


class Secretary:
    """The only officer of a group, who decides alone."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.group_id, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        for name in ("Amina", "Baraka"):
            commands.add_member(self.at, name, joined_on="2026-01-01")
        commands.open_cycle(self.at, 1, "2026-01-01", "2026-12-31")
        self.record("meeting", date="2026-01-07")

    @property
    def at(self) -> Context:
        return Context(self.node, self.node.group(self.group_id), NOW_MS)

    def record(self, kind: str, **details: object) -> str:
        asked = RecordRequest(kind=kind, **details)  # type: ignore[arg-type]
        return str(record(self.node, asked, NOW_MS).body["sentence"])

    def codes(self) -> set[str]:
        return {finding.code for finding in list_findings(self.at.group.book)}


@pytest.fixture
def secretary(tmp_path: Path) -> Iterator[Secretary]:
    with Node.create(tmp_path / "s", "Secretary's phone") as node:
        yield Secretary(node)


def test_a_close_reads_out_what_was_spent_and_the_books_agree(secretary: Secretary) -> None:
    secretary.record("contribution", member="1", amount="300")
    secretary.record("social", member="1", amount="20")
    secretary.record("expense", amount="40", code="pens")
    secretary.record("social-help", member="2", amount="5", reason="ill")
    given = commands.close_meeting(secretary.at)
    page = secretary.at.group.book.closings.find(given.entries[0].hex())
    assert page is not None
    assert dict(page.read_out) == {
        "shares_minor": 30_000, "social_minor": 2_000, "spent_minor": 4_000,
    }  # fmt: skip
    assert "close_differs" not in secretary.codes()


def test_every_open_meeting_is_closed_at_once_before_the_cycle_ends(secretary: Secretary) -> None:
    for day in ("2026-01-14", "2026-01-21"):
        secretary.record("meeting", date=day)
    with pytest.raises(CommandRefused, match="Meetings 1, 2, 3 of cycle 1 are open") as refused:
        close_cycle(secretary.at)
    assert str(refused.value).endswith("mkutano record close --all")
    said = secretary.record("close", every=True)
    assert said == "3 meetings are closed, the last of them meeting 3 of cycle 1."
    book = secretary.at.group.book
    assert {state_of(page) for _, page in book.meetings.rows()} <= {"closed", "sealed"}
    assert close_cycle(secretary.at).sentence == "Cycle 1 ends on 2026-01-21."
    with pytest.raises(CommandRefused, match="No meeting is open"):
        secretary.record("close", every=True)


def test_the_next_meeting_is_one_of_the_cycle_that_goes_on(secretary: Secretary) -> None:
    commands.close_meetings(secretary.at)
    close_cycle(secretary.at)
    with pytest.raises(CommandRefused, match=r"Cycle 1 has ended\. Begin the next one first"):
        secretary.record("meeting", date="2027-01-06")
    commands.open_cycle(secretary.at, 2, "2027-01-01", "2027-12-31")
    said = secretary.record("meeting", date="2027-01-06")
    assert said == "Meeting 1 of cycle 2 is open (2027-01-06)."


def test_keys_join_the_meeting_that_is_open(secretary: Secretary) -> None:
    said = secretary.record("meeting", keys="1,2")
    assert said == "Meeting 1 of cycle 1 is open (2026-01-07) with 2 keys."
    assert desk.open_meetings(secretary.at.group) == [(1, 1)]
    with pytest.raises(CommandRefused, match="--date is needed"):
        secretary.record("meeting")


def test_a_second_meeting_on_one_day_is_asked_about(secretary: Secretary) -> None:
    with pytest.raises(CommandRefused, match="is open on that day already"):
        secretary.record("meeting", date="2026-01-07")
    secretary.record("close")
    secretary.record("meeting", date="2026-01-07")


def test_a_count_says_how_it_compares_with_the_books(secretary: Secretary) -> None:
    secretary.record("contribution", member="1", amount="300")
    assert secretary.record("count", amount="290").endswith(
        ": KES 10.00 short, compared with the books."
    )
    assert secretary.record("count", amount="300", moment="close").endswith(
        ", as the books have it."
    )


def test_what_was_paid_too_much_is_said(secretary: Secretary) -> None:
    assert secretary.record("fine", member="2", code="late").startswith("Baraka owes a fine")
    said = secretary.record("fine-payment", member="2", amount="70")
    assert said.endswith("KES 20.00 of it is more than was owed, and is kept for the member.")
    assert "more than was owed" not in secretary.record("social", member="2", amount="20")


def test_a_command_at_the_end_of_a_refusal_is_set_apart(secretary: Secretary) -> None:
    event = e.CycleClosed(1, "2026-01-07", b"")
    with pytest.raises(CommandRefused) as refused:
        record_event(secretary.at, event, "")
    assert str(refused.value) == (
        "A meeting of the cycle is open. Close it first, with “mkutano record close”. "
        "Nothing was recorded."
    )


def test_a_kind_that_is_typed_as_a_command_is_named() -> None:
    done = CliRunner().invoke(cli, ["repayment", "--member", "1"])
    assert done.exit_code == 2
    assert "Record it with: mkutano record repayment" in done.output
