"""Signed summaries of sealed meetings: what this phone adds to a mailbox, and what it takes out.

Every officer's phone makes the same summary of a sealed meeting, from the close that was sealed and
what its author knew; so whoever reads can count how many officers say the same. A phone whose owner
sealed the meeting puts its signature there; another officer's does only while fewer than two are
there. So a meeting takes as many blobs as officers sealed it, and never more than one an officer.

Rule: what lies in a mailbox is taken only if the device that put it there signed it, for this
group, and was let in by the officers' own lists. Everything else is counted as a fault of that
device, told in words, and stops nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from model.book import Book
from model.pages import MeetingPage
from model.reducer import REDUCER_VERSION
from model.reports.sealed_summary import revision_of, sealed_indicators
from model.signatures import SEAL_BY, signers
from node import epoch_keys
from node.clock import day_of, random_bytes
from node.closure import book_through
from node.node import Group, Node, Step
from node.relay_places import Place, Slot
from node.relay_store import RelayStore, Waiting
from node.summary_form import content_of, digest_of, read_content, read_signed, sign
from node.summary_store import SummaryStore
from relay.facts import Access, Entry
from replication.errors import RemoteError
from replication.sealing import NONCE_BYTES, open_blob, seal_blob

MEETINGS_MAX: Final = 60
"""Newest sealed meetings that a mailbox is given: a year of weekly ones. Older ones were there."""

NOT_DAMAGE: Final = frozenset({"unknown_epoch"})
"""What is no fault of whoever sealed a blob: the key has not come here yet."""


class Sealed(NamedTuple):
    """A sealed meeting, and the close that officers signed."""

    key: tuple[int, int]
    """Cycle and session."""
    close: str
    """Entry id, hex."""


def sealed_meetings(book: Book) -> Iterator[Sealed]:
    """The newest sealed meetings, newest first; one with two closes waits for officers' choice."""
    found = 0
    for key, page in sorted(book.meetings.rows(), key=lambda row: row[0], reverse=True):
        if _is_sealed(page) and found < MEETINGS_MAX:
            found += 1
            yield Sealed(key, page.closes[0])


def _is_sealed(page: MeetingPage) -> bool:
    return page.sealed and len(page.closes) == 1


def summarised(group: Group, sealed: Sealed) -> bytes | None:
    """The content that every phone makes of a sealed meeting; None where this one can't.

    That is while the books hold an entry of a newer Mkutano, or of a meeting without a day. The
    whole past of the close is folded again: some milliseconds a hundred entries.
    """
    close = bytes.fromhex(sealed.close)
    then = book_through(group.store.chains(group.row.group_no), close)
    figures = sealed_indicators(then, sealed.key)
    if figures is None or figures.withheld == "update":
        return None
    revision = revision_of(then, sealed.key)
    day = then.meetings.find(sealed.key)
    if day is None:
        raise AssertionError("a meeting with figures has a page")
    return content_of(sealed.key, revision, close, day.held_on, REDUCER_VERSION, figures)


# What this phone adds


def own(node: Node, group_id: bytes, place: Place, stands: bytes, now_ms: int) -> Slot | None:
    """The next summary that this phone should put into the mailbox; None: there is nothing.

    `stands` says nothing here: what lies in the mailbox is in the table of signatures.
    """
    group = node.group(group_id)
    device = group.roster.devices.get(group.device)
    if device is None or device.right != "write" or device.state != "active":
        return None
    key = epoch_keys.current(group, "summary", day_of(now_ms))
    if key is None:  # the next push of the log begins one
        return None
    store = SummaryStore(node.store.database)
    view = RelayStore(node.store.database).load(place).view
    if not view.cursor and not view.told:  # empty; not merely unread
        store.forget_mailbox(group_id, place.mailbox)
    there = store.signed_in(group_id, place.mailbox)
    for sealed in sealed_meetings(group.book):
        if _is_wanted(group, sealed, there.get(bytes.fromhex(sealed.close), {})):
            content = _made(group, store, sealed)
            if content is not None:
                plain = sign(group.replica.keys, group_id, content)
                blob = seal_blob(key.key, random_bytes(NONCE_BYTES), place.mailbox, plain)
                return Slot(blob, digest_of(content))
    return None


def _is_wanted(group: Group, sealed: Sealed, there: Mapping[bytes, bytes]) -> bool:
    """Whether this phone should sign; `there`: who did in this mailbox, and what."""
    roster = group.roster
    people = {roster.person_of(device) for device in there}
    person = roster.person_of(group.device)
    if group.device in there or person in people:
        return False
    officers = {one for one in people if one in roster.officers}
    return person.hex() in signers(group.book, sealed.close) or len(officers) < SEAL_BY


def _made(group: Group, store: SummaryStore, sealed: Sealed) -> bytes | None:
    """The content of a sealed meeting; as this phone signed it before, where it did."""
    close = bytes.fromhex(sealed.close)
    for one in store.rows(group.id):
        mine = group.device in one.signers and one.summary.rules == REDUCER_VERSION
        if one.summary.close == close and mine:
            return one.content
    return summarised(group, sealed)


# What it takes


def take(node: Node, group_id: bytes, place: Place, entries: Sequence[Entry], now_ms: int) -> Step:
    """Take new entries of the mailbox; the engine has checked who put them there."""
    keys = node.group(group_id).replica.key_box
    access = RelayStore(node.store.database).load(place).view.access
    if access is not None:
        take_summaries(node, keys, place, entries, access, now_ms)
    return Step()


def take_summaries(
    node: Node,
    keys: Mapping[bytes, bytes],
    place: Place,
    entries: Sequence[Entry],
    access: Access,
    now_ms: int,
) -> int:
    """Keep the signed summaries in entries, and in those that waited for a key; how many there
    were. Any blob is told apart, none raises.

    `keys`: epoch keys of the place's group by their ids. `access`: the list by which officers are
    counted.
    """
    database = node.store.database
    store, relays = SummaryStore(database), RelayStore(database)
    if entries and entries[0].cursor == 1:  # read from the beginning: what lay there may be lost
        store.forget_mailbox(place.group, place.mailbox)
    taker = _Taker(store, keys, place, access, now_ms)
    with database.transaction():
        for waiting in relays.waiting(place):
            if taker.take(waiting.writer, waiting.blob):
                relays.drop_waiting(place, waiting.cursor)
        for entry in entries:
            if entry.blob is not None and not taker.take(entry.writer, entry.blob):
                relays.write_waiting(place, Waiting(entry.cursor, entry.writer, entry.blob))
        store.note_faults(place.group, taker.faults, now_ms)
    return taker.kept


class _Taker:
    """Takes one blob after the other out of one mailbox."""

    def __init__(
        self,
        store: SummaryStore,
        keys: Mapping[bytes, bytes],
        place: Place,
        access: Access,
        now_ms: int,
    ) -> None:
        self._store = store
        self._keys = keys
        self._place = place
        self._access = access
        self._now_ms = now_ms
        self.faults: list[tuple[bytes, str]] = []
        self.kept = 0

    def take(self, writer: bytes, blob: bytes) -> bool:
        """Whether a blob is done with; False: it waits for its key."""
        try:
            plain = open_blob(self._keys, self._place.mailbox, blob)
            signed = read_signed(plain, self._place.group)
            if signed.device != writer:
                raise RemoteError("other_signer", "somebody else signed it than put it there")
        except RemoteError as error:
            if error.code in NOT_DAMAGE:
                return False
            self.faults.append((writer, error.code))
            return True
        summary = read_content(signed.content)
        if self._store.keep(self._place.mailbox, signed, summary, self._access, self._now_ms):
            self.kept += 1
        else:
            self.faults.append((writer, "too_many"))
        return True
