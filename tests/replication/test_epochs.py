"""The key to seal under: nobody holds it who may not read now, and nobody who comes changes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.cbor import loads
from replication.control import (
    SERIES,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    EpochBegun,
    RelayChosen,
    decode_record,
    encode_record,
)
from replication.epochs import Epoch, fit, readers
from replication.leaving import left
from replication.roster import Device
from tests.replication.phones import KEYS, PERSONS, Phone, Wire, found_group, sync

READERS = ("ngo", "tre", "cha")
GRANTS = {"summary": "pull", "ledger": "read", "people": "read"}
DAYS = ("2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01")


class World:
    """One officer's phone in its founding, where it decides alone, and who holds which key."""

    def __init__(self) -> None:
        self.phone = found_group()
        self.day = DAYS[0]
        self.held: dict[bytes, set[bytes]] = {}
        """Key id → devices that were given it: each reader gets all keys, at every moment."""
        self.series: dict[bytes, str] = {}

    def now(self, series: str) -> frozenset[bytes]:
        return readers(self.phone.replica.roster, series, self.day)

    def fit(self, series: str) -> Epoch | None:
        replica = self.phone.replica
        known = replica.epochs(series)
        return fit(known, replica.roster, series, self.day, left(replica.decisions))

    def give(self) -> None:
        for key_id, series in self.series.items():
            self.held[key_id] |= self.now(series)

    def begin(self, series: str) -> None:
        key_id = len(self.held).to_bytes(16, "big")
        self.phone.control(EpochBegun(series, key_id, self.day))
        self.held[key_id], self.series[key_id] = set(), series
        self.give()

    def is_lifted(self, what: str, name: str, *_more: str) -> bool:
        """Whether a suspension ended of a device that may not read all the same: what keeps it out
        now may be younger than the key, though it was out all the time. It may cost a key too many.
        """
        known = self.phone.replica.roster.devices.get(KEYS[name].public)
        return what == "lift" and known is not None and not known.reads_on(self.day)

    def act(self, what: str, name: str, scope: str, until: str) -> None:
        device = KEYS[name].public
        known = self.phone.replica.roster.devices.get(device)
        match what:
            case "enrol" if known is None or known.state != "revoked":
                right = GRANTS[scope]
                record = DeviceEnrolled(device, PERSONS[name], right, name, scope, until)
                self.phone.control(record)
            case "suspend" if known is not None:
                self.phone.control(DeviceSuspended(device, "lost"))
            case "lift" if known is not None:
                self.phone.control(DeviceReinstated(device))
            case "revoke" if known is not None:
                self.phone.control(DeviceRevoked(device, "gone"))
            case "day":
                self.day = DAYS[min(DAYS.index(self.day) + 1, len(DAYS) - 1)]
        self.give()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enrol", "enrol", "suspend", "lift", "revoke", "day"]),
        st.sampled_from(READERS),
        st.sampled_from(["summary", "ledger", "people"]),
        st.sampled_from(["", "", *DAYS]),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_key_is_held_by_nobody_who_may_not_read_and_changes_only_when_one_left(
    steps: list[tuple[str, str, str, str]],
) -> None:
    world = World()
    for series in SERIES:
        world.begin(series)
    enrolled: set[str] = set()
    for step in steps:
        over = DAYS[: DAYS.index(world.day)]  # a grant that was over when it was given
        before = {series: (world.now(series), world.fit(series)) for series in SERIES}
        world.act(*step)
        for series in SERIES:
            epoch = world.fit(series)
            then, used = before[series]
            if then <= world.now(series) and step[0] != "enrol" and not world.is_lifted(*step):
                assert epoch == used, "nobody left"
            elif then <= world.now(series) and step[1] not in enrolled and step[3] not in over:
                assert epoch == used, "one came"
            if epoch is None:
                world.begin(series)
                epoch = world.fit(series)
            assert epoch is not None, "a new key is fit at once"
            assert world.held[epoch.key_id] <= world.now(series)
        enrolled |= {step[1]} if step[0] == "enrol" else set()


def test_of_keys_begun_apart_all_phones_use_one() -> None:
    secretary = found_group()
    secretary.enrol("tre")
    treasurer = Phone("tre", secretary.group)
    sync(secretary, treasurer)
    for at, phone in enumerate((secretary, treasurer)):
        phone.control(EpochBegun("ledger", bytes([at]) * 16, DAYS[0]))
    sync(secretary, treasurer)
    used = {
        fit(
            one.replica.epochs("ledger"),
            one.replica.roster,
            "ledger",
            DAYS[0],
            left(one.replica.decisions),
        )
        for one in (secretary, treasurer)
    }
    assert len(used) == 1
    assert len(secretary.replica.epochs("ledger")) == 2


def test_what_a_stopped_phone_began_unknown_to_who_stopped_it_is_not_used() -> None:
    secretary = found_group()
    secretary.enrol("tre")
    treasurer = Phone("tre", secretary.group)
    sync(secretary, treasurer)
    secretary.control(DeviceSuspended(KEYS["tre"].public, "stolen"))
    treasurer.control(EpochBegun("ledger", b"k" * 16, DAYS[0]))
    treasurer.control(
        RelayChosen(
            b"r" * 32, "wss://thief", b"1" * 32, b"2" * 32, b"3" * 32, b"4" * 32, in_use=True
        )
    )
    Wire(treasurer, secretary).deliver()
    assert secretary.replica.own_tip.n < len(secretary.hashes())
    assert secretary.replica.epochs("ledger") == ()
    assert secretary.replica.relays() == ()


# Scope and end of a grant


@pytest.mark.parametrize(
    ("right", "scope", "reads"),
    [
        ("pull", "", ""),
        ("pull", "summary", "summary"),
        ("read", "", "ledger"),
        ("read", "ledger", "ledger"),
        ("read", "people", "people"),
        ("write", "", "people"),
    ],
)
def test_what_a_device_reads_follows_from_right_scope_state_and_day(
    right: str, scope: str, reads: str
) -> None:
    device = Device(b"d" * 32, b"p" * 16, right, "NGO", b"e" * 32, "active", scope, "2026-02-01")
    assert device.reads == reads
    assert device.reads_on("2026-02-01") == reads
    assert device.reads_on("2026-02-02") == ""
    assert device._replace(until="").reads_on("9999-12-31") == reads
    for state in ("suspended", "displaced", "revoked"):
        assert device._replace(state=state).reads_on("2026-01-01") == ""


@pytest.mark.parametrize("right", ["pull", "read", "write"])
@pytest.mark.parametrize("scope", ["", "summary", "ledger", "people", "all"])
@pytest.mark.parametrize("until", ["", "2026-02-01", "2026-2-1", "20260201", "soon"])
def test_a_grant_is_read_only_as_it_is_written(right: str, scope: str, until: str) -> None:
    record = DeviceEnrolled(b"d" * 32, b"p" * 16, right, "NGO", scope, until)
    goes = scope == "" or right == ("pull" if scope == "summary" else "read")
    if scope != "all" and goes and until in ("", "2026-02-01"):
        event = encode_record(record)
        assert decode_record(event) == record
        is_later = bool(scope or until)
        assert loads(event)[2] == 1 + is_later
    else:
        with pytest.raises(ValueError, match=r"scope|until"):
            encode_record(record)


def test_a_grant_with_scope_and_end_stands_in_the_roster_of_every_phone() -> None:
    secretary = found_group()
    device = KEYS["ngo"].public
    secretary.control(DeviceEnrolled(device, PERSONS["ngo"], "read", "NGO", "people", "2026-02-01"))
    known = secretary.replica.roster.devices[device]
    assert (known.right, known.scope, known.until) == ("read", "people", "2026-02-01")
    assert not secretary.replica.roster.may_write(device)
