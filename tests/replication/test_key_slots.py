"""What lies in the boxes for keys: each reader's own keys, no others, and in one place only."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.cards import card_keys
from replication.cbor import dumps, load_item
from replication.envelopes import Opener, Recipient, open_envelope, seal_envelope
from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys
from replication.key_slots import (
    NUMBER_MAX,
    Door,
    Mailboxes,
    PeopleSlot,
    open_doors,
    open_people,
    people_slot,
    seal_doors,
    seal_people,
)
from replication.limits import BLOB_BYTES_MAX, EPOCHS_MAX, KEY_BOX_MAX
from replication.people import (
    PersonError,
    is_key_id,
    key_id_of,
    open_person,
    seal_person,
    tag_key_id,
)
from replication.sealing import epoch_key_id, open_blob, seal_blob
from replication.wire import PersonKey

GROUP, OTHER_GROUP, SEED = b"g" * 32, b"G" * 32, b"f" * 32
MAILBOXES = Mailboxes(b"l" * 32, b"d" * 32, b"p" * 32, b"s" * 32)
SECRETARY, TREASURER, NGO, DONOR = (DeviceKeys(bytes([n]) * 32) for n in range(1, 5))
CARDS = [card_keys(bytes([n]) * 16) for n in range(1, 4)]
LEDGER_OPENERS: list[Opener] = [SECRETARY, TREASURER, NGO, *combinations(CARDS, 2)]
DEVICE = SECRETARY.public
PAIRS: list[Recipient] = [(one.public, other.public) for one, other in combinations(CARDS, 2)]
LEDGER_READERS: list[Recipient] = [SECRETARY.public, TREASURER.public, NGO.public, *PAIRS]
SUMMARY_READERS: list[Recipient] = [DONOR.public]
PURPOSES = {
    "ledger": b"mkutano/door/ledger/1",
    "summary": b"mkutano/door/summary/1",
    "people": b"mkutano/people-slot/1",
}


def epochs(count: int, first: int = 0) -> tuple[PersonKey, ...]:
    """So many different epoch keys under their ids."""
    keys = [number.to_bytes(32, "big") for number in range(first, first + count)]
    return tuple(PersonKey(epoch_key_id(key), key) for key in keys)


def members(count: int, first: int = 1000) -> dict[bytes, bytes]:
    """A key box of so many members."""
    keys = [number.to_bytes(32, "big") for number in range(first, first + count)]
    return {key_id_of(key): key for key in keys}


DOOR = Door(GROUP, "Umoja", 3, MAILBOXES, epochs(2, 50), epochs(3))
TAG = {tag_key_id(GROUP): b"t" * 32}
BOX = {**members(5), **TAG, **dict(epochs(2)), b"erased member...": b""}
PEOPLE = people_slot(GROUP, 7, BOX)


def doors(door: Door = DOOR) -> bytes:
    return seal_doors(door, DEVICE, LEDGER_READERS, SUMMARY_READERS, SEED)


def people(slot: PeopleSlot = PEOPLE) -> bytes:
    return seal_people(slot, MAILBOXES.people, DEVICE, LEDGER_READERS, SEED)


def doors_refusal(
    slot: bytes,
    opener: Opener = TREASURER,
    mailbox: bytes = MAILBOXES.doors,
    device: bytes = DEVICE,
    group: bytes | None = GROUP,
) -> str:
    """The code with which a slot of doors is refused."""
    with pytest.raises(RemoteError) as caught:
        open_doors(slot, opener, mailbox, device, group)
    return caught.value.code


def people_refusal(
    slot: bytes,
    opener: Opener = TREASURER,
    mailbox: bytes = MAILBOXES.people,
    device: bytes = DEVICE,
    group: bytes = GROUP,
) -> str:
    """The code with which a slot of member keys is refused."""
    with pytest.raises(RemoteError) as caught:
        open_people(slot, opener, mailbox, device, group)
    return caught.value.code


def sealed_by_hand(purpose: str, plain: bytes) -> bytes:
    """An envelope at its right place that says something else."""
    mailbox = MAILBOXES.people if purpose == "people" else MAILBOXES.doors
    return seal_envelope(plain, [TREASURER.public], PURPOSES[purpose] + mailbox + DEVICE, SEED)


def doors_by_hand(scope: str, plain: bytes) -> bytes:
    """A slot of doors with one envelope that says something else; the other is not for us."""
    others = seal_envelope(b"", [SECRETARY.public], b"", SEED)
    ours = sealed_by_hand(scope, plain)
    return dumps([1, ours, b""] if scope == "ledger" else [1, others, ours])


# Doors

SERIES = st.sets(st.binary(min_size=32, max_size=32), max_size=4).map(
    lambda keys: tuple(PersonKey(epoch_key_id(key), key) for key in keys)
)
LABELS = st.text(st.characters(codec="utf-8"), max_size=80).filter(str.isprintable)


@settings(max_examples=40, deadline=None)
@given(LABELS, st.integers(0, NUMBER_MAX), SERIES, SERIES)
def test_a_door_opens_as_it_was_sealed_for_each_kind_of_reader(
    label: str, number: int, ledger: tuple[PersonKey, ...], summary: tuple[PersonKey, ...]
) -> None:
    door = Door(GROUP, label, number, MAILBOXES, summary, ledger)
    slot = doors(door)
    assert slot == doors(door)
    for opener in LEDGER_OPENERS:
        assert open_doors(slot, opener, MAILBOXES.doors, DEVICE) == door
    own = tuple(key for key in summary if key not in ledger)
    lesser = Door(GROUP, label, number, MAILBOXES, own, scope="summary")
    assert open_doors(slot, DONOR, MAILBOXES.doors, DEVICE, GROUP) == lesser


def test_who_reads_summaries_is_not_given_a_key_of_the_ledger() -> None:
    """Nor where somebody had one key declared for both."""
    door = DOOR._replace(summary_keys=(*DOOR.summary_keys, *DOOR.ledger_keys[:1]))
    slot = doors(door)
    assert open_doors(slot, DONOR, MAILBOXES.doors, DEVICE).summary_keys == DOOR.summary_keys
    _, _, summary = load_item(slot)
    context = PURPOSES["summary"] + MAILBOXES.doors + DEVICE
    plain = open_envelope(summary, DONOR, context)
    assert all(key.key in plain for key in DOOR.summary_keys)
    assert not any(key.key in plain for key in DOOR.ledger_keys)


def test_a_blob_of_the_log_opens_with_what_a_door_gave() -> None:
    newest = DOOR.ledger_keys[-1].key
    blob = seal_blob(newest, b"n" * 24, MAILBOXES.log, b"a bundle")
    ngo = open_doors(doors(), NGO, MAILBOXES.doors, DEVICE, GROUP)
    assert open_blob(dict(ngo.ledger_keys), MAILBOXES.log, blob) == b"a bundle"
    donor = open_doors(doors(), DONOR, MAILBOXES.doors, DEVICE, GROUP)
    with pytest.raises(RemoteError, match="unknown_epoch"):
        open_blob(dict(donor.summary_keys), MAILBOXES.log, blob)


def test_a_door_opens_in_its_own_place_only() -> None:
    slot = doors()
    assert doors_refusal(slot, DeviceKeys(b"x" * 32)) == "not_for_us"
    assert doors_refusal(slot, (CARDS[0], CARDS[0])) == "not_for_us"
    assert doors_refusal(slot, mailbox=b"D" * 32) == "not_opened"
    assert doors_refusal(slot, device=TREASURER.public) == "not_opened"
    assert doors_refusal(slot, group=OTHER_GROUP) == "other_group"
    _, ledger, summary = load_item(slot)
    assert doors_refusal(dumps([1, summary, ledger])) == "not_opened"
    assert doors_refusal(dumps([1, summary, ledger]), DONOR) == "not_opened"
    assert people_refusal(ledger, mailbox=MAILBOXES.doors) == "not_opened"
    assert doors_refusal(dumps([1, people(), b""]), mailbox=MAILBOXES.people) == "not_opened"


def test_without_readers_of_summaries_there_is_no_envelope_for_them() -> None:
    for nobody in ([], [bytes(32)]):
        slot = seal_doors(DOOR, DEVICE, LEDGER_READERS, nobody, SEED)
        assert load_item(slot)[2] == b""
        assert doors_refusal(slot, DONOR) == "not_for_us"
        assert open_doors(slot, NGO, MAILBOXES.doors, DEVICE, GROUP) == DOOR


@pytest.mark.parametrize(
    "door",
    [
        DOOR._replace(ledger_keys=tuple(PersonKey(*key) for key in members(1).items())),
        DOOR._replace(summary_keys=tuple(PersonKey(*key) for key in members(1).items())),
        DOOR._replace(ledger_keys=(PersonKey(epoch_key_id(b""), b""),)),
        DOOR._replace(ledger_keys=DOOR.ledger_keys[:1] * 2),
        DOOR._replace(ledger_keys=epochs(EPOCHS_MAX + 1)),
        DOOR._replace(summary_keys=epochs(EPOCHS_MAX + 1)),
        DOOR._replace(label="x" * 81),
        DOOR._replace(label="two\nlines"),
        DOOR._replace(number=-1),
        DOOR._replace(number=NUMBER_MAX + 1),
        DOOR._replace(group=b"g" * 31),
    ],
)
def test_no_device_seals_what_no_door_may_hold(door: Door) -> None:
    with pytest.raises(LocalError) as caught:
        doors(door)
    assert caught.value.code == "bad_slot"


def door_fields(scope: str = "ledger") -> list[object]:
    """What a door says, field by field."""
    ids = [MAILBOXES.log, MAILBOXES.people, MAILBOXES.summary]
    return [1, GROUP, "Umoja", 3, ids, b"" if scope == "summary" else b"k" * 32, b"s" * 32]


@pytest.mark.parametrize("scope", ["ledger", "summary"])
@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, 0),
        (0, "1"),
        (1, b"g" * 31),
        (1, "g" * 32),
        (2, "x" * 81),
        (2, "a\u202eb"),
        (2, b"Umoja"),
        (3, -1),
        (3, NUMBER_MAX + 1),
        (3, True),
        (4, []),
        (4, [b"l" * 32] * 2),
        (4, [b"l" * 31, b"p" * 32, b"s" * 32]),
        (4, b"l" * 96),
        (5, b"k" * 31),
        (5, b"k" * 64),
        (5, bytes(range(32)) * (EPOCHS_MAX + 1)),
        (5, []),
        (6, None),
        (6, b"".join(n.to_bytes(32, "big") for n in range(EPOCHS_MAX + 1))),
    ],
)
def test_a_door_that_says_something_else_is_refused(scope: str, place: int, wrong: object) -> None:
    fields = door_fields(scope)
    slot = doors_by_hand(scope, dumps(fields))
    assert open_doors(slot, TREASURER, MAILBOXES.doors, DEVICE, GROUP).scope == scope
    fields[place] = wrong
    assert doors_refusal(doors_by_hand(scope, dumps(fields))) == "bad_slot"


def test_a_door_with_more_or_fewer_fields_or_none_is_refused() -> None:
    fields = door_fields()
    plains = [
        dumps(fields[:-1]),
        dumps([*fields, 1]),
        dumps({}),
        b"",
        b"\xff",
        dumps(fields) + b"x",
    ]
    for plain in plains:
        assert doors_refusal(doors_by_hand("ledger", plain)) == "bad_slot"


def test_keys_of_the_ledger_in_a_door_for_summaries_are_refused() -> None:
    assert doors_refusal(doors_by_hand("summary", dumps(door_fields("ledger")))) == "bad_slot"


def test_slots_of_a_later_version_ask_for_an_update() -> None:
    _, ledger, summary = load_item(doors())
    assert doors_refusal(dumps([2, ledger, summary])) == "update"
    assert doors_refusal(dumps([2, {"more": 1}])) == "update"
    assert doors_refusal(dumps([1, b"\x02" + ledger[1:], summary])) == "update"
    assert doors_refusal(doors_by_hand("ledger", dumps([2, "more"]))) == "update"
    assert people_refusal(b"\x02" + people()[1:]) == "update"
    assert people_refusal(sealed_by_hand("people", dumps([2]))) == "update"


def test_a_flipped_bit_anywhere_in_a_slot_is_refused() -> None:
    slot, keys = doors(), people()
    summary_at = slot.index(load_item(slot)[2])
    for at in range(len(slot)):
        flipped = bytearray(slot)
        flipped[at] ^= 1 << at % 8
        assert doors_refusal(bytes(flipped), TREASURER if at < summary_at else DONOR)
    for at in range(len(keys)):
        flipped = bytearray(keys)
        flipped[at] ^= 1 << at % 8
        assert people_refusal(bytes(flipped))


def test_every_cut_of_a_slot_is_refused() -> None:
    slot, keys = doors(), people()
    assert {doors_refusal(slot[:end]) for end in range(len(slot))} == {"bad_slot"}
    assert {people_refusal(keys[:end]) for end in range(len(keys))} == {"not_opened"}
    longest = dumps([1, load_item(slot)[1], bytes(BLOB_BYTES_MAX)])
    assert doors_refusal(longest) == "bad_slot"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_remote_error(garbage: bytes) -> None:
    assert doors_refusal(garbage)
    assert doors_refusal(dumps([1, garbage, garbage]))
    assert doors_refusal(doors_by_hand("ledger", garbage))
    assert people_refusal(garbage)
    assert people_refusal(sealed_by_hand("people", garbage))


# People


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.binary(min_size=32, max_size=32), max_size=6),
    st.sets(st.binary(min_size=16, max_size=16), max_size=3),
    st.booleans(),
    SERIES,
    st.integers(0, NUMBER_MAX),
)
def test_member_keys_come_out_as_they_went_in(
    keys: set[bytes],
    erased: set[bytes],
    has_tag_key: bool,
    series: tuple[PersonKey, ...],
    number: int,
) -> None:
    held = {key_id_of(key): key for key in keys} | (TAG if has_tag_key else {})
    box = {**held, **dict(series), **dict.fromkeys(erased, b"")}
    slot = people_slot(GROUP, number, box)
    opened = open_people(people(slot), TREASURER, MAILBOXES.people, DEVICE, GROUP)
    assert opened == slot
    assert dict(opened.keys) == held
    assert set(opened.erased) == erased


def test_a_slot_of_member_keys_opens_in_its_own_place_only() -> None:
    slot = people()
    for opener in LEDGER_OPENERS:
        assert open_people(slot, opener, MAILBOXES.people, DEVICE, GROUP) == PEOPLE
    assert people_refusal(slot, DONOR) == "not_for_us"
    assert people_refusal(slot, mailbox=MAILBOXES.log) == "not_opened"
    assert people_refusal(slot, device=TREASURER.public) == "not_opened"
    assert people_refusal(slot, group=OTHER_GROUP) == "other_group"


@pytest.mark.parametrize(
    "slot",
    [
        PEOPLE._replace(keys=epochs(1)),
        PEOPLE._replace(keys=PEOPLE.keys[::-1]),
        PEOPLE._replace(keys=(PEOPLE.keys[0], *PEOPLE.keys)),
        PEOPLE._replace(keys=(*PEOPLE.keys, PersonKey(tag_key_id(GROUP), b"T" * 32))),
        PEOPLE._replace(keys=(PersonKey(tag_key_id(OTHER_GROUP), b"T" * 32),)),
        PEOPLE._replace(keys=(PersonKey(tag_key_id(GROUP), b"short"),)),
        PEOPLE._replace(erased=(PEOPLE.keys[0].key_id,)),
        PEOPLE._replace(erased=(tag_key_id(GROUP),)),
        PEOPLE._replace(erased=(b"b" * 16, b"a" * 16)),
        PEOPLE._replace(erased=(b"short",)),
        PEOPLE._replace(number=-1),
        PEOPLE._replace(group=b"g"),
    ],
)
def test_no_device_seals_what_no_people_slot_may_hold(slot: PeopleSlot) -> None:
    with pytest.raises(LocalError) as caught:
        people(slot)
    assert caught.value.code == "bad_slot"


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, 0),
        (1, b"g"),
        (2, -1),
        (2, False),
        (3, b"k" * 33),
        (3, b"k" * 64),
        (3, b"".join(reversed([key.key for key in PEOPLE.keys[:-1]]))),
        (3, None),
        (4, b"t" * 64),
        (4, b"t"),
        (5, b"e" * 15),
        (5, b"e" * 32),
        (5, b"f" * 16 + b"e" * 16),
        (5, PEOPLE.keys[0].key_id),
        (5, tag_key_id(GROUP)),
        (5, []),
    ],
)
def test_member_keys_in_another_form_are_refused(place: int, wrong: object) -> None:
    joined = b"".join(key.key for key in PEOPLE.keys[:-1])
    fields: list[object] = [1, GROUP, 7, joined, b"t" * 32, b"e" * 16]
    slot = sealed_by_hand("people", dumps(fields))
    opened = open_people(slot, TREASURER, MAILBOXES.people, DEVICE, GROUP)
    assert opened == PEOPLE._replace(erased=(b"e" * 16,))
    fields[place] = wrong
    assert people_refusal(sealed_by_hand("people", dumps(fields))) == "bad_slot"


def test_a_hundred_members_take_four_kilobytes_and_a_full_key_box_fits() -> None:
    assert len(people(people_slot(GROUP, 1, members(100)))) < 4096
    full = {
        **members(KEY_BOX_MAX // 2),
        **dict.fromkeys((n.to_bytes(16, "big") for n in range(8192)), b""),
    }
    assert len(people(people_slot(GROUP, 1, full))) < BLOB_BYTES_MAX
    box = members(KEY_BOX_MAX)
    slot = people(people_slot(GROUP, 1, box))
    assert len(slot) < BLOB_BYTES_MAX
    opened = open_people(slot, TREASURER, MAILBOXES.people, DEVICE, GROUP)
    assert dict(opened.keys) == box
    with pytest.raises(LocalError):
        people(people_slot(GROUP, 1, members(KEY_BOX_MAX + 1)))


def test_a_full_door_fits() -> None:
    door = DOOR._replace(ledger_keys=epochs(EPOCHS_MAX), summary_keys=epochs(EPOCHS_MAX, 9000))
    assert len(doors(door)) < BLOB_BYTES_MAX
    assert open_doors(doors(door), NGO, MAILBOXES.doors, DEVICE, GROUP) == door


# The two kinds of keys


def test_a_member_key_smuggled_into_a_door_opens_no_member() -> None:
    key = b"m" * 32
    sealed = seal_person(GROUP, key_id_of(key), key, b"n" * 24, "Amina", "")
    fields = door_fields()
    fields[5] = key
    slot = doors_by_hand("ledger", dumps(fields))
    box = dict(open_doors(slot, TREASURER, MAILBOXES.doors, DEVICE, GROUP).ledger_keys)
    assert all(is_key_id(GROUP, key_id, held) for key_id, held in box.items())
    assert key_id_of(key) not in box
    for key_id, held in box.items():
        with pytest.raises(PersonError):
            open_person(GROUP, key_id, held, b"n" * 24, sealed)


def test_an_epoch_key_smuggled_into_a_people_slot_opens_no_blob() -> None:
    ((_, key),) = epochs(1)
    blob = seal_blob(key, b"n" * 24, MAILBOXES.log, b"a bundle")
    plain = dumps([1, GROUP, 7, key, key, b""])
    slot = open_people(sealed_by_hand("people", plain), TREASURER, MAILBOXES.people, DEVICE, GROUP)
    assert {held for _, held in slot.keys} == {key}
    with pytest.raises(RemoteError, match="unknown_epoch"):
        open_blob(dict(slot.keys), MAILBOXES.log, blob)
