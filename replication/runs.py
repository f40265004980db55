"""Which signatures of a bundle's changes it carries: the fewest that cover every change.

A signature covers its change and, by the chain, the ones before it; a run that hangs on one
signature is at most `RUN_CHANGES_MAX` long.
"""

from collections.abc import Sequence

from replication.change import Change
from replication.limits import RUN_CHANGES_MAX


def signed_rows(changes: Sequence[Change]) -> list[int]:
    """The rows whose signatures are carried, ascending.

    A device's last change, and one at least every 256 of a run, as far as signatures are held.
    """
    kept: list[int] = []
    runs: dict[bytes, _Run] = {}
    for row, change in enumerate(changes):
        run = runs.get(change.device)
        if run is None or run.chain != change.prev:
            if run:
                kept += run.signed
            run = runs[change.device] = _Run()
        run.chain = change.chain_hash
        run.length += 1
        if change.signature:
            run.signed, run.signed_length = [row], run.length
        if run.length == RUN_CHANGES_MAX and run.signed:
            kept += run.signed
            run.signed, run.length = [], run.length - run.signed_length
    for run in runs.values():
        kept += run.signed
    return sorted(kept)


class _Run:
    """The changes of one device since the last signature that is kept."""

    def __init__(self) -> None:
        self.chain = b""
        self.length = 0
        self.signed: list[int] = []
        self.signed_length = 0
