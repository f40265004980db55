"""The village plays the same life for the same seed, and keeps its own rules."""

import csv
import io
import itertools
from collections import Counter

from node.sheet import read_sheet
from simulations.season import COLUMNS, SHEET, season
from simulations.village import SHARE_VALUE_MINOR, SHARES_MAX, Deed, Village


def deeds(members: int, meetings: int, seed: int = 1) -> list[Deed]:
    played = itertools.islice(Village(members, seed).meetings(), meetings)
    return [deed for meeting in played for deed in meeting.deeds]


def test_the_same_seed_plays_the_same_life() -> None:
    assert deeds(30, 60) == deeds(30, 60)
    assert deeds(30, 60, seed=1) != deeds(30, 60, seed=2)


def test_thirty_members_do_about_ninety_things_a_meeting() -> None:
    assert 85 <= len(deeds(30, 200)) // 200 <= 100


def test_the_box_is_never_empty_and_nobody_repays_more_than_is_owed() -> None:
    box_minor, owed = 0, Counter[int]()
    for deed in deeds(25, 104):
        match deed.kind:
            case "bought" | "paid fine":
                box_minor += deed.amount_minor
            case "took":
                box_minor -= deed.amount_minor
                owed[deed.member] += deed.amount_minor + deed.amount_minor * deed.units // 20
            case "repaid":
                box_minor += deed.amount_minor
                owed[deed.member] -= deed.amount_minor
        assert box_minor >= 0
        assert owed[deed.member] >= 0
        assert deed.kind != "bought" or 1 <= deed.units <= SHARES_MAX
    assert any(owed.values())


def test_the_shipped_sheet_is_the_season_that_the_village_plays() -> None:
    assert SHEET.read_text("utf-8") == season()


def test_the_sheet_has_a_row_for_every_member_and_meeting() -> None:
    rows = list(csv.DictReader(io.StringIO(season(25, 12))))
    assert tuple(rows[0]) == COLUMNS
    assert {(row["meeting"], row["member"]) for row in rows} == {
        (str(meeting), str(member)) for meeting in range(1, 13) for member in range(1, 26)
    }
    assert len({row["name"] for row in rows}) == 25


def test_the_import_reads_every_amount_of_the_sheet() -> None:
    rows = read_sheet(SHEET, 2, SHARE_VALUE_MINOR).rows
    told = Counter[str]()
    for meeting in itertools.islice(Village(25).meetings(), 12):
        for deed in meeting.deeds:
            told[deed.kind] += deed.amount_minor
    assert len(rows) == 300
    assert sum(row.shares for row in rows) * SHARE_VALUE_MINOR == told["bought"]
    assert sum(row.social_minor for row in rows) == told["gave"]
    assert sum(row.fine_levied_minor for row in rows) == told["was fined"]
    assert sum(row.fine_paid_minor for row in rows) == told["paid fine"]
    assert sum(row.loan_taken_minor for row in rows) == told["took"]
    assert sum(row.loan_repaid_minor for row in rows) == told["repaid"]
