"""Phones that one rogue officer stopped, all of them: they go on telling each other everything."""

from replication.control import DeviceSuspended
from replication.people import key_id_of
from replication.wire import PersonKey
from tests.replication.phones import KEYS, Phone, Wire, found_with, ledger_event

KEY = bytes(range(32))


def stopped_together() -> tuple[Phone, Phone]:
    """The secretary's and the treasurer's phone, stopped by the third officer's."""
    secretary, treasurer, rogue = found_with("tre", "cha")
    for phone in (secretary, treasurer):
        rogue.control(DeviceSuspended(phone.keys.public, "spite"))
    for phone in (secretary, treasurer):
        Wire(rogue, phone).deliver()
        phone.refused.clear()  # they heard it, and gave the rogue nothing back
    for name in ("sec", "tre"):
        assert secretary.replica.roster.devices[KEYS[name].public].state == "suspended"
    return secretary, treasurer


def test_a_key_that_one_lacks_does_not_keep_them_apart() -> None:
    """The keys were refused, and with them the conversation, each time before anything came."""
    secretary, treasurer = stopped_together()
    key = PersonKey(key_id_of(KEY), KEY)
    secretary.step(secretary.replica.append([ledger_event(1)], 5_000, [key]))
    treasurer.write(ledger_event(2))
    wire = Wire(treasurer, secretary)
    wire.deliver()
    assert not secretary.refused
    assert not treasurer.refused
    assert secretary.hashes() == treasurer.hashes()
    assert treasurer.key_box[key.key_id] == KEY
