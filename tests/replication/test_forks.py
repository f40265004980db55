"""Two changes at one chain position: seen, named and judged alike by everyone, and provable."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.ancestry import Ancestry
from replication.cbor import dumps, loads
from replication.change import Change
from replication.control import ForkJudged, encode_record
from replication.document import DocumentError
from replication.errors import LocalError, RemoteError
from replication.forks import PROOF_BYTES_MAX, Fork, Proven, check_fork_proof, fork_proof, forks
from replication.forks import is_paused as paused
from replication.history import MemoryHistory
from replication.limits import RUN_CHANGES_MAX
from replication.suspense import _limits, limits
from tests.replication.councils import A, B, C, Council, orders, suspended, taken_in
from tests.replication.forger import Forger, give, listen
from tests.replication.mesh import Mesh, copy_of
from tests.replication.phones import KEYS, Phone, assert_agreed, found_with, ledger_event, sync

FILE = Path(__file__).parents[1] / "vectors" / "forks.json"


def forked() -> tuple[Phone, Phone, Phone]:
    """The secretary's phone, the treasurer's, and a copy of that; both wrote number 2."""
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    copy = copy_of(treasurer, "copy")
    treasurer.write(ledger_event(2))
    treasurer.write(ledger_event(3))
    copy.write(ledger_event(4))
    sync(secretary, treasurer)
    sync(secretary, copy)
    return secretary, treasurer, copy


def ancestry_of(phone: Phone) -> Ancestry:
    history = MemoryHistory()
    history.add(phone.in_order_of_admission())
    return Ancestry(history)


def test_a_group_without_forks_has_none() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    sync(secretary, treasurer)
    assert secretary.replica.forks() == []
    assert not secretary.replica.is_paused(treasurer.keys.public)
    with pytest.raises(LocalError, match="no_fork"):
        secretary.replica.fork_proof(treasurer.keys.public, 1)


def test_a_copied_phone_that_wrote_is_named_and_paused_on_every_phone() -> None:
    secretary, treasurer, copy = forked()
    sync(secretary, treasurer)
    (fork,) = secretary.replica.forks()
    assert (fork.device, fork.n, fork.is_answered) == (treasurer.keys.public, 2, False)
    assert len(fork.changes) == 2
    for phone in (secretary, treasurer):
        assert phone.replica.forks() == [fork]
        assert phone.replica.is_paused(treasurer.keys.public)
        assert not phone.replica.is_paused(secretary.keys.public)
    sync(treasurer, secretary)
    sync(copy, secretary)
    assert copy.replica.forks() == [fork]


def test_an_officer_says_restored_and_the_phone_goes_on_under_a_new_actor() -> None:
    secretary, treasurer, _copy = forked()
    sync(secretary, treasurer)
    secretary.control(ForkJudged(treasurer.keys.public, 2, "restored"))
    sync(secretary, treasurer)
    assert not treasurer.replica.is_paused(treasurer.keys.public)
    before = treasurer.replica.own_tip
    treasurer.restart()
    after = treasurer.write(ledger_event(9))
    assert after.change.prev == before.chain
    assert after.place.seq == 1
    (fork,) = treasurer.replica.forks()
    assert fork.is_answered


def test_a_branch_that_the_officer_did_not_know_asks_again() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    copies = [copy_of(treasurer, f"copy {number}") for number in range(2)]
    for number, phone in enumerate((treasurer, *copies)):
        phone.write(ledger_event(10 + number))
    sync(secretary, treasurer)
    sync(secretary, copies[0])
    secretary.control(ForkJudged(treasurer.keys.public, 2, "restored"))
    assert not secretary.replica.is_paused(treasurer.keys.public)
    sync(secretary, copies[1])
    assert secretary.replica.is_paused(treasurer.keys.public)
    (fork,) = secretary.replica.forks()
    assert len(fork.changes) == 3
    secretary.control(ForkJudged(treasurer.keys.public, 2, "restored"))
    assert not secretary.replica.is_paused(treasurer.keys.public)


def test_a_forked_phone_cannot_acquit_itself_where_there_is_another_officer() -> None:
    secretary, treasurer, _copy = forked()
    sync(secretary, treasurer)
    treasurer.control(ForkJudged(treasurer.keys.public, 2, "restored"))
    sync(secretary, treasurer)
    assert secretary.replica.is_paused(treasurer.keys.public)
    alone = found_with()[0]
    copy = copy_of(alone, "copy")
    alone.write(ledger_event(1))
    copy.write(ledger_event(2))
    for admitted in copy.in_order_of_admission()[-1:]:
        listen(alone, "copy", alone.keys.public)
        give(alone, "copy", [admitted.change])
    assert alone.replica.is_paused(alone.keys.public)
    alone.control(ForkJudged(alone.keys.public, 2, "restored"))
    assert not alone.replica.is_paused(alone.keys.public)


def test_copied_suspends_the_phone() -> None:
    secretary, treasurer, _copy = forked()
    secretary.control(ForkJudged(treasurer.keys.public, 2, "copied"))
    assert secretary.replica.roster.devices[treasurer.keys.public].state == "suspended"
    (fork,) = secretary.replica.forks()
    assert not fork.is_answered


def test_an_equivocator_is_found_out_when_those_it_lied_to_meet() -> None:
    """It tells the secretary one thing and the chairperson another, under one actor."""
    secretary, treasurer, chair = found_with("tre", "cha")
    sync(secretary, treasurer)
    sync(secretary, chair)
    forger = Forger(treasurer, "tre")
    newest = forger.newest()
    lies = [forger.sign(None, [newest], ledger_event(number)) for number in (1, 2)]
    assert len({lie.change.actor for lie in lies}) == 1
    for phone, lie in zip((secretary, chair), lies, strict=True):
        listen(phone, "tre")
        give(phone, "tre", [lie.change])
        assert phone.replica.forks() == []
    sync(secretary, chair)
    assert_agreed(secretary, chair)
    (fork,) = secretary.replica.forks()
    assert fork == chair.replica.forks()[0]
    assert set(fork.changes) == {lie.change.change_hash for lie in lies}
    assert secretary.replica.is_paused(treasurer.keys.public)
    with pytest.raises(DocumentError):  # one actor, one number, two changes: Automerge can't
        secretary.replica.open_document(secretary.in_order_of_admission())
    assert not secretary.replica.has_document
    secretary.write(ledger_event(7))  # made by the rebuild alone
    sync(secretary, chair)
    assert_agreed(secretary, chair)


moves = st.lists(
    st.tuples(
        st.sampled_from(["write", "fork", "squat", "restored", "copied", "meet", "suspend"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(moves=moves, seed=st.integers(0, 2**16))
def test_all_replicas_name_the_same_forks_in_whatever_order_branches_arrive(
    moves: Sequence[tuple[str, int]], seed: int
) -> None:
    council = village(moves)
    changes = council.everything()
    found = [taken_in(council.group, order) for order in orders(changes, 6, seed)]
    for one in found:  # the short way to what is in suspense says what the long one does
        assert limits(one.decisions, one.lane_devices) == _limits(one.decisions, one.lane_devices)
    verdicts = [said(one) for one in found]
    assert all(verdict == verdicts[0] for verdict in verdicts)
    for fork in verdicts[0][0]:
        holding = [change for change in changes if change.change_hash in fork.changes]
        assert {change.prev for change in holding} == {fork.prev}
        assert all((change.device, change.n) == (fork.device, fork.n) for change in holding)
    assert {(fork.device, fork.n) for fork in verdicts[0][0]} == splits(changes)


def said(ancestry: Ancestry) -> tuple[list[Fork], list[bool]]:
    return forks(ancestry), [paused(ancestry, KEYS[name].public) for name in (A, B, C)]


def splits(changes: Sequence[Change]) -> set[tuple[bytes, int]]:
    """Reckoned apart: positions that different changes hold after one and the same."""
    after: dict[tuple[bytes, int, bytes], set[bytes]] = {}
    for change in changes:
        after.setdefault((change.device, change.n, change.prev), set()).add(change.change_hash)
    return {(device, n) for (device, n, _), found in after.items() if len(found) > 1}


def village(moves: Sequence[tuple[str, int]]) -> Council:
    """Three officers, whose phones are copied, lie, meet and judge each other."""
    council = Council(3)
    names = [A, B, C]
    for number, (move, who) in enumerate(moves):
        name = names[who % len(names)]
        other = names[(who + 1) % len(names)]
        phone = council[name]
        if move == "write":
            phone.write(ledger_event(number))
        elif move == "fork":
            called = f"{name} {number}"
            copied(council, name, called).write(ledger_event(100 + number))
            names.append(called)
        elif move == "squat":
            squat(council, name, number, names)
        elif move == "meet":
            council.tell(other, name)
        elif move == "suspend":
            phone.control(suspended(other.split()[0]))
        else:
            about = (A, B, C)[who % 3]
            for fork in phone.replica.forks():
                if fork.device == KEYS[about].public and may_write(phone):
                    phone.control(ForkJudged(fork.device, fork.n, move))
                    break
    return council


def copied(council: Council, name: str, called: str) -> Phone:
    """A copy of a phone, or of a copy."""
    phone = council[name]
    phone.name = name.split()[0]
    copy = council.copy(name, called)
    phone.name = name
    return copy


def may_write(phone: Phone) -> bool:
    return phone.replica.roster.may_write(phone.keys.public)


def squat(council: Council, name: str, number: int, names: list[str]) -> None:
    """A modified phone signs a second change under the actor that it wrote its last one under."""
    phone = council[name]
    forger = Forger(phone, next(n for n, keys in KEYS.items() if keys is phone.keys))
    last = forger.own_last()
    if last is None or last.change.n < 2:
        return
    before = forger.ancestry.at_chain(last.change.device, last.change.n - 1, last.change.prev)
    assert before is not None
    deps = [forger.known(dep) for dep in last.change.deps]
    try:
        lie = forger.sign(before, deps, ledger_event(1000 + number))
    except RemoteError:
        return  # its actor's place does not allow it
    called = f"{name} lies {number}"
    liar = copied(council, name, called)
    order = next(orders([*[a.change for a in liar.everything()], lie.change], 1))
    liar.history = MemoryHistory()
    taken_in(council.group, order, liar.history)
    liar.restart()
    names.append(called)


# The proof


def test_a_proof_convinces_whoever_knows_the_groups_id() -> None:
    secretary, treasurer, _copy = forked()
    proof = secretary.replica.fork_proof(treasurer.keys.public, 2)
    assert len(proof) < 500
    assert check_fork_proof(proof, secretary.group) == Proven(treasurer.keys.public, 2)
    with pytest.raises(RemoteError, match="other_group"):
        check_fork_proof(proof, bytes(32))


def test_a_proof_reaches_as_far_as_the_next_signature() -> None:
    """Of a run that came under one signature the proof carries every change of it."""
    secretary, treasurer = found_with("tre")
    copy = copy_of(treasurer, "copy")
    for number in range(5):
        treasurer.write(ledger_event(number))
    for number in range(3):
        copy.write(ledger_event(50 + number))
    sync(secretary, treasurer)  # one run, one signature
    sync(secretary, copy)
    unsigned = [a for a in secretary.everything() if not a.change.signature]
    assert unsigned
    proof = secretary.replica.fork_proof(treasurer.keys.public, 1)
    assert check_fork_proof(proof, secretary.group) == Proven(treasurer.keys.public, 1)
    lengths = sorted(len(branch[0]) for branch in loads(proof)[5:])
    assert lengths == [3, 5]


def test_a_signature_on_a_branch_of_a_branch_proves_too() -> None:
    _, treasurer = found_with("tre")
    copy = copy_of(treasurer, "copy")
    for number in range(4):
        treasurer.write(ledger_event(number))
    copy.write(ledger_event(9))
    forger = Forger(treasurer, "tre")
    second = forger.ancestry.at(treasurer.keys.public, 2)[0]
    side = forger.sign(second, [second], ledger_event(77), salt=5)
    ancestry = ancestry_with_unsigned(treasurer, [side.change, copy.everything()[-1].change])
    proof = fork_proof(treasurer.group, ancestry, treasurer.keys.public, 1)
    assert check_fork_proof(proof, treasurer.group) == Proven(treasurer.keys.public, 1)
    assert sorted(len(branch[0]) for branch in loads(proof)[5:]) == [1, 3]


def test_each_place_where_a_chain_split_has_its_own_proof() -> None:
    """Branches that left it elsewhere lead to no signature of this one."""
    _, treasurer = found_with("tre")
    for number in range(6):
        treasurer.write(ledger_event(number))
    forger = Forger(treasurer, "tre")
    device = treasurer.keys.public
    sides = []
    for n in (1, 3, 4):
        before = forger.ancestry.at(device, n)[0]
        sides.append(forger.sign(before, [before], ledger_event(70 + n), salt=n).change)
    ancestry = ancestry_with_unsigned(treasurer, sides)
    assert [fork.n for fork in forks(ancestry)] == [2, 4, 5]
    for n in (2, 4):
        proof = fork_proof(treasurer.group, ancestry, device, n)
        assert check_fork_proof(proof, treasurer.group) == Proven(device, n)
    for n in (1, 3, 6):
        with pytest.raises(LocalError, match="did not sign two changes"):
            fork_proof(treasurer.group, ancestry, device, n)


def ancestry_with_unsigned(phone: Phone, more: Sequence[Change]) -> Ancestry:
    """What a phone holds, its own unsigned, and more changes with their signatures."""
    history = MemoryHistory()
    held = [a.change._replace(signature=b"") for a in phone.in_order_of_admission()]
    taken_in(phone.group, [*held, *more], history)
    return Ancestry(history)


def parts() -> tuple[list[object], bytes]:
    secretary, treasurer, _copy = forked()
    proof = loads(secretary.replica.fork_proof(treasurer.keys.public, 2))
    assert isinstance(proof, list)
    return proof, secretary.group


def bent(number: int) -> tuple[bytes, bytes]:
    """A proof with one thing wrong."""
    proof, group = parts()
    one, two = proof[5], proof[6]
    assert isinstance(one, list)
    assert isinstance(two, list)
    wrong: list[list[object]] = [
        [*proof[:5], two, one],
        [*proof[:5], one, one],
        [*proof[:3], 3, *proof[4:]],
        [*proof[:3], 0, *proof[4:]],
        [*proof[:3], True, *proof[4:]],
        [*proof[:4], bytes(32), *proof[5:]],
        [*proof[:4], b"", *proof[5:]],
        [*proof[:2], KEYS["cha"].public, *proof[3:]],
        ["mkutano/fork/2", *proof[1:]],
        [*proof[:5], one],
        [*proof, one],
        [*proof[:5], [[], one[1]], two],
        [*proof[:5], [one[0], bytes(64)], two],
        [*proof[:5], [one[0], b""], two],
        [*proof[:5], [one[0] * (RUN_CHANGES_MAX + 1), one[1]], two],
        [*proof[:5], [[[2**43, bytes(32)]], one[1]], two],
        [*proof[:5], [[[-1, bytes(32)]], one[1]], two],
        [*proof[:5], [[[1, b""]], one[1]], two],
        [*proof[:5], [[[True, bytes(32)]], one[1]], two],
    ]
    return dumps(wrong[number]), group


@pytest.mark.parametrize("number", range(19))
def test_a_bent_proof_shows_nothing(number: int) -> None:
    proof, group = bent(number)
    with pytest.raises(RemoteError):
        check_fork_proof(proof, group)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_refusal(data: bytes) -> None:
    with pytest.raises(RemoteError):
        check_fork_proof(data, bytes(32))


def test_every_flipped_byte_of_a_proof_is_noticed() -> None:
    proof, group = parts()
    data = dumps(proof)
    chance = Random(1)
    for at in range(len(data)):
        flipped = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        with pytest.raises(RemoteError):
            check_fork_proof(flipped, group)


def test_a_bomb_is_refused_by_its_length() -> None:
    with pytest.raises(RemoteError, match="too long"):
        check_fork_proof(bytes(PROOF_BYTES_MAX + 1), bytes(32))


def test_the_longest_proof_fits() -> None:
    step = [2**43 - 1, bytes(32)]
    branch = [[step] * RUN_CHANGES_MAX, bytes(64)]
    head = ["mkutano/fork/1", bytes(32), bytes(32), 2**31, bytes(32)]
    assert len(dumps([*head, branch, branch])) <= PROOF_BYTES_MAX


def test_proofs_that_were_made_once_are_read_for_ever() -> None:
    vectors = json.loads(FILE.read_text("utf-8"))
    group = bytes.fromhex(vectors["group"])
    for one in vectors["proofs"]:
        shown = check_fork_proof(bytes.fromhex(one["proof"]), group)
        assert shown == Proven(bytes.fromhex(one["device"]), one["n"])
    for one in vectors["refused"]:
        with pytest.raises(RemoteError) as refusal:
            check_fork_proof(bytes.fromhex(one["proof"]), group)
        assert refusal.value.code == one["code"]


# What others remember of a phone's own chain


def test_a_phone_behind_its_own_chain_learns_so_at_the_first_word_of_a_peer() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    backup = copy_of(treasurer, "backup")
    treasurer.write(ledger_event(2))
    sync(secretary, treasurer)
    mesh = Mesh([secretary, backup])
    mesh.connect("sec", "backup")
    assert backup.replica.told_of_us() == {}
    mesh.deliver(("sec", "backup"))
    told = backup.replica.told_of_us()
    assert [tip.n for tip in told[secretary.keys.public]] == [2]
    mesh.settle()
    assert backup.replica.told_of_us() == {secretary.keys.public: ()}
    assert backup.replica.own_tip == treasurer.replica.own_tip


def test_who_holds_nothing_yet_says_nothing() -> None:
    secretary = found_with()[0]
    secretary.enrol("tre")
    newcomer = Phone("tre", secretary.group)
    mesh = Mesh([secretary, newcomer])
    mesh.connect("tre", "sec")
    mesh.deliver(("tre", "sec"))
    assert secretary.replica.told_of_us() == {}
    mesh.settle()
    assert secretary.replica.told_of_us() == {newcomer.keys.public: ()}


def test_a_suspended_phones_word_of_us_does_not_count() -> None:
    secretary, treasurer = found_with("tre")
    secretary.write(ledger_event(1))
    backup = copy_of(secretary, "backup")
    secretary.write(ledger_event(2))
    sync(secretary, treasurer)
    backup.write(encode_record(suspended("tre")))
    mesh = Mesh([backup, treasurer])
    mesh.connect("tre", "backup")
    mesh.settle()
    assert backup.replica.told_of_us() == {}
