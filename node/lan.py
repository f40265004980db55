"""Finding the group's other phones on a local network, without telling strangers who is there.

A device announces `_mkutano._tcp` under a random name, new at every start. Its TXT record is

    v   link version
    n   a random nonce, 16 bytes
    t   for each of its groups 8 bytes: HMAC-SHA256(discovery key, "mkutano/lan" ‖ nonce), cut;
        filled up to a multiple of eight groups by tags of groups that nobody is in

so a stranger learns that some device runs Mkutano, no more. Multicast often does not work (hotspots
drop it): remembered and typed addresses stand beside it.
"""

import asyncio
import hmac
import logging
import socket
from collections.abc import Iterable
from typing import Final, NamedTuple

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from node.address import Address
from node.clock import random_bytes
from node.hello import LINK_VERSION, discovery_key

SERVICE: Final = "_mkutano._tcp.local."
TAG_BYTES: Final = 8
NONCE_BYTES: Final = 16
GROUPS_MAX: Final = 31  # tags that fit one TXT value of 255 bytes
TAGS_ROUND: Final = 8  # few phones are in more groups than this, so all look alike
FOUND_MAX: Final = 256  # announcements remembered: a network with more is being flooded
STRANGERS_MAX: Final = 64  # of those, announcements that hint at none of our groups
RESOLVING_MAX: Final = 64  # announcements being asked about at a time
RESOLVE_MS_MAX: Final = 3_000
UNSPECIFIED: Final = ("0.0.0.0", "::")

log = logging.getLogger("mkutano.lan")
# zeroconf writes a traceback when a network goes away, and for what strangers send: neither is for
# the person at this phone, and whoever reaches the network could fill the storage with those.
logging.getLogger("zeroconf").setLevel(logging.CRITICAL + 1)


class Found(NamedTuple):
    """A device of one of our groups that announces itself."""

    instance: str
    """Its random name: the same until it restarts."""
    group: bytes
    addresses: tuple[Address, ...]


def group_tag(group: bytes, nonce: bytes) -> bytes:
    """How one announcement hints at one group."""
    return hmac.digest(discovery_key(group), b"mkutano/lan" + nonce, "sha256")[:TAG_BYTES]


def announcement(groups: Iterable[bytes], nonce: bytes, secret: bytes) -> dict[str, bytes]:
    """The TXT record for these groups; `secret` makes the tags that only fill it up."""
    tags = [group_tag(group, nonce) for group in groups][:GROUPS_MAX]
    while (len(tags) % TAGS_ROUND and len(tags) < GROUPS_MAX) or not tags:
        nobody = hmac.digest(secret, bytes([len(tags)]), "sha256")
        tags.append(group_tag(nobody, nonce))
    tags.sort()
    return {"v": str(LINK_VERSION).encode(), "n": nonce, "t": b"".join(tags)}


def recognised(properties: dict[bytes, bytes | None], groups: Iterable[bytes]) -> tuple[bytes, ...]:
    """Which of our groups an announcement hints at; none for whatever else a stranger sends."""
    nonce, tags = properties.get(b"n") or b"", properties.get(b"t") or b""
    if properties.get(b"v") != str(LINK_VERSION).encode() or len(nonce) != NONCE_BYTES:
        return ()
    if not tags or len(tags) % TAG_BYTES or len(tags) > GROUPS_MAX * TAG_BYTES:
        return ()
    theirs = {tags[start : start + TAG_BYTES] for start in range(0, len(tags), TAG_BYTES)}
    return tuple(group for group in groups if group_tag(group, nonce) in theirs)


class Lan:
    """Announces this device and gathers who else announces one of its groups."""

    def __init__(self, port: int, interfaces: tuple[str, ...] = ()) -> None:
        """`port` is where links are answered; `interfaces` are IP addresses, empty for all."""
        self.instance = random_bytes(8).hex()
        """Our own random name."""
        self.changed = asyncio.Event()
        """Set whenever somebody appeared, moved or left; who waits on it clears it."""
        self._port = port
        self._interfaces = interfaces
        self._nonce = random_bytes(NONCE_BYTES)
        self._filling = random_bytes(NONCE_BYTES)
        self._groups: tuple[bytes, ...] = ()
        self._seen: dict[str, AsyncServiceInfo] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._registered: AsyncServiceInfo | None = None

    async def start(self, groups: Iterable[bytes]) -> None:
        """Announce and listen. OSError when the network refuses multicast."""
        self._groups = tuple(groups)
        async with self._changing:
            await self._begin()

    async def restart(self) -> None:
        """Announce and listen anew: this device has other addresses now. OSError, as `start`."""
        async with self._changing:
            await self.close()
            self._registered = None
            self._seen.clear()
            self.changed.set()
            await self._begin()

    async def _begin(self) -> None:
        interfaces = list(self._interfaces) or InterfaceChoice.All
        self._zeroconf = AsyncZeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
        self._browser = AsyncServiceBrowser(
            self._zeroconf.zeroconf, [SERVICE], handlers=[self._on_change]
        )
        await self._announce()

    async def set_groups(self, groups: Iterable[bytes]) -> None:
        """Announce these groups from now on (after one was founded or joined)."""
        self._groups = tuple(groups)
        async with self._changing:
            await self._announce()
        self.changed.set()

    def found(self) -> list[Found]:
        """Devices of our groups that announce themselves now."""
        return [
            Found(instance, group, addresses)
            for instance, info in self._seen.items()
            for group in recognised(info.properties, self._groups)
            if (addresses := _addresses(info))
        ]

    def everyone(self) -> list[Address]:
        """All Mkutano devices in reach, of whatever group: where an invitation may lead."""
        return [address for info in self._seen.values() for address in _addresses(info)]

    async def close(self) -> None:
        """Say goodbye on the network and stop. Twice is harmless."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        browser, self._browser = self._browser, None
        zeroconf, self._zeroconf = self._zeroconf, None
        if browser is not None:
            await browser.async_cancel()
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()

    async def _announce(self) -> None:
        if self._zeroconf is None:
            return
        info = AsyncServiceInfo(
            SERVICE,
            f"{self.instance}.{SERVICE}",
            port=self._port,
            properties=announcement(self._groups, self._nonce, self._filling),
            server=f"{self.instance}.local.",
            parsed_addresses=list(self._interfaces) or own_addresses(),
        )
        if self._registered is None:
            done = await self._zeroconf.async_register_service(info)
        else:
            done = await self._zeroconf.async_update_service(info)
        self._registered = info
        await done

    def _on_change(
        self,
        zeroconf: Zeroconf,
        service_type: str,
        name: str,
        state_change: ServiceStateChange,
    ) -> None:
        instance = name.removesuffix(f".{SERVICE}")
        if instance == self.instance:
            return
        if state_change is ServiceStateChange.Removed:
            self._seen.pop(instance, None)
            self.changed.set()
        elif len(self._tasks) < RESOLVING_MAX:
            task = asyncio.get_running_loop().create_task(self._resolve(zeroconf, name, instance))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _resolve(self, zeroconf: Zeroconf, name: str, instance: str) -> None:
        try:
            info = AsyncServiceInfo(SERVICE, name)
        except ZeroconfError:  # a name that nobody gives, or that a bad wire changed
            return
        if await info.async_request(zeroconf, RESOLVE_MS_MAX) and self._has_room(instance, info):
            self._seen[instance] = info
            self.changed.set()

    def _has_room(self, instance: str, info: AsyncServiceInfo) -> bool:
        """Strangers, however many announce themselves, leave room for our groups' devices."""
        others = [seen for name, seen in self._seen.items() if name != instance]
        if recognised(info.properties, self._groups):
            return len(others) < FOUND_MAX
        strangers = sum(not recognised(seen.properties, self._groups) for seen in others)
        return strangers < STRANGERS_MAX


def own_addresses() -> list[str]:
    """This device's IPv4 addresses, the one of the default route first; never empty."""
    import ifaddr  # comes with zeroconf

    found = [
        ip.ip
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) and not ip.ip.startswith("127.")
    ]
    first = _default_route_address()
    return sorted(dict.fromkeys(found), key=lambda ip: ip != first) or ["127.0.0.1"]


def _default_route_address() -> str:
    """The address that packets to elsewhere leave from; "" without a network. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # a documentation address: never answered
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _addresses(info: AsyncServiceInfo) -> tuple[Address, ...]:
    if not info.port:
        return ()
    hosts = info.parsed_addresses(IPVersion.V4Only)
    return tuple(Address(host, info.port) for host in hosts if host not in UNSPECIFIED)[:8]
