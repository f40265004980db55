"""From a bundle's bytes to admitted changes: nothing counts before its signature is verified.

A bundle may be cut anywhere, so the last changes of a device in it may still wait for the
signature that covers them. They are judged tentatively and returned as `pending`; the next
bundle of the same peer continues after them. The first change that is refused ends the bundle:
what was admitted before it stands, and no honest peer ever holds a refused change.
"""

from collections.abc import Sequence
from typing import NamedTuple

from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.bundle import Draft, decode_bundle
from replication.change import CHAIN_START, Change, verify_chain
from replication.errors import RemoteError
from replication.history import Admitted
from replication.limits import RUN_CHANGES_MAX
from replication.runs import Unsigned


class Taken(NamedTuple):
    """What became of one bundle."""

    admitted: tuple[Admitted, ...]
    """New changes, verified, in the order of the bundle; already added to the ancestry."""
    pending: tuple[Change, ...]
    """Changes that still wait for a signature."""
    refusal: RemoteError | None
    missing: bool
    """Whether the bundle stopped at a change that follows something unknown."""


class _Unknown(Exception):
    """A change follows something that this replica doesn't have yet."""


def take_bundle(
    group: bytes, ancestry: Ancestry, pending: Sequence[Change], bundle: bytes
) -> Taken:
    """Judge the pending changes and then the bundle's, and add what holds to the ancestry."""
    intake = _Intake(group, ancestry.fork())
    refusal, missing = None, False
    try:
        for change in pending:
            intake.take(intake.draft_of(change))
        intake.rows.clear()
        intake.hashes.clear()
        for draft in decode_bundle(bundle, intake.hashes):
            intake.take(draft)
    except RemoteError as error:
        refusal = error
    except _Unknown:
        missing = True
    admitted, waiting = intake.settle(group, ancestry)
    return Taken(admitted, () if refusal else waiting, refusal, missing)


class _Intake:
    """The rows of one bundle against a tentative ancestry."""

    def __init__(self, group: bytes, tentative: Ancestry) -> None:
        self.group = group
        self.tentative = tentative
        self.rows: list[Admitted] = []
        self.hashes: list[bytes] = []
        self.fresh: list[Admitted] = []
        self.last_of: dict[bytes, Admitted] = {}
        self.verified: dict[int, int] = {}
        self.unsigned = Unsigned()

    @staticmethod
    def draft_of(change: Change) -> Draft:
        """A pending change as the bundle would have said it."""
        return Draft(
            change.device,
            change.n,
            change.prev,
            change.actor,
            change.deps,
            change.time_ms,
            change.events,
            change.signature,
        )

    def take(self, draft: Draft) -> None:
        """Judge one draft; RemoteError when it is refused, `_Unknown` when it must wait."""
        before = self._before(draft)
        deps = tuple([self._dep(dep) for dep in draft.deps])
        known = self._known(draft, before, deps)
        if known is None:
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
            known = judge(self.group, self.tentative, candidate)
            self.tentative.add(known)
            self.fresh.append(known)
            self._count_signature(known)
        self.rows.append(known)
        self.hashes.append(known.change.change_hash)
        self.last_of[draft.device] = known

    def _before(self, draft: Draft) -> Admitted | None:
        """The change before this one in its chain."""
        if draft.prev is None:
            before = self.last_of.get(draft.device)
            if before is None:
                raise RemoteError("broken_chain", "a chain is continued that was not begun")
            return before
        if draft.n == 1:
            if draft.prev != CHAIN_START:
                raise RemoteError("broken_chain", "a chain begins with nothing before it")
            return None
        before = self.tentative.at_chain(draft.device, draft.n - 1, draft.prev)
        if before is None:
            raise _Unknown
        return before

    def _dep(self, dep: bytes | int) -> Admitted:
        """A change that the draft follows: an earlier row of the bundle, or one known by hash."""
        if isinstance(dep, int):
            if not 0 <= dep < len(self.rows):
                raise RemoteError("bad_bundle", "a dependency points forward")
            return self.rows[dep]
        found = self.tentative.find(dep)
        if found is None:
            raise _Unknown
        return found

    def _known(
        self, draft: Draft, before: Admitted | None, deps: tuple[Admitted, ...]
    ) -> Admitted | None:
        """The same change, if it was admitted already. Only a change off the tips can be."""
        tentative = self.tentative
        if before is not None:
            if tentative.is_tip(before):
                return None
        elif not tentative.lanes_of(draft.device):
            return None
        prev = before.change.chain_hash if before else CHAIN_START
        hashes = sorted(dep.change.change_hash for dep in deps)
        for admitted in tentative.at(draft.device, draft.n):
            change = admitted.change
            same = change.prev == prev and change.actor == draft.actor
            same = same and change.time_ms == draft.time_ms and change.events == draft.events
            if same and list(change.deps) == hashes:
                return admitted
        return None

    def _count_signature(self, admitted: Admitted) -> None:
        """Verify the signature of a change that has one; refuse when too many wait for theirs."""
        change, lane = admitted.change, admitted.place.lane
        self.unsigned.add(change, bool(change.signature))
        if not change.signature:
            if len(self.unsigned) > RUN_CHANGES_MAX:
                raise RemoteError("run_too_long", "at most 256 changes may wait for a signature")
            return
        verify_chain(change.device, self.group, change.chain_hash, change.signature)
        n = change.n
        while lane >= 0 and self.verified.get(lane, 0) < n:
            self.verified[lane] = n
            _device, lane, n = self.tentative.branches[lane]

    def settle(
        self, group: bytes, ancestry: Ancestry
    ) -> tuple[tuple[Admitted, ...], tuple[Change, ...]]:
        """Add to the real ancestry what is verified with all its ancestors; return the rest."""
        if all(self.verified.get(a.place.lane, 0) >= a.change.n for a in self.fresh):
            ancestry.adopt(self.tentative)
            return tuple(self.fresh), ()
        admitted: list[Admitted] = []
        waiting: list[Change] = []
        left_out: set[bytes] = set()
        for row in self.fresh:
            change = row.change
            verified = self.verified.get(row.place.lane, 0) >= change.n
            if not verified or any(dep in left_out for dep in change.deps):
                left_out.add(change.change_hash)
                waiting.append(change)
            else:
                admitted.append(_readmit(group, ancestry, change))
        return tuple(admitted), tuple(waiting)


def _readmit(group: bytes, ancestry: Ancestry, change: Change) -> Admitted:
    """Judge a verified change again, against the real ancestry, where lanes may differ."""
    before = ancestry.at_chain(change.device, change.n - 1, change.prev) if change.n > 1 else None
    deps = tuple(found for dep in change.deps if (found := ancestry.find(dep)))
    candidate = Candidate(
        change.device,
        change.n,
        before,
        change.actor,
        deps,
        change.time_ms,
        change.events,
        change.signature,
    )
    admitted = judge(group, ancestry, candidate)
    assert admitted.change.change_hash == change.change_hash
    ancestry.add(admitted)
    return admitted
