"""A control record is read in one form only, and each of its values has the bounds that are said.

The bounds are written here again, by hand: what is allowed at most passes, one more is refused.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.cbor import dumps, loads
from replication.control import (
    ADMISSION_VERSION,
    CARDS,
    COMPARTMENT_CONTROL,
    COMPARTMENT_LEDGER,
    COMPARTMENT_PEOPLE,
    KEY_BYTES,
    OFFICERS_MAX,
    PERSON_BYTES,
    PROTOCOL_VERSION,
    CardsIssued,
    CardVoted,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    EpochBegun,
    ForkJudged,
    FoundingEnded,
    GroupFounded,
    HeadsJoined,
    MeetingSealed,
    OfficersRestored,
    QuorumSet,
    Record,
    RelayChosen,
    VoteCast,
    check_label,
    decode_record,
    encode_record,
    is_control,
)
from replication.errors import RemoteError
from tests.replication.phones import found_group, ledger_event

K, M, P, S = b"k" * 32, b"m" * 32, b"p" * 16, b"s" * 64
WRITTEN: dict[Record, list[object]] = {
    GroupFounded(1, 1, P, P, "sec"): [0, "group.founded", 1, 1, 1, P, P, "sec"],
    GroupFounded(1, 2, P, P, "sec", K): [0, "group.founded", 2, 1, 2, P, P, "sec", K],
    DeviceEnrolled(K, P, "write", "tre"): [0, "device.enrolled", 1, K, P, "write", "tre"],
    DeviceEnrolled(K, P, "read", "ngo", "people", "2026-12-31"): [
        *(0, "device.enrolled", 2, K, P, "read", "ngo", "people", "2026-12-31")
    ],
    FoundingEnded(): [0, "founding.ended", 1],
    FoundingEnded(S): [0, "founding.ended", 2, S],
    HeadsJoined(): [0, "heads.joined", 1],
    QuorumSet(128): [0, "quorum.set", 1, 128],
    VoteCast(K, True): [0, "vote.cast", 2, K, True],
    DeviceSuspended(K, "lost"): [0, "device.suspended", 1, K, "lost"],
    DeviceReinstated(K): [0, "device.reinstated", 1, K],
    DeviceRevoked(K, "sold"): [0, "device.revoked", 1, K, "sold"],
    ForkJudged(K, 7, "copied"): [0, "fork.judged", 1, K, 7, "copied"],
    CardsIssued(K, K, K): [0, "cards.issued", 1, K, K, K],
    CardVoted(3, K, S): [0, "card.voted", 2, 3, K, S],
    MeetingSealed(M): [0, "meeting.sealed", 1, M],
    OfficersRestored(P, "new", 1, S, 2, S): [0, "officers.restored", 1, P, "new", 1, S, 2, S],
    RelayChosen(K, "https://r", K, K, K, K, True): [
        *(0, "relay.chosen", 1, K, "https://r", K, K, K, K, True)
    ],
    EpochBegun("ledger", P, "2026-01-31"): [0, "epoch.begun", 1, "ledger", P, "2026-01-31"],
}


@pytest.mark.parametrize("record", WRITTEN, ids=repr)
def test_a_record_is_written_so_and_read_back(record: Record) -> None:
    event = dumps(WRITTEN[record])
    assert encode_record(record) == event
    assert decode_record(event) == record
    assert is_control(event)


@pytest.mark.parametrize("record", WRITTEN, ids=repr)
def test_any_other_form_of_it_is_no_record(record: Record) -> None:
    said = WRITTEN[record]
    others: list[list[object]] = [
        [2, *said[1:]],
        [1, *said[1:]],
        [0, f"{said[1]}?", *said[2:]],
        [0, said[1], 9, *said[3:]],
        [0, said[1], True, *said[3:]],
        [0, said[1], "1", *said[3:]],
        [*said, 0],
        [0, 5, 1],
        [0, said[1]],
        said[:-1],
    ]
    for place in range(3, len(said)):
        others.append([*said[:place], None, *said[place + 1 :]])
    for other in others:
        assert decode_record(dumps(other)) is None, other


BOUNDS: tuple[tuple[Record, Record], ...] = (
    (QuorumSet(1), QuorumSet(0)),
    (QuorumSet(128), QuorumSet(129)),
    (ForkJudged(K, 1, "restored"), ForkJudged(K, 0, "restored")),
    (ForkJudged(K, 2**31, "restored"), ForkJudged(K, 2**31 + 1, "restored")),
    (ForkJudged(K, 1, "copied"), ForkJudged(K, 1, "lost")),
    (CardVoted(1, K, S), CardVoted(0, K, S)),
    (CardVoted(3, K, S), CardVoted(4, K, S)),
    (DeviceSuspended(K, "x" * 80), DeviceSuspended(K, "x" * 81)),
    (DeviceEnrolled(K, P, "pull", "x" * 80), DeviceEnrolled(K, P, "pull", "x" * 81)),
    (DeviceEnrolled(K, P, "read", "a"), DeviceEnrolled(K, P, "rule", "a")),
    (DeviceEnrolled(K, P, "read", "a", "ledger"), DeviceEnrolled(K, P, "pull", "a", "ledger")),
    (DeviceEnrolled(K, P, "pull", "a", "summary"), DeviceEnrolled(K, P, "read", "a", "summary")),
    (DeviceEnrolled(K, P, "read", "a", "people"), DeviceEnrolled(K, P, "write", "a", "people")),
    (DeviceEnrolled(K, P, "read", "a", "people"), DeviceEnrolled(K, P, "read", "a", "all")),
    (
        DeviceEnrolled(K, P, "read", "a", "", "2024-02-29"),
        DeviceEnrolled(K, P, "read", "a", "", "2026-02-29"),
    ),
    (EpochBegun("summary", P, "2026-01-31"), EpochBegun("people", P, "2026-01-31")),
    (EpochBegun("ledger", P, "2026-01-31"), EpochBegun("ledger", P, "20260131")),
    (EpochBegun("ledger", P, "2026-01-31"), EpochBegun("ledger", P, "")),
    (EpochBegun("ledger", P, "2026-01-31"), EpochBegun("ledger", P[1:], "2026-01-31")),
    (FoundingEnded(S), FoundingEnded(S[1:])),
    (GroupFounded(1, 2, P, P, "sec", K), GroupFounded(1, 2, P, P, "sec", K[1:])),
    (GroupFounded(1, 2, P, P, "sec", K), GroupFounded(1, 2, P + b"p", P, "sec", K)),
    (OfficersRestored(P, "a", 1, S, 3, S), OfficersRestored(P, "a", 1, S, 4, S)),
    (OfficersRestored(P, "a", 1, S, 3, S), OfficersRestored(P, "a", 0, S, 3, S)),
    (OfficersRestored(P, "a", 1, S, 3, S), OfficersRestored(P, "a", 1, b"", 3, S)),
    (
        RelayChosen(K, "h" * 200, K, K, K, K, False),
        RelayChosen(K, "h" * 201, K, K, K, K, False),
    ),
    (
        RelayChosen(K, "h", K, K, K, K, False),
        RelayChosen(K, "h", K, K, K, b"", False),
    ),
    (CardsIssued(K, K, K), CardsIssued(K, K, b"")),
)


@pytest.mark.parametrize(("most", "beyond"), BOUNDS, ids=repr)
def test_the_most_that_is_allowed_is_and_no_more(most: Record, beyond: Record) -> None:
    event = encode_record(most)
    assert decode_record(event) == most
    head = loads(event)[:3]
    assert decode_record(dumps([*head, *beyond[: len(loads(event)) - 3]])) is None
    with pytest.raises(ValueError, match=r"\w+ (is|are|must be|do not|and) "):
        encode_record(beyond)


@pytest.mark.parametrize("label", ["", " ", "x" * 81, "two\nlines", "\u202e"])
def test_a_label_that_people_could_not_read_is_refused(label: str) -> None:
    with pytest.raises(RemoteError, match="1 to 80 printable characters") as caught:
        check_label(label)
    assert caught.value.code == "bad_label"


def test_a_label_of_80_letters_is_a_label() -> None:
    for label in ("x", "x" * 80, "Achieng's phone"):
        assert check_label(label) == label


@given(st.integers(0, 40), st.sampled_from([0, 1, 2, 3, 4]))
def test_the_compartment_is_seen_in_arrays_of_any_length(more: int, compartment: int) -> None:
    """Short arrays and long ones have different heads; neither needs decoding for it."""
    assert is_control(dumps([compartment, "x", 1, *range(more)])) == (compartment == 0)


def test_a_ledger_event_is_no_control_record() -> None:
    assert not is_control(ledger_event(1))
    assert all(not is_control(event) for event in (dumps([1, "x", 1, *range(30)]),))
    assert is_control(found_group().everything()[0].change.events[0])


def test_groups_are_founded_under_these_versions() -> None:
    """Another number is another protocol: phones that know only this one must not join."""
    assert (PROTOCOL_VERSION, ADMISSION_VERSION) == (1, 2)
    assert (COMPARTMENT_CONTROL, COMPARTMENT_LEDGER, COMPARTMENT_PEOPLE) == (0, 1, 2)
    assert (KEY_BYTES, PERSON_BYTES, CARDS, OFFICERS_MAX) == (32, 16, 3, 128)
