"""What systemd is told: that the relay is ready, that it still runs, that it stops.

The protocol is one datagram a word to the socket that NOTIFY_SOCKET names (sd_notify(3)); without
that variable nothing is sent.
"""

import os
import socket
from collections.abc import Mapping


def notify(word: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell the supervisor; whether there was one. Never raises."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address[0] == "@":
        address = "\0" + address[1:]  # Linux's nameless sockets
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(word.encode("ascii"), address)
    except OSError:
        return False
    return True


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float:
    """How often the supervisor wants to hear that all is well, in seconds; 0 for never."""
    try:
        return int(environment.get("WATCHDOG_USEC", "0")) / 2_000_000
    except ValueError:
        return 0.0
