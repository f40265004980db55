"""A log of bundles as the only way between phones: everybody ends with everything, in any order.

The oracle of what a log holds is a new phone that reads it from the beginning.
"""

from random import Random

import pytest

from replication.control import DeviceRevoked, DeviceSuspended
from replication.limits import STOPPED_CHANGES_MAX
from replication.mailbox import Held
from replication.wire import KEY_BYTES, PersonKey
from tests.replication.mesh import copy_of
from tests.replication.phones import (
    KEYS,
    OFFICERS,
    Phone,
    assert_agreed,
    assert_signed_for,
    found_with,
    ledger_event,
    sync,
)

STEPS = 60


class Log:
    """A relay's log, and how far each phone has read it."""

    def __init__(self) -> None:
        self.bundles: list[tuple[bytes, bytes]] = []
        self.read: dict[str, int] = {}
        self.held: dict[str, Held] = {}
        self.waiting: dict[str, list[tuple[bytes, bytes]]] = {}

    def pull(self, phone: Phone, upto: int | None = None) -> None:
        """A phone takes in what is new to it, and what waited, until nothing moves."""
        new = self.bundles[self.read.get(phone.name, 0) : upto]
        self.read[phone.name] = self.read.get(phone.name, 0) + len(new)
        queue = [*self.waiting.pop(phone.name, []), *new]
        while queue:
            left = [one for one in queue if not self.take(phone, *one)]
            if len(left) == len(queue):
                break
            queue = left
        self.waiting[phone.name] = queue

    def take(self, phone: Phone, bundle: bytes, by: bytes) -> bool:
        """A phone takes one bundle; whether it was complete."""
        delivered = phone.replica.deliver(bundle, by, self.held.get(phone.name, {}))
        phone.step(delivered.outcome)
        self.held[phone.name] = delivered.held
        return not delivered.missing

    def push(self, phone: Phone) -> bool:
        """A phone adds one bundle of what it thinks is lacking."""
        packed = phone.replica.pack(self.held.get(phone.name, {}))
        if packed is None:
            assert not phone.replica.lacks(self.held.get(phone.name, {}))
            return False
        self.bundles.append((packed.bundle, phone.keys.public))
        return True


def settle(log: Log, phones: list[Phone]) -> None:
    """Everybody pulls and pushes until nobody has anything to add."""
    for _ in range(20):
        pushed = False
        for phone in phones:
            log.pull(phone)
            pushed |= log.push(phone)
        if not pushed:
            return
    raise AssertionError("the log grows for ever")


@pytest.mark.parametrize("seed", range(8))
def test_phones_that_only_share_a_log_end_with_the_same(seed: int) -> None:
    random = Random(seed)
    phones = found_with("tre", "cha", *OFFICERS[: random.randint(0, 2)])
    for phone in phones[1:]:
        sync(phone, phones[0])
    phones.append(copy_of(phones[1], "copy"))
    log = Log()
    for _ in range(STEPS):
        phone = random.choice(phones)
        match random.choice(("write", "write", "pull", "push", "part", "meet", "restart")):
            case "write":
                phone.write(ledger_event(random.randrange(10**6)))
            case "pull":
                log.pull(phone)
            case "push":
                log.push(phone)
            case "part":
                log.pull(phone, log.read.get(phone.name, 0) + 1)
            case "meet":
                other = random.choice([one for one in phones if one is not phone])
                sync(phone, other)
            case "restart":
                phone.restart()
    settle(log, phones)
    assert_agreed(*phones)
    newcomer = Phone(OFFICERS[9], phones[0].group)
    log.pull(newcomer)
    assert_agreed(newcomer, *phones)
    assert not newcomer.replica.lacks(log.held[newcomer.name])
    for phone in (newcomer, *phones):
        assert_signed_for(phone)


def test_a_bundle_that_leaves_a_gap_is_not_counted_and_is_pushed_again() -> None:
    secretary, treasurer = found_with("tre")
    log = Log()
    settle(log, [secretary, treasurer])
    held = dict(log.held["sec"])
    for number in range(3):
        secretary.write(ledger_event(number))
    lane = next(
        lane for lane, key in enumerate(secretary.replica.lane_devices) if key == KEYS["sec"].public
    )
    later = secretary.replica.pack({**held, lane: held[lane] + 1})
    assert later is not None
    assert secretary.replica.deliver(later.bundle, KEYS["sec"].public, held).held == held
    assert secretary.replica.lacks(held) == 3
    log.bundles.append((later.bundle, KEYS["sec"].public))
    log.pull(treasurer)
    assert log.waiting["tre"], "what it follows is not there yet"
    settle(log, [secretary, treasurer])
    assert_agreed(secretary, treasurer)
    assert not log.waiting["tre"]


@pytest.mark.parametrize("stop", [DeviceSuspended, DeviceRevoked])
def test_a_stopped_phone_fills_nobody_through_a_log(stop: type) -> None:
    secretary, treasurer, chair = found_with("tre", "cha")
    for phone in (treasurer, chair):
        sync(phone, secretary)
    log = Log()
    settle(log, [secretary, treasurer, chair])
    secretary.control(stop(KEYS["cha"].public, "lost"))
    log.push(secretary)
    log.pull(treasurer)
    for number in range(STOPPED_CHANGES_MAX + 9):
        chair.write(ledger_event(number))
    while log.push(chair):
        log.pull(chair)
    before = len(treasurer.everything())
    log.pull(treasurer)
    taken = len(treasurer.everything()) - before
    assert 0 < taken <= STOPPED_CHANGES_MAX, "what it wrote not knowing of it is taken, bounded"


def test_what_lies_in_a_log_never_raises_and_touches_nothing() -> None:
    secretary, treasurer = found_with("tre")
    good = secretary.replica.pack({})
    assert good is not None
    before = treasurer.hashes()
    for at in range(0, len(good.bundle), 7):
        damaged = bytearray(good.bundle)
        damaged[at] ^= 1
        treasurer.step(treasurer.replica.deliver(bytes(damaged), KEYS["sec"].public, {}).outcome)
    treasurer.step(treasurer.replica.deliver(b"", b"", {}).outcome)
    assert treasurer.hashes() == before


def test_keys_from_a_relay_stand_only_under_their_own_ids() -> None:
    secretary, _ = found_with("tre")
    key = bytes(range(KEY_BYTES))
    assert not secretary.replica.take_keys([PersonKey(b"k" * 16, key)]).store.keys
