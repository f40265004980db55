"""One connection as the rest of the relay knows it: who is calling, and what it may use.

A right is proved once, by a signature over this connection's challenge, and looked up anew in
every access list that comes into force while the connection lasts.
"""

from collections.abc import Callable
from typing import NamedTuple

from relay.facts import Access


class Caller(NamedTuple):
    """Whom a connection proved to be for one mailbox."""

    key: bytes
    """A device's key."""
    cards: tuple[bytes, ...]
    """Two paper cards that vouch for the device; none when its own key has the right."""
    live: bool
    """Whether it wants to hear of new entries."""

    def may_read(self, access: Access) -> bool:
        """Whether this access list lets the caller pull."""
        if self.cards:
            return len(set(self.cards) & set(access.cards)) >= 2
        return access.may_read(self.key)

    def may_write(self, access: Access) -> bool:
        """Whether this access list lets the caller push."""
        return not self.cards and access.may_write(self.key)


class Visit:
    """What one connection has opened, and how it is told what it did not ask for."""

    def __init__(
        self,
        challenge: bytes,
        *,
        address: str = "",
        may_create: bool = True,
        tell: Callable[[bytes], None] | None = None,
        hear: Callable[[bytes, bytes, bytes], None] | None = None,
    ) -> None:
        self.challenge = challenge
        """32 bytes that were fresh for this connection."""
        self.address = address
        """The network the limits count it under."""
        self.may_create = may_create
        self.tell = tell or _to_nobody
        """Sends encoded bytes."""
        self.hear = hear or _news_to_nobody
        """Sends (mailbox, News, the same News without entries) or, when too much waits already,
        the short form alone."""
        self.opened: dict[bytes, Caller] = {}
        """Mailboxes in use, and as whom."""

    @property
    def listens(self) -> bool:
        """Whether it waits for anything."""
        return any(caller.live for caller in self.opened.values())


def _to_nobody(_data: bytes) -> None:
    """A visit without a connection: what it is told goes nowhere."""


def _news_to_nobody(_mailbox: bytes, _news: bytes, _short: bytes) -> None:
    """The same for news."""
