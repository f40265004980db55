"""The relay's word on where a log stands, signed over the chain of everything before it."""

from functools import lru_cache
from typing import Final, Protocol

from relay.facts import Head, SignedHead, head_message
from relay.relay_key import RelayKey
from relay.store import Appended, Mailbox

_KEPT: Final = 4096
"""Signatures that are asked for again at once: a receipt and the news of one blob share theirs."""


def head_of(mailbox: Mailbox) -> Head:
    """Where a mailbox's log stands."""
    return Head(mailbox.log_id, mailbox.cursor, mailbox.chain, mailbox.time_ms)


def head_after(appended: Appended) -> Head:
    """Where the log stood when this blob had been added."""
    entry = appended.entry
    return Head(appended.log_id, entry.cursor, appended.chain, entry.time_ms)


class SignsHeads(Protocol):
    """Signs a head of a mailbox."""

    def __call__(self, mailbox: bytes, head: Head) -> SignedHead:
        """The head with the relay's signature."""


def signs_heads(key: RelayKey) -> SignsHeads:
    """Signing with this relay's key."""

    @lru_cache(_KEPT)
    def sign(mailbox: bytes, head: Head) -> SignedHead:
        return SignedHead(head, key.sign(head_message(mailbox, head)))

    return sign
