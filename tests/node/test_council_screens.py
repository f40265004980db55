"""Phones and officers on a narrow screen: what is typed, what is asked, and what a machine gets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from node import cli, cli_screen
from tests.node.officers import Village, hand_over, village
from tests.node.test_cli import Type, typing

__all__ = ["village"]

NARROW = 40


@pytest.fixture
def screens(village: Village, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Type]:
    """Each officer's screen; the phones' homes are free while a command is typed."""
    homes = {
        "secretary": village.path / "secretary",
        "treasurer": village.path / "Asha's phone",
        "chairperson": village.path / "Chair's phone",
    }
    village.close()
    return lambda who: typing(homes[who], capsys)


class Homes:
    """The same three phones, opened again to meet."""

    def __init__(self, path: Path, group: bytes) -> None:
        self.path = path
        self.group = group

    def meet(self, left: str, right: str) -> None:
        from node.node import Node
        from tests.node.officers import Officer

        one, other = (Officer(Node.open(self.path / name), self.group) for name in (left, right))
        hand_over(one, other)
        one.node.close()
        other.node.close()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_screen, "screen_width", lambda: NARROW)


def fits(text: str) -> bool:
    """Whether every line fits a narrow screen, but for one word that is longer."""
    return all(len(line) <= NARROW or " " not in line.strip() for line in text.splitlines())


def test_a_lost_phone_on_a_narrow_screen(
    village: Village, screens: Callable[[str], Type], narrow: None
) -> None:
    secretary, chairperson = screens("secretary"), screens("chairperson")
    homes = Homes(village.path, village.secretary.group_id)
    shown = [secretary(word) for word in ("devices", "officers", "approve", "propose", "ratify")]
    shown.append(secretary("suspend", "treasurer"))
    homes.meet("secretary", "Asha's phone")
    homes.meet("secretary", "Chair's phone")
    shown += [
        secretary("devices"),
        secretary("propose", "revoke", "Asha's", "phone", "--reason", "lost"),
        secretary("propose"),
        secretary("approve"),
    ]
    homes.meet("secretary", "Chair's phone")
    (code,) = [row["code"] for row in chairperson("propose", "--json").json()["proposals"]]
    shown += [chairperson("approve"), chairperson("findings"), chairperson("approve", code)]
    shown += [chairperson("officers"), chairperson("devices"), chairperson("propose", "--list")]
    for one in shown:
        assert one.code == 0, one.err
        assert fits(one.out), one.out
    assert "Waits for you:" in shown[-6].out
    assert "holds" in shown[-1].out


def test_what_waits_for_whom_is_one_list(village: Village, screens: Callable[[str], Type]) -> None:
    secretary, chairperson = screens("secretary"), screens("chairperson")
    homes = Homes(village.path, village.secretary.group_id)
    assert secretary("approve").out == "Nothing waits for the officers.\n"
    quorum = secretary("propose", "quorum", "3", "--json").json()["receipt"]
    rules = secretary("propose", "constitution", "--set", "shares-max=7", "--json")
    assert rules.code == 0, rules.err
    told = secretary("approve").out
    assert told.startswith("Waits for the others:")
    homes.meet("secretary", "Chair's phone")
    told = chairperson("approve").out
    assert told.startswith("Waits for you:")
    for code in (quorum, rules.json()["receipt"]):
        assert code in told
        assert chairperson("approve", code.lower()).code == 0
    assert chairperson("approve").out == "Nothing waits for the officers.\n"
    assert chairperson("approve", "0000000000").code == cli.EXIT_REFUSED


def test_nothing_is_signed_when_the_answer_is_no(
    village: Village, screens: Callable[[str], Type], monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary = screens("secretary")
    before = secretary("book", "--json").json()["heads"]
    answers: list[str] = []

    class Terminal:
        def isatty(self) -> bool:
            return True

    def no(question: str, **_: Any) -> bool:
        answers.append(question)
        raise click.Abort

    monkeypatch.setattr("node.cli_propose.sys.stdin", Terminal())
    monkeypatch.setattr("node.cli_propose.click.confirm", no)
    done = secretary("propose", "revoke", "treasurer")
    assert done.code == 130
    assert answers == ["Ask the officers?"]
    assert "You ask to revoke “Asha's phone” of Baraka (treasurer) for good." in done.out
    assert secretary("book", "--json").json()["heads"] == before
    assert secretary("propose", "revoke", "treasurer", "--yes").code == 0
    assert secretary("book", "--json").json()["heads"] != before


def test_machines_get_values(village: Village, screens: Callable[[str], Type]) -> None:
    secretary = screens("secretary")
    for words in ("devices", "officers", "approve", "propose", "ratify", "propose enrol"):
        answer = secretary(*words.split(), "--json")
        assert isinstance(json.loads(answer.out), dict), words
    refused = secretary("suspend", "nobody", "--json")
    assert (refused.code, json.loads(refused.out)["code"]) == (1, "unknown_device")
    device = secretary("devices", "--json").json()["devices"][1]
    assert (device["state"], device["in_suspense"], device["member"]) == ("active", 0, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("propose officer treasurer", "Say who is elected, or --vacant."),
        ("propose quorum many", "“many” is not a whole number"),
        ("propose", ""),
        ("suspend", "Missing argument"),
        ("propose revok treasurer", "No such command"),
    ],
)
def test_what_is_not_understood_is_said(
    village: Village, screens: Callable[[str], Type], words: str, says: str
) -> None:
    done = screens("secretary")(*words.split())
    assert done.code == (2 if says else 0)
    assert says in done.err
