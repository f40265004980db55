"""Which signatures a stream of changes carries, so that few changes ever wait for one.

A signature covers its change and, by the chain, the ones before it. Of a device's changes only
some carry one; but at no point of a stream may more than `RUN_CHANGES_MAX` changes, of all devices
together, wait for theirs: that bounds what a liar can make a receiver do. Whoever received
changes within the bound can pass them on within it, in the order in which they were admitted.
"""

from collections.abc import Sequence

from replication.change import Change
from replication.limits import RUN_CHANGES_MAX


class Unsigned:
    """The changes of a stream that no signature has covered yet."""

    def __init__(self) -> None:
        self._prev: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._prev)

    def clear(self) -> None:
        """Signatures for all of them have come."""
        self._prev.clear()

    def copy(self) -> "Unsigned":
        """The same, to look ahead with."""
        other = Unsigned()
        other._prev = dict(self._prev)
        return other

    def add(self, change: Change, signed: bool) -> None:
        """The next change, which carries a signature or waits for one."""
        if signed:
            self.cover(change.prev)
        else:
            self._prev[change.chain_hash] = change.prev

    def cover(self, chain: bytes) -> None:
        """A signature over this chain hash has come."""
        while (before := self._prev.pop(chain, None)) is not None:
            chain = before


def signed_rows(changes: Sequence[Change]) -> list[int]:
    """The rows whose signatures are carried, ascending: few, but enough for the bound."""
    kept: list[int] = []
    unsigned = Unsigned()
    newest: dict[bytes, tuple[int, bytes]] = {}
    for row, change in enumerate(changes):
        unsigned.add(change, signed=False)
        signed = newest.pop(change.prev, None)
        if change.signature:
            signed = row, change.chain_hash
        if signed is not None:
            newest[change.chain_hash] = signed
        if len(unsigned) >= RUN_CHANGES_MAX:
            for signed_row, chain in newest.values():
                kept.append(signed_row)
                unsigned.cover(chain)
            newest.clear()
    kept += [signed_row for signed_row, _ in newest.values()]
    return sorted(kept)


def closed_cuts(changes: Sequence[Change], unsigned: Unsigned) -> list[int]:
    """After how many of these changes none waits for a signature; `unsigned` came before."""
    unsigned = unsigned.copy()
    cuts = []
    for count, change in enumerate(changes, 1):
        unsigned.add(change, bool(change.signature))
        if not unsigned:
            cuts.append(count)
    return cuts
