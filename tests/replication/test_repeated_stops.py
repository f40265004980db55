"""How often one phone may suspend another: so often as it is followed, and no phone's own word."""

from replication.control import DeviceReinstated, DeviceSuspended
from replication.council import REPEATS_MAX
from tests.replication.councils import B, C, Council
from tests.replication.phones import KEYS


def test_a_phone_is_told_when_one_suspension_more_would_not_be_followed() -> None:
    council = Council(3)
    target, own, phone = KEYS[B].public, KEYS[C].public, council[C]
    for _ in range(REPEATS_MAX):
        assert not phone.replica.decisions.has_stopped_enough(own, target)
        council.ask(C, DeviceSuspended(target, "lost"))
        assert phone.replica.roster.devices[target].state == "suspended"
        council.ask(C, DeviceReinstated(target))
        assert phone.replica.roster.devices[target].state == "active"
    assert phone.replica.decisions.has_stopped_enough(own, target)
    council.ask(C, DeviceSuspended(target, "lost"))  # as a modified phone would
    assert phone.replica.roster.devices[target].state == "active"
    # Of others, and of itself, nothing is used up.
    assert not phone.replica.decisions.has_stopped_enough(target, own)
    assert not phone.replica.decisions.has_stopped_enough(own, own)
