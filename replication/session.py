"""The conversation with one peer: a state table and its bookkeeping, without I/O.

Rule: everything that decides which message may follow which lives in `TABLE`. The initiator
speaks first. One and a half round trips bring both sides together:

    initiator                       responder
    HAVE                      ->
                              <-    HAVE, CHANGES …
    CHANGES …, ACK            ->
                              <-    ACK

After that the session is live: whatever one side writes later goes out as CHANGES at once, and what
others bring it a moment later, unless the peer has said by then that it holds it. A session that is
cut is simply begun again; HAVE says what arrived. Who lacks changes of its own chain is shown a
PROOF of it before these changes, so that it waits for them (own_chain.py). At most `WINDOW_CHUNKS`
bundles are on their way unacknowledged, so a slow peer is never flooded.
"""

from collections.abc import Iterable
from enum import Enum

from replication.errors import RemoteError
from replication.frontier import Tip
from replication.limits import HELD_BYTES_MAX, PROOFS_MAX
from replication.wire import Acknowledge, Changes, Have, Keys, Message, Notes, Proof, Sorry

RESYNCS_MAX = 8
"""How often a peer may send a bundle that has to wait before we hang up on it."""


class State(Enum):
    """Where a conversation stands."""

    AWAITING_HAVE = "awaiting have"
    LIVE = "live"
    OVER = "over"


TABLE: dict[tuple[State, type[Message]], State] = {
    (State.AWAITING_HAVE, Have): State.LIVE,
    (State.AWAITING_HAVE, Sorry): State.OVER,
    (State.LIVE, Have): State.LIVE,
    (State.LIVE, Changes): State.LIVE,
    (State.LIVE, Acknowledge): State.LIVE,
    (State.LIVE, Keys): State.LIVE,
    (State.LIVE, Notes): State.LIVE,
    (State.LIVE, Proof): State.LIVE,
    (State.LIVE, Sorry): State.OVER,
}
"""Every step that a peer may take; anything else ends the conversation."""


class Session:
    """What this replica knows of one conversation."""

    def __init__(self, device: bytes, initiator: bool, by_cards: bool = False) -> None:
        self.device = device
        self.initiator = initiator
        self.by_cards = by_cards
        """Whether the one who called showed two paper cards: no roster decides about this one."""
        self.state = State.AWAITING_HAVE
        self.given: dict[int, int] = {}
        """Lane → highest position that the peer has or that is on its way."""
        self.confirmed: dict[int, int] = {}
        """Lane → highest position that the peer has said or shown that it has."""
        self.peer_acked: tuple[Tip, ...] | None = None
        """What the peer last signed for in this conversation."""
        self.peer_tips: tuple[Tip, ...] = ()
        """What the peer last said that it holds, by HAVE or ACK."""
        self.acked_tips: tuple[Tip, ...] | None = None
        """What we last acknowledged to the peer."""
        self.peer_keys_digest = b""
        self.keys_sent: set[bytes] = set()
        self.notes_sent: tuple[bytes, ...] = ()
        self.proved: dict[int, bytes] = {}
        """Lane of the peer's own → the end of it that was last proved to the peer."""
        self.proofs = 0
        """What the peer proved of our own chain since anything that it brought was admitted."""
        self.waits = False
        """Whether what the peer lacks is kept back for a moment: others may bring it."""
        self.in_flight = 0
        self.held: list[bytes] = []
        self.resyncs = 0
        self.expected_changes = 0
        self.sent_changes = 0
        self.received_changes = 0
        self.sent_bytes = 0
        self.received_bytes = 0

    @property
    def is_owed(self) -> bool:
        """Whether it is the peer's turn: its HAVE, or its answer to a bundle."""
        return self.state is State.AWAITING_HAVE or self.in_flight > 0

    def advance(self, message: Message) -> None:
        """Take the step that this message is; RemoteError when the table has no such step."""
        following = TABLE.get((self.state, type(message)))
        if following is None:
            name = type(message).__name__.lower()
            raise RemoteError("unexpected_message", f"{name} while {self.state.value}")
        self.state = following

    def shown(self, positions: Iterable[tuple[int, int]]) -> None:
        """The peer has these (lane, position) and, on each lane, all before."""
        for lane, n in positions:
            self.confirmed[lane] = max(self.confirmed.get(lane, 0), n)
            self.given[lane] = max(self.given.get(lane, 0), n)

    def restart(self, held: dict[int, int]) -> None:
        """Go on from what the peer is now known to hold."""
        self.given = held
        self.confirmed = dict(held)
        self.waits = False

    def admitted(self) -> None:
        """Something that the peer brought was admitted: it doesn't only promise."""
        self.resyncs = self.proofs = 0

    def count_proof(self) -> None:
        """The peer proved that we lack something; RemoteError when it does nothing else."""
        self.proofs += 1
        if self.proofs > PROOFS_MAX:
            raise RemoteError("too_many_proofs", "it proves what we lack and does not bring it")

    def hold(self, bundle: bytes) -> None:
        """Keep a bundle that follows something unknown; the oldest go when there are too many."""
        self.resyncs += 1
        if self.resyncs > RESYNCS_MAX:
            raise RemoteError("missing_dependencies", "its changes follow others it lacks")
        self.held.append(bundle)
        while sum(map(len, self.held)) > HELD_BYTES_MAX:
            self.held.pop(0)
