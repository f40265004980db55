"""Copied phones and restored ones run honest software; nobody is shut out because of them."""

from replication.control import DeviceEnrolled, FoundingEnded, VoteCast, encode_record
from tests.replication.mesh import Channel, Mesh, copy_of
from tests.replication.phones import (
    PERSONS,
    Phone,
    assert_agreed,
    found_with,
    ledger_event,
    sync,
)


def test_after_a_copy_of_it_wrote_a_phone_goes_on_under_a_new_actor() -> None:
    secretary, treasurer = found_with("tre")
    first = treasurer.write(ledger_event(1))
    copy = copy_of(treasurer, "copy")
    mesh = Mesh([secretary, treasurer, copy])
    mesh.connect("tre", "sec")
    mesh.connect("copy", "sec")
    mesh.settle()
    (theirs,) = mesh.write("copy", ledger_event(2)).admitted
    mesh.settle()
    (own,) = mesh.write("tre", ledger_event(3)).admitted
    assert own.change.prev == theirs.change.chain_hash
    assert len({entry.change.actor for entry in (first, theirs, own)}) == 3
    (after,) = mesh.write("tre", ledger_event(4)).admitted
    assert after.change.actor == own.change.actor
    mesh.settle()
    assert_agreed(secretary, treasurer, copy)


def restored_founder() -> tuple[Mesh, Phone]:
    """The founding has ended; the founder's phone from before it enrolled the chair meanwhile."""
    founder, treasurer = found_with("tre")
    restored = copy_of(founder, "restored")
    founder.control(FoundingEnded())
    sync(founder, treasurer)
    restored.enrol("cha")
    chair = Phone("cha", founder.group)
    sync(chair, restored)
    chair.write(ledger_event(1))
    sync(chair, restored)
    return Mesh([founder, treasurer, restored]), chair


def test_whom_the_founders_restored_phone_enrolled_waits_for_the_officers() -> None:
    mesh, chair = restored_founder()
    for left, right in (("restored", "tre"), ("tre", "sec")):
        mesh.connect(left, right)
        mesh.settle()
    assert_agreed(*mesh.phones.values())
    treasurer = mesh.phones["tre"]
    assert treasurer.replica.find(chair.everything()[-1].change.change_hash) is not None
    assert not treasurer.replica.roster.may_read(chair.keys.public)
    again = DeviceEnrolled(chair.keys.public, PERSONS["cha"], "write", "cha")
    (asked,) = mesh.write("tre", encode_record(again)).admitted
    mesh.settle()
    mesh.write("sec", encode_record(VoteCast(asked.change.change_hash, True)))
    mesh.settle()
    sync(chair, treasurer)
    chair.write(ledger_event(2))
    sync(chair, treasurer)
    assert_agreed(treasurer, chair)
    assert chair.replica.roster.may_write(chair.keys.public)


def test_the_end_of_the_founding_may_arrive_in_the_middle_of_a_conversation() -> None:
    mesh, chair = restored_founder()
    mesh.phones[chair.name] = chair
    mesh.connect("restored", "cha")
    mesh.settle()
    mesh.connect("restored", "tre")
    mesh.settle()
    mesh.write("restored", ledger_event(2))
    mesh.connect("tre", "sec")
    mesh.settle()
    del mesh.phones[chair.name]  # it is told that it waits for the officers
    assert_agreed(*mesh.phones.values())


def test_what_two_phones_hear_from_a_third_does_not_fill_the_window_between_them() -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    mesh = Mesh([secretary, treasurer, chair])
    for left, right in (("sec", "tre"), ("sec", "cha"), ("tre", "cha")):
        mesh.connect(left, right)
    mesh.settle()

    def slow_between_two(busy: list[Channel]) -> Channel:
        return min(busy, key=lambda channel: "sec" not in channel)

    for number in range(12):
        mesh.write("sec", ledger_event(number))
        mesh.settle(slow_between_two)
    mesh.leave("sec")
    mesh.write("tre", ledger_event(99))
    mesh.settle()
    assert treasurer.hashes() == chair.hashes()
    assert treasurer.replica.synced("cha")
