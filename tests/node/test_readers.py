"""Readers: the code they show, what officers are asked, the list that is never shortened, the end.

A group's grants are read back from another officer's phone, so what is shown comes from the log.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import council_views, views
from node.answers import GroupRequest
from node.clock import day_of
from node.council_news import CouncilNews
from node.doors import trusted
from node.enrolment import enrol, offer_of
from node.errors import CommandRefused
from node.invitation_store import InvitationRow
from node.invitations import Guest, invitations, invite
from node.joining import Join, told
from node.node import Node
from node.reader_code import (
    NAME_CHARS_MAX,
    SCHEME,
    ReaderCode,
    ReaderCodeError,
    format_reader_code,
    parse_reader_code,
)
from node.reader_grants import last_day
from node.reader_words import days_left
from node.readers import AddReaderRequest, EndReaderRequest, ReadersRequest, add, end, readers
from node.reception import _why_not
from node.refused_words import OVER, REFUSED
from node.views import AuditRequest
from replication.identity import DeviceKeys
from tests.node.officers import Officer, Village, village
from tests.node.phones import NOW_MS

__all__ = ["village"]

NGO = DeviceKeys(b"n" * 32)
CODE = format_reader_code(ReaderCode(NGO.public, "Maendeleo Trust", ("wss://relay.example",)))
TODAY = day_of(NOW_MS)
LATER = "2026-01-20"
DAY_MS = 86_400_000

LINES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=30).map(
    lambda text: " ".join(text.split())
)
URLS = st.from_regex(r"wss?://[a-z0-9.-]{1,40}(:[0-9]{1,5})?", fullmatch=True)
CODES = st.builds(ReaderCode, st.just(NGO.public), LINES, st.lists(URLS, max_size=4).map(tuple))


# The code


@given(CODES)
def test_a_code_is_read_back_whatever_its_case_and_line_breaks(code: ReaderCode) -> None:
    text = format_reader_code(code)
    assert parse_reader_code(text) == code
    broken = "\n".join(text[at : at + 30] for at in range(0, len(text), 30)).lower()
    assert parse_reader_code(broken) == code


@given(CODES, st.data())
def test_one_mistyped_letter_is_told(code: ReaderCode, data: st.DataObject) -> None:
    text = format_reader_code(code)
    at = data.draw(st.integers(len(SCHEME), len(text) - 2))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").filter(text[at].__ne__))
    with pytest.raises(ReaderCodeError):
        parse_reader_code(text[:at] + letter + text[at + 1 :])


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: signed(raw))))
def test_any_text_gives_a_code_or_a_sentence(text: str) -> None:
    try:
        parse_reader_code(text)
    except ReaderCodeError as error:
        assert error.sentence.endswith(".")  # noqa: PT017


def signed(body: bytes) -> str:
    """Any body with the checksum that it asks for."""
    checksum = hashlib.sha256(b"mkutano/reader" + body).digest()[:4]
    return SCHEME + base64.b32encode(body + checksum).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MKUTANO:ABC", "begins with MKREAD:"),
        (CODE[:20], "cut short"),
        (CODE[:-3], "typing mistake"),
        (f"{CODE[:30]}1{CODE[31:]}", "“1” is never in a reader code"),
        ("MKREAD:" + "A" * 5000, "far too long"),
        (signed(b"\x02" + NGO.public + b"\x00\x00"), "another version"),
        (signed(b"\x01" + b"\xff" * 32 + b"\x00\x00"), "not one that Mkutano makes"),
        (signed(b"\x01" + NGO.public + b"\x02a\n\x00"), "not one that Mkutano makes"),
        (signed(b"\x01" + NGO.public + b"\x00\x01\x08http://a"), "not one that Mkutano makes"),
    ],
)
def test_every_mistake_is_told_in_words(text: str, says: str) -> None:
    with pytest.raises(ReaderCodeError, match=says):
        parse_reader_code(text)


def test_what_does_not_fit_into_a_code_is_refused() -> None:
    for code in (
        ReaderCode(NGO.public, "n" * (NAME_CHARS_MAX + 1), ()),
        ReaderCode(NGO.public, "x", ("https://relay.example",)),
        ReaderCode(NGO.public, "x", ("wss://a",) * 5),
    ):
        with pytest.raises(ReaderCodeError):
            format_reader_code(code)


# Grants


def ask(officer: Officer, now_ms: int = NOW_MS, **details: Any) -> dict[str, Any]:
    asked = AddReaderRequest(code=details.pop("code", CODE), **details)
    return dict(add(officer.node, asked, now_ms).body)


def listed(officer: Officer, now_ms: int = NOW_MS, history: bool = False) -> dict[str, Any]:
    return dict(readers(officer.node, ReadersRequest(history=history), now_ms).body)


def grant(village: Village, **details: Any) -> str:
    """Two officers let the reader in."""
    receipt = str(ask(village.secretary, **details)["receipt"])
    village.meet()
    village.treasurer.agree(receipt)
    village.meet()
    return receipt


def test_officers_read_what_the_reader_will_see_and_until_when(village: Village) -> None:
    tried = ask(village.secretary, dry_run=True)
    assert tried["others_needed"] == 1
    assert tried["until"] == "2027-01-01"  # a year, and totals, unless more was said
    (what,) = tried["what"]
    assert "“Maendeleo Trust” see the totals of each sealed meeting, without names" in what
    assert "until 2027-01-01" in what
    receipt = ask(village.secretary)["receipt"]
    village.meet()
    shown = village.chairperson.findings()["proposal_waits"]
    assert "totals of each sealed meeting" in shown
    assert "until 2027-01-01" in shown
    (waits,) = listed(village.treasurer)["waiting"]
    assert waits["code"] == receipt
    assert listed(village.treasurer)["readers"] == []
    with pytest.raises(CommandRefused, match="proposed already"):
        ask(village.treasurer)
    village.treasurer.agree(str(receipt))
    village.meet()
    (row,) = listed(village.chairperson)["readers"]
    assert (row["scope"], row["until"], row["days_left"], row["state"]) == (
        "summary", "2027-01-01", 365, "active",
    )  # fmt: skip
    assert len(row["agreed"]) == 2
    device = village.chairperson.phones()["Maendeleo Trust"]
    assert (device["scope"], device["until"]) == ("summary", "2027-01-01")


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"until": "2025-12-31"}, "ended_already"),
        ({"until": "2036-01-02"}, "too_far"),
        ({"until": "next year"}, "bad_day"),
        ({"scope": "all"}, "choice"),
        ({"code": "MKREAD:A"}, "reader_code"),
        ({"code": format_reader_code(ReaderCode(NGO.public, "", ()))}, "no_name"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_signed(
    village: Village,
    details: dict[str, Any],
    code: str,
) -> None:
    changes = village.secretary.at.group.replica.heads
    with pytest.raises(Exception, match=r"\w") as refused:
        ask(village.secretary, **details)
    assert getattr(refused.value, "code", "") == code
    assert village.secretary.at.group.replica.heads == changes


def test_an_officer_s_phone_is_no_reader(village: Village) -> None:
    for key, code in (
        (village.treasurer.key, "officers_phone"),
        (village.secretary.key, "own_code"),
    ):
        with pytest.raises(CommandRefused) as refused:
            ask(village.secretary, code=format_reader_code(ReaderCode(key, "Asha", ())))
        assert refused.value.code == code


def test_the_list_of_grants_is_never_shortened(village: Village) -> None:
    grant(village, scope="ledger", until=LATER)
    village.chairperson.suspend("Maendeleo Trust")
    village.meet()
    assert listed(village.secretary)["readers"][0]["state"] == "suspended"
    village.chairperson.lift("Maendeleo Trust")
    village.meet()
    asked = EndReaderRequest(reader="maendeleo", reason="done")
    ended = end(village.secretary.node, asked, NOW_MS).body
    assert "To stop it at once: mkutano suspend" in ended["sentence"]
    village.meet()
    village.treasurer.agree(str(ended["receipt"]))
    village.meet()
    assert listed(village.chairperson)["readers"][0]["state"] == "revoked"
    grant(village, scope="people", until="never", name="Maendeleo anew")
    rows = listed(village.chairperson, history=True)["history"]
    assert [(row["what"], row["scope"], row["until"]) for row in rows] == [
        ("granted", "ledger", LATER),
        ("suspended", "", ""),
        ("lifted", "", ""),
        ("ended", "", ""),
        ("granted", "people", ""),
    ]
    assert all(row["holds"] for row in rows)
    assert rows[0]["name"] == "Maendeleo Trust"
    audit = views.audit(village.treasurer.node, AuditRequest(), NOW_MS).body["readers"]
    assert audit == rows
    (row,) = listed(village.chairperson)["readers"]
    assert (row["state"], row["scope"], row["days_left"]) == ("active", "people", None)


def test_a_grant_can_be_made_longer(village: Village) -> None:
    grant(village, until=LATER)
    with pytest.raises(CommandRefused, match="exactly that already"):
        ask(village.secretary, until=LATER)
    grant(village, until="2026-06-30")
    (row,) = listed(village.treasurer)["readers"]
    assert row["until"] == "2026-06-30"
    with pytest.raises(CommandRefused, match="No reader is called"):
        end(village.secretary.node, EndReaderRequest(reader="nobody"), NOW_MS)
    with pytest.raises(CommandRefused, match="officer's phone and no reader"):
        end(village.secretary.node, EndReaderRequest(reader="Asha's phone"), NOW_MS)


# The end


def test_a_grant_that_ends_is_told_before_and_after(village: Village) -> None:
    grant(village, scope="ledger", until=LATER)
    node, news = village.chairperson.node, CouncilNews()
    group = GroupRequest()

    def codes(day: int) -> set[str]:
        now_ms = NOW_MS + (day - 1) * DAY_MS
        found = views.findings(node, group, now_ms).body["findings"]
        return {one["code"] for one in found if one["code"].startswith("reader")}

    assert codes(1) == codes(20) == {"reader_ends_soon"}
    assert codes(21) == {"reader_ended"}
    assert news.fresh(node, (), "2026-01-20") == []
    assert any("given nothing more" in line for line in news.fresh(node, (), "2026-01-21"))
    assert listed(village.chairperson, NOW_MS + 30 * DAY_MS)["readers"][0]["state"] == "ended"
    read_by = views.who_holds(node, group, NOW_MS).body["readers"]
    assert [one["name"] for one in read_by] == ["Maendeleo Trust"]
    assert views.who_holds(node, group, NOW_MS + 30 * DAY_MS).body["readers"] == []


def test_a_reader_is_let_in_on_the_network_until_its_last_day(village: Village) -> None:
    grant(village, scope="ledger", until=LATER)
    node, group = village.secretary.node, village.secretary.group_id
    static = next(
        key for key, device in trusted(node, group, LATER).items() if device == NGO.public
    )
    assert static not in trusted(node, group, "2026-01-21")
    assert _why_not(node, group, static, "2026-01-21") == OVER
    assert "last day" in REFUSED[f"peer_{OVER}"]
    officers = {village.treasurer.key, village.chairperson.key}
    assert officers <= set(trusted(node, group, "2199-01-01").values())  # they have no last day


def test_a_reader_of_totals_is_not_let_in_on_the_network(village: Village) -> None:
    grant(village)
    node, group = village.secretary.node, village.secretary.group_id
    assert NGO.public not in trusted(node, group, TODAY).values()


@given(st.dates(), st.dates())
def test_days_are_counted_as_the_calendar_does(until: Any, day: Any) -> None:
    assert days_left(str(until), str(day)) == (until - day).days


@pytest.mark.parametrize(
    ("said", "wanted"), [("", "2027-01-01"), ("NEVER", ""), ("2026-01-01", "2026-01-01")]
)
def test_the_last_day_as_it_is_typed(said: str, wanted: str) -> None:
    assert last_day(said, TODAY) == wanted


# By an invitation


@pytest.mark.parametrize("scope", ["summary", "ledger", "people"])
def test_an_invitation_carries_what_a_reader_sees_and_until_when(
    village: Village,
    scope: str,
    tmp_path: Path,
) -> None:
    node, group = village.secretary.node, village.secretary.group_id
    right = "pull" if scope == "summary" else "read"
    guest = Guest("Maendeleo", scope=scope, until=LATER)
    number, _ = invite(node, group, right, guest, (), NOW_MS)
    row = _row(node, group, number)
    shown = told(offer_of(node, group, row))
    assert (shown["scope"], shown["until"], shown["others"]) == (scope, LATER, 1)
    given = enrol(node, group, row, Join(NGO.public, "Maendeleo"), NOW_MS, NOW_MS)
    assert given.others == 1
    assert _row(node, group, number).state == "used"
    village.meet()
    (waits,) = listed(village.treasurer)["waiting"]
    assert LATER in waits["what"][0]
    village.treasurer.agree(str(waits["code"]))
    (found,) = listed(village.treasurer)["readers"]
    assert (found["scope"], found["until"]) == (scope, LATER)
    rows = council_views.devices(node, GroupRequest(), NOW_MS).body["waiting"]
    assert [one["phones"] for one in rows] == [["Maendeleo"]]


def _row(node: Node, group: bytes, number: bytes) -> InvitationRow:
    return next(one for one in invitations(node, group, NOW_MS) if one.invitation_id == number)
