"""Statements of providers and banks: read whole or refused with every line, and taken over once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.days import DayError
from model.journal import balance
from node import commands
from node.commands import Context, Terms
from node.errors import CommandRefused
from node.node import Node
from node.sheet import SheetError
from node.statement import Statement, day_of, read_statement
from node.statement_import import import_statement
from tests.node.phones import NOW_MS

# The columns of the organisation portal's export: https://developer.safaricom.co.ke (M-PESA Org
# statement); payments out carry a minus sign, charges stand on a line of their own.
MPESA = """Organization Name,UMOJA GROUP,,,,,,,,,,,
Time Period:,01-01-2026 - 31-01-2026,,,,,,,,,,,
Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,\
Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.
SJ3K9QX4,2026-01-09 16:02:11,2026-01-09 16:02:10,Organization Settlement to Bank,Completed,,\
-900.00,"1,070.00",true,Settlement,,,
SJ3K9QX3,2026-01-08 10:00:00,2026-01-08 10:00:00,Pay Bill from 254712345678 - JANE,Failed,500.00,,\
"1,970.00",true,Pay Bill,254712345678 - JANE,,7
SJ3K9QX2,2026-01-08 09:00:00,2026-01-08 09:00:00,Business Pay Bill Charge,Completed,,-30.00,\
"1,970.00",true,Pay Utility,,,
SJ3K9QX2,2026-01-08 09:00:00,2026-01-08 09:00:00,Pay Bill from 2547****321 - ASHA,Completed,\
"1,500.00",,"2,000.00",true,Pay Bill,2547****321 - ASHA,,3
sj3k9qx1,2026-01-07 08:00:00,2026-01-07 08:00:00,Pay Bill from 254712345678 - AMINA,Completed,\
500.00,,500.00,true,Pay Bill,254712345678 - AMINA,,1
"""
BANK = """Account statement;;;;;
Date;Value Date;Narration;Debit;Credit;Balance
05/01/2026;05/01/2026;CASH DEPOSIT AMINA;;KES 2,000.00;KES 2,000.00
05/01/2026;05/01/2026;LEDGER FEE;50.00;;1,950.00
05/01/2026;05/01/2026;CASH DEPOSIT AMINA;;2,000.00;3,950.00
31/01/2026;31/01/2026;INTEREST;;12.50;3,962.50
"""
AIRTEL = """Airtel Money\nTransaction ID,Date,Sender,Amount,Fee,Status
MP260105.1022.A1,05-Jan-2026 10:22,0712345678,+800.00,0,Success
MP260106.0900.B2,06-Jan-2026 09:00,0733000111,-200.00,5,Success
"""


def written(folder: Path, text: str, name: str = "statement.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Statement:
    return read_statement(written(folder, text), 2)


def test_an_m_pesa_statement_with_its_preamble(tmp_path: Path) -> None:
    found = read(tmp_path, MPESA)
    assert found.provider == "mpesa"
    told = [(one.reference, one.day, one.amount_minor, one.fee_minor) for one in found.lines]
    assert told == [
        ("SJ3K9QX2", "2026-01-08", 150_000, 3_000),
        ("SJ3K9QX1", "2026-01-07", 50_000, 0),
    ]
    assert [one.phone for one in found.lines] == ["", "254712345678"]
    assert (found.out_count, found.out_minor, found.unfinished) == (1, 90_000, 1)
    assert (found.balance_minor, found.until) == (107_000, "2026-01-09")


def test_a_bank_statement_without_references(tmp_path: Path) -> None:
    found = read(tmp_path, BANK)
    assert found.provider == ""
    assert [one.amount_minor for one in found.lines] == [200_000, 200_000, 1_250]
    assert len({one.reference for one in found.lines}) == 3
    assert found == read(tmp_path, BANK)
    assert (found.balance_minor, found.until) == (396_250, "2026-01-31")


def test_an_airtel_statement_with_one_column_of_amounts(tmp_path: Path) -> None:
    found = read(tmp_path, AIRTEL)
    assert found.provider == "airtel"
    assert [(one.amount_minor, one.day) for one in found.lines] == [(80_000, "2026-01-05")]
    assert (found.out_count, found.out_minor) == (1, 20_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Receipt No.,Date,Paid In\nA1,05/01/2026,1,50\n", None),
        ('Receipt No.,Date,Paid In\nA1,05/01/2026,"1,50"\n', "Line 2, column paid in"),
        ("Receipt No.,Date,Paid In\nA1,01/25/2026,5\n", "Line 2, column date"),
        ("Receipt No.,Date,Paid In\nA1,yesterday,5\n", "Line 2, column date"),
        ("Receipt No.,Date,Paid In\n,05/01/2026,5\n", "no reference and no balance"),
        ("Receipt No.,Date,Paid In\nA1,05/01/2026,5\na1,05/01/2026,6\n", "line 2 has the same"),
        (f"Receipt No.,Date,Paid In\n{'A' * 65},05/01/2026,5\n", "at most 64 letters"),
        ("Receipt No.,Date,Paid In,Withdrawn\nA1,05/01/2026,5,5\n", "both paid in and withdrawn"),
        ("Receipt No.,Paid In\nA1,5\n", "no column is a date"),
        ("Receipt No.,Date,Balance\nA1,05/01/2026,5\n", "no column is money that came in"),
        ("", "empty"),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_is_named(
    tmp_path: Path, text: str, told: str | None
) -> None:
    if told is None:
        assert [one.amount_minor for one in read(tmp_path, text).lines] == [100]
        return
    with pytest.raises(SheetError, match=told):
        read(tmp_path, text)


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    text = "Receipt No.,Date,Paid In\nA1,05/13/2026,5\nA2,x,5\nA3,05/01/2026,y\n"
    with pytest.raises(SheetError) as refused:
        read(tmp_path, text)
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4]


@given(st.dates())
def test_a_day_is_read_back_however_it_is_written(day: object) -> None:
    from datetime import date

    assert isinstance(day, date)
    if not 1900 <= day.year <= 2199:
        return
    written_as = [
        day.isoformat(),
        f"{day.isoformat()} 10:22:31",
        f"{day:%d/%m/%Y}",
        f"{day.day}-{day.month}-{day:%Y} 09:15",
        f"{day:%d %b %Y}",
        f"{day:%d-%B-%Y}",
    ]
    assert {day_of(text) for text in written_as} == {day.isoformat()}


def test_a_day_that_the_calendar_does_not_have_is_refused() -> None:
    for text in ("31/02/2026", "2026-13-01", "05/01/26", "5 Foo 2026", ""):
        with pytest.raises(DayError):
            day_of(text)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Context]:
    with Node.create(tmp_path / "home", "Secretary's phone") as node:
        terms = Terms("100", interest_percent="0")
        group, _ = commands.found_group(node, "Umoja", "KES", terms, NOW_MS)
        context = Context(node, node.group(group), NOW_MS, anyway=True)
        commands.add_member(context, "Amina", "0712 345 678", joined_on="2026-01-01")
        commands.open_meeting(context, "2026-01-10")
        yield context


def test_a_statement_taken_over_twice_adds_nothing(at: Context, tmp_path: Path) -> None:
    path = written(tmp_path, MPESA)
    tried = import_statement(at, path, dry_run=True)
    assert (tried.added, tried.step, balance(at.group.book, "1040")) == (2, None, 0)
    done = import_statement(at, path)
    assert (done.added, done.added_minor, done.known) == (2, 200_000, 0)
    assert balance(at.group.book, "1040") == 197_000
    assert balance(at.group.book, "5060") == 3_000
    digest = at.group.book.digest()
    again = import_statement(at, path)
    assert (again.added, again.known, again.step) == (0, 2, None)
    assert at.group.book.digest() == digest


def test_the_payer_is_known_by_the_phone(at: Context, tmp_path: Path) -> None:
    import_statement(at, written(tmp_path, MPESA))
    tags = {page.reference: page.payer_tag for _, page in at.group.book.receipts.rows()}
    (member,) = [name for name, _ in at.group.book.members.rows()]
    assert at.group.book.tags.find(("phone", tags["SJ3K9QX1"])) == (member,)
    assert tags["SJ3K9QX2"] == ""


def test_another_amount_than_by_hand_is_told_and_nothing_is_overwritten(
    at: Context, tmp_path: Path
) -> None:
    commands.buy_shares(at, "Amina", "500", 0, "mobile")
    where = (1, 1)
    at.node.append(
        at.group.id,
        [e.PaymentReceived("mpesa", "SJ3K9QX1", 40_000, "2026-01-07", *where, origin="hand")],
        NOW_MS,
    )
    done = import_statement(at, written(tmp_path, MPESA))
    assert any("differently" in note for note in done.notes)
    again = import_statement(at, written(tmp_path, MPESA))
    assert (again.added, again.known) == (0, 2)


def test_a_bank_must_be_named_and_goes_to_the_bank(at: Context, tmp_path: Path) -> None:
    path = written(tmp_path, BANK)
    with pytest.raises(CommandRefused, match="Whose statement is it"):
        import_statement(at, path)
    done = import_statement(at, path, provider="Equity Bank")
    assert (done.provider, done.channel, done.added) == ("equity_bank", "bank", 3)
    assert balance(at.group.book, "1030") == 401_250
    assert import_statement(at, path, provider="equity bank").added == 0


def test_the_second_reader_brings_the_fee_that_the_first_did_not_know(
    at: Context, tmp_path: Path
) -> None:
    at.node.append(
        at.group.id,
        [e.PaymentReceived("mpesa", "SJ3K9QX2", 150_000, "2026-01-08", 1, 1, origin="webhook")],
        NOW_MS,
    )
    import_statement(at, written(tmp_path, MPESA))
    assert balance(at.group.book, "5060") == 3_000
    assert import_statement(at, written(tmp_path, MPESA)).added == 0
