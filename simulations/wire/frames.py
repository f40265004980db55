"""Ethernet frames: what is in one, and two ways of damaging it.

A flipped bit is caught by a checksum on the way: TCP sends again, and the phone never sees it. A
forged one has its checksum corrected, as a faulty router or a person in the middle leaves it: only
the phone's own cryptography can catch that. Formats: IEEE 802.3, RFC 791 (IPv4), RFC 9293 (TCP),
RFC 768 (UDP). Whatever the bytes are, nothing here raises.
"""

import random
import struct
from typing import Final, NamedTuple

ETHERNET_BYTES: Final = 14
IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP = 6, 17
_CHECKSUM_AT: Final = {TCP: 16, UDP: 6}
MDNS_PORT: Final = 5353
WEBSOCKET_HEADER_BYTES_MAX: Final = 14
"""RFC 6455: what stands before a message."""


class Segment(NamedTuple):
    """Where the parts of a TCP segment or UDP datagram lie in its frame."""

    protocol: int
    ip: int
    transport: int
    payload: int
    end: int


def is_for_all(frame: bytes) -> bool:
    """Whether a frame is addressed to several: multicast, or broadcast such as ARP."""
    return bool(frame[0] & 1)


def is_multicast(frame: bytes) -> bool:
    """Whether it is addressed to a group, as mDNS is; a broadcast is not."""
    return is_for_all(frame) and frame[:6] != b"\xff" * 6


def kind(frame: bytes) -> int:
    """The EtherType; 0 for a runt."""
    return int.from_bytes(frame[12:14], "big") if len(frame) >= ETHERNET_BYTES else 0


def segment(frame: bytes) -> Segment | None:
    """The parts of an unfragmented IPv4 frame with TCP or UDP; None for any other."""
    ip = ETHERNET_BYTES
    if kind(frame) != IPV4 or len(frame) < ip + 20 or frame[ip] >> 4 != 4:
        return None
    protocol, transport = frame[ip + 9], ip + (frame[ip] & 15) * 4
    end = ip + int.from_bytes(frame[ip + 2 : ip + 4], "big")
    is_fragment = int.from_bytes(frame[ip + 6 : ip + 8], "big") & 0x3FFF
    if protocol not in _CHECKSUM_AT or is_fragment or end > len(frame):
        return None
    if protocol == TCP:
        if transport + 20 > end:
            return None
        payload = transport + (frame[transport + 12] >> 4) * 4
    else:
        payload = transport + 8
    return Segment(protocol, ip, transport, payload, end) if payload <= end else None


def is_discovery(frame: bytes) -> bool:
    """Whether it is mDNS (RFC 6762), to all or as an answer to one."""
    found = segment(frame)
    if found is None or found.protocol != UDP:
        return False
    ports = struct.unpack_from("!HH", frame, found.transport)
    return MDNS_PORT in ports


def flipped(frame: bytes, chance: random.Random) -> bytes:
    """The frame with one bit of what it carries turned over; checksums stay as they were."""
    if len(frame) <= ETHERNET_BYTES:
        return frame
    return _turned(frame, chance.randrange(ETHERNET_BYTES, len(frame)), chance)


def forged(frame: bytes, chance: random.Random, spared: int = 0) -> bytes | None:
    """The frame with one bit of its payload turned over, and the checksum made right again.

    The first `spared` bytes of the payload stay. None where there is nothing to forge.
    """
    found = segment(frame)
    if found is None or found.payload + spared >= found.end:
        return None
    damaged = _turned(frame, chance.randrange(found.payload + spared, found.end), chance)
    return corrected(damaged, found)


def corrected(frame: bytes, found: Segment) -> bytes:
    """The frame with the right TCP or UDP checksum."""
    at = found.transport + _CHECKSUM_AT[found.protocol]
    blank = bytearray(frame)
    blank[at : at + 2] = bytes(2)
    size = found.end - found.transport
    pseudo = frame[found.ip + 12 : found.ip + 20] + struct.pack("!HH", found.protocol, size)
    total = checksum(pseudo + bytes(blank[found.transport : found.end]))
    blank[at : at + 2] = (total or 0xFFFF).to_bytes(2, "big")
    return bytes(blank)


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071); 0 over data that holds its own right checksum."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _turned(frame: bytes, at: int, chance: random.Random) -> bytes:
    damaged = bytearray(frame)
    damaged[at] ^= 1 << chance.randrange(8)
    return bytes(damaged)
