"""How soon a word is heard where nothing is wrong: to agree in the end is not enough.

After the quiet every phone writes a line, first with all of them in one room, then with each at
its owner's home, where only the relay is. A phone that hears of things when it happens to look
again, and not because it was told, passes every other look.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from node.relay_status import backups
from simulations.simulator.radio import both_ways

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group, Story

NEAR_S: Final = 5.0
"""Until all phones in one room show what one of them recorded; people would look by then."""
FAR_S: Final = 90.0
"""The same by way of a relay, from the moment that the phones lose each other: half a minute until
they know, a minute in which a phone among others gathers, and what the relay's hints take."""
SETTLE_S: Final = 900.0
"""Until phones have given up what was cut before, and called again: a message that was swallowed is
waited for two minutes, and a relay that refused often, or asked for it, is left alone for longer
each time, up to this."""
LOOK_S: Final = 0.5


async def look(story: "Story") -> None:
    """Complain about what takes too long."""
    await asyncio.sleep(SETTLE_S)
    for group in story.groups:
        await _heard(story, group, NEAR_S, "in one room")
    for group in story.groups:
        phones = _phones(story, group)
        if phones and all(_has_relay(story, group, phone) for phone in phones):
            hosts = [phone.host for phone in phones]
            with story.nemesis.radio.cut(both_ways(hosts, hosts)):
                await _heard(story, group, FAR_S, "by the relay")


def _phones(story: "Story", group: "Group") -> list["Phone"]:
    return [
        phone
        for phone in story.auditor.honest(group)
        if phone.is_on and group.id in phone.node.groups
    ]


def _has_relay(story: "Story", group: "Group", phone: "Phone") -> bool:
    """Whether a phone relies on a relay that is there.

    A rogue may have led the group to another one, and one that told two stories is not read on.
    """
    there = {(host.url, host.key.public) for host in story.relays if host.is_on}
    return any(
        one.is_trusted and (one.chosen.url, one.chosen.relay) in there
        for one in backups(phone.node.group(group.id), phone.clock.wall_ms())
    )


async def _heard(story: "Story", group: "Group", most_s: float, how: str) -> None:
    """Every phone writes; every other one shows it in time."""
    phones, waiting = _phones(story, group), list[tuple["Phone", bytes]]()
    for phone in phones:
        receipts = await group.people.marks_present(phone) or ()
        waiting += [(one, receipt) for receipt in receipts for one in phones]
    until_s = story.loop.time() + most_s
    while waiting and story.loop.time() < until_s:
        await asyncio.sleep(LOOK_S)
        waiting = [one for one in waiting if not story.auditor.shows(one[0], group, one[1])]
    story.trace.note(f"heard {how}", f"{most_s - until_s + story.loop.time():.1f} s")
    for phone, receipt in waiting:
        story.auditor.complain(
            f"{phone.name} was told nothing of {receipt.hex()} {how} for {most_s:.0f} s"
        )
