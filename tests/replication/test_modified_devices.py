"""What one modified, copied or restored device can do to the others: nothing that lasts."""

from itertools import pairwise
from random import Random

import pytest

from replication import admission, council, exchange, intake
from replication.cbor import dumps
from replication.change import CHAIN_START
from replication.control import HeadsJoined, encode_record
from replication.errors import RemoteError
from replication.history import Admitted
from replication.limits import (
    CHANGE_DEPS_MAX,
    CHANGE_EVENTS_MAX,
    RUN_CHANGES_MAX,
    WINDOW_CHUNKS,
)
from replication.wire import Acknowledge, Changes, Have, decode, encode
from tests.replication.forger import Forger, give, listen, unsigned
from tests.replication.phones import (
    KEYS,
    OFFICERS,
    Phone,
    Wire,
    assert_agreed,
    found_with,
    ledger_event,
    sync,
)

TIPS_BYTES_MAX = 1_000
"""More than a HAVE or an ACK of three devices takes, however often one of them forked."""


def count_calls(patch: pytest.MonkeyPatch, module: object, name: str) -> list[object]:
    """Grows by the first argument of every call of this function."""
    calls: list[object] = []
    original = getattr(module, name)

    def counting(*arguments: object) -> object:
        calls.append(arguments[0])
        return original(*arguments)

    patch.setattr(module, name, counting)
    return calls


def with_a_reader() -> tuple[Phone, Forger]:
    """The secretary's phone in talk with a reader's device that forges the secretary's changes."""
    (secretary,) = found_with()
    secretary.enrol("ngo", "read")
    listen(secretary, "ngo")
    return secretary, Forger(secretary, "sec")


def chain_of(forger: Forger, count: int, *events: bytes) -> list[Admitted]:
    """So many changes, one after the other, that go on from the device's last one."""
    chain: list[Admitted] = []
    for number in range(count):
        before = chain[-1] if chain else forger.own_last()
        assert before is not None
        chain.append(forger.sign(before, [before], *(events or [ledger_event(number)])))
    return chain


def forks_of(forger: Forger, count: int) -> list[Admitted]:
    """So many first changes of one device, none of which knows another."""
    root = forger.newest()
    return [forger.sign(None, [root], ledger_event(i), salt=i + 1) for i in range(count)]


def meet(*phones: Phone) -> None:
    """All pairs of neighbours sync, there and back."""
    pairs = list(pairwise(phones))
    for left, right in (*pairs, *reversed(pairs)):
        sync(left, right)


# Changes without a signature


def test_of_changes_in_anothers_name_a_bounded_number_waits() -> None:
    secretary, forger = with_a_reader()
    before = secretary.hashes()
    outcome = give(secretary, "ngo", unsigned(chain_of(forger, RUN_CHANGES_MAX + 1)))
    assert [refused.code for refused in outcome.refused] == ["run_too_long"]
    assert secretary.hashes() == before


def test_a_bundle_that_ends_before_a_signature_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    secretary, forger = with_a_reader()
    before = secretary.hashes()
    rows = unsigned(chain_of(forger, RUN_CHANGES_MAX))
    judged = count_calls(monkeypatch, intake, "judge")
    outcome = give(secretary, "ngo", rows)
    assert [refused.code for refused in outcome.refused] == ["unsigned_end"]
    assert outcome.close
    assert len(judged) == RUN_CHANGES_MAX
    assert secretary.hashes() == before


def test_no_change_is_admitted_before_one_that_signs_for_it() -> None:
    """Its only signature stands on a change that can never enter: nobody could pass it on."""
    secretary, chair = found_with("cha")
    secretary.enrol("tre")
    forger = Forger(secretary, "tre")
    root = forger.newest()
    bait = forger.sign(None, [root], ledger_event(1))
    forged = forger.under("sec").sign(root, [root], ledger_event(2), salt=9)
    cover = forger.sign(bait, [bait, forged], ledger_event(3))
    listen(secretary, "tre")
    assert not give(secretary, "tre", [*unsigned([bait, forged]), cover.change]).admitted
    secretary.replica.disconnect("tre")
    secretary.write(ledger_event(4))
    sync(secretary, chair)
    assert_agreed(secretary, chair)


def test_so_much_as_no_bundle_holds_cannot_wait_for_one_signature() -> None:
    """It would be admitted whole, and whoever holds it could not pass it on."""
    secretary, _, chair = found_with("tre", "cha")
    forger = Forger(secretary, "tre")
    pages = [dumps([1, "note.kept", 1, Random(page).randbytes(15_000)]) for page in range(8)]
    first = forger.sign(None, [forger.newest()], ledger_event(1))
    rows = [first, *chain_of(forger, 32, *pages)]
    changes = [*unsigned(rows[:-1]), rows[-1].change]
    listen(secretary, "tre")
    for at in range(0, len(changes), 4):
        give(secretary, "tre", changes[at : at + 4])
    assert [refused.code for refused in secretary.refused] == ["run_too_long"]
    sync(secretary, chair)
    assert_agreed(secretary, chair)


def test_control_records_that_wait_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    secretary, forger = with_a_reader()
    events = [dumps([0, f"unknown {number}", 1]) for number in range(CHANGE_EVENTS_MAX)]
    rows = unsigned(chain_of(forger, 100, *events))
    read = count_calls(monkeypatch, council, "decode_record")
    read_first = count_calls(monkeypatch, admission, "decode_record")
    give(secretary, "ngo", rows)
    assert len(read) + len(read_first) == len(rows) * CHANGE_EVENTS_MAX


# Twins and forks


def test_twins_at_two_times_are_two_changes() -> None:
    phones = found_with("tre", "cha")
    secretary, _, chair = phones
    twins = []
    for time_ms in (5, 6):
        forger = Forger(secretary, "tre")
        twins.append(forger.sign(None, [forger.newest()], ledger_event(1), time_ms=time_ms).change)
    assert twins[0].change_hash != twins[1].change_hash
    for phone, order in ((secretary, twins), (chair, twins[::-1])):
        listen(phone, "tre")
        give(phone, "tre", order[:1])
        give(phone, "tre", order[1:])
    meet(*phones)
    assert_agreed(*phones)


def test_a_twin_at_another_position_is_refused() -> None:
    """It would have the same hash as the change at the right position, and another chain."""
    secretary, _ = found_with("tre")
    forger = Forger(secretary, "tre")
    root = forger.newest()
    first = forger.sign(None, [root], ledger_event(1))
    second = forger.sign(first, [first], ledger_event(2))
    third = forger.sign(second, [second], ledger_event(3), salt=1)
    for n, prev in ((1, CHAIN_START), (2, first.change.chain_hash)):
        twin = forger.moved(third.change, n, prev)
        assert twin.change_hash == third.change.change_hash
        listen(secretary, "tre")
        give(secretary, "tre", [first.change, second.change])
        outcome = give(secretary, "tre", [twin])
        assert [refused.code for refused in outcome.refused] == ["skips_itself"]


def test_of_two_branches_that_it_knows_a_device_continues_the_one() -> None:
    secretary, _ = found_with("tre")
    forger = Forger(secretary, "tre")
    branches = sorted(forks_of(forger, 2), key=lambda branch: branch.change.chain_hash)
    with pytest.raises(RemoteError, match="a later change of the device"):
        forger.sign(branches[0], branches, ledger_event(9))
    forger.sign(branches[1], branches, ledger_event(9))


def test_seventeen_officers_who_wrote_apart_come_together() -> None:
    phones = found_with(*OFFICERS)
    secretary, officers = phones[0], phones[1:]
    assert len(officers) == CHANGE_DEPS_MAX + 1
    for officer in officers:
        sync(officer, secretary)
    for officer in officers:
        officer.write(ledger_event(1))
    for officer in officers:
        sync(officer, secretary)
    assert len(secretary.replica.heads) == len(officers)
    secretary.write(ledger_event(2))
    for officer in officers:
        sync(officer, secretary)
    assert_agreed(*phones)


@pytest.mark.parametrize("count", [17, 100])
def test_more_heads_than_a_change_can_follow_are_joined_first(count: int) -> None:
    phones = found_with("tre", "cha")
    secretary, _, chair = phones
    listen(secretary, "tre")
    give(secretary, "tre", [fork.change for fork in forks_of(Forger(secretary, "tre"), count)])
    sync(secretary, chair)
    assert len(chair.replica.heads) == count
    made = chair.step(chair.replica.append([ledger_event(1)], 9_000)).admitted
    joins = [admitted.change for admitted in made[:-1]]
    assert joins
    assert all(join.events == (encode_record(HeadsJoined()),) for join in joins)
    assert made[-1].change.events == (ledger_event(1),)
    assert chair.replica.heads == (made[-1].change.change_hash,)
    secretary.write(ledger_event(2))
    meet(*phones)
    assert_agreed(*phones)
    document = chair.replica.open_document(chair.in_order_of_admission())
    assert document.heads() == secretary.replica.heads


def test_a_device_with_a_thousand_branches_is_one_tip() -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    *forks, last = [fork.change for fork in forks_of(Forger(secretary, "tre"), 1_026)]
    listen(secretary, "tre")
    give(secretary, "tre", forks)
    assert [tip.n for tip in secretary.replica.tips if tip.device == treasurer.keys.public] == [0]
    sync(secretary, chair)
    assert_agreed(secretary, chair)
    wire = Wire(chair, secretary)
    wire.deliver()
    assert max(wire.sizes) < TIPS_BYTES_MAX
    assert chair.replica.traffic("sec").sent_changes == 0
    assert secretary.replica.traffic("cha").sent_changes == 0
    wire.cut()
    give(secretary, "tre", [last])
    sync(secretary, chair)
    assert_agreed(secretary, chair)


# Answers


def test_every_bundle_is_answered_once_also_when_it_brings_nothing_new() -> None:
    secretary, treasurer = found_with("tre")
    changes = [treasurer.write(ledger_event(number)).change for number in range(3)]
    listen(secretary, "tre")
    for given, answer in (
        (changes[2:], Have),
        (changes[:2], Acknowledge),
        (changes[:2], Acknowledge),
        (changes, Acknowledge),
    ):
        outcome = give(secretary, "tre", given)
        answers = [decode(data) for peer, data in outcome.send if peer == "tre"]
        assert [type(message) for message in answers] == [answer]


def test_every_answer_makes_room_for_one_more_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CHUNK_BYTES_MAX", 100)
    secretary, _ = found_with("tre")
    for number in range(20):
        secretary.write(ledger_event(number))
    sent = []
    secretary.step(secretary.replica.connect("tre", KEYS["tre"].public, False))
    for _ in range(3):
        outcome = secretary.step(secretary.replica.receive("tre", encode(Have((), b""))))
        messages = [decode(data) for _, data in outcome.send]
        sent.append(sum(isinstance(message, Changes) for message in messages))
    assert sent == [WINDOW_CHUNKS, 1, 1]


def test_what_waited_with_something_that_is_missing_may_come_again_otherwise() -> None:
    secretary, _, _ = found_with("tre", "cha")
    forger = Forger(secretary, "tre")
    root = forger.newest()
    first = forger.sign(None, [root], ledger_event(1))
    missing = forger.under("cha").sign(None, [root], ledger_event(2))
    second = forger.sign(first, [first, missing], ledger_event(3))
    listen(secretary, "tre")
    give(secretary, "tre", [*unsigned([first]), second.change])
    give(secretary, "tre", [first.change])
    assert first.change.change_hash in secretary.hashes()
