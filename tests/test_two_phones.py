"""Two and three phones over loopback, driven by the real command; each that is on is a process.

What a person would do and see: every assertion is about what `mkutano` printed.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulations.phones import wait_until
from tests.typed_phone import TypedPhone

MEETING = "2026-04-01"
PATIENCE_S = 30.0


NAMES = ("Secretary's phone", "Treasurer's phone", "Chairperson's phone")
Phones = tuple[TypedPhone, TypedPhone, TypedPhone]


def three_phones(folder: Path) -> Phones:
    secretary, treasurer, chairperson = (TypedPhone(n, folder / n.split("'")[0]) for n in NAMES)
    return secretary, treasurer, chairperson


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three homes, turned off: one group, two members, a meeting open, all in step."""
    folder = tmp_path_factory.mktemp("enrolled")
    secretary, treasurer, chairperson = phones = three_phones(folder)
    for phone in phones:
        phone.do("init", "--name", phone.name)
    secretary.do("found", "Umoja", "--currency", "KES", "--share-value", "100")
    for name in ("Amina Otieno", "Baraka Mwangi"):
        secretary.do("record", "member", "--name", name)
    secretary.do("record", "meeting", "--date", MEETING)
    secretary.start("--no-lan")
    for phone, title in ((treasurer, "treasurer"), (chairperson, "chairperson")):
        phone.do("join", secretary.facts("invite", "--title", title)["uri"], "--yes")
    treasurer.do("sync", secretary.address)
    secretary.stop()
    return folder


@pytest.fixture
def phones(enrolled: Path, tmp_path: Path) -> Iterator[Phones]:
    """The same three for one test; the secretary's is turned on."""
    shutil.copytree(enrolled, tmp_path, dirs_exist_ok=True)
    found = three_phones(tmp_path)
    found[0].start("--no-lan")
    yield found
    for phone in found:
        phone.stop()


def buy(phone: TypedPhone, member: str, amount: str) -> str:
    return str(
        phone.facts("record", "contribution", "--member", member, "--amount", amount)["receipt"]
    )


def savings(phone: TypedPhone) -> list[int]:
    return [int(member["savings"]) for member in phone.facts("book")["members"]]


def standing(phone: TypedPhone) -> tuple[str, tuple[str, ...]]:
    book = phone.facts("book")
    return book["digest"], tuple(book["heads"])


def only_here(phone: TypedPhone) -> int:
    return int(phone.facts("status")["only_here_changes"])


def finding_codes(phone: TypedPhone) -> set[str]:
    return {finding["code"] for finding in phone.facts("findings")["findings"]}


def test_two_phones_that_recorded_apart_hold_one_ledger_after_one_sync(
    phones: Phones,
) -> None:
    secretary, treasurer, _ = phones
    buy(secretary, "1", "300")
    buy(treasurer, "2", "100")
    buy(treasurer, "2", "200.00")
    assert standing(secretary) != standing(treasurer)

    moved = treasurer.facts("sync", secretary.address)

    assert (moved["changes_sent"], moved["changes_received"]) == (2, 1)
    assert moved["bytes_sent"] + moved["bytes_received"] < 4_000
    assert standing(secretary) == standing(treasurer)
    assert savings(secretary) == savings(treasurer) == [300_00, 300_00]


def test_a_sync_with_nothing_new_moves_nothing(phones: Phones) -> None:
    secretary, treasurer, _ = phones
    moved = treasurer.facts("sync", secretary.address)
    assert (moved["changes_sent"], moved["changes_received"]) == (0, 0)
    assert standing(secretary) == standing(treasurer)


def test_what_two_officers_wrote_of_one_payment_is_counted_once_or_shown_to_both(
    phones: Phones,
) -> None:
    secretary, treasurer, _ = phones
    buy(secretary, "1", "500")
    buy(treasurer, "1", "500")
    buy(secretary, "2", "200")
    buy(treasurer, "2", "400")

    treasurer.do("sync", secretary.address)

    assert (
        finding_codes(secretary)
        == finding_codes(treasurer)
        == {
            "corroborated",
            "disputed_amount",
        }
    )
    assert savings(secretary) == savings(treasurer) == [500_00, 200_00]  # the record keeper's


def test_three_running_phones_pass_an_entry_on(phones: Phones) -> None:
    secretary, treasurer, chairperson = phones
    treasurer.start("--no-lan", "--peer", secretary.address)
    chairperson.start("--no-lan", "--peer", treasurer.address)
    for phone, amount in ((secretary, "100"), (treasurer, "200")):
        buy(phone, "1", amount)

    assert wait_until(lambda: savings(chairperson)[0] == 300_00, PATIENCE_S)
    assert wait_until(lambda: len({standing(phone) for phone in phones}) == 1, PATIENCE_S)
    assert wait_until(lambda: not any(map(only_here, phones)), PATIENCE_S)


def test_pulling_the_battery_loses_nothing_that_was_acknowledged(
    phones: Phones,
) -> None:
    secretary, treasurer, _ = phones
    receipts = []
    for amount in ("100", "200", "200"):
        receipts.append(buy(secretary, "1", amount))
        secretary.kill()
        secretary.start("--no-lan")

    told = {entry["receipt"] for entry in secretary.facts("audit")["entries"]}
    assert set(receipts) <= told
    assert secretary.facts("verify")["ok"]
    treasurer.do("sync", secretary.address)
    assert savings(treasurer) == [500_00, 0]


def test_a_second_process_on_one_home_says_so_and_leaves(
    phones: Phones,
) -> None:
    secretary, _, _ = phones
    second = secretary.ask_another_process("run", "--host", "127.0.0.1", "--no-lan")
    assert second.code == 3
    assert "Another Mkutano program" in second.err
    assert secretary.running


def test_a_phone_without_invitation_learns_nothing(phones: Phones, tmp_path: Path) -> None:
    secretary, _, _ = phones
    stranger = TypedPhone("Stranger's phone", tmp_path / "stranger")
    stranger.do("init", "--name", stranger.name)
    stranger.do("found", "Other", "--currency", "KES", "--share-value", "100")
    before = standing(secretary)
    refused = stranger.ask("sync", secretary.address)
    assert refused.code != 0
    assert len(refused.err.strip().splitlines()) == 1
    assert standing(secretary) == before


@pytest.fixture(scope="module")
def demo() -> dict[str, Any]:
    """The facts of `mkutano demo --json`, as a program would get them."""
    played = subprocess.run(
        [sys.executable, "-m", "node", "demo", "--json"], capture_output=True, timeout=280
    )
    assert played.stdout, played.stderr.decode()
    facts: dict[str, Any] = json.loads(played.stdout)
    return facts | {"code": played.returncode}


def test_the_demo_keeps_every_promise(demo: dict[str, Any]) -> None:
    assert [promise for promise, kept in demo["checks"].items() if not kept] == []
    assert demo["ok"]
    assert demo["code"] == 0
    assert len(demo["digests"]) == 3
    assert len(set(demo["digests"])) == 1
    assert len(demo["members"]) == 25


def test_every_attack_in_the_demo_got_a_reason(demo: dict[str, Any]) -> None:
    answers = {attack["attack"]: attack["answer"] for attack in demo["attacks"]}
    assert len(answers) >= 19
    assert all(answers.values())
    assert answers["a payment signed with a read-only key"] == "no_right"
    assert answers["a payment forged in the secretary's name"] == "bad_signature"
    assert answers["frames in the wrong order"] == "noise-tampered"
