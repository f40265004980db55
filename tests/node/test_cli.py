"""The command line: a group's first days as typed, exit codes, the same answers through the API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.events import GroupDescribed
from node import cli, cli_screen
from node.errors import StoreFailed
from node.node import Node
from node.tables import amount, moment, percent, sentences, table

ROOT = Path(__file__).parent.parent.parent
SHEET = ROOT / "simulations" / "sheets" / "umoja-season.csv"
WAIT_S = 30


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


def typing(home: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """A person at a phone."""

    def type_command(*words: str) -> Typed:
        with pytest.raises(SystemExit) as left:
            cli.main(["--home", str(home), *words])
        printed = capsys.readouterr()
        return Typed(int(left.value.code or 0), printed.out, printed.err)

    return type_command


@pytest.fixture
def secretary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    return typing(tmp_path / "secretary", capsys)


@pytest.fixture
def treasurer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    return typing(tmp_path / "treasurer", capsys)


def founded(secretary: Type) -> None:
    assert secretary("init", "--name", "Secretary's phone").code == 0
    done = secretary("found", "Umoja", "--currency", "KES", "--share-value", "100",
                     "--social-fund", "20", "--interest", "10", "--fine", "late=50")  # fmt: skip
    assert done.code == 0, done.err


def test_a_fine_needs_a_code_or_an_amount(secretary: Type) -> None:
    founded(secretary)
    for words in ("member --name Amina", "meeting --date 2026-01-31"):
        assert secretary("record", *words.split()).code == 0
    done = secretary("record", "fine", "--member", "1")
    assert done.code == cli.EXIT_REFUSED
    assert "Which fine?" in done.err


def test_a_meeting_as_it_is_typed(secretary: Type) -> None:
    founded(secretary)
    for words in (
        "member --name Amina --phone 0712345678",
        "member --name Baraka",
        "meeting --date 2026-01-31",
        "attendance --member 1 --status present",
        "contribution --member 1 --amount 500",
        "contribution --member 2 --shares 3",
        "social --member Amina --amount 20",
        "fine --member Baraka --code late",
        "fine --member Amina --amount 15",
        "fine-payment --member 2 --amount 50",
        "loan --member 1 --amount 1,000",
        "repayment --member 1 --amount 500.50 --channel mobile --reference QWE123",
        "expense --code stationery --amount 30",
        "expense --amount 5",
        "transfer --from box --to bank --amount 20",
        "count --pocket box --amount 100",
        "close",
    ):
        done = secretary("record", *words.split(), "--anyway")
        assert done.code == 0, (words, done.err)
        assert "Receipt " in done.out
    book = secretary("book", "--json").json()
    assert {"digest", "heads", "members", "accounts", "findings"} <= book.keys()
    amina, baraka = book["members"]
    assert (amina["name"], amina["number"], amina["shares"], amina["savings"]) == (
        "Amina", 1, 5, 50_000,
    )  # fmt: skip
    assert amina["outstanding_loan"] > 0
    assert (baraka["savings"], baraka["fines_due"]) == (30_000, 0)
    assert "Amina" in secretary("passbook", "1").out
    assert "Amina" in secretary("loans").out
    assert "Amina" in secretary("audit", "--member", "Amina").out
    assert "2026-01-31" in secretary("journal", "--format", "hledger").out
    assert "0712345678" in secretary("members").out


def test_every_command_answers_people_and_machines(secretary: Type) -> None:
    founded(secretary)
    assert secretary("import", str(SHEET), "--dry-run", "--json").json()["added"] > 0
    assert secretary("import", str(SHEET)).code == 0
    assert secretary("import", str(SHEET), "--json").json()["added"] == 0
    for words in ("book", "loans", "audit", "findings", "status", "verify", "devices",
                  "members", "passbook 3", "journal", "invite", "invite --list", "links",
                  "groups"):  # fmt: skip
        people = secretary(*words.split())
        assert people.code == 0, (words, people.err)
        assert people.out.strip()
        assert isinstance(secretary(*words.split(), "--json").json(), dict)


def test_an_import_that_is_wrong_names_every_line(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    sheet = tmp_path / "bad.csv"
    sheet.write_text("meeting,date,member,name,shares\n1,2026-01-31,1,Amina,x\n1,soon,2,B,1\n")
    done = secretary("import", str(sheet))
    assert done.code == cli.EXIT_REFUSED
    assert "Line 2" in done.err
    assert "Line 3" in done.err
    assert secretary("book", "--json").json()["members"] == []
    assert secretary("import", str(tmp_path / "nothing.csv")).code == cli.EXIT_REFUSED


def test_the_document_is_exported(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    target = tmp_path / "umoja.automerge"
    heads = secretary("export", "automerge", str(target), "--json").json()["heads"]
    assert heads == secretary("book", "--json").json()["heads"]
    assert target.read_bytes()[:4] == bytes.fromhex("856f4a83")
    assert secretary("export", "automerge", str(tmp_path / "no" / "where")).code == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("book", 1, "mkutano --home FOLDER init"),
        ("dance", 2, "No such command"),
        ("record dance", 2, "is not one of"),
        ("found Umoja --currency KES", 2, "--share-value"),
        ("join", 2, "INVITATION"),
        ("book --nonsense", 2, "No such option"),
        ("bok", 2, "Did you mean 'book'?"),
        ("record contributon", 2, "Did you mean contribution?"),
        ("book --group Umoja", 2, "before the command: mkutano --group"),
        ("record contribution --shares x", 2, "“x” is not a whole number from 0 upwards"),
        ("run --port 99999", 2, "not a whole number from 0 to 65535"),
        ("record expense --code pens&paper", 2, "can't be a code"),
    ],
)
def test_what_can_not_be_done_without_a_home(
    secretary: Type, words: str, code: int, says: str
) -> None:
    done = secretary(*words.split())
    assert done.code == code
    assert says in done.err
    if code == 2 and words != "run --port 99999":
        told = json.loads(secretary(*words.split(), "--json").out)
        assert told["code"] == "not_understood"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["init", "--name", "again"], 1, "already holds"),
        (["found", "U", "--currency", "KES", "--share-value", "ten"], 1, ""),
        (["found", "U", "--currency", "KES", "--share-value", "1", "--fine", "late"], 2, "CODE="),
        (["found", "U", "--currency", "Shilling", "--share-value", "1"], 1, ""),
        (["record", "contribution", "--member", "7", "--amount", "100"], 1, ""),
        (["record", "fine"], 1, "--member is needed"),
        (["passbook", "99"], 1, "There is no member 99."),
        (["join", "https://example.org"], 1, "not a Mkutano invitation"),
        (["join", "MKUTANO:AAAA"], 1, "cut short"),
        (["sync", "somewhere"], 1, "not the address of a phone"),
        (["sync", "127.0.0.1:1"], cli.EXIT_UNREACHABLE, "No Mkutano device answers"),
        (["invite", "--withdraw", "12"], 2, "16 letters"),
        (["invite", "--withdraw", "0123456789abcdef"], 1, "no unused invitation"),
        (["--group", "Tumaini", "book"], 1, "no group “Tumaini”. It holds: Umoja"),
        (["export", "automerge", "/dev/null/umoja"], 1, "can't be written"),
        (["run", "--address-file", "/dev/null/address", "--host", "127.0.0.1"], 1, "be written"),
        (["run", "--host", "203.0.113.77"], 1, "Choose another --port or --host"),
        (["invite", "--member", "999"], 1, "There is no member 999."),
        (["record", "transfer"], 1, "To record a transfer, --from is needed."),
        (["record", "officer"], 1, "To record an officer, --title is needed."),
        (["record", "details"], 1, "To record a member's details, --member is needed."),
        (["record", "attendance"], 1, "To record attendance, --member is needed."),
        (["record", "opening-balance"], 1, "To record an opening balance, --account is needed."),
        (["found", "U", "--currency", "KES", "--share-value", "0"], 1, "share value must be more"),
        (
            ["found", "U", "--currency", "XYZ", "--share-value", "1"],
            1,
            "such as KES, UGX or TZS.\n",
        ),
    ],
)
def test_refusals_say_what_to_do(secretary: Type, words: list[str], code: int, says: str) -> None:
    founded(secretary)
    done = secretary(*words)
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    told = secretary(*words, "--json")
    assert told.code == (code if words[0] != "run" else 2)  # nobody's program reads a `run`
    if code not in (0, 2) and words[0] != "run":
        assert json.loads(told.out).keys() == {"code", "message"}


def test_one_of_several_groups_is_named(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    assert secretary("found", "Tumaini", "--currency", "UGX", "--share-value", "1000").code == 0
    unclear = secretary("book")
    assert unclear.code == cli.EXIT_REFUSED
    assert "Umoja" in unclear.err
    assert "Tumaini" in unclear.err
    chosen = secretary("--group", "tumaini", "book", "--json").json()
    assert chosen["group"]["currency"] == "UGX"
    for said in (chosen["group_id"][:8], "tum"):
        assert secretary("--group", said, "book", "--json").json() == chosen
    again = secretary("found", " UMOJA ", "--currency", "KES", "--share-value", "100")
    assert again.code == cli.EXIT_REFUSED
    assert "holds a group called Umoja (" in again.err
    with Node.open(tmp_path / "secretary") as node:  # as if it had joined one of that name
        other = node.found("Umoja", bytes(16), 0)
        node.append(other, [GroupDescribed("Umoja", "KES", 2)], 0)
    twins = secretary("--group", "Umoja", "book")
    assert "“Umoja” may be several groups" in twins.err
    assert "Tumaini" not in twins.err


def test_an_invitation_is_listed_and_withdrawn(secretary: Type) -> None:
    founded(secretary)
    made = secretary("invite", "--read-only", "--name", "NGO", "--json").json()
    assert made["uri"].startswith("MKUTANO:")
    assert "NGO" in secretary("invite", "--list").out
    assert secretary("invite", "--withdraw", made["invitation"]).code == 0
    assert "withdrawn" in secretary("invite", "--list").out
    drawn = secretary("invite")
    assert "█" in drawn.out
    assert "mkutano run" in drawn.out
    assert "It gives no office" in drawn.out
    assert "It gives no office" not in secretary("invite", "--title", "treasurer").out


def program(*words: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "node", "--home", str(home), *words]


def test_a_damaged_ledger_has_its_own_exit_code(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    (tmp_path / "secretary" / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (tmp_path / "secretary" / name).unlink(missing_ok=True)
    done = secretary("book")
    assert done.code == cli.EXIT_DAMAGED
    assert "Traceback" not in done.err


def test_a_full_storage_has_the_exit_code_of_a_store_that_failed(
    secretary: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFailed("The storage of this device is full.", "storage_full")

    monkeypatch.setattr(cli.Asker, "ask", full)
    assert secretary("book").code == cli.EXIT_DAMAGED


def test_what_a_command_found_is_its_exit_code(
    secretary: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    founded(secretary)
    assert secretary("verify").code == 0
    damaged = {"sentence": "The book differs."}
    group = {"name": "Umoja", "changes": 1, "entries": 3, "differences": [damaged]}
    monkeypatch.setattr(cli.Asker, "ask", lambda *_: {"ok": False, "groups": [group]})
    found = secretary("verify")
    assert found.code == cli.EXIT_REFUSED
    assert " ! The book differs." in found.out


def test_the_next_step_is_named_with_the_home(secretary: Type, tmp_path: Path) -> None:
    home = tmp_path / "secretary"
    refused = secretary("init", "--name", " ")
    assert refused.code == cli.EXIT_REFUSED
    assert "1 to 80 letters" in refused.err
    assert not home.exists()
    assert f"mkutano --home {home} found" in secretary("init", "--name", "Secretary's phone").out
    terms = ("--currency", "kes", "--share-value", "100", "--interest", "5%")
    assert f"mkutano --home {home} import" in secretary("found", "Umoja", *terms).out
    assert "record member --name" in secretary("book").out
    assert "record member --name" in secretary("members").out


def test_what_the_machine_refuses_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    done = typing(Path("/dev/null/home"), capsys)("init", "--name", "Secretary's phone")
    assert done.code == cli.EXIT_REFUSED
    assert done.err == "This machine refused: /dev/null/home: Not a directory.\n"


def test_a_terminal_without_our_letters_shows_others(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    shown = subprocess.run(
        program("book", home=tmp_path / "secretary"),
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert shown.returncode == 0, shown.stderr
    assert b"????????  ??????" in shown.stdout  # the rule under the heads of a table


def test_help_is_quick_and_complete(tmp_path: Path) -> None:
    source = (
        "import sys; from node.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'aiohttp', 'automerge', 'zeroconf', 'nacl', 'sqlite3'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("found", "invite", "verify", "demo"):
        assert command in done.stdout
    broken = subprocess.run(
        [*program("--help", home=tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ}
    )
    assert broken.returncode == 0


def test_tables_line_up_and_stay_on_their_lines() -> None:
    shown = table(("No", "Name"), [(1, "Amina\nWanjiru\x1b[2J"), (12, "Ngũgĩ")])
    lines = shown.splitlines()
    assert len(lines) == 4
    assert lines[2] == " 1  Amina Wanjiru [2J"
    assert lines[3] == "12  Ngũgĩ"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_wide_table_is_folded_to_the_screen(
    secretary: Type, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    founded(secretary)
    assert secretary("import", str(SHEET)).code == 0
    shown = {words: secretary(*words.split()).out for words in ("book", "loans", "audit")}
    monkeypatch.setattr(cli_screen, "screen_width", lambda: width)
    for words, whole in shown.items():
        narrow = secretary(*words.split()).out
        assert [line for line in narrow.splitlines() if len(line) > width] == []
        assert sorted(narrow.replace("─", "").split()) == sorted(whole.replace("─", "").split())


def test_a_column_that_says_nothing_is_left_out(secretary: Type) -> None:
    founded(secretary)
    assert secretary("import", str(SHEET)).code == 0
    loans = secretary("loans").out.splitlines()
    assert loans[0] == "Amounts in KES, interest 10 % flat"
    assert "State" not in loans[2]
    assert max(len(line) for line in loans) <= 80


def test_amounts_times_and_rates_in_words() -> None:
    assert amount({"exponent": 2}, 150_000) == "1,500.00"
    assert amount({"exponent": 0}, 1500) == "1,500"
    assert amount({"exponent": 2}, None) == "withheld"
    assert percent(100_000) == "10 %"
    assert percent(25_000) == "2.5 %"
    assert moment(0) == "1970-01-01 00:00"
    assert moment(2**62) == "impossible time"
    assert sentences([]) == "Nothing needs attention."
