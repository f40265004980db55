"""A store without a disk, naive on purpose: whole lists, no indexes, everything recounted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import cbor2

from relay.facts import Access, Checkpoint, Entry, SignedAccess, access_fields, chain_next
from relay.facts import chain_start as chain_of_nothing
from relay.rows import log_id_of
from relay.store import Append, Appended, Look, Mailbox, Pending, Proposal, StoreError


@dataclass
class Box:
    """Everything about one mailbox."""

    founder: bytes
    lists: list[SignedAccess]
    entries: list[Entry] = field(default_factory=list)
    pending: dict[tuple[type, bytes], Proposal] = field(default_factory=dict)
    checkpoints: list[tuple[Checkpoint, tuple[tuple[bytes, bytes], ...], int]] = field(
        default_factory=list
    )
    swept: int = 0

    @property
    def access(self) -> Access:
        return self.lists[-1].access


class MemoryStore:
    """The interface of relay/store.py over dictionaries."""

    def __init__(self, salt: bytes = bytes(32)) -> None:
        self.salt = salt
        self.boxes: dict[bytes, Box] = {}
        self.tags: list[tuple[bytes, bytes]] = []
        self.fault: StoreError | None = None
        """Raised by whatever is asked next, until it is taken away."""
        self.announced: list[bytes] = []
        self.hints: asyncio.Queue[tuple[bytes, ...] | None] = asyncio.Queue()
        self.appends = 0
        self.gate = asyncio.Event()
        """Commits wait for it: an open gate is set."""
        self.gate.set()

    def _box(self, mailbox: bytes) -> Box:
        self._checked()
        if mailbox not in self.boxes:
            raise StoreError("unknown_mailbox")
        return self.boxes[mailbox]

    def _checked(self) -> None:
        if self.fault is not None:
            raise self.fault

    def _chains(self, mailbox: bytes) -> list[bytes]:
        chains = [chain_of_nothing(mailbox, log_id_of(self.salt, mailbox))]
        for entry in self.boxes[mailbox].entries:
            chains.append(chain_next(chains[-1], entry))
        return chains

    async def close(self) -> None:
        self.hints.put_nowait(None)

    async def check(self) -> None:
        self._checked()

    async def renew(self, salt: bytes) -> None:
        self._checked()
        self.salt = salt
        for box in self.boxes.values():
            box.checkpoints.clear()
            box.pending = {
                name: one for name, one in box.pending.items() if name[0] is not Checkpoint
            }

    async def mailbox(self, mailbox: bytes) -> Mailbox | None:
        self._checked()
        return self._standing(mailbox) if mailbox in self.boxes else None

    def _standing(self, mailbox: bytes) -> Mailbox:
        box = self.boxes[mailbox]
        return Mailbox(
            mailbox,
            box.founder,
            log_id_of(self.salt, mailbox),
            box.access,
            len(box.entries),
            self._chains(mailbox)[-1],
            box.entries[-1].time_ms if box.entries else 0,
            sum(len(entry.blob) for entry in box.entries if entry.blob is not None),
            box.swept + 1,
        )

    async def create(
        self, mailbox: bytes, founder: bytes, chain: Sequence[SignedAccess], now_ms: int
    ) -> None:
        self._checked()
        if mailbox in self.boxes:
            raise StoreError("exists")
        self.boxes[mailbox] = Box(founder, list(chain))
        self._tag(mailbox)

    async def amend(self, mailbox: bytes, chain: Sequence[SignedAccess], now_ms: int) -> None:
        box = self._box(mailbox)
        if not chain or chain[0].access.number != box.access.number + 1:
            raise StoreError("stale_access")
        box.lists += chain
        box.pending.clear()
        if box.access.kind == "box":
            box.entries = [
                entry if box.access.may_write(entry.writer) else entry._replace(blob=None)
                for entry in box.entries
            ]
        self._tag(mailbox)

    def _tag(self, mailbox: bytes) -> None:
        tags = self.boxes[mailbox].access.tags
        self.tags = [one for one in self.tags if one[1] != mailbox or one[0] in tags]
        self.tags += [(tag, mailbox) for tag in tags if (tag, mailbox) not in self.tags]

    async def access_from(
        self, mailbox: bytes, number: int, bytes_max: int
    ) -> tuple[SignedAccess, ...]:
        self._checked()
        found: list[SignedAccess] = []
        size = 0
        box = self.boxes.get(mailbox)
        for one in box.lists if box else ():
            if one.access.number < number:
                continue
            size += len(cbor2.dumps([access_fields(one.access), one.signatures], canonical=True))
            if found and size > bytes_max:
                break
            found.append(one)
        return tuple(found)

    async def find(self, tags: Sequence[bytes], each_max: int) -> tuple[tuple[bytes, bytes], ...]:
        self._checked()
        return tuple(
            sorted(
                pair
                for tag in set(tags)
                for pair in [one for one in self.tags if one[0] == tag][:each_max]
            )
        )

    async def append(self, appends: Sequence[Append], now_ms: int) -> list[Appended | StoreError]:
        await self.gate.wait()
        if self.fault is not None:
            return [self.fault for _ in appends]
        self.appends += 1
        return [self._append(append, now_ms) for append in appends]

    def _append(self, append: Append, now_ms: int) -> Appended | StoreError:
        name = append.mailbox
        box = self.boxes.get(name)
        if box is None:
            return StoreError("unknown_mailbox")
        if append.access_number != box.access.number:
            return StoreError("stale_access")
        for at, entry in enumerate(box.entries):
            if entry.blob_hash == append.blob_hash:
                return self._appended(name, at, fresh=False)
        kept = [
            entry._replace(blob=None)
            if box.access.kind == "box" and entry.writer == append.writer
            else entry
            for entry in box.entries
        ]
        used = sum(len(entry.blob) for entry in kept if entry.blob is not None)
        if used + len(append.blob) > append.bytes_max:
            return StoreError("quota_exceeded")
        entry = Entry(
            len(kept) + 1, append.writer, now_ms, append.blob_hash, append.signature, append.blob
        )
        box.entries = [*kept, entry]
        return self._appended(name, len(kept), fresh=True)

    def _appended(self, mailbox: bytes, at: int, fresh: bool) -> Appended:
        chains = self._chains(mailbox)
        entry = self.boxes[mailbox].entries[at]._replace(blob=None)
        return Appended(entry, chains[at], chains[at + 1], log_id_of(self.salt, mailbox), fresh)

    async def entries(
        self, mailbox: bytes, after: int, bytes_max: int, count_max: int
    ) -> tuple[Mailbox, tuple[Entry, ...]]:
        found: list[Entry] = []
        size = 0
        for entry in self._box(mailbox).entries[after:]:
            size += len(entry.blob or b"")
            if (found and size > bytes_max) or len(found) == count_max:
                break
            found.append(entry)
        return self._standing(mailbox), tuple(found)

    async def pending(self, mailbox: bytes) -> Pending:
        self._checked()
        box = self.boxes.get(mailbox)
        if box is None:
            return Pending((), ())
        signed: dict[Access | Checkpoint, list[tuple[bytes, bytes]]] = {}
        for one in sorted(box.pending.values(), key=lambda one: one.signer):
            signed.setdefault(one.content, []).append((one.signer, one.signature))
        return Pending(
            tuple(
                SignedAccess(one, tuple(by)) for one, by in signed.items() if type(one) is Access
            ),
            tuple((one, by) for one, by, _ in box.checkpoints[-1:])
            + tuple((one, tuple(by)) for one, by in signed.items() if type(one) is Checkpoint),
        )

    async def keep_pending(
        self, mailbox: bytes, proposal: Proposal, count_max: int, now_ms: int
    ) -> None:
        box = self._box(mailbox)
        content = proposal.content
        if isinstance(content, Access):
            if content.number != box.access.number + 1:
                raise StoreError("stale_access")
        else:
            self._check_checkpoint(mailbox, content)
        others = [
            name for name in box.pending if name[0] is type(content) and name[1] != proposal.signer
        ]
        if len(others) >= count_max:
            raise StoreError("too_many_pending")
        box.pending[type(content), proposal.signer] = proposal

    def _check_checkpoint(self, mailbox: bytes, one: Checkpoint) -> None:
        box = self.boxes[mailbox]
        chains = self._chains(mailbox)
        last_before = box.checkpoints[-1][0].last if box.checkpoints else 0
        fits = (
            box.access.kind == "log"
            and one.log_id == log_id_of(self.salt, mailbox)
            and box.swept < one.first
            and last_before < one.first <= one.last < len(chains)
            and chains[one.last] == one.chain
        )
        if not fits:
            raise StoreError("stale_checkpoint")

    async def confirm_checkpoint(
        self,
        mailbox: bytes,
        checkpoint: Checkpoint,
        signatures: Sequence[tuple[bytes, bytes]],
        now_ms: int,
    ) -> None:
        box = self._box(mailbox)
        self._check_checkpoint(mailbox, checkpoint)
        box.checkpoints.append((checkpoint, tuple(signatures), now_ms))
        box.pending = {name: one for name, one in box.pending.items() if name[0] is not Checkpoint}

    async def sweep(self, before_ms: int, count_max: int) -> int:
        self._checked()
        swept = 0
        for box in list(self.boxes.values())[:count_max]:
            old = [one for one, _, time_ms in box.checkpoints if time_ms < before_ms]
            if len(old) < 2:
                continue
            first = old[-2].first
            for at, entry in enumerate(box.entries[: first - 1]):
                swept += entry.blob is not None
                box.entries[at] = entry._replace(blob=None)
            box.swept = max(box.swept, first - 1)
        return swept

    async def news(self) -> AsyncIterator[tuple[bytes, ...]]:
        while (hint := await self.hints.get()) is not None:
            yield hint

    async def announce(self, mailboxes: Sequence[bytes]) -> None:
        self.announced += mailboxes

    async def heads(self, mailboxes: Sequence[bytes]) -> dict[bytes, Look]:
        self._checked()
        return {
            name: Look(len(self.boxes[name].entries), self.boxes[name].access.number)
            for name in mailboxes
            if name in self.boxes
        }

    async def usage(self) -> tuple[int, int]:
        self._checked()
        return len(self.boxes), sum(self._standing(name).bytes_used for name in self.boxes)
