"""The keys of what goes to relays: a new one when a reader leaves, and each reader just its own."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from model.identifiers import receipt_code
from node import door_slots, epoch_keys, people_slots, slot_store
from node.node import Node
from node.relay_places import Compartment, Place, Slot, places
from node.slot_store import KnownSlot
from relay.facts import Entry
from replication.control import DeviceEnrolled, EpochBegun, Record, RelayChosen
from replication.identity import DeviceKeys
from replication.key_slots import Door, Mailboxes, PeopleSlot, seal_doors, seal_people
from replication.people import key_id_of, tag_key_id
from replication.sealing import is_epoch_key
from replication.wire import PersonKey
from tests.node.officers import Officer, Village, hand_over
from tests.node.phones import NOW_MS

TODAY = "2026-01-01"
DAY_MS = 86_400_000
CHOSEN = RelayChosen(
    b"r" * 32, "wss://relay.example", b"l" * 32, b"d" * 32, b"p" * 32, b"s" * 32, in_use=True
)
READERS = {scope: DeviceKeys(bytes([70 + at]) * 32) for at, scope in
           enumerate(("summary", "ledger", "people"))}  # fmt: skip
RIGHTS = {"summary": "pull", "ledger": "read", "people": "read"}
SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    group = Village(tmp_path, SECRETS)
    write(group.secretary, CHOSEN)
    group.meet()
    yield group
    group.close()


def write(officer: Officer, *records: Record) -> str:
    """Sign control records; the code of the change."""
    batch = officer.node.batch(officer.group_id, NOW_MS)
    batch.append([], (), records)
    return receipt_code(batch.commit().receipts[0])


def let_in(village: Village, scope: str, until: str = "") -> bytes:
    """A reader, as two officers agreed."""
    device = READERS[scope].public
    record = DeviceEnrolled(device, device[:16], RIGHTS[scope], scope, scope, until)
    code = write(village.secretary, record)
    hand_over(village.secretary, village.treasurer)
    village.treasurer.agree(code)
    village.meet()
    return device


def sealing(officer: Officer, series: Any = "ledger", now_ms: int = NOW_MS) -> bytes:
    key, _ = epoch_keys.sealing_key(officer.node, officer.group_id, series, now_ms)
    return key


def begun(officer: Officer, series: str = "ledger") -> int:
    return len(officer.at.group.replica.epochs(series))


# Which key


def test_one_key_a_series_is_begun_when_first_needed_and_used_by_all(village: Village) -> None:
    key = sealing(village.secretary)
    assert begun(village.secretary) == begun(village.secretary, "summary") == 1
    assert sealing(village.secretary) == key
    assert sealing(village.secretary, "summary") != key
    village.meet()
    assert {sealing(one) for one in village.officers} == {key}
    assert begun(village.chairperson) == 1


@pytest.mark.parametrize("scope", ["summary", "ledger", "people"])
def test_a_reader_who_comes_changes_no_key_and_one_who_leaves_does(
    village: Village, scope: str
) -> None:
    before = {series: sealing(village.secretary, series) for series in ("ledger", "summary")}
    let_in(village, scope)
    assert before == {series: sealing(village.secretary, series) for series in before}
    # It was given the key when it came, though it was no reader when the key was begun.
    village.treasurer.suspend(READERS[scope].public.hex()[:8])
    after = {series: sealing(village.treasurer, series) for series in before}
    assert after["summary"] != before["summary"]
    assert (after["ledger"] != before["ledger"]) == (scope != "summary")
    hand_over(village.treasurer, village.secretary)
    assert after == {series: sealing(village.secretary, series) for series in before}


@pytest.mark.parametrize("again", [False, True])
def test_who_is_let_go_on_and_stopped_again_has_none_of_the_later_keys(
    village: Village, *, again: bool
) -> None:
    device = let_in(village, "ledger")
    first = sealing(village.secretary)
    village.secretary.suspend(device.hex()[:8])
    second = sealing(village.secretary)
    assert second != first
    village.secretary.lift(device.hex()[:8])
    assert sealing(village.secretary) == second, "it came back, and is given the key"
    if again:
        village.secretary.suspend(device.hex()[:8])
        third = sealing(village.secretary)
        assert third not in (first, second)
        assert sealing(village.secretary) == third


def test_a_grant_that_ends_ends_its_key_on_the_next_day(village: Village) -> None:
    let_in(village, "ledger", TODAY)
    key = sealing(village.secretary)
    assert sealing(village.secretary, now_ms=NOW_MS) == key
    later = sealing(village.secretary, now_ms=NOW_MS + DAY_MS)
    assert later != key
    assert (
        READERS["ledger"].public
        not in village.secretary.at.group.replica.epochs("ledger")[-1].readers
    )


def test_phones_with_wrong_clocks_begin_no_more_than_one_key_each(village: Village) -> None:
    let_in(village, "ledger", TODAY)
    for _ in range(4):
        for one, now_ms in zip(village.officers, (0, NOW_MS, 4 * 10**12), strict=True):
            sealing(one, now_ms=now_ms)
            village.meet()
    assert begun(village.secretary) <= 3


def test_keys_that_were_begun_apart_become_one(village: Village) -> None:
    apart = {sealing(one) for one in village.officers}
    assert len(apart) == 3
    village.meet()
    village.meet()
    (used,) = {sealing(one) for one in village.officers}
    assert used in apart
    for one in village.officers:
        assert apart <= {key.key for key in epoch_keys.held(one.at.group, "ledger")}
        assert begun(one) == 3


def test_a_key_that_its_author_keeps_back_stops_nobody(village: Village) -> None:
    key = sealing(village.secretary)
    village.meet()
    withheld = epoch_keys.fresh_key()
    write(village.treasurer, EpochBegun("ledger", withheld.key_id, TODAY))
    village.meet()
    assert sealing(village.secretary) == key
    assert epoch_keys.lacking(village.secretary.at.group) == {withheld.key_id}


@pytest.mark.parametrize("series", ["ledger", "summary"])
def test_a_key_of_both_series_seals_nothing(village: Village, series: str) -> None:
    """A stolen phone puts a key that some have under what others read."""
    other = "summary" if series == "ledger" else "ledger"
    key = epoch_keys.current(village.secretary.at.group, other, TODAY)
    assert key is None
    sealing(village.secretary)
    village.meet()
    key = epoch_keys.current(village.treasurer.at.group, other, TODAY)
    assert key is not None
    write(village.treasurer, EpochBegun(series, key.key_id, TODAY))
    village.meet()
    assert sealing(village.secretary, series) != key.key
    kept = epoch_keys.held(village.secretary.at.group, "summary")
    assert series == "ledger" or key not in kept


def test_a_suspended_phone_begins_nothing(village: Village) -> None:
    village.secretary.suspend("Asha's phone")
    hand_over(village.secretary, village.chairperson)
    stopped = village.secretary.node.group(village.secretary.group_id)
    own = village.secretary.key
    village.secretary.suspend("Secretary's phone", anyway=True)
    assert stopped.roster.devices[own].state == "suspended"
    assert sealing(village.secretary) == b""
    assert begun(village.secretary) == 0


# Doors


def place(name: Compartment) -> Place:
    return next(one for one in places(b"", CHOSEN) if one.compartment == name)


def own(officer: Officer, stands: bytes = b"", now_ms: int = NOW_MS) -> Slot | None:
    at = place("doors")._replace(group=officer.group_id)
    return door_slots.own(officer.node, officer.group_id, at, stands, now_ms)


def entry(writer: bytes, blob: bytes, cursor: int = 1) -> Entry:
    return Entry(cursor, writer, NOW_MS, sha256(blob).digest(), b"", blob)


def take(officer: Officer, entries: Sequence[Entry]) -> None:
    door_slots.take(officer.node, officer.group_id, place("doors"), entries, NOW_MS)


def known(officer: Officer, mailbox: bytes = CHOSEN.doors) -> dict[bytes, KnownSlot]:
    return slot_store.known_slots(officer.at.group.store.database, 1, mailbox)


def pushed(officer: Officer, now_ms: int = NOW_MS) -> Slot:
    """The slot of an officers' phone as it lies at the relay."""
    slot = own(officer, now_ms=now_ms)
    assert slot is not None
    take(officer, [entry(officer.key, slot.blob)])
    return slot


def test_a_slot_that_says_the_same_is_not_sealed_again(village: Village) -> None:
    sealing(village.secretary)
    slot = pushed(village.secretary)
    assert own(village.secretary, slot.digest) is None
    again = pushed(village.secretary)
    assert again.digest == slot.digest
    assert again.blob != slot.blob
    assert known(village.secretary)[village.secretary.key].number == 1
    let_in(village, "summary")
    assert own(village.secretary, slot.digest) is not None


def test_each_reader_opens_its_own_envelope_and_whose_grant_ended_none(village: Village) -> None:
    let_in(village, "ledger", TODAY)
    for scope in ("summary", "people"):
        let_in(village, scope)
    sealing(village.secretary)
    slots = {village.secretary.key: pushed(village.secretary).blob}
    found = {
        scope: door_slots.opened(slots, keys, CHOSEN.doors, village.secretary.group_id).doors
        for scope, keys in READERS.items()
    }
    ledger = epoch_keys.held(village.secretary.at.group, "ledger")
    summary = epoch_keys.held(village.secretary.at.group, "summary")
    told = {scope: doors[village.secretary.key] for scope, doors in found.items()}
    assert told["summary"].ledger_keys == ()
    assert told["summary"].summary_keys == summary
    for scope in ("ledger", "people"):
        assert (told[scope].ledger_keys, told[scope].summary_keys) == (ledger, summary)
    assert told["ledger"].mailboxes == Mailboxes(*CHOSEN[2:6])
    later = own(village.secretary, now_ms=NOW_MS + DAY_MS)
    assert later is not None
    slots = {village.secretary.key: later.blob}
    gone = door_slots.opened(slots, READERS["ledger"], CHOSEN.doors, None)
    assert gone == door_slots.Opened({}, {})


def test_a_new_reader_is_given_all_old_keys(village: Village) -> None:
    old = sealing(village.secretary)
    village.secretary.suspend("Chair's phone")
    new = sealing(village.secretary)
    hand_over(village.secretary, village.treasurer)
    code = write(
        village.secretary,
        DeviceEnrolled(READERS["ledger"].public, b"n" * 16, "read", "NGO", "ledger"),
    )
    hand_over(village.secretary, village.treasurer)
    village.treasurer.agree(code)
    hand_over(village.secretary, village.treasurer)
    slots = {village.secretary.key: pushed(village.secretary).blob}
    doors = door_slots.opened(slots, READERS["ledger"], CHOSEN.doors, None).doors
    assert [key.key for key in doors[village.secretary.key].ledger_keys] == [old, new]


def test_a_phone_takes_a_key_before_it_knows_the_record(village: Village) -> None:
    key = sealing(village.secretary)
    take(village.chairperson, [entry(village.secretary.key, pushed(village.secretary).blob)])
    assert key in village.chairperson.at.group.replica.key_box.values()


def test_a_stopped_phones_slot_is_not_looked_at(village: Village) -> None:
    key = sealing(village.treasurer)
    slot = pushed(village.treasurer)
    village.secretary.suspend("Asha's phone")
    take(village.secretary, [entry(village.treasurer.key, slot.blob)])
    assert key not in village.secretary.at.group.replica.key_box.values()


def test_an_old_slot_that_is_served_again_is_told(village: Village) -> None:
    sealing(village.secretary)
    old, new = pushed(village.secretary), pushed(village.secretary)
    take(village.treasurer, [entry(village.secretary.key, new.blob)])
    assert not door_slots.fault_sentences(village.treasurer.at.group, {})
    take(village.treasurer, [entry(village.secretary.key, old.blob)])
    (told,) = door_slots.fault_sentences(
        village.treasurer.at.group, {village.secretary.key: "“Secretary's phone”"}
    )
    assert "old keys of “Secretary's phone”" in told
    assert known(village.treasurer)[village.secretary.key].number == 1
    take(village.treasurer, [entry(village.secretary.key, pushed(village.secretary).blob)])
    assert not door_slots.fault_sentences(village.treasurer.at.group, {})


def test_a_stolen_phone_can_not_fill_the_key_box(village: Village) -> None:
    box = village.secretary.at.group.replica.key_box
    held = len(box)
    for number in range(4):
        keys = tuple(epoch_keys.fresh_key() for _ in range(512))
        more = tuple(epoch_keys.fresh_key() for _ in range(512))
        ids = Mailboxes(*CHOSEN[2:6])
        door = Door(village.secretary.group_id, "Umoja", number, ids, more, keys)
        thief = village.treasurer.key
        blob = seal_doors(door, thief, [village.secretary.key], [], bytes([number]) * 32)
        take(village.secretary, [entry(thief, blob)])
    assert len(box) - held == door_slots.UNNAMED_MAX
    assert known(village.secretary)[village.treasurer.key].unnamed == door_slots.UNNAMED_MAX


@pytest.mark.parametrize("blob", [b"", b"\x00", b"x" * 5000, bytes(300)])
def test_bytes_that_are_no_slot_are_told_and_stop_nothing(village: Village, blob: bytes) -> None:
    key = sealing(village.treasurer)
    good = pushed(village.treasurer).blob
    take(
        village.secretary,
        [entry(village.chairperson.key, blob), entry(village.treasurer.key, good, 2)],
    )
    assert key in village.secretary.at.group.replica.key_box.values()
    assert len(door_slots.fault_sentences(village.secretary.at.group, {})) == 1


# People


def people(officer: Officer, stands: bytes = b"") -> Slot | None:
    at = place("people")
    return people_slots.own(officer.node, officer.group_id, at, stands, NOW_MS)


def take_people(officer: Officer, entries: Sequence[Entry]) -> None:
    people_slots.take(officer.node, officer.group_id, place("people"), entries, NOW_MS)


def test_a_people_slot_gives_names_to_who_lacks_them_and_no_epoch_key(
    village: Village, tmp_path: Path
) -> None:
    sealing(village.secretary)
    slot = people(village.secretary)
    assert slot is not None
    assert people(village.secretary, slot.digest) is None
    group = village.chairperson.at.group
    lost = {key_id for key_id, key in group.replica.key_box.items() if key_id == key_id_of(key)}
    with group.store.database.transaction():
        group.store.database.write("DELETE FROM member_keys")
    home = village.chairperson.node.home.path
    village.chairperson.node.close()
    village.chairperson.node = Node.open(home)
    group = village.chairperson.at.group
    assert not group.replica.key_box
    take_people(village.chairperson, [entry(village.secretary.key, slot.blob)])
    box = village.chairperson.at.group.replica.key_box
    assert lost | {tag_key_id(group.id)} == set(box)
    assert not any(is_epoch_key(*one) for one in box.items())
    held = known(village.chairperson, CHOSEN.people)[village.secretary.key]
    assert lost <= held.key_ids


def test_keys_of_nobody_are_not_taken_from_a_people_slot(village: Village) -> None:
    keys = [bytes([at]) * 32 for at in range(40)]
    rows = sorted(PersonKey(key_id_of(key), key) for key in keys)
    slot = PeopleSlot(village.secretary.group_id, 1, tuple(rows), ())
    thief = village.treasurer.key
    blob = seal_people(slot, CHOSEN.people, thief, [village.secretary.key], b"s" * 32)
    before = dict(village.secretary.at.group.replica.key_box)
    take_people(village.secretary, [entry(thief, blob)])
    assert village.secretary.at.group.replica.key_box == before
