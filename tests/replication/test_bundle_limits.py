"""What a bundle may hold, from both ends: a writer refuses to write it, a reader to believe it."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication import bundle, dictionaries, intake, templates
from replication.bundle import encode_bundle, fill_bundle
from replication.change import Change
from replication.errors import LocalError, RemoteError
from replication.identity import DeviceKeys, actor_for
from replication.intake import Quota, take_bundle
from replication.limits import BUNDLE_BYTES_MAX, BUNDLE_CHANGES_MAX
from replication.vocabulary import WORDS
from tests.replication.chains import DEVICES, chain_of, follow, meeting, received
from tests.replication.forger import Forger, bundled
from tests.replication.phones import Phone, found_with, ledger_event, sync
from tests.replication.test_hostile_bundles import Liar, refusal


def too_large(changes: list[Change]) -> str:
    with pytest.raises(LocalError) as caught:
        encode_bundle(changes)
    assert caught.value.code == "bundle_too_large"
    return caught.value.detail


def test_a_bundle_of_many_devices_is_too_long_by_their_names_alone() -> None:
    devices = [sha256(number.to_bytes(4, "big")).digest() for number in range(6_000)]
    changes = [follow(device, None, [], 5, [1, "x", 1]) for device in devices]
    assert too_large(changes) == "too many bytes for one bundle"
    fill_bundle(changes[:100], BUNDLE_BYTES_MAX)


def test_a_bundle_of_too_many_different_texts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = chain_of(DEVICES[0], [[1, "x", 1, f"text {number}"] for number in range(12)])
    encode_bundle(changes)
    monkeypatch.setattr(dictionaries, "BUNDLE_STRINGS_MAX", 11)
    assert too_large(changes) == "too many different strings for one bundle"


def test_a_bundle_of_too_many_lists_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = chain_of(DEVICES[0], [[1, "x", 1, [[], {}]] for _ in range(12)])
    monkeypatch.setattr(templates, "BUNDLE_CONTAINERS_MAX", 12 * 4)
    encode_bundle(changes)
    monkeypatch.setattr(templates, "BUNDLE_CONTAINERS_MAX", 12 * 4 - 1)
    assert too_large(changes) == "too many arrays and maps for one bundle"


def test_more_kinds_than_there_are_templates_travel_all_the_same() -> None:
    changes = chain_of(DEVICES[0], [[1, f"kind{number}", 1, number] for number in range(300)])
    assert [one.events for one in received(encode_bundle(changes))] == [
        one.events for one in changes
    ]


def test_bytes_that_are_no_event_are_refused_by_who_reads_them() -> None:
    made = follow(DEVICES[0], None, [], 5, [1, "x", 1])
    changes = [made._replace(events=(b"\xff\xff",)), *chain_of(DEVICES[1], meeting(3))]
    assert refusal(encode_bundle(changes)) in {
        "bad_cbor",
        "bad_bundle",
        "bad_type",
        "not_canonical",
    }


def test_a_bundle_longer_than_may_be_is_not_read() -> None:
    assert refusal(b"\x01" + bytes(BUNDLE_BYTES_MAX)) == "bad_bundle"


def test_more_events_than_a_bundle_holds_are_refused_before_they_are_made() -> None:
    liar = Liar()
    liar.begin(BUNDLE_CHANGES_MAX, 5)
    with pytest.raises(RemoteError, match="65,536 events"):
        received(liar.bundle())


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    liar = Liar()
    liar.begin(1, 1)
    liar.template([1], 1)
    liar.strings(b"\xff\xfe")
    liar.dense += bytes(4)
    liar.constant(len(WORDS), 1)
    with pytest.raises(RemoteError, match="not UTF-8"):
        received(liar.bundle())


class Beginner(Liar):
    """Says of what it likes where chains begin and when they were written."""

    def chain(self, starts: int, time_ms: int) -> None:
        """Two changes of one device, begun or not, at this time."""
        self.number(2)
        self.plain += bytes(32 + 8)
        for _ in range(2):
            self.number(1)
        self.constant(0, 1)
        self.constant(0, 2)
        self.number(starts)
        if starts:
            for value in (0, 1):
                self.constant(value, 1)
        self.column([0, 1])
        self.constant(1, 1)
        self.number(0)  # no other deps
        self.number(0)  # times
        self.constant(time_ms, 2)
        self.constant(1, 2)
        self.number(0)  # no signatures
        self.template([], 2)
        self.dense += bytes(5)


@pytest.mark.parametrize(
    ("starts", "time_ms", "why"),
    [
        (0, 5, "a chain is continued that was not begun"),
        (1, -1, "a time is out of range"),
        (1, 2**43, "a time is out of range"),
    ],
)
def test_a_chain_begins_somewhere_and_somewhen(starts: int, time_ms: int, why: str) -> None:
    liar = Beginner()
    liar.chain(starts, time_ms)
    with pytest.raises(RemoteError, match=why):
        received(liar.bundle())


def test_a_chain_that_is_begun_in_time_is_read() -> None:
    liar = Beginner()
    liar.chain(1, 2**43 - 1)
    assert [one.n for one in received(liar.bundle())] == [1, 2]


def test_a_template_that_no_event_uses_is_refused() -> None:
    liar = Liar()
    liar.begin(1, 1)
    liar.number(2)
    for _ in range(2):
        for number in (27, 1, 1, 0):
            liar.number(number)
    liar.constant(0, 1)
    liar.dense += bytes(5)
    with pytest.raises(RemoteError, match="a template has no event"):
        received(liar.bundle())


def test_a_change_under_anothers_actor_is_not_written() -> None:
    made = follow(DEVICES[0], None, [], 5, [1, "x", 1])
    stolen = made._replace(actor=actor_for(DEVICES[1], b"salt" * 2))
    with pytest.raises(ValueError, match="the actor of a change is not its device's"):
        encode_bundle([stolen])


@given(st.integers(1, 300))
def test_of_so_many_the_last_is_tried_then_that_of_each_half(count: int) -> None:
    tried = [*bundle._halvings(count)]
    assert tried[0] == count - 1
    assert tried[-1] == 0
    assert all(later == (earlier + 1) // 2 - 1 for earlier, later in pairwise(tried))


# What is taken of one


def forged(count: int) -> tuple[Phone, Forger, bytes]:
    """An officer's phone, and a bundle of so many new changes of another that it enrolled."""
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(0))
    sync(secretary, treasurer)
    forger = Forger(secretary, "tre")
    chain = [forger.sign(forger.own_last(), [forger.newest()], ledger_event(1))]
    for number in range(count - 1):
        chain.append(forger.sign(chain[-1], [chain[-1]], ledger_event(2 + number)))
    return secretary, forger, bundled([one.change for one in chain])


def test_who_writes_more_than_others_can_take_in_at_once_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secretary, forger, data = forged(3)
    size = len(ledger_event(0)) + len(ledger_event(1))
    monkeypatch.setattr(intake, "LOOSE_BYTES_MAX", size + len(ledger_event(2)))
    ancestry = Forger(secretary, "sec").ancestry
    assert take_bundle(forger.group, ancestry, data).refusal is None
    monkeypatch.setattr(intake, "LOOSE_BYTES_MAX", size - 1)
    taken = take_bundle(forger.group, Forger(secretary, "sec").ancestry, data)
    assert taken.refusal is not None
    assert taken.refusal.code == "flood"


def test_what_follows_something_unknown_waits_and_is_no_lie() -> None:
    _, treasurer = found_with("tre")
    before = [treasurer.write(ledger_event(number)) for number in range(3)]
    bundle_of_last = bundled([before[-1].change])
    empty = found_with("tre")[0]
    ancestry = Forger(empty, "sec").ancestry
    taken = take_bundle(treasurer.group, ancestry, bundle_of_last)
    assert (taken.missing, taken.refusal, taken.admitted) == (True, None, ())


def test_a_device_is_named_without_its_secret() -> None:
    keys = DeviceKeys(b"s" * 32)
    assert repr(keys) == f"DeviceKeys({keys.public.hex()[:8]})"
    assert (b"s" * 32).hex() not in repr(keys)
    with pytest.raises(ValueError, match="32 bytes"):
        DeviceKeys(b"s" * 31)
    for salt in (b"", b"s" * 7, b"s" * 9):
        with pytest.raises(ValueError, match="8 bytes"):
            actor_for(keys.public, salt)
    assert len(actor_for(keys.public, b"s" * 8)) == 24


def test_of_a_stopped_device_no_more_is_taken_than_its_quota() -> None:
    secretary, forger, data = forged(3)
    device = forger.keys.public
    for changes in (0, 1, 2, 3):
        ancestry = Forger(secretary, "sec").ancestry
        taken = take_bundle(forger.group, ancestry, data, Quota(device, changes))
        assert len(taken.admitted) == changes
        assert (taken.refusal.code if taken.refusal else "") == ("" if changes == 3 else "flood")
    other = take_bundle(forger.group, Forger(secretary, "sec").ancestry, data, Quota(b"", 0))
    assert len(other.admitted) == 3


@pytest.mark.parametrize("beyond", [0, 7])
def test_an_index_outside_its_dictionary_is_refused(beyond: int) -> None:
    liar = Liar()
    liar.begin(1, 1)
    liar.template([1], 1)
    liar.strings(b"text")
    liar.dense += bytes(4)
    liar.constant(len(WORDS) + 1 + beyond, 1)
    with pytest.raises(RemoteError, match="outside its dictionary"):
        received(liar.bundle())
