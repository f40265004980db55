"""From a bundle's bytes to admitted changes: nothing counts before its signature is verified.

A bundle ends where none of its changes waits for a signature, or it is refused; so whoever admits a
change holds a signature that covers it and can pass it on. The first change that is refused ends
the bundle: what stands before the last point where none waited is admitted, and no honest peer
ever holds a refused change.
"""

from typing import NamedTuple

from replication.admission import Candidate, admitted_already, judge
from replication.ancestry import Ancestry
from replication.bundle import Draft, decode_bundle
from replication.change import Change, verify_chain
from replication.errors import RemoteError
from replication.history import Admitted
from replication.limits import LOOSE_BYTES_MAX
from replication.runs import Unsigned


class Taken(NamedTuple):
    """What became of one bundle."""

    admitted: tuple[Admitted, ...]
    """New changes, verified, in the order of the bundle; already added to the ancestry."""
    refusal: RemoteError | None
    missing: bool
    """Whether the bundle stopped at a change that follows something unknown."""
    known: tuple[Admitted, ...] = ()
    """All changes of the bundle that are admitted now, in its order, new or not."""


class _Unknown(Exception):
    """A change follows something that this replica doesn't have yet."""


class Quota(NamedTuple):
    """How many more changes of a stopped device are taken from itself."""

    device: bytes
    changes: int


def take_bundle(
    group: bytes, ancestry: Ancestry, bundle: bytes, quota: Quota | None = None
) -> Taken:
    """Judge a bundle's changes, and add what holds to the ancestry, up to a quota."""
    intake = _Intake(group, ancestry.fork(), quota)
    refusal, missing = None, False
    try:
        for draft in decode_bundle(bundle, intake.hashes):
            intake.take(draft)
        intake.require_signed()
    except RemoteError as error:
        refusal = error
    except _Unknown:
        missing = True
    admitted = intake.settle(ancestry)
    return Taken(admitted, refusal, missing, intake.known(len(admitted)))


class _Intake:
    """The rows of one bundle against a tentative ancestry."""

    def __init__(self, group: bytes, tentative: Ancestry, quota: Quota | None = None) -> None:
        self.group = group
        self.quota = quota
        self.tentative = tentative
        self.rows: list[Admitted] = []
        self.hashes: list[bytes] = []
        self.fresh: list[Admitted] = []
        self.last_of: dict[bytes, Admitted] = {}
        self.unsigned = Unsigned()
        self.closed = 0
        """How many of the fresh changes came before the last point where none waited."""

    def take(self, draft: Draft) -> None:
        """Judge one draft; RemoteError when it is refused, `_Unknown` when it must wait."""
        before = self._before(draft)
        deps = tuple([self._dep(dep) for dep in draft.deps])
        candidate = Candidate(
            draft.device,
            draft.n,
            before,
            draft.actor,
            deps,
            draft.time_ms,
            draft.events,
            draft.signature,
        )
        known = admitted_already(self.tentative, candidate) if self._may_be_known(before) else None
        if known is None:
            known = judge(self.group, self.tentative, candidate)
            if self.tentative.loose_bytes.get(draft.device, 0) > LOOSE_BYTES_MAX:
                raise RemoteError("flood", "one phone wrote more than others can take in at once")
            self._count_quota(draft.device)
            self.tentative.add(known)
            self.fresh.append(known)
            self._count_signature(known.change)
        self.rows.append(known)
        self.hashes.append(known.change.change_hash)
        self.last_of[draft.device] = known

    def _before(self, draft: Draft) -> Admitted | None:
        """The change before this one in its chain."""
        if draft.prev is None:
            return self.last_of[draft.device]  # the reader of drafts saw to it that it was begun
        if draft.n == 1:
            return None
        before = self.tentative.at_chain(draft.device, draft.n - 1, draft.prev)
        if before is None:
            raise _Unknown
        return before

    def _dep(self, dep: bytes | int) -> Admitted:
        """A change that the draft follows: an earlier row of the bundle, or one known by hash."""
        if isinstance(dep, int):
            return self.rows[dep]  # the reader of drafts names earlier rows alone
        found = self.tentative.find(dep)
        if found is None:
            raise _Unknown
        return found

    def _may_be_known(self, before: Admitted | None) -> bool:
        """Only a change off the tips can have been admitted already."""
        return before is None or not self.tentative.is_tip(before)

    def _count_quota(self, device: bytes) -> None:
        """Refuse what a stopped device wrote beyond what is taken from it."""
        if self.quota is None or device != self.quota.device:
            return
        if self.quota.changes <= 0:
            raise RemoteError("flood", "this phone was stopped, and wrote more than is taken")
        self.quota = self.quota._replace(changes=self.quota.changes - 1)

    def _count_signature(self, change: Change) -> None:
        """Verify the signature of a change that has one; refuse when too many wait for theirs."""
        if change.signature:
            verify_chain(change.device, self.group, change.chain_hash, change.signature)
        self.unsigned.add(change, bool(change.signature))
        if self.unsigned.too_many:
            raise RemoteError("run_too_long", "too many changes wait for a signature")
        if not self.unsigned:
            self.closed = len(self.fresh)

    def require_signed(self) -> None:
        """Refuse a bundle that ends before the signatures of its changes."""
        if self.unsigned:
            raise RemoteError("unsigned_end", "the bundle ends before a signature of its changes")

    def known(self, admitted: int) -> tuple[Admitted, ...]:
        """The rows without the fresh ones that were not admitted."""
        if admitted == len(self.fresh):
            return tuple(self.rows)
        given_up = {one.change.change_hash for one in self.fresh[admitted:]}
        return tuple(row for row in self.rows if row.change.change_hash not in given_up)

    def settle(self, ancestry: Ancestry) -> tuple[Admitted, ...]:
        """Add to the real ancestry what came before the last point where nothing waited.

        Added in the same order, the changes have the same places as in the tentative ancestry.
        """
        if self.closed == len(self.fresh):
            ancestry.adopt(self.tentative)
        else:
            for admitted in self.fresh[: self.closed]:
                ancestry.add(admitted)
        return tuple(self.fresh[: self.closed])
