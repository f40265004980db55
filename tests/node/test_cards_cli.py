"""Paper cards as typed: printed once, read from files or unseen, and every sentence read aloud."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from node import cli_cards
from node.card_words import secret_of
from node.node import Node
from tests.node.test_cli import Type, secretary, typing

__all__ = ["secretary"]

FOUND = ("found", "Umoja", "--currency", "KES", "--share-value", "100")


def founded(secretary: Type, *more: str) -> Any:
    assert secretary("init", "--name", "Secretary's phone").code == 0
    done = secretary(*FOUND, *more)
    assert done.code == 0, done.err
    return done


def cards_of(secretary: Type) -> list[str]:
    """The words of three cards, a line each."""
    told = json.loads(founded(secretary, "--json").out)
    return [" ".join(one["words"]) for one in told["cards"]]


@pytest.fixture
def words(tmp_path: Path) -> Callable[..., str]:
    """A file with cards, one a line."""

    def write(*cards: str) -> str:
        file = tmp_path / "typed"
        file.write_text("\n".join(cards) + "\n")
        return str(file)

    return write


def test_founding_prints_the_cards_once(secretary: Type) -> None:
    done = founded(secretary)
    assert "They are shown this once, and this phone keeps no copy." in done.out
    assert done.out.count("PAPER CARD") == 4  # the heading says so too, in the plural
    for part in done.out.split("PAPER CARD ")[1:]:
        rows = [line for line in part.splitlines() if line[:2].strip().isdigit()]
        assert len(secret_of(" ".join(rows[1:5]))) == 16
    told = secretary("cards").out
    assert "Umoja has three paper cards, made on 20" in told
    assert "None of them was used" in told


def test_a_file_takes_the_cards_and_nobody_else_can_read_it(
    secretary: Type, tmp_path: Path
) -> None:
    page = tmp_path / "cards.html"
    done = founded(secretary, "--cards-to", str(page))
    assert f"The three paper cards are in {page}. Print them, then delete the file" in done.out
    assert "PAPER CARD" not in done.out
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert page.read_text().startswith("<!DOCTYPE html>")
    again = secretary("cards", "--replace", "--cards-to", str(page), "--json")
    assert (again.code, json.loads(again.out)["code"]) == (1, "file_exists")
    other = tmp_path / "new.txt"
    told = secretary("cards", "--replace", "--cards-to", str(other), "--json").json()
    assert told["cards"] == []
    assert "PAPER CARD 3 OF 3" in other.read_text()


def test_a_file_that_can_not_be_written_founds_nothing(secretary: Type, tmp_path: Path) -> None:
    assert secretary("init", "--name", "Secretary's phone").code == 0
    nowhere = tmp_path / "no folder" / "cards.txt"
    done = secretary(*FOUND, "--cards-to", str(nowhere))
    assert (done.code, done.err.strip()) == (
        1,
        f"{nowhere} can't be written: No such file or directory.",
    )
    assert secretary("groups", "--json").json()["groups"] == []
    refused = secretary("found", "Umoja", "--currency", "KES", "--share-value", "ten",
                        "--cards-to", str(tmp_path / "kept.txt"))  # fmt: skip
    assert refused.code == 1
    assert not (tmp_path / "kept.txt").exists()


def test_a_full_disk_leaves_the_cards_to_the_screen(
    secretary: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secretary("init", "--name", "Secretary's phone").code == 0

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    done = secretary(*FOUND, "--cards-to", str(tmp_path / "cards.txt"))
    assert done.code == 0, done.err
    assert "cards.txt could not be written." in done.out
    assert "PAPER CARD 3 OF 3" in done.out
    assert not (tmp_path / "cards.txt").exists()


def test_no_cards_is_a_choice_that_is_reminded_of(secretary: Type) -> None:
    done = founded(secretary, "--no-cards")
    assert "The group has no paper cards. Make them soon: mkutano" in done.out
    assert "This group has no paper cards." in secretary("cards").out
    made = secretary("cards", "--replace")
    assert "These three cards are in force now." in made.out
    assert "PAPER CARD 1 OF 3" in made.out


def test_a_card_is_checked_and_nothing_is_recorded(
    secretary: Type, words: Callable[..., str]
) -> None:
    cards = cards_of(secretary)
    before = secretary("audit", "--json").out
    for number, card in enumerate(cards, 1):
        told = secretary("cards", "--check", "--words", words(card)).out
        assert f"This is card {number} of Umoja, and it is in force." in told
    assert secretary("audit", "--json").out == before
    strange = " ".join(["abandon"] * 11 + ["about"])
    refused = secretary("cards", "--check", "--words", words(strange))
    assert (refused.code, "this is no card of Umoja" in refused.err) == (1, True)
    two = secretary("cards", "--check", "--words", words(*cards[:2]))
    assert "has 2 lines, and 1 card must stand in it" in two.err
    nobody = secretary("cards", "--check")
    assert "Nobody is here to type a card." in nobody.err
    assert secretary("cards", "--check", "--replace").code in (0, 2)


def test_words_are_asked_for_unseen_after_saying_what_they_vote_for(
    secretary: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cards = cards_of(secretary)
    asked: list[tuple[str, object]] = []

    def prompt(question: str, **how: Any) -> str:
        asked.append((question, how.get("hide_input")))
        return cards[1].upper()

    def confirm(question: str, **how: Any) -> bool:
        asked.append((question, None))
        return True

    monkeypatch.setattr(cli_cards, "_somebody_is_here", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(click, "confirm", confirm)
    assert "This is card 2 of Umoja" in secretary("cards", "--check").out
    assert asked == [("The card's twelve words", True)]
    refused = secretary("cards", "--vote", "0000000000")
    assert refused.code == 1
    assert len(asked) == 1, "nothing is typed for what is not there"


def test_restoring_from_a_copy_shows_the_books_first(
    secretary: Type,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: Callable[..., str],
) -> None:
    cards = cards_of(secretary)
    for record in ("member --name Amina", "meeting --date 2026-01-08"):
        assert secretary("record", *record.split()).code == 0
    shutil.move(tmp_path / "secretary", tmp_path / "old")
    new = typing(tmp_path / "new", capsys)
    assert new("init", "--name", "New phone").code == 0
    typed = ("--restore", "--from", str(tmp_path / "old"), "--words", words(cards[2], cards[0]))
    asked = new("cards", *typed)
    assert (asked.code, "Say who goes on with this phone: --as OFFICE" in asked.err) == (1, True)
    assert "The books of Umoja: 1 member, last meeting 2026-01-08." in asked.err
    assert "  1 the secretary" in asked.err
    unsure = new("cards", *typed, "--as", "secretary")
    assert "say it again with --yes" in unsure.err
    done = new("cards", *typed, "--as", "secretary", "--yes")
    assert done.code == 0, done.err
    assert (
        "This phone is the officers' phone of Umoja now; it is that of the secretary." in done.out
    )
    assert "mkutano cards --replace" in done.out
    status = new("cards").out
    assert "Card 1 helped to restore the officers" in status
    assert "Card 3 helped to restore the officers" in status
    assert "A card that was typed was seen." in status
    assert new("record", "contribution", "--member", "1", "--amount", "100").code == 0
    again = new("cards", *typed, "--as", "secretary", "--yes")
    assert "is an officers' phone of Umoja already" in again.err


def test_a_person_chooses_from_the_list_and_is_asked_once_more(
    secretary: Type,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cards = cards_of(secretary)
    new = typing(tmp_path / "new", capsys)
    assert new("init", "--name", "New phone").code == 0
    typed = ("--restore", "--from", str(tmp_path / "secretary"))
    said = iter((cards[0], cards[1], "1", cards[0], cards[1], "1"))
    questions: list[str] = []
    answers = iter((False, True))
    monkeypatch.setattr(cli_cards, "_somebody_is_here", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(said))

    def confirm(question: str, **_: Any) -> bool:
        questions.append(question)
        return next(answers)

    monkeypatch.setattr(click, "confirm", confirm)
    no = new("cards", *typed)
    assert (no.code, no.err.strip().splitlines()[-1]) == (1, "Nothing was signed.")
    with Node.open(tmp_path / "new") as node:
        (group,) = node.groups.values()
        assert not group.roster.may_write(node.device)
    yes = new("cards", *typed)
    assert yes.code == 0, yes.err
    assert "becomes the only officers' phone of Umoja, that of the secretary." in questions[0]


def test_restoring_says_where_books_may_be(
    secretary: Type, tmp_path: Path, words: Callable[..., str]
) -> None:
    cards = cards_of(secretary)
    assert "already" in secretary("cards", "--restore", "--words", words(*cards[:2])).err
    strange = " ".join(["abandon"] * 11 + ["about"])
    nowhere = secretary("cards", "--restore", "--words", words(cards[0], strange))
    assert "Say where the books are: with --address HOST:PORT" in nowhere.err
    gone = ("--from", str(tmp_path / "gone"))
    missing = secretary("cards", "--restore", "--words", words(cards[0], strange), *gone)
    assert "There are no books in" in missing.err
    wrong = secretary("cards", "--restore", "--words", words(cards[0], "abandon about"))
    assert wrong.err.startswith("The second card: A card has 12 words; 2 were typed.")
