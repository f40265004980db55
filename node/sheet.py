"""A group's paper or Excel passbook becomes typed rows: all of them, or none and every reason.

A row is one member in one meeting. What cannot be understood in only one way is refused with its
line, its column and a sentence; nothing is guessed, and formulas are never run. Amounts come out
in minor units. Columns, in any order and any case (`Loan taken` = `loan_taken`):

    meeting  date  member  name               needed: session number, 2026-01-31, member number
    cycle                                     1 when left out
    phone  attendance  notes                  attendance: present, late, representative, excused,
                                              absent (or their first letters)
    shares  savings                           number of shares, or the amount (checked if both)
    social  fine_levied  fine_reason  fine_paid
    loan_taken  loan_periods  loan_repaid

An empty cell is nothing. Dates never go back from one meeting to the next, a member has one row
a meeting and one name.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from model.days import DayError, parse_day
from model.money import AmountError, parse_amount
from node.cells import CellRow, Table, file_bytes, tables
from node.errors import NodeError
from node.workbook import Unreadable

NUMBER_MAX: Final[Mapping[str, int]] = {
    # The ranges of the events that the rows become.
    "cycle": 10_000,
    "meeting": 10_000,
    "member": 100_000,
    "shares": 1_000_000,
    "loan_periods": 600,
}
TEXT_MAX: Final = 200
_ABSENT: Final = 1_000_000  # a position that no row has
HEADER_ROWS_MAX: Final = 20
"""A title, the group's name and the like may stand above the table."""
PROBLEMS_SHOWN_MAX: Final = 100

REQUIRED: Final = ("meeting", "date", "member", "name")
COLUMNS: Final[Mapping[str, str]] = {
    # Other words for each column, Swahili ones included. A word that people use for two things
    # is left out on purpose: "fine" may be levied or paid, "loan" given or owed, "no" any number.
    "cycle": "mzunguko",
    "meeting": "session meeting_no meeting_number session_no session_number kikao mkutano",
    "date": "meeting_date held_on day tarehe",
    "member": "member_no member_number namba_ya_mwanachama mwanachama",
    "name": "member_name full_name jina",
    "phone": "phone_no phone_number telephone tel mobile simu",
    "attendance": "present mahudhurio",
    "shares": "share no_of_shares number_of_shares shares_bought hisa",
    "savings": "saved amount_saved savings_amount akiba",
    "social": "social_fund welfare jamii mfuko_wa_jamii",
    "fine_levied": "fines_levied fine_charged faini_iliyotozwa",
    "fine_reason": "reason sababu",
    "fine_paid": "fines_paid faini_iliyolipwa",
    "loan_taken": "loan_given loan_issued loan_disbursed mkopo_uliotolewa",
    "loan_periods": "periods loan_months loan_weeks loan_term",
    "loan_repaid": "repaid repayment loan_repayment loan_paid rejesho marejesho",
    "notes": "note remarks comment comments maelezo",
}
ATTENDANCE: Final[Mapping[str, str]] = {
    "present": "present p yes y 1 ✓ ✔",
    "late": "late l",
    "representative": "representative rep r",
    "excused": "excused e permission",
    "absent": "absent a no n 0 ✗ ✘",
}
_IN_BRACKETS: Final = re.compile(r"\([^()]*\)")
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, and the marks that make a name read backwards on the screen."""
_NOTHING: Final = frozenset({"", "-", "\u2013", "\u2014"})


class SheetRow(NamedTuple):
    """One member in one meeting; amounts in minor units, 0 where the cell was empty."""

    line: int
    cycle: int
    session: int
    held_on: str
    member_number: int
    name: str
    phone: str
    attendance: str
    """`present`, `late`, `representative`, `excused`, `absent`, or empty when not recorded."""
    shares: int
    social_minor: int
    fine_levied_minor: int
    fine_reason: str
    fine_paid_minor: int
    loan_taken_minor: int
    loan_periods: int
    """0 when the sheet does not say."""
    loan_repaid_minor: int
    notes: str


class Sheet(NamedTuple):
    """The rows of a passbook sheet, in the order of the file."""

    rows: tuple[SheetRow, ...]


class Problem(NamedTuple):
    """What has to be corrected: `line` from 1 (0: the whole file), `column` as the sheet has it."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        """One line for a person."""
        place = f"Line {self.line}" if self.line else "The sheet"
        return f"{place}{f', column {self.column}' if self.column else ''}: {self.reason}"


class SheetError(NodeError):
    """The sheet was not taken; `problems` has every reason, in the order of lines."""

    code = "sheet_refused"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        shown = [str(problem) for problem in self.problems[:PROBLEMS_SHOWN_MAX]]
        if len(self.problems) > len(shown):
            shown.append(f"… and {len(self.problems) - len(shown)} more.")
        count = len(self.problems)
        head = f"Nothing was imported: {count} thing{'s' * (count > 1)} to correct."
        super().__init__("\n".join([head, *shown]))


class _Header(NamedTuple):
    row: CellRow
    columns: dict[str, int]
    rest: list[CellRow]
    flaws: list[tuple[int, str]]


def read_sheet(
    path: Path, exponent: int, share_value_minor: int | None = None, worksheet: str = ""
) -> Sheet:
    """The typed rows of a CSV, .xlsx or .xls passbook sheet; `SheetError` names every bad row.

    `exponent`: decimals of the group's currency. `share_value_minor` turns a savings amount into
    shares, and checks it when the sheet has both. `worksheet` picks one of several in a workbook.
    """
    try:
        found = tables(file_bytes(path), worksheet)
    except Unreadable as error:
        raise SheetError([Problem(0, "", str(error))]) from error
    header = max(map(_header, found), key=lambda header: len(header.columns))
    problems = [Problem(line, "", reason) for line, reason in header.flaws]
    problems = problems or _header_problems(header)
    if problems:
        raise SheetError(problems)
    readers = [_RowReader(row, header, exponent, share_value_minor) for row in header.rest]
    rows = [reader.row() for reader in readers]
    problems = [problem for reader in readers for problem in reader.problems]
    good = [row for row, reader in zip(rows, readers, strict=True) if reader.identified]
    problems += _contradictions(good, header)
    if problems:
        raise SheetError(problems)
    names = {row.member_number: row.name for row in rows if row.name}
    phones = {row.member_number: row.phone for row in rows if row.phone}
    return Sheet(
        tuple(
            row._replace(name=names[row.member_number], phone=phones.get(row.member_number, ""))
            for row in rows
        )
    )


def _squeezed(text: str) -> str:
    return "".join(c for c in _IN_BRACKETS.sub("", text).casefold() if c.isalnum())


_COLUMN_OF: Final = {
    _squeezed(word): column
    for column, words in COLUMNS.items()
    for word in (column, *words.split())
}
_ATTENDANCE_OF: Final = {
    word: status for status, words in ATTENDANCE.items() for word in words.split()
}


def _header(table: Table) -> _Header:
    """The first row that has the needed columns, else the one that knows most of them."""
    rows, flaws = table
    best = _Header(rows[0] if rows else CellRow(1, ()), {}, [], flaws)
    for index, row in enumerate(rows[:HEADER_ROWS_MAX]):
        columns: dict[str, int] = {}
        for position, cell in enumerate(row.cells):
            column = _COLUMN_OF.get(_squeezed(cell))
            if column and column not in columns:
                columns[column] = position
        if len(columns) > len(best.columns):
            best = _Header(row, columns, rows[index + 1 :], flaws)
        if all(column in columns for column in REQUIRED):
            break
    return best


def _header_problems(header: _Header) -> list[Problem]:
    line, cells = header.row
    missing = [column for column in REQUIRED if column not in header.columns]
    if missing:
        reason = (
            f"the first row must name the columns, and these are missing: {', '.join(missing)}."
        )
        return [Problem(line, "", reason)]
    problems = []
    for position, cell in enumerate(cells):
        column = _COLUMN_OF.get(_squeezed(cell))
        if cell and column is None:
            reason = f"this column is not known. Rename it or delete it. Known: {_known()}."
            problems.append(Problem(line, cell, reason))
        elif column and header.columns[column] != position:
            twin = cells[header.columns[column]]
            problems.append(Problem(line, cell, f"means the same as the column {twin}."))
    if not header.rest:
        problems.append(Problem(0, "", "there are no rows under the column names."))
    return problems


def _known() -> str:
    return ", ".join(COLUMNS)


class _RowReader:
    """Reads the cells of one row, and collects what is wrong with them instead of stopping."""

    def __init__(
        self, source: CellRow, header: _Header, exponent: int, share_value_minor: int | None
    ) -> None:
        self._source = source
        self._header = header
        self._exponent = exponent
        self._share_value_minor = share_value_minor
        self.problems: list[Problem] = []
        self.identified = False

    def row(self) -> SheetRow:
        """The typed row; only to be used when there are no problems."""
        self._check_width()
        cycle = self._number("cycle", 1) or 1
        session = self._number("meeting", 1, needed=True)
        held_on = self._day()
        member = self._number("member", 1, needed=True)
        self.identified = bool(not self.problems and session and held_on and member)
        row = SheetRow(
            line=self._source.line,
            cycle=cycle,
            session=session,
            held_on=held_on,
            member_number=member,
            name=self._text("name"),
            phone=self._text("phone"),
            attendance=self._attendance(),
            shares=self._shares(),
            social_minor=self._amount("social"),
            fine_levied_minor=self._amount("fine_levied"),
            fine_reason=self._text("fine_reason"),
            fine_paid_minor=self._amount("fine_paid"),
            loan_taken_minor=self._amount("loan_taken"),
            loan_periods=self._number("loan_periods", 1),
            loan_repaid_minor=self._amount("loan_repaid"),
            notes=self._text("notes"),
        )
        self._check_pairs(row)
        return row

    def _refuse(self, column: str, reason: str) -> None:
        position = self._header.columns.get(column)
        shown = self._header.row.cells[position] if position is not None else column
        self.problems.append(Problem(self._source.line, shown, reason))

    def _cell(self, column: str) -> str:
        position = self._header.columns.get(column, _ABSENT)
        return self._source.cells[position] if position < len(self._source.cells) else ""

    def _number(self, column: str, least: int, needed: bool = False) -> int:
        cell = self._cell(column)
        if cell in _NOTHING:
            if needed:
                self._refuse(column, "is empty. Every row needs it.")
            return 0
        # A spreadsheet may print a whole number with decimals.
        digits = re.fullmatch(r"([0-9]{1,9})(?:\.0{1,2})?", cell)
        if digits is None or not least <= int(digits[1]) <= NUMBER_MAX[column]:
            top = NUMBER_MAX[column]
            self._refuse(column, f"“{cell[:40]}” is not a whole number from {least} to {top}.")
            return 0
        return int(digits[1])

    def _amount(self, column: str) -> int:
        cell = self._cell(column)
        if cell in _NOTHING:
            return 0
        try:
            return parse_amount(cell, self._exponent)
        except AmountError as error:
            self._refuse(column, str(error))
            return 0

    def _day(self) -> str:
        cell = self._cell("date")
        if not cell:
            self._refuse("date", "is empty. Every row needs it.")
            return ""
        try:
            return parse_day(cell).isoformat()
        except DayError as error:
            number = cell.replace(".", "").isdigit()
            hint = " Or format the column as a date in Excel." if number else ""
            self._refuse("date", f"{error}{hint}")
            return ""

    def _text(self, column: str) -> str:
        text = " ".join(self._cell(column).split())
        if text.startswith("="):
            self._refuse(column, "begins with “=”. Formulas are not run; write the text itself.")
        if _UNPRINTABLE.search(text):
            self._refuse(column, "holds characters that cannot be printed. Type it again.")
        if len(text) > TEXT_MAX:
            self._refuse(column, f"is longer than {TEXT_MAX} characters.")
        return text

    def _attendance(self) -> str:
        cell = self._cell("attendance")
        status = _ATTENDANCE_OF.get(cell.casefold(), "")
        if cell not in _NOTHING and not status:
            known = ", ".join(ATTENDANCE)
            self._refuse("attendance", f"“{cell[:40]}” is not one of: {known}.")
        return status

    def _shares(self) -> int:
        before = len(self.problems)
        shares = self._number("shares", 0)
        savings_minor = self._amount("savings")
        if not savings_minor or len(self.problems) > before:
            return shares
        value_minor = self._share_value_minor
        if not value_minor:
            self._refuse("savings", "cannot be turned into shares: the share value is not known.")
            return shares
        bought, rest = divmod(savings_minor, value_minor)
        if rest or bought > NUMBER_MAX["shares"]:
            self._refuse("savings", "is not a whole number of shares at the group's share value.")
        elif self._cell("shares") not in _NOTHING and bought != shares:
            self._refuse("savings", f"pays for {bought} shares, but the row says {shares}.")
        return bought

    def _check_width(self) -> None:
        cells, named = self._source.cells, self._header.row.cells
        for position, cell in enumerate(cells):
            if cell and not (position < len(named) and named[position]):
                reason = f"“{cell[:40]}” stands in a column without a name."
                self.problems.append(Problem(self._source.line, "", reason))

    def _check_pairs(self, row: SheetRow) -> None:
        if row.fine_reason and self._cell("fine_levied") in _NOTHING:
            self._refuse("fine_reason", "gives a reason, but there is no fine beside it.")
        if row.loan_periods and self._cell("loan_taken") in _NOTHING:
            self._refuse("loan_periods", "is filled in, but there is no loan beside it.")


def _contradictions(rows: list[SheetRow], header: _Header) -> list[Problem]:
    """What no two rows may say, each named at the later line."""
    problems: list[Problem] = []
    shown = {column: header.row.cells[position] for column, position in header.columns.items()}
    seen: dict[tuple[int, int, int], int] = {}
    dates: dict[tuple[int, int], SheetRow] = {}
    people: dict[tuple[int, str], tuple[str, int]] = {}
    for row in rows:
        key = (row.cycle, row.session, row.member_number)
        if key in seen:
            reason = f"member {row.member_number} already has line {seen[key]} for this meeting."
            problems.append(Problem(row.line, shown["member"], reason))
        seen.setdefault(key, row.line)
        first = dates.setdefault(key[:2], row)
        if first.held_on != row.held_on:
            reason = f"line {first.line} gives {first.held_on} for the same meeting."
            problems.append(Problem(row.line, shown["date"], reason))
        for column, text in (("name", row.name), ("phone", row.phone)):
            told = people.setdefault((row.member_number, column), (text, row.line)) if text else ()
            if told and told[0].casefold() != text.casefold():
                reason = f"member {row.member_number} is “{told[0]}” in line {told[1]}."
                problems.append(Problem(row.line, shown[column], reason))
    nameless: dict[int, int] = {}
    for row in rows:
        if (row.member_number, "name") not in people:
            nameless.setdefault(row.member_number, row.line)
    for number, line in nameless.items():
        reason = f"member {number} has no name in any row."
        problems.append(Problem(line, shown["name"], reason))
    return problems + _backward_dates(dates, shown["date"])


def _backward_dates(dates: Mapping[tuple[int, int], SheetRow], column: str) -> list[Problem]:
    """Meetings in order of cycle and number must not go back in time."""
    problems = []
    ordered = [dates[key] for key in sorted(dates)]
    latest = ordered[0] if ordered else None
    for row in ordered[1:]:
        assert latest is not None
        if row.held_on < latest.held_on:
            reason = (
                f"meeting {row.session} is dated {row.held_on}, before meeting {latest.session} "
                f"({latest.held_on}, line {latest.line})."
            )
            problems.append(Problem(row.line, column, reason))
        else:
            latest = row
    return problems
