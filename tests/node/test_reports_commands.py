"""Reports, statements and messages as they are typed, and the same through the actions."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.reports.report import REPORT_KINDS
from node import cli

ROOT = Path(__file__).parent.parent.parent
SHEET = ROOT / "simulations" / "sheets" / "umoja-season.csv"


class Typed:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Type = Callable[..., Typed]


@pytest.fixture
def phone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """A secretary's phone that took over a season from a sheet."""

    def type_command(*words: str) -> Typed:
        with pytest.raises(SystemExit) as left:
            cli.main(["--home", str(tmp_path / "phone"), *words])
        printed = capsys.readouterr()
        return Typed(int(left.value.code or 0), printed.out, printed.err)

    for words in (
        ("init", "--name", "Secretary's phone"),
        ("found", "Umoja", "--currency", "KES", "--share-value", "100", "--social-fund", "20",
         "--interest", "10", "--fine", "late=50"),
        ("import", str(SHEET)),
    ):  # fmt: skip
        done = type_command(*words)
        assert done.code == 0, done.err
    return type_command


def test_every_report_as_it_is_typed(phone: Type) -> None:
    for kind in (*REPORT_KINDS, "partner"):
        more = ("--member", "1") if kind == "member" else ()
        shown = phone("report", kind, *more)
        assert shown.code == 0, shown.err
        assert f"Umoja · {kind} report" in shown.out
        answer = phone("report", kind, *more, "--json").json()
        assert not answer["withheld"]
        text = phone("report", kind, *more, "--csv")
        assert text.code == 0
        assert next(csv.reader(io.StringIO(text.out)))


def test_a_report_agrees_with_the_book(phone: Type) -> None:
    book = phone("book", "--json").json()
    figures = phone("report", "annual", "--json").json()["figures"]
    cash = {row["pocket"]: row["closing_minor"] for row in figures["cash"]}
    assert cash == book["cash"]
    assert all(row["holds"] for row in figures["subledgers"])
    savings = sum(row["savings"] for row in book["members"])
    funds = {row["fund"]: row["closing_minor"] for row in figures["funds"]["rows"]}
    assert funds["loan_fund"] >= savings


def test_the_days_of_a_report(phone: Type) -> None:
    def days(*words: str) -> tuple[str, str]:
        parameters = phone("report", *words, "--json").json()["parameters"]
        return parameters["from"], parameters["to"]

    newest = phone("book", "--json").json()["meeting"]["held_on"]
    assert days("monthly")[0] == f"{newest[:7]}-01"
    assert days("annual") == (f"{newest[:4]}-01-01", f"{newest[:4]}-12-31")
    assert days("loan")[1] == newest
    assert days("annual", "--period", "2026-q1") == ("2026-01-01", "2026-03-31")
    assert days("audit", "--from", "2026-01-07", "--to", "2026-01-31") == (
        "2026-01-07",
        "2026-01-31",
    )
    assert days("meeting", "--session", "1")[0] == "2026-01-07"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "annual", "--period", "last year"), "is not a period"),
        (("report", "annual", "--from", "2026-02-30"), "is not a date"),
        (("report", "member"), "--member"),
        (("report", "member", "--member", "999"), "no member 999"),
        (("report", "loan", "--loan", "XXXXXXXXXX"), "No entry has the receipt"),
        (("report", "meeting", "--session", "999"), "no such meeting"),
        (("report", "annual", "--cycle", "9"), "no cycle 9"),
        (("statement", "999"), "no member 999"),
        (("notices", "--send", "--only", "zz"), "No message is due"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    phone: Type, words: tuple[str, ...], says: str
) -> None:
    refused = phone(*words)
    assert refused.code == cli.EXIT_REFUSED
    assert says in refused.err


def test_a_statement_of_a_member(phone: Type) -> None:
    row = phone("book", "--json").json()["members"][0]
    answer = phone("statement", "1", "--json").json()
    assert answer["closing"].items() <= answer["now"].items()
    held = {one["account"]: one for one in answer["now"]["accounts"]}
    assert held["2010"]["balance_minor"] == row["savings"]
    assert held["shares"]["shares"] == row["shares"]
    shown = phone("statement", "Akinyi Okoth")
    assert "Akinyi Okoth" in shown.out
    assert "Before: holds 0.00" in shown.out


def test_a_report_that_is_shared_is_noted_in_the_books(phone: Type) -> None:
    answer = phone("report", "partner", "--share-with", "World Vision", "--json").json()
    assert len(answer["shared"]["digest"]) == 64
    assert "World Vision" in phone("report", "partner", "--share-with", "World Vision").out
    kinds = [row["kind"] for row in phone("audit", "--json").json()["entries"]]
    assert kinds.count("report.shared") == 2


def test_messages_are_due_until_one_phone_says_that_it_sent_them(phone: Type) -> None:
    assert phone("notices", "--json").json()["notices"] == []  # no meeting is closed yet
    assert phone("record", "close").code == 0
    due = phone("notices", "--unasked", "--json").json()
    assert due["count"] == len(due["notices"]) > 0
    assert all(one["septets"] <= 160 for one in due["notices"])
    assert due["not_asked"] > 0
    only_group = phone("notices", "--json").json()
    assert {one["to"] for one in only_group["notices"]} <= {"the group"}
    first = due["notices"][0]
    sent = phone("notices", "--unasked", "--send", "--only", first["id"][:10], "--json").json()
    assert [one["id"] for one in sent["notices"]] == [first["id"]]
    left = phone("notices", "--unasked", "--json").json()
    assert first["id"] not in {one["id"] for one in left["notices"]}
    assert left["count"] == due["count"] - 1
    every = phone("notices", "--unasked", "--all", "--json").json()
    assert {one["id"] for one in every["notices"] if one["sent"]} == {first["id"]}
    shown = phone("notices", "--unasked", "--masked")
    assert "***" in shown.out
    assert "about messages yet" in shown.out


def test_a_person_sees_phones_of_members_and_a_partner_sees_nobody(phone: Type) -> None:
    assert phone("record", "close").code == 0
    own = phone("notices", "--unasked", "--kind", "summary", "--json").json()["notices"]
    assert any(one["phones"] == ["0700000001"] for one in own)
    partner = phone("report", "partner", "--scope", "pseudonym", "--json").out
    assert "0700000001" not in partner
    assert "Akinyi" not in partner
