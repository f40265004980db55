"""A sheet comes in whole or not at all, and a second time adds nothing."""

from pathlib import Path
from typing import Any

import pytest

from model.findings import list_findings
from node import commands, plan
from node.errors import CommandRefused
from node.sheet import SheetError
from tests.node.test_commands import Office, secretary

__all__ = ["secretary"]

HEAD = (
    "meeting,date,member,name,phone,attendance,shares,social,fine_levied,fine_reason,fine_paid,"
    "loan_taken,loan_periods,loan_repaid\n"
)
SEASON = HEAD + (
    "2,2026-01-14,1,Amina Otieno,,present,5,20,,,,,,\n"
    "2,2026-01-14,2,Baraka,,late,3,20,50,Came late,,,,\n"
    "2,2026-01-14,3,Chausiku,0733 111 222,present,2,20,,,,200,2,\n"
    "3,2026-01-21,1,Amina Otieno,,absent,,,,,,,,\n"
    "3,2026-01-21,2,Baraka,,present,1,20,,,50,,,\n"
    "3,2026-01-21,3,Chausiku,,present,,20,,,,,,110\n"
)


def sheet(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_season_comes_in_and_a_second_time_adds_nothing(
    secretary: Office, tmp_path: Path
) -> None:
    path = sheet(tmp_path, SEASON)
    dry = commands.import_sheet(secretary.at, path, dry_run=True)
    before = secretary.at.group.replica.heads
    assert dry.step is None
    done = commands.import_sheet(secretary.at, path)
    two_members = 4  # each a number and a sealed name, that the books hold already
    assert (done.added, done.rows, done.known) == (dry.added, 6, two_members)
    assert done.step is not None
    assert done.step.changes == 1
    assert secretary.balance("1010") == 110_000 + 5_000 - 20_000 + 11_000
    assert secretary.balance("1020") == 10_000
    digest, heads = secretary.at.group.book.digest(), secretary.at.group.replica.heads
    assert heads != before
    again = commands.import_sheet(secretary.at, path)
    assert (again.added, again.step) == (0, None)
    assert again.known == done.added + done.known
    assert (secretary.at.group.book.digest(), secretary.at.group.replica.heads) == (digest, heads)


def test_what_contradicts_the_books_is_named_by_its_line(secretary: Office, tmp_path: Path) -> None:
    commands.import_sheet(secretary.at, sheet(tmp_path, SEASON))
    digest = secretary.at.group.book.digest()
    changed = SEASON.replace("late,3,20,50", "late,4,30,60").replace("Amina Otieno", "Asha")
    with pytest.raises(SheetError) as refused:
        commands.import_sheet(
            secretary.at, sheet(tmp_path, changed.replace("3,2026-01-21", "3,2026-01-22"))
        )
    text = str(refused.value)
    assert "Line 3, column shares: the books say KES 300.00, the sheet says KES 400.00" in text
    assert "Line 3, column social: the books say KES 20.00" in text
    assert "Line 3, column fine_levied" in text
    assert "Line 2, column name: member 1 is Amina Otieno in the books" in text
    assert "Line 5, column date: the books have 2026-01-21 for this meeting" in text
    assert secretary.at.group.book.digest() == digest


def test_a_sheet_with_one_bad_fact_brings_nothing(secretary: Office, tmp_path: Path) -> None:
    before = (secretary.at.group.book.digest(), secretary.at.group.replica.heads)
    text = SEASON.replace("20,,,,,,110", "20,,,,,,").replace("absent,,,,,,,,", "absent,,,,,,,,70")
    with pytest.raises(SheetError, match="Line 5, column loan_repaid: member 1 owes no loan"):
        commands.import_sheet(secretary.at, sheet(tmp_path, text))
    assert (secretary.at.group.book.digest(), secretary.at.group.replica.heads) == before


def test_what_is_odd_on_paper_comes_in_and_is_noted(secretary: Office, tmp_path: Path) -> None:
    text = HEAD + "2,2026-01-14,1,Amina Otieno,,present,,,,,,500,2,\n"
    done = commands.import_sheet(secretary.at, sheet(tmp_path, text))
    assert "Line 2: " in done.notes[0]
    assert "below zero" in done.notes[0]
    assert secretary.balance("1010") == -50_000


def test_many_rows_become_few_changes(secretary: Office, tmp_path: Path) -> None:
    rows = [
        f"{meeting},2026-02-{meeting:02},{member},Member {member},,present,1,20,,,,,,\n"
        for meeting in range(2, 12)
        for member in range(10, 30)
    ]
    done = commands.import_sheet(secretary.at, sheet(tmp_path, HEAD + "".join(rows)))
    assert done.added == 40 + 10 + 600 + 1
    assert done.step is not None
    assert done.step.changes == 11
    assert commands.import_sheet(secretary.at, sheet(tmp_path, HEAD + "".join(rows))).added == 0


def test_an_unreadable_sheet_is_refused_whole(secretary: Office, tmp_path: Path) -> None:
    with pytest.raises((SheetError, CommandRefused)):
        commands.import_sheet(secretary.at, sheet(tmp_path, "nonsense\n1,2,3\n"))


def test_a_sheet_that_is_odd_in_every_row_takes_no_longer_for_it(
    secretary: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded: list[int] = []

    def counted(*arguments: Any) -> Any:
        worded.append(1)
        return list_findings(*arguments)

    monkeypatch.setattr(plan, "list_findings", counted)
    rows = [f"2,2026-02-01,{member},Member {member},,,900,,,,,,,\n" for member in range(10, 210)]
    done = commands.import_sheet(secretary.at, sheet(tmp_path, HEAD + "".join(rows)), dry_run=True)
    assert "Line 2: " in done.notes[0]
    assert len(worded) <= 101
