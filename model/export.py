"""The journal as text for other programs: Beancount, hledger, CSV. Same entries, same totals.

Each text carries the closing balances as assertions, so that `bean-check` and `hledger check`
prove the totals of the book and not only that every entry balances. Amounts are exact decimals
with the group's exponent and no grouping. Texts that people typed are made harmless for each
format: they cannot end a line, start a comment, add an account, or run as a formula in a
spreadsheet. Write the result as UTF-8; hledger needs a UTF-8 locale (`LC_ALL=C.UTF-8`) to read it.

Formats: https://beancount.github.io/docs/beancount_language_syntax.html and
https://hledger.org/hledger.html (journal format).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from model.accounts import ACCOUNTS, CHART
from model.days import add_days
from model.journal_entry import JournalEntry, Line
from model.money import Minor, format_amount

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_PLAIN_SUBJECT: Final = re.compile(r"(?!Hex-)[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_SUBJECT_PREFIX: Final = {"member": "Member", "loan": "Loan", None: "Of"}
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")

CSV_COLUMNS: Final = (
    "entry_id",
    "date",
    "meeting",
    "narration",
    "account",
    "account_name",
    "subject",
    "debit",
    "credit",
    "currency",
)


class ExportError(ValueError):
    """The entries are not a journal: one does not balance, or names an unknown account."""


class Money(NamedTuple):
    """The group's currency: ISO 4217 code and decimals."""

    currency: str
    exponent: int


class Balance(NamedTuple):
    """A closing balance to assert, debit positive.

    `subject` None or empty is the whole account, its sub-accounts included.
    """

    account_code: str
    subject: str | None
    amount_minor: Minor


def closing_balances(entries: Iterable[JournalEntry]) -> tuple[Balance, ...]:
    """The balances that the entries themselves add up to, by account and by subject.

    For a proof, export the book's own balances instead: then the assertions compare two reckonings.
    """
    totals: dict[tuple[str, str | None], Minor] = {}
    for entry in entries:
        for code, subject, amount_minor in entry.lines:
            for key in {(code, None), (code, subject or None)}:
                totals[key] = totals.get(key, 0) + amount_minor
    ordered = sorted(totals, key=lambda key: (key[0], key[1] or ""))
    return tuple(Balance(*key, totals[key]) for key in ordered)


def account_name(code: str, subject: str | None) -> str:
    """Export name, e.g. `Liabilities:2010-Member-Shares:Member-12`; distinct for each subject.

    A subject with characters that Beancount does not take is written in hexadecimal (UTF-8).
    """
    account = ACCOUNTS.get(code)
    if account is None:
        raise ExportError(f"there is no account {code!r}")
    if not subject:
        return account.ledger_name
    if not _PLAIN_SUBJECT.fullmatch(subject):
        subject = f"Hex-{subject.encode('utf-8', 'surrogatepass').hex()}"
    return f"{account.ledger_name}:{_SUBJECT_PREFIX[account.subledger]}-{subject}"


def to_beancount(
    entries: Sequence[JournalEntry], money: Money, balances: Iterable[Balance], title: str
) -> str:
    """The journal for Beancount 3; `bean-check` passes iff entries add up to `balances`.

    Balances are asserted at the start of the day after the last entry, and for an account without
    subject they include its sub-accounts. Raises `ExportError` when an entry does not balance.
    """
    _check(entries, money)
    asserted = tuple(balances)
    lines = [
        f'option "title" "{_quoted(title)}"',
        f'option "operating_currency" "{money.currency}"',
    ]
    if entries:
        first, after = _span(entries)
        names = _account_names(entries, asserted)
        lines += ["", *(f"{first} open {name} {money.currency}" for name in names)]
        lines += ["", f"{first} commodity {money.currency}"]
        for entry in _in_order(entries):
            lines += ["", *_beancount_entry(entry, money)]
        lines.append("")
        for code, subject, amount_minor in asserted:
            name = account_name(code, subject)
            number = format_amount(amount_minor, money.exponent, "")
            # Without a tolerance of its own Beancount lets a balance be off by one unit.
            lines.append(f"{after} balance {name}  {number} ~ 0 {money.currency}")
    return "\n".join(lines) + "\n"


def _beancount_entry(entry: JournalEntry, money: Money) -> Iterator[str]:
    yield f'{entry.date} * "{_quoted(entry.narration)}"'
    yield f'  event_id: "{_quoted(entry.id)}"'
    if entry.meeting:
        yield f'  meeting: "{_quoted(entry.meeting)}"'
    for code, subject, amount_minor in entry.lines:
        yield f"  {account_name(code, subject)}  {_amount(amount_minor, money)}"


def to_hledger(
    entries: Sequence[JournalEntry], money: Money, balances: Iterable[Balance], title: str
) -> str:
    """The journal for hledger 1.25 or newer; passes `hledger check --strict`.

    Accounts and the commodity are declared, and a last entry of zeros asserts `balances`
    (`=*`: sub-accounts included). Raises `ExportError` when an entry does not balance.
    """
    _check(entries, money)
    asserted = tuple(balances)
    # The decimal mark is part of the directive, even where no decimals follow it.
    sample = format_amount(1000 * 10**money.exponent, money.exponent, "")
    sample += "" if money.exponent else "."
    lines = [f"; {_one_line(title)}", "decimal-mark .", f"commodity {sample} {money.currency}"]
    if entries:
        lines += ["", *(f"account {name}" for name in _account_names(entries, asserted))]
        for entry in _in_order(entries):
            lines += ["", *_hledger_entry(entry, money)]
        lines += ["", f"{_span(entries)[1]} * Closing balances of the book"]
        for code, subject, amount_minor in asserted:
            zero, total = _amount(0, money), _amount(amount_minor, money)
            lines.append(f"    {account_name(code, subject)}  {zero} =* {total}")
    return "\n".join(lines) + "\n"


def _hledger_entry(entry: JournalEntry, money: Money) -> Iterator[str]:
    # A semicolon would start a comment, and a bar would split the payee off.
    narration = _one_line(entry.narration).replace(";", ",").replace("|", "/")
    yield f"{entry.date} * ({_hledger_code(entry.id)}) {narration}".rstrip()
    if entry.meeting:
        yield f"    ; meeting:{_one_line(entry.meeting).replace(',', ' ')}"
    for code, subject, amount_minor in entry.lines:
        yield f"    {account_name(code, subject)}  {_amount(amount_minor, money)}"


def to_csv(entries: Iterable[JournalEntry], money: Money) -> str:
    """One row a posting with `CSV_COLUMNS`: debit and credit as plain decimals (RFC 4180).

    A text that a spreadsheet would run as a formula gets an apostrophe in front. Excel takes the
    file for UTF-8 only with a byte order mark (encoding `utf-8-sig`).
    """
    entries = tuple(entries)
    _check(entries, money)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for entry in _in_order(entries):
        for line in entry.lines:
            writer.writerow([_cell(text) for text in _csv_row(entry, line, money)])
    return out.getvalue()


def _csv_row(entry: JournalEntry, line: Line, money: Money) -> tuple[str, ...]:
    code, subject, amount_minor = line
    plain = format_amount(abs(amount_minor), money.exponent, "")
    debit, credit = (plain, "") if amount_minor >= 0 else ("", plain)
    name = ACCOUNTS[code].name
    head = (entry.id, entry.date, entry.meeting, entry.narration, code, name, subject or "")
    return (*head, debit, credit, money.currency)


def _cell(text: str) -> str:
    text = _one_line(text) if _BREAKS.search(text) else text
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def _check(entries: Iterable[JournalEntry], money: Money) -> None:
    if not _CURRENCY.fullmatch(money.currency):
        raise ExportError(f"{money.currency!r} is not a currency code of three capital letters")
    for entry in entries:
        if sum(line[2] for line in entry.lines) != 0:
            raise ExportError(f"the entry {entry.id} does not balance")
        for line in entry.lines:
            if line[0] not in ACCOUNTS:
                raise ExportError(f"the entry {entry.id} names an unknown account {line[0]!r}")


def _in_order(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """By date, keeping the shared order within a day; an entry without lines moved no money."""
    return sorted((entry for entry in entries if entry.lines), key=lambda entry: entry.date)


def _span(entries: Sequence[JournalEntry]) -> tuple[str, str]:
    """The first day, and the day after the last."""
    dates = [entry.date for entry in entries]
    return min(dates), add_days(max(dates), 1)


def _account_names(entries: Iterable[JournalEntry], balances: Iterable[Balance]) -> list[str]:
    """Every account of the chart, so that readers see it whole, then the sub-accounts in use."""
    named = {(line[0], line[1] or "") for entry in entries for line in entry.lines}
    named |= {(code, subject or "") for code, subject, _ in balances}
    named |= {(account.code, "") for account in CHART}
    return [account_name(*key) for key in sorted(named)]


def _amount(amount_minor: Minor, money: Money) -> str:
    return f"{format_amount(amount_minor, money.exponent, '')} {money.currency}"


def _one_line(text: str) -> str:
    return " ".join(_BREAKS.sub(" ", text).split())


def _quoted(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _hledger_code(text: str) -> str:
    return re.sub(r"[()]", "", _one_line(text).replace(";", ","))
