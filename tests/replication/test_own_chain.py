"""A word about a phone's own chain: believed when its own signature is under it, else not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import exchange
from replication.change import Change, chain_hash, verify_chain
from replication.control import DeviceSuspended
from replication.frontier import Tip, sign_ack
from replication.history import Admitted
from replication.limits import PROOFS_MAX, PROVEN_MAX, TIPS_DEVICE_MAX
from replication.outcome import Outcome
from replication.wire import Acknowledge, Changes, Have, Message, Proof, decode, encode
from tests.replication.forger import Forger, give, listen
from tests.replication.mesh import Mesh, copy_of
from tests.replication.phones import (
    KEYS,
    Phone,
    assert_signed_for,
    found_group,
    found_with,
    ledger_event,
    sync,
)

FILE = Path(__file__).parents[1] / "vectors" / "proofs.json"
SEC = KEYS["sec"].public


def proof_of(change: Change) -> Proof:
    """What a peer says of a change at the end of ours."""
    return Proof(change.n, change.prev, change.time_ms, change.change_hash, change.signature)


def put_back(writes: int = 1) -> tuple[Phone, Phone, list[Admitted]]:
    """The secretary's phone, an older copy of the treasurer's, and what that copy lacks."""
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(0))
    backup = copy_of(treasurer, "backup")
    lost = [treasurer.write(ledger_event(number)) for number in range(1, writes + 1)]
    sync(secretary, treasurer)
    return secretary, backup, lost


def copied(backup: Phone, name: str) -> Phone:
    """Another copy of the treasurer's phone, made of a copy."""
    called, backup.name = backup.name, "tre"
    copy = copy_of(backup, name)
    backup.name = called
    return copy


def waits_for(phone: Phone) -> set[bytes]:
    """The devices of whose word a phone waits for the end, as its program reckons it."""
    proven = phone.replica.proven_of_us()
    told = phone.replica.told_of_us()
    return {device for device, tips in told.items() if proven & set(tips)}


def tell(phone: Phone, *messages: Message, peer: str = "sec") -> Outcome:
    """Say messages to a phone that listens; what it answers to the last."""
    for message in messages:
        outcome = phone.step(phone.replica.receive(peer, encode(message)))
    return outcome


def said(outcome: Outcome, peer: str) -> list[Message]:
    return [decode(data) for receiver, data in outcome.send if receiver == peer]


def proofs_in(outcome: Outcome, peer: str) -> list[Proof]:
    return [message for message in said(outcome, peer) if isinstance(message, Proof)]


# An honest peer


def test_a_phone_that_was_put_back_waits_before_its_entries_come_and_no_longer() -> None:
    secretary, backup, lost = put_back(3)
    mesh = Mesh([secretary, backup])
    mesh.connect("sec", "backup")
    mesh.deliver(("sec", "backup"))
    assert [tip.n for tip in backup.replica.told_of_us()[SEC]] == [lost[-1].change.n]
    assert waits_for(backup) == set()  # it was told, and nothing was shown
    mesh.deliver(("backup", "sec"))
    coming = [decode(data) for data in mesh.channels["sec", "backup"]]
    assert [type(message) for message in coming] == [Acknowledge, Proof, Changes]
    mesh.deliver(("sec", "backup"))
    assert waits_for(backup) == set()
    mesh.deliver(("sec", "backup"))
    assert waits_for(backup) == {SEC}
    assert len(backup.hashes()) < len(secretary.hashes())
    mesh.settle()
    assert waits_for(backup) == set()
    assert backup.replica.told_of_us() == {SEC: ()}
    assert backup.replica.own_tip.n == lost[-1].change.n


def test_where_it_calls_it_is_told_and_shown_in_one_breath() -> None:
    secretary, backup, _ = put_back()
    mesh = Mesh([secretary, backup])
    mesh.connect("backup", "sec")
    mesh.deliver(("backup", "sec"))
    coming = [type(decode(data)) for data in mesh.channels["sec", "backup"]]
    assert coming == [Have, Acknowledge, Proof, Changes]


def test_it_waits_too_while_nothing_can_be_sent_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secretary, backup, _ = put_back()
    mesh = Mesh([secretary, backup])
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "WINDOW_CHUNKS", 0)
        mesh.connect("sec", "backup")
        mesh.settle()
        assert waits_for(backup) == {SEC}
        mesh.cut("sec", "backup")
    assert waits_for(backup) == {SEC}  # the channel is gone, and the entries are still elsewhere
    mesh.connect("sec", "backup")
    mesh.settle()
    assert waits_for(backup) == set()


def test_it_waits_too_while_what_comes_follows_others_that_are_not_here() -> None:
    secretary, backup, lost = put_back(3)
    listen(backup, "sec")
    tips = secretary.replica.tips
    tell(backup, Have(tips, b""), proof_of(lost[-1].change))
    outcome = give(backup, "sec", [lost[-1].change])
    assert not outcome.admitted
    assert not outcome.refused
    assert waits_for(backup) == {SEC}
    give(backup, "sec", [one.change for one in lost])
    assert waits_for(backup) == set()


def test_an_end_that_moves_is_waited_for_though_no_other_word_was_said_of_it() -> None:
    """The peer learned of it in the middle of the conversation, and still says what it held."""
    _, backup, lost = put_back(2)
    listen(backup, "sec")
    first, later = (one.change for one in lost)
    tell(backup, Have((Tip(backup.keys.public, first.n, first.chain_hash),), b""), proof_of(first))
    give(backup, "sec", [first])
    assert waits_for(backup) == set()
    tell(backup, proof_of(later))
    assert waits_for(backup) == {SEC}
    give(backup, "sec", [later])
    assert waits_for(backup) == set()


def test_an_end_is_proved_once_in_a_conversation_and_a_new_end_again() -> None:
    secretary, treasurer = found_with("tre")
    backup = copy_of(treasurer, "backup")
    treasurer.write(ledger_event(1))
    sync(secretary, treasurer)
    outcome = listen(secretary, "tre")
    assert proofs_in(outcome, "tre") == []  # this one says that it has everything
    old = Have(backup.replica.tips, b"")
    (first,) = proofs_in(tell(secretary, old, peer="tre"), "tre")
    again = tell(secretary, old, peer="tre")
    assert any(isinstance(message, Changes) for message in said(again, "tre"))
    assert proofs_in(again, "tre") == []
    secretary.step(secretary.replica.connect("copy", treasurer.keys.public, False))
    tell(secretary, Have(treasurer.replica.tips, b""), peer="copy")
    newer = treasurer.write(ledger_event(2)).change
    outcome = give(secretary, "copy", [newer])
    assert proofs_in(outcome, "tre") == [proof_of(newer)] != [first]
    assert proofs_in(outcome, "copy") == []  # it has just brought it
    (later,) = proofs_in(_again(secretary, old), "tre")
    assert later == proof_of(newer)


def _again(phone: Phone, have: Have) -> Outcome:
    """The treasurer's phone calls anew, and holds this."""
    phone.replica.disconnect("tre")
    phone.step(phone.replica.connect("tre", KEYS["tre"].public, False))
    return tell(phone, have, peer="tre")


def test_nothing_is_proved_to_phones_that_hold_all_of_their_own() -> None:
    secretary, treasurer = found_with("tre")
    for number in range(3):
        secretary.write(ledger_event(number))
        treasurer.write(ledger_event(number + 10))
        wire_said: list[Message] = []
        mesh = Mesh([secretary, treasurer])
        mesh.connect("sec", "tre")
        while busy := mesh.busy():
            wire_said.append(decode(mesh.channels[busy[0]][0]))
            mesh.deliver(busy[0])
        assert not [message for message in wire_said if isinstance(message, Proof)]


def test_every_branch_that_a_copy_lacks_is_proved() -> None:
    secretary, backup, lost = put_back(2)
    other = copied(backup, "other")
    other.write(ledger_event(7))
    sync(secretary, other)
    assert_signed_for(secretary)
    mesh = Mesh([secretary, backup])
    mesh.connect("backup", "sec")
    mesh.deliver(("backup", "sec"))
    shown = [decode(data) for data in mesh.channels["sec", "backup"]]
    proofs = [message for message in shown if isinstance(message, Proof)]
    assert [proof.n for proof in proofs] == [lost[-1].change.n, lost[0].change.n]
    for proof in proofs:
        chain = chain_hash(proof.prev, backup.keys.public, proof.n, *proof[2:4])
        verify_chain(backup.keys.public, backup.group, chain, proof.signature)


def test_who_forked_so_often_that_its_tips_are_summed_up_is_shown_none() -> None:
    secretary, treasurer = found_with("tre")
    forger = Forger(treasurer, "tre")
    first = forger.own_last()
    listen(secretary, "tre")
    deps = [forger.newest()]
    branches = [
        forger.sign(first, deps, ledger_event(number), salt=number + 1).change
        for number in range(TIPS_DEVICE_MAX + 1)
    ]
    for change in branches[:-1]:
        give(secretary, "tre", [change])
    assert len(proofs_in(_again(secretary, Have(treasurer.replica.tips, b"")), "tre")) == 16
    give(secretary, "tre", branches[-1:])
    outcome = _again(secretary, Have(treasurer.replica.tips, b""))
    assert any(isinstance(message, Changes) for message in said(outcome, "tre"))
    assert proofs_in(outcome, "tre") == []


# A liar

Lie = Callable[[Phone, Change, Change], list[Message]]
"""What is said of a phone, which wrote the first of these changes and lacks the second."""


def _claimed(phone: Phone, n: int, chain: bytes) -> Have:
    return Have((Tip(phone.keys.public, n, chain),), b"")


def _nothing_shown(phone: Phone, held: Change, _: Change) -> list[Message]:
    return [_claimed(phone, held.n + 3, b"c" * 32)]


def _in_an_ack(phone: Phone, held: Change, _: Change) -> list[Message]:
    tips = _claimed(phone, held.n + 3, b"c" * 32).tips
    return [Acknowledge(*sign_ack(KEYS["sec"], phone.group, tips)[1:])]


def _a_claim_beside_an_old_proof(phone: Phone, held: Change, _: Change) -> list[Message]:
    return [_claimed(phone, held.n + 3, b"c" * 32), proof_of(held)]


def _an_end_that_was_shown_of_another_place(phone: Phone, _: Change, lost: Change) -> list[Message]:
    return [proof_of(lost), _claimed(phone, lost.n + 1, lost.chain_hash)]


QUIET: dict[str, Lie] = {
    "nothing shown": _nothing_shown,
    "in a signed ACK": _in_an_ack,
    "a claim beside the proof of what is here": _a_claim_beside_an_old_proof,
    "another number for an end that was shown": _an_end_that_was_shown_of_another_place,
}


@pytest.mark.parametrize("lie", QUIET.values(), ids=QUIET)
def test_a_claim_without_a_proof_of_it_keeps_nobody_waiting(lie: Lie) -> None:
    _, backup, (lost,) = put_back()
    held = backup.everything()[-1].change
    assert held.device == backup.keys.public
    listen(backup, "sec")
    assert not tell(backup, *lie(backup, held, lost.change)).refused
    assert backup.replica.told_of_us()[SEC]
    assert waits_for(backup) == set()


def _higher(_: Phone, held: Change, __: Change) -> Proof:
    return proof_of(held)._replace(n=held.n + 3)


def _after_it(_: Phone, held: Change, __: Change) -> Proof:
    return proof_of(held)._replace(n=held.n + 1, prev=held.chain_hash)


def _signed_by_another(phone: Phone, _: Change, lost: Change) -> Proof:
    chain = lost.chain_hash
    return proof_of(lost)._replace(signature=Forger(phone, "sec").moved(lost, 9, chain).signature)


def _of_another_device(phone: Phone, _: Change, __: Change) -> Proof:
    rows = [admitted.change for admitted in phone.everything()]
    return proof_of(next(one for one in rows if one.device == SEC and one.signature))


def _of_another_group(phone: Phone, _: Change, lost: Change) -> Proof:
    forger = Forger(phone, "tre")
    forger.group = b"another group".ljust(32, b".")
    return proof_of(forger.moved(lost, lost.n, lost.prev))


def _an_acks_signature(phone: Phone, _: Change, lost: Change) -> Proof:
    ack = sign_ack(phone.keys, phone.group, (Tip(lost.device, lost.n, lost.chain_hash),))
    return proof_of(lost)._replace(signature=ack.signature)


FORGED: dict[str, Callable[[Phone, Change, Change], Proof]] = {
    "an old signature at a higher number": _higher,
    "an old signature after itself": _after_it,
    "a signature of another device": _signed_by_another,
    "a change of another device": _of_another_device,
    "a change of another group": _of_another_group,
    "the signature of a receipt": _an_acks_signature,
    "a signature of nobody": lambda _, __, lost: proof_of(lost)._replace(signature=bytes(64)),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_proof_that_this_phone_never_signed_is_refused(
    forged: Callable[[Phone, Change, Change], Proof],
) -> None:
    _, backup, (lost,) = put_back()
    proof = forged(backup, backup.everything()[-1].change, lost.change)
    fields = (proof.prev, backup.keys.public, proof.n, proof.time_ms, proof.change_hash)
    listen(backup, "sec")
    claim = _claimed(backup, proof.n, chain_hash(*fields))
    outcome = tell(backup, claim, proof)
    assert [refused.code for refused in outcome.refused] == ["bad_signature"]
    assert outcome.close == ("sec",)
    assert backup.replica.proven_of_us() == set()
    assert waits_for(backup) == set()


def test_a_proof_may_not_come_before_any_word() -> None:
    _, backup, (lost,) = put_back()
    backup.step(backup.replica.connect("sec", SEC, False))
    outcome = tell(backup, proof_of(lost.change))
    assert [refused.code for refused in outcome.refused] == ["unexpected_message"]


def test_a_proof_of_what_is_here_says_nothing_however_often_it_comes() -> None:
    _, backup, _ = put_back()
    held = proof_of(backup.everything()[-1].change)
    listen(backup, "sec")
    assert not tell(backup, *[held] * (2 * PROOFS_MAX)).refused
    assert backup.replica.proven_of_us() == set()


def test_who_only_proves_and_brings_nothing_is_hung_up_on() -> None:
    _, backup, lost = put_back(2 * PROOFS_MAX + 1)
    proofs = [proof_of(one.change) for one in lost]
    listen(backup, "sec")
    assert not tell(backup, *proofs[:PROOFS_MAX]).refused
    give(backup, "sec", [lost[0].change])  # something came: it is counted anew
    assert not tell(backup, *proofs[PROOFS_MAX : 2 * PROOFS_MAX]).refused
    outcome = tell(backup, proofs[-1])
    assert [refused.code for refused in outcome.refused] == ["too_many_proofs"]
    assert outcome.close == ("sec",)


def test_of_many_proofs_those_furthest_along_are_remembered() -> None:
    secretary, backup, lost = put_back(PROVEN_MAX + 20)
    end = lost[-1].change
    for at in range(0, len(lost), PROOFS_MAX):
        listen(backup, "sec")
        tell(backup, *[proof_of(one.change) for one in lost[::-1][at : at + PROOFS_MAX]])
        assert len(backup.replica.proven_of_us()) <= PROVEN_MAX
    assert Tip(end.device, end.n, end.chain_hash) in backup.replica.proven_of_us()
    tell(backup, Have(secretary.replica.tips, b""))
    assert waits_for(backup) == {SEC}


def test_a_stopped_phones_proof_is_waited_for_no_more_than_its_word() -> None:
    secretary, backup, (lost,) = put_back()
    listen(backup, "sec")
    tell(backup, Have(secretary.replica.tips, b""), proof_of(lost.change))
    assert waits_for(backup) == {SEC}
    backup.control(DeviceSuspended(SEC, "lost"))
    assert waits_for(backup) == set()


# Any proof

FIELDS = st.sampled_from(("", "n", "prev", "time_ms", "change_hash", "signature"))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), field=FIELDS, flip=st.integers(0, 255))
def test_only_what_this_phone_signed_and_does_not_hold_is_ever_proven(
    data: st.DataObject, field: str, flip: int
) -> None:
    secretary, backup, lost = _STORY
    rows = [one.change for one in (*backup.everything(), *lost) if one.change.signature]
    change = data.draw(st.sampled_from(rows))
    proof = _altered(proof_of(change), field, flip)
    phone = copied(backup, "again")
    listen(phone, "sec")
    outcome = tell(phone, Have(secretary.replica.tips, b""), proof)
    own = change.device == phone.keys.public
    genuine = own and proof == proof_of(change)
    assert [one.code for one in outcome.refused] == ([] if genuine else ["bad_signature"])
    is_lost = genuine and change.chain_hash in {one.change.chain_hash for one in lost}
    tips = {Tip(change.device, change.n, change.chain_hash)} if is_lost else set()
    assert phone.replica.proven_of_us() == tips
    assert waits_for(phone) == ({SEC} if is_lost else set())


_STORY = put_back(3)


def _altered(proof: Proof, field: str, flip: int) -> Proof:
    if not field:
        return proof
    value: Any = getattr(proof, field)
    if isinstance(value, int):
        changed: Any = value + 1 + flip
    else:
        at = flip % len(value)
        changed = value[:at] + bytes([value[at] ^ 1 << flip % 8]) + value[at + 1 :]
    fields: dict[str, Any] = {**proof._asdict(), field: changed}
    return Proof(**fields)


# Frozen bytes


def test_frozen_proofs_are_written_read_and_believed_for_ever() -> None:
    """Made by this version, never again: a change that makes this fail is another protocol."""
    frozen = json.loads(FILE.read_text("utf-8"))
    group, device = bytes.fromhex(frozen["group"]), bytes.fromhex(frozen["device"])
    for row in frozen["proofs"]:
        data = bytes.fromhex(row["message"])
        proof = decode(data)
        assert isinstance(proof, Proof)
        assert encode(proof) == data
        chain = chain_hash(proof.prev, device, proof.n, proof.time_ms, proof.change_hash)
        assert chain.hex() == row["chain_hash"]
        verify_chain(device, group, chain, proof.signature)


def test_this_version_makes_the_frozen_proofs() -> None:
    assert written() == json.loads(FILE.read_text("utf-8"))


def written() -> dict[str, Any]:
    """Proofs of the secretary's own first changes, from fixed keys and times."""
    secretary = found_group([ledger_event(0, "group.described")])
    secretary.write(ledger_event(1))
    secretary.write(ledger_event(2), ledger_event(3))
    changes = [admitted.change for admitted in secretary.everything()]
    return {
        "group": secretary.group.hex(),
        "device": secretary.keys.public.hex(),
        "proofs": [
            {"chain_hash": one.chain_hash.hex(), "message": encode(proof_of(one)).hex()}
            for one in changes
        ],
    }
