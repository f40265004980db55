"""A program of its own that turns an Excel workbook on its input into plain text cells.

The workbook comes from a stranger's USB stick, and its reader is a large native library: a few
bytes can ask it for gigabytes, or make it abort. So it runs in a child process with a ceiling on
memory and time, and the worst file ends that child with a clear sentence for the parent. Formulas
are never run: the value that Excel last stored is taken.

Input: the file's bytes. Arguments: most rows, most columns, most characters a cell, and the
worksheet's name (may be empty). Output, JSON: `{"rows": [[line, [cell, …]], …]}` with cells as
text, or `{"error": sentence}`.
"""

import contextlib
import io
import json
import re
import sys
import zipfile
from datetime import date, datetime
from typing import Any, Final

MEMORY_BYTES_MAX: Final = 1024**3  # a 10 MB workbook takes a tenth of it
CPU_SECONDS_MAX: Final = 30
TEXT_BYTES_MAX: Final = 10_000_000  # as UTF-8, like a CSV: one shared string may fill every cell
_ERROR_CELL: Final = re.compile(rb"""<(?:\w+:)?c\b[^>]*\bt=["']e["'][^>]*>""")
_REFERENCE: Final = re.compile(rb"""\br=["']([A-Z]{1,3}[0-9]{1,7})["']""")


class Unreadable(Exception):
    """The sentence for the person who chose the file."""


def limit_this_process() -> None:
    """Put a ceiling on memory and processor time, where the system has one."""
    try:
        import resource
    except ImportError:  # Windows: the parent's time limit remains
        return
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_CPU, CPU_SECONDS_MAX),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (limit, limit))


def cell_text(value: Any, characters_max: int) -> str:
    """A cell as a person would type it: `1500`, `1500.5`, `2026-01-05`, `yes`.

    Excel computes and shows 15 significant digits; the rest of the binary number is noise.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)[: characters_max + 1]


def error_cell(content: bytes) -> str:
    """Name of a cell that shows an error such as #REF!; the reading library calls it empty.

    Looks at every worksheet of an .xlsx. In an .xls such a cell cannot be told from an empty one.
    """
    if not content.startswith(b"PK"):
        return ""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                match = _ERROR_CELL.search(archive.read(name))
                if match:
                    reference = _REFERENCE.search(match[0])
                    return reference[1].decode() if reference else "?"
    return ""


def pick_sheet(workbook: Any, worksheet: str) -> Any:
    """The worksheet of that name, or the only one that holds anything."""
    if worksheet:
        if worksheet not in workbook.sheet_names:
            raise Unreadable(f"The workbook has no sheet named “{worksheet}”.")
        return workbook.get_sheet_by_name(worksheet)
    from python_calamine import SheetTypeEnum

    metadata = workbook.sheets_metadata  # charts and macros stand among the worksheets
    tables = [one.name for one in metadata if one.typ == SheetTypeEnum.WorkSheet]
    full = [sheet for sheet in map(workbook.get_sheet_by_name, tables) if sheet.height]
    if not full:
        raise Unreadable("The workbook is empty.")
    if len(full) > 1:
        names = ", ".join(f"“{sheet.name[:31]}”" for sheet in full[:5])
        raise Unreadable(
            f"The workbook has {len(full)} sheets with something in them ({names}). "
            "Save the passbook sheet alone in a new file."
        )
    return full[0]


def read(
    content: bytes, rows_max: int, columns_max: int, characters_max: int, worksheet: str
) -> list[tuple[int, list[str]]]:
    """Rows with their line number in the workbook; `Unreadable` says what is wrong."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        sheet = pick_sheet(CalamineWorkbook.from_filelike(io.BytesIO(content)), worksheet)
        if sheet.start is None or sheet.width > columns_max or sheet.height > rows_max:
            raise Unreadable(
                f"The sheet is larger than {rows_max} rows or {columns_max} columns. "
                "Remove what lies outside the passbook table, or divide it into several files."
            )
        found = sheet.to_python(skip_empty_area=True)
        wrong = error_cell(content)
    except PasswordError:
        raise Unreadable("The workbook is locked. Save it without a password.") from None
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
        raise Unreadable("The workbook is damaged or is not an Excel file.") from error
    if wrong:
        raise Unreadable(f"The cell {wrong} shows an error such as #REF!. Correct it in Excel.")
    rows = [
        (number, [cell_text(value, characters_max) for value in row])
        for number, row in enumerate(found, sheet.start[0] + 1)
    ]
    if sum(len(text.encode()) for _, row in rows for text in row) > TEXT_BYTES_MAX:
        raise Unreadable("The sheet holds too much text to be a passbook.")
    return rows


def main() -> None:
    """Read standard input, answer on standard output."""
    limit_this_process()
    rows_max, columns_max, characters_max = map(int, sys.argv[1:4])
    answer: dict[str, object]
    try:
        content = sys.stdin.buffer.read()
        answer = {"rows": read(content, rows_max, columns_max, characters_max, sys.argv[4])}
    except Unreadable as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "The workbook is far larger than a passbook."}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode())


if __name__ == "__main__":
    main()
