"""Somebody in the room who means harm: forged announcements, and lines held open.

The announcements are as a stranger makes them who recorded what phones said before: with the
group's own hints, under the names of its phones, with goodbyes in their names. Everything is sent
from a place of the stranger's own. Format: RFC 6762 (mDNS), RFC 6763 (service discovery).
"""

import contextlib
import random
import socket
import struct
from collections.abc import Iterable
from threading import Event
from typing import Final

from zeroconf import IPVersion, ServiceBrowser, ServiceStateChange, Zeroconf

from node.lan import NONCE_BYTES, SERVICE, announcement
from simulations.wire.place import Place

MDNS: Final = ("224.0.0.251", 5353)
TTL_S: Final = 120
_A, _PTR, _TXT, _SRV = 1, 12, 16, 33  # RFC 1035 and RFC 2782
_INTERNET: Final = 1
_UNIQUE: Final = 0x8001  # of RFC 6762: what was known before is to be forgotten
_RESPONSE: Final = 0x8400


def heard_names(place: Place, wanted: int, seconds: float) -> list[str]:
    """Names under which phones announce themselves, as anybody in the room hears them."""
    return place.run(_listen, place.address, wanted, seconds)


def _listen(address: str, wanted: int, seconds: float) -> list[str]:
    names: set[str] = set()
    enough = Event()

    def on_change(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        names.add(name)
        if len(names) >= wanted:
            enough.set()

    room = Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    try:
        ServiceBrowser(room, [SERVICE], handlers=[on_change])
        enough.wait(seconds)
        return sorted(names)
    finally:
        room.close()


def forged(
    chance: random.Random, group: bytes, address: str, names: Iterable[str], count: int
) -> list[bytes]:
    """`count` mDNS packets: strangers, replayed hints, goodbyes and phones that moved to us."""
    victims = list(names)
    packets = []
    for number in range(count):
        own = f"{chance.randbytes(8).hex()}.{SERVICE}"
        name, ttl_s, groups = own, TTL_S, (group,)
        kind = number % 4
        if kind == 0:
            groups = (chance.randbytes(32),)
        elif kind == 2 and victims:
            name = chance.choice(victims)
        elif kind == 3 and victims:
            name, ttl_s = chance.choice(victims), 0
        packets.append(_packet(chance, name, ttl_s, groups, address))
    return packets


def _packet(
    chance: random.Random, name: str, ttl_s: int, groups: tuple[bytes, ...], address: str
) -> bytes:
    host = name.removesuffix(f".{SERVICE}") + ".local."
    text = announcement(groups, chance.randbytes(NONCE_BYTES), chance.randbytes(NONCE_BYTES))
    record = b"".join(
        bytes([len(key) + 1 + len(value)]) + key.encode() + b"=" + value
        for key, value in text.items()
    )
    port = struct.pack("!HHH", 0, 0, chance.randrange(1024, 65_536))
    records = (
        _record(SERVICE, _PTR, _INTERNET, ttl_s, _labels(name)),
        _record(name, _SRV, _UNIQUE, ttl_s, port + _labels(host)),
        _record(name, _TXT, _UNIQUE, ttl_s, record),
        _record(host, _A, _UNIQUE, ttl_s, socket.inet_aton(address)),
    )
    return struct.pack("!6H", 0, _RESPONSE, 0, len(records), 0, 0) + b"".join(records)


def _record(name: str, kind: int, cls: int, ttl_s: int, data: bytes) -> bytes:
    return _labels(name) + struct.pack("!HHIH", kind, cls, ttl_s, len(data)) + data


def _labels(name: str) -> bytes:
    parts = name.rstrip(".").split(".")
    return b"".join(bytes([len(part)]) + part.encode() for part in parts) + b"\0"


def shout(place: Place, packets: Iterable[bytes]) -> None:
    """Send packets to everybody in the room."""
    place.run(_shout, place.address, list(packets))


def _shout(address: str, packets: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        out.bind((address, MDNS[1]))  # answers from another port are not listened to
        for packet in packets:
            out.sendto(packet, MDNS)


class HeldLines:
    """Connections to one phone that dribble half a request and never finish it; a context."""

    def __init__(self, place: Place, address: str, count: int) -> None:
        host, _, port = address.rpartition(":")
        self.held: list[socket.socket] = []
        self._place = place
        for number in range(count):
            with contextlib.suppress(OSError):  # hung up on at once: the phone's right
                line = place.run(socket.create_connection, (host, int(port)), 5.0)
                self.held.append(line)
                line.sendall((b"", b"GET /link HT", b"\x16\x03\x01")[number % 3])

    def dribble(self) -> None:
        """Send one more byte on each line."""
        for line in self.held:
            with contextlib.suppress(OSError):
                line.sendall(b"x")

    def __enter__(self) -> "HeldLines":
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.held:
            line.close()
