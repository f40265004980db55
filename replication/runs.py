"""Which signatures a stream of changes carries, so that few changes ever wait for one.

A signature covers its change and, by the chain, the ones before it. Of a device's changes only
some carry one. A stream falls into stretches, each of which ends where no change waits for its
signature; before its end a stretch has at most `RUN_CHANGES_MAX` changes, of all devices together,
and `RUN_BYTES_MAX` of events: that bounds what a liar can make a receiver do. A stretch is admitted
whole, so whoever received changes within the bound can pass them on within it, in the order in
which they were admitted.
"""

from collections.abc import Iterable, Iterator, Sequence

from replication.change import Change
from replication.limits import RUN_BYTES_MAX, RUN_CHANGES_MAX


class Unsigned:
    """The changes of a stream that no signature has covered yet."""

    def __init__(self) -> None:
        self._prev: dict[bytes, bytes] = {}
        self._changes = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._prev)

    @property
    def too_many(self) -> bool:
        """Whether more came since none waited than a receiver puts up with."""
        return self._changes > RUN_CHANGES_MAX or self._bytes > RUN_BYTES_MAX

    def add(self, change: Change, signed: bool) -> None:
        """The next change, which carries a signature or waits for one."""
        if signed:
            self._cover(change.prev)
        else:
            self._prev[change.chain_hash] = change.prev
        if self._prev:
            self._changes += 1
            self._bytes += _size(change)
        else:
            self._changes = self._bytes = 0

    def _cover(self, chain: bytes) -> None:
        """A signature over this chain hash has come."""
        while (before := self._prev.pop(chain, None)) is not None:
            chain = before


def signed_rows(changes: Sequence[Change]) -> list[int]:
    """The rows whose signatures are carried, ascending: few, but enough for the bound."""
    kept: list[int] = []
    start = 0
    for end in _ends(changes):
        kept += _last_signed(changes, start, end)
        start = end
    return sorted(kept)


def _ends(changes: Sequence[Change]) -> Iterator[int]:
    """After how many changes all signatures are needed: stretches, as many as may be joined."""
    start = end = size = 0
    for cut in closed_cuts(changes):
        grown = sum(map(_size, changes[end:cut]))
        if end > start and (cut - start > RUN_CHANGES_MAX or size + grown > RUN_BYTES_MAX):
            yield end
            start, size = end, 0
        end, size = cut, size + grown
    yield end
    yield len(changes)


def _last_signed(changes: Sequence[Change], start: int, end: int) -> Iterable[int]:
    """Of these rows the last signed one of every branch."""
    newest: dict[bytes, int] = {}
    for row in range(start, end):
        change = changes[row]
        signed = newest.pop(change.prev, None)
        if change.signature:
            signed = row
        if signed is not None:
            newest[change.chain_hash] = signed
    return newest.values()


def _size(change: Change) -> int:
    return sum(map(len, change.events))


def closed_cuts(changes: Sequence[Change]) -> list[int]:
    """After how many of these changes none waits for a signature."""
    unsigned = Unsigned()
    cuts = []
    for count, change in enumerate(changes, 1):
        unsigned.add(change, bool(change.signature))
        if not unsigned:
            cuts.append(count)
    return cuts
