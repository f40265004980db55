"""A proof that a relay lied: written on one phone, checked on any; nothing else passes for one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import relay_proof
from node.answers import GroupRequest
from node.errors import CommandRefused
from node.node import Node
from node.relay_proof import as_file, check, words
from node.relay_store import RelayStore
from node.relay_view import RelayWrong, note_of
from relay.facts import Head, SignedHead, head_message, key_number
from replication.identity import DeviceKeys
from tests.node.relay_phones import World
from tests.node.test_cli import typing

RELAY = DeviceKeys(b"relay".ljust(32, b"."))
MAILBOX = b"m" * 32
ONE, OTHER = (Head(b"l" * 16, 7, bytes([at]) * 32, 1000 + at) for at in (1, 2))


def signed(head: Head, keys: DeviceKeys = RELAY, mailbox: bytes = MAILBOX) -> SignedHead:
    return SignedHead(head, keys.sign(head_message(mailbox, head)))


def file_of(*heads: SignedHead) -> str:
    notes = [note_of(RELAY.public, MAILBOX, one).hex() for one in heads]
    proof = {"relay": RELAY.public.hex(), "mailbox": MAILBOX.hex(), "heads": notes}
    return as_file({"mankind": 1, "mkutano": relay_proof.KIND, "version": 1, "proofs": [proof]})


def test_two_histories_of_one_log_are_proven() -> None:
    (proven,) = check(file_of(signed(ONE), signed(OTHER)).encode())
    assert proven.cursor == 7
    assert key_number(RELAY.public) in words(proven)


@pytest.mark.parametrize(
    "other",
    [
        signed(ONE),
        signed(OTHER._replace(cursor=8)),
        signed(OTHER._replace(log_id=b"k" * 16)),
        signed(OTHER, DeviceKeys(b"another".ljust(32, b"."))),
        signed(OTHER, mailbox=b"n" * 32),
    ],
)
def test_what_does_not_contradict_or_was_not_signed_proves_nothing(other: SignedHead) -> None:
    with pytest.raises(CommandRefused) as refused:
        check(file_of(signed(ONE), other).encode())
    assert refused.value.code == "not_proven"


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_whoever_changes_a_byte_of_what_was_signed_has_no_proof(at: int, by: int) -> None:
    good = file_of(signed(ONE), signed(OTHER))
    file = json.loads(good)
    heads = file["proofs"][0]["heads"]
    note = bytearray.fromhex(heads[at % 2])
    note[at % len(note)] ^= by
    heads[at % 2] = note.hex()
    with pytest.raises(CommandRefused):
        check(as_file(file).encode())


@given(st.binary(max_size=200))
def test_any_other_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(CommandRefused) as refused:
        check(data)
    assert refused.value.code == "bad_proof"


def test_a_phone_writes_what_it_kept_and_anybody_checks_it(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    relay, log = DeviceKeys(b"r" * 32), world.log
    place = log._replace(relay=relay.public)
    heads = tuple(signed(head, relay, log.mailbox) for head in (ONE, OTHER))
    with Node.open(world.path / "secretary") as node:
        group = node.group(world.group)
        with pytest.raises(CommandRefused, match="told two stories"):
            relay_proof.kept(node, GroupRequest(group=""), 0)
        wrong = RelayWrong("forked", "at 7", heads)
        RelayStore(group.store.database).note(place, ONE.log_id, wrong, 1)
        chosen = world.chosen._replace(relay=relay.public)
        monkeypatch.setattr(type(group.replica), "relays", lambda _: (chosen,))
        answer = relay_proof.kept(node, GroupRequest(group=""), 0)
    path = tmp_path / "proof.json"
    path.write_text(as_file(answer.body["file"]), encoding="utf-8")
    type_ = typing(world.path / "nobody", capsys)
    told = type_("cloud", "proof", "--check", str(path))
    assert told.code == 0, told.err
    assert key_number(relay.public) in told.out
    assert (
        "is no proof"
        in type_("cloud", "proof", "--check", str(tmp_path / "relay" / "relay.key")).err
    )
    assert "can't be read" in type_("cloud", "proof", "--check", str(tmp_path / "none")).err
