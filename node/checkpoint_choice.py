"""When a log is worth a checkpoint, who makes it, and which ones wait for this phone. Pure reading.

A log grows by a blob for every few entries, each padded and signed; the same changes as one bundle
take a fraction. So once many blobs came since the newest checkpoint, and they take several times
what everything takes anew, one officer's phone puts everything there anew. No clock decides, and
nobody is asked: each phone has a turn that follows from the log, so that one is enough, and the
next takes over as the log grows on when that one stays away. A checkpoint wants two officers; a
group with one has none.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from node.checkpoint_store import CheckpointStore, Copying, Shown, State
from node.node import Group
from node.relay_places import Place
from node.relay_store import RelayStore
from node.relay_view import OFFICERS_MIN, Signed, View, begins_at
from relay.facts import Access, Checkpoint, checkpoint_message, is_signed

ENTRIES_MIN: Final = 256
"""Blobs since the newest checkpoint: nine months of a group that meets each week. With fewer, a new
phone reads them in one reply, and everybody else would download everything for little."""
TURN_ENTRIES: Final = 16
"""So many more blobs, some two weeks, until it is the next phone's turn."""
GAIN_MIN: Final = 4
"""How many times what everything takes anew the blobs since then must take: all phones download
it, so it must save a multiple. A year of a group that meets each week takes eighteen times."""
WRONG_MAX: Final = 3
"""So many wrong checkpoints of one phone are downloaded and compared, and no more."""


class Standing(NamedTuple):
    """How a log stands with its checkpoints, for this phone."""

    log_id: bytes
    cursor: int
    newest: Checkpoint | None
    """In force."""
    shown: tuple[Shown, ...]
    copying: Copying | None
    may_make: bool
    """Whether this phone is an officer's of a log that has two, and has read all of it."""

    @property
    def entries(self) -> int:
        """Blobs since the newest checkpoint."""
        return self.cursor - (self.newest.last if self.newest else 0)

    @property
    def waiting(self) -> Shown | None:
        """One that waits for a second officer's phone, and may still come into force."""
        for one in self.shown:
            is_young = self.cursor - one.checkpoint.last < ENTRIES_MIN
            if one.state in ("waiting", "good") and is_young:
                return one
        return None


def note_shown(group: Group, place: Place, checkpoints: Iterable[Signed], first_kept: int) -> None:
    """Keep which checkpoints the relay shows of a log, and that blobs before `first_kept` are gone.
    What was found of a checkpoint before stays."""
    database = group.store.database
    view = RelayStore(database).load(place).view
    store = CheckpointStore(database, place)
    found = _shown(view, tuple(checkpoints), store.shown(view.log_id))
    with database.transaction():
        if found != store.shown(view.log_id):
            store.write_shown(view.log_id, found)
        store.write_gone(view.log_id, first_kept)


def _shown(view: View, checkpoints: tuple[Signed, ...], before: list[Shown]) -> list[Shown]:
    """What is shown now, and what was found wrong ever."""
    access, newest = view.access, begins_at(view, checkpoints)
    judged: dict[tuple[Checkpoint, bytes], State] = {
        one[:2]: one.state for one in before if one.state in ("good", "wrong")
    }
    found = {one[:2]: one for one in before if one.state == "wrong"}
    for checkpoint, signatures in checkpoints:
        if checkpoint == newest:
            found[checkpoint, b""] = Shown(checkpoint, signatures[0][0], "in force")
        elif access is not None and checkpoint.log_id == view.log_id:
            message = checkpoint_message(view.mailbox, checkpoint)
            for key, signature in signatures:  # who did not sign it is not named
                if access.may_write(key) and is_signed(key, message, signature):
                    state = judged.get((checkpoint, key), "waiting")
                    found[checkpoint, key] = Shown(checkpoint, key, state)
                    break
    return sorted(one for one in found.values() if _may_follow(one, newest))


def _may_follow(one: Shown, newest: Checkpoint | None) -> bool:
    if one.state in ("in force", "wrong"):
        return True
    return (newest.last if newest else 0) < one.checkpoint.first <= one.checkpoint.last


def standing(group: Group, place: Place) -> Standing:
    """How a log stands with its checkpoints, as far as it was read."""
    database = group.store.database
    relays, store = RelayStore(database), CheckpointStore(database, place)
    view = relays.load(place).view
    shown = tuple(store.shown(view.log_id))
    newest = next((one.checkpoint for one in shown if one.state == "in force"), None)
    access = view.access
    may_make = (
        access is not None
        and access.may_write(group.device)
        and len(access.writers) >= OFFICERS_MIN
        and view.is_confirmed
        and view.cursor >= view.told
        and not relays.waiting_count(place)
    )
    return Standing(view.log_id, view.cursor, newest, shown, store.copying(), may_make)


def is_due(group: Group, place: Place, stands: Standing) -> bool:
    """Whether it is this phone's turn to make a checkpoint, and one pays."""
    if not stands.may_make or stands.copying is not None or stands.waiting is not None:
        return False
    access = RelayStore(group.store.database).load(place).view.access
    if access is None or stands.entries < ENTRIES_MIN:
        return False
    if stands.entries < ENTRIES_MIN + TURN_ENTRIES * turn(access, stands, group.device):
        return False
    first = (stands.newest.last if stands.newest else 0) + 1
    store = CheckpointStore(group.store.database, place)
    grown = store.size_bytes(stands.log_id, first, stands.cursor)
    return grown >= GAIN_MIN * anew_bytes(group)


def begin(group: Group, place: Place) -> None:
    """Begin a checkpoint of a log, in a transaction of its own."""
    view = RelayStore(group.store.database).load(place).view
    store = CheckpointStore(group.store.database, place)
    store.save_copying(Copying(view.log_id, 0, 0, {}, False))


def turn(access: Access, stands: Standing, device: bytes) -> int:
    """When it is this phone's turn, from 0: another order after each checkpoint."""
    after = stands.newest.chain if stands.newest else stands.log_id
    keys = sorted(
        (key for officer in access.writers for key in officer),
        key=lambda key: sha256(after + key).digest(),
    )
    return keys.index(device)


def anew_bytes(group: Group) -> int:
    """About how many bytes all changes take as bundles, reckoned from the first bundle."""
    replica = group.replica
    packed = replica.pack({})
    if packed is None:
        return 0
    return len(packed.bundle) * replica.lacks({}) // packed.changes


def to_compare(group: Group, place: Place, stands: Standing) -> Shown | None:
    """A checkpoint of another officer that this phone should compare, or sign after it did."""
    access = RelayStore(group.store.database).load(place).view.access
    if access is None or not stands.may_make:
        return None
    own = access.officer_of(group.device)
    for one in stands.shown:
        officer = access.officer_of(one.signer)
        if one.state not in ("waiting", "good") or officer in (-1, own):
            continue
        wrong = [each for each in stands.shown if each[1:] == (one.signer, "wrong")]
        if len(wrong) < WRONG_MAX and one.checkpoint.last <= stands.cursor:
            return one
    return None
