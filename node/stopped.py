"""Phones that were stopped: by whom, what of theirs waits, and what that means for this phone.

A suspended phone is given nothing, and what it writes waits in suspense. What its owner says as an
officer is not heard there either, but where the rules let a stopped phone speak about whoever
stopped it (`replication/QUORUM.md`).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from node.chain_store import ChainStore
from node.errors import CommandRefused
from node.names import Names, joined, plain
from node.node import Group
from node.payloads import MAY_NOT_WRITE
from replication.agenda import Suspension, hearing, suspensions
from replication.control import is_control
from replication.motions import Restoration

ENTRIES_COUNTED_MAX: Final = 1000
"""Entries in suspense that are counted of one phone; above that a sentence says "over"."""

REVOKED: Final = (
    "This phone was revoked by the officers: no other phone takes what it records. What it holds "
    "can still be read. If that is wrong, talk to the officers; they can invite this phone again."
)


class Stopped(NamedTuple):
    """A phone that is suspended."""

    device: bytes
    orders: tuple[Suspension, ...]
    """Each suspension of it that is not lifted, the earliest known first."""

    @property
    def by(self) -> frozenset[bytes]:
        """The phones that ordered it."""
        return frozenset(order.by for order in self.orders)

    @property
    def is_contested(self) -> bool:
        """Whether no order of them stands undisputed."""
        return all(order.is_contested for order in self.orders)


def stopped_phones(group: Group) -> dict[bytes, Stopped]:
    """The suspended phones by their keys; a revoked phone is not among them."""
    found: dict[bytes, list[Suspension]] = {}
    for one in suspensions(group.replica.decisions):
        known = group.roster.devices.get(one.device)
        if known is not None and known.state == "suspended":
            found.setdefault(one.device, []).append(one)
    return {device: Stopped(device, tuple(orders)) for device, orders in found.items()}


def ordered_by(group: Group, device: bytes) -> list[bytes]:
    """The other phones that a phone suspended, which are still suspended."""
    return [
        one.device
        for one in stopped_phones(group).values()
        if device in one.by and one.device != device
    ]


def orders_of(names: Names, one: Stopped) -> str:
    """By whom and why, in a sentence: by “A's phone” (lost) and “B's phone” (lost)."""
    told = [f"{names.phone(order.by)} ({plain(order.reason)})" for order in one.orders[:4]]
    return " and ".join(dict.fromkeys(told))


def let_in_without(group: Group, device: bytes) -> list[bytes]:
    """The phones that came in by two paper cards and set this one aside."""
    return [
        act.mark.device
        for act in group.replica.decisions.now.standing()
        if isinstance(act, Restoration) and device in act.stops
    ]


def require_heard(group: Group, about: frozenset[bytes]) -> None:
    """Refuse to sign what would count nowhere. CommandRefused."""
    known = group.roster.devices.get(group.device)
    if known is not None and known.state == "revoked":
        raise CommandRefused(REVOKED, "revoked")
    if not group.roster.may_write(group.device):
        raise CommandRefused(MAY_NOT_WRITE, "no_right")
    if hearing(group.replica.decisions)(group.device, about):
        return
    names = Names(group)
    if known is not None and known.state == "displaced":
        by_cards = _displaced(names, let_in_without(group, group.device))
        raise CommandRefused(
            f"{by_cards} So what this phone decides is not heard. If that was wrong, say so first: "
            "mkutano propose --object CODE (the code shows: mkutano propose)",
            "displaced",
        )
    own = stopped_phones(group).get(group.device)
    by = orders_of(names, own) if own is not None else "other officers"
    raise CommandRefused(
        f"This phone is suspended by {by}, so what it decides is not heard. Ask "
        f"the other officers to lift that: mkutano suspend --lift {names.typed(group.device)}",
        "suspended",
    )


def _displaced(names: Names, by: Iterable[bytes]) -> str:
    phones = joined([names.phone(one) for one in sorted(by)])
    return f"Two paper cards made {phones} the officers' phone, and stopped this one."


def why_held(group: Group) -> str:
    """What this phone's owner must know before recording money; "" when nothing is wrong."""
    known = group.roster.devices.get(group.device)
    if known is not None and known.state == "revoked":
        return REVOKED
    if known is not None and known.state == "displaced":
        by = let_in_without(group, group.device)
        return (
            f"{_displaced(Names(group), by)} What it records now is kept, but waits in suspense "
            "until officers ratify it. If that was wrong, say so first: mkutano propose --object "
            "CODE (the code shows “mkutano propose”)."
        )
    own = stopped_phones(group).get(group.device)
    if own is None:
        return ""
    return (
        f"This phone is suspended by {orders_of(Names(group), own)}. What it records now is kept, "
        "but waits in suspense until officers ratify it, and no other phone gets it before this "
        "one meets it. Record it on another officer's phone."
    )


def entries_held(group: Group) -> dict[bytes, int]:
    """Stopped phone -> how many of its entries lie beyond what stands, each counted to a bound."""
    chains = group.store.chains(group.row.group_no)
    lanes = chains.lanes()
    found: dict[bytes, int] = {}
    for lane, spared in group.replica.limits().items():
        device = lanes[lane].device
        first = max(spared, lanes[lane].fork_n) + 1
        counted = found.get(device, 0)
        found[device] = counted + _entries(chains, lane, first, ENTRIES_COUNTED_MAX - counted)
    return {device: count for device, count in found.items() if count}


def _entries(chains: ChainStore, lane: int, first: int, most: int) -> int:
    """Entries of the books in a stretch of a chain, counted up to a bound."""
    count = 0
    last = min(chains.lanes()[lane].tip_n, first + ENTRIES_COUNTED_MAX)
    for one in chains.run(lane, first, last):
        count += sum(not is_control(event) for event in one.change.events)
        if count >= most:
            return most
    return count


def counted_entries(count: int) -> str:
    """1 entry, 12 entries, over 1,000 entries."""
    if count >= ENTRIES_COUNTED_MAX:
        return f"over {ENTRIES_COUNTED_MAX:,} entries"
    return "1 entry" if count == 1 else f"{count} entries"
