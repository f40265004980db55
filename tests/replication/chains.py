"""Histories for bundle tests: devices write, fork and restart; hashes are made up but consistent.

A bundle only carries what it is given, so no keys and no Automerge are needed here. `received`
does what a receiver does: it computes everything that a bundle leaves out.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from hypothesis import strategies as st

from replication.bundle import Draft, decode_bundle
from replication.cbor import dumps
from replication.change import CHAIN_START, Change, chain_hash
from replication.identity import actor_for

DEVICES = tuple(sha256(bytes((number,))).digest() for number in range(4))


def made(
    device: bytes,
    n: int,
    prev: bytes,
    actor: bytes,
    deps: Sequence[bytes],
    time_ms: int,
    events: Sequence[bytes],
) -> Change:
    """A change with a made-up hash and signature."""
    content = [actor, n, sorted(deps), time_ms, list(events), prev]
    change_hash = sha256(dumps(content)).digest()
    chain = chain_hash(prev, device, n, time_ms, change_hash)
    signature = sha256(chain).digest() * 2
    fields = (device, n, prev, actor, tuple(sorted(deps)), time_ms, tuple(events))
    return Change(*fields, change_hash, chain, signature)


def follow(
    device: bytes, before: Change | None, deps: Sequence[Change], time_ms: int, *events: object
) -> Change:
    """The next change of a device, after its own last one."""
    return made(
        device,
        before.n + 1 if before else 1,
        before.chain_hash if before else CHAIN_START,
        before.actor if before else actor_for(device, b"salt" * 2),
        [dep.change_hash for dep in deps],
        time_ms,
        [dumps(event) for event in events],
    )


def chain_of(device: bytes, events: Sequence[object], before: Change | None = None) -> list[Change]:
    """Changes of one device one after the other, each with one event, 12 seconds apart."""
    changes: list[Change] = []
    for number, event in enumerate(events):
        last = changes[-1] if changes else before
        time_ms = 1_790_000_000_000 + number * 12_345
        changes.append(follow(device, last, [last] if last else [], time_ms, event))
    return changes


def meeting(count: int = 90) -> list[list[object]]:
    """The events of a meeting: 30 are there, then they buy shares, then they give."""
    members = [sha256(b"member%d" % number).digest()[:16] + b"\0" for number in range(30)]
    roll = [[1, "attendance.marked", 1, 3, 12, member, "present"] for member in members]
    shares = [
        [
            1,
            "share.purchased",
            1,
            3,
            12,
            member,
            1 + number % 5,
            (1 + number % 5) * 10_000,
            1,
            "box",
        ]
        for number, member in enumerate(members)
    ]
    gifts = [[1, "social.contributed", 1, 3, 12, member, 5_000, 1, "social"] for member in members]
    return [*roll, *shares, *gifts][:count]


def received(bundle: bytes) -> list[Change]:
    """The changes of a bundle as a receiver works them out; signatures as they were carried."""
    return [change for _, change in receiving(bundle)]


def receiving(bundle: bytes) -> Iterator[tuple[Draft, Change]]:
    """Each draft with the change that it stands for."""
    hashes: list[bytes] = []
    chains: dict[bytes, bytes] = {}
    for draft in decode_bundle(bundle, hashes):
        prev = chains[draft.device] if draft.prev is None else draft.prev
        deps = [hashes[dep] if isinstance(dep, int) else dep for dep in draft.deps]
        change = made(
            draft.device, draft.n, prev, draft.actor, deps, draft.time_ms, draft.events
        )._replace(signature=draft.signature)
        hashes.append(change.change_hash)
        chains[draft.device] = change.chain_hash
        yield draft, change


ATOMS = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(-3, 300)
    | st.binary(max_size=20)
    | st.text(max_size=8)
    | st.sampled_from(["box", "present", "", "mobile"])
)
FIELDS = st.lists(
    ATOMS
    | st.none()
    | st.booleans()
    | st.lists(ATOMS, max_size=3)
    | st.dictionaries(st.text(max_size=3), ATOMS, max_size=2),
    max_size=4,
)
KINDS = st.sampled_from(["attendance.marked", "share.purchased", "x", "member.added", "y.z"])


@st.composite
def events_of(draw: st.DrawFn, names: Sequence[bytes]) -> list[object]:
    """An event, often one that names an entry."""
    by_name: bool = draw(st.booleans())
    if names and by_name:
        member = draw(st.sampled_from(names))[:16] + bytes((draw(st.integers(0, 70)),))
        return [1, "attendance.marked", 1, 3, draw(st.integers(1, 3)), member, "present"]
    version = draw(st.just(1) | ATOMS)
    return [draw(st.integers(0, 2)), draw(KINDS), version, *draw(FIELDS)]


@st.composite
def histories(draw: st.DrawFn, changes_max: int = 24) -> list[Change]:
    """Changes in causal order: several devices and actors, concurrency, forks, gaps in time."""
    changes: list[Change] = []
    for _ in range(draw(st.integers(1, changes_max))):
        device = draw(st.sampled_from(DEVICES))
        own = [change for change in changes if change.device == device]
        before = None
        if own and draw(st.integers(0, 9)) > 0:
            before = own[-1] if draw(st.integers(0, 4)) else draw(st.sampled_from(own))
        deps = [before] if before else []
        joins: bool = draw(st.booleans())
        if changes and joins:
            deps += draw(st.lists(st.sampled_from(changes), max_size=3))
        actor = before.actor if before else actor_for(device, b"first...")
        if draw(st.integers(0, 5)) == 0:
            actor = actor_for(device, draw(st.binary(min_size=8, max_size=8)))
        names = [change.change_hash for change in changes]
        change = made(
            device,
            before.n + 1 if before else 1,
            before.chain_hash if before else CHAIN_START,
            actor,
            list({dep.change_hash for dep in deps}),
            draw(st.integers(0, 2**43 - 1) | st.integers(1_000_000, 1_050_000)),
            [dumps(event) for event in draw(st.lists(events_of(names), min_size=1, max_size=4))],
        )
        if change.change_hash not in names:
            changes.append(change)
    return changes
