"""From a file to rows of text cells: CSV in the shapes that people have, or an Excel workbook.

Nothing here knows what a column means. Everything is bounded before it is read: the file's size,
its rows, its columns, and a cell's length. Raises `Unreadable` with a sentence for a person.
"""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from node import workbook
from node.workbook import Unreadable

FILE_BYTES_MAX: Final = 10_000_000  # a year of weekly meetings of 30 members is 200 kB
ROWS_MAX: Final = 5_000
"""About three years of weekly meetings of 30 members. A phone that takes a sheet in does nothing
else for so long; longer histories go in several sheets, a cycle each."""
COLUMNS_MAX: Final = 64
CELL_CHARACTERS_MAX: Final = 500
LINE_CHARACTERS_MAX: Final = 70_000  # every column full of doubled quotation marks
READER_SECONDS_MAX: Final = 60

_EXCEL_STARTS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx is a zip, .xls an OLE file
_DELIMITERS: Final = ",;\t"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SHEETS_MISSING: Final = (
    "Reading Excel files needs one more package. In the folder of Mkutano's README, install it "
    "with\n    .venv/bin/pip install --require-hashes -r requirements.lock\n"
    "or save the sheet as CSV and import that."
)
_TOO_MANY_ROWS: Final = (
    f"is row {ROWS_MAX + 1:,}, and a sheet has at most {ROWS_MAX:,}. Divide the file: a sheet for "
    "each cycle, imported one after the other."
)


class CellRow(NamedTuple):
    """One row: its line in the file (from 1) and its cells as text, spaces trimmed."""

    line: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """One reading of the file: rows that hold any text, and what is wrong, as (line, sentence)."""

    rows: list[CellRow]
    flaws: list[tuple[int, str]]


def file_bytes(path: Path) -> bytes:
    """The file's content, at most `FILE_BYTES_MAX`."""
    try:
        if not path.is_file():
            raise Unreadable(f"There is no file {path}.")
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(f"The file {path} cannot be read.") from error
    if len(content) > FILE_BYTES_MAX:
        megabytes = FILE_BYTES_MAX // 1_000_000
        raise Unreadable(f"The file is larger than {megabytes} MB. Divide it into several files.")
    if not content.strip():
        raise Unreadable("The file is empty.")
    return content


def tables(content: bytes, worksheet: str = "") -> list[Table]:
    """The ways in which the content can be read as a table: one for a workbook, three for CSV.

    The caller picks the one whose header it knows; the flaws of the others mean nothing.
    """
    if content.startswith(_EXCEL_STARTS):
        return [_tidy(_workbook_rows(content, worksheet), [])]
    text = _text(content)
    if max(map(len, text.splitlines())) > LINE_CHARACTERS_MAX:
        raise Unreadable("The file has a line that is far longer than a passbook's.")
    return [_csv_table(text, delimiter) for delimiter in _DELIMITERS]


def _text(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, else the Windows code page of old spreadsheets."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.strip() and not _CONTROL.search(text):
            return text
    raise Unreadable("This is not a table. Save the passbook as CSV or as an Excel workbook.")


def _csv_table(text: str, delimiter: str) -> Table:
    rows: list[tuple[int, Sequence[str]]] = []
    flaws = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            # Excel writes "sep=;" above a table to tell itself the delimiter.
            if not (line == 1 and "".join(cells).lower().startswith("sep=")):
                rows.append((line, cells[:COLUMNS_MAX]))
            if any(cells[COLUMNS_MAX:]):
                flaws.append((line, f"has more than {COLUMNS_MAX} columns."))
            if len(rows) > ROWS_MAX + 1:
                flaws.append((line, _TOO_MANY_ROWS))
                break
            line = reader.line_num + 1
    except csv.Error:
        flaws.append(
            (line, "has a quotation mark without its pair; they belong around a whole cell.")
        )
    return _tidy(rows, flaws)


def _workbook_rows(content: bytes, worksheet: str) -> list[tuple[int, Sequence[str]]]:
    if find_spec("python_calamine") is None:
        raise Unreadable(_SHEETS_MISSING)
    limits = (ROWS_MAX + 1, COLUMNS_MAX, CELL_CHARACTERS_MAX)
    program = [sys.executable, "-P", str(Path(workbook.__file__)), *map(str, limits), worksheet]
    try:
        run = subprocess.run(
            program, input=content, capture_output=True, timeout=READER_SECONDS_MAX, check=False
        )
        answer = json.loads(run.stdout) if run.returncode == 0 else {}
    except (OSError, subprocess.TimeoutExpired, ValueError):
        answer = {}
    if "rows" not in answer:
        damaged = "The workbook cannot be read: it is damaged, or far larger than a passbook."
        raise Unreadable(answer.get("error", damaged))
    return [(line, cells) for line, cells in answer["rows"]]


def _tidy(rows: list[tuple[int, Sequence[str]]], flaws: list[tuple[int, str]]) -> Table:
    tidied = (CellRow(line, tuple(cell.strip() for cell in cells)) for line, cells in rows)
    kept = [row for row in tidied if any(row.cells)]
    too_long = f"has a cell of more than {CELL_CHARACTERS_MAX} characters."
    flaws += [
        (row.line, too_long)
        for row in kept
        if any(len(cell) > CELL_CHARACTERS_MAX for cell in row.cells)
    ]
    return Table(kept, flaws)
