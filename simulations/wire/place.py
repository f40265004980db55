"""A network of its own for one phone: a thread that lives in a namespace, with one wire out of it.

Namespaces belong to threads (unshare(2)), so what this thread starts and opens lies in the place,
and nothing of the place has a name on the machine: when its programs end and the thread ends, the
system removes namespace, interface and addresses, also after a `kill -9`. It needs the right to
make namespaces and /dev/net/tun (see `hindrance`).
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

TUN: Final = "/dev/net/tun"
WIRE: Final = "eth0"
NETWORK: Final = "10.77.0.0"
MASK: Final = "255.255.255.0"
_CLONE_NEWNET: Final = 0x4000_0000  # sched.h
_TUNSETIFF: Final = 0x4004_54CA  # linux/if_tun.h, as the next two
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C  # linux/sockios.h
_SIOCADDRT: Final = 0x890B
_IFF_UP_RUNNING_MULTICAST: Final = 0x1 | 0x40 | 0x1000  # linux/if.h
_RTF_UP: Final = 0x1  # linux/route.h


class NoPlace(Exception):
    """This machine lets nobody make networks of their own; says why."""


class Place:
    """One namespace; `tap` is the other end of its wire, for the switch."""

    def __init__(self, name: str, address: str) -> None:
        """`address`: IPv4 in 10.77.0.0/24. NoPlace."""
        self.name = name
        self.address = address
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"place-{name}")
        try:
            self.tap = self.run(_enter, address)
        except OSError as error:
            self._thread.shutdown()
            raise NoPlace(f"no network of its own for a phone: {error}") from error

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something in the place; programs that it starts and sockets that it opens stay."""
        return self._thread.submit(work, *args, **kwargs).result()

    def add_radio(self, name: str, address: str, usual: bool) -> int:
        """A second way out, which leads nowhere: mobile data beside a hotspot (then it is the
        `usual` one), or a tunnel. Its tap; it is there until that is closed. OSError.
        """
        return self.run(_add_wire, name, address, usual)

    def move(self, address: str) -> None:
        """Have another address from now on, as after the router was changed."""
        self.address = address
        self.run(_set_address, WIRE, address, True)

    def close(self) -> None:
        """Leave the place; it is gone with its last program."""
        self._thread.shutdown()


def hindrance() -> str:
    """Why no places can be made here, and what would help; "" when they can."""
    try:
        place = Place("trial", "10.77.0.254")
    except NoPlace as error:
        return (
            f"{error}. The hostile wire needs network namespaces and {TUN}: run as root, or try "
            "“unshare --user --map-root-user --net” before the command. Nothing else is missing "
            "where this is left out"
        )
    os.close(place.tap)
    place.close()
    return ""


def _enter(address: str) -> int:
    """Leave the machine's network for a new one; the tap of its wire. OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")
    return _add_wire(WIRE, address, True)


def _add_wire(name: str, address: str, usual: bool) -> int:
    """One more interface, by which everything goes out if `usual`; its tap. OSError."""
    tap = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    try:
        request = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI)
        fcntl.ioctl(tap, _TUNSETIFF, request)
        _set_address(name, address, usual)
    except BaseException:
        os.close(tap)
        raise
    return tap


def _set_address(name: str, address: str, usual: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _raise(control, "lo")
        fcntl.ioctl(control, _SIOCSIFADDR, _with_address(name, address))
        fcntl.ioctl(control, _SIOCSIFNETMASK, _with_address(name, MASK))
        _raise(control, name)
        if usual:
            _route_all(control, name)


def _raise(control: socket.socket, interface: str) -> None:
    flags = struct.pack("16sH22x", interface.encode(), _IFF_UP_RUNNING_MULTICAST)
    fcntl.ioctl(control, _SIOCSIFFLAGS, flags)


def _with_address(interface: str, address: str) -> bytes:
    return struct.pack("16s16s8x", interface.encode(), _socket_address(address))


def _socket_address(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _route_all(control: socket.socket, interface: str) -> None:
    """Everything goes out there, before ways that were made earlier (struct rtentry)."""
    name = ctypes.create_string_buffer(interface.encode())
    anywhere = _socket_address("0.0.0.0")
    route = struct.pack(
        "@L16s16s16sHhLPhPLLH",
        *(0, anywhere, anywhere, anywhere, _RTF_UP, 0, 0, 0, 0),
        *(ctypes.addressof(name), 0, 0, 0),
    )
    fcntl.ioctl(control, _SIOCADDRT, route)
