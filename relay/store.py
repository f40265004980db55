"""What a relay needs of a disk, whichever database keeps it.

Rule: what `append` returned from is durable, and the table is the truth: whatever is announced is
only a hint to look. Every table and index begins with the mailbox, so that a mailbox can live on
any shard; only the tags of `find` begin with the tag. A store knows nothing of connections and
checks no signature: what is given to it was checked, against the access list whose number comes
along. `tests/relay/test_store_contract.py` says what every store does, and runs over all.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from relay.facts import Access, Checkpoint, Entry, SignedAccess

SALT_BYTES = 32


class StoreError(Exception):
    """The store can't do this; nothing was changed.

    `code` is one of protocol.RETRY_CODES, or "unknown_mailbox", "stale_access", "exists",
    "quota_exceeded", "too_many_pending", "stale_checkpoint". Opening a store may also say
    "busy", "schema_too_new", "schema_changed" and "not_ours", with a sentence for the operator.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Mailbox(NamedTuple):
    """Where a mailbox stands."""

    mailbox: bytes
    founder: bytes
    log_id: bytes
    access: Access
    cursor: int
    chain: bytes
    time_ms: int
    """Of the newest entry; 0 for none."""
    bytes_used: int
    """Of the blobs that are kept."""
    first_kept: int
    """Smallest cursor from which every blob of a log is there; 1 for a box."""


class Append(NamedTuple):
    """A blob to add."""

    mailbox: bytes
    writer: bytes
    blob_hash: bytes
    signature: bytes
    blob: bytes
    access_number: int
    """Of the list by which it was let in: when another is in force, nothing is added."""
    bytes_max: int
    """What the mailbox may hold with it."""


class Appended(NamedTuple):
    """A blob that is on disk."""

    entry: Entry
    """Without its blob."""
    chain_before: bytes
    chain: bytes
    log_id: bytes
    fresh: bool
    """False: it was there before, or is since a connection to the database was lost."""


class Proposal(NamedTuple):
    """What one device signed and waits for the signatures of others."""

    content: Access | Checkpoint
    signer: bytes
    signature: bytes


class Pending(NamedTuple):
    """What waits for more signatures, one of each signer and kind; signers by key ascending."""

    accesses: tuple[SignedAccess, ...]
    checkpoints: tuple[tuple[Checkpoint, tuple[tuple[bytes, bytes], ...]], ...]
    """The newest in force comes first, and has all the signatures that it was confirmed with."""


class Look(NamedTuple):
    """What a process compares to find out that another one changed a mailbox."""

    cursor: int
    access_number: int


class Store(Protocol):
    """Mailboxes on a disk. Every method raises StoreError; "unavailable" when the database is gone,
    "storage_full" when nothing more fits. Both pass by themselves when the cause does."""

    async def close(self) -> None:
        """Finish what was begun and let go of the database. Twice is harmless."""

    async def check(self) -> None:
        """Whether the database answers and has the newest schema; StoreError when not."""

    async def renew(self, salt: bytes) -> None:
        """Begin every log anew, under another log id, because the database is an old backup.

        One statement, whatever the number of mailboxes: log ids follow from `salt` (32 random
        bytes) and the mailbox. What is there stays, under new chains counted as they are read;
        checkpoints speak of the old log and are dropped.
        """

    async def mailbox(self, mailbox: bytes) -> Mailbox | None:
        """Where a mailbox stands; None when there is none."""

    async def create(
        self, mailbox: bytes, founder: bytes, chain: Sequence[SignedAccess], now_ms: int
    ) -> None:
        """Make a mailbox with these access lists, numbered from 1. "exists" when there is one."""

    async def amend(self, mailbox: bytes, chain: Sequence[SignedAccess], now_ms: int) -> None:
        """Put these lists after the one in force, and drop all that is pending; "stale_access" when
        another came first. In a box, entries of devices that may not write any more lose their
        blobs. Tags follow the newest list."""

    async def access_from(
        self, mailbox: bytes, number: int, bytes_max: int
    ) -> tuple[SignedAccess, ...]:
        """The access lists with this number and above, encoded at most so many bytes together,
        at least one if there is one; none of an unknown mailbox."""

    async def find(self, tags: Sequence[bytes], each_max: int) -> tuple[tuple[bytes, bytes], ...]:
        """(tag, mailbox) pairs, ascending, at most so many of each tag: those that were put under
        it first, so that nobody can hide a mailbox by making many more."""

    async def append(self, appends: Sequence[Append], now_ms: int) -> list[Appended | StoreError]:
        """Add blobs, in their order, durably, each or its error; many cost one commit.

        The same blob again gives its old entry. In a box the writer's older blobs are let go.
        When the database fails, that is the error of each.
        """

    async def entries(
        self, mailbox: bytes, after: int, bytes_max: int, count_max: int
    ) -> tuple[Mailbox, tuple[Entry, ...]]:
        """Entries after a cursor, in order without a gap, and the mailbox as it stood then: as
        many as fit, at least one if there is one. "unknown_mailbox"."""

    async def pending(self, mailbox: bytes) -> Pending:
        """What waits for signatures; the newest checkpoint in force is among the checkpoints."""

    async def keep_pending(
        self, mailbox: bytes, proposal: Proposal, count_max: int, now_ms: int
    ) -> None:
        """Keep what a device signed in the place of its earlier one of that kind.

        "too_many_pending" of that kind; "stale_access" unless the list is the next one,
        "stale_checkpoint" as for `confirm_checkpoint`.
        """

    async def confirm_checkpoint(
        self,
        mailbox: bytes,
        checkpoint: Checkpoint,
        signatures: Sequence[tuple[bytes, bytes]],
        now_ms: int,
    ) -> None:
        """A checkpoint that two officers signed is in force; drop the pending ones.

        "stale_checkpoint" unless it is of this log as it is, all its blobs are there, and it begins
        after the end of the one in force; a box has none.
        """

    async def sweep(self, before_ms: int, count_max: int) -> int:
        """Let go of blobs of at most so many mailboxes: of the checkpoints that came into force
        before `before_ms` take the last but one; those before its first entry. How many blobs."""

    def news(self) -> AsyncIterator[tuple[bytes, ...]]:
        """Mailboxes in which other processes may have added something: a hint, batched.

        An empty batch: something may have been missed, look at all. Ends when the store closes.
        """

    async def announce(self, mailboxes: Sequence[bytes]) -> None:
        """Tell other processes, after the commit; returns at once, and never fails: what gets lost
        they find by looking."""

    async def heads(self, mailboxes: Sequence[bytes]) -> dict[bytes, Look]:
        """Where each that exists stands: what a process looks up now and then."""

    async def usage(self) -> tuple[int, int]:
        """Mailboxes, and bytes of blobs that are kept. Counts them all: ask seldom."""
