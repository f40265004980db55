"""Promises of the README, one test each: the whole story once, as those outside see it.

Phones are real homes in folders, and messages are carried by hand. What stands behind a promise is
tested case by case elsewhere; here it is one evening of a village that trusts it.
"""

import random
import socket
import sqlite3
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from automerge.core import ROOT, Document
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from model.closing import state_of
from model.history import audit_view
from node import commands, council_actions, payments, seal_views
from node.answers import GroupRequest
from node.council_actions import OneProposalRequest
from node.errors import StoreDamaged
from node.marker import STATE_VARIABLE
from node.node import Node
from node.ratifying import SuspenseRequest, suspense
from node.seal_views import SealRequest, SignRequest
from node.views import automerge
from tests.node import officers
from tests.node.officers import Officer, Village, hand_over
from tests.node.phones import NOW_MS
from tests.node.rogue import STRANGER, crashes, rewrites, takes_over, tells

YEARS_MS = 40 * 365 * 86_400_000


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Village:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return Village(tmp_path)


def digests(*all_of_them: Officer) -> set[str]:
    return {one.at.group.book.digest() for one in all_of_them}


def sealed_by(closes: Officer, signs: Officer) -> dict[str, Any]:
    """The open meeting is closed on one phone and sealed on another; the check of it."""
    commands.close_meeting(closes.at)
    hand_over(closes, signs)
    shown = seal_views.to_sign(signs.node, SealRequest(), NOW_MS).body
    seal_views.sign(signs.node, SignRequest(close=shown["id"]), NOW_MS)
    hand_over(signs, closes)
    return dict(seal_views.verify(signs.node, SealRequest(), NOW_MS).body)


def test_every_entry_names_the_device_that_made_it_provably_offline_years_later(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 3: by an old ledger file and published formats, with none of Mkutano's code."""
    for officer in (village.secretary, village.treasurer):
        commands.buy_shares(officer.at, "Amina", "100")
    village.chairperson.record("fine", member="Chebet", code="late")
    village.meet()
    asked = village.secretary.propose("revoke", phones=("treasurer",), reason="lost")
    hand_over(village.secretary, keeper := village.chairperson)
    keeper.agree(asked["receipt"])
    shown = {row["id"]: row["device"] for row in audit_view(keeper.at.group.book)}
    home, group = keeper.node.home.path, keeper.group_id
    exported = automerge(keeper.node, GroupRequest(), NOW_MS).body["document"]
    village.close()

    monkeypatch.setattr(socket, "socket", None)  # no network, and the other phones are long gone
    document = Document.load(b64decode(exported))
    assert proven(home, group, document) == shown
    assert set(shown.values()) == {officer.key.hex() for officer in village.officers}
    alter(home, "UPDATE lanes SET device = ? WHERE device = ?", STRANGER, village.treasurer.key)
    with pytest.raises((AssertionError, InvalidSignature)):
        proven(home, group, document)
    with pytest.raises(StoreDamaged):
        Node.open(home)


def alter(home: Path, sql: str, *values: bytes) -> None:
    connection = sqlite3.connect(home / "ledger.sqlite")
    assert connection.execute(sql, values).rowcount
    connection.commit()
    connection.close()


def proven(home: Path, group: bytes, document: Document) -> dict[str, str]:
    """Entry -> the device that signed it, as PROTOCOL.md §2 says; an error where one is unproven.

    A signature covers its change and, by the hash before it, those before. What a change's hash
    stands for is Automerge's word.
    """
    connection = sqlite3.connect(home / "ledger.sqlite")
    rows = connection.execute(
        "SELECT device, n, prev, actor_salt, seq, time_ms, change_hash, chain_hash, signature"
        " FROM changes JOIN lanes USING (group_no, lane) ORDER BY lane, n DESC"
    ).fetchall()
    connection.close()
    actors = {change.hash: change.actor_id for change in document.get_changes([])}
    found, covered = {}, b""
    for device, n, prev, salt, seq, time_ms, change, chain, signature in rows:
        if signature:
            signed = b"mkutano/change/1" + group + chain
            Ed25519PublicKey.from_public_bytes(device).verify(signature, signed)
        else:
            assert chain == covered
        covered = prev
        place = n.to_bytes(8, "big") + time_ms.to_bytes(8, "big")
        assert chain == sha256(prev + device + place + change).digest()
        actor = sha256(device).digest()[:16] + salt
        assert actors[change] == actor
        claimed_ms, *events = cbor2.loads(appended(document, actor, seq))
        assert claimed_ms == time_ms
        entries = (at for at, (compartment, *_) in enumerate(events) if compartment)
        found.update({f"{change[:16].hex()}{at:02x}": device.hex() for at in entries})
    return found


def appended(document: Document, actor: bytes, seq: int) -> bytes:
    """What an actor's change of this number appended to its list."""
    items = document.get(ROOT, actor.hex())
    assert items is not None
    value, _ = document.values(items[1])[seq - 1]
    assert isinstance(value, tuple)
    assert isinstance(value[1], bytes)
    return value[1]


def test_no_single_phone_can_take_over_a_group_rewrite_a_sealed_meeting_or_crash_another_phone(
    village: Village,
) -> None:
    """Promise 5. The treasurer tries all of it in one night, with a key that the group let in."""
    secretary, rogue, chairperson = village.officers
    honest = (secretary, chairperson)
    commands.buy_shares(secretary.at, "Amina", "100")
    village.meet()
    for _ in range(10):  # so that what the rogue writes apart would come before the close
        commands.pay_social(secretary.at._replace(anyway=True), "Baraka", "20")
    sealed = sealed_by(*honest)
    cards = secretary.at.group.roster.cards
    rewrites(rogue)  # as if there were no seal
    hand_over(rogue, chairperson)
    rewrites(rogue, bytes.fromhex(sealed["closes"][0]["id"]))
    takes_over(rogue, *honest)
    for officer in honest:
        crashes(rogue, officer)
        tells(rogue, officer)
        roster = officer.at.group.roster
        assert set(roster.officers) == {roster.person_of(one.key) for one in village.officers}
        assert (roster.cards, roster.quorum_min) == (cards, 0)
        assert STRANGER not in roster.devices
        assert officer.at.group.book.digest() == rogue.at.group.book.digest()
        meeting = officer.at.group.book.meetings.find((1, 1))
        assert meeting is not None
        assert state_of(meeting) == "sealed"
        assert seal_views.verify(officer.node, SealRequest(session=1), NOW_MS).body == sealed
    asked = secretary.propose("revoke", phones=("treasurer",), suspended="lift")
    hand_over(secretary, chairperson)
    chairperson.agree(asked["receipt"])
    hand_over(secretary, chairperson)
    assert [secretary.state_of(one) for one in village.officers] == ["active", "revoked", "active"]
    commands.buy_shares(secretary.at._replace(meeting=(1, 2)), "Amina", "100")
    hand_over(secretary, chairperson)
    assert [officer.cash() for officer in honest] == [20_000, 20_000]
    assert len(digests(*honest)) == 1


def test_a_lost_phone_is_stopped_with_one_tap_and_what_it_did_meanwhile_waits_for_the_meeting(
    village: Village,
) -> None:
    """Promise 6. A thief writes for a week before anybody notices, and goes on afterwards."""
    secretary, lost, chairperson = village.officers
    commands.buy_shares(lost.at, "Baraka", "200")
    village.meet()
    true = commands.buy_shares(lost.at, "Amina", "300")  # its owner's last entry; then it is gone
    week = [commands.buy_shares(lost.at._replace(anyway=True), "Chebet", "900") for _ in range(7)]
    hand_over(lost, chairperson)  # who does not know yet, and takes it over in good faith
    commands.buy_shares(secretary.at, "Baraka", "100")
    assert chairperson.cash() == 20_000 + 30_000 + 7 * 90_000

    secretary.suspend("treasurer")  # the one tap
    hand_over(secretary, chairperson)
    commands.buy_shares(lost.at._replace(anyway=True), "Chebet", "900")
    for officer in (secretary, chairperson):
        assert "peer_suspended" in hand_over(lost, officer)
        assert officer.cash() == 30_000, "what was known of it counts, and honest work goes on"
        (waits,) = suspense(officer.node, SuspenseRequest(), NOW_MS).body["phones"]
        assert len(waits["entries"]) == 9, "nothing of it is lost"
        assert "stopped_device" in officer.findings()
    assert lost.state_of(secretary) == "active"

    receipts = [true.code], [one.code for one in week]
    for entries, reject in zip(receipts, (False, True), strict=True):
        word = secretary.ratify(entries=tuple(entries), reject=reject)
        hand_over(secretary, chairperson)
        chairperson.agree(word["receipt"])
        hand_over(secretary, chairperson)
    for officer in (secretary, chairperson):
        assert officer.cash() == 60_000
        shown = [row["status"] for row in audit_view(officer.at.group.book)]
        assert (shown.count("suspense"), shown.count("void")) == (1, 7)
    assert len(digests(secretary, chairperson)) == 1


Clock = Callable[[int], int]
CLOCKS: dict[str, Clock] = {
    "1970": lambda _: 0,
    "a hundred years ahead": lambda at: NOW_MS + 100 * 365 * 86_400_000 + at,
    "running backwards": lambda at: NOW_MS - at * 86_400_000,
    "jumping": lambda at: random.Random(at).randrange(2 * NOW_MS),
}


@pytest.mark.parametrize("wrong", CLOCKS)
def test_a_wrong_clock_never_blocks_or_reorders(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 7. One evening with right clocks, and with one that is wrong on two of the phones."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    right = evening(tmp_path / "right", lambda at: NOW_MS + at, monkeypatch)
    assert evening(tmp_path / "wrong", CLOCKS[wrong], monkeypatch) == right


def evening(path: Path, clock: Clock, patch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What a meeting comes to: every entry in its order with what became of it, and all else."""
    village = Village(path)
    secretary, treasurer, chairperson = village.officers
    acts: list[tuple[Officer, Callable[[], object]]] = [
        (secretary, lambda: commands.buy_shares(secretary.at, "Amina", "300")),
        (treasurer, lambda: commands.pay_social(treasurer.at, "Chebet", "20")),
        (chairperson, lambda: chairperson.record("fine", member="Chebet", code="late")),
        (treasurer, lambda: payments.reverse(treasurer.at, newest(treasurer, "fine.levied"))),
        (chairperson, lambda: chairperson.suspend("treasurer")),
        (
            treasurer,
            lambda: commands.buy_shares(treasurer.at._replace(anyway=True), "Amina", "100"),
        ),
        (chairperson, lambda: chairperson.propose("quorum", officers=3)),
        (secretary, lambda: secretary.agree(proposed(secretary))),
        (chairperson, lambda: chairperson.lift("treasurer")),
        (treasurer, lambda: sealed_by(treasurer, chairperson)),
    ]
    for at, (who, act) in enumerate(acts):
        patch.setattr(officers, "NOW_MS", NOW_MS + at if who is secretary else clock(at))
        act()
        village.meet()
    assert len(digests(*village.officers)) == 1
    rows = audit_view(secretary.at.group.book)
    played = [(row["kind"], row["status"], row["amount_minor"]) for row in rows]
    found = sorted(secretary.findings())
    states = [secretary.state_of(one) for one in village.officers]
    village.close()
    return played, found, states


def newest(officer: Officer, kind: str) -> str:
    """Receipt of the newest entry of this kind."""
    return str(
        [row["receipt"] for row in audit_view(officer.at.group.book) if row["kind"] == kind][-1]
    )


def proposed(officer: Officer) -> str:
    """Code of the one proposal that waits."""
    asked = OneProposalRequest()
    (code,) = [
        one["code"]
        for one in council_actions.every(officer.node, asked, NOW_MS).body["proposals"]
        if one["state"] == "open"
    ]
    return str(code)
