"""Pairing as two people type it, on small screens: every question is read before it is answered."""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import records
from node.clock import now_ms
from node.marker import STATE_VARIABLE
from node.node import Node
from node.records import FoundRequest, RecordRequest
from simulations.phones import Answer
from tests.node.pocket import COLUMNS, Screen
from tests.node.test_cli_running import Running
from tests.typed_phone import typed


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Asha's phone has founded Umoja with two members; Baraka's is new."""
    folder = tmp_path_factory.mktemp("ready")
    with pytest.MonkeyPatch.context() as state:
        state.setenv(STATE_VARIABLE, str(folder / "state"))
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    with Node.create(folder / "asha", "Asha's phone") as node:
        request = FoundRequest(name="Umoja", currency="KES", share_value="100")
        records.found(node, request, now_ms())
        for name in ("Asha Kiptoo", "Baraka Mwangi"):
            records.record(node, RecordRequest(kind="member", name=name), now_ms())
    Node.create(folder / "baraka", "Baraka's phone").close()


@pytest.fixture
def homes(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The same two phones for one test, as if no other test had used them."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    return {name: tmp_path / name for name in ("asha", "baraka")}


@pytest.fixture
def screens() -> Iterator[list[Screen]]:
    opened: list[Screen] = []
    yield opened
    for screen in opened:
        screen.stop()


def done(home: Path, *words: str) -> Answer:
    answer = typed(home, *words)
    assert answer.code == 0, answer.err
    return answer


def facts(home: Path, *words: str) -> Any:
    return json.loads(done(home, *words, "--json").out)


def narrow(shown: str) -> None:
    """Nothing runs over the edge but what can't be broken: an invitation, a folder's name."""
    wide = [line for line in shown.splitlines() if len(line) > COLUMNS]
    assert all(line.startswith(("MKUTANO:", "/")) for line in wide), wide


def test_by_numbers_on_two_small_screens(homes: dict[str, Path], screens: list[Screen]) -> None:
    asha = Screen(homes["asha"], "invite", "--numbers", "--title", "treasurer", "--member", "2")
    screens.append(asha)
    typed = re.search(r"mkutano (join --numbers \S+)", asha.until("Waiting"))
    assert typed
    baraka = Screen(homes["baraka"], *typed[1].split())
    screens.append(baraka)
    theirs = re.search(r"\n    (\d{3} \d{3})\n", baraka.until("Are they the same?"))
    ours = re.search(r"Number +(\d{3} \d{3})\n", asha.until("Let this phone in?"))
    assert theirs
    assert ours
    assert theirs[1] == ours[1]
    assert "Umoja" not in baraka.shown  # not even the group's name, before both have said yes
    for line in ("Baraka's phone asks to be let in.", "Group    Umoja", "Office   treasurer",
                 "It is    Baraka Mwangi, member 2", "It may   record and read"):  # fmt: skip
        assert line in asha.shown
    asha.answer(yes=True)
    baraka.answer(yes=True)
    baraka.until("Join Umoja with this phone?")
    for line in ("You are invited to Umoja.", "From     Asha's phone (secretary)",
                 "You are  Baraka Mwangi, member 2", "Office   treasurer",
                 "You may  record and read", f"Number   {ours[1]}"):  # fmt: skip
        assert line in baraka.shown
    baraka.answer(yes=True)
    assert (asha.ended(), baraka.ended()) == (0, 0), asha.shown + baraka.shown
    narrow(asha.shown)
    narrow(baraka.shown)
    assert "is in Umoja now and holds" in asha.shown
    assert "This phone is in Umoja now." in baraka.shown
    assert facts(homes["asha"], "book") == facts(homes["baraka"], "book")


def test_numbers_that_differ_end_it_on_both_screens(
    homes: dict[str, Path], screens: list[Screen]
) -> None:
    asha = Screen(homes["asha"], "invite", "--numbers")
    screens.append(asha)
    typed = re.search(r"mkutano (join --numbers \S+)", asha.until("Waiting"))
    assert typed
    for _ in range(3):
        baraka = Screen(homes["baraka"], *typed[1].split())
        screens.append(baraka)
        baraka.until("Are they the same?")
        asha.until("Let this phone in?")
        asha.answer(yes=False)
        asha.until("It was turned away.")
        asha.shown = ""
        baraka.answer(yes=False)
        assert baraka.ended() == 1
        narrow(baraka.shown)
    assert asha.ended() == 1
    assert "three wrong" in asha.shown.replace("\n", " ")
    narrow(asha.shown)
    assert facts(homes["baraka"], "groups")["groups"] == []


def test_with_the_inviters_word_and_a_qr_code(
    homes: dict[str, Path], screens: list[Screen]
) -> None:
    asha = Screen(homes["asha"], "invite", "--confirm", "--read-only", "--name", "The NGO")
    screens.append(asha)
    shown = asha.until("Waiting")
    uri = re.search(r"MKUTANO:[A-Z2-7]+", shown)
    assert uri
    assert "█▄▄▄▄▄▄▄" in shown or "▄▄▄▄▄▄▄█" in shown  # the QR code fits
    ngo = Screen(homes["baraka"], "join", uri[0])
    screens.append(ngo)
    ngo.until("Join Umoja with this phone?")
    assert "You may  read, not record" in ngo.shown
    assert "You are  The NGO" in ngo.shown
    ngo.answer(yes=True)
    asha.until("Let this phone in?")
    assert "It may   read, not record" in asha.shown
    numbers = [re.findall(r"Number +(\d{3} \d{3})", one.shown) for one in (asha, ngo)]
    assert numbers[0] == numbers[1] != []
    asha.answer(yes=True)
    assert (asha.ended(), ngo.ended()) == (0, 0), asha.shown + ngo.shown
    narrow(asha.shown)
    narrow(ngo.shown)
    roles = facts(homes["baraka"], "groups")["groups"]
    assert [(role["name"], role["right"], role["offices"]) for role in roles] == [
        ("Umoja", "read", [])
    ]


def test_while_the_phone_runs_it_is_asked_in_another_window(homes: dict[str, Path]) -> None:
    running = Running(homes["asha"], "--no-lan")
    try:
        uri = facts(homes["asha"], "invite", "--confirm", "--title", "treasurer")["uri"]
        joining = Screen(homes["baraka"], "join", uri)
        joining.until("Join Umoja")
        joining.answer(yes=True)
        assert running.process.stdout is not None
        lines = iter(running.process.stdout.readline, "")
        told = next(line for line in lines if "asks to be let in" in line)
        assert told.startswith("Baraka's phone asks to be let in: mkutano admit (Umoja, number")
        (asked,) = facts(homes["asha"], "admit")["pairings"]
        assert (asked["phone"], asked["title"], asked["asks"]) == (
            *("Baraka's phone", "treasurer", "admit"),
        )
        let_in = facts(homes["asha"], "admit", "--yes", asked["pairing"])
        assert let_in["state"] == "in"
        assert joining.ended() == 0
        again = typed(homes["asha"], "admit", "--no", asked["pairing"])
        assert again.code == 1
        assert "not asked anything any more" in again.err
    finally:
        running.stop(signal.SIGTERM)


def test_without_a_person_nothing_is_joined(homes: dict[str, Path]) -> None:
    running = Running(homes["asha"], "--no-lan")
    try:
        uri = facts(homes["asha"], "invite")["uri"]
        alone = typed(homes["baraka"], "join", uri)
        assert alone.code == 1
        assert "add --yes" in alone.err
        said = typed(homes["baraka"], "join", uri, "--json")
        assert json.loads(said.out)["code"] == "not_answered"
        assert facts(homes["baraka"], "groups")["groups"] == []
        assert facts(homes["baraka"], "join", uri, "--yes")["state"] == "in"
    finally:
        running.stop(signal.SIGTERM)


def test_what_an_invitation_says_of_itself(homes: dict[str, Path]) -> None:
    made = facts(homes["asha"], "invite", "--expires", "90", "--phone-of", "Asha's phone")
    assert (made["expires_minutes"], made["way"], made["others"]) == (90, "secret", 0)
    said = done(homes["asha"], "invite", "--expires", "120", "--no-qr").out
    assert "Good once, for 2 hours by this phone's clock. Three wrong tries burn it." in said
    (row, _) = facts(homes["asha"], "invite", "--list")["invitations"]
    assert row["expires_ms"] - row["made_ms"] == 90 * 60_000
    assert row["tries_left"] == 3
    for words, says in (
        (("--expires", "soon"), "not a whole number"),
        (("--expires", "0"), "not a whole number"),
        (("--phone-of", "nobody"), "See them with: mkutano devices"),
    ):
        refused = typed(homes["asha"], "invite", *words)
        assert refused.code
        assert says in refused.err
