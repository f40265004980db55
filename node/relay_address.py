"""Where a relay answers, and how people compare which relay it is.

People type `example.org`; kept and signed is one form of it. Without a word about it the way is
encrypted (wss); an address of the same house or machine may be plain, since what goes there is
sealed anyway, and the relay proves itself by its own key.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from node.errors import NodeError
from relay.facts import key_number
from relay.protocol import PATH
from replication.limits import URL_CHARS_MAX

_WAYS: Final = {"https": "wss", "http": "ws", "wss": "wss", "ws": "ws"}
_HOST = re.compile(r"[a-z0-9]([a-z0-9._:-]{0,251}[a-z0-9])?", re.ASCII)
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._:/\[\]~-]")
NAME_CHARS_MAX: Final = 120


class RelayAddressError(NodeError):
    """That is not the address of a relay."""

    code = "relay_address"


def relay_url(text: str) -> str:
    """The one form of a relay's address that a person typed: `wss://example.org`.

    RelayAddressError with a sentence when it is none.
    """
    text = text.strip()
    way, mark, rest = text.partition("://")
    if not mark:
        way, rest = "wss", text
    try:
        parts = urlsplit(f"//{rest}")
        host, port = (parts.hostname or ""), parts.port
    except ValueError:
        raise _refused(text) from None
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    scheme = _WAYS.get(way.lower())
    path = parts.path.rstrip("/").removesuffix(PATH)
    if scheme is None or not plain or not _HOST.fullmatch(host) or not _is_path(path):
        raise _refused(text)
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}{f':{port}' if port else ''}{path}"
    if len(url) > URL_CHARS_MAX:
        raise _refused(text)
    return url


def _is_path(path: str) -> bool:
    return re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) is not None


def socket_url(url: str) -> str:
    """Where the WebSocket of a relay with this address is."""
    return url.rstrip("/") + PATH


def relay_name(url: str) -> str:
    """What people read of a relay's address: `example.org`.

    Any officer's phone may have written the address: it can't move a screen, nor say a sentence.
    """
    name = url.partition("://")[2] or url
    return _UNFIT.sub("?", name)[:NAME_CHARS_MAX] or "?"


def relay_number(relay: bytes) -> str:
    """Twenty digits for a relay's key, which its operator tells and officers compare."""
    return key_number(relay)


def _refused(text: str) -> RelayAddressError:
    return RelayAddressError(
        f"“{text[:60]}” is not the address of a relay. Type it as its operator gave it, such as "
        "relay.example.org"
    )
