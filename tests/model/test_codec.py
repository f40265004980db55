"""Bytes and events: exact both ways, and an answer for whatever a stranger sends."""

from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model import events as e
from model.codec import EVENT_BYTES_MAX, Unreadable, decode, encode, kind_of
from model.identifiers import entry_id, receipt_code
from tests.model.drawn_events import any_event, of_kind

CHANGE = bytes(range(16))
MEMBER = bytes(range(17))

SAMPLES: tuple[e.Event, ...] = (
    e.GroupDescribed("Umoja wa Wanawake", "KES", 2),
    e.ConstitutionAdopted(1, 100, fines={"late": 50, "noise": 20}),
    e.CycleOpened(1, "2026-01-01", "2026-12-31"),
    e.MemberAdded(7, "2026-01-01", b"12345678", b""),
    e.PersonSealed(MEMBER, bytes(16), bytes(24), bytes(40)),
    e.MemberStatusSet(MEMBER, "suspended", "asked for it"),
    e.OfficerElected("treasurer", bytes(16)),
    e.MeetingOpened(1, 12, "2024-02-29"),
    e.AttendanceMarked(1, 12, MEMBER, "representative"),
    e.SharePurchased(1, 12, MEMBER, 3, 300),
    e.SocialContributed(1, 12, MEMBER, 20),
    e.SocialPaidOut(1, 12, b"", 500, "funeral"),
    e.FineLevied(1, 12, MEMBER, "late", 50),
    e.FinePaid(1, 12, MEMBER, 50),
    e.LoanApplied(1, 12, MEMBER, 1000, "seed", 3),
    e.LoanApproved(1, 12, MEMBER, 1000, "reducing", 100_000, 3),
    e.LoanDisbursed(1, 12, MEMBER, 1000),
    e.LoanRepaid(1, 12, MEMBER, 400, 1, "mobile", "QX12"),
    e.ExpensePaid(1, 12, "stationery", 70),
    e.TransferMade(1, 12, "box", "bank", 900),
    e.CashCounted(1, 12, "close", "box", 0),
    e.MeetingClosed(1, 12, (e.CoveredTip(bytes(32), 3, bytes(32)),)),
    e.EntryReversed(1, 12, MEMBER, "wrong member"),
    e.OpeningBalanceSet(MEMBER, "savings", 4000, 40, "2025-12-31"),
    e.OfficerProposed("treasurer", bytes(16), reason="the meeting chose so"),
    e.ApprovalGiven(MEMBER, 1, 12),
    e.PersonErased(MEMBER, "asked for it"),
)


def raw(*fields: Any) -> bytes:
    return cbor2.dumps(list(fields), canonical=True)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_what_says_nothing_new_is_written_as_version_1(event: e.Event) -> None:
    payload = encode(event)
    row = next(row for row in e.EVENTS if row.event_class is type(event))
    assert decode(payload, CHANGE) == event
    assert payload.startswith(bytes((0x80 + 3 + row.versions[0], row.compartment)))
    assert cbor2.loads(payload)[2] == 1


@pytest.mark.parametrize("row", e.EVENTS, ids=lambda row: row.kind)
def test_every_kind_comes_back_equal(row: e.EventKind) -> None:
    @settings(max_examples=25, deadline=None, database=None)
    @given(of_kind(row))
    def comes_back(event: e.Event) -> None:
        payload = encode(event)
        assert decode(payload, CHANGE) == event
        assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload

    comes_back()


def test_a_later_field_makes_a_later_version() -> None:
    payload = encode(e.SharePurchased(1, 12, MEMBER, 3, 300, source="savings"))
    assert cbor2.loads(payload)[1:3] == ["share.purchased", 2]
    assert len(cbor2.loads(payload)) == 3 + 8


def test_elections_and_words_of_before_are_read() -> None:
    for fields, event in (
        ((1, "treasurer", bytes(16), b""), e.OfficerElected("treasurer", bytes(16))),
        ((2, "treasurer", bytes(16), b"", 2), e.OfficerElected("treasurer", bytes(16), b"", 2)),
        (
            (3, "treasurer", b"", b"", 1, MEMBER),
            e.OfficerElected("treasurer", b"", proposal=MEMBER),
        ),
    ):
        assert decode(raw(1, "officer.elected", *fields), CHANGE) == event
    assert decode(raw(1, "approval.given", 2, MEMBER, 1, 2, 3), CHANGE) == e.ApprovalGiven(
        MEMBER, 1, 2, 3
    )


def test_nobody_is_elected_without_a_proposal() -> None:
    malformed = Unreadable("officer.elected", "malformed")
    for fields in ((1, "treasurer", b"", b""), (3, "treasurer", b"", b"", 1, b"")):
        assert decode(raw(1, "officer.elected", *fields), CHANGE) == malformed
    assert decode(raw(1, "approval.given", 2, MEMBER, 1, 2, 4), CHANGE) == Unreadable(
        "approval.given", "malformed"
    )


def test_fields_that_name_entries_are_fields() -> None:
    for row in e.EVENTS:
        assert set(row.references) <= set(row.event_class.__struct_fields__)
        assert row.versions[-1] == len(row.event_class.__struct_fields__), row.kind
        assert list(row.versions) == sorted(set(row.versions)), row.kind


def test_a_reference_of_one_byte_points_into_its_own_change() -> None:
    payload = encode(e.AttendanceMarked(1, 2, b"\x05", "late"))
    assert decode(payload, CHANGE) == e.AttendanceMarked(1, 2, entry_id(CHANGE, 5), "late")


OPENED = "meeting.opened"
SHARE = (1, "share.purchased", 1, 1, 2, MEMBER, 3, 300, 1, "box")


def with_field(place: int, value: Any) -> bytes:
    fields = list(SHARE)
    fields[place] = value
    return raw(*fields)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (raw(1, "share.purchased", 3, "anything"), Unreadable("share.purchased", "unknown")),
        (raw(1, "wallet.opened", 1), Unreadable("wallet.opened", "unknown")),
        (raw(2, "photo.sealed", 1), Unreadable("photo.sealed", "unknown", 2)),
        (raw(1, "x" * 500, 1), Unreadable("x" * 64, "unknown")),
        (raw(*SHARE[:-1]), Unreadable("share.purchased", "malformed")),
        (raw(*SHARE, ""), Unreadable("share.purchased", "malformed")),
        (raw(*SHARE[:2], 2, *SHARE[3:]), Unreadable("share.purchased", "malformed")),
        (with_field(0, 2), Unreadable("share.purchased", "malformed", 2)),
        (with_field(0, True), Unreadable("", "malformed")),
        (with_field(5, b""), Unreadable("share.purchased", "malformed")),
        (with_field(5, bytes(16)), Unreadable("share.purchased", "malformed")),
        (with_field(5, "m" * 17), Unreadable("share.purchased", "malformed")),
        (with_field(6, 0), Unreadable("share.purchased", "malformed")),
        (with_field(7, 0), Unreadable("share.purchased", "malformed")),
        (with_field(7, -300), Unreadable("share.purchased", "malformed")),
        (with_field(7, 300.0), Unreadable("share.purchased", "malformed")),
        (with_field(7, True), Unreadable("share.purchased", "malformed")),
        (with_field(7, "300"), Unreadable("share.purchased", "malformed")),
        (with_field(7, 2**53 + 1), Unreadable("share.purchased", "malformed")),
        (with_field(7, 2**70), Unreadable("", "malformed")),
        (with_field(8, 1001), Unreadable("share.purchased", "malformed")),
        (with_field(9, "pocket"), Unreadable("share.purchased", "malformed")),
        (raw(1, "meeting.opened", 1, 1, 1, "2026-02-30"), Unreadable(OPENED, "malformed")),
        (raw(1, "meeting.opened", 1, 1, 1, "20260101"), Unreadable(OPENED, "malformed")),
        (raw("1", "share.purchased", 1), Unreadable("", "malformed")),
        (raw(), Unreadable("", "malformed")),
        (cbor2.dumps({0: 1}), Unreadable("", "malformed")),
        (b"", Unreadable("", "malformed")),
        (b"\x9f\x01\xff", Unreadable("", "malformed")),
        (b"\x81" * 10_000, Unreadable("", "malformed")),
        (bytes(EVENT_BYTES_MAX + 1), Unreadable("", "malformed")),
        (b"\xd8\x23\x67(a+)+$", Unreadable("", "malformed")),  # a regular expression
    ],
)
def test_what_cannot_be_read_says_why(payload: bytes, expected: Any) -> None:
    assert decode(payload, CHANGE) == expected


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(encode(SAMPLES[1])[:-1])
def test_any_bytes_give_an_answer(payload: bytes) -> None:
    assert isinstance(decode(payload, CHANGE), e.Event | Unreadable)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES) | any_event(), st.data())
def test_a_damaged_event_gives_an_answer(event: e.Event, data: st.DataObject) -> None:
    payload = bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode(bytes(payload), CHANGE), e.Event | Unreadable)


def test_an_event_out_of_range_is_refused_when_it_is_written() -> None:
    with pytest.raises(ValueError, match="SharePurchased"):
        encode(e.SharePurchased(1, 2, MEMBER, 3, 0))
    with pytest.raises(ValueError, match="not a date"):
        e.MeetingOpened(1, 2, "2026-02-30")
    with pytest.raises(ValueError, match="no entry id"):
        encode(e.SharePurchased(1, 2, bytes(9), 3, 300))


def test_kinds_are_named_once() -> None:
    assert kind_of(SAMPLES[9]) == "share.purchased"
    assert kind_of(Unreadable("wallet.opened", "unknown")) == "wallet.opened"
    assert len({row.kind for row in e.EVENTS}) == len(e.EVENTS)


def test_receipt_codes_are_short_and_tell_events_of_one_change_apart() -> None:
    assert receipt_code(bytes(17)) == "0000000000"
    assert receipt_code(b"\xff" * 16 + b"\x02") == "ZZZZZZZZZZ-2"
    assert len({receipt_code(bytes(16) + bytes([index])) for index in range(64)}) == 64


def test_events_are_frozen() -> None:
    with pytest.raises(AttributeError):
        SAMPLES[9].amount_minor = 1  # type: ignore[attr-defined]
    assert msgspec.structs.replace(SAMPLES[9], amount_minor=5) != SAMPLES[9]
