"""What a relay told this device about one mailbox, and whether what it tells now fits to that.

Rule: nothing is believed that does not follow from what was signed. Entries are signed by the
devices that pushed them, which the officers' signed lists let in; the chain over all entries is
signed by the relay, so that it can neither leave out, alter nor change the order without giving
two chains for one cursor, and whoever meets another device that was told the other one has both.
What does not fit ends in `RelayWrong`, which names it. Pure: what is known comes in, what follows
goes out. Formats are those of `relay.facts`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from relay.facts import (
    CHAIN_MAX,
    Access,
    Checkpoint,
    Entry,
    Head,
    ProtocolError,
    SignedAccess,
    SignedHead,
    chain_next,
    chain_start,
    check_entry,
    check_founding,
    check_head,
    check_next,
    checkpoint_message,
    is_fraud,
    is_signed,
)
from relay.protocol import Receipt


class Point(NamedTuple):
    """Where a log's chain stood at a cursor."""

    cursor: int
    chain: bytes
    time_ms: int
    signature: bytes
    """Of the relay over the head at this cursor; b"" when it did not sign there."""


class View(NamedTuple):
    """What this device was told of one mailbox."""

    relay: bytes
    mailbox: bytes
    log_id: bytes = b""
    """b"" before the first word."""
    cursor: int = 0
    """Read and checked up to here."""
    chain: bytes = b""
    """Over all entries up to there."""
    told: int = 0
    """Highest cursor that the relay signed for, to this device or to another."""
    is_confirmed: bool = False
    """Whether the relay signed for the chain where reading stands."""
    owed: tuple[bytes, ...] = ()
    """Of a box: writers whose newest entry so far came without its blob."""
    founder: bytes = b""
    accesses: tuple[SignedAccess, ...] = ()
    """Who may use it, from the first list to the one in force."""

    @property
    def access(self) -> Access | None:
        """The list in force, as far as it is known here."""
        return self.accesses[-1].access if self.accesses else None

    def has_let_in(self, writer: bytes) -> bool:
        """Whether some list let this device write: its entries stay good when it leaves."""
        return any(one.access.may_write(writer) for one in reversed(self.accesses))

    def begun_anew(self, log_id: bytes) -> "View":
        """Nothing read yet, of this log."""
        start = chain_start(self.mailbox, log_id)
        return self._replace(
            log_id=log_id, cursor=0, chain=start, told=0, is_confirmed=False, owed=()
        )


Known = Callable[[int], Point | None]
"""What is known of the chain at a cursor of the log that a view is of."""


class RelayWrong(Exception):
    """Something that an honest, undamaged relay would not say; `code` as in relay_words.LIES."""

    def __init__(self, code: str, detail: str = "", proof: tuple[SignedHead, ...] = ()) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.proof = proof
        """Two heads that prove fraud to anybody who knows the relay's key, or nothing."""


NEWS: Final = -1
"""For `heard`: what came unasked may be older than what was answered before."""


def heard(view: View, signed: SignedHead, known: Known, at_least: int) -> View:
    """A head that the relay signed, to us or to another device. RelayWrong.

    `at_least`: the highest cursor known when it was asked for. Of another log it says nothing
    where it came unasked; else that the log was begun anew ("restored").
    """
    try:
        check_head(view.relay, view.mailbox, signed)
    except ProtocolError as error:
        raise RelayWrong("forged_head", "the relay's signature does not match") from error
    head = signed.head
    if view.log_id and head.log_id != view.log_id:
        if at_least == NEWS:
            return view
        raise RelayWrong("restored", "the log has another id")
    if not view.log_id:
        view = view.begun_anew(head.log_id)
    _require_same(view, signed, _at(view, known, head.cursor))
    if head.cursor < at_least:
        raise RelayWrong("rolled_back", f"from {at_least} to {head.cursor}")
    return view._replace(told=max(view.told, head.cursor))


def point_of(signed: SignedHead) -> Point:
    """A signed head as what it says about the chain."""
    head = signed.head
    return Point(head.cursor, head.chain, head.time_ms, signed.signature)


def _at(view: View, known: Known, cursor: int) -> Point | None:
    """What is known of the chain at a cursor."""
    if cursor == 0:
        return Point(0, chain_start(view.mailbox, view.log_id), 0, b"")
    found = known(cursor)
    if found is None and cursor == view.cursor:
        return Point(cursor, view.chain, 0, b"")
    return found


def _require_same(view: View, signed: SignedHead, point: Point | None) -> None:
    """RelayWrong("forked") when the chain was another one at this cursor."""
    if point is None or point.chain == signed.head.chain:
        return
    head = Head(view.log_id, point.cursor, point.chain, point.time_ms)
    raise RelayWrong("forked", f"at {point.cursor}", _proof(view, signed, head, point.signature))


def _proof(view: View, one: SignedHead, head: Head, signature: bytes) -> tuple[SignedHead, ...]:
    other = SignedHead(head, signature)
    return (one, other) if is_fraud(view.relay, view.mailbox, one, other) else ()


# Entries


class Read(NamedTuple):
    """A view after some entries, and what they say about the chain."""

    view: View
    points: tuple[Point, ...]


def read(
    view: View, entries: Sequence[Entry], signed: SignedHead, known: Known, first_kept: int = 1
) -> Read:
    """Entries after the view's cursor, with the head (already `heard`) that came with them.

    `first_kept`: blobs before this cursor of a log may have been let go (`excused`). RelayWrong,
    and then nothing of these entries is to be taken.
    """
    now = view
    views = []
    for entry in entries:
        now = _after(now, entry, first_kept)
        views.append(now)
    head = signed.head
    if now.cursor > head.cursor:
        raise RelayWrong("altered", "there are entries after the end")
    if now.cursor < head.cursor and not entries:
        raise RelayWrong("withheld", f"{head.cursor} entries, given up to {now.cursor}")
    reached = now.cursor == head.cursor
    if reached and now.chain != head.chain:
        raise RelayWrong("altered", "the entries do not lead to the signed end")
    points = [
        _checked_point(one, entry, signed, known) for one, entry in zip(views, entries, strict=True)
    ]
    access = now.access
    if reached and access is not None and any(map(access.may_write, now.owed)):
        raise RelayWrong("withheld", "a phone's newest slot is missing")
    return Read(now._replace(is_confirmed=reached), tuple(points))


def _after(view: View, entry: Entry, first_kept: int) -> View:
    if entry.cursor != view.cursor + 1:
        raise RelayWrong("withheld", f"{entry.cursor} follows {view.cursor}")
    try:
        check_entry(view.mailbox, entry)
    except ProtocolError as error:
        raise RelayWrong("altered", f"entry {entry.cursor}: {error.code}") from error
    access = view.access
    if access is None or not view.has_let_in(entry.writer):
        raise RelayWrong("stranger", f"entry {entry.cursor}")
    owed = view.owed
    if access.kind == "box":
        owed = tuple(key for key in owed if key != entry.writer)
        owed += (entry.writer,) if entry.blob is None else ()
    elif entry.blob is None and entry.cursor >= first_kept:
        raise RelayWrong("withheld", f"entry {entry.cursor} without its content")
    chain = chain_next(view.chain, entry)
    return view._replace(cursor=entry.cursor, chain=chain, owed=owed)


def _checked_point(view: View, entry: Entry, signed: SignedHead, known: Known) -> Point:
    """The chain after an entry, which must be what was said before about this cursor."""
    head = signed.head
    signature = signed.signature if head[1:3] == (entry.cursor, view.chain) else b""
    point = Point(entry.cursor, view.chain, entry.time_ms, signature)
    before = known(entry.cursor)
    if before is not None and before.chain != view.chain:
        proof: tuple[SignedHead, ...] = ()
        if before.signature and head.cursor == entry.cursor:
            other = Head(view.log_id, before.cursor, before.chain, before.time_ms)
            proof = _proof(view, signed, other, before.signature)
        raise RelayWrong("forked", f"at {entry.cursor}", proof)
    return point


Signed = tuple[Checkpoint, tuple[tuple[bytes, bytes], ...]]
"""A checkpoint, and (key, signature) of who signed it."""

OFFICERS_MIN: Final = 2
"""One who says that a checkpoint is whole, and another who compared it."""


def excused(view: View, checkpoint: Checkpoint, signatures: Iterable[tuple[bytes, bytes]]) -> int:
    """First cursor that a checkpoint lets a log begin at: two officers signed that what is there
    says all that was before. 1 when they did not.

    Both stand in one of the lists of who may use the mailbox, not always in the newest: officers
    leave, and what they let go of stays gone. A group with one officer has no checkpoints.
    """
    if checkpoint.log_id != view.log_id:
        return 1
    message = checkpoint_message(view.mailbox, checkpoint)
    keys = [key for key, signature in signatures if is_signed(key, message, signature)]
    for one in reversed(view.accesses):
        if len({one.access.officer_of(key) for key in keys} - {-1}) >= OFFICERS_MIN:
            return checkpoint.first
    return 1


def begins_at(view: View, checkpoints: Iterable[Signed]) -> Checkpoint | None:
    """The newest checkpoint that two officers signed, or None: the log is to be whole."""
    good = [one for one, by in checkpoints if excused(view, one, by) > 1]
    return max(good, key=lambda one: one.first, default=None)


def require_covered(begins: Checkpoint | None, now: Read) -> None:
    """RelayWrong unless what was read is the log that officers signed a checkpoint of, all of it:
    another one, or its beginning alone, would have lost what the checkpoint says again."""
    if begins is None:
        return
    if any(one.cursor == begins.last and one.chain != begins.chain for one in now.points):
        raise RelayWrong("forked", f"officers signed another log at {begins.last}")
    if now.view.is_confirmed and now.view.told <= now.view.cursor < begins.last:
        raise RelayWrong("withheld", f"it ends at {now.view.cursor}, before {begins.last}")


# Receipts


def receipted(view: View, receipt: Receipt, device: bytes, blob_hash: bytes, known: Known) -> Read:
    """A view after the relay confirmed a blob of ours; it moves on where the blob came next.

    RelayWrong unless this very blob of this device stands where the relay signed that it does.
    """
    entry, signed = receipt.entry, receipt.head
    is_ours = entry.blob_hash == blob_hash and entry.writer == device
    fits = signed.head[1:4] == (
        entry.cursor,
        chain_next(receipt.chain_before, entry),
        entry.time_ms,
    )
    if not is_ours or not fits or not entry.cursor:
        raise RelayWrong("forged_receipt", "the receipt is of something else")
    now = heard(view, signed, known, 0)
    before = _at(now, known, entry.cursor - 1)
    if before is not None and before.chain != receipt.chain_before:
        raise RelayWrong("forked", f"at {before.cursor}")
    if entry.cursor == now.cursor + 1 and receipt.chain_before == now.chain:
        owed = tuple(key for key in now.owed if key != device)
        now = now._replace(
            cursor=entry.cursor, chain=signed.head.chain, is_confirmed=True, owed=owed
        )
    return Read(now, (point_of(signed),))


# Who may use a mailbox


def founded(view: View, founder: bytes, chain: Sequence[SignedAccess]) -> View:
    """A view with these access lists from the first on. RelayWrong("bad_access")."""
    try:
        if not chain or len(chain) > CHAIN_MAX:
            raise ProtocolError("bad_access", "there is no first list, or far too many")
        check_founding(view.mailbox, founder, chain[0])
    except ProtocolError as error:
        raise RelayWrong("bad_access", str(error)) from error
    return followed(view._replace(founder=founder, accesses=(chain[0],)), chain[1:])


def followed(view: View, chain: Sequence[SignedAccess]) -> View:
    """A view with the lists that follow the one in force. RelayWrong("bad_access")."""
    lists = list(view.accesses)
    try:
        for following in chain:
            check_next(view.mailbox, lists[-1].access, following)
            lists.append(following)
        if len(lists) > CHAIN_MAX:
            raise ProtocolError("bad_access", "far too many access lists")
    except ProtocolError as error:
        raise RelayWrong("bad_access", str(error)) from error
    return view._replace(accesses=tuple(lists))


# What devices tell each other

_CUTS: Final = (32, 32, 16, 8, 8, 32, 64)
NOTE_BYTES: Final = sum(_CUTS)
"""Relay ‖ mailbox ‖ log id ‖ cursor ‖ time ‖ chain ‖ signature; numbers big-endian."""


def note_of(relay: bytes, mailbox: bytes, signed: SignedHead) -> bytes:
    """A signed head for other devices, NOTE_BYTES bytes."""
    log_id, cursor, chain, time_ms = signed.head
    numbers = cursor.to_bytes(8, "big") + time_ms.to_bytes(8, "big")
    return relay + mailbox + log_id + numbers + chain + signed.signature


def read_note(note: bytes) -> tuple[bytes, bytes, SignedHead] | None:
    """Relay, mailbox and head in a note; None for other bytes. Nothing is checked yet."""
    if len(note) != NOTE_BYTES:
        return None
    parts, at = [], 0
    for length in _CUTS:
        parts.append(note[at : at + length])
        at += length
    relay, mailbox, log_id, cursor, time_ms, chain, signature = parts
    head = Head(log_id, int.from_bytes(cursor, "big"), chain, int.from_bytes(time_ms, "big"))
    return relay, mailbox, SignedHead(head, signature)
