"""What becomes of an invitation: expiry by its maker's clock, tries and calls that are counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import clock
from node.database import Database
from node.errors import NodeError
from node.invitation_store import CALLS_MAX, TRIES_MAX, InvitationRow
from node.invitations import (
    INVITATIONS_MAX,
    LIFETIME_MS_MAX,
    SET_BACK_MS_MAX,
    Guest,
    Terms,
    current,
    guest_of,
    invite,
    require_open,
    withdraw,
    wrong_try,
)
from node.node import Node
from tests.node.phones import NOW_MS, founded

MONTH_MS = LIFETIME_MS_MAX


@pytest.fixture
def secretary(tmp_path: Path) -> Iterator[tuple[Node, bytes]]:
    node, group = founded(tmp_path)
    yield node, group
    node.close()


def made(node: Node, group: bytes, terms: Terms = Terms(), now_ms: int = NOW_MS) -> bytes:  # noqa: B008
    number, _ = invite(node, group, "write", Guest("Baraka"), (), now_ms, terms)
    return number


def found(node: Node, group: bytes, number: bytes, now_ms: int = NOW_MS) -> InvitationRow:
    rows = current(node.group(group), now_ms)
    return next(row for row in rows if row.invitation_id == number)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lifetime_ms=st.integers(1, MONTH_MS),
    looks=st.lists(st.integers(-MONTH_MS, 2 * MONTH_MS), min_size=1, max_size=6),
)
def test_it_is_good_while_young_and_once_over_stays_over(
    secretary: tuple[Node, bytes], lifetime_ms: int, looks: list[int]
) -> None:
    node, group = secretary
    number = made(node, group, Terms(lifetime_ms=lifetime_ms))
    is_good = True
    for age_ms in looks:  # in any order: a clock may be set
        is_good = is_good and -SET_BACK_MS_MAX <= age_ms < lifetime_ms
        row = found(node, group, number, NOW_MS + age_ms)
        assert row.state == ("open" if is_good else "expired")
        assert bool(row.secret_hash) == is_good
    if is_good:
        withdraw(node, group, number)
        assert found(node, group, number).state == "withdrawn"


def test_nothing_is_good_for_longer_than_a_month(secretary: tuple[Node, bytes]) -> None:
    node, group = secretary
    number = made(node, group, Terms(lifetime_ms=10**15))
    assert found(node, group, number, NOW_MS + MONTH_MS - 1).state == "open"
    assert found(node, group, number, NOW_MS + MONTH_MS).state == "expired"


def test_time_goes_on_while_the_process_lives_though_the_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = clock.CLOCK.get()
    begun_ms = system.wall_ms()
    monkeypatch.setattr(system, "wall_ms", lambda: 0)
    before = clock.steady_ms()  # by the clock that nobody sets; the two differ by what they round
    assert before + 3_600_000 > begun_ms > 0
    passed = clock.boot_ms() + 3_600_000
    monkeypatch.setattr(system, "boot_ms", lambda: passed)
    assert clock.steady_ms() >= before + 3_500_000
    ahead = before + 10**9
    monkeypatch.setattr(system, "wall_ms", lambda: ahead)
    assert clock.steady_ms() == ahead


def test_the_third_wrong_try_burns_it_and_the_count_survives(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    number, other = made(node, group), made(node, group)
    for tries in range(1, TRIES_MAX + 1):
        assert wrong_try(node, group, number) == tries
        node.close()
        node = Node.open(tmp_path)
        row = found(node, group, number)
        assert (row.tries, row.state) == (tries, "burned" if tries == TRIES_MAX else "open")
    assert row.secret_hash == b""
    with pytest.raises(NodeError, match="burned by wrong tries"):
        require_open(node, group, number, NOW_MS)
    wrong_try(node, group, number)  # over is over
    assert found(node, group, number).state == "burned"
    assert found(node, group, other)[5:] == ("open", b"", "secret", False, 86_400_000, 0, b"")
    require_open(node, group, other, NOW_MS)
    node.close()


@given(tags=st.lists(st.binary(min_size=16, max_size=16), max_size=2 * CALLS_MAX))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hello_is_good_once_and_calls_are_bounded(
    secretary: tuple[Node, bytes], tags: list[bytes]
) -> None:
    node, group = secretary
    number = made(node, group)
    store, group_no = node.store.invited, node.group(group).row.group_no
    heard: set[bytes] = set()
    for tag in tags:
        is_new, is_open = tag not in heard, found(node, group, number).state == "open"
        expected = is_new and is_open and len(heard) < CALLS_MAX
        assert store.note_call(group_no, number, tag) == expected
        heard |= {tag} if expected else set()
        assert len(found(node, group, number).calls) <= 16 * CALLS_MAX
    withdraw_if_open(node, group, number)


def withdraw_if_open(node: Node, group: bytes, number: bytes) -> None:
    if found(node, group, number).state == "open":
        withdraw(node, group, number)


def test_a_recording_costs_no_write(
    secretary: tuple[Node, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, group = secretary
    number = made(node, group)
    store, group_no = node.store.invited, node.group(group).row.group_no
    assert store.note_call(group_no, number, bytes(16))

    def written(*_: object) -> None:
        raise AssertionError("a stranger's recording was written down")

    monkeypatch.setattr(Database, "write", written)
    assert not store.note_call(group_no, number, bytes(16))


def test_what_an_invitation_is_for_is_kept(secretary: tuple[Node, bytes]) -> None:
    node, group = secretary
    guest = Guest("Baraka", "treasurer", 0, "ab" * 16)
    terms = Terms("secret", True, 60_000)
    number, _ = invite(node, group, "read", guest, (), NOW_MS, terms)
    row = found(node, group, number)
    assert guest_of(row) == guest
    assert (row.right, row.way, row.confirm, row.lifetime_ms) == ("read", "secret", True, 60_000)


def test_expired_ones_take_no_place(secretary: tuple[Node, bytes]) -> None:
    node, group = secretary
    for _ in range(INVITATIONS_MAX):
        made(node, group, Terms(lifetime_ms=1000))
    with pytest.raises(NodeError, match="still unused"):
        made(node, group)
    assert made(node, group, now_ms=NOW_MS + 1000)
