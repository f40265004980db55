"""One group on one device: append, connect, receive, each returning what to store and to send.

Rule: nothing here acts. Every call returns an `Outcome`; the caller stores it in one transaction,
then calls `committed()`, then sends. If storing fails, the caller throws the replica away and
opens a new one from the store: no state here outlives the disk. What a peer sends never raises;
it ends in `refused`, and the peer is hung up on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

from replication.admission import Candidate, check_amount, judge
from replication.ancestry import Ancestry, merged_clock
from replication.cbor import check_event
from replication.change import CHAIN_START, Change, change_value, sign_chain
from replication.chunk import body_hash, change_body, chunk_of
from replication.control import FoundingEnded, HeadsJoined, RelayChosen, encode_record
from replication.council import Decisions
from replication.document import Document, DocumentError
from replication.epochs import Epoch, Filed, epochs, relays, standing
from replication.errors import LocalError, RemoteError
from replication.exchange import Exchange
from replication.forks import Fork, fork_proof, forks, is_paused
from replication.founding import sign_end
from replication.frontier import Tip, held_by
from replication.history import Admitted, History, MemoryHistory
from replication.identity import SALT_BYTES, DeviceKeys, actor_for
from replication.limits import CHANGE_DEPS_MAX
from replication.mailbox import Delivered, Packed, Reread, advanced, covers, lacks, pack, reread
from replication.outcome import Outcome, Stored, Traffic
from replication.people import is_key_id
from replication.roster import Roster
from replication.suspense import limits
from replication.wire import PersonKey

DOCUMENT_LACKS_MAX = 1024
"""Changes from peers that may wait before the Automerge document takes them in."""


def found(
    keys: DeviceKeys, events: Sequence[bytes], salt: bytes, now_ms: int
) -> tuple[bytes, Admitted]:
    """A new group: its id and its signed first change, whose first event is `group.founded`."""
    candidate = Candidate(
        keys.public, 1, None, actor_for(keys.public, salt), (), now_ms, _checked(events), b""
    )
    try:
        draft = judge(None, Ancestry(MemoryHistory()), candidate)
    except RemoteError as error:
        raise LocalError(error.code, error.detail) from error
    group = draft.change.change_hash
    return group, _signed(keys, group, draft)


Fill = Callable[[int, bytes], tuple[bytes, ...]]
"""The events of a change of our own, for its position in our chain and the chain hash before."""


def _join_heads(_n: int, _prev: bytes) -> tuple[bytes, ...]:
    return (encode_record(HeadsJoined()),)


class Replica:
    """A group's changes on this device and its conversations with peers."""

    def __init__(
        self,
        group: bytes,
        keys: DeviceKeys,
        history: History,
        key_box: Mapping[bytes, bytes],
        salt: bytes,
    ) -> None:
        """`salt` is 8 fresh random bytes: this process writes under an actor of its own.

        `key_box` holds b"" for a key that was erased: it is never taken again.
        """
        self.group = group
        self.keys = keys
        self.key_box = dict(key_box)
        self._actor = actor_for(keys.public, salt)
        self._ancestry = Ancestry(history)
        self._exchange = Exchange(group, keys, self._ancestry, self.key_box)
        self._document: Document | None = None
        self._document_lacks: list[Admitted] = []
        self._weighed = (-1, -1)
        """As of how many control changes and branches what follows was reckoned."""
        self._limits: dict[int, int] = {}
        self._relays: tuple[RelayChosen, ...] | None = None

    @property
    def roster(self) -> Roster:
        """Who may do what, according to everything known here."""
        return self._exchange.roster

    @property
    def decisions(self) -> Decisions:
        """What officers decided and were asked, according to everything known here."""
        return self._ancestry.decisions

    @property
    def lane_devices(self) -> list[bytes]:
        """The device of each lane."""
        return self._ancestry.lane_devices

    @property
    def branches(self) -> Sequence[tuple[bytes, int, int]]:
        """Of each lane the device, the lane that it left (-1: none) and the position up to which
        they are one."""
        return self._ancestry.branches

    def at_chain(self, device: bytes, n: int, chain: bytes) -> Admitted | None:
        """The admitted change with this chain hash."""
        return self._ancestry.at_chain(device, n, chain)

    def limits(self) -> dict[int, int]:
        """Lanes of stopped devices → the highest position that is not in suspense."""
        self._weigh()
        return self._limits

    def _weigh(self) -> None:
        """Reckon anew what hangs on decisions and branches alone, when either is new."""
        known = (self.decisions.count, len(self.branches))
        if known != self._weighed:
            self._limits = limits(self.decisions, self.lane_devices)
            self._relays = None
            self._weighed = known

    @property
    def heads(self) -> tuple[bytes, ...]:
        """Hashes of the changes that no other follows, ascending."""
        return tuple(sorted(self._ancestry.heads))

    def held_by(self, tips: Iterable[Tip]) -> dict[int, int]:
        """For each lane the highest position that a device with these tips surely holds."""
        return held_by(self._ancestry, tips)

    @property
    def tips(self) -> tuple[Tip, ...]:
        """The end of every device's chain, as this replica knows it."""
        return self._exchange.tips

    @property
    def own_tip(self) -> Tip:
        """Where this device's own chain stands: what its next change will follow."""
        device, places = self.keys.public, [tip.place for tip in self._ancestry.tips]
        last = self._ancestry.latest_own(device, merged_clock(places)) if places else None
        if last is None:
            return Tip(device, 0, CHAIN_START)
        return Tip(device, last.change.n, last.change.chain_hash)

    def holds(self, tip: Tip) -> bool:
        """Whether the change at the end of a tip was admitted here."""
        return tip.n == 0 or self._ancestry.at_chain(*tip) is not None

    def told_of_us(self) -> dict[bytes, tuple[Tip, ...]]:
        """Devices → the tips of our own chain that they say they hold and we lack; see Exchange."""
        return self._exchange.told_of_us()

    def proven_of_us(self) -> frozenset[Tip]:
        """Tips of our own chain that peers proved by our own signature; those we lack count."""
        return self._exchange.proven_of_us()

    def forks(self) -> list[Fork]:
        """Every fork of every device."""
        return forks(self._ancestry)

    def is_paused(self, device: bytes) -> bool:
        """Whether some fork of this device waits for an officer's answer."""
        return is_paused(self._ancestry, device)

    def fork_proof(self, device: bytes, n: int) -> bytes:
        """The proof, for anybody, that a device forked at this position. LocalError("no_fork")."""
        return fork_proof(self.group, self._ancestry, device, n)

    def find(self, change_hash: bytes) -> Admitted | None:
        """An admitted change by its hash."""
        return self._ancestry.find(change_hash)

    def committed(self) -> None:
        """The store now holds everything that was returned so far."""
        self._ancestry.committed()

    # Writing

    def append(
        self, events: Sequence[bytes], now_ms: int, keys: Sequence[PersonKey] = ()
    ) -> Outcome:
        """Sign a change with these events on top of everything known here.

        `keys` are member keys that go into the key box in the same step. LocalError when this
        device may not write, or an event is malformed.
        """
        checked = _checked(events)
        return self._written(lambda _n, _prev: checked, now_ms, keys)

    def end_founding(self, founding: DeviceKeys | None, now_ms: int) -> Outcome:
        """Sign the change that ends the founding period, for the place where it stands.

        `founding` is the group's one-time key; None for a group that was founded without one.
        """

        def end(n: int, prev: bytes) -> tuple[bytes, ...]:
            signature = sign_end(founding, self.group, n, prev) if founding else b""
            return (encode_record(FoundingEnded(signature)),)

        return self._written(end, now_ms)

    def _written(self, fill: Fill, now_ms: int, keys: Sequence[PersonKey] = ()) -> Outcome:
        """One more change of our own, after those that join heads where there are too many."""
        made = []
        while len(self._ancestry.heads) > CHANGE_DEPS_MAX:
            made.append(self._make(_join_heads, now_ms))
        made.append(self._make(fill, now_ms))
        for person_key in keys:
            self.key_box[person_key.key_id] = person_key.key
        return Outcome(Stored(tuple(made), (), tuple(keys)), self._exchange.forward())

    def _make(self, fill: Fill, now_ms: int) -> Admitted:
        """Add a signed change to what is known, checked against Automerge if that is open."""
        ancestry, device = self._ancestry, self.keys.public
        heads = [found for head in self.heads if (found := ancestry.find(head))]
        before = ancestry.latest_own(device, merged_clock([head.place for head in heads]))
        # Of too many heads one that follows our own last change must be among those joined.
        heads.sort(key=lambda head: before is None or not ancestry.knows(head.place.clock, before))
        deps = tuple(heads[:CHANGE_DEPS_MAX])
        n = before.change.n + 1 if before else 1
        events = fill(n, before.change.chain_hash if before else CHAIN_START)
        actor = self._actor_after(before)
        try:
            draft = judge(
                self.group, ancestry, Candidate(device, n, before, actor, deps, now_ms, events, b"")
            )
        except RemoteError as error:
            raise LocalError(error.code, error.detail) from error
        self._check_with_automerge(draft)
        admitted = _signed(self.keys, self.group, draft)
        ancestry.add(admitted)
        return admitted

    def _actor_after(self, before: Admitted | None) -> bytes:
        """The actor to write under: our own, or a new one after a copy of this phone wrote."""
        while before is None or before.change.actor != self._actor:
            if not self._ancestry.actor_starts(self._actor):
                break
            self._actor = actor_for(self.keys.public, sha256(self._actor).digest()[:SALT_BYTES])
        return self._actor

    def _check_with_automerge(self, draft: Admitted) -> None:
        """Automerge makes the same change, or the document is given up and this one refused."""
        self._bring_document_up_to_date()
        if self._document is None:
            return
        change = draft.change
        # Automerge always follows all heads, and its actor's last change even when others built on
        # it already. Of such a change it checks the rebuild when it takes it in.
        if change.deps != self.heads or not self._follows_own_last(draft):
            self._document_lacks.append(draft)
            return
        try:
            value = change_value(change.time_ms, change.events)
            raw = self._document.append(change.actor, (value,))
        except DocumentError as error:
            self._document = None
            raise LocalError("document_failed", str(error)) from error
        if body_hash(raw[8:]) != change.change_hash:
            self._document = None
            raise LocalError("document_disagrees", "Automerge made another change than we did")

    def _follows_own_last(self, draft: Admitted) -> bool:
        """Is the actor's change before this one, if there is any, among those it follows?"""
        change = draft.change
        if draft.place.seq == 1:
            return True
        before = self._ancestry.at_chain(change.device, change.n - 1, change.prev)
        return before is not None and before.change.change_hash in change.deps

    # Automerge

    def open_document(self, changes: Iterable[Admitted]) -> Document:
        """Build the Automerge document from all changes, in causal order, and keep it in step.

        While it is open, every change of our own is made by Automerge too. DocumentError when it
        can't hold them all (a device that forked under one actor): changes are then made by the
        rebuild alone.
        """
        chunks = (self.chunk(admitted) for admitted in changes)
        self._document = Document(chunks, self._ancestry.heads)
        self._document_lacks = []
        return self._document

    @property
    def has_document(self) -> bool:
        """Whether Automerge makes our own changes too."""
        return self._document is not None

    def chunk(self, admitted: Admitted) -> bytes:
        """The Automerge chunk that an admitted change stands for."""
        change, place = admitted
        list_ctr, last_ctr = 0, 0
        if place.seq > 1:
            before = self._ancestry.at_chain(change.device, change.n - 1, change.prev)
            assert before is not None
            list_ctr, last_ctr = place.list_ctr, before.place.max_op
        values = (change_value(change.time_ms, change.events),)
        body = change_body(
            change.actor, place.seq, place.lamport, change.deps, values, list_ctr, last_ctr
        )
        return chunk_of(body)

    def _bring_document_up_to_date(self) -> None:
        """Give Automerge what arrived since; a document that can't hold it is given up."""
        if self._document is None or not self._document_lacks:
            return
        chunks = [self.chunk(admitted) for admitted in self._document_lacks]
        self._document_lacks = []
        try:
            self._document.apply(chunks, self._ancestry.heads)
        except DocumentError:
            self._document = None

    # Peers

    def connect(self, peer: str, device: bytes, initiator: bool, by_cards: bool = False) -> Outcome:
        """Begin a conversation over a channel that proved which device is at the other end.

        `by_cards`: the caller has shown two paper cards. Both then give each other what they hold,
        whatever the roster says of the other device.
        """
        return self._exchange.connect(peer, device, initiator, by_cards)

    def disconnect(self, peer: str) -> None:
        """The channel is gone; beginning again costs one round trip."""
        self._exchange.disconnect(peer)

    def receive(self, peer: str, data: bytes) -> Outcome:
        """One decrypted message from a peer. Never raises on anything a peer can send."""
        outcome = self._exchange.receive(peer, data)
        self._note_for_document(outcome)
        return outcome

    @property
    def waits(self) -> bool:
        """Whether `forward` is to be called soon."""
        return self._exchange.waits

    def be_patient(self) -> None:
        """From now on pass on what others bring only when `forward` is called; see Exchange."""
        self._exchange.patient = True

    def forward(self) -> Outcome:
        """Pass on what was kept back to those who have not said meanwhile that they hold it."""
        return Outcome(send=self._exchange.forward())

    def _note_for_document(self, outcome: Outcome) -> None:
        """Let Automerge have what arrived, later and many at once."""
        if self._document is not None:
            self._document_lacks += outcome.admitted
            if len(self._document_lacks) > DOCUMENT_LACKS_MAX:
                self._bring_document_up_to_date()

    # Relays

    def deliver(self, bundle: bytes, by: bytes, held: Mapping[int, int]) -> Delivered:
        """Take a bundle out of a relay's log, which `by` put there; `held`: what the log held
        before it. Never raises on anything that can lie there.
        """
        outcome, taken = self._exchange.deliver(bundle, by)
        self._note_for_document(outcome)
        refusal = taken.refusal.code if taken.refusal else ""
        now = advanced(self._ancestry, held, taken.known)
        return Delivered(outcome, now, taken.missing, refusal)

    def pack(self, held: Mapping[int, int]) -> Packed | None:
        """The next bundle that a relay's log with this much still lacks; None: nothing."""
        return pack(self._ancestry, held)

    def lacks(self, held: Mapping[int, int]) -> int:
        """How many changes a relay's log with this much lacks."""
        return lacks(self._ancestry, held)

    def reread(self, held: Mapping[int, int], bundle: bytes) -> Reread:
        """Read a bundle of a relay's log again, and take nothing of it; see `mailbox.reread`."""
        return reread(self.group, self._ancestry, held, bundle)

    def covers(self, held: Mapping[int, int], other: Mapping[int, int]) -> bool:
        """Whether a relay's log with `held` holds all that one with `other` does."""
        return covers(self._ancestry, held, other)

    def take_keys(self, keys: Sequence[PersonKey]) -> Outcome:
        """Keep keys that an officer's device gave by way of a relay; only under their own ids."""
        good = [key for key in keys if is_key_id(self.group, key.key_id, key.key)]
        return self._exchange.take_keys(good)

    def tell(self, notes: Sequence[bytes]) -> Outcome:
        """Tell every peer, now and later, what relays told this device; opaque here."""
        self._exchange.notes = tuple(notes)
        return Outcome(send=self._exchange.pump_all())

    def relays(self) -> tuple[RelayChosen, ...]:
        """The relays that the group uses."""
        self._weigh()
        if self._relays is None:
            self._relays = relays(self._standing())
        return self._relays

    def epochs(self, series: str) -> tuple[Epoch, ...]:
        """The keys of a series, oldest first; see `epochs.fit` for the one to seal under."""
        return epochs(self._standing(), series)

    def _standing(self) -> tuple[Filed, ...]:
        return standing(self.decisions.filed, self.limits())

    def synced(self, peer: str) -> bool:
        """Whether both sides have said that they hold the same changes."""
        return self._exchange.synced(peer)

    def is_owed(self, peer: str) -> bool:
        """Whether it is the peer's turn to say something; one that never does is hung up on."""
        return self._exchange.is_owed(peer)

    def traffic(self, peer: str) -> Traffic:
        """What moved so far in a session; zeros when there is none."""
        return self._exchange.traffic(peer)


def _checked(events: Sequence[bytes]) -> tuple[bytes, ...]:
    """Our own events, held to the same form as a stranger's."""
    try:
        check_amount(events)
        for event in events:
            check_event(event)
    except RemoteError as error:
        raise LocalError(error.code, error.detail) from error
    return tuple(events)


def _signed(keys: DeviceKeys, group: bytes, draft: Admitted) -> Admitted:
    """The same change, signed."""
    change: Change = draft.change
    signature = sign_chain(keys, group, change.chain_hash)
    return Admitted(change._replace(signature=signature), draft.place)
