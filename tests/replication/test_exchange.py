"""Two replicas and a wire: they converge, resume after any cut, and survive what a peer sends."""

import json
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.bundle import encode_bundle
from replication.cbor import dumps
from replication.change import CHAIN_START, Change, chain_hash, sign_chain
from replication.chunk import body_hash, change_body
from replication.errors import LocalError
from replication.identity import actor_for
from replication.limits import CHUNK_BYTES_MAX, FRAME_BYTES_MAX, HELD_BYTES_MAX
from replication.people import key_id_of
from replication.session import TABLE, State
from replication.wire import Acknowledge, Changes, Have, Keys, PersonKey, Sorry, decode, encode
from tests.replication.phones import KEYS, Phone, Wire, found_with, ledger_event, sync

HOSTILE = json.loads((Path(__file__).parents[1] / "vectors" / "hostile_changes.json").read_text())


def test_a_meeting_takes_one_and_a_half_round_trips() -> None:
    secretary, treasurer = found_with("tre")
    for number in range(90):
        secretary.write(ledger_event(number))
        treasurer.write(ledger_event(number + 100))
    speakers: list[str] = []
    wire = Wire(secretary, treasurer)
    while wire.queue and secretary.hashes() != treasurer.hashes():
        sender = wire.queue[0][0]
        if not speakers or speakers[-1] != sender:
            speakers.append(sender)
        wire.deliver_one()
    assert speakers == ["sec", "tre", "sec"]
    wire.deliver()
    assert secretary.replica.synced("tre")
    assert treasurer.replica.synced("sec")


def test_live_changes_go_out_at_once_and_are_acknowledged() -> None:
    secretary, treasurer = found_with("tre")
    wire = Wire(secretary, treasurer)
    wire.deliver()
    out = secretary.step(secretary.replica.append([ledger_event(1)], 9_000))
    assert len(out.send) == 1
    wire.put("sec", out)
    wire.deliver()
    assert secretary.hashes() == treasurer.hashes()
    assert secretary.replica.synced("tre")


def test_changes_pass_through_a_phone_in_the_middle() -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    left, right = Wire(treasurer, secretary), Wire(chair, secretary)
    left.deliver()
    right.deliver()
    out = treasurer.step(treasurer.replica.append([ledger_event(1)], 9_000))
    left.put("tre", out)
    sender, _receiver, data = left.queue.popleft()
    through = secretary.step(secretary.replica.receive(sender, data))
    assert {peer for peer, _ in through.send} == {"tre", "cha"}
    right.put("sec", through)
    right.deliver()
    assert chair.hashes() == treasurer.hashes() == secretary.hashes()


@pytest.mark.parametrize("direction", [0, 1])
def test_a_sync_cut_after_every_single_message_resumes(direction: int) -> None:
    for cut_after in range(1, 30):
        phones = found_with("tre")
        left, right = phones if direction else phones[::-1]
        for number in range(5):
            left.write(ledger_event(number))
            right.write(ledger_event(number + 50))
        wire = Wire(left, right)
        try:
            for _ in range(cut_after):
                wire.deliver_one()
        except IndexError:
            assert cut_after > 5
            break
        held = left.hashes(), right.hashes()
        wire.cut()
        sync(left, right)
        assert left.hashes() == right.hashes() >= held[0] | held[1]
    else:
        pytest.fail("the conversation never ended")


@pytest.mark.parametrize("victim", ["sec", "tre"])
def test_where_a_message_is_swallowed_it_is_somebody_s_turn(victim: str) -> None:
    """So that whoever waits in vain hangs up, where the channel itself does not break."""
    for lost_from in range(12):
        secretary, treasurer = found_with("tre")
        for number in range(3):
            secretary.write(ledger_event(number))
            treasurer.write(ledger_event(number + 50))
        wire, heard = Wire(secretary, treasurer), 0
        while wire.queue:
            if wire.queue[0][0] == victim:
                heard += 1
                if heard > lost_from:
                    wire.queue.popleft()
                    continue
            wire.deliver_one()
        owed = secretary.replica.is_owed("tre") or treasurer.replica.is_owed("sec")
        assert owed or secretary.hashes() == treasurer.hashes()
        if heard <= lost_from:
            assert not owed
            return
    pytest.fail("a sync of six entries takes fewer messages")


def test_chunks_commit_one_by_one_and_a_cut_loses_at_most_the_window() -> None:
    secretary, treasurer = found_with("tre")
    blob = b"x" * 15_000
    for number in range(120):
        secretary.write(ledger_event(number), _note(blob, number))
    wire = Wire(treasurer, secretary)
    assert max(wire.sizes) < FRAME_BYTES_MAX
    wire.deliver(2)
    before = len(treasurer.hashes())
    wire.deliver_one()
    assert max(wire.sizes) <= CHUNK_BYTES_MAX + 1_000
    assert before <= len(treasurer.hashes())
    wire.cut()
    sync(treasurer, secretary)
    assert treasurer.hashes() == secretary.hashes()


def _note(blob: bytes, number: int) -> bytes:
    return dumps([1, "note.kept", 1, Random(number).randbytes(len(blob))])


def test_a_run_signed_once_is_forwarded_by_one_who_holds_few_signatures() -> None:
    """A phone that got its history in bulk can pass it on, wherever a bundle must be cut."""
    secretary, treasurer, chair = found_with("tre", "cha")
    for number in range(300):
        secretary.write(ledger_event(number))
        if number % 3 == 0:
            sync(secretary, treasurer)
            treasurer.write(ledger_event(number + 1000))
    sync(secretary, treasurer)
    sync(chair, secretary)
    unsigned = [a for a in chair.everything() if not a.change.signature]
    assert unsigned
    ngo = Phone("ngo", secretary.group)
    secretary.enrol("ngo", "read")
    sync(chair, secretary)
    sync(ngo, chair)
    assert ngo.hashes() == secretary.hashes()


Action = st.tuples(
    st.sampled_from(["write", "sync", "cut", "restart", "duplicate"]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(1, 6),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(Action, max_size=25))
def test_any_history_of_writes_cuts_and_restarts_converges(
    actions: list[tuple[str, int, int, int]],
) -> None:
    phones = found_with("tre", "cha")
    written: set[bytes] = set()
    for kind, one, other, count in actions:
        left, right = phones[one], phones[other]
        if kind == "write":
            for number in range(count):
                written.add(left.write(ledger_event(number)).change.change_hash)
        elif kind == "restart":
            left.restart()
        elif left is not right:
            wire = Wire(left, right)
            if kind == "duplicate":
                wire.tamper = lambda _sender, data: (data, data)
            wire.deliver(count if kind == "cut" else 60)
            wire.cut()
    for _ in range(2):
        for pair in combinations(phones, 2):
            sync(*pair)
    assert phones[0].hashes() == phones[1].hashes() == phones[2].hashes()
    assert written <= phones[0].hashes()
    orders = [[a.change.change_hash for a in phone.everything()] for phone in phones]
    assert orders[0] == orders[1] == orders[2]
    secretary = phones[0]
    document = secretary.replica.open_document(secretary.everything())
    assert document.heads() == phones[2].replica.heads


def test_two_branches_of_a_copied_phone_reach_everybody() -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    twin = Phone("tre", secretary.group, salt=50)
    sync(twin, secretary)
    treasurer.write(ledger_event(1))
    twin.write(ledger_event(2))
    twin.write(ledger_event(3))
    for left, right in ((treasurer, secretary), (twin, chair), (secretary, chair)):
        sync(left, right)
    for phone in (treasurer, twin):
        sync(phone, secretary)
    assert secretary.hashes() == chair.hashes() == treasurer.hashes() == twin.hashes()
    treasurer.write(ledger_event(4))
    sync(treasurer, secretary)
    assert secretary.hashes() == treasurer.hashes()


# What a hostile peer can send


def untouched(phone: Phone, data: bytes) -> str:
    """Let the enrolled treasurer's end say this; the code of the refusal."""
    before = phone.hashes(), phone.replica.heads
    phone.refused.clear()
    outcome = phone.step(phone.replica.receive("tre", data))
    assert (phone.hashes(), phone.replica.heads) == before
    assert outcome.close == ("tre",)
    return phone.refused[0].code


def listening(secretary: Phone, treasurer: Phone) -> None:
    """The secretary's replica in the middle of a conversation with the treasurer's device."""
    secretary.replica.disconnect("tre")
    secretary.step(secretary.replica.connect("tre", treasurer.keys.public, False))
    hello = encode(Have(treasurer.replica.tips, b""))
    secretary.step(secretary.replica.receive("tre", hello))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_automerge_change_can_enter(name: str) -> None:
    """The wire has no place for Automerge bytes: as message, bundle or event they are refused."""
    secretary, treasurer = found_with("tre")
    chunks = [bytes.fromhex(chunk) for chunk in HOSTILE[name]]
    for chunk in [*chunks, b"".join(chunks)]:
        for data in (chunk, encode(Changes(0, chunk))):
            listening(secretary, treasurer)
            assert untouched(secretary, data)
        with pytest.raises(LocalError):
            treasurer.replica.append([chunk], 9_000)


def test_a_forged_signature_enters_nothing() -> None:
    secretary, treasurer = found_with("tre")
    change = treasurer.write(ledger_event(1)).change
    forged = change._replace(signature=bytes(64))
    wrong_key = change._replace(
        signature=sign_chain(KEYS["ngo"], secretary.group, change.chain_hash)
    )
    altered = change._replace(events=(ledger_event(2),))
    backdated = change._replace(time_ms=1)
    for lie in (forged, wrong_key, altered, backdated):
        listening(secretary, treasurer)
        assert untouched(secretary, encode(Changes(0, encode_bundle([lie])))) == "bad_signature"


def test_a_readers_change_is_refused_by_everyone() -> None:
    secretary, treasurer = found_with("tre")
    secretary.enrol("ngo", "read")
    ngo = Phone("ngo", secretary.group)
    sync(ngo, secretary)
    own = _forced_change(ngo, secretary.group)
    listening(secretary, treasurer)
    assert untouched(secretary, encode(Changes(0, encode_bundle([own])))) == "no_right"


def _forced_change(phone: Phone, group: bytes) -> Change:
    """A change that a modified program signs although its device may not write."""
    last = phone.everything()[-1].change
    keys = phone.keys
    actor = actor_for(keys.public, b"12345678")
    start = phone.everything()[-1].place.max_op + 1
    body = change_body(actor, 1, start, [last.change_hash], [ledger_event(1)], 0, 0)
    chain = chain_hash(CHAIN_START, keys.public, 1, 5, body_hash(body))
    return Change(
        keys.public,
        1,
        CHAIN_START,
        actor,
        (last.change_hash,),
        5,
        (ledger_event(1),),
        body_hash(body),
        chain,
        sign_chain(keys, group, chain),
    )


def test_messages_out_of_turn_are_refused_by_the_table() -> None:
    secretary, treasurer = found_with("tre")
    secretary.step(secretary.replica.connect("tre", treasurer.keys.public, False))
    assert untouched(secretary, encode(Changes(0, b"x"))) == "unexpected_message"
    assert (State.OVER, Have) not in TABLE
    assert secretary.replica.receive("tre", encode(Have((), b""))).close == ("tre",)


def test_a_reader_gets_no_member_keys_and_may_not_give_any() -> None:
    secretary, treasurer = found_with("tre")
    key = PersonKey(key_id_of(b"k" * 32), b"k" * 32)
    secretary.step(secretary.replica.append([ledger_event(1)], 9_000, [key]))
    secretary.enrol("ngo", "read")
    ngo = Phone("ngo", secretary.group)
    sync(ngo, secretary)
    assert not ngo.key_box
    sync(treasurer, secretary)
    assert treasurer.key_box == {key.key_id: key.key}
    secretary.step(secretary.replica.connect("ngo", ngo.keys.public, False))
    secretary.step(secretary.replica.receive("ngo", encode(Have((), b""))))
    secretary.refused.clear()
    secretary.step(secretary.replica.receive("ngo", encode(Keys((key,)))))
    assert secretary.refused[0].code == "no_right"


def test_what_follows_something_unknown_is_held_within_bounds() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    later = treasurer.write(ledger_event(2)).change
    listening(secretary, treasurer)
    bundle = encode(Changes(0, encode_bundle([later])))
    codes: list[str] = []
    for _ in range(40):
        outcome = secretary.step(secretary.replica.receive("tre", bundle))
        codes += [refused.code for refused in outcome.refused]
        if outcome.close:
            break
    assert codes == ["missing_dependencies"]
    assert later.change_hash not in secretary.hashes()
    assert HELD_BYTES_MAX < 2**23
    sync(secretary, treasurer)
    assert later.change_hash in secretary.hashes()


def test_a_held_change_enters_when_what_it_follows_arrives() -> None:
    secretary, treasurer = found_with("tre")
    first = treasurer.write(ledger_event(1)).change
    later = treasurer.write(ledger_event(2)).change
    listening(secretary, treasurer)
    held = secretary.step(
        secretary.replica.receive("tre", encode(Changes(1, encode_bundle([later]))))
    )
    assert isinstance(decode(held.send[0][1]), Have)
    secretary.step(secretary.replica.receive("tre", encode(Changes(0, encode_bundle([first])))))
    assert {first.change_hash, later.change_hash} <= secretary.hashes()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_never_raises_and_never_enters(data: bytes) -> None:
    secretary, treasurer = found_with("tre")
    listening(secretary, treasurer)
    before = secretary.hashes()
    outcome = secretary.step(secretary.replica.receive("tre", data))
    assert secretary.hashes() == before
    assert outcome.close or outcome.send or not outcome.admitted


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, 255))
def test_a_damaged_message_never_raises_and_enters_only_what_was_signed(
    position: int, value: int
) -> None:
    secretary, treasurer = found_with("tre")
    for number in range(4):
        treasurer.write(ledger_event(number))
    wire = Wire(treasurer, secretary)

    def damage(sender: str, data: bytes) -> list[bytes]:
        if sender != "tre":
            return [data]
        at = position % len(data)
        return [data[:at] + bytes([value]) + data[at + 1 :]]

    wire.tamper = damage
    wire.deliver()
    assert secretary.hashes() <= treasurer.hashes()
    wire.cut()
    sync(treasurer, secretary)
    assert secretary.hashes() == treasurer.hashes()


def test_an_oversized_message_is_refused_unread() -> None:
    secretary, treasurer = found_with("tre")
    listening(secretary, treasurer)
    assert untouched(secretary, b"\x82" * (FRAME_BYTES_MAX + 1)) == "too_large"


def test_a_peers_apology_ends_the_conversation() -> None:
    secretary, treasurer = found_with("tre")
    listening(secretary, treasurer)
    assert untouched(secretary, encode(Sorry("no_right", "go away"))) == "peer_no_right"


def test_acknowledgements_are_signed_for_exact_tips() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    sync(secretary, treasurer)
    ack = treasurer.acks[-1]
    assert ack.device == secretary.keys.public
    assert set(ack.tips) == set(secretary.replica.tips)
    listening(secretary, treasurer)
    lie = Acknowledge(ack.tips, bytes(64))
    assert untouched(secretary, encode(lie)) == "bad_signature"


def test_member_keys_reach_an_officers_phone_that_knows_no_roster_yet() -> None:
    secretary, _ = found_with("tre")
    key = PersonKey(key_id_of(b"k" * 32), b"k" * 32)
    secretary.step(secretary.replica.append([ledger_event(1)], 9_000, [key]))
    tablet = Phone("tre", secretary.group, salt=70)
    sync(tablet, secretary)
    assert tablet.key_box == {key.key_id: key.key}
