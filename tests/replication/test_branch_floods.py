"""A device that forks without end: what it costs others to be told of it again and again."""

from collections.abc import Sequence

from replication.history import Admitted, MemoryHistory
from replication.replica import Replica
from tests.replication.forger import Forger, bundled, listen, saying
from tests.replication.phones import found_with, ledger_event

BRANCHES = 60


class Counting(MemoryHistory):
    """Counts how many changes were handed out."""

    def __init__(self, other: MemoryHistory) -> None:
        self.__dict__.update(other.__dict__)
        self.handed_out = 0

    def at(self, device: bytes, n: int) -> Sequence[Admitted]:
        """See MemoryHistory."""
        found = super().at(device, n)
        self.handed_out += len(found)
        return found

    def find(self, change_hash: bytes) -> Admitted | None:
        """See MemoryHistory."""
        self.handed_out += 1
        return super().find(change_hash)


def test_branches_that_are_told_again_cost_one_lookup_each() -> None:
    """Each change of each branch was once compared with all the others at its position."""
    phone, rogue = found_with("tre")
    forger = Forger(rogue, "tre")
    before, deps = forger.own_last(), [forger.newest()]
    branches = [
        forger.sign(before, deps, ledger_event(number), salt=number + 1).change
        for number in range(BRANCHES)
    ]
    listen(phone, "tre")
    phone.step(phone.replica.receive("tre", saying(branches)))
    phone.history = history = Counting(phone.history)
    phone.replica = Replica(phone.group, phone.keys, history, phone.key_box, b"again...")
    count = history.handed_out
    known = phone.replica.reread({}, bundled(branches))
    assert known.is_known
    assert history.handed_out - count <= 6 * BRANCHES
