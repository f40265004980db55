"""A provider's or bank's statement becomes typed lines: every line, or every reason why not.

Columns are known by the words of their header, in any order, with or without a preamble above:

    reference   Receipt No., Transaction ID, Reference …     what names a payment
    date        Completion Time, Value Date, Date …           2026-01-31, or day/month/year
    paid in     Paid In, Credit, Deposit, Money In …          or one column Amount with a sign
    withdrawn   Withdrawn, Debit, Money Out …
    also        Details, Status, Fee, Balance, Phone

So an M-Pesa statement (of a person or a pay bill), Airtel Money and the CSV files of banks can be
read. Nothing is guessed: what can be read in two ways is named with its line. A line without a
reference gets one from its day, words, amount and balance, the same whenever it is read.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from model.days import DayError, parse_day
from model.money import AmountError, parse_amount
from model.references import plain_reference
from node.cells import CellRow, Table, file_bytes, tables
from node.sheet import Problem, SheetError
from node.workbook import Unreadable

HEADER_ROWS_MAX: Final = 40
"""Name, account, period and totals may stand above the table."""
REFERENCE_MAX: Final = 64
COLUMNS: Final[Mapping[str, str]] = {
    # The first word of a column that a header has is taken: a completion before an initiation.
    "reference": "receipt_no receipt_number receipt transaction_id transaction_no trans_id txn_id "
    "transaction_reference reference_no reference_number reference ref_no ref cheque_no",
    "date": "completion_time transaction_date trans_date transaction_time date_time posting_date "
    "date value_date",
    "details": "details description narration particulars transaction_details narrative remarks",
    "status": "transaction_status status",
    "paid_in": "paid_in credit credits credit_amount money_in amount_received deposit deposits",
    "withdrawn": "withdrawn debit debits debit_amount money_out amount_sent withdrawal withdrawals",
    "amount": "amount transaction_amount",
    "direction": "dr_cr debit_credit credit_debit direction",
    "fee": "fee fees charge charges service_charge transaction_fee bank_charges",
    "balance": "balance running_balance account_balance",
    "phone": "phone_number phone msisdn sender_number other_party_info opposite_party sender from",
}
_DONE: Final = frozenset({"", "completed", "success", "successful", "posted", "settled", "paid"})
_CHARGES: Final = re.compile(r"charge|fee\b|tariff|levy|excise", re.IGNORECASE)
_ISO: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)")
_IN_WORDS: Final = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[-, ]+(\d{4})(?!\d)")
_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_CURRENCY: Final = re.compile(r"^(?:[A-Z]{3}|Ksh|Tsh|Ush|TSh|USh|KSh)\.?\s*(?=[-+(\d])")
_BRACKETS: Final = re.compile(r"\([^()]*\)")


class StatementLine(NamedTuple):
    """One payment in: `line` in the file, `day` ISO, amounts in minor units, `phone` as it is."""

    line: int
    reference: str
    day: str
    amount_minor: int
    fee_minor: int
    details: str
    phone: str
    digest: bytes
    """SHA-256 of the cells of its row."""


class Statement(NamedTuple):
    """What a file says: payments in, in its order, and what is not taken over."""

    lines: tuple[StatementLine, ...]
    provider: str
    """mpesa or airtel when the file's own words say so; else empty."""
    out_count: int
    """Payments out, which are recorded for what they were."""
    out_minor: int
    unfinished: int
    """Lines that failed, were taken back or are still open."""
    balance_minor: int | None
    """Of the newest day, where the file tells balances and that day's last line is clear."""
    until: str


class _Row(NamedTuple):
    line: int
    cells: tuple[str, ...]
    day: str
    reference: str
    in_minor: int
    out_minor: int
    fee_minor: int
    balance_minor: int | None


class _Reader:
    """Reads the cells of one row by the names of their columns."""

    def __init__(self, columns: dict[str, int], exponent: int) -> None:
        self.columns = columns
        self.exponent = exponent
        self.problems: list[Problem] = []

    def text(self, row: CellRow, column: str) -> str:
        """The cell of a column; empty when there is none."""
        at = self.columns.get(column, len(row.cells))
        return row.cells[at] if at < len(row.cells) else ""

    def amount(self, row: CellRow, column: str) -> int:
        """Minor units of a cell, below zero with a minus sign or in brackets; 0 when empty."""
        text = _CURRENCY.sub("", self.text(row, column).strip())
        if text in ("", "-"):
            return 0
        minus = text.startswith(("-", "\u2212", "(")) or text.endswith("-")
        try:
            amount = parse_amount(text.strip("-+\u2212() "), self.exponent)
        except AmountError as error:
            self.problem(row, column, str(error))
            return 0
        return -amount if minus else amount

    def problem(self, row: CellRow, column: str, reason: str) -> None:
        """Name a line that can't be read."""
        self.problems.append(Problem(row.line, column.replace("_", " "), reason))

    def row(self, row: CellRow) -> _Row | None:
        """One row; None when it holds no payment."""
        paid_in, withdrawn = self.amount(row, "paid_in"), abs(self.amount(row, "withdrawn"))
        if "amount" in self.columns and not paid_in and not withdrawn:
            paid_in, withdrawn = self._signed(row)
        if paid_in < 0:  # a payment in that was taken back
            paid_in, withdrawn = 0, withdrawn - paid_in
        if not paid_in and not withdrawn:
            return None
        if paid_in and withdrawn:
            self.problem(row, "paid_in", "this line is both paid in and withdrawn.")
        day = self._day(row)
        balance = self.amount(row, "balance") if self.text(row, "balance").strip("- ") else None
        fee = abs(self.amount(row, "fee"))
        reference = plain_reference(self.text(row, "reference"))
        if paid_in and not reference:
            reference = self._made_up(row, day, paid_in, balance)
        if len(reference) > REFERENCE_MAX:
            self.problem(row, "reference", f"a reference has at most {REFERENCE_MAX} letters.")
        return _Row(row.line, row.cells, day, reference, paid_in, withdrawn, fee, balance)

    def _signed(self, row: CellRow) -> tuple[int, int]:
        """Paid in and withdrawn of a single column of amounts."""
        amount = self.amount(row, "amount")
        direction = self.text(row, "direction").strip().lower()
        if direction.startswith(("dr", "debit", "out")):
            amount = -abs(amount)
        return max(0, amount), max(0, -amount)

    def _day(self, row: CellRow) -> str:
        text = self.text(row, "date").strip()
        try:
            return day_of(text)
        except DayError as error:
            self.problem(row, "date", str(error))
            return ""

    def _made_up(self, row: CellRow, day: str, amount: int, balance: int | None) -> str:
        """A reference for a line without one: only its balance tells it from one like it."""
        if balance is None:
            self.problem(row, "reference", "this payment has no reference and no balance.")
            return ""
        told = f"{day}|{self.text(row, 'details')}|{amount}|{balance}"
        return f"LINE-{hashlib.sha256(told.encode()).hexdigest()[:16].upper()}"


def day_of(text: str) -> str:
    """ISO day of a date as statements write it; day before month. Raises `DayError`."""
    if found := _ISO.match(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
    elif (found := _IN_WORDS.match(text)) and found[2].lower() in _MONTHS:
        day, year = found[1], found[3]
        month = str(_MONTHS.index(found[2].lower()) + 1)
    else:
        raise DayError(f"“{text[:40]}” is no day. Write 2026-01-31 or 31/01/2026.")
    try:
        return parse_day(f"{year}-{int(month):02}-{int(day):02}").isoformat()
    except DayError as error:
        raise DayError(f"“{text[:40]}” is no day, read as day/month/year.") from error


def read_statement(path: Path, exponent: int) -> Statement:
    """The payments of a statement; `SheetError` names every line that can't be read.

    `exponent`: decimals of the group's currency. Raises SheetError also when no header is found.
    """
    try:
        found = tables(file_bytes(path))
    except Unreadable as error:
        raise SheetError([Problem(0, "", str(error))]) from error
    table, at, columns = max(map(_header, found), key=lambda one: len(one[2]))
    problems = [Problem(line, "", reason) for line, reason in table.flaws] + _missing(columns)
    if problems:
        raise SheetError(problems)
    reader = _Reader(columns, exponent)
    finished = [row for row in table.rows[at + 1 :] if _is_done(reader, row)]
    rows = [made for row in finished if (made := reader.row(row)) is not None]
    lines = _lines(reader, rows)
    if reader.problems:
        raise SheetError(reader.problems)
    balance, until = _closing(rows)
    out = [row for row in rows if row.out_minor and not _is_charge_of_payment(reader, row, rows)]
    return Statement(
        tuple(lines),
        _provider(table.rows[: at + 1], columns, table.rows[at]),
        len(out),
        sum(row.out_minor for row in out),
        len(table.rows) - at - 1 - len(finished),
        balance,
        until,
    )


def _squeezed(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", _BRACKETS.sub("", text).lower()))


def _header(table: Table) -> tuple[Table, int, dict[str, int]]:
    """The row that knows most columns, among the first ones."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, row in enumerate(table.rows[:HEADER_ROWS_MAX]):
        names = [_squeezed(cell) for cell in row.cells]
        columns = {}
        for column, words in COLUMNS.items():
            known = [word for word in words.split() if word in names]
            if known:
                columns[column] = names.index(known[0])
        if len(columns) > len(best[1]):
            best = (at, columns)
    return table, *best


def _missing(columns: Mapping[str, int]) -> list[Problem]:
    problems = []
    if "date" not in columns:
        problems.append(Problem(0, "", "no column is a date, such as Completion Time or Date."))
    if not columns.keys() & {"paid_in", "amount"}:
        reason = "no column is money that came in, such as Paid In, Credit or Amount."
        problems.append(Problem(0, "", reason))
    return problems


def _is_done(reader: _Reader, row: CellRow) -> bool:
    return reader.text(row, "status").strip().lower() in _DONE


def _is_charge_of_payment(reader: _Reader, row: _Row, rows: Iterable[_Row]) -> bool:
    """Is this the provider's charge for a payment in that the statement holds, too?"""
    details = reader.text(CellRow(row.line, row.cells), "details")
    return bool(row.reference and _CHARGES.search(details)) and any(
        other.in_minor and other.reference == row.reference for other in rows
    )


def _lines(reader: _Reader, rows: list[_Row]) -> list[StatementLine]:
    """Payments in, each once, with the charges that the provider took for it."""
    fees: dict[str, int] = {}
    for row in rows:
        details = reader.text(CellRow(row.line, row.cells), "details")
        if row.out_minor and row.reference and _CHARGES.search(details):
            fees[row.reference] = fees.get(row.reference, 0) + row.out_minor
    lines: dict[str, StatementLine] = {}
    for row in rows:
        if not row.in_minor:
            continue
        known = lines.get(row.reference)
        cells = CellRow(row.line, row.cells)
        if known is not None:
            if known.amount_minor != row.in_minor:
                reason = f"line {known.line} has the same reference with another amount."
                reader.problem(cells, "reference", reason)
            continue
        lines[row.reference] = StatementLine(
            row.line,
            row.reference,
            row.day,
            row.in_minor,
            row.fee_minor + fees.get(row.reference, 0),
            reader.text(cells, "details"),
            _phone(reader.text(cells, "phone")) or _phone(reader.text(cells, "details")),
            hashlib.sha256("\x1f".join(row.cells).encode()).digest(),
        )
    return list(lines.values())


def _phone(text: str) -> str:
    """A whole phone number in a text; empty where digits are hidden or there is none."""
    found = re.search(r"(?<![\d*xX])\+?\d{9,14}(?![\d*xX])", text)
    return found[0] if found else ""


def _closing(rows: list[_Row]) -> tuple[int | None, str]:
    """Balance at the end of the newest day: the last line when the file goes forward in time, the
    first when it goes back."""
    told = [row for row in rows if row.balance_minor is not None and row.day]
    if not told:
        return None, max((row.day for row in rows), default="")
    newest = max(row.day for row in told)
    forward = told[-1].day == newest
    if forward and told[0].day == newest and len(told) > 1:
        return None, newest  # one day only: nothing says which line is its last
    last = told[-1] if forward else told[0]
    return (last.balance_minor if last.day == newest else None), newest


def _provider(head: Iterable[CellRow], columns: Mapping[str, int], header: CellRow) -> str:
    """Who wrote it, as far as its own words say."""
    words = " ".join(cell for row in head for cell in row.cells).lower()
    names = {_squeezed(cell) for cell in header.cells}
    if "airtel" in words:
        return "airtel"
    if "pesa" in words or ("completion_time" in names and "receipt_no" in names):
        return "mpesa"
    return ""
