"""Reports say what they cover, agree with the book and with each other, and never fail."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.reducer import fold
from model.reports.periods import ReportPeriod, parse_period
from model.reports.reading import read
from model.reports.report import (
    REPORT_KINDS,
    Asked,
    ReportError,
    ReportKind,
    make_report,
    report_digest,
)
from model.reports.summary import partner_summary
from model.reports.tables import report_tables, tables_csv
from model.views import accounts_view
from tests.model.reports.season import Season
from tests.strategies import histories

YEAR = parse_period("2026")


def made(book: Book, kind: ReportKind, **asked: Any) -> dict[str, Any]:
    return make_report(read(book), Asked(kind, **{"period": YEAR, **asked}))


def every_report(book: Book, period: ReportPeriod) -> list[dict[str, Any]]:
    reading = read(book)
    member = next((name for name, _ in book.members.rows()), "")
    meeting = next((key for key, _ in book.meetings.rows()), None)
    reports = [
        make_report(reading, Asked(kind, period, meeting, member))
        for kind in REPORT_KINDS
        if (kind != "meeting" or meeting) and (kind != "member" or member)
    ]
    return [
        *reports,
        partner_summary(reading, period),
        partner_summary(reading, period, "pseudonym"),
    ]


def test_a_monthly_report_by_hand() -> None:
    figures = made(Season().book, "monthly", period=parse_period("2026-02"))["figures"]
    activity = figures["activity"]
    assert (activity["saved_minor"], activity["repaid_minor"], activity["help_minor"]) == (
        400,
        260,
        30,
    )
    assert (activity["spent_minor"], activity["earned_minor"]) == (25, 60)
    assert [row["day"] for row in figures["by_day"]] == ["2026-02-11"]
    cash = {row["pocket"]: row for row in figures["cash"]}
    # The box: 2,000 saved less 600 lent; then 400 saved, 260 repaid and 25 spent.
    assert (cash["box"]["opening_minor"], cash["box"]["received_minor"]) == (1_400, 660)
    assert (cash["box"]["paid_minor"], cash["box"]["closing_minor"]) == (25, 2_035)
    assert (cash["social"]["opening_minor"], cash["social"]["closing_minor"]) == (80, 50)
    assert figures["income_statement"]["result_minor"] == 60 - 25
    funds = {row["fund"]: row["closing_minor"] for row in figures["funds"]["rows"]}
    assert funds == {"loan_fund": 2_400 + 35, "social_fund": 50}
    assert figures["balance_sheet"]["total_assets"]["closing_minor"] == 2_485
    assert all(row["holds"] for row in figures["subledgers"])
    (meeting,) = figures["meetings"]
    assert (meeting["in_person"], meeting["by_representative"]) == (2, 1)
    assert figures["members"]["at_end"] == 5


def test_what_was_taken_back_or_told_twice_is_in_no_figure_or_in_one() -> None:
    season = Season()
    treasurer, secretary = season.treasurer, season.secretary
    secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.meet()
    wrong = treasurer.record(e.SharePurchased(1, 3, season.members[2], 1, 100))
    for officer in (treasurer, secretary):
        officer.record(e.SharePurchased(1, 3, season.members[3], 2, 200))
    season.meet()
    secretary.record(e.EntryReversed(1, 3, wrong, "not paid"))
    season.meet()
    figures = made(season.book, "monthly", period=parse_period("2026-03"))["figures"]
    assert (figures["activity"]["saved_minor"], figures["activity"]["entries"]) == (200, 1)
    (meeting,) = figures["meetings"]
    assert meeting["saved_members"] == 1
    assert figures["cash"][0]["closing_minor"] == 2_035 + 200


def test_a_closed_cycle_keeps_its_income_in_every_report() -> None:
    season = Season()
    before = made(season.book, "annual")["figures"]
    decision = season.secretary.record(e.CycleClosed(1, "2026-12-20"))
    season.meet()
    for officer in (season.treasurer, season.chairperson):
        officer.record(e.ApprovalGiven(decision, 1, 2))
    season.meet()
    after = made(season.book, "annual")["figures"]
    assert {row["code"] for row in after["trial_balance"]["rows"]} >= {"3020"}
    assert after["income_statement"] == before["income_statement"]
    assert after["funds"] == before["funds"]
    assert after["balance_sheet"]["total_assets"] == before["balance_sheet"]["total_assets"]
    yields = [
        next(row["numerator"] for row in figures["ratios"] if row["code"] == "portfolio_yield")
        for figures in (before, after)
    ]
    assert yields == [[60, 1], [60, 1]]


def test_a_loan_is_in_no_report_of_the_days_before_it_was_handed_over() -> None:
    figures = made(Season().book, "loan", period=parse_period("2025"))["figures"]
    assert figures["loans"] == []
    assert figures["portfolio"]["released_minor"] == 0


def test_the_digest_is_of_the_contents_and_of_no_order_of_keys() -> None:
    report = made(Season().book, "impact")
    turned = dict(reversed(report.items()))
    assert report_digest(turned) == report_digest(report)
    assert report_digest({**report, "report": "audit"}) != report_digest(report)


def test_quarterly_and_annual_reports_are_the_same_page_over_other_days() -> None:
    book = Season().book
    quarter = made(book, "quarterly", period=parse_period("2026-q1"))["figures"]
    year = made(book, "annual")["figures"]
    assert quarter["activity"] == year["activity"]
    assert [row["month"] for row in year["by_month"]] == ["2026-01", "2026-02"]
    months = [made(book, "monthly", period=parse_period(f"2026-0{n}"))["figures"] for n in (1, 2)]
    for key, total in year["activity"].items():
        assert total == sum(month["activity"][key] for month in months)


def test_the_report_of_a_meeting_by_hand() -> None:
    report = made(Season().book, "meeting", meeting=(1, 1), period=None)
    assert report["parameters"]["from"] == report["parameters"]["to"] == "2026-01-07"
    assert report["figures"]["meeting"]["totals"]["savings_minor"] == 2_000
    (counts,) = report["figures"]["counts"]
    assert (counts["members_expected"], counts["in_person"]) == (5, 4)
    assert {row["pocket"]: row["closing_minor"] for row in report["figures"]["cash"]} == {
        "box": 1_400,
        "social": 80,
        "bank": 0,
        "mobile": 0,
    }


def test_the_report_on_a_loan_by_hand() -> None:
    season = Season()
    figures = made(season.book, "loan", loan=season.loan.hex())["figures"]
    (loan,) = figures["loans"]
    # 600 at 10 % a month for 3 months: three instalments of 260; one was paid.
    assert (loan["principal_outstanding_minor"], loan["outstanding_minor"]) == (400, 520)
    assert [row["due_on"] for row in loan["instalments"]] == [
        "2026-02-07",
        "2026-03-07",
        "2026-04-07",
    ]
    assert loan["who"] == "member 1"
    assert "more than 30 days past due" in figures["portfolio"]["par"][1]["definition"]
    in_february = made(season.book, "loan", period=parse_period("2026-02"))
    assert in_february["figures"]["portfolio"]["late_loans"] == 0
    end = made(season.book, "loan", period=parse_period("2026-01-01..2026-05-20"))
    late = end["figures"]["portfolio"]
    assert (late["late_loans"], late["principal_overdue_minor"], late["overdue_minor"]) == (
        1,
        400,
        520,
    )
    assert [par["numerator_minor"] for par in late["par"]] == [400, 400, 0]


def test_the_impact_report_counts_purposes_and_people() -> None:
    figures = made(Season().book, "impact")["figures"]
    assert figures["loan_purposes"] == [{"purpose": "seed", "loans": 1, "lent_minor": 600}]
    assert (figures["borrowers"], figures["members_helped"]) == (1, 1)
    assert figures["ages"]["not_known"] == 5


def test_the_audit_report_counts_every_entry_of_its_days() -> None:
    season = Season()
    figures = made(season.book, "audit")["figures"]
    shown = {row["id"] for row in figures["rows"]}
    assert figures["entries"] == len(shown) == sum(figures["by_action"].values())
    assert figures["by_severity"]["info"] > 20
    one_change = {row["correlation"] for row in figures["rows"]}
    assert len(one_change) == len(shown)  # each was signed by itself here


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (Asked("member", YEAR), ReportError, "which member"),
        (Asked("annual"), ReportError, "which days"),
        (Asked("meeting"), ReportError, "which meeting"),
        (Asked("meeting", meeting=(9, 9)), LookupError, "no such meeting"),
        (Asked("member", YEAR, member="00"), LookupError, "no such member"),
        (Asked("loan", YEAR, loan="00"), LookupError, "no such loan"),
        (Asked("yearly", YEAR), ReportError, "annual"),  # type: ignore[arg-type]
    ],
    ids=["no member", "no days", "no meeting", "odd meeting", "stranger", "odd loan", "odd kind"],
)
def test_what_is_missing_is_named(asked: Asked, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make_report(read(Season().book), asked)


def test_while_a_newer_entry_is_in_the_books_no_amount_is_shown() -> None:
    season = Season()
    season.secretary.record(Unreadable("wallet.opened", "unknown"))
    season.meet()
    for report in every_report(season.book, YEAR):
        assert report["withheld"]
        assert not list(_amounts(report))
        json.dumps(report)
        tables_csv(report_tables(report), 2)


def _amounts(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _amounts(inner, name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _amounts(inner, key)
    elif value is not None and key.endswith("_minor"):
        yield key, value


def test_a_partner_sees_no_member() -> None:
    season = Season()
    reading = read(season.book)
    for scope in ("aggregate", "pseudonym"):
        text = json.dumps(partner_summary(reading, YEAR, scope))
        for member in season.members:
            assert member.hex()[:10] not in text
        assert season.loan.hex()[:10] not in text
        for phone in season.phones:
            assert phone.person.hex() not in text
    rows = partner_summary(reading, YEAR, "pseudonym")["rows"]
    assert sorted(row["saved_minor"] for row in rows) == [500, 500, 700, 700]
    assert "rows" not in partner_summary(reading, YEAR)


def test_a_partner_can_work_the_health_score_out_again() -> None:
    from model.reckoning.health import HealthFacts, health_score

    shown = partner_summary(read(Season().book), YEAR)["health"]
    again = health_score(HealthFacts(**shown["facts"]))
    assert (again.score, again.band) == (shown["score"], shown["band"])
    points = {factor.code: factor.points for factor in again.factors}
    assert points == {factor["code"]: factor["points"] for factor in shown["factors"]}


# Properties.


def _trial(report: dict[str, Any]) -> dict[str, int]:
    rows = report["figures"]["trial_balance"]["rows"]
    return {row["code"]: row["closing_minor"] for row in rows if row["closing_minor"]}


@settings(deadline=None, max_examples=40)
@given(histories())
def test_every_report_of_any_history_is_plain_balances_and_agrees_with_the_book(
    entries: list[Any],
) -> None:
    book = fold(entries)
    whole = parse_period("1900-01-01..2199-12-31")
    reading = read(book)
    for report in every_report(book, parse_period("2026-q1")):
        json.dumps(report)
        tables_csv(report_tables(report), 2)
    annual = make_report(reading, Asked("annual", parse_period("2026-01-01..2026-12-31")))
    sheet = annual["figures"]["balance_sheet"]
    if reading.withheld:
        assert sheet["total_assets"]["closing_minor"] is None
        return
    owed = sheet["total_liabilities"]["closing_minor"] + sheet["total_funds"]["closing_minor"]
    assert sheet["total_assets"]["closing_minor"] == owed
    shown = {row["code"]: row["balance_minor"] for row in accounts_view(book)}
    trial = make_report(reading, Asked("annual", parse_period("2026")))
    if all(entry.date <= "2026-12-31" for entry in reading.entries):
        assert _trial(trial) == shown
    assert whole.days > 100_000
    for proof in annual["figures"]["subledgers"]:
        assert proof["control_minor"] == (proof["subledger_minor"] + proof["without_subject_minor"])


@settings(deadline=None, max_examples=40)
@given(entries=histories(), data=st.data())
def test_equal_books_give_equal_reports(entries: list[Any], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(entries))
    period = parse_period("2026-q1")
    one = every_report(fold(entries), period)
    other = every_report(fold(shuffled), period)
    assert [report_digest(report) for report in one] == [report_digest(report) for report in other]


def test_a_report_of_nothing_is_a_report() -> None:
    for report in every_report(fold([]), YEAR):
        json.dumps(report)
