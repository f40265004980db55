"""Under one number of rules equal entries give equal books: phones that agree on it may not differ.

The logs and their books are kept in tests/vectors/books.jsonl (simulations/kept_books.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from model.book import Book
from model.reducer import REDUCER_VERSION, fold
from simulations import keeping, kept_books
from simulations.kept_books import SHOWN, Kept, checks, main, read

VERSION, KEPT = read()
PARTS = 40  # a fault that is planted is looked for in one part after another


def test_the_kept_books_are_of_these_rules() -> None:
    assert VERSION == REDUCER_VERSION, "run: python -m simulations.kept_books"
    assert len(KEPT) >= 100


@pytest.mark.parametrize("part", range(PARTS))
def test_equal_entries_give_the_book_that_they_gave(part: int) -> None:
    changed = {
        kept.name: sorted(now.items() ^ kept.checks.items())
        for kept in KEPT[part::PARTS]
        if (now := checks(fold(kept.entries))) != kept.checks
    }
    assert not changed, "another book? run: python -m simulations.kept_books"


def untraced(_folder: str, reckon: Callable[[], Any]) -> tuple[Any, set[object]]:
    """What is reckoned; one way for all."""
    return reckon(), {""}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of three logs, which the command reads and writes."""
    path = tmp_path / "books.jsonl"
    path.write_text("".join(kept_books.FILE.read_text("utf-8").splitlines(True)[:4]), "utf-8")
    monkeypatch.setattr(kept_books, "FILE", path)
    return path


def _changed(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """From now on a table's check is another one."""

    def otherwise(book: Book) -> dict[str, str]:
        return {**checks(book), table: "00000000"}

    monkeypatch.setattr(kept_books, "checks", otherwise)


def test_another_book_under_the_same_number_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.read_text("utf-8")
    _changed(monkeypatch, "accounts")
    told = CliRunner().invoke(main)
    assert told.exit_code == 1
    assert "3 of 3 logs give another book" in told.output
    assert "raise REDUCER_VERSION" in told.output
    assert copy.read_text("utf-8") == before


def test_with_another_number_the_new_books_are_kept(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _changed(monkeypatch, "accounts")
    monkeypatch.setattr(keeping, "REDUCER_VERSION", VERSION + 1)
    assert CliRunner().invoke(main).exit_code == 0
    version, every = read()
    assert version == VERSION + 1
    assert [kept.name for kept in every] == [kept.name for kept in KEPT[:3]]
    assert [kept.entries for kept in every] == [kept.entries for kept in KEPT[:3]]
    assert all(kept.checks["accounts"] == "00000000" for kept in every)


def test_what_is_only_shown_otherwise_needs_no_other_number(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _changed(monkeypatch, SHOWN)
    told = CliRunner().invoke(main)
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "3 are shown otherwise.")
    version, every = read()
    assert version == VERSION
    assert all(kept.checks[SHOWN] == "00000000" for kept in every)


def test_logs_are_drawn_and_chosen(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways are traced in tests/simulations/test_keeping.py: a tracer ends the one outside."""
    monkeypatch.setattr(kept_books, "ways_through", untraced)
    assert CliRunner().invoke(main, ["--draw", "3", "--keep", "2"]).exit_code == 0
    _, every = read()
    assert len(every) == 2
    assert every[0].name != every[1].name
    assert all(kept == Kept(kept.name, kept.entries, checks(fold(kept.entries))) for kept in every)
    told = CliRunner().invoke(main)
    assert told.output.splitlines() == [
        f"0 of 2 logs give another book than by rules {VERSION}.",
        "0 are shown otherwise.",
    ]
