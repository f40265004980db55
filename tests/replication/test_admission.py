"""What may enter: every lie about a change's place, author or right is refused by its code."""

from collections.abc import Callable

import pytest

from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.change import verify_chain
from replication.control import DeviceEnrolled, FoundingEnded, encode_record
from replication.errors import RemoteError
from replication.history import Admitted, MemoryHistory
from replication.identity import actor_for
from replication.limits import COUNTER_MAX
from tests.replication.phones import (
    KEYS,
    PERSONS,
    Phone,
    found_group,
    found_with,
    ledger_event,
    sync,
)


def candidate_of(phone: Phone, admitted: Admitted) -> Candidate:
    change = admitted.change
    before = phone.history.at(change.device, change.n - 1)
    deps = tuple(a for dep in change.deps if (a := phone.history.find(dep)))
    return Candidate(
        change.device,
        change.n,
        before[0] if before else None,
        change.actor,
        deps,
        change.time_ms,
        change.events,
        change.signature,
    )


@pytest.fixture
def market() -> tuple[Phone, Phone, Candidate]:
    """The secretary's phone, the treasurer's, and a change of hers that only she holds."""
    secretary, treasurer = found_with("tre")
    treasurer.write(ledger_event(1))
    secretary.write(ledger_event(2))
    sync(secretary, treasurer)
    last = treasurer.write(ledger_event(3))
    return secretary, treasurer, candidate_of(treasurer, last)


def test_an_honest_change_is_judged_the_same_everywhere(
    market: tuple[Phone, Phone, Candidate],
) -> None:
    secretary, treasurer, candidate = market
    admitted = judge(secretary.group, Ancestry(secretary.history), candidate)
    own = treasurer.history.at(candidate.device, candidate.n)[0]
    assert admitted.change == own.change
    assert admitted.place.lamport == own.place.lamport


Lie = Callable[[Phone, Candidate], Candidate]

LIES: dict[str, tuple[str, Lie]] = {
    "no events": ("bad_events", lambda _p, c: c._replace(events=())),
    "too many events": ("bad_events", lambda _p, c: c._replace(events=c.events * 65)),
    "huge events": ("too_large", lambda _p, c: c._replace(events=(b"e" * 16_000,) * 9)),
    "time before 1970": ("bad_time", lambda _p, c: c._replace(time_ms=-1)),
    "time that breaks Automerge": ("bad_time", lambda _p, c: c._replace(time_ms=2**63)),
    "a gap in the chain": ("broken_chain", lambda _p, c: c._replace(n=c.n + 1)),
    "a chain begun again": ("broken_chain", lambda _p, c: c._replace(before=None)),
    "position zero": ("bad_position", lambda _p, c: c._replace(n=0)),
    "another device's chain": (
        "broken_chain",
        lambda p, c: c._replace(before=p.history.at(KEYS["sec"].public, c.n - 1)[0]),
    ),
    "another device's actor": (
        "foreign_actor",
        lambda _p, c: c._replace(actor=actor_for(KEYS["sec"].public, b"12345678")),
    ),
    "forgetting its own last change": (
        "forgets_itself",
        lambda p, c: c._replace(deps=tuple(p.history.at(KEYS["sec"].public, 1))),
    ),
    "a dependency that another one contains": (
        "redundant_dep",
        lambda p, c: c._replace(deps=(*c.deps, *p.history.at(KEYS["sec"].public, 1))),
    ),
    "the same dependency twice": ("redundant_dep", lambda _p, c: c._replace(deps=c.deps * 2)),
    "seventeen dependencies": ("too_many_deps", lambda _p, c: c._replace(deps=c.deps * 17)),
    "following nothing": ("other_group", lambda _p, c: c._replace(deps=(), n=1, before=None)),
    "a stranger's device": (
        "no_right",
        lambda _p, c: c._replace(
            device=KEYS["ngo"].public,
            actor=actor_for(KEYS["ngo"].public, b"12345678"),
            n=1,
            before=None,
        ),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused(name: str, market: tuple[Phone, Phone, Candidate]) -> None:
    secretary, _treasurer, candidate = market
    code, lie = LIES[name]
    with pytest.raises(RemoteError) as refused:
        judge(secretary.group, Ancestry(secretary.history), lie(secretary, candidate))
    assert refused.value.code == code


def test_an_actor_that_was_given_up_stays_given_up() -> None:
    (secretary,) = found_with()
    first = secretary.write(ledger_event(1))
    secretary.restart()
    last = secretary.write(ledger_event(2))
    assert first.change.actor != last.change.actor
    candidate = candidate_of(secretary, last)._replace(
        n=last.change.n + 1, before=last, deps=(last,), actor=first.change.actor
    )
    with pytest.raises(RemoteError, match="actor_reused"):
        judge(secretary.group, Ancestry(secretary.history), candidate)


def test_the_op_counter_cannot_be_exhausted() -> None:
    (secretary,) = found_with()
    last = secretary.write(ledger_event(1))
    far = Admitted(last.change, last.place._replace(max_op=COUNTER_MAX))
    candidate = candidate_of(secretary, last)._replace(n=last.change.n + 1, before=far, deps=(far,))
    with pytest.raises(RemoteError, match="counter_exhausted"):
        judge(secretary.group, Ancestry(secretary.history), candidate)


def test_a_right_is_judged_by_the_changes_own_past_not_by_what_is_known_now() -> None:
    """A device taken down to reading keeps what it wrote before it could know."""
    secretary, treasurer = found_with("tre")
    offline = treasurer.write(ledger_event(1))
    secretary.enrol("tre", "read")
    sync(secretary, treasurer)
    assert offline.change.change_hash in secretary.hashes()
    assert not treasurer.replica.roster.may_write(treasurer.keys.public)


def test_control_records_in_one_branch_do_not_reach_into_another() -> None:
    secretary = found_group()
    founding = secretary.everything()[-1]
    secretary.control(DeviceEnrolled(KEYS["tre"].public, PERSONS["tre"], "write", "tre"))
    secretary.control(FoundingEnded())
    too_early = Candidate(
        KEYS["tre"].public,
        1,
        None,
        actor_for(KEYS["tre"].public, b"12345678"),
        (founding,),
        5,
        (ledger_event(1),),
        b"",
    )
    with pytest.raises(RemoteError, match="no_right"):
        judge(secretary.group, Ancestry(secretary.history), too_early)
    informed = too_early._replace(deps=(secretary.everything()[-1],))
    judge(secretary.group, Ancestry(secretary.history), informed)


def test_only_a_founding_record_founds_a_group() -> None:
    keys = KEYS["sec"]
    plain = Candidate(
        keys.public, 1, None, actor_for(keys.public, b"12345678"), (), 5, (ledger_event(1),), b""
    )
    other = plain._replace(events=(encode_record(FoundingEnded()),))
    for candidate in (plain, other):
        with pytest.raises(RemoteError, match="not_founding"):
            judge(None, Ancestry(found_group().history), candidate)


def test_a_signature_is_the_devices_own_over_this_group() -> None:
    (secretary,) = found_with()
    change = secretary.write(ledger_event(1)).change
    verify_chain(change.device, secretary.group, change.chain_hash, change.signature)
    wrong = [
        (KEYS["tre"].public, secretary.group, change.chain_hash, change.signature),
        (change.device, b"g" * 32, change.chain_hash, change.signature),
        (change.device, secretary.group, b"c" * 32, change.signature),
        (change.device, secretary.group, change.chain_hash, bytes(64)),
        (change.device, secretary.group, change.chain_hash, b""),
        (b"\xff" * 32, secretary.group, change.chain_hash, change.signature),
    ]
    for arguments in wrong:
        with pytest.raises(RemoteError, match="bad_signature"):
            verify_chain(*arguments)


@pytest.mark.parametrize(
    "event",
    [ledger_event(1), encode_record(FoundingEnded()), b"\x83\x00dsome\x01"],
    ids=["a ledger event", "another record", "an unknown record"],
)
def test_a_group_begins_with_its_founding_record_alone(event: bytes) -> None:
    keys = KEYS["sec"]
    actor = actor_for(keys.public, b"12345678")
    candidate = Candidate(keys.public, 1, None, actor, (), 5, (event,), b"")
    with pytest.raises(RemoteError) as caught:
        judge(None, Ancestry(MemoryHistory()), candidate)
    assert caught.value.code == "not_founding"
    with pytest.raises(RemoteError) as caught:
        judge(bytes(32), Ancestry(MemoryHistory()), candidate)
    assert caught.value.code == "other_group"
