"""A passbook sheet is taken whole or refused with every reason; no file can hang or crash it."""

import base64
import gzip
import io
import os
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from node import cells
from node.sheet import COLUMNS, Problem, SheetError, SheetRow, read_sheet

HEADER: Final = "meeting,date,member,name"
GOOD: Final = (
    f"{HEADER},phone,attendance,shares,social,fine_levied,fine_reason,fine_paid,"
    "loan_taken,loan_periods,loan_repaid,notes\n"
    "1,2026-01-05,1,Amina,+254712345678,present,3,50,,,,,,,\n"
    '1,2026-01-05,2,Baraka,,absent,,,20,late,,"1,500.50",3,,\n'
    "2,2026-01-12,1,Amina,,P,5,50,-,,,,,500,first loan\n"
)

# `meeting,date,member,name` and one row: Excel 97 (BIFF8), made with xlwt 1.3.
XLS_GZIP_BASE85: Final = (
    "ABzY8000000t4+>O=uHA6#izj`6bPtsn`l77OYxZLA;32ZY|ZGQmU7#6f`l5#F#`vE_$(Aa})$mikCt?c&U2v2Nm"
    "?@L5S!<5QIdJo&*ICZPqt0yOKtP2DDI_Z<#mmy_q-jcK&DHRHL<p2fcN)VH7SjEI&LgIzhqj2oX@aWl7eFeH1K(4"
    "F$iCI@06D)2`QE*@v>f>(Fpte@PVhL}3=^F;y&>iFL#{`;ZdShY_Lzw@DL14|^43dYb7bruR7KGp1v#xyE#a^47!"
    "&RE?>@{q`t6ruB1L2(sKqZ1aINd(n+oaui>>E}D7WI9ST2&TX)SK0Sy<P=`*M1+ygOFzz4#948DXlfx4eHN>g27x"
    "CRn0N<Qh{UV|C>#G+a{g2gp?;rF&>cn>a4NV8;V4dPgQb7>gbeW=KyjaXF;{c5baG>FkH_dXkaE3BuQf1R475TJT"
    "BDs*tn_h?+q)@<FWRXKw1muFx3q)kq0@1}2CrC7dF!NEKJ`wV8`R>=Z$@H{wk~MR@DKxi^?b1_NxGXKmIK(L$n%)"
    "9~%<pD;g-"
    "hMad@s{D{R71V)7>_6c%JiI<<tSHXCLF8v7?3GNqptYk;i?N&&Dp|mnQ2M<4f<21@zNamLYrj&0|OmiCZ@%o)}In"
    ">}BR7)1Kd!9G@1keYfoWF^m;C$p}%VO-Z(n_$6s}TQwyYNiMrA(N@-"
    "TY++rL+dPInRcRaIGNiR&YuR$6S_}`lA;(&_>i`rK6ciK`6ciK`+92#BxXV6-"
    "yX_;s*M8Soq0mszB>ydrqDWtvE|rJq;#Woq7dje0o8cBtSz?Vg&U>N64Aowu%VwJW$aOq^>53*=|7XpHk-"
    "s;EI<3FaiJ$+t{+}o=wI=`;000"
)


def taken(
    folder: Path, content: str | bytes, exponent: int = 2, share_value_minor: int | None = None
) -> list[SheetRow]:
    file = folder / "sheet"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_sheet(file, exponent, share_value_minor).rows)


def refused(folder: Path, content: str | bytes, **options: int) -> list[str]:
    with pytest.raises(SheetError) as error:
        taken(folder, content, **options)
    assert str(error.value).startswith("Nothing was imported: ")
    return [str(problem) for problem in error.value.problems]


def outcome(folder: Path, content: str | bytes) -> tuple[Sequence[SheetRow], Sequence[Problem]]:
    try:
        return taken(folder, content, share_value_minor=100), ()
    except SheetError as error:
        return (), error.problems


def row_with(folder: Path, column: str, cell: str, **options: int) -> SheetRow:
    text = f'{HEADER},{column}\n1,2026-01-05,1,Amina,"{cell}"\n'
    return taken(folder, text, **options)[0]


def why_not(folder: Path, column: str, cell: str, **options: int) -> str:
    quoted = cell.replace('"', '""')
    (problem,) = refused(folder, f'{HEADER},{column}\n1,2026-01-05,1,Amina,"{quoted}"\n', **options)
    return problem


def xlsx(rows: Sequence[Sequence[object]], sheet_xml: str = "", sheets: int = 1) -> bytes:
    """A workbook written by hand, so that hostile ones can be made too."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, sheets + 1)
    names = "".join(f'<sheet name="S{i}" sheetId="{i}" r:id="r{i}"/>' for i in numbers)
    targets = "".join(
        f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in numbers
    )
    body = "".join(
        f'<row r="{y}">{"".join(xlsx_cell(x, y, value) for x, value in enumerate(row))}</row>'
        for y, row in enumerate(rows, 1)
    )
    sheet = sheet_xml or f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>"
    styles = (
        f'<styleSheet {main}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>"
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>{names}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{targets}'
        f'<Relationship Id="rs" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": styles,
        **{f"xl/worksheets/sheet{i}.xml": sheet for i in numbers},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, head + text)
    return out.getvalue()


def xlsx_cell(x: int, y: int, value: Any) -> str:
    place = f'r="{chr(65 + x)}{y}"'
    match value:
        case "":
            return ""
        case bool():
            return f'<c {place} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c {place}><v>{value!r}</v></c>"
        case ("day", serial):
            return f'<c {place} s="1"><v>{serial}</v></c>'
        case ("error", text):
            return f'<c {place} t="e"><v>{text}</v></c>'
        case ("formula", formula, result):
            return f"<c {place}><f>{escape(formula)}</f><v>{result}</v></c>"
        case _:
            return f'<c {place} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


NAMES = ("Meeting", "Date", "Member", "Name")
FIFTH_OF_JANUARY = ("day", 46027)  # Excel's serial number of 2026-01-05


def test_a_passbook_in_csv(tmp_path: Path) -> None:
    first, second, third = taken(tmp_path, GOOD)
    assert first == SheetRow(
        2,
        1,
        1,
        "2026-01-05",
        1,
        "Amina",
        "+254712345678",
        "present",
        3,
        5_000,
        0,
        "",
        0,
        0,
        0,
        0,
        "",
    )
    assert second[7:] == ("absent", 0, 0, 2_000, "late", 0, 150_050, 3, 0, "")
    assert third[6:] == ("+254712345678", "present", 5, 5_000, 0, "", 0, 0, 0, 50_000, "first loan")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_csv_in_every_dress(tmp_path: Path, delimiter: str, encoding: str, ending: str) -> None:
    text = f'{HEADER},notes\n1,2026-01-05,7,"Zoë ""Mama""",a long note\n'
    text = text.replace(",", delimiter).replace("\n", ending)
    (row,) = taken(tmp_path, text.encode(encoding))
    assert (row.member_number, row.name, row.notes) == (7, 'Zoë "Mama"', "a long note")


def test_titles_blank_lines_and_excels_own_line_are_passed_over(tmp_path: Path) -> None:
    text = f"sep=,\nUmoja group,,\n\n{HEADER}\n,,,\n1,2026-01-05,1,Amina\n"
    assert [row.line for row in taken(tmp_path, text)] == [6]


def test_columns_by_other_names_and_in_any_order(tmp_path: Path) -> None:
    header = "Jina; MEETING NO. ;Hisa;member-number;Held_On;Loan repayment (KES)"
    text = f"{header}\nAmina;1;2;3;2026-01-05;10\n"
    (row,) = taken(tmp_path, text)
    assert (row.name, row.session, row.shares, row.member_number) == ("Amina", 1, 2, 3)
    assert row.loan_repaid_minor == 1_000


def test_a_workbook_with_dates_and_numbers_as_excel_keeps_them(tmp_path: Path) -> None:
    rows = [
        (*NAMES, "social", "shares", "attendance", "loan_repaid", "phone"),
        (1.0, FIFTH_OF_JANUARY, 3.0, "Wanjikũ", 0.1 + 0.2, 5, True, 1500.0, 254712345678),
        ("2", "2026-01-12", "3", "", ("formula", "1+1", 2), "", "late", "1,500", ""),
    ]
    first, second = taken(tmp_path, xlsx(rows))
    assert first[:10] == (*(2, 1, 1, "2026-01-05", 3, "Wanjikũ", "254712345678", "present", 5, 30),)
    assert first.loan_repaid_minor == second.loan_repaid_minor == 150_000
    assert (second.name, second.social_minor) == ("Wanjikũ", 200)


def test_an_old_excel_file(tmp_path: Path) -> None:
    (row,) = taken(tmp_path, gzip.decompress(base64.b85decode(XLS_GZIP_BASE85)))
    assert row[:6] == (2, 1, 1, "2026-01-05", 3, "Wanjikũ")


def test_whole_units_in_a_currency_without_cents(tmp_path: Path) -> None:
    assert row_with(tmp_path, "social", "1,500", exponent=0).social_minor == 1_500
    sheet = xlsx([(*NAMES, "social"), (1, FIFTH_OF_JANUARY, 1, "Amina", 1500.0)])
    assert taken(tmp_path, sheet, exponent=0)[0].social_minor == 1_500


def test_savings_become_shares(tmp_path: Path) -> None:
    assert row_with(tmp_path, "savings", "300", share_value_minor=10_000).shares == 3
    text = f"{HEADER},shares,savings\n1,2026-01-05,1,Amina,3,300\n"
    assert taken(tmp_path, text, share_value_minor=10_000)[0].shares == 3
    wrong = text.replace(",3,300", ",2,300")
    assert refused(tmp_path, wrong, share_value_minor=10_000) == [
        "Line 2, column savings: pays for 3 shares, but the row says 2."
    ]
    assert "whole number of shares" in why_not(tmp_path, "savings", "350", share_value_minor=10_000)
    assert "share value is not known" in why_not(tmp_path, "savings", "300")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("social", "1,50", "can be read in more than one way"),
        ("social", "-5", "is negative"),
        ("social", "12.345", "too many decimals"),
        ("social", "=SUM(A1:A9)", "is not an amount"),
        ("loan_repaid", "90071992547410", "too large"),
        ("shares", "2.5", "“2.5” is not a whole number from 0 to 1000000."),
        ("shares", "-1", "is not a whole number"),
        ("shares", "three", "“three” is not a whole number"),
        ("shares", "9999999", "is not a whole number from 0 to 1000000"),
        ("cycle", "0", "is not a whole number from 1 to 10000"),
        ("attendance", "maybe", "is not one of: present, late, representative, excused, absent"),
        ("fine_reason", "late", "no fine beside it"),
        ("loan_periods", "3", "no loan beside it"),
        ("notes", '=cmd|"/c calc"!A0', "Formulas are not run"),
        ("notes", "x" * 201, "longer than 200"),
        ("notes", "\u202egnp.exe", "cannot be printed"),
        ("notes", "x" * 501, "a cell of more than 500 characters"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, column: str, cell: str, reason: str) -> None:
    assert reason in why_not(tmp_path, column, cell)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",2026-01-05,1,Amina", "Line 2, column meeting: is empty. Every row needs it."),
        ("1,,1,Amina", "Line 2, column date: is empty. Every row needs it."),
        ("1,2026-01-05,,Amina", "Line 2, column member: is empty. Every row needs it."),
        ("1,2026-01-05,1,", "Line 2, column name: member 1 has no name in any row."),
        ("0,2026-01-05,1,Amina", "column meeting: “0” is not a whole number from 1 to 10000."),
        ("1,5/1/2026,1,Amina", "“5/1/2026” is not a date. Write year-month-day"),
        ("1,2026-02-30,1,Amina", "“2026-02-30” is not a date."),
        ("1,46027,1,Amina", "format the column as a date in Excel"),
        ("1,2026-01-05,1,Amina,x", "Line 2: “x” stands in a column without a name."),
        ('1,2026-01-05,1,"Amina', "Line 2: has a quotation mark without its pair"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, problem: str) -> None:
    (found,) = refused(tmp_path, f"{HEADER}\n{row}\n")
    assert problem in found


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            ("1,2026-01-05,1,Amina", "1,2026-01-05,1,Amina"),
            "Line 3, column member: member 1 already has line 2 for this meeting.",
        ),
        (
            ("1,2026-01-05,1,Amina", "2,2026-01-12,1,Asha"),
            "Line 3, column name: member 1 is “Amina” in line 2.",
        ),
        (
            ("1,2026-01-05,1,Amina", "1,2026-01-06,2,Baraka"),
            "Line 3, column date: line 2 gives 2026-01-05 for the same meeting.",
        ),
        (
            ("2,2026-01-05,1,Amina", "1,2026-01-12,1,Amina"),
            "Line 2, column date: meeting 2 is dated 2026-01-05, before meeting 1 "
            "(2026-01-12, line 3).",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_named(
    tmp_path: Path, rows: tuple[str, ...], problem: str
) -> None:
    assert refused(tmp_path, "\n".join([HEADER, *rows])) == [problem]


def test_a_name_may_be_left_out_after_the_first_time_and_typed_loosely(tmp_path: Path) -> None:
    rows = ("1,2026-01-05,1,", "2,2026-01-12,1,Amina  Juma", "3,2026-01-19,1,amina juma")
    names = {row.name for row in taken(tmp_path, "\n".join([HEADER, *rows]))}
    assert len(names) == 1


def test_every_problem_is_named_at_once_and_nothing_is_returned(tmp_path: Path) -> None:
    broken = GOOD.replace("1,2026-01-05,1,", "x,2026-01-05,1,").replace("500,first", "5o0,first")
    broken = broken.replace('"1,500.50"', '"1,50"')
    assert [problem.split(":")[0] for problem in refused(tmp_path, broken)] == [
        "Line 2, column meeting",
        "Line 3, column loan_taken",
        "Line 4, column loan_repaid",
    ]


def test_a_long_list_of_problems_is_kept_whole_and_shown_in_part(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text(HEADER + "\n" + "x,y,z,Amina\n" * 5_000)
    with pytest.raises(SheetError) as error:
        read_sheet(file, 2)
    assert len(error.value.problems) == 15_000
    assert str(error.value).endswith("… and 14900 more.")
    assert len(str(error.value)) < 20_000


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("meeting,date,name", "these are missing: member."),
        ("a,b,c,d", "these are missing: meeting, date, member, name."),
        (HEADER + ",bonus", "column bonus: this column is not known. Rename it or delete it."),
        (HEADER + ",Fines", "column Fines: this column is not known."),
        (HEADER + ",Session", "column Session: means the same as the column meeting."),
        (HEADER + ",NAME", "column NAME: means the same as the column name."),
    ],
)
def test_a_wrong_header_is_explained(tmp_path: Path, header: str, problem: str) -> None:
    (found,) = refused(tmp_path, f"{header}\n1,2026-01-05,1,Amina,\n")
    assert problem in found


def test_a_flaw_is_told_for_the_delimiter_that_the_file_has(tmp_path: Path) -> None:
    long_line = f'{HEADER},notes,phone\n1,2026-01-05,1,Amina,"{"x" * 300}","{"1" * 200}"\n'
    (problem,) = refused(tmp_path, long_line)
    assert problem == "Line 2, column notes: is longer than 200 characters."
    (problem,) = refused(tmp_path, f'{HEADER}\n1,2026-01-05,1,"Am"ina\n')
    assert "Line 2: has a quotation mark without its pair" in problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty."),
        (b" \n\t\r\n", "The file is empty."),
        (b",,,\n;;", "missing: meeting, date, member, name"),
        (HEADER.encode(), "there are no rows under the column names"),
        (bytes(range(256)) * 40, "This is not a table."),
        (b"\x00" * 5_000, "This is not a table."),
        (b"\xff\xfe\x00\xd8", "This is not a table."),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\x00", "This is not a table."),
        (b"PK\x03\x04" + b"garbage" * 100, "damaged or is not an Excel file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000, "workbook"),
        (b"a" * 100_000, "far longer than a passbook's"),
        (b"," * 9_000_000, "far longer than a passbook's"),
        (b'"' + b"\n" * 9_000_000, "Line 1: has a quotation mark without its pair"),
        (b"x" * (cells.FILE_BYTES_MAX + 1), "larger than 10 MB"),
        ((HEADER + "," * 80 + "\n1,2026-01-05,1,Amina" + "," * 70 + "x").encode(), "64 columns"),
        ((HEADER + "\n" + "1,2026-01-05,1,Amina\n" * 5_001).encode(), "Divide the file"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_hopeless_file_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    (found,) = refused(tmp_path, content)
    assert problem in found


def test_a_missing_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nowhere.csv", tmp_path, tmp_path / "pipe", Path("nul\0byte")):
        with pytest.raises(SheetError, match=r"There is no file|cannot be read"):
            read_sheet(path, 2)


def test_a_workbook_that_asks_for_all_the_memory_is_refused(tmp_path: Path) -> None:
    # Two cells at the far corners make the library ask for 17 thousand million cells.
    corners = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    (found,) = refused(tmp_path, xlsx([], corners))
    assert "far larger than a passbook" in found or "larger than 5001 rows" in found


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO(xlsx([NAMES]))
    with (
        zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings,
    ):
        strings.write(b"<sst><si><t>")
        for _ in range(1_200):
            strings.write(b"x" * 1_000_000)
    assert len(content.getvalue()) < cells.FILE_BYTES_MAX
    (found,) = refused(tmp_path, content.getvalue())
    assert "far larger than a passbook" in found


def test_a_small_workbook_does_not_become_a_large_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half a megabyte: 8 million bytes of text as UTF-8 may pass, 16 million may not.
    elephants = "\N{ELEPHANT}" * 490
    handed_over: list[int] = []
    run = subprocess.run

    def measured(*arguments: Any, **options: Any) -> Any:
        done = run(*arguments, **options)
        handed_over.append(len(done.stdout))
        return done

    monkeypatch.setattr(subprocess, "run", measured)
    refused(tmp_path, xlsx([[elephants] * 10] * 400))
    (found,) = refused(tmp_path, xlsx([[elephants] * 10] * 800))
    assert "too much text" in found
    assert max(handed_over) < cells.FILE_BYTES_MAX


def test_a_cell_that_shows_an_error_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    rows = [(*NAMES, "loan_repaid"), (1, FIFTH_OF_JANUARY, 1, "Amina", ("error", "#REF!"))]
    assert "The cell E2 shows an error such as #REF!" in refused(tmp_path, xlsx(rows))[0]


def test_several_full_sheets_are_not_guessed_between(tmp_path: Path) -> None:
    book = xlsx([NAMES, (1, FIFTH_OF_JANUARY, 1, "Amina")], sheets=2)
    assert "has 2 sheets with something in them (“S1”, “S2”)" in refused(tmp_path, book)[0]
    file = tmp_path / "book.xlsx"
    file.write_bytes(book)
    assert len(read_sheet(file, 2, worksheet="S2").rows) == 1
    with pytest.raises(SheetError, match="has no sheet named “S3”"):
        read_sheet(file, 2, worksheet="S3")


def test_without_the_extra_the_way_to_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "find_spec", lambda name: None)
    (found,) = refused(tmp_path, xlsx([NAMES]))
    assert "pip install --require-hashes -r requirements.lock" in found
    assert "save the sheet as CSV" in found
    assert taken(tmp_path, GOOD)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@example(b"meeting,date,member,name\n" + b"\xff" * 20)
def test_no_bytes_make_it_fail_otherwise(tmp_path: Path, content: bytes) -> None:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return  # a child process for each: the tests above
    rows, problems = outcome(tmp_path, content)
    assert bool(rows) != bool(problems)


cell_texts = st.one_of(
    st.sampled_from(["", "1", "2", "1,500", "x", "2026-01-05", "2026-01-12", "Amina", "P", "="]),
    st.text(st.characters(codec="utf-8", exclude_characters='\r\n"'), max_size=8),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(cell_texts, min_size=17, max_size=17), min_size=1, max_size=5))
def test_any_cells_give_rows_in_range_or_named_problems(
    tmp_path: Path, table: list[list[str]]
) -> None:
    lines = [",".join(f'"{cell}"' for cell in row) for row in table]
    rows, problems = outcome(tmp_path, "\n".join([",".join(COLUMNS), *lines]))
    assert bool(rows) != bool(problems)
    assert all(problem.reason and problem.line >= 0 for problem in problems)
    for row in rows:
        assert row.session >= 1 <= row.member_number
        assert row.name
        assert all(value >= 0 for value in row if isinstance(value, int))


def test_the_largest_sheet_is_read(tmp_path: Path) -> None:
    body = (f"{i // 30 + 1},2026-01-05,{i % 30 + 1},Member {i % 30}" for i in range(cells.ROWS_MAX))
    assert len(taken(tmp_path, "\n".join([HEADER, *body]))) == 5_000
