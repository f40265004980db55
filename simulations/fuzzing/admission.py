"""Nearly valid changes against a real phone: what it admits must hold for ever, in every form.

A round is one new group on one new phone, in a folder of its own. After it everything is derived
again: the phone's own check of all signed changes, book and document (`node/verify.py`); the same
after closing and opening; Automerge's saved document loaded again, beside one made of the raw
changes; and a second replica fed all at once.

Rule: whether a change was admitted is known before it is sent: each oddity says what becomes of it.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Final, NamedTuple
from unittest import mock

from node.clock import now_ms
from node.node import Group, Node
from node.verify import verify_group
from replication import rows
from replication.ancestry import Ancestry
from replication.bundle import encode_bundle
from replication.change import Change
from replication.control import (
    DeviceEnrolled,
    DeviceRevoked,
    DeviceSuspended,
    GroupFounded,
    encode_record,
)
from replication.document import Document, DocumentError
from replication.errors import LocalError
from replication.history import Admitted, MemoryHistory
from replication.outcome import Outcome
from replication.refusals import CODES
from replication.replica import Replica, found
from replication.wire import Changes, Have, encode
from simulations.fuzzing.nearly_valid import (
    MISSING,
    NOTHING,
    ODDITIES,
    OTHERS,
    WRITERS,
    Draft,
    honest,
    signed,
)
from simulations.fuzzing.village_seeds import NOW_MS, Phone, key_of, person_of

CHANGES_A_ROUND: Final = 200
HONEST_SHARE: Final = 0.3
BY_OTHERS_SHARE: Final = 0.06
IN_SESSION_SHARE: Final = 0.1
"""Sent over a conversation; the rest is found at a relay, as a bundle of somebody's."""
_MEMORY: Final = "/dev/shm"
QUIET: Final = "quiet"
"""Of a conversation: nothing new, or it waits; no code tells which."""
_FORKING: Final = frozenset({"an older change of its own", "an older one, restarted"})


class Fault(NamedTuple):
    """Something that does not hold; `round_number` and the seed make it again."""

    round_number: int
    oddity: str
    sentence: str


class Admissions(NamedTuple):
    """What came of a run."""

    changes: int
    admitted: int
    rounds: int
    outcomes: Counter[tuple[str, str]]
    """(oddity, code or what else became of it) → how often."""
    faults: tuple[Fault, ...]
    seconds: float


def run(
    changes: int, seed: int, tell: Callable[[str], None] = lambda _line: None, seconds: float = 0.0
) -> Admissions:
    """Send so many changes, or as many as there are seconds, in as many rounds as it takes."""
    outcomes: Counter[tuple[str, str]] = Counter()
    faults: list[Fault] = []
    sent = admitted = number = 0
    began = time.monotonic()
    in_memory = os.access(_MEMORY, os.W_OK)  # a disk's sync is not what is tried here
    while sent < changes and (not seconds or time.monotonic() - began < seconds):
        folder = Path(mkdtemp(prefix="mkutano-admission-", dir=_MEMORY if in_memory else None))
        try:
            one = Round(folder, seed, number)
            one.play(min(CHANGES_A_ROUND, changes - sent))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        outcomes += one.outcomes
        faults += one.faults
        sent += one.sent
        admitted += one.admitted
        number += 1
        rate = sent / max(1e-3, time.monotonic() - began)
        tell(f"{sent:,} changes, {admitted:,} admitted, {len(faults)} faults ({rate:,.0f}/s)")
    return Admissions(sent, admitted, number, outcomes, tuple(faults), time.monotonic() - began)


class Round:
    """One group on one phone, and the changes that are tried on it."""

    def __init__(self, folder: Path, seed: int, number: int) -> None:
        self.rng = Random(f"admission/{seed}/{number}")
        self.number = number
        self.home = folder / "home"
        self.may_fork = number % 2 == 1
        """In every other round devices fork, which Automerge can't always hold."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.faults: list[Fault] = []
        self.sent = self.admitted = 0
        self.group, self.start = founding()
        self._fed: list[bytes] = []

    def play(self, count: int) -> None:
        """Send, then derive everything again."""
        with Node.create(self.home, "Phone under test") as node:
            node.join(self.group, "Umoja")
            bundle = encode_bundle([one.change for one in self.start])
            node.take(self.group, lambda group: self._delivered(group, bundle))
            for number in range(count):
                self._one(node, number)
            self._derive_again(node, "as it ran")
            self._second_phone(node)
        with Node.open(self.home) as node:
            self._derive_again(node, "opened again")

    # One change

    def _one(self, node: Node, number: int) -> None:
        rng, group = self.rng, node.group(self.group)
        ancestry = group.replica._ancestry
        is_other = rng.random() < BY_OTHERS_SHARE
        name = rng.choice(OTHERS if is_other else WRITERS)
        draft = honest(rng, name, ancestry, self.group, self.number * 1000 + number)
        oddity = "nothing" if rng.random() < HONEST_SHARE or is_other else self._drawn()
        made = ODDITIES[oddity].make(rng, draft, ancestry)
        if made is None:
            oddity, made = "nothing", draft
        oddity = f"by {name}" if is_other else oddity
        has_right = self._has_right(name, made, ancestry)
        self.sent += 1
        try:
            bundle = bundled([self._change(made)])
        except (LocalError, ValueError, OverflowError, IndexError) as error:
            self.outcomes[oddity, f"can't be written: {type(error).__name__}"] += 1
            return
        before = set(group.replica.heads)
        told = self._sent_to(node, bundle)
        self.outcomes[oddity, told] += 1
        self._judge(oddity, has_right, told)
        if told != "admitted" and set(node.group(self.group).replica.heads) != before:
            self._fault(oddity, f"ended as {told}, and the heads are others")
        if told == "admitted":
            self.admitted += 1
            self._fed.append(bundle)

    def _drawn(self) -> str:
        names = [name for name in ODDITIES if self.may_fork or name not in _FORKING]
        return self.rng.choice(names)

    def _change(self, draft: Draft) -> Change:
        return signed(draft)

    def _has_right(self, name: str, draft: Draft, ancestry: Ancestry) -> bool:
        """Whether the device may write, by what is said in the past of its draft: on a branch that
        left before it was let in it may not, on one that left before it was shut out it may."""

        def is_known(place: int) -> bool:
            record = self.start[place]
            return any(ancestry.knows(one.place.clock, record) for one in draft.known)

        let_in, shut_out = _ENROLLED.get(name), _REVOKED.get(name)
        return (
            let_in is not None and is_known(let_in) and (shut_out is None or not is_known(shut_out))
        )

    def _judge(self, oddity: str, has_right: bool, told: str) -> None:
        """Whether what became of a change is what was known before."""
        codes = ODDITIES[oddity].codes if oddity in ODDITIES else frozenset()
        if not has_right:
            codes |= {"no_right"}
        codes = codes or frozenset({"admitted"})
        if told == QUIET and codes & {MISSING, NOTHING}:
            return
        if told not in codes:
            self._fault(oddity, f"ended as {told}, not as {' or '.join(sorted(codes))}")

    def _sent_to(self, node: Node, bundle: bytes) -> str:
        """What became of a bundle with one change: admitted, a code, or one of two words."""
        if self.rng.random() < IN_SESSION_SHARE:
            return self._said_to(node, bundle)
        told: list[str] = []

        def work(group: Group) -> Outcome:
            by = key_of("relay").public
            done = group.replica.deliver(bundle, by, {})
            told.append(done.refusal or (MISSING if done.missing else ""))
            return done.outcome

        step = node.take(self.group, work)
        return self._word(told[0], step.changes)

    def _said_to(self, node: Node, bundle: bytes) -> str:
        group, device = self.group, key_of("secretary").public
        tips = node.group(group).replica.tips
        node.connect(group, "peer", device, False, now_ms())
        node.receive(group, "peer", encode(Have(tips, b"")), now_ms())
        step = node.receive(group, "peer", encode(Changes(0, bundle)), now_ms())
        node.disconnect(group, "peer")
        if step.refused:
            return self._word(step.refused[0].code, step.changes)
        return self._word("", step.changes) if step.changes else QUIET

    def _word(self, code: str, admitted: int) -> str:
        if code and code != MISSING and code not in CODES:
            self._fault("", f"refused as {code}, which is in no list")
        if code and admitted:
            self._fault("", f"admitted, and refused as {code}")
        return code or ("admitted" if admitted else NOTHING)

    def _fault(self, oddity: str, sentence: str) -> None:
        self.faults.append(Fault(self.number, oddity, sentence))

    def _delivered(self, group: Group, bundle: bytes) -> Outcome:
        return group.replica.deliver(bundle, key_of("secretary").public, {}).outcome

    # Everything again

    def _derive_again(self, node: Node, when: str) -> None:
        group = node.group(self.group)
        changes = list(group.store.chains(group.row.group_no).everything())
        if len(changes) != len(self.start) + self.admitted:
            self._fault("", f"{when}: {len(changes)} changes are stored, not those admitted")
        twins = _has_twins(changes)
        for one in verify_group(group).differences:
            if one.where != "document" or not twins:
                self._fault("", f"{when}: {one.where}: {one.sentence}")
        self._automerge(group, changes, twins, when)

    def _automerge(self, group: Group, changes: list[Admitted], twins: bool, when: str) -> None:
        """Automerge's own saved form, loaded again, beside the raw changes."""
        heads = group.replica.heads
        chunks = [group.replica.chunk(one) for one in changes]
        try:
            document = Document(chunks, heads)
            saved = Document([document.save()], heads)
            if not document.heads() == saved.heads() == heads:
                self._fault("", f"{when}: Automerge has other heads")
        except DocumentError as error:
            if not twins:
                self._fault("", f"{when}: Automerge: {error}")

    def _second_phone(self, node: Node) -> None:
        """A replica that is given all at once comes to the same."""
        group = node.group(self.group).replica
        phone = Phone("chair", self.group)
        phone.replica = Replica(self.group, phone.keys, phone.history, {}, b"another!")
        changes = list(node.group(self.group).store.chains(
            node.group(self.group).row.group_no).everything())  # fmt: skip
        refused = phone.replica.deliver(
            bundled([one.change for one in changes]), key_of("secretary").public, {}
        )
        phone.step(refused.outcome)
        if refused.refusal or phone.replica.heads != group.heads:
            self._fault("", f"a second phone has other heads {refused.refusal}")
        elif phone.replica.roster != group.roster:
            self._fault("", "a second phone has another roster")


def bundled(changes: list[Change]) -> bytes:
    """A bundle with every signature that these changes have."""
    with mock.patch.object(rows, "signed_rows", _held):
        return encode_bundle(changes)


def _held(changes: Sequence[Change]) -> list[int]:
    """The rows that carry a signature."""
    return [row for row, change in enumerate(changes) if change.signature]


def _has_twins(changes: list[Admitted]) -> bool:
    """Whether two changes have one actor and one sequence number, which Automerge can't hold."""
    places = Counter((one.change.actor, one.place.seq) for one in changes)
    return max(places.values()) > 1


_ENROLLED: Final = {"secretary": 0, "treasurer": 1, "chair": 2, "stopped": 3, "gone": 4}
_REVOKED: Final = {"gone": 7}
"""Places in the founding group's changes."""


def founding() -> tuple[bytes, list[Admitted]]:
    """A group with three officers, a reader, one that was stopped and one that was shut out."""
    keys = key_of("secretary")
    first = encode_record(GroupFounded(1, 1, bytes(16), person_of("secretary"), "sec"))
    group, change = found(keys, [first], sha256(b"founding").digest()[:8], NOW_MS)
    history = MemoryHistory()
    history.add([change])
    secretary = Phone("secretary", group, history)
    for name in (*WRITERS[1:], "stopped", "gone"):
        record = DeviceEnrolled(key_of(name).public, person_of(name), "write", name)
        secretary.control(record)
    secretary.control(DeviceEnrolled(key_of("ngo").public, person_of("ngo"), "read", "NGO"))
    secretary.control(DeviceSuspended(key_of("stopped").public, "lost"))
    secretary.control(DeviceRevoked(key_of("gone").public, "sold"))
    return group, secretary.everything()


def in_words(found: Admissions) -> Iterator[str]:
    """A report for people: totals, outcomes by oddity, faults."""
    rate = found.changes / max(1e-3, found.seconds)
    yield (
        f"{found.changes:,} nearly valid changes in {found.rounds:,} groups, {found.admitted:,} "
        f"admitted, {len(found.faults)} faults, {found.seconds:.0f} s ({rate:,.0f}/s)."
    )
    for (oddity, told), count in sorted(found.outcomes.items()):
        yield f"  {oddity:32} {told:24} {count:>9,}"
    yield from (f"! round {one.round_number} {one.oddity}: {one.sentence}" for one in found.faults)
