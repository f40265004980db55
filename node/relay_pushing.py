"""Putting sealed blobs into a relay's mailboxes: stored, then sent, then acknowledged on disk.

Rule: a blob lies in the outbox before it is sent, so that after a restart the same bytes go again
and the relay answers with its old receipt. Nothing counts as backed up before the receipt was
checked and stored. Only what is sealed comes here: there is no other way to a relay.
"""

from hashlib import sha256
from typing import Final

from node.checkpoint_store import PIECE, CheckpointStore
from node.clock import now_ms
from node.node import Node
from node.relay_log import next_blob
from node.relay_places import Place, Slot
from node.relay_reading import AtRelay
from node.relay_store import Outgoing, RelayStore, merged
from node.relay_view import RelayWrong, receipted
from relay.facts import Entry
from relay.protocol import Receipt

BLOBS_A_CYCLE: Final = 256
"""Of a log: 64 MB of changes; what is left goes with the next cycle."""


async def push_log(at: AtRelay, place: Place, key: bytes, blobs_max: int = BLOBS_A_CYCLE) -> int:
    """Put what a group's log lacks there, sealed under this epoch key; how many blobs.

    RelayFailed, RelayGone, StoreFailed, LocalError; RelayWrong for a receipt that is none.
    """
    for count in range(blobs_max):
        outgoing = await at.on_node(lambda node: next_blob(node, place, key))
        if outgoing is None:
            return count
        await push(at, place, outgoing)
    return blobs_max


async def push_slot(at: AtRelay, place: Place, slot: Slot) -> Entry:
    """Put a slot or a summary into a mailbox; its entry, with the blob. Raises as `push_log`."""
    outgoing = Outgoing(sha256(slot.blob).digest(), slot.blob, {}, slot.digest)

    def keep(node: Node) -> Outgoing:
        store = RelayStore(node.store.database)
        for one in store.outgoing(place):
            if one.digest == slot.digest:
                return one
            with node.store.database.transaction():
                store.drop_outgoing(place, one.blob_hash)
        store.keep_outgoing(place, outgoing)
        return outgoing

    kept = await at.on_node(keep)
    entry = await push(at, place, kept)
    return entry._replace(blob=kept.blob)


async def push(at: AtRelay, place: Place, outgoing: Outgoing) -> Entry:
    """Send one blob of the outbox; its entry, once the receipt is on disk."""
    receipt = await at.client.push(place.mailbox, outgoing.blob, outgoing.blob_hash)
    try:
        await at.on_node(lambda node: _acknowledged(node, place, outgoing, receipt))
    except RelayWrong as wrong:
        await at.note(place, wrong)
        at.opened.pop(place.mailbox, None)  # looked at anew, from its head
        raise
    return receipt.entry


def _acknowledged(node: Node, place: Place, outgoing: Outgoing, receipt: Receipt) -> None:
    """Check a receipt, and store what it says."""
    store = RelayStore(node.store.database)
    kept = store.load(place)
    now = receipted(
        kept.view,
        receipt,
        node.device,
        outgoing.blob_hash,
        lambda cursor: store.point(kept.view, cursor),
    )
    head = receipt.head.head
    kept = kept._replace(
        view=now.view,
        held=merged(kept.held, outgoing.held),
        slot=kept.slot if outgoing.digest in (b"", PIECE) else outgoing.digest,
        head_ms=max(kept.head_ms, head.time_ms),
        heard_ms=max(kept.heard_ms, now_ms()),
    )
    with node.store.database.transaction():
        store.write(place, kept, now.points)
        checkpoints, cursor = CheckpointStore(node.store.database, place), receipt.entry.cursor
        checkpoints.write_sizes(head.log_id, [(cursor, len(outgoing.blob))])
        checkpoints.lies_there(head.log_id, outgoing.blob_hash, cursor)
