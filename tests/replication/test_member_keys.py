"""Member keys between officers' phones: the right ones, not too many, and never erased ones."""

from replication.control import DeviceSuspended, EpochBegun
from replication.limits import KEY_BOX_MAX, KEYS_MAX
from replication.people import key_id_of, tag_key_id
from replication.sealing import epoch_key_id
from replication.wire import Keys, PersonKey, decode, encode
from tests.replication.forger import listen
from tests.replication.phones import MESSAGES_MAX, Phone, Wire, found_with, ledger_event, sync


def member_keys(count: int, first: int = 0) -> list[PersonKey]:
    """So many different keys under their ids."""
    keys = [number.to_bytes(32, "big") for number in range(first, first + count)]
    return [PersonKey(key_id_of(key), key) for key in keys]


def give_keys(phone: Phone, keys: list[PersonKey]) -> list[str]:
    """Let the treasurer's device give keys to a phone that listens; the codes of refusal."""
    outcome = phone.step(phone.replica.receive("tre", encode(Keys(tuple(keys)))))
    return [refused.code for refused in outcome.refused]


def keep(phone: Phone, keys: list[PersonKey]) -> None:
    """Put keys into the box, as a phone does that adds members."""
    phone.step(phone.replica.append([ledger_event(1)], 9_000, keys))


def erase(phone: Phone, key_id: bytes) -> None:
    """What a node does: forget the bytes, remember the id, start again."""
    phone.key_box[key_id] = b""
    phone.restart()


def key_messages(wire: Wire) -> list[int]:
    """Run a conversation to its end; how many keys each KEYS message had."""
    sizes = []
    for _ in range(MESSAGES_MAX):
        if not wire.queue:
            break
        message = decode(wire.queue[0][2])
        if isinstance(message, Keys):
            sizes.append(len(message.keys))
        wire.deliver_one()
    wire.cut()
    return sizes


def test_a_key_under_anothers_id_is_refused_whoever_comes_first() -> None:
    secretary, _ = found_with("tre")
    (good,) = member_keys(1)
    listen(secretary, "tre")
    assert give_keys(secretary, [PersonKey(good.key_id, b"e" * 32)]) == ["bad_key"]
    assert not secretary.key_box
    listen(secretary, "tre")
    assert give_keys(secretary, [good]) == []
    assert secretary.key_box == {good.key_id: good.key}


def test_only_the_groups_own_tag_key_has_an_id_that_is_not_its_hash() -> None:
    secretary, _ = found_with("tre")
    listen(secretary, "tre")
    assert give_keys(secretary, [PersonKey(tag_key_id(b"g" * 32), b"t" * 32)]) == ["bad_key"]
    listen(secretary, "tre")
    assert give_keys(secretary, [PersonKey(tag_key_id(secretary.group), b"t" * 32)]) == []


def test_an_epoch_key_travels_in_the_key_box_like_a_members() -> None:
    secretary, treasurer = found_with("tre")
    key = PersonKey(epoch_key_id(b"e" * 32), b"e" * 32)
    keep(secretary, [key])
    sync(treasurer, secretary)
    assert treasurer.key_box == {key.key_id: key.key}
    listen(secretary, "tre")
    assert give_keys(secretary, [PersonKey(key.key_id, b"f" * 32)]) == ["bad_key"]


def test_a_stopped_phone_that_added_a_member_still_hands_over_its_entries() -> None:
    secretary, treasurer = found_with("tre")
    (key,) = member_keys(1)
    treasurer.step(treasurer.replica.append([ledger_event(1)], 2_000, [key]))
    secretary.control(DeviceSuspended(treasurer.keys.public, "lost"))
    wire = Wire(treasurer, secretary)
    wire.deliver()
    assert [one.code for one in treasurer.refused] == ["peer_suspended"]
    assert [one.code for one in secretary.refused] == ["suspended"]
    assert treasurer.hashes() < secretary.hashes()
    assert key.key_id not in secretary.replica.key_box


def test_nobody_can_fill_a_phone_with_keys() -> None:
    secretary, _ = found_with("tre")
    for first in range(0, KEY_BOX_MAX + 2 * KEYS_MAX, KEYS_MAX):
        listen(secretary, "tre")
        assert give_keys(secretary, member_keys(KEYS_MAX, first)) == []
    assert len(secretary.key_box) == len(secretary.replica.key_box) == KEY_BOX_MAX


def test_a_full_key_box_has_room_for_the_keys_of_epochs_that_the_log_names() -> None:
    secretary, treasurer = found_with("tre")
    keep(secretary, member_keys(KEY_BOX_MAX))
    named, other = bytes([7]) * 32, bytes([8]) * 32
    treasurer.control(EpochBegun("ledger", epoch_key_id(named), "2026-05-01"))
    sync(treasurer, secretary)
    keys = [PersonKey(epoch_key_id(key), key) for key in (other, named, named)]
    secretary.step(secretary.replica.take_keys(keys))
    assert named in secretary.key_box.values()
    assert other not in secretary.key_box.values()


def test_more_keys_than_a_message_holds_travel_in_several() -> None:
    secretary, treasurer = found_with("tre")
    keep(secretary, member_keys(2 * KEYS_MAX + 5))
    assert key_messages(Wire(treasurer, secretary)) == [KEYS_MAX, KEYS_MAX, 5]
    assert treasurer.key_box == secretary.key_box
    assert key_messages(Wire(treasurer, secretary)) == []


def test_an_erased_key_is_neither_given_nor_taken_again() -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    kept, erased = member_keys(2)
    keep(secretary, [kept, erased])
    sync(treasurer, secretary)
    erase(secretary, erased.key_id)
    sync(chair, secretary)
    assert chair.key_box == {kept.key_id: kept.key}
    sync(treasurer, secretary)
    listen(secretary, "tre")
    assert give_keys(secretary, [erased]) == []
    forgotten = {kept.key_id: kept.key, erased.key_id: b""}
    assert secretary.key_box == secretary.replica.key_box == forgotten
