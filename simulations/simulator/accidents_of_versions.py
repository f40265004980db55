"""Phones that were not updated, and phones that are ahead of all others.

What a phone can't read it keeps, passes on and shows; its totals wait for an update and are never
guessed. After the update it shows what all others show.
"""

from typing import TYPE_CHECKING, Final

import cbor2

from model.events import LEDGER
from node.node import Node, Step
from simulations.simulator.kinds import Kind
from simulations.simulator.versions import KINDS_LATER, Older

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis

LACKS_MAX: Final = 6


async def old_phone(nemesis: "Nemesis") -> None:
    """A phone gets an older Mkutano; an old one is updated instead."""
    phone = nemesis.phone_on()
    if phone is None:
        return
    await phone.power_off()
    if isinstance(phone.version, Older):
        nemesis.update(phone)
    else:
        count = nemesis.chance.randint(1, LACKS_MAX)
        phone.version = Older(nemesis.chance.sample(KINDS_LATER, count))
    await nemesis.turn_on(phone)


async def all_old_but_one(nemesis: "Nemesis") -> None:
    """One phone is ahead: nobody else in its group can read some of what it writes."""
    group = nemesis.chance.choice(nemesis.story.groups)
    first = nemesis.chance.choice(group.phones)
    older = Older(nemesis.chance.sample(KINDS_LATER, nemesis.chance.randint(1, LACKS_MAX)))
    for phone in group.phones:
        if phone is not first and phone.is_on:
            await phone.power_off()
            phone.version = older
            await nemesis.turn_on(phone)


async def unknown_kind(nemesis: "Nemesis") -> None:
    """A phone writes an entry of a kind, or of a version of a kind, that nobody knows yet."""
    phone = nemesis.phone_on()
    if phone is None:
        return
    group = nemesis.group_of(phone)
    kind, version = nemesis.chance.choice((("moon.landed", 1), ("share.purchased", 99)))
    payload = cbor2.dumps([LEDGER, kind, version, 1, b"\x01"], canonical=True)

    def work(node: Node) -> Step:
        batch = node.batch(group.id, max(0, phone.clock.wall_ms()))
        batch.append_encoded([payload])
        return batch.commit()

    await group.people.asked(phone, work)


KINDS: Final = {
    "old-phone": Kind(0.3, old_phone),
    "all-old-but-one": Kind(0.1, all_old_but_one),
    "unknown-kind": Kind(0.08, unknown_kind),
}
