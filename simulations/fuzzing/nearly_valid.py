"""Changes that are right but for one thing, as a modified phone with real keys would make them.

Each oddity says which refusals it may end in; no codes: it must be admitted, however odd it looks.
A draft is what a device would sign: the honest next change of its device over some of what is
known, from which an oddity departs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import Final, NamedTuple

import cbor2

from replication.ancestry import Ancestry, merged_clock
from replication.cbor import dumps
from replication.change import CHAIN_START, Change, chain_hash, change_value, sign_chain
from replication.chunk import body_hash, change_body
from replication.control import (
    EpochBegun,
    HeadsJoined,
    QuorumSet,
    Record,
    RelayChosen,
    VoteCast,
    encode_record,
)
from replication.history import Admitted
from replication.identity import DeviceKeys, actor_for
from simulations.fuzzing.village_seeds import entry_id, key_of, meeting_events

MISSING: Final = "missing"
"""Instead of a code: the change has to wait for others, which never come."""
NOTHING: Final = "nothing new"
"""Instead of a code: the change was there already."""
_ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
WRITERS: Final = ("secretary", "treasurer", "chair")
OTHERS: Final = ("ngo", "stranger", "stopped", "gone")
"""A reader, nobody's, one that is suspended, and one that lost its right."""


@dataclass
class Draft:
    """What a device is about to sign."""

    keys: DeviceKeys
    """Whose signature it gets."""
    device: bytes
    n: int
    prev: bytes
    actor: bytes
    deps: list[bytes]
    time_ms: int
    events: list[bytes]
    seq: int
    start_op: int
    list_ctr: int
    last_ctr: int
    before: Admitted | None
    known: list[Admitted] = field(default_factory=list)
    """The changes that it follows directly."""
    body_time: int = 0
    doctored: Callable[[bytes], bytes] = lambda body: body
    """What is done to the body before it is hashed."""
    signature: Callable[[bytes], bytes] = lambda signature: signature
    group: bytes = b""


class Oddity(NamedTuple):
    """One way to be nearly valid."""

    make: Callable[[Random, Draft, Ancestry], Draft | None]
    """None: this draft can't be made odd in this way."""
    codes: frozenset[str] = frozenset()


def honest(rng: Random, name: str, ancestry: Ancestry, group: bytes, number: int) -> Draft:
    """The next change of a device over all or some of what is known."""
    keys = key_of(name)
    tips = list(ancestry.tips)
    own = [tips[lane] for lane in ancestry.lanes_of(keys.public)]
    chosen = rng.sample(tips, rng.randint(1, len(tips))) if rng.random() < 0.5 else tips
    known = maximal(ancestry, [*chosen, *own])[:16]
    return after(keys, ancestry, group, known, _events(rng, number), number)


def after(
    keys: DeviceKeys,
    ancestry: Ancestry,
    group: bytes,
    known: Sequence[Admitted],
    events: list[bytes],
    number: int,
) -> Draft:
    """The change that a device signs that knows these and what they follow."""
    past = merged_clock([one.place for one in known])
    before = ancestry.latest_own(keys.public, past)
    start_op = 1 + max(one.place.max_op for one in known)
    salt = sha256(keys.public + b"salt").digest()[:8]
    place = before.place if before else None
    return Draft(
        keys,
        keys.public,
        before.change.n + 1 if before else 1,
        before.change.chain_hash if before else CHAIN_START,
        before.change.actor if before else actor_for(keys.public, salt),
        sorted(one.change.change_hash for one in known),
        1_767_225_600_000 + number * 1000,
        events,
        place.seq + 1 if place else 1,
        start_op,
        place.list_ctr if place else 0,
        place.max_op if place else 0,
        before,
        list(known),
        group=group,
    )


def maximal(ancestry: Ancestry, among: Sequence[Admitted]) -> list[Admitted]:
    """Of some changes those that no other of them follows."""
    distinct = list({one.change.change_hash: one for one in among}.values())
    return [
        one
        for one in distinct
        if not any(
            other is not one and ancestry.knows(other.place.clock, one) for other in distinct
        )
    ]


def signed(draft: Draft) -> Change:
    """The change, signed as the draft says."""
    value = change_value(max(0, min(draft.time_ms, 2**64 - 1)), draft.events)
    body = change_body(
        draft.actor,
        draft.seq,
        draft.start_op,
        draft.deps,
        (value,),
        draft.list_ctr,
        draft.last_ctr,
        draft.body_time,
    )
    change_hash = body_hash(draft.doctored(body))
    told_ms = max(0, min(draft.time_ms, 2**64 - 1))
    chain = chain_hash(draft.prev, draft.device, draft.n % 2**64, told_ms, change_hash)
    signature = draft.signature(sign_chain(draft.keys, draft.group, chain))
    return Change(
        draft.device,
        draft.n,
        draft.prev,
        draft.actor,
        tuple(draft.deps),
        draft.time_ms,
        tuple(draft.events),
        change_hash,
        chain,
        signature,
    )


# Events


def _events(rng: Random, number: int) -> list[bytes]:
    """What a change may well say; the model finds much of it odd, admission none."""
    pool = meeting_events(number % 50)
    kind = rng.random()
    if kind < 0.55:
        return rng.sample(pool, rng.choice((1, 1, 1, 2, 5)))
    if kind < 0.7:
        return [encode_record(_record(rng))]
    odd: tuple[object, ...] = (
        [1, "share.purchased", 1, 1, number, entry_id(number), -5, 2**63 - 1, 1, "box"],
        [1, "share.purchased", 1],
        [2, "person.sealed", 1, entry_id(1), b"k" * 16, b"n" * 24, b"s" * 80],
        [0, "device.enrolled", 1, b"short", 7, "write", "x"],
        [0, "device.enrolled", 1, key_of("new").public, bytes(16), "write", "new"],
        [1, "x" * 300, 99, {"a": [[[[1]]]]}, None, True, -(2**63)],
        [1, "meeting.opened", 1, 1, number % 7, "2026-01-07"],
        [1, "z", 1, "t" * 16_000],
    )
    return [dumps(rng.choice(odd))]


def _record(rng: Random) -> Record:
    def box() -> bytes:
        return rng.randbytes(32)

    return rng.choice(
        (
            QuorumSet(rng.randint(1, 3)),
            HeadsJoined(),
            VoteCast(rng.randbytes(32), rng.random() < 0.5),
            EpochBegun("ledger", rng.randbytes(16), "2026-02-01"),
            RelayChosen(key_of("relay").public, "wss://r", box(), box(), box(), box(), True),
        )
    )


# Oddities


def _with(**values: object) -> Callable[[Random, Draft, Ancestry], Draft]:
    return lambda _rng, draft, _ancestry: replace(draft, **values)  # type: ignore[arg-type]


def _moved(name: str, *steps: int) -> Callable[[Random, Draft, Ancestry], Draft]:
    return lambda rng, draft, _ancestry: replace(
        draft, **{name: getattr(draft, name) + rng.choice(steps)}
    )


def _events_of(*events: object) -> Callable[[Random, Draft, Ancestry], Draft]:
    raw = [one if isinstance(one, bytes) else cbor2.dumps(one, canonical=True) for one in events]
    return lambda rng, draft, _ancestry: replace(draft, events=[rng.choice(raw)])


def _forked(rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """Go on from an older change of one's own: a copied or restored phone."""
    if draft.before is None or draft.before.change.n < 2:
        return None
    lane = draft.before.place.lane
    lowest = ancestry.branches[lane].fork_n + 1
    n = rng.randint(lowest, draft.before.change.n - 1) if draft.before.change.n > lowest else 0
    older = next(iter(ancestry.run(lane, n, n)), None) if n else None
    if older is None:
        return None
    return after(draft.keys, ancestry, draft.group, [older], draft.events, rng.randrange(10**6))


def _forked_anew(rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """The same under a fresh actor, as a restored phone does that starts again."""
    made = _forked(rng, draft, ancestry)
    return _restarted(rng, made, ancestry) if made else None


def _restarted(rng: Random, draft: Draft, _ancestry: Ancestry) -> Draft:
    return replace(
        draft, actor=actor_for(draft.device, rng.randbytes(8)), seq=1, list_ctr=0, last_ctr=0
    )


def _old_actor(_rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """An actor that this device had before its last restart."""
    if draft.before is None:
        return None
    lane = draft.before.place.lane
    last = draft.before.change
    for one in ancestry.run(lane, ancestry.branches[lane].fork_n + 1, last.n):
        if one.change.actor != last.actor:
            return replace(draft, actor=one.change.actor, seq=1, list_ctr=0, last_ctr=0)
    return None


def _redundant(_rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """Follows a change, and one that this change follows."""
    for one in draft.known:
        for dep in one.change.deps:
            if dep not in draft.deps:
                return replace(draft, deps=sorted([*draft.deps, dep]))
    return None


def _many_deps(rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    older = [one.change.change_hash for one in ancestry.tips]
    some = [*draft.deps, *older] * 17
    return replace(draft, deps=some[:17])


def _forgets(_rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """Continues its chain without following its last change."""
    if draft.before is None:
        return None
    free = [
        one
        for one in draft.known[0].change.deps
        if (found := ancestry.find(one)) and not ancestry.knows(found.place.clock, draft.before)
    ]
    if not free or draft.known[0] is not draft.before or len(draft.known) > 1:
        return None
    found = ancestry.find(free[0])
    assert found is not None
    return replace(draft, deps=[free[0]], start_op=found.place.max_op + 1)


def _skips(_rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """Follows all, but continues from one before its last."""
    before = draft.before
    if before is None or before.change.n < 2:
        return None
    older = ancestry.at_chain(draft.device, before.change.n - 1, before.change.prev)
    if older is None:
        return None
    return replace(draft, n=before.change.n, prev=older.change.chain_hash)


def _others_chain(_rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    other = next((tip for tip in ancestry.tips if tip.change.device != draft.device), None)
    if other is None or draft.n == 1:
        return None
    return replace(draft, prev=other.change.chain_hash)


def _again(rng: Random, draft: Draft, ancestry: Ancestry) -> Draft | None:
    """A change that everybody has: the one before."""
    if draft.before is None:
        return None
    old = draft.before.change
    return replace(
        draft, n=old.n, prev=old.prev, actor=old.actor, deps=list(old.deps),
        time_ms=old.time_ms, events=list(old.events), doctored=lambda _body: b"",
    )  # fmt: skip


def _wrong_element(rng: Random, draft: Draft, _ancestry: Ancestry) -> Draft | None:
    """Inserts after another element than the last; whoever makes its list has none yet."""
    return replace(draft, last_ctr=draft.last_ctr + rng.choice((1, 7))) if draft.list_ctr else None


def _signature(change: Callable[[bytes], bytes]) -> Callable[[Random, Draft, Ancestry], Draft]:
    return _with(signature=change)


def _malleable(signature: bytes) -> bytes:
    scalar = int.from_bytes(signature[32:], "little") + _ED25519_ORDER
    return signature[:32] + (scalar % 2**256).to_bytes(32, "little")


def _patched(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new, 1) if old in body else body + new


_BAD_SIGNATURE: Final = frozenset({"bad_signature"})
_LARGE: Final = [1, "x", 1, "t" * 16_384]

ODDITIES: Final[Mapping[str, Oddity]] = {
    "nothing": Oddity(lambda _rng, draft, _ancestry: draft),
    "restarted": Oddity(_restarted),
    "time 0": Oddity(_with(time_ms=0)),
    "time 2^32": Oddity(_with(time_ms=2**32)),
    "last time": Oddity(_with(time_ms=2**43 - 1)),
    "time too late": Oddity(_with(time_ms=2**43), frozenset({"bad_time", "bad_bundle"})),
    "time before 1970": Oddity(_with(time_ms=-1), frozenset({"bad_time", "bad_bundle"})),
    "time of 64 bits": Oddity(_with(time_ms=2**63), frozenset({"bad_time", "bad_bundle"})),
    "position ahead": Oddity(_moved("n", 1, 5), frozenset({MISSING, "broken_chain"})),
    "position behind": Oddity(
        _moved("n", -1), frozenset({MISSING, "broken_chain", "skips_itself"})
    ),
    "position past its end": Oddity(_with(n=2**31 + 1), frozenset({MISSING, "bad_bundle"})),
    "chain of nobody": Oddity(
        _with(prev=b"\x07" * 32), frozenset({MISSING, "broken_chain", "bad_signature"})
    ),
    "chain of another": Oddity(_others_chain, frozenset({MISSING, "broken_chain"})),
    "an older change of its own": Oddity(_forked),
    "an older one, restarted": Oddity(_forked_anew),
    "skips its last": Oddity(_skips, frozenset({"skips_itself", "broken_chain"})),
    "forgets its last": Oddity(_forgets, frozenset({"forgets_itself"})),
    "follows the unknown": Oddity(
        lambda rng, draft, _a: replace(draft, deps=sorted([*draft.deps, rng.randbytes(32)])),
        frozenset({MISSING}),
    ),
    "follows one twice": Oddity(
        lambda _rng, draft, _a: replace(draft, deps=[draft.deps[0], *draft.deps]),
        frozenset({"redundant_dep"}),
    ),
    "follows one through another": Oddity(_redundant, frozenset({"redundant_dep"})),
    "follows seventeen": Oddity(_many_deps, frozenset({"too_many_deps", "bad_bundle"})),
    "follows nothing": Oddity(
        _with(deps=[]), frozenset({"other_group", "forgets_itself", "not_founding", "broken_chain"})
    ),
    "an actor that was given up": Oddity(_old_actor, frozenset({"actor_reused"})),
    "wrong seq": Oddity(_moved("seq", 1, -1, 2**31), _BAD_SIGNATURE),
    "wrong first operation": Oddity(_moved("start_op", 1, -1, 2**32 - 6), _BAD_SIGNATURE),
    "wrong list": Oddity(_moved("list_ctr", 1, 7), _BAD_SIGNATURE),
    "wrong element": Oddity(_wrong_element, _BAD_SIGNATURE),
    "Automerge's own time": Oddity(_with(body_time=5), _BAD_SIGNATURE),
    "another column": Oddity(_with(doctored=lambda body: body + b"\x7f\x01"), _BAD_SIGNATURE),
    "another action": Oddity(
        _with(doctored=_patched(b"\x34\x02\x42", b"\x34\x02\x43")), _BAD_SIGNATURE
    ),
    "another value type": Oddity(
        _with(doctored=_patched(b"\x7f\x00", b"\x7f\x01")), _BAD_SIGNATURE
    ),
    "no event": Oddity(_with(events=[]), frozenset({"bad_events", "bad_bundle"})),
    "64 events": Oddity(
        lambda _rng, draft, _a: replace(
            draft,
            events=draft.events[:1] * 64
            if len(draft.events[0]) < 1000
            else [dumps([1, "x", 1])] * 64,
        )
    ),
    "65 events": Oddity(
        _with(events=[dumps([1, "x", 1, 5])] * 65), frozenset({"bad_events", "bad_bundle"})
    ),
    "too much together": Oddity(
        _with(events=[dumps([1, "x", 1, "t" * 16_000])] * 9), frozenset({"too_large"})
    ),
    "an event that is too large": Oddity(
        _events_of(_LARGE), frozenset({"event_too_large", "bad_bundle"})
    ),
    "an event that is no array": Oddity(
        _events_of({"a": 1}, 5, "x", [], [1], [1, 2]), frozenset({"bad_event", "bad_bundle"})
    ),
    "an event of compartment 3": Oddity(
        _events_of([3, "x", 1], [-1, "x", 1], [True, "x", 1], ["1", "x"]),
        frozenset({"bad_event", "bad_bundle"}),
    ),
    "an event with odd types": Oddity(
        _events_of(
            [1, "x", 1, 1.5],
            [1, "x", 1, 2**64],
            [1, "x", 1, cbor2.undefined],
            [1, "x", 1, cbor2.CBORTag(35, "a+")],
            [1, "x", 1, {1: 2}],
        ),
        frozenset({"bad_type", "bad_cbor", "bad_bundle", "not_canonical"}),
    ),
    "an event that is too deep": Oddity(
        _events_of([1, "x", 1, [[[[[[[[[]]]]]]]]]]), frozenset({"bad_type", "bad_cbor"})
    ),
    "an event of 300 arrays": Oddity(_events_of([1, "x", 1, [[]] * 300]), frozenset({"bad_type"})),
    "an event that is not canonical": Oddity(
        _events_of(
            b"\x84\x01\x61x\x18\x01\x00",
            b"\x9f\x01\x61x\x01\xff",
            b"\x84\x01\x61x\x01\x00\x00",
            b"\x84\x01\x61x\x01\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00",
        ),
        frozenset({"not_canonical", "bad_cbor", "bad_type", "bad_bundle", "bad_signature"}),
    ),
    "no signature": Oddity(_signature(lambda _s: b""), frozenset({"unsigned_end"})),
    "a flipped signature": Oddity(
        _signature(lambda s: s[:10] + bytes([s[10] ^ 1]) + s[11:]), _BAD_SIGNATURE
    ),
    "a signature of zeros": Oddity(_signature(lambda _s: bytes(64)), _BAD_SIGNATURE),
    "a malleable signature": Oddity(_signature(_malleable), _BAD_SIGNATURE),
    "a signature for another group": Oddity(_with(group=b"\x05" * 32), _BAD_SIGNATURE),
    "another's signature": Oddity(_with(keys=key_of("stranger")), _BAD_SIGNATURE),
    "again": Oddity(_again, frozenset({NOTHING})),
}
