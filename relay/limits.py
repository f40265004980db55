"""What one device, mailbox or network may ask of a relay, and what it is told beyond that."""

from collections.abc import Callable
from typing import Final

from relay.config import Config
from relay.facts import ProtocolError
from relay.rates import Rates

SIGNATURES_OF_ONE_CREATE: Final = 64
"""A mailbox's few lists have fewer; who brings more uses up more of its rate."""


class TooFast(ProtocolError):
    """Asked more often than is allowed; `wait_ms` until it may ask again."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__("rate_limited", "too many requests; ask again later")
        self.wait_ms = wait_ms


class Limits:
    """All buckets of one relay process. Each method raises TooFast."""

    def __init__(self, config: Config, monotonic_ms: Callable[[], int]) -> None:
        self._monotonic_ms = monotonic_ms
        self._connections = Rates(config.requests)
        self._keys = Rates(config.requests)
        self._addresses = Rates(config.address_requests)
        self._pushes = Rates(config.mailbox_push_bytes)
        self._pulls = Rates(config.address_pull_bytes)
        self._creates = Rates(config.address_creates)

    def request(self, connection: int, address: str) -> None:
        """Any message of a connection."""
        self._take(self._connections, connection, 1)
        self._take(self._addresses, address, 1)

    def of_key(self, key: bytes) -> None:
        """Something that a device proved to want."""
        self._take(self._keys, key, 1)

    def push(self, mailbox: bytes, size: int) -> None:
        """So many bytes into a mailbox."""
        self._take(self._pushes, mailbox, size)

    def pull(self, address: str) -> None:
        """Whether this network may pull."""
        self._take(self._pulls, address, 0)

    def pulled(self, address: str, size: int) -> None:
        """So many bytes went to a network: they are paid for afterwards."""
        self._pulls.spend(address, size, self._monotonic_ms())

    def find(self, address: str, tags: int) -> None:
        """A search for so many tags."""
        self._take(self._addresses, address, tags)

    def create(self, address: str, signatures: int) -> None:
        """A mailbox is to be made, or lists checked for somebody who has not opened it."""
        self._take(self._creates, address, max(1, signatures / SIGNATURES_OF_ONE_CREATE))

    def check(self, address: str, signatures: int) -> None:
        """So many signatures of access lists are to be checked."""
        self._take(self._creates, address, signatures / SIGNATURES_OF_ONE_CREATE)

    def _take(self, rates: Rates, name: object, cost: float) -> None:
        wait_ms = rates.take(name, cost, self._monotonic_ms())
        if wait_ms:
            raise TooFast(wait_ms)
