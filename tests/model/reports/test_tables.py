"""Tables of reports: amounts exact, nothing that a spreadsheet would run."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.reports.periods import parse_period
from model.reports.reading import read
from model.reports.report import Asked, make_report
from model.reports.summary import partner_summary
from model.reports.tables import Money, ReportTable, cell_text, report_tables, tables_csv
from tests.model.reports.season import Season

YEAR = parse_period("2026")


def titles(report: dict[str, object]) -> list[str]:
    return [table.title for table in report_tables(report)]


def test_every_kind_has_its_tables() -> None:
    reading = read(Season().book)
    member = next(name for name, _ in reading.book.members.rows())

    def of(kind: str) -> list[str]:
        asked = Asked(kind, YEAR, (1, 1), member)  # type: ignore[arg-type]
        return titles(make_report(reading, asked))

    assert of("meeting") == ["Register", "Totals", "Cash", "Entries"]
    assert of("member")[:2] == ["Statement", "Activity"]
    assert of("loan")[:1] == ["Loans"]
    assert of("audit") == ["Entries"]
    assert "What loans were for" in of("impact")
    annual = of("annual")
    for title in ("Meetings", "By month", "Funds", "Balance sheet", "Trial balance", "Ratios"):
        assert title in annual
    assert "Health score" in titles(partner_summary(reading, YEAR))


def test_amounts_in_a_file_are_exact_and_read_back() -> None:
    table = ReportTable("T", ("What", "Amount"), (("saved", Money(123_456_789)), ("", Money(None))))
    rows = list(csv.reader(io.StringIO(tables_csv([table, table], 2))))
    assert rows[:4] == [["T"], ["What", "Amount"], ["saved", "1234567.89"], ["", ""]]
    assert rows[4] == []
    assert cell_text(Money(123_456_789), 2) == "1,234,567.89"
    assert cell_text(Money(-5), 2) == "-0.05"


@given(st.text())
def test_no_text_runs_as_a_formula_or_breaks_a_row(text: str) -> None:
    table = ReportTable("T", ("What",), ((text,),))
    rows = list(csv.reader(io.StringIO(tables_csv([table], 2))))
    assert len(rows) == 3
    (cell,) = rows[2] or [""]
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert all(character.isprintable() for character in cell)


def test_a_purpose_that_looks_like_a_formula_is_harmless_in_the_file() -> None:
    season = Season()
    borrower = season.members[1]
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    loan = season.secretary.record(e.LoanApplied(1, 3, borrower, 100, "=HYPERLINK()", 1))
    season.meet()
    season.chairperson.record(e.LoanApproved(1, 3, loan, 100, "flat", 0, 1))
    season.meet()
    season.treasurer.record(e.LoanDisbursed(1, 3, loan, 100))
    season.meet()
    text = tables_csv(report_tables(make_report(read(season.book), Asked("impact", YEAR))), 2)
    assert "'=hyperlink()" in text
