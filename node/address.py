"""Where a peer listens: a host and a port, as people type them and as they are kept.

Written `192.168.43.1:8700`, `[fe80::1]:8700` or `phone.local:8700`. Parsing is bounded and says
what is wrong in words.
"""

import ipaddress
import re
from typing import Final, NamedTuple

from node.errors import NodeError

HOST_CHARS_MAX: Final = 253  # the longest name that DNS allows
ADDRESS_CHARS_MAX: Final = HOST_CHARS_MAX + 8

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


class AddressError(NodeError):
    """That is not the address of a phone."""

    code = "address"


class Address(NamedTuple):
    """Host (IP address or name, lower case, no brackets) and TCP port (1..65535)."""

    host: str
    port: int

    def __str__(self) -> str:
        """As people type it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The WebSocket that a Mkutano device answers on."""
        return f"ws://{self}/link"


def parse_address(text: str) -> Address:
    """The address in `text`; AddressError with a sentence when it is none."""
    text = text.strip()
    if not text or len(text) > ADDRESS_CHARS_MAX:
        raise _refused(text)
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]:")
        if not bracket or _ip_version(host) != 6:
            raise _refused(text)
    else:
        host, _, port = text.rpartition(":")
        if _ip_version(host) != 4 and not _is_name(host):
            raise _refused(text)
    return Address(host.lower(), _port(port, text))


def _ip_version(host: str) -> int:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return 0


def _is_name(host: str) -> bool:
    labels = host.lower().removesuffix(".").split(".")
    whole = 0 < len(host) <= HOST_CHARS_MAX and not labels[-1].isdigit()
    return whole and all(_NAME.fullmatch(label) for label in labels)


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise _refused(whole)
    return int(text)


def _refused(text: str) -> AddressError:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return AddressError(
        f"“{shown}” is not the address of a phone. It looks like 192.168.43.1:8700 and is shown "
        "on the other phone when Mkutano runs there."
    )
