"""Statements: a late entry is shown where it was meant for and counted where it was accepted."""

from model import events as e
from model.history import audit_view, journal
from model.reports.activity import activity_by_meeting
from model.reports.counts import meeting_counts
from model.reports.reading import read
from model.statements import meeting_sums, meeting_view, passbook_view
from tests.strategies import Village


def late_purchase(village: Village) -> bytes:
    """Meeting 1 is closed by the secretary while the treasurer, apart, records 300 in it."""
    late = village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 3, 300))
    village.secretary.record(e.SharePurchased(1, 1, village.members[1], 1, 100))
    village.secretary.record(e.MeetingClosed(1, 1, ()))
    village.meet()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-02-11"))
    village.meet()
    return late


def accept(village: Village, late: bytes) -> None:
    verdict = village.secretary.record(e.LateEntryAccepted(late, 1, 2, "she paid"))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(verdict, 1, 2))
    village.meet()


def test_a_late_entry_is_in_no_total_before_it_is_accepted() -> None:
    village = Village()
    late_purchase(village)
    book = village.book
    assert meeting_view(book, 1, 1)["totals"]["savings_minor"] == 100
    assert meeting_view(book, 1, 1)["totals"]["suspense_minor"] == 300
    assert meeting_view(book, 1, 2)["totals"]["savings_minor"] == 0


def test_a_late_entry_counts_in_the_meeting_that_accepted_it_with_that_day() -> None:
    village = Village()
    late = late_purchase(village)
    accept(village, late)
    book = village.book
    first, second = meeting_view(book, 1, 1), meeting_view(book, 1, 2)
    assert (first["totals"]["savings_minor"], second["totals"]["savings_minor"]) == (100, 300)
    assert first["totals"]["suspense_minor"] == second["totals"]["suspense_minor"] == 0
    shown = {row["id"]: row["counted_here"] for row in first["entries"]}
    assert shown[late.hex()] is False
    assert {row["id"]: row["counted_here"] for row in second["entries"]}[late.hex()] is True
    lines = passbook_view(book, village.members[0].hex())["lines"]
    assert [(line["session"], line["savings_minor"]) for line in lines] == [(1, 0), (2, 300)]
    assert meeting_sums(book, 1, 2)[village.members[0].hex()]["savings_minor"] == 300
    dates = {entry.id: (entry.date, entry.meeting) for entry in journal(book)}
    assert dates[late.hex()] == ("2026-02-11", "1/2")
    (row,) = [row for row in audit_view(book) if row["id"] == late.hex()]
    assert (row["accepted_in"], row["status"]) == ("1/2", "counted")


def test_reports_count_it_there_too() -> None:
    village = Village()
    accept(village, late_purchase(village))
    reading = read(village.book)
    first, second = meeting_counts(reading)
    assert set(first.saved) == {village.members[1].hex()}
    assert set(second.saved) == {village.members[0].hex()}
    rows = activity_by_meeting(reading, (first, second))
    assert [row["saved_minor"] for row in rows] == [100, 300]


def test_when_the_acceptance_is_taken_back_it_is_late_again() -> None:
    village = Village()
    late = late_purchase(village)
    accept(village, late)
    (verdict,) = (
        identity
        for identity, entry in village.secretary.known.items()
        if isinstance(entry.event, e.LateEntryAccepted)
    )
    taken_back = village.treasurer.record(e.EntryReversed(1, 2, verdict, "she did not"))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(taken_back, 1, 2))
    village.meet()
    assert meeting_view(village.book, 1, 2)["totals"]["savings_minor"] == 0
    assert meeting_view(village.book, 1, 1)["totals"]["suspense_minor"] == 300


def test_voluntary_savings_and_what_was_taken_back_have_columns_of_their_own() -> None:
    village = Village()
    village.treasurer.record(e.SavingsDeposited(1, 1, village.members[0], 500))
    village.treasurer.record(e.SavingsWithdrawn(1, 1, village.members[0], 200))
    village.meet()
    (line,) = passbook_view(village.book, village.members[0].hex())["lines"]
    assert (line["voluntary_minor"], line["withdrawn_minor"], line["savings_minor"]) == (
        500,
        200,
        0,
    )
    assert line["cash_minor"] == 300


def test_severity_and_action_sort_the_audit_trail() -> None:
    village = Village()
    purchase = village.treasurer.record(e.SharePurchased(1, 1, village.members[0], 3, 300))
    village.meet()
    village.secretary.record(e.EntryReversed(1, 1, purchase, "not paid"))
    village.chairperson.record(e.MemberStatusSet(village.members[2], "suspended", "quarrel"))
    village.meet()
    rows = {row["kind"]: row for row in audit_view(village.book)}
    found = {kind: (row["action"], row["severity"]) for kind, row in rows.items()}
    assert found["entry.reversed"] == ("reverse", "warning")
    assert found["member.status_set"] == ("suspend", "notice")
    assert found["meeting.opened"] == ("create", "info")
    assert found["constitution.adopted"] == ("update", "notice")
