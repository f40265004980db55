"""What a step asks of its caller: store this, then send that, then hang up where asked."""

from typing import NamedTuple

from replication.frontier import Ack
from replication.history import Admitted
from replication.wire import PersonKey


class Stored(NamedTuple):
    """What one transaction must write."""

    changes: tuple[Admitted, ...] = ()
    acks: tuple[Ack, ...] = ()
    keys: tuple[PersonKey, ...] = ()


class Refused(NamedTuple):
    """Something a peer sent that was refused, and why."""

    peer: str
    code: str
    detail: str


class Outcome(NamedTuple):
    """What a step asks of its caller: store, then send, then hang up where asked."""

    store: Stored = Stored()
    send: tuple[tuple[str, bytes], ...] = ()
    refused: tuple[Refused, ...] = ()
    close: tuple[str, ...] = ()
    notes: tuple[bytes, ...] = ()
    """What the peer says that relays told it."""

    @property
    def admitted(self) -> tuple[Admitted, ...]:
        """The changes that are new to this replica, each after all that it follows."""
        return self.store.changes


class Traffic(NamedTuple):
    """What moved in one session, for progress bars and reports."""

    sent_changes: int
    received_changes: int
    sent_bytes: int
    received_bytes: int
    to_send: int
    to_receive: int
