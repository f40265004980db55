"""What is refused before it is recorded says what to do instead."""

from pathlib import Path

import pytest

from model.events import EVENTS
from model.permissions import MAY_RECORD
from node import commands, desk
from node.commands import Terms
from node.errors import CommandRefused
from node.node import Node
from replication.control import DeviceEnrolled
from tests.node.phones import NOW_MS, enrolled, sync
from tests.node.test_commands import TERMS, Office, secretary
from tests.node.test_importing import HEAD, sheet

__all__ = ["secretary"]


def phone_of_nobody(secretary: Office, path: Path, right: str = "write") -> Office:
    """An enrolled phone whose owner holds no office."""
    node = Node.create(path, "Somebody's phone")
    enrolment = DeviceEnrolled(node.device, b"x" * 16, right, "Somebody's phone")
    secretary.node.enrol(secretary.group_id, enrolment, NOW_MS)
    node.join(secretary.group_id, "Umoja")
    sync(secretary.node, node, secretary.group_id)
    return Office(node, secretary.group_id)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-01-06", "The last meeting was on 2026-01-07, and 2026-01-06 is before it."),
        ("2027-01-09", "The last meeting was on 2026-01-07. 2027-01-09 is over a year later."),
    ],
)
def test_a_day_out_of_line_is_asked_about_and_recorded_anyway(
    secretary: Office, day: str, why: str
) -> None:
    with pytest.raises(CommandRefused) as refused:
        commands.open_meeting(secretary.at, day)
    assert str(refused.value).startswith(f"{why} Nothing was recorded.")
    assert "--anyway" in str(refused.value)
    commands.open_meeting(secretary.at._replace(anyway=True), day)
    page = secretary.at.group.book.meetings.find((1, 2))
    assert page is not None
    assert page.held_on == day


def test_an_older_meeting_fits_between_its_neighbours(secretary: Office) -> None:
    commands.open_meeting(secretary.at, "2026-01-21", session=3)
    for day, why in (
        ("2026-01-06", "Meeting 1 of cycle 1 was on 2026-01-07"),
        ("2026-01-22", "Meeting 3 of cycle 1 was on 2026-01-21, and 2026-01-22 is after it"),
    ):
        with pytest.raises(CommandRefused, match=why):
            commands.open_meeting(secretary.at, day, session=2)
    commands.open_meeting(secretary.at, "2026-01-14", session=2)


def test_the_first_meeting_is_compared_with_the_clock_and_the_clock_decides_nothing(
    tmp_path: Path,
) -> None:
    node = Node.create(tmp_path / "s", "Secretary's phone")
    group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
    office = Office(node, group)
    with pytest.raises(CommandRefused, match=r"clock says 2026-01-01\. 2027-02-01 is over a year"):
        commands.open_meeting(office.at, "2027-02-01")
    commands.open_meeting(office.at._replace(anyway=True), "2027-02-01")
    node.close()


@pytest.mark.parametrize(
    ("cycle", "starts_on", "ends_on", "why"),
    [
        (2, "2026-12-01", "2026-01-01", "end on 2026-01-01, before it begins on 2026-12-01"),
        (4, "2027-01-01", "2027-12-01", "The next cycle is 2, not 4."),
        (1, "2027-01-01", "2027-12-01", "Cycle 1 was opened already, from 2026-01-01 to 2026-12"),
    ],
)
def test_a_cycle_follows_the_newest_and_ends_after_it_begins(
    secretary: Office, cycle: int, starts_on: str, ends_on: str, why: str
) -> None:
    commands.open_cycle(secretary.at, 1, "2026-01-01", "2026-12-01")
    anyway = secretary.at._replace(anyway=True)
    with pytest.raises(CommandRefused, match=why):
        commands.open_cycle(secretary.at, cycle, starts_on, ends_on)
    if ends_on < starts_on:
        with pytest.raises(CommandRefused, match=why):
            commands.open_cycle(anyway, cycle, starts_on, ends_on)
    else:
        commands.open_cycle(anyway, cycle, starts_on, ends_on)
    commands.open_cycle(anyway, 2, "2027-01-01", "2027-12-01")


def test_a_group_is_founded_once_under_a_name(secretary: Office) -> None:
    with pytest.raises(CommandRefused, match="holds a group called Umoja") as refused:
        commands.found_group(secretary.node, "umoja", "UGX", TERMS, NOW_MS)
    assert secretary.group_id.hex()[:8] in str(refused.value)
    assert len(secretary.node.groups) == 1
    commands.found_group(secretary.node, "Umoja wa Pili", "KES", TERMS, NOW_MS)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms("0"), "The share value must be more than zero. Nothing was recorded."),
        (Terms("1", interest_percent="150"), "The interest must be from 0 to 100 percent."),
        (Terms("1", fines={"late": "0"}), "A fine (late) must be more than zero."),
    ],
)
def test_rules_out_of_range_are_named(secretary: Office, terms: Terms, said: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        commands.found_group(secretary.node, "Tumaini", "KES", terms, NOW_MS)
    assert str(refused.value).startswith(said)
    assert refused.value.code == "out_of_range"


def test_a_fact_out_of_range_is_named(secretary: Office) -> None:
    with pytest.raises(CommandRefused, match=r"^The reason may have at most 200 letters\."):
        commands.help_from_social(secretary.at, "10", "x" * 201)


def test_a_draft_is_told_of_by_its_line_or_as_this_entry(secretary: Office, tmp_path: Path) -> None:
    with pytest.raises(CommandRefused, match="paid out last with this entry") as refused:
        commands.pay_expense(secretary.at, "stationery", "40")
    assert "ZZZZ" not in str(refused.value)
    rows = [f"2,2026-01-14,{n},Member {n},,,1,,,,,,,\n" for n in range(10, 310)]
    rows += ["2,2026-01-14,310,Last,,,,,,,,900000,2,\n", "2,2026-01-14,311,M,,,,,,,,5,2,\n"]
    path = sheet(tmp_path, HEAD + "".join(rows))
    notes = commands.import_sheet(secretary.at, path, dry_run=True).notes
    assert any("paid out last with line 302 of the sheet" in note for note in notes)
    assert not any("ZZZZ" in note for note in notes)


def test_a_task_of_another_office_is_named(secretary: Office, tmp_path: Path) -> None:
    node = enrolled(tmp_path / "t", secretary.node, secretary.group_id)
    treasurer = Office(node, secretary.group_id)
    with pytest.raises(CommandRefused) as refused:
        commands.open_cycle(treasurer.at, 1, "2026-01-01", "2026-12-01")
    assert str(refused.value) == (
        "Your office (treasurer) does not allow you to record this (cycle opened). Ask the "
        "secretary to record it. Nothing was recorded."
    )
    with pytest.raises(CommandRefused, match="Ask the chairperson or the secretary to record it"):
        commands.levy_fine(treasurer.at, "Amina", "late")
    node.close()
    assert {row.event_class for row in EVENTS} == set().union(
        *MAY_RECORD.values()
    )  # each is somebody's


def test_who_holds_no_office_is_told_how_to_get_one(secretary: Office, tmp_path: Path) -> None:
    nobody = phone_of_nobody(secretary, tmp_path / "x")
    with pytest.raises(CommandRefused) as refused:
        commands.buy_shares(nobody.at, "Amina", "100")
    assert "The owner of this phone holds no office." in str(refused.value)
    assert "for the secretary or the treasurer to record" in str(refused.value)
    assert "mkutano record officer" in str(refused.value)
    nobody.node.close()


def test_a_phone_that_only_reads_is_told_so(secretary: Office, tmp_path: Path) -> None:
    reader = phone_of_nobody(secretary, tmp_path / "x", "read")
    with pytest.raises(CommandRefused, match="may read this group's books, but not write"):
        commands.open_meeting(reader.at, "2026-01-14")
    reader.node.close()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("99", "There is no member 99."),
        ("Amna", "Did you mean 1 Amina Otieno?"),
        ("Otiano", "Did you mean 1 Amina Otieno?"),
        ("Barak", "Did you mean 2 Baraka?"),
        ("Zuhura", "No member is called “Zuhura”. Give the member's number"),
    ],
)
def test_who_is_not_found_may_be_near(secretary: Office, said: str, answer: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        desk.member(secretary.at.group, said)
    assert answer in str(refused.value)
    assert refused.value.code == "unknown_member"
