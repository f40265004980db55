"""What goes wrong with a phone's disk: errors that come once or stay, no room, a byte that rots.

Whatever is acknowledged meanwhile is on the disk; what is not, the phone says in words. A ledger
that is damaged is named as such, and its owner does what the message says (repairs.py).
"""

import contextlib
from typing import TYPE_CHECKING, Final

from node.errors import NodeError
from node.verify import verify
from simulations.disk import Fault
from simulations.simulator.kinds import Kind

if TYPE_CHECKING:
    from simulations.disk.disk import Call
    from simulations.simulator.nemesis import Nemesis
    from simulations.simulator.phone import Phone

CALLS_MEAN: Final = 30
ONCE: Final = 1
LASTING: Final = 1_000_000
CALLS: Final[tuple["Call", ...]] = ("read", "write", "sync", "truncate", "delete", "any")


async def _failing(
    nemesis: "Nemesis", kind: "Call", fault: Fault, times: int, least_s: float, most_s: float
) -> None:
    """Calls to a phone's disk fail for a while; then it is well again."""
    phone = nemesis.phone_on()
    if phone is None or nemesis.is_sick(phone):
        return
    with nemesis.sick(phone):
        phone.disk.fail(kind, int(nemesis.chance.expovariate(1 / CALLS_MEAN)), fault, times)
        await nemesis.pause(least_s, most_s)
    await nemesis.turn_on(phone)


async def io_error(nemesis: "Nemesis") -> None:
    """One call fails."""
    await _failing(nemesis, nemesis.chance.choice(CALLS), "io", ONCE, 10, 120)


async def io_errors(nemesis: "Nemesis") -> None:
    """Every call of one kind fails, for as long as the storage is loose."""
    await _failing(nemesis, nemesis.chance.choice(CALLS), "io", LASTING, 5, 60)


async def sync_error(nemesis: "Nemesis") -> None:
    """One sync fails, and what it should have brought to the platter is lost for good."""
    await _failing(nemesis, "sync", "io", ONCE, 10, 120)


async def short_read(nemesis: "Nemesis") -> None:
    """One read brings less than there is."""
    await _failing(nemesis, "read", "short", ONCE, 10, 120)


async def no_open(nemesis: "Nemesis") -> None:
    """The file can't be opened for a while, by a program that is started anew."""
    phone = nemesis.phone_on()
    if phone is None or nemesis.is_sick(phone):
        return
    await phone.power_off()
    with nemesis.sick(phone):
        phone.disk.fail("open", 0, "open", nemesis.chance.randint(1, 3))
        await nemesis.turn_on(phone)
        await nemesis.pause(5, 60)
    await nemesis.turn_on(phone)


async def disk_full(nemesis: "Nemesis") -> None:
    """No room; later somebody deletes his films."""
    phone = nemesis.phone_on()
    if phone is None or nemesis.is_sick(phone):
        return
    with nemesis.sick(phone):
        phone.disk.full(True)
        await nemesis.pause(20, 300)
    await nemesis.turn_on(phone)


async def rot(nemesis: "Nemesis") -> None:
    """One byte of a closed ledger is another. `mkutano verify` is run, as after any such doubt."""
    phone = nemesis.phone_that_may_be_lost()
    if phone is None:
        return
    if nemesis.backup_of(phone) is None and not nemesis.repairs.can_replace(phone):
        return  # that would be the end of a group of two, as the README says
    nemesis.excuse(phone)
    await phone.power_off()
    _flip(nemesis, phone)
    with nemesis.sick(phone):
        await nemesis.turn_on(phone)
    if phone.is_on and _is_clean(phone):
        nemesis.story.trace.note("rot is harmless", phone.name)
        return
    nemesis.story.trace.note("rot is named", phone.name)
    await phone.kill()
    await nemesis.repairs.damaged(phone)


def _flip(nemesis: "Nemesis", phone: "Phone") -> None:
    path = phone.home / "ledger.sqlite"
    with contextlib.suppress(KeyError):
        file = phone.disk.files[str(path)]
        at, bit = nemesis.chance.randrange(len(file.content)), nemesis.chance.randrange(1, 256)
        for content in (file.content, file.stable):
            if at < len(content):
                content[at] ^= bit


def _is_clean(phone: "Phone") -> bool:
    try:
        with phone.used():
            return not any(one.differences for one in verify(phone.node))
    except NodeError:
        return False


KINDS: Final = {
    "io-error": Kind(1, io_error),
    "io-errors": Kind(0.5, io_errors),
    "sync-error": Kind(0.5, sync_error),
    "short-read": Kind(0.5, short_read),
    "no-open": Kind(0.3, no_open),
    "disk-full": Kind(0.5, disk_full),
    "rot": Kind(0.3, rot),
}
