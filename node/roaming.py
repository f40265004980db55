"""A phone that runs joins another network: it says where it is now, and announces itself there.

Laptops and phones are carried from the house to the meeting while Mkutano runs. The port stays and
answers on every network; what goes stale is the address that the screen shows and that other
phones hear. Systems tell of a change each in another way, so the addresses are looked at.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from node.address import Address
from node.device import Device
from node.lan import own_addresses

LOOK_S: Final = 5.0

log = logging.getLogger("mkutano.run")


async def keep_found(device: Device, say: Callable[[str], None]) -> None:
    """Follow this device from network to network; cancel to stop."""
    port, is_announced = device.listening[0].port, True
    while True:
        await asyncio.sleep(LOOK_S)
        here = tuple(Address(host, port) for host in own_addresses())
        if here != device.listening:
            device.listening, is_announced = here, False
            say(f"This phone joined another network. Other phones reach it at {here[0]}")
            for link in device.links.all():  # most lead nowhere now, and would be held for half
                link.end("moved")  # a minute; one that still works is begun again at once
        if not is_announced:
            is_announced = await _announced_anew(device)


async def _announced_anew(device: Device) -> bool:
    """Whether it worked; a network that allows no multicast yet is tried again."""
    if device.lan is not None:
        try:
            await device.lan.restart()
        except OSError as error:
            log.info("no discovery: %s", error)
            return False
    return True
