"""Who may write: the founder enrols while the group is being founded, and nobody else does."""

import pytest

from replication.cbor import dumps
from replication.control import (
    RIGHTS,
    CardsIssued,
    CardVoted,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    ForkJudged,
    FoundingEnded,
    GroupFounded,
    MeetingSealed,
    OfficersRestored,
    QuorumSet,
    Record,
    VoteCast,
    decode_record,
    encode_record,
    is_control,
)
from replication.errors import LocalError
from tests.replication.phones import (
    KEYS,
    PERSONS,
    Phone,
    found_group,
    found_with,
    ledger_event,
    sync,
)

KEY, PERSON = b"k" * 32, b"p" * 16
RECORDS: list[Record] = [
    GroupFounded(1, 1, b"n" * 16, PERSON, "Secretary's phone"),
    DeviceEnrolled(KEY, PERSON, "read", "NGO"),
    FoundingEnded(),
    QuorumSet(3),
    GroupFounded(1, 2, b"n" * 16, PERSON, "Secretary's phone", KEY),
    FoundingEnded(b"s" * 64),
    MeetingSealed(b"c" * 32),
    OfficersRestored(PERSON, "New phone", 1, b"s" * 64, 3, b"t" * 64),
    VoteCast(b"e" * 32, False),
    DeviceSuspended(KEY, "lost"),
    DeviceReinstated(KEY),
    DeviceRevoked(KEY, "stolen"),
    ForkJudged(KEY, 7, "restored"),
    CardsIssued(KEY, KEY, KEY),
    CardVoted(2, b"e" * 32, b"s" * 64),
]


@pytest.mark.parametrize(
    "record", RECORDS, ids=lambda record: f"{type(record).__name__} {len(encode_record(record))}"
)
def test_every_record_is_read_back(record: Record) -> None:
    event = encode_record(record)
    assert decode_record(event) == record
    assert is_control(event)


@pytest.mark.parametrize(
    "event",
    [
        dumps([0, "device.enrolled", 1, KEY, PERSON, "rule"]),
        dumps([0, "device.enrolled", 1, KEY, PERSON, "rule", "x"]),
        dumps([0, "device.enrolled", 1, KEY[:5], PERSON, "read", "x"]),
        dumps([0, "device.enrolled", 2, KEY, PERSON, "read", "x"]),
        dumps([0, "quorum.set", 1, True]),
        dumps([0, "crown.seized", 1, KEY]),
        dumps([0, "group.founded"]),
        dumps([1, "device.enrolled", 1, KEY, PERSON, "read", "x"]),
    ],
)
def test_what_is_malformed_or_unknown_has_no_effect(event: bytes) -> None:
    assert decode_record(event) is None


def test_a_ledger_event_is_no_control_record_however_long() -> None:
    assert not is_control(ledger_event(1))
    assert not is_control(dumps([1, "k", *range(300)]))
    assert is_control(dumps([0, "k", *range(300)]))
    assert is_control(dumps([0, "k", *range(30)]))


def test_the_founder_enrols_and_enrols_again_with_another_right() -> None:
    secretary = found_group()
    assert secretary.replica.roster.may_write(KEYS["sec"].public)
    for right in RIGHTS:
        secretary.enrol("tre", right)
        roster = secretary.replica.roster
        assert roster.may_read(KEYS["tre"].public) == (right != "pull")
        assert roster.may_write(KEYS["tre"].public) == (right == "write")
    assert secretary.replica.roster.person_of(KEYS["tre"].public) == PERSONS["tre"]


def test_another_officer_enrols_nobody_and_the_record_is_kept_without_effect() -> None:
    secretary, treasurer = found_with("tre")
    treasurer.enrol("cha")
    sync(secretary, treasurer)
    for phone in (secretary, treasurer):
        assert not phone.replica.roster.may_read(KEYS["cha"].public)
    assert secretary.hashes() == treasurer.hashes()


def test_the_founder_cannot_be_enrolled_away() -> None:
    secretary = found_group()
    secretary.enrol("sec", "read")
    assert secretary.replica.roster.may_write(KEYS["sec"].public)


def test_after_the_founding_period_the_founder_enrols_nobody_alone() -> None:
    secretary, _treasurer = found_with("tre")
    secretary.control(FoundingEnded())
    secretary.enrol("ngo", "read")
    assert not secretary.replica.roster.may_read(KEYS["ngo"].public)
    assert not secretary.replica.roster.founding


def test_a_reader_cannot_write() -> None:
    secretary = found_group()
    secretary.enrol("ngo", "read")
    ngo = Phone("ngo", secretary.group)
    sync(ngo, secretary)
    with pytest.raises(LocalError, match="no_right"):
        ngo.replica.append([ledger_event(1)], 5)
    assert ngo.hashes() == secretary.hashes()
