"""What an exchange with another phone moved, as programs and screens get it."""

from collections.abc import Mapping
from typing import Any

from node.clock import monotonic_ms
from node.device import Device
from node.peer_link import PeerLink


async def moved(device: Device, link: PeerLink, started_ms: float) -> Mapping[str, Any]:
    """What one exchange moved; `started_ms` is of the monotonic clock."""
    group = await device.thread.run(device.node.group, link.group)
    return {
        "group": link.group.hex(),
        "group_name": await device.thread.run(lambda: group.name),
        "device": link.device.hex(),
        **traffic(link),
        "milliseconds": round(monotonic_ms() - started_ms),
    }


def traffic(link: PeerLink) -> dict[str, int]:
    """What one link has moved so far."""
    return {
        "changes_received": link.traffic.received_changes,
        "changes_sent": link.traffic.sent_changes,
        "bytes_received": link.bytes_in,
        "bytes_sent": link.bytes_out,
    }
