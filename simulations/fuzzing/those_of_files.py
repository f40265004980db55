"""Targets that come as files: sheets, statements, proofs, and the small files of a home.

A home's files are written by Mkutano itself; they are here since a restored or damaged one must
not stop the phone without a word.
"""

import io
import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Final

from node import device_file, guesses
from node.cli_forks import PROOF_FORMAT, _read
from node.device_file import PlainDevice, Secret
from node.errors import CommandRefused, HomeDamaged, HomeMissing
from node.guesses import Guesses
from node.home import read_record, running
from node.home_files import DEVICE_FILE, LOCAL_FILE, TOKEN_FILE
from node.marker import SECTOR_BYTES, Mark, Marker, Marks
from node.sheet import SheetError, read_sheet
from node.statement import read_statement
from simulations.fuzzing.mutation import bytes_of, either, inside, json_of, text_of
from simulations.fuzzing.target import FILE_BYTES_A_UNIT, Broken, Mutate, Parser, Target
from simulations.fuzzing.village_seeds import key_of, village

_SEASON: Final = Path(__file__).resolve().parents[1] / "sheets" / "umoja-season.csv"
_WORDS: Final = (
    "sep=;\n",
    "sep=" + "," * 70 + "x\n",
    ";",
    "\t",
    '"',
    "=1+1",
    "1e5",
    "31/02/2026",
    "\r",
)


_REFUSED: Final = frozenset({"sheet_refused"})


def _folder() -> Path:
    """A folder of this run: children share it, one after the other."""
    return Path(mkdtemp(prefix="mkutano-fuzz-"))


def sheets() -> Parser:
    """Passbook sheets as CSV."""
    path = _folder() / "sheet.csv"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        read_sheet(path, 2, 500)

    lines = _SEASON.read_text("utf-8").splitlines()
    table = "\n".join(lines[:12])
    seeds = [
        table,
        table.replace(",", ";"),
        "UMOJA\n\n" + "\n".join(lines[:6]).replace(",", "\t"),
        "sep=,\n" + "\n".join(lines[:4]),
        lines[0].upper() + '\n1,1,"2026-01-07",1,"A ""B"""',
    ]
    wide = "sep=" + "," * 70 + "x\n" + table
    coded = [text.encode() for text in seeds]
    coded += [table.encode("utf-16"), b"\xef\xbb\xbf" + coded[0], ("é" + table).encode("cp1252")]
    return Parser(take, coded, (SheetError,), text_of(_WORDS), [wide.encode()], _REFUSED)


def statements() -> Parser:
    """Statements of providers and banks as CSV."""
    path = _folder() / "statement.csv"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        read_statement(path, 2)

    mpesa = (
        "M-PESA STATEMENT,,,\nCustomer Name,AMINA,,\n\nReceipt No.,Completion Time,Details,"
        "Transaction Status,Paid In,Withdrawn,Balance\n"
        "SJ3K9QX2,2026-01-08 10:22:31,Received from 0712***678,Completed,1500.00,,1500.00\n"
        "SJ3K9QX2,2026-01-08 10:22:31,Pay Bill charge,Completed,,-30.00,1470.00\n"
        "SJ3K9QX3,2026-01-09 09:00:00,Withdrawal,Failed,,900.00,570.00\n"
    )
    bank = 'Date,Narration,Debit,Credit,Balance\n31/01/2026,DEPOSIT,,"2,000.00","2,000.00"\n' * 2
    airtel = "Transaction ID;Date;Amount;Dr/Cr;Phone\nA1;5 Jan 2026;(800);CR;254712345678\n"
    seeds = [text.encode() for text in (mpesa, bank, airtel)]
    words = (*_WORDS, "Ksh ", "(", "-", "\u2212", "\u0663", "Amount", "Dr", "Completed")
    return Parser(take, seeds, (SheetError,), text_of(words), (), _REFUSED)


def workbooks() -> Parser:
    """Excel workbooks; each is read by a program of its own, so there are few."""
    path = _folder() / "book.xlsx"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        read_sheet(path, 2, 500)

    names = ("meeting", "date", "member", "name", "shares")
    seeds = [
        _xlsx([names, (1, "2026-01-07", 1, "Amina", 2)]),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ]
    mutate = either(
        bytes_of, inside(text_of(("<c", "/>", '"', "99999999", "&#x0;")), _part, _repacked)
    )
    return Parser(take, seeds, (SheetError,), mutate, (), _REFUSED)


_SHEET_PATH: Final = "xl/worksheets/sheet1.xml"


def _xlsx(rows: list[tuple[object, ...]]) -> bytes:
    """The smallest workbook with one sheet."""
    cells = "".join(
        f'<row r="{y}">'
        + "".join(
            f'<c r="{"ABCDE"[x]}{y}" t="inlineStr"><is><t>{value}</t></is></c>'
            for x, value in enumerate(row)
        )
        + "</row>"
        for y, row in enumerate(rows, 1)
    )
    return _packed(
        f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'.encode()
    )


_SCHEMAS: Final = "http://schemas.openxmlformats.org"
_MAIN: Final = f"{_SCHEMAS}/spreadsheetml/2006/main"
_LINKS: Final = f"{_SCHEMAS}/officeDocument/2006/relationships"


def _packed(sheet: bytes) -> bytes:
    packages = f"{_SCHEMAS}/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>'.encode(),
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets><sheet name="S" '
        'sheetId="1" r:id="r1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>".encode(),
        _SHEET_PATH: sheet,
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return content.getvalue()


def _part(data: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(_SHEET_PATH)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError):
        return None


def _repacked(_rng: Random, sheet: bytes) -> bytes:
    return _packed(sheet)


# Of a home


def device_files() -> Parser:
    """device.json, as a whole home reads it: plain and sealed; checks made again after damage."""
    home = _folder() / "home"
    home.mkdir()

    def take(data: bytes) -> None:
        (home / DEVICE_FILE).write_bytes(data)
        record = read_record(home)
        if device_file.decode(device_file.encode(record)) != record:
            raise Broken("a device file reads differently when it is written again")

    sealed = device_file.seal("Amina's phone", Secret(b"s" * 32), "1234", b"a" * 16, b"n" * 24)
    seeds = [device_file.encode(PlainDevice("Phone", b"s" * 32)), device_file.encode(sealed)]
    deep = [b"[" * 3000, b'{"format":' + b"[" * 990 + b"]" * 990 + b"}"]
    return Parser(take, seeds, (HomeDamaged, HomeMissing), either(json_of, _rechecked),
                  deep, frozenset({"home_damaged", "home_too_new", "home_missing"}))  # fmt: skip


def _rechecked(rng: Random, data: bytes, others: object) -> bytes:
    """Other values under a check that fits them."""
    try:
        values = json.loads(json_of(rng, data, [data]))
        values.pop("check", None)
        canonical = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
        return json.dumps({**values, "check": sha256(canonical).digest()[:16].hex()}).encode()
    except (ValueError, AttributeError, TypeError, RecursionError):
        return data[:-1]


def guess_files() -> Parser:
    """guesses.json."""

    def take(data: bytes) -> None:
        found = guesses.decode(data)
        if guesses.decode(guesses.encode(found)) != found:
            raise Broken("a count of guesses reads differently when it is written again")

    seeds = [guesses.encode(Guesses()), guesses.encode(Guesses(3, "boot", 10))]
    deep = [_deep_guesses(depth) for depth in range(900, 1000, 5)]
    return Parser(take, seeds, (ValueError,), json_of, deep)


def _deep_guesses(depth: int) -> bytes:
    values = json.loads(guesses.encode(Guesses()))
    text = json.dumps({**values, "boot": "HERE"})
    return text.replace('"HERE"', "[" * depth + "]" * depth).encode()


def local_files() -> Parser:
    """local.json, by which a running phone is found."""
    home = _folder()
    (home / TOKEN_FILE).write_text("t" * 43)

    def take(data: bytes) -> None:
        (home / LOCAL_FILE).write_bytes(data)
        running(home)

    seeds = [json.dumps({"address": "http://127.0.0.1:1", "pid": os.getpid()}).encode()]
    return Parser(take, seeds, (), json_of, [b"[" * 30_000, b'{"pid":1}'])


def markers() -> Parser:
    """Markers of a phone's own chain; their checks are made again."""
    folder, device = _folder(), key_of("secretary").public
    marker = Marker(folder, device, village().group)
    for number in range(1, 3):
        marker.write(Marks(Mark(number, bytes([number]) * 32), Mark()))
    whole = marker.path.read_bytes()

    def take(data: bytes) -> None:
        marker.path.write_bytes(data)
        found = marker.read()
        if found is not None:
            marker.write(found)
            if marker.read() != found:
                raise Broken("a marker reads differently when it is written again")

    def unwrap(data: bytes) -> bytes | None:
        return data[:SECTOR_BYTES].partition(b"check ")[0]

    def wrap(_rng: Random, text: bytes) -> bytes:
        said = text.decode("ascii", "replace")
        check = sha256(said.encode("ascii", "replace")).hexdigest()[:32]
        return (text + f"check {check}\n".encode()).ljust(SECTOR_BYTES - 1)[:511] + b"\n"

    mutate: Mutate = inside(text_of(("0", "999999999999999999", "\n")), unwrap, wrap)
    return Parser(take, [whole, whole[:SECTOR_BYTES]], (), mutate)


def fork_files() -> Parser:
    """Files of proofs of forks."""
    path = _folder() / "proofs.json"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        _read(path)

    seed = json.dumps({"format": PROOF_FORMAT, "proofs": [{"proof": "QUJD"}]}).encode()
    return Parser(
        take, [seed], (CommandRefused,), json_of, [b"[" * 50_000], frozenset({"bad_proof"})
    )


TARGETS: Final = (
    Target("sheet", sheets, 6, bytes_a_unit=FILE_BYTES_A_UNIT),
    Target("statement", statements, 6, bytes_a_unit=FILE_BYTES_A_UNIT),
    Target("workbook", workbooks, 1, bytes_a_unit=FILE_BYTES_A_UNIT, limits_memory=False),
    Target("device-file", device_files, 5),
    Target("guesses-file", guess_files, 3),
    Target("local-file", local_files, 3),
    Target("marker-file", markers, 4),
    Target("fork-file", fork_files, 3, bytes_a_unit=FILE_BYTES_A_UNIT),
)
