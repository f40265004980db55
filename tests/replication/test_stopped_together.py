"""Phones that one rogue officer stopped, all of them: they go on telling each other everything."""

from replication.control import DeviceSuspended, FoundingEnded, encode_record
from replication.people import key_id_of
from replication.wire import PersonKey
from tests.replication.forger import give, listen
from tests.replication.phones import KEYS, Phone, Wire, found_with, ledger_event, sync

KEY = bytes(range(32))


def officers() -> tuple[Phone, Phone, Phone]:
    """The secretary's, the treasurer's and a rogue chairperson's phone; all know the same."""
    secretary, treasurer, rogue = found_with("tre", "cha")
    secretary.control(FoundingEnded())
    sync(secretary, treasurer)
    sync(secretary, rogue)
    return secretary, treasurer, rogue


def tells(rogue: Phone, phone: Phone) -> None:
    """All that the rogue holds, whatever it is given for it."""
    Wire(rogue, phone).deliver()
    phone.refused.clear()


def state(phone: Phone, name: str) -> str:
    """How a phone's roster has another phone."""
    return phone.replica.roster.devices[KEYS[name].public].state


def meet(left: Phone, right: Phone) -> None:
    """They exchange what they will, and refuse nothing."""
    Wire(left, right).deliver()
    assert not left.refused
    assert not right.refused
    assert left.hashes() == right.hashes()


def stopped_together() -> tuple[Phone, Phone]:
    """The secretary's and the treasurer's phone, which the chairperson's has stopped."""
    secretary, treasurer, rogue = officers()
    stops = rogue.write(
        *(encode_record(DeviceSuspended(KEYS[name].public, "spite")) for name in ("sec", "tre"))
    )
    for phone in (secretary, treasurer):
        listen(phone, "cha")
        give(phone, "cha", [stops.change])
        phone.refused.clear()
    assert state(secretary, "sec") == state(treasurer, "tre") == "suspended"
    return secretary, treasurer


def test_a_key_that_one_lacks_does_not_keep_them_apart() -> None:
    """The keys were refused, and with them the conversation, each time before anything came."""
    secretary, treasurer = stopped_together()
    key = PersonKey(key_id_of(KEY), KEY)
    secretary.step(secretary.replica.append([ledger_event(1)], 5_000, [key]))
    treasurer.write(ledger_event(2))
    meet(treasurer, secretary)
    assert treasurer.key_box[key.key_id] == KEY


def test_a_restored_phone_compares_with_one_that_was_stopped_together_with_it() -> None:
    """It asked only phones that nobody had stopped, and waited for ever: even with its vote."""
    secretary, treasurer = stopped_together()
    treasurer.restart()
    Wire(treasurer, secretary).deliver()
    assert treasurer.replica.told_of_us()[KEYS["sec"].public] == ()


def test_phones_that_were_told_of_each_other_s_stop_alone_find_out_once_they_stop_the_teller() -> (
    None
):
    """Each takes the other for a stopped phone and gives it nothing: neither ever heard why."""
    secretary, treasurer, rogue = officers()
    other = Phone("cha", rogue.group, salt=7)
    sync(other, secretary)
    rogue.control(DeviceSuspended(KEYS["tre"].public, "lost"))
    tells(rogue, secretary)
    other.control(DeviceSuspended(KEYS["sec"].public, "lost"))
    tells(other, treasurer)
    assert state(secretary, "tre") == state(treasurer, "sec") == "suspended"
    before = treasurer.hashes()
    Wire(secretary, treasurer).deliver()
    assert treasurer.hashes() == before
    for phone in (secretary, treasurer):
        phone.refused.clear()
        phone.control(DeviceSuspended(KEYS["cha"].public, "stolen"))
    meet(secretary, treasurer)


def test_a_stolen_phone_that_stops_whoever_stopped_it_is_given_nothing_by_that() -> None:
    """Nobody else has stopped the officer who stopped it, so nobody gives it anything."""
    secretary, treasurer, stolen = officers()
    secretary.control(DeviceSuspended(KEYS["cha"].public, "lost"))
    stolen.control(DeviceSuspended(KEYS["sec"].public, "spite"))
    sync(secretary, treasurer)
    tells(stolen, treasurer)
    treasurer.write(ledger_event(9))
    before = stolen.hashes()
    for phone in (treasurer, secretary):
        tells(stolen, phone)
    assert stolen.hashes() == before
