"""What others say and prove of this device's own chain: how a phone learns that it was put back.

Rule: what is said is remembered, and only what is proved is a reason to wait. Whoever may read can
say that it holds entries of ours which nobody wrote; but the signature that we gave a change can be
shown by those alone who hold it, and proves no other place in the chain, no other group and no
other device. A peer says the proof of each end of our chain that we lack (`proofs_for`) before the
changes themselves, which may take long or never come.
"""

from collections.abc import Iterable, Sequence

from replication.ancestry import Ancestry
from replication.change import chain_hash, verify_chain
from replication.frontier import Tip, knows_all
from replication.limits import PROVEN_MAX, TIPS_DEVICE_MAX
from replication.session import Session
from replication.wire import Proof


class OwnChain:
    """The ends of this device's chain that others named, and those that were proved."""

    def __init__(self, group: bytes, device: bytes, ancestry: Ancestry) -> None:
        self._group = group
        self._device = device
        self._ancestry = ancestry
        self._told: dict[bytes, tuple[Tip, ...]] = {}
        """Device → what it last said; kept when its channel is gone."""
        self._proven: frozenset[Tip] = frozenset()

    def note(self, device: bytes, tips: Sequence[Tip]) -> None:
        """Remember what a device says of our chain; one that holds nothing yet says nothing."""
        if tips:
            own = self._device
            self._told[device] = tuple(tip for tip in tips if tip.device == own and tip.n)

    def told(self) -> dict[bytes, tuple[Tip, ...]]:
        """Other devices → the tips that they last named and that are not here, proved or not."""
        return {
            device: tuple(tip for tip in tips if not knows_all(self._ancestry, (tip,)))
            for device, tips in self._told.items()
            if device != self._device
        }

    def take(self, proof: Proof, by: bytes) -> bool:
        """Whether a proof that a device shows is of a change of ours that is not here.

        It is remembered then, and as what that device says, until it says again what it holds.
        RemoteError("bad_signature") for one that we never signed. Of very many the ends furthest
        along are kept: older ones on the same branch say less.
        """
        n, prev, time_ms, change_hash, signature = proof
        chain = chain_hash(prev, self._device, n, time_ms, change_hash)
        verify_chain(self._device, self._group, chain, signature)
        tip = Tip(self._device, n, chain)
        if knows_all(self._ancestry, (tip,)):
            return False
        self._proven = frozenset(self._furthest(self._proven, tip))
        self._told[by] = self._furthest(self._told.get(by, ()), tip)
        return True

    def _furthest(self, known: Iterable[Tip], tip: Tip) -> tuple[Tip, ...]:
        lacked = [one for one in known if not knows_all(self._ancestry, (one,))]
        ends = sorted({*lacked, tip}, key=lambda one: (one.n, one.chain))
        return tuple(ends[-PROVEN_MAX:])

    @property
    def proven(self) -> frozenset[Tip]:
        """What was proved and was not here when it was; it may have come since."""
        return self._proven


def proofs_for(ancestry: Ancestry, session: Session) -> list[Proof]:
    """The ends of the peer's own chain that it lacks, each once in a conversation.

    Every lane ends with a change that carries its signature, because none is admitted before a
    later one of its own chain is signed. A device with so many branches that its tips are summed up
    is told of none: no tip names what would be proved.
    """
    lanes = ancestry.lanes_of(session.device)
    if len(lanes) > TIPS_DEVICE_MAX:
        return []
    proofs = []
    for lane in lanes:
        end = ancestry.tips[lane].change
        lacks = max(session.given.get(lane, 0), ancestry.branches[lane].fork_n) < end.n
        if lacks and session.proved.get(lane) != end.chain_hash:
            session.proved[lane] = end.chain_hash
            proofs.append(Proof(end.n, end.prev, end.time_ms, end.change_hash, end.signature))
    return proofs
