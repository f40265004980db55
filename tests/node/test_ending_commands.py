"""A cycle's end as officers type it: previewed, agreed to, paid; refused with what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from node import cli
from tests.node.test_cli import Type, Typed, founded, typing


@pytest.fixture
def secretary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    typed = typing(tmp_path / "secretary", capsys)
    founded(typed)
    for words in (
        "cycle --cycle 1 --date 2026-01-01 --until 2026-12-31",
        "member --name Amina",
        "member --name Baraka",
        "member --name Chiku",
        "meeting --date 2026-01-07",
        "contribution --member 1 --shares 3",
        "contribution --member 2 --shares 2",
        "contribution --member 3 --shares 1",
        "fine --member 3 --amount 61",
        "fine-payment --member 3 --amount 61",
    ):
        done(typed("record", *words.split()))
    return typed


def done(typed: Typed) -> Typed:
    assert typed.code == 0, typed.err
    return typed


def answer(typed: Typed) -> Any:
    return json.loads(done(typed).out)


def test_a_share_out_from_preview_to_cash(secretary: Type) -> None:
    shown = answer(secretary("shareout", "preview", "--json"))
    assert shown["pool_minor"] == 66_100
    assert [row["gross_minor"] for row in shown["rows"]] == [33_050, 22_033, 11_017]
    assert [row["name"] for row in shown["rows"]] == ["Amina", "Baraka", "Chiku"]
    told = done(secretary("shareout", "preview")).out
    assert "661.00 KES to divide, 600.00 saved, 61.00 profit" in told
    assert f"mkutano shareout commit --digest {shown['digest'][:12]}" in told
    early = secretary("shareout", "pay")
    assert early.code == cli.EXIT_REFUSED
    assert "Nobody is owed anything" in early.err
    committed = done(secretary("shareout", "commit", "--digest", shown["digest"][:12]))
    assert "gives KES 661.00 to 3 members" in committed.out
    assert "mkutano approve RECEIPT" not in committed.out
    again = secretary("shareout", "commit")
    assert again.code == cli.EXIT_REFUSED
    paid = done(secretary("shareout", "pay", "--member", "Amina"))
    assert "1 member: KES 330.50 was paid out in cash in meeting" in paid.out
    done(secretary("shareout", "pay"))
    book = answer(secretary("book", "--json"))
    assert book["cash"]["box"] == 0
    done(secretary("record", "close"))
    closed = done(secretary("record", "cycle-close"))
    assert "Cycle 1 ends on 2026-01-07" in closed.out
    accounts = {
        row["code"]: row["balance_minor"] for row in answer(secretary("book", "--json"))["accounts"]
    }
    assert accounts == {}
    done(secretary("record", "cycle", "--cycle", "2", "--date", "2027-01-01",
                   "--until", "2027-12-31"))  # fmt: skip


def test_a_preview_that_is_out_of_date_is_refused(secretary: Type) -> None:
    shown = answer(secretary("shareout", "preview", "--json"))
    done(secretary("record", "contribution", "--member", "1", "--shares", "1"))
    late = secretary("shareout", "commit", "--digest", shown["digest"])
    assert late.code == cli.EXIT_REFUSED
    assert "figures have changed" in late.err


def test_part_of_the_share_out_buys_shares_of_the_next_cycle(secretary: Type) -> None:
    done(secretary("shareout", "commit"))
    done(secretary("record", "close"))
    done(secretary("record", "cycle-close"))
    for words in (
        "cycle --cycle 2 --date 2027-01-01 --until 2027-12-31",
        "meeting --date 2027-01-07 --cycle 2",
        "reinvest --member 1 --shares 2",
    ):
        done(secretary("record", *words.split()))
    too_many = secretary("record", "reinvest", "--member", "1", "--shares", "2")
    assert "is owed KES 130.50, and these shares cost KES 200.00" in too_many.err
    done(secretary("shareout", "pay"))
    row = answer(secretary("book", "--json"))["members"][0]
    assert (row["shares"], row["savings"]) == (2, 20_000)
    assert answer(secretary("book", "--json"))["cash"]["box"] == 20_000


def test_loans_and_fines_are_paid_out_of_the_share_out(secretary: Type) -> None:
    done(secretary("record", "loan", "--member", "2", "--amount", "100", "--periods", "1"))
    done(secretary("record", "fine", "--member", "2", "--amount", "7"))
    shown = answer(secretary("shareout", "preview", "--json"))
    row = shown["rows"][1]
    assert (row["principal_minor"], row["interest_minor"], row["fines_minor"]) == (
        10_000,
        1_000,
        700,
    )
    assert row["net_minor"] == row["gross_minor"] - 11_700
    done(secretary("shareout", "commit"))
    paid = done(secretary("shareout", "pay", "--member", "2"))
    assert "KES 117.00 paid loans and fines" in paid.out
    assert answer(secretary("loans", "--json"))["loans"] == []


def test_a_cycle_is_not_closed_while_a_meeting_is_open(secretary: Type) -> None:
    early = secretary("record", "cycle-close")
    assert early.code == cli.EXIT_REFUSED
    assert "mkutano record close" in early.err


def test_a_dividend_by_rate_and_by_pool(secretary: Type) -> None:
    shown = answer(secretary("dividend", "preview", "--rate", "10", "--tax", "5", "--json"))
    assert [row["net_minor"] for row in shown["rows"]] == [2_850, 1_900, 950]
    pool = answer(secretary("dividend", "preview", "--pool", "100", "--json"))
    assert [row["gross_minor"] for row in pool["rows"]] == [5_000, 3_333, 1_667]
    neither = secretary("dividend", "preview")
    assert "--rate" in neither.err
    told = done(secretary("dividend", "commit", "--rate", "10", "--tax", "5"))
    assert "A dividend of KES 57.00 goes to 3 members, KES 3.00 of tax withheld" in told.out
    again = secretary("dividend", "commit", "--rate", "10", "--tax", "5")
    assert again.code == cli.EXIT_REFUSED
    done(secretary("record", "tax-payment", "--amount", "3"))
    done(secretary("record", "set-aside", "--from", "surplus", "--to", "reserve", "--amount", "4"))
    codes = {
        row["code"]: row["balance_minor"] for row in answer(secretary("book", "--json"))["accounts"]
    }
    assert (codes["3030"], codes["3020"], codes.get("2095")) == (-400, 6_400, None)


def test_a_member_who_leaves(secretary: Type) -> None:
    done(secretary("record", "loan", "--member", "1", "--amount", "50", "--periods", "1"))
    shown = answer(secretary("exit", "Amina", "--json"))
    assert (shown["shares_minor"], shown["principal_minor"], shown["net_minor"]) == (
        30_000,
        5_000,
        24_500,
    )
    assert "mkutano record exit --member 1" in done(secretary("exit", "1")).out
    told = done(secretary("record", "exit", "--member", "1", "--reason", "moved"))
    assert "Amina leaves with KES 300.00; KES 55.00 pay loans and fines" in told.out
    findings = answer(secretary("findings", "--json"))["findings"]
    assert [row["code"] for row in findings] == ["post_exit_item"]
    done(secretary("shareout", "pay", "--member", "1", "--no-cash"))
    assert answer(secretary("findings", "--json"))["findings"] == []
    assert secretary("record", "exit", "--member", "1").code == cli.EXIT_REFUSED
    assert (
        secretary("record", "exit", "--member", "2", "--reason", "tired").code == cli.EXIT_REFUSED
    )


def test_a_merry_go_round(secretary: Type) -> None:
    begun = done(secretary("record", "rotation", "--members", "2,1,3", "--amount", "20"))
    assert "pays KES 60.00 each in this order: Baraka, Amina, Chiku" in begun.out
    for member in ("1", "2"):
        done(secretary("record", "rotation-pay-in", "--member", member))
    out = done(secretary("record", "rotation-pay-out", "--anyway"))
    assert "Baraka got the pot of round 1, KES 40.00" in out.out
    shown = answer(secretary("rotations", "--json"))["rotations"][0]
    assert shown["rounds"][0]["collected_minor"] == 4_000
    assert shown["rounds"][0]["paid_to"]["name"] == "Baraka"
    assert "Chiku" in done(secretary("rotations")).out
    missed = answer(secretary("findings", "--json"))["findings"]
    assert [row["code"] for row in missed] == ["rotation_missed"]
    done(secretary("record", "rotation-pay-in", "--member", "3", "--round", "1"))
    assert answer(secretary("findings", "--json"))["findings"] == []
    empty = secretary("record", "rotation-pay-out")
    assert "Nothing was paid into round 2 yet" in empty.err


def test_a_draw(secretary: Type) -> None:
    short = secretary("record", "rotation", "--members", "1,2,3", "--amount", "20",
                      "--order", "drawn", "--seed", "dice")  # fmt: skip
    assert "at least 16 letters" in short.err
    words = "a pot of beans and a pot of rice"
    begun = done(secretary("record", "rotation", "--members", "1,2,3", "--amount", "20",
                           "--order", "drawn", "--seed", words))  # fmt: skip
    assert "by lot; the hash of the seed is" in begun.out
    assert words not in begun.out
    wrong = secretary("record", "rotation-draw", "--seed", words[::-1])
    assert "not the words" in wrong.err
    done(secretary("record", "rotation-draw", "--seed", words))
    turns = [
        row["turn"]["name"]
        for row in answer(secretary("rotations", "--json"))["rotations"][0]["rounds"]
    ]
    assert sorted(turns) == ["Amina", "Baraka", "Chiku"]


def test_nothing_to_share_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = typing(tmp_path / "other", capsys)
    founded(typed)
    for words in (("shareout", "preview"), ("dividend", "preview", "--rate", "5"), ("exit", "1")):
        refused = typed(*words)
        assert refused.code == cli.EXIT_REFUSED
        assert refused.err.strip().endswith((".", "book", "preview"))
    assert "Start one with" in done(typed("rotations")).out
