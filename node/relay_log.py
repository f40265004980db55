"""A group's log at a relay, on the node thread: sealed blobs become changes, and changes blobs.

What is sealed is the CBOR array [1, note, bundle]: the note is the newest head that the relay had
signed to the phone that pushed, so that phones which never meet can compare what each was told.
The changes of a blob and the word that it was read are stored in one transaction. An entry that
lacks a key or earlier changes waits; one that nobody can read is named with its phone and passed.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from node.checkpoint_store import PIECE, CheckpointStore
from node.clock import random_bytes
from node.database import Database
from node.node import Group, Node, Step
from node.relay_places import Place
from node.relay_store import Held, Mailbox, Outgoing, RelayStore, Waiting, merged
from node.relay_view import NOTE_BYTES, Read, note_of
from relay.facts import Entry, Head, SignedHead
from replication.cbor import dumps, load_item
from replication.errors import RemoteError
from replication.outcome import Outcome, Stored
from replication.sealing import NONCE_BYTES, epoch_key_id, open_blob, seal_blob

CONTENT_VERSION: Final = 1
BUNDLES_A_STEP: Final = 16
"""What is read is stored so many entries at once."""
NOTES_KEPT: Final = 1024
TROUBLES_KEPT: Final = 256
"""Of one reading, the newest: a note of a longer log says what those before it said."""
RETRIES_MAX: Final = 8
"""Rounds over what waits: each round that brought something may let in more."""


class Trouble(NamedTuple):
    """Something in a blob that was not taken."""

    writer: bytes
    """Device that pushed it."""
    code: str
    detail: str


class Taken(NamedTuple):
    """What came of some entries of a log."""

    step: Step
    notes: tuple[bytes, ...]
    """What those who pushed had been told."""
    troubles: tuple[Trouble, ...]
    changes: int


class _Opened(NamedTuple):
    """What came of one blob."""

    outcome: Outcome
    held: Held
    waits: bool
    note: bytes
    trouble: Trouble | None


def content_of(bundle: bytes, note: bytes) -> bytes:
    """What is sealed for a log."""
    return dumps([CONTENT_VERSION, note, bundle])


def read_content(content: bytes) -> tuple[bytes, bytes]:
    """Bundle and note of what was sealed; RemoteError for other bytes, "update" for later ones."""
    match load_item(content):
        case [int(version), bytes(note), bytes(bundle)] if (
            version == CONTENT_VERSION and type(version) is int and len(note) in (0, NOTE_BYTES)
        ):
            return bundle, note
        case [int(version), *_] if version > CONTENT_VERSION:
            raise RemoteError("update", "a later version of Mkutano wrote this: update this phone")
    raise RemoteError("unreadable", "what was sealed is no bundle of changes")


# Reading


def take_entries(
    node: Node, place: Place, kept: Mailbox, entries: Sequence[Entry], now: Read
) -> Taken:
    """Take checked entries of a log; `now` is how the view stands after them. StoreFailed."""
    found = Taken(Step(), (), (), 0)
    for at in range(0, len(entries), BUNDLES_A_STEP):
        some = entries[at : at + BUNDLES_A_STEP]
        points = now.points[at : at + BUNDLES_A_STEP]
        last = points[-1]
        view = now.view
        if last.cursor != view.cursor:
            view = view._replace(cursor=last.cursor, chain=last.chain, is_confirmed=False)
        taken, held = _take_some(node, place, kept, some, Read(view, points))
        kept = kept._replace(held=held)
        found = both(found, taken)
    return found


def _take_some(
    node: Node, place: Place, kept: Mailbox, entries: Sequence[Entry], now: Read
) -> tuple[Taken, Held]:
    """A few entries in one step: their changes, and that they were read."""
    blobs = [entry for entry in entries if entry.blob is not None]
    results: list[_Opened] = []

    def work(group: Group) -> Outcome:
        held = kept.held
        for entry in blobs:
            results.append(_opened(group, place, entry.writer, entry.blob or b"", held))
            held = results[-1].held
        return _joined([one.outcome for one in results])

    def beside(database: Database) -> None:
        store = RelayStore(database)
        held = results[-1].held if results else kept.held
        store.write(place, kept._replace(view=now.view, held=held), now.points)
        checkpoints, log_id = CheckpointStore(database, place), now.view.log_id
        checkpoints.write_sizes(log_id, [(one.cursor, len(one.blob or b"")) for one in blobs])
        for entry, opened in zip(blobs, results, strict=True):
            checkpoints.lies_there(log_id, entry.blob_hash, entry.cursor)
            if opened.waits:
                store.write_waiting(place, Waiting(entry.cursor, entry.writer, entry.blob or b""))

    step = node.take(place.group, work, beside)
    return _taken(step, results), (results[-1].held if results else kept.held)


def take_waiting(node: Node, place: Place) -> Taken:
    """Try again what waited for keys or earlier changes. StoreFailed."""
    found = Taken(Step(), (), (), 0)
    for _ in range(RETRIES_MAX):
        before = found.changes
        rows = RelayStore(node.store.database).waiting(place)
        for waiting in rows:
            found = both(found, _take_waiting(node, place, waiting))
        if found.changes == before:
            break
    return found


def _take_waiting(node: Node, place: Place, waiting: Waiting) -> Taken:
    kept = RelayStore(node.store.database).load(place)
    results: list[_Opened] = []

    def work(group: Group) -> Outcome:
        results.append(_opened(group, place, waiting.writer, waiting.blob, kept.held))
        return results[0].outcome

    def beside(database: Database) -> None:
        if not results[0].waits:
            store = RelayStore(database)
            store.write(place, kept._replace(held=results[0].held))
            store.drop_waiting(place, waiting.cursor)

    return _taken(node.take(place.group, work, beside), results)


def _opened(group: Group, place: Place, writer: bytes, blob: bytes, held: Held) -> _Opened:
    """One blob, opened and delivered; what can't be is left as it is."""
    nothing = Outcome()
    try:
        content = open_blob(group.replica.key_box, place.mailbox, blob)
        bundle, note = read_content(content)
    except RemoteError as error:
        if error.code == "unknown_epoch":
            return _Opened(nothing, held, True, b"", None)
        trouble = Trouble(writer, error.code, error.detail)
        return _Opened(nothing, held, False, b"", trouble)
    delivered = group.replica.deliver(bundle, writer, held)
    refusal = Trouble(writer, delivered.refusal, "") if delivered.refusal else None
    return _Opened(delivered.outcome, delivered.held, delivered.missing, note, refusal)


def _taken(step: Step, results: Sequence[_Opened]) -> Taken:
    notes = tuple(one.note for one in results if one.note)
    troubles = tuple(one.trouble for one in results if one.trouble is not None)
    return Taken(step, notes, troubles, step.changes)


def both(one: Taken, other: Taken) -> Taken:
    """What came of two readings together."""
    return Taken(
        joined_steps(one.step, other.step),
        (one.notes + other.notes)[-NOTES_KEPT:],
        (one.troubles + other.troubles)[-TROUBLES_KEPT:],
        one.changes + other.changes,
    )


def joined_steps(*steps: Step) -> Step:
    """What several committed steps ask of their caller, in their order."""
    return Step(
        tuple(part for step in steps for part in step.send),
        tuple(peer for step in steps for peer in step.close),
        tuple(one for step in steps for one in step.refused),
        tuple(receipt for step in steps for receipt in step.receipts),
        sum(step.changes for step in steps),
    )


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    stored = Stored(
        tuple(change for one in outcomes for change in one.store.changes),
        tuple(ack for one in outcomes for ack in one.store.acks),
        tuple(key for one in outcomes for key in one.store.keys),
    )
    return Outcome(stored, tuple(part for one in outcomes for part in one.send))


# Writing


def next_blob(node: Node, place: Place, key: bytes) -> Outgoing | None:
    """The next changes that the log lacks, sealed under an epoch key and kept in the outbox; None:
    it lacks nothing. What lies in the outbox under this key goes first. StoreFailed, LocalError.
    """
    return _next(node, place, key, RelayStore(node.store.database).held(place), b"")


def next_piece(node: Node, place: Place, key: bytes, held: Held) -> Outgoing | None:
    """The same of a checkpoint whose pieces hold this much so far; None: it holds everything."""
    return _next(node, place, key, held, PIECE)


def _next(node: Node, place: Place, key: bytes, held: Held, digest: bytes) -> Outgoing | None:
    store = RelayStore(node.store.database)
    key_id = epoch_key_id(key)
    for one in store.outgoing(place):
        if one.digest != digest:
            continue
        if one.blob[1 : 1 + len(key_id)] == key_id:
            return one
        with node.store.database.transaction():  # whoever left since could read it
            store.drop_outgoing(place, one.blob_hash)
    packed = node.group(place.group).replica.pack(held)
    if packed is None:
        return None
    content = content_of(packed.bundle, _newest_note(store, place))
    blob = seal_blob(key, random_bytes(NONCE_BYTES), place.mailbox, content)
    outgoing = Outgoing(sha256(blob).digest(), blob, merged(held, packed.held), digest)
    store.keep_outgoing(place, outgoing)
    return outgoing


def _newest_note(store: RelayStore, place: Place) -> bytes:
    """The newest head that the relay signed to this phone, for those who read what it pushes."""
    newest = store.newest_signed(place.relay, place.mailbox)
    if newest is None:
        return b""
    log_id, point = newest
    head = Head(log_id, point.cursor, point.chain, point.time_ms)
    return note_of(place.relay, place.mailbox, SignedHead(head, point.signature))


def lacking(node: Node, place: Place) -> int:
    """How many changes the log lacks, as far as the relay signed for it."""
    held = RelayStore(node.store.database).held(place)
    return node.group(place.group).replica.lacks(held)
