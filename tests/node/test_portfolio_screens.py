"""The portfolio as it is typed and printed, and its files as other programs open them."""

import csv
import os
import stat
import sys
from pathlib import Path
from shutil import copytree
from types import ModuleType
from typing import Any

import pytest

from model.reports.indicator_shape import MONEY
from node import cli_portfolio, cli_screen
from node.node import Node
from node.portfolio_store import PortfolioStore
from node.portfolio_table import COLUMNS
from node.portfolio_words import percent
from simulations.many_groups import VillageGroup
from tests.node.test_cli import Type, typing

FORMULA = '=HYPERLINK("http://x","y")'
NARROW = 40


@pytest.fixture(scope="module")
def duckdb() -> ModuleType:
    """DuckDB; without it the tests of Parquet are skipped, and fail in CI."""
    try:
        import duckdb
    except ImportError:
        reason = "DuckDB is not installed: pip install 'mkutano[analysis]'"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return duckdb


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that follows two ledgers, one with a dangerous name, and one by its summaries."""
    home = tmp_path_factory.mktemp("organisation") / "home"
    with Node.create(home, "Organisation") as node:
        VillageGroup(1, node.device, weeks=2).give(node)
        VillageGroup(2, node.device, weeks=2, name=FORMULA, until="2026-01-31").give(node)
        store = PortfolioStore(node.store.database)
        store.follow(b"far".ljust(32, b"."), "Mb\x08\x1b[31mali, B", "summary", "")
    return home


@pytest.fixture
def organisation(filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """Types on a copy of that device."""
    return typing(copytree(filled, tmp_path / "home"), capsys)


def test_a_table_and_totals(organisation: Type) -> None:
    shown = organisation("portfolio")
    assert shown.code == 0, shown.err
    assert "Tumaini 1" in shown.out
    assert "UGX: 1 group, 15 members" in shown.out
    assert "TZS" not in shown.out.split("UGX: 1 group")[1].split(" · ")[0]  # its grant has ended
    assert "the grant ended on 2026-01-31" in shown.out
    assert "no figures came yet" in shown.out
    assert not {"\x1b", "\x08"} & {*shown.out, *organisation("portfolio", "--group", "mb").out}


def test_what_a_machine_gets_is_what_is_shown(organisation: Type) -> None:
    answer = organisation("portfolio", "--json").json()
    assert [row["name"] for row in answer["groups"]] == [
        FORMULA,
        "Mb\x08\x1b[31mali, B",
        "Tumaini 1",
    ]
    row = answer["groups"][2]
    shown = organisation("portfolio").out
    line = next(line for line in shown.splitlines() if line.startswith("Tumaini 1"))
    assert percent(row["figures"]["par30"]) in line
    assert f"{row['figures']['loans_minor']:,}" in line
    assert organisation("portfolio", "--ended", "--json").json()["groups"][0]["name"] == FORMULA


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), 3),
        (("--at-risk",), 2),
        (("--at-risk", "100"), 0),
        (("--currency", "ugx"), 1),
        (("--not-heard", "30"), 3),
        (("--update",), 0),
    ],
)
def test_filters_as_they_are_typed(organisation: Type, words: tuple[str, ...], names: int) -> None:
    answer = organisation("portfolio", *words, "--json").json()
    assert len(answer["groups"]) == names
    shown = organisation("portfolio", *words)
    assert ("No group is like that." in shown.out) == (names == 0)


def test_a_narrow_screen(organisation: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_screen, "screen_width", lambda: NARROW)
    for words in ((), ("--sort", "risk"), ("--group", "tum"), ("--group", "mb")):
        shown = organisation("portfolio", *words)
        assert shown.code == 0, shown.err
        for line in shown.out.splitlines():
            assert len(line) <= NARROW or " " not in line.strip(), line


def test_one_group_in_words(organisation: Type) -> None:
    out = organisation("portfolio", "--group", "Tumaini").out
    for sentence in (
        "15 members.",
        "Health score: not rated yet, UNRATED.",
        "Leadership: ",
        "Nothing was heard yet.",
        "This device may read: every entry, without names, until 2027-12-31.",
    ):
        assert sentence in out
    refused = organisation("portfolio", "--group", "Nobody")
    assert refused.code == 1
    assert "mkutano portfolio" in refused.err


def test_an_empty_portfolio_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Node.create(tmp_path / "home", "Organisation").close()
    shown = typing(tmp_path / "home", capsys)("portfolio")
    assert "follows no group yet" in shown.out


def test_figures_are_brought_up_to_date_some_groups_at_a_time(
    organisation: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_portfolio, "AT_ONCE", 1)
    answer = organisation("portfolio", "--json").json()
    assert answer["left"] == 0
    assert all(row["figures"] for row in answer["groups"] if row["source"] == "ledger")


# Files


def figures_of(answer: Any, name: str) -> dict[str, Any]:
    (row,) = (row for row in answer["groups"] if row["name"] == name)
    figures: dict[str, Any] = row["figures"]
    return figures


def test_a_csv_file_as_another_program_reads_it(organisation: Type, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    shown = organisation("portfolio", "--csv", str(file))
    assert (shown.code, shown.out.strip()) == (0, f"{file}: 3 groups.")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["name"] for row in rows] == [f"'{FORMULA}", "Mb [31mali, B", "Tumaini 1"]
    figures = figures_of(organisation("portfolio", "--json").json(), "Tumaini 1")
    for name in MONEY:
        said = rows[2][name]
        assert said == ("" if figures[name] is None else str(figures[name]))
    assert rows[2]["currency"] == "UGX"
    assert {rows[1][name] for name in (*MONEY, "members", "score", "until")} == {""}
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_a_parquet_file_as_duckdb_reads_it(
    organisation: Type, tmp_path: Path, duckdb: ModuleType
) -> None:
    file, table = tmp_path / "it's groups.parquet", tmp_path / "groups.csv"
    shown = organisation("portfolio", "--parquet", str(file), "--csv", str(table))
    assert shown.code == 0, shown.err
    answer = organisation("portfolio", "--json").json()
    with duckdb.connect(":memory:") as database:
        rows = database.execute("SELECT * FROM read_parquet(?)", [str(file)])
        names = [column[0] for column in rows.description]
        found = {
            row["name"]: row
            for row in (dict(zip(names, one, strict=True)) for one in rows.fetchall())
        }
        kinds = dict(database.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))",
            [str(file)],
        ).fetchall())  # fmt: skip
        counted = database.execute("SELECT count(*) FROM read_csv(?)", [str(table)]).fetchone()
        lent = database.execute(
            "SELECT currency, sum(loans_minor) FROM read_parquet(?) GROUP BY 1", [str(file)]
        ).fetchall()
    assert set(names) == set(COLUMNS)
    assert counted == (3,)
    assert {kinds[name] for name in MONEY} == {"BIGINT"}
    assert (kinds["sealed_on"], kinds["needs_update"], kinds["name"]) == (
        "DATE",
        "BOOLEAN",
        "VARCHAR",
    )
    assert set(found) == {FORMULA, "Mb\x08\x1b[31mali, B", "Tumaini 1"}  # typed: nothing can run
    for name in ("Tumaini 1", FORMULA):
        figures = figures_of(answer, name)
        assert {one: found[name][one] for one in MONEY} == {one: figures[one] for one in MONEY}
        assert str(found[name]["met_on"]) == figures["met_on"]
    assert (None, None) in lent
    assert ("UGX", figures_of(answer, "Tumaini 1")["loans_minor"]) in lent


def test_parquet_without_duckdb_says_how_to_get_it(
    organisation: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    refused = organisation("portfolio", "--parquet", str(tmp_path / "groups.parquet"))
    assert refused.code == 1
    assert "mkutano[analysis]" in refused.err
    assert not list(tmp_path.glob("*.parquet*"))


def test_a_file_that_can_not_be_written(
    organisation: Type, tmp_path: Path, duckdb: ModuleType
) -> None:
    nowhere = tmp_path / "no folder" / "groups"
    for option in ("--csv", "--parquet"):
        refused = organisation("portfolio", option, str(nowhere))
        assert refused.code == 1
        assert "can't be written" in refused.err


def test_duckdb_is_imported_for_parquet_alone(organisation: Type, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb"]:
        del sys.modules[name]
    organisation("portfolio", "--csv", str(tmp_path / "groups.csv"))
    assert "duckdb" not in sys.modules
