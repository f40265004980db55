"""The conversations with all peers of one group: what to answer, and what each still lacks.

Rule: messages go out in the order in which they were decided, and only changes that this replica
admitted are ever passed on. A peer's message ends in an `Outcome`; what breaks the protocol ends
in a refusal and a closed channel, never in an exception.

In a room where everybody is connected with everybody, what one phone wrote reaches all the others
from that phone. Who is `patient` therefore does not pass on at once what others brought: it tells
all peers by ACK that it holds it now, and passes it on to those who have not said the same when
`forward` is called, a moment later. What this device writes itself goes out at once, and so does
everything that a peer lacked before.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import assert_never

from replication.ancestry import Ancestry
from replication.bundle import fill_bundle
from replication.control import EpochBegun
from replication.errors import RemoteError
from replication.frontier import (
    Ack,
    Tip,
    check_ack,
    held_by,
    in_order_of_admission,
    knows_all,
    lacking,
    sign_ack,
    tips_of,
)
from replication.history import Admitted
from replication.identity import DeviceKeys
from replication.intake import Quota, Taken, take_bundle
from replication.limits import (
    BUNDLE_BYTES_MAX,
    BUNDLE_CHANGES_MAX,
    CHUNK_BYTES_MAX,
    KEY_BOX_MAX,
    KEYS_MAX,
    STOPPED_CHANGES_MAX,
    WINDOW_CHUNKS,
)
from replication.outcome import Outcome, Refused, Stored, Traffic
from replication.own_chain import OwnChain, proofs_for
from replication.people import is_key_id
from replication.roster import Roster
from replication.session import Session, State
from replication.suspense import limits, stopped
from replication.wire import (
    Acknowledge,
    Changes,
    Have,
    Keys,
    Message,
    Notes,
    PersonKey,
    Proof,
    Sorry,
    decode,
    encode,
    keys_digest,
)


class Exchange:
    """The live sessions of one group on this device."""

    def __init__(
        self, group: bytes, keys: DeviceKeys, ancestry: Ancestry, key_box: dict[bytes, bytes]
    ) -> None:
        self.group = group
        self.keys = keys
        self.ancestry = ancestry
        self.key_box = key_box
        self._sessions: dict[str, Session] = {}
        self._own_chain = OwnChain(group, keys.public, ancestry)
        self.notes: tuple[bytes, ...] = ()
        """What every peer is told of what relays told this device."""
        self._stopped: tuple[int, dict[bytes, frozenset[bytes]]] = (-1, {})
        self._signed: Acknowledge | None = None
        """The newest acknowledgement: all peers are given the same."""
        self.patient = False
        """Whether somebody calls `forward` soon after anything was brought."""

    @property
    def roster(self) -> Roster:
        """Who may do what, according to everything known here."""
        return self.ancestry.decisions.roster

    @property
    def tips(self) -> tuple[Tip, ...]:
        """The end of every device's chain, as known here."""
        return tips_of(self.ancestry)

    def connect(self, peer: str, device: bytes, initiator: bool, by_cards: bool = False) -> Outcome:
        """Begin a conversation over a channel that proved which device is at the other end."""
        self._sessions[peer] = session = Session(device, initiator, by_cards)
        may_talk = by_cards or self.roster.may_deliver(device)
        if not may_talk and self.ancestry.branches:
            return self._hang_up(peer, RemoteError("not_a_member", "this device is not enrolled"))
        if initiator:
            return Outcome(send=((peer, self._say(session, self._have())),))
        return Outcome()

    def disconnect(self, peer: str) -> None:
        """The channel is gone; beginning again costs one round trip."""
        self._sessions.pop(peer, None)

    def receive(self, peer: str, data: bytes) -> Outcome:
        """One decrypted message from a peer. Never raises on anything a peer can send."""
        session = self._sessions.get(peer)
        if session is None or session.state is State.OVER:
            return Outcome(close=(peer,))
        session.received_bytes += len(data)
        try:
            message = decode(data)
            session.advance(message)
            return self._answer(peer, session, message)
        except RemoteError as error:
            return self._hang_up(peer, error)

    def _answer(self, peer: str, session: Session, message: Message) -> Outcome:
        match message:
            case Have(tips, digest):
                return self._on_have(peer, session, tips, digest)
            case Changes(remaining, bundle):
                return self._on_changes(peer, session, remaining, bundle)
            case Acknowledge(tips, signature):
                return self._on_ack(peer, session, tips, signature)
            case Keys(keys):
                return self._on_keys(peer, session, keys)
            case Notes(notes):
                return Outcome(notes=notes)
            case Proof():
                if self._own_chain.take(message, session.device):
                    session.count_proof()
                return Outcome()
            case Sorry(code, text):
                return Outcome(refused=(Refused(peer, f"peer_{code}", text),), close=(peer,))
            case _:
                assert_never(message)

    def _on_have(
        self, peer: str, session: Session, tips: tuple[Tip, ...], digest: bytes
    ) -> Outcome:
        first = not session.peer_tips and session.acked_tips is None and not session.sent_changes
        session.peer_tips = tips
        self._own_chain.note(session.device, tips)
        session.peer_keys_digest = digest
        session.restart(held_by(self.ancestry, tips))
        session.in_flight = max(session.in_flight - 1, 0)
        session.keys_sent.clear()
        if self._only_delivers(session) and knows_all(self.ancestry, tips):
            return self._hang_up(peer, self._stopped_error(session))
        replies: list[Message] = []
        if first and not session.initiator:
            replies.append(self._have())
        if knows_all(self.ancestry, tips) and session.acked_tips != self.tips:
            replies.append(self._acknowledgement(session))
        send = [(peer, self._say(session, reply)) for reply in replies]
        return Outcome(send=(*send, *self._pump(peer, session)))

    def _on_changes(self, peer: str, session: Session, remaining: int, bundle: bytes) -> Outcome:
        quota = self._quota(session)
        if quota and quota.changes <= 0:
            return self._hang_up(peer, self._stopped_error(session))
        served = self._served()
        taken = self._take(session, bundle)
        session.received_changes += len(taken.admitted)
        session.expected_changes = remaining
        stored = Stored(taken.admitted)
        if taken.refusal:
            outcome = self._hang_up(peer, taken.refusal)
            return outcome._replace(store=stored, send=(*self.pump_all(), *outcome.send))
        reply = self._have() if taken.missing else self._acknowledgement(session)
        told = self._tell_served(served, peer) if taken.admitted and not taken.missing else ()
        send = ((peer, self._say(session, reply)), *told, *self.pump_all())
        # What it brought may have shown that it was stopped wrongly: ask again.
        if self._only_delivers(session) and not remaining and not taken.missing:
            outcome = self._hang_up(peer, self._stopped_error(session))
            return outcome._replace(store=stored, send=(*send, *outcome.send))
        return Outcome(stored, send)

    def deliver(self, bundle: bytes, by: bytes) -> tuple[Outcome, Taken]:
        """Take a bundle that a device left in a mailbox, whoever brings it here."""
        served = self._served()
        taken = take_bundle(self.group, self.ancestry, bundle, self._quota_of(by))
        send = (*self._tell_served(served), *self.pump_all()) if taken.admitted else ()
        return Outcome(Stored(taken.admitted), send), taken

    # What others brought is passed on a moment later

    def _served(self) -> list[str]:
        """The peers that lack nothing but what is being kept back; nobody, for the impatient."""
        return [
            peer
            for peer, session in self._sessions.items()
            if self.patient
            and session.state is State.LIVE
            and self._gives(session)
            and (session.waits or not lacking(self.ancestry, session.given))
        ]

    def _tell_served(self, served: Sequence[str], by: str = "") -> tuple[tuple[str, bytes], ...]:
        """Keep back what these lack now, and acknowledge it to them unasked.

        Not to who brought it, nor to one in the middle of bringing more: they count our answers.
        """
        told = []
        for peer in served:
            session = self._sessions[peer]
            session.waits = bool(lacking(self.ancestry, session.given))
            if session.waits and peer != by and not session.expected_changes:
                told.append((peer, self._say(session, self._acknowledgement(session))))
        return tuple(told)

    @property
    def waits(self) -> bool:
        """Whether something is kept back that some peer did not yet say that it has."""
        return any(session.waits for session in self._sessions.values())

    def forward(self) -> tuple[tuple[str, bytes], ...]:
        """Keep nothing back any more: send every live peer what it lacks."""
        for session in self._sessions.values():
            session.waits = False
        return self.pump_all()

    def _take(self, session: Session, bundle: bytes) -> Taken:
        """Admit what can be admitted now; keep what follows changes that are not here."""
        lanes = len(self.ancestry.branches)
        taken = take_bundle(self.group, self.ancestry, bundle, self._quota(session))
        admitted, refusal = taken.admitted, taken.refusal
        if admitted:
            session.admitted()
        if taken.missing:
            try:
                session.hold(bundle)
            except RemoteError as error:
                refusal = error
        if admitted and not taken.missing:
            admitted += tuple(self._retry_held(session))
        session.shown((place.lane, change.n) for change, place in admitted)
        before = {branch.device for branch in self.ancestry.branches[:lanes]}
        if any(branch.device in before for branch in self.ancestry.branches[lanes:]):
            self._recount_given()
        return taken._replace(admitted=admitted, refusal=refusal)

    def _recount_given(self) -> None:
        """A fork may show that a peer's tip, taken for an extension, was another branch."""
        for session in self._sessions.values():
            session.restart(held_by(self.ancestry, session.peer_tips))

    def _retry_held(self, session: Session) -> list[Admitted]:
        """Bundles that waited for something may be complete now; what still isn't is dropped.

        Dropping is safe: the peer sends again whatever our next HAVE or ACK doesn't show.
        """
        admitted: list[Admitted] = []
        held, session.held = session.held, []
        for bundle in held:
            taken = take_bundle(self.group, self.ancestry, bundle, self._quota(session))
            admitted += taken.admitted
        return admitted

    def _on_ack(
        self, peer: str, session: Session, tips: tuple[Tip, ...], signature: bytes
    ) -> Outcome:
        ack = Ack(session.device, tips, signature)
        check_ack(ack, self.group)
        session.peer_tips = tips
        self._own_chain.note(session.device, tips)
        session.in_flight = max(session.in_flight - 1, 0)
        session.shown(held_by(self.ancestry, tips).items())
        stored = Stored() if session.peer_acked == tips else Stored(acks=(ack,))
        session.peer_acked = tips
        return Outcome(stored, self._pump(peer, session))

    def _on_keys(self, peer: str, session: Session, keys: tuple[PersonKey, ...]) -> Outcome:
        # A phone that just joined knows no roster yet: it trusts the device that invited it. One
        # that shows two cards is trusted, and trusts: a key can only stand under its own id. So is
        # one that only those stopped who stopped this device too: else they would be kept apart.
        if self._only_delivers(session):
            return Outcome()  # of a stopped phone the entries are taken, and no keys
        trusted = self.roster.may_write(session.device)
        if self.ancestry.tips and not (trusted or session.by_cards):
            raise RemoteError("no_right", "only an officer's device gives member keys")
        if not all(is_key_id(self.group, key_id, key) for key_id, key in keys):
            raise RemoteError("bad_key", "a member key stands under another key's id")
        session.keys_sent.update(key.key_id for key in keys)
        return self.take_keys(keys)

    def take_keys(self, keys: Sequence[PersonKey]) -> Outcome:
        """Keep the keys that are new here; one that was erased is never taken again.

        A key that the log names as an epoch's always has room: whoever fills the box can't keep
        others from reading what comes from a relay.
        """
        filed = (one.record for one in self.ancestry.decisions.filed)
        named = {record.key_id for record in filed if isinstance(record, EpochBegun)}
        unknown = {key.key_id: key for key in keys if key.key_id not in self.key_box}.values()
        epochs = [key for key in unknown if key.key_id in named]
        others = [key for key in unknown if key.key_id not in named]
        fresh = [*epochs, *others[: max(KEY_BOX_MAX - len(self.key_box), 0)]]
        self.key_box.update(fresh)
        return Outcome(Stored(keys=tuple(fresh)), self.pump_all() if fresh else ())

    def _hang_up(self, peer: str, error: RemoteError) -> Outcome:
        session = self._sessions[peer]
        session.state = State.OVER
        sorry = (peer, self._say(session, Sorry(error.code, error.detail)))
        return Outcome(
            send=(sorry,), refused=(Refused(peer, error.code, error.detail),), close=(peer,)
        )

    # What others know of this device's own chain

    def told_of_us(self) -> dict[bytes, tuple[Tip, ...]]:
        """Devices that are told all → the tips of our own chain that they named and that we lack.

        Empty tips: the device compared, and we lack nothing of our own that it knows. Others are
        what it says, and no more; see `proven_of_us`.
        """
        told = self._own_chain.told()
        return {device: tips for device, tips in told.items() if self._is_told(device)}

    def proven_of_us(self) -> frozenset[Tip]:
        """Tips of our own chain that some peer proved by our signature when they were not here."""
        return self._own_chain.proven

    # Whom to talk with

    def _gives(self, session: Session) -> bool:
        """Whether the other device is given the group's changes.

        The device that two cards were shown to is given the restoration that stops it, so that its
        owner can object.
        """
        return session.by_cards or self._is_told(session.device)

    def _is_told(self, device: bytes) -> bool:
        """Whether a device is told what the group writes.

        What stopped this device too does not decide whom it talks with, nor does the word of a
        phone that this very device has stopped: else one rogue officer could keep the others apart.
        """
        roster, own = self.roster, self.keys.public
        if roster.may_read(device):
            return True
        return roster.may_deliver(device) and all(
            by in self._stops(own) or own in self._stops(by) for by in self._stops(device)
        )

    def _stops(self, device: bytes) -> frozenset[bytes]:
        """Who or what stopped a device; worked out when a decision is new."""
        count = self.ancestry.decisions.count
        if self._stopped[0] != count:
            self._stopped = (count, stopped(self.ancestry.decisions))
        return self._stopped[1].get(device, frozenset())

    def _only_delivers(self, session: Session) -> bool:
        """Whether the peer may hand over what it holds, and is given nothing.

        What it brings may be what shows that it was stopped wrongly, so nobody is refused.
        """
        known = self.roster.devices.get(session.device)
        return known is not None and known.state != "active" and not self._gives(session)

    def _quota(self, session: Session) -> Quota | None:
        """How many more changes, past what is spared, are taken from a stopped device itself."""
        return self._quota_of(session.device) if self._only_delivers(session) else None

    def _quota_of(self, device: bytes) -> Quota | None:
        known = self.roster.devices.get(device)
        if known is None or known.state == "active":
            return None
        ancestry = self.ancestry
        spared = limits(ancestry.decisions, [branch.device for branch in ancestry.branches])
        lanes = ancestry.lanes_of(device)
        beyond = sum(ancestry.tips[lane].change.n - spared[lane] for lane in lanes)
        return Quota(device, STOPPED_CHANGES_MAX - beyond)

    def _stopped_error(self, session: Session) -> RemoteError:
        state = self.roster.devices[session.device].state
        what = "suspended" if state == "suspended" else "revoked"
        text = f"this phone is {what}: what it brought was taken, and it is given nothing"
        return RemoteError(what, text)

    # What to say

    def _say(self, session: Session, message: Message) -> bytes:
        data = encode(message)
        session.sent_bytes += len(data)
        return data

    def _have(self) -> Have:
        return Have(self.tips, keys_digest(self.key_box.keys()))

    def _acknowledgement(self, session: Session) -> Message:
        """A signed ACK, one for every CHANGES: the peer counts them. Sent only after the commit."""
        session.acked_tips = tips = self.tips
        if self._signed is None or self._signed.tips != tips:
            self._signed = Acknowledge(tips, sign_ack(self.keys, self.group, tips).signature)
        return self._signed

    def pump_all(self) -> tuple[tuple[str, bytes], ...]:
        """Send every live peer what it lacks, as far as its window allows."""
        return tuple(
            part for peer, session in self._sessions.items() for part in self._pump(peer, session)
        )

    def _pump(self, peer: str, session: Session) -> tuple[tuple[str, bytes], ...]:
        if session.state is not State.LIVE or not self._gives(session):
            return ()
        first = [*proofs_for(self.ancestry, session), *self._keys_for(session)]
        out = [(peer, self._say(session, message)) for message in first]
        if session.notes_sent != self.notes:
            session.notes_sent = self.notes
            out.append((peer, self._say(session, Notes(self.notes))))
        if session.waits:
            session.waits = bool(lacking(self.ancestry, session.given))
            return tuple(out)
        while session.in_flight < WINDOW_CHUNKS:
            stretches = lacking(self.ancestry, session.given)
            if not stretches:
                break
            bundle = self._next_bundle(session, stretches)
            left = sum(last - first + 1 for _, first, last in lacking(self.ancestry, session.given))
            session.in_flight += 1
            out.append((peer, self._say(session, Changes(left, bundle))))
        return tuple(out)

    def _next_bundle(self, session: Session, stretches: Sequence[tuple[int, int, int]]) -> bytes:
        """The next changes for this peer as one bundle of at most a chunk."""
        block = block_of(in_order_of_admission(self.ancestry, stretches))
        changes = [admitted.change for admitted in block]
        bundle, count = fill_bundle(changes, CHUNK_BYTES_MAX)
        block = block[:count]
        for change, place in block:
            session.given[place.lane] = change.n
        session.sent_changes += len(block)
        return bundle

    def _keys_for(self, session: Session) -> list[Message]:
        """Member keys that an officer's device lacks; others never get any."""
        if not self.roster.may_write(session.device):
            return []
        if keys_digest(self.key_box.keys()) == session.peer_keys_digest:
            return []
        fresh = sorted(self.key_box.keys() - session.keys_sent)
        session.keys_sent.update(fresh)
        # An erased key is remembered without its bytes, so that no peer can bring it back.
        keys = [PersonKey(key_id, key) for key_id in fresh if (key := self.key_box[key_id])]
        return [Keys(tuple(keys[at : at + KEYS_MAX])) for at in range(0, len(keys), KEYS_MAX)]

    def synced(self, peer: str) -> bool:
        """Whether the peer signed for all that we hold, and we hold all that it spoke of."""
        session = self._sessions.get(peer)
        if session is None or session.state is not State.LIVE or session.peer_acked is None:
            return False
        lacks = lacking(self.ancestry, session.confirmed)
        return not lacks and knows_all(self.ancestry, session.peer_tips)

    def is_owed(self, peer: str) -> bool:
        """Whether it is the peer's turn to say something."""
        session = self._sessions.get(peer)
        return session is not None and session.is_owed

    def traffic(self, peer: str) -> Traffic:
        """What moved so far in a session; zeros when there is none."""
        session = self._sessions.get(peer)
        if session is None:
            return Traffic(0, 0, 0, 0, 0, 0)
        stretches = lacking(self.ancestry, session.given)
        return Traffic(
            session.sent_changes,
            session.received_changes,
            session.sent_bytes,
            session.received_bytes,
            sum(last - first + 1 for _, first, last in stretches),
            session.expected_changes,
        )


def block_of(changes: Iterable[Admitted]) -> list[Admitted]:
    """As many changes as one bundle may hold, in their order."""
    block: list[Admitted] = []
    size = 0
    for admitted in islice(changes, BUNDLE_CHANGES_MAX):
        size += sum(map(len, admitted.change.events))
        if block and size > BUNDLE_BYTES_MAX:
            break
        block.append(admitted)
    return block
