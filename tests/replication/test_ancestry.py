"""Looking up changes by what peers name: the same answer whether it was asked before or not."""

from itertools import product

from replication.ancestry import _NAMED_KEPT
from tests.replication.phones import found_group, ledger_event


def test_a_name_means_one_place_however_often_it_is_asked() -> None:
    """What was looked up lately is kept, of so many; of a kept one neither another place nor
    another device is believed."""
    phone = found_group()
    changes = [phone.write(ledger_event(number)).change for number in range(_NAMED_KEPT + 8)]
    phone.restart()
    ancestry = phone.replica._ancestry
    asked = [*changes[:3], *changes, *changes[:3]]
    for change, is_here in product(asked, (True, False)):
        n = change.n if is_here else change.n + 1
        found = ancestry.at_chain(change.device, n, change.chain_hash)
        assert (found.change if found else None) == (change if is_here else None)
    last = changes[0]
    assert ancestry.at_chain(bytes(32), last.n, last.chain_hash) is None
    assert len(ancestry._by_chain) <= _NAMED_KEPT
