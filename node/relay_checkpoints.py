"""Checkpoints of a group's log: one phone puts everything there anew, another's compares it.

    one phone      pushes all changes as bundles, entries `first` to `last`; signs
    another's      downloads from `first` on, opens, compares with what it read before; signs
    the relay      lets go of what is before the checkpoint that precedes it, a month later or more

Rule: a phone signs another's checkpoint only when reading from `first` on gives it everything that
reading the whole log gave it. What lacks anything is not signed, and the phone that made it is
named. Making one blocks nobody: pieces are pushed as everything else is, between them others push
what they like, and after a cut it goes on with the next piece.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from node.checkpoint_choice import (
    ENTRIES_MIN,
    Standing,
    begin,
    is_due,
    note_shown,
    standing,
    to_compare,
)
from node.checkpoint_store import CheckpointStore, Copying, Shown
from node.checkpoint_words import wrong_words
from node.node import Node
from node.relay_client import RelayFailed
from node.relay_log import next_piece, read_content
from node.relay_places import Place
from node.relay_pushing import push
from node.relay_reading import AtRelay
from node.relay_store import Held, Outgoing, RelayStore
from node.relay_view import Point, RelayWrong, heard, read
from relay.facts import Checkpoint, Entry, chain_start
from relay.protocol import Entries
from replication.errors import RemoteError
from replication.sealing import open_blob

PIECES_A_CYCLE: Final = 64
"""Of up to 256 KiB; what is left goes with the next cycle."""

SealingKey = Callable[[], Awaitable[bytes]]


class Checkpoints:
    """What one phone does about the checkpoints of one log, within a cycle that has read it."""

    def __init__(self, at: AtRelay, place: Place, sealing_key: SealingKey) -> None:
        self.at = at
        self.place = place
        self._sealing_key = sealing_key

    async def run(self) -> None:
        """Sign what is good, go on with what is in the making, or begin one that is due.

        RelayFailed, RelayGone, RelayWrong, StoreFailed.
        """
        opened = self.at.opened.get(self.place.mailbox)
        if opened is None or not opened.may_write:
            return

        def look(node: Node) -> tuple[Standing, Shown | None]:
            group = node.group(self.place.group)
            note_shown(group, self.place, opened.checkpoints, opened.first_kept)
            stands = standing(group, self.place)
            return stands, to_compare(group, self.place, stands)

        stands, one = await self.at.on_node(look)
        if one is not None:
            await self._look_at(one)
        elif stands.copying is not None or await self._begin(stands):
            await self._go_on()

    # Making

    async def _begin(self, stands: Standing) -> bool:
        def work(node: Node) -> bool:
            group = node.group(self.place.group)
            due = is_due(group, self.place, stands)
            if due:
                begin(group, self.place)
            return due

        return await self.at.on_node(work)

    async def _go_on(self) -> None:
        """Put the next pieces there; sign when everything is."""
        for _ in range(PIECES_A_CYCLE):
            copying = await self.at.on_node(self._copying)
            if copying is None:
                return
            if copying.is_whole:
                await self._sign(copying)
                return
            piece = await self._next_piece(copying)
            if piece is not None:
                await push(self.at, self.place, piece)
            elif not await self.at.on_node(self.complete):
                return  # there is no key yet, or what others pushed meanwhile is to be read first

    async def _next_piece(self, copying: Copying) -> Outgoing | None:
        key = await self._sealing_key()
        if not key:
            return None
        return await self.at.on_node(lambda node: next_piece(node, self.place, key, copying.held))

    def _copying(self, node: Node) -> Copying | None:
        """The one in the making, unless it came into force, or another one did or will."""
        stands = standing(node.group(self.place.group), self.place)
        copying, newest, waiting = stands.copying, stands.newest, stands.waiting
        if copying is None:
            return None
        is_over = newest is not None and 0 < copying.first <= newest.last
        is_needless = not copying.is_whole and waiting is not None and waiting.signer != node.device
        is_old = copying.is_whole and stands.cursor - copying.last >= ENTRIES_MIN
        if is_over or is_needless or is_old or copying.log_id != stands.log_id:
            CheckpointStore(node.store.database, self.place).drop_copying()
            return None
        return copying

    def complete(self, node: Node) -> bool:
        """Note that the pieces hold everything, where all that came before them was read."""
        stands = standing(node.group(self.place.group), self.place)
        copying = stands.copying
        if copying is None or not copying.first or not stands.may_make:
            return False
        if stands.cursor < copying.last or node.group(self.place.group).replica.lacks(copying.held):
            return False
        store = CheckpointStore(node.store.database, self.place)
        store.save_copying(copying._replace(is_whole=True))
        return True

    async def _sign(self, copying: Copying) -> None:
        """Sign what this phone made, unless that waits at the relay already."""
        opened = self.at.opened.get(self.place.mailbox)
        device, span = self.at.device.node.device, (copying.log_id, copying.first, copying.last)
        for checkpoint, signatures in opened.checkpoints if opened else ():
            if checkpoint[:3] == span and device in dict(signatures):
                return

        def point(node: Node) -> Point | None:
            store = RelayStore(node.store.database)
            return store.point(store.load(self.place).view, copying.last)

        found = await self.at.on_node(point)
        if found is not None:
            await self._signed(Checkpoint(*span, found.chain))

    async def _signed(self, checkpoint: Checkpoint) -> None:
        try:
            await self.at.client.sign_checkpoint(self.place.mailbox, checkpoint)
        except RelayFailed as error:
            if error.failed.code != "stale_checkpoint":
                raise
            await self.at.on_node(
                lambda node: CheckpointStore(node.store.database, self.place).drop_copying()
            )
        self.at.opened.pop(self.place.mailbox, None)  # what waits is looked at anew

    # Comparing

    async def _look_at(self, one: Shown) -> None:
        """Compare another officer's checkpoint, and sign it if it is good."""
        if one.state != "good":
            comparing = await self.at.on_node(lambda node: Comparing(node, self.place, one))
            await self.download(comparing)
            good = await self.at.on_node(comparing.is_good)
            one = one._replace(state="good" if good else "wrong")
            await self.at.on_node(
                lambda node: CheckpointStore(node.store.database, self.place).judge(one)
            )
        if one.state == "wrong":
            words = await self.at.on_node(
                lambda node: wrong_words(node.group(self.place.group), one.signer)
            )
            self.at.device.links.bulletin.announce(words)
            return
        await self._signed(one.checkpoint)

    async def download(self, comparing: "Comparing") -> None:
        """Read the log again for a comparison. RelayWrong, RelayFailed, RelayGone."""
        try:
            while comparing.view.cursor < comparing.upto and not comparing.is_wrong:
                page = await self.at.client.pull(self.place.mailbox, comparing.view.cursor)
                await self.at.on_node(partial(comparing.take, page=page))
        except RelayWrong as wrong:
            await self.at.note(self.place, wrong)
            raise


class Comparing:
    """A log, read a second time from a checkpoint's first entry on; on the node thread."""

    def __init__(self, node: Node, place: Place, one: Shown) -> None:
        self.place = place
        self.checkpoint = one.checkpoint
        self.signer = one.signer
        self.held: Held = {}
        self._store = RelayStore(node.store.database)
        kept = self._store.load(place)
        self._read = kept.view
        self._expected = kept.held
        self.upto = kept.view.cursor
        """What came since this phone read the log is not looked at."""
        before = self._chain(self.checkpoint.first - 1)
        self.is_wrong = not before or self._chain(self.checkpoint.last) != self.checkpoint.chain
        self.view = kept.view._replace(
            cursor=self.checkpoint.first - 1, chain=before, is_confirmed=False
        )

    def _chain(self, cursor: int) -> bytes:
        """Of the log at a cursor, as this phone read it."""
        if not cursor:
            return chain_start(self._read.mailbox, self._read.log_id)
        point = self._store.point(self._read, cursor)
        return point.chain if point is not None else b""

    def take(self, node: Node, page: Entries) -> None:
        """Check a page as when it was read first, and count what its blobs hold. RelayWrong."""
        view = heard(self.view, page.head, self._point, 0)
        self.view = read(view, page.entries, page.head, self._point).view
        for entry in page.entries:
            if entry.cursor <= self.upto:
                self._open(node, entry)

    def _point(self, cursor: int) -> Point | None:
        return self._store.point(self._read, cursor)

    def _open(self, node: Node, entry: Entry) -> None:
        """What nobody can use holds nothing; a checkpoint with such a piece is none."""
        replica = node.group(self.place.group).replica
        is_piece = entry.writer == self.signer and entry.cursor <= self.checkpoint.last
        try:
            blob = open_blob(replica.key_box, self.place.mailbox, entry.blob or b"")
            bundle, _ = read_content(blob)
        except RemoteError:
            self.is_wrong |= is_piece
            return
        self.held, is_known = replica.reread(self.held, bundle)
        self.is_wrong |= is_piece and not is_known

    def is_good(self, node: Node) -> bool:
        """Whether what was read holds everything that this phone read in the log."""
        replica = node.group(self.place.group).replica
        return not self.is_wrong and replica.covers(self.held, self._expected)
