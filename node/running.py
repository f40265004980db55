"""What `mkutano run` does: answer, find and call other phones, and serve this phone's own programs.

Parts start in the order in which they need each other and stop in the opposite one. SIGTERM and
SIGINT stop in good order; SIGKILL loses nothing that was acknowledged, because everything is on
disk before it is said.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from node.address import Address
from node.api import Api
from node.bulletin import GATHERED_S, name_of
from node.clock import boot_ms, day_of, monotonic_ms, now_ms
from node.council_news import CouncilNews
from node.device import Device, open_device
from node.dialer import Dialer
from node.errors import NodeError
from node.following_links import keep_following
from node.lan import Lan, own_addresses
from node.listener import Listener
from node.private_file import write_private
from node.relay_links import RelayLinks
from node.roaming import keep_found
from node.session import IDLE_MINUTES, Session

log = logging.getLogger("mkutano.run")


class Options(NamedTuple):
    """How to run."""

    port: int = 0
    """Where other phones call; 0 takes a free one."""
    host: str = ""
    """One IP address to listen and announce on; "" for all networks."""
    lan: bool = True
    """Whether to announce and look for phones on the network."""
    peers: tuple[Address, ...] = ()
    """Addresses to call besides those that are found or remembered."""
    address_file: Path | None = None
    """Where to write HOST:PORT for programs that start this one."""


async def run(
    home: Path, options: Options, say: Callable[[str], None], pin: str | None = None
) -> None:
    """Run until SIGTERM, SIGINT or `mkutano lock`. `say` gets the lines that a person reads; the
    first has the address. Raises what `Node.open` raises, and OSError when the port is taken.
    """
    async with open_device(home, pin) as device, contextlib.AsyncExitStack() as stack:
        device.links.stay = True
        if device.node.home.sealed is not None:
            device.session = Session(IDLE_MINUTES * 60_000, boot_ms())
        _stop_on_signals(device)
        await stack.enter_async_context(listening(device, options))
        api = Api(device)
        await device.thread.run(device.node.home.announce, await api.start())
        stack.push_async_callback(api.close)
        _tell(device, options, say)
        await stack.enter_async_context(findable(device, options, say))
        if not options.host:
            stack.push_async_callback(_cancelled, asyncio.create_task(keep_found(device, say)))
        await stack.enter_async_context(working(device, options.peers, say))
        await device.stopping.wait()
        if device.locked_by_hand:
            say("This phone was locked, and Mkutano stops on it: a locked phone holds no key.")


@contextlib.asynccontextmanager
async def working(
    device: Device, peers: tuple[Address, ...], say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Call other phones and relays, and tell what they bring, while this lasts."""
    dialer = Dialer(device.node, device.thread, device.links, device.http, device.lan, peers)
    works = (
        dialer.run(),
        RelayLinks(device).run(),
        _follow_groups(device, dialer),
        _tell_news(device, say),
        keep_following(device, say),
    )
    async with contextlib.AsyncExitStack() as stack:
        for work in works:
            stack.push_async_callback(_cancelled, asyncio.create_task(work))
        yield


def _tell(device: Device, options: Options, say: Callable[[str], None]) -> None:
    """The address file comes first: when it can't be written, nothing was said yet."""
    address = device.listening[0]
    if options.address_file is not None:
        write_private(options.address_file, f"{address}\n".encode())
    say(f"Mkutano runs on this phone. Other phones reach it at {address}")
    for other in device.listening[1:]:
        say(f"  or at {other}")
    say("Stop it with Ctrl-C. What other phones bring and take is told here.")


@contextlib.asynccontextmanager
async def listening(device: Device, options: Options) -> AsyncIterator[None]:
    """Answer other phones while this lasts. OSError when the port is taken."""
    listener = Listener(device.links)
    port = await listener.start(options.host, options.port)
    hosts = [options.host] if options.host else own_addresses()
    device.listening = tuple(Address(host, port) for host in hosts)
    try:
        yield
    finally:
        await device.links.close()  # first, so that the listener has no calls
        await listener.close()


@contextlib.asynccontextmanager
async def findable(
    device: Device, options: Options, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Announce and look around while running; without a network that allows it, say so."""
    if not options.lan:
        yield
        return
    lan = device.lan = Lan(device.listening[0].port, (options.host,) if options.host else ())
    try:
        await lan.start(await device.thread.run(lambda: tuple(device.node.groups)))
    except OSError as error:
        log.warning("no discovery: %s", error)
        say("This network does not let phones find each other. Use “mkutano sync ADDRESS”.")
    try:
        yield
    finally:
        await lan.close()


async def _follow_groups(device: Device, dialer: Dialer) -> None:
    """Announce a group as soon as it is founded or joined, and open its Automerge document."""
    while True:
        try:
            groups = await device.thread.run(lambda: tuple(device.node.groups))
            if device.lan is not None:
                await device.lan.set_groups(groups)
            dialer.kick()
            await device.thread.run(device.node.open_documents)
        except NodeError as error:  # a full disk, say: the next group tries again
            log.warning("groups are not looked after for now: %s", error.sentence)
        await device.groups_changed.wait()
        device.groups_changed.clear()


async def _tell_news(device: Device, say: Callable[[str], None]) -> None:
    """Say who connects and leaves and what was exchanged, a few lines at a time."""
    bulletin, council = device.links.bulletin, CouncilNews()
    await device.thread.run(council.fresh, device.node, (), day_of(now_ms()))
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(bulletin.wait_s(monotonic_ms())):
                await bulletin.news.wait()
        bulletin.news.clear()
        for line in bulletin.announced():
            say(line)
        for phone, words in bulletin.due(monotonic_ms()):
            say(f"{await device.thread.run(name_of, device.node, phone)}{words}")
        refusals = tuple(device.links.refusals)
        day = day_of(now_ms())
        for line in await device.thread.run(council.fresh, device.node, refusals, day):
            say(line)
        await asyncio.sleep(GATHERED_S)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _stop_on_signals(device: Device) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, device.stopping.set)
